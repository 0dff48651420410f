"""Compiled loops from code points to words: counts, lengths and hashes without a Python string for each word."""

from __future__ import annotations

import numba
import numpy as np

from curation.quality import characters as c
from curation.quality.kernels import HASH_BASE

# Flags of a word.
HAS_ALPHA, HAS_ALPHABETIC, HAS_SYMBOL, IS_SYMBOL, IS_STOP_WORD, IS_STOP_WORD_LOWERED = 1, 2, 4, 8, 16, 32

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_LONGEST_STOP_WORD = 4
# A word of at most four ASCII characters as one number.
_PACKED = np.sort(np.array([int.from_bytes(word.encode(), "little") for word in STOP_WORDS], np.int64))

# NeMo Curator's marks of ellipsis without white space, in the same form where they are short enough, else as lists.
_MARKS = ("...", "[...]", "…", "(...)", "[…]", "-»")
_MARK_CODES = np.zeros((len(_MARKS), 5), np.uint32)
_MARK_LENGTHS = np.array([len(mark) for mark in _MARKS], np.int64)
for _place, _mark in enumerate(_MARKS):
    _MARK_CODES[_place, : len(_mark)] = [ord(character) for character in _mark]

# Values of Word_Break, as numbered by `characters.WORD_BREAKS`.
_CR, _LF, _NEWLINE, _EXTEND, _ZWJ, _FORMAT = range(1, 7)
_BLANK, _HEBREW, _ALETTER, _DOUBLE_QUOTE, _MID_LETTER, _SINGLE_QUOTE, _MID_NUM_LET, _MID_NUM = range(8, 16)
_NUMERIC, _KATAKANA, _EXTEND_NUM_LET = 16, 17, 18


@numba.njit("uint64(uint64, uint32)", cache=True, inline="always")
def _extend_hash(value, code):  # type: ignore[no-untyped-def]
    mixed = np.uint64(code) + np.uint64(0x9E3779B97F4A7C15)  # splitmix64
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value * HASH_BASE + (mixed ^ (mixed >> np.uint64(31)))


@numba.njit("boolean(int64)", cache=True, inline="always")
def _is_stop_word(packed):  # type: ignore[no-untyped-def]
    found = False
    for place in range(_PACKED.shape[0]):
        found |= _PACKED[place] == packed
    return found


@numba.njit("int64(uint32[::1], uint32[::1], uint64[::1], int64[::1], uint8[::1])", cache=True)
def split_words(codes, table, hashes, lengths, flags):  # type: ignore[no-untyped-def]
    """Words between white space, as `str.split` finds them; returns how many, the outputs have room for all."""
    words = 0
    place = 0
    size = codes.shape[0]
    while place < size:
        if table[codes[place]] & c.SPACE:
            place += 1
            continue
        start = place
        value = np.uint64(0)
        bits = 0
        runs = 0  # of `#`
        previous = np.uint32(0)
        while place < size:
            code = codes[place]
            entry = table[code]
            if entry & c.SPACE:
                break
            bits |= entry
            if code == 35:
                runs += previous != 35
            value = _extend_hash(value, code)
            if code == 35 or code == 0x2026:
                bits |= 1 << 31
            previous = code
            place += 1
        length = place - start
        flag = 0
        if bits & c.ALPHA:
            flag |= HAS_ALPHA
        if bits & c.ALPHABETIC:
            flag |= HAS_ALPHABETIC
        if bits & (1 << 31):
            flag |= HAS_SYMBOL
        if 2 * runs > length:
            flag |= IS_SYMBOL
        if length <= 5:
            for mark in range(_MARK_LENGTHS.shape[0]):
                if _MARK_LENGTHS[mark] == length:
                    same = True
                    for offset in range(length):
                        same &= codes[start + offset] == _MARK_CODES[mark, offset]
                    if same:
                        flag |= IS_SYMBOL
        if length <= _LONGEST_STOP_WORD:
            packed = np.int64(0)
            lowered = np.int64(0)
            for offset in range(length):
                letter = min(np.int64(codes[start + offset]), np.int64(255))
                packed |= letter << (8 * offset)
                lowered |= (letter + (32 if 65 <= letter <= 90 else 0)) << (8 * offset)
            if _is_stop_word(packed):
                flag |= IS_STOP_WORD
            if _is_stop_word(lowered):
                flag |= IS_STOP_WORD_LOWERED
        hashes[words] = value
        lengths[words] = length
        flags[words] = flag
        words += 1
    return words


@numba.njit("int64(uint32[::1], uint32[::1])", cache=True)
def count_fasttext_words(codes, table):  # type: ignore[no-untyped-def]
    """Words of fastText's tokenizer whose first character is a letter or digit."""
    words = 0
    inside = False
    for place in range(codes.shape[0]):
        entry = table[codes[place]]
        if entry & c.FASTTEXT_SPACE:
            inside = False
        elif not inside:
            inside = True
            words += (entry & c.ALNUM) != 0
    return words


@numba.njit("int64(uint32[::1], uint32[::1], int64)", cache=True)
def _next_break(codes, table, place):  # type: ignore[no-untyped-def]
    """Word_Break of the next character that is not Extend, Format or ZWJ, 0 at the end."""
    for ahead in range(place, codes.shape[0]):
        found = np.int64(table[codes[ahead]] >> np.uint32(c.WORD_BREAK_SHIFT))
        if not _EXTEND <= found <= _FORMAT:
            return found
    return np.int64(0)


@numba.njit("boolean(int64, int64, int64, int64)", cache=True, inline="always")
def _joins(before, previous, current, following):  # type: ignore[no-untyped-def]
    """Rules WB5 to WB13b: whether no boundary lies between `previous` and `current`."""
    letter = _HEBREW <= current <= _ALETTER
    after_letter = _HEBREW <= previous <= _ALETTER
    return (
        (after_letter and letter)
        or (after_letter and _MID_LETTER <= current <= _MID_NUM_LET and _HEBREW <= following <= _ALETTER)
        or (_HEBREW <= before <= _ALETTER and _MID_LETTER <= previous <= _MID_NUM_LET and letter)
        or (previous == _HEBREW and current == _SINGLE_QUOTE)
        or (previous == _HEBREW and current == _DOUBLE_QUOTE and following == _HEBREW)
        or (before == _HEBREW and previous == _DOUBLE_QUOTE and current == _HEBREW)
        or ((previous == _NUMERIC or after_letter) and current == _NUMERIC)
        or (previous == _NUMERIC and letter)
        or (before == _NUMERIC and _SINGLE_QUOTE <= previous <= _MID_NUM and current == _NUMERIC)
        or (previous == _NUMERIC and _SINGLE_QUOTE <= current <= _MID_NUM and following == _NUMERIC)
        or (previous == _KATAKANA and current == _KATAKANA)
        or (current == _EXTEND_NUM_LET and (after_letter or _NUMERIC <= previous <= _EXTEND_NUM_LET))
        or (previous == _EXTEND_NUM_LET and (letter or _NUMERIC <= current <= _KATAKANA))
    )


@numba.njit("int64(uint32[::1], uint32[::1], uint64[::1], int64[::1])", cache=True)
def unicode_words(codes, table, hashes, lengths):  # type: ignore[no-untyped-def]
    """Words by Unicode's default word boundaries (UAX #29) whose first character is a letter or digit.

    Returns how many. Boundaries between regional indicators are not looked for: no such word can begin at one.
    """
    words = 0
    counted = False  # whether the present word is
    value = np.uint64(0)
    length = 0
    raw_previous = np.int64(0)  # Word_Break of the character before
    previous = np.int64(0)  # the same without Extend, Format and ZWJ
    before = np.int64(0)  # and the one before that
    size = codes.shape[0]
    for place in range(size):
        entry = table[codes[place]]
        current = np.int64(entry >> np.uint32(c.WORD_BREAK_SHIFT))
        if place == 0:
            joined = False
        elif raw_previous == _CR and current == _LF:
            joined = True
        elif _CR <= raw_previous <= _NEWLINE or _CR <= current <= _NEWLINE:
            joined = False
        elif (
            _EXTEND <= current <= _FORMAT
            or (raw_previous == _BLANK and current == _BLANK)
            or (raw_previous == _ZWJ and entry & c.PICTOGRAPHIC)
        ):
            joined = True
        else:
            following = np.int64(0)
            if _DOUBLE_QUOTE <= current <= _MID_NUM and _HEBREW <= previous <= _NUMERIC:
                following = _next_break(codes, table, place + 1)
            joined = _joins(before, previous, current, following)
        raw_previous = current
        if not _EXTEND <= current <= _FORMAT:
            before = previous
            previous = current
        if not joined:
            if counted:
                hashes[words] = value
                lengths[words] = length
                words += 1
            counted = (entry & c.ALNUM) != 0
            value = np.uint64(0)
            length = 0
        if counted:
            value = _extend_hash(value, codes[place])
            length += 1
    if counted:
        hashes[words] = value
        lengths[words] = length
        words += 1
    return words


@numba.njit("void(uint32[::1], uint32[::1], int64[::1])", cache=True)
def count_characters(codes, table, out):  # type: ignore[no-untyped-def]
    """How many characters have each of the bits NEMO_PLAIN, NEMO_DIGIT, NEMO_SPACE and NEMO_BRACKET."""
    out[:] = 0
    for place in range(codes.shape[0]):
        entry = table[codes[place]]
        out[0] += (entry & c.NEMO_PLAIN) != 0
        out[1] += (entry & c.NEMO_DIGIT) != 0
        out[2] += (entry & c.NEMO_SPACE) != 0
        out[3] += (entry & c.NEMO_BRACKET) != 0


@numba.njit("int64(uint32[::1], uint32[::1], int64[::1], int64[::1], int64[::1])", cache=True)
def count_in_lines(codes, table, sizes, uppers, digits):  # type: ignore[no-untyped-def]
    """For each line between line feeds: characters, upper-case characters, digits. Returns the number of lines."""
    line = 0
    sizes[0] = uppers[0] = digits[0] = 0
    for place in range(codes.shape[0]):
        if codes[place] == 10:
            line += 1
            sizes[line] = uppers[line] = digits[line] = 0
            continue
        entry = table[codes[place]]
        sizes[line] += 1
        uppers[line] += (entry & c.UPPER) != 0
        digits[line] += (entry & c.DIGIT) != 0
    return line + 1
