"""What a text holds, found in one compiled pass, so that finders whose words or shapes are not there need not look.

The words of all finders are one automaton (Aho and Corasick, 1975) over the text in small ASCII letters: a look-up in a
table for each byte, however many words there are. The same call notes the shapes of addresses and the runs of digits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numba
import numpy as np

MIN_RUN = 16
REACH = 72
"""A word and the figures it introduces begin at most this many characters apart."""

QUADS, MACS, COLONS = 1, 2, 4
_TEXT = numba.types.Array(numba.types.uint8, 1, "C", readonly=True)
_IDS = numba.int16[::1]
_SEEN = numba.uint8[::1]


@dataclass(frozen=True, slots=True)
class Survey:
    """The words a text holds, those that stand before figures, and its shapes.

    `longest` is how many digits follow each other at most, with only ` ()-./` and characters outside ASCII between.
    """

    held: frozenset[bytes]
    near: frozenset[bytes]
    longest: int
    shapes: int

    def has(self, shape: int) -> bool:
        """Whether the shape QUADS (`0.0.0.0`), MACS (a colon, dash or dot every few characters) or COLONS is there."""
        return self.shapes & shape != 0


class Words:
    """An automaton that tells which of its words are in a text."""

    def __init__(self, words: Iterable[bytes]) -> None:
        """`words` are in small ASCII letters with `0` for every digit, and none is empty."""
        unique = sorted(set(words))
        alphabet = sorted({byte for word in unique for byte in word})
        self._classes = np.zeros(256, np.int16)
        for number, byte in enumerate(alphabet, 1):
            self._classes[byte] = number
        self._classes[48:58] = self._classes[48]
        width = len(alphabet) + 1
        rows, found = _trie(unique, {byte: number for number, byte in enumerate(alphabet, 1)}, width)
        # The states in which words end come last, so that one comparison tells them; the others as they were made, from
        # the root outwards, so that those which are met all the time share the nearest cache.
        order = sorted(range(len(rows)), key=lambda state: (bool(found[state]), state))
        place = {state: number for number, state in enumerate(order)}
        self._table = np.array([place[target] for state in order for target in rows[state]], np.int16)
        self._first = sum(not words for words in found)
        self._width = width
        self._found = [frozenset(found[state]) for state in order if found[state]]

    def survey(self, lowered: bytes, digits: bytes) -> Survey:
        """What a text holds: `lowered` is the text in small ASCII letters, `digits` with every digit as `0`.

        Both have one byte for each character.
        """
        seen = np.zeros(len(self._found), np.uint8)
        near = np.zeros(len(self._found), np.uint8)
        first, second = np.frombuffer(lowered, np.uint8), np.frombuffer(digits, np.uint8)
        _walk(first, self._classes, self._table, self._width, self._first, seen)
        longest = _look(second)
        if longest:
            _walk_near(first, second, self._classes, self._table, self._width, self._first, near)
        return Survey(self._words(seen), self._words(near) if longest else frozenset(), longest >> 3, longest & 7)

    def _words(self, seen: np.ndarray) -> frozenset[bytes]:
        return frozenset().union(*(self._found[state] for state in seen.nonzero()[0].tolist()))


def _trie(words: list[bytes], classes: dict[int, int], width: int) -> tuple[list[list[int]], list[set[bytes]]]:
    """For each state where each class of bytes leads, and the words that end there."""
    rows, found = [[0] * width], [set[bytes]()]
    states = dict.fromkeys(words, 0)
    for depth in range(max(map(len, words))):
        for word in words:
            if depth < len(word):
                row, number = rows[states[word]], classes[word[depth]]
                if not row[number]:
                    row[number] = len(rows)
                    rows.append([0] * width)
                    found.append(set())
                states[word] = row[number]
    for word, state in states.items():
        found[state].add(word)
    back = [0] * len(rows)
    queue = deque(state for state in rows[0] if state)
    while queue:
        state = queue.popleft()
        found[state] |= found[back[state]]
        for number, target in enumerate(rows[state]):
            if target:
                back[target] = rows[back[state]][number]
                queue.append(target)
            else:
                rows[state][number] = rows[back[state]][number]
    return rows, found


@numba.njit(numba.void(_TEXT, _IDS, _IDS, numba.int64, numba.int64, _SEEN), cache=True)
def _walk(text, classes, table, width, first, seen):  # type: ignore[no-untyped-def]
    """Mark in `seen` the states with words that the text leads to."""
    state = np.int64(0)
    for place in range(text.shape[0]):
        state = table[state * width + classes[text[place]]]
        if state >= first:
            seen[state - first] = 1


@numba.njit(numba.void(_TEXT, _TEXT, _IDS, _IDS, numba.int64, numba.int64, _SEEN), cache=True)
def _walk_near(text, digits, classes, table, width, first, seen):  # type: ignore[no-untyped-def]
    """The same for the pieces of REACH bytes before figures; at most three signs stand between digits of one figure."""
    size = text.shape[0]
    state = np.int64(0)
    last = 0
    place = 0
    while place < size:
        if digits[place] != 48:
            place += 1
            continue
        if place - last > 2:
            for index in range(max(last, place - REACH), place):
                state = table[state * width + classes[text[index]]]
                if state >= first:
                    seen[state - first] = 1
        place += 1
        gap = 0
        last = place
        while place < size and gap <= 3:
            byte = digits[place]
            place += 1
            if byte == 48:
                gap = 0
                last = place
            elif 97 <= (byte | 32) <= 122:
                break
            else:
                gap += 1
        place = last


_DIGIT, _COLON, _BETWEEN = 1, 2, 3
_SIGNS = np.zeros(256, np.uint8)
_SIGNS[48] = _DIGIT
_SIGNS[58] = _COLON
_SIGNS[np.frombuffer(b" ()-./?", np.uint8)] = _BETWEEN
_WORTH = _SIGNS.copy()  # where a run of digits or an address may begin
_WORTH[np.frombuffer(b" ()/?", np.uint8)] = 0


@numba.njit(numba.int64(_TEXT, numba.int64), cache=True, inline="always")
def _mac(digits, place):  # type: ignore[no-untyped-def]
    """MACS where the sign at `place` stands again three characters on and six, a dot five characters on."""
    byte = digits[place]
    if byte == 46:
        return MACS if place + 5 < digits.shape[0] and digits[place + 5] == byte else 0
    near = place + 6 < digits.shape[0] and digits[place + 3] == byte and digits[place + 6] == byte
    return MACS if near and byte != 32 else 0


@numba.njit(numba.int64(_TEXT, numba.int64), cache=True)
def _colons(digits, place):  # type: ignore[no-untyped-def]
    """COLONS where four colons stand in a row, the first at `place`, with one to four hexadecimal digits between."""
    for _ in range(3):
        width = 1
        while width < 6 and place + width < digits.shape[0]:
            byte = digits[place + width]
            if byte != 48 and not 97 <= (byte | 32) <= 102:
                break
            width += 1
        if width < 2 or width > 5 or place + width >= digits.shape[0] or digits[place + width] != 58:
            return 0
        place += width
    return COLONS


@numba.njit(numba.int64(_TEXT), cache=True)
def _look(digits):  # type: ignore[no-untyped-def]
    """The longest run of digits times 8, and the shapes; 0 without digits. `digits` has every digit as `0`."""
    longest = shapes = place = 0
    size = digits.shape[0]
    while place < size:
        sign = _WORTH[digits[place]]
        if sign == 0:
            place += 1
        elif sign == _COLON:
            shapes |= _mac(digits, place) | _colons(digits, place)
            place += 1
        elif sign == _BETWEEN:
            shapes |= _mac(digits, place)
            place += 1
        else:
            run = dots = 0
            while place < size:
                sign = _SIGNS[digits[place]]
                if sign == _DIGIT:
                    run += 1
                    if dots >= 3:
                        shapes |= QUADS
                elif sign == _BETWEEN:
                    byte = digits[place]
                    shapes |= _mac(digits, place)
                    dots = dots + 1 if byte == 46 and digits[place - 1] == 48 else 0
                else:
                    break
                place += 1
            longest = max(longest, run)
    return longest * 8 + shapes if longest else 0


_IS_WORD = np.array([chr(code).isalnum() or chr(code) in "_-" for code in range(128)] + [False] * 128)


@numba.njit(numba.int64[:, ::1](_TEXT), cache=True)
def _runs(text):  # type: ignore[no-untyped-def]
    size = text.shape[0]
    found = np.empty((size // (MIN_RUN + 1) + 1, 2), np.int64)
    count = 0
    start = 0
    while start + MIN_RUN <= size:
        # From the end of the shortest run backwards: most words are shorter, and their heads need not be read.
        place = start + MIN_RUN - 1
        while place >= start and _IS_WORD[text[place]]:
            place -= 1
        if place >= start:
            start = place + 1
            continue
        place = start + MIN_RUN
        while place < size and _IS_WORD[text[place]]:
            place += 1
        found[count, 0] = start
        found[count, 1] = place
        count += 1
        start = place + 1
    return found[:count].copy()


def word_runs(ascii_text: bytes) -> list[tuple[int, int]]:
    """Where runs of at least MIN_RUN characters of [A-Za-z0-9_-] begin and end.

    `ascii_text` is `text.encode("ascii", "replace")`: one byte for each character.
    """
    return [(start, end) for start, end in _runs(np.frombuffer(ascii_text, np.uint8)).tolist()]
