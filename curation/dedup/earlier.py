"""Documents of a build against those of earlier releases: pairs within the buckets of one partition of a band.

Each document is compared with the earlier ones of its bucket, whatever other documents the build has: with all where
they are at most `cap`, else with the `cap` that stand about its place in the order of sketches, so that the cost is
linear and an equal sketch is always met. The sketches are turned by `turn` bytes for that order, another number for
each band, so that a pair which one band's order parts may meet in another's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled


class EarlierMatches(NamedTuple):
    """Rows that match: `own`[i] with `earlier`[i] by `equal`[i] bytes of the payload; and how many were compared."""

    own: NDArray[np.int64]
    earlier: NDArray[np.int64]
    equal: NDArray[np.int64]
    compared: int


def earlier_matches(
    own_hashes: NDArray[np.uint64],
    own_payloads: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    payloads: NDArray[np.uint8],
    *,
    needed: int,
    cap: int,
    turn: int = 0,
) -> EarlierMatches:
    """Pairs of one hash whose payloads agree in at least `needed` bytes, in the order of the build's own rows.

    Args:
        own_hashes: bucket [n] of each document of the build.
        own_payloads: [n, p], its sketch or the rest of its exact hash.
        hashes: bucket [m] of each earlier document; rows stand in an order of the caller's, which breaks ties.
        payloads: [m, p] of the earlier documents.
        needed: equal bytes of a match.
        cap: earlier documents of a bucket that one document is compared with, at most.
        turn: bytes that the order of sketches begins after.
    """
    width = payloads.shape[1]
    if own_payloads.shape[1] != width:
        raise ValueError(f"payloads of {own_payloads.shape[1]} and {width} bytes cannot be compared")
    own_payloads = np.ascontiguousarray(np.roll(own_payloads, -turn, axis=1))
    payloads = np.ascontiguousarray(np.roll(payloads, -turn, axis=1))
    order = np.lexsort((payloads.view(f"S{width}").reshape(-1), hashes))
    hashes, payloads = hashes[order], payloads[order]
    first = np.searchsorted(hashes, own_hashes, "left").astype(np.int64)
    end = np.searchsorted(hashes, own_hashes, "right").astype(np.int64)
    own, found, equal, compared = _match(own_payloads, payloads, first, end, needed, cap)
    return EarlierMatches(own, order[found].astype(np.int64), equal, int(compared))


@compiled
def _match(own: Any, payloads: Any, firsts: Any, ends: Any, needed: int, cap: int) -> Any:
    width = payloads.shape[1]
    rows = np.empty(1024, np.int64)
    others = np.empty(1024, np.int64)
    equal = np.empty(1024, np.int64)
    count = 0
    compared = 0
    for row in range(own.shape[0]):
        first, end = firsts[row], ends[row]
        if end - first > cap:
            low, high = first, end
            while low < high:
                middle = (low + high) // 2
                place = 0
                while place < width and payloads[middle, place] == own[row, place]:
                    place += 1
                if place < width and payloads[middle, place] < own[row, place]:
                    low = middle + 1
                else:
                    high = middle
            first = max(first, min(low - cap // 2, end - cap))
            end = first + cap
        compared += end - first
        for other in range(first, end):
            found = 0
            for place in range(width):
                found += own[row, place] == payloads[other, place]
            if found < needed:
                continue
            if count == rows.size:
                rows = np.concatenate((rows, np.empty(rows.size, np.int64)))
                others = np.concatenate((others, np.empty(others.size, np.int64)))
                equal = np.concatenate((equal, np.empty(equal.size, np.int64)))
            rows[count], others[count], equal[count] = row, other, found
            count += 1
    return rows[:count], others[:count], equal[:count], compared
