"""Builds over s3:// and http:// are those over local files; failures of the network end in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from curation.reading import resume
from curation.reading.crawl_config import CrawlConfig
from curation.reading.remote import open_input
from curation.reading.resume import Access, RemoteError
from manifests.dataset import verify
from manifests.errors import JobError, UsageError
from pipelines.build import Build
from pipelines.build_inputs import list_inputs
from pipelines.commands import commented_yaml
from pipelines.progress import Progress
from pipelines.recipe import InputsConfig, Recipe, load_recipe
from pipelines.runner import make_options
from pipelines.stages.publish import Published
from tests.curation.reading.servers import Fault, Site, site
from tests.pipelines.tiny import prose, response

CRAWL = "CC-MAIN-2026-05"
NAMES = [f"crawl-data/{CRAWL}/segments/1.5/warc/CC-MAIN-2026-{number:05}.warc.gz" for number in range(4)]


def archive(number: int) -> bytes:
    pages = (response(f"https://example.org/{number}/{seed}", prose(number * 100 + seed)) for seed in range(3))
    return b"".join(gzip.compress(page, mtime=0) for page in pages)


FILES = {name: archive(number) for number, name in enumerate(NAMES)}
PATH_LIST = gzip.compress("\n".join(NAMES).encode(), mtime=0)


def make(out: Path, inputs: dict[str, Any]) -> Published:
    document = {"inputs": inputs, "language": {"keep": []}, "dedup": {"exact": False, "minhash": None}}
    logging.getLogger().setLevel(logging.ERROR)
    return Build(Recipe.model_validate(document), str(out), make_options([], 1), Progress(quiet=True)).run()


def completed(out: Path, base: str) -> set[str]:
    """The archives whose reading has a completion record."""
    facts = [json.loads(path.read_bytes())["facts"] for path in out.glob(".work/ingest/*/completion.json")]
    return {entry["uri"].removeprefix(f"{base}/") for entry in facts}


def shard_digest(out: Path, base: str) -> str:
    """Digest of the shards' rows; `base`, where the archives lie, is part of every row's `origin` and taken off."""
    sha256 = hashlib.sha256()
    rows = 0
    for path in sorted((out / "shards").rglob("*.parquet")):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            assert row["origin"].startswith(base)
            row["origin"] = row["origin"].removeprefix(base).lstrip("/")
            sha256.update(json.dumps(row, sort_keys=True, default=str).encode())
            rows += 1
    assert rows == 3 * len(FILES)
    return sha256.hexdigest()


@pytest.fixture(autouse=True)
def fresh_filesystems() -> Iterator[None]:
    """No S3 client of one test, with its credentials and server, is met by another."""
    yield
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(resume, "sleep", seconds.append)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return seconds


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A mirror of the crawl, and the digest of a build of it."""
    folder = tmp_path_factory.mktemp("mirror")
    for name, content in {**FILES, f"crawl-data/{CRAWL}/warc.paths.gz": PATH_LIST}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    out = tmp_path_factory.mktemp("local") / "out"
    make(out, {"archives": [str(folder / name) for name in NAMES]})
    return str(folder), shard_digest(out, str(folder))


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as running:
        for name, content in {**FILES, f"crawl-data/{CRAWL}/warc.paths.gz": PATH_LIST}.items():
            running.add(f"/{name}", content)
        yield running


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket of a real S3 server with the crawl, all of it public but `private/`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.get_host_and_port()[1]}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("winnow-test")
        for name, content in {**FILES, f"crawl-data/{CRAWL}/warc.paths.gz": PATH_LIST}.items():
            fs.pipe_file(f"winnow-test/{name}", content, ACL="public-read")
        fs.pipe_file("winnow-test/private/a.warc.gz", archive(9))
        yield "s3://winnow-test"
    server.stop()


class TestSameBytes:
    def test_over_s3(self, tmp_path: Path, bucket: str, local: tuple[str, str]) -> None:
        published = make(tmp_path / "out", {"archives": [f"{bucket}/crawl-data/{CRAWL}/segments/**/*.warc.gz"]})
        assert shard_digest(tmp_path / "out", bucket) == local[1]
        assert [entry["uri"] for entry in published.manifest["inputs"]] == [f"{bucket}/{name}" for name in NAMES]
        assert [entry["sha256"] for entry in published.manifest["inputs"]] == [
            hashlib.sha256(FILES[name]).hexdigest() for name in NAMES
        ]
        assert list(verify(published.out, published.manifest)) == []
        assert not make(tmp_path / "out", {"archives": [f"{bucket}/crawl-data/{CRAWL}/segments/**/*.warc.gz"]}).fresh

    def test_over_s3_by_the_name_of_a_crawl_without_credentials(
        self, tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("HOME", str(tmp_path))
        crawl = {"crawl": CRAWL, "sample": 1, "base": bucket}
        inputs = InputsConfig.model_validate({**crawl, "anonymous": True})
        found = list_inputs(Recipe(inputs=inputs)).files
        assert [file.address for file in found] == [f"{bucket}/{name}" for name in NAMES]
        with open_input(found[0].address, inputs.access()) as stream:
            assert stream.read() == FILES[NAMES[0]]
        with pytest.raises(UsageError, match=r"private/a.warc.gz: cannot be read: access is refused \(Forbidden\)"):
            make(tmp_path / "other", {"archives": [f"{bucket}/private/a.warc.gz"], "anonymous": True})
        with pytest.raises(UsageError, match=r"Unable to locate credentials; .* set `inputs.anonymous: true`"):
            make(tmp_path / "other", crawl)

    def test_an_object_that_changes_while_it_is_read(self, bucket: str) -> None:
        fs, path = fsspec.core.url_to_fs(f"{bucket}/changing")
        fs.pipe_file(path, b"a" * 100_000)
        with open_input(f"{bucket}/changing", Access(), block_bytes=1000) as stream:
            assert stream.read(10) == b"a" * 10
            fs.pipe_file(path, b"b" * 100_000)
            with pytest.raises(RemoteError, match="it changed while it was read; run the command again"):
                stream.read()

    def test_an_s3_server_that_is_busy_and_drops_connections(
        self, web: Site, waits: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {"AWS_ENDPOINT_URL": web.address, "AWS_MAX_ATTEMPTS": "1"}.items():
            monkeypatch.setenv(name, value)
        content = FILES[NAMES[0]]
        web.add("/b/k", content, Fault(status=503), Fault(drop_after=40), Fault(status=500), Fault())
        with open_input("s3://b/k", Access(anonymous=True), block_bytes=1000) as stream:
            assert stream.read() == content
        assert len(waits) == 2  # one failure was mended by s3fs itself
        assert web.ranges("/b/k")[0] == web.ranges("/b/k")[1] is not None

    def test_over_http_with_every_kind_of_failure(
        self, tmp_path: Path, web: Site, local: tuple[str, str], waits: list[float]
    ) -> None:
        half = len(FILES[NAMES[0]]) // 2
        faults = [
            [Fault(drop_after=half), Fault(status=503, headers={"Retry-After": "2"}), Fault(drop_after=9, reset=True)],
            [Fault(status=429), Fault(drop_after=half), Fault(no_range=True)],
            [Fault(chunked=True, drop_after=half), Fault(most=10)],
            [Fault(status=502), Fault(status=500), Fault(status=504)],
        ]
        for name, planned in zip(NAMES, faults, strict=True):
            web.faults[f"/{name}"].extend(planned)
        make(tmp_path / "out", {"archives": [f"{web.address}/{name}" for name in NAMES]})
        assert shard_digest(tmp_path / "out", web.address) == local[1]
        assert len(waits) == 9
        assert web.ranges(f"/{NAMES[0]}")[:3] == [None, f"bytes={half}-", f"bytes={half}-"]


class TestFailures:
    def test_a_run_that_is_cut_off_goes_on_where_it_was(
        self, tmp_path: Path, web: Site, local: tuple[str, str]
    ) -> None:
        inputs = {"crawl": CRAWL, "sample": 1, "base": web.address, "retries": 2}
        web.busy_after = 3  # the list and two files
        with pytest.raises(JobError) as caught:
            make(tmp_path / "out", inputs)
        failed = web.asked[-1][1]
        assert str(caught.value) == (
            f"ingest: {web.address}{failed}: cannot be read: given up at byte 0 after 3 attempts in a row: "
            "503 Service Unavailable (3x)"
        )
        assert caught.value.exit_code == 1
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".work"]
        done = completed(tmp_path / "out", web.address)
        assert len(done) == 2
        web.busy_after = None
        web.asked.clear()
        make(tmp_path / "out", inputs)
        assert shard_digest(tmp_path / "out", web.address) == local[1]
        list_of_paths = f"/crawl-data/{CRAWL}/warc.paths.gz"
        rest = sorted(f"/{name}" for name in NAMES if name not in done)
        assert sorted(web.asked) == [("GET", path, None) for path in sorted([*rest, list_of_paths])]

    def test_a_file_that_changes_under_the_reader_ends_the_run(self, tmp_path: Path, web: Site) -> None:
        web.faults[f"/{NAMES[0]}"].extend([Fault(drop_after=20), Fault(replace=FILES[NAMES[0]][::-1])])
        with pytest.raises(JobError, match='it changed while it was read: version "one" before, "two" now'):
            make(tmp_path / "out", {"archives": [f"{web.address}/{NAMES[0]}"]})

    def test_a_server_that_does_not_answer_is_a_failed_job_and_a_missing_file_a_mistake(
        self, tmp_path: Path, web: Site
    ) -> None:
        with pytest.raises(
            JobError, match=r"http://127.0.0.1:9/a: cannot be listed: given up after 4 attempts .*refused"
        ):
            make(tmp_path / "out", {"archives": ["http://127.0.0.1:9/a"]})
        with pytest.raises(UsageError, match=r"/none.warc.gz: no such file or folder"):
            make(tmp_path / "out", {"archives": [f"{web.address}/none.warc.gz"]})
        assert not (tmp_path / "out").exists()

    def test_signatures_are_used_and_not_written_down(self, tmp_path: Path, web: Site) -> None:
        first = {"archives": [f"{web.address}/{NAMES[0]}?X-Amz-Date=1&X-Amz-Signature=s3cr3t"]}
        second = {"archives": [f"{web.address}/{NAMES[0]}?X-Amz-Date=2&X-Amz-Signature=an0ther"]}
        published = make(tmp_path / "out", first)
        hidden = f"{web.address}/{NAMES[0]}?X-Amz-Date=***&X-Amz-Signature=***"
        assert published.manifest["inputs"][0]["uri"] == hidden
        assert published.manifest["recipe"]["inputs"]["archives"] == [hidden]
        written = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != "orders.jsonl"]
        assert not any(b"s3cr3t" in path.read_bytes() for path in written)
        assert not make(tmp_path / "out", second).fresh


class TestRecipe:
    def test_a_single_crawl_may_stand_directly_under_inputs(self) -> None:
        short = InputsConfig.model_validate({"crawl": CRAWL, "kind": "wet", "files": 10, "archives": ["a"]})
        long = InputsConfig.model_validate(
            {"crawls": [{"crawl": CRAWL, "kind": "wet", "files": 10}], "archives": ["a"]}
        )
        assert short == long
        assert short.crawls == (CrawlConfig(crawl=CRAWL, kind="wet", files=10),)
        assert InputsConfig.model_validate(short.model_dump()) == short

    def test_the_order_of_crawls_changes_nothing(self) -> None:
        entries = [{"crawl": CRAWL, "files": 1}, {"crawl": "CC-MAIN-2025-51", "sample": 0.1}]
        first, second = ({"inputs": {"crawls": order}} for order in (entries, [*entries[::-1], entries[0]]))
        assert Recipe.model_validate(first) == Recipe.model_validate(second)

    def test_a_printed_recipe_with_crawls_loads_again(self, tmp_path: Path) -> None:
        recipe = load_recipe("web", (f"inputs.crawl={CRAWL}", "inputs.sample=0.001", "inputs.kind=wet"))
        (tmp_path / "r.yaml").write_text(commented_yaml(recipe), encoding="utf-8")
        assert load_recipe(str(tmp_path / "r.yaml")) == recipe

    @pytest.mark.parametrize(
        ("overrides", "message"),
        [
            (["inputs.files=10"], "`inputs`: `files` is about a crawl; name it, as in `crawl: CC-MAIN-2026-05`"),
            (["inputs.crawl=CC-MAIN-2026-5", "inputs.files=1"], "`inputs.crawls.0.crawl`: no name of a crawl"),
            ([f"inputs.crawl={CRAWL}"], f"{CRAWL}: say how much of it: `files: 10`"),
            (["inputs.crawls=[{crawl: CC-MAIN-2026-05, file: 1}]"], "unknown key `inputs.crawls.0.file`; did you mean"),
            (["inputs.retries=-1"], "`inputs.retries`"),
        ],
    )
    def test_mistakes_are_named_with_their_place(self, overrides: list[str], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            load_recipe("web", tuple(overrides))
        assert message in str(caught.value)

    def test_no_input_at_all(self) -> None:
        with pytest.raises(UsageError, match=r"set `inputs.archives`, `inputs.repositories` and/or `inputs.crawl`"):
            list_inputs(Recipe())
