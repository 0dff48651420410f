"""Compressed archives as decompressed bytes, with the place of every compressed member.

A damaged member costs only itself: reading goes on at the next one that really begins a record.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Protocol

import zstandard

from curation.reading.codecs import (
    DECODING_ERRORS,
    DICTIONARY_FRAME,
    GZIP,
    MAX_SKIPPABLE,
    PIECE,
    SKIPPABLE_FRAME,
    SNIFF_BYTES,
    ZSTD,
    Codec,
    beginning,
    codec_of,
    load_dictionary,
)

RAW_BLOCK = 256 << 10  # bytes asked of the stream at a time
# A decoder that runs into the next member by accident notices within the 64 KiB of a stored block.
LOOK_BACK = 1 << 20
MAX_LOOK_BACKS = 64  # whole ones, beyond four times the bytes read: members made to lie within one another
BOMB_BYTES = 256 << 20  # of one member; four times as much of a whole file
BOMB_RATIO = 200  # HTML reaches 20 or so; zeros reach 1,032 with gzip and far more with zstd

BOMB = "decompression-bomb"
RECORD_START = re.compile(rb"[\r\n]{0,8}(?:WARC/\d|(?:filedesc|https?|dns):)")


@dataclass(frozen=True, slots=True)
class MemberStart:
    """A member begins at byte `offset` of the raw stream; a file without compression is one member."""

    offset: int
    compressed: bool = True


@dataclass(frozen=True, slots=True)
class MemberEnd:
    """The member that began last ended as it should."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Raw bytes that are no sound member; `offset` is where the member or the stretch begins."""

    offset: int
    reason: str
    detail: str


Event = MemberStart | MemberEnd | Damage | bytes


class HashingReader:
    """Passes a stream through and digests its raw bytes on the way, so that the digest costs no second pass."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._sha256 = hashlib.sha256()
        self._bytes = 0

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._bytes

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all that are left for -1; empty at the end."""
        block = self._stream.read(size)
        self._sha256.update(block)
        self._bytes += len(block)
        return block

    def finish(self) -> tuple[str, int]:
        """Read to the end; the hex SHA-256 and the number of all bytes read."""
        while self.read(RAW_BLOCK):
            pass
        return self._sha256.hexdigest(), self._bytes


class Readable(Protocol):
    """The one method reading needs of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty at the end."""


class _Window:
    """The raw stream with the last `LOOK_BACK` bytes kept, so that reading can go back to a member it ran over."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._first = 0  # raw offset of _kept[0]
        self._ended = False

    def ensure(self, end: int) -> bool:
        """Read until raw offset `end` is at hand; False when the stream ends before."""
        while not self._ended and self._first + len(self._kept) < end:
            block = self._stream.read(RAW_BLOCK)
            self._kept += block
            self._ended = not block
        return self._first + len(self._kept) >= end

    @property
    def end(self) -> int:
        return self._first + len(self._kept)

    @property
    def first(self) -> int:
        return self._first

    def cut(self, start: int, end: int) -> bytes:
        return bytes(self._kept[start - self._first : end - self._first])

    def find(self, pattern: bytes, start: int) -> int:
        """Raw offset of `pattern` at or after `start` among the bytes at hand, -1 for none."""
        found = self._kept.find(pattern, start - self._first)
        return found if found < 0 else found + self._first

    def forget(self, offset: int) -> None:
        """Let go of what is more than `LOOK_BACK` before `offset`."""
        surplus = offset - LOOK_BACK - self._first
        if surplus > LOOK_BACK:
            del self._kept[:surplus]
            self._first += surplus


def members(stream: Readable) -> Iterator[Event]:
    """The events of `stream`, whatever its compression; a plain file is one member.

    Memory is bounded by some MiB. OSError of the stream itself (a dropped connection, a bad disk) is passed on.
    """
    window = _Window(stream)
    codec = _codec_of_file(window)
    if codec is not None:
        yield from _compressed(window, codec)
    elif window.end:
        yield MemberStart(0, compressed=False)
        position = 0
        while window.ensure(position + RAW_BLOCK) or position < window.end:
            end = min(position + RAW_BLOCK, window.end)
            yield window.cut(position, end)
            window.forget(end)
            position = end
        yield MemberEnd()


def _compressed(window: _Window, codec: Codec) -> Iterator[Event]:
    offset = produced = looked_back = 0
    while window.ensure(offset + 1):
        if produced > 4 * BOMB_BYTES and produced > BOMB_RATIO * offset:
            yield Damage(offset, BOMB, f"{produced} bytes from {offset} of {codec.name}; the rest is not read")
            return
        window.ensure(offset + 4)
        head = window.cut(offset, min(offset + 4, window.end))
        if codec.name == "zstd" and SKIPPABLE_FRAME.match(head):
            try:
                end = _skippable_end(window, offset)
                if head == DICTIONARY_FRAME:
                    codec = replace(codec, dictionary=load_dictionary(window.cut(offset + 8, end)))
                    produced += len(codec.dictionary or b"")
                elif window.ensure(end + 4) and not codec.begins(window.cut(end, end + 4)):
                    raise zstandard.ZstdError(f"no frame follows where a frame to be skipped ends, at byte {end}")
                offset = end
            except zstandard.ZstdError as error:
                following = _next_member(window, codec, offset + 1)
                yield Damage(offset, "zstd-dictionary" if head == DICTIONARY_FRAME else "zstd-corrupt", str(error))
                offset = following
            window.forget(offset)
            continue
        if not codec.begins(head):
            following = _next_member(window, codec, offset + 1)
            yield Damage(offset, "garbage", f"{following - offset} bytes that are no {codec.name} member")
            offset = following
            continue
        member = _Member(window, codec, offset)
        yield MemberStart(offset)
        yield from member.run()
        produced += member.produced
        if member.problem is None:
            yield MemberEnd()
            offset = member.position
        else:
            reason, detail = member.problem
            resume = member.position
            if reason != BOMB and looked_back <= MAX_LOOK_BACKS * LOOK_BACK + 4 * offset:
                resume = max(offset + 1, resume - LOOK_BACK)
                looked_back += member.position - resume
            following = _next_member(window, codec, resume)
            yield Damage(offset, reason, detail)
            offset = following


def _skippable_end(window: _Window, offset: int) -> int:
    """Where the dictionary or extension frame at `offset` ends.

    Raises:
        zstandard.ZstdError: its size cannot be right: a damaged one would make the rest of the file vanish.
    """
    start = offset + 8
    size = int.from_bytes(window.cut(offset + 4, start), "little") if window.ensure(start) else 0
    if size > MAX_SKIPPABLE:
        raise zstandard.ZstdError(f"a frame to be skipped of {size} bytes, the limit is {MAX_SKIPPABLE}")
    end = start + size
    if not window.ensure(end):
        raise zstandard.ZstdError("the file ends within a frame to be skipped")
    return end


class _Member:
    """One compressed member: `run` yields its text; then `position` is its end, or `problem` says what went wrong."""

    def __init__(self, window: _Window, codec: Codec, offset: int) -> None:
        self._window, self._codec, self._offset = window, codec, offset
        self.position = offset
        self.produced = 0
        self.problem: tuple[str, str] | None = None  # reason and detail; `position` is then how far it was read

    def run(self) -> Iterator[bytes]:
        window, name = self._window, self._codec.name
        decoder = self._codec.new()
        while not decoder.eof:
            # Full pieces whatever the stream gives at a time, so that the same bytes are always read the same way.
            if not window.ensure(self.position + PIECE) and window.end <= self.position:
                self.problem = (f"{name}-truncated", f"the file ends within a {name} member")
                return
            piece = window.cut(self.position, min(self.position + PIECE, window.end))
            self.position += len(piece)
            try:
                for text in decoder.feed(piece):
                    self.produced += len(text)
                    if text:
                        yield text
                    read = self.position - self._offset
                    if self.produced > BOMB_BYTES and self.produced > BOMB_RATIO * read:
                        self.problem = (BOMB, f"{self.produced} bytes from {read} of {name}")
                        return
            except DECODING_ERRORS as error:
                self.problem = (f"{name}-corrupt", f"{name} member: {error}")
                return
            window.forget(self.position)
        self.position -= len(decoder.unused_data)


def _codec_of_file(window: _Window) -> Codec | None:
    """The compression of a file, also when the first of its members is damaged."""
    window.ensure(SNIFF_BYTES)
    head = window.cut(0, min(SNIFF_BYTES, window.end))
    codec = codec_of(head[:4])
    if codec is None and head and not RECORD_START.match(head):
        window.ensure(LOOK_BACK)
        return next((known for known in (GZIP, ZSTD) if _member_at_hand(window, known, 0) >= 0), None)
    return codec


def _next_member(window: _Window, codec: Codec, start: int) -> int:
    """Raw offset of the first member at or after `start` whose text begins like a record; the end if none does."""
    position = max(start, window.first)
    while True:
        found = _member_at_hand(window, codec, position)
        if found >= 0:
            return found
        position = max(position, window.end - len(codec.magic) + 1)
        window.forget(position)
        if not window.ensure(window.end + 1):
            return window.end


def _member_at_hand(window: _Window, codec: Codec, start: int) -> int:
    """As `_next_member` among the bytes at hand (and the few a trial needs after them), -1 for none."""
    found = window.find(codec.magic, start)
    while found >= 0:
        window.ensure(found + codec.trial)
        head = window.cut(found, min(found + codec.trial, window.end))
        if not _is_no_gzip(head, codec) and RECORD_START.match(beginning(head, codec)):
            return found
        found = window.find(codec.magic, found + 1)
    return -1


def _is_no_gzip(head: bytes, codec: Codec) -> bool:
    """A quick no to bytes that only look like a gzip member; a file may be full of them."""
    if codec.name == "gzip":
        try:
            zlib.decompressobj(31).decompress(head[:64])
        except zlib.error:
            return True
    return False
