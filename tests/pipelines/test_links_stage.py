import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from manifests.dataset import verify
from manifests.errors import JobError, UsageError
from pipelines.explain import explain
from pipelines.stages import links
from pipelines.stages.publish import Published
from tests.curation.reading.archive_bytes import http, record, zipped
from tests.curation.reading.wat_bytes import WARCINFO, anchor, envelope, metadata, page
from tests.pipelines.builds import curate, digests
from tests.pipelines.tiny import make, prose, response, write_repository

SITE = "https://example.org"


def write_crawl(folder: Path) -> list[Path]:
    """Five pages, the first linked to by no host, the second by one, ... the fifth by four; and a WET of another."""
    folder.mkdir(parents=True, exist_ok=True)
    warc, wet, wat, more = (folder / name for name in ("a.warc", "a.wet", "a.wat", "b.wat.gz"))
    warc.write_bytes(b"".join(response(f"{SITE}/{n}", prose(n)) for n in range(5)))
    fields = ["WARC-Refers-To: <urn:of-the-wet>", "Content-Type: text/plain"]
    wet.write_bytes(record("w", prose(9).encode(), kind="conversion", uri=f"{SITE}/wet", fields=fields))
    linkers = [[f"http://www.example.org/{n}/?utm_source=x#y" for n in range(5) if n > host] for host in range(4)]
    pages = [page(f"https://h{host}.linker{host % 3}.com/{host}", *urls) for host, urls in enumerate(linkers)]
    wat.write_bytes(WARCINFO + b"".join(pages[:2]) + page(f"{SITE}/0", f"{SITE}/4", "https://out.test/"))
    own = envelope(
        f"{SITE}/wet", [anchor("https://one.test/"), anchor("//two.test/x")], record="urn:of-the-wet", date="x"
    )
    again = page("https://h0.linker0.com/other", f"{SITE}/1")  # the same host again
    more.write_bytes(zipped(WARCINFO, pages[2], pages[3], metadata(own, refers_to="urn:of-the-wet"), again))
    return [warc, wet, wat, more]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_crawl(tmp_path_factory.mktemp("crawl"))


@pytest.fixture(scope="module")
def built(crawl: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page with its votes; none is dropped for them."""
    out = tmp_path_factory.mktemp("built") / "out"
    make(out, crawl)
    return out


def linked(out: Path) -> dict[str, tuple[float, float | None]]:
    """Votes and outbound links by the last part of the URI, of every document."""
    rows: dict[str, tuple[float, float | None]] = {}
    for path in (out / ".work/ingest").glob("*/documents-*.parquet"):
        documents = pq.read_table(path, columns=["key", "uri"])
        table = pq.read_table(out / ".work" / links.linked_path(str(path)))
        assert table["key"].equals(documents["key"])
        for uri, row in zip(documents["uri"].to_pylist(), table.to_pylist(), strict=True):
            rows[uri.rpartition("/")[2]] = (row["link_votes"], row["outbound_links"])
    return rows


def metas(out: Path) -> dict[str, Any]:
    table = ds.dataset(out / "shards", format="parquet").to_table(columns=["uri", "meta"])
    return {row["uri"].rpartition("/")[2]: json.loads(row["meta"]) for row in table.to_pylist()}


def funnel(published: Published) -> dict[str, int]:
    assert list(verify(published.out, published.manifest)) == []
    return {row["rule"]: row["documents"] for row in published.manifest["funnel"]}


def test_each_page_has_the_number_of_hosts_that_link_to_it(built: Path) -> None:
    votes = {name: votes for name, (votes, _) in linked(built).items()}
    assert votes == {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "wet": 0}


def test_its_own_wat_record_is_found_by_uri_and_date_or_by_the_id_of_the_record(built: Path) -> None:
    own = {name: outbound for name, (_, outbound) in linked(built).items()}
    assert own == {"0": 1, "1": None, "2": None, "3": None, "4": None, "wet": 2}


def test_votes_title_and_headers_are_in_the_meta_of_the_shards(built: Path) -> None:
    found = metas(built)
    assert found["3"] == {"content_type": "text/html", "kind": "response", "link_votes": 3, "script": "Latn"}
    assert found["wet"] | {"content_type": None} == {
        "content_type": None, "kind": "conversion", "link_votes": 0, "outbound_links": 2, "title": "A title",
        "script": "Latn",
        "headers": {"content-type": "text/html; charset=utf-8"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def decided(crawl: list[Path], built: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published, bool]:
    """The same build decided again with a least number of votes; and whether they were counted again for that."""
    out = tmp_path_factory.mktemp("decided") / "out"
    shutil.copytree(built, out)
    counted = out / ".work/links/completion.json"
    before = counted.stat().st_mtime_ns
    published = make(out, crawl, links={"min_votes": 3})
    return out, published, counted.stat().st_mtime_ns != before


def test_a_recipe_drops_pages_with_fewer_votes_and_the_manifest_adds_up(decided: tuple[Path, Published, bool]) -> None:
    out, published, counted_again = decided
    assert not counted_again
    assert funnel(published) == {"input": 6, "link_votes": 4, "kept": 2}
    (wat,) = (item for item in published.manifest["inputs"] if item["uri"].endswith("a.wat"))
    assert wat["skipped"] == {"warcinfo": 1, "wat-page": 3}
    assert wat["links"] == {"pages": 3, "links": 9, "outbound": 8, "dropped": 0}
    assert (wat["records"], wat["documents"], wat["errors"]) == (0, 0, 0)
    rejected = pq.read_table(out / "rejected/part-00000.parquet").to_pylist()
    reasons = {row["uri"]: (row["stage"], row["rule"], row["value"], row["threshold"]) for row in rejected}
    assert reasons[f"{SITE}/2"] == ("links", "link_votes", 2, 3)


def test_explain_shows_votes_and_what_the_wat_record_says(decided: tuple[Path, Published, bool]) -> None:
    (found,) = explain(str(decided[0]), uri=f"{SITE}/wet").records
    assert found.outcome is not None
    assert (found.outcome.stage, found.outcome.rule) == ("links", "link_votes")
    assert found.details is not None
    votes = {measure.name: (measure.value, measure.minimum) for measure in found.details.measures}
    assert (votes["link_votes"], votes["outbound_links"]) == ((0, 3), (2, None))
    assert found.details.title == "A title"
    assert found.details.headers == (("content-type", "text/html; charset=utf-8"),)


@pytest.mark.slow
def test_a_domain_with_many_hosts_may_have_one_vote(crawl: list[Path], tmp_path: Path) -> None:
    make(tmp_path / "out", crawl, links={"voter": "domain"})  # h0 and h3 are of linker0.com
    assert {name: votes for name, (votes, _) in linked(tmp_path / "out").items()} == {
        "0": 0, "1": 1, "2": 2, "3": 3, "4": 3, "wet": 0
    }  # fmt: skip


def test_a_list_of_votes_counts_without_wat_files(crawl: list[Path], tmp_path: Path) -> None:
    karma = tmp_path / "karma.tsv"
    karma.write_text(f"url\tkarma\nhttp://example.org/0/\t7\n{SITE}/4\t1\nhttps://elsewhere.test/\t9\n")
    published = make(tmp_path / "out", crawl[:1], links={"votes": str(karma), "min_votes": 3})
    assert funnel(published) == {"input": 5, "link_votes": 4, "kept": 1}
    karma.write_text(f"{SITE}/1\t3\n{SITE}/2\t3\n")
    assert funnel(make(tmp_path / "out", crawl[:1], links={"votes": str(karma), "min_votes": 3}))["kept"] == 2


@pytest.mark.slow
def test_of_a_list_and_the_links_the_larger_number_counts(crawl: list[Path], tmp_path: Path) -> None:
    karma = tmp_path / "karma.tsv"
    karma.write_text(f"http://example.org/0/\t7\n{SITE}/4\t1\n")
    published = make(tmp_path / "out", crawl, links={"votes": str(karma), "min_votes": 3})
    assert funnel(published) == {"input": 6, "link_votes": 3, "kept": 3}
    assert linked(tmp_path / "out")["0"] == (7, 1)
    assert linked(tmp_path / "out")["4"] == (4, None)


def test_without_anything_to_count_from_asking_for_votes_is_refused_before_any_work(
    crawl: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"no WAT file among `inputs\.archives`"):
        make(tmp_path / "out", crawl[:2], links={"min_votes": 1})
    with pytest.raises(UsageError, match=r"a quality rule asks for votes, but no WAT file among `inputs\.archives`"):
        make(tmp_path / "out", crawl[:2], quality={"rules": "webtext"})
    with pytest.raises(UsageError, match=r"links\.votes: nowhere\.tsv: no such file"):
        make(tmp_path / "out", crawl, links={"min_votes": 1, "votes": "nowhere.tsv"})
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_wat_file_that_describes_no_page_gives_no_votes_either(crawl: list[Path], tmp_path: Path) -> None:
    wat = tmp_path / "r.wat"
    wat.write_bytes(WARCINFO + metadata(envelope(f"{SITE}/1", kind="request")))
    with pytest.raises(UsageError, match="describes a page"):
        make(tmp_path / "out", [crawl[0], wat], links={"min_votes": 1})
    make(tmp_path / "out", [crawl[0], wat])
    assert not (tmp_path / "out/.work/links").exists()


@pytest.mark.slow
def test_a_bad_list_ends_the_build_with_its_line(crawl: list[Path], tmp_path: Path) -> None:
    (tmp_path / "karma").write_text(f"{SITE}/1\t1\nsomething\n")
    with pytest.raises(JobError, match=r"karma:2: is not `URL<tab>number`"):
        make(tmp_path / "out", crawl[:1], links={"votes": str(tmp_path / "karma")})


@pytest.mark.slow
def test_without_wat_files_nothing_of_an_earlier_build_with_them_is_left(crawl: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    make(out, crawl)
    make(out, crawl[:1])
    assert not (out / ".work/links").exists()
    assert "link_votes" not in metas(out)["3"]
    assert all(m.name != "link_votes" for r in explain(str(out), uri=f"{SITE}/3").records for m in r.details.measures)  # type: ignore[union-attr]


@pytest.mark.slow
def test_code_has_no_votes_and_needs_none(crawl: list[Path], tmp_path: Path) -> None:
    files = {"a.py": "def add(a, b):\n    return a + b\n" * 5, "LICENSE": "Public domain."}
    repository = write_repository(tmp_path / "r", files)
    published = make(
        tmp_path / "out", crawl, repositories=[repository], links={"min_votes": 4}, code={"licenses": ["none", "other"]}
    )
    kept = {row["source"]: row["documents"] for row in published.manifest["funnel"] if row["rule"] == "kept"}
    assert kept == {"web": 1, "code": 2}


def test_damaged_wat_records_are_errors_among_all_the_records_met(crawl: list[Path], tmp_path: Path) -> None:
    wat = tmp_path / "d.wat"
    wat.write_bytes(WARCINFO + metadata(b"{") + page("https://h.test/", f"{SITE}/0") + page("https://i.test/"))
    published = make(tmp_path / "out", [crawl[0], wat], limits={"max_error_share": 0.125})
    assert funnel(published) == {"input": 6, "error": 1, "kept": 5}
    assert linked(tmp_path / "out")["0"] == (1, None)
    with pytest.raises(JobError, match="1 of 8 records are damaged"):
        make(tmp_path / "out", [crawl[0], wat], limits={"max_error_share": 0.12})


@pytest.mark.slow
def test_pages_that_are_no_documents_do_not_stop_the_count(crawl: list[Path], tmp_path: Path) -> None:
    warc = tmp_path / "n.warc"
    warc.write_bytes(record("n", http(b"x", media="image/png")))
    assert funnel(make(tmp_path / "out", [warc, crawl[2]], links={"min_votes": 1})) == {"input": 1, "content_type": 1}


def parts_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / ".work/links/documents").iterdir()}


def test_small_parts_and_many_partitions_count_the_same(
    crawl: list[Path], built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LINKS_PER_PARTITION", 2)
    monkeypatch.setattr(links, "ROWS_PER_PARTITION", 2)
    monkeypatch.setattr(links, "BATCH_ROWS", 1)
    make(tmp_path / "out", crawl)
    assert parts_of(tmp_path / "out") == parts_of(built)


@pytest.mark.slow
def test_workers_order_and_being_interrupted_change_nothing(crawl: list[Path], tmp_path: Path) -> None:
    names = [str(path) for path in crawl]
    setting = ("--set", "links.min_votes=2", "--set", "language.keep=[]", "--set", "mixture={}")
    curate(tmp_path / "one", names, [], *setting)
    curate(tmp_path / "two", names[::-1], [], *setting, "--workers", "2", seed="4711")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert parts_of(tmp_path / "one") == parts_of(tmp_path / "two")
    forget(tmp_path / "two", ["manifest.json", ".work/published.json", ".work/select", ".work/links/completion.json"])
    next((tmp_path / "two/.work/links/documents").iterdir()).unlink()
    curate(tmp_path / "two", names, [], *setting)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def forget(out: Path, names: Iterable[str]) -> None:
    for name in names:
        shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink()


@pytest.mark.realdata
def test_a_real_page_read_as_warc_and_as_wet_is_joined_with_its_wat_record(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "../shared/data/crawl/cc_whirlwind"
    if not folder.exists():
        pytest.skip("shared data are not here")
    uri, identity = "https://an.wikipedia.org/wiki/Escopete", "urn:uuid:2aabeff2-67f5-4608-8466-e87c6296e2b6"
    wat = tmp_path / "made.wat"  # the real one holds the record of the request alone
    described = envelope(uri, [anchor("https://es.wikipedia.org/wiki/Escopete"), anchor("//www.ine.es/")], date="")
    linker = page("https://blog.test/", "http://an.wikipedia.org/wiki/Escopete?utm_source=x")
    wat.write_bytes(WARCINFO + metadata(described, refers_to=identity) + linker)
    real = [folder / f"whirlwind.warc{kind}.gz" for kind in ("", ".wet", ".wat")]
    published = make(tmp_path / "out", [*real, wat])
    funnel(published)
    (skipped,) = (item["skipped"] for item in published.manifest["inputs"] if item["uri"].endswith("warc.wat.gz"))
    assert skipped == {"warcinfo": 1, "wat-request": 1}
    tables = [pq.read_table(path) for path in (tmp_path / "out/.work/links/documents").iterdir()]
    rows = [(row["link_votes"], row["outbound_links"], row["title"]) for table in tables for row in table.to_pylist()]
    assert rows == [(1, 1, "A title")] * 2
