"""Sets of documents to learn from: text files, JSON Lines, Parquet, and builds of Winnow's.

`Sample` draws from a set without holding it: of the distinct texts it keeps those whose hashes are smallest, so that
neither the order of files nor their number changes what is drawn.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import heapq
import io
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
import zstandard

from manifests.errors import UsageError
from manifests.manifest import MANIFEST_NAME, read_manifest

TEXT, JSONL, PARQUET = "text", "jsonl", "parquet"
_KINDS = {".txt": TEXT, ".text": TEXT, ".jsonl": JSONL, ".ndjson": JSONL, ".json": JSONL, ".parquet": PARQUET}
_PACKED = (".gz", ".zst", ".zstd")
_ROWS = 512
_PIECE = 1 << 14  # compressed bytes unpacked at once
MAX_CHARACTERS = 200_000
"""Of a longer document only so much is learnt."""


@dataclass(frozen=True)
class Source:
    """One file of a set, and the build it belongs to, if any."""

    path: str
    kind: str
    build: str | None = None


@dataclass(frozen=True)
class Document:
    """A text, and where it was found."""

    text: str
    place: str


@dataclass(frozen=True, order=True)
class Drawn:
    """A document of a sample; `key` is the hash of its text by which it was drawn."""

    key: int
    text: str
    place: str


def find_sources(paths: Sequence[str]) -> list[Source]:
    """The files that paths, globs, folders and builds stand for, each once, in order of their paths.

    Raises:
        UsageError: a path is not there, or no file that can be read is under it.
    """
    found: dict[str, Source] = {}
    for path in paths:
        matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else [path]
        files = [source for match in matches for source in _sources_at(match)]
        if not files:
            known = " ".join(_KINDS)
            raise UsageError(f"{path}: no file of documents here; expected {known} (also .gz, .zst), or a build")
        found.update({os.path.realpath(source.path): source for source in files})
    return sorted(found.values(), key=lambda source: source.path)


def _sources_at(path: str) -> Iterator[Source]:
    if os.path.isdir(path):
        if os.path.isfile(os.path.join(path, MANIFEST_NAME)):
            for shard in read_manifest(path).get("shards", ()):
                file = os.path.join(path, shard["path"])
                yield Source(file, _kind_of(file) or PARQUET, path)
            return
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                kind = _kind_of(name)
                if kind is not None:
                    yield Source(os.path.join(folder, name), kind)
        return
    if not os.path.exists(path):
        raise UsageError(f"{path}: no such file or folder")
    yield Source(path, _kind_of(path) or TEXT)


def _kind_of(name: str) -> str | None:
    stem, ending = os.path.splitext(name.lower())
    return _KINDS.get(os.path.splitext(stem)[1] if ending in _PACKED else ending)


def read_documents(source: Source, *, field: str = "text", whole: bool = False) -> Iterator[Document]:
    """The documents of a file that are not blank.

    A text file holds one a line, or is one (`whole`); in JSON Lines and Parquet the text stands in `field`.

    Raises:
        UsageError: the file cannot be read, or a row has no text in `field`; names the row.
    """
    readers = {PARQUET: _parquet, JSONL: _jsonl, TEXT: _text}
    try:
        for document in readers[source.kind](source.path, field, whole):
            if document.text and not document.text.isspace():
                yield document
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, pa.ArrowException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{source.path}: cannot be read: {reason}") from error


def _parquet(path: str, field: str, whole: bool) -> Iterator[Document]:
    with pq.ParquetFile(path) as file:
        if field not in file.schema_arrow.names:
            raise UsageError(f"{path}: no column `{field}`; it has {', '.join(file.schema_arrow.names[:12])}")
        row = 0
        for batch in file.iter_batches(_ROWS, columns=[field]):
            for text in batch.column(0).to_pylist():
                if text is not None and not isinstance(text, str):
                    raise UsageError(f"{path}: column `{field}` holds {type(text).__name__}, not text")
                yield Document(text or "", f"{path}#{row}")
                row += 1


def _jsonl(path: str, field: str, whole: bool) -> Iterator[Document]:
    with _open(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row: Any = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{path}:{number}: not a JSON object a line: {error}") from None
            text = row.get(field) if isinstance(row, dict) else None
            if not isinstance(text, str):
                keys = ", ".join(list(row)[:12]) if isinstance(row, dict) else type(row).__name__
                raise UsageError(f"{path}:{number}: no text under `{field}` (there is {keys}); name another field")
            yield Document(text, f"{path}:{number}")


def _text(path: str, field: str, whole: bool) -> Iterator[Document]:
    with _open(path) as stream:
        if whole:
            yield Document(stream.read().decode("utf-8", "replace"), path)
            return
        for number, line in enumerate(stream, 1):
            yield Document(line.decode("utf-8", "replace").strip(), f"{path}:{number}")


@contextlib.contextmanager
def _open(path: str) -> Iterator[IO[bytes]]:
    with Path(path).open("rb") as raw:
        head = raw.read(4)
        raw.seek(0)
        if head[:2] == b"\x1f\x8b":
            with gzip.open(raw, "rb") as unpacked:
                yield unpacked  # type: ignore[misc]
        elif head == b"\x28\xb5\x2f\xfd":
            yield io.BufferedReader(_Unzstd(raw))
        else:
            yield raw


class _Unzstd(io.RawIOBase):
    """Frames of zstd as one stream. The library's own reader takes a file that breaks off for its end."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        self._raw, self._rest, self._ready = raw, b"", b""
        self._frame: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = self._rest or self._raw.read(_PIECE)
            if not piece:
                if self._frame is not None:
                    raise EOFError("the file ends within a zstd frame")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=1 << 30).decompressobj()
            self._ready, self._rest = self._frame.decompress(piece), b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def text_key(text: str, seed: int) -> int:
    """128 bits that equal texts share, white space and letter case aside."""
    folded = " ".join(text.lower().split()).encode("utf-8", "surrogatepass")
    return xxhash.xxh3_128_intdigest(folded, seed)


class Sample:
    """Up to `limit` distinct documents of a set, drawn by their hashes."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit, self._seed = limit, seed
        self._heap: list[tuple[int, str, str]] = []  # the greatest key first, negated
        self._inside: set[int] = set()
        self.documents = self.repeated = 0

    def add(self, document: Document, key: int) -> None:
        """Offer a document with its `text_key`."""
        self.documents += 1
        if key in self._inside:
            self.repeated += 1
            return
        row = (-key, document.place, document.text[:MAX_CHARACTERS])
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, row)
        elif -self._heap[0][0] > key:
            self._inside.discard(-heapq.heapreplace(self._heap, row)[0])
        else:
            return
        self._inside.add(key)

    def drawn(self) -> list[Drawn]:
        """What was drawn, in order of the keys."""
        return sorted(Drawn(-negated, text, place) for negated, place, text in self._heap)
