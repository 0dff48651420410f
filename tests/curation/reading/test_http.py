from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from curation.reading.http import BodyError, dechunk, decode_body, media_type, parse_head

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


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"3\nabc\n0\n\n", b"abc"),
        (b"3\r\nabc\r\n", b"abc"),
        (b"ff\r\nabc", b"abc"),
        (b"<html>not chunked", b"<html>not chunked"),
        (b"", b""),
        (b"0\r\n\r\n", b""),
    ],
)
def test_chunks_are_joined(body: bytes, expected: bytes) -> None:
    assert dechunk(body) == expected


@pytest.mark.parametrize("body", [b"3\r\nabcdef\r\n0\r\n\r\n", b"3\r\nabc\r\nxyz\r\n"])
def test_wrong_chunk_sizes_are_an_error(body: bytes) -> None:
    with pytest.raises(BodyError) as caught:
        dechunk(body)
    assert caught.value.reason == "bad-chunks"


ENCODED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.compress(PAGE),
    "identity": PAGE,
    "utf-8": PAGE,
    "gzip, br": brotli.compress(gzip.compress(PAGE)),
}


@pytest.mark.parametrize("name", ENCODED)
def test_content_encodings_are_undone(name: str) -> None:
    assert decode_body(ENCODED[name], {"content-encoding": name.upper()}, LIMIT) == PAGE


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_body_stored_decoded_is_taken_as_it_is(name: str) -> None:
    assert decode_body(PAGE, {"content-encoding": name}, LIMIT) == PAGE
    assert decode_body(b"", {"content-encoding": name}, LIMIT) == b""


def test_a_bare_deflate_stream_is_understood() -> None:
    assert decode_body(zlib.compress(PAGE)[2:-4], {"content-encoding": "deflate"}, LIMIT) == PAGE


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
def test_a_body_cut_short_keeps_what_can_be_decoded(name: str) -> None:
    found = decode_body(ENCODED[name][:-6], {"content-encoding": name}, LIMIT)
    assert PAGE.startswith(found)
    assert len(found) > 6 or name == "br"


def test_a_corrupt_body_is_an_error() -> None:
    broken = bytearray(gzip.compress(bytes(range(256)) * 20))
    broken[20:60] = b"\xff" * 40
    with pytest.raises(BodyError) as caught:
        decode_body(bytes(broken), {"content-encoding": "gzip"}, LIMIT)
    assert caught.value.reason == "bad-content-encoding"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_too_large_and_what_is_at_the_limit_is_whole(name: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}[name]
    with pytest.raises(BodyError) as caught:
        decode_body(pack(bytes(LIMIT + 1)), {"content-encoding": name}, LIMIT)
    assert caught.value.reason == "too-large"
    assert decode_body(pack(bytes(LIMIT)), {"content-encoding": name}, LIMIT) == bytes(LIMIT)


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
