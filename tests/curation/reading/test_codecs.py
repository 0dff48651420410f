from __future__ import annotations

import gzip
import hashlib
import io
import zlib

import pytest
import zstandard

from curation.reading import members
from curation.reading.codecs import MAX_DICTIONARY, ZSTD, Inflater, beginning
from curation.reading.records import ReadError
from curation.reading.sources import sniff
from tests.curation.reading.archive_bytes import documents, errors, http, read, record

A, B, C = (record(name) for name in "abc")
INTACT = {"a": b"<p>a</p>", "b": b"<p>b</p>", "c": b"<p>c</p>"}


DICTIONARY = bytes(
    zstandard.train_dictionary(
        4096, [record(f"sample{number}", b"text " * (number % 7) + b"%d" % (number * 7919)) for number in range(400)]
    ).as_bytes()
)
WITH = zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(DICTIONARY), write_checksum=True)


def frame(data: bytes, kind: int = 0xD, size: int | None = None) -> bytes:
    """A skippable frame of a kind from 0 to 15; 13 is the IIPC's dictionary frame."""
    return bytes([0x50 + kind]) + b"\x2a\x4d\x18" + (len(data) if size is None else size).to_bytes(4, "little") + data


def packed(*records: bytes) -> bytes:
    return b"".join(WITH.compress(item) for item in records)


@pytest.mark.parametrize(
    "data",
    [
        frame(DICTIONARY) + packed(A, B, C),
        frame(zstandard.compress(DICTIONARY)) + packed(A, B, C),
        frame(DICTIONARY) + packed(A + B + C),
        frame(DICTIONARY) + packed(A) + frame(b"padding", kind=0) + packed(B, b"") + frame(b"", kind=15) + packed(C),
        frame(DICTIONARY) + packed(A[:80], A[80:], B, C),
        frame(DICTIONARY) + packed(A) + frame(DICTIONARY) + packed(B, C),
        frame(DICTIONARY) + zstandard.compress(A) + packed(B, C),
    ],
    ids=[
        "plain", "compressed", "whole-file", "extension-frames", "record-in-two-frames", "concatenated-files",
        "frame-without-dictionary",
    ],
)  # fmt: skip
def test_a_dictionary_frame_serves_the_frames_after_it(data: bytes) -> None:
    assert documents(data) == INTACT
    assert errors(data) == []
    assert sniff(io.BytesIO(data)) == "warc"


def test_damage_right_after_the_dictionary_does_not_cost_the_dictionary() -> None:
    data = frame(DICTIONARY) + b"XXXX" + packed(A)[4:] + packed(B, C)
    assert documents(data) == {"b": b"<p>b</p>", "c": b"<p>c</p>"}
    assert errors(data) == [(len(frame(DICTIONARY)), "garbage")]


def test_a_damaged_frame_loses_its_record_only_with_a_dictionary_too() -> None:
    start, middle, end = frame(DICTIONARY) + packed(A), bytearray(packed(B)), packed(C)
    middle[-6:] = b"\0" * 6
    assert documents(start + middle + end) == {"a": b"<p>a</p>", "c": b"<p>c</p>"}
    assert errors(start + middle + end) == [(len(start), "zstd-corrupt")]


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        (frame(b"not a dictionary"), "the dictionary frame holds no dictionary"),
        (frame(DICTIONARY[:40]), "could not create decompression dict"),
        (frame(zstandard.compress(DICTIONARY)[:-900]), "the dictionary frame holds no dictionary"),
        (frame(b"", size=MAX_DICTIONARY + 1), "a frame to be skipped of 8388609 bytes, the limit is 8388608"),
        (frame(zstandard.compress(bytes(MAX_DICTIONARY + 1))), "the dictionary unpacks to more than 8388608 bytes"),
    ],
)
def test_a_broken_dictionary_is_one_error_and_costs_the_frames_that_need_it(broken: bytes, detail: str) -> None:
    data = broken + packed(A, B) + zstandard.compress(C)
    assert documents(data) == {"c": b"<p>c</p>"}
    found = [item for item in read(data) if isinstance(item, ReadError)]
    assert found == [ReadError("x.warc", 0, "zstd-dictionary", detail)]


def test_frames_whose_dictionary_is_missing_are_counted() -> None:
    assert documents(packed(A, B)) == {}
    assert [reason for _, reason in errors(packed(A, B))] == ["zstd-corrupt"]


@pytest.mark.parametrize("size", [1 << 31, 5000, 3])
def test_an_extension_frame_that_lies_about_its_size_hides_no_record(size: int) -> None:
    lying = frame(b"padding", kind=0, size=size)
    data = zstandard.compress(A) + lying + zstandard.compress(B) + zstandard.compress(C)
    assert documents(data) == INTACT
    assert errors(data) == [(len(zstandard.compress(A)), "zstd-corrupt")]


def test_a_file_full_of_dictionaries_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "BOMB_BYTES", 1 << 16)
    large = frame(zstandard.compress(DICTIONARY + bytes(1 << 18)))
    assert documents(large + packed(A)) == {}  # of another dictionary
    data = large * 20 + frame(DICTIONARY) + packed(A)
    assert (documents(data), [reason for _, reason in errors(data)]) == ({}, ["decompression-bomb"])


def test_a_file_cut_within_its_dictionary_says_so() -> None:
    assert errors(frame(DICTIONARY)[:100]) == [(0, "zstd-dictionary")]


def _page(name: str) -> bytes:
    words = b" ".join(hashlib.sha256(b"%s %d" % (name.encode(), number)).hexdigest().encode() for number in range(3000))
    return record(name, http(words))


def test_zstd_members_of_long_blocks_are_found_after_damage_and_known_by_sight() -> None:
    first, second, third = (zstandard.ZstdCompressor(write_checksum=True).compress(_page(name)) for name in "abc")
    broken = bytearray(second)
    broken[5000:5100] = bytes(100)
    data = first + bytes(broken) + third
    assert len(first) > 90_000
    assert list(documents(data)) == ["a", "c"]
    assert errors(data) == [(len(first), "zstd-corrupt")]
    assert sniff(io.BytesIO(data)) == "warc"


def test_no_more_than_the_first_block_is_unpacked_to_see_how_a_member_begins() -> None:
    assert len(beginning(zstandard.compress(b"WARC/1.0" + bytes(3 << 20)), ZSTD)) <= 128 << 10
    repeated = b"\x28\xb5\x2f\xfd\x20\x08\x43\0\0W"  # a frame of 8 bytes, all of them W
    assert zstandard.decompress(repeated) == b"W" * 8
    assert beginning(repeated, ZSTD) == b""


def test_text_before_the_damage_is_the_same_however_it_is_found() -> None:
    packed = bytearray(gzip.compress(_page("a"), mtime=0))
    packed[9000:9003] = b"\xff\xff\xff"
    naive, whole = zlib.decompressobj(31), bytearray()
    with pytest.raises(zlib.error):
        for place in range(len(packed)):
            whole += naive.decompress(packed[place : place + 1])
    found = bytearray()
    with pytest.raises(zlib.error):
        for part in Inflater().feed(bytes(packed)):
            found += part
    assert found == whole
    assert len(found) > 9000
