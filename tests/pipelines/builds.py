"""Builds for the tests of the stages: a small sample of the demo's crawl and repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from manifests.dataset import listed_files
from manifests.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[2]


def command(out: Path, archives: list[str], repositories: list[str], *extra: str) -> list[str]:
    """The command line of a build of these inputs."""
    return [
        sys.executable, "-m", "pipelines.cli", "curate", "demo", "--out", str(out), "--quiet",
        "--set", f"inputs.archives={archives}", "--set", f"inputs.repositories={repositories}", *extra,
    ]  # fmt: skip


def curate(
    out: Path, archives: list[str], repositories: list[str], *extra: str, seed: str = "0", check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a build to its end in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        command(out, archives, repositories, *extra), cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if check and done.returncode != 0:
        raise AssertionError(f"winnow curate ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done


def digests(out: Path) -> dict[str, Any]:
    """What must be the same in every run: the manifest's digest and those of all files."""
    manifest = read_manifest(str(out))
    return {"manifest": manifest["digest"], **{entry["path"]: entry["sha256"] for entry in listed_files(manifest)}}
