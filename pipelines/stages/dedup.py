"""Stage `dedup`: documents to clusters of copies; hashes, sketches and keys are shuffled, never text.

What travels is small, because a local runner keeps it in memory and others bill it. A document sends its exact hash
and, for each band of its MinHash signature, 16 bytes: the band's hash and where the document is (part, row). Only
where two documents share a band's hash do both send their sketches (`SendSketches`, from the signatures that `SignPart`
left in files), and of equal texts only one does. A bucket then verifies its candidates from the sketches that came
with it. Components of the verified pairs are the clusters (`pipelines.stages.clusters`); which copy stays is decided
later, in `select`, among those that pass the rules. One record that was met twice is always a copy, whatever the
recipe looks for: ids are unique in the output.

With `verify: jaccard`, the default, the pairs that the sketches let through are candidates, and
`pipelines.stages.verify` compares their texts before they become clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation.dedup.buckets import candidate_pairs, exact_pairs
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import KEY
from curation.dedup.license_header import looked_at
from curation.dedup.minhash import band_hashes, exact_hash, has_signature, signatures, sketch
from curation.dedup.stars import find, split
from manifests.files import join
from pipelines.parts import open_parquet, write_table
from pipelines.recipe import DedupConfig
from pipelines.runner import ReadTasks, explained, read_json_lines
from pipelines.stages.clusters import DOCUMENTS_PER_RANGE, Plan, WriteGraph
from pipelines.stages.pairs import WritePairs, pack_pairs
from pipelines.stages.signatures import read_signatures, signature_path, signature_table

VERSION = 5
FOLDER = "dedup"
PAIRS = f"{FOLDER}/pairs"
CANDIDATES = "candidates"
RECORD_LEVEL, EXACT_LEVEL = -2, -1
DOCUMENTS_PER_PARTITION = 250_000
"""A partition of a band holds so many entries of 16 bytes, and the sketches of those that share a bucket (some 150
bytes each): the memory of one worker."""

BAND_ENTRY = np.dtype([("hash", "<u8"), ("part", "<i4"), ("row", "<i4")])
"""One shuffled entry of a band: the hash, and where its document is."""

WHOLE_ENTRY = np.dtype([("hash", "<u8", (2,)), ("key", KEY), ("part", "<i4"), ("row", "<i4"), ("rule", "i1")])
"""One shuffled entry of a whole hash, of an id or a text; `rule` is that of the document's source (`NearRules`)."""

WANTED = np.dtype([("band", "<i4"), ("row", "<i4")])
"""A row of a part whose sketch a bucket of the band needs; the band `EXACT_LEVEL` says that no bucket needs it."""


def partitions_for(documents: int) -> int:
    """How many shuffle keys a band is spread over; depends on the data, never on the workers."""
    return max(1, -(-documents // DOCUMENTS_PER_PARTITION))


def plan_for(documents: int) -> Plan:
    """How a build of so many documents is cut up."""
    return Plan(partitions_for(documents), max(1, -(-documents // DOCUMENTS_PER_RANGE)))


def build(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, plan: Plan) -> None:
    """The stage's job graph; it ends by writing `PAIRS` and, where these are few enough, the clusters."""
    found = found_pairs(pipeline, tasks_url, work, config, plan.partitions).pairs
    counts = found | "VerifiedPairs" >> WritePairs(work, PAIRS, plan.partitions)
    _ = counts | "Graph" >> WriteGraph(work, tasks_url, PAIRS, plan)


@dataclass(frozen=True)
class FoundPairs:
    """Packed pairs of all levels: those that are sure, and those whose texts are still to be compared."""

    pairs: beam.PCollection
    candidates: beam.PCollection


def found_pairs(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, partitions: int) -> FoundPairs:
    """The pairs of the documents that the tasks name; each task is a part of them, with its number and its source."""
    shared = (
        pipeline
        | ReadTasks(tasks_url)
        | "Sign" >> beam.ParDo(SignPart(work, config, partitions))
        | "Buckets" >> beam.GroupByKey()
        | "Shared" >> beam.ParDo(SharedBuckets()).with_outputs("pairs", main="wanted")
    )
    verified = (
        shared.wanted
        | "Wanted" >> beam.GroupByKey()
        | "Send" >> beam.ParDo(SendSketches(work, tasks_url, config, partitions))
        | "Sketches" >> beam.GroupByKey()
        | "Verify" >> beam.ParDo(VerifyBuckets(config)).with_outputs(CANDIDATES, main="pairs")
    )
    return FoundPairs((shared["pairs"], verified.pairs) | "Levels" >> beam.Flatten(), verified[CANDIDATES])


class SignPart(beam.DoFn):
    """Hashes the documents of one part, and emits them by (level, partition): -2 is ids, -1 texts, the others bands.

    Keys, hashes and sketches stay in a file beside: some 250 bytes a document, in the order of the part.
    """

    def __init__(self, work: str, config: DedupConfig, partitions: int) -> None:
        super().__init__()
        self._work, self._config, self._partitions = work, config, partitions
        self._rules = config.near_rules

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yields ((level, partition), packed entries)."""
        kept: list[pa.Table] = []
        first = 0
        minhash = self._rules.rule(part["source"])
        with open_parquet(join(self._work, part["documents"])) as file:
            reads = self._config.exact or minhash or self._config.keeps_signatures
            columns = ["key", "id", *(["text"] if reads else [])]
            for batch in file.iter_batches(batch_size=4096, columns=columns):
                keys = np.frombuffer(b"".join(batch["key"].to_pylist()), KEY)
                ids = np.frombuffer(bytes.fromhex("".join(batch["id"].to_pylist())), "<u8").reshape(-1, 2)
                yield from self._whole(RECORD_LEVEL, ids, keys, part, first)
                if reads:
                    yield from self._entries(batch, keys, part, first, kept)
                first += len(keys)
        if kept:
            write_table(join(self._work, signature_path(part["documents"])), pa.concat_tables(kept))

    def _entries(
        self, batch: pa.RecordBatch, keys: Any, part: dict[str, Any], first: int, kept: list[pa.Table]
    ) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yields as `process` does, for rows of the part from `first` on, and adds their signatures to `kept`."""
        texts, minhash = batch["text"].to_pylist(), self._rules.rule(part["source"])
        exact = exact_hash(texts)
        if self._config.exact:
            yield from self._whole(EXACT_LEVEL, exact, keys, part, first)
        signed = None if minhash is None else sign(texts, minhash)
        if signed is not None or self._config.keeps_signatures:
            named = {name: batch[name].to_pylist() for name in ("key", "id")}
            kept.append(signature_table(named, exact, signed, minhash))
        if signed is None:
            return
        able, bands, _ = signed
        level = self._rules.first_level(part["source"])
        for band in range(bands.shape[1]):
            entries = np.empty(len(bands), BAND_ENTRY)
            entries["hash"], entries["part"] = bands[:, band], part["part"]
            entries["row"] = first + np.flatnonzero(able)
            yield from self._spread(level + band, entries, entries["hash"])

    def _whole(
        self, level: int, hashes: Any, keys: Any, part: dict[str, Any], first: int
    ) -> Iterator[tuple[tuple[int, int], bytes]]:
        entries = np.empty(len(keys), WHOLE_ENTRY)
        entries["hash"], entries["key"], entries["part"] = hashes, keys, part["part"]
        entries["row"], entries["rule"] = first + np.arange(len(keys)), self._rules.number(part["source"])
        yield from self._spread(level, entries, hashes[:, 0])

    def _spread(self, level: int, entries: Any, hashes: Any) -> Iterator[tuple[tuple[int, int], bytes]]:
        for partition, here in split(entries, (hashes % np.uint64(self._partitions)).astype(np.int64)):
            yield (level, partition), here.tobytes()


def sign(texts: list[str], minhash: MinHashConfig) -> tuple[Any, Any, Any]:
    """Which texts have a signature, and the bands and sketches of those."""
    signed = signatures(
        looked_at(texts, minhash),
        ngram=minhash.ngram,
        num_perm=minhash.num_perm,
        seed=minhash.seed,
        scheme=minhash.scheme,
        shingle=minhash.shingle,
    )
    able = has_signature(signed)
    return able, band_hashes(signed[able], *minhash.bands_rows), sketch(signed[able])


class SharedBuckets(beam.DoFn):
    """Pairs equal hashes of ids and texts, and finds the documents that share a bucket of a band with another."""

    @explained
    def process(self, element: tuple[tuple[int, int], Iterable[bytes]]) -> Iterator[Any]:
        """Yields (part, its rows that are wanted, or known to be copies); packed pairs on the side."""
        (level, _), blocks = element
        if level not in (RECORD_LEVEL, EXACT_LEVEL):
            entries = np.concatenate([np.frombuffer(block, BAND_ENTRY) for block in blocks])
            yield from wanted_rows(level, entries[shares_hash(entries["hash"])])
            return
        rows = np.concatenate([np.frombuffer(block, WHOLE_ENTRY) for block in blocks])
        pairs = exact_pairs(rows["hash"], rows["key"])
        if not len(pairs):
            return
        yield beam.pvalue.TaggedOutput("pairs", pack_pairs(pairs, exact=level == EXACT_LEVEL))
        # Of equal texts one stands for all of its rule; its sketch would be of no use to the documents of another.
        rules = np.unique(rows["rule"]) if level == EXACT_LEVEL else ()
        for rule in rules:
            here = rows if len(rules) == 1 else rows[rows["rule"] == rule]
            copies = pairs.right if len(rules) == 1 else exact_pairs(here["hash"], here["key"]).right
            yield from wanted_rows(level, here[find(np.sort(copies), here["key"]) >= 0])


def shares_hash(hashes: Any) -> Any:
    """Which of the hashes [n] are there more than once."""
    order = np.argsort(hashes, kind="stable")
    same = hashes[order[1:]] == hashes[order[:-1]]
    shared = np.zeros(len(hashes), bool)
    shared[order[1:][same]] = True
    shared[order[:-1][same]] = True
    return shared


def wanted_rows(band: int, entries: Any) -> Iterator[tuple[int, bytes]]:
    """(part, packed rows of `WANTED`) of some entries of a band."""
    rows = np.empty(len(entries), WANTED)
    rows["band"], rows["row"] = band, entries["row"]
    for part, here in split(rows, entries["part"].astype(np.int64)):
        yield part, here.tobytes()


class SendSketches(beam.DoFn):
    """Sends the sketches that buckets want to them, but not those of texts that are copies of another's."""

    def __init__(self, work: str, tasks_url: str, config: DedupConfig, partitions: int) -> None:
        super().__init__()
        self._work, self._tasks_url, self._partitions = work, tasks_url, partitions
        self._rules = config.near_rules

    @explained
    def setup(self) -> None:
        """Read the list of parts, once per worker."""
        self._parts = {task["part"]: task for task in read_json_lines(self._tasks_url)}

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yields ((band, partition), packed entries) of one part."""
        part, blocks = element
        wanted = np.concatenate([np.frombuffer(block, WANTED) for block in blocks])
        if (wanted["band"] == EXACT_LEVEL).all():
            return
        task = self._parts[part]
        keys, bands, sketches = read_signatures(join(self._work, signature_path(task["documents"])))
        copy = np.zeros(len(keys), bool)
        copy[wanted["row"][wanted["band"] == EXACT_LEVEL]] = True
        wanted = wanted[(wanted["band"] != EXACT_LEVEL) & ~copy[wanted["row"]]]
        first = self._rules.first_level(task["source"])
        for level, rows in split(wanted["row"], wanted["band"].astype(np.int64)):
            hashes = bands[:, level - first]
            for partition, here in split(rows, (hashes[rows] % np.uint64(self._partitions)).astype(np.int64)):
                yield (level, partition), pack(hashes[here], keys[here], sketches[here])


def entry_type(payload_bytes: int) -> np.dtype[Any]:
    """One shuffled entry: the bucket's hash, the document's key, and its sketch."""
    return np.dtype([("hash", "<u8"), ("key", KEY), ("payload", "u1", (payload_bytes,))])


def pack(hashes: Any, keys: Any, payload: Any) -> bytes:
    """Entries as bytes: the width of the payload, then the rows."""
    rows = np.empty(len(hashes), entry_type(payload.shape[1]))
    rows["hash"], rows["key"], rows["payload"] = hashes, keys, payload
    return int(payload.shape[1]).to_bytes(4, "little") + rows.tobytes()


def unpack(blocks: Iterable[bytes]) -> Any:
    """The rows of packed blocks, one after the other."""
    rows = [np.frombuffer(block, entry_type(int.from_bytes(block[:4], "little")), offset=4) for block in blocks]
    return np.concatenate(rows)


class VerifyBuckets(beam.DoFn):
    """Turns the entries of one (band, partition) into verified pairs."""

    def __init__(self, config: DedupConfig) -> None:
        super().__init__()
        self._rules = config.near_rules

    @explained
    def process(self, element: tuple[tuple[int, int], Iterable[bytes]]) -> Iterator[Any]:
        """Yields packed pairs of this band and partition, if there are any; those still to be compared on the side."""
        (level, _), blocks = element
        rows = unpack(blocks)
        minhash, _ = self._rules.of_level(level)
        pairs = candidate_pairs(
            rows["hash"],
            rows["key"],
            rows["payload"],
            threshold=minhash.threshold,
            cap=minhash.bucket_cap,
            least=minhash.candidate_similarity,
        )
        if len(pairs):
            packed = pack_pairs(pairs, exact=False)
            yield packed if minhash.verify == "signature" else beam.pvalue.TaggedOutput(CANDIDATES, packed)
