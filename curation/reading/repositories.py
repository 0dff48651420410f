"""Files of git repositories, read from objects: bare or with a work tree, never checked out.

libgit2's object backends are opened on the repository's own `objects` folder and on nothing else. So no configuration
is read (no includes, no filters, no replacement objects), no hook can run, ownership plays no part, and
`objects/info/alternates` is not followed: objects borrowed from elsewhere are missing, and reported as that.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pygit2

from curation.reading.records import ReadError, ReadingLimits, RepositoryFile, SkippedFile

MAX_REF_BYTES = 4096
MAX_PACKED_REFS_BYTES = 256 << 20
MAX_TREE_BYTES = 64 << 20  # a folder of a million files
MAX_PATH_BYTES = 4096
FOLDER, FILE, SYMLINK, SUBMODULE = 0o040000, 0o100000, 0o120000, 0o160000
LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_OBJECT_ID = re.compile(rb"[0-9a-f]{40}(?![0-9a-f])")
_LONG_OBJECT_ID = re.compile(rb"[0-9a-f]{64}")
_REF = re.compile(rb"ref:[ \t]{0,8}(refs/[^\s\0]{1,1024})")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    mode: int
    blob: str

    @property
    def kind(self) -> int:
        return self.mode & 0o170000


class ObjectError(ValueError):
    """An object that cannot be had; `reason` is the code a `ReadError` carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


# Where a repository keeps its things, and what its HEAD is ---------------------------------------------------


def git_folder(path: str) -> str | None:
    """The git folder of the repository at `path`: `path/.git`, where its `.git` file points, or `path` if bare."""
    inside = os.path.join(path, ".git")
    if os.path.isfile(inside):
        content = _small_file(inside)
        target = content.removeprefix(b"gitdir:").strip() if content.startswith(b"gitdir:") else b""
        inside = os.path.join(path, os.fsdecode(target)) if target and b"\0" not in target else inside
    return next((folder for folder in (inside, path) if _is_git_folder(folder)), None)


def _is_git_folder(folder: str) -> bool:
    common = _common_folder(folder)
    return os.path.isfile(os.path.join(folder, "HEAD")) and os.path.isdir(os.path.join(common, "objects"))


def _common_folder(folder: str) -> str:
    """The folder that holds objects and branches; a linked work tree's git folder names it in `commondir`."""
    target = _small_file(os.path.join(folder, "commondir")).strip()
    return os.path.join(folder, os.fsdecode(target)) if target and b"\0" not in target else folder


def _small_file(path: str) -> bytes:
    """The beginning of a regular file, empty where there is none (a FIFO in its place must not block)."""
    if not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_REF_BYTES)
    except OSError:
        return b""


def head_commit(path: str) -> str | None:
    """The object id of the commit, or of the tag on it, that `path` has checked out; without one its default branch.

    A HEAD that names no existing branch, as a fresh mirror may have, falls back to the remote's default branch, to
    `main`, to `master`, and to the first branch by name.
    """
    folder = git_folder(path)
    if folder is None:
        return None
    common = _common_folder(folder)
    packed = _packed_refs(common)
    head = _resolve(folder, common, packed, b"HEAD")
    branches = sorted(name for name in packed if name.startswith(b"refs/heads/")) + _loose_branches(common)
    fallbacks = [b"refs/remotes/origin/HEAD", b"refs/heads/main", b"refs/heads/master", *sorted(branches)]
    for name in fallbacks if head is None else ():
        head = head or _resolve(common, common, packed, name)
    return head


def _resolve(folder: str, common: str, packed: dict[bytes, bytes], name: bytes) -> str | None:
    for _ in range(5):  # symbolic references may be chained, git allows five
        if b".." in name:
            return None
        place = folder if name == b"HEAD" else common
        content = _small_file(os.path.join(place, os.fsdecode(name))).strip() or packed.get(name, b"")
        if match := _OBJECT_ID.match(content) or _LONG_OBJECT_ID.match(content):
            return match.group().decode()
        symbolic = _REF.match(content)
        if not symbolic:
            return None
        name = symbolic.group(1)
    return None


def _packed_refs(common: str) -> dict[bytes, bytes]:
    path = os.path.join(common, "packed-refs")
    refs: dict[bytes, bytes] = {}
    if os.path.isfile(path) and os.path.getsize(path) <= MAX_PACKED_REFS_BYTES:
        with open(path, "rb") as stream:
            for line in stream:
                blob, _, name = line.strip().partition(b" ")
                if name.startswith((b"refs/heads/", b"refs/remotes/origin/")):
                    refs[name] = blob
    return refs


def _loose_branches(common: str) -> list[bytes]:
    top = os.path.join(common, "refs", "heads")
    found = []
    for parent, _, names in os.walk(top):
        found += [os.fsencode(os.path.relpath(os.path.join(parent, name), common)) for name in names]
    return [name.replace(os.fsencode(os.sep), b"/") for name in found]


# Objects ---------------------------------------------------------------------------------------------------------


class Repository:
    """A snapshot of a repository: the tree of one commit."""

    def __init__(self, uri: str, commit: str, objects: pygit2.Odb, tree: str, limits: ReadingLimits) -> None:
        self.uri = uri
        self.commit = commit
        self._objects, self._tree, self._limits = objects, tree, limits

    def files(self) -> Iterator[RepositoryFile | SkippedFile | ReadError]:
        """Every file of the tree in the order of the paths' bytes; memory does not grow with their number."""
        for item in self._walk():
            yield item if isinstance(item, ReadError) else self._file(*item)

    def root_files(self, wanted: Callable[[str], bool] = lambda name: True) -> list[RepositoryFile]:
        """The readable files at the top whose name is `wanted`, such as licences; no other object is read."""
        try:
            entries = _entries(_read(self._objects, self._tree, pygit2.GIT_OBJECT_TREE, MAX_TREE_BYTES))
        except ObjectError:
            return []
        named = [(_shown(entry.name), entry) for entry in entries if entry.kind == FILE and _is_safe(entry.name)]
        found = [self._file(name, entry) for name, entry in named if wanted(name)]
        return [file for file in found if isinstance(file, RepositoryFile)]

    def digest(self) -> str:
        """Hex SHA-256 over mode, blob and path of every entry: equal content, equal digest, whatever the commit."""
        sha256 = hashlib.sha256()
        for item in self._walk():
            if isinstance(item, ReadError):
                line = f"error {item.reason} {item.path}"
            else:
                path, entry = item
                line = f"{entry.mode:06o} {entry.blob} {path}"
            sha256.update(line.encode() + b"\0")
        return sha256.hexdigest()

    def _error(self, path: str, reason: str, detail: str) -> ReadError:
        return ReadError(self.uri, None, reason, detail, path)

    def _walk(self) -> Iterator[tuple[str, _Entry] | ReadError]:
        """Every entry that is no folder; folders cost memory only along the path from the root."""
        seen = 0
        stack: list[tuple[bytes, Iterator[_Entry]]] = []
        entering: tuple[bytes, str] | None = (b"", self._tree)
        while entering or stack:
            if entering:
                prefix, tree = entering
                entering = None
                try:
                    content = _read(self._objects, tree, pygit2.GIT_OBJECT_TREE, MAX_TREE_BYTES)
                    stack.append((prefix, iter(_entries(content))))
                except ObjectError as error:
                    yield self._error(_shown(prefix), error.reason, str(error))
                continue
            prefix, entries = stack[-1]
            entry = next(entries, None)
            if entry is None:
                stack.pop()
                continue
            seen += 1
            path = prefix + entry.name
            if seen > self._limits.max_files:
                yield self._error(_shown(path), "too-many-files", f"more than {self._limits.max_files} entries")
                return
            if not _is_safe(entry.name):
                yield self._error(_shown(path), "unsafe-path", "a name that git itself refuses to check out")
            elif len(path) > MAX_PATH_BYTES:
                yield self._error(_shown(path[:200]), "unsafe-path", f"the path has over {MAX_PATH_BYTES} bytes")
            elif entry.kind == FOLDER:
                entering = (path + b"/", entry.blob)
            else:
                yield _shown(path), entry

    def _file(self, path: str, entry: _Entry) -> RepositoryFile | SkippedFile | ReadError:
        if entry.kind == SUBMODULE:
            return SkippedFile(path, "submodule")
        if entry.kind == SYMLINK:
            return SkippedFile(path, "symlink")
        if entry.kind != FILE:
            return self._error(path, "bad-mode", f"mode {entry.mode:o} is of no kind of file git has")
        try:
            content = _read(self._objects, entry.blob, pygit2.GIT_OBJECT_BLOB, self._limits.max_file_bytes)
        except ObjectError as error:
            return self._error(path, error.reason, str(error))
        if len(content) < 1024 and content.startswith(LFS_POINTER):
            return SkippedFile(path, "lfs-pointer")
        return RepositoryFile(path, entry.blob, len(content), content)


def open_repository(path: str, limits: ReadingLimits) -> Repository | ReadError:
    """The repository at `path` as of its HEAD, or why it cannot be read (`no-repository`, `empty-repository`, ...)."""
    folder = git_folder(path)
    if folder is None:
        return ReadError(path, None, "no-repository", "no git repository, bare or with a work tree, is here")
    common = _common_folder(folder)
    if os.path.isdir(os.path.join(common, "reftable")):
        return ReadError(path, None, "unsupported-repository", "references in reftable format; use `git clone` anew")
    commit = head_commit(path)
    if commit is None:
        return ReadError(path, None, "empty-repository", "HEAD names no commit and no branch has one")
    if len(commit) != 40:
        return ReadError(path, None, "unsupported-repository", "SHA-256 object ids cannot be read")
    objects = _open_objects(os.path.join(common, "objects"))
    try:
        commit, tree = _peel(objects, commit)
    except ObjectError as error:
        detail = str(error)
        if os.path.isfile(os.path.join(common, "objects", "info", "alternates")):
            detail += "; objects borrowed through objects/info/alternates are not read, `git repack -a -d` copies them"
        return ReadError(path, None, error.reason, f"the commit of HEAD: {detail}")
    return Repository(path, commit, objects, tree, limits)


def _open_objects(folder: str) -> pygit2.Odb:
    objects = pygit2.Odb()
    if os.path.isdir(os.path.join(folder, "pack")):
        objects.add_backend(pygit2.OdbBackendPack(folder), 2)
    objects.add_backend(pygit2.OdbBackendLoose(folder, -1, False), 1)
    return objects


def _peel(objects: pygit2.Odb, name: str) -> tuple[str, str]:
    """(commit, tree) of a commit or of a tag on one."""
    for _ in range(5):
        kind, size = _header(objects, name)
        if kind not in (pygit2.GIT_OBJECT_COMMIT, pygit2.GIT_OBJECT_TAG) or size > MAX_TREE_BYTES:
            break
        match = re.match(rb"(?:tree|object) ([0-9a-f]{40})\n", _read(objects, name, kind, MAX_TREE_BYTES))
        if not match:
            break
        if kind == pygit2.GIT_OBJECT_COMMIT:
            return name, match.group(1).decode()
        name = match.group(1).decode()
    raise ObjectError("bad-object", f"{name} is no commit")


def _header(objects: pygit2.Odb, name: str) -> tuple[int, int]:
    try:
        kind, size = objects.read_header(pygit2.Oid(hex=name))
    except KeyError:
        raise ObjectError("missing-object", f"object {name} is not in the repository") from None
    except (pygit2.GitError, OSError, ValueError) as error:
        raise ObjectError("broken-object", f"object {name}: {error}") from None
    return int(kind), int(size)


def _read(objects: pygit2.Odb, name: str, wanted: int, limit: int) -> bytes:
    """The content of an object of the `wanted` type; its size is known, and checked, before it is unpacked."""
    kind, size = _header(objects, name)
    if kind != wanted:
        raise ObjectError("bad-object", f"object {name} is not of the type the tree says")
    if size > limit:
        raise ObjectError("too-large", f"{size} bytes, the limit is {limit}")
    try:
        return bytes(objects.read(pygit2.Oid(hex=name))[1])
    except (KeyError, pygit2.GitError, OSError, ValueError) as error:
        raise ObjectError("broken-object", f"object {name}: {error}") from None


def _entries(tree: bytes) -> list[_Entry]:
    """The entries of a tree in path order; git writes them so, a made-up tree need not."""
    entries, place = [], 0
    while place < len(tree):
        space = tree.find(b" ", place, place + 12)
        end = tree.find(b"\0", space) if space >= 0 else -1
        if end < 0 or len(tree) < end + 21 or not re.fullmatch(rb"[0-7]{1,11}", tree[place:space]):
            raise ObjectError("broken-object", f"a tree that cannot be parsed at byte {place}")
        entries.append(_Entry(tree[space + 1 : end], int(tree[place:space], 8), tree[end + 1 : end + 21].hex()))
        place = end + 21
    return sorted(entries, key=lambda entry: entry.name + (b"/" if entry.kind == FOLDER else b""))


def _is_safe(name: bytes) -> bool:
    return name not in (b"", b".", b"..") and b"/" not in name and name.lower() != b".git"


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
