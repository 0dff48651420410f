"""Decoders for the compressed members of an archive: gzip, and zstd with the dictionary that `.warc.zst` may carry."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import zstandard

TEXT_BLOCK = 256 << 10  # most bytes that a gzip decoder yields at a time
PIECE = 16 << 10  # compressed bytes to feed at a time: `unused_data` copies the rest at every member's end
ZSTD_PIECE = 256  # 64 blocks at most, each of 128 KiB at most: the only bound zstd's streaming object offers
ZSTD_MAX_WINDOW = 128 << 20
ZSTD_MAX_BLOCK = 128 << 10
GZIP_TRIAL = 4 << 10  # bytes of a member that show how its text begins
ZSTD_TRIAL = ZSTD_MAX_BLOCK + 32  # a block's text comes all at once
SNIFF_BYTES = ZSTD_TRIAL
# What a reader must support, compressed or not, by the IIPC's "Zstandard Compression for WARC Files 1.0".
MAX_DICTIONARY = 8 << 20
MAX_SKIPPABLE = 8 << 20  # bytes of a dictionary or extension frame

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE_FRAME = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
DICTIONARY_FRAME = b"\x5d\x2a\x4d\x18"
DICTIONARY_MAGIC = b"\x37\xa4\x30\xec"

DECODING_ERRORS = (zlib.error, zstandard.ZstdError)


class Decoder(Protocol):
    """Decompresses one member, fed piece by piece."""

    @property
    def eof(self) -> bool:
        """Whether the member's end has been reached."""

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the member's end."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The text of `piece`; raises one of `DECODING_ERRORS` after all that is sound has been yielded."""


class Inflater:
    """zlib's decoder; `window` is 31 for gzip, 15 for zlib's own frame, -15 for a bare deflate stream."""

    def __init__(self, window: int = 31) -> None:
        self._zlib = zlib.decompressobj(window)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        while piece and not self._zlib.eof:
            before = self._zlib.copy()
            try:
                text = self._zlib.decompress(piece, TEXT_BLOCK)
            except zlib.error:
                # zlib drops what it had decompressed of this piece: whole records, where a member holds many.
                yield from _sound(before, piece)
                raise
            yield text
            piece = self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        """See `Decoder`."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """See `Decoder`."""
        return self._zlib.unused_data


def _sound(decoder: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """The text of `piece` up to the byte that is damaged, which halving finds."""
    while piece:
        half = (len(piece) + 1) // 2
        before = decoder.copy()
        try:
            yield decoder.decompress(piece[:half])
            piece = piece[half:]
        except zlib.error:
            if half == len(piece):
                return
            decoder, piece = before, piece[:half]


class Unzstd:
    """zstd's decoder for one frame; a skippable frame has no text."""

    def __init__(self, dictionary: zstandard.ZstdCompressionDict | None = None) -> None:
        self._zstd = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=ZSTD_MAX_WINDOW).decompressobj()
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """See `Decoder`."""
        for place in range(0, len(piece), ZSTD_PIECE):
            if self._zstd.eof:
                self._rest = piece[place:]
                return
            yield self._zstd.decompress(piece[place : place + ZSTD_PIECE])

    @property
    def eof(self) -> bool:
        """See `Decoder`."""
        return bool(self._zstd.eof)

    @property
    def unused_data(self) -> bytes:
        """See `Decoder`."""
        return bytes(self._zstd.unused_data) + self._rest


@dataclass(frozen=True, slots=True)
class Codec:
    """One compression: how a member begins, and what decodes it."""

    name: Literal["gzip", "zstd"]
    magic: bytes
    dictionary: zstandard.ZstdCompressionDict | None = None

    @property
    def trial(self) -> int:
        """Bytes of a member that show how its text begins."""
        return GZIP_TRIAL if self.name == "gzip" else ZSTD_TRIAL

    def new(self) -> Decoder:
        """A decoder for one member."""
        return Inflater() if self.name == "gzip" else Unzstd(self.dictionary)

    def begins(self, head: bytes) -> bool:
        """Whether a member, or a frame to be skipped, begins with `head`."""
        known = codec_of(head)
        return known is not None and known.name == self.name


GZIP = Codec("gzip", GZIP_MAGIC)
ZSTD = Codec("zstd", ZSTD_MAGIC)


def codec_of(head: bytes) -> Codec | None:
    """The compression that `head`, the first bytes of a file, begins with; None for none that is known."""
    if head.startswith(GZIP_MAGIC):
        return GZIP
    if head.startswith(ZSTD_MAGIC) or SKIPPABLE_FRAME.match(head):
        return ZSTD
    return None


def load_dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    """The dictionary that a dictionary frame holds, itself compressed or not.

    Raises:
        zstandard.ZstdError: it is none, or unpacks to more than `MAX_DICTIONARY` bytes.
    """
    if data.startswith(ZSTD_MAGIC):
        reader = zstandard.ZstdDecompressor(max_window_size=MAX_DICTIONARY).stream_reader(data)
        data = reader.read(MAX_DICTIONARY + 1)
        if len(data) > MAX_DICTIONARY:
            raise zstandard.ZstdError(f"the dictionary unpacks to more than {MAX_DICTIONARY} bytes")
    if not data.startswith(DICTIONARY_MAGIC):
        raise zstandard.ZstdError("the dictionary frame holds no dictionary")
    dictionary = zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)
    Unzstd(dictionary)  # only its use tells whether its tables are sound
    return dictionary


def beginning(head: bytes, codec: Codec | None) -> bytes:
    """The first decompressed bytes of the member that starts with the bytes `head`, as far as it is sound.

    `head` need not be more than `SNIFF_BYTES`.
    """
    if codec is None:
        return head
    size = codec.trial if codec.name == "gzip" else _first_block_end(head)
    text = b""
    try:
        for part in codec.new().feed(head[:size]) if size else ():
            text += part
            if len(text) >= 64:
                break
    except DECODING_ERRORS:
        pass
    return text


def _first_block_end(head: bytes) -> int:
    """Where the first block of a zstd frame ends (RFC 8878, section 3.1.1), 0 when `head` begins no frame.

    Bytes that only look like a frame are told apart without a decoder: a file may be full of them, and the few bytes
    after the first block may unpack to megabytes. No record begins with a block of one repeated byte.
    """
    if len(head) < 6 or not head.startswith(ZSTD_MAGIC) or head[4] & 0x08:
        return 0
    single, place = head[4] >> 5 & 1, 5
    place += (1 - single) + (0, 1, 2, 4)[head[4] & 3] + ((single, 2, 4, 8)[head[4] >> 6])
    block = int.from_bytes(head[place : place + 3], "little")
    kind, size = block >> 1 & 3, block >> 3
    if len(head) < place + 3 or kind not in (0, 2) or size > ZSTD_MAX_BLOCK:
        return 0
    return place + 3 + size
