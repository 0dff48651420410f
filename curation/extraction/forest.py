"""Boosted regression trees as arrays: read from a NumPy archive without unpickling, evaluated in compiled code."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from manifests.errors import UsageError

LANES = 64  # rows at once: what the compiler makes vector instructions of
MAX_LEAVES = 32  # of a tree: the bits of a lane
_ALL = np.uint32(0xFFFFFFFF)
_DE_BRUIJN = np.uint32(0x077CB531)
_LOWEST = np.zeros(32, np.uint8)  # the place of a lone bit, by the top five bits of its product with the number above
_LOWEST[[((0x077CB531 << bit) & 0xFFFFFFFF) >> 27 for bit in range(32)]] = range(32)


class Forest(NamedTuple):
    """Trees in one set of arrays. A negative child `~k` is leaf `k`; a value at most the threshold goes left."""

    roots: NDArray[np.int32]  # one per tree
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaf: NDArray[np.float32]

    @classmethod
    def read(cls, arrays: dict[str, NDArray[np.generic]]) -> Forest:
        """The forest among the named arrays of a model file, checked so that evaluation stays within bounds.

        Raises:
            ValueError: an array is missing, or points outside another.
        """
        missing = [name for name in cls._fields if name not in arrays]
        if missing:
            raise ValueError(f"no array {missing[0]!r}")
        forest = cls(
            arrays["roots"].astype(np.int32),
            arrays["feature"].astype(np.int16),
            arrays["threshold"].astype(np.float32),
            arrays["left"].astype(np.int32),
            arrays["right"].astype(np.int32),
            arrays["leaf"].astype(np.float32),
        )
        nodes, leaves = len(forest.feature), len(forest.leaf)
        # Children come after their parent, so that every walk ends.
        places = np.arange(nodes)
        for child in (forest.left, forest.right):
            if len(child) != nodes or ((child >= 0) & (child <= places)).any():
                raise ValueError("trees are not in order")
            if nodes and (child.max() >= nodes or (~child[child < 0] >= leaves).any()):
                raise ValueError("a tree points outside")
        if len(forest.threshold) != nodes or (
            len(forest.roots) and not 0 <= forest.roots.min() <= forest.roots.max() < nodes
        ):
            raise ValueError("a tree points outside")
        parents = np.concatenate([forest.roots, forest.left[forest.left >= 0], forest.right[forest.right >= 0]])
        if (np.bincount(parents, minlength=nodes) != 1).any():
            raise ValueError("a branch is not in one tree")
        leaf_counts = np.ones(nodes, np.int64)
        for node in range(nodes - 1, -1, -1):
            leaf_counts[node] = sum(
                leaf_counts[child] if child >= 0 else 1 for child in (forest.left[node], forest.right[node])
            )
        if nodes and leaf_counts.max() > MAX_LEAVES:
            raise ValueError(f"a tree has more than {MAX_LEAVES} leaves")
        return forest


def load_arrays(path: str | Path) -> dict[str, NDArray[np.generic]]:
    """The arrays of an `.npz` file.

    Raises:
        UsageError: no such file, or not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{path}: not a model file (.npz): {error}") from error


@numba.njit(cache=True, nogil=True)
def _plan(forest: Forest) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32]]:
    """For each node the leaves (bits, from the left) that going right leaves over, and its tree; each tree's leaves."""
    left, right, roots = forest.left, forest.right, forest.roots
    nodes = len(left)
    leaves, first = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
    masks, tree = np.empty(nodes, np.uint32), np.zeros(nodes, np.int32)
    order = np.zeros((len(roots), MAX_LEAVES), np.int32)
    for node in range(nodes - 1, -1, -1):
        low, high = left[node], right[node]
        leaves[node] = (leaves[low] if low >= 0 else 1) + (leaves[high] if high >= 0 else 1)
    for number in range(len(roots)):
        tree[roots[number]] = number
    for node in range(nodes):
        low, high, start, number = left[node], right[node], first[node], tree[node]
        count = leaves[low] if low >= 0 else 1
        masks[node] = _ALL ^ np.uint32(((np.uint64(1) << np.uint64(count)) - np.uint64(1)) << np.uint64(start))
        if low >= 0:
            tree[low], first[low] = number, start
        else:
            order[number, start] = ~low
        if high >= 0:
            tree[high], first[high] = number, start + count
        else:
            order[number, start + count] = ~high
    return masks, tree, order


@numba.njit(cache=True, nogil=True)
def log_odds(forest: Forest, rows: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Sums of the trees' leaves for each row; `rows` is [n, features], `out` is [n].

    No walk down the trees, whose every branch the processor would have to guess: each node strikes out the leaves that
    its answer rules out, for `LANES` rows at once, and the first leaf left is the row's (Lucchese et al.,
    "QuickScorer", SIGIR 2015, and its vector form, SIGIR 2016).
    """
    feature, threshold, leaf = forest.feature, forest.threshold, forest.leaf
    masks, tree, order = _plan(forest)
    trees, columns = len(forest.roots), rows.shape[1]
    values = np.zeros((columns, LANES), np.float32)
    left_over = np.empty((trees, LANES), np.uint32)
    totals = np.empty(LANES, np.float32)
    for start in range(0, len(rows), LANES):
        count = min(LANES, len(rows) - start)
        for lane in range(count):
            for column in range(columns):
                values[column, lane] = rows[start + lane, column]
        left_over[:] = _ALL
        for node in range(len(feature)):
            limit, mask = threshold[node], masks[node]
            value, bits = values[feature[node]], left_over[tree[node]]
            for lane in range(LANES):
                bits[lane] = bits[lane] & (mask | (np.uint32(0) - np.uint32(value[lane] <= limit)))
        totals[:] = 0
        for number in range(trees):
            for lane in range(count):
                bit = left_over[number, lane]
                bit = np.uint32(bit & (np.uint32(0) - bit))
                place = _LOWEST[np.uint32(bit * _DE_BRUIJN) >> np.uint32(27)]
                totals[lane] += leaf[order[number, place]]
        for lane in range(count):
            out[start + lane] = totals[lane]
