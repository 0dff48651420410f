"""The file of a language model that a recipe names by path or URL; a URL's is fetched once, into the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from curation.reading.remote import is_url, open_input, without_secrets
from curation.reading.resume import Access
from manifests.errors import UsageError
from manifests.files import atomic_write, digest_file

CACHE_VARIABLE = "WINNOW_CACHE"
"""Environment variable that names the folder for what is fetched; by default `winnow` in the user's cache folder."""


def cache_folder() -> Path:
    """Where fetched models are kept."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winnow"


def local_model(name: str, sha256: str | None = None, setting: str = "language.model") -> str:
    """The path of the model that `name` means: a path as it is; for a URL, its file in the cache, fetched if it is not
    there or is not what `sha256` says. `setting` is the key of the recipe, for messages.

    Raises:
        UsageError: it cannot be fetched or stored, or its content has another digest than `sha256`.
    """
    if not is_url(name):
        if sha256 is not None and os.path.isfile(name):
            _check(name, name, sha256)
        return name
    shown = without_secrets(name)
    key = hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    file_name = "".join(c if c.isalnum() or c in "._-" else "_" for c in PurePosixPath(urlsplit(name).path).name)
    path = str(cache_folder() / "models" / f"{key}-{file_name[-80:]}")
    if os.path.isfile(path) and (sha256 is None or digest_file(path)[0] == sha256.lower()):
        return path
    _fetch(name, shown, path, setting)
    if sha256 is not None:
        try:
            _check(path, shown, sha256)
        except UsageError:
            os.unlink(path)
            raise
    return path


def _fetch(name: str, shown: str, path: str, setting: str) -> None:
    try:
        with open_input(name, Access(retries=3), hurried=True) as source, atomic_write(path) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(
            f"{setting}: cannot fetch {shown} into {path} ({without_secrets(str(error))}); on a machine without "
            "that network, fetch it elsewhere and name the file's path"
        ) from error


def _check(path: str, shown: str, sha256: str) -> None:
    found = digest_file(path)[0]
    if found != sha256.lower():
        raise UsageError(f"language.sha256: {shown} has the digest {found}, not {sha256}")
