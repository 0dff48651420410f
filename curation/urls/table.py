"""Sets of many millions of strings in 8 bytes each (10 with where they came from): sorted 64-bit hashes.

How sure a hit is: a table of n entries holds another string's hash with probability n / 2**64. For ten million
entries and the some eight lookups of a page that is 4e-12 a page: one page in 200 billion is blocked by chance. A miss
is always right. The strings themselves need not be kept, because a hit's string is the one looked up.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

MAX_SOURCES = 1 << 16


def key_of_text(text: str) -> int:
    """The hash of a string's UTF-8 bytes, equal on every machine; lone surrogates are hashed too."""
    return int(xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")))


class KeyTable:
    """An immutable set of hashes, each with the number of the list it is from (the first, where several hold it)."""

    def __init__(self, lists: Sequence[tuple[int, array[int]]]) -> None:
        parts = [(source, np.frombuffer(keys, np.uint64)) for source, keys in lists if len(keys)]
        keys = np.concatenate([part for _, part in parts]) if parts else np.empty(0, np.uint64)
        sources = np.repeat(np.array([source for source, _ in parts], np.uint16), [len(part) for _, part in parts] or 0)
        order = np.argsort(keys, kind="stable")  # stable, so that of equal keys the first list's comes first
        keys = keys[order]
        first = np.ones(len(keys), bool)
        first[1:] = keys[1:] != keys[:-1]
        self._keys, self._sources = keys[first], sources[order][first]

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def bytes(self) -> int:
        """Memory that the table takes."""
        return self._keys.nbytes + self._sources.nbytes

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """For each key the number of the list that holds it, -1 where none does."""
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, self._sources[places].astype(np.int64), -1)
