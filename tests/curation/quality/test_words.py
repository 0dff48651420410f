"""The tokenizer gives spaCy's English tokens: vectors recorded by `record_golden.py`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.quality import words
from tests.curation.quality.documents import lines

GOLDEN = json.loads((Path(__file__).parent / "golden" / "lines.json").read_text("utf-8"))
MARKS = ".,;:!?()[]\"'’“”…-–—/@#$%&*_+=~<>\\^|°²€ \t\u00a0"


def tokens_in_context(line: str) -> list[str]:
    return [token for tokens in words.tokenize_pieces(words.cut(line)) for token in tokens]


def test_golden_vectors_are_of_the_present_lines() -> None:
    assert [row[0] for row in GOLDEN] == lines()


@pytest.mark.parametrize("row", GOLDEN, ids=[str(place) for place in range(len(GOLDEN))])
def test_hard_lines_have_the_tokens_that_spacy_gives(row: tuple[str, list[str], int]) -> None:
    line, tokens, _ = row
    assert tokens_in_context(line) == tokens


@pytest.mark.parametrize(
    ("chunk", "tokens"),
    [
        ("plain", ["plain"]),
        ("can't", ["ca", "n't"]),
        ("(can't).", ["(", "ca", "n't", ")", "."]),
        ("Mr.", ["Mr."]),
        ("end.", ["end", "."]),
        ("U.S.A.", ["U.S.A."]),
        ("well-known,", ["well", "-", "known", ","]),
        ("5km/h", ["5", "km/h"]),
        ("US$10", ["US$", "10"]),
        ("wait.....", ["wait", "....."]),
        ("x-and/or", ["x", "-", "and/or"]),
        ("http://example.com/a-b,c", ["http://example.com/a-b,c"]),
    ],
)
def test_a_chunk_is_split_as_spacy_splits_it(chunk: str, tokens: list[str]) -> None:
    assert words.tokenize_chunk(chunk)[0] == tokens


def test_a_smiley_in_one_chunk_is_split_again_when_the_next_chunk_continues_it() -> None:
    assert words.tokenize_chunk("too:)") == (["too", ":)"], True)
    assert tokens_in_context("too:) now") == ["too", ":)", "now"]
    assert tokens_in_context("too:) )") == ["too", ":", ")", ")"]  # `:))` is one too, but the blank parts it


def test_words_with_a_mark_take_the_short_way_to_the_same_tokens() -> None:
    for word in [*words.SPECIAL_CASES, "a", "A", "AB", "word", "Word", "é", "ß", "中"]:
        for mark in ",;:!?).":
            tokens = words._split_chunk(word + mark, words.SPECIAL_CASES)
            assert words.tokenize_chunk(word + mark)[0] == words._merge_sequences([tokens])[0]


@pytest.mark.parametrize(
    ("chunk", "is_url"),
    [
        ("example.com", True),
        ("https://user:pw@example.org:8080/x?y#z", True),
        ("mailto:me@example.com", True),
        ("a@b@example.com", True),
        ("8.8.8.8:53", True),
        ("10.0.0.1", False),
        ("lower.Upper", False),
        ("@example.com", False),
        ("example.com/a b", False),
    ],
)
def test_urls_are_told_as_by_spacys_pattern(chunk: str, is_url: bool) -> None:
    assert words.is_url(chunk) is is_url


def test_a_run_over_the_limit_is_one_token() -> None:
    run = "!" * (words.MAX_CHUNK_CHARACTERS + 1)
    assert words.tokenize_chunk(run)[0] == [run]
    assert len(words.tokenize_chunk(run[1:])[0]) == words.MAX_CHUNK_CHARACTERS


@given(st.text(st.sampled_from("abZÉя中19" + MARKS.strip()) | st.characters(), max_size=40))
def test_tokens_of_a_chunk_spell_the_chunk(text: str) -> None:
    for chunk in text.split():
        tokens = words.tokenize_chunk(chunk)[0]
        assert "".join(tokens) == chunk
        assert all(tokens)


@given(st.lists(st.sampled_from([*words.SPECIAL_CASES, *MARKS, "a", "B", "1", "  "]), max_size=12).map("".join))
def test_tokens_in_context_spell_the_line_without_its_white_space(line: str) -> None:
    assert "".join(tokens_in_context(line)) == "".join(line.split())
