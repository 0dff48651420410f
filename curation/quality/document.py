"""One text as the families of signals share it: code points, words and n-grams, each found at most once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from curation.quality import characters, ngrams, scanning

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """Words of a text in order: hash, length in characters, and flags of `scanning` where they were asked for."""

    hashes: NDArray[np.uint64]
    lengths: Integers
    flags: NDArray[np.uint8]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.lengths)

    def flagged(self, flag: int) -> int:
        """How many have the flag."""
        return int(np.count_nonzero(self.flags & flag))

    def ngrams(self) -> Integers:
        """The table of `ngrams.measure_ngrams`."""
        out = np.empty((ngrams.ROWS, ngrams.COLUMNS), np.int64)
        ngrams.measure_ngrams(self.hashes, self.lengths, out)
        return out


class Document:
    """A text and what is found in it on first use."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """Code points."""
        return characters.codes(self.text)

    @cached_property
    def lowered(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def lines(self) -> list[str]:
        """What stands between line feeds."""
        return self.text.split("\n")

    @cached_property
    def words(self) -> Words:
        """Words between white space."""
        room = len(self.codes) // 2 + 1
        hashes, lengths, flags = np.empty(room, np.uint64), np.empty(room, np.int64), np.empty(room, np.uint8)
        count = scanning.split_words(self.codes, characters.table(), hashes, lengths, flags)
        return Words(hashes[:count], lengths[:count], flags[:count])

    @cached_property
    def word_ngrams(self) -> Integers:
        """N-grams of `words`."""
        return self.words.ngrams()

    @cached_property
    def unicode_words(self) -> Words:
        """Words by Unicode's word boundaries that begin with a letter or digit; without flags."""
        room = len(self.codes)
        hashes, lengths = np.empty(room, np.uint64), np.empty(room, np.int64)
        count = scanning.unicode_words(self.codes, characters.table(), hashes, lengths)
        return Words(hashes[:count], lengths[:count], np.empty(0, np.uint8))

    @cached_property
    def fasttext_words(self) -> int:
        """How many words of fastText's tokenizer begin with a letter or digit."""
        return int(scanning.count_fasttext_words(self.codes, characters.table()))


def share(part: float, whole: float, of_nothing: float = 0.0) -> float:
    """`part / whole`, and a stated value where there is nothing."""
    return part / whole if whole else of_nothing
