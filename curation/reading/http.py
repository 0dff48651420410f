"""HTTP responses as archives store them: headers, and bodies under transfer and content encodings.

Archives disagree with their own headers all the time (a body stored decoded under a header that says `chunked` and
`gzip` is common), so a body that plainly is not in the encoding its header names is taken as it is, as warcio does.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import brotli
import zstandard

from curation.reading.members import GZIP_MAGIC, ZSTD_MAGIC, ZSTD_MAX_WINDOW, ZSTD_PIECE

_STATUS = re.compile(rb"HTTP/\d{1,2}(?:\.\d{1,2})?[ \t]{1,8}(\d{3})(?!\d)")
_HEADER_END = re.compile(rb"\n\r{0,2}\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_CHUNK_SIZE = re.compile(rb"[ \t]{0,8}([0-9a-fA-F]{1,15})[ \t]{0,64}(?:;[^\r\n]{0,1024})?\r?\n")
_CHARSET = re.compile(r"""charset[ \t]{0,8}=[ \t]{0,8}["']?([^\s"';,]{1,64})""", re.IGNORECASE)
PIECE = 64 << 10


class BodyError(ValueError):
    """A body that cannot be decoded; `reason` is the code a `ReadError` carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response (lower-case names; repeated ones joined by a comma), and where its body is."""

    status: int
    headers: dict[str, str]
    body_start: int


def parse_head(block: bytes, max_bytes: int) -> Head:
    """The head of the response in `block`; interim (1xx) responses before it are passed over.

    Raises:
        BodyError: `no-http-header` when there is none, `bad-http-header` when it does not end within `max_bytes`.
    """
    start = 0
    while True:
        status = _STATUS.match(block, start)
        if not status:
            raise BodyError("no-http-header", f"the block begins with {block[start : start + 20]!r}")
        end = _HEADER_END.search(block, start, start + max_bytes)
        if not end and len(block) - start > max_bytes:
            raise BodyError("bad-http-header", f"the HTTP header does not end within {max_bytes} bytes")
        body_start = end.end() if end else len(block)
        code = int(status.group(1))
        if 100 <= code < 200 and _STATUS.match(block, body_start):
            start = body_start
            continue
        return Head(code, _fields(block[start:body_start]), body_start)


def _fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _FOLDED.sub(b" ", head).split(b"\n")[1:]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            name, value = name.strip().lower(), value.strip()
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def media_type(value: str | None) -> tuple[str | None, str | None]:
    """(media type, charset) of a Content-Type header, lower-case; of a repeated header the last that has each."""
    media = charset = None
    for part in (value or "").replace("\0", "").split(","):
        kind = part.partition(";")[0].strip().lower()
        if re.fullmatch(r"[!-~]{1,64}/[!-~]{1,128}", kind):
            media = kind
        if match := _CHARSET.search(part):
            charset = match.group(1).lower()
    return media, charset


def decode_body(body: bytes, headers: dict[str, str], limit: int) -> bytes:
    """`body` without its transfer and content encodings.

    A body cut short keeps what can be decoded, as browsers show it. Encodings nobody knows change nothing.

    Raises:
        BodyError: `bad-chunks`, `bad-content-encoding`, or `too-large` beyond `limit` bytes.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = dechunk(body)
    names = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    if len(names) > 4:
        raise BodyError("bad-content-encoding", f"{len(names)} content encodings")
    for name in reversed(names):
        body = _decode(body, name, limit)
    if len(body) > limit:
        raise BodyError("too-large", f"the body has {len(body)} bytes, the limit is {limit}")
    return body


def dechunk(body: bytes) -> bytes:
    """The content of a chunked body; a body that does not begin with a chunk is returned as it is.

    Raises:
        BodyError: `bad-chunks` when a later chunk is not where its predecessor says.
    """
    parts: list[bytes] = []
    place = 0
    while place < len(body):
        line = _CHUNK_SIZE.match(body, place)
        if not line:
            if not parts:
                return body
            raise BodyError("bad-chunks", f"no chunk header at byte {place} of the body")
        size, start = int(line.group(1), 16), line.end()
        if size == 0:
            break
        parts.append(body[start : start + size])
        place = start + size
        if place >= len(body):
            break
        if body.startswith(b"\r\n", place):
            place += 2
        elif body.startswith(b"\n", place):
            place += 1
        else:
            raise BodyError("bad-chunks", f"a chunk of {size} bytes does not end at byte {place} of the body")
    return b"".join(parts)


def _decode(body: bytes, name: str, limit: int) -> bytes:
    if name in ("gzip", "x-gzip"):
        pieces = _inflate(body, 31) if body.startswith(GZIP_MAGIC) else None
    elif name == "deflate":
        # RFC 9110 means zlib's frame; servers also send the bare stream.
        framed = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        pieces = _inflate(body, 15 if framed else -15)
    elif name == "br":
        pieces = _unbrotli(body)
    elif name == "zstd":
        pieces = _unzstd(body) if body.startswith(ZSTD_MAGIC) else None
    else:
        pieces = None
    if pieces is None or not body:
        return body
    parts: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise BodyError("too-large", f"the {name} body has over {limit} bytes when decoded")
            parts.append(piece)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        if _is_text(body):  # stored decoded, under the header of the encoded body
            return body
        raise BodyError("bad-content-encoding", f"{name}: {error}") from None
    return b"".join(parts)


def _is_text(body: bytes) -> bool:
    """Whether the first bytes are of a text rather than of a compressed stream, which has control bytes."""
    head = body[:256]
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head) and bool(head)


def _inflate(body: bytes, window: int) -> Iterator[bytes]:
    decoder, rest = zlib.decompressobj(window), body
    while rest and not decoder.eof:
        yield decoder.decompress(rest, PIECE)
        rest = decoder.unconsumed_tail


def _unbrotli(body: bytes) -> Iterator[bytes]:
    # `can_accept_more_data` may be true while output is pending, so only an empty piece ends a stream cut short.
    decoder = brotli.Decompressor()
    piece = decoder.process(body, output_buffer_limit=PIECE)
    while piece:
        yield piece
        piece = b"" if decoder.is_finished() else decoder.process(b"", output_buffer_limit=PIECE)


def _unzstd(body: bytes) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW).decompressobj()
    for place in range(0, len(body), ZSTD_PIECE):
        yield decoder.decompress(body[place : place + ZSTD_PIECE])
        if decoder.eof:
            break
