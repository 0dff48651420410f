"""Progress of a build on the terminal: to stderr, with rates and time left, silent when nobody watches."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as RichProgress,
)
from rich.text import Text

from manifests.files import is_local

POLL_SECONDS = 0.5


class Progress:
    """Shows which stage runs and how far `ingest` has come; `quiet` or a stderr that is no terminal prints no bar.

    Without a terminal each finished stage is one plain line, so a log still tells what happened.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._live = not quiet and sys.stderr.isatty()

    def remark(self, text: str) -> None:
        """Print a line that is no error but worth a word."""
        self._console.print(Text(f"! {text}"), highlight=False)

    @contextlib.contextmanager
    def stage(
        self, name: str, work: str = "", folders: Sequence[str] = (), total_bytes: int = 0
    ) -> Iterator[Callable[[str], None]]:
        """Run one stage; yields a function that sets the remark printed at its end.

        `folders` of `work` are watched for the positions that workers leave there.
        """
        remark: list[str] = []
        start = time.monotonic()
        with self._bar(name, work, folders, total_bytes):
            yield remark.append
        seconds = time.monotonic() - start
        said = f"  [dim]{remark[-1]}[/dim]" if remark else ""
        self._console.print(f"[green]✓[/green] {name:<8} {seconds:7.1f} s{said}", highlight=False)

    @contextlib.contextmanager
    def counted(self, name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        """Show how many of `total` things are done; yields a function that is told of every few more."""
        if not self._live:
            yield lambda more: None
            return
        columns = (
            TextColumn("{task.description}"), BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} " + unit),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        with RichProgress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(name, total=total)
            yield lambda more: progress.advance(task, more)

    @contextlib.contextmanager
    def _bar(self, name: str, work: str, folders: Sequence[str], total_bytes: int) -> Iterator[None]:
        if not self._live:
            yield
            return
        columns = (
            TextColumn("{task.description:<8}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip
        watched = bool(folders) and total_bytes > 0 and is_local(work)
        with RichProgress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(name, total=total_bytes if watched else None, note="")
            done = threading.Event()
            watcher = threading.Thread(target=_watch, args=(progress, task, work, folders, done), daemon=True)
            if watched:
                watcher.start()
            try:
                yield
            finally:
                done.set()
                if watched:
                    watcher.join()


def _watch(progress: RichProgress, task: TaskID, work: str, folders: Sequence[str], done: threading.Event) -> None:
    start, first = time.monotonic(), None
    finished: dict[str, tuple[int, int]] = {}
    while not done.wait(POLL_SECONDS):
        records = position = 0
        for folder in folders:
            place = Path(work) / folder
            if folder not in finished:
                state = _read_state(place / "completion.json", "facts")
                if state is not None:
                    finished[folder] = state
            here = finished.get(folder) or _read_state(place / "progress.json", None) or (0, 0)
            records, position = records + here[0], position + here[1]
        if first is None:
            first = records
        rate = (records - first) / max(1e-9, time.monotonic() - start)
        progress.update(
            task, completed=position, note=f"{len(finished)}/{len(folders)} files  {records:,} records  {rate:,.0f}/s"
        )


def _read_state(path: Path, within: str | None) -> tuple[int, int] | None:
    try:
        document = json.loads(path.read_bytes())
        facts = document[within] if within else document
        return int(facts["records"]), int(facts["bytes"])
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or none of ours
        return None
