"""Takedown lists: what a release must not hold, by id, URL, domain, repository or text.

One entry a line, its kind before a colon; blank lines and lines that begin with `#` say nothing:

    id:9f86d081884c7d659a2feaa0c55ad015     a document, as shards and rejects name it
    url:https://example.org/page            this URL; scheme, port, `www.`, case and percent-encoding do not count
    prefix:example.org/people               this URL and everything below it
    domain:example.org                      the domain and all its subdomains
    repository:tidewater.git                every file of a repository, by its name
    hash:2c26b46b68ffc68ff99b453c1d304134…  every document with this text: SHA-256 of its UTF-8, as it stands in a shard

A line that is none of these stops the command: a demand that is passed over in silence is one that was not met.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from curation.documents import CODE
from curation.urls.address import canonical_host, is_host_name, is_ip, prefixes, split_url, without_www
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import open_read

STAGE = "takedown"
KINDS = ("id", "hash", "url", "prefix", "domain", "repository")
"""Kinds of entries, in the order in which they are asked; the first that matches is the rule's name."""
MAX_LINE = 8192

_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Takedown:
    """The entries of all lists, by kind, each in the form in which it is compared."""

    entries: Mapping[str, frozenset[str]]

    def __bool__(self) -> bool:
        return any(self.entries.values())

    @property
    def digest(self) -> str:
        """Digest of the set of entries: the same for any order of lines and any number of files."""
        return digest_json({kind: sorted(self.entries.get(kind, ())) for kind in KINDS})

    @property
    def reads_text(self) -> bool:
        """Whether an entry asks for a text."""
        return bool(self.entries.get("hash"))

    def rule(self, source: str, identity: str, uri: str, origin: str, text: str | None = None) -> str | None:
        """The rule (`takedown.KIND`) under which a record is taken down; None where no entry names it.

        Args:
            source: `web` or `code`.
            identity: the record's id.
            uri: of the page, or `repository@commit:path`.
            origin: `archive#offset`, or `repository@commit`.
            text: as it would stand in a shard; None where there is none.
        """
        for kind in KINDS:
            wanted = self.entries.get(kind)
            if wanted and not wanted.isdisjoint(_names(kind, source, identity, uri, origin, text)):
                return f"{STAGE}.{kind}"
        return None


NOTHING = Takedown({})


def load_takedown(files: Sequence[str]) -> Takedown:
    """Read takedown lists.

    Raises:
        UsageError: a file cannot be read, or a line is no entry; the message names file, line and what is wrong.
    """
    entries: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for file in files:
        for number, line in _lines(file):
            try:
                kind, value = parse_entry(line)
            except ValueError as error:
                raise UsageError(f"takedown: {file}, line {number}: {error}") from None
            entries[kind].add(value)
    return Takedown({kind: frozenset(values) for kind, values in entries.items()})


def parse_entry(line: str) -> tuple[str, str]:
    """The kind of an entry and its value in normal form. ValueError, with what is wrong, where it is none."""
    kind, colon, value = line.partition(":")
    kind, value = kind.strip().lower(), value.strip()
    if not colon or kind not in _PARSERS:
        raise ValueError(f"{line[:60]!r} does not begin with one of " + ", ".join(f"`{name}:`" for name in KINDS))
    return kind, _PARSERS[kind](value)


def _lines(file: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with open_read(file) as stream:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise UsageError(f"takedown: {file}, line {number}: longer than {MAX_LINE:,} bytes")
                text = line.decode("utf-8").strip("\ufeff \t\r\n")
                if text and not text.startswith("#"):
                    yield number, text
    except FileNotFoundError:
        raise UsageError(f"takedown: {file}: no such file") from None
    except UnicodeDecodeError:
        raise UsageError(f"takedown: {file}, line {number}: not UTF-8") from None
    except (OSError, ValueError, ImportError) as error:
        # ValueError and ImportError are fsspec's for a protocol it does not know or whose package is missing.
        raise UsageError(f"takedown: {file}: cannot be read: {error}") from None


def _names(kind: str, source: str, identity: str, uri: str, origin: str, text: str | None) -> Sequence[str]:
    """What an entry of this kind may hold to name the record."""
    if kind == "id":
        return (identity,)
    if kind == "hash":
        return () if text is None else (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),)
    if kind == "repository":
        return (origin.rpartition("@")[0],) if source == CODE else ()
    address = None if source == CODE else split_url(uri)
    if address is None:
        return ()
    host, rest = address
    if kind == "domain":
        return _domains(host)
    if kind == "url":
        return (without_www(host) + rest,)
    return [without_www(host) + part for part in prefixes(rest)]


def _domains(host: str) -> list[str]:
    if is_ip(host):
        return [host]
    labels = host.split(".")[-128:]
    return [".".join(labels[place:]) for place in range(len(labels))]


def _id(value: str) -> str:
    if not _ID.fullmatch(value.lower()):
        raise ValueError(f"an id has 32 hex digits, found {value[:80]!r}")
    return value.lower()


def _hash(value: str) -> str:
    if not _SHA256.fullmatch(value.lower()):
        raise ValueError(f"a hash is a SHA-256 of 64 hex digits, found {value[:80]!r}")
    return value.lower()


def _url(value: str) -> str:
    address = split_url(value) or split_url("//" + value)
    if address is None or not is_host_name(address[0]) or "*" in value:
        raise ValueError(f"{value[:80]!r} is no URL")
    return without_www(address[0]) + address[1]


def _domain(value: str) -> str:
    host = canonical_host(value.removeprefix("*").removeprefix("."))
    if not is_host_name(host):
        raise ValueError(f"{value[:80]!r} is no domain")
    return host


def _repository(value: str) -> str:
    if not value or "/" in value:
        raise ValueError(f"a repository is named as in `origin`, without folders, found {value[:80]!r}")
    return value


_PARSERS: dict[str, Callable[[str], str]] = {
    "id": _id, "hash": _hash, "url": _url, "prefix": _url, "domain": _domain, "repository": _repository,
}  # fmt: skip
