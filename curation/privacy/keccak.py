"""Keccak-256 as Ethereum uses it: the padding differs from that of SHA3-256, so hashlib has it not."""

from __future__ import annotations

_MASK = (1 << 64) - 1
_RATE = 136


def _round_constants() -> tuple[int, ...]:
    """The 24 constants, from the shift register that defines them (FIPS 202, algorithm 5)."""
    constants = []
    register = 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


_CONSTANTS = _round_constants()


def _turn(value: int, places: int) -> int:
    return ((value << places) | (value >> (64 - places))) & _MASK if places else value


def _permute(lanes: list[list[int]]) -> None:
    for constant in _CONSTANTS:
        parity = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        for x in range(5):
            mixed = parity[(x - 1) % 5] ^ _turn(parity[(x + 1) % 5], 1)
            for y in range(5):
                lanes[x][y] ^= mixed
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _turn(current, (step + 1) * (step + 2) // 2 % 64)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        lanes[0][0] ^= constant


def keccak256(message: bytes) -> bytes:
    """The 32-byte hash of `message`."""
    padded = bytearray(message)
    padded += b"\0" * (_RATE - len(padded) % _RATE)
    padded[len(message)] ^= 1
    padded[-1] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for block in range(0, len(padded), _RATE):
        for index in range(_RATE // 8):
            place = block + 8 * index
            lanes[index % 5][index // 5] ^= int.from_bytes(padded[place : place + 8], "little")
        _permute(lanes)
    return b"".join(lanes[index % 5][index // 5].to_bytes(8, "little") for index in range(4))
