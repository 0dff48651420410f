from __future__ import annotations

import contextlib
import io
import itertools
import json
import sys
import types
from pathlib import Path
from typing import Any

import pygit2
import pytest

from pipelines.demo import Sample
from pipelines.demo.programs import javascript_programs, python_programs, table_programs
from pipelines.demo.prose import similarity
from pipelines.demo.repositories import license_text
from pipelines.demo.world import make_world

WORLD = make_world(1)
PROGRAMS = {**python_programs(WORLD), **table_programs(WORLD)}


@pytest.fixture(scope="module")
def truth(sample: Sample) -> dict[str, Any]:
    return json.loads(Path(sample.truth).read_text("utf-8"))


def opened(sample: Sample, name: str) -> Any:
    return pygit2.Repository(str(sample.repositories / name))


def test_the_repositories_are_those_of_the_truth(sample: Sample, truth: dict[str, Any]) -> None:
    assert [(row["name"], row["license"], row["bare"]) for row in truth["repositories"]] == [
        ("tidewater.git", "MIT", True),
        ("lantern-routes", "Apache-2.0", False),
        ("orchard-kit", "MIT", False),
        ("guild-ledger.git", "GPL-3.0", True),
        ("harbour-notes", None, False),
        ("cracked-bell.git", "MIT", True),
    ]
    for row in truth["repositories"]:
        repository = opened(sample, row["name"])
        assert str(repository.head.target) == row["commit"]
        assert repository.is_bare == row["bare"]
        assert repository.head.peel().author.name == "Sarn Authors"


def test_licence_files_hold_the_full_text(sample: Sample) -> None:
    for name, path, spdx in (
        ("tidewater.git", "LICENSE", "MIT"),
        ("lantern-routes", "LICENSE", "Apache-2.0"),
        ("guild-ledger.git", "COPYING", "GPL-3.0"),
    ):
        assert opened(sample, name).head.peel().tree[path].data.decode() == license_text(spdx)
    assert "LICENSE" not in opened(sample, "harbour-notes").head.peel().tree
    assert "Copyright (c) 2026 the Sarn authors" in license_text("MIT")


def test_a_damaged_object_cannot_be_read_and_the_others_can(sample: Sample, truth: dict[str, Any]) -> None:
    row = next(row for row in truth["repositories"] if row["damaged"])
    tree = opened(sample, row["name"]).head.peel().tree
    assert row["damaged"] == "src/bell/wreck_book.py"
    with pytest.raises((pygit2.GitError, OSError, KeyError)):
        _ = tree[row["damaged"]].data
    assert tree["src/bell/recipe_scaler.py"].data


def test_the_planted_files_are_what_they_are_said_to_be(sample: Sample, truth: dict[str, Any]) -> None:
    tree = opened(sample, "orchard-kit").head.peel().tree
    paths = {row["kind"]: row["path"] for row in truth["planted"]}
    assert tree[paths["submodule"]].filemode == pygit2.enums.FileMode.COMMIT
    assert tree[paths["vendored"]].data
    assert b"GNU General Public License" in tree[paths["gpl-header"]].data[:300]
    assert b"DO NOT EDIT" in tree[paths["generated"]].data[:100]
    assert max(map(len, tree[paths["minified"]].data.split(b"\n"))) > 2000
    original = opened(sample, "tidewater.git").head.peel().tree["src/tidewater/route_planner.py"]
    assert tree[paths["copy"]].id == original.id
    settings = tree[paths["secrets"]].data.decode()
    assert [row["kind"] for row in truth["code_private"]] == ["email", "key", "key"]
    assert all(row["value"] in settings for row in truth["code_private"])


def test_a_work_tree_holds_the_files_of_its_commit(sample: Sample, truth: dict[str, Any]) -> None:
    for row in truth["repositories"]:
        if not row["bare"]:
            repository = opened(sample, row["name"])
            changed = {path for path, flags in repository.status().items() if flags}
            assert changed <= set(row["submodules"])


def test_permissive_code_is_enough_for_a_mix(sample: Sample, truth: dict[str, Any]) -> None:
    size = 0
    for row in truth["repositories"]:
        if row["license"] in ("MIT", "Apache-2.0"):
            tree = opened(sample, row["name"]).head.peel().tree
            size += sum(
                tree[path].size for path in row["files"] if path.endswith((".py", ".js")) and path != row["damaged"]
            )
    assert 120_000 < size < 200_000


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_python_program_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)  # dataclasses look their module up
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(PROGRAMS[name], f"{name}.py", "exec"), module.__dict__)
    assert said.getvalue().strip()


def test_programs_are_no_copies_of_each_other() -> None:
    sources = [*PROGRAMS.values(), *javascript_programs(WORLD).values()]
    assert len(sources) == 63
    assert max(similarity(one, other) for one, other in itertools.combinations(sources, 2)) < 0.3
