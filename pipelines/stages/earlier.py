"""Stage `earlier`: which documents an earlier release holds, from the indexes that releases publish.

Three small pipelines. `filter` makes a Bloom filter of the hashes that the build's own documents have: 16 bits each,
at most 128 MB. `probe` reads the earlier indexes as a stream, keeps the entries that the filter lets through, and makes
a second filter of these. `match` shuffles them beside those entries of the build that the second filter lets through;
the two meet by hash, and only a bucket with a document of the build is looked into. So text of earlier releases is
never read, all but that stream costs in proportion to the new build, and little is shuffled where little is held.
What a document is compared with never depends on other documents of the build.

A document matches one of a release when it is the same record, when its text is equal but for white space (`exact`),
or when a band proposes the pair and the sketches' estimated similarity reaches the `threshold` of its source; with
`verify: jaccard` too, as a release keeps no shingles. Which matches count is decided in `select` (`held_copies`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.dedup.buckets import matches_needed
from curation.dedup.earlier import earlier_matches
from curation.dedup.keys import KEY, key_words
from curation.dedup.minhash import similarity_of_matches
from curation.dedup.near_rules import NearRules
from curation.reading.remote import without_secrets
from manifests.errors import UsageError
from manifests.files import digest_file, exists, join, read_bytes
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.recipe import DedupConfig
from pipelines.releases import Release
from pipelines.runner import ReadTasks, explained, read_json_lines
from pipelines.stages import signatures
from pipelines.stages.dedup import EXACT_LEVEL, RECORD_LEVEL
from pipelines.stages.hash_filter import Filter, WritePiece, bits_for, packed_positions
from pipelines.stages.held import HELD, PAIR, match_table
from pipelines.stages.histograms import WriteHistograms, load_histograms
from pipelines.stages.index import index_schema
from pipelines.stages.ingest import DocumentPart

VERSION = 2
FOLDER = "earlier"
RECORD = f"{FOLDER}/completion.json"
FILTER, SECOND_FILTER, ENTRIES = (f"{FOLDER}/{name}" for name in ("filter", "second", "entries"))
TEMPORARY = (FILTER, SECOND_FILTER, ENTRIES)
READ, COMPARED = f"{FOLDER}/read.json", f"{FOLDER}/compared.json"
BATCH = 65_536
EXACT_CAP = 32
"""Earlier documents of one text, or one id, that a document is compared with: releases that looked for no exact copies
may hold a text 200,000 times."""
ENTRY_BLOCK = pa.schema([("level", pa.int32()), ("partition", pa.int32()), ("block", pa.large_binary())])
"""Packed entries of one index file that may share a bucket with a document of the build."""

_OWN = [("hash", "<u8"), ("key", KEY), ("part", "<u4")]
_EARLIER = [("hash", "<u8"), *HELD]


def match_path(documents: str) -> str:
    """The file of the matches of a part of documents, both within the work folder."""
    return f"{FOLDER}/{'-'.join(documents.split('/')[-2:])}"


def filter_bits(documents: int, config: DedupConfig) -> int:
    """Bits of a filter of all hashes that so many documents have."""
    return bits_for(documents * (1 + config.exact + config.near_rules.most_bands))


def part_orders(parts: Sequence[DocumentPart]) -> list[dict[str, Any]]:
    """One row per part of the build, numbered."""
    return [
        {
            "part": number,
            "documents": part.path,
            "source": part.source,
            "signatures": signatures.signature_path(part.path),
        }
        for number, part in enumerate(parts)
    ]


def file_orders(releases: Sequence[Release]) -> list[dict[str, Any]]:
    """One row per index file of each release."""
    return [
        {
            "release": place,
            "source": entry["source"],
            "url": join(release.folder, entry["path"]),
            "sha256": entry["sha256"],
            "bytes": entry["bytes"],
            "entries": f"{ENTRIES}/{place:05d}-{number:05d}.parquet",
        }
        for place, release in enumerate(releases)
        for number, entry in enumerate(release.files)
    ]


def stored_counts(work: str) -> dict[str, int]:
    """What was read, shuffled and compared."""
    found = {**load_histograms(join(work, READ)), **load_histograms(join(work, COMPARED))}
    return {name: int(counts.sum()) for name, counts in found.items()}


def documents_held(work: str, path: str) -> int:
    """How many documents of a part have a match."""
    return int(pc.count_distinct(read_columns(join(work, path), ["key"])["key"]).as_py())


def labels_of(work: str) -> list[str]:
    """`NAME@VERSION` of the releases that a build was compared with, by their place; none without any."""
    record = join(work, RECORD)
    return list(json.loads(read_bytes(record))["facts"]["labels"]) if exists(record) else []


def build_filter(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, bits: int) -> None:
    """Writes the pieces of the filter; `tasks_url` lists the build's own parts."""
    _ = (
        pipeline
        | ReadTasks(tasks_url)
        | "Positions" >> beam.ParDo(OwnPositions(work, config, bits))
        | "Pieces" >> beam.GroupByKey()
        | "WritePiece" >> beam.ParDo(WritePiece(work, FILTER))
    )


def build_probe(
    pipeline: beam.Pipeline, files_url: str, work: str, config: DedupConfig, sizes: tuple[int, int]
) -> None:
    """Writes the entries of the indexes that pass the filter, the second filter, and `READ`.

    `files_url` lists the files of the indexes; `sizes` are the bits of a filter, and the partitions.
    """
    probed = (
        pipeline
        | ReadTasks(files_url)
        | "Probe" >> beam.ParDo(IndexEntries(work, config, *sizes)).with_outputs("counts", main="positions")
    )
    _ = probed.positions | "Pieces" >> beam.GroupByKey() | "WritePiece" >> beam.ParDo(WritePiece(work, SECOND_FILTER))
    _ = probed.counts | "Counts" >> WriteHistograms(join(work, READ))


def build_match(
    pipeline: beam.Pipeline, urls: tuple[str, str], work: str, config: DedupConfig, sizes: tuple[int, int]
) -> None:
    """Writes the matches of each part that has some, and `COMPARED`.

    `urls` list the build's parts and the files of the indexes; `sizes` are the bits of a filter, and the partitions.
    """
    parts_url, files_url = urls
    own = (
        pipeline
        | "OwnParts" >> ReadTasks(parts_url)
        | "OwnEntries" >> beam.ParDo(OwnEntries(work, config, *sizes)).with_outputs("counts", main="entries")
    )
    earlier = (
        pipeline | "IndexFiles" >> ReadTasks(files_url) | "IndexEntries" >> beam.FlatMap(explained(read_entries), work)
    )
    matched = (
        {"own": own.entries, "earlier": earlier}
        | "Buckets" >> beam.CoGroupByKey()
        | "Match" >> beam.ParDo(MatchBuckets(config)).with_outputs("counts", main="pairs")
    )
    _ = matched.pairs | "Parts" >> beam.GroupByKey() | "WriteMatches" >> beam.ParDo(WriteMatches(work, parts_url))
    _ = (own.counts, matched.counts) | beam.Flatten() | "Counts" >> WriteHistograms(join(work, COMPARED))


def levels(table: pa.Table, source: str, config: DedupConfig) -> Iterator[tuple[int, pa.Table, Any, Any]]:
    """(level, rows, hashes, payloads) of a table with ids and signatures: -2 is ids, -1 texts, the others bands.

    All rows are of one source; its bands are numbered as `NearRules` does.
    """
    ids = np.frombuffer(bytes.fromhex("".join(table["id"].to_pylist())), "<u8").reshape(-1, 2)
    yield RECORD_LEVEL, table, ids[:, 0], _bytes_of(ids[:, 1:])
    if config.exact:
        exact = signatures.exact_of(table)
        yield EXACT_LEVEL, table, exact[:, 0], _bytes_of(exact[:, 1:])
    rules = config.near_rules
    if rules.rule(source) is not None:
        table = table.filter(table["sketch"].is_valid())
        if table.num_rows:
            bands, sketches = signatures.bands_of(table), signatures.sketches_of(table)
            for band in range(bands.shape[1]):
                yield rules.first_level(source) + band, table, bands[:, band], sketches


def _bytes_of(half: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(half.astype("<u8")).view(np.uint8).reshape(len(half), -1)


class OwnPositions(beam.DoFn):
    """Places in the filter that the documents of one part take, by piece."""

    def __init__(self, work: str, config: DedupConfig, bits: int) -> None:
        super().__init__()
        self._work, self._config, self._bits = work, config, bits

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (piece, packed places within it)."""
        table = read_columns(join(self._work, part["signatures"]))
        for level, _, hashes, _ in levels(table, part["source"], self._config):
            yield from packed_positions(level, hashes, self._bits)


class OwnEntries(beam.DoFn):
    """The entries of one part of the build that some earlier document may share a bucket with."""

    def __init__(self, work: str, config: DedupConfig, bits: int, partitions: int) -> None:
        super().__init__()
        self._work, self._config, self._bits, self._partitions = work, config, bits, partitions

    @explained
    def setup(self) -> None:
        """Load the second filter, once per worker."""
        self._filter = Filter(self._work, SECOND_FILTER, self._bits)

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[Any]:
        """Yields ((level, partition), packed entries), and their number on the side."""
        table = read_columns(join(self._work, part["signatures"]))
        passed = 0
        for level, every, found, sketches in levels(table, part["source"], self._config):
            chosen = np.flatnonzero(self._filter.may_have(level, found))
            if not len(chosen):
                continue
            passed += len(chosen)
            rows, hashes, payloads = every.take(pa.array(chosen)), found[chosen], sketches[chosen]
            entries = np.empty(len(hashes), _with_payload(_OWN, payloads.shape[1]))
            entries["hash"], entries["payload"], entries["part"] = hashes, payloads, part["part"]
            entries["key"] = np.frombuffer(b"".join(rows["key"].to_pylist()), KEY)
            yield from _spread(level, entries, self._partitions)
        yield beam.pvalue.TaggedOutput("counts", {"own entries shuffled": np.array([passed])})


class IndexEntries(beam.DoFn):
    """The entries of one index file that some document of the build may share a bucket with."""

    def __init__(self, work: str, config: DedupConfig, bits: int, partitions: int) -> None:
        super().__init__()
        self._work, self._config, self._bits, self._partitions = work, config, bits, partitions

    @explained
    def setup(self) -> None:
        """Load the filter, once per worker."""
        self._filter = Filter(self._work, FILTER, self._bits)

    @explained
    def process(self, file: dict[str, Any]) -> Iterator[Any]:
        """Writes the entries and yields their (piece, packed places) for the second filter; counts on the side.

        Raises:
            UsageError: the file is not the one that its manifest names.
        """
        check_file(file)
        schema = index_schema(self._config.near_rules.rule(file["source"]))
        read = passed = 0
        blocks: list[tuple[int, int, bytes]] = []
        with open_parquet(file["url"]) as parquet:
            for batch in parquet.iter_batches(batch_size=BATCH, columns=schema.names):
                table = pa.Table.from_batches([batch])
                read += table.num_rows
                for level, rows, hashes, payloads in levels(table, file["source"], self._config):
                    chosen = np.flatnonzero(self._filter.may_have(level, hashes))
                    if len(chosen):
                        passed += len(chosen)
                        entries = _index_entries(rows.take(pa.array(chosen)), file["release"], payloads.shape[1])
                        entries["hash"], entries["payload"] = hashes[chosen], payloads[chosen]
                        blocks += [(*place, block) for place, block in _spread(level, entries, self._partitions)]
                        yield from packed_positions(level, hashes[chosen], self._bits)
        columns = [list(column) for column in zip(*blocks, strict=True)] or [[], [], []]
        write_table(join(self._work, file["entries"]), pa.table(columns, schema=ENTRY_BLOCK))
        counts = {"documents read": np.array([read]), "entries shuffled": np.array([passed])}
        yield beam.pvalue.TaggedOutput("counts", counts)


def read_entries(file: dict[str, Any], work: str) -> Iterator[tuple[tuple[int, int], bytes]]:
    """((level, partition), packed entries) that were kept of one index file."""
    for row in read_columns(join(work, file["entries"])).to_pylist():
        yield (row["level"], row["partition"]), row["block"]


def check_file(file: Mapping[str, Any]) -> None:
    """UsageError when an index file is gone, or its digest is not the one that its release's manifest states."""
    shown = without_secrets(file["url"])
    try:
        sha256, size = digest_file(file["url"])
    except FileNotFoundError:
        raise UsageError(f"{shown} is missing; its manifest expects sha256 {file['sha256']}") from None
    if sha256 != file["sha256"]:
        raise UsageError(
            f"{shown} was altered: it has sha256 {sha256} ({size} bytes), its manifest says {file['sha256']} "
            f"({file['bytes']} bytes); restore it, or build that release again"
        )


def _index_entries(rows: pa.Table, release: int, width: int) -> Any:
    entries = np.empty(rows.num_rows, _with_payload(_EARLIER, width))
    entries["release"] = release
    entries["id"] = np.frombuffer(bytes.fromhex("".join(rows["id"].to_pylist())), KEY)
    entries["tokens"] = rows["tokens"].to_numpy()
    for name in ("source", "date"):
        entries[name] = [(value or "").encode()[:32] for value in rows[name].to_pylist()]
    return entries


def _with_payload(fields: Sequence[tuple[str, Any]], width: int) -> np.dtype[Any]:
    return np.dtype([*fields, ("payload", "u1", (width,))])


def _spread(level: int, entries: Any, partitions: int) -> Iterator[tuple[tuple[int, int], bytes]]:
    width = entries.dtype["payload"].shape[0]
    partition = (entries["hash"] % np.uint64(partitions)).astype(np.int64)
    for index in np.unique(partition).tolist():
        yield (level, index), width.to_bytes(4, "little") + entries[partition == index].tobytes()


def _unpacked(blocks: Iterable[bytes], fields: Sequence[tuple[str, Any]]) -> Any:
    width = 8
    rows = []
    for block in blocks:
        width = int.from_bytes(block[:4], "little")
        rows.append(np.frombuffer(block, _with_payload(fields, width), offset=4))
    return np.concatenate(rows) if rows else np.empty(0, _with_payload(fields, width))


class MatchBuckets(beam.DoFn):
    """Compares the build's documents of one (level, partition) with the earlier ones of their buckets."""

    def __init__(self, config: DedupConfig) -> None:
        super().__init__()
        self._rules = config.near_rules

    @explained
    def process(self, element: tuple[tuple[int, int], Mapping[str, Iterable[bytes]]]) -> Iterator[Any]:
        """Yields (part, packed matches), and the number of comparisons on the side."""
        (level, _), sides = element
        earlier = _unpacked(sides["earlier"], _EARLIER)
        if not len(earlier):
            return
        own = _unpacked(sides["own"], _OWN)
        if not len(own):
            return
        high, low = key_words(earlier["id"])
        earlier = earlier[np.lexsort((low, high, earlier["release"]))]
        needed, cap, turn = comparison(self._rules, level, earlier["payload"].shape[1])
        found = earlier_matches(
            own["hash"], own["payload"], earlier["hash"], earlier["payload"], needed=needed, cap=cap, turn=turn
        )
        yield beam.pvalue.TaggedOutput("counts", {"pairs compared": np.array([found.compared])})
        pairs = np.empty(len(found.own), PAIR)
        for name in ("key", "part"):
            pairs[name] = own[name][found.own]
        for name, _ in HELD:
            pairs[name] = earlier[name][found.earlier]
        pairs["kind"] = {RECORD_LEVEL: 0, EXACT_LEVEL: 1}.get(level, 2)
        pairs["similarity"] = 1.0 if level < 0 else similarity_of_matches(found.equal, earlier["payload"].shape[1])
        for part in np.unique(pairs["part"]).tolist():
            yield part, pairs[pairs["part"] == part].tobytes()


def comparison(rules: NearRules, level: int, width: int) -> tuple[int, int, int]:
    """Equal bytes needed, the most comparisons of a document, and the turn of the sketches, of a level."""
    if level < 0:
        return width, EXACT_CAP, 0
    minhash, band = rules.of_level(level)
    turn = (band + 1) * minhash.bands_rows[1] % width
    return matches_needed(minhash.threshold, width), minhash.bucket_cap, turn


class WriteMatches(beam.DoFn):
    """Writes the matches of one part, the best of each document first."""

    def __init__(self, work: str, parts_url: str) -> None:
        super().__init__()
        self._work, self._parts_url = work, parts_url

    @explained
    def setup(self) -> None:
        """Read the list of parts, once per worker."""
        self._paths = {row["part"]: match_path(row["documents"]) for row in read_json_lines(self._parts_url)}

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[str]:
        """Yields the path of the file."""
        part, blocks = element
        path = self._paths[part]
        write_table(join(self._work, path), match_table(np.concatenate([np.frombuffer(b, PAIR) for b in blocks])))
        yield path
