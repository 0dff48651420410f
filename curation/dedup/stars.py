"""Connected components by contraction to stars, over edges that lie in partitions: no process holds all of them.

Alternating large-star and small-star (Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected Components in
MapReduce and Beyond", SoCC 2014), with `low(u)` the smallest neighbour of `u` below it, or `u` where there is none:

- large star: every edge from `v` down to `u` becomes one from `v` down to `low(u)`;
- small star: of the edges from `v` down to several documents, one to the smallest stays, and each of the others is
  linked with the smallest instead.

Both keep what is connected connected, and never make more edges. An edge lies in the partition of its larger end, so
a document with millions of copies that all point down to it fills no partition: what the copies need to know of it is
one key, asked for once by each partition (`asked`, `answered`). Every step that changes an edge lowers the sum of all
ends, so the rounds end, and when a round changes nothing each document has one edge, down to the smallest key of its
component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.keys import KEY, Keys, as_keys, key_words

EDGE = np.dtype([("node", KEY), ("lower", KEY)])
"""An edge from a document down to one with a smaller key."""


def partition_of(keys: NDArray[Any], partitions: int) -> NDArray[np.int64]:
    """The partition [n] of each key: by its second half, a digest."""
    return (key_words(keys)[1] % np.uint64(partitions)).astype(np.int64)


def range_of(keys: NDArray[Any], ranges: int) -> NDArray[np.int64]:
    """Which of so many equal ranges of keys each key [n] lies in, ascending with the key."""
    high = key_words(keys)[0] >> np.uint64(32)
    return ((high * np.uint64(ranges)) >> np.uint64(32)).astype(np.int64)


def downward(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Distinct edges (`EDGE`), ascending, of pairs in any order; a pair of one document with itself is none."""
    a, b = as_keys(left), as_keys(right)
    (a_high, a_low), (b_high, b_low) = key_words(a), key_words(b)
    above = (a_high > b_high) | ((a_high == b_high) & (a_low > b_low))
    edges = np.empty(len(a), EDGE)
    edges["node"], edges["lower"] = np.where(above, a, b), np.where(above, b, a)
    return distinct(edges[(a_high != b_high) | (a_low != b_low)])


def distinct(edges: NDArray[Any]) -> NDArray[Any]:
    """The different edges in ascending order."""
    order, first = _order(edges)
    return edges[order[first]]


def lowest(edges: NDArray[Any]) -> NDArray[Any]:
    """Of the edges of each document the one to the smallest key, in the order of the documents.

    `edges` are distinct and in ascending order, as everything here gives them.
    """
    return edges[_first_of_node(edges)]


def asked(edges: NDArray[Any]) -> Keys:
    """The documents, each once, of which a partition with these edges needs to know `low`."""
    return distinct_keys(edges["lower"])


def answered(asked: Keys, lows: NDArray[Any]) -> NDArray[Any]:
    """`low` of those of the asked-for documents that have one, as edges; `lows` is `lowest` of their partition."""
    places = find(lows["node"], asked)
    return lows[places[places >= 0]]


def contract(edges: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
    """One large star and one small star of a partition's edges: the edges that they become, in any partition.

    Args:
        edges: all edges of the partition, distinct and ascending.
        answers: what other partitions (and this one) `answered`, in any order.
    """
    if not len(edges):
        return edges
    answers = answers[np.lexsort((*reversed(key_words(answers["node"])),))]
    places = find(answers["node"], edges["lower"])
    linked = edges.copy()
    linked["lower"][places >= 0] = answers["lower"][places[places >= 0]]
    linked = distinct(linked)
    first = _first_of_node(linked)
    smallest = linked["lower"][np.maximum.accumulate(np.where(first, np.arange(len(linked)), 0))]
    others = np.empty(int((~first).sum()), EDGE)
    others["node"], others["lower"] = linked["lower"][~first], smallest[~first]
    return distinct(np.concatenate((linked[first], others)))


def split(rows: NDArray[Any], places: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[Any]]]:
    """(place, its rows) for every place there is, in ascending order; rows keep theirs."""
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(order)][: len(starts)], strict=True):
        yield int(places[order[start]]), rows[order[start:end]]


def find(sorted_keys: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.int64]:
    """The place of each wanted key [n] among distinct ascending ones, -1 where it is not among them."""
    if not len(sorted_keys) or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    sorted_keys, wanted = as_keys(sorted_keys), as_keys(wanted)
    places = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    return np.where(sorted_keys[places] == wanted, places, -1)


def distinct_keys(keys: NDArray[Any]) -> Keys:
    """The different keys in ascending order."""
    keys = as_keys(keys)
    high, low = key_words(keys)
    order = np.lexsort((low, high))
    new = np.ones(len(order), bool)
    new[1:] = (high[order[1:]] != high[order[:-1]]) | (low[order[1:]] != low[order[:-1]])
    return keys[order[new]]


def _order(edges: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    words = [*reversed(key_words(edges["lower"])), *reversed(key_words(edges["node"]))]
    order = np.lexsort(words)
    first = np.zeros(len(order), bool)
    first[:1] = True
    for word in words:
        first[1:] |= word[order[1:]] != word[order[:-1]]
    return order, first


def _first_of_node(edges: NDArray[Any]) -> NDArray[np.bool_]:
    high, low = key_words(edges["node"])
    first = np.ones(len(edges), bool)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return first
