"""HTTP responses as archives store them: headers, and bodies under transfer and content encodings.

Archives disagree with their own headers all the time (a body stored decoded under a header that says `chunked` and
`gzip` is common), so a body that plainly is not in the encoding its header names is taken as it is, as warcio does.
A body that breaks off or breaks down keeps what came before, as browsers show it; only one of which nothing can be
decoded is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import brotli

from curation.reading.codecs import DECODING_ERRORS, GZIP_MAGIC, PIECE, ZSTD_MAGIC, Decoder, Inflater, Unzstd

# Servers and archives put line ends before the status line; browsers pass over a few.
_STATUS = re.compile(rb"[\r\n]{0,4}HTTP/\d{1,2}(?:\.\d{1,2})?[ \t]{1,8}(\d{3})(?!\d)")
_HEADER_END = re.compile(rb"\n\r{0,2}\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_CHUNK_SIZE = re.compile(rb"[ \t]{0,8}([0-9a-fA-F]{1,15})[ \t]{0,64}(?:;[^\r\n]{0,1024})?\r?\n")
_CHARSET = re.compile(r"""charset[ \t]{0,8}=[ \t]{0,8}["']?([^\s"';,]{1,64})""", re.IGNORECASE)
# What browsers know a page by when nothing is declared: the HTML rows of WHATWG's MIME Sniffing.
_MARKUP = re.compile(
    rb"[\t\n\x0c\r ]{0,512}<(?:!--|\?xml|!doctype html|"
    rb"(?:html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[ >])",
    re.IGNORECASE,
)
OUTPUT = 64 << 10  # bytes that brotli gives at a time


class BodyError(ValueError):
    """A body that cannot be decoded; `reason` is the code a `ReadError` carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response (lower-case names; repeated ones joined by a comma), and where its body is.

    `status` is None where there is no HTTP header.
    """

    status: int | None
    headers: dict[str, str]
    body_start: int


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body; `whole` is False when it is what could be decoded before it broke off."""

    content: bytes
    whole: bool


def is_bare_page(block: bytes) -> bool:
    """Whether a block without HTTP header is a page all the same: it begins as browsers expect of one."""
    return _MARKUP.match(block.removeprefix(b"\xef\xbb\xbf")) is not None


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
        end = _HEADER_END.search(block, status.end(), start + max_bytes)
        if not end and len(block) - start > max_bytes:
            raise BodyError("bad-http-header", f"the HTTP header does not end within {max_bytes} bytes")
        body_start = end.end() if end else len(block)
        code = int(status.group(1))
        if 100 <= code < 200 and _STATUS.match(block, body_start):
            start = body_start
            continue
        return Head(code, _fields(block[status.end() : body_start]), body_start)


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


def decode_body(body: bytes, headers: dict[str, str], limit: int) -> Body:
    """`body` without its transfer and content encodings. Encodings nobody knows change nothing.

    Raises:
        BodyError: `bad-chunks`, `bad-content-encoding` where nothing can be decoded; `too-large` beyond `limit` bytes.
    """
    whole = True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, whole = _both(dechunk(body))
    names = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    if len(names) > 4:
        raise BodyError("bad-content-encoding", f"{len(names)} content encodings")
    for name in reversed(names):
        body, ended = _both(_decode(body, name, limit))
        whole &= ended
    if len(body) > limit:
        raise BodyError("too-large", f"the body has {len(body)} bytes, the limit is {limit}")
    return Body(body, whole)


def _both(body: Body) -> tuple[bytes, bool]:
    return body.content, body.whole


def dechunk(body: bytes) -> Body:
    """The content of a chunked body; a body that does not begin with a chunk is returned as it is.

    Raises:
        BodyError: `bad-chunks` when not even the first chunk is as long as it says.
    """
    parts: list[bytes] = []
    place = 0
    while line := _CHUNK_SIZE.match(body, place):
        size, start = int(line.group(1), 16), line.end()
        if size == 0:
            return Body(b"".join(parts), True)
        parts.append(body[start : start + size])
        place = start + size
        if body.startswith(b"\r\n", place):
            place += 2
        elif body.startswith(b"\n", place):
            place += 1
        elif len(parts) == 1 and place < len(body):
            raise BodyError("bad-chunks", f"the first chunk, of {size} bytes, does not end at byte {place} of the body")
        else:
            break
    return Body(b"".join(parts), False) if parts else Body(body, True)


def _decode(body: bytes, name: str, limit: int) -> Body:
    pieces = _pieces(body, name)
    if pieces is None or not body:
        return Body(body, True)
    parts: list[bytes] = []
    size = 0
    whole = True
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise BodyError("too-large", f"the {name} body has over {limit} bytes when decoded")
            parts.append(piece)
    except (EOFError, *DECODING_ERRORS, brotli.error) as error:
        if _is_text(body):  # stored decoded, under the header of the encoded body
            return Body(body, True)
        # Bytes that are no deflate stream can pass for the beginning of one, as it has no mark to know it by.
        if not size or (name == "deflate" and not _is_zlib(body) and not isinstance(error, EOFError)):
            detail = str(error) or "cut before anything can be decoded"
            raise BodyError("bad-content-encoding", f"{name}: {detail}") from None
        whole = False
    return Body(b"".join(parts), whole)


def _pieces(body: bytes, name: str) -> Iterator[bytes] | None:
    """The decoded body piece by piece, with EOFError where it breaks off; None when it is not encoded so."""
    if name in ("gzip", "x-gzip"):
        return _gunzip(body) if body.startswith(GZIP_MAGIC) else None
    if name == "deflate":  # RFC 9110 means zlib's frame; servers also send the bare stream
        return _unpack(body, Inflater(15 if _is_zlib(body) else -15))
    if name == "br":
        return _unbrotli(body)
    if name == "zstd":
        return _unpack(body, Unzstd()) if body.startswith(ZSTD_MAGIC) else None
    return None


def _is_zlib(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _is_text(body: bytes) -> bool:
    """Whether the first bytes are of a text rather than of a compressed stream, which has control bytes."""
    head = body[:256]
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head) and bool(head)


def _unpack(body: bytes, decoder: Decoder) -> Iterator[bytes]:
    for place in range(0, len(body), PIECE):
        yield from decoder.feed(body[place : place + PIECE])
        if decoder.eof:
            return
    raise EOFError


def _gunzip(body: bytes) -> Iterator[bytes]:
    """All members of `body`; what follows them is no part of it."""
    decoder, place = Inflater(), 0
    while place < len(body):
        piece = body[place : place + PIECE]
        yield from decoder.feed(piece)
        place += len(piece)
        if decoder.eof:
            place -= len(decoder.unused_data)
            if not body.startswith(GZIP_MAGIC, place):
                return
            decoder = Inflater()
    raise EOFError


def _unbrotli(body: bytes) -> Iterator[bytes]:
    # `can_accept_more_data` may be true while output is pending, so only an empty piece asks for more input.
    decoder = brotli.Decompressor()
    for place in range(0, len(body), PIECE):
        piece = decoder.process(body[place : place + PIECE], output_buffer_limit=OUTPUT)
        while piece:
            yield piece
            piece = b"" if decoder.is_finished() else decoder.process(b"", output_buffer_limit=OUTPUT)
        if decoder.is_finished():
            return
    raise EOFError
