"""Files behind fsspec: object stores, `memory://`, chains such as `zip://x.warc::s3://bucket/x.zip`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import fsspec

from curation.reading.resume import MissingError, RemoteError, TransientError, Version

# What an object store says about an object's version, the surest first.
VERSION_KEYS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "last_modified", "updated", "created")
# Asked for at a time and held in memory, twice at most: large enough that requests do not cost more than the data.
BLOCK_BYTES = 8 << 20
ANONYMOUS: Mapping[str, dict[str, Any]] = {
    "s3": {"anon": True},
    "s3a": {"anon": True},
    "gs": {"token": "anon"},
    "gcs": {"token": "anon"},
    "az": {"anon": True},
    "abfs": {"anon": True},
}
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "TokenRetrievalError")
_HOPELESS = (IsADirectoryError, NotADirectoryError, ValueError, NotImplementedError)


def object_filesystem(url: str, *, anonymous: bool) -> tuple[Any, str]:
    """The fsspec filesystem of `url` and the path within it."""
    options: dict[str, Any] = {}
    if anonymous:
        for link in url.split("::"):
            protocol = link.partition("://")[0]
            if protocol in ANONYMOUS:
                options[protocol] = dict(ANONYMOUS[protocol])
    return cast("tuple[Any, str]", fsspec.core.url_to_fs(url, **options))


def version_of(info: Mapping[str, Any]) -> Version:
    """Size and version of what a filesystem's `info` describes."""
    size = info.get("size")
    tag = next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")
    return Version(None if size is None else int(size), tag)


class ObjectSource:
    """A file of any fsspec filesystem, read by blocks of `block_bytes` with the next one ahead."""

    def __init__(self, url: str, *, anonymous: bool, block_bytes: int = BLOCK_BYTES) -> None:
        self._url, self._anonymous, self._block_bytes = url, anonymous, block_bytes

    def open_at(self, offset: int, known: Version) -> tuple[Version, ObjectBody]:
        """Open the file, look at its version, and go to `offset`."""
        try:
            fs, path = object_filesystem(self._url, anonymous=self._anonymous)
            if offset:  # or `info` may come from a listing made before the connection broke
                fs.invalidate_cache()
            stream = fs.open(path, "rb", block_size=self._block_bytes)
            details = getattr(stream, "details", None)
            version = version_of(details if isinstance(details, dict) else fs.info(path))
            known.check(version)
            if offset:
                stream.seek(offset)
        except RemoteError:
            raise
        except Exception as error:
            raise explained_failure(error) from error
        return version, ObjectBody(stream, version.size)


class ObjectBody:
    """An open file of a filesystem."""

    def __init__(self, stream: Any, end: int | None) -> None:
        self._stream = stream
        self.end = end

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end."""
        try:
            return bytes(self._stream.read(size))
        except Exception as error:
            raise explained_failure(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()


def explained_failure(error: Exception) -> RemoteError | TransientError:
    """What a filesystem's exception means for another attempt: stores raise their client's own, of any kind."""
    text = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
    said = text or type(error).__name__
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, FileNotFoundError):
        return MissingError("no such file")
    if names.intersection(_NO_CREDENTIALS):
        return RemoteError(f"{said}; give credentials as the store's own tools do, or set `inputs.anonymous: true`")
    if isinstance(error, PermissionError):
        return RemoteError(f"access is refused ({said}); check credentials, or `inputs.anonymous` for a public bucket")
    if "FileExpired" in names:
        return RemoteError("it changed while it was read; run the command again")
    if isinstance(error, ImportError):
        return RemoteError(f"{said}; `winnow[aws]` has what s3:// needs, `winnow[gcp]` what gs:// needs")
    return RemoteError(said) if isinstance(error, _HOPELESS) else TransientError(said)
