"""Completion records: what makes a build resumable, and a finished stage skippable.

A stage (or one input file of `ingest`) ends by writing a record of the key it was built for and of the files it
wrote. The record is written last, atomically, so it exists only when they are whole. A stage runs again when the
key differs (its settings or its inputs changed) or a file it names is not there in the recorded size.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from manifests.digests import digest_json
from manifests.files import digest_file, filesystem, join, read_bytes, size_of, write_bytes

WORK = ".work"
"""Folder of a build's work files, inside its output folder."""
COMPLETION = "completion.json"
"""The file of a stage's completion record, in its folder."""


@dataclass(frozen=True)
class WrittenFile:
    """A file that a stage wrote, by its path within the work folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Completion:
    """A finished stage: the key it was built for, its files, and whatever figures it wants to keep."""

    key: str
    outputs: tuple[WrittenFile, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of what came out; the next stage's key is made from it."""
        return digest_json({"outputs": [asdict(output) for output in self.outputs], "facts": self.facts})


def stage_key(stage: str, version: int, settings: Mapping[str, Any], inputs: Iterable[str]) -> str:
    """The key of a stage: its name and format version, the settings it reads, the digests of its inputs."""
    return digest_json({"stage": stage, "version": version, "settings": dict(settings), "inputs": list(inputs)})


def written(work: str, path: str) -> WrittenFile:
    """Describe the file at `work/path` by size and digest."""
    sha256, size = digest_file(join(work, path))
    return WrittenFile(path, size, sha256)


def load_completion(work: str, record: str, key: str) -> Completion | None:
    """The completion record at `work/record` when it was made for `key` and its files are all there."""
    try:
        document = json.loads(read_bytes(join(work, record)))
        completion = Completion(
            document["key"], tuple(WrittenFile(**output) for output in document["outputs"]), document["facts"]
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # none, or from another version: the work is done again
    if completion.key != key:
        return None
    for output in completion.outputs:
        if size_of(join(work, output.path)) != output.bytes:
            return None
    return completion


def save_completion(work: str, record: str, completion: Completion) -> None:
    """Write the record; call it when every file that it names is in place."""
    write_bytes(join(work, record), json.dumps(asdict(completion), sort_keys=True, indent=1).encode())


def files_below(folder: str) -> list[str]:
    """Paths within `folder` of all files below it, sorted; none where there is no such folder."""
    fs, path = filesystem(folder)
    fs.invalidate_cache()  # an object store's listing may be older than what workers wrote
    prefix = f"{path.rstrip('/')}/"
    return sorted(name.removeprefix(prefix) for name in fs.find(path))


def remove_tree(folder: str) -> None:
    """Delete a folder of work files, or a single one, if it is there."""
    fs, path = filesystem(folder)
    if fs.exists(path):
        fs.rm(path, recursive=True)
