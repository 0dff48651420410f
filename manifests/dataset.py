"""Dataset manifests: what a build wrote, checked against the files themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from manifests.files import digest_file, filesystem, join, size_of
from manifests.manifest import manifest_digest

KIND = "dataset"

ENTERED = "input"
"""Rule name of the funnel row that counts what entered; `kept` counts what stayed, every other row a removal."""
KEPT = "kept"


@dataclass(frozen=True)
class Problem:
    """One way in which a build differs from its manifest."""

    path: str
    message: str


def verify(folder: str, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Compare a build with its manifest: its digest, every file's bytes and rows, and that the totals add up.

    Yields a `Problem` for each difference; nothing when the build is whole. Files are read once, whole.
    """
    if manifest_digest(manifest) != manifest.get("digest"):
        yield Problem("manifest.json", "its content does not have the digest it states")
    for entry in listed_files(manifest):
        yield from _verify_file(folder, entry)
    if manifest.get("kind", KIND) == KIND:
        yield from verify_totals(manifest)


def listed_files(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every file that a manifest lists: `path, bytes, sha256`, and `documents` where it has rows of them."""
    listed = [entry for section in ("shards", "rejected", "files") for entry in manifest.get(section, ())]
    return [*listed, *(manifest.get("index") or {}).get("files", ())]


def _verify_file(folder: str, entry: Mapping[str, Any]) -> Iterator[Problem]:
    path = entry["path"]
    url = join(folder, path)
    size = size_of(url)
    if size is None:
        yield Problem(path, "is missing")
        return
    if size != entry["bytes"]:
        yield Problem(path, f"has {size} bytes, the manifest says {entry['bytes']}")
        return
    sha256, _ = digest_file(url)
    if sha256 != entry["sha256"]:
        yield Problem(path, f"has sha256 {sha256}, the manifest says {entry['sha256']}")
        return
    if "documents" in entry and path.endswith(".parquet"):
        import pyarrow.parquet as pq  # heavy, and models have no Parquet files

        fs, place = filesystem(url)
        with fs.open(place, "rb") as stream:
            rows = pq.ParquetFile(stream).metadata.num_rows
        if rows != entry["documents"]:
            yield Problem(path, f"has {rows} rows, the manifest says {entry['documents']}")


def verify_totals(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether the manifest's totals are those of its lists, and every record that entered is accounted for."""
    totals = manifest["totals"]
    for name, found in count_totals(manifest).items():
        if totals.get(name) != found:
            yield Problem("manifest.json", f"totals.{name} is {totals.get(name)}, its parts add up to {found}")
    if totals["records"] != totals["documents"] + totals["rejected"] + totals["errors"]:
        yield Problem(
            "manifest.json",
            f"{totals['records']} records are not {totals['documents']} kept + {totals['rejected']} rejected + "
            f"{totals['errors']} errors",
        )
    if "privacy" in manifest:
        met = {name: count for name, count in manifest["privacy"]["documents"].items() if name != "dropped"}
        if sum(met.values()) != totals["documents"]:
            yield Problem("manifest.json", f"privacy.documents {met} are not {totals['documents']} kept")
    index = manifest.get("index")
    indexed = sum(entry["documents"] for entry in index["files"]) if index else totals["documents"]
    if indexed != totals["documents"]:
        yield Problem("manifest.json", f"the index has {indexed} documents, {totals['documents']} are kept")
    removed = sum(row["documents"] for row in manifest["funnel"] if row["rule"] not in (ENTERED, KEPT))
    if removed != totals["rejected"] + totals["errors"]:
        yield Problem(
            "manifest.json",
            f"the funnel removes {removed}, rejects and errors are {totals['rejected'] + totals['errors']}",
        )


def count_totals(manifest: Mapping[str, Any]) -> dict[str, int]:
    """The totals that the manifest's own lists add up to."""
    inputs, shards, rejected = manifest["inputs"], manifest["shards"], manifest["rejected"]
    return {
        "inputs": len(inputs),
        "input_bytes": sum(entry["bytes"] for entry in inputs),
        "records": sum(entry["records"] for entry in inputs),
        "errors": sum(entry["errors"] for entry in inputs),
        "documents": sum(entry["documents"] for entry in shards),
        "tokens": sum(entry["tokens"] for entry in shards),
        "bytes": sum(entry["bytes"] for entry in shards),
        "rejected": sum(entry["documents"] for entry in rejected),
    }
