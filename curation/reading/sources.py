"""From the patterns a user writes to the list of files and repositories to read."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from curation.reading.codecs import DICTIONARY_FRAME, SNIFF_BYTES, beginning, codec_of
from curation.reading.members import Readable
from curation.reading.objects import explained_failure, object_filesystem, version_of
from curation.reading.remote import identity, is_url, is_web, open_input, without_secrets
from curation.reading.repositories import git_folder, head_commit
from curation.reading.resume import Access, MissingError, RemoteError, retried
from manifests.errors import JobError, UsageError

Kind = Literal["archive", "repository"]
DEFAULT_ACCESS = Access()
REMOTE_LOOKS = 8  # requests at a time when a remote folder or glob is listed


@dataclass(frozen=True, slots=True, order=True)
class InputFile:
    """One archive or repository to read. `uri` is as the user wrote it: relative stays relative.

    `fingerprint` changes when the content may have changed: size and modification time, an object store's version,
    or a repository's commit. `bytes` is None for repositories and where the server does not tell. `signed` is the
    address with its signature or password where `uri`, which goes into manifests, hides one.
    """

    uri: str
    kind: Kind
    bytes: int | None
    fingerprint: str
    signed: str | None = None

    @property
    def address(self) -> str:
        """Where it is read from."""
        return self.signed or self.uri


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
    while len(head) < SNIFF_BYTES and (block := stream.read(SNIFF_BYTES - len(head))):
        head += block
    if head.startswith(DICTIONARY_FRAME):  # only `.warc.zst` begins so, and its text takes the dictionary
        return "warc"
    text = beginning(head, codec_of(head[:4])).lstrip(b"\r\n")
    if text.startswith(b"WARC/"):
        return "warc"
    return "arc" if text.startswith(b"filedesc:") else "unknown"


def expand(patterns: Sequence[str], kind: Kind, access: Access = DEFAULT_ACCESS) -> Inputs:
    """The archives or repositories that `patterns` name.

    A pattern is a path, a glob (`**` goes through folders), a folder, or for archives any URL fsspec knows. A folder
    stands for every archive below it, known by content, or every git repository, bare or with a work tree. A file
    that a folder or a local glob covers and that is no archive is in `skipped`; one named by itself, or by a glob
    over a network, is taken at its word, and reading will tell.

    Raises:
        UsageError: no pattern, a pattern without any match, a path that cannot be read, a URL of a repository.
        JobError: a server did not answer, however often it was asked.
    """
    if not patterns:
        raise UsageError(f"no {kind} inputs are given; name files, folders, globs or URLs")
    every: list[InputFile | SkippedInput] = []
    for pattern in patterns:
        found = list(_expand_one(pattern, kind, access))
        if not any(isinstance(item, InputFile) for item in found):
            raise UsageError(_nothing_found(pattern, kind, found))
        every += found
    return distinct(every)


def distinct(found: Iterable[InputFile | SkippedInput]) -> Inputs:
    """Each file once, under the first of its names.

    Raises:
        UsageError: two addresses that differ in nothing but what is hidden of them.
    """
    files: dict[str, InputFile] = {}
    skipped: dict[str, SkippedInput] = {}
    for item in found:
        if isinstance(item, SkippedInput):
            skipped[item.uri] = item
        elif files.setdefault(item.uri, item).address != item.address:
            raise UsageError(f"{item.uri}: named twice, with different signatures or passwords; name it once")
    chosen: dict[str, InputFile] = {}
    for uri in sorted(files):
        file = files[uri]
        first = chosen.setdefault(f"{file.kind} {identity(file.address)}", file)
        if first.uri != uri:
            skipped[uri] = SkippedInput(uri, f"the same {file.kind} as {first.uri}")
    read = {file.uri for file in chosen.values()}
    return Inputs(tuple(chosen.values()), tuple(skipped[uri] for uri in sorted(skipped) if uri not in read))


def merged(parts: Iterable[Inputs]) -> Inputs:
    """Several lists as one, each file once."""
    every: list[InputFile | SkippedInput] = []
    for part in parts:
        every += [*part.files, *part.skipped]
    return distinct(every)


def _nothing_found(pattern: str, kind: Kind, found: list[InputFile | SkippedInput]) -> str:
    reasons = "; ".join(f"{item.uri}: {item.reason}" for item in found[:3] if isinstance(item, SkippedInput))
    what = "no archive (WARC, WET, ARC)" if kind == "archive" else "no git repository"
    return f"{without_secrets(pattern)}: {what} found here" + (f" ({reasons})" if reasons else "")


def _expand_one(pattern: str, kind: Kind, access: Access) -> Iterable[InputFile | SkippedInput]:
    if not pattern.strip():
        raise UsageError(f"an empty {kind} input; name a file, folder, glob or URL")
    shown = without_secrets(pattern)
    try:
        if is_url(pattern):
            if kind == "repository":
                raise UsageError(f"{shown}: repositories are read from folders; clone it first and name the folder")
            return _remote(pattern, access)
        return _local(os.path.expanduser(pattern), kind)
    except MissingError:
        raise UsageError(f"{shown}: no such file or folder") from None
    except RemoteError as error:
        if error.spent:
            raise JobError(f"{shown}: cannot be listed: {without_secrets(str(error))}") from error
        raise UsageError(f"{shown}: cannot be read: {without_secrets(str(error))}") from error
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{shown}: cannot be read: {without_secrets(str(reason))}") from error


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
            found.append(local_archive(path, sniffed=not named))
        elif named or not pattern.rstrip("/").endswith("**"):
            found += [local_archive(below, sniffed=True) for below in _files_below(path, found)]
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


def local_archive(path: str, *, sniffed: bool) -> InputFile | SkippedInput:
    """A local file as an input, or why it is none; its content is looked at when it is to be `sniffed`."""
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


def _remote(pattern: str, access: Access) -> list[InputFile | SkippedInput]:
    # In a web address `?` begins the query and brackets may be part of the name.
    if is_web(pattern) and "*" not in pattern.partition("?")[0]:
        return [_web_file(pattern, access)]
    found: list[InputFile | SkippedInput] = retried(pattern, access, lambda: _listed(pattern, access))
    return found


def _web_file(url: str, access: Access) -> InputFile:
    from curation.reading.web import web_version

    version = web_version(url, access)
    return _remote_file(url, version.size, version.fingerprint)


def _remote_file(url: str, size: int | None, fingerprint: str) -> InputFile:
    uri = without_secrets(url)
    return InputFile(uri, "archive", size, fingerprint, url if url != uri else None)


def _listed(pattern: str, access: Access) -> list[InputFile | SkippedInput]:
    try:
        fs, path = object_filesystem(pattern, anonymous=access.anonymous)
        fs.invalidate_cache()  # a listing made before may be older than the files
        if is_web(pattern) or glob.has_magic(path):
            matches = sorted(fs.glob(path, detail=True).items())
            entries = [info for _, info in matches if info.get("type") != "directory"]
            if not entries:
                raise UsageError(f"{without_secrets(pattern)}: matches nothing")
            urls = [_url_of(pattern, fs, info["name"]) for info in entries]
            if is_web(pattern):  # a page of links says nothing about the files' versions
                with ThreadPoolExecutor(REMOTE_LOOKS) as pool:
                    return list(pool.map(lambda url: _web_file(url, access), urls))
            return [_described(url, info) for url, info in zip(urls, entries, strict=True)]
        info = fs.info(path)
        if info.get("type") != "directory":
            return [_described(pattern, info)]
        below = [info for _, info in sorted(fs.find(path, detail=True).items())]
        files = [_described(_url_of(pattern, fs, info["name"]), info) for info in below]
    except (UsageError, RemoteError):
        raise
    except Exception as error:
        raise explained_failure(error) from error
    with ThreadPoolExecutor(REMOTE_LOOKS) as pool:
        return list(pool.map(lambda file: _sniffed(file, access), files))


def _url_of(pattern: str, fs: Any, name: str) -> str:
    """The URL of the file `name` in the filesystem of `pattern`: in a chain, the first link with a path names it."""
    links = pattern.split("::")
    place = next((place for place, link in enumerate(links) if "://" in link), len(links) - 1)
    if place == len(links) - 1:
        links[place] = str(fs.unstrip_protocol(name))
    else:
        links[place] = f"{links[place].partition('://')[0]}://{name.lstrip('/')}"
    return "::".join(links)


def _described(url: str, info: dict[str, Any]) -> InputFile:
    version = version_of(info)
    return _remote_file(url, version.size, version.fingerprint)


def _sniffed(file: InputFile, access: Access) -> InputFile | SkippedInput:
    try:
        with open_input(file.address, access, block_bytes=SNIFF_BYTES, hurried=True) as stream:
            known = sniff(stream) != "unknown"
    except RemoteError as error:
        if error.spent:
            raise
        return SkippedInput(file.uri, f"cannot be read: {without_secrets(str(error))}")
    return file if known else SkippedInput(file.uri, "not a WARC, WET or ARC archive")
