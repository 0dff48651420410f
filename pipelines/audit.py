"""`winnow audit`: finished shards are looked at again by a second method, and what slipped through is counted.

The method shares no pattern with the one that cleaned the build (`pipelines.audit_methods`). What stands in the place
of a replaced span, where the shard says so, is left alone. Samples are chosen by a hash of (seed, id, place); their
values are masked unless asked for.
"""

from __future__ import annotations

import bisect
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from curation.documents import CODE
from curation.privacy import OPTIONAL_TYPES, TYPES, Kind, Span, find
from curation.statistics import sample_rank
from manifests.errors import UsageError
from manifests.files import join
from manifests.manifest import read_manifest
from pipelines.audit_methods import Finding, Method, make_method
from pipelines.parts import open_parquet

AROUND = 60
"""Characters of context on each side of a sample."""
COLUMNS = ("id", "text", "source", "uri", "language", "meta")
ROWS = 64
"""Documents read at a time."""
KEPT_BY_POLICY = "keep"


@dataclass(frozen=True)
class Sample:
    """A finding in its context. Without `shown`, letters and digits of every finding in it are masked."""

    type: str
    id: str
    source: str
    uri: str
    shard: str
    start: int
    end: int
    score: float
    why: str
    known: bool  # whether `curation.privacy.find` finds it too
    before: str
    value: str
    after: str


@dataclass(frozen=True)
class TypeFound:
    """Findings of one type. `known` of them are found by `curation.privacy.find` too, with every type asked for and no
    least score: the build's recipe left those in. The others are what the first method misses, or what the second
    mistakes for personal data: the samples tell which."""

    type: str
    findings: int
    known: int
    documents: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Damage:
    """A shard that could not be read to its end, and why."""

    path: str
    problem: str


@dataclass(frozen=True)
class Audit:
    """What a second look at a build found. `characters` is how much text was scanned."""

    out: str
    digest: str
    method: str
    model: str | None
    seed: int
    shown: bool
    documents: int
    scanned: int
    characters: int
    with_findings: int
    types: tuple[TypeFound, ...]
    damaged: tuple[Damage, ...]


@dataclass(frozen=True)
class AuditOptions:
    """How to look: the method, how many documents (0: all), which types (none: all), how many samples of each."""

    method: str = "exhaustive"
    model: str | None = None
    documents: int = 0
    samples: int = 5
    seed: int = 0
    types: tuple[str, ...] = ()
    show: bool = False


def audit(out: str, options: AuditOptions, advance: Callable[[int], None] = lambda documents: None) -> Audit:
    """Scan the shards of the build at `out`; `advance` is told of every batch of documents that is done.

    Raises:
        UsageError: `out` is no build, or the method is unknown or not installed.
    """
    manifest = read_manifest(out)
    shards = manifest.get("shards")
    if not isinstance(shards, list) or manifest.get("kind", "dataset") == "model":
        raise UsageError(f"{out}: its manifest lists no shards; `winnow audit` looks at builds of `winnow curate`")
    method = make_method(options.method, options.model)
    reader = _Reader(out, [str(entry["path"]) for entry in shards])
    chosen = _chosen(reader, options) if options.documents else None
    sums = _Sums(options)
    for shard, rows in reader.batches(COLUMNS):
        for row in rows:
            if chosen is None or row["id"] in chosen:
                sums.add(shard, row, method)
        advance(len(rows))
    return Audit(
        out=out,
        digest=str(manifest.get("digest", "")),
        method=options.method,
        model=options.model,
        seed=options.seed,
        shown=options.show,
        documents=reader.documents,
        scanned=sums.scanned,
        characters=sums.characters,
        with_findings=sums.with_findings,
        types=sums.types(),
        damaged=tuple(Damage(path, problem) for path, problem in sorted(reader.damaged.items())),
    )


def documents_of(out: str) -> int:
    """How many documents the manifest of `out` says its shards hold."""
    return sum(int(entry.get("documents", 0)) for entry in read_manifest(out).get("shards") or ())


class _Reader:
    """Reads shards batch by batch; one that is damaged is noted, and the next one read."""

    def __init__(self, out: str, paths: Sequence[str]) -> None:
        self._out, self._paths = out, paths
        self.damaged: dict[str, str] = {}
        self.documents = 0

    def batches(self, columns: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """(path of the shard, rows) in the order of the manifest; counts `documents` from the start."""
        self.documents = 0
        for path in self._paths:
            try:
                with open_parquet(join(self._out, *path.split("/"))) as file:
                    here = [name for name in columns if name in file.schema_arrow.names]
                    if not {"id", "text"} & set(columns) <= set(here):
                        raise ValueError("has no columns `id` and `text`")
                    for batch in file.iter_batches(batch_size=ROWS, columns=here):
                        rows = batch.to_pylist()
                        self.documents += len(rows)
                        yield path, rows
            except (OSError, ValueError, pa.ArrowException) as error:  # pyarrow's errors are ValueErrors, or OSErrors
                self.damaged[path] = " ".join(str(error).split())[:300]


def _chosen(reader: _Reader, options: AuditOptions) -> frozenset[str]:
    """The ids with the smallest hashes of (seed, id), of all that can be read."""
    ids = (row["id"] for _, rows in reader.batches(("id",)) for row in rows)
    ranked = heapq.nsmallest(options.documents, ((sample_rank(options.seed, identity), identity) for identity in ids))
    return frozenset(identity for _, identity in ranked)


@dataclass
class _Tally:
    findings: int = 0
    known: int = 0
    documents: int = 0
    samples: list[tuple[str, Sample]] = field(default_factory=list)  # by rank, the smallest `options.samples`


class _Sums:
    """Adds up findings."""

    def __init__(self, options: AuditOptions) -> None:
        self._options = options
        self._tallies: dict[str, _Tally] = {}
        self.scanned = self.characters = self.with_findings = 0

    def add(self, shard: str, row: Mapping[str, Any], method: Method) -> None:
        """Scan one document."""
        text = row["text"] or ""
        self.scanned += 1
        self.characters += len(text)
        findings = method.scan(text, row.get("language") or "")
        if self._options.types:
            findings = [finding for finding in findings if finding.type in self._options.types]
        is_replacement = _overlaps(_replacements(row.get("meta")))
        findings = [finding for finding in findings if not is_replacement(finding)]
        if not findings:
            return
        self.with_findings += 1
        kind: Kind = "code" if row.get("source") == CODE else "prose"
        spans = find(text, kind=kind, types=(*TYPES, *OPTIONAL_TYPES))
        is_known = _overlaps(spans)
        for name in {finding.type for finding in findings}:
            self._tallies.setdefault(name, _Tally()).documents += 1
        for finding in findings:
            tally = self._tallies[finding.type]
            tally.findings += 1
            known = is_known(finding)
            tally.known += known
            self._keep_sample(tally, shard, row, text, finding, findings, spans, known=known)

    def _keep_sample(
        self,
        tally: _Tally,
        shard: str,
        row: Mapping[str, Any],
        text: str,
        finding: Finding,
        findings: Sequence[Finding],
        spans: Sequence[Span],
        *,
        known: bool,
    ) -> None:
        if not self._options.samples:
            return
        # What the first method misses is what is looked for: it comes before what both find.
        identity = f"{row['id']}:{finding.start}:{finding.type}"
        rank = f"{int(known)}{sample_rank(self._options.seed, identity)}"
        if len(tally.samples) == self._options.samples and rank >= tally.samples[-1][0]:
            return
        low, high = max(0, finding.start - AROUND), min(len(text), finding.end + AROUND)
        near = text[low:high] if self._options.show else masked(text, low, high, [*findings, *spans])
        sample = Sample(
            type=finding.type,
            id=row["id"],
            source=row.get("source") or "",
            uri=_uri(row.get("uri") or "", show=self._options.show),
            shard=shard,
            start=finding.start,
            end=finding.end,
            score=round(finding.score, 3),
            why=finding.why,
            known=known,
            before=near[: finding.start - low],
            value=near[finding.start - low : finding.end - low],
            after=near[finding.end - low :],
        )
        tally.samples = sorted([*tally.samples, (rank, sample)], key=lambda item: item[0])[: self._options.samples]

    def types(self) -> tuple[TypeFound, ...]:
        """What was found, by type: most of what only the second method finds first."""
        rows = [
            TypeFound(name, tally.findings, tally.known, tally.documents, tuple(sample for _, sample in tally.samples))
            for name, tally in self._tallies.items()
        ]
        return tuple(sorted(rows, key=lambda row: (row.known - row.findings, -row.findings, row.type)))


def masked(text: str, low: int, high: int, found: Sequence[Finding | Span]) -> str:
    """`text[low:high]` with `x` for each letter and `0` for each digit inside what was found."""
    near = list(text[low:high])
    for item in found:
        for place in range(max(low, item.start), min(high, item.end)):
            character = near[place - low]
            near[place - low] = "0" if character.isdigit() else "x" if character.isalpha() else character
    return "".join(near)


def _uri(uri: str, *, show: bool) -> str:
    """A URI in which what `find` finds is masked too."""
    return uri if show else masked(uri, 0, len(uri), find(uri, kind="code"))


def _replacements(meta: Any) -> list[Span]:
    """The places that the build's own replacements take in the text, from `meta`; none where it does not say."""
    try:
        spans = json.loads(meta or "{}").get("spans") or []
        return [
            Span(str(span["type"]), int(span["start"]), int(span["end"]), 1.0)
            for span in spans
            if span.get("policy") != KEPT_BY_POLICY
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _overlaps(spans: Sequence[Span]) -> Callable[[Finding], bool]:
    """A test whether a finding overlaps one of the spans, in logarithmic time: they are disjoint."""
    ordered = sorted(spans, key=lambda span: span.start)
    ends = [span.end for span in ordered]

    def test(finding: Finding) -> bool:
        place = bisect.bisect_right(ends, finding.start)
        return place < len(ordered) and ordered[place].start < finding.end

    return test
