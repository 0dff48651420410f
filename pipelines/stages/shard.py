"""Stage `shard`: kept documents to shards, rejected records to the list of rejects, both in the order of their ids.

A shard is a range of ids of one source. Parts are sorted by id, so a worker that makes a shard reads from each part
only the row groups that can hold its range: no text is shuffled, and memory is one shard.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.dedup.near_rules import NearRules
from curation.documents import KEY_BYTES, PII_SPAN, REJECTED, SHARD, WEB
from curation.link_join import LINKED, page_facts
from curation.select import kept_ranges, moved_spans
from curation.takedown import NOTHING, Takedown
from manifests.errors import JobError
from manifests.files import join
from pipelines.parts import rows_in_range, sort_rows, write_table
from pipelines.records import Completion, load_completion, save_completion, written
from pipelines.runner import ReadTasks, explained, read_json_lines
from pipelines.stages.index import NAME as INDEX
from pipelines.stages.index import index_rows, plan_index
from pipelines.toxicity_tags import TAG_COLUMNS, with_tags

VERSION = 3
FOLDER = "shard"
ID_BUCKETS = 1 << 16
REJECTED_PER_FILE = 1_000_000
SHARD_NAME, REJECTED_NAME = "shards", "rejected"
LOCATED = "pii_located"
_LOCATED_SHARD = pa.schema([*SHARD, pa.field(LOCATED, pa.list_(PII_SPAN))])


@dataclass(frozen=True)
class ShardTask:
    """Make one output file from the rows whose id lies in [first, last]."""

    kind: str  # `SHARD_NAME`, `REJECTED_NAME` or `INDEX`
    path: str
    source: str | None  # None for rejects, of all sources
    first: str
    last: str
    key: str


def id_bucket(ids: Sequence[str]) -> NDArray[np.int64]:
    """The first 16 bits of each id."""
    return np.fromiter((int(identity[:4], 16) for identity in ids), np.int64, len(ids))


def plan_ranges(histogram: NDArray[np.int64], most: int) -> list[tuple[str, str]]:
    """Cut the id space into ranges that hold at most `most` each (a single bucket may hold more).

    `histogram` has a weight for each of the 65,536 id buckets; ranges cover every id, and depend on nothing else.
    """
    ranges: list[tuple[int, int]] = []
    start, weight = 0, 0
    for bucket in range(ID_BUCKETS):
        if weight and histogram[bucket] and weight + histogram[bucket] > most:
            ranges.append((start, bucket - 1))
            start, weight = bucket, 0
        weight += int(histogram[bucket])
    ranges.append((start, ID_BUCKETS - 1))
    return [(f"{low:04x}" + "0" * 28, f"{high:04x}" + "f" * 28) for low, high in ranges]


def plan_tasks(
    kept_bytes: Mapping[str, NDArray[np.int64]], rejected: NDArray[np.int64], shard_bytes: int, key: str
) -> list[ShardTask]:
    """The output files of a build: `shards/<source>/part-00000.parquet` ... and `rejected/part-00000.parquet` ..."""
    tasks = []
    for source in sorted(kept_bytes):
        for index, (first, last) in enumerate(plan_ranges(kept_bytes[source], shard_bytes)):
            path = f"{SHARD_NAME}/{source}/part-{index:05d}.parquet"
            tasks.append(ShardTask(SHARD_NAME, path, source, first, last, key))
    for index, (first, last) in enumerate(plan_ranges(rejected, REJECTED_PER_FILE)):
        path = f"{REJECTED_NAME}/part-{index:05d}.parquet"
        tasks.append(ShardTask(REJECTED_NAME, path, None, first, last, key))
    return tasks


def index_tasks(documents: Mapping[str, int], key: str) -> list[ShardTask]:
    """The index files of a build that keeps so many documents of each source: `index/web/part-00000.parquet` ..."""
    return [
        ShardTask(INDEX, f"{INDEX}/{source}/part-{place:05d}.parquet", source, first, last, key)
        for source in sorted(documents)
        for place, (first, last) in enumerate(plan_index(documents[source]))
    ]


@dataclass(frozen=True)
class ShardSettings:
    """What a recipe says of the files."""

    near_rules: NearRules  # how the signatures of the index are made
    takedown: Takedown = NOTHING
    spans: bool = True  # `meta` tells where personal data was found
    tag_toxicity: bool = False  # `meta` tells what was measured of toxicity


def build(pipeline: beam.Pipeline, tasks_url: str, work: str, parts_url: str, settings: ShardSettings) -> None:
    """The stage's job graph."""
    _ = pipeline | ReadTasks(tasks_url) | "Shard" >> beam.ParDo(WriteShard(work, parts_url, settings))


def completed(work: str, order: Mapping[str, Any]) -> Completion | None:
    """The finished file of a task, if it is there; its facts hold source, documents, tokens."""
    return load_completion(work, _record(order), order["key"])


def place(path: str) -> str:
    """Where a file of this stage stands in the finished build, by its path within the work folder."""
    return path.removeprefix(f"{FOLDER}/")


def _record(order: Mapping[str, Any]) -> str:
    return f"{FOLDER}/records/{order['path']}.json"


class WriteShard(beam.DoFn):
    """Gathers one range of ids from every part and writes it as one file."""

    def __init__(self, work: str, parts_url: str, settings: ShardSettings) -> None:
        super().__init__()
        self._work, self._parts_url, self._settings = work, parts_url, settings
        self._parts: list[dict[str, Any]] = []

    @explained
    def setup(self) -> None:
        """Read the list of parts, once per worker."""
        self._parts = list(read_json_lines(self._parts_url))

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[str]:
        """Yields the path of the file when it is complete."""
        if completed(self._work, order) is None:
            table = self._index(order) if order["kind"] == INDEX else self._rows(order)
            privacy = {}
            if LOCATED in table.column_names:
                privacy = {"privacy": span_facts(table[LOCATED].to_pylist())}
                table = (_with_spans(table) if self._settings.spans else table).select(SHARD.names)
            path = f"{FOLDER}/{order['path']}"
            write_table(join(self._work, path), table)
            tokens = pc.sum(table["tokens"]).as_py() or 0 if "tokens" in table.column_names else 0
            named = {name: order[name] for name in ("kind", "source")}
            facts = {**named, "documents": table.num_rows, "tokens": tokens, **privacy}
            completion = Completion(order["key"], (written(self._work, path),), facts)
            save_completion(self._work, _record(order), completion)
        yield order["path"]

    def _index(self, order: dict[str, Any]) -> pa.Table:
        minhash = self._settings.near_rules.rule(order["source"])
        return index_rows(self._of_source(order), lambda path, names: self._range(path, order, names), minhash)

    def _of_source(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        return [part for part in self._parts if part["kind"] == "documents" and part["source"] == order["source"]]

    def _rows(self, order: dict[str, Any]) -> pa.Table:
        rejects = order["kind"] == REJECTED_NAME
        tables = list(self._rejects(order) if rejects else self._documents(order))
        schema = REJECTED if rejects else _LOCATED_SHARD
        table = pa.concat_tables(tables) if tables else _with_key(schema).empty_table()
        return sort_rows(table, "id", "key").drop_columns(["key"])

    def _documents(self, order: dict[str, Any]) -> Iterator[pa.Table]:
        tagged = self._settings.tag_toxicity and order["source"] == WEB
        columns = [*_with_key(_LOCATED_SHARD).names, *(TAG_COLUMNS if tagged else ())]
        for part in self._of_source(order):
            documents = self._range(part["documents"], order, columns)
            if not documents.num_rows:
                continue
            decisions = self._range(part["decisions"], order, ["key", "id", "keep", "tokens", "cut", "failed"])
            if not documents["key"].equals(decisions["key"]):
                raise JobError(
                    f"{part['decisions']} does not belong to {part['documents']}; delete .work/select and rerun"
                )
            linked = self._range(part["links"], order, LINKED.names) if part.get("links") else None
            documents = _with_page_facts(documents, linked)
            yield _kept_rows(with_tags(documents, decisions) if tagged else documents, decisions)

    def _rejects(self, order: dict[str, Any]) -> Iterator[pa.Table]:
        for part in self._parts:
            if part["kind"] == "documents":
                columns = ["key", *REJECTED.names, "keep"]
                table = self._range(part["decisions"], order, columns)
                table = table.filter(pc.invert(table["keep"]))
            elif part["kind"] != "rejected":
                continue
            else:
                columns = ["key", "id", "source", "uri", "origin", "rule", "value", "threshold"]
                table = without_names(self._range(part["rejected"], order, columns), self._settings.takedown)
                table = table.append_column("stage", pa.array(["ingest"] * table.num_rows, pa.string()))
                table = table.append_column("duplicate_of", pa.nulls(table.num_rows, pa.string()))
            yield table.select(_with_key(REJECTED).names).cast(_with_key(REJECTED))

    def _range(self, path: str, order: dict[str, Any], columns: Sequence[str]) -> pa.Table:
        return rows_in_range(join(self._work, path), order["first"], order["last"], columns)


def without_names(rejected: pa.Table, takedown: Takedown) -> pa.Table:
    """Records that ingest refused, without the URIs of those that a takedown list names."""
    if not takedown or not rejected.num_rows:
        return rejected
    columns = (rejected[name].to_pylist() for name in ("source", "id", "uri", "origin"))
    named = [takedown.rule(*row) is not None for row in zip(*columns, strict=True)]
    uris = pc.if_else(pa.array(named), pa.scalar(None, pa.string()), rejected["uri"])
    return rejected.set_column(rejected.column_names.index("uri"), "uri", uris)


def _with_key(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field("key", pa.binary(KEY_BYTES)), *schema])


def _with_page_facts(documents: pa.Table, linked: pa.Table | None) -> pa.Table:
    """The rows with their votes, title and headers among `meta`."""
    if linked is None:
        return documents
    if not documents["key"].equals(linked["key"]):
        raise JobError("links: the votes do not belong to the documents; delete .work/links and rerun")
    meta = [
        json.dumps({**json.loads(text), **page_facts(row)}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        for text, row in zip(documents["meta"].to_pylist(), linked.to_pylist(), strict=True)
    ]
    return documents.set_column(documents.column_names.index("meta"), "meta", pa.array(meta, pa.string()))


def _kept_rows(documents: pa.Table, decisions: pa.Table) -> pa.Table:
    """The kept rows with their cut lines gone and their tokens as decided."""
    keep = decisions["keep"]
    tokens = documents.column_names.index("tokens")
    documents = documents.set_column(tokens, "tokens", decisions["tokens"]).filter(keep)
    cuts = decisions["cut"].filter(keep)
    if pc.any(pc.greater(pc.list_value_length(cuts), 0)).as_py():
        texts, located = [], []
        rows = (documents["text"].to_pylist(), documents[LOCATED].to_pylist(), cuts.to_pylist())
        for text, spans, cut in zip(*rows, strict=True):
            ranges = kept_ranges(text, cut) if cut else [(0, len(text))]
            texts.append("".join(text[start:end] for start, end in ranges) if cut else text)
            located.append(moved_spans(spans, ranges) if cut else spans)
        for name, column in (("text", pa.array(texts, pa.string())), (LOCATED, pa.array(located, pa.list_(PII_SPAN)))):
            documents = documents.set_column(documents.column_names.index(name), name, column)
    return documents.select(_with_key(_LOCATED_SHARD).names).cast(_with_key(_LOCATED_SHARD))


def _with_spans(table: pa.Table) -> pa.Table:
    """The rows with `spans` among `meta`, where there are any."""
    meta = [
        json.dumps({**json.loads(text), "spans": spans}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        if spans
        else text
        for text, spans in zip(table["meta"].to_pylist(), table[LOCATED].to_pylist(), strict=True)
    ]
    return table.set_column(table.column_names.index("meta"), "meta", pa.array(meta, pa.string()))


def span_facts(located: Sequence[Sequence[Mapping[str, str]]]) -> dict[str, Any]:
    """What was done to the documents of a shard: spans by type and policy, and documents by what was done to them.

    A document is `replaced` when any of its spans was, `kept_spans` when all that was found stayed by policy, and
    `untouched` when nothing was found.
    """
    spans: dict[str, Counter[str]] = {}
    documents = Counter({"replaced": 0, "kept_spans": 0, "untouched": 0})
    for row in located:
        for span in row:
            spans.setdefault(span["type"], Counter())[span["policy"]] += 1
        replaced = any(span["policy"] != "keep" for span in row)
        documents["replaced" if replaced else "kept_spans" if row else "untouched"] += 1
    return {
        "spans": {name: dict(sorted(count.items())) for name, count in sorted(spans.items())},
        "documents": dict(documents),
    }
