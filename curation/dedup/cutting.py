"""What a level cuts from the documents of a part: the units that it compares, and the spans they are cut by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.dedup.lines import Span, line_units
from curation.dedup.occurrences import Cuts, Groups
from curation.dedup.substrings import anchors, runs_of, tokenise, window_hashes

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


class Removal(NamedTuple):
    """Characters [start, end) of a text that another document, or an earlier place of the same, has too."""

    start: int
    end: int
    other: str  # id of that document


@dataclass(frozen=True)
class Units:
    """What is compared in the texts of a part, in the order of its documents.

    `starts` and `ends` [units] are characters for lines, tokens for windows.
    """

    hashes: Hashes
    documents: Ints
    starts: Ints
    ends: Ints


def units_of_lines(texts: Sequence[str], cuts: Sequence[Sequence[Span]], rule: str) -> Units:
    """Every line outside `cuts`, as `curation.dedup.lines.line_units` says."""
    found = [line_units(text, rule, cut) for text, cut in zip(texts, cuts, strict=True)]
    return _joined([one.hashes for one in found], [one.starts for one in found], [one.ends for one in found])


def units_of_windows(texts: Sequence[str], cuts: Sequence[Sequence[Span]], size: int, repeated: Hashes) -> Units:
    """Windows of `size` tokens outside `cuts` whose anchor is one of the ascending `repeated`."""
    hashes, starts = [], []
    for text, cut in zip(texts, cuts, strict=True):
        tokens = tokenise(text, cut)
        found = anchors(tokens, size).hashes
        windows = np.flatnonzero(_among(found, repeated))
        hashes.append(window_hashes(tokens, size, windows))
        starts.append(windows)
    return _joined(hashes, starts, [one + size for one in starts])


def _among(values: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Which of `values` are in the ascending `known`; neighbours are often equal, and looked up once."""
    if not len(known) or not len(values):
        return np.zeros(len(values), bool)
    new = np.ones(len(values), bool)
    new[1:] = values[1:] != values[:-1]
    distinct = values[new]
    place = np.minimum(np.searchsorted(known, distinct), len(known) - 1)
    found: NDArray[np.bool_] = (known[place] == distinct)[np.cumsum(new) - 1]
    return found


def anchors_of(texts: Sequence[str], cuts: Sequence[Sequence[Span]], size: int) -> Hashes:
    """The hash of every place of the texts that is an anchor."""
    found = [anchors(tokenise(text, cut), size).distinct() for text, cut in zip(texts, cuts, strict=True)]
    return np.concatenate([np.empty(0, np.uint64), *found])


def _joined(hashes: Sequence[Hashes], starts: Sequence[Ints], ends: Sequence[Ints]) -> Units:
    none = np.empty(0, np.int64)
    return Units(
        np.concatenate([np.empty((0, 2), np.uint64), *hashes]),
        np.repeat(np.arange(len(starts)), [len(one) for one in starts]).astype(np.int64),
        np.concatenate([none, *starts]),
        np.concatenate([none, *ends]),
    )


def removed_lines(units: Units, found: Cuts) -> dict[int, list[Removal]]:
    """Document -> its lines that go."""
    removals: dict[int, list[Removal]] = {}
    rows = found.units
    for document, start, end, other in zip(
        units.documents[rows].tolist(), units.starts[rows].tolist(), units.ends[rows].tolist(), _hex(found.ids),
        strict=True,
    ):  # fmt: skip
        removals.setdefault(document, []).append(Removal(start, end, other))
    return removals


def removed_runs(
    units: Units, found: Cuts, groups: Groups, texts: Sequence[str], cuts: Sequence[Sequence[Span]], *, spare: bool
) -> dict[int, list[Removal]]:
    """Document -> its runs of tokens that go, none of which overlap.

    With `spare`, a window that overlaps its own first occurrence loses only what lies beyond that: of one word said
    a million times a window stays.
    """
    documents = units.documents[found.units]
    starts, ends = units.starts[found.units], units.ends[found.units]
    if spare:
        first = groups.first[groups.of[found.units]]
        same = ~found.elsewhere & (units.documents[first] == documents)
        starts = np.where(same, np.maximum(starts, units.ends[first]), starts)
    removals: dict[int, list[Removal]] = {}
    bounds = np.flatnonzero(np.diff(documents, prepend=-1, append=-1)).tolist()
    for low, high in pairwise(bounds):
        order = low + np.argsort(starts[low:high], kind="stable")
        run_starts, run_ends, source = runs_of(starts[order], ends[order], found.ids[order])
        document = int(documents[low])
        tokens = tokenise(texts[document], cuts[document])
        removals[document] = [
            Removal(start, end, other)
            for start, end, other in zip(
                tokens.starts[run_starts].tolist(),
                tokens.ends[run_ends - 1].tolist(),
                _hex(found.ids[order[source]]),
                strict=True,
            )
        ]
    return removals


def spans_to_cut(text: str, removals: Sequence[Removal]) -> list[Span]:
    """Spans for `curation.select.cut_text` that take the removals out of `text` and leave its lines lines.

    A line of which something is left keeps its break, and loses the blanks beside what is cut; removals with nothing
    but white space between them are cut as one.
    """
    spans: list[Span] = []
    position, bare = 0, True  # of the line at hand, whether nothing is left so far
    for start, end in _joined_spans(text, removals):
        between = text[position:start]
        break_at = between.rfind("\n")
        bare = not between[break_at + 1 :].strip() and (bare or break_at >= 0)
        stop = end
        while stop < len(text) and text[stop] in " \t":
            stop += 1
        inner = text.find("\n", start, stop)
        if not bare and (inner >= 0 or stop == len(text) or text[stop] in "\r\n"):
            while start > position and text[start - 1] in " \t":
                start -= 1
        if bare or inner < 0:
            spans.append((start, stop))
        else:
            spans.append((start, inner - (text[inner - 1] == "\r")))
            spans.append((inner + 1, stop))
        bare = bare or inner >= 0
        position = stop
    return spans


def _joined_spans(text: str, removals: Sequence[Removal]) -> list[Span]:
    spans: list[Span] = []
    for start, end, _ in removals:
        if spans and (spans[-1][1] >= start or text[spans[-1][1] : start].isspace()):
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def united(spans: Sequence[Span], more: Sequence[Span]) -> list[Span]:
    """Both lists of spans as one, ascending; those that overlap or touch are one."""
    found: list[Span] = []
    for start, end in sorted([*spans, *more]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _hex(ids: NDArray[Any]) -> list[str]:
    digits = np.ascontiguousarray(ids).tobytes().hex()
    return [digits[place : place + 32] for place in range(0, len(digits), 32)]
