from pathlib import Path

import pytest

from manifests.files import atomic_write, digest_file, exists, join, read_bytes, size_of, write_bytes


def test_a_finished_write_is_in_place_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_bytes(f"{tmp_path}/a/b.bin", b"abc")
    assert (tmp_path / "a/b.bin").read_bytes() == b"abc"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.bin"]


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_write(str(path)) as stream:
        stream.write(b"new")
        raise RuntimeError("disk full")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_urls_of_other_filesystems_work_the_same() -> None:
    write_bytes("memory://winnow-test/a.bin", b"abc")
    assert read_bytes("memory://winnow-test/a.bin") == b"abc"
    assert size_of("memory://winnow-test/a.bin") == 3
    assert digest_file("memory://winnow-test/a.bin")[1] == 3
    assert not exists("memory://winnow-test/b.bin")
    assert size_of("memory://winnow-test/b.bin") is None


def test_join_keeps_the_root_and_the_scheme() -> None:
    assert [join("/", "a"), join("s3://b/c/", "d", "e"), join("out", "a")] == ["//a", "s3://b/c/d/e", "out/a"]
