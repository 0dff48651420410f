from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation.dedup import normalise as module
from curation.dedup.normalise import normalise

# Unicode's blocks of the scripts that `normalise@1` names: Thai, Lao, Burmese, Khmer, Han (radicals, marks, Hangzhou
# numerals, ideographs), Hiragana, Katakana with its extension, Bopomofo with its extension.
SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303c\u3040-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff]"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        (" \t\n\0", ""),
        ("Hello, World!", "hello world"),
        ("don't stop_me-now", "don t stop me now"),
        ("In 2024, 1,234.5 things; B2B", "in 0 0 0 0 things b0b"),
        ("Café NAÏVE Ångström", "cafe naive angstrom"),
        ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("İstanbul", "istanbul"),
        ("co\u00adoperate zero\u200dwidth", "cooperate zerowidth"),
        ("機械学習は2024年", "機 械 学 習 は 0 年"),
        ("ガラス", "カ ラ ス"),
        ("กินข้าว", "ก น ข า ว"),
        ("Python3は速い", "python0 は 速 い"),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("١٢٣ and ४५", "0 and 0"),
        ("1\u03012", "0"),
        ("a\ud800b\udc00", "a b"),
        ("😀 … ©", ""),
    ],
)
def test_words_of_a_text(text: str, words: str) -> None:
    assert normalise(text) == words


def reference(text: str) -> str:
    decomposed = "".join(unicodedata.normalize("NFD", character.lower()) for character in text).replace("ς", "σ")
    kept = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    kept = re.sub(r"\d+", "0", kept)
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in kept)
    return " ".join(SPACELESS.sub(lambda match: f" {match[0]} ", kept).split())


def test_every_character_between_letters_is_treated_by_its_category_and_block() -> None:
    wrong = [hex(code) for code in range(0xA000) if normalise(f"a{chr(code)}b") != reference(f"a{chr(code)}b")]
    assert wrong == []


@given(st.text(st.characters(max_codepoint=0x9FFF)))
@example("0\u31f0")
@example("a\u3105b")
def test_normalisation_is_lower_case_nfd_and_categories(text: str) -> None:
    assert normalise(text) == reference(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_ascii_path_gives_what_the_full_table_gives(text: str) -> None:
    assert normalise(text + "é").split() == normalise(text + "e").split()


def test_no_character_begins_two_words() -> None:
    table = module.full_table()
    several = [c for c, e in enumerate(table.entries.tolist()) if module.EXPAND <= e < module.ALONE]
    assert len(several) > 11_000  # Hangul syllables and more
    assert [c for c in several if len(normalise(chr(c)).split()) > 1] == []


def test_characters_outside_the_table_are_unassigned_or_private() -> None:
    tabled = set().union(*module._ASSIGNED)
    outside = {unicodedata.category(chr(c)) for c in range(0x110000) if c not in tabled}
    assert outside <= {"Cn", "Co"}
