"""Numbers for chunks and tokens, so that the signal pass works on integer arrays.

A chunk (a run of characters without white space) is tokenised once and then found by one dictionary look-up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.quality import kernels, words

MAX_CHUNKS = 1 << 18
"""The table of chunks is emptied before a document when it holds more: some 80 MB."""

_OTHER, _PUNCTUATION, _SENTENCE_END = range(3)
_NEIGHBOURS = 2 * words.LONGEST_SEQUENCE  # pieces on each side that a sequence of tokens can reach


class _Characters(dict[str, int]):
    """Flags of a token that holds a character, and bit 15 where the character is no punctuation."""

    def __missing__(self, character: str) -> int:
        flags = 0 if character in words.SYMBOLS else kernels.WORD
        if character.isalpha():
            flags |= kernels.ALPHABETIC
        if not unicodedata.category(character).startswith("P"):
            flags |= 1 << 15
        self[character] = flags
        return flags


_CHARACTERS = _Characters()  # at most one entry for each character of Unicode
_STOP_WORD_FLAGS = {word: 1 << bit for bit, word in enumerate(words.STOP_WORDS)}


class Table:
    """A NumPy array that grows by doubling."""

    def __init__(self, dtype: Any, columns: int | None = None) -> None:
        self._columns = () if columns is None else (columns,)
        self.array: NDArray[Any] = np.zeros((1024, *self._columns), dtype)
        self.length = 0

    def extend(self, rows: Any) -> None:
        """Append `rows`, an array or a list of numbers (or of rows)."""
        end = self.length + len(rows)
        if end > len(self.array):
            grown = np.zeros((max(end, 2 * len(self.array)), *self._columns), self.array.dtype)
            grown[: self.length] = self.array[: self.length]
            self.array = grown
        self.array[self.length : end] = rows
        self.length = end


class Vocabulary(dict[Any, int]):
    """Chunk to row of `chunks`; a chunk looked up for the first time is tokenised and added.

    Numbers depend on what was seen before; no measured value does. Not safe for threads: the caller holds a lock.
    """

    GAP = 0
    """White space other than one blank: no word, but a token that can begin a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.clear()
        self._tokens: dict[str, int] = {}
        self._classes: list[int] = []
        self._new_tokens: list[str] = []
        self._new_flags: list[int] = []
        self._new_rows: list[tuple[int, ...]] = [(0, 0, 0, 1, 0)]
        self._new_chunk_tokens: list[int] = []
        self._chunk_tokens_total = 0
        self._size = 1
        self._contextual: set[int] = set()
        self.chunks = Table(np.int32, kernels.CHUNK_COLUMNS)
        self.chunk_tokens = Table(np.int32)
        self.lengths = Table(np.int32)
        self.flags = Table(np.uint16)
        self.hashes = Table(np.uint64)
        self.powers = Table(np.uint64)

    def __missing__(self, chunk: str) -> int:
        return self._add(chunk, *words.tokenize_chunk(chunk))

    def line_ids(self, line: str) -> list[int]:
        """Chunk numbers of a line of any white space, GAP where it is not one blank."""
        return [self.GAP if piece.isspace() else self[piece] for piece in words.cut(line) if piece != " "]

    def line_ids_in_context(self, line: str) -> list[int]:
        """The same where the line has chunks whose tokens depend on their neighbours."""
        pieces = words.cut(line)
        numbers = [self.GAP if piece.isspace() else self[piece] for piece in pieces]
        places = [place for place, number in enumerate(numbers) if number in self._contextual]
        start = 0
        while start < len(places):
            stop = start + 1  # places[start:stop] have overlapping surroundings
            while stop < len(places) and places[stop] - places[stop - 1] <= 2 * _NEIGHBOURS:
                stop += 1
            first = max(0, places[start] - _NEIGHBOURS)
            tokens = words.tokenize_pieces(pieces[first : places[stop - 1] + _NEIGHBOURS + 1])
            for place in places[start:stop]:
                here = tokens[place - first]
                if here != words.tokenize_chunk(pieces[place])[0]:
                    key = tuple(here)  # no chunk is a tuple, so the keys stay apart
                    known = self.get(key)
                    numbers[place] = self._add(key, here, False) if known is None else known
            start = stop
        return [number for number, piece in zip(numbers, pieces, strict=True) if piece != " "]

    def _add(self, key: Any, tokens: Sequence[str], contextual: bool) -> int:
        state = kernels.CONTEXTUAL if contextual else 0
        breaks_plain = breaks_after_end = 0
        plain, after_end = False, True  # whether a sentence end is pending
        for token in tokens:
            number = self._tokens.get(token)
            if number is None:
                number = self._add_token(token)
            self._new_chunk_tokens.append(number)
            kind = self._classes[number]
            if kind == _SENTENCE_END:
                plain = after_end = True
            elif kind == _OTHER:
                breaks_plain += plain
                breaks_after_end += after_end
                plain = after_end = False
        state |= kernels.ENDS_PLAIN * plain | kernels.ENDS_AFTER_END * after_end
        self._new_rows.append((self._chunk_tokens_total, len(tokens), breaks_plain, breaks_after_end, state))
        self._chunk_tokens_total += len(tokens)
        number, self._size = self._size, self._size + 1
        if contextual:
            self._contextual.add(number)
        self[key] = number
        return number

    def _add_token(self, token: str) -> int:
        if token.isalpha():  # symbols are no letters
            flags = kernels.WORD | kernels.ALPHABETIC | _STOP_WORD_FLAGS.get(token, 0) | 1 << 15
        else:
            flags = 0
            for character in token:
                flags |= _CHARACTERS[character]
        if token in words.SENTENCE_ENDS:
            self._classes.append(_SENTENCE_END)
        else:
            self._classes.append(_OTHER if flags & 1 << 15 else _PUNCTUATION)
        number = self._tokens[token] = len(self._tokens)
        self._new_tokens.append(token)
        self._new_flags.append(flags & 0x7FFF)
        return number

    def flush(self) -> None:
        """Bring the arrays up to date with the chunks added since the last flush."""
        if self._new_rows:
            self.chunks.extend(self._new_rows)
            self.chunk_tokens.extend(self._new_chunk_tokens)
            self._new_rows, self._new_chunk_tokens = [], []
        if self._new_tokens:
            lengths = np.fromiter(map(len, self._new_tokens), np.int64, len(self._new_tokens))
            codes = np.frombuffer("".join(self._new_tokens).encode("utf-32-le", "surrogatepass"), np.uint32).copy()
            hashes, powers = np.empty(len(lengths), np.uint64), np.empty(len(lengths), np.uint64)
            kernels.hash_tokens(codes, lengths, hashes, powers)
            self.lengths.extend(lengths)
            self.flags.extend(self._new_flags)
            self.hashes.extend(hashes)
            self.powers.extend(powers)
            self._new_tokens, self._new_flags = [], []
