from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finetune.outputs import (
    is_finished,
    mark_complete,
    newest_complete_checkpoint,
    run_identity,
    tidy,
    working_folder,
)
from manifests.errors import UsageError
from manifests.models import write_model_manifest

RECIPE: dict[str, Any] = {"base": "../base", "seed": 0}
IDENTITY = run_identity("sft", RECIPE, [], [])


def finish(partial: str, recipe: dict[str, Any] = RECIPE) -> None:
    Path(partial, "weights").write_text("w")
    tidy(partial)
    write_model_manifest(partial, name="m", stage="sft", recipe=recipe, inputs=[], parents=[], metrics={})


def checkpoint(partial: str, step: int, *, complete: bool) -> Path:
    folder = Path(partial, "checkpoints", f"checkpoint-{step}")
    folder.mkdir(parents=True)
    if complete:
        mark_complete(str(folder), step)
    return folder


def test_a_model_directory_appears_whole_and_carries_no_scratch(tmp_path: Path) -> None:
    out = tmp_path / "m"
    with working_folder(str(out), IDENTITY) as partial:
        checkpoint(partial, 1, complete=True)
        finish(partial)
        assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m"]
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "weights"]
    assert is_finished(str(out), IDENTITY)


def test_a_failure_leaves_no_model_and_an_old_one_is_never_overwritten(tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    with pytest.raises(RuntimeError), working_folder(out, IDENTITY):
        raise RuntimeError
    assert not Path(out).exists()
    with working_folder(out, IDENTITY) as partial:
        finish(partial)
    other = run_identity("sft", {**RECIPE, "seed": 1}, [], [])
    with pytest.raises(UsageError, match=r"holds another finished run \(differs in recipe\)"):
        is_finished(out, other)
    Path(out, "weights").write_text("x")
    with pytest.raises(UsageError, match="but damaged \\(weights: differs from the manifest\\)"):
        is_finished(out, IDENTITY)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty and not a model"):
        is_finished(str(tmp_path), IDENTITY)


def test_only_a_checkpoint_written_to_its_end_counts(tmp_path: Path) -> None:
    checkpoint(str(tmp_path), 5, complete=True)
    newest = checkpoint(str(tmp_path), 10, complete=True)
    torn = checkpoint(str(tmp_path), 15, complete=False)
    assert newest_complete_checkpoint(str(tmp_path)) == str(newest)
    assert not torn.exists()
    assert newest_complete_checkpoint(str(tmp_path / "nowhere")) is None


def test_a_killed_run_is_taken_up_by_the_same_run_only(tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    with pytest.raises(RuntimeError), working_folder(out, IDENTITY) as partial:
        checkpoint(partial, 5, complete=True)
        raise RuntimeError
    changed = run_identity("sft", RECIPE, [{"uri": "d.jsonl", "sha256": "0" * 64}], [])
    with pytest.raises(UsageError, match="was started with other inputs"), working_folder(out, changed):
        pass
    with pytest.raises(RuntimeError), working_folder(out, IDENTITY) as partial:
        assert newest_complete_checkpoint(partial)
        raise RuntimeError


def test_a_killed_run_without_a_checkpoint_is_thrown_away(tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    with pytest.raises(RuntimeError), working_folder(out, IDENTITY) as partial:
        Path(partial, "metrics.jsonl").write_text("{}")
        raise RuntimeError
    with working_folder(out, run_identity("sft", {"seed": 9}, [], [])) as partial:
        assert [path.name for path in Path(partial).iterdir()] == ["run.json"]
        assert json.loads(Path(partial, "run.json").read_text())["stage"] == "sft"
        finish(partial, {"seed": 9})


def test_two_processes_cannot_make_one_model(tmp_path: Path) -> None:
    out = str(tmp_path / "m")
    with working_folder(out, IDENTITY) as partial:
        with pytest.raises(UsageError, match="another process"), working_folder(out, IDENTITY):
            pass
        finish(partial)
