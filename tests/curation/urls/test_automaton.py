import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.urls.automaton import MAX_STATES, Automaton

SMALL = st.text("abc", min_size=1, max_size=5).map(str.encode)


def first(words: list[bytes], text: bytes) -> bytes | None:
    """The word that ends first in the text, the longest of those that end there."""
    for end in range(1, len(text) + 1):
        here = [word for word in words if text[:end].endswith(word)]
        if here:
            return max(here, key=len)
    return None


@settings(deadline=None)
@given(st.lists(SMALL, min_size=1, max_size=8, unique=True), st.lists(st.text("abcd", max_size=30), max_size=5))
def test_it_finds_the_word_that_ends_first(words: list[bytes], texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    found = Automaton(words).search(encoded)
    assert [words[index] if index >= 0 else None for index in found] == [first(words, text) for text in encoded]


def test_a_word_does_not_begin_in_one_text_and_end_in_the_next() -> None:
    assert Automaton([b"abcd"]).search([b"xab", b"cdx", b"", b"abcd"]) == [-1, -1, -1, 0]


def test_too_many_words_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 200,000 bytes"):
        Automaton([b"x" * MAX_STATES])
