"""A manifest is a JSON object sealed by the digest of its own content."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manifests.digests import canonical_json, digest_json
from manifests.errors import UsageError
from manifests.files import exists, join, read_bytes, write_bytes

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"
UNDIGESTED = ("created", "digest")


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """Hex SHA-256 over the canonical JSON of `manifest` without `digest` and `created`."""
    return digest_json({key: value for key, value in manifest.items() if key not in UNDIGESTED})


def seal(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """`manifest` with `schema_version`, its `digest`, and `created` (UTC, to the second) filled in."""
    sealed = {"schema_version": SCHEMA_VERSION, **manifest}
    sealed["digest"] = manifest_digest(sealed)
    sealed["created"] = datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()
    return sealed


def write_manifest(folder: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Seal `manifest` and write it, atomically, as `folder/manifest.json`; returns what was written."""
    sealed = seal(manifest)
    pretty = json.dumps(sealed, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_bytes(join(folder, MANIFEST_NAME), pretty.encode())
    return sealed


def read_manifest(folder: str) -> dict[str, Any]:
    """The manifest in `folder`, which may also be the path of a manifest file itself.

    Raises:
        UsageError: there is none, or it is no JSON object.
    """
    path = folder if folder.endswith(".json") else join(folder, MANIFEST_NAME)
    if not exists(path):
        raise UsageError(f"{path}: no manifest here; a finished build or model has one (`winnow curate`, `winnow sft`)")
    try:
        manifest = json.loads(read_bytes(path))
    except ValueError as error:
        raise UsageError(f"{path}: not valid JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise UsageError(f"{path}: a manifest is a JSON object, this is a {type(manifest).__name__}")
    return manifest


@functools.cache
def code_identity() -> dict[str, str | None]:
    """`{version, commit}` of the running Winnow; commit is None when it does not run from a git checkout."""
    root = Path(__file__).resolve().parents[1]
    commit = None
    if (root / ".git").exists():
        answer = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
        commit = answer.stdout.strip() or None if answer.returncode == 0 else None
    try:
        version = importlib.metadata.version("winnow")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return {"commit": commit, "version": version}


__all__ = [
    "MANIFEST_NAME",
    "SCHEMA_VERSION",
    "canonical_json",
    "code_identity",
    "manifest_digest",
    "read_manifest",
    "seal",
    "write_manifest",
]
