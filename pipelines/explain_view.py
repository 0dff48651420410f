"""An explanation for the terminal. Crawled text cannot move the cursor, change colours or reorder what is printed."""

from __future__ import annotations

import rich.box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipelines.changes import LINE_CHARACTERS, first_difference
from pipelines.explanation import Copy, Details, EditedLine, Explanation, FoundItem, Measure, Outcome, Record, Verdict
from pipelines.releases import parse_reference

_CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0xD800, 0xE000))
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_UNSAFE = dict.fromkeys((*_CONTROLS, *_DIRECTIONS), "\ufffd")
_CUTS_SHOWN = 5
_LANGUAGES_SHOWN = 6
_LINES_SHOWN = 60
_MARKS = {
    "kept": (" ", ""), "changed": ("<", "yellow"), "cut": ("-", "red"), "toxic": ("-", "bold red"),
    "foreign": ("-", "magenta"), "item": ("-", "blue"), "repeated": ("-", "magenta"),
}  # fmt: skip
_FAILED_SHOWN = 12
_ITEMS_SHOWN = 20


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
        if details.verdicts:
            blocks.append(Padding(_verdicts(details.verdicts), (1, 0, 1, 0)))
        blocks.extend(_lines(details))
    if record.copy is not None:
        blocks.extend(_copy(record.copy))
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
        if details.languages:
            shares = ", ".join(f"{code} {_number(share)}" for code, share in details.languages[:_LANGUAGES_SHOWN])
            mixed = "" if details.language_mixed is None else f"; mixed {_number(details.language_mixed)}"
            facts.append(("paragraphs", shares + mixed))
        if details.license_kind is not None:
            facts.append(("licence", f"{details.license or 'none found'} ({details.license_kind})"))
        facts.append(("tokens", f"{details.tokens:,}"))
        if details.toxicity is not None:
            facts.append(("toxicity", f"{_number(details.toxicity)}, listed words {details.toxic_words}"))
        facts.append(("replaced", _replaced(details) or "nothing"))
        kept = [f"{name} {count}" for name, policy, count in details.pii_policies if policy == "keep"]
        if kept:
            facts.append(("kept by policy", ", ".join(kept)))
        if details.repairs:
            facts.append(("repaired lines", ", ".join(f"{name} {count:,}" for name, count in details.repairs)))
        facts.append(("lines cut", f"{len(details.cuts):,}"))
        if details.title:
            facts.append(("title", details.title))
        facts += details.headers
    if outcome is not None and outcome.failed:
        more = len(outcome.failed) - _FAILED_SHOWN
        named = ", ".join(outcome.failed[:_FAILED_SHOWN])
        facts.append(("failed rules", f"{named} and {more} more" if more > 0 else named))
    if outcome is not None and outcome.detail:
        facts.append(("met", outcome.detail))
    held = parse_reference(outcome.duplicate_of) if outcome is not None else None
    if held is not None:
        name, version, identity = held
        facts.append(("earlier copy", f"{identity} in release {name} {version}"))
    if cluster is not None and (cluster.size > 1 or held is None):
        likeness = "" if cluster.similarity is None else f", similarity {_number(cluster.similarity)}"
        facts.append(("duplicates", f"one of {cluster.size:,} documents{likeness}"))
        if cluster.kept_id is not None and cluster.kept_id != record.id:
            facts.append(("kept copy", f"{cluster.kept_uri} ({cluster.kept_id})"))
    elif outcome is not None and outcome.duplicate_of and held is None:
        facts.append(("kept copy", outcome.duplicate_of))
    return facts


def _replaced(details: Details) -> str:
    """Replaced spans by type, with the policy where it is not a placeholder."""
    if not details.pii_policies:
        return ", ".join(f"{name} {count}" for name, count in details.pii if count)
    return ", ".join(
        f"{name} {count}" + ("" if policy == "placeholder" else f" ({policy})")
        for name, policy, count in details.pii_policies
        if policy != "keep"
    )


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
    if details.items:
        blocks.append(Text("evaluation items", style="dim"))
        blocks.extend(_plain(f"  {_item(one)}") for one in details.items[:_ITEMS_SHOWN])
    if any(line.mark != "kept" for line in details.lines):
        blocks.append(Text("lines", style="dim"))
        blocks.extend(_edited(details.lines))
    elif details.cuts:
        blocks.append(Text("cut", style="dim"))
        blocks.extend(_plain(f"  {line}") for line in details.cuts[:_CUTS_SHOWN])
    if details.repeats:
        blocks.append(Text("cut as repeated", style="dim"))
        blocks.extend(
            _plain(f"  {one.level}, also in {one.duplicate_of}: {' '.join(one.text.split())[:LINE_CHARACTERS]}")
            for one in details.repeats[:_CUTS_SHOWN]
        )
    if details.lines_remark:
        blocks.append(_plain(details.lines_remark, "dim"))
    blocks.append(Text("text begins", style="dim"))
    blocks.append(_plain("  " + " ".join(details.opening.split())))
    return blocks


def _item(one: FoundItem) -> str:
    numbers = f", {one.numbers:,} other numbers" if one.numbers else ""
    below = "" if one.counts else ", does not count"
    found = f"{one.benchmark} {one.item} {one.part}: share {_number(one.share)}, {one.words:,} words{numbers}{below}"
    return f"{found}: {' '.join(one.passage.split())}"


def _verdicts(verdicts: tuple[Verdict, ...]) -> Table:
    table = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("rule set", "verdict", "first failing rule"):
        table.add_column(name)
    for name in ("value", "threshold"):
        table.add_column(name, justify="right")
    table.add_column("all that fail", overflow="fold")
    for one in verdicts:
        sign = Text("keep", "green") if one.keep else Text("drop", "bold red")
        numbers = ("" if number is None else _number(number) for number in (one.value, one.threshold))
        name = f"{one.rules} (this build)" if one.own else one.rules
        more = len(one.failed) - _FAILED_SHOWN
        failed = ", ".join(one.failed[:_FAILED_SHOWN]) + (f" and {more} more" if more > 0 else "")
        table.add_row(_plain(name), sign, _plain(one.rule or ""), *numbers, _plain(failed))
    return table


def _edited(lines: tuple[EditedLine, ...]) -> list[RenderableType]:
    """The lines that were changed or cut, each between its neighbours; runs of kept lines are told by their number."""
    near = {
        place + step for place, line in enumerate(lines) if line.mark != "kept" for step in (-1, 0, 1)
    }  # within the list or not
    blocks: list[RenderableType] = []
    passed = shown = 0
    for place, line in enumerate(lines):
        if place not in near or shown >= _LINES_SHOWN:
            passed += 1
            continue
        if passed:
            blocks.append(Text(f"    ... {passed:,} lines kept", style="dim"))
            passed = 0
        shown += 1
        sign, style = _MARKS[line.mark]
        score = "" if line.score is None else f" (toxicity {_number(line.score)})"
        before: str | None = line.text[:LINE_CHARACTERS]
        after = line.after
        if after is not None:
            _, before, after = first_difference(line.text.strip(), after)
        blocks.append(_plain(f"  {sign} {before}{score}", style))
        if after is not None:
            blocks.append(_plain(f"  > {after}", "yellow"))
    if passed:
        what = "lines kept" if shown < _LINES_SHOWN else "more lines"
        blocks.append(Text(f"    ... {passed:,} {what}", style="dim"))
    return blocks


def _copy(copy: Copy) -> list[RenderableType]:
    def line(text: str | None) -> str:
        return "(ends)" if text is None else text

    blocks: list[RenderableType] = [
        Text("nearest kept copy", style="dim"),
        _plain(f"  {copy.uri} ({copy.id}), similarity {_number(copy.similarity)}"),
    ]
    if copy.text is None and copy.other is None:
        return [*blocks, _plain("  the same text")]
    return [
        *blocks,
        _plain(f"  line {copy.line:,} here:  {line(copy.text)}"),
        _plain(f"  line {copy.line:,} there: {line(copy.other)}"),
    ]


def printable(text: str) -> str:
    """`text` with control and direction characters replaced, so that a terminal only prints it."""
    return text.translate(_UNSAFE)


def _plain(text: str, style: str = "") -> Text:
    """Printable text in which nothing is read as markup."""
    return Text(printable(text), style=style)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
