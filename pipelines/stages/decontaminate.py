"""Stage `decontaminate`: which documents hold evaluation items, as one table of hits beside each part.

The driver reads the items and writes their index; a worker loads it once and reads the texts of its parts. Thresholds
and the action are applied by `select`, so that only other items or other n-grams read the texts again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa

from curation.decontamination import index as item_index
from curation.decontamination.config import HUB, DecontaminateSection
from curation.decontamination.decide import HIT, hits_table, with_hits
from curation.decontamination.items import ItemFile, item_files, items_of, read_ignored, read_items
from manifests.files import digest_file, join, read_bytes, write_bytes
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.records import stage_key
from pipelines.runner import ReadTasks, explained

VERSION = 1
FOLDER = "decontaminate"
INDEX = f"{FOLDER}/index.npz"
COLUMNS = ["key", "id", "source", "uri", "text"]


def key(config: DecontaminateSection, files: Sequence[ItemFile], digests: Sequence[str]) -> str:
    """The stage's key: the items by content, how they are read and prepared, and the digests of the documents."""
    read = {name: one.model_dump(mode="json", exclude={"paths"}) for name, one in sorted(config.benchmarks.items())}
    settings = {
        "scanning": config.scanning(),
        "read": read,
        "files": [[file.benchmark, os.path.basename(file.path), file.sha256 or file.path] for file in files],
        "ignore": sorted(digest_file(path)[0] for path in config.ignore),
        "index": item_index.VERSION,
    }
    return stage_key(FOLDER, VERSION, settings, digests)


def check(config: DecontaminateSection) -> list[ItemFile]:
    """The files of the item sets, with their digests; told before any work.

    Raises:
        UsageError: a path is not there, holds no data file or one that cannot be read, an item has none of the fields
            that are known, or an ignored text cannot be read.
    """
    read_ignored(config.ignore)
    files = item_files(config.benchmarks)
    for file in files:
        if not file.path.startswith(HUB):  # what needs the network is read when its turn comes
            for _ in items_of(file, config.benchmarks[file.benchmark]):
                pass
    return files


def prepare(work: str, config: DecontaminateSection) -> dict[str, Any]:
    """Write the index of the items; returns what was read of each benchmark, and what is not looked for.

    Raises:
        UsageError: a file cannot be read, or of a benchmark nothing can be looked for.
    """
    index = item_index.build_index(read_items(config.benchmarks), config, read_ignored(config.ignore))
    write_bytes(join(work, INDEX), item_index.to_bytes(index))
    return index.facts


def hits_path(documents: str) -> str:
    """Where the hits of a part of documents are written."""
    return f"{FOLDER}/hits/{'-'.join(documents.split('/')[-2:])}"


def build(pipeline: beam.Pipeline, tasks_url: str, work: str) -> None:
    """The stage's job graph."""
    _ = pipeline | ReadTasks(tasks_url) | "Find items" >> beam.ParDo(FindItems(work))


class FindItems(beam.DoFn):
    """Writes the hits of one part of documents; one row group of text is in memory at a time."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def setup(self) -> None:
        """Load the index, once per worker."""
        self._index = item_index.from_bytes(read_bytes(join(self._work, INDEX)))

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[str]:
        """Yields the path of the part's hits."""
        tables = [HIT.empty_table()]
        with open_parquet(join(self._work, part["documents"])) as file:
            for group in range(file.metadata.num_row_groups):
                tables.append(hits_table(self._index, file.read_row_group(group, columns=COLUMNS)))
        path = hits_path(part["documents"])
        write_table(join(self._work, path), pa.concat_tables(tables))
        yield path


def with_contamination(work: str, hits: str | None, documents: pa.Table) -> pa.Table:
    """`documents`, rows of one part, with the hits of each when the build looked for items; `hits` is their file."""
    return with_hits(documents, read_columns(join(work, hits))) if hits else documents
