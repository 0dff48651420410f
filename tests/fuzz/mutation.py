"""Ways to damage bytes, each linear in their number."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_DIGITS = re.compile(rb"[0-9]{1,18}")
NUMBERS = [b"0", b"1", b"-1", b"7", b"255", b"65536", b"99999", b"2147483648", b"999999999999999999", b"1e9", b""]


def _place(rng: random.Random, data: bytearray) -> int:
    """A place in `data`, often near its ends, where headers and checksums are."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randrange(min(len(data), 64) + 1)
    if kind == 1:
        return max(len(data) - rng.randrange(64), 0)
    return rng.randrange(len(data) + 1)


def _length(rng: random.Random, data: bytearray) -> int:
    return 1 + rng.randrange(1 << rng.randrange(1, max(len(data).bit_length(), 2)))


def _flip(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    for _ in range(1 + rng.randrange(8)):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    place, size = _place(rng, data), min(_length(rng, data), 4096)
    data[place : place + size] = rng.randbytes(size) if rng.randrange(2) else bytes([rng.randrange(256)]) * size


def _delete(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    place = _place(rng, data)
    del data[place : place + _length(rng, data)]


def _repeat(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    place = _place(rng, data)
    part = data[place : place + _length(rng, data)]
    times = rng.choice([1, 1, 2, 10, 200])
    data[place:place] = part[: 2_000_000 // times] * times


def _move(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    place, size = _place(rng, data), _length(rng, data)
    part = data[place : place + size]
    del data[place : place + size]
    there = _place(rng, data)
    data[there:there] = part


def _cut(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    del data[_place(rng, data) :]


def _insert(rng: random.Random, data: bytearray, tokens: Sequence[bytes]) -> None:
    place = _place(rng, data)
    token = rng.choice(tokens)
    data[place:place] = token * rng.choice([1, 1, 1, 2, 50])


def _number(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    start = _place(rng, data)
    if match := _DIGITS.search(data, start):
        near = str(max(int(match.group()) + rng.randrange(-20, 20), 0)).encode()
        data[match.start() : match.end()] = rng.choice([*NUMBERS, near, near])


def _line_ends(rng: random.Random, data: bytearray, _tokens: Sequence[bytes]) -> None:
    old, new = rng.choice([(b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r\n\r\n", b"\r\n"), (b"\r", b"\r\r"), (b"\n", b"")])
    place = _place(rng, data)
    data[place:] = data[place:].replace(old, new, rng.choice([-1, 1, 5]))


MUTATIONS: list[Callable[[random.Random, bytearray, Sequence[bytes]], None]] = [
    _flip, _overwrite, _delete, _repeat, _move, _cut, _insert, _insert, _number, _line_ends,
]  # fmt: skip


def mutate(rng: random.Random, data: bytes, tokens: Sequence[bytes], most: int = 6) -> bytes:
    """`data` after one to `most` random changes; `tokens` are bytes that mean something in the format."""
    changed = bytearray(data)
    for _ in range(1 + rng.randrange(most)):
        rng.choice(MUTATIONS)(rng, changed, tokens)
    return bytes(changed)
