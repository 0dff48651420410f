"""Which member of each cluster of copies stays, and what that says about the others."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.dedup.choose import KeepConfig, choose
from curation.dedup.keys import KEY
from manifests.files import exists, join
from pipelines.parts import read_columns, sort_rows, write_table
from pipelines.records import files_below
from pipelines.runner import explained
from pipelines.stages.clusters import part_path, read_members
from pipelines.stages.histograms import Histograms, mixture_histograms

COPIES = "select/copies"
REMOVED = "select/removed"
URL_COPIES = "select/urls"
MEMBERS_PER_PARTITION = 250_000

_DATE = re.compile(
    r"[0-9]{4}(?![0-9])(?:-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?)?)?"
)  # WARC 1.1 lets a date end after any of its parts

COPY = pa.schema(
    [
        ("component", pa.binary(16)),
        ("key", pa.binary(16)),
        ("id", pa.string()),
        ("uri", pa.string()),
        ("source", pa.string()),
        ("tokens", pa.int64()),
        ("date", pa.string()),
        ("eligible", pa.bool_()),  # passed the rules
        ("exact", pa.binary(16)),
        ("similarity", pa.float64()),
        ("signals", pa.list_(pa.float64())),  # those that the recipe's order compares, in its order; null: not measured
        ("kept", pa.bool_()),
        ("rule", pa.string()),  # same_record, exact or near; null for the copy that stays and for ineligible ones;
        # with `earlier.` before it where an earlier release holds the document, which `duplicate_of` then names
        ("duplicate_of", pa.string()),
    ]
)
"""One row per document that has a copy."""

_REMOVED = pa.schema([COPY.field(name) for name in ("key", "rule", "duplicate_of", "similarity")])

_HELD = [("held_by", pa.string()), ("held_rule", pa.string()), ("held_similarity", pa.float64())]
_MEMBER = pa.schema([*(field for field in COPY if field.name not in ("kept", "rule", "duplicate_of")), *_HELD])


@dataclass(frozen=True)
class HeldCopies:
    """Of each document of a part, the document of an earlier release that it is a copy of; None where there is none."""

    names: list[str | None]  # `NAME@VERSION#ID`
    rules: list[str | None]
    similarity: list[float | None]


_MEMBER_OF = pa.schema(
    [("key", pa.binary(16)), ("component", pa.binary(16)), ("exact", pa.binary(16)), ("similarity", pa.float64())]
)


@dataclass(frozen=True)
class Clusters:
    """How many documents the clusters hold, and the order in which copies are preferred.

    `held` documents at most are copies of what earlier releases hold, whose names are `labels`; which documents these
    are stands beside their parts.
    """

    members: int
    keep: KeepConfig
    held: int = 0
    labels: tuple[str, ...] = ()

    @property
    def partitions(self) -> int:
        """Shuffle keys the clusters are spread over; depends on the data only."""
        return max(1, -(-(self.members + self.held) // MEMBERS_PER_PARTITION))

    def load(self, work: str, part: int) -> LoadedClusters:
        """The members among the documents of a part, as arrays."""
        table = read_members(work, part) if self.members else None
        return LoadedClusters(table, self.partitions, self.keep.signals)


class LoadedClusters:
    """Clusters in memory (56 bytes a member), for finding the members among the documents of a part."""

    def __init__(self, table: pa.Table | None, partitions: int, signals: Sequence[str] = ()) -> None:
        self._table = _MEMBER_OF.empty_table() if table is None else table.select(_MEMBER_OF.names)
        self._partitions, self._signals = partitions, signals
        self._keys = key_array(self._table["key"])

    def payloads(
        self, judged: pa.Table, documents: pa.Table, held: HeldCopies | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """(partition, rows of `_MEMBER` as Arrow IPC) for the members among the rows of a judged part.

        `documents` has the same rows, with `date` and those of the signals that its source has; `held` too. A document
        without a copy in the build that an earlier release holds is a cluster of its own.
        """
        keys = key_array(judged["key"])
        places = np.searchsorted(self._keys, keys)
        places[places == len(self._keys)] = 0
        member = self._keys[places] == keys if len(self._keys) else np.zeros(len(keys), bool)
        elsewhere = np.array([name is not None for name in held.names], bool) if held else np.zeros(len(keys), bool)
        rows = np.flatnonzero(member | elsewhere)
        if not len(rows):
            return
        here = judged.take(pa.array(rows))
        cluster = self._table.take(pa.array(places[rows], mask=~member[rows]))
        of_release = {
            name: pa.array([values[row] for row in rows.tolist()] if held else [None] * len(rows), kind)
            for (name, kind), values in zip(_HELD, held_columns(held), strict=True)
        }
        members = pa.table(
            {
                "component": pc.coalesce(cluster["component"], here["key"]),
                **{name: here[name] for name in ("key", "id", "uri", "source", "tokens")},
                "date": documents["date"].take(pa.array(rows)),
                "eligible": here["keep"],
                "exact": pc.coalesce(cluster["exact"], here["key"]),
                "similarity": cluster["similarity"],
                "signals": self._measured(documents, rows),
                **of_release,
            },
            schema=_MEMBER,
        )
        first = np.frombuffer(b"".join(members["component"].to_pylist()), ">u8")[::2]
        partition = (first % np.uint64(self._partitions)).astype(np.int64)
        for index in np.unique(partition):
            yield int(index), to_ipc(members.filter(pa.array(partition == index)))

    def _measured(self, documents: pa.Table, rows: NDArray[np.int64]) -> pa.Array:
        known = documents.schema.names
        columns = [
            documents[name].take(pa.array(rows)).to_pylist() if name in known else [None] * len(rows)
            for name in self._signals
        ]
        values = [list(row) for row in zip(*columns, strict=True)] or [[]] * len(rows)
        return pa.array(values, _MEMBER.field("signals").type)


class ChooseCopies(beam.DoFn):
    """Lets each cluster keep its best eligible member and writes the outcome, one file per partition.

    A block is the number of a part of documents with its members of the partition.
    """

    def __init__(self, work: str, keep: KeepConfig, seed: int) -> None:
        super().__init__()
        self._work, self._keep, self._seed = work, keep, seed

    @explained
    def process(self, element: tuple[int, Iterable[tuple[int, bytes]]]) -> Iterator[Any]:
        """Yields, by source, minus the tokens and documents of the removed copies, by mixture bucket; on the side,
        the removed copies of each part."""
        partition, blocks = element
        tables = []
        for part, block in blocks:
            table = from_ipc(block)
            tables.append(table.append_column("part", pa.array(np.full(table.num_rows, part, np.int32))))
        members = sort_rows(pa.concat_tables(tables), "component", "key")
        outcome = choose_copies(members, self._keep)
        write_table(join(self._work, f"{COPIES}/part-{partition:05d}.parquet"), outcome)
        gone = outcome["rule"].is_valid()
        removed = outcome.filter(gone)
        parts = members["part"].filter(gone).to_numpy()
        for part in np.unique(parts).tolist():
            here = removed.select(_REMOVED.names).filter(pa.array(parts == part))
            yield beam.pvalue.TaggedOutput("removed", (part, to_ipc(here)))
        for source in sorted(set(removed["source"].to_pylist())):
            rows = removed.filter(pc.equal(removed["source"], source))
            yield {name: -counts for name, counts in mixture_histograms(rows, source, self._seed).items()}


def held_columns(held: HeldCopies | None) -> tuple[list[Any], list[Any], list[Any]]:
    """Its lists, in the order of the columns that members have of them; empty ones without any."""
    return (held.names, held.rules, held.similarity) if held else ([], [], [])


def choose_copies(members: pa.Table, keep: KeepConfig) -> pa.Table:
    """Rows of `COPY` from rows of `_MEMBER`: who stays, and of whom the other eligible members are copies.

    An eligible member that an earlier release holds is that document's copy, and cannot stay; the others choose among
    themselves, whatever it was that connected them.
    """
    keys = key_array(members["key"])
    columns = {
        "source": np.array(members["source"].to_pylist()),
        "length": members["tokens"].to_numpy(),
        "date": parse_dates(members["date"].to_pylist()),
        **_signal_columns(members, keep.signals),
    }
    held_by, held_rule = members["held_by"].to_pylist(), members["held_rule"].to_pylist()
    held = members["eligible"].to_numpy() & np.array([name is not None for name in held_by], bool)
    eligible = members["eligible"].to_numpy() & ~held
    best = choose(key_array(members["component"]), keys, columns, eligible, keep)
    ids, exact = members["id"].to_pylist(), members["exact"].to_pylist()
    kept: list[bool] = []
    rules: list[str | None] = []
    duplicate_of: list[str | None] = []
    for row, survivor in enumerate(best.tolist()):
        stays = survivor == row
        copy = eligible[row] and not stays
        kept.append(stays)
        if held[row]:
            duplicate_of.append(held_by[row])
            rules.append(held_rule[row])
            continue
        duplicate_of.append(ids[survivor] if copy else None)
        if not copy:
            rules.append(None)
        elif ids[row] == ids[survivor]:
            rules.append("same_record")
        else:
            rules.append("exact" if exact[row] == exact[survivor] else "near")
    outcome = members
    if held.any():
        nearest = pc.if_else(pa.array(held), members["held_similarity"], members["similarity"])
        outcome = members.set_column(members.column_names.index("similarity"), "similarity", nearest)
    for name, values in (("kept", kept), ("rule", rules), ("duplicate_of", duplicate_of)):
        outcome = outcome.append_column(COPY.field(name), pa.array(values, COPY.field(name).type))
    return outcome.select(COPY.names).cast(COPY)


def _signal_columns(members: pa.Table, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    values = members["signals"].to_pylist() if names else []
    columns = {name: [row[place] for row in values] for place, name in enumerate(names)}
    return {name: np.array([np.nan if one is None else one for one in column]) for name, column in columns.items()}


class WriteRemoved(beam.DoFn):
    """Writes the removed copies among the documents of a part."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields how many they are."""
        part, blocks = element
        rows = sort_rows(pa.concat_tables([from_ipc(block) for block in blocks]), "key")
        write_table(join(self._work, part_path(REMOVED, part)), rows)
        yield rows.num_rows


class LoadedCopies:
    """The removed copies, for applying them to the decisions of a part."""

    def __init__(self, copies: pa.Table) -> None:
        removed = sort_rows(copies.filter(copies["rule"].is_valid()), "key")
        self._keys = key_array(removed["key"])
        self._rule = removed["rule"].to_pylist()
        self._of = removed["duplicate_of"].to_pylist()
        self._similarity = removed["similarity"].to_pylist()

    def contains(self, keys: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Which documents are removed copies."""
        return self._places(keys) >= 0

    def apply(self, rows: dict[str, list[Any]], least_similarity: float | None) -> None:
        """Mark the removed copies among the rows (a column dictionary of `DECISION`) as rejected."""
        for row, place in enumerate(self._places(pa.chunked_array([pa.array(rows["key"], pa.binary(16))]))):
            if place >= 0:
                rows["keep"][row], rows["stage"][row], rows["rule"][row] = False, "dedup", self._rule[place]
                rows["failed"][row] = [*rows["failed"][row], self._rule[place]]
                rows["duplicate_of"][row] = self._of[place]
                if self._rule[place] == "url":  # says nothing about the texts
                    continue
                near = self._rule[place].endswith("near")
                rows["similarity"][row] = rows["value"][row] = self._similarity[place] if near else 1.0
                rows["threshold"][row] = least_similarity if near else 1.0

    def marked(self, judged: pa.Table) -> pa.Table:
        """Rows of `DECISION` with the removed copies among them rejected, before anything else of copies is known."""
        if not (self._places(judged["key"]) >= 0).any():
            return judged
        rows = judged.to_pydict()
        self.apply(rows, None)
        return pa.Table.from_pydict(rows, judged.schema)

    def _places(self, keys: pa.ChunkedArray) -> NDArray[np.int64]:
        wanted = key_array(keys)
        if not len(self._keys) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        places = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[places] == wanted, places, -1)


def load_removed(work: str, part: int) -> LoadedCopies:
    """The removed copies among the documents of a part."""
    url = join(work, part_path(REMOVED, part))
    return LoadedCopies(read_columns(url) if exists(url) else _REMOVED.empty_table())


@dataclass(frozen=True)
class RankedClusters:
    """The clusters among some outcomes, in the order in which they are worth looking at.

    First those of which most near-duplicates were removed, as a false cluster removes many; then by removed copies of
    any kind, by documents, and by component.
    """

    names: Any  # components, ascending
    codes: NDArray[np.int64]  # of each row, the place of its cluster's name
    documents: NDArray[np.int64]
    removed: NDArray[np.int64]
    order: NDArray[np.int64]  # places of names, the first to look at first


def rank_clusters(copies: pa.Table) -> RankedClusters:
    """The clusters of a table with at least the columns `component` and `rule` of `COPY`."""
    names, codes, documents = np.unique(key_array(copies["component"]), return_inverse=True, return_counts=True)
    rules = copies["rule"].to_pylist()
    removed = np.bincount(codes, [rule is not None for rule in rules], len(names)).astype(np.int64)
    near = np.bincount(codes, [rule == "near" for rule in rules], len(names))
    order = np.lexsort((np.arange(len(names)), -documents, -removed, -near))
    return RankedClusters(names, codes, documents, removed, order)


def largest_copies(work: str, clusters: int, schema: pa.Schema = COPY) -> pa.Table:
    """Columns of the outcomes of the first clusters of `rank_clusters`; one file is held at a time.

    All members of a cluster are in one file, so the first of all are among the first of each.
    """
    folder = join(work, COPIES)
    found = schema.empty_table()
    for name in files_below(folder):
        if name.endswith(".parquet"):
            found = _largest(pa.concat_tables([found, read_columns(join(folder, name), schema.names)]), clusters)
    return found


def _largest(copies: pa.Table, clusters: int) -> pa.Table:
    ranked = rank_clusters(copies)
    kept = np.zeros(len(ranked.names), bool)
    kept[ranked.order[:clusters]] = True
    return copies.filter(pa.array(kept[ranked.codes]))


def key_array(column: pa.ChunkedArray) -> Any:
    """A fixed-width key column as a numpy array of 16-byte strings."""
    return np.frombuffer(b"".join(column.to_pylist()), KEY)


@functools.lru_cache(maxsize=4096)
def _parse_date(date: str) -> np.datetime64:
    found = _DATE.match(date)  # numpy reads "today" too, and lets a year of many digits overflow
    try:
        return np.datetime64(found.group() if found else "NaT", "s")
    except ValueError:
        return np.datetime64("NaT", "s")


def parse_dates(dates: list[str | None]) -> NDArray[np.datetime64]:
    """ISO dates to seconds; NaT where there is none or it cannot be read."""
    return np.array([_parse_date(date or "") for date in dates], "datetime64[s]")


def to_ipc(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_ipc(block: bytes) -> pa.Table:
    """The table of an Arrow IPC stream."""
    return pa.ipc.open_stream(block).read_all()


def found_copies(work: str, left: Histograms) -> dict[str, dict[str, Any]]:
    """By source: documents that `passed` the rules, those of them that are `copies`, and these by `rules`.

    `left` are the judge's histograms, which count what is left after copies are removed.
    """
    removed: dict[str, Counter[str]] = {}
    for name in files_below(join(work, COPIES)):
        if name.endswith(".parquet"):
            table = read_columns(join(work, COPIES, name), ["source", "rule"])
            table = table.filter(table["rule"].is_valid())
            for source, rule in zip(table["source"].to_pylist(), table["rule"].to_pylist(), strict=True):
                removed.setdefault(source, Counter())[rule] += 1
    found = {}
    for name, counts in sorted(left.items()):
        kind, _, source = name.partition(" ")
        if kind == "documents":
            rules = removed.get(source, Counter())
            found[source] = {
                "passed": int(counts.sum()) + rules.total(),
                "copies": rules.total(),
                "rules": dict(sorted(rules.items())),
            }
    return found


def url_copies_of(work: str) -> pa.Table:
    """What `pipelines.stages.urls` wrote, all of it; no rows where the recipe does not compare URLs."""
    folder = join(work, URL_COPIES)
    tables = [read_columns(join(folder, name)) for name in files_below(folder) if name.endswith(".parquet")]
    return pa.concat_tables(tables) if tables else COPY.empty_table()


def load_url_copies(work: str) -> LoadedCopies:
    """The pages that go because of their URL."""
    return LoadedCopies(url_copies_of(work))
