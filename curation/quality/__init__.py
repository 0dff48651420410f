"""Quality: signals measured in one pass (`signals`), rule sets that decide on them (`rules`).

`evaluate` does both for one text and says why.
"""

from __future__ import annotations

from dataclasses import dataclass

from curation.quality import rules as _rules

__all__ = ["Verdict", "evaluate"]


@dataclass(frozen=True)
class Verdict:
    """Whether a rule set keeps a text. Without a failing rule, `rule`, `value` and `threshold` are None."""

    keep: bool
    rule: str | None  # name of the first failing rule: the reason
    value: float | None  # what it measured
    threshold: float | None  # the bound it broke
    failed: tuple[str, ...]  # names of all failing rules, in order
    text: str  # the text after the rule set's line edits


def evaluate(text: str, rule_set: _rules.RuleSet | str = "fineweb") -> Verdict:
    """Measure `text` and apply a rule set, or the rule set of that name.

    Raises:
        UsageError: an unknown name.
    """
    from curation.quality import signals  # imports compiled code, which deciding alone does not need

    chosen = _rules.rule_set(rule_set) if isinstance(rule_set, str) else rule_set
    columns, texts = signals.measure_batch([text])
    decisions = _rules.decide(columns, chosen)
    first = int(decisions.first[0])
    failed = tuple(
        dict.fromkeys(rule.name for rule, broken in zip(chosen.rules, decisions.failed[0], strict=True) if broken)
    )
    if first < 0:
        return Verdict(True, None, None, None, failed, texts[0])
    return Verdict(
        False,
        chosen.rules[first].name,
        float(decisions.value[0]),
        float(decisions.threshold[0]),
        failed,
        texts[0],
    )
