"""Documents of web archives: WARC `response` and `resource`, WET `conversion`, ARC 1 and 2."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal, cast

from curation.reading.dialects import Fields
from curation.reading.framing import RawRecord, frame
from curation.reading.http import BodyError, decode_body, media_type, parse_head
from curation.reading.members import Readable
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped

HTML_TYPES = ("text/html", "application/xhtml+xml")
_DATE_DIGITS = re.compile(r"\d{14,20}")
_NAME = re.compile(r"[a-z][a-z-]{0,30}")


def read_archive(stream: Readable, uri: str, limits: ReadingLimits) -> Iterator[ArchiveRecord | ReadError | Skipped]:
    """Every document and every error of the archive `stream`, in the order of the file; one `Skipped` last.

    WARC 0.17 to 1.1, WET and ARC, compressed by record, as a whole or not at all, are told apart by content. Documents
    are `response` records of http and https URIs, `conversion` records, and `resource` records of HTML. The records
    of the archive are the documents, the errors and the sum of `Skipped.counts`; an error can stand for a stretch
    in which more than one record was lost. An OSError of `stream` itself is passed on.
    """
    skipped: Counter[str] = Counter()
    for record in frame(stream, uri, limits, _is_document):
        if isinstance(record, ReadError):
            yield record
        elif not _is_document(record.fields):
            skipped[_kind_of_skip(record.fields)] += 1
        else:
            yield _document(record, uri, limits)
    yield Skipped(uri, dict(sorted(skipped.items())))


def _is_document(fields: Fields) -> bool:
    kind = fields.get("warc-type", "").lower()
    if kind == "response":
        target = _target(fields)
        return not target or _is_web(target)
    if kind == "resource":
        return _is_web(_target(fields)) and media_type(fields.get("content-type"))[0] in HTML_TYPES
    return kind == "conversion"


def _kind_of_skip(fields: Fields) -> str:
    kind = fields.get("warc-type", "").lower()
    if kind == "response":
        return "response-not-http"
    return kind if _NAME.fullmatch(kind) else "unknown"


def _target(fields: Fields) -> str:
    """The record's URI; WARC 1.0's grammar asks for `<>` around it, and wget writes them."""
    return fields.get("warc-target-uri", "").strip().removeprefix("<").removesuffix(">").strip()


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
    status: int | None = None
    try:
        if kind == "response":
            head = parse_head(block, limits.max_header_bytes)
            status = head.status
            content_type, charset = media_type(head.headers.get("content-type"))
            body = decode_body(block[head.body_start :], head.headers, limits.max_record_bytes)
        else:
            content_type, charset = media_type(fields.get("content-type"))
            body = decode_body(block, {}, limits.max_record_bytes)
    except BodyError as error:
        return ReadError(uri, record.offset, error.reason, f"{target[:200]}: {error}")
    return ArchiveRecord(
        record_id=fields.get("warc-record-id", "").removeprefix("<").removesuffix(">").strip() or None,
        uri=target,
        date=_date(fields.get("warc-date", "")),
        kind=kind,
        offset=record.offset,
        inner_offset=record.inner_offset,
        status=status,
        content_type=content_type,
        charset=charset or ("utf-8" if kind == "conversion" else None),
        body=body,
        payload_digest=hashlib.blake2b(body, digest_size=16).hexdigest(),
    )


def _date(value: str) -> str | None:
    """A date of 14 or more digits (ARC) in WARC's form; others as they stand, None for what holds no digit."""
    if _DATE_DIGITS.fullmatch(value):
        year, month, day, hour, minute, second = value[:4], *(value[place : place + 2] for place in range(4, 14, 2))
        return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"
    return value[:64] if any(digit.isdigit() for digit in value) else None
