from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.config import MinHashConfig
from curation.dedup.shingles import shingle_set
from curation.dedup.verify import BINS, SIMILARITY_UNIT, jaccard_similarities, measured_recall, recall_counts
from tests.curation.dedup.planted import planted_pair

sets = st.sets(st.integers(0, 30) | st.integers(0, 2**64 - 1), max_size=12)


def similarity(a: set[int], b: set[int]) -> float:
    arrays = [np.array(sorted(one), np.uint64) for one in (a, b)]
    return float(jaccard_similarities(arrays, np.array([0]), np.array([1]))[0])


@settings(deadline=None)  # the first call compiles
@given(sets, sets)
def test_similarity_is_that_of_the_sets(a: set[int], b: set[int]) -> None:
    assert similarity(a, b) == (len(a & b) / len(a | b) if a | b else 0.0)


def test_pairs_are_answered_in_their_order() -> None:
    arrays = [np.array(one, np.uint64) for one in ([1, 2, 3], [], [2, 3, 4], [9])]
    found = jaccard_similarities(arrays, np.array([0, 2, 0, 1, 3]), np.array([2, 0, 3, 0, 3]))
    assert found.tolist() == [0.5, 0.5, 0.0, 0.0, 1.0]
    assert jaccard_similarities([], np.empty(0, np.int64), np.empty(0, np.int64)).shape == (0,)


@pytest.mark.parametrize(("shared", "own"), [(50, 25), (80, 10), (100, 0)])
def test_planted_pairs_have_their_similarity(shared: int, own: int) -> None:
    arrays = [shingle_set(text) for text in planted_pair(1, shared, own)]
    found = jaccard_similarities(arrays, np.array([0]), np.array([1]))
    assert found[0] == pytest.approx(shared / (shared + 2 * own))


def test_counts_are_by_bin_and_add_up_over_any_split() -> None:
    true = np.array([0.8, 0.83, 0.85, 1.0, 1.0])
    hits = np.array([1, 3, 2, 14, 1])
    counts = recall_counts(true, hits)
    filled = {name: {place: int(n) for place, n in enumerate(one) if n} for name, one in counts.items()}
    assert filled == {
        "pairs": {16: 2, 17: 1, 19: 2},
        "similarity": {16: 1_630_000, 17: 850_000, 19: 2 * SIMILARITY_UNIT},
        "once": {16: 1, 19: 1},
        "hits": {16: 3, 17: 2, 19: 14},
    }
    parts = [recall_counts(true[part], hits[part]) for part in (slice(2), slice(2, 5))]
    assert all((parts[0][name] + parts[1][name] == counts[name]).all() and len(counts[name]) == BINS for name in counts)


def test_recall_is_measured_from_the_pairs_that_were_met() -> None:
    config, generator = MinHashConfig(), np.random.default_rng(7)
    bands, rows = config.bands_rows
    for true in (0.6, 0.75, 0.9):
        hits = generator.binomial(bands, true**rows, 40_000)
        met = hits[hits > 0]
        counts = recall_counts(np.full(len(met), true), met.astype(np.int64))
        pairs, once, hit = (int(counts[name].sum()) for name in ("pairs", "once", "hits"))
        assert measured_recall(pairs, once, hit, bands) == pytest.approx(len(met) / len(hits), abs=0.02)


def test_nothing_met_measures_nothing() -> None:
    assert measured_recall(0, 0, 0, 14) is None
    assert measured_recall(3, 3, 0, 1) is None
    assert measured_recall(5, 0, 70, 14) == 1.0
