from __future__ import annotations

import pytest

from curation.reading import revisits
from tests.curation.reading.archive_bytes import documents, http, record, skipped, zipped

SHA1 = "sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A"
CAPTURE = record("a", fields=[f"WARC-Payload-Digest: {SHA1}"])
AT = "WARC-Refers-To-Date: 2026-01-02T03:04:05Z"


def revisit(*fields: str) -> bytes:
    return record("v", http(b""), kind="revisit", fields=fields)


@pytest.mark.parametrize(
    "fields",
    [
        ["WARC-Refers-To: <urn:uuid:a>"],
        ["WARC-Refers-To: urn:uuid:a"],
        ["WARC-Refers-To-Target-URI: http://example.test/a", AT],
        ["WARC-Refers-To-Target-URI: <http://example.test/a>", AT],
        [f"WARC-Payload-Digest: {SHA1}"],
        [f"WARC-Payload-Digest: {SHA1.lower()}"],
        ["WARC-Refers-To: <urn:uuid:elsewhere>", f"WARC-Payload-Digest: {SHA1}"],
    ],
)
def test_a_revisit_of_a_capture_read_before_is_resolved(fields: list[str]) -> None:
    for data in (CAPTURE + revisit(*fields), zipped(CAPTURE, revisit(*fields))):
        assert documents(data) == {"a": b"<p>a</p>"}
        assert skipped(data) == {"revisit-resolved": 1}


@pytest.mark.parametrize(
    "fields",
    [
        [],
        ["WARC-Refers-To: <urn:uuid:elsewhere>"],
        ["WARC-Refers-To-Target-URI: http://example.test/a"],
        ["WARC-Refers-To-Target-URI: http://example.test/a", "WARC-Refers-To-Date: 2026-01-02T03:04:06Z"],
        ["WARC-Payload-Digest: sha1:USUDYFY6UJJK63UC7CCM7G37JIIFIAW2"],
    ],
)
def test_a_revisit_of_something_else_is_unresolved(fields: list[str]) -> None:
    assert skipped(CAPTURE + revisit(*fields)) == {"revisit-unresolved": 1}


def test_a_capture_that_comes_later_or_could_not_be_read_resolves_nothing() -> None:
    again = revisit("WARC-Refers-To: <urn:uuid:a>")
    assert skipped(again + CAPTURE) == {"revisit-unresolved": 1}
    assert skipped(record("a", b"no page") + again) == {"revisit-unresolved": 1}


def test_a_capture_that_is_no_document_resolves_too() -> None:
    image = record("a", b"PNG", kind="resource", fields=["Content-Type: image/png"])
    assert skipped(image + revisit("WARC-Refers-To: <urn:uuid:a>")) == {"resource": 1, "revisit-resolved": 1}


def test_the_oldest_captures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisits, "MAX_KEYS", 4)
    data = record("a") + record("b") + record("c")  # two keys each: id, URI and date
    again = [revisit(f"WARC-Refers-To: <urn:uuid:{name}>") for name in "abc"]
    assert skipped(data + b"".join(again)) == {"revisit-resolved": 1, "revisit-unresolved": 2}
