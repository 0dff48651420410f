"""Builds of plain texts in which nothing but deduplication decides: WET files, open rules, and the command watched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from curation.quality.rules import rule_set
from tests.benchmarks.deduplication import watched
from tests.pipelines.builds import ROOT

DATE = "2026-05-01T00:00:00Z"
_OPEN = {name: -1e9 if name.rpartition(".")[2].startswith("min_") else 1e9 for name in rule_set("gopher").thresholds()}
PLAIN: dict[str, Any] = {
    "language": {"keep": []},
    "quality": {"rules": "gopher", "measure": [], **_OPEN},
    "privacy": {"types": []},
    "toxicity": {"action": "tag"},
}
"""Sections of a recipe that lets every text through that is not empty."""


def conversion(uri: str, text: str) -> bytes:
    """A record of a WET file."""
    body = text.encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:test:{uri}>\r\nWARC-Date: {DATE}\r\n"
        f"WARC-Target-URI: {uri}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def write_wet(folder: Path, texts: Iterable[tuple[str, str]], files: int = 1) -> list[Path]:
    """Files of records of (URI, text), dealt out in turn; as many as workers can share."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number}.warc.wet" for number in range(files)]
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(path.open("wb")) for path in paths]
        for number, (uri, text) in enumerate(texts):
            streams[number % files].write(conversion(uri, text))
    return paths


def write_recipe(path: Path, archives: Iterable[Path], **dedup: Any) -> Path:
    """A recipe file (JSON is YAML too) of these archives with `PLAIN` and a section `dedup`."""
    inputs = {"archives": [str(archive) for archive in archives]}
    path.write_text(json.dumps({**PLAIN, "inputs": inputs, "dedup": dedup}))
    return path


def command(recipe: Path, out: Path, *extra: str) -> list[str]:
    """The command line of a build on two workers."""
    return [
        sys.executable, "-m", "pipelines.cli", "curate", str(recipe), "--out", str(out), "--quiet", "--workers", "2",
        *extra,
    ]  # fmt: skip


def measured(recipe: Path, out: Path, *extra: str) -> dict[str, float]:
    """Build to the end; seconds, CPU seconds and the most megabytes that all its processes held together."""
    with contextlib.chdir(ROOT):
        found = watched(command(recipe, out, *extra))
    print({name: round(value) for name, value in found.items()})  # shown by `pytest -rP`
    return found


def refused(recipe: Path, out: Path, *extra: str) -> tuple[int, str]:
    """Exit status and error output of a build that is not to end well."""
    done = subprocess.run(command(recipe, out, *extra), cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def with_ingest_of(done: Path, out: Path) -> Path:
    """A new output folder in which the inputs are read already, where a build before has read them."""
    if done != out and (done / ".work/ingest").exists():
        shutil.copytree(done / ".work/ingest", out / ".work/ingest", copy_function=os.link)
    return out


def rows(out: Path, folder: str, *columns: str) -> list[dict[str, Any]]:
    """The rows of `shards`, `rejected`, `cuts` or `index`."""
    table = ds.dataset(out / folder, format="parquet").to_table(columns=list(columns) or None)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def rules(out: Path) -> dict[str, int]:
    """Documents by what happened to them, from the funnel of the manifest."""
    funnel = json.loads((out / "manifest.json").read_text())["funnel"]
    return {row["rule"]: row["documents"] for row in funnel if row["rule"] != "input"}


def cluster_sizes(out: Path) -> dict[str, int]:
    """Documents in a cluster -> how many such clusters stage `dedup` found."""
    sizes: dict[str, int] = json.loads((out / ".work/dedup/clusters.json").read_text())["sizes"]
    return sizes


def published(out: Path) -> Iterator[Path]:
    """Every file of a build but those of its work folder."""
    return (path for path in sorted(out.rglob("*")) if path.is_file() and ".work" not in path.relative_to(out).parts)
