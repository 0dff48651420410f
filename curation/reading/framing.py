"""Records of WARC and ARC archives cut out of decompressed bytes, each with its place in the file.

FastWARC 2.0 is not used for this, because it loses records without a word: it stops at an empty gzip member, takes
a record cut short at the end of the file for a whole one, lets a too large Content-Length swallow the records that
follow, and ends at the first corrupt member (tests/curation/reading/test_archives.py holds each of these cases).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curation.reading.dialects import ARC, LINE_ENDS, WARC, Dialect, Fields
from curation.reading.feed import OVERLAP, Feed
from curation.reading.members import Readable
from curation.reading.records import ReadError, ReadingLimits


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One framed record; `block` is None when it was not wanted or is over the limit."""

    offset: int
    inner_offset: int
    fields: Fields
    block: bytes | None
    length: int


@dataclass(frozen=True, slots=True)
class _Lost:
    """A record, or a stretch of bytes, that could not be read."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Strange:
    """Bytes before the first record, of which not even the format is known."""

    offset: int
    bytes: int


def frame(
    stream: Readable, uri: str, limits: ReadingLimits, wanted: Callable[[Fields], bool]
) -> Iterator[RawRecord | ReadError]:
    """Every record of the archive in the order of the file, damaged stretches as errors in their place.

    The block is kept for records that `wanted` accepts and that are not over `limits.max_record_bytes` (plus a
    header's worth). Memory is bounded by these limits; time is linear in the decompressed bytes.
    """
    yield from _Framing(stream, uri, limits, wanted).run()


class _Framing:
    def __init__(self, stream: Readable, uri: str, limits: ReadingLimits, wanted: Callable[[Fields], bool]) -> None:
        self._feed = Feed(stream)
        self._uri, self._limits, self._wanted = uri, limits, wanted
        self._dialect = WARC
        self._known = False  # whether that is so, or just where to begin
        self._cap = limits.max_record_bytes + limits.max_header_bytes
        # Content-Length is believed until it has been caught lying; from then on a record that begins within a
        # block ends the block. Believing on would read the same bytes again and again.
        self._distrust = False
        self._shared = False  # whether a member has been seen that holds more than one record

    def run(self) -> Iterator[RawRecord | ReadError]:
        strange: _Strange | None = None
        alone = True
        for item in self._items():
            if isinstance(item, _Strange):
                strange = _Strange(strange.offset, strange.bytes + item.bytes) if strange else item
                continue
            alone = False
            if strange:
                yield ReadError(self._uri, strange.offset, "garbage", f"{strange.bytes} bytes that begin no record")
                strange = None
            yield item
        if strange and not alone:
            yield ReadError(self._uri, strange.offset, "garbage", f"{strange.bytes} bytes that begin no record")
        elif strange:
            detail = f"no WARC or ARC record in {strange.bytes} bytes"
            yield ReadError(self._uri, strange.offset, "not-an-archive", detail)
        elif alone:
            yield ReadError(self._uri, 0, "empty-file", "the file holds no bytes")

    def _items(self) -> Iterator[RawRecord | ReadError | _Strange]:
        feed = self._feed
        while feed.next_section():
            feed.drop(feed.blank())
            if feed.buffer and not self._known:
                self._learn_dialect()
            while True:
                feed.drop(feed.blank())
                if not feed.buffer:
                    break
                offset, inner = feed.place()
                self._shared |= inner > 0
                record = self._record(offset, inner)
                if isinstance(record, _Lost):
                    yield ReadError(self._uri, offset, record.reason, record.detail)
                else:
                    yield record
            if feed.damage:
                yield ReadError(self._uri, feed.damage.offset, feed.damage.reason, feed.damage.detail)

    def _learn_dialect(self) -> None:
        """WARC or ARC, by how the section begins; nothing is learnt from one that is damaged there."""
        feed = self._feed
        feed.at_least(ARC.max_line)
        head = bytes(feed.buffer[: ARC.max_line])
        if WARC.begins(head):
            self._adopt(WARC)
        elif head.startswith(b"filedesc:") or ARC.begins(head):
            self._adopt(ARC)

    def _adopt(self, dialect: Dialect) -> None:
        self._dialect, self._known = dialect, True
        if dialect is WARC:
            self._feed.member_is_record = False
            self._feed.rejoin()

    def _record(self, offset: int, inner: int) -> RawRecord | _Lost | _Strange:
        feed, dialect = self._feed, self._dialect
        feed.at_least(OVERLAP)
        if not self._known or not self._at_record():
            known = self._known
            skipped = self._scan()
            return _Lost("garbage", f"{skipped} bytes that begin no record") if known else _Strange(offset, skipped)
        end = self._header_end()
        if end is None:
            if len(feed.buffer) <= self._limits.max_header_bytes:
                feed.drop(len(feed.buffer))
                return self._cut_short("within its header")
            feed.drop(1)
            return _Lost("bad-record-header", f"no end within {self._limits.max_header_bytes} bytes; {self._resume()}")
        fields = dialect.fields(feed.take(end))
        length = dialect.length(fields)
        if length is None:
            shown = fields.get("content-length", "none")[:40]
            return _Lost("bad-content-length", f"Content-Length is {shown!r}; {self._resume(fresh=True)}")
        return self._block(offset, inner, fields, length)

    def _block(self, offset: int, inner: int, fields: Fields, length: int) -> RawRecord | _Lost:
        feed = self._feed
        keep = length <= self._cap
        watch = (self._distrust or not keep) and (feed.plain or self._shared)
        block, read = self._watched(length, keep) if watch else self._trusted(length, keep)
        blank = feed.blank()
        last = not feed.at_least(blank + 1)  # nothing follows in the section
        if read == length and (feed.damage is None if last else feed.at_member(blank) or self._at_record(blank)):
            feed.drop(blank)
            return RawRecord(offset, inner, fields, block if self._wanted(fields) else None, length)
        if read == length and last:
            feed.drop(blank)
            return self._cut_short(f"at its end, after {length} bytes")
        if block is not None and not watch and (feed.damage is None or feed.plain or self._shared):
            feed.at_least(self._dialect.max_line)  # the record may lie across the block's end
            swallowed = self._dialect.swallowed(block + memoryview(feed.buffer)[: self._dialect.max_line], fresh=True)
            if 0 <= swallowed < len(block):
                feed.put_back(block[swallowed:])
                self._distrust = True
                return _Lost("wrong-content-length", f"{length} bytes declared, a record begins after {swallowed}")
        if read < length and last:
            feed.drop(blank)
            return self._cut_short(f"after {read} of {length} bytes")
        if read < length:
            self._distrust = True
            return _Lost("wrong-content-length", f"{length} bytes declared, a record begins after {read}")
        return _Lost("wrong-content-length", f"no record begins after the {length} bytes declared; {self._resume()}")

    def _trusted(self, length: int, keep: bool) -> tuple[bytes | None, int]:
        feed, parts, read = self._feed, [], 0
        while read < length and feed.at_least(1):
            part = feed.take(length - read)
            read += len(part)
            if keep:
                parts.append(part)
        return b"".join(parts) if keep else None, read

    def _watched(self, length: int, keep: bool) -> tuple[bytes | None, int]:
        """As `_trusted`, but a record that begins within the block ends it."""
        feed, parts, read, overlap = self._feed, [], 0, self._dialect.max_line + LINE_ENDS
        while read < length and feed.at_least(1):
            more = feed.at_least(2 * overlap)
            start, left = self._dialect.swallowed(feed.buffer, fresh=not read), length - read
            found = 0 <= start < left
            # What may be the first part of a record is looked at again with what follows it.
            size = start if found else len(feed.buffer) - (overlap if more else 0)
            part = feed.take(left if not found and left <= len(feed.buffer) - overlap else min(size, left))
            read += len(part)
            if keep:
                parts.append(part)
            if found:
                break
        return b"".join(parts) if keep else None, read

    def _at_record(self, skip: int = 0) -> bool:
        """Whether a record begins at hand, after `skip` bytes."""
        feed = self._feed
        for size in (OVERLAP, self._dialect.max_line):
            complete = feed.at_least(skip + size)
            head = memoryview(feed.buffer)[skip : skip + size].tobytes()
            if b"\n" in head or not complete:
                break
        return self._dialect.begins(head)

    def _header_end(self) -> int | None:
        """Length of the header at hand, None when the section or the limit comes first."""
        feed, start = self._feed, 0
        while True:
            end = self._dialect.header_end(feed.buffer, start)
            if end is not None and end <= self._limits.max_header_bytes:
                return end
            start = max(len(feed.buffer) - 4, 0)
            if end is not None or len(feed.buffer) > self._limits.max_header_bytes or not feed.more():
                return None

    def _cut_short(self, place: str) -> _Lost:
        """The record ended with its section: by the section's damage, or with the file."""
        damage, self._feed.damage = self._feed.damage, None
        if damage:
            return _Lost(damage.reason, f"{damage.detail}; the record is cut {place}")
        return _Lost("truncated-record", f"the data ends {place}")

    def _resume(self, fresh: bool = False) -> str:
        return f"{self._scan(fresh)} bytes skipped"

    def _scan(self, fresh: bool = False) -> int:
        """Drop bytes up to where the next record of the section begins; their number.

        `fresh` says whether a line starts at hand, so that a record may too.
        """
        feed, skipped = self._feed, 0
        while True:
            start, dialect = self._find(fresh and not skipped)
            # What may be the first part of a record is looked at again with what follows it, and the line end before.
            size = start if start >= 0 else max(len(feed.buffer) - dialect.max_line - LINE_ENDS, 0)
            feed.drop(size)
            skipped += size
            if start >= 0:
                if not self._known:
                    self._adopt(dialect)
                return skipped
            if not feed.more():
                skipped += len(feed.buffer)
                feed.drop(len(feed.buffer))
                return skipped

    def _find(self, fresh: bool) -> tuple[int, Dialect]:
        """Where the first record at hand begins, -1 for none, and its dialect."""
        dialects = (self._dialect,) if self._known else (ARC, WARC)
        found = [(dialect.find(self._feed.buffer, fresh), dialect) for dialect in dialects]
        return min((item for item in found if item[0] >= 0), key=lambda item: item[0], default=(-1, dialects[0]))
