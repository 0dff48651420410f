"""Stage `dedup` with `verify: jaccard`: candidate pairs to pairs by the true similarity of their texts.

Two small pipelines. `propose` ends with the candidates on disk, spread over partitions so that pairs which hang
together lie in one. `verify` reads the text of the documents among them again, and of no others, sends each document's
set of shingles (8 bytes a shingle) to its one partition, and compares the pairs there. So what is read again and
shuffled grows with the documents that have a candidate, not with the build; a partition holds the sets of some 20,000
documents (about 120 MB for pages), equal sets once, and one whole group of candidates at least.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation.dedup.components import connected_components
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import KEY, key_words
from curation.dedup.shingles import shingle_set
from curation.dedup.verify import jaccard_similarities, recall_counts
from manifests.files import exists, join
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.recipe import DedupConfig
from pipelines.runner import ReadTasks, explained
from pipelines.stages import dedup
from pipelines.stages.histograms import Histograms, WriteHistograms

WHOLE = f"{dedup.FOLDER}/whole.parquet"
PROPOSED = f"{dedup.FOLDER}/candidates.parquet"
PAIRS = f"{dedup.FOLDER}/candidates"
RECALL = f"{dedup.FOLDER}/recall.json"
DOCUMENTS_PER_PARTITION = 20_000

CANDIDATE = pa.schema([("key", pa.binary(16)), ("partition", pa.int32())])
"""One row per document of a candidate pair, sorted by key."""

PAIRED = pa.schema([("left", pa.binary(16)), ("right", pa.binary(16)), ("bands", pa.int32())])
"""One row per candidate pair of a partition, with how many bands proposed it."""


def pairs_path(partition: int) -> str:
    """The file of the candidate pairs of a partition."""
    return f"{PAIRS}/part-{partition:05d}.parquet"


def build_propose(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, partitions: int) -> None:
    """Writes the pairs that are sure as `WHOLE`, and the others as `PROPOSED` with files of pairs."""
    found = dedup.found_pairs(pipeline, tasks_url, work, config, partitions)
    _ = (
        found.pairs
        | "OneFile" >> beam.Map(lambda pairs: (0, pairs))
        | "Whole" >> beam.GroupByKey()
        | "WriteWhole" >> beam.ParDo(WriteWhole(work))
    )
    _ = (
        found[dedup.CANDIDATES]
        | "OneGraph" >> beam.Map(lambda pairs: (0, pairs))
        | "Candidates" >> beam.GroupByKey()
        | "WriteCandidates" >> beam.ParDo(WriteCandidates(work))
    )


def build_verify(pipeline: beam.Pipeline, tasks_url: str, work: str, minhash: MinHashConfig) -> None:
    """Compares the candidates and writes the clusters, and `RECALL`."""
    verified = (
        pipeline
        | ReadTasks(tasks_url)
        | "Shingles" >> beam.ParDo(ShinglesOfPart(work, minhash))
        | "Sets" >> beam.GroupByKey()
        | "Compare" >> beam.ParDo(ComparePairs(work, minhash.threshold)).with_outputs("recall", main="pairs")
    )
    whole = pipeline | "WholeFile" >> beam.Create([work]) | "ReadWhole" >> beam.Map(explained(read_whole))
    _ = (verified.pairs, whole) | "AllPairs" >> beam.Flatten() | dedup.WriteGraph(work)
    _ = verified.recall | "Recall" >> WriteHistograms(join(work, RECALL))


class WriteWhole(beam.DoFn):
    """Keeps the pairs of equal records and texts for the second pipeline."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Writes them and yields how many they are."""
        pairs = dedup.unpack_pairs(element[1])
        columns = {
            "left": dedup.as_binary(pairs["left"]),
            "right": dedup.as_binary(pairs["right"]),
            "exact": pa.array(pairs["exact"]),
        }
        write_table(join(self._work, WHOLE), pa.table(columns))
        yield len(pairs)


def read_whole(work: str) -> bytes:
    """The pairs that `WriteWhole` kept, packed; no bytes where there were none."""
    if not exists(join(work, WHOLE)):
        return b""
    table = read_columns(join(work, WHOLE))
    rows = np.empty(table.num_rows, dedup.PAIR)
    for name in ("left", "right"):
        rows[name] = np.frombuffer(b"".join(table[name].to_pylist()), KEY)
    rows["similarity"], rows["exact"] = 1.0, table["exact"].to_numpy()
    return rows.tobytes()


class WriteCandidates(beam.DoFn):
    """Spreads the candidate pairs over partitions by the groups that they make."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Writes `PROPOSED` and the pairs of each partition; yields the number of documents."""
        rows = dedup.unpack_pairs(element[1])
        left, right, bands = distinct_pairs(rows["left"], rows["right"])
        groups = connected_components(left, right)
        # Groups in the order of their keys, cut where so many documents have come together.
        _, numbers, sizes = np.unique(groups.component, return_inverse=True, return_counts=True)
        before = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        partition = (before // DOCUMENTS_PER_PARTITION)[numbers].astype(np.int32)
        write_table(
            join(self._work, PROPOSED),
            pa.table([dedup.as_binary(groups.keys), pa.array(partition)], schema=CANDIDATE),
        )
        of_pair = partition[np.searchsorted(groups.keys, left)]
        for index in np.unique(of_pair).tolist():
            here = of_pair == index
            columns = [
                dedup.as_binary(left[here]),
                dedup.as_binary(right[here]),
                pa.array(bands[here].astype(np.int32)),
            ]
            write_table(join(self._work, pairs_path(index)), pa.table(columns, schema=PAIRED))
        yield len(groups)


def distinct_pairs(left: Any, right: Any) -> tuple[Any, Any, Any]:
    """The different pairs in ascending order, and how often each was given."""
    words = [*reversed(key_words(right)), *reversed(key_words(left))]
    order = np.lexsort(words)
    first = np.zeros(len(order), bool)
    first[:1] = True
    for word in words:
        first[1:] |= word[order[1:]] != word[order[:-1]]
    starts = np.flatnonzero(first)
    counts = np.diff(np.concatenate((starts, [len(order)])))
    return left[order[starts]], right[order[starts]], counts


class ShinglesOfPart(beam.DoFn):
    """Reads the candidates among the documents of one part again, and emits their sets of shingles by partition."""

    def __init__(self, work: str, minhash: MinHashConfig) -> None:
        super().__init__()
        self._work, self._minhash = work, minhash

    @explained
    def setup(self) -> None:
        """Load the candidates' keys, once per worker (20 bytes each)."""
        table = read_columns(join(self._work, PROPOSED))
        self._keys = np.frombuffer(b"".join(table["key"].to_pylist()), KEY)
        self._partition = table["partition"].to_numpy()

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (partition, packed sets), for each row group."""
        if not len(self._keys):
            return
        with open_parquet(join(self._work, part["documents"])) as file:
            for group in range(file.metadata.num_row_groups):
                keys = np.frombuffer(b"".join(file.read_row_group(group, columns=["key"])["key"].to_pylist()), KEY)
                places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
                rows = np.flatnonzero(self._keys[places] == keys)
                if not len(rows):
                    continue
                texts = file.read_row_group(group, columns=["text"])["text"].take(pa.array(rows)).to_pylist()
                sets = [shingle_set(text, self._minhash.ngram, self._minhash.shingle) for text in texts]
                partition = self._partition[places[rows]]
                for index in np.unique(partition).tolist():
                    here = np.flatnonzero(partition == index)
                    yield index, pack_sets(keys[rows[here]], [sets[place] for place in here])


def pack_sets(keys: Any, sets: list[Any]) -> bytes:
    """Documents and their sets as bytes: how many, the keys, the sizes, and all values."""
    sizes = np.array([len(one) for one in sets], "<u8")
    values = np.concatenate([np.empty(0, np.uint64), *sets]).astype("<u8")
    return b"".join([len(sets).to_bytes(4, "little"), keys.tobytes(), sizes.tobytes(), values.tobytes()])


def unpack_sets(block: bytes) -> tuple[Any, list[Any]]:
    """What `pack_sets` packed."""
    count = int.from_bytes(block[:4], "little")
    if not count:
        return np.empty(0, KEY), []
    keys = np.frombuffer(block, KEY, count, 4)
    sizes = np.frombuffer(block, "<u8", count, 4 + 16 * count)
    ends = np.cumsum(sizes).astype(np.int64)
    values = np.frombuffer(block, "<u8", offset=4 + 24 * count)
    return keys, [values[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]


class ComparePairs(beam.DoFn):
    """Compares the candidate pairs of one partition by the sets that came."""

    def __init__(self, work: str, threshold: float) -> None:
        super().__init__()
        self._work, self._threshold = work, threshold

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Yields the packed pairs that are similar enough, and what recall is worked out from on the side."""
        partition, blocks = element
        keys, places, sets = distinct_sets(blocks)
        table = read_columns(join(self._work, pairs_path(partition)))
        sides = [np.frombuffer(b"".join(table[name].to_pylist()), KEY) for name in ("left", "right")]
        left, right = (places[np.searchsorted(keys, side)] for side in sides)
        similarity = jaccard_similarities(sets, left, right)
        yield beam.pvalue.TaggedOutput("recall", recall_histograms(similarity, table["bands"].to_numpy()))
        enough = similarity >= self._threshold - 1e-9
        rows = np.empty(int(enough.sum()), dedup.PAIR)
        rows["left"], rows["right"] = sides[0][enough], sides[1][enough]
        rows["similarity"], rows["exact"] = similarity[enough], False
        if len(rows):
            yield rows.tobytes()


def distinct_sets(blocks: Iterable[bytes]) -> tuple[Any, Any, list[Any]]:
    """Keys in ascending order, the place of each one's set, and the different sets: 200,000 copies cost one."""
    numbers: dict[bytes, int] = {}
    sets: list[Any] = []
    found: list[Any] = []
    place_of: list[int] = []
    for block in blocks:
        keys, here = unpack_sets(block)
        found.append(keys)
        for one in here:
            digest = hashlib.blake2b(one.tobytes(), digest_size=16).digest()
            place = numbers.setdefault(digest, len(sets))
            if place == len(sets):
                sets.append(one.copy())  # a view would keep the whole block
            place_of.append(place)
    keys = np.concatenate([np.empty(0, KEY), *found])
    order = np.argsort(keys, kind="stable")
    return keys[order], np.array(place_of, np.int64)[order], sets


def recall_histograms(similarity: Any, bands: Any) -> Histograms:
    """`recall_counts` under the names that the report reads."""
    return dict(recall_counts(similarity, bands.astype(np.int64)))
