"""Compressed archives as decompressed bytes, with the place of every compressed member.

A damaged member costs only itself: reading goes on at the next one that really begins a record.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol, cast

import zstandard

RAW_BLOCK = 256 << 10  # bytes asked of the stream at a time
TEXT_BLOCK = 256 << 10  # most decompressed bytes of one event
GZIP_PIECE = 16 << 10  # `unused_data` copies the rest of a piece at every member's end: keep pieces small
ZSTD_PIECE = 256  # 64 blocks at most, each of 128 KiB at most: the only bound zstd's streaming object offers
# A decoder that runs into the next member by accident notices within the 64 KiB of a stored block.
LOOK_BACK = 1 << 20
TRIAL_BYTES = 4096
BOMB_BYTES = 256 << 20
BOMB_RATIO = 200  # HTML reaches 20 or so; zeros reach 1,032 with gzip and far more with zstd
ZSTD_MAX_WINDOW = 128 << 20

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE_FRAME = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
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


class _Decoder(Protocol):
    eof: bool
    unused_data: bytes

    def feed(self, piece: bytes) -> Iterator[bytes]: ...


class _Gzip:
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(31)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        while piece and not self._zlib.eof:
            before = self._zlib.copy()
            try:
                text = self._zlib.decompress(piece, TEXT_BLOCK)
            except zlib.error:
                # zlib drops what it had decompressed of this piece: whole records, where a member holds many.
                yield from _bytewise(before, piece)
                raise
            yield text
            piece = self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


def _bytewise(decoder: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """The text of `piece` up to the byte that is damaged."""
    for place in range(len(piece)):
        try:
            yield decoder.decompress(piece[place : place + 1])
        except zlib.error:
            return


class _Zstd:
    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW).decompressobj()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        yield self._zstd.decompress(piece)

    @property
    def eof(self) -> bool:
        return bool(self._zstd.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._zstd.unused_data)


@dataclass(frozen=True, slots=True)
class _Codec:
    name: str
    magic: bytes
    piece: int
    new: Callable[[], _Decoder]


_GZIP = _Codec("gzip", GZIP_MAGIC, GZIP_PIECE, cast("Callable[[], _Decoder]", _Gzip))
_ZSTD = _Codec("zstd", ZSTD_MAGIC, ZSTD_PIECE, cast("Callable[[], _Decoder]", _Zstd))


def codec_of(head: bytes) -> _Codec | None:
    """The compression that `head`, the first bytes of a file, begins with; None for none that is known."""
    if head.startswith(GZIP_MAGIC):
        return _GZIP
    if head.startswith(ZSTD_MAGIC) or SKIPPABLE_FRAME.match(head):
        return _ZSTD
    return None


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
        yield window.cut(0, window.end)
        while block := stream.read(RAW_BLOCK):
            yield block
        yield MemberEnd()


def _compressed(window: _Window, codec: _Codec) -> Iterator[Event]:
    offset = 0
    while window.ensure(offset + 1):
        window.ensure(offset + 4)
        if codec_of(window.cut(offset, min(offset + 4, window.end))) is not codec:
            following = _next_member(window, codec, offset + 1)
            yield Damage(offset, "garbage", f"{following - offset} bytes that are no {codec.name} member")
            offset = following
            continue
        member = _Member(window, codec, offset)
        yield MemberStart(offset)
        yield from member.run()
        if member.problem is None:
            yield MemberEnd()
            offset = member.position
        else:
            reason, detail, resume = member.problem
            following = _next_member(window, codec, resume)
            yield Damage(offset, reason, detail)
            offset = following


class _Member:
    """One compressed member: `run` yields its text; then `position` is its end, or `problem` says what went wrong."""

    def __init__(self, window: _Window, codec: _Codec, offset: int) -> None:
        self._window, self._codec, self._offset = window, codec, offset
        self.position = offset
        # reason, detail, and the raw offset from which to look for the next member
        self.problem: tuple[str, str, int] | None = None

    def run(self) -> Iterator[bytes]:
        window, name = self._window, self._codec.name
        decoder, produced = self._codec.new(), 0
        while not decoder.eof:
            if not window.ensure(self.position + 1):
                self.problem = (f"{name}-truncated", f"the file ends within a {name} member", self._look_back())
                return
            piece = window.cut(self.position, min(self.position + self._codec.piece, window.end))
            self.position += len(piece)
            try:
                for text in decoder.feed(piece):
                    produced += len(text)
                    if text:
                        yield text
                    if produced > BOMB_BYTES and produced > BOMB_RATIO * (self.position - self._offset):
                        detail = f"{produced} bytes from {self.position - self._offset} of {name}: a bomb"
                        self.problem = ("decompression-bomb", detail, self.position)
                        return
            except (zlib.error, zstandard.ZstdError) as error:
                self.problem = (f"{name}-corrupt", f"{name} member: {error}", self._look_back())
                return
            window.forget(self.position)
        self.position -= len(decoder.unused_data)

    def _look_back(self) -> int:
        return max(self._offset + 1, self.position - LOOK_BACK)


def _codec_of_file(window: _Window) -> _Codec | None:
    """The compression of a file, also when the first of its members is damaged."""
    window.ensure(TRIAL_BYTES)
    head = window.cut(0, min(TRIAL_BYTES, window.end))
    codec = codec_of(head[:4])
    if codec is None and head and not RECORD_START.match(head):
        window.ensure(LOOK_BACK)
        return next((known for known in (_GZIP, _ZSTD) if _member_at_hand(window, known, 0) >= 0), None)
    return codec


def _next_member(window: _Window, codec: _Codec, start: int) -> int:
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


def _member_at_hand(window: _Window, codec: _Codec, start: int) -> int:
    """As `_next_member` among the bytes at hand (and the few a trial needs after them), -1 for none."""
    found = window.find(codec.magic, start)
    while found >= 0:
        window.ensure(found + TRIAL_BYTES)
        head = window.cut(found, min(found + TRIAL_BYTES, window.end))
        if not _is_no_gzip(head, codec) and RECORD_START.match(beginning(head, codec)):
            return found
        found = window.find(codec.magic, found + 1)
    return -1


def _is_no_gzip(head: bytes, codec: _Codec) -> bool:
    """A quick no to bytes that only look like a gzip member; a file may be full of them."""
    if codec is _GZIP:
        try:
            zlib.decompressobj(31).decompress(head[:64])
        except zlib.error:
            return True
    return False


def beginning(head: bytes, codec: _Codec | None) -> bytes:
    """The first decompressed bytes of the member that starts with the bytes `head`, as far as it is sound."""
    if codec is None:
        return head
    decoder, text = codec.new(), b""
    try:
        for place in range(0, len(head), codec.piece):
            for part in decoder.feed(head[place : place + codec.piece]):
                text += part
                if len(text) >= 64:
                    return text
            if decoder.eof:
                break
    except (zlib.error, zstandard.ZstdError):
        pass
    return text
