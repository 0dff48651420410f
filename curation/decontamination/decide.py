"""Hits as a table that is stored beside the documents, and what the thresholds make of it.

What is found is measured once, with all its numbers; `min_share`, `numbers`, `action` and `max_cut` are applied to the
stored rows, so that changing them reads no text again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.decontamination.config import DecontaminateSection, DecontaminationConfig
from curation.decontamination.index import Index
from curation.decontamination.match import NUMBERS, SAME, find_items
from curation.documents import CODE, KEY_BYTES

OVERLAP, TOO_MUCH = "decontamination.overlap", "decontamination.cut"
COLUMN = "contamination"
"""The column of a documents table that holds the hits of each, as `with_hits` adds it."""

HIT = pa.schema(
    [
        ("key", pa.binary(KEY_BYTES)),
        ("id", pa.string()),
        ("source", pa.string()),
        ("uri", pa.string()),
        ("benchmark", pa.string()),
        ("item", pa.string()),
        ("part", pa.string()),
        ("share", pa.float64()),  # of the part's words, of those in n-grams that are evidence
        ("ngrams", pa.float64()),  # share of those n-grams
        ("words", pa.int32()),  # words of the part that are found
        ("run", pa.int32()),  # the longest stretch of them
        ("numbers", pa.int32()),  # how many are other numbers than the item's
        ("start", pa.int32()),  # characters of the text
        ("end", pa.int32()),
        ("cut_start", pa.int32()),  # the same, out to the borders of sentences or lines
        ("cut_end", pa.int32()),
    ]
)
"""One row for each passage of a document that holds evidence of an item, however little."""

_STORED = pa.list_(
    pa.struct([(name, HIT.field(name).type) for name in ("share", "numbers", "start", "end", "cut_start", "cut_end")])
)
_LOOK = 2_000
"""Characters on either side of a passage within which a sentence's border is looked for."""
_BEGINS = re.compile(r"[.!?。！？…][\"'”’)\]]{0,3}[ \t\u00a0]{1,8}|[。！？]")
_ENDS = re.compile(r"[.!?。！？…]{1,3}[\"'”’)\]]{0,3}(?=\s|$)|[。！？]")


@dataclass(frozen=True)
class Judged:
    """What the thresholds say of n documents: the largest share of an item, the share to be cut, and what to cut."""

    share: NDArray[np.float64]
    cut_share: NDArray[np.float64]
    cuts: list[list[dict[str, int]]]


def hits_table(index: Index, documents: pa.Table) -> pa.Table:
    """`HIT` rows of documents with `key`, `id`, `source`, `uri` and `text`, in their order and that of the texts."""
    rows: list[dict[str, Any]] = []
    for document in documents.select(["key", "id", "source", "uri", "text"]).to_pylist():
        text = document.pop("text") or ""
        for hit in find_items(index, text):
            cut_start, cut_end = borders(text, hit.start, hit.end, lines=document["source"] == CODE)
            rows.append({**document, **vars(hit), "cut_start": cut_start, "cut_end": cut_end})
    return pa.Table.from_pylist(rows, HIT)


def with_hits(documents: pa.Table, hits: pa.Table) -> pa.Table:
    """`documents`, which have a `key`, with the column `contamination`: the hits of each."""
    by_key: dict[bytes, list[dict[str, Any]]] = {}
    names = [field.name for field in _STORED.value_type]
    for row in hits.select(["key", *names]).to_pylist():
        by_key.setdefault(row.pop("key"), []).append(row)
    found = [by_key.get(key, []) for key in documents["key"].to_pylist()]
    return documents.append_column(COLUMN, pa.array(found, _STORED))


def counts(hit: Mapping[str, Any], config: DecontaminationConfig) -> bool:
    """Whether a hit (a row with `share` and `numbers`) counts under the thresholds."""
    return bool(hit["share"] >= config.min_share and (config.numbers or not hit["numbers"]))


def kind_of(hit: Mapping[str, Any]) -> str:
    """`same`, or `numbers` where the passage has other numbers than the item."""
    return NUMBERS if hit["numbers"] else SAME


def judge(documents: pa.Table, config: DecontaminateSection) -> Judged:
    """Apply the thresholds to documents with `contamination` and `bytes`; spans are given where `action` is cut."""
    share, cut_share = np.zeros(documents.num_rows), np.zeros(documents.num_rows)
    cuts: list[list[dict[str, int]]] = [[] for _ in range(documents.num_rows)]
    sizes = documents["bytes"].to_pylist()
    for row, hits in enumerate(documents[COLUMN].to_pylist()):
        real = [hit for hit in hits or () if counts(hit, config)]
        if real:
            share[row] = max(hit["share"] for hit in real)
            if config.action == "cut":
                cuts[row] = merged({"start": hit["cut_start"], "end": hit["cut_end"]} for hit in real)
                cut_share[row] = sum(span["end"] - span["start"] for span in cuts[row]) / max(1, sizes[row])
    return Judged(share, cut_share, cuts)


def merged(spans: Any) -> list[dict[str, int]]:
    """Spans in ascending order, joined where they overlap or touch."""
    found: list[dict[str, int]] = []
    for span in sorted(spans, key=lambda one: (one["start"], one["end"])):
        if found and span["start"] <= found[-1]["end"]:
            found[-1] = {"start": found[-1]["start"], "end": max(found[-1]["end"], span["end"])}
        else:
            found.append({"start": span["start"], "end": span["end"]})
    return found


def without_overlaps(cuts: Sequence[dict[str, int]], more: Sequence[dict[str, int]]) -> list[dict[str, int]]:
    """Two lists of spans as one; where some of `more` overlap spans of `cuts`, all of them become one span."""
    if not more:
        return list(cuts)
    return merged([*cuts, *more]) if cuts else list(more)


def borders(text: str, start: int, end: int, *, lines: bool) -> tuple[int, int]:
    """The span [start, end) out to the sentences that it touches, and to whole lines where nothing else is on them.

    `lines` takes whole lines at once, as for source code. Sentences are looked for within 2,000 characters.
    """
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    if lines:
        return line_start, line_end
    floor, ceiling = max(line_start, start - _LOOK), min(line_end, end + _LOOK)
    last = None
    for last in _BEGINS.finditer(text, floor, start):  # noqa: B007
        pass
    begin = last.end() if last is not None else floor if floor == line_start else start
    behind = _ENDS.search(text, max(begin, end - 1), ceiling)
    finish = behind.end() if behind is not None else ceiling if ceiling == line_end else end
    finish = max(finish, end)
    while finish < line_end and text[finish] in " \t\u00a0":
        finish += 1
    if not text[line_start:begin].strip():
        begin = line_start
    elif finish == line_end:
        begin = len(text[:begin].rstrip(" \t\u00a0"))
    return min(begin, start), finish
