"""Pairs of documents as packed arrays: how they are shuffled, and the files that hold each pair once.

A pair lies in the file of its right key's partition: whatever a runner sent how often and in what order, the same
pairs make the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.dedup.buckets import Pairs
from curation.dedup.keys import KEY, key_words
from curation.dedup.stars import partition_of, split
from manifests.files import join, read_bytes, write_bytes
from pipelines.records import files_below
from pipelines.runner import explained

PAIR = np.dtype([("left", KEY), ("right", KEY), ("similarity", "<f4"), ("exact", "?")])
CANDIDATE_PAIR = np.dtype([("left", KEY), ("right", KEY), ("bands", "<i4")])
"""A pair that is still to be compared, and how many bands proposed it."""


def pack_pairs(pairs: Pairs, *, exact: bool) -> bytes:
    """Pairs as bytes."""
    rows = np.empty(len(pairs.left), PAIR)
    rows["left"], rows["right"], rows["similarity"], rows["exact"] = pairs.left, pairs.right, pairs.similarity, exact
    return rows.tobytes()


def unpack_pairs(blocks: Iterable[bytes]) -> Any:
    """The rows of packed pairs, one block after the other."""
    return np.concatenate([np.empty(0, PAIR), *(np.frombuffer(block, PAIR) for block in blocks if block)])


def as_binary(keys: Any) -> pa.Array:
    """Keys as a fixed-width Arrow array (which keeps the trailing NUL bytes that numpy scalars lose)."""
    buffer = pa.py_buffer(np.ascontiguousarray(keys).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(keys), [None, buffer])


def joined_pairs(rows: Any) -> Any:
    """Each pair (`PAIR`) once, in ascending order: the highest similarity it was given, exact where it ever was."""
    order, starts, _ = pair_runs(rows["left"], rows["right"])
    found = rows[order[starts]]
    if len(rows):
        found["similarity"] = np.maximum.reduceat(rows["similarity"][order], starts)
        found["exact"] = np.logical_or.reduceat(rows["exact"][order], starts)
    return found


def counted_pairs(rows: Any) -> Any:
    """Each pair (`PAIR`) once, in ascending order, and how often it was given (`CANDIDATE_PAIR`)."""
    order, starts, counts = pair_runs(rows["left"], rows["right"])
    found = np.empty(len(starts), CANDIDATE_PAIR)
    found["left"], found["right"] = rows["left"][order[starts]], rows["right"][order[starts]]
    found["bands"] = counts
    return found


def pair_runs(left: Any, right: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The ascending order of pairs, where each different pair starts in it, and how often each is there."""
    words = [*reversed(key_words(right)), *reversed(key_words(left))]
    order = np.lexsort(words)
    first = np.zeros(len(order), bool)
    first[:1] = True
    for word in words:
        first[1:] |= word[order[1:]] != word[order[:-1]]
    starts = np.flatnonzero(first)
    return order, starts, np.diff(np.concatenate((starts, [len(order)])))


class WritePairs(beam.PTransform):
    """Packed pairs in; out come a file for each partition, and from each how many different pairs it holds."""

    def __init__(self, work: str, folder: str, partitions: int, once: Callable[[Any], Any] = joined_pairs) -> None:
        super().__init__()
        self._work, self._folder, self._partitions, self._once = work, folder, partitions, once

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        """The counts."""
        return (
            pairs
            | "Spread" >> beam.FlatMap(spread_pairs, self._partitions)
            | "Pairs" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(WritePairFile(self._work, self._folder, self._once))
        )


def spread_pairs(block: bytes, partitions: int) -> Iterator[tuple[int, bytes]]:
    """(partition of the right key, packed pairs)."""
    rows = unpack_pairs([block])
    for partition, here in split(rows, partition_of(rows["right"], partitions)):
        yield partition, here.tobytes()


class WritePairFile(beam.DoFn):
    """Writes the pairs of one partition, each once."""

    def __init__(self, work: str, folder: str, once: Callable[[Any], Any]) -> None:
        super().__init__()
        self._work, self._folder, self._once = work, folder, once

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields how many they are."""
        partition, blocks = element
        rows = self._once(unpack_pairs(blocks))
        write_array(self._work, array_path(self._folder, partition), rows)
        yield len(rows)


def array_path(folder: str, partition: int) -> str:
    """The file of a partition's array."""
    return f"{folder}/part-{partition:05d}.bin"


def array_files(work: str, folder: str) -> list[str]:
    """The files of all partitions' arrays in a folder of the work folder; none where there is no such folder."""
    return [f"{folder}/{name}" for name in files_below(join(work, folder)) if name.endswith(".bin")]


def write_array(work: str, path: str, rows: Any) -> None:
    """Write rows as they lie in memory."""
    write_bytes(join(work, path), rows.tobytes())


def read_array(work: str, path: str, kind: Any) -> Any:
    """The rows that `write_array` wrote; none where there is no file."""
    try:
        return np.frombuffer(read_bytes(join(work, path)), kind)
    except FileNotFoundError:
        return np.empty(0, kind)


def read_arrays(work: str, folder: str, kind: Any) -> Any:
    """The rows of all partitions, one after the other."""
    return np.concatenate([np.empty(0, kind), *(read_array(work, path, kind) for path in array_files(work, folder))])
