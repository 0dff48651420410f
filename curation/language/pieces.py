"""Compiled reading of a text: characters by script, and the sums of a fastText model's vectors, piece by piece.

A piece is a line, or some short lines, or `PIECE_WORDS` words of a long one. What a word adds to a sum never changes,
so words met before are looked up in a table of fixed size. Sums are of float32 in one fixed order: the same text has
the same sums whatever was read before it and on whatever machine.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.language.kernel import CACHE, PIECE_WORDS, VECTOR, describe, fill_table, read_pieces, softmax
from curation.language.model_file import SubwordModel
from curation.language.scripts import CLASSES

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pieces:
    """What was read of a text: n pieces in its order; text without visible characters has none."""

    first: Integers  # [n]: the line that it begins in, counted from 0
    last: Integers  # [n]: the line that it ends in; the next piece may begin in it too
    counts: npt.NDArray[np.int32]  # [n, CLASSES]: characters of each class
    features: npt.NDArray[np.int32]  # [n]: features that the model knows
    sums: Floats  # [n, dimension]: their vectors' sum
    code: npt.NDArray[np.int32]  # [n]: visible characters in lines that look like code

    def facts(self) -> Facts:
        """What their characters are."""
        arrays = [np.zeros(len(self.counts), np.int64) for _ in range(5)]
        describe(self.counts, *arrays)
        return Facts(*arrays)

    def summed(self) -> Pieces:
        """All as one piece."""
        # Of doubles: numpy adds float32 in an order that depends on how many there are.
        sums = self.sums.sum(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
        total = (array.sum(axis=0, keepdims=True, dtype=np.int32) for array in (self.counts, self.features, self.code))
        counts, features, code = total
        zero = np.zeros(1, np.int64)
        return Pieces(zero, zero, counts, features, sums, code)


@dataclass(frozen=True, eq=False)
class Facts:
    """Numbers of characters in each of n pieces."""

    visible: Integers
    letters: Integers
    weighted: Integers  # letters, those of Han, Kana and Hangul three times
    script: Integers  # the script with most letters; Han beside a tenth of Kana is Japanese as a whole
    most: Integers  # the letters of that script


class PieceReader:
    """A model made ready for reading; holds the table of words met."""

    def __init__(self, model: SubwordModel, classes: npt.NDArray[np.uint8]) -> None:
        self._classes = classes
        self._input, self._output, self._buckets = model.input, model.output, model.buckets
        self._ngrams = np.array([model.minn, model.maxn], np.int64)
        self._vocabulary, self._word_bytes, self._word_starts = _vocabulary(model.words)
        end = model.words.index(b"</s>") if b"</s>" in model.words else -1
        self.end = model.input[end] if end >= 0 else np.zeros(model.input.shape[1], np.float32)
        """The vector of the end of a line, and how many features that is (1 or 0)."""
        self.end_features = int(end >= 0)
        # One entry lies together in memory: looking words up is mostly waiting for it.
        self._keys = np.zeros((CACHE, (VECTOR + model.input.shape[1] + 1) // 2), np.uint64)
        self._known, self._vectors = self._keys.view(np.int32), self._keys.view(np.float32)

    def read(self, text: str, most_words: int = PIECE_WORDS, least_letters: int = 0) -> Pieces:
        """Read a text, whose lines `\\n` separates, in lower case and without the most of addresses.

        Only the first `most_words` words of each piece are looked up; characters are counted of all. Lines are put
        together until they have `least_letters` letters (a letter of Han, Kana or Hangul counts as three).
        """
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()  # compiled for writable
        # Pieces end with a line, or after `PIECE_WORDS` words, and then once more with their line.
        lines, runs = text.count("\n") + 1, len(text) // (2 * PIECE_WORDS)
        most = 1 + min(lines + runs, 3 * len(text) // max(least_letters, 1) + 2 * runs + 1)
        first, last = np.full(most, -1, np.int64), np.zeros(most, np.int64)
        counts = np.zeros((most, CLASSES), np.int32)
        features = np.zeros(most, np.int32)
        sums = np.zeros((most, self._input.shape[1]), np.float32)
        code = np.zeros(most, np.int32)
        n = read_pieces(
            codes, self._classes, _lower_case(), self._input, self._buckets, self._ngrams, self._vocabulary,
            self._word_bytes, self._word_starts, self._keys, self._vectors, self._known,
            first, last, counts, features, sums, code, most_words, least_letters,
        )  # fmt: skip
        return Pieces(first[:n], last[:n], counts[:n], features[:n], sums[:n], code[:n])

    @staticmethod
    def joined(parts: Sequence[Pieces]) -> Pieces:
        """The pieces of several texts (at least one), one after another."""
        names = ("first", "last", "counts", "features", "sums", "code")
        return Pieces(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def probabilities(self, sums: Floats, features: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """float64[n, labels]: the model's answer to lines with these sums; the end of the line is added here."""
        found: npt.NDArray[np.float64] = softmax(sums + self.end, features + self.end_features, self._output)
        return found


@functools.cache
def _lower_case() -> npt.NDArray[np.uint32]:
    """uint32[0x20000]: each code point's lower case as far as it is one character; what words are made of besides."""
    found = np.arange(0x20000, dtype=np.uint32)
    for code in range(0x80, len(found)):
        found[code] = ord(chr(code).lower()[0])
    found[0x2019] = ord("'")
    found[0xD800:0xE000] = ord("?")  # lone surrogates
    return found


def _vocabulary(words: tuple[bytes, ...]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8], Integers]:
    """An open-addressed table of word numbers by hash, the words' bytes one after another, and where each begins."""
    starts = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=starts[1:])
    joined = np.frombuffer(b"".join(words) or b"\0", np.uint8).copy()
    size = 1 << max(4, (2 * len(words)).bit_length())
    table = np.full(size, -1, np.int32)
    fill_table(table, joined, starts)
    return table, joined, starts
