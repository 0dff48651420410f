"""Documents of web archives: WARC `response` and `resource`, WET `conversion`, ARC 1 and 2."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, cast

from curation.reading.dialects import Fields, unbracketed
from curation.reading.framing import RawRecord, frame
from curation.reading.http import Body, BodyError, Head, dechunk, decode_body, is_bare_page, media_type, parse_head
from curation.reading.members import Readable
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from curation.reading.remote import without_secrets
from curation.reading.revisits import Captures
from curation.reading.verification import mismatch
from curation.reading.wat import PageMetadata, is_metadata, read_metadata

CAPTURES = ("response", "resource")
HTML_TYPES = ("text/html", "application/xhtml+xml")
_DATE_DIGITS = re.compile(r"[0-9]{4,20}")
_TRUNCATED = re.compile(r"[a-z][a-z-]{0,31}")
_NAME = re.compile(r"[a-z][a-z-]{0,30}")


def read_archive(
    stream: Readable, uri: str, limits: ReadingLimits
) -> Iterator[ArchiveRecord | PageMetadata | ReadError | Skipped]:
    """Every document and every error of the archive `stream`, in the order of the file; one `Skipped` last.

    WARC 0.17 to 1.1, WET and ARC, compressed by record, as a whole or not at all, are told apart by content. Documents
    are `response` records of http and https URIs, `conversion` records, and `resource` records of HTML. The records
    of the archive are the documents, the errors and the sum of `Skipped.counts`; an error can stand for a stretch
    in which more than one record was lost. Revisits are counted as `revisit-resolved` where the capture they repeat
    came earlier in the file, else as `revisit-unresolved`. What a WAT file says of a page is yielded beside them, and
    counted as `wat-page`. An OSError of `stream` itself is passed on.
    """
    skipped: Counter[str] = Counter()
    captures = Captures()
    for record in frame(stream, uri, limits, _is_wanted):
        if isinstance(record, ReadError):
            yield record
            continue
        if is_metadata(record.fields):
            described = read_metadata(record, uri, limits)
            if not isinstance(described, str):
                yield described
            if not isinstance(described, ReadError):
                skipped[described if isinstance(described, str) else "wat-page"] += 1
            continue
        document = _document(record, uri, limits) if _is_document(record.fields) else None
        if document is None:
            skipped[_kind_of_skip(record.fields, captures)] += 1
        else:
            yield document
        if record.fields.get("warc-type", "").lower() in CAPTURES and not isinstance(document, ReadError):
            captures.add(record.fields)
    yield Skipped(uri, dict(sorted(skipped.items())))


def _is_wanted(fields: Fields) -> bool:
    return is_metadata(fields) or _is_document(fields)


def _is_document(fields: Fields) -> bool:
    kind = fields.get("warc-type", "").lower()
    if kind == "response":
        target = _target(fields)
        return not target or _is_web(target)
    if kind == "resource":
        return _is_web(_target(fields)) and media_type(fields.get("content-type"))[0] in HTML_TYPES
    return kind == "conversion"


def _kind_of_skip(fields: Fields, captures: Captures) -> str:
    kind = fields.get("warc-type", "").lower()
    if kind == "response":
        return "response-not-http"
    if kind == "revisit":
        return "revisit-resolved" if captures.hold(fields) else "revisit-unresolved"
    return kind if _NAME.fullmatch(kind) else "unknown"


def _target(fields: Fields) -> str:
    return unbracketed(fields.get("warc-target-uri", ""))


def _is_web(uri: str) -> bool:
    return uri[:8].lower().startswith(("http://", "https://"))


def _document(record: RawRecord, uri: str, limits: ReadingLimits) -> ArchiveRecord | ReadError:
    fields, block = record.fields, record.block
    if block is None:
        detail = f"the record has {record.length} bytes, the limit is {limits.max_record_bytes}"
        return ReadError(uri, record.offset, "too-large", detail)
    target = _target(fields)
    if not target:
        return ReadError(uri, record.offset, "no-target-uri", "the record names no URI")
    kind = cast('Literal["response", "conversion", "resource"]', fields["warc-type"].lower())
    try:
        if kind == "response":
            head = _head(block, fields, limits)
        else:
            head = Head(None, {"content-type": fields.get("content-type", "")}, 0)
        payload = block[head.body_start :]
        # Only of a response do these headers speak of the bytes at hand.
        body = decode_body(payload, head.headers if kind == "response" else {}, limits.max_record_bytes)
    except BodyError as error:
        return ReadError(uri, record.offset, error.reason, f"{without_secrets(target)[:200]}: {error}")
    truncated = _truncated(fields, body)
    if limits.verify_digests and (wrong := _wrong_digest(fields, block, payload, head, body, truncated)):
        return ReadError(uri, record.offset, "bad-digest", f"{without_secrets(target)[:200]}: {wrong}")
    content_type, charset = media_type(head.headers.get("content-type"))
    return ArchiveRecord(
        record_id=unbracketed(fields.get("warc-record-id", "")) or None,
        uri=target,
        date=_date(fields.get("warc-date", "")),
        kind=kind,
        offset=record.offset,
        inner_offset=record.inner_offset,
        status=head.status,
        content_type=content_type,
        charset=charset or ("utf-8" if kind == "conversion" else None),
        body=body.content,
        payload_digest=hashlib.blake2b(body.content, digest_size=16).hexdigest(),
        truncated=truncated,
        refers_to=unbracketed(fields.get("warc-refers-to", "")) or None,
    )


def _head(block: bytes, fields: Fields, limits: ReadingLimits) -> Head:
    """The response's HTTP header; a page stored without one, as HTTP/0.9 sent it, has that of its ARC record or none.

    Raises:
        BodyError: there is none and the block is no page, or it has no end.
    """
    try:
        return parse_head(block, limits.max_header_bytes)
    except BodyError as error:
        if error.reason == "no-http-header" and is_bare_page(block):
            return Head(None, {"content-type": fields.get("arc-content-type", "")}, 0)
        raise


def _truncated(fields: Fields, body: Body) -> str | None:
    reason = fields.get("warc-truncated", "").lower()
    if reason:
        return reason if _TRUNCATED.fullmatch(reason) else "unspecified"
    if fields.get("warc-segment-number", "").strip():
        return "segment"
    return None if body.whole else "encoding"


def _wrong_digest(
    fields: Fields, block: bytes, payload: bytes, head: Head, body: Body, truncated: str | None
) -> str | None:
    """What of the record's digests does not hold; of a page cut short, the payload's may be that of the whole."""
    if wrong := mismatch(fields, "warc-block-digest", (block,)):
        return f"block: {wrong}"
    if truncated:
        return None
    wrong = mismatch(fields, "warc-payload-digest", _payloads(payload, head, body))
    return f"payload: {wrong}" if wrong else None


def _payloads(payload: bytes, head: Head, body: Body) -> Iterator[bytes]:
    """What writers digest as the payload: the bytes as sent, those without chunks (the standard's), the page itself."""
    yield payload
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        yield dechunk(payload).content
    yield body.content


def _date(value: str) -> str | None:
    """A date of digits alone (ARC) in WARC's form; others as they stand, None for what holds no digit.

    Old ARC files have dates of 12 or fewer digits, which stand for the part of the date that they have.
    """
    if _DATE_DIGITS.fullmatch(value):
        parts = [value[:4], *(value[place : place + 2] for place in range(4, min(len(value), 14), 2))]
        day, time = "-".join(parts[:3]), ":".join(parts[3:])
        return f"{day}T{time}Z" if time else day
    return value[:64] if any(digit.isdigit() for digit in value) else None
