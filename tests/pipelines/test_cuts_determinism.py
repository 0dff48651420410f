"""The levels that cut give the same bytes on any number of workers, and after being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from manifests.manifest import read_manifest
from pipelines.demo import Sample
from tests.pipelines.builds import ROOT, command, curate, digests

pytestmark = pytest.mark.slow

LEVELS = (
    "--set", "dedup.url=true", "--set", "dedup.lines.min_sentences=1", "--set", "dedup.paragraphs.keep=first",
    "--set", "dedup.substrings={tokens: 12, sources: [code, web]}",
)  # fmt: skip
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def inputs(sample: Sample) -> tuple[list[str], list[str]]:
    archives = sorted(str(path) for path in sample.archives.glob("*.warc.gz"))
    return archives, [str(sample.repositories / name) for name in ("cracked-bell.git", "tidewater.git")]


@pytest.fixture(scope="module")
def reference(inputs: tuple[list[str], list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reference") / "out"
    curate(out, *inputs, *LEVELS, "--workers", "1")
    found = read_manifest(str(out))["cuts"]
    assert found["lines"]["web"]["spans"] > 10
    assert {source: found["substrings"][source]["spans"] > 10 for source in ("code", "web")} == {
        "code": True,
        "web": True,
    }
    return out


@pytest.mark.parametrize("workers", ["2", "7"])
def test_workers_and_the_order_of_inputs_change_nothing(
    workers: str, inputs: tuple[list[str], list[str]], reference: Path, tmp_path: Path
) -> None:
    archives, repositories = inputs
    out = tmp_path / "out"
    curate(out, archives[::-1], repositories[::-1], *LEVELS, "--workers", workers, seed="4711")
    assert digests(out) == digests(reference)


@pytest.mark.parametrize("place", ["select/lines/judged", "select/substrings/anchors", "select/substrings/cuts"])
def test_a_killed_build_resumes_to_the_same_bytes(
    place: str, inputs: tuple[list[str], list[str]], reference: Path, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    process = subprocess.Popen(
        command(out, *inputs, *LEVELS), cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any((out / ".work" / place).glob("*.parquet")):
        assert process.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    curate(out, *inputs, *LEVELS)
    assert digests(out) == digests(reference)
