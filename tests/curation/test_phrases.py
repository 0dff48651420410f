from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.phrases import Phrases, folded
from curation.urls.automaton import MAX_STATES


def count(entry: str, text: str, language: str = "en") -> int:
    return Phrases([entry], language).count([folded(text, language)])[0]


@pytest.mark.parametrize(
    ("language", "entry", "text", "number"),
    [
        ("en", "ass", "Class, ass. ASS_ass asses (ass)", 2),
        ("en", "son of a bitch", "Son  of\na BITCH!", 1),
        ("en", "🖕", "no🖕🏽way 🖕\ufe0f", 2),
        ("en", "s&m", "an Ｓ＆Ｍ club", 1),  # full width
        ("en", "ass", "a\u00adss as\u200bs", 2),  # soft hyphen, zero-width space
        ("de", "scheiße", "SCHEISSE Scheiße scheißegal", 2),
        ("fr", "enculé", "encule\u0301 ENCULÉ encule", 2),
        ("tr", "piç", "PİÇ piç PIÇ", 2),
        ("tr", "sıkı", "SIKI sıkı siki", 2),
        ("ru", "жопа", "ЖОПА, жопа-жопа жопастый", 3),
        ("el", "πούστης", "ΠΟΎΣΤΗΣ πούστης", 2),  # final sigma
        ("ar", "كلب", "كَلْب كـلب كلب الكلب", 3),  # vowel marks and tatweel go; the article joins
        ("fa", "کیر", "كير کیر کیری", 2),  # Arabic keyboard
        ("he", "זונה", "זוֹנה זונות", 1),
        ("hi", "गांड", "गांड गांडू", 1),  # a vowel sign makes another word
        ("hi", "चूतिया", "वह चूतिया है।", 1),
        ("th", "ควย", "ไอ้ควยไป", 1),
        ("th", "กู", "กู่", 0),  # a tone mark would be cut off
        ("ja", "死ね", "早く死ねよ", 1),
        ("ja", "sm", "smの女王はasmrでない", 1),  # Latin letters keep their edges beside kana
        ("zh", "他妈的", "你他妈的别说", 1),
        ("ko", "씨발", "씨발놈아, 아씨발", 1),  # a particle may follow, nothing may stand before
        ("ko", "씹", "씹다 씹", 1),
        ("vi", "đĩ", "con đĩ, địa", 1),
    ],
)  # fmt: skip
def test_a_phrase_counts_where_its_script_lets_it_stand(language: str, entry: str, text: str, number: int) -> None:
    assert count(entry, text, language) == number


def test_overlapping_phrases_count_once_and_the_longest_that_is_whole_wins() -> None:
    phrases = Phrases(["ass", "big ass", "fat ass hole", "hole"])
    assert phrases.found(folded("a big ass hole")) == {"big ass": 1, "hole": 1}
    assert phrases.count(["asshole ass", "", "hole"]) == [1, 0, 1]


def test_texts_of_a_batch_do_not_join() -> None:
    assert Phrases(["ab"]).count(["a", "b", "ab", "x", "ab"]) == [0, 0, 1, 0, 1]


def test_no_phrase_is_never_found_and_too_many_are_refused() -> None:
    assert Phrases([]).count(["text", ""]) == [0, 0]
    assert Phrases(["\u200b", " "]).phrases == ()
    with pytest.raises(ValueError, match="bytes in all"):
        Phrases(["x" * MAX_STATES])


@pytest.mark.parametrize("text", ["a" * 3_000_000, "aaab" * 500_000, "漢" * 1_000_000, "\u0301" * 1_000_000])
def test_enormous_text_is_searched(text: str) -> None:
    assert Phrases(["a" * 50, "a" * 49 + "b", "漢字", "é"]).count([folded(text)])[0] >= 0


CHARACTERS = st.text(alphabet="ab é漢씨คุ🖕\u0301\u200b_", max_size=30)


@given(st.lists(st.text(alphabet="ab é漢씨ค", min_size=1, max_size=4), max_size=5), st.lists(CHARACTERS, max_size=4))
@settings(deadline=None)
def test_a_batch_finds_what_single_texts_hold(entries: list[str], texts: list[str]) -> None:
    phrases = Phrases(entries)
    plain = [folded(text) for text in texts]
    assert phrases.count(plain) == [sum(phrases.found(text).values()) for text in plain]
    for text in plain:
        assert all(entry in text for entry in phrases.found(text))
