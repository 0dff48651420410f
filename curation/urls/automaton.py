"""Which of many strings occurs first in a text: Aho and Corasick's automaton, as a table that compiled code walks.

One step a byte whatever the number of strings (A. V. Aho, M. J. Corasick, "Efficient string matching", 1975).
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

MAX_STATES = 200_000
"""Bytes of all strings together, at most; the table takes 4 bytes for each and for each different byte in them."""


class Automaton:
    """Finds the first occurrence of any of `words` (of which none is empty) in texts, by UTF-8 bytes.

    Raises:
        ValueError: the words have more than `MAX_STATES` bytes in all.
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        if sum(map(len, words)) >= MAX_STATES:
            raise ValueError(f"more than {MAX_STATES:,} bytes in all")
        used = sorted({byte for word in words for byte in word})
        self._classes = np.zeros(256, np.int32)  # class 0: bytes of no word
        self._classes[used] = np.arange(1, len(used) + 1)
        self._next, self._found = build_table(words, self._classes.tolist(), len(used) + 1)

    def search(self, texts: Sequence[bytes]) -> list[int]:
        """For each text the index of the word that ends first in it (the longest of those), -1 without any."""
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        found = np.empty(len(texts), np.int32)
        # One byte more than the texts, because there is no array over an empty buffer.
        _walk(np.frombuffer(b"".join(texts) + b"\0", np.uint8), ends, self._classes, self._next, self._found, found)
        return [int(index) for index in found]


def build_table(
    words: Sequence[bytes], classes: Sequence[int], width: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """[states, width]: the state after each class of byte; and for each state the longest word ending there, or -1."""
    children: list[dict[int, int]] = [{}]
    found = [-1]
    for index, word in enumerate(words):
        state = 0
        for byte in word:
            following = children[state].get(classes[byte])
            if following is None:
                following = children[state][classes[byte]] = len(children)
                children.append({})
                found.append(-1)
            state = following
        found[state] = index
    table = np.zeros((len(children), width), np.int32)
    fallback = [0] * len(children)
    order = [0]
    for state in order:  # breadth first: what a state falls back to is complete before it
        table[state] = table[fallback[state]]
        for kind, child in children[state].items():
            fallback[child] = int(table[state, kind]) if state else 0
            table[state, kind] = child
            order.append(child)
        if found[state] < 0:
            found[state] = found[fallback[state]]
    return table, np.array(found, np.int32)


@numba.njit(cache=True, nogil=True)
def _walk(
    text: NDArray[np.uint8],
    ends: NDArray[np.int64],
    classes: NDArray[np.int32],
    table: NDArray[np.int32],
    found: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    place = 0
    for index in range(len(ends)):
        state, hit = 0, -1
        while place < ends[index]:
            state = table[state, classes[text[place]]]
            place += 1
            if found[state] >= 0:
                hit = found[state]
                break
        place = ends[index]
        out[index] = hit
