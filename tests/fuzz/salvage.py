"""Archives of one damaged record among sound ones: damage may cost the record it strikes and no other."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable

import zstandard

from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord
from tests.fuzz.archives import DICTIONARY, LIMITS, PAGE, TOKENS, ArchiveTarget
from tests.fuzz.mutation import mutate

PACKERS: list[Callable[[bytes], bytes]] = [
    lambda record: gzip.compress(record, 6, mtime=0),
    lambda record: gzip.compress(record, 0, mtime=0),
    zstandard.ZstdCompressor(write_checksum=True).compress,
    zstandard.ZstdCompressor(write_checksum=True, dict_data=DICTIONARY).compress,
]


class SalvageTarget(ArchiveTarget):
    """`read_archive` over archives compressed by record, of which one record is damaged."""

    name = "salvage"

    def __init__(self) -> None:
        super().__init__()
        self._sound: dict[str, bytes] = {}

    def make(self, rng: random.Random) -> bytes:
        """The archive; the sound records of the last one made are remembered for `check`."""
        arc = rng.randrange(4) == 0
        kind = rng.randrange(2 if arc else len(PACKERS))
        bodies = [PAGE * rng.choice([0, 1, 40]) + rng.randbytes(rng.choice([0, 100, 100_000])) for _ in range(6)]
        records = [(_arc if arc else _warc)(number, body) for number, body in enumerate(bodies)]
        struck = rng.randrange(arc, 6)
        if rng.randrange(2):
            records[struck] = mutate(rng, records[struck], TOKENS, most=2)
        packed = [PACKERS[kind](record) for record in records]
        if rng.randrange(4):
            packed[struck] = mutate(rng, packed[struck], TOKENS, most=2)
        if kind == 3:
            raw = DICTIONARY.as_bytes()
            packed.insert(0, b"\x5d\x2a\x4d\x18" + len(raw).to_bytes(4, "little") + raw)
        self._sound = {_uri(number): body for number, body in enumerate(bodies) if number != struck}
        return b"".join(packed)

    def check(self, data: bytes, rng: random.Random) -> None:
        """Every sound record is read, with its body."""
        super().check(data, rng)
        items = [item for item in read_archive(io.BytesIO(data), "x", LIMITS) if isinstance(item, ArchiveRecord)]
        found = {(item.uri, item.body) for item in items}
        lost = [uri for uri, body in self._sound.items() if (uri, body) not in found]
        assert not lost, f"lost: {lost}"


def _uri(number: int) -> str:
    return f"http://e.test/{number}"


def _warc(number: int, body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {_uri(number)}\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


def _arc(number: int, body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    return f"{_uri(number)} 1.2.3.4 20080430204826 text/html {len(block)}\n".encode() + block + b"\n"
