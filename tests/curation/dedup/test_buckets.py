from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.dedup.buckets import Pairs, candidate_pairs, concatenate_pairs, exact_pairs
from curation.dedup.components import cluster_sizes, connected_components
from curation.dedup.keys import hex_from_keys, keys_from_hex
from curation.dedup.minhash import sketch_similarity
from tests.curation.dedup.planted import as_dict, numbered_keys

Bytes = NDArray[np.uint8]


def sketches_of_families(families: list[int], size: int = 128, changed: int = 8) -> Bytes:
    """Sketches alike (in all but some `changed` bytes) where the family is the same, and unlike otherwise."""
    rows = []
    for row, family in enumerate(families):
        base = np.random.default_rng(family).integers(0, 256, size, np.uint8)
        own = np.random.default_rng([row, 1])
        base[own.integers(0, size, changed)] = own.integers(0, 256, changed)
        rows.append(base)
    return np.stack(rows)


def test_documents_of_a_bucket_pair_where_their_sketches_agree() -> None:
    hashes = np.array([7, 7, 7, 9, 9], np.uint64)
    sketches = np.zeros((5, 128), np.uint8)
    sketches[1, :16] = 1  # 112 of 128 agree
    sketches[2, :] = 2
    sketches[4, :64] = 3  # 64 of 128 agree
    found = as_dict(candidate_pairs(hashes, numbered_keys([30, 10, 20, 5, 6]), sketches, threshold=0.75))
    assert found == {(10, 30): pytest.approx((112 / 128 - 1 / 256) / (255 / 256))}
    both = as_dict(candidate_pairs(hashes, numbered_keys([30, 10, 20, 5, 6]), sketches, threshold=0.49))
    assert set(both) == {(10, 30), (5, 6)}


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=40),
    st.sampled_from([0.2, 0.75, 0.9, 1.0]),
)
def test_small_buckets_give_every_similar_pair(rows: list[tuple[int, int]], threshold: float) -> None:
    hashes = np.array([bucket for bucket, _ in rows], np.uint64)
    sketches = sketches_of_families([family for _, family in rows]) if rows else np.empty((0, 128), np.uint8)
    expected = {
        (i, j)
        for i, j in itertools.combinations(range(len(rows)), 2)
        if hashes[i] == hashes[j] and sketch_similarity(sketches[i], sketches[j]) >= threshold
    }
    found = candidate_pairs(hashes, numbered_keys(range(len(rows))), sketches, threshold=threshold, cap=40)
    assert set(as_dict(found)) == expected
    assert (found.similarity >= threshold - 1e-6).all()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), max_size=60), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows: list[tuple[int, int]], random: object) -> None:
    hashes = np.array([bucket for bucket, _ in rows], np.uint64)
    keys = numbered_keys([(place * 7919) % 1009 for place in range(len(rows))])
    sketches = sketches_of_families([family for _, family in rows]) if rows else np.empty((0, 128), np.uint8)
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    order = np.array(shuffled, np.int64)
    one = candidate_pairs(hashes, keys, sketches, cap=4)
    other = candidate_pairs(hashes[order], keys[order], sketches[order], cap=4)
    assert one.left.tolist() == other.left.tolist()
    assert one.right.tolist() == other.right.tolist()
    assert one.similarity.tolist() == other.similarity.tolist()


def test_two_hundred_thousand_identical_copies_make_one_star() -> None:
    count = 200_000
    sketches = np.tile(np.arange(128, dtype=np.uint8), (count, 1))
    pairs = candidate_pairs(np.full(count, 5, np.uint64), numbered_keys(range(count)), sketches)
    assert len(pairs) == count - 1
    assert set(pairs.left.tolist()) == {numbered_keys([0])[0]}
    assert cluster_sizes(connected_components(pairs.left, pairs.right).component) == {count: 1}


def test_clusters_of_a_large_bucket_stay_apart() -> None:
    families = [place % 10 for place in range(5000)]
    keys = numbered_keys(range(5000))
    pairs = candidate_pairs(np.zeros(5000, np.uint64), keys, sketches_of_families(families))
    assert len(pairs) <= 2 * 5000
    assert cluster_sizes(connected_components(pairs.left, pairs.right).component) == {500: 10}


def test_documents_beyond_the_leaders_are_compared_with_neighbours_of_like_sketch() -> None:
    families = [*range(40), *range(40)]  # 80 documents of 40 families, more than the 8 leaders
    pairs = candidate_pairs(
        np.zeros(80, np.uint64), numbered_keys(range(80)), sketches_of_families(families, changed=0), cap=8
    )
    assert set(as_dict(pairs)) == {(family, family + 40) for family in range(40)}


def test_a_document_that_bridges_two_leaders_joins_them() -> None:
    first, bridge, second = np.zeros(128, np.uint8), np.zeros(128, np.uint8), np.zeros(128, np.uint8)
    first[:24], second[-24:] = 1, 1
    sketches = np.stack([first, second, bridge, *sketches_of_families(list(range(3, 40)))])
    pairs = candidate_pairs(np.zeros(40, np.uint64), numbered_keys(range(40)), sketches, cap=8)
    assert set(as_dict(pairs)) == {(0, 2), (1, 2)}


def test_least_gives_pairs_below_the_threshold_too_and_changes_none_above() -> None:
    sketches = np.zeros((4, 128), np.uint8)
    sketches[1, :20] = 1  # estimated at 0.84 to the first
    sketches[2, :45] = 2  # 0.65
    sketches[3, :90] = 3  # 0.29
    hashes, keys = np.zeros(4, np.uint64), numbered_keys(range(4))
    strict = as_dict(candidate_pairs(hashes, keys, sketches, threshold=0.8))
    loose = as_dict(candidate_pairs(hashes, keys, sketches, threshold=0.8, least=0.6))
    assert set(strict) == {(0, 1)}
    assert set(loose) == {(0, 1), (0, 2), (1, 2)}
    assert loose[0, 1] == strict[0, 1]
    assert as_dict(candidate_pairs(hashes, keys, sketches, threshold=0.8, least=0.9)) == strict


def test_least_leaves_the_leaders_of_a_large_bucket_as_they_are() -> None:
    sketches = np.repeat(sketches_of_families([0, 1, 2]), 20, axis=0)
    sketches[20:40, :] = sketches[0]
    sketches[20:40, :35] = 7  # 0.73 to the first family: no leader's follower at 0.8, yet given from 0.6 on
    hashes, keys = np.zeros(60, np.uint64), numbered_keys(range(60))
    strict = set(as_dict(candidate_pairs(hashes, keys, sketches, threshold=0.8, cap=8)))
    loose = set(as_dict(candidate_pairs(hashes, keys, sketches, threshold=0.8, cap=8, least=0.6)))
    assert strict < loose
    assert {(0, row) for row in range(20, 40)} <= loose
    assert {(20, row) for row in range(21, 40)} <= strict


def test_unlike_documents_of_a_large_bucket_give_no_pair() -> None:
    sketches = np.random.default_rng(5).integers(0, 256, (20_000, 128), np.uint8)
    assert len(candidate_pairs(np.zeros(20_000, np.uint64), numbered_keys(range(20_000)), sketches)) == 0


def test_a_document_listed_twice_is_no_pair() -> None:
    sketches = np.zeros((3, 16), np.uint8)
    sketches[1] = 255
    pairs = candidate_pairs(np.zeros(3, np.uint64), numbered_keys([4, 4, 9]), sketches)
    assert set(as_dict(pairs)) == {(4, 9)}


def test_no_rows_give_no_pairs() -> None:
    empty = candidate_pairs(np.empty(0, np.uint64), np.empty(0, "S16"), np.empty((0, 128), np.uint8))
    assert (len(empty), empty.similarity.dtype) == (0, np.float32)
    assert len(exact_pairs(np.empty((0, 2), np.uint64), np.empty(0, "S16"))) == 0
    assert len(concatenate_pairs([])) == 0


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="not of one length"):
        candidate_pairs(np.zeros(2, np.uint64), numbered_keys([1]), np.zeros((2, 4), np.uint8))
    with pytest.raises(ValueError, match="two columns"):
        exact_pairs(np.zeros(2, np.uint64), numbered_keys([1, 2]))


def test_exact_copies_pair_with_the_smallest_key() -> None:
    hashes = np.array([[1, 1], [2, 2], [1, 1], [1, 9], [1, 1], [2, 2], [1, 1]], np.uint64)
    pairs = exact_pairs(hashes, numbered_keys([30, 7, 10, 11, 20, 8, 20]))
    assert as_dict(pairs) == {(10, 20): 1.0, (10, 30): 1.0, (7, 8): 1.0}
    assert len(pairs) == 3


def test_pairs_of_bands_are_joined_end_to_end() -> None:
    part = Pairs(numbered_keys([1]), numbered_keys([2]), np.ones(1, np.float32))
    assert len(concatenate_pairs([part, part])) == 2


@given(st.lists(st.text("0123456789abcdef", min_size=32, max_size=32)))
def test_ids_survive_as_keys_in_the_same_order(ids: list[str]) -> None:
    keys = keys_from_hex(ids)
    assert hex_from_keys(keys) == ids
    assert hex_from_keys(np.sort(keys)) == sorted(ids)


@pytest.mark.parametrize("wrong", ["", "ab", "g" * 32, " " * 32, "a" * 33])
def test_an_id_that_is_not_32_hex_digits_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        keys_from_hex(["0" * 32, wrong])
