"""Compiled loops of the signal pass over arrays of token numbers.

Signatures are explicit and compiled code is cached on disk, so only the first import on a machine compiles.
"""

from __future__ import annotations

import numba
import numpy as np

HASH_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)

# Columns of a row of the chunk table.
FIRST, COUNT, BREAKS_PLAIN, BREAKS_AFTER_END, STATE = range(5)
CHUNK_COLUMNS = 5
# Bits of STATE: whether a sentence end is pending after the chunk, by what was pending before it; neighbours matter.
ENDS_PLAIN, ENDS_AFTER_END, CONTEXTUAL = 1, 2, 4

# Bits of a token's flags: one for each stop word, then these.
WORD, ALPHABETIC = 1 << 8, 1 << 9

# Bits of a line's kind: in the original text, in the text that FineWeb's edits leave, in what datatrove's C4 leaves.
ORIGINAL, EDITED, ENDED = 1, 2, 4

TOP_SIZES = (2, 3, 4)
REPEATED_SIZES = (5, 6, 7, 8, 9, 10)
# Places in the output of `measure_tokens`.
TOKENS, WORDS, WORD_CHARACTERS, ALPHABETIC_TOKENS, STOP_WORDS_SEEN, SENTENCES, ENDED_SENTENCES, EDITED_TOKENS = range(8)
TOP, REPEATED, TOP_COUNTS, OUTPUTS = 8, 11, 17, 20


@numba.njit("void(uint32[::1], int64[::1], uint64[::1], uint64[::1])", cache=True)
def hash_tokens(codes, lengths, hashes, powers):  # type: ignore[no-untyped-def]
    """Polynomial hashes of tokens laid end to end in `codes`, and the base to the power of each length.

    With them the hash of a concatenation is `hash(a) * power(b) + hash(b)`, modulo 2**64.
    """
    place = 0
    for token in range(lengths.shape[0]):
        value = np.uint64(0)
        power = np.uint64(1)
        for _ in range(lengths[token]):
            mixed = np.uint64(codes[place]) + np.uint64(0x9E3779B97F4A7C15)  # splitmix64
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            value = value * HASH_BASE + (mixed ^ (mixed >> np.uint64(31)))
            power = power * HASH_BASE
            place += 1
        hashes[token] = value
        powers[token] = power


@numba.njit("int64(int32[::1], int32[:, ::1])", cache=True)
def count_contextual(chunk_ids, chunks):  # type: ignore[no-untyped-def]
    """How many of the chunks have tokens that their neighbours could change."""
    found = 0
    for place in range(chunk_ids.shape[0]):
        if chunks[chunk_ids[place], STATE] & CONTEXTUAL:
            found += 1
    return found


@numba.njit(
    "void(int32[::1], int64[::1], uint8[::1], int32[:, ::1], int32[::1], int32[::1], uint16[::1], uint64[::1],"
    " uint64[::1], int64[::1])",
    cache=True,
)
def measure_tokens(  # type: ignore[no-untyped-def]
    chunk_ids, line_starts, line_kinds, chunks, chunk_tokens, lengths, flags, hashes, powers, out
):
    """Counts over the tokens of one document.

    Line k holds `chunk_ids[line_starts[k]:line_starts[k + 1]]`; `chunks` and `chunk_tokens` say which tokens a chunk
    has, the four arrays after them are indexed by token. `out` (OUTPUTS) receives the counts.
    """
    total = 0
    sentences = 0
    ended_sentences = 0
    edited_tokens = 0
    for line in range(line_kinds.shape[0]):
        line_tokens = 0
        breaks = 0
        pending = False
        for place in range(line_starts[line], line_starts[line + 1]):
            chunk = chunk_ids[place]
            line_tokens += chunks[chunk, COUNT]
            if pending:
                breaks += chunks[chunk, BREAKS_AFTER_END]
                pending = chunks[chunk, STATE] & ENDS_AFTER_END != 0
            else:
                breaks += chunks[chunk, BREAKS_PLAIN]
                pending = chunks[chunk, STATE] & ENDS_PLAIN != 0
        if line_kinds[line] & ORIGINAL:
            total += line_tokens
        if line_kinds[line] & EDITED:
            edited_tokens += line_tokens
            sentences += 1 + breaks
        if line_kinds[line] & ENDED:
            ended_sentences += 1 + breaks

    tokens = np.empty(total, np.int32)
    filled = 0
    for line in range(line_kinds.shape[0]):
        if line_kinds[line] & ORIGINAL:
            for place in range(line_starts[line], line_starts[line + 1]):
                chunk = chunk_ids[place]
                for offset in range(chunks[chunk, COUNT]):
                    tokens[filled] = chunk_tokens[chunks[chunk, FIRST] + offset]
                    filled += 1

    words = 0
    word_characters = 0
    alphabetic = 0
    seen = 0
    size = np.empty(total, np.int64)  # characters of the n-gram that begins here, without separators
    value = np.empty(total, np.uint64)  # hash of that n-gram's concatenation
    separated = np.empty(total, np.uint64)  # hash of its tokens
    first_size = np.empty(total, np.int64)
    first_value = np.empty(total, np.uint64)
    first_power = np.empty(total, np.uint64)
    for place in range(total):
        token = tokens[place]
        flag = flags[token]
        length = lengths[token]
        seen |= flag
        if flag & WORD:
            words += 1
            word_characters += length
        if flag & ALPHABETIC:
            alphabetic += 1
        first_size[place] = size[place] = length
        first_value[place] = value[place] = hashes[token]
        first_power[place] = powers[token]
        separated[place] = hashes[token]
    stop_words = 0
    for bit in range(8):
        stop_words += (seen >> bit) & 1
    out[TOKENS] = total
    out[WORDS] = words
    out[WORD_CHARACTERS] = word_characters
    out[ALPHABETIC_TOKENS] = alphabetic
    out[STOP_WORDS_SEEN] = stop_words
    out[SENTENCES] = sentences
    out[ENDED_SENTENCES] = ended_sentences
    out[EDITED_TOKENS] = edited_tokens
    out[TOP:] = 0

    bits = 4
    while (1 << bits) < 2 * total:
        bits += 1
    shift = np.uint64(64 - bits)
    mask = np.int64((1 << bits) - 1)
    keys = np.empty(1 << bits, np.uint64)
    counts = np.empty(1 << bits, np.int32)
    for n in range(2, 11):
        windows = total - n + 1
        if windows <= 0:
            break
        for place in range(windows):
            last = place + n - 1
            size[place] += first_size[last]
            value[place] = value[place] * first_power[last] + first_value[last]
        keys[:] = 0
        if n <= 4:
            # The first of the most frequent n-grams: its length joined by blanks times its count.
            best, best_place = 0, 0
            for place in range(windows):
                mixed = separated[place] * HASH_BASE
                mixed = (mixed ^ (mixed >> np.uint64(29))) + first_value[place + n - 1]
                separated[place] = mixed
                key = mixed | np.uint64(1)
                slot = np.int64((key * HASH_BASE) >> shift)
                while keys[slot] != 0 and keys[slot] != key:
                    slot = (slot + 1) & mask
                if keys[slot] == 0:
                    keys[slot] = key
                    counts[slot] = 0
                counts[slot] += 1
                if counts[slot] > best:
                    best = counts[slot]
                    best_place = place
            # `best_place` is where the count was first reached; another n-gram with this count may begin earlier.
            for place in range(windows):
                key = separated[place] | np.uint64(1)
                slot = np.int64((key * HASH_BASE) >> shift)
                while keys[slot] != key:
                    slot = (slot + 1) & mask
                if counts[slot] == best:
                    best_place = place
                    break
            out[TOP + n - 2] = (size[best_place] + n - 1) * best
            out[TOP_COUNTS + n - 2] = best
        else:
            # Greedy scan: a repeated n-gram adds its characters and is stepped over, its first copy is free.
            repeated = 0
            place = 0
            while place < windows:
                key = value[place] | np.uint64(1)
                slot = np.int64((key * HASH_BASE) >> shift)
                while keys[slot] != 0 and keys[slot] != key:
                    slot = (slot + 1) & mask
                if keys[slot] == key:
                    repeated += size[place]
                    place += n
                else:
                    keys[slot] = key
                    place += 1
            out[REPEATED + n - 5] = repeated
