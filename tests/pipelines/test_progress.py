from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from manifests.files import write_bytes
from pipelines import progress
from pipelines.progress import Progress


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The words of every line on stderr, without the time; nothing may be on stdout."""
    said = capsys.readouterr()
    assert said.out == ""
    return [[word for word in line.split() if not word.replace(".", "").isdigit()] for line in said.err.splitlines()]


def test_without_a_terminal_a_finished_stage_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Progress()
    with shown.stage("ingest") as note:
        note("first")
        note("done already")
    with shown.stage("dedup"):
        pass
    assert lines(capsys) == [["✓", "ingest", "s", "done", "already"], ["✓", "dedup", "s"]]


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True).stage("ingest") as note:
        note("remark")
    assert lines(capsys) == []


def test_a_stage_that_failed_is_not_reported_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Progress().stage("ingest"):
        raise KeyboardInterrupt
    assert lines(capsys) == []


@pytest.mark.parametrize("interrupted", [False, True])
def test_on_a_terminal_the_bar_goes_away_and_its_watcher_ends(
    interrupted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.001)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    try:
        with Progress().stage("ingest", str(tmp_path), ["a"], 10):
            if interrupted:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert interrupted
    assert [thread.name for thread in threading.enumerate() if "_watch" in thread.name] == []
    assert ("✓" in capsys.readouterr().err) == (not interrupted)


class Once(threading.Event):
    """Lets the watcher look once."""

    def wait(self, timeout: float | None = None) -> bool:
        seen = self.is_set()
        self.set()
        return seen


class Bar:
    """Takes what the watcher says."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}

    def update(self, task: int, **said: Any) -> None:
        self.said = said


def test_the_watcher_adds_up_finished_and_running_inputs(tmp_path: Path) -> None:
    write_bytes(str(tmp_path / "done/completion.json"), b'{"key": "k", "facts": {"records": 5, "bytes": 100}}')
    write_bytes(str(tmp_path / "done/progress.json"), b'{"records": 4, "bytes": 90}')
    write_bytes(str(tmp_path / "runs/progress.json"), b'{"records": 2, "bytes": 30}')
    write_bytes(str(tmp_path / "torn/progress.json"), b'{"records": 2, "by')
    bar = Bar()
    progress._watch(bar, 0, str(tmp_path), ["done", "runs", "torn", "none"], Once())  # type: ignore[arg-type]
    assert bar.said["completed"] == 130
    assert bar.said["note"].split("  ")[:2] == ["1/4 files", "7 records"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"facts": 1}', b'{"facts": {"records": "x"}}'])
def test_a_record_that_makes_no_sense_counts_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "completion.json").write_bytes(content)
    assert progress._read_state(tmp_path / "completion.json", "facts") is None
    assert progress._read_state(tmp_path / "none.json", None) is None
