"""Deciding: stored numbers against the policy's thresholds, first failing rule first, every failing rule kept.

Nothing here reads a page again. Text is needed only for documents of which lines are cut, to count what is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.decontamination.decide import COLUMN, OVERLAP, TOO_MUCH, judge, without_overlaps
from curation.documents import CODE
from curation.policy import Policy
from curation.quality.rules import RuleSet, decide
from curation.quality.scores import derive, stored_signals
from manifests.errors import UsageError

_NOT_MEASURED = "an earlier version of Winnow made this build and measured no paragraphs; run `winnow curate` again"

TAGGED = "toxicity.tagged"
"""Stands among the failed rules of documents, kept or not, that `toxicity.action: tag` marks."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """One rule applied to n documents: where it fails, on what value, against what threshold."""

    stage: str
    rule: str
    fails: Mask
    value: Floats
    threshold: float | Floats
    removes: bool = True  # else a document that fails is only named among `failed`


@dataclass(frozen=True)
class Ruled:
    """The outcome of all rules over n documents, before duplicates and the mixture are known."""

    stage: list[str | None]
    rule: list[str | None]
    value: list[float | None]
    threshold: list[float | None]
    failed: list[list[str]]
    cut: list[list[dict[str, int]]]

    def keep(self) -> Mask:
        """Which documents passed every rule."""
        return np.array([rule is None for rule in self.rule], bool)


def needed_columns(policy: Policy, schema_names: Sequence[str]) -> list[str]:
    """The columns of a documents part that `apply_rules` reads (never `text`)."""
    signals = {name for rules in (policy.quality.resolve(), policy.code.resolve()) for name in stored_signals(rules)}
    fixed = {
        "key", "id", "source", "uri", "date", "language", "language_score", "language_mixed", "foreign", "license_kind",
        "tokens", "bytes",
        "pii", "pii_spans", "toxicity", "toxic_words", "toxic_lines",
        *(f"toxicity_{kind}" for kind in policy.toxicity.kinds()),
    }  # fmt: skip
    return [name for name in schema_names if name in signals or name in fixed]


def bounds(policy: Policy) -> dict[str, tuple[float | None, float | None]]:
    """Every stored number that a rule reads, with the (minimum, maximum) in force."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for rules in (policy.quality.resolve(), policy.code.resolve()):
        for rule in rules.rules:
            low, high = found.get(rule.signal, (None, None))
            found[rule.signal] = (
                rule.minimum if rule.minimum is not None else low,
                rule.maximum if rule.maximum is not None else high,
            )
    found["language_score"] = (policy.language.min_score, None)
    found["language_mixed"] = (None, policy.language.max_mixed)
    found["toxicity"] = (None, policy.toxicity.max_document)
    for kind, most in policy.toxicity.kinds().items():
        found[f"toxicity_{kind}"] = (None, most)
    if policy.links.min_votes:
        found["link_votes"] = (policy.links.min_votes, None)
    return found


def apply_rules(documents: pa.Table, policy: Policy) -> Ruled:
    """Judge the documents of one part, all of one source.

    `documents` holds at least `needed_columns`, and `link_votes` where the policy asks for votes. Order of the rules:
    language, links, quality, toxicity, privacy, decontamination for web pages; licence, file rules, privacy,
    decontamination for code. `contamination` holds the hits where the policy names evaluation items.
    """
    if not documents.num_rows:
        return Ruled([], [], [], [], [], [])
    is_code = documents["source"][0].as_py() == CODE
    cuts: list[list[dict[str, int]]] = [[] for _ in range(documents.num_rows)]
    if is_code:
        checks = [_license_check(documents, policy, kind) for kind in ("none", "copyleft", "other", "permissive")]
        checks += _rule_set_checks(documents, policy.code.resolve(), "code")
    else:
        checks = [*_language_checks(documents, policy), *_link_checks(documents, policy)]
        checks += _rule_set_checks(documents, policy.quality.resolve(), "quality")
        toxic, cut_share = _toxic_cuts(documents, policy)
        toxicity = _toxicity_checks(documents, policy, cut_share)
        if policy.toxicity.action == "tag":
            tagged = np.any([check.fails for check in toxicity], axis=0) | np.array([bool(spans) for spans in toxic])
            toxic, toxicity = [[] for _ in toxic], [_tag(tagged)]
        elif policy.toxicity.action == "cut":
            toxicity = [check for check in toxicity if check.rule == "toxicity.lines"]
        cuts = _with_foreign_cuts(toxic, documents, policy)
        checks += toxicity
    checks += _privacy_checks(documents, policy)
    contamination, cuts = _decontamination(documents, policy, cuts)
    checks += contamination
    return _first_failures(checks, cuts)


def cut_text(text: str, cuts: Sequence[dict[str, int]]) -> str:
    """`text` without the given spans (ascending, without overlap); what remains is stripped of line breaks.

    A line that goes as a whole takes the break that ends it along; a line of which something is left keeps it.
    """
    return "".join(text[start:end] for start, end in kept_ranges(text, cuts))


def kept_ranges(text: str, cuts: Sequence[dict[str, int]]) -> list[tuple[int, int]]:
    """The (start, end) of what `cut_text` leaves of `text`, in order."""
    ranges: list[tuple[int, int]] = []
    position = 0
    bare = True  # nothing is left of the line at hand, but white space
    for span in cuts:
        piece = text[position : span["start"]]
        line = piece.rfind("\n") + 1
        bare = not piece[line:].strip() and (bare or line > 0)
        ranges.append((position, span["start"]))
        position = span["end"]
        if bare:
            position += text.startswith("\r", position)  # not part of the line, nor of what remains
            position += text.startswith("\n", position)
    ranges.append((position, len(text)))
    first, last = 0, len(ranges) - 1
    while first <= last:  # line breaks at the beginning and the end are no part of what remains
        start, end = ranges[first]
        start += len(text[start:end]) - len(text[start:end].lstrip("\n"))
        ranges[first] = (start, end)
        if start < end:
            break
        first += 1
    while last >= first:
        start, end = ranges[last]
        ranges[last] = (start, start + len(text[start:end].rstrip("\n")))
        if start < ranges[last][1]:
            break
        last -= 1
    return [one for one in ranges[first : last + 1] if one[0] < one[1]]


def moved_spans(spans: Sequence[dict[str, Any]], ranges: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """Spans of a text, which are in order, as spans of the `ranges` that are left of it.

    A span that lost any of its characters is left out.
    """
    moved: list[dict[str, Any]] = []
    index = length = 0
    for span in spans:
        while index < len(ranges) and ranges[index][1] <= span["start"]:
            length += ranges[index][1] - ranges[index][0]
            index += 1
        if index == len(ranges):
            break
        start, end = ranges[index]
        if start <= span["start"] and span["end"] <= end:
            shift = length - start
            moved.append({**span, "start": span["start"] + shift, "end": span["end"] + shift})
    return moved


def _numbers(documents: pa.Table, name: str) -> Floats:
    return np.asarray(documents[name].to_numpy(), np.float64)


def _language_checks(documents: pa.Table, policy: Policy) -> list[Check]:
    if not policy.language.keep:
        return _mixed_checks(documents, policy)
    score = _numbers(documents, "language_score")
    wanted = pc.is_in(documents["language"], pa.array(policy.language.keep)).to_numpy()
    least = policy.language.min_score
    return [
        Check("language", "language.other", ~wanted, score, np.nan),
        Check("language", "language.uncertain", wanted & (score < least), score, least),
        *_mixed_checks(documents, policy),
    ]


def _mixed_checks(documents: pa.Table, policy: Policy) -> list[Check]:
    most = policy.language.max_mixed
    if most == 1.0:  # nothing can be more
        return []
    if "language_mixed" not in documents.schema.names:
        raise UsageError(f"language.max_mixed: {_NOT_MEASURED}")
    mixed = _numbers(documents, "language_mixed")
    return [Check("language", "language.mixed", mixed > most, mixed, most)]


def _with_foreign_cuts(
    cuts: list[list[dict[str, int]]], documents: pa.Table, policy: Policy
) -> list[list[dict[str, int]]]:
    """The cuts with paragraphs in unwanted languages among them; one that holds toxic lines takes their place."""
    wanted = frozenset(policy.language.keep)
    if not policy.language.cut_paragraphs or not wanted:
        return cuts
    if "foreign" not in documents.schema.names:
        raise UsageError(f"language.cut_paragraphs: {_NOT_MEASURED}")
    found = []
    for spans, paragraphs in zip(cuts, documents["foreign"].to_pylist(), strict=True):
        foreign = [
            {"start": one["start"], "end": one["end"]} for one in paragraphs or () if one["language"] not in wanted
        ]
        covered = [span for span in spans if not any(one["start"] <= span["start"] < one["end"] for one in foreign)]
        found.append(sorted([*covered, *foreign], key=lambda span: span["start"]))
    return found


def _link_checks(documents: pa.Table, policy: Policy) -> list[Check]:
    least = policy.links.min_votes
    if not least:
        return []
    votes = _numbers(documents, "link_votes")
    return [Check("links", "link_votes", votes < least, votes, least)]


def _rule_set_checks(documents: pa.Table, rules: RuleSet, stage: str) -> list[Check]:
    stored = {name: _numbers(documents, name) for name in stored_signals(rules) if name in documents.schema.names}
    columns = derive(rules, stored, documents["id"].to_pylist(), documents["language"].to_pylist())
    decisions = decide(columns, rules)
    checks = []
    for index, rule in enumerate(rules.rules):
        value = columns[rule.signal]
        low = -np.inf if rule.minimum is None else rule.minimum
        high = np.inf if rule.maximum is None else rule.maximum
        checks.append(Check(stage, rule.name, decisions.failed[:, index], value, np.where(value < low, low, high)))
    return checks


def _license_check(documents: pa.Table, policy: Policy, kind: str) -> Check:
    refused = kind not in policy.code.licenses
    fails = pc.equal(documents["license_kind"], kind).to_numpy() & refused
    unknown = np.full(documents.num_rows, np.nan)
    return Check("license", f"license.{kind}", fails, unknown, np.nan)


def _toxic_cuts(documents: pa.Table, policy: Policy) -> tuple[list[list[dict[str, int]]], Floats]:
    """Lines to cut from each document, and the share of its bytes they are (characters counted as bytes)."""
    limits = _limits(documents, policy, "max_line")
    cuts: list[list[dict[str, int]]] = []
    share = np.zeros(documents.num_rows)
    sizes = documents["bytes"].to_pylist()
    for row, lines in enumerate(documents["toxic_lines"].to_pylist()):
        spans = [{"start": line["start"], "end": line["end"]} for line in lines or () if line["score"] > limits[row]]
        cuts.append(spans)
        if spans:
            share[row] = sum(span["end"] - span["start"] for span in spans) / max(1, sizes[row])
    return cuts, share


def _limits(documents: pa.Table, policy: Policy, name: str) -> Floats:
    """A threshold of `toxicity` for each document, by its language."""
    if not policy.toxicity.languages:
        return np.full(documents.num_rows, getattr(policy.toxicity, name))
    return np.array([policy.toxicity.limit(name, code) for code in documents["language"].to_pylist()], np.float64)


def _toxicity_checks(documents: pa.Table, policy: Policy, cut_share: Floats) -> list[Check]:
    score = _numbers(documents, "toxicity")
    words = _numbers(documents, "toxic_words") / np.maximum(1.0, _numbers(documents, "tokens"))
    measured = {"document": score, "words": words, "lines": cut_share}
    checks = []
    for name, key in (("document", "max_document"), ("words", "max_words"), ("lines", "max_cut")):
        limits = _limits(documents, policy, key)
        checks.append(Check("toxicity", f"toxicity.{name}", measured[name] > limits, measured[name], limits))
    for kind, most in policy.toxicity.kinds().items():
        if f"toxicity_{kind}" not in documents.schema.names:
            raise UsageError(
                f"toxicity.max_{kind}: an earlier version of Winnow made this build and measured no kinds of toxicity; "
                "run `winnow curate` again"
            )
        value = _numbers(documents, f"toxicity_{kind}")
        checks.append(Check("toxicity", f"toxicity.{kind}", value > most, value, most))
    return checks


def _tag(tagged: Mask) -> Check:
    """What marks documents and removes none."""
    unknown = np.full(len(tagged), np.nan)
    return Check("toxicity", TAGGED, tagged, unknown, np.nan, removes=False)


def _privacy_checks(documents: pa.Table, policy: Policy) -> list[Check]:
    checks = []
    most, by_type = policy.privacy.max_spans, policy.privacy.max_type_spans
    if most is not None:
        spans = _numbers(documents, "pii_spans")
        checks.append(Check("privacy", "privacy.spans", spans > most, spans, most))
    if by_type:
        counts = [json.loads(written or "{}") for written in documents["pii"].to_pylist()]
        for name, limit in sorted(by_type.items()):
            found = np.array([count.get(name, 0) for count in counts], np.float64)
            checks.append(Check("privacy", f"privacy.spans.{name}", found > limit, found, limit))
    return checks


def _decontamination(
    documents: pa.Table, policy: Policy, cuts: list[list[dict[str, int]]]
) -> tuple[list[Check], list[list[dict[str, int]]]]:
    """The checks on evaluation items, and the cuts with the passages that hold one among them."""
    section = policy.decontaminate
    if section is None:
        return [], cuts
    if COLUMN not in documents.schema.names:
        raise UsageError("decontaminate: this build did not look for evaluation items; run `winnow curate` again")
    found = judge(documents, section)
    if section.action == "drop":
        return [
            Check("decontamination", OVERLAP, found.share >= section.min_share, found.share, section.min_share)
        ], cuts
    joined = [without_overlaps(one, more) for one, more in zip(cuts, found.cuts, strict=True)]
    most = section.max_cut
    return [Check("decontamination", TOO_MUCH, found.cut_share > most, found.cut_share, most)], joined


def _first_failures(checks: Sequence[Check], cuts: list[list[dict[str, int]]]) -> Ruled:
    rows = len(cuts)
    stage: list[str | None] = [None] * rows
    rule: list[str | None] = [None] * rows
    value: list[float | None] = [None] * rows
    threshold: list[float | None] = [None] * rows
    failed: list[list[str]] = [[] for _ in range(rows)]
    for check in checks:
        limits = np.broadcast_to(np.asarray(check.threshold, np.float64), rows)
        for row in np.flatnonzero(check.fails):
            if check.rule not in failed[row]:  # several rules of a set may share a name
                failed[row].append(check.rule)
            if rule[row] is None and check.removes:
                stage[row], rule[row] = check.stage, check.rule
                value[row], threshold[row] = _number(check.value[row]), _number(limits[row])
    return Ruled(stage, rule, value, threshold, failed, cuts)


def _number(value: float) -> float | None:
    """A plain float, None where there is no number to show."""
    return float(value) if np.isfinite(value) else None
