from __future__ import annotations

import base64
import gzip
import hashlib

import pytest

from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits
from curation.reading.verification import mismatch
from tests.curation.reading.archive_bytes import http, read, record

# Of b"abc": the test vectors of FIPS 180 and RFC 1321, in the notations that archives use.
MATCHING = [
    "md5:900150983cd24fb0d6963f7d28e17f72",
    "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
    "sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5",
    "sha1:vgmt4nsha2awvor6evyxqugcnsonbwe5",
    "SHA-1: qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
    "sha1:qZk-NkcGgWq6PiVxeFDCbJzQ2J0",
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha256:XJ4BNP4PAHH6UQKBIDPF3LRCEOYAGYNDSYLXVHFUCD7WD4QACWWQ====",
]
WRONG = [
    "md5:900150983cd24fb0d6963f7d28e17f73",
    "sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE6",
    "sha-256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae",
]
UNKNOWN = [
    "",
    "sha1",
    "sha1:",
    "sha1:xyz",
    "crc32:352441c2",
    "sha1:" + "!" * 32,
    "sha1:" + "é" * 40,
    "blake9:" + "0" * 40,
]


def verdict(value: str) -> str | None:
    return mismatch({"d": value}, "d", (b"abc",))


def test_digests_are_compared_in_every_notation() -> None:
    assert [verdict(value) for value in MATCHING] == [None] * len(MATCHING)
    assert verdict(WRONG[0]) == (
        "md5 900150983cd24fb0d6963f7d28e17f73 declared, 900150983cd24fb0d6963f7d28e17f72 found"
    )
    assert all(verdict(value) for value in WRONG)


def test_what_cannot_be_compared_proves_nothing_wrong() -> None:
    assert [verdict(value) for value in UNKNOWN] == [None] * len(UNKNOWN)
    assert mismatch({}, "d", (b"abc",)) is None


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


PAGE = b"<p>page</p>"
CHUNKED = b"b\r\n" + gzip.compress(PAGE, mtime=0)[:11] + b"\r\n"
STORED = (
    CHUNKED + b"%x\r\n" % len(gzip.compress(PAGE, mtime=0)[11:]) + gzip.compress(PAGE, mtime=0)[11:] + b"\r\n0\r\n\r\n"
)
BLOCK = http(STORED, "Transfer-Encoding: chunked", "Content-Encoding: gzip")


def outcome(*fields: str, block: bytes = BLOCK) -> list[str]:
    items = read(record("a", block, fields=fields), ReadingLimits(verify_digests=True))
    return [item.reason if isinstance(item, ReadError) else "document" for item in items[:-1]]


@pytest.mark.parametrize(
    "payload", [STORED, gzip.compress(PAGE, mtime=0), PAGE], ids=["as-sent", "without-chunks", "decoded"]
)
def test_a_payload_digest_holds_for_any_of_the_readings_in_use(payload: bytes) -> None:
    assert outcome(f"WARC-Payload-Digest: {sha1(payload)}", f"WARC-Block-Digest: {sha1(BLOCK)}") == ["document"]


def test_a_digest_that_does_not_hold_is_an_error_when_asked_for() -> None:
    assert outcome(f"WARC-Payload-Digest: {sha1(b'other')}") == ["bad-digest"]
    assert outcome(f"WARC-Block-Digest: {sha1(b'other')}") == ["bad-digest"]
    data = record("a", fields=[f"WARC-Block-Digest: {sha1(b'other')}"])
    assert [type(item) for item in read(data)[:-1]] == [ArchiveRecord]
    (wrong, _) = read(data, ReadingLimits(verify_digests=True))
    assert isinstance(wrong, ReadError)
    assert wrong.detail.startswith("http://example.test/a: block: sha1 ")


def test_the_payload_digest_of_a_page_cut_short_may_be_that_of_the_whole() -> None:
    digest = f"WARC-Payload-Digest: {sha1(b'the whole page')}"
    assert outcome(digest, "WARC-Truncated: length") == ["document"]
    assert outcome(digest, "WARC-Segment-Number: 1") == ["document"]
