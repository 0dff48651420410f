"""The document tables that stages hand to each other, and how a record gets its identity.

One unit of work is an Arrow table of some hundreds of documents. `id` is derived from the record itself, so the
same page or file has the same id in every build; `key` also covers where the record was met, so that one record
met twice (the same archive under two names) is still two rows, and both are accounted for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa

WEB = "web"
CODE = "code"

KEY_BYTES = 16

FOREIGN_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("language", pa.string())])
LINE_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("score", pa.float32())])
PII_SPAN = pa.struct([("type", pa.string()), ("policy", pa.string()), ("start", pa.int32()), ("end", pa.int32())])

DOCUMENT = pa.schema(
    [
        ("key", pa.binary(KEY_BYTES)),  # digest of (id, origin): one row, one key
        ("id", pa.string()),  # 32 hex digits
        ("text", pa.string()),  # after line edits and redaction
        ("source", pa.string()),
        ("uri", pa.string()),
        ("origin", pa.string()),  # archive#offset, or repository@commit
        ("record", pa.string()),  # id of the WARC record (of a WET document, of the page it was made from); may be null
        ("date", pa.string()),  # capture or commit time as the record states it; empty when it does not
        ("language", pa.string()),
        ("language_score", pa.float64()),
        ("languages", pa.string()),  # JSON object: language -> share of the characters, by paragraphs; null for code
        ("language_mixed", pa.float64()),  # 1 - the main language's share of what is in any; 0 for code
        ("foreign", pa.list_(FOREIGN_SPAN)),  # paragraphs in other languages than the main one; offsets into `text`
        ("license", pa.string()),  # SPDX expression, null where unknown
        ("license_kind", pa.string()),  # permissive, copyleft, other, none; null for web pages
        ("tokens", pa.int64()),
        ("bytes", pa.int64()),  # UTF-8 length of `text`
        ("pii", pa.string()),  # JSON object: span type -> count
        ("pii_spans", pa.int32()),
        ("pii_located", pa.list_(PII_SPAN)),  # where they are, and what was done with each; offsets into `text`
        ("toxicity", pa.float64()),
        ("toxicity_abuse", pa.float64()),  # kinds of toxicity; null for a model that knows none
        ("toxicity_hate", pa.float64()),
        ("toxicity_sexual", pa.float64()),
        ("toxic_words", pa.int32()),
        ("toxic_lines", pa.list_(LINE_SPAN)),  # lines above the floor of the scan; offsets into `text`
        ("repairs", pa.string()),  # JSON object: repair -> lines it changed or dropped
        ("meta", pa.string()),  # JSON object
    ]
)
"""What `ingest` writes for each document; one float64 column per measured signal follows these."""

REJECTED_AT_INGEST = pa.schema(
    [
        ("key", pa.binary(KEY_BYTES)),
        ("id", pa.string()),
        ("source", pa.string()),
        ("uri", pa.string()),
        ("origin", pa.string()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("detail", pa.string()),  # what the rule met: an entry and its list, a content type, how extraction ended
    ]
)
"""Records that gave no text to measure: wrong status, a blocked URL, not HTML, binary, empty, past a limit."""

INPUT_ERROR = pa.schema(
    [
        ("uri", pa.string()),
        ("path", pa.string()),  # within a repository; null for archives
        ("offset", pa.int64()),  # byte of the archive file; null for repositories
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
"""Damaged input: what could not be read, where, and why."""

DECISION = pa.schema(
    [
        ("key", pa.binary(KEY_BYTES)),
        ("id", pa.string()),
        ("source", pa.string()),
        ("uri", pa.string()),
        ("keep", pa.bool_()),
        ("stage", pa.string()),  # the stage and rule that rejected it; null when kept
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("failed", pa.list_(pa.string())),  # every rule that failed, not only the first
        ("duplicate_of", pa.string()),  # id of the kept copy
        ("similarity", pa.float64()),
        ("tokens", pa.int64()),  # of the text that would be kept
        ("bytes", pa.int64()),  # UTF-8 length of that text
        ("cut", pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32())]))),  # lines to cut from `text`
    ]
)
"""One row per ingested document, in the order of its part file."""

SHARD = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("uri", pa.string()),
        ("origin", pa.string()),
        ("language", pa.string()),
        ("license", pa.string()),
        ("tokens", pa.int64()),
        ("meta", pa.string()),
    ]
)

REJECTED = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("uri", pa.string()),
        ("stage", pa.string()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("duplicate_of", pa.string()),
    ]
)


def document_schema(signals: Sequence[str]) -> pa.Schema:
    """`DOCUMENT` followed by a float64 column for each signal name."""
    return pa.schema([*DOCUMENT, *(pa.field(name, pa.float64()) for name in signals)])


def record_id(*parts: str) -> str:
    """128-bit hex identity of a record from the parts that name it (order matters, boundaries are kept)."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


def document_key(identity: str, origin: str) -> bytes:
    """16 bytes that name one row: the same record met at two places has two keys.

    The first half is that of the id, so that the order of keys, which breaks ties between copies, does not depend on
    where the input lies; the second half tells apart what shares it.
    """
    return bytes.fromhex(identity[:KEY_BYTES]) + bytes.fromhex(record_id(identity, origin)[:KEY_BYTES])
