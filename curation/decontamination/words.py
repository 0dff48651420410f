"""The words of a text under `normalise@1` with their places in it and the digits they were made of.

Words are those that near-duplicate detection compares (`curation.dedup.normalise`), in code too: identifiers fall into
their parts, operators are left out. `normalise@1` makes every number one `0`, so the digits are kept beside the words:
they tell an item as it is from one with other numbers in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.normalise import ALONE, BREAK, DIGIT, DROP, EXPAND, code_points
from curation.dedup.shingles import fmix64

_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_ZERO = np.uint64(ord("0"))


class Words(NamedTuple):
    """Words [n] of a text: their hashes, hashes of the digits in them (0 without any), and where they lie."""

    hashes: NDArray[np.uint64]
    digits: NDArray[np.uint64]
    starts: NDArray[np.int32]  # first character
    ends: NDArray[np.int32]  # behind the last one


def words_of(text: str) -> Words:
    """The words of `text`; the hashes are those of `curation.dedup.shingles` for its words."""
    codes, table = code_points(text)
    return Words(*_words(codes, table.entries, table.expansions))


@compiled
def _words(codes: Any, entries: Any, expansions: Any) -> Any:
    size = codes.size + 1  # no character begins two words; pages not written cost no memory
    hashes, digests = np.empty(size, np.uint64), np.empty(size, np.uint64)
    starts, ends = np.empty(size, np.int32), np.empty(size, np.int32)
    count = 0
    word, digest = _BASIS, np.uint64(0)
    start = last = 0
    empty = True
    digits = False
    for place in range(codes.size):
        entry = entries[codes[place]]
        if DROP < entry < EXPAND:  # a word character, by far the most frequent case
            if empty:
                start = place
                empty = False
            word = (word ^ np.uint64(entry)) * _PRIME
            last = place
            digits = False
            continue
        if entry == BREAK:  # the next most frequent one
            if not empty:
                hashes[count], digests[count] = fmix64(word), digest
                starts[count], ends[count] = start, last + 1
                count += 1
                word, digest = _BASIS, np.uint64(0)
                empty = True
            digits = False
            continue
        first, several = np.int64(0), np.int64(1)
        expanded = EXPAND <= entry < ALONE
        if expanded:
            first = np.int64(entry - EXPAND) + 1
            several = np.int64(expansions[first - 1])
        for step in range(several):
            one = expansions[first + step] if expanded else entry
            if one == DROP:
                continue
            if one == DIGIT:
                if empty:
                    start = place
                    empty = False
                if not digits:
                    word = (word ^ _ZERO) * _PRIME
                    digits = True
                digest = (digest ^ np.uint64(codes[place])) * _PRIME
                last = place
                continue
            digits = False
            if DROP < one < EXPAND:
                if empty:
                    start = place
                    empty = False
                word = (word ^ np.uint64(one)) * _PRIME
                last = place
                continue
            if not empty:  # a separator, or a character that is a word of its own
                hashes[count], digests[count] = fmix64(word), digest
                starts[count], ends[count] = start, last + 1
                count += 1
                word, digest = _BASIS, np.uint64(0)
                empty = True
            if one >= ALONE:
                hashes[count], digests[count] = fmix64((_BASIS ^ np.uint64(one - ALONE)) * _PRIME), np.uint64(0)
                starts[count], ends[count] = place, place + 1
                count += 1
    if not empty:
        hashes[count], digests[count] = fmix64(word), digest
        starts[count], ends[count] = start, last + 1
        count += 1
    return hashes[:count], digests[:count], starts[:count], ends[:count]
