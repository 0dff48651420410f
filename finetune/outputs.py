"""A model directory is complete or absent: work happens in a sibling that is renamed when the manifest is written.

`OUT` is made in `.OUT.partial` beside it. A killed run leaves that folder behind; the same run (same recipe, same
data, same parents) goes on in it from the newest complete checkpoint, and another run refuses to overwrite one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import write_bytes
from manifests.manifest import MANIFEST_NAME, read_manifest
from manifests.models import verify_files

IDENTITY = "run.json"
CHECKPOINTS = "checkpoints"
COMPLETE = "complete.json"
IDENTITY_KEYS = ("stage", "recipe", "inputs", "parents")


def run_identity(stage: str, recipe: Any, inputs: Any, parents: Any) -> dict[str, str]:
    """Digests of all that decides a run's result, by part, so that a difference can be named."""
    return {
        "stage": stage,
        "recipe": digest_json(recipe),
        "inputs": digest_json(inputs),
        "parents": digest_json(parents),
    }


def is_finished(out: str, identity: Mapping[str, str]) -> bool:
    """Whether `out` already holds this very run, whole.

    Raises:
        UsageError: `out` holds something else, so nothing may be written there.
    """
    folder = Path(out)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / MANIFEST_NAME).is_file():
        raise UsageError(f"{out}: not empty and not a model of Winnow's; give another --out or remove it")
    manifest = read_manifest(out)
    found = run_identity(
        str(manifest.get("stage")), manifest.get("recipe"), manifest.get("inputs"), manifest.get("parents")
    )
    differing = [key for key in IDENTITY_KEYS if found[key] != identity[key]]
    if differing:
        raise UsageError(
            f"{out}: holds another finished run (differs in {', '.join(differing)}); give another --out or remove it"
        )
    problems = verify_files(out)
    if problems:
        raise UsageError(f"{out}: this run's model, but damaged ({problems[0]}); remove it to make it again")
    return True


@contextlib.contextmanager
def working_folder(out: str, identity: Mapping[str, str]) -> Iterator[str]:
    """The folder to build `out` in; renamed to `out` if the block ends well and has written a manifest.

    Raises:
        UsageError: another process works there, or what a killed run left there belongs to a different run.
    """
    target = Path(out).absolute()
    partial = target.parent / f".{target.name}.partial"
    partial.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f".{target.name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"{out}: another process is making this model") from None
        try:
            _check_identity(partial, identity, out)
            yield str(partial)
            if not (partial / MANIFEST_NAME).is_file():
                raise AssertionError(f"{partial}: no manifest was written")
            if target.exists():
                target.rmdir()
            partial.rename(target)
        finally:
            os.unlink(lock.name)


def tidy(partial: str) -> None:
    """Leave only the model: no checkpoints, no identity of the run, files readable as the umask says."""
    shutil.rmtree(os.path.join(partial, CHECKPOINTS), ignore_errors=True)
    Path(partial, IDENTITY).unlink(missing_ok=True)
    umask = os.umask(0)
    os.umask(umask)
    for path in Path(partial).rglob("*"):
        if path.is_file():
            path.chmod(0o666 & ~umask)  # safetensors writes for the owner alone


def mark_complete(checkpoint: str, step: int) -> None:
    """Write the marker that makes a checkpoint count; to be called after everything else of it is on disk."""
    write_bytes(os.path.join(checkpoint, COMPLETE), json.dumps({"step": step}).encode())


def newest_complete_checkpoint(partial: str) -> str | None:
    """The checkpoint with the highest step that was written to its end, None where there is none.

    Incomplete ones, left by a kill in the middle of writing, are removed.
    """
    newest: tuple[int, str] | None = None
    for folder in Path(partial, CHECKPOINTS).glob("checkpoint-*"):
        if not (folder / COMPLETE).is_file():
            shutil.rmtree(folder)
            continue
        step = int(folder.name.rsplit("-", 1)[1])
        if newest is None or step > newest[0]:
            newest = (step, str(folder))
    return newest[1] if newest else None


def _check_identity(partial: Path, identity: Mapping[str, str], out: str) -> None:
    path = partial / IDENTITY
    found = json.loads(path.read_bytes()) if path.is_file() else {}
    differing = [key for key in IDENTITY_KEYS if found.get(key) != identity[key]]
    if not differing:
        return
    if newest_complete_checkpoint(str(partial)) is not None:
        raise UsageError(
            f"{out}: an unfinished run in {partial} was started with other {' and '.join(differing)}; "
            "run that one again to finish it, or remove the folder to start anew"
        )
    for entry in partial.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    write_bytes(str(path), json.dumps(dict(identity), sort_keys=True).encode())
