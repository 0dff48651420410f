"""Counts recorded with NLTK 3.8.1 and its English model: `nltk.data.load("tokenizers/punkt/english.pickle")`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.quality.punkt import count_sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ("Mr. Smith met Dr. No.", 1),  # abbreviations
        ("It is of the U.S. The end.", 2),  # an abbreviation before a word that begins sentences
        ("J. S. Bach wrote it.", 1),  # initials
        ("It cost 5. That is all.", 2),
        ("It is no. 5 of them.", 2),
        ("It was... odd.", 1),
        ("It was... Then it went.", 1),
        ('He said "Go." Then he left.', 2),  # the closing mark belongs to the sentence before
        ("(It is so.) And so on.", 2),
        ("He said “Go.” Then he left.", 1),  # NLTK 3.8 knows no curly quotes
        ("Why?! Because.", 2),
        ("at 3 p.m. on Monday", 1),
        ("end.Next", 1),
        (".", 1),
        (". . .", 3),
    ],
)
def test_sentences_are_counted_as_punkt_splits_them(text: str, count: int) -> None:
    assert count_sentences(text) == count


@given(st.text(st.sampled_from("ab A.?!\"') \t-1"), max_size=60))
def test_a_line_has_at_most_a_sentence_for_each_mark_and_one_more(text: str) -> None:
    marks = sum(text.count(mark) for mark in ".?!")
    assert (1 if text.strip() else 0) <= count_sentences(text) <= marks + 1
