"""How well scores tell two classes apart, and how far they can be taken for probabilities. Plain NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Truth = NDArray[np.bool_]

BINS = 10
KEPT_SHARES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class AtThreshold:
    """What happens where scores of at least `threshold` pass."""

    threshold: float
    kept_reference: float  # share of the reference documents that pass: recall
    kept_crawl: float  # share of the crawled ones
    precision: float
    f1: float


@dataclass(frozen=True)
class Bin:
    """Scores in [low, high), the last bin with its upper end."""

    low: float
    high: float
    documents: int
    mean_score: float
    reference: float  # the share that is reference text: the mean score, if scores are probabilities


def auc(scores: _Floats, truth: _Truth) -> float:
    """The probability that a document of the class scores above one that is not, ties counted as half.

    NaN when a class is empty.
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(scores: _Floats, truth: _Truth, z: float = 1.96) -> tuple[float, float]:
    """The interval in which the true AUC lies with 95 % (DeLong's variance)."""
    above, below = scores[truth], scores[~truth]
    if len(above) < 2 or len(below) < 2:
        return float("nan"), float("nan")
    wins_above = _mean_wins(above, below)
    wins_below = 1.0 - _mean_wins(below, above)
    area = float(wins_above.mean())
    error = float(np.sqrt(wins_above.var(ddof=1) / len(above) + wins_below.var(ddof=1) / len(below)))
    return max(0.0, area - z * error), min(1.0, area + z * error)


def _mean_wins(scores: _Floats, others: _Floats) -> _Floats:
    """For each score the share of `others` below it, ties counted as half."""
    ordered = np.sort(others)
    below, upto = np.searchsorted(ordered, scores, "left"), np.searchsorted(ordered, scores, "right")
    return np.asarray((below + upto) / 2 / len(others), np.float64)


def at_threshold(scores: _Floats, truth: _Truth, threshold: float) -> AtThreshold:
    """Precision, recall and F1 of `scores >= threshold`; both classes have documents."""
    passed = scores >= threshold
    right = int((passed & truth).sum())
    precision = right / max(1, int(passed.sum()))
    recall = right / int(truth.sum())
    crawl = float(passed[~truth].mean())
    return AtThreshold(float(threshold), recall, crawl, precision, 2 * right / (int(passed.sum()) + int(truth.sum())))


def thresholds(scores: _Floats, truth: _Truth) -> list[AtThreshold]:
    """The thresholds that keep given shares of the crawled documents (`KEPT_SHARES`, fewest first)."""
    crawl = np.sort(scores[~truth])[::-1]
    places = [max(0, min(len(crawl), round(share * len(crawl))) - 1) for share in KEPT_SHARES]
    return [at_threshold(scores, truth, float(crawl[place])) for place in dict.fromkeys(places)]


def reliability(scores: _Floats, truth: _Truth) -> list[Bin]:
    """`BINS` equal bins of the scores, those with documents."""
    number = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    table = []
    for i in range(BINS):
        inside = number == i
        if inside.any():
            means = float(scores[inside].mean()), float(truth[inside].mean())
            table.append(Bin(i / BINS, (i + 1) / BINS, int(inside.sum()), *means))
    return table


def calibration_error(table: list[Bin]) -> float:
    """Expected calibration error: how far scores lie from the shares they claim, a mean over documents."""
    total = sum(row.documents for row in table)
    return sum(row.documents * abs(row.mean_score - row.reference) for row in table) / max(1, total)
