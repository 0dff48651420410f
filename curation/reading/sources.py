"""From the patterns a user writes to the list of files and repositories to read."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from fsspec.implementations.local import LocalFileSystem

from curation.reading.members import TRIAL_BYTES, Readable, beginning, codec_of
from curation.reading.repositories import git_folder, head_commit
from manifests.errors import UsageError
from manifests.files import filesystem, open_read

Kind = Literal["archive", "repository"]
# What an object store says about an object's version, the surest first.
VERSION_KEYS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "last_modified", "updated", "created")
REMOTE_SNIFFERS = 8


@dataclass(frozen=True, slots=True, order=True)
class InputFile:
    """One archive or repository to read. `uri` is as the user wrote it: relative stays relative.

    `fingerprint` changes when the content may have changed: size and modification time, an object store's version,
    or a repository's commit. `bytes` is None for repositories and where the server does not tell.
    """

    uri: str
    kind: Kind
    bytes: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True, order=True)
class SkippedInput:
    """Something a folder or pattern covers that is not read, and why."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What patterns stand for: sorted by URI, each file once."""

    files: tuple[InputFile, ...]
    skipped: tuple[SkippedInput, ...]


def sniff(stream: Readable) -> Literal["warc", "arc", "unknown"]:
    """What the first bytes of `stream` say it is, under gzip, zstd or no compression; WET is `warc`."""
    head = b""
    while len(head) < TRIAL_BYTES and (block := stream.read(TRIAL_BYTES - len(head))):
        head += block
    text = beginning(head, codec_of(head[:4])).lstrip(b"\r\n")
    if text.startswith(b"WARC/"):
        return "warc"
    return "arc" if text.startswith(b"filedesc:") else "unknown"


def expand(patterns: Sequence[str], kind: Kind) -> Inputs:
    """The archives or repositories that `patterns` name.

    A pattern is a path, a glob (`**` goes through folders), a folder, or for archives any URL fsspec knows. A folder
    stands for every archive below it, known by content, or every git repository, bare or with a work tree. A file
    that a folder or a local glob covers and that is no archive is in `skipped`; one named by itself, or by a glob
    over a network, is taken at its word, and reading will tell.

    Raises:
        UsageError: no pattern, a pattern without any match, a path that cannot be read, a URL of a repository.
    """
    if not patterns:
        raise UsageError(f"no {kind} inputs are given; name files, folders, globs or URLs")
    files: dict[str, InputFile] = {}
    skipped: dict[str, SkippedInput] = {}
    for pattern in patterns:
        found = list(_expand_one(pattern, kind))
        if not any(isinstance(item, InputFile) for item in found):
            raise UsageError(_nothing_found(pattern, kind, found))
        for item in found:
            if isinstance(item, InputFile):
                files[item.uri] = item
            else:
                skipped[item.uri] = item
    chosen: dict[str, InputFile] = {}
    for uri in sorted(files):
        first = chosen.setdefault(_identity(uri), files[uri])
        if first.uri != uri:
            skipped[uri] = SkippedInput(uri, f"the same {kind} as {first.uri}")
    return Inputs(tuple(chosen.values()), tuple(skipped[uri] for uri in sorted(skipped) if uri not in chosen))


def _nothing_found(pattern: str, kind: Kind, found: list[InputFile | SkippedInput]) -> str:
    reasons = "; ".join(f"{item.uri}: {item.reason}" for item in found[:3] if isinstance(item, SkippedInput))
    what = "no archive (WARC, WET, ARC)" if kind == "archive" else "no git repository"
    return f"{pattern}: {what} found here" + (f" ({reasons})" if reasons else "")


def _identity(uri: str) -> str:
    """One name for all the ways to write a file's place."""
    if not _is_url(uri):
        return os.path.realpath(uri)
    fs, path = filesystem(uri)
    return os.path.realpath(path) if isinstance(fs, LocalFileSystem) else str(fs.unstrip_protocol(path))


def _is_url(pattern: str) -> bool:
    return "://" in pattern or "::" in pattern


def _expand_one(pattern: str, kind: Kind) -> Iterable[InputFile | SkippedInput]:
    if not pattern.strip():
        raise UsageError(f"an empty {kind} input; name a file, folder, glob or URL")
    try:
        if _is_url(pattern):
            if kind == "repository":
                raise UsageError(f"{pattern}: repositories are read from folders; clone it first and name the folder")
            return _remote(pattern)
        return _local(os.path.expanduser(pattern), kind)
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"{pattern}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


# Local paths ----------------------------------------------------------------------------------------------------


def _local(pattern: str, kind: Kind) -> list[InputFile | SkippedInput]:
    if os.path.lexists(pattern):  # a name may hold brackets, so the path itself comes before the glob
        paths, named = [pattern], True
    elif glob.has_magic(pattern):
        paths, named = sorted(glob.glob(pattern, recursive=True)), False
    else:
        raise UsageError(f"{pattern}: no such file or folder")
    if not paths:
        raise UsageError(f"{pattern}: matches nothing")
    if kind == "repository":
        return [item for path in paths for item in _repositories(path, named)]
    found: list[InputFile | SkippedInput] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(_archive(path, sniffed=not named))
        elif named or not pattern.rstrip("/").endswith("**"):
            found += [_archive(below, sniffed=True) for below in _files_below(path, found)]
    return found


def _files_below(folder: str, found: list[InputFile | SkippedInput]) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        found.append(SkippedInput(_shown(str(error.filename)), f"cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(names))


def _shown(path: str) -> str:
    """`path` as text that can be written as UTF-8, whatever bytes the file's name has."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _archive(path: str, *, sniffed: bool) -> InputFile | SkippedInput:
    if _shown(path) != path:
        return SkippedInput(_shown(path), "the file's name is not valid UTF-8; rename it")
    try:
        state = os.stat(path)
        if not stat.S_ISREG(state.st_mode):
            return SkippedInput(path, "not a regular file")
        with open(path, "rb") as stream:
            if sniffed and sniff(stream) == "unknown":
                return SkippedInput(path, "empty" if not state.st_size else "not a WARC, WET or ARC archive")
    except OSError as error:
        return SkippedInput(path, f"cannot be read: {error.strerror}")
    return InputFile(path, "archive", state.st_size, f"{state.st_size}-{state.st_mtime_ns}")


def _repositories(path: str, named: bool) -> Iterator[InputFile | SkippedInput]:
    if not os.path.isdir(path):
        if named:
            yield SkippedInput(path, "not a folder")
        return
    if git_folder(path):
        yield _repository(path)
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and entry.name != ".git":
            found = list(_repositories(entry.path, named=False))
            yield from found or [SkippedInput(_shown(entry.path), "no git repository in it")]


def _repository(path: str) -> InputFile | SkippedInput:
    if _shown(path) != path:
        return SkippedInput(_shown(path), "the folder's name is not valid UTF-8; rename it")
    return InputFile(path, "repository", None, head_commit(path) or "no-commit")


# URLs -----------------------------------------------------------------------------------------------------------


def _remote(pattern: str) -> list[InputFile | SkippedInput]:
    fs, path = filesystem(pattern)
    chain = pattern.rpartition("::")[0]
    prefix = f"{chain}::" if chain else ""
    # In a web address `?` begins the query and brackets may be part of the name.
    magic = "*" in path if pattern.startswith(("http:", "https:")) else glob.has_magic(path)
    if magic:
        matches = fs.glob(path, detail=True)
        entries = [info for _, info in sorted(matches.items()) if info.get("type") != "directory"]
        if not entries:
            raise UsageError(f"{pattern}: matches nothing")
        return [_remote_file(prefix + fs.unstrip_protocol(info["name"]), info) for info in entries]
    try:
        info = fs.info(path)
    except FileNotFoundError:
        raise UsageError(f"{pattern}: no such file or folder") from None
    if info.get("type") != "directory":
        return [_remote_file(pattern, info)]
    below = [info for _, info in sorted(fs.find(path, detail=True).items())]
    files = [_remote_file(prefix + fs.unstrip_protocol(info["name"]), info) for info in below]
    with ThreadPoolExecutor(REMOTE_SNIFFERS) as pool:
        return list(pool.map(_sniffed, files))


def _remote_file(uri: str, info: dict[str, Any]) -> InputFile:
    size = info.get("size")
    version = next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")
    return InputFile(uri, "archive", None if size is None else int(size), f"{size}-{version}")


def _sniffed(file: InputFile) -> InputFile | SkippedInput:
    try:
        with open_read(file.uri) as stream:
            known = sniff(stream) != "unknown"
    except OSError as error:
        return SkippedInput(file.uri, f"cannot be read: {error}")
    return file if known else SkippedInput(file.uri, "not a WARC, WET or ARC archive")
