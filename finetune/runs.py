"""One run of a stage, from its configuration to a sealed model directory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from curation.decontamination.config import HUB
from finetune.config import PretrainConfig, RlhfConfig, Tuning
from finetune.messages import InputFile
from finetune.outputs import is_finished, run_identity, tidy, working_folder
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.manifest import MANIFEST_NAME, read_manifest
from manifests.models import describe_base, portable_path, write_model_manifest

Row = TypeVar("Row")
Split = tuple[list[Row], list[Row]]


@dataclass(frozen=True)
class Run:
    """What decides a run's result: stage, configuration, data files and parents, as its manifest names them."""

    stage: str
    name: str
    out: str
    recipe: dict[str, Any]
    inputs: list[dict[str, Any]]
    parents: list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """A finished run; `fresh` is false when the model was there already, and `seconds` the time it took now."""

    out: str
    manifest: dict[str, Any]
    fresh: bool
    seconds: float


def plan_run(stage: str, config: Tuning | PretrainConfig, out: str, files: Sequence[InputFile]) -> Run:
    """Name the run: paths as seen from `out`, parents by digest.

    Raises:
        UsageError: a base, reward model or build that is not there or does not match its manifest, or a launcher of
            several processes.
    """
    if int(os.environ.get("WORLD_SIZE") or 1) > 1:
        raise UsageError(
            "tuning runs in one process on one GPU at most; start `winnow` itself, without torchrun or accelerate"
        )
    recipe = config.model_dump(mode="json")
    parents = []
    if isinstance(config, PretrainConfig):
        recipe["data"] = portable_path(config.data, out)
        parents.append(_parent("data", config.data, out))
    else:
        recipe["base"] = portable_path(config.base, out)
        recipe["data"] = [portable_path(path, out) for path in config.data]
        for one in (recipe["decontaminate"] or {"benchmarks": {}})["benchmarks"].values():
            one["paths"] = [path if path.startswith(HUB) else portable_path(path, out) for path in one["paths"]]
        parents.append(_parent("base", config.base, out, _commit(config.base, config.revision)))
        if isinstance(config, RlhfConfig):
            recipe["reward"] = portable_path(config.reward, out)
            parents.append(_parent("reward", config.reward, out, _commit(config.reward, None)))
        parents += [
            _parent("data", path, out) for path in config.data if os.path.isfile(os.path.join(path, MANIFEST_NAME))
        ]
    inputs = [
        {"uri": portable_path(file.path, out), "bytes": file.bytes, "sha256": file.sha256, "records": file.records}
        for file in files
    ]
    return Run(stage, config.name or Path(out).absolute().name, out, recipe, inputs, parents)


def run_stage(run: Run, work: Callable[[str], dict[str, Any]]) -> Result:
    """Do `work(folder)`, which fills the folder and returns the metrics, unless the run's model is there already."""
    identity = run_identity(run.stage, run.recipe, run.inputs, run.parents)
    started = time.monotonic()
    if is_finished(run.out, identity):
        return Result(run.out, read_manifest(run.out), False, time.monotonic() - started)
    with working_folder(run.out, identity) as partial:
        metrics = work(partial)
        tidy(partial)
        manifest = write_model_manifest(
            partial,
            name=run.name,
            stage=run.stage,
            recipe=run.recipe,
            inputs=run.inputs,
            parents=run.parents,
            metrics=metrics,
        )
    return Result(run.out, manifest, True, time.monotonic() - started)


def held_out(row: Any, share: float, seed: int) -> bool:
    """Whether a row belongs to the held-out share: decided by its content and the seed, not by its place."""
    return int(digest_json([seed, row])[:13], 16) < share * 16**13


def split_held_out(rows: Iterable[Row], content: Callable[[Row], Any], share: float, seed: int) -> Split[Row]:
    """The rows to train on and those held out, by `held_out` of each row's `content` (plain JSON), in their order."""
    parts: Split[Row] = ([], [])
    for row in rows:
        parts[held_out(content(row), share, seed)].append(row)
    return parts


def _parent(role: str, base: str, out: str, revision: str | None = None) -> dict[str, Any]:
    return {"role": role, "path": portable_path(base, out), **describe_base(base, revision=revision)}


def _commit(base: str, revision: str | None) -> str | None:
    """The commit a hub id stands for now; a name such as `main` may mean another one tomorrow."""
    if os.path.exists(base):
        return None
    from transformers import AutoConfig

    try:
        commit = getattr(AutoConfig.from_pretrained(base, revision=revision or "main"), "_commit_hash", None)
    except (OSError, ValueError):
        commit = None  # the loader will say what is wrong with this id
    return commit or revision
