"""What `winnow compare` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group as Blocks
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table

from pipelines.change_views import block, groups_table, numeral, plain, settings_table, signed, table, titled
from pipelines.changes import Amount
from pipelines.comparison import ChangedText, Comparison, OneSided, Removal

NOT_MET = "no record of it"


def format_comparison(comparison: Comparison, top: int) -> RenderableType:
    """What `rich.print` shows: totals, reasons, groups, recipes, funnels, samples."""
    return Blocks(*_blocks(comparison, top))


def _blocks(comparison: Comparison, top: int) -> Iterator[RenderableType]:
    yield block(_builds(comparison))
    yield block(_totals(comparison))
    for title, rows in (
        ("only in A: what B did with it", comparison.lost_to),
        ("only in B: what A did with it", comparison.gained_from),
    ):
        if rows:
            yield block(_removals(title, rows, top))
    yield block(groups_table("by source (A before, B after)", "source", comparison.sources, top))
    yield block(groups_table("by language", "language", comparison.languages, top))
    if comparison.domains:
        yield block(groups_table("by domain", "domain", comparison.domains, top, totals=False))
    if comparison.settings:
        yield block(settings_table("recipes", comparison.settings, ("A", "B")))
    if comparison.inputs:
        yield block(_inputs(comparison, top))
    yield block(_funnel(comparison))
    for title, samples in (("only in A", comparison.lost_samples), ("only in B", comparison.gained_samples)):
        if samples:
            yield plain(f"{title}, {len(samples)} chosen by hash", "bold")
            yield from (_one_sided(sample, "B" if title == "only in A" else "A") for sample in samples)
    if comparison.changed_samples:
        yield plain(f"changed texts, {len(comparison.changed_samples)} chosen by hash", "bold")
        yield from (_changed(sample) for sample in comparison.changed_samples)


def _builds(comparison: Comparison) -> Table:
    made = table("builds", ("", "folder", "dataset", "digest", "code"), ())
    for name, side in (("A", comparison.before), ("B", comparison.after)):
        code = side.code or {}
        commit = str(code.get("commit") or "")[:12]
        cells = (name, side.out, f"{side.name} {side.version}", side.digest[:16], f"{code.get('version')} {commit}")
        made.add_row(*(plain(cell) for cell in cells))
    return made


def _totals(comparison: Comparison) -> Table:
    made = table("documents", ("",), ("documents", "tokens in A", "tokens in B"))
    rows: list[tuple[str, Amount | None, Amount | None]] = [
        ("in both", comparison.both_before, comparison.both_after),
        ("of these with another text", comparison.changed_before, comparison.changed_after),
        ("only in A", comparison.lost, None),
        ("only in B", None, comparison.gained),
    ]
    for name, before, after in rows:
        documents = (before or after or Amount()).documents
        made.add_row(name, f"{documents:,}", *("" if side is None else f"{side.tokens:,}" for side in (before, after)))
    return made


def _removals(title: str, rows: Sequence[Removal], top: int) -> Table:
    made = table(titled(title, len(rows), top), ("stage", "rule"), ("documents", "tokens"))
    for row in rows[:top]:
        names = (row.stage, row.rule) if row.rule else ("", NOT_MET)
        made.add_row(*(plain(name) for name in names), f"{row.amount.documents:,}", f"{row.amount.tokens:,}")
    return made


def _inputs(comparison: Comparison, top: int) -> Table:
    made = table(titled("inputs", len(comparison.inputs), top), ("input", "A", "B"), ())
    for item in comparison.inputs[:top]:
        made.add_row(plain(item.uri), *((side or "not read")[:16] for side in (item.before, item.after)))
    return made


def _funnel(comparison: Comparison) -> Table:
    names, numbers = ("source", "stage", "rule"), ("A", "B", "difference", "tokens A", "tokens B")
    made = table("funnels", names, numbers)
    for row in comparison.funnel:
        before, after = row.before or Amount(), row.after or Amount()
        difference = after.documents - before.documents
        made.add_row(
            *(plain(name) for name in (row.source, row.stage, row.rule)),
            "-" if row.before is None else f"{before.documents:,}",
            "-" if row.after is None else f"{after.documents:,}",
            signed("+" if difference > 0 else "-", abs(difference)),
            f"{before.tokens:,}" if before.tokens else "",
            f"{after.tokens:,}" if after.tokens else "",
        )
    return made


def _one_sided(sample: OneSided, other: str) -> RenderableType:
    said = f"{sample.stage} {sample.rule}" if sample.rule else NOT_MET
    if sample.value is not None:
        said += f": value {numeral(sample.value)}"
    if sample.threshold is not None:
        said += f", threshold {numeral(sample.threshold)}"
    if sample.duplicate_of:
        said += f", copy of {sample.duplicate_of}"
    return _lines(
        sample.uri,
        f"{sample.id}  {sample.language}  {sample.tokens:,} tokens",
        f"in {other}: {said}",
        sample.text,
    )


def _changed(sample: ChangedText) -> RenderableType:
    lines = [f"{name} line {sample.line:,}: {'(ends)' if text is None else text}" for name, text in _sides(sample)]
    return _lines(sample.uri, f"{sample.id}  {sample.tokens_before:,} -> {sample.tokens_after:,} tokens", *lines)


def _sides(sample: ChangedText) -> tuple[tuple[str, str | None], ...]:
    return ("A", sample.before), ("B", sample.after)


def _lines(title: str, *lines: str) -> RenderableType:
    return Padding(Blocks(plain(title, "bold"), *(plain(f"  {line}") for line in lines)), (0, 0, 1, 0))
