"""WAT files: what a crawl says about its pages, their headers, titles and links, as JSON in WARC `metadata` records.

The shape is that of ia-web-commons, which Common Crawl and the Internet Archive run (its `WATExtractorOutput`,
`ExtractingParseObserver` and `HTMLMetaData`): one record for every record of the WARC or ARC file, with `Container`
(where that record lies) and `Envelope` (its header, and of a response its HTTP header and the links of its HTML). Any
value of a header that was repeated is a list instead of a string, and any part may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from curation.reading.dialects import Fields, unbracketed
from curation.reading.framing import RawRecord, frame
from curation.reading.http import media_type
from curation.reading.members import Readable
from curation.reading.records import ReadError, ReadingLimits

HYPERLINKS = frozenset({"A@/href", "AREA@/href"})
"""Tag paths of links that a reader follows; the others load images, scripts and styles, or send forms."""

HEADERS = ("content-language", "content-type", "last-modified", "location", "x-robots-tag")
"""HTTP headers that are kept."""

MAX_JSON_BYTES = 4 << 20
"""A bound of its own, as a record's JSON may take fifty times its size in memory."""
MAX_VALUE = 512
MAX_URL = 4096
SNIFFED_BYTES = 1 << 20
SNIFFED_RECORDS = 4

_NOT_VOUCHED = frozenset({"nofollow", "ugc", "sponsored"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,63}:")
_WEB = re.compile(r"https?:", re.IGNORECASE)
_IGNORED = re.compile(r"[\t\r\n]")
_EDGES = "".join(map(chr, range(0x21)))
_KIND = re.compile(r"[a-z][a-z-]{0,30}")
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link of a page: the tag path it was found at (`A@/href`), the URL as written, and its `rel`."""

    path: str
    url: str
    rel: str = ""

    @property
    def vouched(self) -> bool:
        """Whether the page does not distance itself from what it links to."""
        return not self.rel or _NOT_VOUCHED.isdisjoint(self.rel.lower().replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a WAT record says of one page.

    `offset` and `inner_offset` are the place of the WAT record, `container` and `container_offset` that of the page in
    its own archive. `record_id` is the id of the page's record there (`WARC-Refers-To`), without brackets. `headers`
    has those of `HEADERS` that the server sent, by lower-case name. `base` is what relative links start from.
    """

    uri: str
    record_id: str | None
    date: str | None
    offset: int
    inner_offset: int
    container: str | None
    container_offset: int | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    title: str | None
    base: str
    links: tuple[PageLink, ...]

    def resolve(self, link: PageLink) -> str | None:
        """The absolute http or https URL of a link; None for what leads nowhere else (`#top`, `mailto:`, too long)."""
        return _resolved(self.base, link.url)


def is_metadata(fields: Fields) -> bool:
    """Whether a record's header is that of a WAT record (or of other JSON metadata; only its block can tell)."""
    return (
        fields.get("warc-type", "").lower() == "metadata"
        and media_type(fields.get("content-type"))[0] == "application/json"
    )


def read_metadata(record: RawRecord, uri: str, limits: ReadingLimits) -> PageMetadata | ReadError | str:
    """The page that a JSON metadata record of the archive `uri` describes.

    A record that is intact but describes no page gives the kind under which it is counted: `wat-request`,
    `wat-warcinfo`, ..., or `metadata` when it is not of a WAT file at all.
    """
    # WAT records always refer to another; what other tools write as JSON metadata and cannot be read is no loss.
    expected = "warc-refers-to" in record.fields
    most = min(limits.max_record_bytes, MAX_JSON_BYTES)
    if record.block is None or len(record.block) > most:
        detail = f"the metadata record has {record.length} bytes, the limit is {most}"
        return ReadError(uri, record.offset, "too-large", detail) if expected else "metadata"
    try:
        document = json.loads(record.block.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        detail = f"the metadata record is no JSON: {what}"
        return ReadError(uri, record.offset, "bad-json", detail) if expected else "metadata"
    envelope = _mapping(document, "Envelope")
    if not envelope:
        return "metadata"
    is_arc = "ARC-Header-Metadata" in envelope
    header = _mapping(envelope, "ARC-Header-Metadata" if is_arc else "WARC-Header-Metadata")
    response = _mapping(envelope, "Payload-Metadata", "HTTP-Response-Metadata")
    kind = "response" if is_arc else _string(header.get("WARC-Type")).lower()
    if kind != "response" or not response:
        return f"wat-{kind}" if _KIND.fullmatch(kind) else "wat-unknown"
    return _page(record, document, header, response, is_arc=is_arc)


def _page(
    record: RawRecord, document: Any, header: dict[str, Any], response: dict[str, Any], *, is_arc: bool
) -> PageMetadata | str:
    fields, container = record.fields, _mapping(document, "Container")
    named = _string(header.get("Target-URI" if is_arc else "WARC-Target-URI")) or fields.get("warc-target-uri", "")
    page = unbracketed(named)
    if not _WEB.match(page) or len(page) > MAX_URL:
        return "wat-response-not-http"
    # Of an ARC file the record's own date is the capture's, of a WARC file it is that of the extraction.
    date = fields.get("warc-date", "") if is_arc else _string(header.get("WARC-Date"))
    refers_to = fields.get("warc-refers-to", "") or ("" if is_arc else _string(header.get("WARC-Record-ID")))
    html = _mapping(response, "HTML-Metadata")
    head = _mapping(html, "Head")
    offset, status = _string(container.get("Offset")), _string(_mapping(response, "Response-Message").get("Status"))
    base = _string(head.get("Base"))
    return PageMetadata(
        uri=page,
        record_id=unbracketed(refers_to)[:MAX_VALUE] or None,
        date=date[:64] or None,
        offset=record.offset,
        inner_offset=record.inner_offset,
        container=_string(container.get("Filename"))[:MAX_VALUE] or None,
        container_offset=int(offset) if _NUMBER.fullmatch(offset) else None,
        status=int(status) if _NUMBER.fullmatch(status) and len(status) == 3 else None,
        headers=tuple(_headers(_mapping(response, "Headers"))),
        title=" ".join(_string(head.get("Title"))[: 4 * MAX_VALUE].split())[:MAX_VALUE] or None,
        base=(_resolved(page, base) if base else None) or page,
        links=tuple(_links(html.get("Links"))),
    )


def _links(links: Any) -> Iterator[PageLink]:
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict):
            path, url, rel = link.get("path"), link.get("url"), link.get("rel")
            if isinstance(path, str) and isinstance(url, str):
                yield PageLink(path, url, rel[:MAX_VALUE] if isinstance(rel, str) else "")


def _headers(headers: dict[str, Any]) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers.items():
        if name.lower() in HEADERS:
            values = value if isinstance(value, list) else [value]
            found.setdefault(name.lower(), []).extend(_string(item) for item in values[:8])
    for name in HEADERS:
        if name in found:
            yield name, ", ".join(value for value in found[name] if value)[:MAX_VALUE]


def _mapping(value: Any, *path: str) -> dict[str, Any]:
    """The object at `path`, empty where there is none; of a list of them the first."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list) and value:
            value = value[0]
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str:
    """A value as text that can be written as UTF-8; of a list the first, empty for what is neither text nor number."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 1 << 63 else ""
    return value.encode("utf-8", "replace").decode("utf-8").strip() if isinstance(value, str) else ""


def _resolved(base: str, url: str) -> str | None:
    """`url` as browsers understand it on a page with this base."""
    if len(url) > MAX_URL:
        return None
    url = _IGNORED.sub("", url.strip(_EDGES))
    if _WEB.match(url) and url[url.find(":") + 1 :].startswith(("//", "\\\\", "/\\", "\\/")):
        return url
    if not url or url.startswith("#") or _SCHEME.match(url):
        return None
    url = url.replace("\\", "/")
    try:
        resolved = urljoin(base, url)
    except ValueError:  # brackets that hold no address
        return None
    return resolved if _WEB.match(resolved) and len(resolved) <= MAX_URL else None


class _Head:
    """The first bytes of a stream, as if it ended there."""

    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(self._left if size < 0 else min(size, self._left)) if self._left else b""
        self._left -= len(block)
        return block


def is_wat(stream: Readable) -> bool:
    """Whether an archive looks like a WAT file: its first record, after any `warcinfo`, is JSON metadata."""
    limits = ReadingLimits(max_record_bytes=SNIFFED_BYTES)
    first = frame(_Head(stream, SNIFFED_BYTES), "", limits, lambda _: False)
    for _, item in zip(range(SNIFFED_RECORDS), first, strict=False):
        if isinstance(item, RawRecord):
            if is_metadata(item.fields):
                return True
            if item.fields.get("warc-type", "").lower() != "warcinfo":
                return False
    return False
