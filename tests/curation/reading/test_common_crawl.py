from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.reading import resume
from curation.reading.common_crawl import choose, expand_crawls, read_path_list
from curation.reading.crawl_config import CrawlConfig
from curation.reading.resume import Access
from curation.reading.sources import InputFile
from manifests.errors import JobError, UsageError
from tests.curation.reading.archive_bytes import record, zipped
from tests.curation.reading.servers import Fault, Site, site

CRAWL = "CC-MAIN-2026-05"
FEW = Access(retries=2)


def path(number: int, kind: str = "warc") -> str:
    end = "warc.gz" if kind == "warc" else f"warc.{kind}.gz"
    return f"crawl-data/{CRAWL}/segments/1768220468194.5/{kind}/CC-MAIN-20260112192206-20260112222206-{number:05}.{end}"


PATHS = [path(number) for number in range(500)]


def crawl(**keys: Any) -> CrawlConfig:
    return CrawlConfig.model_validate({"crawl": CRAWL, **keys})


def listed(paths: list[str]) -> bytes:
    return gzip.compress("".join(f"{path}\n" for path in paths).encode(), mtime=0)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(resume, "sleep", lambda _: None)
    with site() as running:
        yield running


class TestChoice:
    def test_the_choice_is_written_down(self) -> None:
        # What a seed chooses is a promise: a change here is another data set under the same recipe.
        chosen = choose(PATHS, crawl(files=3), 1)
        assert [name[-13:-8] for name in chosen] == ["00055", "00150", "00461"]
        assert [name[-13:-8] for name in choose(PATHS, crawl(sample=0.01), 1)] == [
            "00055",
            "00114",
            "00150",
            "00212",
            "00223",
            "00297",
            "00461",
        ]

    @settings(max_examples=100, deadline=None)
    @given(st.permutations(PATHS[:60]), st.integers(0, 5), st.integers(1, 59))
    def test_a_larger_choice_holds_a_smaller_one_in_any_order(self, paths: list[str], seed: int, count: int) -> None:
        few, more = choose(paths, crawl(files=count), seed), choose(PATHS[:60], crawl(files=count + 1), seed)
        assert (len(few), len(more)) == (count, count + 1)
        assert set(few) < set(more)
        assert few == sorted(few)

    def test_a_larger_sample_holds_a_smaller_one(self) -> None:
        samples = [set(choose(PATHS, crawl(sample=share), 7)) for share in (0.01, 0.1, 0.5, 1.0)]
        assert samples[0] < samples[1] < samples[2] < samples[3] == set(PATHS)
        assert 200 < len(samples[2]) < 300

    def test_files_and_samples_of_a_seed_are_the_same_files(self) -> None:
        sample = choose(PATHS, crawl(sample=0.1), 3)
        assert choose(PATHS, crawl(files=len(sample)), 3) == sample

    def test_another_seed_is_another_choice(self) -> None:
        assert choose(PATHS, crawl(files=5), 1) != choose(PATHS, crawl(files=5), 2)

    @pytest.mark.parametrize("kind", ["wet", "wat"])
    def test_text_and_links_are_of_the_same_pages(self, kind: str) -> None:
        others = [path(number, kind) for number in range(500)]
        chosen = choose(others, crawl(files=9, kind=kind), 4)
        assert [name[-17:-12] for name in chosen] == [name[-13:-8] for name in choose(PATHS, crawl(files=9), 4)]

    def test_more_than_there_is(self) -> None:
        with pytest.raises(UsageError, match="it has 500 warc files, 501 are asked for; set `sample: 1`"):
            choose(PATHS, crawl(files=501), 1)
        with pytest.raises(UsageError, match=r"none of its 500 files is in a sample of 1e-09; .* or `files: 1`"):
            choose(PATHS, crawl(sample=1e-9), 1)


class TestExpansion:
    def test_one_request_lists_a_crawl_and_none_is_made_for_its_files(self, web: Site) -> None:
        web.add(f"/crawl-data/{CRAWL}/warc.paths.gz", listed(PATHS))
        found = expand_crawls([crawl(files=2, base=f"{web.address}/")], 1, FEW)
        assert found.skipped == ()
        assert found.files == tuple(
            InputFile(f"{web.address}/{name}", "archive", None, f"common-crawl {name}")
            for name in choose(PATHS, crawl(files=2), 1)
        )
        assert web.asked == [("GET", f"/crawl-data/{CRAWL}/warc.paths.gz", None)]

    def test_files_that_two_entries_choose_are_read_once(self, web: Site) -> None:
        web.add(f"/crawl-data/{CRAWL}/warc.paths.gz", listed(PATHS))
        web.add(f"/crawl-data/{CRAWL}/wet.paths.gz", listed([path(1, "wet")]))
        entries = [crawl(files=2), crawl(files=5), crawl(kind="wet", sample=1)]
        found = expand_crawls([entry.model_copy(update={"base": web.address}) for entry in entries], 1, FEW)
        assert len(found.files) == 6

    def test_a_long_list_is_read_through_dropped_connections(self, web: Site) -> None:
        paths = [path(number) for number in range(100_000)]
        url = f"/crawl-data/{CRAWL}/warc.paths.gz"
        web.add(url, listed(paths), Fault(status=503), Fault(drop_after=1000), Fault())
        assert read_path_list(crawl(files=1, base=web.address), FEW) == paths
        assert web.ranges(url) == [None, None, "bytes=1000-"]

    def test_a_local_mirror_is_files_like_others(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in [*PATHS[:3], f"crawl-data/{CRAWL}/warc.paths.gz"]:
            Path("mirror", name).parent.mkdir(parents=True, exist_ok=True)
            Path("mirror", name).write_bytes(zipped(record("a")))
        Path("mirror/crawl-data", CRAWL, "warc.paths.gz").write_bytes(listed(PATHS[:3]))
        found = expand_crawls([crawl(sample=1, base="mirror/")], 1, FEW)
        assert [file.uri for file in found.files] == [f"mirror/{name}" for name in PATHS[:3]]
        assert found.files[0].bytes == len(zipped(record("a")))
        Path("mirror", PATHS[1]).unlink()
        with pytest.raises(UsageError, match=rf"1 of the 3 files chosen are not in the mirror mirror, .*{PATHS[1]} "):
            expand_crawls([crawl(sample=1, base="mirror")], 1, FEW)
        with pytest.raises(
            UsageError, match=r"no such crawl, or none with wet files: mirror/crawl-data/.*wet.paths.gz"
        ):
            expand_crawls([crawl(sample=1, base="mirror", kind="wet")], 1, FEW)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is no list of paths: empty"),
            (listed([]), "is no list of paths: empty"),
            (b"crawl-data/x.gz\n", "no gzipped list of paths: Not a gzipped file"),
            (listed(PATHS)[:500], "no gzipped list of paths: Compressed file ended"),
            (listed(["crawl-data/../../etc/passwd.gz"]), "is no list of paths: 'crawl-data/../../etc/passwd.gz'"),
            (listed(["<html>"]), "is no list of paths: '<html>'"),
            (gzip.compress(b"\xff\x00\n", mtime=0), "is no list of paths"),
            (gzip.compress(b"a" * (65 << 20), mtime=0), "more than 64 MiB, so it is no list"),
        ],
    )
    def test_lists_that_are_none(self, web: Site, content: bytes, message: str) -> None:
        web.add(f"/crawl-data/{CRAWL}/warc.paths.gz", content)
        with pytest.raises(UsageError, match=message):
            read_path_list(crawl(files=1, base=web.address), FEW)

    def test_crawls_that_are_not_there_and_servers_that_refuse(self, web: Site) -> None:
        with pytest.raises(UsageError, match=rf"{CRAWL}: no such crawl, or none with warc files: .* lists the names"):
            read_path_list(crawl(files=1, base=web.address), FEW)
        url = f"/crawl-data/{CRAWL}/warc.paths.gz"
        web.add(url, b"", Fault(status=403))
        with pytest.raises(UsageError, match="answers 403 Forbidden"):
            read_path_list(crawl(files=1, base=web.address), FEW)
        web.add(url, b"", *[Fault(status=503)] * 3)
        with pytest.raises(JobError, match=r"warc.paths.gz cannot be read: given up .* 503 Service Unavailable \(3x\)"):
            read_path_list(crawl(files=1, base=web.address), FEW)


class TestConfig:
    @pytest.mark.parametrize("name", ["CC-MAIN-2013-20", "CC-MAIN-2026-05", "CC-NEWS/2026/01"])
    def test_names_of_crawls(self, name: str) -> None:
        assert CrawlConfig(crawl=name, files=1).crawl == name

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"crawl": "CC-MAIN-2026-5"}, "did you mean CC-MAIN-2026-05?"),
            ({"crawl": "2026-05"}, "did you mean CC-MAIN-2026-05?"),
            ({"crawl": "latest"}, "names are CC-MAIN-<year>-<week>, as in CC-MAIN-2026-05"),
            ({"crawl": f"{CRAWL}\n"}, "no name of a crawl"),
            ({"crawl": "../CC-MAIN-2026-05"}, "no name of a crawl"),
            ({}, "say how much of it: `files: 10` for ten files or `sample: 0.001`"),
            ({"files": 1, "sample": 0.1}, "not both"),
            ({"files": 0}, "greater than or equal to 1"),
            ({"sample": 0}, "greater than 0"),
            ({"sample": 1.5}, "less than or equal to 1"),
            ({"files": 1, "kind": "cdx"}, "'warc', 'wet' or 'wat'"),
            ({"crawl": "CC-NEWS/2026/01", "files": 1, "kind": "wet"}, "WARC files only"),
            ({"files": 1, "base": "https://user:word@host"}, "without password"),
            ({"files": 1, "base": "https://host/?sig=x"}, "without password"),
            ({"files": 1, "base": " "}, "an empty place"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, keys: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message.replace("?", r"\?")):
            crawl(**keys)
