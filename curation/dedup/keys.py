"""Document keys: the 16 bytes that the 32 hex digits of a document's id stand for, as fixed-width numpy bytes.

The order of keys is the order of the ids. An element taken out of an `S16` array loses trailing NUL bytes, as numpy
pads with them; `hex_from_keys` gives the whole id back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

KEY = np.dtype("S16")
Keys: TypeAlias = NDArray[np.bytes_]


def keys_from_hex(ids: Sequence[str]) -> Keys:
    """Keys of ids that are 32 hex digits each. ValueError when one is not."""
    for wrong in (identifier for identifier in ids if len(identifier) != 32):
        raise ValueError(f"a document id has 32 hex digits, found {wrong[:80]!r}")
    raw = bytes.fromhex("".join(ids))
    if len(raw) != 16 * len(ids):  # fromhex skips white space
        raise ValueError("a document id has 32 hex digits, found one with white space")
    return np.frombuffer(raw, KEY)


def hex_from_keys(keys: Keys) -> list[str]:
    """The ids, 32 hex digits each, of `keys`."""
    digits = as_keys(keys).tobytes().hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def as_keys(keys: NDArray[Any]) -> Keys:
    """`keys` as contiguous `S16`; any other 16-byte type (`V16`) is read as bytes. ValueError on other widths."""
    if keys.ndim != 1 or keys.dtype.itemsize != KEY.itemsize:
        raise ValueError(f"document keys are 16 bytes each in one dimension, found {keys.dtype} {keys.shape}")
    return np.ascontiguousarray(keys).view(KEY)


def key_words(keys: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """High and low 64 bits of each key: comparing (high, low) compares the keys, and integers sort faster."""
    words = as_keys(keys).view(">u8").reshape(-1, 2)
    return words[:, 0].astype(np.uint64), words[:, 1].astype(np.uint64)
