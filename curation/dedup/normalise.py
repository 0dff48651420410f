"""`normalise@1`: the words that near-duplicate detection compares.

After the simplification that datatrove applies for FineWeb (`utils/text.py`: lower case, numbers, punctuation, white
space, NFD without marks), restated character by character so that it is one table look-up and linear on any input
(Unicode normalisation of a whole text is quadratic in a run of combining marks). For each character in turn:

1. its lower case (final sigma as sigma), canonically decomposed (NFD);
2. nonspacing and enclosing marks and format characters (Mn, Me, Cf) are dropped;
3. a run of decimal digits (Nd) becomes one `0`;
4. letters, spacing marks and other numbers (L, Mc, Nl, No) are word characters; all else separates words;
5. in scripts written without spaces (Han, Hiragana, Katakana, Bopomofo, Thai, Lao, Burmese, Khmer) every word
   character is a word of its own.

A published name is a promise: a change to any of this is `normalise@2`. Characters are classified by the Unicode
version of the Python that runs, so one assigned later than that separates words.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NAME = "normalise@1"

# Table entries: one of these three, or a word character's code point, or a flagged value. No code point below 3 is a
# word character, and none needs bit 30 or 31.
BREAK, DIGIT, DROP = 0, 1, 2
ALONE = 1 << 31  # the rest is a code point that is a word of its own
EXPAND = 1 << 30  # the rest is a place in `expansions`, which holds a length and as many entries

SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),  # Han iteration mark and zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3038, 0x303C),
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo extended
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Burmese extended
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # halfwidth Katakana
    (0x1AFF0, 0x1B16F),  # Kana supplements
    (0x20000, 0x3FFFF),  # Han
)
"""First and last code points of scripts written without spaces between words."""
# Beyond these ranges no character of Unicode 17 is anything but a separator.
_ASSIGNED = (range(0x33480), range(0xE0000, 0xE0200))


class Table(NamedTuple):
    """What each code point becomes: `entries` by code point, and `expansions` of those that become several."""

    entries: NDArray[np.uint32]
    expansions: NDArray[np.uint32]


@functools.cache
def ascii_table() -> Table:
    """The table of the first 128 code points, made at once."""
    return _table((range(128),), 256)


@functools.cache
def full_table() -> Table:
    """The table of all code points; a few megabytes, made in some tenths of a second on first use."""
    return _table(_ASSIGNED, 0x110000)


def _table(ranges: tuple[range, ...], size: int) -> Table:
    entries = np.full(size, BREAK, np.uint32)
    expansions: list[int] = []
    for code_points in ranges:
        for code_point in code_points:
            become = _become(chr(code_point))
            if len(become) == 1:
                entries[code_point] = become[0]
            elif become:
                entries[code_point] = EXPAND | len(expansions)
                expansions += [len(become), *become]
            else:
                entries[code_point] = DROP
    return Table(entries, np.array(expansions or [0], np.uint32))


def _become(character: str) -> list[int]:
    entries = []
    for part in unicodedata.normalize("NFD", character.lower()):
        category = unicodedata.category(part)
        if category in ("Mn", "Me", "Cf"):
            continue
        if category == "Nd":
            entries.append(DIGIT)
        elif category[0] in "LMN":
            code_point = 0x3C3 if part == "ς" else ord(part)
            alone = any(first <= code_point <= last for first, last in SPACELESS)
            entries.append(code_point | ALONE if alone else code_point)
        else:
            entries.append(BREAK)
    return entries


def code_points(text: str) -> tuple[NDArray[np.uint8] | NDArray[np.uint32], Table]:
    """The code points of `text`, as bytes where it is ASCII, and the table to read them by."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8), ascii_table()
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), full_table()


def normalise(text: str) -> str:
    """The words of `text` under `normalise@1`, joined by single spaces.

    The readable form of what `curation.dedup.minhash` hashes without building it.
    """
    codes, table = code_points(text)
    parts: list[str] = []
    digits = False
    for entry in table.entries[codes].tolist():
        several = entry & EXPAND and not entry & ALONE
        place = entry & ~EXPAND
        run = table.expansions[place + 1 : place + 1 + int(table.expansions[place])].tolist() if several else (entry,)
        for one in run:
            if one == DROP:
                continue
            if one == BREAK:
                parts.append(" ")
            elif one == DIGIT:
                parts.append("" if digits else "0")
            elif one & ALONE:
                parts.append(f" {chr(one & ~ALONE)} ")
            else:
                parts.append(chr(one))
            digits = one == DIGIT
    return " ".join(word for word in "".join(parts).split(" ") if word)
