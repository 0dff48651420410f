"""Figures and samples over any set of documents, of bounded size, that add up.

`merge` is associative and commutative, and which documents are shown is decided by a hash of (seed, id), so any
number of workers in any order ends with the same summary.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from curation.bins import Bounds
from manifests.digests import canonical_json

Counts = dict[tuple[str | int, ...], tuple[int, ...]]
Group = tuple[str, str, str]

KEPT = "kept"
"""The stage of documents that were kept; their rule is the empty string."""
INGEST = "ingest"
SIMILARITY = "duplicate.similarity"
"""Name of the histogram of duplicates' similarity to the copy that stays."""

SAMPLES = 3
SAMPLE_CHARACTERS = 600
HOST_SAMPLE = 4096
"""Sites are counted over this many documents: all of them, or in a larger build those with the smallest hashes."""
ERROR_SAMPLES = 5

_KEY_WIDTH = {
    "outcomes": 3,
    "failures": 2,
    "cuts": 1,
    "lengths": 3,
    "languages": 2,
    "licenses": 2,
    "pii": 2,
    "signals": 2,
    "errors": 1,
}


@dataclass(frozen=True)
class Sample:
    """One document to show. `rank` orders samples and is a hash of (seed, id)."""

    rank: str
    key: str
    id: str
    source: str
    uri: str
    language: str = ""
    tokens: int = 0
    value: float | None = None
    threshold: float | None = None
    duplicate_of: str | None = None
    text: str = ""


@dataclass(frozen=True)
class ErrorSample:
    """One damaged place of an input: a byte of an archive, or a path of a repository."""

    rank: str
    uri: str
    path: str | None
    offset: int | None
    detail: str


Shown = TypeVar("Shown", Sample, ErrorSample)


@dataclass(frozen=True)
class Summary:
    """Figures over a set of documents; two add up with `merge`.

    Counts map a key to numbers: `outcomes` (source, stage, rule) -> documents, tokens; `failures` (source, rule) ->
    documents that fail it, documents that fail nothing else; `cuts` (source) -> kept documents with lines cut,
    lines, tokens; `lengths` (source, unit, log2 bin) -> kept, dropped; `languages` (source, language) and `licenses`
    (kind, expression) -> kept documents, kept tokens, dropped documents, dropped tokens; `pii` (source, type) -> kept
    documents, their spans, dropped documents, their spans; `signals` (name, bin of `bins_for`) -> kept, dropped on
    this signal, dropped on another; `errors` (reason) -> places.

    `hosts` is a sample of documents: (rank, key) -> host or repository, kept.
    """

    seed: int
    bounds: dict[str, Bounds]
    outcomes: Counts = field(default_factory=dict)
    failures: Counts = field(default_factory=dict)
    cuts: Counts = field(default_factory=dict)
    lengths: Counts = field(default_factory=dict)
    languages: Counts = field(default_factory=dict)
    licenses: Counts = field(default_factory=dict)
    pii: Counts = field(default_factory=dict)
    signals: Counts = field(default_factory=dict)
    errors: Counts = field(default_factory=dict)
    samples: dict[Group, tuple[Sample, ...]] = field(default_factory=dict)
    error_samples: dict[str, tuple[ErrorSample, ...]] = field(default_factory=dict)
    hosts: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def documents(self) -> int:
        """Documents and records counted, kept or not."""
        return sum(count[0] for count in self.outcomes.values())


def empty(bounds: Mapping[str, Bounds], seed: int) -> Summary:
    """The summary of no documents: the identity of `merge`."""
    return Summary(seed, {name: (finite(low), finite(high)) for name, (low, high) in bounds.items()})


def merge(a: Summary, b: Summary) -> Summary:
    """Both summaries as one; associative and commutative.

    Raises:
        ValueError: they were made with different bounds or seeds, so their bins or samples do not compare.
    """
    if a.bounds != b.bounds or a.seed != b.seed:
        raise ValueError("summaries of different bounds or seeds do not add up")
    hosts = {**a.hosts, **b.hosts}
    return Summary(
        seed=a.seed,
        bounds=a.bounds,
        **{name: _added(getattr(a, name), getattr(b, name)) for name in _KEY_WIDTH},
        samples={
            group: smallest((*a.samples.get(group, ()), *b.samples.get(group, ())), SAMPLES)
            for group in {**a.samples, **b.samples}
        },
        error_samples={
            reason: smallest((*a.error_samples.get(reason, ()), *b.error_samples.get(reason, ())), ERROR_SAMPLES)
            for reason in {**a.error_samples, **b.error_samples}
        },
        hosts={place: hosts[place] for place in sorted(hosts)[:HOST_SAMPLE]},
    )


def to_json(summary: Summary) -> bytes:
    """Canonical JSON: equal summaries give equal bytes."""
    return canonical_json(
        {
            "seed": summary.seed,
            "bounds": summary.bounds,
            "counts": {
                name: sorted([*key, *numbers] for key, numbers in getattr(summary, name).items()) for name in _KEY_WIDTH
            },
            "samples": [
                {"group": group, "documents": [dataclasses.asdict(sample) for sample in samples]}
                for group, samples in sorted(summary.samples.items())
            ],
            "error_samples": {
                reason: [dataclasses.asdict(place) for place in places]
                for reason, places in summary.error_samples.items()
            },
            "hosts": sorted([*place, *found] for place, found in summary.hosts.items()),
        }
    )


def from_json(content: bytes) -> Summary:
    """The summary that `to_json` wrote."""
    value = json.loads(content)
    counts: dict[str, Counts] = {
        name: {tuple(row[:width]): tuple(row[width:]) for row in value["counts"][name]}
        for name, width in _KEY_WIDTH.items()
    }
    return Summary(
        seed=value["seed"],
        bounds={name: (low, high) for name, (low, high) in value["bounds"].items()},
        **counts,
        samples={
            (entry["group"][0], entry["group"][1], entry["group"][2]): tuple(
                Sample(**document) for document in entry["documents"]
            )
            for entry in value["samples"]
        },
        error_samples={
            reason: tuple(ErrorSample(**place) for place in places) for reason, places in value["error_samples"].items()
        },
        hosts={(rank, key): (host, kept) for rank, key, host, kept in value["hosts"]},
    )


def add(counts: Counts, key: tuple[str | int, ...], numbers: tuple[int, ...]) -> None:
    """Add `numbers` to what `counts` holds under `key`, in place."""
    before = counts.get(key)
    counts[key] = numbers if before is None else tuple(x + y for x, y in zip(before, numbers, strict=True))


def _added(a: Counts, b: Counts) -> Counts:
    total = dict(a)
    for key, numbers in b.items():
        add(total, key, numbers)
    return total


def smallest(items: Iterable[Shown], count: int) -> tuple[Shown, ...]:
    """The `count` items of the smallest rank, in order."""
    return tuple(sorted(items, key=_sort_key)[:count])


def _sort_key(item: Sample | ErrorSample) -> tuple[str, ...]:
    if isinstance(item, Sample):
        return (item.rank, item.key)
    return (item.rank, item.uri, item.path or "", f"{item.offset or 0:020d}", item.detail)


def finite(value: float | None) -> float | None:
    """`value`, None where it is no number that JSON can hold."""
    return float(value) if value is not None and math.isfinite(value) else None
