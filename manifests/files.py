"""Files that are complete or absent, on a local disk or any fsspec URL."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import IO, Any, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from manifests.digests import digest_stream


def filesystem(url: str) -> tuple[Any, str]:
    """The fsspec filesystem for `url` and the path within it."""
    return cast("tuple[Any, str]", fsspec.core.url_to_fs(url))


def join(folder: str, *parts: str) -> str:
    """`folder/part/part`, for local paths and URLs alike."""
    return "/".join([folder.rstrip("/") or folder, *parts])


def is_local(url: str) -> bool:
    """Whether `url` is on a local disk."""
    return isinstance(filesystem(url)[0], LocalFileSystem)


def exists(url: str) -> bool:
    """Whether a file or folder is at `url`."""
    fs, path = filesystem(url)
    return bool(fs.exists(path))


def size_of(url: str) -> int | None:
    """Bytes of the file at `url`, None where there is none."""
    fs, path = filesystem(url)
    try:
        return int(fs.size(path))
    except FileNotFoundError:
        return None


def digest_file(url: str) -> tuple[str, int]:
    """Hex SHA-256 and bytes of the file at `url`."""
    with open_read(url) as stream:
        return digest_stream(stream)


@contextlib.contextmanager
def open_read(url: str) -> Iterator[IO[bytes]]:
    """The file at `url` for reading bytes."""
    fs, path = filesystem(url)
    with fs.open(path, "rb") as stream:
        yield stream


@contextlib.contextmanager
def atomic_write(url: str) -> Iterator[IO[bytes]]:
    """Write bytes to `url`: on a normal exit the file is whole and in place, otherwise nothing has changed.

    A local file is written beside its place, flushed to disk, and renamed. An object store shows an object
    only when its upload has ended, so there the object is written in place and an error aborts the upload.
    """
    fs, path = filesystem(url)
    if isinstance(fs, LocalFileSystem):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        partial = f"{path}.{uuid.uuid4().hex[:8]}.partial"
        try:
            with open(partial, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)
            raise
        return
    stream = fs.open(path, "wb")
    try:
        yield stream
    except BaseException:
        with contextlib.suppress(Exception):
            stream.discard()
        raise
    stream.close()


def write_bytes(url: str, content: bytes) -> None:
    """Atomically write `content` to `url`."""
    with atomic_write(url) as stream:
        stream.write(content)


def read_bytes(url: str) -> bytes:
    """The whole file at `url`; for small files such as manifests and records."""
    with open_read(url) as stream:
        return stream.read()
