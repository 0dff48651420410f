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
from curation.documents import CODE, WEB
from manifests.files import exists, join, read_bytes
from pipelines.charts import Bar, histogram
from pipelines.recipe import DedupConfig
from pipelines.stages import verify
from pipelines.stages.clusters import SIZES
from pipelines.stages.copy_examples import EXAMPLES

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 320.0, 130.0, 12.0, 18.0
_STEPS = 50


@dataclass(frozen=True)
class Duplicates:
    """The stored figures of a build's copies; each is empty where the build has none."""

    sizes: Mapping[int, int] = field(default_factory=dict)  # documents in a cluster -> clusters
    recall: Mapping[int, Mapping[str, NDArray[np.int64]]] = field(default_factory=dict)  # of rules, by their number
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
    sizes, examples = (join(work, name) for name in (SIZES, EXAMPLES))
    counts = json.loads(read_bytes(sizes))["sizes"] if exists(sizes) else {}
    return Duplicates(
        {int(size): count for size, count in counts.items()},
        verify.load_recall(work),
        json.loads(read_bytes(examples)) if exists(examples) else {},
    )


@dataclass(frozen=True)
class RuleView:
    """A rule of near-duplicates, as the report shows it."""

    sources: tuple[str, ...]
    minhash: MinHashConfig
    recall: Sequence[RecallRow]
    curve: Markup


def rule_views(manifest: Mapping[str, Any], duplicates: Duplicates) -> list[RuleView]:
    """The rules by which a build's recipe looked for near-duplicates in the sources of which it met documents.

    None where it looked for none, or in terms of another version.
    """
    given = (manifest.get("recipe") or {}).get("dedup") or {}
    if "minhash" not in given:
        return []
    keys = {name: given[name] for name in ("minhash", "minhash_by_source") if name in given}
    try:
        rules = DedupConfig.model_validate(keys).near_rules
    except ValidationError:
        return []
    met = {row["source"] for row in manifest.get("funnel") or ()}
    views = []
    for number, minhash in enumerate(rules.rules):
        sources = tuple(name for name in (WEB, CODE) if name in met and rules.number(name) == number)
        if sources:
            rows = recall_rows(minhash, duplicates.recall.get(number, {}))
            views.append(RuleView(sources, minhash, rows, curve_chart(minhash, rows)))
    return views


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
