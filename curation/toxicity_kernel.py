"""Compiled loops of the toxicity model: words of a normalised text, their windows, and the sums of their features."""

from __future__ import annotations

import numba
import numpy as np

WINDOW = 240
"""Characters of the pieces that are scored, about the length the model learnt."""
MAX_LENGTH = 240
"""Characters of a word that count."""

CACHE = 1 << 15
"""Words whose sums are remembered; 1.4 MB."""
_KEY_BYTES = 24  # longer words are computed anew each time

_FNV_START, _FNV_PRIME = 2166136261, 16777619
_PAIR = 116049371  # fastText's factor for word n-grams
_STAND_INS = np.zeros(256, np.uint8)  # what an ASCII byte inside a word stands for; 0 for nothing
_STAND_INS[np.arange(0x61, 0x7B)] = np.arange(0x61, 0x7B)
for _sign, _letter in zip(b"013457@$", b"oieastas", strict=True):
    _STAND_INS[_sign] = _letter
_STAND_INS[0x2A] = 0x2A  # a star stays
_STRIPPED = np.zeros(256, np.bool_)  # at both ends of a word
_STRIPPED[list(b"*@$0123456789")] = True


@numba.njit(cache=True, nogil=True, inline="always")
def _step(value, byte):  # type: ignore[no-untyped-def]
    """fastText's hash goes on: FNV-1a, each byte widened with its sign."""
    wide = np.uint32(byte)
    if wide & np.uint32(0x80):
        wide |= np.uint32(0xFFFFFF00)
    return np.uint32((value ^ wide) * np.uint32(_FNV_PRIME))


@numba.njit(cache=True, nogil=True)
def hash_of(word):  # type: ignore[no-untyped-def]
    """fastText's hash of a word."""
    value = np.uint32(_FNV_START)
    for byte in word:
        value = _step(value, byte)
    return value


@numba.njit(cache=True, nogil=True)
def fill_table(table, characters, starts):  # type: ignore[no-untyped-def]
    """Enter the words `characters[starts[i]:starts[i + 1]]` by hash into a table of -1s, its size a power of two."""
    for word in range(len(starts) - 1):
        slot = np.int64(hash_of(characters[starts[word] : starts[word + 1]])) & (len(table) - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = word


@numba.njit(cache=True, nogil=True)
def _find(table, characters, starts, buffer, end, value):  # type: ignore[no-untyped-def]
    """The number of the word `buffer[1:end]` whose hash is `value`, -1 for one that is not known."""
    slot = np.int64(value) & (len(table) - 1)
    while table[slot] >= 0:
        word = table[slot]
        first = starts[word]
        if starts[word + 1] - first == end - 1:
            same = True
            for k in range(end - 1):
                if characters[first + k] != buffer[1 + k]:
                    same = False
                    break
            if same:
                return np.int64(word)
        slot = (slot + 1) & (len(table) - 1)
    return np.int64(-1)


@numba.njit(cache=True, nogil=True)
def fold_into(text, start, end, buffer):  # type: ignore[no-untyped-def]
    """Write the word `text[start:end]` as `curation.toxicity_text.fold` has it to `buffer[1:]`; the place after it."""
    while start < end and _STRIPPED[text[start]]:
        start += 1
    while end > start and _STRIPPED[text[end - 1]]:
        end -= 1
    place, run = 1, 0
    for k in range(start, end):
        byte = text[k]
        if byte < 0x80:
            byte = _STAND_INS[byte]
            if byte == 0:
                continue
            run = run + 1 if run and buffer[place - 1] == byte else 1
            if run == 3:
                place -= 1  # of three or more one stays
            if run >= 3:
                continue
        else:
            run = 0
        buffer[place] = byte
        place += 1
    return place


@numba.njit(cache=True, nogil=True)
def _add_word(buffer, end, parts, buckets, minn, maxn, table, characters, starts, sums):  # type: ignore[no-untyped-def]
    """Add the features of the word `buffer[1:end]` to `sums`; their number, and the word's hash."""
    count = 0
    value = hash_of(buffer[1:end])
    word = _find(table, characters, starts, buffer, end, value)
    if word >= 0:
        for k in range(len(sums)):
            sums[k] += parts[word, k]
        count += 1
    buffer[0], buffer[end] = 0x3C, 0x3E  # < >
    last = end + 1
    size = np.uint32(len(buckets))
    for first in range(last):
        if buffer[first] & 0xC0 == 0x80:
            continue
        gram = np.uint32(_FNV_START)
        place, length = first, 1
        while place < last and length <= maxn:
            while True:
                gram = _step(gram, buffer[place])
                place += 1
                if place >= last or buffer[place] & 0xC0 != 0x80:
                    break
            if length >= minn and not (length == 1 and (first == 0 or place == last)):
                row = buckets[np.int64(gram % size)]
                if row >= 0:
                    for k in range(len(sums)):
                        sums[k] += parts[row, k]
                    count += 1
            length += 1
    return count, value


@numba.njit(cache=True)
def _known_word(buffer, end, parts, buckets, minn, maxn, table, characters, starts, keys, known, sums):  # type: ignore[no-untyped-def]
    """`_add_word` by way of the table of words met: `keys` are their bytes, `known` sums, number and hash."""
    if end - 1 > _KEY_BYTES:
        return _add_word(buffer, end, parts, buckets, minn, maxn, table, characters, starts, sums)
    a = b = c = np.uint64(0)
    for k in range(1, end):
        a, b, c = a << np.uint64(8) | b >> np.uint64(56), b << np.uint64(8) | c >> np.uint64(56), c << np.uint64(8)
        c |= np.uint64(buffer[k])
    mixed = (a * np.uint64(0x9E3779B97F4A7C15) + b) * np.uint64(0xC2B2AE3D27D4EB4F) + c
    slot = np.int64((mixed * np.uint64(0xBF58476D1CE4E5B9)) >> np.uint64(40)) & (CACHE - 1)
    width = len(sums)
    if keys[slot, 0] != a or keys[slot, 1] != b or keys[slot, 2] != c:
        own = np.zeros(width, np.int64)
        found, value = _add_word(buffer, end, parts, buckets, minn, maxn, table, characters, starts, own)
        known[slot, :width] = own
        known[slot, width], known[slot, width + 1] = found, value
        keys[slot, 0], keys[slot, 1], keys[slot, 2] = a, b, c
    for k in range(width):
        sums[k] += known[slot, k]
    return known[slot, width], np.uint32(known[slot, width + 1])


@numba.njit(cache=True, nogil=True)
def _add_pair(one, other, parts, buckets, sums):  # type: ignore[no-untyped-def]
    """Add the feature of two neighbouring words, given their hashes; how many there were."""
    value = np.uint64(np.int64(np.int32(one))) * np.uint64(_PAIR) + np.uint64(np.int64(np.int32(other)))
    row = buckets[np.int64(value % np.uint64(len(buckets)))]
    if row < 0:
        return 0
    for k in range(len(sums)):
        sums[k] += parts[row, k]
    return 1


@numba.njit(cache=True, nogil=True)
def _words(text, size):  # type: ignore[no-untyped-def]
    """Start, end (of at most `MAX_LENGTH` characters), characters and line of every word."""
    most = size // 2 + 1
    start, end = np.empty(most, np.int64), np.empty(most, np.int64)
    length, line = np.empty(most, np.int64), np.empty(most, np.int64)
    count, lines, place = 0, 0, 0
    while place < size:
        byte = text[place]
        if byte == 0x0A or byte == 0x20:
            lines += byte == 0x0A
            place += 1
            continue
        start[count], line[count] = place, lines
        characters, cut = 0, -1
        while place < size and text[place] != 0x0A and text[place] != 0x20:
            if text[place] & 0xC0 != 0x80:
                if characters == MAX_LENGTH and cut < 0:
                    cut = place
                characters += 1
            place += 1
        end[count] = place if cut < 0 else cut
        length[count] = min(characters, MAX_LENGTH)
        count += 1
    return start[:count], end[:count], length[:count], line[:count]


@numba.njit(cache=True)
def windows(text, size, parts, buckets, ngrams, end_hash, end_word, table, characters, starts, keys, known):  # type: ignore[no-untyped-def]
    """Line, characters, number of features and their sums for every window of `text[:size]`.

    Lines are cut into even windows of about at most `WINDOW` characters, at words. `keys` (all zero, as no word is,
    at first) and `known` are a table of words met; it is written, so the lock of the interpreter is kept.
    """
    start, end, length, line = _words(text, size)
    n = len(start)
    of_line, width = np.empty(n, np.int64), np.zeros(n, np.int64)
    features, sums = np.zeros(n, np.int64), np.zeros((n, parts.shape[1]), np.int64)
    buffer = np.zeros(4 * MAX_LENGTH + 2, np.uint8)
    count = word = 0
    while word < n:
        stop, line_length = word, 0
        while stop < n and line[stop] == line[word]:
            line_length += length[stop] + 1
            stop += 1
        pieces = -(-line_length // WINDOW)
        offset, piece = 0, -1
        before, has_before = np.uint32(0), False
        while word < stop:
            here = offset * pieces // line_length
            if here != piece:
                if piece >= 0:
                    count += _end(has_before, before, end_hash, end_word, parts, buckets, features, sums, count)
                piece, has_before = here, False
                of_line[count] = line[word]
            offset += length[word] + 1
            width[count] += length[word]
            place = fold_into(text, start[word], end[word], buffer)
            if place > 1:
                found, value = _known_word(
                    buffer, place, parts, buckets, ngrams[0], ngrams[1], table, characters, starts, keys, known,
                    sums[count],
                )  # fmt: skip
                features[count] += found
                if has_before:
                    features[count] += _add_pair(before, value, parts, buckets, sums[count])
                before, has_before = value, True
            word += 1
        count += _end(has_before, before, end_hash, end_word, parts, buckets, features, sums, count)
    return of_line[:count], width[:count], features[:count], sums[:count]


@numba.njit(cache=True, nogil=True)
def _end(has_before, before, end_hash, end_word, parts, buckets, features, sums, count):  # type: ignore[no-untyped-def]
    """Add what the end of the line says to a window that has anything else; 1, for one window more."""
    if has_before and features[count] > 0:
        features[count] += _add_pair(before, np.uint32(end_hash), parts, buckets, sums[count])
        if end_word >= 0:
            for k in range(parts.shape[1]):
                sums[count, k] += parts[end_word, k]
            features[count] += 1
    return 1


@numba.njit(cache=True, nogil=True)
def tail_means(values, characters, bounds, share, least):  # type: ignore[no-untyped-def]
    """float64[texts, columns]: of each text, windows `bounds[i]` to `bounds[i + 1]`, the mean of each column of values
    over that `share` of its characters where it is highest, but over `least` of them; 0 without a window."""
    texts, columns = len(bounds) - 1, values.shape[1]
    means = np.zeros((texts, columns))
    for text in range(texts):
        first, last = bounds[text], bounds[text + 1]
        total = float(characters[first:last].sum())
        tail = min(total, max(least, share * total))
        for column in range(columns):
            if last - first == 1:
                means[text, column] = values[first, column]
                continue
            left = tail
            for row in np.argsort(-values[first:last, column], kind="mergesort"):
                taken = min(left, float(characters[first + row]))
                means[text, column] += taken * values[first + row, column]
                left -= taken
                if left <= 0:
                    break
            if tail > 0:
                means[text, column] /= tail
    return means
