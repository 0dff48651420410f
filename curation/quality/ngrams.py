"""Repeated word n-grams of a document by the definitions that count over hashed words, in one compiled pass."""

from __future__ import annotations

import numba
import numpy as np

from curation.quality.kernels import HASH_BASE

TOP_SIZES = (2, 3, 4)
REPEATED_SIZES = (5, 6, 7, 8, 9, 10)

# Places in a row of the output of `measure_ngrams`, one row for each size from 2 to 10.
COUNT, FIRST, CHARACTERS, LONGEST, REPEATED, ALL, STEPPED, COVERED, COLUMNS = range(9)
ROWS = 9


@numba.njit("void(uint64[::1], int64[::1], int64[:, ::1])", cache=True)
def measure_ngrams(hashes, lengths, out):  # type: ignore[no-untyped-def]
    """Counts over the n-grams of a document's words, given by hash and length.

    out[n - 2] holds
    COUNT: how often the most frequent n-gram occurs, 0 without n-grams;
    FIRST, CHARACTERS: the place and the letters of the first of the n-grams that occur so often;
    LONGEST: the letters of the longest of them;
    REPEATED, ALL: letters in all occurrences of n-grams that occur more than once, and in all n-grams;
    STEPPED: letters and blanks of occurrences after the first, each word counted once (NeMo Curator's count);
    COVERED: letters of words that lie in an n-gram that occurs more than once.
    """
    total = hashes.shape[0]
    out[:, :] = 0
    bits = 4
    while (1 << bits) < 2 * total:
        bits += 1
    shift = np.uint64(64 - bits)
    mask = np.int64((1 << bits) - 1)
    keys = np.empty(1 << bits, np.uint64)
    counts = np.empty(1 << bits, np.int32)
    slots = np.empty(total, np.int64)
    value = hashes.copy()
    size = lengths.copy()
    sums = np.zeros(total + 1, np.int64)  # letters before each word
    for place in range(total):
        sums[place + 1] = sums[place] + lengths[place]
    for n in range(2, 11):
        windows = total - n + 1
        if windows <= 0:
            break
        row = out[n - 2]
        keys[:] = 0
        best = 0
        repeated_letters = 0
        stepped = 0
        overlapping = 0
        for place in range(windows):
            last = place + n - 1
            mixed = value[place] * HASH_BASE
            mixed = (mixed ^ (mixed >> np.uint64(29))) + hashes[last]
            value[place] = mixed
            size[place] += lengths[last]
            key = mixed | np.uint64(1)
            slot = np.int64((key * HASH_BASE) >> shift)
            while keys[slot] != 0 and keys[slot] != key:
                slot = (slot + 1) & mask
            if keys[slot] == 0:
                keys[slot] = key
                counts[slot] = 0
            counts[slot] += 1
            slots[place] = slot
            best = max(best, counts[slot])
            row[ALL] += size[place]
            if counts[slot] > 1:
                stepped += sums[place + n] - sums[place + overlapping] + min(n - overlapping, n - 1)
                overlapping = n
            overlapping = max(overlapping - 1, 0)
        row[COUNT] = best
        row[STEPPED] = stepped
        found = False
        covered_to = 0
        for place in range(windows):
            count = counts[slots[place]]
            if count == best:
                if not found:
                    found = True
                    row[FIRST] = place
                    row[CHARACTERS] = size[place]
                row[LONGEST] = max(row[LONGEST], size[place])
            if count > 1:
                repeated_letters += size[place]
                row[COVERED] += sums[place + n] - sums[max(place, covered_to)]
                covered_to = place + n
        row[REPEATED] = repeated_letters
