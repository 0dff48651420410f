"""Writing the whole sample into a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.errors import UsageError
from manifests.files import write_bytes
from pipelines.demo import tuning
from pipelines.demo.crawl import write_crawl
from pipelines.demo.repositories import write_repositories
from pipelines.demo.world import make_world

_UNFINISHED = ".unfinished-sample"


@dataclass(frozen=True)
class Sample:
    """Where the parts of a sample lie. `archives` and `repositories` are folders, the others files."""

    folder: Path
    archives: Path
    repositories: Path
    instructions: Path
    preferences: Path
    prompts: Path
    questions: Path
    truth: Path


def sample_at(folder: Path) -> Sample:
    """The paths of the sample in `folder`, whether or not it has been written."""
    data = folder / "tuning"
    return Sample(
        folder,
        folder / "archives",
        folder / "repositories",
        data / "instructions.jsonl",
        data / "preferences.jsonl",
        data / "prompts.jsonl",
        data / "questions.json",
        folder / "truth.json",
    )


def write_sample(folder: Path, seed: int = 1) -> Sample:
    """Write the sample crawl, repositories and tuning data of `seed` into `folder`, some 5 MB in a few seconds.

    `truth.json`, written last, says what was planted: the keys of `write_crawl` and `write_repositories`, and
    `seed`. An earlier sample in `folder` is replaced. The same seed writes the same bytes.

    Raises:
        UsageError: `folder` holds folders of the same names that are no sample, so nothing is written.
    """
    sample = sample_at(folder)
    parts = (sample.archives, sample.repositories, sample.instructions.parent)
    existing = [path for path in parts if path.exists()]
    if existing and not _is_sample(sample):
        raise UsageError(f"{existing[0]}: exists and is no sample of Winnow's; choose another folder for the sample")
    sample.truth.unlink(missing_ok=True)
    for path in existing:
        shutil.rmtree(path)
    world = make_world(seed)
    marker = sample.folder / _UNFINISHED
    write_bytes(str(marker), b"a sample is being written here\n")
    truth = {"seed": seed, **write_crawl(sample.archives, world), **write_repositories(sample.repositories, world)}
    _write_lines(sample.instructions, tuning.instructions(world))
    _write_lines(sample.preferences, tuning.preferences(world))
    _write_lines(sample.prompts, tuning.prompts(world))
    _write_json(sample.questions, tuning.questions(world))
    _write_json(sample.truth, truth)
    marker.unlink()
    return sample


def _is_sample(sample: Sample) -> bool:
    return sample.truth.exists() or (sample.folder / _UNFINISHED).exists()


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_bytes(str(path), lines.encode())


def _write_json(path: Path, value: Any) -> None:
    write_bytes(str(path), (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
