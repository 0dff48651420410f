"""Compiled loops that read a text: characters by script, words, and the sums of a fastText model's vectors."""

from __future__ import annotations

import numba
import numpy as np

from curation.language.scripts import (
    CODE_CLASS,
    HAN,
    HANGUL,
    KANA,
    MAX_WORD,
    OTHER_LETTER,
    REST_CLASS,
    SPACE_CLASS,
)

PIECE_WORDS = 60

CACHE = 1 << 16  # entries; 8 MB with vectors of 24 numbers
_KEY_BYTES = 24  # longer words are computed anew each time
_COUNT, VECTOR = 6, 8  # of an entry, in units of four bytes: after the key, how many features, and their sum
_STATEMENT = 200  # visible characters of the longest line that its last character makes code
_WORD_BYTES = 4 * MAX_WORD + 2
_FNV_START, _FNV_PRIME = 2166136261, 16777619


@numba.njit("uint32(uint8[::1], int64, int64)", cache=True)
def _hash(characters, start, end):  # type: ignore[no-untyped-def]
    """fastText's: FNV-1a of bytes, each widened with its sign."""
    value = np.uint32(_FNV_START)
    for place in range(start, end):
        byte = np.uint32(characters[place])
        if byte & np.uint32(0x80):
            byte |= np.uint32(0xFFFFFF00)
        value = np.uint32((value ^ byte) * np.uint32(_FNV_PRIME))
    return value


@numba.njit("void(int32[::1], uint8[::1], int64[::1])", cache=True)
def fill_table(table, characters, starts):  # type: ignore[no-untyped-def]
    """Enter the words `characters[starts[i]:starts[i + 1]]` by hash into a table of -1s, its size a power of two."""
    for word in range(len(starts) - 1):
        slot = np.int64(_hash(characters, starts[word], starts[word + 1])) & (len(table) - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = word


@numba.njit("int64(int32[::1], uint8[::1], int64[::1], uint8[::1], int64, int64)", cache=True)
def _find(table, characters, starts, buffer, start, end):  # type: ignore[no-untyped-def]
    """The number of the word `buffer[start:end]`, -1 for one that is not known."""
    slot = np.int64(_hash(buffer, start, end)) & (len(table) - 1)
    while table[slot] >= 0:
        word = table[slot]
        first = starts[word]
        if starts[word + 1] - first == end - start:
            same = True
            for k in range(end - start):
                if characters[first + k] != buffer[start + k]:
                    same = False
                    break
            if same:
                return np.int64(word)
        slot = (slot + 1) & (len(table) - 1)
    return np.int64(-1)


@numba.njit("int64(uint8[::1], int64, uint32)", cache=True, inline="always")
def _encode(buffer, place, code):  # type: ignore[no-untyped-def]
    """Write a code point as UTF-8; the place after it."""
    if code < 0x80:
        buffer[place] = code
        return place + 1
    if code < 0x800:
        buffer[place] = 0xC0 | (code >> 6)
        buffer[place + 1] = 0x80 | (code & 0x3F)
        return place + 2
    if code < 0x10000:
        buffer[place] = 0xE0 | (code >> 12)
        buffer[place + 1] = 0x80 | ((code >> 6) & 0x3F)
        buffer[place + 2] = 0x80 | (code & 0x3F)
        return place + 3
    buffer[place] = 0xF0 | (code >> 18)
    buffer[place + 1] = 0x80 | ((code >> 12) & 0x3F)
    buffer[place + 2] = 0x80 | ((code >> 6) & 0x3F)
    buffer[place + 3] = 0x80 | (code & 0x3F)
    return place + 4


@numba.njit("void(float32[::1], float32[::1])", cache=True, inline="always")
def _add(total, vector):  # type: ignore[no-untyped-def]
    for d in range(len(total)):
        total[d] += vector[d]


@numba.njit(
    "int64(uint8[::1], int64, float32[:, ::1], int32[::1], int64[::1], int32[::1], uint8[::1], int64[::1],"
    " float32[::1])",
    cache=True,
)
def _compute(buffer, end, matrix, buckets, ngrams, table, characters, starts, vector):  # type: ignore[no-untyped-def]
    """Sum the vectors of the word `buffer[1:end]` (`buffer[0]` is `<`) into `vector`; how many there were."""
    vector[:] = np.float32(0.0)
    count = 0
    word = _find(table, characters, starts, buffer, 1, end)
    rows = np.empty(1000, np.int64)
    if word >= 0:
        rows[count] = word
        count += 1
    buffer[end] = 0x3E  # `>`
    last = end + 1
    minn, maxn = ngrams[0], ngrams[1]
    size = np.uint32(len(buckets))
    for first in range(last):
        if buffer[first] & 0xC0 == 0x80:
            continue
        value = np.uint32(_FNV_START)
        place, length = first, 1
        while place < last and length <= maxn:
            while True:
                byte = np.uint32(buffer[place])
                if byte & np.uint32(0x80):
                    byte |= np.uint32(0xFFFFFF00)
                value = np.uint32((value ^ byte) * np.uint32(_FNV_PRIME))
                place += 1
                if place >= last or buffer[place] & 0xC0 != 0x80:
                    break
            if length >= minn and not (length == 1 and (first == 0 or place == last)):
                row = buckets[np.int64(value % size)]
                if row >= 0:
                    rows[count] = row
                    count += 1
            length += 1
    for k in range(count):
        _add(vector, matrix[rows[k]])
    return count


@numba.njit("int64(int32[::1])", cache=True, inline="always")
def _weighted(counts):  # type: ignore[no-untyped-def]
    """Letters; one of Han, Kana or Hangul says as much as three."""
    total = 2 * (counts[HAN] + counts[KANA] + counts[HANGUL])
    for k in range(OTHER_LETTER + 1):
        total += counts[k]
    return total


@numba.njit("void(int32[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])", cache=True)
def describe(counts, visible, letters, weighted, script, most):  # type: ignore[no-untyped-def]
    """Fill the arrays of `Facts`, all zero, from the characters of each class in each piece."""
    for row in range(len(counts)):
        for k in range(OTHER_LETTER + 1):
            letters[row] += counts[row, k]
        visible[row] = letters[row] + counts[row, CODE_CLASS] + counts[row, REST_CLASS]
        weighted[row] = _weighted(counts[row])
        both = counts[row, HAN] + counts[row, KANA]
        japanese = 10 * counts[row, KANA] >= both
        for k in range(OTHER_LETTER + 1):
            count = counts[row, k]
            if k == KANA:
                count = both if japanese else 0
            elif k == HAN:
                count = 0 if japanese else both
            if count > most[row]:
                most[row] = count
                script[row] = k


@numba.njit(
    "int64(uint32[::1], uint8[::1], uint32[::1], float32[:, ::1], int32[::1], int64[::1], int32[::1], uint8[::1],"
    " int64[::1],"
    " uint64[:, ::1], float32[:, ::1], int32[:, ::1],"
    " int64[::1], int64[::1], int32[:, ::1], int32[::1], float32[:, ::1], int32[::1], int64, int64)",
    cache=True,
)
def read_pieces(  # type: ignore[no-untyped-def]
    codes, classes, lower, matrix, buckets, ngrams, table, characters, starts, keys, vectors, known,
    first, last, counts, features, sums, code, most_words, least_letters,
):  # fmt: skip
    """Read the code points `codes` into the arrays of `Pieces`; how many pieces there are.

    `keys`, `vectors` and `known` are one table of words met, seen as three types; it is read and written.
    """
    dimension = matrix.shape[1]
    buffer = np.zeros(_WORD_BYTES + 8, np.uint8)
    buffer[0] = 0x3C  # `<`
    own = np.zeros(dimension, np.float32)
    piece = words = 0
    marks = line_visible = part = 0  # of the line: code marks, visible characters, those of them not yet counted
    ending = False  # whether the line's last visible character ends a statement
    line = begun = 0  # the line, and the first piece that is of this line alone
    place, length = 1, 0  # of the word in the buffer: bytes and characters
    n = len(codes)
    skipped = False  # within an address, up to the next white space
    for i in range(n + 1):
        character = codes[i] if i < n else np.uint32(10)
        if character >= 0x80:
            if character < len(lower):
                character = lower[character]
        elif 0x41 <= character <= 0x5A:
            character += np.uint32(32)
        kind = classes[character]
        if skipped:
            skipped = kind != SPACE_CLASS
            if skipped:
                continue
        in_word = kind != SPACE_CLASS and (character >= 0x80 or character == 0x27 or 0x61 <= character <= 0x7A)
        if in_word:
            if length < MAX_WORD:
                place = _encode(buffer, place, character)
                if i < n and codes[i] == 0x130:  # the only character whose lower case is two
                    place = _encode(buffer, place, np.uint32(0x307))
            length += 1
        elif length:
            if length <= MAX_WORD and words < most_words:
                end = place
                if end - 1 <= _KEY_BYTES:
                    for k in range(end, 1 + _KEY_BYTES):
                        buffer[k] = 0
                    a = b = c = np.uint64(0)
                    for k in range(8):
                        a = (a << np.uint64(8)) | np.uint64(buffer[1 + k])
                        b = (b << np.uint64(8)) | np.uint64(buffer[9 + k])
                        c = (c << np.uint64(8)) | np.uint64(buffer[17 + k])
                    mixed = a * np.uint64(0x9E3779B97F4A7C15) + b * np.uint64(0xC2B2AE3D27D4EB4F)
                    mixed = (mixed ^ (mixed >> np.uint64(29)) ^ c) * np.uint64(0xBF58476D1CE4E5B9)
                    slot = np.int64(mixed >> np.uint64(40)) & (CACHE - 1)
                    if keys[slot, 0] != a or keys[slot, 1] != b or keys[slot, 2] != c:
                        known[slot, _COUNT] = _compute(
                            buffer, end, matrix, buckets, ngrams, table, characters, starts, vectors[slot, VECTOR:]
                        )
                        keys[slot, 0], keys[slot, 1], keys[slot, 2] = a, b, c
                    features[piece] += known[slot, _COUNT]
                    _add(sums[piece], vectors[slot, VECTOR:])
                else:
                    features[piece] += _compute(buffer, end, matrix, buckets, ngrams, table, characters, starts, own)
                    _add(sums[piece], own)
            words += 1
            place, length = 1, 0
        if kind != SPACE_CLASS:
            counts[piece, kind] += 1
            part += 1
            if kind >= CODE_CLASS:
                if kind == CODE_CLASS:
                    marks += 1
                    ending = character == 0x7B or character == 0x7D  # { }
                else:
                    ending = character == 0x3B  # ;
                    if character == 0x40 and i > 0 and classes[codes[i - 1]] != SPACE_CLASS:
                        skipped = True  # of name@domain, the domain
                    elif character == 0x2E and i >= 3 and codes[i - 1] == codes[i - 2] == codes[i - 3] == 0x77:
                        skipped = True  # www.
                    elif character == 0x3A and i + 2 < n and codes[i + 1] == codes[i + 2] == 0x2F:
                        skipped = True  # ://
            else:
                ending = False
        full = words >= PIECE_WORDS and not in_word
        if full or character == 10:
            if part:
                if first[piece] < 0:
                    first[piece] = line
                last[piece] = line
                line_visible += part
            if character == 10:
                # Two marks or more, a tenth of what is visible; or a statement's end.
                if (ending and line_visible <= _STATEMENT) or (marks >= 2 and 10 * marks > line_visible):
                    for k in range(begun, piece):
                        code[k] = counts[k].sum()
                    code[piece] += part
                full = full or begun < piece or i == n or _weighted(counts[piece]) >= least_letters
            part = 0
            if full and first[piece] >= 0:
                piece += 1
                words = 0
            if character == 10:
                line += 1
                begun = piece
                marks = line_visible = 0
                ending = False
    return piece


@numba.njit("float64[:, ::1](float32[:, ::1], int32[::1], float32[:, ::1])", cache=True)
def softmax(sums, features, output):  # type: ignore[no-untyped-def]
    """float64[n, labels]: probabilities for n sums of so many vectors; `output` is [dimension, labels]."""
    rows, labels = len(sums), output.shape[1]
    found = np.zeros((rows, labels), np.float64)
    scores = np.zeros(labels, np.float64)
    for row in range(rows):
        scores[:] = 0.0
        size = np.float32(max(features[row], 1))
        for d in range(sums.shape[1]):
            value = np.float64(sums[row, d] / size)
            for k in range(labels):
                scores[k] += value * output[d, k]
        best = scores.max()
        total = 0.0
        for k in range(labels):
            found[row, k] = np.exp(scores[k] - best)
            total += found[row, k]
        for k in range(labels):
            found[row, k] /= total
    return found
