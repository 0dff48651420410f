"""A window over the decompressed bytes of an archive, section by section, that knows where in the file they are."""

from __future__ import annotations

from collections import deque

from curation.reading.members import Damage, MemberEnd, MemberStart, Readable, members

# What must be at hand to recognise the beginning of a record that lies across two blocks.
OVERLAP = 256
MAX_BLANK = 64 << 10


class Feed:
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
        # False for WARC, whose records may run on over a member's end; nothing in ARC marks such a record.
        self.member_is_record = True

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
        """Let go of the next `size` bytes."""
        size = min(size, len(self.buffer))
        del self.buffer[:size]
        self.position += size

    def rejoin(self) -> None:
        """Go on with the member ahead, after all, where it does not begin a record."""
        if self._ahead and not self._ahead.startswith(b"WARC/"):
            self.buffer += self._ahead
            self._ended, self._ahead = False, b""

    def put_back(self, data: bytes) -> None:
        """Undo having taken `data`."""
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
