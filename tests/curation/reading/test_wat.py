import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from curation.reading.wat import MAX_JSON_BYTES, MAX_URL, MAX_VALUE, PageLink, PageMetadata, is_wat
from tests.curation.reading.wat_bytes import WARCINFO, anchor, envelope, metadata, page

REAL = Path(__file__).parents[3] / "../shared/data/crawl"


def read(data: bytes, **limits: Any) -> list[ArchiveRecord | PageMetadata | ReadError | Skipped]:
    return list(read_archive(io.BytesIO(data), "x.wat", ReadingLimits(**limits)))


def only(data: bytes) -> PageMetadata:
    (found,) = (item for item in read(data) if isinstance(item, PageMetadata))
    return found


def counts(data: bytes) -> dict[str, int]:
    (last,) = (item for item in read(data) if isinstance(item, Skipped))
    return dict(last.counts)


def reasons(data: bytes, **limits: Any) -> list[tuple[int | None, str]]:
    return [(item.offset, item.reason) for item in read(data, **limits) if isinstance(item, ReadError)]


def with_html(**html: Any) -> bytes:
    document = envelope("https://a.test/dir/page")
    document["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"] = html
    return metadata(document)


def test_a_record_becomes_the_metadata_of_a_page() -> None:
    document = envelope(
        "https://a.test/dir/page", [anchor("../x", rel="nofollow"), {"path": "IMG@/src", "url": "/i.png", "alt": "I"}],
        record="urn:uuid:1", head={"Title": "  A\n title ", "Metas": [{"name": "a", "content": "b"}]},
        headers={"Content-Type": "text/html", "X-Robots-Tag": ["noai", "noindex"], "Server": "x"},
    )  # fmt: skip
    found = only(WARCINFO + metadata(document, refers_to="urn:uuid:2"))
    assert found == PageMetadata(
        uri="https://a.test/dir/page", record_id="urn:uuid:2", date="2026-05-01T00:00:00Z", offset=len(WARCINFO),
        inner_offset=0, container="x.warc.gz", container_offset=4711, status=200,
        headers=(("content-type", "text/html"), ("x-robots-tag", "noai, noindex")), title="A title",
        base="https://a.test/dir/page", links=(PageLink("A@/href", "../x", "nofollow"), PageLink("IMG@/src", "/i.png")),
    )  # fmt: skip


def test_without_warc_refers_to_the_id_in_the_envelope_names_the_record() -> None:
    record = metadata(envelope("https://a.test/", record="urn:uuid:1"), refers_to=None)
    assert only(record).record_id == "urn:uuid:1"


def test_the_date_is_that_of_the_capture_and_not_of_the_extraction() -> None:
    assert only(page("https://a.test/")).date == "2026-05-01T00:00:00Z"


def test_an_arc_record_is_known_by_uri_and_the_date_of_the_wat_record() -> None:
    document = envelope("https://a.test/")
    del document["Envelope"]["WARC-Header-Metadata"]
    document["Envelope"]["ARC-Header-Metadata"] = {"Target-URI": "http://arc.test/", "Date": "20260509010203"}
    found = only(metadata(document, refers_to="urn:arc:x.arc.gz:77"))
    assert (found.uri, found.date, found.record_id) == (
        "http://arc.test/",
        "2026-05-09T01:02:03Z",
        "urn:arc:x.arc.gz:77",
    )


@pytest.mark.parametrize(
    ("base", "url", "expected"),
    [
        (None, "x?y", "https://a.test/dir/x?y"),
        (None, "/x", "https://a.test/x"),
        (None, "//b.test/x", "https://b.test/x"),
        (None, "\\\\b.test\\x", "https://b.test/x"),
        (None, " HTTPS://B.test/\n ", "HTTPS://B.test/"),
        (None, "ht\ntp://b.test/", "http://b.test/"),
        (None, "#top", None),
        (None, "", None),
        (None, "mailto:a@b.test", None),
        (None, "javascript:void(0)", None),
        (None, "http://[b.test/x", "http://[b.test/x"),
        (None, "//[b.test/x", None),
        (None, "x" * (MAX_URL + 1), None),
        ("https://base.test/b/", "x", "https://base.test/b/x"),
        ("/b/", "x", "https://a.test/b/x"),
        ("mailto:x", "x", "https://a.test/dir/x"),
        ("http://[", "x", None),
    ],
)
def test_links_resolve_as_browsers_resolve_them(base: str | None, url: str, expected: str | None) -> None:
    head = {"Base": base} if base is not None else {}
    found = only(with_html(Head=head, Links=[anchor(url)]))
    assert found.resolve(found.links[0]) == expected


@pytest.mark.parametrize(
    ("rel", "vouched"),
    [("", True), ("noopener", True), ("NoFollow", False), ("external ugc", False), ("noopener,sponsored", False)],
)
def test_a_page_does_not_vouch_for_what_it_marks(rel: str, vouched: bool) -> None:
    assert PageLink("A@/href", "x", rel).vouched is vouched


def test_records_about_no_page_are_counted_by_kind() -> None:
    request = envelope("https://a.test/", kind="request")
    bare = envelope("https://a.test/")
    del bare["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
    data = [WARCINFO, page("https://a.test/"), metadata(request), metadata(bare), page("dns:a.test")]
    data += [metadata({"pages": []}), metadata(b"software: x", media="application/warc-fields"), metadata([1])]
    assert counts(b"".join(data)) == {
        "metadata": 3, "warcinfo": 1, "wat-request": 1, "wat-page": 1, "wat-response": 1, "wat-response-not-http": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    "block", [b"", b"{", b'{"Envelope": ', b"[" * 200_000, b'{"a":' * 100_000, b"1" * 5000, b"\xff\xfe\x00"]
)
def test_what_is_no_json_is_one_error_and_reading_goes_on(block: bytes) -> None:
    data = WARCINFO + metadata(block) + page("https://a.test/")
    assert reasons(data) == [(len(WARCINFO), "bad-json")]
    assert only(data).uri == "https://a.test/"


def test_json_metadata_of_other_tools_is_no_error_when_it_cannot_be_read() -> None:
    blocks = [b"{", b'{"pages": []}', b"x" * (MAX_JSON_BYTES + 1)]
    data = b"".join(metadata(block, refers_to=None) for block in blocks)
    assert (reasons(data), counts(data)) == ([], {"metadata": 3})


def test_a_record_over_the_limit_is_an_error() -> None:
    big = page("https://a.test/", *[f"/{n}" for n in range(3000)])
    assert reasons(big, max_record_bytes=4096) == [(0, "too-large")]
    assert reasons(metadata(b'{"a": "' + b"x" * MAX_JSON_BYTES + b'"}')) == [(0, "too-large")]


@pytest.mark.parametrize(
    "html",
    [
        {}, {"Links": {}}, {"Links": [1, None, [], {}, {"url": 1}, {"path": "A@/href"}]}, {"Head": [], "Links": "x"},
        {"Head": {"Title": None, "Base": 5}}, {"Head": {"Title": {}}},
    ],
)  # fmt: skip
def test_parts_that_are_missing_or_of_another_type_are_nothing(html: dict[str, Any]) -> None:
    assert only(with_html(**html)).links == ()


def test_a_value_that_was_repeated_is_a_list_of_which_the_first_counts() -> None:
    found = only(with_html(Head={"Title": ["one", "two"], "Base": ["https://b.test/", "https://c.test/"]}))
    assert (found.title, found.base) == ("one", "https://b.test/")


def test_values_are_bounded_and_can_be_written_as_utf8() -> None:
    document = envelope(
        "https://a.test/", head={"Title": "\ud800" + "x" * 10_000}, headers={"Content-Type": "y" * 9999}
    )
    found = only(metadata(document))
    assert found.title == "?" + "x" * (MAX_VALUE - 1)
    assert found.headers == (("content-type", "y" * MAX_VALUE),)


def test_a_wat_file_is_told_from_other_archives_by_content() -> None:
    from tests.curation.reading.archive_bytes import record

    wat = WARCINFO + page("https://a.test/")
    assert is_wat(io.BytesIO(wat))
    assert is_wat(io.BytesIO(gzip.compress(WARCINFO, mtime=0) + gzip.compress(page("https://a.test/"), mtime=0)))
    assert not is_wat(io.BytesIO(WARCINFO + record("a") + page("https://a.test/")))
    assert not is_wat(io.BytesIO(WARCINFO))
    assert not is_wat(io.BytesIO(b""))
    assert not is_wat(io.BytesIO(b"\x00" * 5000))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    ("Container",), ("Container", "Offset"), ("Envelope",), ("Envelope", "WARC-Header-Metadata"),
    ("Envelope", "WARC-Header-Metadata", "WARC-Target-URI"), ("Envelope", "WARC-Header-Metadata", "WARC-Type"),
    ("Envelope", "Payload-Metadata"), ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata"),
    ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "Headers"),
    ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "Response-Message", "Status"),
    ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "HTML-Metadata", "Head"),
    ("Envelope", "Payload-Metadata", "HTTP-Response-Metadata", "HTML-Metadata", "Links"),
    ("Envelope", "ARC-Header-Metadata"),
]  # fmt: skip


@given(st.sampled_from(PATHS), values)
def test_whatever_stands_in_a_place_every_record_is_accounted_for(path: tuple[str, ...], value: Any) -> None:
    document: Any = envelope("https://a.test/", [anchor("/x")])
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    found = read(metadata(json.dumps(document).encode()))
    pages = [item for item in found if isinstance(item, PageMetadata)]
    (last,) = (item for item in found if isinstance(item, Skipped))
    assert sum(last.counts.values()) + sum(isinstance(item, ReadError) for item in found) == 1
    assert len(pages) == last.counts.get("wat-page", 0)
    for item in pages:
        assert all(isinstance(item.resolve(link), str | None) for link in item.links)
        str(item).encode()


@pytest.mark.realdata
def test_the_wat_of_the_whirlwind_page_describes_its_request() -> None:
    path = REAL / "cc_whirlwind/whirlwind.warc.wat.gz"
    if not path.exists():
        pytest.skip("shared data are not here")
    data = path.read_bytes()
    assert is_wat(io.BytesIO(data))
    assert counts(data) == {"warcinfo": 1, "wat-request": 1}
    assert reasons(data) == []


@pytest.mark.realdata
def test_the_wet_of_the_whirlwind_page_refers_to_the_record_of_its_warc() -> None:
    folder = REAL / "cc_whirlwind"
    if not folder.exists():
        pytest.skip("shared data are not here")
    (warc,) = (item for item in read((folder / "whirlwind.warc.gz").read_bytes()) if isinstance(item, ArchiveRecord))
    (wet,) = (item for item in read((folder / "whirlwind.warc.wet.gz").read_bytes()) if isinstance(item, ArchiveRecord))
    assert wet.refers_to == warc.record_id == "urn:uuid:2aabeff2-67f5-4608-8466-e87c6296e2b6"
    assert (wet.uri, wet.date) == (warc.uri, warc.date)
