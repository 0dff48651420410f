"""Quality: signals measured in one pass (`signals`), published rule sets that decide on them (`rules`).

`evaluate` does both for one text and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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


def evaluate(
    text: str,
    rule_set: _rules.RuleSet | str = "fineweb",
    *,
    scores: Mapping[str, float] | None = None,
    language: str | None = "en",
    identity: str = "",
    bad_words: Sequence[str] = (),
) -> Verdict:
    """Measure `text` and apply a rule set, or the rule set of that name.

    Args:
        text: any string.
        rule_set: a set or its name (`winnow recipes` and docs/quality.md list them).
        scores: what models say of the text, for sets that need it: `perplexity`, `classifier`, `link_votes`
            (`curation.quality.scores`). NaN breaks no rule.
        language: whose cutoffs `ccnet` uses.
        identity: the document's id, from which `gpt3` draws its noise.
        bad_words: the list of `c4@tfds`, in lower case.

    Raises:
        UsageError: an unknown name, or a score that the set needs and `scores` lacks.
    """
    from curation.quality import signals  # imports compiled code, which deciding alone does not need
    from curation.quality.families import families_of
    from curation.quality.scores import SCORES, derive

    chosen = _rules.rule_set(rule_set) if isinstance(rule_set, str) else rule_set
    columns, texts = signals.measure_batch([text], families_of([chosen]), edits=chosen.edits, bad_words=bad_words)
    columns |= {name: np.array([number], np.float64) for name, number in (scores or {}).items() if name in SCORES}
    decisions = _rules.decide(derive(chosen, columns, [identity], [language]), chosen)
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
