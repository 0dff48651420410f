"""Rules over stored signals: which documents stay, and the first reason of those that go.

A rule set is data, so a changed threshold needs the signals only, not the texts. The published sets are in
`curation.quality.rules`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manifests.errors import UsageError


@dataclass(frozen=True)
class Rule:
    """Passes where `minimum <= value <= maximum`: both bounds are inclusive, None is no bound.

    NaN, a score that no model gave, breaks no bound. A strict bound of a published rule has to be expressed through
    another signal or the next number.
    `name` is the reason that a rejected document gets; several rules of a set may share it.
    """

    name: str
    signal: str
    minimum: float | None = None
    maximum: float | None = None

    def threshold_keys(self) -> dict[str, str]:
        """Key of `with_thresholds` to the bound it sets: the rule's name, with `min_` or `max_` before its last part
        unless the name has it."""
        family, dot, last = self.name.rpartition(".")
        keys = {}
        for bound, prefix in (("minimum", "min_"), ("maximum", "max_")):
            if getattr(self, bound) is not None:
                keys[self.name if last.startswith(prefix) else f"{family}{dot}{prefix}{last}"] = bound
        return keys


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order in which the original applies them."""

    name: str
    rules: tuple[Rule, ...]
    description: str
    edits: str | None = None
    """The line edits that the recipe makes (a key of `signals.EDITS`): what text is kept."""
    cutoffs: tuple[tuple[str, float, float], ...] = ()
    """By language the perplexities at which head and middle end, for models other than CCNet's."""

    def signals(self) -> tuple[str, ...]:
        """The numbers that the rules read, each once."""
        return tuple(dict.fromkeys(rule.signal for rule in self.rules))

    def thresholds(self) -> dict[str, float]:
        """Every threshold by its key."""
        return {key: getattr(rule, bound) for rule in self.rules for key, bound in rule.threshold_keys().items()}


@dataclass(frozen=True)
class Decisions:
    """What the rules say of n documents; `rules` are the columns of `failed`."""

    rules: tuple[Rule, ...]
    first: NDArray[np.int32]  # n: place of the first failing rule, -1 where the document stays
    value: NDArray[np.float64]  # n: the value that this rule saw, 0 where the document stays
    threshold: NDArray[np.float64]  # n: the bound that it broke, 0 where the document stays
    failed: NDArray[np.bool_]  # n x rules


def decide(columns: Mapping[str, NDArray[np.float64]], rules: RuleSet) -> Decisions:
    """Apply `rules` to columns of signals, all of one length.

    Raises:
        UsageError: a rule's signal is not among the columns.
    """
    missing = [rule.signal for rule in rules.rules if rule.signal not in columns]
    if missing:
        raise UsageError(f"rule set {rules.name} needs the signal `{missing[0]}`, which was not measured")
    count = len(columns[rules.rules[0].signal]) if rules.rules else len(next(iter(columns.values()), ()))
    failed = np.zeros((count, len(rules.rules)), np.bool_)
    first = np.full(count, -1, np.int32)
    value, threshold = np.zeros(count), np.zeros(count)
    for place, rule in enumerate(rules.rules):
        measured = np.asarray(columns[rule.signal], np.float64)
        for bound, broken in (
            (rule.minimum, None if rule.minimum is None else measured < rule.minimum),
            (rule.maximum, None if rule.maximum is None else measured > rule.maximum),
        ):
            if broken is None:
                continue
            failed[:, place] |= broken
            new = broken & (first < 0)
            first[new] = place
            value[new] = measured[new]
            threshold[new] = bound
    return Decisions(rules.rules, first, value, threshold, failed)


def with_thresholds(rule_set: RuleSet, thresholds: Mapping[str, float]) -> RuleSet:
    """The rule set with other thresholds; keys are those of `RuleSet.thresholds`, or their last part where only one
    family has it (`min_words` for `gopher.min_words`).

    Raises:
        UsageError: an unknown key (names the nearest one), a key of several families, or a value that is no number.
    """
    known = list(dict.fromkeys(key for rule in rule_set.rules for key in rule.threshold_keys()))
    changes: dict[str, float] = {}
    for key, number in thresholds.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not np.isfinite(number):
            raise UsageError(f"threshold `{key}` of rule set {rule_set.name} must be a number, not {number!r}")
        matches = [name for name in known if name == key] or [name for name in known if name.rpartition(".")[2] == key]
        if len(matches) > 1:
            raise UsageError(f"threshold `{key}` of rule set {rule_set.name} is one of {', '.join(matches)}; say which")
        if not matches:
            raise UsageError(f"unknown threshold `{key}` of rule set {rule_set.name}; {hint(key, known)}")
        changes[matches[0]] = float(number)
    if not changes:
        return rule_set
    rules = []
    for rule in rule_set.rules:
        bounds: dict[str, Any] = {bound: changes[key] for key, bound in rule.threshold_keys().items() if key in changes}
        rules.append(dataclasses.replace(rule, **bounds))
    return dataclasses.replace(rule_set, rules=tuple(rules))


def hint(key: str, known: Iterable[str]) -> str:
    """The known name nearest to `key`, compared also without its family."""
    names = {name: name for name in known} | {name.rpartition(".")[2]: name for name in known}
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"did you mean `{names[nearest[0]]}`?" if nearest else f"known: {', '.join(dict.fromkeys(names.values()))}"
