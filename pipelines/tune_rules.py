"""`winnow tune-rules`: what other thresholds would change in a finished build, from its stored numbers.

Everything that follows from a threshold is followed: another copy of a cluster may stay, and the mixture may leave
out other documents. The answer is the one that building again would give, but for what `dedup.lines`, `paragraphs` and
`substrings` cut: those cuts, and the documents dropped for them, are taken as the build made them.
"""

from __future__ import annotations

import copy
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.documents import WEB
from curation.policy import Policy
from curation.quality.families import families_of
from manifests.config import apply_override, check_config
from manifests.errors import UsageError
from pipelines.changes import (
    UNDETERMINED,
    Amount,
    Group,
    Groups,
    Setting,
    domain_of,
    number,
    opening,
    rank,
    settings_between,
    shortest,
)
from pipelines.recipe import Recipe
from pipelines.redecide import KEPT, Decided, Outcomes, StoredBuild, redecide, rows_of, stored_build, stored_decisions
from pipelines.stages.links import NOTHING_VOTES

TUNABLE = (
    "language.keep", "language.min_score", "language.max_mixed", "language.cut_paragraphs", "quality.rules",
    "code.licenses", "links.min_votes", "privacy.max_spans", "privacy.max_type_spans",
    "toxicity.action", "toxicity.max_document", "toxicity.max_line", "toxicity.max_cut", "toxicity.max_words",
    "toxicity.max_abuse", "toxicity.max_hate", "toxicity.max_sexual", "toxicity.languages", "decontaminate.min_share",
    "decontaminate.numbers", "decontaminate.action", "decontaminate.max_cut", "dedup.keep", "mixture",
    "seed",
)  # fmt: skip
"""Keys that decide from stored numbers, besides every threshold of `quality` and `code`."""

_NO_THRESHOLDS = ("quality.measure", "quality.bad_words")
_DECIDE_NOTHING = ("name", "version", "output", "limits")
_COPIES = ("dedup.exact", "dedup.minhash", "dedup.url")
_REPEATS = ("dedup.lines", "dedup.paragraphs", "dedup.substrings")
_VOTES = ("links.voter", "links.votes")


@dataclass(frozen=True)
class Reason:
    """Kept (both names empty), or the stage and rule that decided."""

    stage: str
    rule: str


@dataclass(frozen=True)
class Outcome(Reason):
    """What was decided about one document, with value and threshold where there are such."""

    value: float | None = None
    threshold: float | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True)
class Move:
    """Documents that one rule (or none) decided and another (or none) decides now.

    Tokens are those of the kept text, by the new decision where the document stays now.
    """

    before: Reason
    after: Reason
    amount: Amount


@dataclass(frozen=True)
class Sample:
    """A document gained or lost; `other_threshold` is the one of the same rule on the other side."""

    id: str
    source: str
    uri: str
    language: str
    tokens: int
    before: Outcome
    after: Outcome
    other_threshold: float | None
    text: str


@dataclass(frozen=True)
class Tuning:
    """The difference that other settings make to a build. `recut` are documents kept before and after with other lines
    cut, and the tokens that they gain by that (negative for a loss)."""

    out: str
    digest: str
    settings: tuple[Setting, ...]
    before: Amount
    after: Amount
    gained: Amount
    lost: Amount
    recut: Amount
    moves: tuple[Move, ...]
    sources: tuple[Group, ...]
    languages: tuple[Group, ...]
    domains: tuple[Group, ...]  # only what is gained and lost
    gained_samples: tuple[Sample, ...]
    lost_samples: tuple[Sample, ...]


def tune_rules(out: str, overrides: Sequence[str], *, samples: int = 5) -> Tuning:
    """What `overrides` (`key.path=value`) would change in the build at `out`. Writes nothing.

    Raises:
        UsageError: no override, an unknown key, one that needs the input read again, or no build with whole work files.
        JobError: the documents that would be left cannot meet the mixture.
    """
    if not overrides:
        raise UsageError("name at least one change: --set quality.gopher.min_words=80")
    try:
        return _tune_rules(out, overrides, samples)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{out}: the build's work files cannot be read ({error}); run `winnow curate` with the same recipe and "
            f"--out {out} to repair them"
        ) from error


def _tune_rules(out: str, overrides: Sequence[str], samples: int) -> Tuning:
    build = stored_build(out)
    recipe = tuned(build, overrides)
    outcomes = Outcomes()
    difference = _Difference(build, recipe, outcomes, samples)
    for item in redecide(build, recipe, outcomes):
        difference.add(item)
    return difference.result()


def tuned(build: StoredBuild, overrides: Iterable[str]) -> Recipe:
    """The build's recipe with these keys changed.

    Raises:
        UsageError: a key is unknown (the nearest is named), or is none that stored numbers can decide.
    """
    document = copy.deepcopy(dict(build.manifest["recipe"]))
    for override in overrides:
        apply_override(document, override)
    recipe = check_config(Recipe, document, "--set")
    for setting in settings_between(build.recipe.model_dump(mode="json"), recipe.model_dump(mode="json")):
        _check_tunable(setting.key)
    before, after = build.recipe.policy(), recipe.policy()
    if before.quality.rules != after.quality.rules:
        _check_rule_set(before, after)
    if after.links.min_votes and any(part.source == WEB and part.links is None for part in build.parts):
        raise UsageError(NOTHING_VOTES)
    return recipe


def _check_tunable(key: str) -> None:
    section = key.partition(".")[0]
    if any(key == name or key.startswith(f"{name}.") for name in TUNABLE):
        return
    if section in ("quality", "code") and key not in _NO_THRESHOLDS:
        return
    if section in _DECIDE_NOTHING or key.startswith(("dedup.limits", "privacy.spans", "privacy.secret_")):
        why = "decides nothing about a document"
    elif key.startswith(_COPIES):
        why = "changes which documents are found to be copies"
    elif key.startswith(_REPEATS):
        why = "changes what is cut within documents because others have it"
    elif key.startswith(_VOTES):
        why = "changes how votes are counted"
    else:
        why = "changes what is read and measured"
    raise UsageError(
        f"--set {key}: {why}, which tune-rules does not repeat; it can change {', '.join(TUNABLE)} and every "
        "threshold of `quality` and `code`. For other keys build again with `winnow curate`"
    )


def _check_rule_set(before: Policy, after: Policy) -> None:
    name = after.quality.rules
    if before.quality.published().edits != after.quality.published().edits:
        raise UsageError(
            f"--set quality.rules={name}: it keeps other lines of a page than {before.quality.rules}, and only the "
            "lines kept were stored; build again with `winnow curate`"
        )
    lacking = sorted(set(families_of([after.quality.published()])) - set(before.quality.families()))
    if lacking:
        raise UsageError(
            f"--set quality.rules={name}: its signals ({shortest(lacking)}) were not stored; build again with "
            f"`winnow curate --set quality.measure=[{name}]`"
        )


class _Difference:
    """Adds up what changes, part by part."""

    def __init__(self, build: StoredBuild, recipe: Recipe, outcomes: Outcomes, samples: int) -> None:
        self._build, self._recipe, self._outcomes, self._most = build, recipe, outcomes, samples
        self._before, self._after, self._recut = Amount(), Amount(), Amount()
        self._moves: dict[tuple[int, int], Amount] = {}
        self._sources, self._languages, self._domains = Groups(), Groups(), Groups()
        self._samples: dict[bool, list[tuple[str, str, int, Decided]]] = {True: [], False: []}

    def add(self, item: Decided) -> None:
        """Compare one part with what the build decided about it."""
        stored = stored_decisions(self._build, item.part, ["key", "stage", "rule", "tokens"])
        old = self._codes(stored)
        tokens = np.asarray(stored["tokens"].to_numpy(), np.int64)
        was, stays = old == KEPT, item.code == KEPT
        gained, lost = stays & ~was, was & ~stays
        self._before.add(was.sum(), tokens[was].sum())
        self._after.add(stays.sum(), item.tokens[stays].sum())
        changed = was & stays & (tokens != item.tokens)
        self._recut.add(changed.sum(), (item.tokens - tokens)[changed].sum())
        self._count_moves(old, item.code, np.where(stays, item.tokens, tokens))
        sizes = (tokens, item.tokens)
        languages = item.language.dictionary.to_pylist()
        place = item.language.indices.to_numpy()
        sides = (("before", was, 0), ("after", stays, 1), ("gained", gained, 1), ("lost", lost, 0))
        for side, chosen, which in sides:
            self._sources.count(side, [item.part.source], np.zeros(len(old), np.int64), sizes[which], chosen)
            self._languages.count(side, languages, place, sizes[which], chosen)
        rows = np.flatnonzero(gained | lost)
        if len(rows):
            self._look_at(item, rows, stays, sizes)

    def _codes(self, stored: pa.Table) -> NDArray[np.int32]:
        names = [pc.fill_null(stored[name], "") for name in ("stage", "rule")]
        joined = pc.binary_join_element_wise(*names, "\0").combine_chunks().dictionary_encode()
        known = [self._outcomes.code(*name.split("\0", 1)) for name in joined.dictionary.to_pylist()]
        codes: NDArray[np.int32] = np.array([*known, KEPT], np.int32)[joined.indices.to_numpy()]
        return codes

    def _count_moves(self, old: NDArray[np.int32], new: NDArray[np.int32], tokens: NDArray[np.int64]) -> None:
        rows = np.flatnonzero(old != new)
        pairs = (old[rows].astype(np.int64) << 32) | new[rows]
        found, place = np.unique(pairs, return_inverse=True)
        documents = np.bincount(place, minlength=len(found))
        sums = np.zeros(len(found), np.int64)
        np.add.at(sums, place, tokens[rows])
        for pair, count, total in zip(found.tolist(), documents.tolist(), sums.tolist(), strict=True):
            self._moves.setdefault((pair >> 32, pair & 0xFFFFFFFF), Amount()).add(count, total)

    def _look_at(self, item: Decided, rows: Any, stays: Any, sizes: tuple[Any, Any]) -> None:
        """Count domains and choose samples among the documents gained and lost."""
        table = stored_decisions(self._build, item.part, ["id", "uri"]).take(pa.array(rows))
        seed = self._build.recipe.seed
        for row, identity, uri in zip(rows.tolist(), table["id"].to_pylist(), table["uri"].to_pylist(), strict=True):
            gained = bool(stays[row])
            group = self._domains[domain_of(item.part.source, uri)]
            (group.gained if gained else group.lost).add(1, sizes[gained][row])
            chosen = (rank(seed, identity), bytes(item.keys[row]).hex(), row, item)
            self._samples[gained].append(chosen)
        for gained, found in self._samples.items():
            self._samples[gained] = heapq.nsmallest(self._most, found, key=lambda one: one[:2])

    def result(self) -> Tuning:
        """Everything added up."""
        names = self._outcomes.names
        moves = [
            Move(Reason(*names[before]), Reason(*names[after]), amount)
            for (before, after), amount in self._moves.items()
        ]
        moves.sort(key=lambda m: (-m.amount.documents, m.before.stage, m.before.rule, m.after.stage, m.after.rule))
        totals = [sum((getattr(g, side) for g in self._sources.values()), Amount()) for side in ("gained", "lost")]
        return Tuning(
            out=self._build.out,
            digest=self._build.manifest["digest"],
            settings=settings_between(_plain(self._build.recipe), _plain(self._recipe)),
            before=self._before,
            after=self._after,
            gained=totals[0],
            lost=totals[1],
            recut=self._recut,
            moves=tuple(moves),
            sources=self._sources.by_change(),
            languages=self._languages.by_change(),
            domains=self._domains.by_change(),
            gained_samples=self._shown(self._samples[True], gained=True),
            lost_samples=self._shown(self._samples[False], gained=False),
        )

    def _shown(self, chosen: list[tuple[str, str, int, Decided]], *, gained: bool) -> tuple[Sample, ...]:
        return tuple(self._sample(item, row, gained=gained) for _, _, row, item in chosen)

    def _sample(self, item: Decided, row: int, *, gained: bool) -> Sample:
        columns = ["id", "uri", "language", "text"]
        document = next(rows_of(self._build, item.part.documents, [row], columns))[1]
        columns = ["stage", "rule", "value", "threshold", "duplicate_of", "tokens"]
        decided = next(rows_of(self._build, item.part.decisions, [row], columns))[1]
        before = Outcome(
            decided["stage"] or "",
            decided["rule"] or "",
            number(decided["value"]),
            number(decided["threshold"]),
            decided["duplicate_of"],
        )
        stage, rule = self._outcomes.names[item.code[row]]
        value, threshold = number(item.value[row]), number(item.threshold[row])
        after = Outcome(stage, rule, value, threshold, item.duplicate_of.get(row))
        return Sample(
            id=document["id"],
            source=item.part.source,
            uri=document["uri"],
            language=document["language"] or UNDETERMINED,
            tokens=int(item.tokens[row]) if gained else decided["tokens"],
            before=before,
            after=after,
            other_threshold=_threshold(self._recipe, before) if gained else _threshold(self._build.recipe, after),
            text=opening(document["text"]),
        )


def _plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every threshold in force spelled out, so that a changed one shows what it was."""
    document = recipe.model_dump(mode="json")
    for name, section in (("quality", recipe.quality), ("code", recipe.code)):
        known = {key: document[name][key] for key in type(section).model_fields}
        document[name] = {**known, **section.resolve().thresholds()}
    return document


def _threshold(recipe: Recipe, outcome: Outcome) -> float | None:
    """The bound in force under `recipe` for the rule that decided; None where the rule has none there."""
    policy = recipe.policy()
    fixed = {
        "language.uncertain": policy.language.min_score,
        "language.mixed": policy.language.max_mixed,
        "link_votes": policy.links.min_votes,
        "toxicity.document": policy.toxicity.max_document,
        "toxicity.words": policy.toxicity.max_words,
        "toxicity.lines": policy.toxicity.max_cut,
        **{f"toxicity.{kind}": most for kind, most in policy.toxicity.kinds().items()},
        "privacy.spans": policy.privacy.max_spans,
        **{f"privacy.spans.{name}": most for name, most in policy.privacy.max_type_spans.items()},
    }
    if outcome.rule in fixed:
        return number(fixed[outcome.rule])
    if outcome.value is None or outcome.threshold is None:
        return None
    side = "minimum" if outcome.value < outcome.threshold else "maximum"
    for rules in (policy.quality.resolve(), policy.code.resolve()):
        for rule in rules.rules:
            if rule.name == outcome.rule and getattr(rule, side) is not None:
                return number(getattr(rule, side))
    return None
