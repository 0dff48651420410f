"""Links as votes: who links to a page, counted once a voter (WebText kept pages with three or more karma on Reddit).

A link is known by the hash of its URL in one spelling, `normalise`; only hashes are stored and counted.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from publicsuffixlist import PublicSuffixList
from pydantic import Field

from curation.documents import KEY_BYTES, document_key, record_id
from curation.reading.wat import HYPERLINKS, PageMetadata
from curation.urls.address import canonical_host, is_host_name, is_ip
from manifests.config import Config

Hashes = NDArray[np.uint64]

MAX_URL = 4096
"""Characters of a URL that can be linked to; longer ones are no link."""
MAX_HOST = 1024  # as written: with escapes, before it is punycoded
MAX_TARGETS = 2000
"""Pages that one page can vote for: the first in its own order count, the others are counted as dropped."""
MAX_VOTES = 1000
"""Votes of one page beyond this number are not told apart: what a page may hold in the shuffle is bounded by it."""

_URL = re.compile(r"https?:[/\\]{2,}([^/\\?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE)
_IGNORED = re.compile(r"[\t\r\n]")
_EDGES = "".join(map(chr, range(0x21)))
_PORT = re.compile(r"0{0,8}([0-9]{1,5})")
_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@?-]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>`')
# Links that lead to the host they are on, by their first characters.
_STAYS = re.compile(r"[#?]|\.{1,2}/|/(?![/\\\t\r\n])")
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")
# What tells visits of one page apart, not pages: campaign marks and session numbers.
_VISIT = re.compile(
    r"(?:utm_[a-z_]{1,32}|gclid|dclid|fbclid|msclkid|yclid|igshid|mc_cid|mc_eid|phpsessid|jsessionid|sessionid)(?:=|$)",
    re.IGNORECASE,
)


class LinksConfig(Config):
    """Votes by links from other sites, as WebText took karma for a sign of quality; from WAT files or a list."""

    min_votes: int = Field(
        default=0,
        ge=0,
        le=MAX_VOTES,
        description="drop pages with fewer votes (WebText: 3); WAT files or `votes` needed",
    )
    voter: Literal["host", "domain"] = Field(
        default="host", description="who has one vote for a page: a host, or a whole registered domain"
    )
    votes: str | None = Field(
        default=None, description="file of `URL<tab>number` lines (gzip too) or Parquet (url, votes); the larger counts"
    )


def normalise(url: str) -> str | None:
    """`link@1`: the one spelling of all URLs that name the same page; None for what no page can be reached by.

    http and https, `www.`, user, default port, fragment, final slashes and marks of a visit (`utm_*`, session ids) do
    not count; escapes, `.` and `..` are resolved, parameters sorted, names in other scripts punycoded. The result is
    `host[:port][/path][?query]` in ASCII, and normalising it again (behind `http://`) changes nothing.
    """
    if len(url) > MAX_URL:
        return None
    if not url.isascii():  # half characters, which JSON can name, cannot be written as UTF-8
        url = url.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    match = _URL.match(_IGNORED.sub("", url.strip(_EDGES)))
    if not match:
        return None
    authority, path, query = match.groups()
    host = _host(authority)
    if host is None:
        return None
    path = _escaped(path.replace("\\", "/"))
    if "/." in path and _DOTS.search(path):
        path = _without_dots(path)
    path = path.rstrip("/")
    return host + path + _query(query) if query else host + path


def _host(authority: str) -> str | None:
    host, port = authority.rpartition("@")[2], ""
    if host.startswith("["):
        host, _, port = host.partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = host.partition(":")
    name = _name(host) if len(host) <= MAX_HOST else None
    if not port or name is None:
        return name
    digits = _PORT.fullmatch(port)
    if not digits:
        return None
    number = int(digits.group(1))
    return name if number in (80, 443) else f"{name}:{number}"


@functools.lru_cache(maxsize=1 << 14)
def _name(host: str) -> str | None:
    """A host in normal form without `www.`, addresses of IPv6 in brackets; None for a name that is not for everyone."""
    host = canonical_host(host)
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    if not is_host_name(host):
        return None
    if ":" in host:
        return f"[{host}]"
    return host if "." in host else None


def _escaped(text: str) -> str:
    """Percent escapes where they are needed and only there, in capitals; a lone `%` is itself escaped."""
    if _PLAIN.fullmatch(text):
        return text
    return quote(_ESCAPE.sub(_escape, text), safe=_SAFE)


def _escape(found: re.Match[str]) -> str:
    if found[1] is None:
        return "%25"
    code = int(found[1], 16)
    return chr(code) if code in _UNRESERVED else f"%{found[1].upper()}"


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    pieces = path.split("/")
    for piece in pieces[1:]:
        if piece == "..":
            del kept[-1:]
        elif piece != ".":
            kept.append(piece)
    return "".join(f"/{piece}" for piece in kept)


def _query(query: str) -> str:
    pieces = (_escaped(piece) for piece in query[1:].split("&"))
    kept = sorted(piece for piece in pieces if piece and not _VISIT.match(piece))
    return f"?{'&'.join(kept)}" if kept else ""


def host_of_link(link: str) -> str:
    """The host of a normalised URL, without its port."""
    host = link.partition("/")[0].partition("?")[0]
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


@functools.lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list that the package holds; nothing is downloaded


@functools.lru_cache(maxsize=1 << 16)
def domain_of_host(host: str) -> str:
    """The registered domain of a host by the Public Suffix List (private suffixes too); the host where it has none."""
    if host.startswith("[") or is_ip(host):
        return host
    return _suffixes().privatesuffix(host) or host


def domain_of_uri(uri: str) -> str | None:
    """The registered domain of a URL, None for what is no http or https URL."""
    link = normalise(uri)
    return domain_of_host(host_of_link(link)) if link is not None else None


def link_hash(link: str) -> int:
    """64-bit hash of a normalised URL, a host or a domain."""
    digest = hashlib.blake2b(link.encode("utf-8", "surrogatepass"), digest_size=8, person=b"link@1")
    return int.from_bytes(digest.digest(), "little")


def uri_hash(uri: str) -> int:
    """The hash by which links find the page at `uri`."""
    return link_hash(normalise(uri) or "")


def record_hash(record: str) -> int:
    """The hash of a WARC record's id."""
    return link_hash(f"record {record}")


def capture_hash(uri: str, date: str) -> int:
    """The hash of a page's URI with the time of its capture."""
    return link_hash(f"capture {date} {uri}")


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The links of one page. `targets` are hashes of the pages it votes for."""

    host: str
    targets: tuple[int, ...]
    links: int  # hyperlinks of the page
    outbound: int  # pages of other sites among them, each once
    dropped: int  # of those it could vote for, beyond `MAX_TARGETS`


def links_of(page: PageMetadata) -> PageLinks | None:
    """What a page links to; None when its URI is none that links could lead to.

    Hyperlinks (`A` and `AREA`) to another registered domain count, each page once. Links that the page marks with
    `rel=nofollow`, `ugc` or `sponsored` are no votes, and neither are those of a page that is itself an error.
    """
    own = normalise(page.uri)
    if own is None:
        return None
    host = host_of_link(own)
    domain = domain_of_host(host)
    own_base = page.base == page.uri or domain_of_uri(page.base) == domain
    votes: dict[str, None] = {}
    outbound: set[str] = set()
    hyperlinks = 0
    for link in page.links:
        if link.path not in HYPERLINKS:
            continue
        hyperlinks += 1
        if own_base and _STAYS.match(link.url):  # most links are of this kind
            continue
        url = page.resolve(link)
        target = normalise(url) if url else None
        if target is None or domain_of_host(host_of_link(target)) == domain:
            continue
        outbound.add(target)
        if link.vouched:
            votes[target] = None
    voting = list(votes) if page.status in (None, 200) else []
    targets = tuple(link_hash(target) for target in voting[:MAX_TARGETS])
    return PageLinks(host, targets, hyperlinks, len(outbound), max(0, len(voting) - MAX_TARGETS))


LINKS = pa.schema(
    [
        ("id", pa.string()),  # as of a document: digest of (record, uri, date)
        ("key", pa.binary(KEY_BYTES)),
        ("uri", pa.string()),
        ("record", pa.string()),  # id of the record that is described; empty where none is named
        ("date", pa.string()),
        ("title", pa.string()),
        ("headers", pa.string()),  # JSON object of the HTTP headers of `curation.reading.wat.HEADERS`
        ("host", pa.uint64()),  # hashes of the page's host and registered domain
        ("domain", pa.uint64()),
        ("targets", pa.list_(pa.uint64())),
        ("links", pa.int32()),
        ("outbound", pa.int32()),
        ("dropped", pa.int32()),
    ]
)
"""What `ingest` writes for each page that a WAT file describes."""


def links_table(pages: Sequence[PageMetadata], archive: str) -> pa.Table:
    """Rows of `LINKS` for pages of one WAT file; pages whose URI cannot be linked to are left out."""
    rows: list[dict[str, Any]] = []
    for page in pages:
        found = links_of(page)
        if found is None:
            continue
        identity = record_id("wat", page.record_id or "", page.uri, page.date or "")
        rows.append(
            {
                "id": identity,
                "key": document_key(identity, f"{archive}#{page.offset}+{page.inner_offset}"),
                "uri": page.uri,
                "record": page.record_id or "",
                "date": page.date or "",
                "title": page.title or "",
                "headers": json.dumps(dict(page.headers), sort_keys=True, ensure_ascii=False, separators=(",", ":")),
                "host": link_hash(found.host),
                "domain": link_hash(domain_of_host(found.host)),
                "targets": found.targets,
                "links": found.links,
                "outbound": found.outbound,
                "dropped": found.dropped,
            }
        )
    return pa.Table.from_pylist(rows, LINKS)


def distinct_votes(targets: Hashes, voters: Hashes, most: int = MAX_VOTES) -> tuple[Hashes, Hashes]:
    """Each (target, voter) once, in order; of a target with more than `most` voters those with the smallest hashes.

    Both arrays have one entry a vote. Applied to parts and then to the whole it gives what it gives for the whole.
    """
    order = np.lexsort((voters, targets))
    targets, voters = targets[order], voters[order]
    new = np.ones(len(targets), np.bool_)
    new[1:] = (targets[1:] != targets[:-1]) | (voters[1:] != voters[:-1])
    targets, voters = targets[new], voters[new]
    places = np.arange(len(targets)) - np.searchsorted(targets, targets)
    return targets[places < most], voters[places < most]


def count_votes(targets: Hashes, voters: Hashes, most: int = MAX_VOTES) -> tuple[Hashes, NDArray[np.int64]]:
    """The targets in order, each once, with the number of their distinct voters, `most` at most."""
    found, counts = np.unique(distinct_votes(targets, voters, most)[0], return_counts=True)
    return found, counts.astype(np.int64)
