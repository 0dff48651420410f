"""What joins pages with the links to them and with what WAT files say of them: arrays of hashes, joined in memory.

The rows of one join share a partition of the hashes, so both sides of every match are at hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.dedup.keys import KEY
from curation.documents import KEY_BYTES
from curation.links import MAX_VOTES, Hashes, count_votes

SIGNALS = ("link_votes", "outbound_links")
"""The numbers of a page that rules may read."""

LINKED = pa.schema(
    [
        ("id", pa.string()),
        ("key", pa.binary(KEY_BYTES)),
        ("link_votes", pa.float64()),
        ("outbound_links", pa.float64()),  # pages of other sites that the page links to; null without a WAT record
        ("title", pa.string()),  # null without a WAT record
        ("headers", pa.string()),  # JSON object; null without a WAT record
    ]
)
"""One row per document of a part, in the order of the part."""

BY_URI, BY_RECORD, BY_CAPTURE = 0, 1, 2
"""What joins a page with what is said of it: its URI for votes; for its own WAT record the id of the page's record,
or else URI and time of the capture."""

PAGE = np.dtype([("hash", "<u8"), ("key", KEY), ("part", "<i4")])
DESCRIBED = np.dtype([("hash", "<u8"), ("outbound", "<i4"), ("part", "<i4"), ("row", "<i4")])
VOTE = np.dtype([("hash", "<u8"), ("voter", "<u8")])
LISTED = np.dtype([("hash", "<u8"), ("votes", "<f8")])
ANSWER = np.dtype(
    [("key", KEY), ("level", "<i4"), ("votes", "<f8"), ("outbound", "<i4"), ("part", "<i4"), ("row", "<i4")]
)
KINDS = {b"P": PAGE, b"D": DESCRIBED, b"V": VOTE, b"L": LISTED}


class Bitmap:
    """A set of hashes, one bit each (a Bloom filter of one hash): it may hold more than was put in, never less."""

    def __init__(self, content: NDArray[np.uint8]) -> None:
        self.content = content

    @property
    def bits(self) -> int:
        """Its size, a power of two."""
        return 8 * len(self.content)

    def add(self, hashes: Hashes) -> None:
        """Put hashes in."""
        places, bits = self._places(hashes)
        np.bitwise_or.at(self.content, places, bits)

    def may_hold(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which hashes may be in it."""
        places, bits = self._places(hashes)
        found: NDArray[np.bool_] = (self.content[places] & bits) != 0
        return found

    def _places(self, hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        inside = hashes & np.uint64(self.bits - 1)
        bits = np.left_shift(np.uint8(1), (inside & np.uint64(7)).astype(np.uint8))
        return (inside >> np.uint64(3)).astype(np.int64), bits


def join(level: int, blocks: Iterable[bytes]) -> tuple[Any, NDArray[np.int32]]:
    """The answers (rows of `ANSWER`) for the pages among packed rows, and the number of the part each page is in.

    `blocks` are a key of `KINDS` followed by rows of its type, in any order. By URI every page has an answer, by record
    and by capture those have one that are described.
    """
    rows: dict[bytes, list[Any]] = {kind: [np.empty(0, dtype)] for kind, dtype in KINDS.items()}
    for block in blocks:
        rows[block[:1]].append(np.frombuffer(block, KINDS[block[:1]], offset=1))
    pages, described, votes, listed = (np.concatenate(rows[kind]) for kind in KINDS)
    return _votes(pages, votes, listed) if level == BY_URI else _descriptions(pages, described, level)


def _votes(pages: Any, votes: Any, listed: Any) -> tuple[Any, NDArray[np.int32]]:
    answers = np.zeros(len(pages), ANSWER)
    answers["key"], answers["level"] = pages["key"], BY_URI
    targets, counts = count_votes(votes["hash"], votes["voter"], MAX_VOTES)
    places, known = find(targets, pages["hash"])
    answers["votes"][known] = counts[places[known]]
    listed = listed[np.lexsort((-listed["votes"], listed["hash"]))]  # of a page in the list twice the larger number
    places, known = find(listed["hash"], pages["hash"])
    answers["votes"][known] = np.maximum(answers["votes"][known], listed["votes"][places[known]])
    return answers, pages["part"]


def _descriptions(pages: Any, described: Any, level: int) -> tuple[Any, NDArray[np.int32]]:
    order = np.lexsort((described["row"], described["part"], -described["outbound"], described["hash"]))
    described = described[order]  # of a page that is described twice the description with most links
    places, known = find(described["hash"], pages["hash"])
    answers = np.zeros(int(known.sum()), ANSWER)
    answers["key"], answers["level"] = pages["key"][known], level
    for name in ("outbound", "part", "row"):
        answers[name] = described[name][places[known]]
    return answers, pages["part"][known]


def find(ordered: Any, wanted: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The first place of each wanted value in a sorted array, and whether it is there at all."""
    if not len(ordered):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    return places, ordered[places] == wanted


def page_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of `LINKED` knows, as it goes into a document's `meta`."""
    numbers = {name: row[name] for name in SIGNALS if row[name] is not None}
    facts: dict[str, Any] = {name: int(value) if value.is_integer() else value for name, value in numbers.items()}
    if row["headers"] is not None:
        facts |= {"title": row["title"], "headers": json.loads(row["headers"])}
    return facts
