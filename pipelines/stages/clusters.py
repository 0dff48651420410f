"""Verified pairs to clusters, and to each part of documents those of its members.

Where the pairs fit (`edges_in_memory`), one worker connects them with union-find, in the pipeline that found them.
Beyond that `pipelines.stages.stars` contracts them over as many rounds as it takes, and `build_labels` joins what came
out. Both ways give the same files:

- `CLUSTERS`, a folder of files, each of one range of keys (`range_of`), in the order of the keys;
- `MEMBERS`, for each part of documents the members among its documents, so that whoever decides about a part loads
  no other part's;
- `SIZES`, how large the clusters are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation.dedup.components import connected_components
from curation.dedup.keys import KEY
from curation.dedup.stars import EDGE, distinct_keys, find, partition_of, range_of, split
from manifests.files import exists, join, write_bytes
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.records import files_below
from pipelines.runner import ReadTasks, explained
from pipelines.stages.pairs import PAIR, as_binary, read_array, read_arrays
from pipelines.stages.stars import ALL

CLUSTERS = "dedup/clusters"
MEMBERS = "dedup/members"
SIZES = "dedup/clusters.json"
LARGEST = 12
"""Clusters that `SIZES` names."""
MEMBERS_NAMED = 3
EDGES_IN_MEMORY = 10_000_000
"""Different pairs up to which one worker connects them in its memory: some 300 bytes each, 3 GB."""
DOCUMENTS_PER_RANGE = 1_000_000

CLUSTER = pa.schema(
    [
        ("key", pa.binary(16)),
        ("component", pa.binary(16)),  # smallest key of the cluster
        ("exact", pa.binary(16)),  # smallest key among the documents with the same text
        ("similarity", pa.float64()),  # to the most similar verified copy
    ]
)
"""One row per document that has a copy, sorted by key."""

MEMBER = np.dtype([("key", KEY), ("component", KEY), ("exact", KEY), ("similarity", "<f8")])
"""A row of `CLUSTER` in an array."""

PLACE = np.dtype([("key", KEY), ("part", "<i4")])
"""Which part of documents holds a key."""

PARTIAL = np.dtype([("component", KEY), ("documents", "<i8"), ("texts", "<i8"), ("named", "<i8")]
                   + [(f"member{n}", KEY) for n in range(MEMBERS_NAMED)])  # fmt: skip
"""What some members of a cluster add to its size: how many they are, different texts, and the first ones' keys."""

ROWS, PLACES, _SEEN, _JOINED, _SAME = b"R", b"P", b"S", b"J", b"T"  # what a block that goes to a range holds

Facts = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How the stage is cut up, by the data alone: files of pairs, ranges of keys, and when the pairs fit a worker."""

    partitions: int
    ranges: int
    edges_in_memory: int = EDGES_IN_MEMORY


def part_path(folder: str, number: int) -> str:
    """The file of a range of keys in `CLUSTERS`, or of a part of documents in `MEMBERS`."""
    return f"{folder}/part-{number:05d}.parquet"


def cluster_files(work: str) -> list[str]:
    """The files of `CLUSTERS`, in the order of their keys."""
    return [f"{CLUSTERS}/{name}" for name in files_below(join(work, CLUSTERS)) if name.endswith(".parquet")]


def member_files(work: str) -> list[str]:
    """The files of `MEMBERS`."""
    return [f"{MEMBERS}/{name}" for name in files_below(join(work, MEMBERS)) if name.endswith(".parquet")]


def count_members(work: str) -> int:
    """Documents in all clusters."""
    total = 0
    for path in cluster_files(work):
        with open_parquet(join(work, path)) as file:
            total += file.metadata.num_rows
    return total


def read_clusters(work: str) -> pa.Table:
    """All rows of `CLUSTER` in the order of their keys; 56 bytes a member."""
    return pa.concat_tables([CLUSTER.empty_table(), *(read_columns(join(work, path)) for path in cluster_files(work))])


def read_members(work: str, part: int) -> pa.Table:
    """The rows of `CLUSTER` of the documents of one part."""
    url = join(work, part_path(MEMBERS, part))
    return read_columns(url) if exists(url) else CLUSTER.empty_table()


class WriteGraph(beam.PTransform):
    """The counts of `WritePairs` in; the clusters out, unless there are more pairs than one worker connects."""

    def __init__(self, work: str, tasks_url: str, folder: str, plan: Plan) -> None:
        super().__init__()
        self._work, self._tasks_url, self._folder, self._plan = work, tasks_url, folder, plan

    def expand(self, counts: beam.PCollection) -> beam.PCollection:
        """Rows go to their ranges, and the documents' places come there too."""
        rows = (
            counts
            | "OneGraph" >> beam.Map(lambda count: (0, count))
            | "Count" >> beam.GroupByKey()
            | "Components" >> beam.ParDo(ConnectFew(self._work, self._folder, self._plan))
        )
        return rows | WriteClusters(self._work, self._tasks_url, self._plan.ranges)


class ConnectFew(beam.DoFn):
    """Connects the pairs of all files, where they are few enough."""

    def __init__(self, work: str, folder: str, plan: Plan) -> None:
        super().__init__()
        self._work, self._folder, self._plan = work, folder, plan

    @explained
    def process(self, element: tuple[int, Iterable[int]]) -> Iterator[tuple[int, bytes]]:
        """Yields (range, rows of clusters), or nothing where the pairs are too many."""
        if sum(element[1]) > self._plan.edges_in_memory:
            return
        rows = member_rows(read_arrays(self._work, self._folder, PAIR))
        for place, here in split(rows, range_of(rows["key"], self._plan.ranges)):
            yield place, ROWS + here.tobytes()


def build_labels(pipeline: beam.Pipeline, orders: str, tasks_url: str, work: str, ranges: int) -> None:
    """Writes the clusters of contracted pairs; an order is one file of pairs, or one of the stars of a graph."""
    rows = pipeline | "Orders" >> ReadTasks(orders) | "Label" >> beam.ParDo(Label(work, ranges))
    _ = rows | WriteClusters(work, tasks_url, ranges)


class Label(beam.DoFn):
    """Sends what one file says about members to the ranges of their keys."""

    def __init__(self, work: str, ranges: int) -> None:
        super().__init__()
        self._work, self._ranges = work, ranges

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (range, packed rows)."""
        if "pairs" in order:
            pairs = read_array(self._work, order["pairs"], PAIR)
            kind, rows, keys = _SEEN, *_with_keys(nearest(pairs))
        else:
            edges = read_array(self._work, order["edges"], EDGE)
            kind, rows, keys = _JOINED if order["graph"] == ALL else _SAME, edges, edges["node"]
        for place, here in split(rows, range_of(keys, self._ranges)):
            yield place, kind + here.tobytes()


_SIMILARITY = np.dtype([("key", KEY), ("similarity", "<f8")])


def _with_keys(rows: Any) -> tuple[Any, Any]:
    return rows, rows["key"]


def nearest(pairs: Any) -> Any:
    """Every document of some pairs once, in ascending order, with its highest similarity."""
    keys = distinct_keys(np.concatenate((pairs["left"], pairs["right"])))
    rows = np.zeros(len(keys), _SIMILARITY)
    rows["key"] = keys
    for side in ("left", "right"):
        np.maximum.at(rows["similarity"], np.searchsorted(keys, pairs[side]), pairs["similarity"])
    return rows


class WriteClusters(beam.PTransform):
    """(range, what is known of its members) in; `CLUSTERS`, `MEMBERS` and `SIZES` out."""

    def __init__(self, work: str, tasks_url: str, ranges: int) -> None:
        super().__init__()
        self._work, self._tasks_url, self._ranges = work, tasks_url, ranges

    def expand(self, rows: beam.PCollection) -> beam.PCollection:
        """Two outcomes of a range: rows for the parts that hold its members, and what they add to their clusters."""
        joined = beside_places(rows, self._work, self._tasks_url, self._ranges) | "Join" >> beam.ParDo(
            JoinRange(self._work, self._ranges)
        ).with_outputs("members", main="sizes")
        _ = joined.members | "Parts" >> beam.GroupByKey() | "Members" >> beam.ParDo(WriteMembers(self._work))
        return (
            joined.sizes
            | "ByCluster" >> beam.GroupByKey()
            | "Sizes" >> beam.Map(explained(lambda element: facts_of(unpack_partials(element[1]))))
            | beam.CombineGlobally(merged_facts)
            | "WriteSizes" >> beam.Map(explained(write_facts), join(self._work, SIZES))
        )


def beside_places(rows: beam.PCollection, work: str, tasks_url: str, ranges: int) -> beam.PCollection:
    """(range, blocks): what is known of the keys of a range, and where the documents of these keys are."""
    places = rows.pipeline | "PlaceTasks" >> ReadTasks(tasks_url) | "Places" >> beam.ParDo(PlacesOfPart(work, ranges))
    return (rows, places) | beam.Flatten() | "Ranges" >> beam.GroupByKey()


class PlacesOfPart(beam.DoFn):
    """Says of every document of a part that it is there."""

    def __init__(self, work: str, ranges: int) -> None:
        super().__init__()
        self._work, self._ranges = work, ranges

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (range, packed places)."""
        with open_parquet(join(self._work, part["documents"])) as file:
            rows = np.empty(file.metadata.num_rows, PLACE)
            rows["key"] = keys_of(file.read(columns=["key"])["key"])
        rows["part"] = part["part"]
        for place, here in split(rows, range_of(rows["key"], self._ranges)):
            yield place, PLACES + here.tobytes()


class JoinRange(beam.DoFn):
    """Makes the rows of one range of keys, writes them, and sends them to the parts that hold them."""

    def __init__(self, work: str, ranges: int) -> None:
        super().__init__()
        self._work, self._ranges = work, ranges

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Yields (some partition of clusters, their partial sizes), and on the side (part, rows)."""
        number, blocks = element
        found = unpack_kinds(blocks, _KINDS)
        members = joined_rows(found)
        if not len(members):
            return
        write_table(join(self._work, part_path(CLUSTERS, number)), as_table(members))
        for part, here in at_places(members, found[PLACES]):
            yield beam.pvalue.TaggedOutput("members", (part, here.tobytes()))
        partial = partial_sizes(members)
        for place, here in split(partial, partition_of(partial["component"], self._ranges)):
            yield place, here.tobytes()


_KINDS = {ROWS: MEMBER, PLACES: PLACE, _SEEN: _SIMILARITY, _JOINED: EDGE, _SAME: EDGE}


def unpack_kinds(blocks: Iterable[bytes], kinds: Mapping[bytes, np.dtype[Any]]) -> dict[bytes, Any]:
    """The rows of each kind (first byte -> dtype of the rest) among the blocks of a range."""
    found: dict[bytes, list[Any]] = {kind: [np.empty(0, dtype)] for kind, dtype in kinds.items()}
    for block in blocks:
        found[block[:1]].append(np.frombuffer(block, kinds[block[:1]], offset=1))
    return {kind: np.concatenate(rows) for kind, rows in found.items()}


def joined_rows(found: dict[bytes, Any]) -> Any:
    """Rows of `MEMBER` in the order of their keys: those that came whole, or made of what the files said."""
    seen = found[_SEEN]
    if not len(seen):
        rows = found[ROWS]
        return rows[np.argsort(rows["key"], kind="stable")]
    keys = distinct_keys(seen["key"])
    rows = np.zeros(len(keys), MEMBER)
    rows["key"] = keys
    np.maximum.at(rows["similarity"], find(keys, seen["key"]), seen["similarity"])
    for name, kind in (("component", _JOINED), ("exact", _SAME)):
        rows[name] = keys  # who has no edge down is the smallest of its component itself
        rows[name][find(keys, found[kind]["node"])] = found[kind]["lower"]
    return rows


def at_places(rows: Any, places: Any) -> Iterator[tuple[int, Any]]:
    """(part, the rows of the documents it holds); `rows` are in the order of their keys, each key once."""
    where = find(rows["key"], places["key"])
    here = where >= 0
    return split(rows[where[here]], places["part"][here])


class WriteMembers(beam.DoFn):
    """Writes the members among the documents of a part."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields how many they are."""
        part, blocks = element
        rows = np.concatenate([np.frombuffer(block, MEMBER) for block in blocks])
        rows = rows[np.argsort(rows["key"], kind="stable")]
        write_table(join(self._work, part_path(MEMBERS, part)), as_table(rows))
        yield len(rows)


def member_rows(pairs: Any) -> Any:
    """Rows of `MEMBER` in the order of their keys that pairs (dtype `PAIR`, in any order, repeats allowed) make."""
    clusters = connected_components(pairs["left"], pairs["right"])
    exact = pairs[pairs["exact"]]
    texts = connected_components(exact["left"], exact["right"])
    rows = np.zeros(len(clusters), MEMBER)
    rows["key"], rows["component"], rows["exact"] = clusters.keys, clusters.component, clusters.keys
    rows["exact"][np.searchsorted(clusters.keys, texts.keys)] = texts.component
    rows["similarity"] = nearest(pairs)["similarity"]
    return rows


def cluster_table(pairs: Any) -> pa.Table:
    """The rows of `CLUSTER` that verified pairs (dtype `PAIR`, in any order, repeats allowed) make."""
    return as_table(member_rows(pairs))


def as_table(rows: Any) -> pa.Table:
    """Rows of `MEMBER` as a table of `CLUSTER`."""
    names = ("key", "component", "exact")
    return pa.table([*(as_binary(rows[name]) for name in names), pa.array(rows["similarity"])], schema=CLUSTER)


def keys_of(column: pa.ChunkedArray) -> Any:
    """A fixed-width key column as a numpy array."""
    return np.frombuffer(b"".join(column.to_pylist()), KEY)


def cluster_facts(clusters: pa.Table) -> Facts:
    """How large the clusters are, from rows of `CLUSTER`.

    `sizes`: documents in a cluster -> clusters, both as text and numbers that JSON keeps; `largest`: of the `LARGEST`
    clusters by different texts, then documents, the component, both numbers, and keys of some members, all in hex.
    """
    rows = np.empty(clusters.num_rows, MEMBER)
    for name in ("key", "component", "exact"):
        rows[name] = keys_of(clusters[name])
    return facts_of(partial_sizes(rows))


def partial_sizes(rows: Any) -> Any:
    """Rows of `PARTIAL`, one for each cluster among rows of `MEMBER` in the order of their keys."""
    order = np.argsort(rows["component"], kind="stable")
    rows = rows[order]
    # A text is in one cluster only, and the first document that has it bears its key.
    texts = (rows["exact"] == rows["key"]).astype(np.int64)
    names, starts, counts = np.unique(rows["component"], return_index=True, return_counts=True)
    found = np.zeros(len(names), PARTIAL)
    found["component"], found["documents"] = names, counts
    found["named"] = np.minimum(counts, MEMBERS_NAMED)
    if len(names):
        found["texts"] = np.add.reduceat(texts, starts)
    for n in range(MEMBERS_NAMED):
        there = counts > n
        found[f"member{n}"][there] = rows["key"][starts[there] + n]
    return found


def unpack_partials(blocks: Iterable[bytes]) -> Any:
    """The rows of packed blocks of `PARTIAL`, one after the other."""
    return np.concatenate([np.empty(0, PARTIAL), *(np.frombuffer(block, PARTIAL) for block in blocks)])


def facts_of(partial: Any) -> Facts:
    """`cluster_facts` of clusters all of whose rows of `PARTIAL` are here."""
    names, codes = np.unique(partial["component"], return_inverse=True)
    documents, texts = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    np.add.at(documents, codes, partial["documents"])
    np.add.at(texts, codes, partial["texts"])
    sizes = Counter(documents.tolist())
    largest = []
    for place in np.lexsort((np.arange(len(names)), -documents, -texts))[:LARGEST].tolist():
        mine = partial[codes == place]
        keys = sorted(as_hex(row[f"member{n}"]) for row in mine for n in range(int(row["named"])))
        largest.append(
            {
                "component": as_hex(names[place]),
                "documents": int(documents[place]),
                "texts": int(texts[place]),
                "members": keys[:MEMBERS_NAMED],
            }
        )
    return {"sizes": {str(size): count for size, count in sorted(sizes.items())}, "largest": largest}


def as_hex(key: Any) -> str:
    """One key as 32 hex digits, with the NUL bytes at its end that numpy takes away."""
    return bytes(key).ljust(KEY.itemsize, b"\0").hex()


def merged_facts(parts: Iterable[Facts]) -> Facts:
    """The facts of clusters that were counted apart."""
    sizes: Counter[int] = Counter()
    largest: list[dict[str, Any]] = []
    for part in parts:
        sizes.update({int(size): count for size, count in part["sizes"].items()})
        largest += part["largest"]
    largest.sort(key=lambda one: (-one["texts"], -one["documents"], one["component"]))
    return {"sizes": {str(size): count for size, count in sorted(sizes.items())}, "largest": largest[:LARGEST]}


def write_facts(facts: Facts, url: str) -> None:
    """Write `SIZES`."""
    write_bytes(url, json.dumps(facts, sort_keys=True).encode())
