"""Every real archive at hand reads to the end; `pytest -m realdata -s` prints the table of what is in each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastArchiveIterator
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.exceptions import ArchiveLoadFailed  # type: ignore[import-untyped]

from curation.extraction import extract_text, is_html
from curation.reading.archives import read_archive
from curation.reading.members import HashingReader
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, Skipped
from curation.reading.sources import expand
from curation.reading.wat import PageMetadata
from manifests.digests import digest_stream
from tests.curation.reading.crawl_counts import COUNTED

CRAWL = Path(__file__).parents[3] / "../shared/data/crawl"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not CRAWL.is_dir(), reason="../shared/data/crawl is not here"),
]


def read(path: Path) -> Iterator[ArchiveRecord | PageMetadata | ReadError | Skipped]:
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
        elif isinstance(item, Skipped):
            skipped = sum(item.counts.values())
    return documents, pages, skipped, dict(errors)


def test_every_archive_reads_to_its_end_and_holds_what_was_counted() -> None:
    found = {}
    for path in sorted(path for path in CRAWL.rglob("*") if path.is_file()):
        documents, pages, skipped, errors = summary(path)
        if errors != {"not-an-archive": 1}:
            found[str(path.relative_to(CRAWL))] = documents, pages, skipped, errors
            print(f"{path.relative_to(CRAWL)!s:110} {documents:5} {pages:5} {skipped:5}  {errors or ''}")
    assert found == COUNTED


def bodies(path: Path) -> Counter[tuple[str, str]]:
    return Counter((item.uri, item.payload_digest) for item in read(path) if isinstance(item, ArchiveRecord))


def bodies_by_warcio(path: Path) -> tuple[Counter[tuple[str, str]], bool]:
    """What warcio reads of the same documents, and whether it reached the end."""
    found: Counter[tuple[str, str]] = Counter()
    try:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, verify_http=False):
                fields = record.rec_headers
                uri = (fields.get_header("WARC-Target-URI") or fields.get_header("uri") or "").strip("<>")
                html = record.rec_type == "resource" and "html" in (fields.get_header("Content-Type") or "")
                if record.rec_type == "conversion" or (
                    uri.startswith(("http:", "https:")) and (html or record.rec_type == "response")
                ):
                    body = record.content_stream().read()
                    found[uri, hashlib.blake2b(body, digest_size=16).hexdigest()] += 1
    except (ArchiveLoadFailed, AttributeError):  # the second where a brotli body is followed by something
        return found, False
    return found, True


@pytest.mark.parametrize("name", COUNTED)
def test_warcio_reads_the_same_bodies_but_for_damaged_records(name: str) -> None:
    ours, (theirs, ended) = bodies(CRAWL / name), bodies_by_warcio(CRAWL / name)
    assert (theirs - ours).total() <= sum(COUNTED[name][3].values()) + (not ended)
    assert not ended or not ours - theirs


def test_fastwarc_finds_no_record_that_is_not_counted() -> None:
    fewer = set()
    for name, (documents, _, skipped, errors) in COUNTED.items():
        records = 0
        try:
            with (CRAWL / name).open("rb") as stream:
                for _record in FastArchiveIterator(stream, parse_http=False):
                    records += 1
        except OSError:
            pass
        ours = documents + skipped + sum(errors.values())
        assert records <= ours, name
        if records < ours:
            fewer.add(name)
    # It reads no ARC, and stops, often without a word, where a file was edited by hand.
    assert len(fewer) == 30


def pages(path: Path) -> dict[tuple[str, str | None], ArchiveRecord]:
    return {
        (item.uri, item.date): item
        for item in read(path)
        if isinstance(item, ArchiveRecord) and is_html(item.content_type, item.body)
    }


def test_the_same_crawl_as_warc_and_as_arc_gives_the_same_pages_and_text() -> None:
    warc, arc = pages(CRAWL / "aut/example.warc.gz"), pages(CRAWL / "aut/example.arc.gz")
    assert bodies(CRAWL / "aut/example.warc.gz") == bodies(CRAWL / "aut/example.arc.gz")
    assert warc.keys() == arc.keys()
    assert [page.content_type for page in warc.values()] == [arc[key].content_type for key in warc]
    for key in sorted(warc, key=str)[::4]:
        texts = [
            extract_text(page.body, content_type=page.content_type, url=page.uri) for page in (warc[key], arc[key])
        ]
        assert texts[0] == texts[1], key


def test_most_revisits_repeat_a_capture_of_the_same_file() -> None:
    counts: Counter[str] = Counter()
    for name in COUNTED:
        for item in read(CRAWL / name):
            if isinstance(item, Skipped):
                counts.update({kind: count for kind, count in item.counts.items() if kind.startswith("revisit")})
    assert counts == {"revisit-resolved": 169, "revisit-unresolved": 25}


def test_digests_hold_in_every_archive_that_was_not_edited_by_hand() -> None:
    wrong: Counter[str] = Counter()
    for name in COUNTED:
        with (CRAWL / name).open("rb") as stream:
            for item in read_archive(stream, name, ReadingLimits(verify_digests=True)):
                wrong[name] += isinstance(item, ReadError) and item.reason == "bad-digest"
    edited = {name for name in +wrong if not name.startswith("ipwb/")}
    assert edited == {"warcio/example-wrong-chunks.warc.gz"}
    assert wrong["ipwb/5mementosAndFroggie.warc"] == 8


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
