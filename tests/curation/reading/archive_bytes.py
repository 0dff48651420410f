"""Archives written by hand, byte by byte, so that they can be wrong in every way."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable

from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from curation.reading.wat import PageMetadata


def http(body: bytes, *headers: str, status: str = "HTTP/1.1 200 OK", media: str | None = "text/html") -> bytes:
    lines = [status, *([f"Content-Type: {media}"] if media else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    name: str,
    block: bytes | None = None,
    *,
    kind: str = "response",
    uri: str | None = None,
    length: int | str | None = None,
    fields: Iterable[str] = (),
    version: str = "WARC/1.0",
) -> bytes:
    """A WARC record called `name`; `length` overrides the Content-Length."""
    block = http(f"<p>{name}</p>".encode()) if block is None else block
    uri = f"http://example.test/{name}" if uri is None else uri
    header = [
        version,
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{name}>",
        *([f"WARC-Target-URI: {uri}"] if uri else []),
        "WARC-Date: 2026-01-02T03:04:05Z",
        f"Content-Length: {len(block) if length is None else length}",
        *fields,
    ]
    return "\r\n".join(header).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def zipped(*records: bytes) -> bytes:
    """One gzip member a record."""
    return b"".join(gzip.compress(item, mtime=0) for item in records)


def read(data: bytes, limits: ReadingLimits | None = None) -> list[ArchiveRecord | PageMetadata | ReadError | Skipped]:
    return list(read_archive(io.BytesIO(data), "x.warc", limits or ReadingLimits()))


def documents(data: bytes) -> dict[str, bytes]:
    """Name -> body of the documents read."""
    return {
        item.uri.removeprefix("http://example.test/"): item.body
        for item in read(data)
        if isinstance(item, ArchiveRecord)
    }


def errors(data: bytes, limits: ReadingLimits | None = None) -> list[tuple[int | None, str]]:
    return [(item.offset, item.reason) for item in read(data, limits) if isinstance(item, ReadError)]


def skipped(data: bytes) -> dict[str, int]:
    (last,) = (item for item in read(data) if isinstance(item, Skipped))
    return dict(last.counts)
