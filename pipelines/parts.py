"""Part files: Parquet tables sorted by id, written whole or not at all, with the same bytes on every run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.files import atomic_write, join, open_read
from pipelines.records import WrittenFile, written

ROW_GROUP = 512
PART_TEXT_BYTES = 64 << 20
"""Text held in memory before a part is written; parts of one input follow each other."""


def write_table(url: str, table: pa.Table) -> None:
    """Write `table` as Parquet (zstd), atomically."""
    with atomic_write(url) as stream:
        pq.write_table(
            table, stream, compression="zstd", compression_level=3, row_group_size=ROW_GROUP, store_schema=True
        )


def sort_rows(table: pa.Table, *keys: str) -> pa.Table:
    """`table` in ascending order of the given columns."""
    return table.take(pc.sort_indices(table, sort_keys=[(key, "ascending") for key in keys]))


@contextlib.contextmanager
def open_parquet(url: str) -> Iterator[pq.ParquetFile]:
    """The Parquet file at `url`, for reading by row group."""
    with open_read(url) as stream, pq.ParquetFile(stream, pre_buffer=False) as file:
        yield file


def read_columns(url: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The named columns (all of them by default) of a Parquet file."""
    with open_parquet(url) as file:
        return file.read(columns=None if columns is None else list(columns))


def overlapping_row_groups(file: pq.ParquetFile, first: str, last: str) -> list[int]:
    """Row groups of a part sorted by `id` that may hold ids in [first, last], by their statistics."""
    leaf = next(index for index in range(file.metadata.num_columns) if file.schema.column(index).path == "id")
    groups = []
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(leaf).statistics
        if statistics is None or not (statistics.max < first or statistics.min > last):
            groups.append(group)
    return groups


class PartWriter:
    """Collects tables of one input and writes them as `folder/<stem>-00000.parquet`, ..., each sorted by id, key."""

    def __init__(self, work: str, folder: str, stem: str, schema: pa.Schema) -> None:
        self._work, self._folder, self._stem, self._schema = work, folder, stem, schema
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self.written: list[WrittenFile] = []

    def add(self, table: pa.Table) -> None:
        """Take more rows; a part is written when enough text has come together."""
        if table.num_rows == 0:
            return
        self._tables.append(table)
        self._bytes += table.nbytes
        if self._bytes >= PART_TEXT_BYTES:
            self._flush()

    def finish(self) -> list[WrittenFile]:
        """Write what is left; returns all files written."""
        if self._tables:
            self._flush()
        return self.written

    def _flush(self) -> None:
        path = f"{self._folder}/{self._stem}-{len(self.written):05d}.parquet"
        table = pa.concat_tables(self._tables).cast(self._schema)
        write_table(join(self._work, path), sort_rows(table, "id", "key"))
        self.written.append(written(self._work, path))
        self._tables, self._bytes = [], 0


def rows_in_range(url: str, first: str, last: str, columns: Sequence[str]) -> pa.Table:
    """The rows of a part with first <= id <= last; only row groups that may hold some are read.

    `columns` has `id` among its names.
    """
    with open_parquet(url) as file:
        schema = file.schema_arrow
        tables = [pa.schema([schema.field(name) for name in columns]).empty_table()]
        for group in overlapping_row_groups(file, first, last):
            table = file.read_row_group(group, columns=list(columns)).select(list(columns))
            ids = table["id"]
            tables.append(table.filter(pc.and_(pc.greater_equal(ids, first), pc.less_equal(ids, last))))
        return pa.concat_tables(tables)


def column_names(url: str) -> list[str]:
    """The names of the columns of a Parquet file."""
    with open_parquet(url) as file:
        return list(file.schema_arrow.names)
