"""Repeated runs of tokens (`substring@1`): tokens, anchors by which repeats are looked for, and windows.

A window is a run of `size` tokens; text that repeats for at least as long holds windows that are equal, and nothing
else does. Hashing every window of a corpus and bringing all of them together would move several times its size. So
anchors come first (winnowing, Schleimer et al. 2003): of the `size - k + 1` runs of k = size // 2 tokens in a window,
the one with the smallest hash is the window's anchor. Equal windows have equal anchors, and neighbouring windows share
theirs, so that there is about one for `size / 4` tokens. Only windows whose anchor occurs at two places can be equal to
another, and only they are hashed (128 bits) and brought together. What is found is every window that occurs twice: no
repeat of `size` tokens or more is missed, and none that is shorter is cut.

All hashes are polynomials modulo 2^64 over mixed 64-bit hashes of tokens, mixed once more.
"""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.normalise import SPACELESS
from curation.dedup.shingles import fmix64

NAME = "substring@1"

_SPACE, _WORD, _ALONE = 0, 1, 2
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_BASES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F))

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text: where each starts and ends (characters), and its hash."""

    starts: Ints
    ends: Ints
    hashes: Hashes


@dataclass(frozen=True)
class Anchors:
    """The anchor of each window of a text: its hash, and the token it starts at; [windows], in the order of tokens."""

    hashes: Hashes
    places: Ints

    def distinct(self) -> Hashes:
        """The hash of every place that is an anchor, each place once."""
        new = np.ones(len(self.places), bool)
        new[1:] = self.places[1:] != self.places[:-1]
        return self.hashes[new]


def tokenise(text: str, cut: Sequence[tuple[int, int]] = ()) -> Tokens:
    """The tokens of `text` that do not begin within the ascending spans of `cut`."""
    if text.isascii():
        codes: NDArray[Any] = np.frombuffer(text.encode("ascii"), np.uint8)
        kinds = _kinds(128)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        kinds = _kinds(sys.maxunicode + 1)
    starts, ends, hashes = _tokens(codes, kinds)
    if cut and len(starts):
        first, last = np.array(cut, np.int64).T
        place = np.searchsorted(first, starts, side="right") - 1
        left = ~((place >= 0) & (starts < last[np.maximum(place, 0)]))
        starts, ends, hashes = starts[left], ends[left], hashes[left]
    return Tokens(starts, ends, hashes)


def anchors(tokens: Tokens, size: int) -> Anchors:
    """The anchor of every window of `size` tokens; the first of equal ones within a window."""
    run = max(1, size // 2)
    return Anchors(*_minima(_rolled(tokens.hashes, run, _BASES[0]), size - run + 1))


def window_hashes(tokens: Tokens, size: int, windows: Ints) -> Hashes:
    """128-bit hashes [n, 2] of the windows that start at the given tokens."""
    found = np.empty((len(windows), 2), np.uint64)
    for column, base in enumerate(_BASES[1:]):
        found[:, column] = _rolled(tokens.hashes, size, base)[windows] if len(windows) else 0
    return found


def runs_of(starts: Ints, ends: Ints, others: NDArray[Any]) -> tuple[Ints, Ints, Ints]:
    """Intervals without overlap that cover [start, end) of each given one, in ascending order of `starts`.

    Those that touch or overlap and have the same of `others` (16 bytes each) become one; where they differ, what
    comes first keeps what both cover. Returns starts, ends and the place in the arguments of each interval's first.
    """
    words = np.ascontiguousarray(others).view(np.uint64).reshape(-1, 2) if len(others) else np.empty((0, 2), np.uint64)
    return _runs(starts, ends, words)  # type: ignore[no-any-return]


@functools.cache
def _kinds(size: int) -> NDArray[np.uint8]:
    """What each code point below `size` is: white space (and control characters), part of a word, or a token alone."""
    kinds = np.full(size, _ALONE, np.uint8)
    for point in range(size):
        character = chr(point)
        category = unicodedata.category(character)
        if character.isspace() or category == "Cc":
            kinds[point] = _SPACE
        elif category[0] in "LMN" or category == "Cf" or character == "_":
            kinds[point] = _WORD
    for first, last in SPACELESS:
        within = kinds[first : last + 1]
        within[within == _WORD] = _ALONE
    return kinds


@compiled
def _tokens(codes: Any, kinds: Any) -> Any:
    starts = np.empty(codes.size, np.int64)
    ends = np.empty(codes.size, np.int64)
    hashes = np.empty(codes.size, np.uint64)
    count = 0
    within = False
    value = _BASIS
    for place in range(codes.size):
        code = codes[place]
        kind = kinds[code]
        if kind == _WORD:
            if not within:
                starts[count] = place
                value = _BASIS
                within = True
            value = (value ^ np.uint64(code)) * _PRIME
            continue
        if within:
            ends[count] = place
            hashes[count] = fmix64(value)
            count += 1
            within = False
        if kind == _ALONE:
            starts[count] = place
            ends[count] = place + 1
            hashes[count] = fmix64((_BASIS ^ np.uint64(code)) * _PRIME)
            count += 1
    if within:
        ends[count] = codes.size
        hashes[count] = fmix64(value)
        count += 1
    return starts[:count].copy(), ends[:count].copy(), hashes[:count].copy()


@compiled
def _rolled(values: Any, size: int, base: Any) -> Any:
    """Hash of every run of `size` values."""
    runs = max(0, values.size - size + 1)
    found = np.empty(runs, np.uint64)
    if runs == 0:
        return found
    leaving = np.uint64(1)
    rolled = np.uint64(0)
    for place in range(size):
        rolled = rolled * base + values[place]
        if place:
            leaving *= base
    found[0] = fmix64(rolled)
    for place in range(1, runs):
        rolled = (rolled - values[place - 1] * leaving) * base + values[place + size - 1]
        found[place] = fmix64(rolled)
    return found


@compiled
def _minima(values: Any, width: int) -> Any:
    """The first smallest of every `width` neighbours, and its place."""
    count = max(0, values.size - width + 1)
    smallest = np.empty(count, np.uint64)
    places = np.empty(count, np.int64)
    queue = np.empty(values.size, np.int64)  # places of ascending values
    head, tail = 0, 0
    for place in range(values.size):
        while tail > head and values[queue[tail - 1]] > values[place]:
            tail -= 1
        queue[tail] = place
        tail += 1
        if queue[head] <= place - width:
            head += 1
        if place >= width - 1:
            smallest[place - width + 1] = values[queue[head]]
            places[place - width + 1] = queue[head]
    return smallest, places


@compiled
def _runs(starts: Any, ends: Any, words: Any) -> Any:
    first = np.empty(starts.size, np.int64)
    last = np.empty(starts.size, np.int64)
    source = np.empty(starts.size, np.int64)
    count = 0
    for one in range(starts.size):
        start, end = starts[one], ends[one]
        if count and start <= last[count - 1]:
            if end <= last[count - 1]:
                continue
            same = words[one, 0] == words[source[count - 1], 0] and words[one, 1] == words[source[count - 1], 1]
            if same:
                last[count - 1] = end
                continue
            start = last[count - 1]
        first[count], last[count], source[count] = start, end, one
        count += 1
    return first[:count].copy(), last[:count].copy(), source[:count].copy()
