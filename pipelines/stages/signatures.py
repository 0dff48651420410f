"""What `dedup` knows of each document, kept beside its part: exact hash, bands and sketch, in the order of its rows.

The buckets of a band take their candidates' sketches from here, and so do the index that a release publishes and the
search in the indexes of earlier ones; no text is read again for any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.dedup import normalise
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import KEY, Keys
from curation.documents import KEY_BYTES
from pipelines.parts import read_columns

FOLDER = "dedup/signatures"
EXACT = "exact@1"
SHINGLES = "shingle@1"
SKETCH = "lowest-byte@1"
BAND_BYTES = 4


def signature_path(documents: str) -> str:
    """The file of the signatures of a part of documents, both within the work folder."""
    return f"{FOLDER}/{'-'.join(documents.split('/')[-2:])}"


def signature_fields(minhash: MinHashConfig | None) -> list[pa.Field]:
    """`exact` (high half first), and `bands` (low halves of the hashes, little-endian) and `sketch`, null for too short
    texts. Halves are enough: a pair that shares one by chance is refused by its sketches."""
    fields = [pa.field("exact", pa.binary(16))]
    if minhash is not None:
        fields.append(pa.field("bands", pa.binary(BAND_BYTES * minhash.bands_rows[0])))
        fields.append(pa.field("sketch", pa.binary(minhash.num_perm)))
    return fields


def signature_schema(minhash: MinHashConfig | None) -> pa.Schema:
    """One row per document of a part."""
    return pa.schema([("key", pa.binary(KEY_BYTES)), ("id", pa.string()), *signature_fields(minhash)])


def scheme_of(minhash: MinHashConfig | None) -> dict[str, Any] | None:
    """All that decides the bits of bands and sketches, as a manifest states it; None without MinHash."""
    if minhash is None:
        return None
    bands, rows = minhash.bands_rows
    return {
        "scheme": minhash.scheme,
        "seed": minhash.seed,
        "num_perm": minhash.num_perm,
        "shingle": minhash.shingle,
        "ngram": minhash.ngram,
        "license_header": minhash.license_header,
        "bands": bands,
        "rows": rows,
        "normalisation": normalise.NAME,
        "shingles": SHINGLES,
        "sketch": SKETCH,
    }


def signature_table(
    rows: Mapping[str, Sequence[Any]],
    exact: NDArray[np.uint64],
    signed: tuple[NDArray[np.bool_], NDArray[np.uint64], NDArray[np.uint8]] | None,
    minhash: MinHashConfig | None,
) -> pa.Table:
    """Rows of `signature_schema`.

    Args:
        rows: `key` and `id` of n documents.
        exact: hashes [n, 2].
        signed: which documents [n] have a signature, and the bands [m, b] and sketches [m, p] of those; None without
            MinHash.
        minhash: how they were made.
    """
    every = np.ones(len(exact), bool)
    arrays = [
        pa.array(rows["key"], pa.binary(KEY_BYTES)), pa.array(rows["id"], pa.string()),
        _fixed(np.frombuffer(exact.astype(">u8").tobytes(), np.uint8).reshape(-1, 16), every),
    ]  # fmt: skip
    if signed is not None:
        able, bands, sketches = signed
        width = BAND_BYTES * bands.shape[1]
        arrays.append(_fixed(np.frombuffer(bands.astype("<u4").tobytes(), np.uint8).reshape(-1, width), able))
        arrays.append(_fixed(sketches, able))
    return pa.table(arrays, schema=signature_schema(minhash))


def _fixed(values: NDArray[np.uint8], valid: NDArray[np.bool_]) -> pa.Array:
    """Rows of bytes as a fixed-width array of len(valid) rows, null where `valid` is not."""
    width = values.shape[1]
    rows = np.zeros((len(valid), width), np.uint8)
    rows[valid] = values
    bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(valid), [bitmap, pa.py_buffer(rows.tobytes())])


def read_signatures(url: str) -> tuple[Keys, NDArray[np.uint64], NDArray[np.uint8]]:
    """Keys [n], bands [n, b] and sketches [n, p] of a file; those of documents without a signature are zeros."""
    table = read_columns(url, ["key", "bands", "sketch"])
    bands, sketches = (_filled(table[name]) for name in ("bands", "sketch"))
    keys = np.frombuffer(_filled(table["key"]).tobytes(), KEY)
    return keys, bands.view(f"<u{BAND_BYTES}").astype(np.uint64), sketches


def _filled(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    """The bytes [n, width] of a fixed-width column, zeros where it is null."""
    nothing = bytes(column.type.byte_width)
    rows = b"".join(value or nothing for value in column.to_pylist())
    return np.frombuffer(rows, np.uint8).reshape(len(column), -1)


def exact_of(table: pa.Table) -> NDArray[np.uint64]:
    """The exact hashes [n, 2] of a table's rows, the high half first."""
    return np.frombuffer(b"".join(table["exact"].to_pylist()), ">u8").astype(np.uint64).reshape(-1, 2)


def bands_of(table: pa.Table) -> NDArray[np.uint64]:
    """The low halves [n, b] of the bands of a table's rows, none of which may be null."""
    width = table.schema.field("bands").type.byte_width // BAND_BYTES
    return np.frombuffer(b"".join(table["bands"].to_pylist()), "<u4").astype(np.uint64).reshape(-1, width)


def sketches_of(table: pa.Table) -> NDArray[np.uint8]:
    """The sketches [n, p] of a table's rows, none of which may be null."""
    width = table.schema.field("sketch").type.byte_width
    return np.frombuffer(b"".join(table["sketch"].to_pylist()), np.uint8).reshape(-1, width)
