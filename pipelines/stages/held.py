"""Matches of a build's documents with those of earlier releases, and which of them say that a document is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.dedup.choose import KeepConfig, beats
from curation.dedup.keys import KEY, key_words
from pipelines.releases import reference
from pipelines.stages.copies import HeldCopies, parse_dates
from pipelines.stages.pairs import as_binary

RULES = ("earlier.same_record", "earlier.exact", "earlier.near")
"""What a match is, the strongest first; a document that has several bears the first."""

MATCH = pa.schema(
    [
        ("key", pa.binary(16)),
        ("release", pa.int32()),  # its place in `dedup.against`
        ("id", pa.string()),  # of the document that it holds
        ("kind", pa.int8()),  # place in `RULES`
        ("similarity", pa.float64()),
        ("source", pa.string()),
        ("tokens", pa.int64()),
        ("date", pa.string()),
    ]
)
"""One row per document of a part and document of a release that match, the best match of each document first."""

HELD = [("release", "<u2"), ("id", KEY), ("tokens", "<i8"), ("source", "S32"), ("date", "S32")]
"""What is packed of an earlier document besides its hash."""

PAIR = np.dtype([("key", KEY), ("part", "<u4"), ("kind", "u1"), ("similarity", "<f4"), *HELD])
"""A packed match, with the number of its part."""


def match_table(pairs: Any) -> pa.Table:
    """Rows of `MATCH` of packed matches: one for each document and release's document, in a fixed order."""
    keys, ids = key_words(pairs["key"]), key_words(pairs["id"])
    order = np.lexsort(
        (ids[1], ids[0], pairs["release"], -pairs["similarity"].astype(np.float64), pairs["kind"], keys[1], keys[0])
    )
    pairs = pairs[order]
    _, first = np.unique(pairs[["key", "release", "id"]], return_index=True)  # the strongest kind comes first
    pairs = pairs[np.sort(first)]
    ids_hex = pairs["id"].tobytes().hex()
    columns = [
        as_binary(pairs["key"]), pa.array(pairs["release"].astype(np.int32)),
        [ids_hex[start : start + 32] for start in range(0, len(ids_hex), 32)],
        pa.array(pairs["kind"].astype(np.int8)), pa.array(pairs["similarity"].astype(np.float64)),
        [value.decode() for value in pairs["source"].tolist()], pa.array(pairs["tokens"]),
        [value.decode() for value in pairs["date"].tolist()],
    ]  # fmt: skip
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, MATCH, strict=True)], schema=MATCH)


def held_copies(matches: pa.Table, documents: pa.Table, labels: Sequence[str], keep: KeepConfig) -> HeldCopies:
    """The best match of each document that the document does not beat by what `keep.order` has before `earlier`.

    Args:
        matches: rows of `MATCH`, of the documents' part.
        documents: `key`, `source`, `tokens` and `date` of the documents.
        labels: `NAME@VERSION` of the releases, by their place.
        keep: the order in which copies are preferred. One record met again never beats its earlier self.
    """
    rows = {key: row for row, key in enumerate(documents["key"].to_pylist())}
    held = HeldCopies([None] * len(rows), [None] * len(rows), [None] * len(rows))
    if not matches.num_rows:
        return held
    own = documents.take(pa.array([rows[key] for key in matches["key"].to_pylist()]))
    better = beats(_compared(own), _compared(matches), keep) & (matches["kind"].to_numpy() > 0)
    for match, wins in zip(matches.to_pylist(), better.tolist(), strict=True):
        row = rows[match["key"]]
        if not wins and held.names[row] is None:
            held.names[row] = reference(labels[match["release"]], match["id"])
            held.rules[row], held.similarity[row] = RULES[match["kind"]], match["similarity"]
    return held


def _compared(rows: pa.Table) -> dict[str, NDArray[Any]]:
    return {
        "source": np.array(rows["source"].to_pylist()),
        "length": rows["tokens"].to_numpy(),
        "date": parse_dates(rows["date"].to_pylist()),
    }
