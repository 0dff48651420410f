"""List files on a disk or at an fsspec URL: read in bounded memory, bad lines counted."""

from __future__ import annotations

import codecs
import gzip
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

from curation.urls.lines import BadLineError
from curation.urls.table import key_of_text
from manifests.errors import UsageError
from manifests.files import exists, filesystem, join, open_read

CHUNK_BYTES = 1 << 20
MAX_LINE = 8192
"""Characters of a line; longer ones are bad lines."""

INLINE = "||"
"""What a list begins with that is itself an entry in adblock's form, and not the name of a file."""

UT1_DOMAINS, UT1_URLS = "domains", "urls"

Parse = Callable[[str], list[str]]


@dataclass(frozen=True)
class ListReport:
    """What a list came to: entries, and the lines that are none, with the first of them and why it is none."""

    location: str
    entries: int
    bad_lines: int
    first_bad: str

    def remark(self) -> str | None:
        """A sentence about its bad lines, None where there are none."""
        if not self.bad_lines:
            return None
        lines = "line was" if self.bad_lines == 1 else "lines were"
        return f"{self.location}: {self.bad_lines:,} {lines} passed over, {self.entries:,} used; {self.first_bad}"


def read_keys(location: str, parse: Parse, option: str) -> tuple[array[int], ListReport]:
    """The hashes of a list's entries (8 bytes each), and its report.

    Raises:
        UsageError: as `read_entries`.
    """
    keys = array("Q")
    report = _read(location, parse, option, lambda entry: keys.append(key_of_text(entry)))
    return keys, report


def read_entries(location: str, parse: Parse, option: str) -> tuple[list[str], ListReport]:
    """The entries of a list as they are, for lists of words; and its report.

    Raises:
        UsageError: there is no such file, it cannot be read, or no line of it is an entry.
    """
    entries: list[str] = []
    report = _read(location, parse, option, entries.append)
    return entries, report


def _read(location: str, parse: Parse, option: str, add: Callable[[str], object]) -> ListReport:
    entries = bad = number = 0
    first = ""
    for line in [location] if location.startswith(INLINE) else _lines(location, option):
        number += 1
        try:
            found = parse(line) if len(line) <= MAX_LINE else _too_long()
        except BadLineError as error:
            bad += 1
            first = first or f"line {number}, {line.strip()[:60]!r}, is {error}"
            continue
        for entry in found:
            add(entry)
        entries += len(found)
    if bad and not entries:
        raise UsageError(f"urls.{option}: {location}: no line of it is an entry; {first}")
    return ListReport(location, entries, bad, first)


def _too_long() -> list[str]:
    raise BadLineError(f"longer than {MAX_LINE:,} characters")


def _lines(location: str, option: str) -> Iterator[str]:
    try:
        fs, path = filesystem(location)
        if fs.isdir(path):
            raise UsageError(
                f"urls.{option}: {location} is a folder; name the files, or use urls.block_folders for UT1's layout"
            )
        with open_read(location) as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield from _split(cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw)
    except FileNotFoundError:
        raise UsageError(f"urls.{option}: {location}: no such file") from None
    except (OSError, EOFError, zlib.error, ValueError, ImportError) as error:
        # ValueError and ImportError are fsspec's for a protocol it does not know or whose package is missing.
        raise UsageError(f"urls.{option}: {location}: cannot be read: {error}") from None


def _split(stream: IO[bytes]) -> Iterator[str]:
    """Lines of UTF-8 text, of which no more than `MAX_LINE` + 1 characters are kept."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while True:
        chunk = stream.read(CHUNK_BYTES)
        lines = (rest + decoder.decode(chunk, final=not chunk)).split("\n")
        rest = lines.pop()
        if len(rest) > MAX_LINE:
            rest = rest[: MAX_LINE + 1]
        yield from (line.removesuffix("\r") for line in lines)
        if not chunk:
            break
    if rest:
        yield rest


def ut1_files(folders: Sequence[str], name: str, option: str) -> list[str]:
    """The files of this name in UT1 folders: `folder/name`, else `folder/*/name`; gzipped ones end in `.gz`.

    Raises:
        UsageError: a folder is missing, or holds neither `domains` nor `urls`.
    """
    found: list[str] = []
    for folder in folders:
        categories = [folder]
        if not _named(folder, (UT1_DOMAINS, UT1_URLS)):
            categories = [sub for sub in _subfolders(folder, option) if _named(sub, (UT1_DOMAINS, UT1_URLS))]
        if not categories:
            raise UsageError(f"urls.{option}: {folder}: neither it nor a folder in it holds `domains` or `urls`")
        found.extend(path for category in categories for path in _named(category, (name,)))
    return found


def _named(folder: str, names: Sequence[str]) -> list[str]:
    paths = (join(folder, name + ending) for name in names for ending in ("", ".gz"))
    return [path for path in paths if exists(path)]


def _subfolders(folder: str, option: str) -> list[str]:
    try:
        fs, path = filesystem(folder)
        if not fs.isdir(path):
            raise UsageError(f"urls.{option}: {folder}: no such folder")
        names = [item["name"].rstrip("/").rpartition("/")[2] for item in fs.ls(path, detail=True)
                 if item["type"] == "directory"]  # fmt: skip
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"urls.{option}: {folder}: cannot be read: {error}") from None
    return [join(folder, name) for name in sorted(names)]
