"""How often any of many phrases stands in a text: one automaton, word boundaries by script, linear time.

Text and phrases are folded first: compatibility forms (NFKC), case, marks that may be left out (Arabic vowels, Hebrew
points), letters that Arabic and Persian keyboards confuse, invisible characters, runs of white space. What counts as
the edge of a word depends on the script at the phrase's edge:

- scripts that set spaces: no letter, digit or mark beside it;
- Hangul: none before it, but particles may follow phrases of two syllables or more;
- Han, kana, Thai, Lao, Khmer, Burmese set no spaces: any place that does not cut a letter from its marks.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from curation.urls.automaton import MAX_STATES, build_table

_NONE, _SPACED, _UNSPACED, _HANGUL, _MARK = range(5)

_PLANES = 0x20000  # code points that are told apart; beyond are Han, then nothing that has case or marks
_HAN_PLANES = 0x40000
_UNSPACED_RANGES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x312F),
    (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x1B000, 0x1B16F),
)  # fmt: skip
_HANGUL_RANGES = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF))

_DROPPED = re.compile(
    "[\u00ad\u034f\u061c\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0591-\u05bd\u05bf\u05c1\u05c2"
    "\u05c4\u05c5\u05c7\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]+"
)
_ALIKE = re.compile("[\u0622\u0623\u0625\u0671\u0643\u064a\u0649\u06c0\u0629\u2018\u2019\u02bc\u2010\u2011]")
_ALIKE_TO = str.maketrans(
    "\u0622\u0623\u0625\u0671\u0643\u064a\u0649\u06c0\u0629\u2018\u2019\u02bc\u2010\u2011",
    "\u0627\u0627\u0627\u0627\u06a9\u06cc\u06cc\u0647\u0647'''--",
)
_DOTTED = ("tr", "az")  # the languages in which capital I is the dotless letter's


def folded(text: str, language: str = "en") -> str:
    """Text as phrases are looked for in it. Linear time; an idempotent fold of its own result is not promised."""
    if language in _DOTTED:
        text = text.replace("İ", "i").replace("I", "ı")
    if text.isascii():
        return " ".join(text.lower().split())
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    if _DROPPED.search(text):
        text = _DROPPED.sub("", text)
    if _ALIKE.search(text):
        text = text.translate(_ALIKE_TO)
    return " ".join(text.split())


class Phrases:
    """Counts phrases in texts. Phrases that fold to nothing, or to the same, are one or none.

    Raises:
        ValueError: the phrases have more than `MAX_STATES` bytes in all.
    """

    def __init__(self, phrases: Iterable[str], language: str = "en") -> None:
        self.language = language
        self.phrases = tuple(sorted({fold for phrase in phrases if (fold := folded(phrase, language))}))
        encoded = [phrase.encode("utf-8", "replace") for phrase in self.phrases]
        if sum(map(len, encoded)) >= MAX_STATES:
            raise ValueError(f"more than {MAX_STATES:,} bytes in all")
        used = sorted({byte for word in encoded for byte in word})
        self._classes = np.zeros(256, np.int32)
        self._classes[used] = np.arange(1, len(used) + 1)
        self._table, self._found = build_table(encoded, self._classes.tolist(), len(used) + 1)
        self._lengths = np.array([len(word) for word in encoded], np.int64)
        self._shorter = np.array([self._longest_end(word[1:]) for word in encoded], np.int32)
        kinds = kinds_of_characters()
        self._left = np.array([_kind(kinds, phrase[0]) for phrase in self.phrases], np.uint8)
        self._right = np.array([self._right_kind(kinds, phrase) for phrase in self.phrases], np.uint8)

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many phrases stand in each folded text; those that overlap count once, from the left."""
        return self._walk(texts)[0]

    def found(self, text: str) -> Counter[str]:
        """The phrases (folded) that `count` counts in a folded text."""
        hits = self._walk([text])[1]
        return Counter({self.phrases[i]: int(hits[i]) for i in np.flatnonzero(hits)})

    def _walk(self, texts: Sequence[str]) -> tuple[list[int], NDArray[np.int64]]:
        hits = np.zeros(max(1, len(self.phrases)), np.int64)
        if not self.phrases:
            return [0] * len(texts), hits
        encoded = [text.encode("utf-8", "replace") for text in texts]
        ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
        counts = np.zeros(len(texts), np.int64)
        buffer = np.frombuffer(b"".join(encoded) + b"\0", np.uint8)  # there is no array over an empty buffer
        shape = (self._lengths, self._shorter, self._left, self._right)
        _count(buffer, ends, self._classes, self._table, self._found, *shape, kinds_of_characters(), counts, hits)
        return [int(count) for count in counts], hits

    def _longest_end(self, word: bytes) -> int:
        state = 0
        for byte in word:
            state = int(self._table[state, self._classes[byte]])
        return int(self._found[state])

    @staticmethod
    def _right_kind(kinds: NDArray[np.uint8], phrase: str) -> int:
        kind = _kind(kinds, phrase[-1])
        if kind == _MARK:  # stands for the letter beneath it
            below = next((c for c in reversed(phrase) if _kind(kinds, c) != _MARK), phrase[-1])
            kind = _UNSPACED if _kind(kinds, below) == _UNSPACED else _SPACED
        return _UNSPACED if kind == _HANGUL and len(phrase) > 1 else kind


def _kind(kinds: NDArray[np.uint8], character: str) -> int:
    code = ord(character)
    return int(kinds[code]) if code < _PLANES else _UNSPACED if code < _HAN_PLANES else _NONE


@functools.cache
def kinds_of_characters() -> NDArray[np.uint8]:
    """uint8[131072]: for each code point whether it is part of a word, and of which kind of script."""
    kinds = np.zeros(_PLANES, np.uint8)
    for code in range(_PLANES):
        category = unicodedata.category(chr(code))
        if category[0] in "LN" or code == 0x5F:
            kinds[code] = _SPACED
        elif category[0] == "M":
            kinds[code] = _MARK
    for ranges, kind in ((_UNSPACED_RANGES, _UNSPACED), (_HANGUL_RANGES, _HANGUL)):
        for first, last in ranges:
            part = kinds[first : last + 1]
            part[part == _SPACED] = kind
    return kinds


@numba.njit(cache=True, nogil=True)
def _kind_at(text, place, kinds):  # type: ignore[no-untyped-def]
    """The kind of the character whose UTF-8 begins at `place`."""
    first = np.int64(text[place])
    if first < 0x80:
        code = first
    elif first < 0xE0:
        code = (first & 0x1F) << 6 | np.int64(text[place + 1]) & 0x3F
    elif first < 0xF0:
        code = (first & 0x0F) << 12 | (np.int64(text[place + 1]) & 0x3F) << 6 | np.int64(text[place + 2]) & 0x3F
    else:
        code = (
            (first & 0x07) << 18
            | (np.int64(text[place + 1]) & 0x3F) << 12
            | (np.int64(text[place + 2]) & 0x3F) << 6
            | np.int64(text[place + 3]) & 0x3F
        )
    if code < _PLANES:
        return np.int64(kinds[code])
    return np.int64(_UNSPACED) if code < _HAN_PLANES else np.int64(_NONE)


@numba.njit(cache=True, nogil=True)
def _is_whole(text, begin, stop, start, end, left, right, kinds):  # type: ignore[no-untyped-def]
    """Whether `text[start:end]` cuts no word of `text[begin:stop]`."""
    left, right = np.int64(left), np.int64(right)
    if start > begin and left in (_SPACED, _HANGUL):
        place = start - 1
        while place > begin and text[place] & 0xC0 == 0x80:
            place -= 1
        before = _kind_at(text, place, kinds)
        if before in (left, _MARK):
            return False
    if end < stop and right != _NONE:
        after = _kind_at(text, end, kinds)
        if after == _MARK or (after == right and right != _UNSPACED):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _count(text, ends, classes, table, found, lengths, shorter, left, right, kinds, counts, hits):  # type: ignore[no-untyped-def]
    begin = 0
    for index in range(len(ends)):
        state, free = 0, begin
        for place in range(begin, ends[index]):
            state = table[state, classes[text[place]]]
            entry = found[state]
            while entry >= 0:
                start, end = place + 1 - lengths[entry], place + 1
                if start >= free and _is_whole(text, begin, ends[index], start, end, left[entry], right[entry], kinds):
                    counts[index] += 1
                    hits[entry] += 1
                    free = end
                    break
                entry = shorter[entry]
        begin = ends[index]
