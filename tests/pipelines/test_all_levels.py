"""Every level of deduplication in one build, against an earlier release: the same bytes however it is run.

On any number of workers, with the inputs in any order, by both ways of connecting pairs, and killed at any moment.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from manifests.dataset import listed_files
from manifests.manifest import read_manifest
from pipelines.build import Build
from pipelines.demo import Sample
from pipelines.progress import Progress
from pipelines.recipe import load_recipe
from pipelines.runner import make_options
from pipelines.stages import dedup, verify
from tests.pipelines.builds import ROOT, command, curate
from tests.pipelines.plain_builds import published, rows
from tests.pipelines.tiny import prose, response

pytestmark = pytest.mark.slow

LEVELS = (
    "output.shard_bytes=65536",  # more than one shard
    "dedup.minhash.verify=jaccard", "dedup.minhash.threshold=0.7", "dedup.url=true", "dedup.lines.min_sentences=1",
    "dedup.paragraphs.keep=first", "dedup.substrings={tokens: 12, sources: [code, web]}",
)  # fmt: skip
MOMENTS = (
    "dedup/signatures", "dedup/proposed", "dedup/candidates", "dedup/wanted", "dedup/pairs", "dedup/clusters",
    "dedup/members", "earlier/filter", "earlier/second", "earlier/entries", "select/urls", "select/judged",
    "select/removed", "select/lines/judged", "select/paragraphs/cuts", "select/substrings/anchors",
    "select/substrings/cuts", "select/decisions",
)  # fmt: skip
"""Folders of the work folder, in the order in which a build first writes into them."""
SAME_URL = ("https://example.org/tale", "http://www.example.org/tale/?utm_source=feed")
PATIENCE_SECONDS = 240


@dataclasses.dataclass(frozen=True)
class Inputs:
    archives: list[str]
    repositories: list[str]
    earlier: Path

    def settings(self) -> list[str]:
        """What comes after `--set`."""
        return ["version=2", f"dedup.against=['{self.earlier}']", *LEVELS]

    def flags(self, workers: int = 1) -> list[str]:
        return [*(part for one in self.settings() for part in ("--set", one)), "--workers", str(workers)]

    def command(self, out: Path, workers: int = 1) -> list[str]:
        return command(out, self.archives, self.repositories, *self.flags(workers))


@pytest.fixture(scope="module")
def inputs(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The sample with two pages of one URL, and a release of a part of it."""
    same = tmp_path_factory.mktemp("same") / "urls.warc"
    same.write_bytes(b"".join(response(uri, prose(seed)) for seed, uri in enumerate(SAME_URL)))
    archives = [*sorted(str(path) for path in sample.archives.glob("*.warc.gz")), str(same)]
    repositories = [str(sample.repositories / name) for name in ("cracked-bell.git", "tidewater.git")]
    earlier = tmp_path_factory.mktemp("earlier") / "r1"
    curate(earlier, archives[:1], repositories[:1], "--set", "version=1")
    return Inputs(archives, repositories, earlier)


@pytest.fixture(scope="module")
def reference(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undisturbed build that every other must equal."""
    out = tmp_path_factory.mktemp("reference") / "out"
    curate(out, inputs.archives, inputs.repositories, *inputs.flags())
    return out


def every_byte(out: Path) -> dict[str, str]:
    """The manifest's digest and that of every file that was published, of the report without the time it was made."""
    manifest = read_manifest(str(out))
    found = {str(path.relative_to(out)): path.read_bytes() for path in published(out)}
    assert {entry["path"] for entry in listed_files(manifest)} <= found.keys()
    assert {path.split("/")[0] for path in found} >= {"shards", "rejected", "cuts", "index", "report.html"}
    del found["manifest.json"]
    found["report.html"] = found["report.html"].replace(manifest["created"].encode(), b"")
    return {"manifest": manifest["digest"], **{path: hashlib.sha256(data).hexdigest() for path, data in found.items()}}


def test_every_level_finds_something(reference: Path) -> None:
    manifest = read_manifest(str(reference))
    assert {row["rule"] for row in manifest["funnel"]} >= {
        "url", "exact", "near", "earlier.same_record", "earlier.exact", "earlier.near",
    }  # fmt: skip
    for level, source in (("lines", "web"), ("paragraphs", "web"), ("substrings", "web"), ("substrings", "code")):
        assert manifest["cuts"][level][source]["spans"] > 0, (level, source)


@pytest.mark.parametrize("workers", [2, 7])
def test_workers_and_the_order_of_inputs_change_no_byte(
    workers: int, inputs: Inputs, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    archives, repositories = inputs.archives[::-1], inputs.repositories[::-1]
    curate(out, archives, repositories, *inputs.flags(workers), seed="4711")
    assert every_byte(out) == every_byte(reference)
    assert kept_ids(out) == kept_ids(reference)


def kept_ids(out: Path) -> list[str]:
    return sorted(row["id"] for row in rows(out, "shards", "id"))


def built_here(inputs: Inputs, reference: Path, out: Path) -> dict[str, bytes]:
    """Build in this process from what is read already; every file of stage `dedup`, by path."""
    copy_ingest(reference, out)
    named = (f"inputs.archives={inputs.archives}", f"inputs.repositories={inputs.repositories}")
    recipe = load_recipe("demo", (*named, *inputs.settings()))
    Build(recipe, str(out), make_options([], 1), Progress(quiet=True)).run()
    folder = out / ".work/dedup"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copy_ingest(done: Path, out: Path) -> None:
    shutil.copytree(done / ".work/ingest", out / ".work/ingest")


def test_pairs_that_no_worker_holds_at_once_make_the_same_bytes(
    inputs: Inputs, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = built_here(inputs, reference, tmp_path / "few")
    rounds: list[Any] = []
    real = dedup.plan_for
    monkeypatch.setattr(dedup, "plan_for", lambda n: dataclasses.replace(real(n), edges_in_memory=0))
    monkeypatch.setattr(verify, "build_groups", counted(verify.build_groups, rounds))
    many = built_here(inputs, reference, tmp_path / "many")
    assert len(rounds) == 1, "candidates were not grouped by contraction"
    assert {path for path in many if many[path] != few.get(path)} == {"connect.jsonl"}
    assert few.keys() <= many.keys()
    assert every_byte(tmp_path / "many") == every_byte(tmp_path / "few") == every_byte(reference)


def counted(function: Any, calls: list[Any]) -> Any:
    def call(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return call


def kill_when(out: Path, place: str, inputs: Inputs) -> None:
    """Start the build and kill all its processes when a folder of its work folder holds a file.

    Every second moment meets two workers, the others a build within one process.
    """
    process = subprocess.Popen(
        inputs.command(out, 1 + MOMENTS.index(place) % 2),
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not has_files(out / ".work" / place):
        assert process.poll() is None, f"the build ended before {place} could be seen"
        assert time.monotonic() < deadline, f"{place} never came"
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()


def has_files(folder: Path) -> bool:
    try:
        return any(entry.is_file() for entry in folder.rglob("*"))
    except OSError:  # it went while it was looked through
        return False


def resumed(out: Path, inputs: Inputs) -> dict[str, str]:
    curate(out, inputs.archives, inputs.repositories, *inputs.flags(1))
    return every_byte(out)


@pytest.mark.parametrize("place", MOMENTS)
def test_a_build_that_was_killed_goes_on_to_the_same_bytes(
    place: str, inputs: Inputs, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    copy_ingest(reference, out)
    kill_when(out, place, inputs)
    assert resumed(out, inputs) == every_byte(reference)


@pytest.mark.parametrize("places", [MOMENTS[1::3]])
def test_a_build_that_was_killed_again_and_again_too(
    places: Sequence[str], inputs: Inputs, reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    copy_ingest(reference, out)
    for place in places:
        kill_when(out, place, inputs)
    assert resumed(out, inputs) == every_byte(reference)
