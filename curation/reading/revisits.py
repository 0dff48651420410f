"""Which `revisit` records repeat a capture that was read earlier in the same file.

A revisit holds no text of its own: it says that a page was fetched again and had not changed. Where the capture it
refers to came earlier in the file, its text has been read and nothing is lost; where it did not, it may be in another
file of the crawl or nowhere. The two are counted apart, and neither is read as a document: a resolved one would be an
exact copy, which deduplication takes out again.
"""

from __future__ import annotations

import hashlib

from curation.reading.dialects import Fields, unbracketed

MAX_KEYS = 1 << 17  # some 16 MiB; a gigabyte of WARC has 10,000 to 60,000 captures, each with two or three keys


class Captures:
    """The captures met so far in a file, by record id, by URI and date, and by payload digest.

    Memory is bounded: the last `MAX_KEYS / 2` keys at least are remembered and `MAX_KEYS` at most, so that a revisit
    whose capture lies very far back counts as unresolved.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._older: set[int] = set()

    def add(self, fields: Fields) -> None:
        """Remember the capture with these header fields."""
        self._recent.update(_keys(fields, "warc-record-id", "warc-target-uri", "warc-date"))
        if len(self._recent) >= MAX_KEYS // 2:
            self._recent, self._older = set(), self._recent

    def hold(self, fields: Fields) -> bool:
        """Whether a revisit with these header fields refers to a remembered capture."""
        names = ("warc-refers-to", "warc-refers-to-target-uri", "warc-refers-to-date")
        return any(key in self._recent or key in self._older for key in _keys(fields, *names))


def _keys(fields: Fields, record_id: str, uri: str, date: str) -> list[int]:
    parts = [
        ["id", unbracketed(fields.get(record_id, ""))],
        ["at", unbracketed(fields.get(uri, "")), fields.get(date, "")],
        ["payload", fields.get("warc-payload-digest", "").lower()],  # base32 and hex do not tell cases apart
    ]
    return [_key(part) for part in parts if all(part)]


def _key(part: list[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(part).encode("utf-8", "replace"), digest_size=8).digest(), "big")
