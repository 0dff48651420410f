"""Lists of URLs with votes, such as the karma that WebText's links had on Reddit."""

from __future__ import annotations

import contextlib
import gzip
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.links import MAX_URL, Hashes, link_hash, normalise
from manifests.errors import UsageError
from manifests.files import open_read

VOTE_COLUMNS = ("votes", "karma", "score")
LIST_ROWS = 1 << 16
MAX_LINE = 2 * MAX_URL

_VOTES = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{0,9})?")


def read_vote_list(path: str) -> Iterator[tuple[Hashes, NDArray[np.float64]]]:
    """Hashes of URLs and their votes from a list, some ten thousand at a time.

    `path` is Parquet with a column `url` and one of `VOTE_COLUMNS`, or lines of `URL<tab>number`, gzip too; the first
    line may be a heading. URLs that no page can be reached by are passed over.

    Raises:
        UsageError: it cannot be read, or a line is not of this form.
    """
    try:
        with open_read(path) as stream:
            head = stream.read(4)
            stream.seek(0)
            if head == b"PAR1":
                yield from _parquet_votes(stream, path)
            else:
                zipped = head[:2] == b"\x1f\x8b"
                with gzip.open(stream) if zipped else contextlib.nullcontext(stream) as text:
                    yield from _line_votes(text, path)
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise UsageError(f"links.votes: {path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parquet_votes(stream: Any, path: str) -> Iterator[tuple[Hashes, NDArray[np.float64]]]:
    with pq.ParquetFile(stream) as file:
        names = file.schema_arrow.names
        column = next((name for name in VOTE_COLUMNS if name in names), None)
        if "url" not in names or column is None:
            raise UsageError(f"links.votes: {path}: needs the columns `url` and `votes`; it has {', '.join(names)}")
        for batch in file.iter_batches(batch_size=LIST_ROWS, columns=["url", column]):
            yield _votes(zip(batch["url"].to_pylist(), batch[column].to_pylist(), strict=True), path)


def _line_votes(stream: Any, path: str) -> Iterator[tuple[Hashes, NDArray[np.float64]]]:
    rows: list[tuple[str, str]] = []
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        url, tab, votes = line.decode("utf-8", "replace").rstrip("\r\n").rpartition("\t")
        if not tab or not _VOTES.fullmatch(votes.strip()):
            if number > 1 and line.strip():
                raise UsageError(f"links.votes: {path}:{number}: is not `URL<tab>number`")
            continue
        rows.append((url, votes))
        if len(rows) >= LIST_ROWS:
            yield _votes(rows, path)
            rows = []
    yield _votes(rows, path)


def _votes(rows: Iterable[tuple[Any, Any]], path: str) -> tuple[Hashes, NDArray[np.float64]]:
    found: list[tuple[int, float]] = []
    for url, votes in rows:
        link = normalise(url) if isinstance(url, str) else None
        if link is not None and votes is not None:
            try:
                number = float(votes)
            except (TypeError, ValueError):
                number = math.nan
            if not math.isfinite(number):
                raise UsageError(f"links.votes: {path}: the votes of {url[:200]} are no number: {str(votes)[:100]}")
            found.append((link_hash(link), number))
    return np.array([link for link, _ in found], np.uint64), np.array([votes for _, votes in found], np.float64)
