"""Boosted regression trees as arrays: read from a NumPy archive without unpickling, evaluated in compiled code."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from manifests.errors import UsageError


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
def log_odds(forest: Forest, rows: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Sums of the trees' leaves for each row; `rows` is [n, features], `out` is [n]."""
    for place in range(len(rows)):
        row = rows[place]
        total = np.float32(0)
        for root in forest.roots:
            node = root
            while node >= 0:
                low = row[forest.feature[node]] <= forest.threshold[node]
                node = forest.left[node] if low else forest.right[node]
            total += forest.leaf[~node]
        out[place] = total
