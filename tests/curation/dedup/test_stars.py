from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.dedup.components import connected_components
from curation.dedup.keys import KEY
from curation.dedup.stars import (
    EDGE,
    answered,
    asked,
    contract,
    distinct,
    downward,
    lowest,
    partition_of,
    range_of,
    split,
)
from tests.curation.dedup.planted import numbered_keys, numbers_of

Edges = list[tuple[int, int]]


def contracted(left: NDArray[Any], right: NDArray[Any], partitions: int) -> tuple[dict[int, NDArray[Any]], int]:
    """The edges of each partition when a round changes nothing any more, and how many rounds changed something."""
    edges = downward(left, right)
    state = dict(split(edges, partition_of(edges["node"], partitions)))
    rounds = 0
    while True:
        answers = {place: [np.empty(0, EDGE)] for place in state}
        for place, mine in state.items():
            for there, keys in split(asked(mine), partition_of(asked(mine), partitions)):
                answers[place].append(answered(keys, lowest(state.get(there, np.empty(0, EDGE)))))
        moved: dict[int, list[NDArray[Any]]] = {}
        for place, mine in state.items():
            after = contract(mine, np.concatenate(answers[place]))
            for there, rows in split(after, partition_of(after["node"], partitions)):
                moved.setdefault(there, []).append(rows)
        after_all = {place: distinct(np.concatenate(rows)) for place, rows in moved.items()}
        assert sum(map(len, after_all.values())) <= sum(map(len, state.values()))
        if {place: rows.tobytes() for place, rows in after_all.items()} == {
            place: rows.tobytes() for place, rows in state.items()
        }:
            return state, rounds
        state, rounds = after_all, rounds + 1


def check(left: NDArray[Any], right: NDArray[Any], partitions: int) -> int:
    """Whether the stars are those of union-find; returns the rounds."""
    state, rounds = contracted(left, right, partitions)
    edges = np.concatenate([np.empty(0, EDGE), *state.values()])
    expected = connected_components(left, right)
    points = expected.keys != expected.component
    assert np.array_equal(distinct(edges)["node"], expected.keys[points])
    assert np.array_equal(distinct(edges)["lower"], expected.component[points])
    return rounds


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60),
    st.sampled_from([1, 2, 7]),
    st.sampled_from([1, 1 << 64, 1 << 120]),
)
def test_stars_are_the_components_that_union_find_finds(edges: Edges, partitions: int, unit: int) -> None:
    check(numbered_keys(a * unit for a, _ in edges), numbered_keys(b * unit for _, b in edges), partitions)


@pytest.mark.parametrize("partitions", [1, 7])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_chain_of_100_000_documents_takes_some_log2_rounds(partitions: int, shuffled: bool) -> None:
    numbers = list(range(1, 100_001))
    if shuffled:
        random.Random(4).shuffle(numbers)
    keys = np.array(numbers, ">u8").repeat(2).view("S16")
    assert check(keys[1:], keys[:-1], partitions) <= 17


def test_stars_cliques_repeated_edges_and_loops() -> None:
    center = numbered_keys([7] * 5_000)
    check(center, numbered_keys(range(5_000)), 4)  # the center is none of the smallest keys
    clique = [(a, b) for a in range(60) for b in range(60)]
    check(numbered_keys(a for a, _ in clique), numbered_keys(b for _, b in clique), 3)
    check(numbered_keys([1, 2, 1, 5]), numbered_keys([2, 1, 2, 5]), 2)
    state, rounds = contracted(numbered_keys([5]), numbered_keys([5]), 2)
    assert (state, rounds) == ({}, 0)


def test_copies_of_one_document_are_a_star_already() -> None:
    assert check(numbered_keys([0] * 9_999), numbered_keys(range(1, 10_000)), 5) == 0


def test_edges_point_down_and_are_each_there_once() -> None:
    edges = downward(numbered_keys([3, 9, 3, 4]), numbered_keys([9, 3, 1, 4]))
    assert list(zip(numbers_of(edges["node"]), numbers_of(edges["lower"]), strict=True)) == [(3, 1), (9, 3)]


def test_ranges_are_in_the_order_of_the_keys() -> None:
    keys = numbered_keys([0, (1 << 126) - 1, 1 << 126, 3 << 126, (1 << 128) - 1])
    assert range_of(keys, 4).tolist() == [0, 0, 1, 3, 3]
    assert range_of(keys, 1).tolist() == [0] * 5


def test_split_keeps_the_order_within_a_place() -> None:
    rows = np.array([b"a", b"b", b"c", b"d"], KEY)
    found = [(place, part.tolist()) for place, part in split(rows, np.array([2, 0, 2, 0]))]
    assert found == [(0, [b"b", b"d"]), (2, [b"a", b"c"])]
    assert list(split(rows[:0], np.empty(0, np.int64))) == []
