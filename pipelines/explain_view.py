"""An explanation for the terminal. Crawled text cannot move the cursor, change colours or reorder what is printed."""

from __future__ import annotations

import rich.box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipelines.explanation import Details, Explanation, Measure, Outcome, Record

_CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0xD800, 0xE000))
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_UNSAFE = dict.fromkeys((*_CONTROLS, *_DIRECTIONS), "\ufffd")
_CUTS_SHOWN = 5
_FAILED_SHOWN = 12


def format_explanation(explanation: Explanation) -> RenderableType:
    """What `rich.print` shows: one block per record, or the damage of the input."""
    blocks: list[RenderableType] = []
    for record in explanation.records:
        blocks.extend(_record(record))
    if explanation.matched > 1:
        shown = len(explanation.records)
        rest = "" if shown == explanation.matched else f"; the first {shown} are shown"
        blocks.insert(0, Text(f"{explanation.matched:,} records match{rest}.", style="bold"))
    if explanation.damage:
        blocks.append(Text("No record of its own; damage of this input, nearest first:", style="bold"))
        for item in explanation.damage:
            place = f"{item.path}: " if item.path else "" if item.offset is None else f"byte {item.offset:,}: "
            blocks.append(_plain(f"  {place}{item.reason}  {item.detail}"))
    return Group(*blocks)


def _record(record: Record) -> list[RenderableType]:
    blocks: list[RenderableType] = [Rule(_plain(record.uri, "bold"), align="left"), _verdict(record)]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(record):
        facts.add_row(name, _plain(value))
    blocks.append(Padding(facts, (1, 0, 0, 0)))
    details = record.details
    if details is not None:
        if details.measures:
            blocks.append(Padding(_measures(details.measures), (1, 0, 0, 0)))
        blocks.extend(_lines(details))
    return [*blocks, Text("")]


def _verdict(record: Record) -> Text:
    outcome = record.outcome
    if outcome is None:
        return Text("NOT DECIDED  this build has not reached `select`", style="bold yellow")
    if outcome.keep:
        where = f"  {record.place.path}, row {record.place.row:,}" if record.place else ""
        return Text.assemble(("KEPT", "bold green"), where)
    return Text.assemble(("REJECTED", "bold red"), "  ", _plain(_reason(outcome)))


def _reason(outcome: Outcome) -> str:
    stage, rule = outcome.stage or "", outcome.rule or ""
    reason = rule if rule.startswith(f"{stage}.") else f"{stage} {rule}".strip()
    if outcome.value is not None:
        reason += f": value {_number(outcome.value)}"
    if outcome.threshold is not None:
        reason += f"{',' if outcome.value is not None else ':'} threshold {_number(outcome.threshold)}"
    return reason


def _facts(record: Record) -> list[tuple[str, str]]:
    facts = [("id", record.id), ("source", record.source), ("origin", record.origin or "not recorded")]
    details, outcome, cluster = record.details, record.outcome, record.cluster
    if details is not None:
        facts.append(("date", details.date or "not stated"))
        score = "" if details.language_score is None else f" ({_number(details.language_score)})"
        facts.append(("language", f"{details.language or 'und'}{score}"))
        if details.license_kind is not None:
            facts.append(("licence", f"{details.license or 'none found'} ({details.license_kind})"))
        facts.append(("tokens", f"{details.tokens:,}"))
        if details.toxicity is not None:
            facts.append(("toxicity", f"{_number(details.toxicity)}, listed words {details.toxic_words}"))
        facts.append(("replaced", ", ".join(f"{name} {count}" for name, count in details.pii if count) or "nothing"))
        facts.append(("lines cut", f"{len(details.cuts):,}"))
    if outcome is not None and outcome.failed:
        more = len(outcome.failed) - _FAILED_SHOWN
        named = ", ".join(outcome.failed[:_FAILED_SHOWN])
        facts.append(("failed rules", f"{named} and {more} more" if more > 0 else named))
    if cluster is not None:
        likeness = "" if cluster.similarity is None else f", similarity {_number(cluster.similarity)}"
        facts.append(("duplicates", f"one of {cluster.size:,} documents{likeness}"))
        if cluster.kept_id is not None and cluster.kept_id != record.id:
            facts.append(("kept copy", f"{cluster.kept_uri} ({cluster.kept_id})"))
    elif outcome is not None and outcome.duplicate_of:
        facts.append(("kept copy", outcome.duplicate_of))
    return facts


def _measures(measures: tuple[Measure, ...]) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("signal")
    for name in ("value", "minimum", "maximum"):
        table.add_column(name, justify="right")
    table.add_column("")
    for measure in sorted(measures, key=lambda item: (item.passes is None, item.passes is True, item.name)):
        sign = {True: Text("passes", "green"), False: Text("fails", "bold red"), None: Text("")}[measure.passes]
        numbers = (measure.value, measure.minimum, measure.maximum)
        table.add_row(_plain(measure.name), *("" if n is None else _number(n) for n in numbers), sign)
    return table


def _lines(details: Details) -> list[RenderableType]:
    blocks: list[RenderableType] = []
    if details.toxic_lines:
        blocks.append(Text("worst lines", style="dim"))
        blocks.extend(_plain(f"  {_number(line.score)}  {line.text}") for line in details.toxic_lines)
    if details.cuts:
        blocks.append(Text("cut", style="dim"))
        blocks.extend(_plain(f"  {line}") for line in details.cuts[:_CUTS_SHOWN])
    blocks.append(Text("text begins", style="dim"))
    blocks.append(_plain("  " + " ".join(details.opening.split())))
    return blocks


def printable(text: str) -> str:
    """`text` with control and direction characters replaced, so that a terminal only prints it."""
    return text.translate(_UNSAFE)


def _plain(text: str, style: str = "") -> Text:
    """Printable text in which nothing is read as markup."""
    return Text(printable(text), style=style)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
