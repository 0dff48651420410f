"""Canonical JSON and SHA-256 digests: equal content gives equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import IO, Any

BLOCK_BYTES = 1 << 20


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spare white space; NaN and infinities are refused (ValueError)."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest_json(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_stream(stream: IO[bytes]) -> tuple[str, int]:
    """Hex SHA-256 and length in bytes of what is left in `stream`, read block by block."""
    sha256, size = hashlib.sha256(), 0
    while block := stream.read(BLOCK_BYTES):
        sha256.update(block)
        size += len(block)
    return sha256.hexdigest(), size
