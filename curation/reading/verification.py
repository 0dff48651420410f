"""The digests that WARC records declare of their block and payload, compared with what is there."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable

from curation.reading.dialects import Fields

ALGORITHMS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha-1": "sha1",
    "sha256": "sha256",
    "sha-256": "sha256",
    "sha512": "sha512",
}


def mismatch(fields: Fields, name: str, contents: Iterable[bytes]) -> str | None:
    """How the digest in the field `name` differs from that of each of `contents`; None when it matches one of them.

    Written `algorithm:value` with the value in base32, hex or base64. A digest that is missing, in an unknown
    algorithm or not of its length cannot be compared, and proves nothing wrong.
    """
    label, _, value = fields.get(name, "").partition(":")
    algorithm = ALGORITHMS.get(label.strip().lower())
    if algorithm is None:
        return None
    declared = _value(value.strip(), hashlib.new(algorithm, usedforsecurity=False).digest_size)
    if declared is None:
        return None
    found = b""
    for content in contents:
        found = hashlib.new(algorithm, content, usedforsecurity=False).digest()
        if found == declared:
            return None
    return f"{algorithm} {declared.hex()} declared, {found.hex()} found" if found else None


def _value(value: str, size: int) -> bytes | None:
    """The bytes of a digest; the length tells the three notations apart."""
    bare = value.rstrip("=")
    try:
        if len(value) == 2 * size:
            return bytes.fromhex(value)
        if len(bare) == (8 * size + 4) // 5:
            return base64.b32decode(bare.upper() + "=" * (-len(bare) % 8))
        if len(bare) == (8 * size + 5) // 6:
            return base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
    except (ValueError, binascii.Error):
        pass
    return None
