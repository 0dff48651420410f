"""Rules over stored signals: which documents stay, and the first reason of those that go.

A rule set is data, so a changed threshold needs the signals only, not the texts. Names carry the dialect they
reproduce (`fineweb@datatrove`), since published systems disagree on what a recipe means.
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

    A strict bound of a published rule has to be expressed through another signal or the next number.
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
            raise UsageError(f"unknown threshold `{key}` of rule set {rule_set.name}; {_hint(key, known)}")
        changes[matches[0]] = float(number)
    if not changes:
        return rule_set
    rules = []
    for rule in rule_set.rules:
        bounds: dict[str, Any] = {bound: changes[key] for key, bound in rule.threshold_keys().items() if key in changes}
        rules.append(dataclasses.replace(rule, **bounds))
    return dataclasses.replace(rule_set, rules=tuple(rules))


def _hint(key: str, known: Iterable[str]) -> str:
    """The known name nearest to `key`, compared also without its family."""
    names = {name: name for name in known} | {name.rpartition(".")[2]: name for name in known}
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"did you mean `{names[nearest[0]]}`?" if nearest else f"known: {', '.join(dict.fromkeys(names.values()))}"


_GOPHER_REPETITION = (
    Rule("empty", "characters", minimum=1),
    Rule("gopher.max_dup_paragraphs", "gopher.dup_paragraphs", maximum=0.30),
    Rule("gopher.max_dup_paragraph_chars", "gopher.dup_paragraph_chars", maximum=0.20),
    Rule("gopher.max_dup_lines", "gopher.dup_lines", maximum=0.30),
    Rule("gopher.max_dup_line_chars", "gopher.dup_line_chars", maximum=0.20),
    *(
        Rule(f"gopher.max_top_{n}_gram_chars", f"gopher.top_{n}_gram_chars", maximum=share)
        for n, share in ((2, 0.20), (3, 0.18), (4, 0.16))
    ),
    *(
        Rule(f"gopher.max_dup_{n}_gram_chars", f"gopher.dup_{n}_gram_chars", maximum=share)
        for n, share in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
)
_GOPHER_QUALITY = (
    Rule("gopher.min_words", "gopher.words", minimum=50),
    Rule("gopher.max_words", "gopher.words", maximum=100_000),
    Rule("gopher.min_word_length", "gopher.word_length", minimum=3),
    Rule("gopher.max_word_length", "gopher.word_length", maximum=10),
    Rule("gopher.max_hashes", "gopher.hashes", maximum=0.1),
    Rule("gopher.max_ellipses", "gopher.ellipses", maximum=0.1),
    Rule("gopher.max_bullet_lines", "gopher.bullet_lines", maximum=0.9),
    Rule("gopher.max_ellipsis_lines", "gopher.ellipsis_lines", maximum=0.3),
    Rule("gopher.min_alphabetic_words", "gopher.alphabetic_words", minimum=0.8),
    Rule("gopher.min_stop_words", "gopher.stop_words", minimum=2),
)
_C4 = (
    # C4 drops a page at the first line with either phrase. The first of these rules only decides which reason comes
    # first; the third fails wherever it does.
    Rule("c4.max_curly_bracket", "c4.curly_bracket_first", maximum=0),
    Rule("c4.max_lorem_ipsum", "c4.lorem_ipsum", maximum=0),
    Rule("c4.max_curly_bracket", "c4.curly_bracket", maximum=0),
    Rule("c4.min_sentences", "c4.sentences", minimum=5),
)
_FINEWEB = (
    Rule("fineweb.min_lines", "fineweb.lines", minimum=1),
    Rule("fineweb.min_end_punctuation_lines", "fineweb.end_punctuation_lines", minimum=0.12),
    Rule("fineweb.max_short_lines", "fineweb.short_lines", maximum=0.67),
    Rule("fineweb.max_dup_line_chars", "fineweb.dup_line_chars", maximum=0.01),
    Rule("fineweb.max_newlines", "fineweb.newlines", maximum=0.3),
)

RULE_SETS: dict[str, RuleSet] = {
    "fineweb@datatrove": RuleSet(
        "fineweb@datatrove",
        _GOPHER_REPETITION + _GOPHER_QUALITY + _C4 + _FINEWEB,
        "FineWeb's English recipe as datatrove 0.10 runs it: Gopher repetition, Gopher quality, C4 without the rule on"
        " end marks (its line edits make the text that is kept), FineWeb's own rules.",
    ),
}
RULE_SETS["fineweb"] = RULE_SETS["fineweb@datatrove"]


def rule_set(name: str) -> RuleSet:
    """The named rule set; a plain name (`fineweb`) is an alias of the set in one dialect.

    Raises:
        UsageError: an unknown name (names the nearest one).
    """
    if name not in RULE_SETS:
        raise UsageError(f"unknown rule set `{name}`; {_hint(name, RULE_SETS)}")
    return RULE_SETS[name]
