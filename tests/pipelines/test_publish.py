"""The swap that makes a build visible, interrupted after every single step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from manifests.dataset import listed_files, verify
from manifests.files import exists, write_bytes
from manifests.manifest import read_manifest
from pipelines.records import files_below
from pipelines.stages import publish
from tests.pipelines.tiny import make, prose, response, write_pages, write_repository


class Killed(BaseException):
    """Stands for a process that ends here."""


def contents(out: str) -> list[str]:
    """Files of a build, without its work files."""
    return [name for name in files_below(out) if not name.startswith(".work/")]


def named(manifest: dict[str, Any]) -> list[str]:
    """The files that a build with this manifest consists of."""
    return sorted([*(entry["path"] for entry in listed_files(manifest)), "manifest.json", "report.html", "README.md"])


def check_whole(out: str, digest: str) -> None:
    manifest = read_manifest(out)
    assert manifest["digest"] == digest
    assert list(verify(out, manifest)) == []
    assert contents(out) == named(manifest)
    assert not exists(f"{out}/{publish.JOURNAL}")
    assert not exists(f"{out}/{publish.STAGED}")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two recipes: the first has code and damage, of which the second's output must show nothing."""
    folder = tmp_path_factory.mktemp("inputs")
    pages = write_pages(folder / "pages.warc", range(1, 9))
    damaged = folder / "damaged.warc"
    whole = b"".join(response(f"https://example.org/{n}", prose(n)) for n in range(20, 28))
    damaged.write_bytes(whole + response("https://example.org/cut", prose(30))[:-400])
    licence = Path("LICENSE").read_text() if Path("LICENSE").exists() else ""
    code = write_repository(folder / "code", {"a.py": "def add(a, b):\n    return a + b\n", "LICENSE": licence})
    small = {"output": {"shard_bytes": 4096}}
    return (
        {"archives": [damaged], "repositories": [code], "code": {"licenses": ["permissive", "none", "other"]}, **small},
        {"archives": [pages], "output": {"shard_bytes": 8192}},
    )


def stop_before_the_swap(out: str, recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Build up to the moment at which the swap would begin."""
    with monkeypatch.context() as patch:
        swap, calls = publish.finish_swap, [0]

        def second_time(out: str) -> None:
            calls[0] += 1
            if calls[0] == 2:
                raise Killed
            swap(out)

        patch.setattr(publish, "finish_swap", second_time)
        with pytest.raises(Killed):
            make(out, **dict(recipe))


def die_after(step: int, patch: pytest.MonkeyPatch, steps: list[tuple[Any, str]]) -> None:
    """Let the process end when that many steps have been taken."""
    taken = [0]

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            if taken[0] >= step:
                raise Killed
            result = function(*arguments, **named)
            taken[0] += 1
            return result

        return wrapper

    for owner, name in steps:
        patch.setattr(owner, name, dying(getattr(owner, name)))


@pytest.fixture(scope="module")
def prepared(
    inputs: tuple[dict[str, Any], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """A finished build with another one staged over it, and the digests of both."""
    out = tmp_path_factory.mktemp("prepared") / "out"
    old = make(out, **dict(inputs[0])).manifest["digest"]
    new = make(out.with_name("new"), **dict(inputs[1])).manifest["digest"]
    with pytest.MonkeyPatch.context() as patch:
        stop_before_the_swap(str(out), inputs[1], patch)
    return out, old, new


def test_the_old_build_is_whole_until_the_swap_begins(prepared: tuple[Path, str, str]) -> None:
    out, old, _ = prepared
    manifest = read_manifest(str(out))
    assert manifest["digest"] == old
    assert list(verify(str(out), manifest)) == []
    assert contents(str(out)) == named(manifest)
    assert {"errors/part-00000.parquet", "shards/code/part-00000.parquet"} <= set(contents(str(out)))


def test_a_swap_interrupted_after_any_step_is_finished_by_the_next_run(
    prepared: tuple[Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, old, new = prepared
    steps = [(publish, "move"), (publish, "remove_tree"), (publish, "write_bytes")]
    finished, step = False, 0
    while not finished:
        out = tmp_path / str(step)
        shutil.copytree(source, out)
        with monkeypatch.context() as patch:
            die_after(step, patch, steps)
            try:
                publish.finish_swap(str(out))
                finished = True
            except Killed:
                if exists(str(out / "manifest.json")):  # a build with a manifest is whole, whatever has happened
                    assert list(verify(str(out), read_manifest(str(out)))) == []
                    assert read_manifest(str(out))["digest"] in (old, new)
        publish.finish_swap(str(out))
        check_whole(str(out), new)
        assert not (out / "shards/code").exists()
        shutil.rmtree(out)
        step += 1
    assert step > 10


def test_on_an_object_store_copying_and_deleting_are_steps_of_their_own(
    inputs: tuple[dict[str, Any], dict[str, Any]], prepared: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, new = "memory://swap/o #1", prepared[2]
    fs = fsspec.filesystem("memory")
    make(root, **dict(inputs[0]))
    stop_before_the_swap(root, inputs[1], monkeypatch)
    before = {path: fs.cat_file(path) for path in fs.find("/swap")}
    finished, step = False, 0
    while not finished:
        fs.rm("/swap", recursive=True)
        for path, content in before.items():
            fs.pipe_file(path, content)
        with monkeypatch.context() as patch:
            steps = [(type(fs), "cp_file"), (type(fs), "rm_file"), (publish, "remove_tree"), (publish, "write_bytes")]
            die_after(step, patch, steps)
            try:
                publish.finish_swap(root)
                finished = True
            except Killed:
                if exists(f"{root}/manifest.json"):
                    assert list(verify(root, read_manifest(root))) == []
        publish.finish_swap(root)
        check_whole(root, new)
        step += 1
    fs.rm("/swap", recursive=True)
    assert step > 15


@pytest.fixture
def unpublished(prepared: tuple[Path, str, str], tmp_path: Path) -> Path:
    """A finished build, and over it one that ended just before its journal was written."""
    shutil.copytree(prepared[0], tmp_path / "out")
    (tmp_path / "out" / publish.JOURNAL).unlink()
    return tmp_path / "out"


def test_a_failure_before_the_swap_leaves_the_old_build_and_the_next_run_repairs(
    inputs: tuple[dict[str, Any], dict[str, Any]], prepared: tuple[Path, str, str], unpublished: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out = str(unpublished)
    with monkeypatch.context() as patch:
        patch.setattr(publish, "render_report", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make(out, **dict(inputs[1]))
    manifest = read_manifest(out)
    assert manifest["digest"] == prepared[1]
    assert list(verify(out, manifest)) == []
    make(out, **dict(inputs[1]))
    check_whole(out, prepared[2])


def test_half_written_and_stale_work_files_do_not_reach_the_output(
    inputs: tuple[dict[str, Any], dict[str, Any]], prepared: tuple[Path, str, str], unpublished: Path
) -> None:
    for name in ("shards/web/part-00000.parquet.0a1b2c3d.partial", "shards/other/part-00009.parquet"):
        write_bytes(f"{unpublished}/.work/shard/{name}", b"PAR1")
    write_bytes(f"{unpublished}/{publish.STAGED}/errors/part-00000.parquet", b"PAR1")
    make(unpublished, **dict(inputs[1]))
    check_whole(str(unpublished), prepared[2])


class TestAlreadyPublished:
    @pytest.fixture
    def built(
        self, inputs: tuple[dict[str, Any], dict[str, Any]], prepared: tuple[Path, str, str], tmp_path: Path
    ) -> tuple[str, dict[str, Any]]:
        shutil.copytree(prepared[0].with_name("new"), tmp_path / "out")
        return str(tmp_path / "out"), inputs[1]

    def test_a_build_that_is_there_is_not_written_again(self, built: tuple[str, dict[str, Any]]) -> None:
        again = make(built[0], **dict(built[1]))
        assert not again.fresh
        assert again.manifest == read_manifest(built[0])

    def test_a_deleted_shard_is_made_again(self, built: tuple[str, dict[str, Any]]) -> None:
        out, recipe = built
        digest = read_manifest(out)["digest"]
        Path(out, read_manifest(out)["shards"][-1]["path"]).unlink()
        assert make(out, **dict(recipe)).fresh
        check_whole(out, digest)

    def test_a_damaged_record_of_it_counts_as_none(self, built: tuple[str, dict[str, Any]]) -> None:
        out, recipe = built
        for content in (b"", b"[]", b'{"shard_key": 1}'):
            write_bytes(f"{out}/{publish.PUBLISHED}", content)
            assert make(out, **dict(recipe)).fresh

    def test_another_name_is_another_manifest_over_the_same_shards(self, built: tuple[str, dict[str, Any]]) -> None:
        out, recipe = built
        before = read_manifest(out)
        after = make(out, **{**recipe, "name": "other"}).manifest
        assert (after["name"], after["shards"]) == ("other", before["shards"])
        assert after["digest"] != before["digest"]
        check_whole(out, after["digest"])


def test_the_journal_is_plain_json_with_every_file(prepared: tuple[Path, str, str]) -> None:
    journal = json.loads((prepared[0] / publish.JOURNAL).read_bytes())
    targets = [target for _, target in journal["moves"]]
    assert sorted(targets) == sorted(set(targets))
    assert {target.split("/")[0] for target in targets} == {"shards", "rejected", "index", "report.html", "README.md"}
    assert all((prepared[0] / source).is_file() for source, _ in journal["moves"])
