import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.quality_models.figures import (
    AtThreshold,
    Bin,
    at_threshold,
    auc,
    auc_interval,
    calibration_error,
    reliability,
    thresholds,
)

SCORES = np.array([0.9, 0.8, 0.4, 0.7, 0.3, 0.1])
TRUTH = np.array([True, True, True, False, False, False])


def test_auc_counts_pairs_in_order() -> None:
    assert auc(SCORES, TRUTH) == pytest.approx(8 / 9)  # of nine pairs only 0.4 against 0.7 is wrong
    assert auc(-SCORES, TRUTH) == pytest.approx(1 / 9)
    assert auc(np.zeros(6), TRUTH) == 0.5
    assert np.isnan(auc(SCORES, np.ones(6, bool)))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_that_are_in_order(rows: list[tuple[int, bool]]) -> None:
    above, below = [s for s, t in rows if t], [s for s, t in rows if not t]
    if not above or not below:
        return
    pairs = [(a > b) + (a == b) / 2 for a in above for b in below]
    scores, truth = np.array([s for s, _ in rows], float), np.array([t for _, t in rows])
    assert auc(scores, truth) == pytest.approx(sum(pairs) / len(pairs))


def test_the_interval_holds_the_area_and_narrows_with_documents() -> None:
    low, high = auc_interval(SCORES, TRUTH)
    assert low < 8 / 9 < high
    many = auc_interval(np.tile(SCORES, 50), np.tile(TRUTH, 50))
    assert many[1] - many[0] < high - low
    # DeLong's variance by hand: wins of each reference document are 1, 1, 2/3, of each crawled one 2/3, 1, 1.
    error = np.sqrt(2 * np.var([1, 1, 2 / 3], ddof=1) / 3)
    assert low == pytest.approx(8 / 9 - 1.96 * error)


def test_a_threshold_lets_pass_what_reaches_it() -> None:
    assert at_threshold(SCORES, TRUTH, 0.7) == AtThreshold(0.7, 2 / 3, 1 / 3, 2 / 3, 4 / 6)
    assert at_threshold(SCORES, TRUTH, 0.95) == AtThreshold(0.95, 0.0, 0.0, 0.0, 0.0)


def test_thresholds_keep_the_wanted_share_of_the_crawl() -> None:
    scores = np.concatenate([np.arange(100) / 100, np.ones(5)])
    truth = np.arange(105) >= 100
    assert [row.threshold for row in thresholds(scores, truth)] == [0.99, 0.95, 0.9, 0.8, 0.7, 0.5]
    assert [row.kept_crawl for row in thresholds(scores, truth)] == [0.01, 0.05, 0.1, 0.2, 0.3, 0.5]
    assert len(thresholds(SCORES, TRUTH)) == 2  # of three crawled documents: one, or two


def test_scores_that_are_probabilities_have_no_calibration_error() -> None:
    scores = np.array([0.25, 0.25, 0.25, 0.25, 1.0])
    truth = np.array([True, False, False, False, True])
    table = reliability(scores, truth)
    assert table == [Bin(0.2, 0.3, 4, 0.25, 0.25), Bin(0.9, 1.0, 1, 1.0, 1.0)]
    assert calibration_error(table) == 0.0
    assert calibration_error(reliability(np.full(4, 0.9), np.array([True, False, False, False]))) == pytest.approx(0.65)
