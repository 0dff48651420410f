from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pygit2
import pytest

from curation.reading.records import ReadError, ReadingLimits, RepositoryFile, SkippedFile
from curation.reading.repositories import Repository, head_commit, open_repository

LIMITS = ReadingLimits()


def tree_of(repository: pygit2.Repository, entries: list[tuple[bytes, str, str]]) -> str:
    """A tree written as bytes, so that it may hold what git would refuse: (name, mode, object id)."""
    content = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for name, mode, oid in entries)
    return str(repository.odb.write(pygit2.GIT_OBJECT_TREE, content))


def blob(repository: pygit2.Repository, text: str | bytes) -> str:
    return str(repository.create_blob(text.encode() if isinstance(text, str) else text))


def commit(repository: pygit2.Repository, tree: str, branch: str = "refs/heads/main") -> str:
    content = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nm\n".encode()
    name = repository.odb.write(pygit2.GIT_OBJECT_COMMIT, content)
    repository.references.create(branch, name, force=True)
    return str(name)


def sample(path: Path, *, bare: bool = False) -> tuple[pygit2.Repository, str]:
    repository = pygit2.init_repository(str(path), bare=bare, initial_head="main")
    source = tree_of(repository, [(b"a.py", "100644", blob(repository, "a = 1\n")),
                                  (b"b.py", "100755", blob(repository, "b = 2\n"))])  # fmt: skip
    root = tree_of(repository, [(b"src", "40000", source), (b"LICENSE", "100644", blob(repository, "MIT")),
                                (b"src.txt", "100644", blob(repository, "t"))])  # fmt: skip
    return repository, commit(repository, root)


def opened(path: Path, limits: ReadingLimits = LIMITS) -> Repository:
    repository = open_repository(str(path), limits)
    assert isinstance(repository, Repository), repository
    return repository


def reason(path: Path) -> str:
    error = open_repository(str(path), LIMITS)
    assert isinstance(error, ReadError)
    return error.reason


def contents(path: Path) -> dict[str, str]:
    return {item.path: item.content.decode() for item in opened(path).files() if isinstance(item, RepositoryFile)}


@pytest.mark.parametrize("bare", [False, True])
def test_files_come_from_objects_in_path_order(tmp_path: Path, bare: bool) -> None:
    _, name = sample(tmp_path, bare=bare)
    repository = opened(tmp_path)
    files = list(repository.files())
    assert repository.commit == name
    assert [item.path for item in files] == ["LICENSE", "src.txt", "src/a.py", "src/b.py"]
    # The id of a blob is git's: sha1 of "blob 3\\0MIT".
    assert files[0] == RepositoryFile("LICENSE", hashlib.sha1(b"blob 3\0MIT").hexdigest(), 3, b"MIT")


def test_what_lies_in_the_work_tree_plays_no_part(tmp_path: Path) -> None:
    sample(tmp_path)
    (tmp_path / "LICENSE").write_text("changed")
    (tmp_path / "new.py").write_text("new")
    assert contents(tmp_path)["LICENSE"] == "MIT"
    assert "new.py" not in contents(tmp_path)


def test_packed_objects_and_packed_references_are_read(tmp_path: Path) -> None:
    repository, name = sample(tmp_path)
    repository.pack()
    for folder in (tmp_path / ".git/objects").iterdir():
        if len(folder.name) == 2:
            shutil.rmtree(folder)
    (tmp_path / ".git/refs/heads/main").unlink()
    (tmp_path / ".git/packed-refs").write_text(f"# pack-refs with: peeled\n{name} refs/heads/main\n")
    assert len(contents(tmp_path)) == 4


def test_a_detached_head_and_a_tag_are_followed(tmp_path: Path) -> None:
    repository, name = sample(tmp_path)
    later = commit(repository, tree_of(repository, []))
    assert opened(tmp_path).commit == later
    (tmp_path / ".git/HEAD").write_text(name + "\n")
    assert opened(tmp_path).commit == name
    tag = f"object {name}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nv1\n".encode()
    (tmp_path / ".git/HEAD").write_text(str(repository.odb.write(pygit2.GIT_OBJECT_TAG, tag)))
    assert opened(tmp_path).commit == name


def test_a_head_without_its_branch_falls_back_to_the_default_branch(tmp_path: Path) -> None:
    repository, name = sample(tmp_path, bare=True)
    (tmp_path / "HEAD").write_text("ref: refs/heads/gone\n")
    assert opened(tmp_path).commit == name
    other = commit(repository, tree_of(repository, []), "refs/remotes/origin/dev")
    (tmp_path / "refs/remotes/origin/HEAD").write_text("ref: refs/remotes/origin/dev\n")
    assert head_commit(str(tmp_path)) == other


def test_a_linked_work_tree_is_followed(tmp_path: Path) -> None:
    repository, name = sample(tmp_path / "main")
    repository.add_worktree("side", str(tmp_path / "side"))
    assert (tmp_path / "side/.git").is_file()
    assert opened(tmp_path / "side").commit == name
    assert len(contents(tmp_path / "side")) == 4


def test_repositories_without_content_say_why(tmp_path: Path) -> None:
    pygit2.init_repository(str(tmp_path / "empty"))
    assert reason(tmp_path / "empty") == "empty-repository"
    assert reason(tmp_path) == "no-repository"
    _, name = sample(tmp_path / "dangling")
    (tmp_path / "dangling/.git/HEAD").write_text("1" * 40)
    assert reason(tmp_path / "dangling") == "missing-object"
    (tmp_path / "dangling/.git/HEAD").write_text("1" * 64)
    assert reason(tmp_path / "dangling") == "unsupported-repository"
    (tmp_path / "dangling/.git/HEAD").write_text("ref: refs/heads/../../../etc/passwd")
    assert opened(tmp_path / "dangling").commit == name
    (tmp_path / "dangling/.git/reftable").mkdir()
    assert reason(tmp_path / "dangling") == "unsupported-repository"


def test_a_fifo_in_place_of_head_does_not_block(tmp_path: Path) -> None:
    sample(tmp_path)
    (tmp_path / ".git/HEAD").unlink()
    os.mkfifo(tmp_path / ".git/HEAD")
    assert reason(tmp_path) == "no-repository"


def test_borrowed_objects_are_not_read_from_outside(tmp_path: Path) -> None:
    _, name = sample(tmp_path / "lender")
    pygit2.init_repository(str(tmp_path / "borrower"))
    (tmp_path / "borrower/.git/HEAD").write_text(name)
    info = tmp_path / "borrower/.git/objects/info/alternates"
    info.parent.mkdir(exist_ok=True)
    info.write_text(str(tmp_path / "lender/.git/objects") + "\n")
    error = open_repository(str(tmp_path / "borrower"), LIMITS)
    assert isinstance(error, ReadError)
    assert error.reason == "missing-object"
    assert "git repack -a -d" in error.detail


def test_configuration_and_hooks_are_never_looked_at(tmp_path: Path) -> None:
    sample(tmp_path)
    (tmp_path / ".git/config").unlink()
    os.mkfifo(tmp_path / ".git/config")  # reading it would block for ever
    assert len(contents(tmp_path)) == 4


def test_submodules_symlinks_and_lfs_pointers_are_skipped(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), initial_head="main")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n"
    root = tree_of(repository, [
        (b"data.bin", "100644", blob(repository, pointer)),
        (b"link", "120000", blob(repository, "/etc/passwd")),
        (b"module", "160000", "2" * 40),
    ])  # fmt: skip
    commit(repository, root)
    assert list(opened(tmp_path).files()) == [
        SkippedFile("data.bin", "lfs-pointer"),
        SkippedFile("link", "symlink"),
        SkippedFile("module", "submodule"),
    ]


def test_a_bad_entry_costs_only_itself(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), initial_head="main")
    good = blob(repository, "good")
    broken = blob(repository, "broken content")
    root = tree_of(repository, [
        (b"..", "100644", good),
        (b".GIT", "40000", good),
        (b"a/b", "100644", good),
        (b"broken", "100644", broken),
        (b"folder", "40000", "3" * 40),
        (b"good", "100644", good),
        (b"large", "100644", blob(repository, "x" * 2000)),
        (b"missing", "100644", "4" * 40),
        (b"mode", "170000", good),
        (b"n\xffame", "100644", good),
        (b"notblob", "100644", tree_of(repository, [])),
        (b"nottree", "40000", good),
    ])  # fmt: skip
    commit(repository, root)
    path = tmp_path / ".git/objects" / broken[:2] / broken[2:]
    path.chmod(0o644)
    path.write_bytes(b"not zlib")
    found = {
        item.path: item.content.decode() if isinstance(item, RepositoryFile) else item.reason
        for item in opened(tmp_path, ReadingLimits(max_file_bytes=1024)).files()
    }
    assert found == {
        "..": "unsafe-path",
        ".GIT": "unsafe-path",
        "a/b": "unsafe-path",
        "broken": "broken-object",
        "folder/": "missing-object",
        "good": "good",
        "large": "too-large",
        "missing": "missing-object",
        "mode": "bad-mode",
        "n\\xffame": "good",
        "notblob": "bad-object",
        "nottree/": "bad-object",
    }


def test_a_broken_root_tree_is_one_error(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), initial_head="main")
    commit(repository, str(repository.odb.write(pygit2.GIT_OBJECT_TREE, b"100644 cut off\0abc")))
    (item,) = opened(tmp_path).files()
    assert isinstance(item, ReadError)
    assert (item.reason, item.path) == ("broken-object", "")
    assert opened(tmp_path).root_files() == []


def test_a_tree_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), initial_head="main")
    tree = tree_of(repository, [(b"f", "100644", blob(repository, "x"))])
    for _ in range(10):
        tree = tree_of(repository, [(b"%d" % index, "40000", tree) for index in range(10)])
    commit(repository, tree)
    items = list(opened(tmp_path, ReadingLimits(max_files=500)).files())
    assert len(items) < 501
    assert isinstance(items[-1], ReadError)
    assert items[-1].reason == "too-many-files"


def test_trees_of_any_depth_are_walked_up_to_the_longest_path(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path), initial_head="main")
    tree = tree_of(repository, [(b"f", "100644", blob(repository, "x"))])
    for _ in range(2100):
        tree = tree_of(repository, [(b"d", "40000", tree)])
    commit(repository, tree)
    (item,) = opened(tmp_path).files()
    assert isinstance(item, ReadError)
    assert item.reason == "unsafe-path"


def test_root_files_are_those_at_the_top(tmp_path: Path) -> None:
    sample(tmp_path)
    repository = opened(tmp_path)
    assert [file.path for file in repository.root_files()] == ["LICENSE", "src.txt"]
    assert [file.path for file in repository.root_files(lambda name: name.startswith("LIC"))] == ["LICENSE"]


def test_the_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    first, _ = sample(tmp_path / "one")
    sample(tmp_path / "two", bare=True)
    assert opened(tmp_path / "one").digest() == opened(tmp_path / "two").digest()
    before = opened(tmp_path / "one").digest()
    commit(first, tree_of(first, [(b"LICENSE", "100755", blob(first, "MIT"))]))
    assert opened(tmp_path / "one").digest() != before


def test_git_and_we_see_the_same_files_of_this_project() -> None:
    root = Path(__file__).parents[3]
    if not (root / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, check=True
    )
    assert [item.path for item in opened(root).files()] == listed.stdout.decode().split("\0")[:-1]
