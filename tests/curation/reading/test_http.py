from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curation.reading.http import Body, BodyError, dechunk, decode_body, is_bare_page, media_type, parse_head

LIMIT = 1 << 20
PAGE = b"<html>" + b"words " * 500


def test_status_and_headers_of_a_response() -> None:
    head = parse_head(b"HTTP/1.1 200\r\nA: 1\r\nA: 2\r\nLong: x\r\n  y\r\nnonsense\r\n\r\nbody", 1000)
    assert (head.status, head.headers, head.body_start) == (200, {"a": "1, 2", "long": "x y"}, 52)


def test_interim_responses_are_passed_over() -> None:
    assert parse_head(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\nx", 1000).status == 404


@pytest.mark.parametrize("block", [b"", b"\n", b"<html>", b"HTTP/1.1 abc\r\n\r\n", b"HTTPX/1.1 200 OK\r\n\r\n"])
def test_a_block_without_http_header_says_so(block: bytes) -> None:
    with pytest.raises(BodyError, match="begins with") as caught:
        parse_head(block, 1000)
    assert caught.value.reason == "no-http-header"


def test_a_header_without_end_is_refused_at_the_limit() -> None:
    with pytest.raises(BodyError) as caught:
        parse_head(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000, 1000)
    assert caught.value.reason == "bad-http-header"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html; charset=UTF-8", ("text/html", "utf-8")),
        ("TEXT/HTML;charset='gb2312'", ("text/html", "gb2312")),
        ("text/html, text/html; charset=x", ("text/html", "x")),
        ("charset=latin1", (None, "latin1")),
        ("nonsense", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_media_type_and_charset(value: str | None, expected: tuple[str | None, str | None]) -> None:
    assert media_type(value) == expected


@pytest.mark.parametrize("start", [b"\n", b"\r\n\r\n"])
def test_line_ends_before_the_status_line_are_passed_over(start: bytes) -> None:
    head = parse_head(start + b"HTTP/1.0 200 OK\r\nA: 1\r\n\r\nx", 1000)
    assert (head.status, head.headers) == (200, {"a": "1"})


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"<html>", True),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE html>", True),
        (b"<P align=left>", True),
        (b"<br>", True),
        (b"<!-- x -->", True),
        (b"<htmlx>", False),
        (b"<rss>", False),
        (b"Hola mundo", False),
        (b"", False),
    ],
)
def test_a_page_without_http_header_is_known_by_its_first_tag(block: bytes, expected: bool) -> None:
    assert is_bare_page(block) is expected


@pytest.mark.parametrize(
    ("body", "content", "whole"),
    [
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", True),
        (b"3\nabc\n0\n\n", b"abc", True),
        (b"3\r\nabc\r\n", b"abc", False),
        (b"ff\r\nabc", b"abc", False),
        (b"3\r\nabc\r\nxyz\r\n", b"abc", False),
        (b"3\r\nabc\r\n2\r\ndefgh\r\n0\r\n\r\n", b"abcde", False),
        (b"<html>not chunked", b"<html>not chunked", True),
        (b"", b"", True),
        (b"0\r\n\r\n", b"", True),
    ],
)
def test_chunks_are_joined_up_to_where_they_break(body: bytes, content: bytes, whole: bool) -> None:
    assert dechunk(body) == Body(content, whole)


def test_a_body_whose_first_chunk_is_wrong_is_an_error() -> None:
    with pytest.raises(BodyError) as caught:
        dechunk(b"3\r\nabcdef\r\n0\r\n\r\n")
    assert caught.value.reason == "bad-chunks"


ENCODED = {
    "gzip": gzip.compress(PAGE, mtime=0),
    "x-gzip": gzip.compress(PAGE, mtime=0),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.compress(PAGE),
    "identity": PAGE,
    "utf-8": PAGE,
    "gzip, br": brotli.compress(gzip.compress(PAGE, mtime=0)),
}


@pytest.mark.parametrize("name", ENCODED)
def test_content_encodings_are_undone(name: str) -> None:
    assert decode_body(ENCODED[name], {"content-encoding": name.upper()}, LIMIT) == Body(PAGE, True)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_body_stored_decoded_is_taken_as_it_is(name: str) -> None:
    assert decode_body(PAGE, {"content-encoding": name}, LIMIT) == Body(PAGE, True)
    assert decode_body(b"", {"content-encoding": name}, LIMIT) == Body(b"", True)


def test_a_bare_deflate_stream_is_understood() -> None:
    assert decode_body(zlib.compress(PAGE)[2:-4], {"content-encoding": "deflate"}, LIMIT) == Body(PAGE, True)


LONG = " ".join(f"{number * number * 2654435761 % (1 << 32):x}" for number in range(60_000)).encode()
PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("name", PACK)
def test_a_body_cut_short_keeps_what_can_be_decoded(name: str) -> None:
    packed = PACK[name](LONG)
    found = decode_body(packed[: len(packed) // 2], {"content-encoding": name}, LIMIT)
    assert LONG.startswith(found.content)
    assert len(found.content) > len(LONG) // 4
    assert not found.whole


@pytest.mark.parametrize("name", PACK)
def test_a_body_that_breaks_down_keeps_what_came_before(name: str) -> None:
    packed = bytearray(PACK[name](LONG))
    middle = len(packed) // 2
    packed[middle : middle + 4000] = bytes(range(256)) * 16
    found = decode_body(bytes(packed), {"content-encoding": name}, LIMIT)
    assert found.content[: len(LONG) // 4] == LONG[: len(LONG) // 4]
    assert not found.whole


def test_a_wrong_checksum_spoils_no_body_but_says_so() -> None:
    packed = gzip.compress(PAGE, mtime=0)
    broken = packed[:-8] + b"\0\0\0\0" + packed[-4:]
    assert decode_body(broken, {"content-encoding": "gzip"}, LIMIT) == Body(PAGE, False)


def test_gzip_members_follow_one_another_and_what_is_no_member_is_left() -> None:
    body = gzip.compress(PAGE, mtime=0) + gzip.compress(b"end", mtime=0) + b"\0\0junk"
    assert decode_body(body, {"content-encoding": "gzip"}, LIMIT) == Body(PAGE + b"end", True)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff\0" * 20),
        ("deflate", b"\x78\x9c" + b"\xff\0" * 20),
        ("deflate", b"\0\4\0\xfb\xffjunk" + b"\xff\0" * 20),
        ("br", b"\xff\0" * 20),
        ("zstd", b"\x28\xb5\x2f\xfd" + b"\xff\0" * 20),
    ],
)
def test_a_body_of_which_nothing_can_be_decoded_is_an_error(name: str, body: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        decode_body(body, {"content-encoding": name}, LIMIT)
    assert caught.value.reason == "bad-content-encoding"


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_is_too_large_and_what_is_at_the_limit_is_whole(name: str) -> None:
    pack = PACK[name]
    with pytest.raises(BodyError) as caught:
        decode_body(pack(bytes(LIMIT + 1)), {"content-encoding": name}, LIMIT)
    assert caught.value.reason == "too-large"
    assert decode_body(pack(bytes(LIMIT)), {"content-encoding": name}, LIMIT) == Body(bytes(LIMIT), True)


def test_many_layers_of_encoding_are_refused() -> None:
    with pytest.raises(BodyError, match="5 content encodings"):
        decode_body(PAGE, {"content-encoding": "gzip,gzip,gzip,gzip,gzip"}, LIMIT)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd", "chunked"]), st.binary(max_size=8))
def test_no_body_raises_anything_but_a_body_error(body: bytes, name: str, start: bytes) -> None:
    header = "transfer-encoding" if name == "chunked" else "content-encoding"
    magic = {"gzip": b"\x1f\x8b\x08\0", "zstd": b"\x28\xb5\x2f\xfd"}.get(name, start)
    for candidate in (body, magic + body):
        try:
            decode_body(candidate, {header: name}, LIMIT)
        except BodyError as error:
            assert error.reason in {"bad-chunks", "bad-content-encoding", "too-large"}
