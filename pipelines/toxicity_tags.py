"""What a build with `toxicity.action: tag` tells of its documents, and what became of toxic ones, in numbers."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from curation.select import TAGGED
from curation.statistics import KEPT
from curation.summary import Summary
from curation.toxicity import CATEGORIES

_KINDS = tuple(f"toxicity_{kind}" for kind in CATEGORIES)
TAG_COLUMNS = ("toxicity", "toxic_words", "toxic_lines", *_KINDS)
"""Columns of the ingested documents that `with_tags` reads."""


def with_tags(documents: pa.Table, decisions: pa.Table) -> pa.Table:
    """The rows with `toxicity` among their `meta`: score, kinds, listed words, whether a threshold is passed, and the
    toxic lines with their scores, as offsets into `text`, unless paragraphs are cut out of it."""
    metas = []
    columns = ["meta", *TAG_COLUMNS]
    rows = zip(documents.select(columns).to_pylist(), decisions.select(["failed", "cut"]).to_pylist(), strict=True)
    for row, decision in rows:
        tagged = TAGGED in (decision["failed"] or ())
        facts: dict[str, Any] = {"score": row["toxicity"], "words": row["toxic_words"], "tagged": tagged}
        facts |= {kind: row[name] for kind, name in zip(CATEGORIES, _KINDS, strict=True) if row[name] is not None}
        lines = [[one["start"], one["end"], round(one["score"], 4)] for one in row["toxic_lines"] or ()]
        if lines and not decision["cut"]:
            facts["lines"] = lines
        meta = {**json.loads(row["meta"]), "toxicity": facts}
        metas.append(json.dumps(meta, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    return documents.set_column(documents.column_names.index("meta"), "meta", pa.array(metas, pa.string()))


def toxicity_counts(summary: Summary) -> list[dict[str, Any]]:
    """For each source with any: documents dropped for toxicity, documents tagged, and of the kept documents those with
    lines cut (toxic ones, and paragraphs in unwanted languages where these are cut), their lines and tokens."""
    found: dict[str, dict[str, Any]] = {}

    def entry(source: str) -> dict[str, Any]:
        empty = {"source": source, "dropped": 0, "tagged": 0, "cut_documents": 0, "cut_lines": 0, "cut_tokens": 0}
        return found.setdefault(source, empty)

    for (source, stage, *_), (documents, _tokens) in summary.outcomes.items():
        if stage == "toxicity" and stage != KEPT:
            entry(str(source))["dropped"] += documents
    for (source, rule), (documents, _only) in summary.failures.items():
        if rule == TAGGED:
            entry(str(source))["tagged"] += documents
    for (source,), (documents, lines, tokens) in summary.cuts.items():
        entry(str(source)).update(cut_documents=documents, cut_lines=lines, cut_tokens=tokens)
    return [found[source] for source in sorted(found)]
