"""Files of Common Crawl by the name of a crawl: its own path list, and a choice from it that is the same everywhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Sequence

from curation.reading.crawl_config import BASE, CrawlConfig
from curation.reading.remote import is_url, open_input
from curation.reading.resume import Access, MissingError, RemoteError
from curation.reading.sources import InputFile, Inputs, SkippedInput, distinct, local_archive
from manifests.errors import JobError, UsageError

MAX_LIST_BYTES = 64 << 20  # the largest list of 2026, of 100,000 WARC files, has some 14 MB
HASH_SPAN = 1 << 64
_PATH = re.compile(r"crawl-data/[A-Za-z0-9][A-Za-z0-9._/-]{0,400}\.gz")
_MADE_FROM = re.compile(r"/(?:wet|wat)/([^/]+)\.warc\.(?:wet|wat)\.gz$")


def expand_crawls(crawls: Iterable[CrawlConfig], seed: int, access: Access) -> Inputs:
    """The files that these crawls stand for; one request for each path list, and none for a file.

    A file of Common Crawl never changes, so its path is its fingerprint; files of a local mirror have size and time.

    Raises:
        UsageError: no such crawl, no list of this kind, more files than there are, a file that a mirror lacks.
        JobError: the server did not answer, however often it was asked.
    """
    found: list[InputFile | SkippedInput] = []
    for config in crawls:
        paths = choose(read_path_list(config, access), config, seed)
        if is_url(config.base):
            found += [InputFile(f"{config.base}/{path}", "archive", None, f"common-crawl {path}") for path in paths]
        else:
            found += _mirrored(config, paths)
    return distinct(found)


def choose(paths: Sequence[str], config: CrawlConfig, seed: int) -> list[str]:
    """The paths that `files` or `sample` asks for, sorted.

    A larger choice with the same seed holds a smaller one. WET and WAT files are chosen by the name of the WARC file
    that they were made from: the same choice of any kind is of the same pages.

    Raises:
        UsageError: more files than there are, or a share of less than one file.
    """
    if config.files is not None:
        if config.files > len(paths):
            raise UsageError(
                f"{config.crawl}: it has {len(paths):,} {config.kind} files, {config.files:,} are asked for; "
                "set `sample: 1` instead of `files` for all"
            )
        return sorted(sorted(paths, key=lambda path: (_place(path, seed), path))[: config.files])
    assert config.sample is not None, "the model wants one of the two"
    limit = int(config.sample * HASH_SPAN)
    chosen = sorted(path for path in paths if _place(path, seed) < limit)
    if not chosen:
        raise UsageError(f"{config.crawl}: none of its {len(paths):,} files is in a sample of {config.sample:g}; "
                         "set a larger one, or `files: 1` in its place")  # fmt: skip
    return chosen


def _place(path: str, seed: int) -> int:
    origin = _MADE_FROM.sub(r"/warc/\1.warc.gz", path)
    return int.from_bytes(hashlib.blake2b(f"{seed} {origin}".encode(), digest_size=8).digest(), "big")


def read_path_list(config: CrawlConfig, access: Access) -> list[str]:
    """All paths of a crawl's files of one kind, sorted, from the list that the crawl itself publishes.

    Raises:
        UsageError: there is no such list, or it is none.
        JobError: the server did not answer, however often it was asked.
    """
    url = "/".join([config.base.rstrip("/"), "crawl-data", config.crawl, f"{config.kind}.paths.gz"])
    try:
        with open_input(url, access, hurried=True) as stream, gzip.open(stream) as lines:
            text = lines.read(MAX_LIST_BYTES + 1)
    except (MissingError, FileNotFoundError):
        raise UsageError(f"{config.crawl}: no such crawl, or none with {config.kind} files: {url} is not there; "
                         f"{BASE} lists the names") from None  # fmt: skip
    except RemoteError as error:
        message = f"{config.crawl}: {url} cannot be read: {error}"
        raise (JobError(message) if error.spent else UsageError(message)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{config.crawl}: {url} is no gzipped list of paths: {error}") from error
    except OSError as error:
        raise UsageError(f"{config.crawl}: {url} cannot be read: {error.strerror or error}") from error
    if len(text) > MAX_LIST_BYTES:
        raise UsageError(f"{config.crawl}: {url} has more than {MAX_LIST_BYTES >> 20} MiB, so it is no list of paths")
    paths = text.decode("utf-8", "replace").split()
    wrong = next((path for path in paths if not _PATH.fullmatch(path) or ".." in path or "//" in path), None)
    if wrong is not None or not paths:
        raise UsageError(f"{config.crawl}: {url} is no list of paths: " + (f"{wrong[:80]!r}" if wrong else "empty"))
    return sorted(set(paths))


def _mirrored(config: CrawlConfig, paths: Sequence[str]) -> list[InputFile]:
    files, missing = [], []
    for path in paths:
        file = local_archive(os.path.join(config.base, path), sniffed=False)
        if isinstance(file, InputFile):
            files.append(file)
        else:
            missing.append(file)
    if missing:
        raise UsageError(
            f"{config.crawl}: {len(missing):,} of the {len(paths):,} files chosen are not in the mirror {config.base}, "
            f"such as {missing[0].uri} ({missing[0].reason}); copy them, or leave `base` out to read them from {BASE}"
        )
    return files
