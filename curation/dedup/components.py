"""Clusters of duplicates: the connected components of verified pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.keys import KEY, Keys, as_keys, key_words


@dataclass(frozen=True)
class Components:
    """Every document of a pair: its key, in ascending order, and the smallest key of its component."""

    keys: Keys
    component: Keys

    def __len__(self) -> int:
        return len(self.keys)


def connected_components(left: NDArray[Any], right: NDArray[Any]) -> Components:
    """Components of the graph whose edges are `left`[i] - `right`[i] (16-byte keys).

    The result depends on the set of edges alone. Union-find over numbered keys, the smaller number always the root
    (so the root of a component is its smallest key), with path halving; some 40 bytes an edge besides the input.
    """
    if len(left) != len(right):
        raise ValueError(f"{len(left)} left and {len(right)} right keys are no list of pairs")
    keys, codes = _number(np.concatenate((as_keys(left), as_keys(right))))
    roots = _roots(codes[: len(left)], codes[len(left) :], len(keys))
    return Components(keys, keys[roots] if len(keys) else np.empty(0, KEY))


def cluster_sizes(component: NDArray[Any]) -> dict[int, int]:
    """How many clusters there are of each size, sizes ascending, from the component key of each document."""
    _, codes = _number(as_keys(component))
    sizes, counts = np.unique(np.bincount(codes), return_counts=True)
    return dict(zip(sizes.tolist(), counts.tolist(), strict=True))


def _number(keys: Keys) -> tuple[Keys, NDArray[np.int64]]:
    """The distinct keys in ascending order, and the place of each key among them."""
    high, low = key_words(keys)
    order = np.lexsort((low, high))
    new = np.ones(len(keys), bool)
    new[1:] = (high[order[1:]] != high[order[:-1]]) | (low[order[1:]] != low[order[:-1]])
    codes = np.empty(len(keys), np.int64)
    codes[order] = np.cumsum(new) - 1
    return keys[order[new]], codes


@compiled
def _roots(left: Any, right: Any, size: int) -> Any:
    parents = np.arange(size)
    for edge in range(left.size):
        a, b = left[edge], right[edge]
        while parents[a] != a:
            parents[a] = parents[parents[a]]
            a = parents[a]
        while parents[b] != b:
            parents[b] = parents[parents[b]]
            b = parents[b]
        if a < b:
            parents[b] = a
        else:
            parents[a] = b
    for node in range(size):  # a parent is smaller than its child, so it already points at its root
        parents[node] = parents[parents[node]]
    return parents
