"""Stage `dedup` with `verify: jaccard`: candidate pairs to pairs by the true similarity of their texts.

`propose` ends with the candidates on disk, spread over partitions so that pairs which hang together lie in one: by
union-find on one worker where the candidates fit it, else by the rounds of `pipelines.stages.stars`. `verify` reads the
text of the documents among them again, and of no others, sends each document's set of shingles (8 bytes a shingle) to
its one partition, and compares the pairs there. So what is read again and shuffled grows with the documents that have a
candidate, not with the build; a partition holds the sets of some 20,000 documents (about 120 MB for pages), equal sets
once, and one whole group of candidates at least.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation.dedup.components import connected_components
from curation.dedup.keys import KEY
from curation.dedup.license_header import looked_at
from curation.dedup.near_rules import NearRules
from curation.dedup.shingles import shingle_set
from curation.dedup.stars import EDGE, find, partition_of, range_of, split
from curation.dedup.verify import jaccard_similarities, recall_counts
from manifests.files import exists, join
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.recipe import DedupConfig
from pipelines.runner import ReadTasks, explained
from pipelines.stages import dedup
from pipelines.stages.clusters import (
    PLACE,
    PLACES,
    ROWS,
    Plan,
    WriteGraph,
    at_places,
    beside_places,
    keys_of,
    part_path,
    unpack_kinds,
)
from pipelines.stages.histograms import Histograms, WriteHistograms, load_histograms
from pipelines.stages.pairs import CANDIDATE_PAIR, PAIR, WritePairs, as_binary, counted_pairs, read_array, read_arrays

SURE = f"{dedup.FOLDER}/sure"
PROPOSED = f"{dedup.FOLDER}/proposed"
PAIRS = f"{dedup.FOLDER}/candidates"
WANTED = f"{dedup.FOLDER}/wanted"
RECALL = f"{dedup.FOLDER}/recall.json"
DOCUMENTS_PER_PARTITION = 20_000

CANDIDATE = np.dtype([("key", KEY), ("partition", "<i4")])
"""A document of a candidate pair, and the partition where its pairs are compared."""

WANTED_ROW = pa.schema([("key", pa.binary(16)), ("partition", pa.int32())])
"""One row per document of a part that has a candidate, sorted by key."""

COMPARED = np.dtype([("key", KEY), ("rule", "<i4"), ("set", "<i8")])
"""A document whose set of shingles came: the number of its rule, and the place of its set among the different ones."""

PAIRED = pa.schema([("left", pa.binary(16)), ("right", pa.binary(16)), ("bands", pa.int32())])
"""One row per candidate pair of a partition, with how many bands proposed it."""


def pairs_path(partition: int) -> str:
    """The file of the candidate pairs of a partition."""
    return part_path(PAIRS, partition)


def build_propose(pipeline: beam.Pipeline, tasks_url: str, work: str, config: DedupConfig, plan: Plan) -> None:
    """Writes the pairs that are sure to `SURE` and the others to `PROPOSED`; groups these where they are few enough."""
    found = dedup.found_pairs(pipeline, tasks_url, work, config, plan.partitions)
    _ = found.pairs | "Sure" >> WritePairs(work, SURE, plan.partitions)
    counts = found.candidates | "Proposed" >> WritePairs(work, PROPOSED, plan.partitions, counted_pairs)
    rows = (
        counts
        | "OneGraph" >> beam.Map(lambda count: (0, count))
        | "Count" >> beam.GroupByKey()
        | "Group" >> beam.ParDo(GroupFew(work, plan))
    )
    _ = rows | "Candidates" >> WriteWanted(work, tasks_url, plan.ranges)


class GroupFew(beam.DoFn):
    """Spreads the candidate pairs over partitions by the groups that they make, where they are few enough."""

    def __init__(self, work: str, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    @explained
    def process(self, element: tuple[int, Iterable[int]]) -> Iterator[tuple[int, bytes]]:
        """Writes the pairs of each partition; yields (range, rows of `CANDIDATE`), or nothing for too many pairs."""
        if sum(element[1]) > self._plan.edges_in_memory:
            return
        pairs = read_arrays(self._work, PROPOSED, CANDIDATE_PAIR)
        groups = connected_components(pairs["left"], pairs["right"])
        # Groups in the order of their keys, cut where so many documents have come together.
        _, numbers, sizes = np.unique(groups.component, return_inverse=True, return_counts=True)
        before = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        rows = np.empty(len(groups), CANDIDATE)
        rows["key"], rows["partition"] = groups.keys, (before // DOCUMENTS_PER_PARTITION)[numbers]
        of_pair = rows["partition"][find(groups.keys, pairs["left"])]
        for partition, here in split(pairs, of_pair.astype(np.int64)):
            write_table(join(self._work, pairs_path(partition)), paired_table(here))
        for place, here in split(rows, range_of(rows["key"], self._plan.ranges)):
            yield place, ROWS + here.tobytes()


def build_groups(pipeline: beam.Pipeline, orders: str, tasks_url: str, work: str, plan: Plan, partitions: int) -> None:
    """Spreads candidate pairs by their contracted groups; an order is a file of pairs and that of its nodes' stars."""
    grouped = (
        pipeline
        | "Orders" >> ReadTasks(orders)
        | "Group" >> beam.ParDo(GroupFile(work, plan.ranges, partitions)).with_outputs("pairs", main="rows")
    )
    _ = grouped["pairs"] | "ByGroup" >> beam.GroupByKey() | "Pairs" >> beam.ParDo(WriteCandidates(work))
    _ = grouped.rows | "Candidates" >> WriteWanted(work, tasks_url, plan.ranges)


def group_partitions(documents: int) -> int:
    """Partitions that contracted groups are spread over by their hash."""
    return max(1, -(-documents // DOCUMENTS_PER_PARTITION))


class GroupFile(beam.DoFn):
    """Sends the candidate pairs of one file, and their documents, to the partitions of their groups.

    A pair lies with its right key's edges, so the star of that key is in the file of the same partition.
    """

    def __init__(self, work: str, ranges: int, partitions: int) -> None:
        super().__init__()
        self._work, self._ranges, self._partitions = work, ranges, partitions

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[Any]:
        """Yields (range, rows of `CANDIDATE`), and on the side (partition, packed pairs)."""
        pairs = read_array(self._work, order["pairs"], CANDIDATE_PAIR)
        edges = read_array(self._work, order["edges"], EDGE)
        places = find(edges["node"], pairs["right"])
        roots = edges["lower"][places]  # a right key is the larger one, so it is never a root
        of_pair = partition_of(roots, self._partitions)
        for partition, here in split(pairs, of_pair):
            yield beam.pvalue.TaggedOutput("pairs", (partition, here.tobytes()))
        keys = np.concatenate((pairs["left"], pairs["right"]))
        chosen, first = np.unique(keys, return_index=True)
        rows = np.empty(len(chosen), CANDIDATE)
        rows["key"], rows["partition"] = chosen, np.concatenate((of_pair, of_pair))[first]
        for place, here in split(rows, range_of(rows["key"], self._ranges)):
            yield place, ROWS + here.tobytes()


class WriteCandidates(beam.DoFn):
    """Writes the candidate pairs of a partition."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields how many they are."""
        partition, blocks = element
        pairs = np.concatenate([np.frombuffer(block, CANDIDATE_PAIR) for block in blocks])
        pairs = pairs[np.argsort(pairs[["left", "right"]], kind="stable")]
        write_table(join(self._work, pairs_path(partition)), paired_table(pairs))
        yield len(pairs)


def paired_table(pairs: Any) -> pa.Table:
    """Rows of `CANDIDATE_PAIR` as a table of `PAIRED`."""
    columns = [as_binary(pairs["left"]), as_binary(pairs["right"]), pa.array(pairs["bands"])]
    return pa.table(columns, schema=PAIRED)


class WriteWanted(beam.PTransform):
    """(range, packed candidates) in; for each part of documents, a file of those among its documents out."""

    def __init__(self, work: str, tasks_url: str, ranges: int) -> None:
        super().__init__()
        self._work, self._tasks_url, self._ranges = work, tasks_url, ranges

    def expand(self, rows: beam.PCollection) -> beam.PCollection:
        """How many candidates each part has."""
        return (
            beside_places(rows, self._work, self._tasks_url, self._ranges)
            | "Join" >> beam.FlatMap(explained(wanted_of_parts))
            | "Parts" >> beam.GroupByKey()
            | "Wanted" >> beam.Map(explained(write_wanted), self._work)
        )


def wanted_of_parts(element: tuple[int, Iterable[bytes]]) -> Iterator[tuple[int, bytes]]:
    """(part, packed candidates among its documents) of one range of keys."""
    found = unpack_kinds(element[1], {ROWS: CANDIDATE, PLACES: PLACE})
    rows = found[ROWS]
    chosen, first = np.unique(rows["key"], return_index=True)
    for part, here in at_places(rows[first], found[PLACES]) if len(chosen) else ():
        yield part, here.tobytes()


def write_wanted(element: tuple[int, Iterable[bytes]], work: str) -> int:
    """Write the candidates among the documents of a part; returns how many they are."""
    part, blocks = element
    rows = np.concatenate([np.frombuffer(block, CANDIDATE) for block in blocks])
    rows = rows[np.argsort(rows["key"], kind="stable")]
    table = pa.table([as_binary(rows["key"]), pa.array(rows["partition"])], schema=WANTED_ROW)
    write_table(join(work, part_path(WANTED, part)), table)
    return len(rows)


def build_verify(
    pipeline: beam.Pipeline, tasks_url: str, sure_url: str, work: str, rules: NearRules, plan: Plan
) -> None:
    """Compares the candidates and writes all pairs, the clusters where they are few enough, and `RECALL`.

    `sure_url` lists the files of `SURE`.
    """
    verified = (
        pipeline
        | ReadTasks(tasks_url)
        | "Shingles" >> beam.ParDo(ShinglesOfPart(work, rules))
        | "Sets" >> beam.GroupByKey()
        | "Compare" >> beam.ParDo(ComparePairs(work, rules)).with_outputs("recall", main="pairs")
    )
    sure = pipeline | "SureFiles" >> ReadTasks(sure_url) | "ReadSure" >> beam.Map(explained(read_sure), work)
    counts = (verified.pairs, sure) | "AllPairs" >> beam.Flatten() | WritePairs(work, dedup.PAIRS, plan.partitions)
    _ = counts | "Graph" >> WriteGraph(work, tasks_url, dedup.PAIRS, plan)
    _ = verified.recall | "Recall" >> WriteHistograms(join(work, RECALL))


def read_sure(order: dict[str, str], work: str) -> bytes:
    """The packed pairs of one file of `SURE`."""
    packed: bytes = read_array(work, order["pairs"], PAIR).tobytes()
    return packed


class ShinglesOfPart(beam.DoFn):
    """Reads the candidates among the documents of one part again, and emits their sets of shingles by partition."""

    def __init__(self, work: str, rules: NearRules) -> None:
        super().__init__()
        self._work, self._rules = work, rules

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (partition, packed sets), for each row group."""
        url = join(self._work, part_path(WANTED, part["part"]))
        number, minhash = self._rules.number(part["source"]), self._rules.rule(part["source"])
        if minhash is None or not exists(url):
            return
        wanted = read_columns(url)
        wanted_keys, partitions = keys_of(wanted["key"]), wanted["partition"].to_numpy()
        with open_parquet(join(self._work, part["documents"])) as file:
            for group in range(file.metadata.num_row_groups):
                keys = np.frombuffer(b"".join(file.read_row_group(group, columns=["key"])["key"].to_pylist()), KEY)
                places = find(wanted_keys, keys)
                rows = np.flatnonzero(places >= 0)
                if not len(rows):
                    continue
                texts = file.read_row_group(group, columns=["text"])["text"].take(pa.array(rows)).to_pylist()
                sets = [shingle_set(text, minhash.ngram, minhash.shingle) for text in looked_at(texts, minhash)]
                partition = partitions[places[rows]]
                for index in np.unique(partition).tolist():
                    here = np.flatnonzero(partition == index)
                    yield index, pack_sets(number, keys[rows[here]], [sets[place] for place in here])


def pack_sets(rule: int, keys: Any, sets: list[Any]) -> bytes:
    """Documents of one rule and their sets as bytes: its number, how many, the keys, the sizes, and all values."""
    sizes = np.array([len(one) for one in sets], "<u8")
    values = np.concatenate([np.empty(0, np.uint64), *sets]).astype("<u8")
    head = rule.to_bytes(4, "little") + len(sets).to_bytes(4, "little")
    return b"".join([head, keys.tobytes(), sizes.tobytes(), values.tobytes()])


def unpack_sets(block: bytes) -> tuple[int, Any, list[Any]]:
    """What `pack_sets` packed."""
    rule, count = int.from_bytes(block[:4], "little"), int.from_bytes(block[4:8], "little")
    if not count:
        return rule, np.empty(0, KEY), []
    keys = np.frombuffer(block, KEY, count, 8)
    sizes = np.frombuffer(block, "<u8", count, 8 + 16 * count)
    ends = np.cumsum(sizes).astype(np.int64)
    values = np.frombuffer(block, "<u8", offset=8 + 24 * count)
    return rule, keys, [values[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]


class ComparePairs(beam.DoFn):
    """Compares the candidate pairs of one partition by the sets that came."""

    def __init__(self, work: str, rules: NearRules) -> None:
        super().__init__()
        self._work, self._rules = work, rules

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        """Yields the packed pairs that are similar enough, and what recall is worked out from on the side."""
        partition, blocks = element
        candidates, sets = distinct_sets(blocks)
        table = read_columns(join(self._work, pairs_path(partition)))
        sides = [np.frombuffer(b"".join(table[name].to_pylist()), KEY) for name in ("left", "right")]
        left, right = (candidates[np.searchsorted(candidates["key"], side)] for side in sides)
        similarity = jaccard_similarities(sets, left["set"], right["set"])
        rules, bands = left["rule"], table["bands"].to_numpy()  # two documents that share a bucket have one rule
        for rule in np.unique(rules).tolist():
            mine = rules == rule
            yield beam.pvalue.TaggedOutput("recall", recall_histograms(rule, similarity[mine], bands[mine]))
        thresholds = np.array([rule.threshold for rule in self._rules.rules])
        enough = similarity >= thresholds[rules] - 1e-9
        rows = np.empty(int(enough.sum()), PAIR)
        rows["left"], rows["right"] = sides[0][enough], sides[1][enough]
        rows["similarity"], rows["exact"] = similarity[enough], False
        if len(rows):
            yield rows.tobytes()


def distinct_sets(blocks: Iterable[bytes]) -> tuple[Any, list[Any]]:
    """Rows of `COMPARED` in the order of their keys, and the different sets: 200,000 copies cost one."""
    numbers: dict[bytes, int] = {}
    sets: list[Any] = []
    found: list[Any] = [np.empty(0, COMPARED)]
    for block in blocks:
        rule, keys, here = unpack_sets(block)
        rows = np.empty(len(keys), COMPARED)
        rows["key"], rows["rule"] = keys, rule
        for row, one in enumerate(here):
            digest = hashlib.blake2b(one.tobytes(), digest_size=16).digest()
            place = numbers.setdefault(digest, len(sets))
            if place == len(sets):
                sets.append(one.copy())  # a view would keep the whole block
            rows["set"][row] = place
        found.append(rows)
    candidates = np.concatenate(found)
    return candidates[np.argsort(candidates["key"], kind="stable")], sets


def recall_histograms(rule: int, similarity: Any, bands: Any) -> Histograms:
    """`recall_counts` of the pairs of one rule, by its number and their names."""
    counts = recall_counts(similarity, bands.astype(np.int64))
    return {f"{rule} {name}": values for name, values in counts.items()}


def load_recall(work: str) -> dict[int, Histograms]:
    """`recall_counts` of each rule of a build, by its number; none where no candidates were compared by their texts."""
    found: dict[int, Histograms] = {}
    for name, values in load_histograms(join(work, RECALL)).items() if exists(join(work, RECALL)) else ():
        rule, _, column = name.partition(" ")
        found.setdefault(int(rule), {})[column] = values
    return found
