"""WAT records in the shape that ia-web-commons gives them, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

WARCINFO = (
    b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-05-09T00:00:00Z\r\nWARC-Filename: x.warc.wat.gz\r\n"
    b"Content-Type: application/warc-fields\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
)


def anchor(url: str, **more: str) -> dict[str, str]:
    """A link as `A` elements give it."""
    return {"path": "A@/href", "url": url, **more}


def envelope(
    uri: str,
    links: Iterable[Any] = (),
    *,
    record: str | None = None,
    date: str = "2026-05-01T00:00:00Z",
    status: str = "200",
    kind: str = "response",
    head: dict[str, Any] | None = None,
    headers: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON of a page."""
    html = {"Head": head or {"Title": "A title"}, "Links": list(links)}
    response = {
        "Response-Message": {"Version": "HTTP/1.1", "Status": status, "Reason": "OK"},
        "Headers": headers if headers is not None else {"Content-Type": "text/html; charset=utf-8"},
        "HTML-Metadata": html,
        "Entity-Length": "1000",
    }
    warc = {
        "WARC-Type": kind,
        "WARC-Date": date,
        "WARC-Record-ID": f"<{record or f'urn:test:{uri}'}>",
        "WARC-Target-URI": uri,
    }
    return {
        "Container": {"Filename": "x.warc.gz", "Compressed": True, "Offset": "4711"},
        "Envelope": {
            "Format": "WARC/1.0",
            "WARC-Header-Metadata": warc,
            "Payload-Metadata": {"HTTP-Response-Metadata": response},
        },
    }


def metadata(content: Any, *, refers_to: str | None = "urn:test", media: str = "application/json") -> bytes:
    """A `metadata` record of this JSON (or of these bytes)."""
    block = content if isinstance(content, bytes) else json.dumps(content).encode()
    fields = f"WARC-Refers-To: <{refers_to}>\r\n" if refers_to else ""
    head = (
        "WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: http://meta.test/\r\nWARC-Date: 2026-05-09T01:02:03Z\r\n"
        f"WARC-Record-ID: <urn:uuid:wat>\r\n{fields}Content-Type: {media}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def page(uri: str, *urls: str, **more: Any) -> bytes:
    """The record of a page with anchors to these URLs."""
    refers_to = more.get("record") or f"urn:test:{uri}"
    return metadata(envelope(uri, [anchor(url) for url in urls], **more), refers_to=refers_to)
