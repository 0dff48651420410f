"""What reading costs: peak memory in a process of its own, and the work a hostile file can cause."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Reads the archive whose pieces the code in argv[1] yields; prints documents, errors and MiB by which memory grew.
READER = """
import gzip, resource, sys, zlib
from collections import Counter
from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits
from tests.curation.reading.archive_bytes import http, record, zipped

class Stream:
    def __init__(self, pieces):
        self._pieces, self._rest = pieces, b""
    def read(self, size=-1):
        if not self._rest:
            self._rest = next(self._pieces, b"")
        block, self._rest = self._rest[:size], self._rest[size:]
        return block

exec(sys.argv[1])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
list(read_archive(Stream(iter([zipped(record("warm", http(b"x" * 100_000)))])), "x", ReadingLimits()))
before, counts = peak(), Counter()
for item in read_archive(Stream(pieces()), "x", ReadingLimits()):
    counts["document" if isinstance(item, ArchiveRecord) else getattr(item, "reason", "skipped")] += 1
print(dict(sorted(counts.items())), peak() - before)
"""


def read_apart(code: str) -> tuple[str, int]:
    """What is in the archive that `pieces` of `code` yields, and MiB of memory that reading it took."""
    command = [sys.executable, "-c", READER, code]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    counts, _, grown = output.strip().rpartition(" ")
    return counts, int(grown)


MANY = """
def pieces():
    page = record("p", http(b"<p>words</p>" * 8000))
    for _ in range({count}):
        yield {pack}(page)
"""


@pytest.mark.parametrize("pack", ["bytes", "zipped"])
def test_memory_does_not_grow_with_the_archive(pack: str) -> None:
    short, long = (read_apart(MANY.format(count=count, pack=pack)) for count in (50, 1000))
    assert (short[0], long[0]) == ("{'document': 50, 'skipped': 1}", "{'document': 1000, 'skipped': 1}")
    assert long[1] <= short[1] + 4


PADDED = """
def pieces():
    import zstandard
    yield zstandard.compress(record("a"))
    for _ in range(40):
        yield b"\\x50\\x2a\\x4d\\x18\\0\\0\\x40\\0" + bytes(4 << 20)
    yield zstandard.compress(record("b"))
"""


def test_frames_to_be_skipped_take_little_memory() -> None:
    counts, grown = read_apart(PADDED)
    assert counts == "{'document': 2, 'skipped': 1}"
    assert grown <= 32


HUGE = """
def pieces():
    yield record("a")
    yield record("b", b"", length=200 << 20)[:-4]
    for _ in range(800):
        yield b"some words " * 23831 + b"abc"  # a quarter of a MiB
    yield b"\\r\\n\\r\\n" + record("c")
"""


def test_a_record_of_200_mb_is_counted_in_little_memory() -> None:
    counts, grown = read_apart(HUGE)
    assert counts == "{'document': 2, 'skipped': 1, 'too-large': 1}"
    assert grown <= 24


BOMB = """
def pieces():
    yield zipped(record("a"))
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield pack.compress(record("b", b"", length=10 << 30)[:-4])
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = zeros.compress(bytes(64 << 20)) + zeros.flush(zlib.Z_FULL_FLUSH)
    yield pack.flush(zlib.Z_FULL_FLUSH)
    for _ in range(160):  # 10 GiB in 10 MB
        yield block
    yield zipped(record("c"))
"""


def test_a_bomb_of_10_gb_is_counted_in_bounded_time_and_memory() -> None:
    counts, grown = read_apart(BOMB)
    assert counts == "{'decompression-bomb': 1, 'document': 2, 'skipped': 1}"
    assert grown <= 24
