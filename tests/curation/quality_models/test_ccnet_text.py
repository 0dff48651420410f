import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.quality_models.ccnet_text import normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello World  ", "hello world"),
        ("In 1984, 25% of", "in 0000, 00% of"),
        ("Déjà vu in Zürich", "deja vu in zurich"),
        ("“quoted” «text» – and — so…", '"quoted" "text" - and  -  so...'),
        ("它。是，", "它.是,"),
        ("２ and １", "0 and 0"),  # digits go first, so the mark that cc_net lists for １ is never used
        ("one\ntwo\tthree", "onetwothree"),
        ("a\0b\x85c", "abc"),
        (" \n ", ""),
        ("", ""),
    ],
)
def test_text_is_normalised_as_cc_net_does(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_no_text_raises_and_no_control_character_stays(text: str) -> None:
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in normalise(text))
