from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.reading import members
from curation.reading.archives import read_archive
from curation.reading.dialects import ARC, WARC
from curation.reading.members import HashingReader
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from tests.curation.reading.archive_bytes import documents, errors, http, read, record, skipped, zipped

A, B, C = record("a"), record("b"), record("c")
INTACT = {"a": b"<p>a</p>", "b": b"<p>b</p>", "c": b"<p>c</p>"}
WITHOUT_B = {"a": b"<p>a</p>", "c": b"<p>c</p>"}


@pytest.mark.parametrize(
    "data",
    [
        A + B + C,
        zipped(A, B, C),
        gzip.compress(A + B + C, mtime=0),
        zipped(A + B, C),
        zstandard.compress(A) + zstandard.compress(B) + zstandard.compress(C),
        zstandard.compress(A + B + C),
        b"".join(gzip.compress((A + B + C)[place : place + 70], mtime=0) for place in range(0, len(A + B + C), 70)),
        zipped(A, b"", B) + gzip.compress(b"", mtime=0) + zipped(C),
        A + b"\r\n\r\n\r\n" + B + C,
        A.rstrip() + B.rstrip() + C.rstrip(),
        (A + B + C).replace(b"WARC/1.0", b"WARC/0.17"),
        (A + B + C).replace(b"WARC/1.0", b"WARC/0.18"),
        (A + B + C).replace(b"WARC/1.0", b"WARC/1.1"),
    ],
    ids=[
        "plain", "gzip-by-record", "gzip-whole", "gzip-two-in-a-member", "zstd-by-record", "zstd-whole",
        "gzip-by-block", "empty-gzip-members", "surplus-blank-lines", "no-blank-lines", "warc-0.17", "warc-0.18",
        "warc-1.1",
    ],
)  # fmt: skip
def test_every_framing_gives_the_same_documents_without_errors(data: bytes) -> None:
    assert documents(data) == INTACT
    assert errors(data) == []


def test_a_document_carries_what_its_record_says() -> None:
    body = "<p>zażółć</p>".encode("iso-8859-2")
    data = record("a", http(body, media="Text/HTML; Charset=ISO-8859-2", status="HTTP/2 404 Not Found"))
    assert read(A + data) [1] == ArchiveRecord(
        record_id="urn:uuid:a",
        uri="http://example.test/a",
        date="2026-01-02T03:04:05Z",
        kind="response",
        offset=len(A),
        inner_offset=0,
        status=404,
        content_type="text/html",
        charset="iso-8859-2",
        body=body,
        payload_digest=hashlib.blake2b(body, digest_size=16).hexdigest(),
    )  # fmt: skip


def test_offset_is_the_member_and_inner_offset_the_byte_within_it() -> None:
    data = zipped(A, B + C)
    places = [(item.offset, item.inner_offset) for item in read(data) if isinstance(item, ArchiveRecord)]
    assert places == [(0, 0), (len(zipped(A)), 0), (len(zipped(A)), len(B))]


def test_other_records_are_counted_by_kind() -> None:
    data = b"".join(
        [
            record("i", b"software: x\r\n", kind="warcinfo", uri=""),
            record("q", b"GET / HTTP/1.1\r\n\r\n", kind="request"),
            record("m", b"{}", kind="metadata"),
            record("v", http(b""), kind="revisit"),
            record("d", b"20260101\n", uri="dns:example.test"),
            record("u", b"x", kind="Nonsense Type!"),
            record("f", b"<p>x", kind="resource", uri="file:///x", fields=["Content-Type: text/html"]),
            record("p", b"PNG", kind="resource", fields=["Content-Type: image/png"]),
            record("h", b"<p>h</p>", kind="resource", fields=["Content-Type: text/html; charset=utf-8"]),
            record("w", "tekst ż".encode(), kind="conversion", fields=["Content-Type: text/plain"]),
        ]
    )
    assert documents(data) == {"h": b"<p>h</p>", "w": "tekst ż".encode()}
    assert skipped(data) == {
        "metadata": 1, "request": 1, "resource": 2, "response-not-http": 1,
        "revisit-unresolved": 1, "unknown": 1, "warcinfo": 1,
    }  # fmt: skip
    assert errors(data) == []
    charsets = {item.kind: item.charset for item in read(data) if isinstance(item, ArchiveRecord)}
    assert charsets == {"resource": "utf-8", "conversion": "utf-8"}


def test_uris_in_angle_brackets_and_odd_dates_are_understood() -> None:
    data = record("a", uri="<http://example.test/a b>").replace(b"2026-01-02T03:04:05Z", b"20260102030405")
    dateless = record("b").replace(b"2026-01-02T03:04:05Z", b"yesterday")
    partial = record("c").replace(b"2026-01-02T03:04:05Z", b"2014-01")
    short = record("d").replace(b"2026-01-02T03:04:05Z", b"200804302048") + record("e").replace(
        b"2026-01-02T03:04:05Z", b"20080430"
    )
    items = read(data + dateless + partial + short)
    found = [(item.uri, item.date) for item in items if isinstance(item, ArchiveRecord)]
    assert found == [
        ("http://example.test/a b", "2026-01-02T03:04:05Z"),
        ("http://example.test/b", None),
        ("http://example.test/c", "2014-01"),
        ("http://example.test/d", "2008-04-30T20:48Z"),
        ("http://example.test/e", "2008-04-30"),
    ]


def test_headers_fold_repeat_and_hold_nul_bytes_without_harm() -> None:
    data = record("a", fields=["WARC-Target-URI: http://evil.test/", "X-Long: one\r\n two", "no colon", "X: \0"])
    assert documents(data) == {"a": b"<p>a</p>"}


def test_files_mangled_by_text_mode_transfer_are_read() -> None:
    block = http(b"x").replace(b"\r\n", b"\r\r\n")
    data = record("a", block).replace(b"\r\n\r\n", b"\r\r\n\r\r\n")
    assert documents(record("a", http(b"x").replace(b"\r\n", b"\n"))) == {"a": b"x"}
    assert documents(data.replace(b"WARC/1.0\r\n", b"WARC/1.0\r\r\n")) == {"a": b"x"}


def test_arc_records_are_read_with_spaces_in_their_urls() -> None:
    page, name = http(b"<p>x</p>"), "IAH.arc"
    arc = (
        f"filedesc://{name} 0.0.0.0 20080430204825 text/plain 10\n1 0 Archi\n\n".encode()
        + b"dns:example.test 1.2.3.4 20080430204825 text/dns 5\ndnsdn\n"
        + f"http://example.test/a b 1.2.3.4 20080430204826 text/html {len(page)}\n".encode()
        + page
        + b"\n"
        + f"http://example.test/v2 1.2.3.4 20080430204827 text/html 200 - - 0 x.arc {len(page)}\n".encode()
        + page
        + b"\n"
    )
    for data in (arc, gzip.compress(arc, mtime=0)):
        assert documents(data) == {"a b": b"<p>x</p>", "v2": b"<p>x</p>"}
        assert skipped(data) == {"filedesc": 1, "response-not-http": 1}
        assert errors(data) == []
    assert [item.date for item in read(arc) if isinstance(item, ArchiveRecord)] == [
        "2008-04-30T20:48:26Z",
        "2008-04-30T20:48:27Z",
    ]


def test_a_lying_arc_length_loses_one_record() -> None:
    page = http(b"<p>x</p>")
    first = b"filedesc://x 0.0.0.0 20080430204825 text/plain 3\nabc\n"

    def arc(name: str, length: int) -> bytes:
        return f"http://example.test/{name} 1.2.3.4 20080430204826 text/html {length}\n".encode() + page + b"\n"

    for wrong in (10**9, 10_000, len(page) + 30, 5):
        data = first + arc("a", len(page)) + arc("b", wrong) + arc("c", len(page))
        assert sorted(documents(data)) == ["a", "c"], wrong
        assert [reason for _, reason in errors(data)] == ["wrong-content-length"]


# Damage: each case loses the record it strikes and no other, and is counted with its place ---------------------------


@pytest.mark.parametrize("length", [10**17, 20 << 20, 100_000, len(B) + 100, 20, 1, 0])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped, zstandard.compress])
def test_a_wrong_content_length_loses_one_record(length: int, pack: object) -> None:
    lying = record("b", length=length)
    data = zipped(A, lying, C) if pack is zipped else pack(A + lying + C)  # type: ignore[operator]
    assert documents(data) == WITHOUT_B
    assert [reason for _, reason in errors(data)] in (["wrong-content-length"], ["truncated-record"])


@pytest.mark.parametrize("value", ["-5", "abc", "", "1" * 30, "1.5", "٣"])
def test_an_invalid_content_length_loses_one_record(value: str) -> None:
    data = A + record("b", length=value) + C
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(A), "bad-content-length")]


def test_a_truncated_gzip_member_loses_one_record() -> None:
    first, second = zipped(A), zipped(B)
    for cut in (3, 12, len(second) // 2, len(second) - 1):
        data = first + second[:cut] + zipped(C)
        assert documents(data) == WITHOUT_B
        assert [place for place, _ in errors(data)] == [len(first)]


def test_a_member_whose_checksum_is_wrong_loses_one_record() -> None:
    first, second = zipped(A), zipped(B)
    data = first + second[:-8] + b"\0\0\0\0" + second[-4:] + zipped(C)
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(first), "gzip-corrupt")]


def test_records_before_the_damage_of_a_whole_file_member_are_kept() -> None:
    data = gzip.compress(A + B + C, mtime=0)
    assert documents(data[:-4]) == {"a": b"<p>a</p>", "b": b"<p>b</p>"}
    assert errors(data[:-4]) == [(0, "gzip-truncated")]
    assert documents(data[:-8] + b"\0\0\0\0" + data[-4:]) == {"a": b"<p>a</p>", "b": b"<p>b</p>"}


@pytest.mark.parametrize("junk", [b"garbage!!" * 10, bytes(100), b"\x1f\x8b\x08\0" * 30, b"WARC/1.0 is a format\n"])
def test_garbage_between_members_loses_no_record(junk: bytes) -> None:
    data = zipped(A, B) + junk + zipped(C)
    assert documents(data) == INTACT
    assert [place for place, _ in errors(data)] == [len(zipped(A, B))]


def test_garbage_in_a_plain_file_spoils_at_most_the_record_before_it() -> None:
    data = A + B + b"garbage\r\n\r\n" * 5 + C
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(A), "wrong-content-length")]


def test_a_member_of_something_else_spoils_no_neighbour() -> None:
    data = zipped(A, b"not a record at all", C)
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(zipped(A)), "garbage")]


def test_a_broken_version_line_loses_one_record() -> None:
    broken = B.replace(b"WARC/1.0", b"WARX/1.0")
    assert documents(zipped(A, broken, C)) == WITHOUT_B
    assert documents(A + broken + C) == {"c": b"<p>c</p>"}  # nothing tells where the record before it ends
    assert len(errors(A + broken + C)) == 1


def test_a_header_without_end_loses_one_record() -> None:
    endless = b"WARC/1.0\r\nWARC-Type: response\r\n" + b"X: y\r\n" * 20_000
    data = A + endless + C
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(A), "bad-record-header")]


def test_a_file_that_ends_within_a_record_says_so() -> None:
    assert errors((A + B)[:-20]) == [(len(A), "truncated-record")]
    assert errors(A + B[:30]) == [(len(A), "truncated-record")]
    assert documents((A + B)[:-20]) == {"a": b"<p>a</p>"}


def test_damage_at_the_start_of_a_file_costs_what_it_strikes_and_not_the_format() -> None:
    arc = [gzip.compress(ARC_LINE % name, mtime=0) for name in (b"a", b"b")]
    stray = gzip.compress(b"hp", mtime=0)
    assert errors(stray + arc[0] + arc[1]) == [
        (0, "garbage"),
        (len(stray), "no-http-header"),
        (len(stray + arc[0]), "no-http-header"),
    ]
    assert documents(b"xx\n" + ARC_LINE % b"a" + A) == {}
    assert [reason for _, reason in errors(b"xx\n" + ARC_LINE % b"a")] == ["garbage", "no-http-header"]
    assert documents(zipped(b"xx", b"yy", A, B)) == {"a": b"<p>a</p>", "b": b"<p>b</p>"}
    assert errors(zipped(b"xx", b"yy", A, B)) == [(0, "garbage")]
    assert documents(b"\r\n\r\n" + A) == documents(zipped(b"\r\n" + A)) == {"a": b"<p>a</p>"}
    assert errors(b"\r\n\r\n" + A) == errors(zipped(b"\r\n" + A)) == []


def test_an_arc_member_of_few_bytes_does_not_swallow_the_next() -> None:
    page = http(b"<p>x</p>")
    first, last = (b"http://example.test/%b 1.2.3.4 20080430204826 text/html %d\n%b\n" % (name, len(page), page)
                   for name in (b"a", b"b"))  # fmt: skip
    data = zipped(first, b"hp", last)
    assert documents(data) == {"a": b"<p>x</p>", "b": b"<p>x</p>"}
    assert errors(data) == [(len(zipped(first)), "garbage")]


def test_files_that_are_no_archives_are_one_error() -> None:
    assert errors(zipped(*[b"hello\n"] * 300)) == [(0, "not-an-archive")]
    assert errors(b"") == [(0, "empty-file")]
    assert errors(b"hello\n" * 1000) == [(0, "not-an-archive")]
    assert errors(gzip.compress(b"hello\n" * 1000, mtime=0)) == [(0, "not-an-archive")]
    assert errors(bytes(range(256)) * 100) == [(0, "not-an-archive")]


def test_a_page_that_quotes_a_warc_file_stays_whole() -> None:
    page = b"<pre>\r\n\r\n" + C + b"</pre>"
    assert documents(A + record("b", http(page)) + C) == {**INTACT, "b": page}


def test_responses_without_http_header_or_uri_are_errors() -> None:
    data = record("a", b"no header") + record("b", uri="") + record("c")
    assert errors(data) == [(0, "no-http-header"), (len(record("a", b"no header")), "no-target-uri")]


def test_a_page_stored_without_http_header_is_a_document() -> None:
    page = b"<!DOCTYPE html><p>x</p>"
    arc = f"http://example.test/b 1.2.3.4 20080430204826 text/html {len(page)}\n".encode() + page + b"\n"
    first = b"filedesc://x 0.0.0.0 20080430204825 text/plain 3\nabc\n"
    found = [item for item in read(record("a", page)) + read(first + arc) if isinstance(item, ArchiveRecord)]
    assert [(item.body, item.status, item.content_type) for item in found] == [
        (page, None, None),
        (page, None, "text/html"),
    ]


def test_a_body_is_what_the_page_is_without_its_encodings() -> None:
    page = b"<p>" + b"x" * 1000
    chunked = b"3e8;ext=1\r\n" + page[:1000] + b"\r\n3\r\n" + page[1000:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    cases = {
        "chunked": (chunked, ["Transfer-Encoding: chunked"]),
        "decoded": (page, ["Transfer-Encoding: chunked"]),
        "gzip": (gzip.compress(page, mtime=0), ["Content-Encoding: gzip"]),
        "notgzip": (page, ["Content-Encoding: gzip", "Content-Length: 7"]),
        "deflate": (zlib.compress(page), ["Content-Encoding: deflate"]),
        "both": (b"%x\r\n" % len(gzip.compress(page, mtime=0)) + gzip.compress(page, mtime=0) + b"\r\n0\r\n\r\n",
                 ["Transfer-Encoding: chunked", "Content-Encoding: gzip"]),
    }  # fmt: skip
    data = b"".join(record(name, http(body, *headers)) for name, (body, headers) in cases.items())
    assert documents(data) == dict.fromkeys(cases, page)


def test_empty_bodies_and_nul_bytes_are_documents() -> None:
    data = record("a", http(b"")) + record("b", http(b"<p>\0\0</p>")) + record("c", b"HTTP/1.1 204 No Content\r\n")
    assert documents(data) == {"a": b"", "b": b"<p>\0\0</p>", "c": b""}


# Limits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, lambda data: gzip.compress(data, 1, mtime=0)])
def test_a_page_of_50_mb_is_counted_and_not_kept(pack: Callable[[bytes], bytes]) -> None:
    items = read(A + C) + read(pack(A) + pack(record("b", http(b"<p>word " * (50 << 17)))) + pack(C))
    uris = [item.uri for item in items if isinstance(item, ArchiveRecord)]
    assert uris == ["http://example.test/a", "http://example.test/c"] * 2
    assert [item.reason for item in items if isinstance(item, ReadError)] == ["too-large"]


def test_the_limit_is_on_the_decoded_body() -> None:
    limits = ReadingLimits(max_record_bytes=1024)
    data = record("a", http(bytes(1024))) + record(
        "b", http(gzip.compress(bytes(1025), mtime=0), "Content-Encoding: gzip")
    )
    assert [item.uri for item in read(data, limits) if isinstance(item, ArchiveRecord)] == ["http://example.test/a"]
    assert [reason for _, reason in errors(data, limits)] == ["too-large"]


def test_a_bomb_ends_after_a_bounded_stretch_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "BOMB_BYTES", 4 << 20)
    bomb = gzip.compress(record("b", b"", length=1 << 30)[:-4] + bytes(20 << 20), mtime=0)
    data = zipped(A) + bomb + zipped(C)
    assert documents(data) == WITHOUT_B
    assert errors(data) == [(len(zipped(A)), "decompression-bomb")]


def test_a_file_full_of_bombs_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "BOMB_BYTES", 1 << 20)
    data = zipped(A) + gzip.compress(bytes(900 << 10), mtime=0) * 20 + zipped(C)
    assert documents(data) == {"a": b"<p>a</p>"}
    assert [reason for _, reason in errors(data)] == ["garbage", "decompression-bomb"]


def test_members_within_members_cost_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every member's stored block holds the next members, so each breaks only where the first of them does.
    def nested(count: int) -> bytes:
        data = b"\xff" * 2000
        for _ in range(count):
            text = b"WARC/1.0\r\n" + data
            size = min(len(text), 0xFFFF)
            data = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\0" + size.to_bytes(2, "little")
            data += (size ^ 0xFFFF).to_bytes(2, "little") + text
        return data

    monkeypatch.setattr(members, "LOOK_BACK", 4096)
    data = nested(2000)
    decoded = sum(len(event) for event in members.members(io.BytesIO(data)) if isinstance(event, bytes))
    assert decoded < 20 * len(data) + members.MAX_LOOK_BACKS * 4 * 4096


def test_a_record_is_sought_at_the_start_of_lines_only() -> None:
    line = b"WARC/1.0\r\nWARC-Type: response\r\n"
    assert [WARC.find(line, fresh) for fresh in (True, False)] == [0, -1]
    assert WARC.find(line + line, False) == len(line)
    assert WARC.swallowed(line + b"\r\n" + line, False) == len(line) + 2
    arc = ARC_LINE % b"a"
    assert [ARC.find(arc, fresh) for fresh in (True, False)] == [0, -1]
    assert ARC.find(arc + arc, False) == len(arc)


# Totals --------------------------------------------------------------------------------------------------------------


def test_the_digest_of_the_raw_bytes_comes_with_reading() -> None:
    data = zipped(A, B, C) + b"junk"
    reader = HashingReader(io.BytesIO(data))
    next(iter(read_archive(reader, "x", ReadingLimits())))
    assert reader.finish() == (hashlib.sha256(data).hexdigest(), len(data))


class _Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 7) if size and size > 0 else 7)


ARC_LINE = b"http://example.test/%b 1.2.3.4 20080430204826 text/html 3\nabc\n"


@pytest.mark.parametrize(
    "data",
    [
        A + B + C,
        zipped(A, B, C),
        zstandard.compress(A + B + C),
        # A record is known by the line it starts, also where a block of the stream begins in the middle of one.
        b"filedesc://x 0.0.0.0 20080430204825 text/plain 1\nabc" + b"x" * 8300 + ARC_LINE % b"a" + b"x" * 8300,
        A + b"x" * 700 + b"WARC/1.0\r\nWARC-Type: response\r\n" + b"x" * 700 + C,
        record("a", length=10**9) + b"x" * 700 + b"WARC/1.0\r\nWARC-Type: response\r\n" + b"x" * 700 + C,
        # The format is known by a first line of any length.
        ARC_LINE % (b"y" * 4000) + ARC_LINE % b"a",
    ],
)
def test_short_reads_change_nothing(data: bytes) -> None:
    assert list(read_archive(_Dribble(data), "x.warc", ReadingLimits())) == read(data)


def test_an_error_of_the_stream_is_passed_on() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("connection lost")

    with pytest.raises(OSError, match="connection lost"):
        list(read_archive(Broken(), "x.warc", ReadingLimits()))


NAMES = [f"n{index}" for index in range(12)]
RECORDS = [record(name, http(name.encode() * (1 + 97 * index))) for index, name in enumerate(NAMES)]
ORIGINAL = {name: name.encode() * (1 + 97 * index) for index, name in enumerate(NAMES)}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_to_a_gzipped_archive_costs_only_the_members_it_strikes(data: st.DataObject) -> None:
    packed = [zipped(item) for item in RECORDS]
    starts = [sum(map(len, packed[:index])) for index in range(len(packed) + 1)]
    archive = bytearray(b"".join(packed))
    start = data.draw(st.integers(0, len(archive) - 1))
    end = min(len(archive), start + data.draw(st.integers(1, 40)))
    replacement = data.draw(st.binary(max_size=60))
    struck = {name for name, low, high in zip(NAMES, starts, starts[1:], strict=False) if low < end and start < high}
    archive[start:end] = replacement
    found = documents(bytes(archive))
    assert {name: found.get(name) for name in ORIGINAL if name not in struck} == {
        name: body for name, body in ORIGINAL.items() if name not in struck
    }
    lost = [name for name in struck if found.get(name) != ORIGINAL[name]]
    whole = bytes(archive) in (b"".join(packed[:index] + packed[other:])
                               for index in range(13) for other in range(index, 13))  # fmt: skip
    assert not lost or errors(bytes(archive)) or whole


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([A, B, zipped(C), A[:60], b"\r\n\r\n"])), max_size=6))
def test_no_bytes_make_reading_raise(parts: list[bytes]) -> None:
    items = read(b"".join(parts))
    assert isinstance(items[-1], Skipped)
    assert all(isinstance(item, ArchiveRecord | ReadError) for item in items[:-1])


# Pages that are not whole --------------------------------------------------------------------------------------------


def test_a_page_that_is_not_whole_says_why() -> None:
    page = gzip.compress(b"<p>word</p>" * 400, mtime=0)
    data = b"".join(
        [
            record("whole"),
            record("cut", fields=["WARC-Truncated: length"]),
            record("odd", fields=["WARC-Truncated: ???"]),
            record("segment", fields=["WARC-Segment-Number: 1"]),
            record("chunks", http(b"5\r\n<p>x<\r\n5\r\n", "Transfer-Encoding: chunked")),
            record("gzip", http(page[:-12], "Content-Encoding: gzip")),
        ]
    )
    found = {item.uri.rpartition("/")[2]: item.truncated for item in read(data) if isinstance(item, ArchiveRecord)}
    assert found == {
        "whole": None, "cut": "length", "odd": "unspecified", "segment": "segment", "chunks": "encoding",
        "gzip": "encoding",
    }  # fmt: skip


def test_the_first_segment_of_a_record_is_read_and_the_others_are_counted() -> None:
    later = [f"WARC-Segment-Number: {number}" for number in (2, 3)]
    data = record("a", fields=["WARC-Segment-Number: 1"])
    data += b"".join(
        record(f"c{place}", b"more", kind="continuation", fields=["WARC-Segment-Origin-ID: <urn:uuid:a>", number])
        for place, number in enumerate(later)
    )
    assert documents(data) == {"a": b"<p>a</p>"}
    assert skipped(data) == {"continuation": 2}
