"""Model manifests: what a model directory holds, and which models and datasets it was made from.

A model's manifest has the frame of a dataset's (`manifests.manifest`): `schema_version`, `kind: model`, `name`,
`stage`, `recipe` and `recipe_digest`, `code`, `libraries`, `inputs`, `files`, `metrics`, `parents`, `digest`,
`created`. Paths in it are relative to the model's folder, so the same run in another place gives the same digest.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.manifest import MANIFEST_NAME, code_identity, manifest_digest, read_manifest, write_manifest

LIBRARIES = ("torch", "transformers", "trl", "peft", "tokenizers")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


def portable_path(path: str, folder: str) -> str:
    """A local `path` as seen from `folder`, with forward slashes; anything else (hub ids, URLs) unchanged."""
    if not os.path.exists(path):
        return path
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(folder))).as_posix()


def list_files(folder: str) -> list[dict[str, Any]]:
    """`{path, bytes, sha256}` of every file under `folder` except its manifest, in path order."""
    root = Path(folder)
    entries = []
    for path in sorted(root.rglob("*"), key=lambda found: found.relative_to(root).as_posix()):
        relative = path.relative_to(root).as_posix()
        if path.is_file() and relative != MANIFEST_NAME:
            sha256, size = digest_file(str(path))
            entries.append({"path": relative, "bytes": size, "sha256": sha256})
    return entries


def describe_base(base: str, *, revision: str | None = None) -> dict[str, Any]:
    """The parent entry for a model or dataset that something is built on.

    A folder with a manifest is named by the manifest's digest, its files are checked against it, and its own
    parents are carried along, so that one manifest shows the whole chain. A folder without one is named by the
    digest of its files. A hub id is named by itself and its `revision` (the commit, once that is known).

    Returns:
        `{kind, name, digest, parents}`; `kind` is `model`, `dataset`, `files` or `hub`; hub entries have `revision`.

    Raises:
        UsageError: no such folder and no hub id either, or files that differ from the folder's manifest.
    """
    if os.path.isdir(base):
        if os.path.exists(os.path.join(base, MANIFEST_NAME)):
            problems = verify_files(base)
            if problems:
                raise UsageError(f"{base}: does not match its own manifest: {'; '.join(problems[:3])}")
            manifest = read_manifest(base)
            return {
                "kind": manifest.get("kind", "dataset"),
                "name": manifest.get("name"),
                "digest": manifest["digest"],
                "parents": [_as_entry(parent) for parent in manifest.get("parents", [])],
            }
        files = list_files(base)
        if not files:
            raise UsageError(f"{base}: an empty folder, so neither a model nor a dataset")
        return {"kind": "files", "name": Path(base).resolve().name, "digest": digest_json(files), "parents": []}
    if os.path.exists(base):
        raise UsageError(f"{base}: a file; give the folder of the model or dataset")
    if not HUB_ID.fullmatch(base):
        raise UsageError(f"{base}: no such folder, and not the form of a hub id (`owner/name`)")
    identity = {"kind": "hub", "name": base, "revision": revision}
    return {**identity, "digest": digest_json(identity), "parents": []}


def verify_files(folder: str) -> list[str]:
    """Problems found when `folder` is compared with its manifest (digest, and every listed file); empty if none."""
    manifest = read_manifest(folder)
    problems = []
    if manifest.get("digest") != manifest_digest(manifest):
        problems.append(f"{MANIFEST_NAME}: its content does not give its digest")
    for entry in [*manifest.get("files", []), *manifest.get("shards", [])]:
        path = os.path.join(folder, entry["path"])
        if not os.path.isfile(path):
            problems.append(f"{entry['path']}: missing")
        elif os.path.getsize(path) != entry["bytes"] or digest_file(path)[0] != entry["sha256"]:
            problems.append(f"{entry['path']}: differs from the manifest")
    return problems


def write_model_manifest(
    folder: str,
    *,
    name: str,
    stage: str,
    recipe: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    parents: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Digest the files in `folder` and seal them with their origin into its manifest; to be called last.

    `recipe` is the configuration in full, `inputs` are the data files (`{uri, bytes, sha256, records}`), `parents`
    the entries of `describe_base`.
    """
    return write_manifest(
        folder,
        {
            "kind": "model",
            "name": name,
            "stage": stage,
            "recipe": dict(recipe),
            "recipe_digest": digest_json(recipe),
            "code": code_identity(),
            "libraries": library_versions(),
            "inputs": list(inputs),
            "files": list_files(folder),
            "metrics": dict(metrics),
            "parents": list(parents),
        },
    )


def library_versions() -> dict[str, str]:
    """Versions of the libraries that a model's weights depend on, as far as they are installed."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _as_entry(parent: Any) -> Any:
    # A dataset names its parents by digest alone; a chain reads the same way everywhere if both are entries.
    return {"kind": "dataset", "digest": parent} if isinstance(parent, str) else parent


__all__ = [
    "describe_base",
    "library_versions",
    "list_files",
    "portable_path",
    "verify_files",
    "write_model_manifest",
]
