import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.dataset import Problem, count_totals, verify
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.manifest import read_manifest, seal, write_manifest


def entry(folder: Path, path: str, rows: int) -> dict[str, Any]:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": [str(row) for row in range(rows)]}), place)
    sha256, size = digest_file(str(place))
    return {"path": path, "bytes": size, "sha256": sha256, "documents": rows}


def build(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": "dataset",
        "inputs": [{"uri": "a.warc", "bytes": 10, "sha256": "0", "records": 6, "errors": 1}],
        "shards": [{**entry(folder, "shards/web/part-00000.parquet", 3), "source": "web", "tokens": 30}],
        "rejected": [entry(folder, "rejected/part-00000.parquet", 2)],
        "files": [],
        "funnel": [
            {"source": "web", "stage": "ingest", "rule": "input", "documents": 6, "tokens": 0},
            {"source": "web", "stage": "ingest", "rule": "error", "documents": 1, "tokens": 0},
            {"source": "web", "stage": "quality", "rule": "gopher.words", "documents": 2, "tokens": 9},
            {"source": "web", "stage": "publish", "rule": "kept", "documents": 3, "tokens": 30},
        ],
    }
    document["totals"] = count_totals(document)
    return write_manifest(str(folder), document)


def problems(folder: Path) -> list[Problem]:
    return list(verify(str(folder), read_manifest(str(folder))))


def test_the_digest_leaves_out_itself_and_the_time() -> None:
    sealed = seal({"name": "a"})
    assert sealed["digest"] == digest_json({"name": "a", "schema_version": 1})
    assert seal({**sealed, "created": "2000-01-01"})["digest"] == sealed["digest"]


def test_a_manifest_reads_back_as_written_with_sorted_keys(tmp_path: Path) -> None:
    written = write_manifest(str(tmp_path), {"b": 1, "a": "é"})
    assert read_manifest(str(tmp_path)) == written
    assert list(json.loads((tmp_path / "manifest.json").read_text())) == sorted(written)
    assert "é" in (tmp_path / "manifest.json").read_text()


def test_a_folder_without_a_manifest_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no manifest here"):
        read_manifest(str(tmp_path))


def test_a_whole_build_has_no_problems(tmp_path: Path) -> None:
    build(tmp_path)
    assert problems(tmp_path) == []


def test_totals_are_counted_from_the_lists(tmp_path: Path) -> None:
    assert build(tmp_path)["totals"] == {
        "inputs": 1, "input_bytes": 10, "records": 6, "errors": 1, "documents": 3, "tokens": 30, "rejected": 2,
        "bytes": (tmp_path / "shards/web/part-00000.parquet").stat().st_size,
    }  # fmt: skip


def test_one_flipped_byte_of_a_shard_is_found(tmp_path: Path) -> None:
    build(tmp_path)
    shard = tmp_path / "shards/web/part-00000.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    (problem,) = problems(tmp_path)
    assert problem.path == "shards/web/part-00000.parquet"
    assert problem.message.startswith("has sha256 ")


def test_a_missing_file_and_a_short_file_are_found(tmp_path: Path) -> None:
    build(tmp_path)
    (tmp_path / "rejected/part-00000.parquet").unlink()
    (tmp_path / "shards/web/part-00000.parquet").write_bytes(b"")
    assert [problem.message[:12] for problem in problems(tmp_path)] == ["has 0 bytes,", "is missing"]


def test_an_edited_manifest_is_found(tmp_path: Path) -> None:
    manifest = build(tmp_path)
    manifest["totals"]["documents"] = 4
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert [problem.message for problem in problems(tmp_path)] == [
        "its content does not have the digest it states",
        "totals.documents is 4, its parts add up to 3",
        "6 records are not 4 kept + 2 rejected + 1 errors",
    ]
