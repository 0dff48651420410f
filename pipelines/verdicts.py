"""What every published rule set says of one document, from the signals that a build stored for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from curation.documents import CODE
from curation.policy import CODE_RULE_SET, Policy
from curation.quality.rules import RULE_SETS, RuleSet, decide, rule_set
from curation.quality.scores import derive, stored_signals
from manifests.errors import UsageError
from pipelines.explanation import Verdict


def check_names(names: Iterable[str]) -> None:
    """UsageError where one of these is the name of no rule set; the nearest is named."""
    for name in names:
        _named(name)


def verdicts(row: Mapping[str, Any], policy: Policy | None, names: Sequence[str] | None = None) -> tuple[Verdict, ...]:
    """The verdicts on a document of the rule sets named, by default of all whose signals are stored.

    `row` holds the document's signals beside its `id`, `language` and `source`. The build's own rule set (that of
    `policy`) is applied with the build's thresholds and comes first, the others with the published ones.

    Raises:
        UsageError: an unknown name, or a rule set whose signals the document has not got.
    """
    own = _own(row, policy)
    if names is None:
        chosen = [rules for rules in _distinct(own) if not _missing(row, rules)]
    else:
        named = dict.fromkeys(_named(name) for name in names)
        chosen = [own if own is not None and rules.name == own.name else rules for rules in named]
        for rules in chosen:
            missing = _missing(row, rules)
            if missing:
                raise UsageError(
                    f"--rules {rules.name}: it reads the signal `{missing[0]}`, which the build has not stored for "
                    "this document"
                )
    return tuple(_verdict(row, rules, own=rules is own) for rules in chosen)


def _own(row: Mapping[str, Any], policy: Policy | None) -> RuleSet | None:
    if row["source"] == CODE:
        return policy.code.resolve() if policy else CODE_RULE_SET
    return policy.quality.resolve() if policy else None


def _named(name: str) -> RuleSet:
    return CODE_RULE_SET if name == CODE_RULE_SET.name else rule_set(name)


def _distinct(own: RuleSet | None) -> Iterable[RuleSet]:
    """The build's own rule set, then every other one once, whatever names it has."""
    found = {} if own is None else {own.name: own}
    for rules in RULE_SETS.values():
        found.setdefault(rules.name, rules)
    return found.values()


def _missing(row: Mapping[str, Any], rules: RuleSet) -> list[str]:
    return [name for name in stored_signals(rules) if row.get(name) is None]


def _verdict(row: Mapping[str, Any], rules: RuleSet, *, own: bool) -> Verdict:
    stored = {name: np.array([row[name]], np.float64) for name in stored_signals(rules)}
    decisions = decide(derive(rules, stored, [row["id"]], [row["language"]]), rules)
    first = int(decisions.first[0])
    failed = dict.fromkeys(rule.name for rule, broken in zip(rules.rules, decisions.failed[0], strict=True) if broken)
    if first < 0:
        return Verdict(rules.name, own, True, None, None, None, ())
    value, threshold = float(decisions.value[0]), float(decisions.threshold[0])
    return Verdict(rules.name, own, False, rules.rules[first].name, value, threshold, tuple(failed))
