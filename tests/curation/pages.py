"""Pages for the tests of ingest and select, and the models they share."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

from curation.ingest import Ingest
from curation.policy import Policy
from curation.reading.records import ArchiveRecord

SENTENCES = (
    "The harbour at Lindholm was dredged in 1891 so that larger ships could reach the rope works.",
    "Before that, barges carried hemp and tar across the bay, a slow and costly business.",
    "Most families in the parish lived from fishing, and a few kept goats on the northern skerries.",
    "When the railway came, the rope works closed within ten years and the sheds became a school.",
    "Today the school houses a small museum that shows how rope was laid, tarred and sold.",
    "Visitors can try the long walk themselves, turning the strands by hand as the apprentices did.",
)
GOOD = "\n".join(f"{sentence} It is page {number} of the chronicle." for number, sentence in enumerate(SENTENCES))


@functools.cache
def loaded() -> Ingest:
    """The default policy's models, loaded once for all tests of a process."""
    return Ingest(Policy())


def record(text: bytes | str, **changed: Any) -> ArchiveRecord:
    """A plain-text response; keyword arguments replace its fields."""
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    fields: dict[str, Any] = {
        "record_id": "urn:test:1", "uri": "https://example.org/a", "date": "2026-05-01T00:00:00Z", "kind": "response",
        "offset": 100, "inner_offset": 0, "status": 200, "content_type": "text/plain", "charset": "utf-8",
        "body": content, "payload_digest": hashlib.blake2b(content, digest_size=16).hexdigest(),
    }  # fmt: skip
    return ArchiveRecord(**{**fields, **changed})
