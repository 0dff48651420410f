"""The same bytes, whatever the machine: workers, order of inputs, hash seed, and being killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from manifests.manifest import read_manifest
from pipelines.demo import Sample
from tests.pipelines.builds import ROOT, command, curate, digests

PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def inputs(sample: Sample) -> tuple[list[str], list[str]]:
    """A part of the sample in which something of every kind is left to decide: damage, copies, a mixture."""
    archives = sorted(str(path) for path in sample.archives.glob("*.warc.gz"))
    repositories = [
        str(sample.repositories / name) for name in ("cracked-bell.git", "guild-ledger.git", "tidewater.git")
    ]
    return archives, repositories


@pytest.fixture(scope="module")
def reference(inputs: tuple[list[str], list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undisturbed build that every other must equal."""
    out = tmp_path_factory.mktemp("reference") / "out"
    curate(out, *inputs)
    rules = {row["rule"] for row in read_manifest(str(out))["funnel"]}
    assert {"exact", "near", "mixture", "error", "kept"} <= rules
    return out


def test_workers_order_and_hash_seed_change_nothing(
    inputs: tuple[list[str], list[str]], reference: Path, tmp_path: Path
) -> None:
    archives, repositories = inputs
    out = tmp_path / "two"
    curate(out, archives[::-1], [*repositories[1:], repositories[0]], "--workers", "2", seed="4711")
    assert digests(out) == digests(reference)


def test_where_the_inputs_lie_changes_neither_ids_nor_texts(
    inputs: tuple[list[str], list[str]], reference: Path, tmp_path: Path
) -> None:
    archives, repositories = inputs
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved_archives = [str(shutil.copy(path, elsewhere)) for path in archives]
    moved_repositories = [str(shutil.copytree(path, elsewhere / Path(path).name)) for path in repositories]
    out = tmp_path / "out"
    curate(out, moved_archives, moved_repositories)
    assert documents(out) == documents(reference)


def documents(out: Path) -> dict[str, str]:
    """Text by id of all shards."""
    table = ds.dataset(out / "shards", format="parquet").to_table(columns=["id", "text"])
    return dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))


def some_input_is_done(out: Path) -> bool:
    return any((out / ".work/ingest").glob("*/completion.json"))


def rules_are_applied(out: Path) -> bool:
    return any((out / ".work/select/judged").glob("*.parquet"))


def a_shard_is_written(out: Path) -> bool:
    return any((out / ".work/shard/shards").glob("*/*.parquet"))


@pytest.mark.parametrize("moment", [some_input_is_done, rules_are_applied, a_shard_is_written])
def test_a_killed_build_resumes_to_the_same_bytes(
    moment: Callable[[Path], bool], inputs: tuple[list[str], list[str]], reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    process = subprocess.Popen(
        command(out, *inputs), cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not moment(out):
        assert process.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline, "the moment never came"
        os.sched_yield()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    curate(out, *inputs)
    assert digests(out) == digests(reference)


def test_a_second_run_finds_everything_done(inputs: tuple[list[str], list[str]], reference: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in reference.rglob("*.parquet")}
    curate(reference, *inputs)
    assert {path: path.stat().st_mtime_ns for path in reference.rglob("*.parquet")} == before
