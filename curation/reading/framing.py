"""Records of WARC and ARC archives cut out of decompressed bytes, each with its place in the file.

FastWARC 2.0 is not used for this, because it loses records without a word: it stops at an empty gzip member, takes
a record cut short at the end of the file for a whole one, lets a too large Content-Length swallow the records that
follow, and ends at the first corrupt member (tests/curation/reading/test_archives.py holds each of these cases).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curation.reading.dialects import ARC, WARC, Fields
from curation.reading.members import Damage, MemberEnd, MemberStart, Readable, members
from curation.reading.records import ReadError, ReadingLimits

# What must be at hand to recognise the beginning of a record that lies across two blocks.
OVERLAP = 256
MAX_BLANK = 64 << 10


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


class _Feed:
    """A window over the decompressed bytes of one section after the other.

    A section is what one member holds, or several when a record runs on over a member's end.
    """

    def __init__(self, stream: Readable) -> None:
        self._events = members(stream)
        self._starts: deque[tuple[int, int]] = deque([(0, 0)])  # (decompressed, raw) of the members at hand
        self._ahead = b""  # the first bytes of the section that follows
        self._damage_ahead: Damage | None = None  # or what there is in its place
        self._ended = True
        self._fresh = True  # nothing has been read of the section yet
        self.buffer = bytearray()
        self.position = 0  # decompressed bytes before buffer[0]
        self.damage: Damage | None = None  # what ended the section, if it did not end well
        self.plain = False
        self.member_is_record = False  # set for ARC, where nothing marks a record that runs on

    def next_section(self) -> bool:
        """Go to the next section; False at the end of the file."""
        self.drop(len(self.buffer))
        if self._damage_ahead:
            self.damage, self._damage_ahead = self._damage_ahead, None
            return True
        self.damage = None
        self.buffer += self._ahead
        self._fresh = not self._ahead
        self._ended, self._ahead = False, b""
        return bool(self.buffer) or self.more() or self.damage is not None

    def more(self) -> bool:
        """Append what follows in the section; False at its end, with `damage` set if that is not a good one."""
        between = False  # members
        while not self._ended:
            event = next(self._events, None)
            if event is None:
                self._ended = True
            elif isinstance(event, Damage):
                self._ended = True
                if between and not self._fresh:
                    self._damage_ahead = event
                else:
                    self.damage = event
            elif isinstance(event, MemberStart):
                self.plain, between = not event.compressed, True
                place = self.position + len(self.buffer)
                if self._starts[-1][0] == place:  # the member before was empty; a file may be full of such
                    self._starts.pop()
                self._starts.append((place, event.offset))
            elif isinstance(event, MemberEnd):
                between = True
            else:
                if between and not self._fresh and (self.member_is_record or event.startswith(b"WARC/")):
                    self._ahead, self._ended = event, True
                    return False
                self._fresh = False
                self.buffer += event
                return True
        return False

    def at_least(self, size: int) -> bool:
        """Read until `size` bytes are at hand; False when the section ends before."""
        while len(self.buffer) < size:
            if not self.more():
                return False
        return True

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or what is at hand if that is less."""
        taken = bytes(memoryview(self.buffer)[:size])
        self.drop(size)
        return taken

    def drop(self, size: int) -> None:
        size = min(size, len(self.buffer))
        del self.buffer[:size]
        self.position += size

    def put_back(self, data: bytes) -> None:
        self.buffer[0:0] = data
        self.position -= len(data)

    def place(self) -> tuple[int, int]:
        """Of the next byte: offset in the file of the member that holds it, and offset within that member."""
        if self.plain:
            return self.position, 0
        while len(self._starts) > 1 and self._starts[1][0] <= self.position:
            self._starts.popleft()
        start, raw = self._starts[0]
        return raw, max(self.position - start, 0)

    def at_member(self, skip: int) -> bool:
        """Whether another member begins after `skip` bytes."""
        return any(start == self.position + skip for start, _ in self._starts)

    def blank(self) -> int:
        """Number of line-end bytes at hand before something else or the section's end."""
        count = 0
        while self.at_least(count + 1) and count < MAX_BLANK:
            rest = memoryview(self.buffer)[count : count + OVERLAP].tobytes()
            found = len(rest) - len(rest.lstrip(b"\r\n"))
            count += found
            if found < len(rest):
                break
        return count


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
        self._feed = _Feed(stream)
        self._uri, self._limits, self._wanted = uri, limits, wanted
        self._dialect = WARC
        self._cap = limits.max_record_bytes + limits.max_header_bytes
        # Content-Length is believed until it has been caught lying; from then on a record that begins within a
        # block ends the block. Believing on would read the same bytes again and again.
        self._distrust = False
        self._shared = False  # whether a member has been seen that holds more than one record
        self._records = 0

    def run(self) -> Iterator[RawRecord | ReadError]:
        feed, seen = self._feed, False
        while feed.next_section():
            if feed.buffer and not seen:
                self._learn_dialect()
            seen = True
            while True:
                feed.drop(feed.blank())
                if not feed.buffer:
                    break
                offset, inner = feed.place()
                self._shared |= inner > 0
                record = self._record(offset, inner)
                if isinstance(record, RawRecord):
                    self._records += 1
                    yield record
                else:
                    yield ReadError(self._uri, offset, record.reason, record.detail)
            if feed.damage:
                yield ReadError(self._uri, feed.damage.offset, feed.damage.reason, feed.damage.detail)
        if not seen:
            yield ReadError(self._uri, 0, "empty-file", "the file holds no bytes")

    def _learn_dialect(self) -> None:
        feed = self._feed
        feed.at_least(OVERLAP)
        if not WARC.begins(feed.buffer) and (feed.buffer.startswith(b"filedesc:") or ARC.begins(feed.buffer)):
            self._dialect, feed.member_is_record = ARC, True

    def _record(self, offset: int, inner: int) -> RawRecord | _Lost:
        feed, dialect = self._feed, self._dialect
        feed.at_least(OVERLAP)
        if not self._at_record():
            skipped = self._scan()
            if not self._records and not feed.buffer and feed.damage is None:
                return _Lost("not-an-archive", f"no WARC or ARC record in {skipped} bytes")
            return _Lost("garbage", f"{skipped} bytes that begin no record")
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
            return _Lost("bad-content-length", f"Content-Length is {shown!r}; {self._resume()}")
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
            swallowed = self._dialect.swallowed(block + memoryview(feed.buffer)[: self._dialect.max_line])
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
        feed, parts, read, overlap = self._feed, [], 0, self._dialect.max_line
        while read < length and feed.at_least(1):
            more = feed.at_least(2 * overlap)
            start, left = self._dialect.swallowed(feed.buffer), length - read
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

    def _resume(self) -> str:
        return f"{self._scan()} bytes skipped"

    def _scan(self) -> int:
        """Drop bytes up to where the next record of the section begins; their number."""
        feed, skipped = self._feed, 0
        while True:
            start = self._dialect.find(feed.buffer)
            size = start if start >= 0 else max(len(feed.buffer) - self._dialect.max_line, 0)
            feed.drop(size)
            skipped += size
            if start >= 0:
                return skipped
            if not feed.more():
                skipped += len(feed.buffer)
                feed.drop(len(feed.buffer))
                return skipped
