"""Earlier releases that a build is deduplicated against: their manifests, and why one cannot be used."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curation.reading.remote import without_secrets
from manifests.errors import UsageError
from manifests.files import exists, filesystem, is_local, join, size_of
from manifests.manifest import MANIFEST_NAME, manifest_digest, read_manifest
from pipelines.recipe import DedupConfig, Recipe
from pipelines.stages.index import FORMAT
from pipelines.stages.signatures import EXACT, scheme_of

ROLE = "earlier release"
MOST_RELEASES = 1 << 16
"""Releases that one build is compared with, at most: a shuffled row names one by two bytes."""

_KEYS = ("scheme", "seed", "num_perm", "shingle", "ngram", "license_header")
_REFERENCE = re.compile(r"([^@#\s]+)@([^@#\s]+)#([0-9a-f]{32})")


@dataclass(frozen=True)
class Release:
    """A finished build whose documents are not to be in the next one."""

    folder: str
    name: str
    version: str
    digest: str
    files: tuple[Mapping[str, Any], ...]  # `path, source, bytes, sha256, documents` of its index
    parents: tuple[Mapping[str, Any], ...]

    @property
    def label(self) -> str:
        """`NAME@VERSION`, as `duplicate_of` names it."""
        return f"{self.name}@{self.version}"


def reference(label: str, identity: str) -> str:
    """How `duplicate_of` names a document of an earlier release: `NAME@VERSION#ID`."""
    return f"{label}#{identity}"


def parse_reference(duplicate_of: str | None) -> tuple[str, str, str] | None:
    """(name, version, id) of a document of an earlier release; None for one of the same build."""
    found = _REFERENCE.fullmatch(duplicate_of or "")
    return (found[1], found[2], found[3]) if found else None


def load_releases(recipe: Recipe, out: str) -> tuple[Release, ...]:
    """The releases that `dedup.against` names, in its order.

    Raises:
        UsageError: one is no build or was altered, publishes no index or one made otherwise than this recipe's
            signatures, an index file is missing, two have one name and version, or one depends on the build in `out`.
    """
    config = recipe.dedup
    own = f"{recipe.name}@{recipe.version}"
    before = _current_digest(out) if config.against else None
    releases: dict[str, Release] = {}
    for folder in config.against:
        shown = without_secrets(folder)
        if _same_folder(_root(folder), out):
            raise UsageError(f"dedup.against: {shown} is the output folder itself; a build cannot come before itself")
        release = _load(folder, shown, config)
        for ancestor in (release.__dict__, *_ancestors(release.parents)):
            if before is not None and ancestor.get("digest") == before:
                raise UsageError(
                    f"dedup.against: {shown} is the build in {out}, or was built against it; it cannot come before it"
                )
            if f"{ancestor.get('name')}@{ancestor.get('version')}" == own:
                raise UsageError(
                    f"dedup.against: {shown} is called {own}, as this build is, or was built against a release of that "
                    "name; set another `version`"
                )
        if release.label in releases:
            raise UsageError(
                f"dedup.against: {releases[release.label].folder} and {release.folder} are both called "
                f"{release.label}; `duplicate_of` could not tell them apart"
            )
        releases[release.label] = release
    if len(releases) >= MOST_RELEASES:
        raise UsageError(f"dedup.against: {len(releases):,} releases; fewer than {MOST_RELEASES:,} can be named")
    return tuple(releases.values())


def parents_of(releases: Sequence[Release]) -> list[dict[str, Any]]:
    """The releases as a manifest's `parents`, each with its own; one that was named already is not named again."""
    seen = {release.digest for release in releases}
    rows = []
    for release in releases:
        row = {"kind": "dataset", "name": release.name, "version": release.version, "digest": release.digest}
        rows.append({**row, "role": ROLE, "parents": _unseen(release.parents, seen)})
    return rows


def _unseen(parents: Sequence[Mapping[str, Any]], seen: set[str]) -> list[dict[str, Any]]:
    rows = []
    for parent in parents:
        if parent.get("digest") not in seen:
            seen.add(str(parent.get("digest")))
            rows.append({**parent, "parents": _unseen(parent.get("parents") or (), seen)})
    return rows


def _ancestors(parents: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    waiting = list(parents)
    while waiting:
        parent = waiting.pop()
        yield parent
        waiting += parent.get("parents") or ()


def _root(folder: str) -> str:
    """The folder of a release that is named by it or by its manifest."""
    if not folder.endswith(".json"):
        return folder.rstrip("/") or folder
    return folder.rpartition("/")[0] or ("/" if folder.startswith("/") else ".")


def _load(folder: str, shown: str, config: DedupConfig) -> Release:
    manifest, root = read_manifest(folder), _root(folder)
    if manifest.get("kind", "dataset") != "dataset" or "shards" not in manifest:
        raise UsageError(f"dedup.against: {shown}: a manifest of a {manifest.get('kind')}, not of a dataset")
    found = manifest_digest(manifest)
    if found != manifest.get("digest"):
        raise UsageError(
            f"dedup.against: {shown}: the manifest was altered: its content has the digest {found}, it states "
            f"{manifest.get('digest')}"
        )
    index = manifest.get("index")
    if not index:
        raise UsageError(
            f"dedup.against: {shown}: the release publishes no index; build it again with its recipe, --out {root} and "
            "--set dedup.publish_index=true (where its .work is still there, nothing is read or measured anew)"
        )
    _check_scheme(shown, index, config)
    for entry in index["files"]:
        _check_file(shown, join(root, entry["path"]), entry)
    return Release(
        root, str(manifest["name"]), str(manifest["version"]), found, tuple(index["files"]),
        tuple(manifest.get("parents") or ()),
    )  # fmt: skip


def _check_scheme(shown: str, index: Mapping[str, Any], config: DedupConfig) -> None:
    for name, found, wanted in (("format", index.get("format"), FORMAT), ("exact", index.get("exact"), EXACT)):
        if found != wanted:
            raise UsageError(
                f"dedup.against: {shown}: its index has `{name}` {found}, this version of Winnow reads {wanted}; "
                "build that release again"
            )
    for source in sorted({entry["source"] for entry in index["files"]}):
        _check_signatures(shown, source, index["minhash"].get(source), config)


def _check_signatures(shown: str, source: str, theirs: Mapping[str, Any] | None, config: DedupConfig) -> None:
    minhash = scheme_of(config.near_rules.rule(source))
    key = f"dedup.minhash_by_source.{source}" if source in config.minhash_by_source else "dedup.minhash"
    if minhash is None:
        return
    if theirs is None:
        raise UsageError(
            f"dedup.against: {shown}: its index has no signatures of source `{source}` (its recipe had none made); set "
            f"{key}=null, so that equal texts alone are found there, or build that release again"
        )
    for name, wanted in minhash.items():
        if theirs.get(name) != wanted:
            fix = (
                f"set {key}.{name}={json.dumps(theirs.get(name))}"
                if name in _KEYS
                else "take the `preset` and `threshold` of its recipe"
                if name in ("bands", "rows")
                else "build that release again with this version of Winnow"
            )
            raise UsageError(
                f"dedup.against: {shown}: its signatures of source `{source}` have `{name}` {theirs.get(name)}, this "
                f"recipe's {wanted}, and signatures of two kinds cannot be compared; {fix}"
            )


def _check_file(shown: str, url: str, entry: Mapping[str, Any]) -> None:
    size = size_of(url)
    if size is None:
        raise UsageError(
            f"dedup.against: {shown}: {without_secrets(url)} is missing; its manifest expects {entry['bytes']} bytes "
            f"with sha256 {entry['sha256']}"
        )
    if size != entry["bytes"]:
        raise UsageError(
            f"dedup.against: {shown}: {without_secrets(url)} was altered: it has {size} bytes, its manifest says "
            f"{entry['bytes']} with sha256 {entry['sha256']}"
        )


def _current_digest(out: str) -> str | None:
    return str(read_manifest(out).get("digest")) if exists(join(out, MANIFEST_NAME)) else None


def _same_folder(a: str, b: str) -> bool:
    if is_local(a) and is_local(b):
        return os.path.realpath(filesystem(a)[1]) == os.path.realpath(filesystem(b)[1])
    return a.rstrip("/") == b.rstrip("/")
