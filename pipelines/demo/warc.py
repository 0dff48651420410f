"""WARC records as bytes, byte-deterministic: ids from hashes, fixed dates, gzip members without a time."""

from __future__ import annotations

import base64
import datetime
import gzip
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

_FIRST_DATE = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
_REASONS = {200: "OK", 204: "No Content", 301: "Moved Permanently", 404: "Not Found", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Record:
    """One record. `length` replaces the true Content-Length when it is not None."""

    type: str
    uri: str
    content_type: str
    block: bytes
    number: int
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None

    @property
    def id(self) -> str:
        """`urn:uuid:...`, a hash of what is recorded."""
        return record_id(self.type, self.uri, self.number)

    def to_bytes(self) -> bytes:
        """The record in WARC/1.0 framing."""
        date = (_FIRST_DATE + datetime.timedelta(seconds=7 * self.number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = [("WARC-Type", self.type), ("WARC-Date", date), ("WARC-Record-ID", f"<{self.id}>")]
        if self.uri:
            lines.append(("WARC-Target-URI", self.uri))
        lines += self.headers
        lines += [
            ("WARC-Block-Digest", digest(self.block)),
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.block) if self.length is None else self.length)),
        ]
        head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
        return head.encode() + self.block + b"\r\n\r\n"


@dataclass
class Archive:
    """The bytes of an archive and where its records begin. `packed`: one gzip member a record."""

    packed: bool = True
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, record: Record) -> int:
        """Append `record`; returns the offset at which it begins."""
        data = record.to_bytes()
        if self.packed:
            data = gzip.compress(data, compresslevel=6, mtime=0)
        offset = self.size
        self.parts.append(data)
        self.size += len(data)
        return offset

    def cut(self, share: float) -> None:
        """Cut off the last `share` (0 to 1) of the last record."""
        last = self.parts.pop()
        kept = last[: max(20, int(len(last) * (1 - share)))]
        self.parts.append(kept)
        self.size += len(kept) - len(last)

    def to_bytes(self) -> bytes:
        """The whole file."""
        return b"".join(self.parts)


def record_id(*parts: object) -> str:
    """`urn:uuid:` of a hash of `parts`."""
    digest128 = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()[:16]
    return uuid.UUID(bytes=digest128, version=5).urn


def digest(data: bytes) -> str:
    """The WARC form of a SHA-1 digest."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def warcinfo(name: str, number: int) -> Record:
    """The record that opens an archive."""
    block = (
        b"software: Winnow demo generator\r\nformat: WARC File Format 1.0\r\n"
        b"description: invented pages about the Sarn Isles\r\n"
    )
    return Record("warcinfo", "", "application/warc-fields", block, number, (("WARC-Filename", name),))


def http_response(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of an HTTP/1.1 response."""
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("latin-1") + b"\r\n" + body


def chunked(body: bytes, size: int = 1500) -> bytes:
    """`body` in chunked transfer coding."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def fetch_records(uri: str, response: bytes, payload: bytes, number: int, complete: bool) -> list[Record]:
    """The records of one fetch: the response, and with `complete` also its request and metadata."""
    host, _, path = uri.partition("://")[2].partition("/")
    address = "198.51.100." + str(1 + hashlib.sha256(host.encode()).digest()[0] % 250)
    main = Record(
        "response",
        uri,
        "application/http; msgtype=response",
        response,
        number,
        (("WARC-IP-Address", address), ("WARC-Payload-Digest", digest(payload))),
    )
    if not complete:
        return [main]
    concurrent = (("WARC-Concurrent-To", f"<{main.id}>"),)
    asked = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: winnow-demo\r\nAccept: text/html\r\n\r\n".encode()
    noted = b"fetchTimeMs: %d\r\n" % (20 + number % 400)
    return [
        Record("request", uri, "application/http; msgtype=request", asked, number, concurrent),
        main,
        Record("metadata", uri, "application/warc-fields", noted, number, concurrent),
    ]
