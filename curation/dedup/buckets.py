"""Duplicate pairs within the buckets of one partition of a band, verified from the sketches that travelled along.

What is compared never depends on the order of the rows, and its cost is linear in a bucket:

- a bucket of at most `cap` documents: every pair;
- a larger one, its documents in the order of their keys: a document that resembles none of the leaders so far
  becomes a leader, while there are fewer than `cap`; any other is linked with the one or two leaders it resembles
  most (the smaller key first among equals), the second so that two clusters it bridges are joined. Documents that
  resemble no leader once there are `cap` of them are put in the order of their sketches, and each is compared with
  the next four.

So 200,000 identical copies make 199,999 comparisons and as many pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.keys import KEY, Keys, as_keys, key_words
from curation.dedup.minhash import similarity_of_matches

NEIGHBOURS = 4  # later documents, in the order of sketches, that a document without a leader is compared with


@dataclass(frozen=True)
class Pairs:
    """Verified pairs of documents: `left` < `right` as keys (S16), and their similarity (float32, 0 to 1)."""

    left: Keys
    right: Keys
    similarity: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)


def concatenate_pairs(parts: list[Pairs]) -> Pairs:
    """The pairs of all parts, in their order."""
    return Pairs(
        np.concatenate([part.left for part in parts] or [np.empty(0, KEY)]),
        np.concatenate([part.right for part in parts] or [np.empty(0, KEY)]),
        np.concatenate([part.similarity for part in parts] or [np.empty(0, np.float32)]),
    )


def candidate_pairs(
    hashes: NDArray[np.uint64],
    keys: NDArray[Any],
    sketches: NDArray[np.uint8],
    *,
    threshold: float = 0.75,
    cap: int = 32,
    least: float | None = None,
) -> Pairs:
    """Pairs of documents that share a bucket and whose sketches' estimated Jaccard similarity reaches `threshold`.

    With `least`, pairs from there on are given, for a comparison that knows better than the estimate; who leads in a
    large bucket, and so who is linked with whom, still goes by `threshold`.

    Args:
        hashes: band hash [m] of each row; a bucket is the rows of one hash.
        keys: document keys [m], 16 bytes each; a document that is twice in a bucket counts once.
        sketches: [m, p], as `curation.dedup.minhash.sketch` makes them.
        threshold: least estimated similarity of a pair, over 0 and up to 1.
        cap: documents of a bucket up to which every pair is compared.
        least: least estimated similarity of a pair that is given, up to `threshold`, which it is by default.
    """
    keys = as_keys(keys)
    if not (len(hashes) == len(keys) == len(sketches)) or sketches.ndim != 2:
        raise ValueError(f"{len(hashes)} hashes, {len(keys)} keys and sketches {sketches.shape} are not of one length")
    order = _distinct_order(hashes, keys, sketches)
    hashes, keys, sketches = hashes[order], keys[order], np.ascontiguousarray(sketches[order])
    starts = _run_starts(hashes)
    needed = matches_needed(threshold, sketches.shape[1])
    given = needed if least is None else matches_needed(min(least, threshold), sketches.shape[1])
    left, right, matches, stray = _link_buckets(starts, sketches, needed, given, cap)
    if stray.any():
        more = _link_strays(starts, sketches, stray, given)
        left, right, matches = (np.concatenate(both) for both in zip((left, right, matches), more, strict=True))
    low, high = np.minimum(left, right), np.maximum(left, right)
    similarity = similarity_of_matches(matches, sketches.shape[1]).astype(np.float32)
    final = np.lexsort((high, low))
    return Pairs(keys[low[final]], keys[high[final]], similarity[final])


def exact_pairs(hashes: NDArray[np.uint64], keys: NDArray[Any]) -> Pairs:
    """Each document paired with the smallest key of those with its 128-bit hash ([m, 2]); similarity 1.0."""
    keys = as_keys(keys)
    if hashes.shape != (len(keys), 2):
        raise ValueError(f"exact hashes are two columns of 64 bits for each key, found {hashes.shape}")
    high, low = key_words(keys)
    order = np.lexsort((low, high, hashes[:, 1], hashes[:, 0]))
    hashes, keys = hashes[order], keys[order]
    first = np.ones(len(keys), bool)
    first[1:] = (hashes[1:] != hashes[:-1]).any(axis=1)
    smallest = keys[np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))]
    copies = smallest != keys
    copies[1:] &= (keys[1:] != keys[:-1]) | first[1:]  # a document listed twice is no copy of itself
    return Pairs(smallest[copies], keys[copies], np.ones(int(copies.sum()), np.float32))


def _distinct_order(hashes: NDArray[np.uint64], keys: Keys, sketches: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows in the order of (hash, key), one for each: of two with different sketches, the smaller sketch."""
    high, low = key_words(keys)
    order = np.lexsort((low, high, hashes))
    same = (hashes[order[1:]] == hashes[order[:-1]]) & (keys[order[1:]] == keys[order[:-1]])
    if same.any():
        order = np.lexsort((_as_bytes(sketches), low, high, hashes))
        order = order[np.concatenate(([True], ~same))]
    return order


def _as_bytes(sketches: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    return np.ascontiguousarray(sketches).view(f"S{sketches.shape[1]}").reshape(-1)


def _run_starts(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where runs of equal values start, and the number of values at the end."""
    if not len(values):
        return np.zeros(1, np.int64)
    return np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]))


def matches_needed(threshold: float, size: int) -> int:
    """The fewest equal bytes whose estimated similarity is `threshold` or more."""
    reached = similarity_of_matches(np.arange(size + 1), size) >= threshold - 1e-9
    return int(np.argmax(reached)) if reached.any() else size + 1


def _link_strays(
    starts: NDArray[np.int64], sketches: NDArray[np.uint8], stray: NDArray[np.bool_], needed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    rows = np.flatnonzero(stray)
    bucket = np.searchsorted(starts, rows, side="right")
    rows = rows[np.lexsort((rows, _as_bytes(sketches[rows]), bucket))]
    bucket = np.searchsorted(starts, rows, side="right")
    return _link_neighbours(rows, bucket, sketches, needed, NEIGHBOURS)  # type: ignore[no-any-return]


@compiled
def _matches(a: Any, b: Any) -> int:
    count = 0
    for place in range(a.size):
        count += a[place] == b[place]
    return count


@compiled
def _link_buckets(starts: Any, sketches: Any, needed: int, given: int, cap: int) -> Any:
    """Linked rows and their matches, and which rows found no leader; rows are sorted by (hash, key).

    A pair is linked from `given` matches on; a row that no leader has `needed` matches with leads or strays.
    """
    stray = np.zeros(sketches.shape[0], np.bool_)
    left = np.empty(1024, np.int64)
    right = np.empty(1024, np.int64)
    matches = np.empty(1024, np.int64)
    leaders = np.empty(cap, np.int64)
    count = 0
    for run in range(starts.size - 1):
        first, end = starts[run], starts[run + 1]
        leading = 0
        for row in range(first, end):
            # The most pairs one row can add is cap: as many earlier rows in a small bucket, two in a large one.
            if count + cap > left.size:
                left = np.concatenate((left, np.empty(left.size + cap, np.int64)))
                right = np.concatenate((right, np.empty(left.size - right.size, np.int64)))
                matches = np.concatenate((matches, np.empty(left.size - matches.size, np.int64)))
            if end - first <= cap:
                for other in range(first, row):
                    found = _matches(sketches[other], sketches[row])
                    if found >= given:
                        left[count], right[count], matches[count] = other, row, found
                        count += 1
                continue
            best, second = -1, -1
            best_found, second_found = given - 1, given - 1
            for place in range(leading):
                found = _matches(sketches[leaders[place]], sketches[row])
                if found > best_found:
                    second, second_found = best, best_found
                    best, best_found = leaders[place], found
                elif found > second_found:
                    second, second_found = leaders[place], found
            if best >= 0:
                left[count], right[count], matches[count] = best, row, best_found
                count += 1
                if second >= 0:
                    left[count], right[count], matches[count] = second, row, second_found
                    count += 1
            if best_found >= needed:
                continue
            if leading < cap:
                leaders[leading] = row
                leading += 1
            else:
                stray[row] = True
    return left[:count], right[:count], matches[:count], stray


@compiled
def _link_neighbours(rows: Any, buckets: Any, sketches: Any, needed: int, reach: int) -> Any:
    left = np.empty(rows.size * reach, np.int64)
    right = np.empty(rows.size * reach, np.int64)
    matches = np.empty(rows.size * reach, np.int64)
    count = 0
    for place in range(rows.size):
        for other in range(place + 1, min(place + 1 + reach, rows.size)):
            if buckets[other] != buckets[place]:
                break
            found = _matches(sketches[rows[place]], sketches[rows[other]])
            if found >= needed:
                left[count], right[count], matches[count] = rows[place], rows[other], found
                count += 1
    return left[:count], right[:count], matches[:count]
