from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from pipelines.demo import Sample
from pipelines.demo.private import luhn_digit
from pipelines.demo.warc import chunked, digest, http_response


@pytest.fixture(scope="module")
def truth(sample: Sample) -> dict[str, Any]:
    return json.loads(Path(sample.truth).read_text("utf-8"))


@pytest.fixture(scope="module")
def records(sample: Sample, truth: dict[str, Any]) -> dict[str, bytes]:
    """Body by URI of every response and conversion that fastwarc can read, past a record it cannot."""
    bodies: dict[str, bytes] = {}
    broken = {row["file"]: row["offset"] for row in truth["errors"] if row["kind"] != "too-large"}
    for path in sorted(sample.archives.iterdir()):
        data = path.read_bytes()
        cut = broken.get(path.name)
        pieces = [data] if cut is None else [data[:cut], data[_next_member(data, cut) :]]
        for piece in pieces:
            for record in ArchiveIterator(io.BytesIO(piece), parse_http=True):
                if record.record_type in (WarcRecordType.response, WarcRecordType.conversion):
                    bodies[record.headers["WARC-Target-URI"]] = record.reader.read()
    return bodies


def _next_member(data: bytes, offset: int) -> int:
    """Where the member after the one at `offset` begins; the end of `data` when that one is cut."""
    member = zlib.decompressobj(wbits=31)
    member.decompress(data[offset:])
    return len(data) - len(member.unused_data) if member.eof else len(data)


def test_the_files_hold_what_the_truth_counts(sample: Sample, truth: dict[str, Any]) -> None:
    assert [row["name"] for row in truth["files"]] == [
        "crawl-00000.warc.gz",
        "crawl-00001.warc.gz",
        "crawl-00002.warc.gz",
        "crawl-00003.warc.gz",
        "crawl-00004.warc",
        "crawl-00000.warc.wet.gz",
        "crawl-00001.warc.wet.gz",
        "crawl-00002.warc.wet",
    ]
    for row in truth["files"]:
        assert (sample.archives / row["name"]).stat().st_size == row["bytes"]
    first = truth["files"][0]["records"]
    assert first["request"] == first["response"] == first["metadata"]
    documents = [row["records"].get(kind, 0) for row in truth["files"] for kind in ("response", "conversion")]
    assert 800 < sum(documents) < 900


def test_every_readable_record_is_read_by_fastwarc(records: dict[str, bytes], truth: dict[str, Any]) -> None:
    unreadable = {row["uri"] for row in truth["errors"] if row["kind"] != "too-large"}
    wanted = {row["uri"] for part in ("pages", "toxic_pages", "low_quality", "no_pages", "odd") for row in truth[part]}
    wanted |= {row[1] for row in truth["exact_duplicates"] + truth["near_duplicates"]}
    wanted |= {row["uri"] for row in truth["errors"]}
    assert set(records) == wanted - unreadable


def test_plain_archives_have_no_compression(sample: Sample) -> None:
    assert (sample.archives / "crawl-00004.warc").read_bytes().startswith(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n")
    assert (sample.archives / "crawl-00002.warc.wet").read_bytes().startswith(b"WARC/1.0\r\n")


def test_the_offsets_of_errors_are_those_of_the_bad_records(sample: Sample, truth: dict[str, Any]) -> None:
    by_kind = {row["kind"]: row for row in truth["errors"]}
    assert sorted(by_kind) == ["too-large", "truncated-gzip", "wrong-content-length"]

    def member(row: dict[str, Any]) -> bytes:
        data = (sample.archives / row["file"]).read_bytes()[row["offset"] :]
        return zlib.decompressobj(wbits=31).decompress(data)

    for row in truth["errors"]:
        assert f"WARC-Target-URI: {row['uri']}\r\n".encode() in member(row)[:1000]
    cut = (sample.archives / by_kind["truncated-gzip"]["file"]).read_bytes()[by_kind["truncated-gzip"]["offset"] :]
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    head, _, block = member(by_kind["wrong-content-length"]).partition(b"\r\n\r\n")
    declared = int(head.rpartition(b"Content-Length: ")[2])
    assert declared == len(block) - 4 + 700
    big = next(row for row in truth["files"] if row["name"] == by_kind["too-large"]["file"])
    assert len(member(by_kind["too-large"])) > 16 << 20
    assert big["bytes"] < 1_000_000


def test_exact_duplicates_lie_in_other_files_than_their_originals(
    sample: Sample, records: dict[str, bytes], truth: dict[str, Any]
) -> None:
    assert len(truth["exact_duplicates"]) == 24
    texts = {path.name: _unpacked(path) for path in sample.archives.iterdir()}
    for original, copy in truth["exact_duplicates"]:
        found = [
            {name for name, text in texts.items() if f"WARC-Target-URI: {uri}\r\n".encode() in text}
            for uri in (original, copy)
        ]
        assert len(found[0]) == len(found[1]) == 1 and found[0] != found[1]


def _unpacked(path: Path) -> bytes:
    data, parts = path.read_bytes(), []
    if not path.name.endswith(".gz"):
        return data
    while data:
        member = zlib.decompressobj(wbits=31)
        parts.append(member.decompress(data)[:3000])
        data = member.unused_data
    return b"".join(parts)


def test_near_duplicates_are_similar_but_not_equal(records: dict[str, bytes], truth: dict[str, Any]) -> None:
    assert len(truth["near_duplicates"]) == 40
    values = [value for _, _, value in truth["near_duplicates"]]
    assert 0.8 <= min(values) < 0.86 and 0.9 < max(values) <= 0.95


def test_private_values_stand_in_the_pages(records: dict[str, bytes], truth: dict[str, Any]) -> None:
    by_kind: dict[str, set[str]] = {}
    for row in truth["private"]:
        by_kind.setdefault(row["kind"], set()).add(row["value"])
        assert row["value"].encode() in _decoded(records[row["uri"]])
    assert sorted(by_kind) == ["card", "email", "ip", "phone"]
    assert min(map(len, by_kind.values())) >= 6
    assert not any("example" in value for value in by_kind["email"])
    for value in by_kind["card"]:
        digits = value.replace(" ", "").replace("-", "")
        assert len(digits) == 16 and luhn_digit(digits[:-1]) == int(digits[-1])


def test_private_values_stand_nowhere_else(records: dict[str, bytes], truth: dict[str, Any]) -> None:
    holders = {row["uri"] for row in truth["private"]}
    values = [row["value"].encode() for row in truth["private"]]
    rest = b"".join(_decoded(body) for uri, body in records.items() if uri not in holders and len(body) < 1 << 20)
    assert not [value for value in values if value in rest]


def _decoded(body: bytes) -> bytes:
    """`body` without the transfer and content codings that the sample uses; broken ones stay as they are."""
    size, _, rest = body[:8].partition(b"\r\n")
    if rest and re.fullmatch(rb"[0-9a-f]+", size):
        parts, at = [], 0
        while found := re.compile(rb"([0-9a-f]+)\r\n").match(body, at):
            end = found.end() + int(found.group(1), 16)
            parts.append(body[found.end() : end])
            at = end + 2
        body = b"".join(parts)
    try:
        if body.startswith(b"\x1f\x8b"):
            return gzip.decompress(body)
        return zlib.decompress(body) if body.startswith(b"\x78") else body
    except (OSError, EOFError, zlib.error):
        return body


def test_toxic_lines_are_lines_of_otherwise_good_pages(records: dict[str, bytes], truth: dict[str, Any]) -> None:
    assert len(truth["toxic_pages"]) == len(truth["toxic_lines"]) == 14
    for row in truth["toxic_lines"]:
        assert f">{row['line']}".encode() in _decoded(records[row["uri"]])


def test_pages_come_in_the_charsets_of_their_languages(sample: Sample) -> None:
    everything = b"".join(_unpacked(path) for path in sorted(sample.archives.glob("*.warc*")))
    charsets = "windows-1252 iso-8859-2 iso-8859-7 windows-1251 koi8-r gb2312 shift_jis x-sarn-8"
    for charset in charsets.split():
        assert charset.encode() in everything, charset


def test_chunks_end_with_an_empty_one() -> None:
    assert chunked(b"abcdef", 4) == b"4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n"
    assert http_response(404, [("A", "b")], b"x") == b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nx"


def test_digests_are_sha1_in_base32() -> None:
    assert digest(b"") == "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"
