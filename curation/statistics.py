"""What a build did to its documents: a `Summary` of one slice is made here, `merge` adds two.

A slice may be a whole part or any run of its rows; the sum is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.bins import Bounds, bins_for
from curation.documents import CODE
from curation.select import cut_text
from curation.summary import (
    ERROR_SAMPLES,
    HOST_SAMPLE,
    INGEST,
    KEPT,
    SAMPLE_CHARACTERS,
    SAMPLES,
    SIMILARITY,
    Counts,
    ErrorSample,
    Group,
    Sample,
    Summary,
    add,
    empty,
    finite,
    from_json,
    merge,
    smallest,
    to_json,
)

__all__ = [
    "HOST_SAMPLE",
    "INGEST",
    "KEPT",
    "SIMILARITY",
    "Counts",
    "ErrorSample",
    "Sample",
    "Summary",
    "empty",
    "from_json",
    "host_of",
    "merge",
    "summarise",
    "summarise_ingest",
    "to_json",
]

_WEB_ONLY = ("toxicity", "language_score")  # constants for code, which would drown the pages


def summarise(documents: pa.Table, decisions: pa.Table, bounds: Mapping[str, Bounds], seed: int) -> Summary:
    """The summary of some documents and what was decided about them.

    Args:
        documents: rows of `document_schema`; columns that `bounds` names and the table lacks are left out.
        decisions: rows of `DECISION`, for the same documents in the same order. Tokens are counted from here.
        bounds: stored number -> (minimum, maximum) in force; decides the histograms' bins.
        seed: with a document's id it decides which documents are shown.

    Raises:
        ValueError: the two tables are not about the same documents.
    """
    if not documents["key"].combine_chunks().equals(decisions["key"].combine_chunks()):
        raise ValueError("documents and decisions are not the same rows in the same order")
    summary = empty(bounds, seed)
    keep = np.asarray(decisions["keep"].to_numpy(zero_copy_only=False), bool)
    columns = {name: decisions[name].to_pylist() for name in ("key", "id", "source", "stage", "rule", "tokens")}
    groups: list[Group] = [
        (source, KEPT, "") if kept else (source, stage or "", rule or "")
        for source, kept, stage, rule in zip(
            columns["source"], keep.tolist(), columns["stage"], columns["rule"], strict=True
        )
    ]
    for group, tokens in zip(groups, columns["tokens"], strict=True):
        add(summary.outcomes, group, (1, tokens))
    _count_failures(summary, columns["source"], decisions)
    _count_cuts(summary, columns["source"], keep, documents, decisions)
    _count_lengths(summary, columns["source"], keep, documents)
    _count_categories(summary, keep, documents, decisions)
    _count_pii(summary, keep, documents)
    _count_signals(summary, keep, documents, decisions)
    ranks = [sample_rank(seed, identity) for identity in columns["id"]]
    order = sorted(range(len(ranks)), key=lambda row: (ranks[row], columns["key"][row]))
    _sample_documents(summary, documents, decisions, groups, ranks, order)
    shown = order[:HOST_SAMPLE]
    for row, one in zip(
        shown, documents.select(["source", "uri", "origin"]).take(pa.array(shown, pa.int64())).to_pylist(), strict=True
    ):
        host = one["origin"].rpartition("@")[0] if one["source"] == CODE else host_of(one["uri"])
        summary.hosts[(ranks[row], columns["key"][row].hex())] = (host[:200], bool(keep[row]))
    return summary


def summarise_ingest(rejected: pa.Table, errors: pa.Table, bounds: Mapping[str, Bounds], seed: int) -> Summary:
    """The summary of what ingest turned away: rows of `REJECTED_AT_INGEST` and of `INPUT_ERROR`."""
    summary = empty(bounds, seed)
    for row in rejected.to_pylist():
        group = (row["source"], INGEST, row["rule"])
        add(summary.outcomes, group, (1, 0))
        add(summary.failures, (row["source"], row["rule"]), (1, 1))
        sample = Sample(
            rank=sample_rank(seed, row["id"]),
            key=row["key"].hex(),
            id=row["id"],
            source=row["source"],
            uri=row["uri"],
            value=finite(row["value"]),
            threshold=finite(row["threshold"]),
        )
        summary.samples[group] = smallest((*summary.samples.get(group, ()), sample), SAMPLES)
    for row in errors.to_pylist():
        reason = (row["reason"] or "unknown")[:80]
        add(summary.errors, (reason,), (1,))
        rank = sample_rank(seed, f"{row['uri']}#{row['offset']}#{row['path']}")
        place = ErrorSample(rank, row["uri"] or "", row["path"], row["offset"], (row["detail"] or "")[:300])
        summary.error_samples[reason] = smallest((*summary.error_samples.get(reason, ()), place), ERROR_SAMPLES)
    return summary


def sample_rank(seed: int, identity: str) -> str:
    """16 hex digits: documents with the smallest are shown."""
    content = f"{seed}\0{identity}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=8, person=b"sample").hexdigest()


def host_of(uri: str) -> str:
    """The host of a URI in lower case, without user, port or `www.`; empty where there is none."""
    rest = uri[:4096].partition("://")[2]
    for mark in "/?#":
        rest = rest.partition(mark)[0]
    host = rest.rpartition("@")[2].lower()
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host.removeprefix("www.")


def length_bin(value: int) -> int:
    """0 for 0, else k for values from 2**(k-1) to 2**k - 1."""
    return value.bit_length()


def _four(kept: bool, tokens: int) -> tuple[int, int, int, int]:
    return (1, tokens, 0, 0) if kept else (0, 0, 1, tokens)


def _count_failures(summary: Summary, sources: list[str], decisions: pa.Table) -> None:
    for source, rules in zip(sources, decisions["failed"].to_pylist(), strict=True):
        for rule in rules or ():
            add(summary.failures, (source, rule), (1, 1 if len(rules) == 1 else 0))


def _count_cuts(
    summary: Summary, sources: list[str], keep: NDArray[np.bool_], documents: pa.Table, decisions: pa.Table
) -> None:
    lines = pc.fill_null(pc.list_value_length(decisions["cut"]), 0).to_numpy()
    before, after = documents["tokens"].to_numpy(), decisions["tokens"].to_numpy()
    for row in np.flatnonzero(keep & (lines > 0)):
        add(summary.cuts, (sources[row],), (1, int(lines[row]), int(before[row] - after[row])))


def _count_lengths(summary: Summary, sources: list[str], keep: NDArray[np.bool_], documents: pa.Table) -> None:
    units = {"tokens": documents["tokens"], "characters": pc.utf8_length(documents["text"])}
    for unit, column in units.items():
        for source, kept, value in zip(sources, keep.tolist(), column.to_pylist(), strict=True):
            add(summary.lengths, (source, unit, length_bin(value)), (1, 0) if kept else (0, 1))


def _count_categories(summary: Summary, keep: NDArray[np.bool_], documents: pa.Table, decisions: pa.Table) -> None:
    rows = zip(
        documents["source"].to_pylist(),
        documents["language"].to_pylist(),
        documents["license_kind"].to_pylist(),
        documents["license"].to_pylist(),
        keep.tolist(),
        decisions["tokens"].to_pylist(),
        strict=True,
    )
    for source, language, kind, expression, kept, tokens in rows:
        four = _four(kept, tokens)
        add(summary.languages, (source, language or "und"), four)
        if kind is not None:
            add(summary.licenses, (kind, (expression or "")[:120]), four)


def _count_pii(summary: Summary, keep: NDArray[np.bool_], documents: pa.Table) -> None:
    rows = zip(documents["source"].to_pylist(), documents["pii"].to_pylist(), keep.tolist(), strict=True)
    for source, written, kept in rows:
        if written and written != "{}":
            for kind, spans in json.loads(written).items():
                if spans:
                    add(summary.pii, (source, kind), _four(kept, spans))


def _count_signals(summary: Summary, keep: NDArray[np.bool_], documents: pa.Table, decisions: pa.Table) -> None:
    stated, limit = _floats(decisions["value"]), _floats(decisions["threshold"])
    is_code = pc.equal(documents["source"], CODE).to_numpy(zero_copy_only=False)
    for name in dict.fromkeys([*summary.bounds, *_WEB_ONLY]):
        if name not in documents.schema.names:
            continue
        low, high = summary.bounds.get(name, (None, None))
        values = _floats(documents[name])
        counted = np.isfinite(values) & ~is_code if name in _WEB_ONLY else np.isfinite(values)
        # A rule's name need not be the signal's: the value and the threshold that a decision states identify it.
        below = False if low is None else (values < low) & (limit == low)
        above = False if high is None else (values > high) & (limit == high)
        here = ~keep & (stated == values) & (below | above)
        _count_bins(summary, name, values, counted, (keep, here, ~keep & ~here))
    similarity = _floats(decisions["similarity"])
    duplicates = np.isfinite(similarity) & ~keep & decisions["duplicate_of"].is_valid().to_numpy(zero_copy_only=False)
    _count_bins(summary, SIMILARITY, similarity, duplicates, (keep, duplicates, keep))


def _count_bins(
    summary: Summary,
    name: str,
    values: NDArray[np.float64],
    counted: NDArray[np.bool_],
    classes: tuple[NDArray[np.bool_], ...],
) -> None:
    bins = bins_for(*summary.bounds.get(name, (None, None)))
    for index, member in enumerate(classes):
        places, numbers = np.unique(bins.place(values[counted & member]), return_counts=True)
        for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
            add(summary.signals, (name, place), tuple(number if k == index else 0 for k in range(len(classes))))


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Null as NaN."""
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _sample_documents(
    summary: Summary, documents: pa.Table, decisions: pa.Table, groups: list[Group], ranks: list[str], order: list[int]
) -> None:
    chosen: dict[Group, list[int]] = {}
    for row in order:
        rows = chosen.setdefault(groups[row], [])
        if len(rows) < SAMPLES:
            rows.append(row)
    for group, rows in chosen.items():
        samples = []
        for row in rows:
            document: dict[str, Any] = {
                name: documents[name][row].as_py() for name in ("key", "id", "source", "uri", "language")
            }
            decision = decisions.slice(row, 1).to_pylist()[0]
            samples.append(
                Sample(
                    rank=ranks[row],
                    key=document["key"].hex(),
                    id=document["id"],
                    source=document["source"],
                    uri=document["uri"],
                    language=document["language"] or "",
                    tokens=decision["tokens"],
                    value=finite(decision["value"]),
                    threshold=finite(decision["threshold"]),
                    duplicate_of=decision["duplicate_of"],
                    text=_opening(documents["text"].slice(row, 1), decision["cut"] if decision["keep"] else None),
                )
            )
        summary.samples[group] = tuple(samples)


def _opening(text: pa.ChunkedArray, cuts: list[dict[str, int]] | None) -> str:
    """The first characters of what is kept of a text; never the whole of a large one."""
    reach = SAMPLE_CHARACTERS + sum(span["end"] + 1 - span["start"] for span in cuts or ())
    head = pc.utf8_slice_codeunits(text, 0, min(reach, 100 * SAMPLE_CHARACTERS))[0].as_py()
    return cut_text(head, [span for span in cuts or () if span["start"] < len(head)])[:SAMPLE_CHARACTERS]
