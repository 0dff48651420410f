from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from manifests.errors import UsageError
from manifests.manifest import read_manifest
from manifests.models import describe_base, list_files, portable_path, verify_files, write_model_manifest


def write(folder: Path, **changes: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    (folder / "weights").write_bytes(b"abc")
    given = {"name": "m", "stage": "sft", "recipe": {"a": 1}, "inputs": [], "parents": [], "metrics": {}}
    return write_model_manifest(str(folder), **{**given, **changes})


def test_the_manifest_lists_every_file_with_its_digest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b").write_bytes(b"")
    manifest = write(tmp_path)
    assert manifest["files"] == [
        {"path": "sub/b", "bytes": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"path": "weights", "bytes": 3, "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    ]
    assert (manifest["kind"], manifest["stage"], manifest["schema_version"]) == ("model", "sft", 1)
    assert read_manifest(str(tmp_path)) == manifest
    assert verify_files(str(tmp_path)) == []


def test_one_flipped_byte_changes_the_digest_and_is_found(tmp_path: Path) -> None:
    digest = write(tmp_path)["digest"]
    (tmp_path / "weights").write_bytes(b"abd")
    assert verify_files(str(tmp_path)) == ["weights: differs from the manifest"]
    with pytest.raises(UsageError, match="does not match its own manifest: weights: differs"):
        describe_base(str(tmp_path))
    files = list_files(str(tmp_path))
    assert files[0]["sha256"] != read_manifest(str(tmp_path))["files"][0]["sha256"]
    assert write(tmp_path, recipe={"a": 2})["digest"] != digest


def test_a_changed_manifest_is_found(tmp_path: Path) -> None:
    manifest = write(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "name": "other"}))
    assert verify_files(str(tmp_path)) == ["manifest.json: its content does not give its digest"]
    (tmp_path / "weights").unlink()
    assert verify_files(str(tmp_path))[1] == "weights: missing"


def test_the_chain_of_parents_is_carried_down_to_the_dataset(tmp_path: Path) -> None:
    base = write(tmp_path / "base", parents=["d" * 64])
    child = write(tmp_path / "child", parents=[describe_base(str(tmp_path / "base"))])
    assert describe_base(str(tmp_path / "child")) == {
        "kind": "model",
        "name": "m",
        "digest": child["digest"],
        "parents": [
            {
                "kind": "model",
                "name": "m",
                "digest": base["digest"],
                "parents": [{"kind": "dataset", "digest": "d" * 64}],
            }
        ],
    }


def test_a_folder_without_a_manifest_is_named_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "config.json").write_text("{}")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = describe_base(str(tmp_path / "one")), describe_base(str(tmp_path / "two"))
    assert (one["kind"], one["name"], one["digest"]) == ("files", "one", two["digest"])
    (tmp_path / "two" / "config.json").write_text("[]")
    assert describe_base(str(tmp_path / "two"))["digest"] != one["digest"]


def test_a_hub_id_is_named_by_id_and_revision() -> None:
    entry = describe_base("owner/name", revision="abc")
    assert (entry["kind"], entry["name"], entry["revision"], entry["parents"]) == ("hub", "owner/name", "abc", [])
    assert describe_base("owner/name", revision="abd")["digest"] != entry["digest"]
    with pytest.raises(UsageError, match=r"\./nowhere: no such folder, and not the form of a hub id"):
        describe_base("./nowhere")


def test_paths_are_as_seen_from_the_model(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    assert portable_path(str(tmp_path / "base"), str(tmp_path / "models" / "sft")) == "../../base"
    assert portable_path("owner/name", str(tmp_path)) == "owner/name"
