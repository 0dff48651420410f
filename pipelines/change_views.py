"""Differences between two sets of decisions as tables: ruled and coloured on a terminal, plain columns elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

import rich.box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.changes import Amount, Group, Setting
from pipelines.explain_view import printable

PLAIN_WIDTH = 200
"""Columns where there is no terminal, so that a row of a log stays one line."""


def print_changes(content: RenderableType) -> None:
    """Print on the terminal; elsewhere as plain text of at most `PLAIN_WIDTH` columns, without trailing spaces."""
    console = Console()
    if console.is_terminal:
        console.print(content)
        return
    console = Console(width=PLAIN_WIDTH, color_system=None)
    with console.capture() as capture:
        console.print(content)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def table(title: str, names: Sequence[str], numbers: Sequence[str], *, plain: bool | None = None) -> Table:
    """An empty table with text columns, then right-aligned ones."""
    is_plain = not sys.stdout.isatty() if plain is None else plain
    made = Table(
        title=Text(printable(title), "bold"),
        title_justify="left",
        box=None if is_plain else rich.box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for name in names:
        made.add_column(name, overflow="fold")
    for name in numbers:
        made.add_column(name, justify="right", no_wrap=True)
    return made


def block(content: RenderableType) -> RenderableType:
    """A table with an empty line below it."""
    return Padding(content, (0, 0, 1, 0))


def settings_table(title: str, settings: Iterable[Setting], headings: tuple[str, str]) -> Table:
    """Keys of the recipe with both values."""
    made = table(title, ("key", *headings), ())
    for setting in settings:
        made.add_row(plain(setting.key), plain(shown(setting.before)), plain(shown(setting.after)))
    return made


def groups_table(title: str, name: str, groups: Sequence[Group], most: int, *, totals: bool = True) -> Table:
    """What groups gain and lose, the first `most` of them; with `totals` also what they have."""
    headings = ["before", "after"] if totals else []
    numbers = [*headings, "gained", "lost", *(f"tokens {side}" for side in headings), "tokens +", "tokens -"]
    made = table(titled(title, len(groups), most), (name,), numbers)
    for group in groups[:most]:
        have = [group.before, group.after] if totals else []
        made.add_row(
            plain(group.name),
            *(f"{amount.documents:,}" for amount in have),
            signed("+", group.gained.documents),
            signed("-", group.lost.documents),
            *(f"{amount.tokens:,}" for amount in have),
            signed("+", group.gained.tokens),
            signed("-", group.lost.tokens),
        )
    return made


def amount_row(made: Table, name: str, amount: Amount, sign: str = "") -> None:
    """A row of a table of (name, documents, tokens)."""
    made.add_row(plain(name), signed(sign, amount.documents), signed(sign, amount.tokens))


def titled(title: str, count: int, most: int) -> str:
    """The title of a table that shows the first `most` of its rows."""
    return f"{title} (the first {most:,} of {count:,})" if count > most else title


def signed(sign: str, count: int) -> Text:
    """A count with its sign, and a colour for it; nothing of nothing."""
    if sign and not count:
        return Text("0")
    return Text(f"{sign}{count:,}", {"+": "green", "-": "red"}.get(sign, ""))


def plain(text: str, style: str = "") -> Text:
    """Printable text in which nothing is read as markup."""
    return Text(printable(text), style=style)


def shown(value: object) -> str:
    """A value of a recipe; a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return numeral(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def numeral(value: float) -> str:
    """A number as people read it."""
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
