"""One way to open an input, wherever it lies: a local path, a web address, or any URL that fsspec knows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from curation.reading.objects import BLOCK_BYTES, ObjectSource
from curation.reading.resume import Access, Source, resuming

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://")
_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
# Query parameters that sign an address (S3, Google Cloud Storage, CloudFront, Azure) or stand for a password.
_SECRET = re.compile(
    r"([?&;](?:X-Amz-[A-Za-z-]{1,30}|X-Goog-[A-Za-z-]{1,30}|AWSAccessKeyId|GoogleAccessId|Signature|Policy|"
    r"Key-Pair-Id|Expires|sig|token|access_token)=)[^&;#\s'\"]+",
    re.IGNORECASE,
)
_USER = re.compile(r"(://)[^/?#@\s]{1,2000}@(?=[^/?#\s])")
HIDDEN = "***"


def is_url(name: str) -> bool:
    """Whether `name` is a URL or a chain of fsspec's (`zip://a::b`), and not a path; a local file that exists is one.

    A name with `::` in it is a chain only when it begins with a protocol that fsspec knows.
    """
    if "::" not in name:
        return bool(_SCHEME.match(name))
    if os.path.lexists(name):
        return False
    first = name.partition("::")[0]
    protocol = first.partition("://")[0]
    known = bool(_PROTOCOL.fullmatch(protocol)) and protocol in fsspec.available_protocols()
    return known or bool(_SCHEME.match(name))


def without_secrets(text: str) -> str:
    """`text` with passwords and signatures of the addresses in it hidden; two signatures of one file look the same."""
    return _SECRET.sub(rf"\1{HIDDEN}", _USER.sub(rf"\1{HIDDEN}@", text))


def identity(name: str) -> str:
    """One name for all the ways to write an input's place; a remote file is not asked for."""
    if not is_url(name):
        return os.path.realpath(name)
    if "::" in name:
        first, _, rest = name.partition("::")
        return f"{first}::{identity(rest)}" if "://" in first else identity(rest)  # a cache is no other place
    if is_web(name):
        parts = urlsplit(name)
        scheme, host = parts.scheme.lower(), parts.netloc.lower()
        host = host.removesuffix(":80" if scheme == "http" else ":443")
        return str(urlunsplit((scheme, host, parts.path or "/", parts.query, "")))
    protocol = name.partition("://")[0]
    filesystem = fsspec.get_filesystem_class(protocol)
    path = str(filesystem._strip_protocol(name))
    if issubclass(filesystem, LocalFileSystem):
        return os.path.realpath(path)
    names = filesystem.protocol
    return f"{names if isinstance(names, str) else names[0]}://{path.lstrip('/')}"


@contextmanager
def open_input(
    name: str, access: Access, *, size: int | None = None, block_bytes: int = BLOCK_BYTES, hurried: bool = False
) -> Iterator[IO[bytes]]:
    """The bytes of an input, streamed: nothing is downloaded ahead of what is read but one block.

    `size` is what the listing said; another size now means another file. `hurried` gives up early on a server that
    cannot be reached at all.

    Raises:
        OSError: a local file that cannot be read; RemoteError for others, here or while it is read.
    """
    if not is_url(name):
        with open(name, "rb") as stream:
            yield stream
        return
    with resuming(_source(name, access, block_bytes), name, access, size, hurried=hurried) as buffered:
        yield buffered


def _source(name: str, access: Access, block_bytes: int) -> Source:
    if is_web(name):
        from curation.reading.web import WebSource  # `requests` costs local builds a tenth of a second

        return WebSource(name)
    return ObjectSource(name, anonymous=access.anonymous, block_bytes=block_bytes)


def is_web(name: str) -> bool:
    """Whether `name` is a web address."""
    return "::" not in name and name[:8].lower().startswith(("http://", "https://"))
