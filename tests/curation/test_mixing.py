from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xxhash
from hypothesis import example, given
from hypothesis import strategies as st

from curation.mixing import (
    KEEP_ALL,
    KEEP_NONE,
    Boundary,
    Cut,
    boundary,
    bucket_of,
    check_shares,
    cut,
    histogram,
    order_hash,
    plan,
)
from manifests.errors import JobError, UsageError

Documents = list[tuple[str, int]]


def test_code_gets_its_share_and_web_the_rest() -> None:
    mix = plan({"web": 950, "code": 1000}, {"code": 0.05})
    assert mix.targets == {"code": 50, "web": 950}
    assert mix.left_out == {"code": 950, "web": 0}


def test_the_scarce_source_bounds_the_output() -> None:
    assert plan({"web": 100_000, "code": 10}, {"code": 0.05}).targets == {"code": 10, "web": 190}


def test_unlisted_sources_divide_the_remainder_by_what_they_have() -> None:
    assert plan({"web": 300, "books": 100, "code": 999}, {"code": 0.5}).targets == {
        "books": 100,
        "code": 400,
        "web": 300,
    }


def test_without_shares_everything_stays() -> None:
    assert plan({"web": 3, "code": 4}, {}).targets == {"web": 3, "code": 4}
    assert plan({}, {}).targets == {}


def test_a_share_of_zero_keeps_none_and_a_share_of_one_keeps_nothing_else() -> None:
    assert plan({"web": 3, "code": 4}, {"code": 0}).targets == {"web": 3, "code": 0}
    assert plan({"web": 3, "code": 4}, {"code": 1.0}).targets == {"web": 0, "code": 4}


def test_decimal_shares_add_up_exactly() -> None:
    assert plan({"a": 10, "b": 20, "c": 70}, {"a": 0.1, "b": 0.2, "c": 0.7}).targets == {"a": 10, "b": 20, "c": 70}


def test_thirds_written_as_decimals_are_taken_as_a_whole() -> None:
    third = {"a": 0.3333333, "b": 0.3333333, "c": 0.3333333}
    assert plan({"a": 5, "b": 6, "c": 7, "d": 8}, third).targets == {"a": 5, "b": 5, "c": 5, "d": 0}


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan"), float("inf")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match=r"the share of `code` is .*; a share is between 0 and 1"):
        check_shares({"code": share})


def test_shares_over_1_are_refused_with_their_sum() -> None:
    with pytest.raises(UsageError, match=r"code 0.6 \+ web 0.5 = 1.1; shares must not add up to more than 1"):
        plan({"web": 1, "code": 1}, {"web": 0.5, "code": 0.6})


@pytest.mark.parametrize("available", [{"web": 1000}, {"web": 1000, "code": 0}])
def test_a_share_of_a_source_without_tokens_is_an_error_with_the_figures(available: dict[str, int]) -> None:
    with pytest.raises(JobError, match=r"`code` is to be 0.05 of the output, but no tokens .* web 1,000 tokens"):
        plan(available, {"code": 0.05})


def test_a_remainder_that_no_source_can_fill_is_an_error_with_the_figures() -> None:
    with pytest.raises(
        JobError, match=r"add up to 0.05 and no other source .* the other 0.95 \(available: code 10 tok"
    ):
        plan({"code": 10}, {"code": 0.05})


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10**12), min_size=2),
    st.dictionaries(st.sampled_from("abcde"), st.decimals(0, 1, places=3).map(float), max_size=3),
)
def test_targets_have_their_shares_and_one_source_is_used_up(
    available: dict[str, int], shares: dict[str, float]
) -> None:
    try:
        mix = plan(available, shares)
    except (UsageError, JobError):
        return
    total = sum(mix.targets.values())
    assert all(0 <= mix.targets[source] <= available[source] for source in available)
    assert {source: mix.targets[source] + mix.left_out[source] for source in available} == available
    for source, share in shares.items():
        assert abs(mix.targets.get(source, 0) - share * total) <= 1 + len(available) + total * 1e-6
    others = [source for source in available if source not in shares]
    used_up = [source for source in available if mix.left_out[source] == 0]
    assert used_up or not total
    for one in others:
        for two in others:
            assert abs(mix.targets[one] * available[two] - mix.targets[two] * available[one]) <= sum(available.values())


def test_the_order_is_a_seeded_hash_of_the_id() -> None:
    assert order_hash(7, ["a", "bé"]).tolist() == [
        xxhash.xxh3_64_intdigest(b"a", 7),
        xxhash.xxh3_64_intdigest("bé".encode(), 7),
    ]
    assert order_hash(1, ["a"]).tolist() != order_hash(2, ["a"]).tolist()
    assert order_hash(1, []).dtype == np.uint64


def test_a_histogram_adds_tokens_by_leading_bits() -> None:
    hashes = np.array([0, (1 << 62) + 5, (3 << 62) + 1, (1 << 64) - 1], np.uint64)
    assert histogram(hashes, np.array([1, 2, 3, 4]), bits=2).tolist() == [1, 2, 0, 7]


def test_the_boundary_is_the_bucket_that_reaches_the_target() -> None:
    tokens, documents = np.array([5, 0, 10, 3], np.int64), np.array([1, 0, 2, 1], np.int64)
    assert boundary(tokens, documents, 0) == Boundary(0, 0, 0)
    assert boundary(tokens, documents, 4, look_at=1) == Boundary(0, 1, 4)
    assert boundary(tokens, documents, 5, look_at=1) == Boundary(2, 3, 0)
    assert boundary(tokens, documents, 12, look_at=1) == Boundary(2, 3, 7)
    assert boundary(tokens, documents, 18) == Boundary(4, 4, 0)


def test_enough_documents_behind_the_boundary_are_looked_at() -> None:
    tokens, documents = np.array([5, 0, 10, 3], np.int64), np.array([1, 0, 2, 1], np.int64)
    assert boundary(tokens, documents, 4, look_at=2) == Boundary(0, 3, 4)
    assert boundary(tokens, documents, 4, look_at=1024) == Boundary(0, 4, 4)


def test_documents_that_fit_are_taken_and_a_long_one_is_passed_over() -> None:
    hashes, ids = np.array([11, 10, 12], np.uint64), ["a", "b", "c"]
    tokens = np.array([1000, 5, 10])
    assert cut(Boundary(0, 1, 15), hashes, ids, tokens) == Cut(0, frozenset("bc"))
    assert cut(Boundary(0, 1, 14), hashes, ids, tokens) == Cut(0, frozenset("bc"))  # one too many is nearer than nine
    assert cut(Boundary(0, 1, 7), hashes, ids, tokens) == Cut(0, frozenset("b"))
    assert cut(Boundary(0, 1, 900), hashes, ids, tokens) == Cut(0, frozenset("abc"))
    assert cut(Boundary(0, 1, 2), hashes, ids, tokens) == Cut(0)


def test_a_cut_keeps_what_lies_below_it_and_the_named_ids() -> None:
    hashes, ids = np.array([9, 9, 8, 10], np.uint64), ["c", "a", "z", "0"]
    assert Cut(9, frozenset("a")).keeps(hashes, ids).tolist() == [False, True, True, False]
    assert KEEP_ALL.keeps(hashes, ids).all()
    assert not KEEP_NONE.keeps(np.array([0, 5], np.uint64), ["a", "b"]).any()


def select(documents: Documents, target: int, seed: int, bits: int, workers: int) -> set[str]:
    """The two passes, the documents dealt over some workers."""
    parts = [documents[worker::workers] for worker in range(workers)]
    columns: list[tuple[Any, list[str], Any]] = [
        (order_hash(seed, [i for i, _ in part]), [i for i, _ in part], np.array([t for _, t in part], np.int64))
        for part in parts
    ]
    empty = np.zeros(1 << bits, np.int64)
    summed = sum((histogram(hashes, tokens, bits) for hashes, _, tokens in columns), empty)
    counted = sum((histogram(hashes, np.ones(len(hashes)), bits) for hashes, _, _ in columns), empty)
    limits = boundary(summed, counted, target)
    places = [bucket_of(hashes, bits) for hashes, _, _ in columns]
    inside = [(limits.first <= place) & (place < limits.last) for place in places]
    last = cut(
        limits,
        np.concatenate([hashes[mask] for (hashes, _, _), mask in zip(columns, inside, strict=True)]),
        [ids[row] for (_, ids, _), mask in zip(columns, inside, strict=True) for row in np.flatnonzero(mask)],
        np.concatenate([tokens[mask] for (_, _, tokens), mask in zip(columns, inside, strict=True)]),
        bits,
    )
    return {i for hashes, ids, _ in columns for i, kept in zip(ids, last.keeps(hashes, ids), strict=True) if kept}


DOCUMENTS = st.dictionaries(st.text(max_size=5), st.integers(0, 5000), max_size=40).map(lambda d: list(d.items()))


@given(
    DOCUMENTS, st.floats(0, 1), st.integers(0, 2**32), st.sampled_from([1, 3, 16]), st.randoms(use_true_random=False)
)
@example([("a", 0), ("b", 0)], 1.0, 0, 16, None)
def test_the_selection_meets_its_target_to_within_half_a_document(
    documents: Documents, part: float, seed: int, bits: int, random: Any
) -> None:
    target = int(part * sum(tokens for _, tokens in documents))
    kept = select(documents, target, seed, bits, workers=1)
    sizes = dict(documents)
    reached = sum(sizes[i] for i in kept)

    assert 2 * abs(reached - target) <= max(sizes.values(), default=0)
    if random:
        random.shuffle(documents)
    assert select(documents, target, seed, bits, workers=3) == kept
