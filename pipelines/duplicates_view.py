"""What the report shows of duplicates besides the list of clusters: curve and recall, cluster sizes, differences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import ValidationError

from curation.dedup.config import MinHashConfig
from curation.dedup.verify import BINS, SIMILARITY_UNIT, measured_recall
from manifests.files import exists, join, read_bytes
from pipelines.charts import Bar, histogram
from pipelines.stages import dedup, verify
from pipelines.stages.copy_examples import EXAMPLES
from pipelines.stages.histograms import load_histograms

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 320.0, 130.0, 12.0, 18.0
_STEPS = 50


@dataclass(frozen=True)
class Duplicates:
    """The stored figures of a build's copies; each is empty where the build has none."""

    sizes: Mapping[int, int] = field(default_factory=dict)  # documents in a cluster -> clusters
    recall: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)  # as `recall_counts` names them
    examples: Mapping[str, Any] = field(default_factory=dict)  # component in hex -> ids and runs of their difference


@dataclass(frozen=True)
class RecallRow:
    """One bin of true similarity: candidates met, and the recall that the curve says and that was measured."""

    low: float
    high: float
    pairs: int
    similarity: float  # mean of the bin's pairs
    expected: float
    measured: float


def read_duplicates(work: str) -> Duplicates:
    """The figures among the work files of a build; those that are not there are empty."""
    sizes, recall, examples = (join(work, name) for name in (dedup.SIZES, verify.RECALL, EXAMPLES))
    counts = json.loads(read_bytes(sizes))["sizes"] if exists(sizes) else {}
    return Duplicates(
        {int(size): count for size, count in counts.items()},
        load_histograms(recall) if exists(recall) else {},
        json.loads(read_bytes(examples)) if exists(examples) else {},
    )


def minhash_of(manifest: Mapping[str, Any]) -> MinHashConfig | None:
    """How a build's recipe looked for near-duplicates; None where it did not, or in terms of another version."""
    given = ((manifest.get("recipe") or {}).get("dedup") or {}).get("minhash")
    try:
        return None if given is None else MinHashConfig.model_validate(given)
    except ValidationError:
        return None


def recall_rows(config: MinHashConfig, recall: Mapping[str, NDArray[np.int64]]) -> list[RecallRow]:
    """Bins that reach the threshold and hold a candidate; below it, candidates were chosen by their estimate."""
    rows = []
    bands = config.bands_rows[0]
    for place in range(BINS) if recall else ():
        pairs, once, hits, total = (int(recall[name][place]) for name in ("pairs", "once", "hits", "similarity"))
        measured = measured_recall(pairs, once, hits, bands)
        low, high = place / BINS, (place + 1) / BINS
        if measured is not None and high > config.threshold:
            mean = total / SIMILARITY_UNIT / pairs
            rows.append(RecallRow(low, high, pairs, mean, config.candidate_probability(mean), measured))
    return rows


def curve_chart(config: MinHashConfig, rows: Sequence[RecallRow]) -> Markup:
    """The probability that the bands propose a pair, by its similarity; dots are what was measured."""
    base = _TOP + _HEIGHT
    curve = [(step / _STEPS, config.candidate_probability(step / _STEPS)) for step in range(_STEPS + 1)]
    points = " ".join(f"{_WIDTH * x:.1f},{base - _HEIGHT * y:.1f}" for x, y in curve)
    at = _WIDTH * config.threshold
    dots = [
        Markup('<circle class="dot" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
            f"{_WIDTH * row.similarity:.1f}",
            f"{base - _HEIGHT * row.measured:.1f}",
            f"similarity {row.low:.2f} to {row.high:.2f}: {row.pairs:,} candidates, measured {row.measured:.3f}, "
            f"curve {row.expected:.3f}",
        )
        for row in rows
    ]
    ticks = [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            f"{_WIDTH * x:.1f}", base + 13, anchor, f"{x:g}"
        )
        for x, anchor in ((0.0, "start"), (0.25, "middle"), (0.5, "middle"), (0.75, "middle"), (1.0, "end"))
    ]
    bands, in_band = config.bands_rows
    title = f"Probability that {bands} bands of {in_band} rows propose a pair, by Jaccard similarity"
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/><line class="mark" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<polyline class="curve" points="{}"/>{}{}</svg>'
    ).format(
        _WIDTH, base + _BOTTOM, title, _WIDTH, base, base, f"{at:.1f}", f"{at:.1f}", _TOP, base, points,
        Markup("").join(dots), Markup("").join(ticks),
    )  # fmt: skip


def sizes_chart(sizes: Mapping[int, int]) -> Markup | None:
    """Clusters by how many documents they hold, over powers of two; None where there are none."""
    if not sizes:
        return None
    counts: dict[int, int] = {}
    for size, clusters in sizes.items():
        place = max(0, size.bit_length() - 2)
        counts[place] = counts.get(place, 0) + clusters
    bars = [Bar(_size_label(place), (counts.get(place, 0),)) for place in range(max(counts) + 1)]
    ticks = [(place, f"{2 << place:,}") for place in range(max(counts) + 1)]
    return histogram(bars, ticks, [], ("clusters",), f"{sum(sizes.values()):,} clusters by their number of documents")


def _size_label(place: int) -> str:
    return f"{2 << place:,} to {(4 << place) - 1:,} documents"
