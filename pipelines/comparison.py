"""`winnow compare`: how two finished builds differ, from their shards, rejects and manifests alone.

Files are sorted by id, so both builds are read together, a range of ids at a time: memory is that of one range,
whatever the size of the builds. Ids are those of records, so the same page has the same id in both.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.documents import REJECTED, SHARD
from manifests.dataset import KIND
from manifests.errors import UsageError
from manifests.files import join
from manifests.manifest import read_manifest
from pipelines.changes import (
    UNDETERMINED,
    Amount,
    Group,
    Groups,
    Setting,
    domain_of,
    first_difference,
    number,
    opening,
    rank,
    settings_between,
)
from pipelines.parts import open_parquet, rows_in_range

DOCUMENTS_PER_RANGE = 50_000
BYTES_PER_RANGE = 32 << 20  # of Parquet; texts are some three times as large
PREFIXES = 1 << 16
"""A range of ids is cut at its first 16 bits."""

_KEPT_COLUMNS = ["id", "source", "uri", "language", "tokens", "text"]
_REJECT_COLUMNS = ["id", "stage", "rule", "value", "threshold", "duplicate_of"]
_SAME_RECORD = "same_record"
SAMPLE_SEED = 1


@dataclass(frozen=True)
class Side:
    """One of the two builds."""

    out: str
    name: str
    version: str
    digest: str
    code: Mapping[str, Any]
    totals: Mapping[str, int]


@dataclass(frozen=True)
class Removal:
    """What became of documents of one build in the other: the stage and rule there, or both empty where no record of
    them was met (other inputs, or damage)."""

    stage: str
    rule: str
    amount: Amount


@dataclass(frozen=True)
class FunnelRow:
    """A row of both funnels; None where a build has not got it."""

    source: str
    stage: str
    rule: str
    before: Amount | None
    after: Amount | None


@dataclass(frozen=True)
class OneSided:
    """A document that one build keeps, and what became of it in the other."""

    id: str
    source: str
    uri: str
    language: str
    tokens: int
    stage: str
    rule: str
    value: float | None
    threshold: float | None
    duplicate_of: str | None
    text: str


@dataclass(frozen=True)
class ChangedText:
    """A document whose text differs: the first line that does, counted from 1, in both; None past the end."""

    id: str
    uri: str
    line: int
    before: str | None
    after: str | None
    tokens_before: int
    tokens_after: int


@dataclass(frozen=True)
class InputChange:
    """An input that only one build read, or that had other content in the other."""

    uri: str
    before: str | None  # sha256 of its content
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """How two builds differ. `gained` is what only the second keeps, `lost` what only the first keeps."""

    before: Side
    after: Side
    settings: tuple[Setting, ...]
    inputs: tuple[InputChange, ...]
    both_before: Amount  # documents of both, with the tokens of the first build
    both_after: Amount
    gained: Amount
    lost: Amount
    changed_before: Amount  # documents of both whose texts differ
    changed_after: Amount
    gained_from: tuple[Removal, ...]
    lost_to: tuple[Removal, ...]
    sources: tuple[Group, ...]
    languages: tuple[Group, ...]
    domains: tuple[Group, ...]  # only what is gained and lost
    funnel: tuple[FunnelRow, ...]
    gained_samples: tuple[OneSided, ...]
    lost_samples: tuple[OneSided, ...]
    changed_samples: tuple[ChangedText, ...]


def compare(before: str, after: str, *, samples: int = 5) -> Comparison:
    """How the build at `after` differs from the one at `before`.

    Raises:
        UsageError: one of them is no build, or its files cannot be read.
    """
    sides = (_Build(before), _Build(after))
    found = _Sums(samples)
    for first, last in _ranges(sides):
        try:
            kept, rejected = (
                [side.kept(first, last) for side in sides],
                [side.rejected(first, last) for side in sides],
            )
        except (OSError, pa.ArrowException) as error:
            raise UsageError(
                f"a file of {before} or {after} cannot be read ({error}); `winnow manifest verify` says what is wrong"
            ) from error
        found.add(kept, rejected)
    return found.result(*sides)


class _Build:
    """The files of one build, each with the ids it may hold."""

    def __init__(self, out: str) -> None:
        self.out, self.manifest = out, read_manifest(out)
        if self.manifest.get("kind", KIND) != KIND or "shards" not in self.manifest:
            raise UsageError(f"{out}: a manifest of a {self.manifest.get('kind')}, not of a build")
        self._shards = [_span(out, entry) for entry in self.manifest["shards"]]
        self._rejected = [_span(out, entry) for entry in self.manifest["rejected"]]

    def kept(self, first: str, last: str) -> pa.Table:
        """Kept documents with these ids."""
        return _gather(self._shards, first, last, _KEPT_COLUMNS, SHARD)

    def rejected(self, first: str, last: str) -> pa.Table:
        """Rejected records with these ids; of a record met twice, the reason that is not the other copy comes first."""
        table = _gather(self._rejected, first, last, _REJECT_COLUMNS, REJECTED)
        repeated = pc.fill_null(pc.equal(table["rule"], _SAME_RECORD), False)
        return pa.concat_tables([table.filter(pc.invert(repeated)), table.filter(repeated)])

    def side(self) -> Side:
        """What the comparison says of the build itself."""
        manifest = self.manifest
        name, version, digest = (str(manifest.get(key, "")) for key in ("name", "version", "digest"))
        return Side(self.out, name, version, digest, manifest.get("code") or {}, manifest["totals"])


@dataclass(frozen=True)
class _Span:
    """A file and the first and last id in it; both empty in a file without rows."""

    url: str
    first: str
    last: str


def _span(out: str, entry: Mapping[str, Any]) -> _Span:
    url = join(out, *entry["path"].split("/"))
    try:
        with open_parquet(url) as file:
            place = file.schema_arrow.get_field_index("id")
            chunks = [file.metadata.row_group(group).column(place) for group in range(file.metadata.num_row_groups)]
            known = [chunk.statistics for chunk in chunks if chunk.num_values]
            if any(one is None or not one.has_min_max for one in known):
                return _Span(url, "0" * 32, "f" * 32)
            return _Span(url, min((one.min for one in known), default=""), max((one.max for one in known), default=""))
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{url}: cannot be read ({error}); `winnow manifest verify {out}` says what is wrong"
        ) from error


def _gather(files: Sequence[_Span], first: str, last: str, columns: list[str], schema: pa.Schema) -> pa.Table:
    here = [file for file in files if file.last and not (file.last < first or last < file.first)]
    tables = [pa.schema([schema.field(name) for name in columns]).empty_table()]
    tables += [rows_in_range(file.url, first, last, columns).cast(tables[0].schema) for file in here]
    return pa.concat_tables(tables)


def _ranges(sides: Sequence[_Build]) -> Iterator[tuple[str, str]]:
    """Ranges that cover all ids, of so many that one is held easily; ids are hashes, so they are of about one size."""
    documents = max(side.manifest["totals"]["documents"] + side.manifest["totals"]["rejected"] for side in sides)
    size = max(side.manifest["totals"]["bytes"] for side in sides)
    count = min(PREFIXES, max(1, -(-documents // DOCUMENTS_PER_RANGE), -(-size // BYTES_PER_RANGE)))
    edges = [PREFIXES * step // count for step in range(count + 1)]
    for low, high in itertools.pairwise(edges):
        yield f"{low:04x}" + "0" * 28, f"{high - 1:04x}" + "f" * 28


@dataclass
class _Sums:
    """Adds up what differs, range by range; index 0 is the first build, 1 the second."""

    samples: int
    both: tuple[Amount, Amount] = field(default_factory=lambda: (Amount(), Amount()))
    changed: tuple[Amount, Amount] = field(default_factory=lambda: (Amount(), Amount()))
    alone: tuple[Amount, Amount] = field(default_factory=lambda: (Amount(), Amount()))
    reasons: tuple[dict[tuple[str, str], Amount], ...] = field(default_factory=lambda: ({}, {}))
    sources: Groups = field(default_factory=Groups)
    languages: Groups = field(default_factory=Groups)
    domains: Groups = field(default_factory=Groups)
    shown: list[list[tuple[str, str, OneSided]]] = field(default_factory=lambda: [[], []])
    texts: list[tuple[str, str, ChangedText]] = field(default_factory=list)

    def add(self, kept: Sequence[pa.Table], rejected: Sequence[pa.Table]) -> None:
        """Compare the documents of one range of ids."""
        places = [pc.index_in(kept[side]["id"], value_set=kept[1 - side]["id"].combine_chunks()) for side in (0, 1)]
        alone = [np.asarray(place.is_null().to_numpy()) for place in places]
        for side in (0, 1):
            tokens = kept[side]["tokens"].to_numpy()
            self.both[side].add((~alone[side]).sum(), tokens[~alone[side]].sum())
            self.alone[side].add(alone[side].sum(), tokens[alone[side]].sum())
            self._count_groups(kept[side], alone[side], side)
            self._look_at(kept[side].filter(pa.array(alone[side])), rejected[1 - side], side)
        common = kept[0].filter(pa.array(~alone[0]))
        self._compare_texts(common, kept[1].take(places[0].filter(pa.array(~alone[0]))))

    def _count_groups(self, table: pa.Table, alone: NDArray[np.bool_], side: int) -> None:
        tokens = table["tokens"].to_numpy()
        for groups, name in ((self.sources, "source"), (self.languages, "language")):
            column = pc.fill_null(table[name], "").combine_chunks().dictionary_encode()
            names, place = column.dictionary.to_pylist(), column.indices.to_numpy()
            groups.count(("before", "after")[side], names, place, tokens)
            groups.count(("lost", "gained")[side], names, place, tokens, alone)

    def _look_at(self, table: pa.Table, rejected: pa.Table, side: int) -> None:
        """Count why the other build has not got these documents, and choose samples of them."""
        if not table.num_rows:
            return
        there = pc.index_in(table["id"], value_set=rejected["id"].combine_chunks())
        removed = rejected.select(_REJECT_COLUMNS[1:]).take(there)
        columns = [table[name].to_pylist() for name in ("id", "source", "uri", "tokens")]
        reasons = [pc.fill_null(removed[name], "").to_pylist() for name in ("stage", "rule")]
        candidates = []
        for row, (identity, source, uri, tokens, stage, rule) in enumerate(zip(*columns, *reasons, strict=True)):
            self.reasons[side].setdefault((stage, rule), Amount()).add(1, tokens)
            group = self.domains[domain_of(source, uri)]
            (group.gained if side else group.lost).add(1, tokens)
            candidates.append((rank(SAMPLE_SEED, identity), identity, row))
        for place, identity, row in heapq.nsmallest(self.samples, candidates):
            sample = _one_sided(table.slice(row, 1).to_pylist()[0], removed.slice(row, 1).to_pylist()[0])
            self.shown[side].append((place, identity, sample))
        self.shown[side] = heapq.nsmallest(self.samples, self.shown[side], key=lambda one: one[:2])

    def _compare_texts(self, before: pa.Table, after: pa.Table) -> None:
        differ = np.flatnonzero(pc.not_equal(before["text"], after["text"]).to_numpy())
        if not len(differ):
            return
        before, after = before.take(pa.array(differ)), after.take(pa.array(differ))
        for side, table in ((0, before), (1, after)):
            self.changed[side].add(len(differ), pc.sum(table["tokens"]).as_py())
        places = [(rank(SAMPLE_SEED, identity), identity, row) for row, identity in enumerate(before["id"].to_pylist())]
        for place, identity, row in heapq.nsmallest(self.samples, places):
            old, new = (table.slice(row, 1).to_pylist()[0] for table in (before, after))
            self.texts.append((place, identity, _changed(old, new)))
        self.texts = heapq.nsmallest(self.samples, self.texts, key=lambda one: one[:2])

    def result(self, before: _Build, after: _Build) -> Comparison:
        """Everything added up."""
        return Comparison(
            before=before.side(),
            after=after.side(),
            settings=settings_between(before.manifest["recipe"], after.manifest["recipe"]),
            inputs=_inputs(before.manifest, after.manifest),
            both_before=self.both[0],
            both_after=self.both[1],
            gained=self.alone[1],
            lost=self.alone[0],
            changed_before=self.changed[0],
            changed_after=self.changed[1],
            gained_from=_removals(self.reasons[1]),
            lost_to=_removals(self.reasons[0]),
            sources=self.sources.by_change(),
            languages=self.languages.by_change(),
            domains=self.domains.by_change(),
            funnel=merged_funnel(before.manifest["funnel"], after.manifest["funnel"]),
            gained_samples=tuple(sample for _, _, sample in self.shown[1]),
            lost_samples=tuple(sample for _, _, sample in self.shown[0]),
            changed_samples=tuple(sample for _, _, sample in self.texts),
        )


def merged_funnel(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> tuple[FunnelRow, ...]:
    """Both funnels in one order: that of the first, with what only the second has behind the row it follows there."""
    sides = [{_funnel_key(row): Amount(row["documents"], row["tokens"]) for row in rows} for rows in (before, after)]
    order = list(sides[0])
    last = -1
    for key in sides[1]:
        if key in sides[0]:
            last = order.index(key)
        else:
            last += 1
            order.insert(last, key)
    return tuple(FunnelRow(*key, sides[0].get(key), sides[1].get(key)) for key in order)


def _funnel_key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["source"], row["stage"], row["rule"]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> ChangedText:
    difference = first_difference(before["text"], after["text"])
    return ChangedText(before["id"], before["uri"], *difference, before["tokens"], after["tokens"])


def _one_sided(kept: Mapping[str, Any], removed: Mapping[str, Any]) -> OneSided:
    return OneSided(
        id=kept["id"],
        source=kept["source"],
        uri=kept["uri"],
        language=kept["language"] or UNDETERMINED,
        tokens=kept["tokens"],
        stage=removed["stage"] or "",
        rule=removed["rule"] or "",
        value=number(removed["value"]),
        threshold=number(removed["threshold"]),
        duplicate_of=removed["duplicate_of"],
        text=opening(kept["text"]),
    )


def _removals(reasons: Mapping[tuple[str, str], Amount]) -> tuple[Removal, ...]:
    rows = [Removal(stage, rule, amount) for (stage, rule), amount in reasons.items()]
    return tuple(sorted(rows, key=lambda row: (-row.amount.documents, row.stage, row.rule)))


def _inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[InputChange, ...]:
    sides = [{(item["uri"], item["sha256"]) for item in side["inputs"]} for side in (before, after)]
    gone, new = (dict(sorted(sides[k] - sides[1 - k])) for k in (0, 1))
    return tuple(InputChange(uri, gone.get(uri), new.get(uri)) for uri in sorted({*gone, *new}))
