"""Connected components where the edges do not fit one worker's memory: rounds of `curation.dedup.stars` in Beam.

The edges lie in files, one for each partition; what is shuffled in a round is the keys that partitions ask each other
about, the answers, and the new edges, packed into arrays. A partition is one Beam element, and a worker holds one at a
time. A round writes new files beside the old ones, and how many of them differ; when none does, it was the last.

Several graphs over the same keys are contracted in one go: `ALL` pairs, and those of `EXACT` copies alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np

from curation.dedup.keys import KEY
from curation.dedup.stars import EDGE, answered, asked, contract, distinct, downward, lowest, partition_of, split
from manifests.errors import JobError
from manifests.files import join, read_bytes, size_of, write_bytes
from pipelines.records import remove_tree
from pipelines.runner import ReadTasks, explained, write_json_lines
from pipelines.stages.pairs import array_files, array_path, read_array, write_array

ALL, EXACT = 0, 1

Place = tuple[int, int]  # graph, partition
Run = Callable[[Callable[[beam.Pipeline], None]], None]


def most_rounds(edges: int) -> int:
    """Rounds after which something must be wrong: the square of log2, which is what is proven up to a factor.

    A chain of n documents, the worst there is, takes log2(n) of them, and one that finds nothing to change.
    """
    return (max(2, edges).bit_length() + 2) ** 2


def contract_files(run: Run, work: str, root: str, pairs: str, kind: np.dtype[Any], partitions: int) -> str:
    """Contract the pairs of a folder's files to stars; returns the folder of the stars' files.

    Args:
        run: runs one pipeline to its end.
        work: the work folder.
        root: folder for the edges of the rounds.
        pairs: folder of the pairs' files.
        kind: dtype of the pairs, with `left` and `right`, and `exact` where they have that.
        partitions: files to spread the edges of each graph over.

    Raises:
        JobError: the rounds do not end.
    """
    remove_tree(join(work, root))
    files = array_files(work, pairs)
    orders = join(work, f"{root}/orders.jsonl")
    write_json_lines(orders, [{"pairs": path} for path in files])
    state = f"{root}/round-0000"
    run(lambda pipeline: build_edges(pipeline, orders, work, state, kind, partitions))
    size = sum(size_of(join(work, path)) or 0 for path in array_files(work, state))
    most = most_rounds(size // EDGE.itemsize)
    for number in range(1, most + 1):
        before, state = state, f"{root}/round-{number:04d}"
        write_json_lines(orders, edge_orders(work, before))
        run(functools.partial(build_round, orders=orders, work=work, old=before, new=state, partitions=partitions))
        if not json.loads(read_bytes(join(work, f"{state}/changed.json"))):
            return state
        remove_tree(join(work, before))
    raise JobError(f"dedup: components were not found in {most} rounds, which cannot be; please report it")


def edge_orders(work: str, state: str) -> list[dict[str, Any]]:
    """One order for each file of edges of a round: its path, graph and partition."""
    orders = []
    for path in array_files(work, state):
        graph, name = path.split("/")[-2:]
        orders.append({"edges": path, "graph": int(graph), "partition": int(name[5:-4])})
    return orders


def edges_path(state: str, place: Place) -> str:
    """The file of one partition's edges in a round."""
    return array_path(f"{state}/{place[0]}", place[1])


def build_edges(
    pipeline: beam.Pipeline, orders: str, work: str, state: str, kind: np.dtype[Any], partitions: int
) -> None:
    """Writes the edges of the pairs."""
    _ = (
        pipeline
        | ReadTasks(orders)
        | "Edges" >> beam.ParDo(EdgesOfPairs(work, kind, partitions))
        | "ByNode" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(WriteEdges(work, None, state))
    )


def build_round(pipeline: beam.Pipeline, orders: str, work: str, old: str, new: str, partitions: int) -> None:
    """One large star and one small star of all edges; writes them, and how many partitions changed."""
    asking = pipeline | ReadTasks(orders) | "Ask" >> beam.ParDo(Ask(work, partitions)).with_outputs("self", main="keys")
    answers = asking["keys"] | "Asked" >> beam.GroupByKey() | "Answer" >> beam.ParDo(Answer(work, old))
    _ = (
        (answers, asking["self"])
        | beam.Flatten()
        | "Answered" >> beam.GroupByKey()
        | "Contract" >> beam.ParDo(Contract(work, old, partitions))
        | "ByNode" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(WriteEdges(work, old, new))
        | "Changed" >> beam.CombineGlobally(sum)
        | "Count" >> beam.Map(explained(write_count), join(work, f"{new}/changed.json"))
    )


def write_count(count: int, url: str) -> None:
    """Write a number as JSON."""
    write_bytes(url, json.dumps(count).encode())


class EdgesOfPairs(beam.DoFn):
    """Reads a file of pairs as the edges of its graphs."""

    def __init__(self, work: str, kind: np.dtype[Any], partitions: int) -> None:
        super().__init__()
        self._work, self._kind, self._partitions = work, kind, partitions

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[tuple[Place, bytes]]:
        """Yields ((graph, partition), packed edges)."""
        rows = read_array(self._work, order["pairs"], self._kind)
        graphs = {ALL: rows}
        if "exact" in (self._kind.names or ()):
            graphs[EXACT] = rows[rows["exact"]]
        for graph, pairs in graphs.items():
            edges = downward(pairs["left"], pairs["right"])
            for partition, here in split(edges, partition_of(edges["node"], self._partitions)):
                yield (graph, partition), here.tobytes()


class Ask(beam.DoFn):
    """Lists the documents of which a partition of edges needs to know the smallest neighbour."""

    def __init__(self, work: str, partitions: int) -> None:
        super().__init__()
        self._work, self._partitions = work, partitions

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[Any]:
        """Yields (where they are known, (asking partition, their keys)); on the side, the partition itself."""
        graph, partition = order["graph"], order["partition"]
        keys = asked(read_array(self._work, order["edges"], EDGE))
        for there, here in split(keys, partition_of(keys, self._partitions)):
            yield (graph, there), (partition, here.tobytes())
        yield beam.pvalue.TaggedOutput("self", ((graph, partition), b""))


class Answer(beam.DoFn):
    """Answers what partitions ask about the documents of this one."""

    def __init__(self, work: str, state: str) -> None:
        super().__init__()
        self._work, self._state = work, state

    @explained
    def process(self, element: tuple[Place, Iterable[tuple[int, bytes]]]) -> Iterator[tuple[Place, bytes]]:
        """Yields ((graph, asking partition), edges to the smallest neighbours)."""
        place, questions = element
        lows = lowest(read_array(self._work, edges_path(self._state, place), EDGE))
        for partition, keys in questions:
            found = answered(np.frombuffer(keys, KEY), lows)
            if len(found):
                yield (place[0], partition), found.tobytes()


class Contract(beam.DoFn):
    """Contracts the edges of a partition."""

    def __init__(self, work: str, state: str, partitions: int) -> None:
        super().__init__()
        self._work, self._state, self._partitions = work, state, partitions

    @explained
    def process(self, element: tuple[Place, Iterable[bytes]]) -> Iterator[tuple[Place, bytes]]:
        """Yields ((graph, partition), packed edges)."""
        place, answers = element
        edges = contract(read_array(self._work, edges_path(self._state, place), EDGE), unpack_edges(answers))
        for partition, here in split(edges, partition_of(edges["node"], self._partitions)):
            yield (place[0], partition), here.tobytes()


class WriteEdges(beam.DoFn):
    """Writes the edges of a partition, each once, and says whether they changed."""

    def __init__(self, work: str, old: str | None, new: str) -> None:
        super().__init__()
        self._work, self._old, self._new = work, old, new

    @explained
    def process(self, element: tuple[Place, Iterable[bytes]]) -> Iterator[int]:
        """Yields 1 where they differ from those of the round before, else 0."""
        place, blocks = element
        edges = distinct(unpack_edges(blocks))
        write_array(self._work, edges_path(self._new, place), edges)
        before = read_array(self._work, edges_path(self._old, place), EDGE) if self._old else edges[:0]
        yield int(not np.array_equal(before, edges))


def unpack_edges(blocks: Iterable[bytes]) -> Any:
    """The edges of packed blocks, one after the other."""
    return np.concatenate([np.empty(0, EDGE), *(np.frombuffer(block, EDGE) for block in blocks)])
