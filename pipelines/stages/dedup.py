"""Stage `dedup`: documents to clusters of copies; hashes, sketches and keys are shuffled, never text.

Every document's exact hash, and the bands of its MinHash signature, are grouped under few shuffle keys as arrays.
A bucket verifies its candidates from the sketches that came with it. Components of the verified pairs are the
clusters; which copy stays is decided later, in `select`, among those that pass the rules. One record that was met
twice is always a copy, whatever the recipe looks for: ids are unique in the output.

With `verify: jaccard` the pairs that the sketches let through are candidates, and `pipelines.stages.verify` compares
their texts before they become clusters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation.dedup.buckets import Pairs, candidate_pairs, exact_pairs
from curation.dedup.components import cluster_sizes, connected_components
from curation.dedup.keys import KEY
from curation.dedup.minhash import band_hashes, exact_hash, has_signature, signatures, sketch
from manifests.files import join, write_bytes
from pipelines.parts import open_parquet, write_table
from pipelines.recipe import DedupConfig
from pipelines.runner import ReadTasks, explained
from pipelines.stages.signatures import signature_path, signature_table

VERSION = 3
FOLDER = "dedup"
CLUSTERS = f"{FOLDER}/clusters.parquet"
SIZES = f"{FOLDER}/clusters.json"
CANDIDATES = "candidates"
RECORD_LEVEL, EXACT_LEVEL = -2, -1
LARGEST = 12
"""Clusters that `SIZES` names."""
MEMBERS_NAMED = 3
DOCUMENTS_PER_PARTITION = 250_000
"""A partition of a band holds about so many entries (some 150 bytes each): the memory of one worker."""

CLUSTER = pa.schema(
    [
        ("key", pa.binary(16)),
        ("component", pa.binary(16)),  # smallest key of the cluster
        ("exact", pa.binary(16)),  # smallest key among the documents with the same text
        ("similarity", pa.float64()),  # to the most similar verified copy
    ]
)
"""One row per document that has a copy, sorted by key."""


def partitions_for(documents: int) -> int:
    """How many shuffle keys a band is spread over; depends on the data, never on the workers."""
    return max(1, -(-documents // DOCUMENTS_PER_PARTITION))


def build(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, partitions: int) -> None:
    """The stage's job graph; it ends by writing `CLUSTERS` and `SIZES`."""
    _ = found_pairs(pipeline, tasks_url, work, config, partitions).pairs | WriteGraph(work)


def found_pairs(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, partitions: int) -> Any:
    """Packed pairs of all levels: `pairs`, and on the side `CANDIDATES`, those whose texts are still to be compared."""
    return (
        pipeline
        | ReadTasks(tasks_url)
        | "Sign" >> beam.ParDo(SignPart(work, config, partitions))
        | "Buckets" >> beam.GroupByKey()
        | "Verify" >> beam.ParDo(VerifyBuckets(config)).with_outputs(CANDIDATES, main="pairs")
    )


class WriteGraph(beam.PTransform):
    """Packed pairs in, the files `CLUSTERS` and `SIZES` out."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        """All pairs meet on one worker."""
        return (
            pairs
            | "OneGraph" >> beam.Map(lambda pairs: (0, pairs))
            | "Edges" >> beam.GroupByKey()
            | "Components" >> beam.ParDo(WriteClusters(self._work))
        )


class SignPart(beam.DoFn):
    """Hashes the documents of one part, and emits them by (level, partition): -2 is ids, -1 texts, the others bands."""

    def __init__(self, work: str, config: DedupConfig, partitions: int) -> None:
        super().__init__()
        self._work, self._config, self._partitions = work, config, partitions

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yields ((level, partition), packed entries)."""
        with open_parquet(join(self._work, part["documents"])) as file:
            kept: list[pa.Table] = []
            reads = self._config.exact or self._config.minhash or self._config.keeps_signatures
            columns = ["key", "id", *(["text"] if reads else [])]
            for batch in file.iter_batches(batch_size=4096, columns=columns):
                keys = np.frombuffer(b"".join(batch["key"].to_pylist()), KEY)
                ids = np.frombuffer(bytes.fromhex("".join(batch["id"].to_pylist())), "<u8").reshape(-1, 2)
                yield from self._spread_whole(RECORD_LEVEL, ids, keys)
                if "text" in columns:
                    yield from self._entries(batch, keys, kept)
            if kept:
                write_table(join(self._work, signature_path(part["documents"])), pa.concat_tables(kept))

    def _entries(self, batch: pa.RecordBatch, keys: Any, kept: list[pa.Table]) -> Iterator[Any]:
        """Yields as `process` does; adds the signatures to `kept` where a release is to publish or to search them."""
        texts, keeps, minhash = batch["text"].to_pylist(), self._config.keeps_signatures, self._config.minhash
        rows = {name: batch[name].to_pylist() for name in ("key", "id")}
        exact = exact_hash(texts) if self._config.exact or keeps else np.empty((0, 2), np.uint64)
        if self._config.exact:
            yield from self._spread_whole(EXACT_LEVEL, exact, keys)
        if minhash is None:
            if keeps:
                kept.append(signature_table(rows, exact, None, None))
            return
        signed = signatures(
            texts,
            ngram=minhash.ngram,
            num_perm=minhash.num_perm,
            seed=minhash.seed,
            scheme=minhash.scheme,
            shingle=minhash.shingle,
        )
        able = has_signature(signed)
        signed, keys = signed[able], keys[able]
        bands = band_hashes(signed, *minhash.bands_rows)
        sketches = sketch(signed)
        if keeps:
            kept.append(signature_table(rows, exact, (able, bands, sketches), minhash))
        if not able.any():
            return
        for band in range(bands.shape[1]):
            yield from self._spread(band, bands[:, band], keys, sketches)

    def _spread_whole(self, level: int, hashes: Any, keys: Any) -> Iterator[tuple[tuple[int, int], bytes]]:
        """128-bit hashes [n, 2]: the first half is the bucket, the second its payload."""
        yield from self._spread(level, hashes[:, 0], keys, hashes[:, 1:].copy().view(np.uint8))

    def _spread(self, level: int, hashes: Any, keys: Any, payload: Any) -> Iterator[tuple[tuple[int, int], bytes]]:
        partition = (hashes % np.uint64(self._partitions)).astype(np.int64)
        for index in np.unique(partition):
            mask = partition == index
            yield (level, int(index)), pack(hashes[mask], keys[mask], payload[mask])


def entry_type(payload_bytes: int) -> np.dtype[Any]:
    """One shuffled entry: the bucket's hash, the document's key, and a sketch (or the rest of an exact hash)."""
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
    """Turns the entries of one (level, partition) into verified pairs."""

    def __init__(self, config: DedupConfig) -> None:
        super().__init__()
        self._config = config

    @explained
    def process(self, element: tuple[tuple[int, int], Iterable[bytes]]) -> Iterator[Any]:
        """Yields packed pairs of this level and partition, if there are any; those still to be compared on the side."""
        (level, _), blocks = element
        rows = unpack(blocks)
        if level in (RECORD_LEVEL, EXACT_LEVEL):
            pairs = exact_pairs(np.stack([rows["hash"], rows["payload"].copy().view("<u8")[:, 0]], axis=1), rows["key"])
        else:
            minhash = self._config.minhash
            assert minhash is not None, "only a MinHash recipe makes bands"
            pairs = candidate_pairs(
                rows["hash"],
                rows["key"],
                rows["payload"],
                threshold=minhash.threshold,
                cap=minhash.bucket_cap,
                least=minhash.candidate_similarity,
            )
            if minhash.verify == "jaccard" and len(pairs):
                yield beam.pvalue.TaggedOutput(CANDIDATES, pack_pairs(pairs, exact=False))
                return
        if len(pairs):
            yield pack_pairs(pairs, exact=level == EXACT_LEVEL)


PAIR = np.dtype([("left", KEY), ("right", KEY), ("similarity", "<f4"), ("exact", "?")])


def pack_pairs(pairs: Pairs, *, exact: bool) -> bytes:
    """Pairs as bytes."""
    rows = np.empty(len(pairs.left), PAIR)
    rows["left"], rows["right"], rows["similarity"], rows["exact"] = pairs.left, pairs.right, pairs.similarity, exact
    return rows.tobytes()


def unpack_pairs(blocks: Iterable[bytes]) -> Any:
    """The rows of packed pairs, one block after the other."""
    return np.concatenate([np.empty(0, PAIR), *(np.frombuffer(block, PAIR) for block in blocks if block)])


class WriteClusters(beam.DoFn):
    """Connects all verified pairs into clusters."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Writes the clusters and yields how many documents they hold."""
        table = cluster_table(unpack_pairs(element[1]))
        write_table(join(self._work, CLUSTERS), table)
        write_bytes(join(self._work, SIZES), json.dumps(cluster_facts(table), sort_keys=True).encode())
        yield table.num_rows


def cluster_facts(clusters: pa.Table) -> dict[str, Any]:
    """How large the clusters are, from rows of `CLUSTER`.

    `sizes`: documents in a cluster -> clusters, both as text and numbers that JSON keeps; `largest`: of the `LARGEST`
    clusters by different texts, then documents, the component, both numbers, and keys of some members, all in hex.
    """
    if not clusters.num_rows:
        return {"sizes": {}, "largest": []}
    component = _keys_of(clusters["component"])
    sizes = {str(size): count for size, count in cluster_sizes(component).items()}
    names, codes = np.unique(component, return_inverse=True)
    documents = np.bincount(codes)
    # A text is in one cluster only, and the first document that has it bears its key.
    texts = np.bincount(codes[_keys_of(clusters["exact"]) == _keys_of(clusters["key"])], minlength=len(names))
    order = np.lexsort((np.arange(len(names)), -documents, -texts))[:LARGEST]
    keys = clusters["key"]
    largest = []
    for place in order.tolist():
        members = np.flatnonzero(codes == place)[:MEMBERS_NAMED]
        largest.append(
            {
                "component": clusters["component"][int(members[0])].as_py().hex(),
                "documents": int(documents[place]),
                "texts": int(texts[place]),
                "members": [keys[int(member)].as_py().hex() for member in members],
            }
        )
    return {"sizes": sizes, "largest": largest}


def _keys_of(column: pa.ChunkedArray) -> Any:
    return np.frombuffer(b"".join(column.to_pylist()), KEY)


def cluster_table(pairs: Any) -> pa.Table:
    """The rows of `CLUSTER` that verified pairs (dtype `PAIR`, in any order, repeats allowed) make."""
    clusters = connected_components(pairs["left"], pairs["right"])
    members = clusters.keys
    exact = pairs[pairs["exact"]]
    texts = connected_components(exact["left"], exact["right"])
    same_text = members.copy()
    same_text[np.searchsorted(members, texts.keys)] = texts.component
    similarity = np.zeros(len(members))
    for side in ("left", "right"):
        np.maximum.at(similarity, np.searchsorted(members, pairs[side]), pairs["similarity"])
    return pa.table(
        [as_binary(members), as_binary(clusters.component), as_binary(same_text), pa.array(similarity)], schema=CLUSTER
    )


def as_binary(keys: Any) -> pa.Array:
    """Keys as a fixed-width Arrow array (which keeps the trailing NUL bytes that numpy scalars lose)."""
    buffer = pa.py_buffer(np.ascontiguousarray(keys).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(keys), [None, buffer])
