"""A Bloom filter of 64-bit hashes, made by a pipeline in pieces and loaded by the workers of the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from manifests.files import exists, join, read_bytes, write_bytes
from pipelines.runner import explained

BITS_PER_HASH = 16
MOST_BITS = 1 << 30
PIECE_BITS = 1 << 24

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def bits_for(hashes: int) -> int:
    """Bits of a filter of so many hashes, a power of two: 1 % of others pass, more where `MOST_BITS` is too few."""
    return int(min(MOST_BITS, 1 << max(10, (BITS_PER_HASH * hashes - 1).bit_length())))


def positions(level: int, hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """The two places [2, n] of each hash of a level in a filter of `bits`, a power of two."""
    shift = np.uint64(64 - (bits.bit_length() - 1))
    salted = hashes ^ np.uint64(0x517CC1B727220A95 * (level + 3) % (1 << 64))
    return np.stack([(salted * _FIRST) >> shift, ((salted ^ (salted >> np.uint64(32))) * _SECOND) >> shift])


def packed_positions(level: int, hashes: NDArray[np.uint64], bits: int) -> Iterator[tuple[int, bytes]]:
    """(piece, packed places within it) of the hashes of a level."""
    places = np.unique(positions(level, hashes, bits))
    piece = (places // np.uint64(PIECE_BITS)).astype(np.int64)
    for index in np.unique(piece).tolist():
        yield index, (places[piece == index] % np.uint64(PIECE_BITS)).astype("<u4").tobytes()


class WritePiece(beam.DoFn):
    """Writes one piece of a filter as its bits."""

    def __init__(self, work: str, folder: str) -> None:
        super().__init__()
        self._work, self._folder = work, folder

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields the piece's number."""
        piece, blocks = element
        taken = np.zeros(PIECE_BITS, bool)
        for block in blocks:
            taken[np.frombuffer(block, "<u4")] = True
        write_bytes(
            join(self._work, f"{self._folder}/{piece:03d}.bin"), np.packbits(taken, bitorder="little").tobytes()
        )
        yield piece


class Filter:
    """Hashes of documents, with false positives: of a build's own (`FILTER`), or of earlier ones (`SECOND_FILTER`)."""

    def __init__(self, work: str, folder: str, bits: int) -> None:
        self._bits = bits
        self._taken = np.zeros(-(-bits // PIECE_BITS) * PIECE_BITS // 8, np.uint8)
        for piece in range(-(-bits // PIECE_BITS)):
            url = join(work, f"{folder}/{piece:03d}.bin")
            if exists(url):
                start = piece * PIECE_BITS // 8
                self._taken[start : start + PIECE_BITS // 8] = np.frombuffer(read_bytes(url), np.uint8)

    def may_have(self, level: int, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which hashes of a level some document may have; all that one has are among them."""
        places = positions(level, hashes, self._bits)
        bits = self._taken[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & 1
        found: NDArray[np.bool_] = bits.all(axis=0)
        return found
