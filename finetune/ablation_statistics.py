"""Paired differences over seeds with a confidence interval from Student's t distribution."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A mean, the bounds of its confidence interval, and whether 0 lies within them (bounds included)."""

    mean: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Whether the data do not tell the mean from 0."""
        return self.low <= 0 <= self.high


def paired_interval(first: Sequence[float], second: Sequence[float], confidence: float) -> Interval:
    """The mean of `first[i] - second[i]` and its t interval at `confidence` (0.95 for 95 %).

    The differences are taken as independent draws from a normal distribution, which few seeds cannot show.

    Raises:
        ValueError: fewer than two pairs, or sequences of different lengths.
    """
    differences = [a - b for a, b in zip(first, second, strict=True)]
    if len(differences) < 2:
        raise ValueError("an interval needs at least two pairs")
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    reach = t_quantile(0.5 + confidence / 2, len(differences) - 1) * error
    return Interval(mean, mean - reach, mean + reach)


def t_quantile(probability: float, degrees: int) -> float:
    """The value that Student's t with `degrees` (>= 1) stays below with `probability`, 0.5 <= probability < 1."""
    low, high = 0.0, math.pi / 2
    for _ in range(200):  # more than a float has bits
        middle = (low + high) / 2
        if 0.5 + _central_probability(middle, degrees) / 2 < probability:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees) * math.tan(low)


def _central_probability(angle: float, degrees: int) -> float:
    """P(|t| <= sqrt(degrees) tan(angle)), as a finite sum (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(odd, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
