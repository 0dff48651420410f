"""Archives: small ones made on the spot, damaged before and after compression, and the real ones of a folder."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import brotli
import zstandard

from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from tests.fuzz.mutation import mutate

LIMITS = ReadingLimits(max_record_bytes=256 << 10, max_header_bytes=8 << 10, verify_digests=True)
MAX_REAL = 300_000  # bytes taken of a real archive
PAGE = (
    b"<!DOCTYPE html><html><head><title>t</title></head><body><p>"
    + b"some words of a page " * 12
    + b"</p></body></html>"
)
DICTIONARY = zstandard.train_dictionary(
    2048, [b"WARC/1.0\r\nWARC-Type: response\r\n<p>%d words %d" % (number, number * 7919) for number in range(300)]
)
TOKENS = [
    b"WARC/1.0\r\n", b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\n", b"\r\n\r\n", b"\r\n", b"\n",
    b"\0", b"Content-Length: 0\r\n", b"Content-Length: 99999999\r\n", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip, br, zstd\r\n",
    b"0\r\n\r\n", b"ffff\r\n", b"3\r\nabc\r\n", b"WARC-Segment-Number: 2\r\n", b"WARC-Truncated: length\r\n",
    b"WARC-Type: revisit\r\n", b"\x1f\x8b\x08\0", b"\xff" * 40, b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18\4\0\0\0abcd",
    b"\x5d\x2a\x4d\x18\xff\xff\xff\xff", b"\x5d\x2a\x4d\x18\4\0\0\0",
    b"filedesc://x 0.0.0.0 20080430204825 text/plain 3\nabc\n",
    b"http://e.test/a 1.2.3.4 20080430204826 text/html 12\n", b"http://e.test/ 1.2.3.4 2008 text/html -1\n",
    gzip.compress(b"", mtime=0), gzip.compress(b"WARC/1.0\r\n", mtime=0), gzip.compress(bytes(3_000_000), mtime=0),
    zstandard.compress(bytes(3_000_000)), zstandard.compress(b""), b"a" * 70_000,
    "é\ud800".encode("utf-8", "surrogatepass"),
]  # fmt: skip


class ArchiveTarget:
    """`read_archive` over damaged archives."""

    name = "archives"

    def __init__(self, folder: Path | None = None) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
        self._real = [path.read_bytes()[:MAX_REAL] for path in paths]

    def make(self, rng: random.Random) -> bytes:
        """A real archive damaged, or one made of records that are damaged before or after they are packed."""
        if self._real and rng.randrange(4) == 0:
            return mutate(rng, rng.choice(self._real), TOKENS)
        records = [_record(rng, number) for number in range(rng.randrange(1, 7))]
        if rng.randrange(2):
            place = rng.randrange(len(records))
            records[place] = mutate(rng, records[place], TOKENS, most=3)
        data = _packed(rng, records)
        return mutate(rng, data, TOKENS) if rng.randrange(4) else data

    def check(self, data: bytes, rng: random.Random) -> None:
        """Reading ends, in the order of the file, with text that can be written, and the same for any cut of reads."""
        items = list(read_archive(io.BytesIO(data), "x", LIMITS))
        assert isinstance(items[-1], Skipped), "the last item is the count of what was skipped"
        place = -1
        for item in items[:-1]:
            assert not isinstance(item, Skipped), "counts come once"
            for field in fields(item):
                value = getattr(item, field.name)
                if isinstance(value, str):
                    value.encode()  # a lone surrogate could not be written to Parquet
            if isinstance(item, ArchiveRecord | ReadError):
                assert item.offset is not None
                assert place <= item.offset <= len(data), f"offset {item.offset} after {place}"
                place = item.offset
            if isinstance(item, ArchiveRecord):
                assert len(item.body) <= LIMITS.max_record_bytes
            if isinstance(item, ReadError):
                assert len(item.detail) < 1000
        again = list(read_archive(_Dribble(data, rng), "x", LIMITS))
        assert again == items, "the sizes of the stream's blocks change what is read"


class _Dribble(io.BytesIO):
    """A stream that gives blocks of any size, as a socket may."""

    def __init__(self, data: bytes, rng: random.Random) -> None:
        super().__init__(data)
        self._rng, self._bits = rng, rng.randrange(6, 20)

    def read(self, size: int | None = -1) -> bytes:
        most = 1 + self._rng.randrange(1 << self._bits)
        return super().read(most if size is None or size < 0 else min(size, most))


def _record(rng: random.Random, number: int) -> bytes:
    if rng.randrange(6) == 0:
        return _arc(rng, number)
    kind = rng.choice(["response"] * 6 + ["conversion", "resource", "revisit", "continuation", "metadata", "warcinfo"])
    block = _http(rng) if kind in ("response", "revisit") else rng.choice([PAGE, b"", b'{"Envelope": {}}', b"\r\n\r\n"])
    lines = [
        rng.choice(["WARC/1.0", "WARC/1.1", "WARC/0.18", "WARC/0.17"]),
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{number}>",
        f"WARC-Target-URI: {rng.choice(['http://e.test/%d', '<http://e.test/%d>', 'dns:e.test/%d']) % number}",
        f"WARC-Date: {rng.choice(['2026-01-02T03:04:05Z', '20260102030405', 'x', ''])}",
        f"WARC-Payload-Digest: {rng.choice(['sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A', 'md5:00', 'sha256:'])}",
        f"WARC-Refers-To: <urn:uuid:{rng.randrange(4)}>",
        f"Content-Type: {rng.choice(['text/html; charset=utf-8', 'application/http', 'application/json', 'x'])}",
        f"Content-Length: {len(block)}",
    ]
    optional = [line for line in lines[2:-1] if rng.randrange(5)]
    return "\r\n".join([*lines[:2], *optional, lines[-1]]).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def _arc(rng: random.Random, number: int) -> bytes:
    block = _http(rng)
    tail = rng.choice(["text/html", "text/html 200 - - 0 x.arc", "no-type"])
    return f"http://e.test/{number} 1.2.3.4 20080430204826 {tail} {len(block)}\n".encode() + block + b"\n"


def _http(rng: random.Random) -> bytes:
    body, headers = PAGE * rng.choice([0, 1, 1, 3, 200, 2000]), []
    for name in rng.sample(["gzip", "deflate", "br", "zstd"], rng.choice([0, 0, 0, 1, 2])):
        pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}[
            name
        ]
        body = pack(body) if rng.randrange(8) else body
        headers.append(name)
    if rng.randrange(3) == 0:
        body = mutate(rng, body, TOKENS, most=2)
    lines = [rng.choice([b"HTTP/1.1 200 OK", b"HTTP/2 404", b"\r\nHTTP/1.0 301 Moved", b"HTTP/1.1 100 Continue\r\n"])]
    lines += [b"Content-Type: text/html; charset=utf-8"]
    lines += [b"Content-Encoding: " + ", ".join(headers).encode()] if headers else []
    if rng.randrange(3) == 0:
        size = 1 + rng.randrange(max(len(body), 1))
        chunks = [body[place : place + size] for place in range(0, len(body), size)][:200]
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        lines.append(b"Transfer-Encoding: chunked")
    return body if rng.randrange(12) == 0 else b"\r\n".join(lines) + b"\r\n\r\n" + body


def _packed(rng: random.Random, records: Sequence[bytes]) -> bytes:
    whole = b"".join(records)
    kind = rng.randrange(8)
    if kind == 0:
        return whole
    if kind == 1:
        return gzip.compress(whole, mtime=0)
    if kind == 2:
        return zstandard.compress(whole)
    if kind == 3:
        return b"".join(zstandard.compress(record) for record in records)
    if kind == 4:
        packer = zstandard.ZstdCompressor(dict_data=DICTIONARY)
        data = bytes(DICTIONARY.as_bytes())
        data = zstandard.compress(data) if rng.randrange(2) else data
        head = b"\x5d\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data
        return head + b"".join(packer.compress(record) for record in records)
    if kind == 5:
        size = 1 + rng.randrange(2000)
        parts = [whole[place : place + size] for place in range(0, min(len(whole), 100 * size), size)]
        return b"".join(gzip.compress(part, mtime=0) for part in parts)
    level = rng.choice([0, 1, 6])  # stored members show their text to whoever looks for a record in the raw bytes
    return b"".join(gzip.compress(record, level, mtime=0) for record in records)
