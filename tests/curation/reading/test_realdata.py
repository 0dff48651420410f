"""Every real archive at hand reads to the end; `pytest -m realdata -s` prints the table of what is in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.extraction import extract_text, is_html
from curation.reading.archives import read_archive
from curation.reading.members import HashingReader
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from curation.reading.sources import expand
from manifests.digests import digest_stream

CRAWL = Path(__file__).parents[3] / "../shared/data/crawl"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not CRAWL.is_dir(), reason="../shared/data/crawl is not here"),
]

# Counted by hand or by `zgrep -ac '^WARC-Type: response'` and the like, and compared with warcio 1.8:
# documents, HTML pages among them, records skipped, errors by reason.
COUNTED: dict[str, tuple[int, int, int, dict[str, int]]] = {
    "cc_whirlwind/whirlwind.warc.gz": (1, 1, 3, {}),
    "cc_whirlwind/whirlwind.warc.wet.gz": (1, 0, 1, {}),
    "cc_whirlwind/whirlwind.warc.wat.gz": (0, 0, 2, {}),
    "constructed_warc/wcxb_dev_200.warc.gz": (200, 200, 1, {}),
    "constructed_wet/documents.warc.wet.gz": (1017, 0, 1, {}),
    "aut/example.warc.gz": (261, 140, 561, {}),
    "aut/example.arc.gz": (261, 140, 39, {}),
    "aut/badexample.arc.gz": (1, 0, 2, {"wrong-content-length": 2, "truncated-record": 1}),
    "ipwb/broken.warc": (1, 1, 4, {"wrong-content-length": 1}),
    "ipwb/variableSizedDates.warc": (4, 4, 1, {}),
    "ipwb/redirect.warc": (0, 0, 1, {"truncated-record": 1}),
    "iipc_specs/hello-world.warc": (1, 0, 5, {}),
    "pywb/bad.arc": (0, 0, 0, {"bad-content-length": 3, "no-http-header": 1}),
    "pywb/example-extra.warc": (1, 1, 4, {"no-http-header": 1}),
    "pywb/missing-status-text.warc": (1, 0, 0, {}),
    "pywb/iana.warc.gz": (48, 20, 295, {}),
    "warcio/example-trunc.warc": (0, 0, 3, {"wrong-content-length": 1}),
    "warcio/example-wrong-chunks.warc.gz": (1, 1, 1, {}),
    "warcio/example-bad-non-chunked.warc.gz": (1, 1, 5, {}),
    "webarchive_commons/src__test__resources__org__archive__format__warc__IAH-urls-wget.warc": (16, 11, 20, {}),
    "aut/SOURCE.txt": (0, 0, 0, {"not-an-archive": 1}),
}


def read(path: Path) -> Iterator[ArchiveRecord | ReadError | Skipped]:
    with path.open("rb") as stream:
        yield from read_archive(stream, str(path), ReadingLimits())


def summary(path: Path) -> tuple[int, int, int, dict[str, int]]:
    documents = pages = skipped = 0
    errors: Counter[str] = Counter()
    for item in read(path):
        if isinstance(item, ArchiveRecord):
            documents += 1
            pages += item.kind != "conversion" and is_html(item.content_type, item.body)
        elif isinstance(item, ReadError):
            errors[item.reason] += 1
        else:
            skipped = sum(item.counts.values())
    return documents, pages, skipped, dict(errors)


def test_every_archive_reads_to_its_end() -> None:
    for path in sorted(path for path in CRAWL.rglob("*") if path.is_file()):
        documents, pages, skipped, errors = summary(path)
        print(f"{path.relative_to(CRAWL)!s:110} {documents:5} {pages:5} {skipped:5}  {errors or ''}")
        assert documents + skipped + sum(errors.values()) > 0


@pytest.mark.parametrize("name", COUNTED)
def test_what_an_archive_holds(name: str) -> None:
    assert summary(CRAWL / name) == COUNTED[name]


def test_the_same_crawl_as_warc_and_as_arc_holds_the_same_bodies() -> None:
    bodies = [
        Counter(
            (item.uri, item.payload_digest) for item in read(CRAWL / "aut" / name) if isinstance(item, ArchiveRecord)
        )
        for name in ("example.warc.gz", "example.arc.gz")
    ]
    assert bodies[0] == bodies[1]


def test_every_page_gives_text_or_none_and_never_raises() -> None:
    for path in sorted(path for path in CRAWL.rglob("*") if path.is_file()):
        for item in read(path):
            if isinstance(item, ArchiveRecord) and item.kind != "conversion" and is_html(item.content_type, item.body):
                extract_text(item.body, content_type=item.content_type).encode()


def test_a_folder_expands_to_its_archives() -> None:
    found = expand([str(CRAWL)], "archive")
    names = {Path(item.uri).name for item in found.files}
    assert {"whirlwind.warc.wet.gz", "sample.warc.txt", "example.arc.gz", "bad.arc"} <= names
    assert {Path(item.uri).suffix for item in found.skipped} <= {".txt", "", ".gz"}
    assert not any(Path(item.uri).name.startswith("SOURCE") for item in found.files)


def test_the_digest_of_an_archive_comes_with_reading() -> None:
    path = CRAWL / "pywb/iana.warc.gz"
    with path.open("rb") as stream, path.open("rb") as again:
        reader = HashingReader(stream)
        for _ in read_archive(reader, str(path), ReadingLimits()):
            pass
        assert reader.finish() == digest_stream(again)
