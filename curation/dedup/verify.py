"""True Jaccard similarity of candidate pairs, from the sets of their documents' shingles.

A set is the ascending distinct 64-bit hashes of a text's shingles (`curation.dedup.shingles.shingle_set`), 8 bytes for
each: some 6 KB for 800 words. Two sets are compared in one pass over both. That two shingles share a hash happens once
in 2^64, so the similarity is that of the shingles themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled

BINS = 20
"""Bins of similarity, 0.05 wide; the last holds 1.0."""

SIMILARITY_UNIT = 1_000_000
"""What a similarity of 1 counts in `recall_counts`: sums of whole numbers are the same in any order."""

Hashes = NDArray[np.uint64]


def jaccard_similarities(sets: Sequence[Hashes], left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Jaccard similarity [n], 0 to 1, of the pairs of sets at places `left`[i] and `right`[i]; of two empty ones 0.

    Args:
        sets: ascending distinct values each.
        left: places [n] in `sets`.
        right: places [n] in `sets`.
    """
    sizes = np.array([len(one) for one in sets], np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    values = np.concatenate([np.empty(0, np.uint64), *sets])
    found: NDArray[np.float64] = _similarities(values, starts, left.astype(np.int64), right.astype(np.int64))
    return found


def recall_counts(similarity: NDArray[np.float64], hits: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """What `measured_recall` is worked out from, by bin of similarity: arrays that add up over any split of the pairs.

    Args:
        similarity: true Jaccard similarity [n] of each pair that at least one band proposed.
        hits: how many bands [n] proposed it.
    """
    bins = np.minimum((similarity * BINS + 1e-9).astype(np.int64), BINS - 1)
    often = hits > 1
    return {
        "pairs": np.bincount(bins, minlength=BINS),
        "similarity": _sums(bins, np.rint(similarity * SIMILARITY_UNIT).astype(np.int64)),
        "once": np.bincount(bins[~often], minlength=BINS),
        "hits": _sums(bins[often], hits[often]),  # of pairs hit more than once
    }


def measured_recall(pairs: int, once: int, hits: int, bands: int) -> float | None:
    """Share of the pairs of a bin of similarity that the bands propose, from the proposed ones alone.

    A pair that nothing proposed is not seen, but the bands are independent draws: among pairs that another band
    proposed, the share that a band proposes too is its rate h among all. Over all bands and pairs that is
    hits / (bands * (pairs - once) + (bands - 1) * once), and the recall 1 - (1 - h)^bands. None for no pairs.
    """
    chances = bands * (pairs - once) + (bands - 1) * once
    if not pairs or not chances:
        return None
    return float(1 - (1 - min(1.0, hits / chances)) ** bands)


def _sums(bins: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = np.zeros(BINS, np.int64)
    np.add.at(sums, bins, values)
    return sums


@compiled
def _similarities(values: Any, starts: Any, left: Any, right: Any) -> Any:
    found = np.zeros(left.size, np.float64)
    for pair in range(left.size):
        a, a_end = starts[left[pair]], starts[left[pair] + 1]
        b, b_end = starts[right[pair]], starts[right[pair] + 1]
        union = (a_end - a) + (b_end - b)
        shared = 0
        while a < a_end and b < b_end:
            x, y = values[a], values[b]
            shared += x == y
            a += x <= y
            b += y <= x
        if union:
            found[pair] = shared / (union - shared)
    return found
