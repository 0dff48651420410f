"""Hostile and odd texts: results, not times; growth was measured once (docs/privacy.md)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.privacy import find, redact

MAIL = "ada@lovelace.org"
VALUES = {
    "EMAIL": MAIL,
    "PHONE_NUMBER": "+1 212-555-0143",
    "IP_ADDRESS": "93.184.216.34",
    "CREDIT_CARD": "4111 1111 1111 1111",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "US_SSN": "536-90-4399",
    "MAC_ADDRESS": "d0:50:99:84:a2:a0",
    "CRYPTO_ADDRESS": "1NEDqZPvTWRaoho48qXuLLsrYomMXPABfD",
    "STREET_ADDRESS": "1600 Pennsylvania Avenue",
}


def found(text, kind="prose"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_a_value_is_found_alone_at_the_start_and_at_the_end(name, value):
    assert found(value) == [(name, value)]
    assert found(f"{value}\nand more") == [(name, value)]
    assert found(f"more and\n{value}") == [(name, value)]


@pytest.mark.parametrize(("name", "value"), VALUES.items())
@pytest.mark.parametrize(
    "around",
    ["\U0001f600{}\U0001f600", "e\u0301 {} e\u0301", "\u05e9\u05dc\u05d5\u05dd {} \u05d0",
     "\u202e{}\u202c", "\ud83d {} \ude00",
     "\u200b{}\u200b", "\0{}\0", "\u3010{}\u3011"],
)  # fmt: skip
def test_offsets_count_code_points_among_surrogates_marks_and_other_directions(name, value, around):
    text = around.format(value)
    assert found(text) == [(name, value)]
    assert redact(text, find(text)) == around.format(f"<{name}>")


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in VALUES for b in VALUES if a < b])
def test_adjacent_values_are_both_found(first, second):
    text = f"{VALUES[first]}, {VALUES[second]}"
    assert [name for name, _ in found(text)] == [first, second]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (f"https://x.org/?mail={MAIL}&x=1", "prose", [("EMAIL", MAIL)]),
        (f"[x](mailto:{MAIL})", "prose", [("EMAIL", MAIL)]),
        ("http://93.184.216.34:8080/x", "prose", [("IP_ADDRESS", "93.184.216.34")]),
        (f'AUTHOR = "{MAIL}"  # {MAIL}', "code", [("EMAIL", MAIL)] * 2),
        ("hosts = ['93.184.216.34','93.184.216.35']", "code", [("IP_ADDRESS", f"93.184.216.3{n}") for n in (4, 5)]),
    ],
)
def test_values_in_urls_and_code(text, kind, expected):
    assert found(text, kind) == expected


PATTERNS = (
    "a", "0", "9 ", "1.", ":", "@", "a@", "-", "(", "+1", " ", "\n", "A", "Abc ", "1 Abc ", "Address: ",
    "Address: 12 Abc, ",
    "a at b dot ", "0af3", "4111 1111 ", "DE89 ", "\u6f22", "\U0001f600", "e\u0301",
    "%40a", "&#64;", "2001:db8:", "phone ",
    "born ", "tel 12-34-56-", "Ul. 1, 00-123 War, ", "1, 12345 Abc ", "Calle Mayor 12 ", "x.y.",
    "a@b.c.", "passport number ",
    "<EMAIL>", " @ ", "a[at]b.", "\ud800", "iban ", "credit card ",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("kind", ["prose", "code"])
def test_a_value_behind_a_long_run_of_anything_is_found(pattern, kind):
    text = pattern * (20_000 // len(pattern)) + f"\n\n{MAIL} "
    spans = find(text, kind=kind)
    assert (spans[-1].type, text[spans[-1].start : spans[-1].end]) == ("EMAIL", MAIL)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@pytest.mark.slow
def test_ten_megabytes_without_a_space_hold_one_address():
    text = "x" * 5_000_000 + "," + MAIL + "," + "7" * 5_000_000
    assert found(text) == [("EMAIL", MAIL)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([*VALUES.values(), "Address: ", "National ID: ", "iban ", "ssn ", ", 12345 Town", " "]),
            st.text(max_size=8),
        ),
        max_size=8,
    ),
    st.sampled_from(["prose", "code"]),
)
def test_redaction_is_idempotent_and_changes_nothing_outside(pieces, kind):
    text = "".join(pieces)
    spans = find(text, kind=kind)
    clean = redact(text, spans)
    assert find(clean, kind=kind) == []
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
