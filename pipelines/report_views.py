"""What the report shows, worked out from a manifest and a summary; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from curation.bins import LOG, Bins, bins_for
from curation.statistics import HOST_SAMPLE, INGEST, SIMILARITY, Counts, Sample, Summary
from curation.statistics import KEPT as KEPT_STAGE
from manifests.dataset import ENTERED, KEPT, count_totals
from pipelines.charts import Bar, Mark, histogram

MIXTURE = "mix"
SENSITIVE_STAGES = ("toxicity", "privacy")
"""Stages whose dropped documents are shown only when a reader opens them."""

_OUTCOMES = ("kept", "dropped-here", "dropped-elsewhere")
_MOST_ROWS = 25
_MOST_INPUTS = 40
_MOST_HOSTS = 20


@dataclass(frozen=True)
class Step:
    """One rule of a source's funnel; shares are of documents, from 0 to 1."""

    stage: str
    rule: str
    documents: int
    tokens: int
    of_entered: float
    of_left: float
    remaining: float
    alone: int | None


@dataclass(frozen=True)
class Funnel:
    """What became of one source's documents, in the order in which rules were applied."""

    source: str
    entered: int
    entered_tokens: int
    kept: int
    kept_tokens: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Part:
    """One source's place in the output: shares of tokens, from 0 to 1; `wanted` is None for "the rest"."""

    source: str
    documents: int
    tokens: int
    share: float
    wanted: float | None
    left_out_documents: int
    left_out_tokens: int


@dataclass(frozen=True)
class Totals:
    """The equation of the build: records = kept + rejected + errors, when nothing vanished."""

    inputs: int
    input_bytes: int
    records: int
    kept: int
    rejected: int
    errors: int
    tokens: int
    shards: int
    shard_bytes: int

    @property
    def missing(self) -> int:
        """Records that are accounted for nowhere (or, below 0, counted twice); 0 in a sound build."""
        return self.records - self.kept - self.rejected - self.errors


@dataclass(frozen=True)
class Row:
    """A named line of a table of kept and dropped documents."""

    name: str
    kept: int
    kept_tokens: int
    dropped: int
    dropped_tokens: int

    @property
    def documents(self) -> int:
        """Kept and dropped."""
        return self.kept + self.dropped


@dataclass(frozen=True)
class SignalChart:
    """One measured number's histogram; `dropped` counts documents that its thresholds dropped."""

    name: str
    passes: str
    dropped: int
    measured: int
    chart: Markup

    @property
    def prominent(self) -> bool:
        """Whether it is shown at once: it dropped something, or everybody asks for it."""
        return self.dropped > 0 or self.name in ("toxicity", "language_score")


@dataclass(frozen=True)
class SampleGroup:
    """Samples of one outcome."""

    source: str
    stage: str
    rule: str
    documents: int
    sensitive: bool
    samples: tuple[Sample, ...]


def totals(manifest: Mapping[str, Any]) -> Totals:
    """Headline figures, counted from the manifest's lists."""
    counted = count_totals({"inputs": (), "shards": (), "rejected": (), **manifest})
    return Totals(
        inputs=counted["inputs"],
        input_bytes=counted["input_bytes"],
        records=counted["records"],
        kept=counted["documents"],
        rejected=counted["rejected"],
        errors=counted["errors"],
        tokens=counted["tokens"],
        shards=len(manifest.get("shards", ())),
        shard_bytes=counted["bytes"],
    )


def funnels(manifest: Mapping[str, Any], summary: Summary) -> list[Funnel]:
    """One funnel per source, its rules in the manifest's order; damaged records are a row of their own."""
    rejected = [item for item in manifest.get("funnel", []) if item["rule"] not in (ENTERED, KEPT)]
    shards = manifest.get("shards", [])
    found = []
    for source in sorted({item["source"] for item in [*rejected, *shards]}):
        kept = sum(item["documents"] for item in shards if item["source"] == source)
        kept_tokens = sum(item["tokens"] for item in shards if item["source"] == source)
        rows = [item for item in rejected if item["source"] == source]
        entered = kept + sum(item["documents"] for item in rows)
        tokens = kept_tokens + sum(item["tokens"] for item in rows)
        left, steps = entered, []
        for item in rows:
            documents = item["documents"]
            alone = summary.failures.get((source, item["rule"]))
            steps.append(
                Step(
                    stage=item["stage"],
                    rule=item["rule"] or "",
                    documents=documents,
                    tokens=item["tokens"],
                    of_entered=_share(documents, entered),
                    of_left=_share(documents, left),
                    remaining=_share(left - documents, entered),
                    alone=alone[1] if alone else None,
                )
            )
            left -= documents
        found.append(Funnel(source, entered, tokens, kept, kept_tokens, tuple(steps)))
    return found


def level_rows(manifest: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, int]]]:
    """(level, source, counts) of what was cut because other text repeats it, in the order of levels."""
    return [
        (level, source, facts)
        for level, found in (manifest.get("cuts") or {}).items()
        for source, facts in found.items()
    ]


def mixture(manifest: Mapping[str, Any]) -> list[Part]:
    """Each source's share of the output's tokens beside the share that the recipe asks for."""
    wanted = (manifest.get("recipe") or {}).get("mixture") or {}
    shards = manifest.get("shards", [])
    left_out = [item for item in manifest.get("funnel", []) if item["stage"] == MIXTURE]
    total = sum(item["tokens"] for item in shards)
    parts = []
    for source in sorted({item["source"] for item in [*shards, *left_out]} | set(wanted)):
        tokens = sum(item["tokens"] for item in shards if item["source"] == source)
        parts.append(
            Part(
                source=source,
                documents=sum(item["documents"] for item in shards if item["source"] == source),
                tokens=tokens,
                share=_share(tokens, total),
                wanted=wanted.get(source),
                left_out_documents=sum(item["documents"] for item in left_out if item["source"] == source),
                left_out_tokens=sum(item["tokens"] for item in left_out if item["source"] == source),
            )
        )
    return sorted(parts, key=lambda part: (-part.tokens, part.source))


def inputs(manifest: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """The inputs to list, most errors first, and how many more there are."""
    listed = sorted(manifest.get("inputs", []), key=lambda item: (-(item.get("errors") or 0), item["uri"]))
    return listed[:_MOST_INPUTS], max(0, len(listed) - _MOST_INPUTS)


def input_note(item: Mapping[str, Any]) -> str:
    """What a manifest says of an input besides numbers: a repository's licence and commit, and what was passed over."""
    notes = []
    licence = item.get("license") or {}
    if licence.get("kind"):
        notes.append(f"licence {licence.get('expression') or 'not found'} ({licence['kind']})")
    if item.get("commit"):
        notes.append(f"commit {item['commit'][:10]}")
    passed = item.get("skipped") or {}
    if passed:
        notes.append("passed over: " + ", ".join(f"{count:,} {name}" for name, count in sorted(passed.items())))
    return "; ".join(notes)


def length_charts(summary: Summary) -> list[tuple[str, str, Markup]]:
    """(source, unit, histogram over powers of two) for tokens and characters of each source."""
    charts = []
    for source, unit in sorted({(str(key[0]), str(key[1])) for key in summary.lengths}):
        found = {int(key[2]): numbers for key, numbers in summary.lengths.items() if key[:2] == (source, unit)}
        first, last = min(found), max(found)
        bars = [Bar(f"{_length_label(k)} {unit}", found.get(k, (0, 0))) for k in range(first, last + 1)]
        ticks = [(k - first, short(1 << (k - 1)) if k else "0") for k in range(first, last + 2)]
        title = f"{source}: {unit} per document, kept and dropped"
        charts.append((source, unit, histogram(bars, ticks, [], ("kept", "dropped-elsewhere"), title)))
    return charts


def language_rows(summary: Summary) -> list[tuple[str, list[Row]]]:
    """Languages of each source, most documents first, the rare ones added up."""
    sources = sorted({str(key[0]) for key in summary.languages})
    return [
        (source, _rows((str(key[1]), n) for key, n in summary.languages.items() if key[0] == source))
        for source in sources
    ]


def license_rows(summary: Summary) -> list[tuple[str, Row]]:
    """(kind, row) for each licence expression found on code."""
    rows: list[tuple[str, Row]] = []
    for kind in ("permissive", "copyleft", "other", "none"):
        found = ((str(key[1]) or "no licence found", n) for key, n in summary.licenses.items() if key[0] == kind)
        rows.extend((kind, row) for row in _rows(found))
    return rows


def pii_rows(summary: Summary) -> list[Row]:
    """Replaced spans by type; `kept_tokens` and `dropped_tokens` hold spans."""
    totals_by_type: Counts = {}
    for key, numbers in summary.pii.items():
        before = totals_by_type.get(key[1:], (0, 0, 0, 0))
        totals_by_type[key[1:]] = tuple(x + y for x, y in zip(before, numbers, strict=True))
    return _rows((str(key[0]), numbers) for key, numbers in totals_by_type.items())


def host_rows(summary: Summary) -> tuple[list[Row], bool]:
    """The sites and repositories with the most documents; whether they come from a sample of the documents."""
    found: dict[str, list[int]] = {}
    for host, kept in summary.hosts.values():
        found.setdefault(host or "no host", [0, 0])[0 if kept else 1] += 1
    rows = _rows((name, (kept, 0, dropped, 0)) for name, (kept, dropped) in found.items())
    return rows[:_MOST_HOSTS], len(summary.hosts) >= HOST_SAMPLE


def signal_charts(summary: Summary) -> list[SignalChart]:
    """A histogram for each number that a rule reads, those that dropped most first."""
    names = {str(key[0]) for key in summary.signals} - {SIMILARITY}
    charts = [_signal_chart(summary, name) for name in sorted(names)]
    return sorted(charts, key=lambda chart: (-chart.dropped, chart.name))


def similarity_chart(summary: Summary) -> Markup | None:
    """Similarity of removed copies to the copy that stays; None where there are none."""
    if not any(key[0] == SIMILARITY for key in summary.signals):
        return None
    return _signal_chart(summary, SIMILARITY).chart


def sample_groups(summary: Summary) -> tuple[list[SampleGroup], list[SampleGroup]]:
    """Samples of what was kept and of what was dropped."""
    kept: list[SampleGroup] = []
    dropped: list[SampleGroup] = []
    for (source, stage, rule), samples in summary.samples.items():
        documents = summary.outcomes.get((source, stage, rule), (0, 0))[0]
        group = SampleGroup(source, stage, rule, documents, stage in SENSITIVE_STAGES, samples)
        (kept if stage == KEPT_STAGE else dropped).append(group)
    kept.sort(key=lambda group: group.source)
    dropped.sort(key=lambda group: (group.source, _order(group.stage), -group.documents, group.rule))
    return kept, dropped


def threshold_words(minimum: float | None, maximum: float | None) -> str:
    """The values that pass, in words."""
    if minimum is not None and maximum is not None:
        return f"passes from {plain(minimum)} to {plain(maximum)}"
    if minimum is not None:
        return f"passes from {plain(minimum)}"
    return f"passes up to {plain(maximum)}" if maximum is not None else "no threshold"


def plain(value: float | None) -> str:
    """Four significant digits, thousands separated, no exponent for everyday sizes."""
    if value is None:
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def short(value: float) -> str:
    """12.3 k, 4.56 M: three significant digits."""
    for size, unit in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def size(value: float) -> str:
    """Bytes with a decimal unit."""
    return f"{short(value).replace(' B', ' G')}B" if value >= 999.5 else f"{value:.0f} B"


def percent(share: float) -> str:
    """One decimal; what is not nothing is not shown as 0."""
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{100 * share:.1f} %"


def _order(stage: str) -> int:
    return 0 if stage == INGEST else 2 if stage == MIXTURE else 1


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _rows(found: Iterable[tuple[str, Sequence[int]]]) -> list[Row]:
    rows = sorted((Row(name, n[0], n[1], n[2], n[3]) for name, n in found), key=lambda row: (-row.documents, row.name))
    if len(rows) <= _MOST_ROWS:
        return rows
    rare = rows[_MOST_ROWS - 1 :]
    rest = Row(
        f"{len(rare)} others",
        sum(row.kept for row in rare),
        sum(row.kept_tokens for row in rare),
        sum(row.dropped for row in rare),
        sum(row.dropped_tokens for row in rare),
    )
    return [*rows[: _MOST_ROWS - 1], rest]


def _signal_chart(summary: Summary, name: str) -> SignalChart:
    minimum, maximum = summary.bounds.get(name, (None, None))
    bins = bins_for(minimum, maximum)
    found = {int(key[1]): numbers for key, numbers in summary.signals.items() if key[0] == name}
    limits = [(bins.edges.index(bound), bound) for bound in (minimum, maximum) if bound in bins.edges]
    # Bin k lies left of edge k: show every bin that holds a document, and both sides of every threshold.
    first = min([*found, *(edge for edge, _ in limits)])
    last = max([*found, *(edge + 1 for edge, _ in limits)])
    bars = [Bar(_bin_label(bins, k), found.get(k, (0, 0, 0))) for k in range(first, last + 1)]
    ticks = [(k - first, _edge_label(bins, k - 1)) for k in range(max(1, first), last + 2) if k <= len(bins.edges)]
    marks = [Mark(edge - first + 1, f"{'min' if bound == minimum else 'max'} {plain(bound)}") for edge, bound in limits]
    dropped = sum(numbers[1] for numbers in found.values())
    measured = sum(sum(numbers) for numbers in found.values())
    passes = threshold_words(minimum, maximum)
    title = f"{name}: {measured:,} documents, {dropped:,} dropped on it; {passes}"
    return SignalChart(name, passes, dropped, measured, histogram(bars, ticks, marks, _OUTCOMES, title))


def _edge_label(bins: Bins, index: int) -> str:
    edge = bins.edges[index]
    return short(edge) if bins.scale == LOG or abs(edge) >= 1e4 else f"{edge:.3g}"


def _bin_label(bins: Bins, index: int) -> str:
    if index == 0:
        return f"below {plain(bins.edges[0])}"
    if index == len(bins.edges):
        return f"above {plain(bins.edges[-1])}"
    return f"{plain(bins.edges[index - 1])} to {plain(bins.edges[index])}"


def _length_label(index: int) -> str:
    return "0" if not index else f"{1 << (index - 1):,} to {(1 << index) - 1:,}"
