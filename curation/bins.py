"""Histogram bins that follow from a rule's thresholds alone, so that histograms of parts add up.

Every threshold is itself an edge: no bar mixes values on both sides of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bounds = tuple[float | None, float | None]
"""(minimum, maximum) of the values that pass; None where that side is open."""

LINEAR = "linear"
LOG = "log"

_WIDE = 50.0  # a range this many times its lower bound is drawn on a logarithmic axis
_INNER_STEPS = 14  # between two thresholds on a linear axis
_OUTER_STEPS = 7
_LOG_REACH = 12  # half-octaves to either side of a single threshold
_MOST_BINS = 100


@dataclass(frozen=True)
class Bins:
    """`len(edges) - 1` bins and an open one at either end.

    A value on an edge belongs to the side that the threshold puts it on: with a maximum only, bins are closed on
    the right (value = maximum passes), otherwise on the left (value = minimum passes). The outermost edges are
    closed on both sides, so that a share of exactly 0 or 1 is inside.
    """

    edges: tuple[float, ...]
    scale: str
    right_closed: bool

    def place(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The bin of each value: 0 below the first edge, `len(edges)` above the last."""
        edges = np.array(self.edges)
        found = np.searchsorted(edges, values, side="left" if self.right_closed else "right").astype(np.int64)
        if self.right_closed:
            found[values == edges[0]] = 1
        else:
            found[values == edges[-1]] = len(edges) - 1
        return found


def bins_for(minimum: float | None, maximum: float | None) -> Bins:
    """The bins for a value that passes from `minimum` to `maximum`.

    Two thresholds far apart, or one above 1, give logarithmic bins; a single one from 0 to 1 is taken for a share
    and gives linear bins over [0, 1]; no threshold gives forty bins over [0, 1]. A threshold that is no everyday
    number (beyond 1e12, or nearer to 0 than 1e-9), as people write to turn a rule off, is no edge.
    """
    minimum, maximum = _everyday(minimum), _everyday(maximum)
    right_closed = minimum is None
    if minimum is not None and maximum is not None and not math.isclose(minimum, maximum, rel_tol=1e-4, abs_tol=1e-9):
        low, high = sorted((minimum, maximum))
        if low > 0 and high / low >= _WIDE:
            steps = min(24, max(4, round(math.log2(high / low))))
            factor = (high / low) ** (1 / steps)
            edges = [low * factor**k for k in range(-_OUTER_STEPS, steps + _OUTER_STEPS + 1)]
            return _bins(edges, (low, high), LOG, right_closed)
        step = (high - low) / _INNER_STEPS
        edges = [low + step * k for k in range(-_OUTER_STEPS, _INNER_STEPS + _OUTER_STEPS + 1)]
        if low >= 0:
            edges = [edge for edge in edges if edge >= 0]
        return _bins(edges, (low, high), LINEAR, right_closed)
    bound = minimum if minimum is not None else maximum
    if bound is None:
        return _bins([k / 40 for k in range(41)], (), LINEAR, right_closed)
    if bound <= 0:
        step = -bound / 16 if bound else 1.0
        below = 16 if bound else 1
        return _bins([bound + step * k for k in range(-below, 33)], (bound,), LINEAR, right_closed)
    if bound <= 1:
        step = bound / max(1, round(bound / 0.025))
        count = min(_MOST_BINS, math.ceil(1 / step - 1e-9))
        return _bins([step * k for k in range(count + 1)], (bound,), LINEAR, right_closed)
    edges = [bound * 2 ** (k / 2) for k in range(-_LOG_REACH, _LOG_REACH + 1)]
    return _bins([edge for edge in edges if edge >= 0.5], (bound,), LOG, right_closed)


def _everyday(bound: float | None) -> float | None:
    return bound if bound is not None and (bound == 0 or 1e-9 <= abs(bound) <= 1e12) else None


def _bins(edges: list[float], exact: tuple[float, ...], scale: str, right_closed: bool) -> Bins:
    """Edges to nine digits, so that the last bit of a machine's `pow` moves no count; thresholds are kept exactly."""
    rounded = {float(f"{edge:.9g}") for edge in edges}
    for bound in exact:
        rounded = {edge for edge in rounded if not math.isclose(edge, bound, rel_tol=1e-6, abs_tol=1e-12)} | {bound}
    return Bins(tuple(sorted(rounded)), scale, right_closed)
