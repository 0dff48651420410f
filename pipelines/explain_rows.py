"""Rows of a build's files as the parts of an explanation."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curation.decontamination.config import DecontaminateSection
from curation.decontamination.decide import counts
from curation.documents import DOCUMENT
from curation.link_join import SIGNALS, page_facts
from pipelines.explanation import Details, FoundItem, Line, Measure, Outcome

WORST_LINES = 3


def names_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The names that every row has."""
    return {name: row.get(name) or "" for name in ("id", "source", "uri", "origin")}


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """What a row of decisions says."""
    return Outcome(
        keep=row["keep"],
        stage=row["stage"],
        rule=row["rule"],
        value=row["value"],
        threshold=row["threshold"],
        failed=tuple(row["failed"] or ()),
        duplicate_of=row["duplicate_of"],
        similarity=row["similarity"],
    )


def refused_of(row: Mapping[str, Any]) -> Outcome:
    """What a row of ingest's rejects says."""
    rule = row["rule"]
    return Outcome(False, "ingest", rule, row["value"], row["threshold"], (rule,), None, None, row["detail"])


def rejected_of(row: Mapping[str, Any]) -> Outcome:
    """What a row of the published rejects says."""
    failed = (row["rule"],) if row["rule"] else ()
    return Outcome(False, row["stage"], row["rule"], row["value"], row["threshold"], failed, row["duplicate_of"], None)


def items_of(
    text: str, hits: Sequence[Mapping[str, Any]], section: DecontaminateSection | None
) -> tuple[FoundItem, ...]:
    """What the stored hits of a document say; none of them counts where the recipe is not known."""
    return tuple(
        FoundItem(
            hit["benchmark"], hit["item"], hit["part"], hit["share"], hit["words"], hit["numbers"],
            section is not None and counts(hit, section), text[hit["start"] : hit["end"]][:200],
        )
        for hit in hits
    )  # fmt: skip


def details_of(
    row: Mapping[str, Any],
    decided: Mapping[str, Any] | None,
    linked: Mapping[str, Any] | None,
    bounds: Mapping[str, Sequence[float | None]],
) -> Details:
    """What is known of a row of documents, with the rows of decisions and of links about it, and the bounds."""
    text, page = row["text"], {}
    if linked is not None:
        page = page_facts(linked)
        row = {**row, **{name: linked[name] for name in SIGNALS}}
    measured = [name for name in row if name not in DOCUMENT.names or name in bounds]
    lines = sorted(row["toxic_lines"] or (), key=lambda line: (-line["score"], line["start"]))[:WORST_LINES]
    return Details(
        date=row["date"] or "",
        language=row["language"] or "",
        language_score=row["language_score"],
        license=row["license"],
        license_kind=row["license_kind"],
        tokens=row["tokens"],
        measures=tuple(Measure(name, _known(row[name]), *bounds.get(name, (None, None))) for name in measured),
        pii=tuple(sorted(json.loads(row["pii"] or "{}").items())),
        pii_policies=_by_policy(row.get("pii_located") or ()),
        toxicity=row["toxicity"],
        toxic_words=row["toxic_words"] or 0,
        toxic_lines=tuple(Line(text[line["start"] : line["end"]][:200], line["score"]) for line in lines),
        cuts=tuple(text[span["start"] : span["end"]][:200] for span in (decided or {}).get("cut") or ()),
        opening=text[:300],
        title=page.get("title") or "",
        headers=tuple(sorted(page.get("headers", {}).items())),
        languages=tuple(sorted(json.loads(row.get("languages") or "{}").items(), key=lambda one: (-one[1], one[0]))),
        language_mixed=row.get("language_mixed"),
        repairs=tuple(sorted(json.loads(row.get("repairs") or "{}").items())),
    )


def _by_policy(located: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, int], ...]:
    found = Counter((span["type"], span["policy"]) for span in located)
    return tuple((name, policy, count) for (name, policy), count in sorted(found.items()))


def _known(value: float | None) -> float | None:
    """A stored number; None for NaN, which stands for what does not apply, as the visible share of a Rust file."""
    return None if value is None or math.isnan(value) else value
