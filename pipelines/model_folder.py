"""Folders of models that a command writes: complete with their manifest, or not there."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation.quality_models.documents import Document, Source, find_sources, read_documents
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.manifest import MANIFEST_NAME, read_manifest
from manifests.models import describe_base, portable_path


@contextlib.contextmanager
def model_folder(out: str, stage: str) -> Iterator[Path]:
    """A folder to write a model into, which takes the place of `out` when the block ends well.

    Raises:
        UsageError: `out` holds something else than a model of this stage.
    """
    final = Path(out)
    check_free(out, stage)
    final.parent.mkdir(parents=True, exist_ok=True)
    partial = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.partial")
    partial.mkdir()
    try:
        yield partial
        old = partial.with_suffix(".old")
        if final.exists():
            os.rename(final, old)
        os.rename(partial, final)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_free(out: str, stage: str) -> None:
    """Refuse an output folder that holds anything but an earlier model of the same stage."""
    folder = Path(out)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / MANIFEST_NAME).is_file() or read_manifest(out).get("stage") != stage:
        raise UsageError(f"{out}: holds something else; give another --out or remove it")


@dataclass
class DocumentSet:
    """A set of documents being read, with what a manifest says of its files."""

    role: str
    sources: list[Source]
    text_field: str
    whole: bool
    records: dict[str, int] = field(default_factory=dict)

    @classmethod
    def find(cls, role: str, paths: Iterable[str], text_field: str, whole: bool) -> DocumentSet:
        """The set that paths, globs, folders or builds stand for; UsageError where there is nothing."""
        try:
            return cls(role, find_sources(list(paths)), text_field, whole)
        except UsageError as error:
            raise UsageError(f"--{role}: {error}") from None

    def read(self) -> Iterator[Document]:
        """The documents of all files; an unreadable one raises UsageError."""
        for source in self.sources:
            self.records[source.path] = 0
            for document in read_documents(source, field=self.text_field, whole=self.whole):
                self.records[source.path] += 1
                yield document

    def inputs(self, out: str) -> list[dict[str, Any]]:
        """`{uri, bytes, sha256, records, set}` of every file, for the manifest of a model in `out`."""
        rows = []
        for source in self.sources:
            sha256, size = digest_file(source.path)
            uri = portable_path(source.path, out)
            rows.append(
                {"uri": uri, "bytes": size, "sha256": sha256, "records": self.records[source.path], "set": self.role}
            )
        return rows

    def parents(self) -> list[dict[str, Any]]:
        """The builds among them, as a manifest's parents; UsageError where one differs from its own manifest."""
        builds = dict.fromkeys(source.build for source in self.sources if source.build is not None)
        return [{**describe_base(build), "role": self.role} for build in builds]
