"""What `winnow tune-rules` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Blocks
from rich.console import RenderableType
from rich.padding import Padding

from pipelines.change_views import (
    amount_row,
    block,
    groups_table,
    numeral,
    plain,
    settings_table,
    signed,
    table,
    titled,
)
from pipelines.tune_rules import Outcome, Reason, Sample, Tuning


def format_tuning(tuning: Tuning, top: int) -> RenderableType:
    """What `rich.print` shows: settings, totals, moves between rules, groups, samples."""
    return Blocks(*_blocks(tuning, top))


def _blocks(tuning: Tuning, top: int) -> Iterator[RenderableType]:
    if tuning.settings:
        yield block(settings_table("settings", tuning.settings, ("build", "now")))
    else:
        yield plain("These are the build's own settings.", "bold")
    totals = table(tuning.out, ("",), ("documents", "tokens"))
    amount_row(totals, "build", tuning.before)
    amount_row(totals, "gained", tuning.gained, "+")
    amount_row(totals, "lost", tuning.lost, "-")
    if tuning.recut.documents:
        sign = "+" if tuning.recut.tokens > 0 else "-"
        totals.add_row(
            "kept with other lines cut", f"({tuning.recut.documents:,})", signed(sign, abs(tuning.recut.tokens))
        )
    amount_row(totals, "now", tuning.after)
    yield block(totals)
    if tuning.moves:
        moves = table(titled("by rule", len(tuning.moves), top), ("from", "to"), ("documents", "tokens"))
        for move in tuning.moves[:top]:
            style = "green" if not move.after.rule else "red" if not move.before.rule else ""
            moves.add_row(
                plain(reason(move.before), style),
                plain(reason(move.after), style),
                f"{move.amount.documents:,}",
                f"{move.amount.tokens:,}",
            )
        yield block(moves)
    if tuning.gained.documents or tuning.lost.documents:
        yield block(groups_table("by source", "source", tuning.sources, top))
        yield block(groups_table("by language", "language", tuning.languages, top))
        yield block(groups_table("by domain", "domain", tuning.domains, top, totals=False))
    for title, samples in (("gained", tuning.gained_samples), ("lost", tuning.lost_samples)):
        if samples:
            yield plain(f"{title}, {len(samples)} chosen by hash", "bold")
            for sample in samples:
                yield _sample(sample, gained=title == "gained")


def reason(one: Reason) -> str:
    """A stage and rule in one name; `kept` where nothing failed."""
    if not one.rule:
        return "kept"
    return one.rule if one.rule.startswith(f"{one.stage}.") else f"{one.stage} {one.rule}"


def _sample(sample: Sample, *, gained: bool) -> RenderableType:
    sides = (_outcome(sample.before), _outcome(sample.after))
    other = ""
    if (
        sample.other_threshold is not None
        and sample.other_threshold != (sample.before if gained else sample.after).threshold
    ):
        other = f" (threshold {'now' if gained else 'of the build'} {numeral(sample.other_threshold)})"
    decided = f"{sides[0]}{other if gained else ''} -> {sides[1]}{'' if gained else other}"
    lines = (
        plain(sample.uri, "bold"),
        plain(f"  {sample.id}  {sample.language}  {sample.tokens:,} tokens"),
        plain(f"  {decided}"),
        plain(f"  {sample.text}"),
    )
    return Padding(Blocks(*lines), (0, 0, 1, 0))


def _outcome(outcome: Outcome) -> str:
    said = reason(outcome)
    if outcome.value is not None:
        said += f": value {numeral(outcome.value)}"
    if outcome.threshold is not None:
        said += f", threshold {numeral(outcome.threshold)}"
    return said + (f", copy of {outcome.duplicate_of}" if outcome.duplicate_of else "")
