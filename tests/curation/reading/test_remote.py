from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.reading import resume
from curation.reading.objects import explained_failure, object_filesystem
from curation.reading.remote import identity, is_url, open_input, without_secrets
from curation.reading.resume import (
    Access,
    Body,
    MissingError,
    RemoteError,
    ResumingReader,
    TransientError,
    Version,
    wait_seconds,
)
from curation.reading.web import web_version
from tests.curation.reading.servers import ETAG, Fault, Site, site

DATA = bytes(range(256)) * 4000  # 1,024,000 bytes
FEW = Access(retries=3)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with site() as running:
        yield running


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(resume, "sleep", seconds.append)
    return seconds


def read(url: str, access: Access = FEW, size: int | None = None, block: int = 65_536) -> bytes:
    found = b""
    with open_input(url, access, size=size) as stream:
        while part := stream.read(block):
            found += part
    return found


class TestWeb:
    def test_a_file_is_one_request(self, web: Site) -> None:
        url = web.add("/a", DATA)
        assert read(url) == DATA
        assert web.asked == [("GET", "/a", None)]
        assert web.agents == {"winnow (dataset curation)"}

    def test_dropped_connections_are_resumed_at_the_byte_reached(self, web: Site, waits: list[float]) -> None:
        url = web.add("/a", DATA, Fault(drop_after=100_000), Fault(drop_after=400_000, reset=True), Fault())
        assert read(url) == DATA
        ranges = web.ranges("/a")
        assert ranges[:2] == [None, "bytes=100000-"]
        # A reset may take away what had been sent before it.
        reached = int((ranges[2] or "").removeprefix("bytes=").rstrip("-"))
        assert len(ranges) == 3
        assert 100_000 <= reached <= 500_000
        assert len(waits) == 2

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_a_busy_server_is_asked_again(self, web: Site, waits: list[float], status: int) -> None:
        url = web.add("/a", DATA, Fault(status=status), Fault(drop_after=10), Fault(status=status), Fault())
        assert read(url) == DATA
        assert web.ranges("/a") == [None, None, "bytes=10-", "bytes=10-"]
        assert [int(wait) for wait in waits] == [int(wait_seconds(url, count, None)) for count in (1, 2, 3)]

    def test_retry_after_is_honoured(self, web: Site, waits: list[float]) -> None:
        later = {"Retry-After": "7"}
        past = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
        odd = {"Retry-After": "soon"}
        faults = [Fault(status=503, headers=headers) for headers in (later, past, odd)]
        assert read(web.add("/a", DATA, *faults)) == DATA
        assert [waits[0] // 7, waits[1], waits[2] // 4] == [1, 0, 1]

    def test_a_wait_of_an_hour_ends_the_read(self, web: Site, waits: list[float]) -> None:
        url = web.add("/a", DATA, Fault(status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(RemoteError, match="429 Too Many Requests; the server asks to wait 3600 s: run the same"):
            read(url)
        assert waits == []

    def test_spent_retries_say_what_was_tried(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(drop_after=5), *[Fault(status=503)] * 3)
        with pytest.raises(RemoteError) as caught:
            read(url)
        assert str(caught.value) == (
            "given up at byte 5 after 4 attempts in a row: "
            "the connection was dropped (1x), 503 Service Unavailable (3x)"
        )
        assert caught.value.spent

    def test_failures_are_counted_anew_after_a_mebibyte(self, web: Site) -> None:
        data = DATA * 8
        url = web.add("/a", data, *[Fault(drop_after=(1 << 20) + 70_000)] * 7)
        assert read(url, Access(retries=1)) == data
        assert len(web.ranges("/a")) == 8

    def test_a_server_that_ignores_range_has_its_start_skipped(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(drop_after=300_000), Fault(no_range=True))
        assert read(url) == DATA
        assert web.ranges("/a") == [None, "bytes=300000-"]

    def test_a_server_may_answer_less_than_asked(self, web: Site, waits: list[float]) -> None:
        url = web.add("/a", DATA, Fault(drop_after=1000), *[Fault(most=400_000)] * 3)
        assert read(url) == DATA
        assert web.ranges("/a") == [None, "bytes=1000-", "bytes=401000-", "bytes=801000-"]
        assert len(waits) == 1

    def test_a_file_that_changes_while_it_is_read_is_named_as_such(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(drop_after=10), Fault(replace=DATA[::-1]))
        with pytest.raises(RemoteError, match='version "one" before, "two" now; run the command again') as caught:
            read(url)
        assert not caught.value.spent

    @pytest.mark.parametrize("fault", [Fault(replace=DATA[:-1]), Fault(replace=DATA[:-1], no_range=True)])
    def test_a_file_of_another_size_is_named_as_such(self, web: Site, fault: Fault) -> None:
        url = web.add("/a", DATA, Fault(drop_after=10), fault)
        with pytest.raises(RemoteError, match="1,024,000 bytes before, 1,023,999 now"):
            read(url)

    def test_a_file_cut_behind_the_byte_reached_is_named_as_such(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(drop_after=1000), Fault(replace=DATA[:500]))
        with pytest.raises(RemoteError, match="only 500 bytes now"):
            read(url)

    def test_a_file_that_changed_since_it_was_listed_is_named_as_such(self, web: Site) -> None:
        with pytest.raises(RemoteError, match="10 bytes before, 1,024,000 now"):
            read(web.add("/a", DATA), size=10)

    def test_a_content_length_that_is_too_large_ends_as_an_error(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(length=len(DATA) + 10))
        with pytest.raises(RemoteError, match="only 1,024,000 bytes now"):
            read(url)

    def test_a_content_length_that_is_too_small_is_found_out_by_the_listed_size(self, web: Site) -> None:
        url = web.add("/a", DATA, Fault(length=1000))
        with pytest.raises(RemoteError, match="1,024,000 bytes before, 1,000 now"):
            read(url, size=len(DATA))

    @pytest.mark.parametrize("said", ["bytes 0-5/1024000", "bytes 20-1023999/1024000", "pages 1-2/3", "bytes 10-/9"])
    def test_a_range_that_was_not_asked_for_is_refused(self, web: Site, said: str) -> None:
        url = web.add("/a", DATA, Fault(drop_after=10), Fault(content_range=said))
        with pytest.raises(RemoteError, match=f"the bytes from 10 on; its Content-Range is {said}"):
            read(url)

    def test_answers_without_a_length_are_read_to_their_end(self, web: Site) -> None:
        assert read(web.add("/a", DATA, Fault(no_length=True))) == DATA
        assert read(web.add("/b", DATA, Fault(chunked=True))) == DATA
        assert read(web.add("/c", DATA, Fault(chunked=True, drop_after=5000), Fault(chunked=True))) == DATA
        assert read(web.add("/d", DATA, Fault(no_length=True, drop_after=5000)), size=len(DATA)) == DATA

    def test_what_is_compressed_stays_so(self, web: Site) -> None:
        assert read(web.add("/a", b"\x1f\x8b", Fault(headers={"Content-Encoding": "gzip"}))) == b"\x1f\x8b"

    def test_an_empty_file(self, web: Site) -> None:
        assert read(web.add("/a", b"")) == b""

    @pytest.mark.parametrize(
        ("status", "kind", "message"),
        [(404, MissingError, "404 Not Found"), (410, MissingError, "410 Gone"), (401, RemoteError, "401 Unauth"),
         (403, RemoteError, "the server answers 403 Forbidden$"), (501, RemoteError, "501 Not Impl")],
    )  # fmt: skip
    def test_what_no_retry_mends_is_not_retried(
        self, web: Site, waits: list[float], status: int, kind: type[RemoteError], message: str
    ) -> None:
        with pytest.raises(kind, match=message) as caught:
            read(web.add("/a", DATA, Fault(status=status)))
        assert (waits, caught.value.spent) == ([], False)

    def test_redirects_are_followed_and_loops_end(self, web: Site) -> None:
        target = web.add("/a", DATA)
        assert read(web.add("/b", b"", Fault(status=302, headers={"Location": target}))) == DATA
        loop = web.add("/c", b"")
        web.faults["/c"].extend([Fault(status=302, headers={"Location": loop})] * 40)
        with pytest.raises(RemoteError, match="too many redirects"):
            read(loop)

    def test_nobody_there(self, web: Site, waits: list[float]) -> None:
        with pytest.raises(
            RemoteError, match=r"given up at byte 0 after 4 attempts in a row: connection refused \(4x\)"
        ):
            read("http://127.0.0.1:9/a")
        with pytest.raises(RemoteError, match=r"given up after 4 attempts in a row: connection refused"):
            web_version("http://127.0.0.1:9/a", Access(retries=1000))
        assert len(waits) == 6

    def test_no_signature_of_an_address_is_shown(self, web: Site) -> None:
        with pytest.raises(RemoteError) as caught:
            read("http://127.0.0.1:9/a?X-Amz-Signature=s3cr3t")
        assert "s3cr3t" not in str(caught.value)

    def test_size_and_version_by_head_or_by_get(self, web: Site) -> None:
        url = web.add("/a", DATA)
        assert web_version(url, FEW) == Version(len(DATA), ETAG)
        web.no_head = True
        assert web_version(url, FEW) == Version(len(DATA), ETAG)
        assert web.asked == [("HEAD", "/a", None), ("HEAD", "/a", None), ("GET", "/a", "bytes=0-0")]
        with pytest.raises(MissingError):
            web_version(f"{web.address}/none", FEW)

    def test_what_is_not_read_is_not_downloaded(self, web: Site) -> None:
        url = web.add("/a", DATA * 40)
        with open_input(url, FEW) as stream:
            assert stream.read(1000) == DATA[:1000]
        assert web.sent < 20_000_000  # the rest is what sockets hold


class _Script:
    """A source that answers as written: pieces of bytes, or exceptions, for each time it is opened."""

    def __init__(self, data: bytes, script: list[list[int]], size: int | None) -> None:
        self.data, self.script, self.size, self.opened = data, script, size, 0

    def open_at(self, offset: int, known: Version) -> tuple[Version, Body]:
        steps = self.script[self.opened] if self.opened < len(self.script) else []
        self.opened += 1
        return Version(self.size), _Steps(self.data, offset, list(steps))


class _Steps:
    def __init__(self, data: bytes, place: int, steps: list[int]) -> None:
        self.data, self.place, self.steps, self.end = data, place, steps, len(data)

    def read(self, size: int) -> bytes:
        step = self.steps.pop(0) if self.steps else None
        if step == 0:
            raise TransientError("broken")
        block = self.data[self.place : self.place + min(size, step or size)]
        self.place += len(block)
        return block

    def close(self) -> None:
        pass


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.lists(st.lists(st.integers(0, 40), max_size=4), max_size=8),
    st.lists(st.integers(1, 64), min_size=1, max_size=5),
)
def test_whatever_breaks_the_bytes_are_those_of_the_file(
    data: bytes, script: list[list[int]], sizes: list[int]
) -> None:
    reader = ResumingReader(_Script(data, script, len(data)), "x", Access(retries=100))
    found, turn = b"", 0
    while block := reader.read(sizes[turn % len(sizes)]):
        found, turn = found + block, turn + 1
    assert found == data


class _FlakyFile(AbstractBufferedFile):
    def _fetch_range(self, start: int, end: int) -> bytes:
        self.fs.fetched.append((start, end))
        if self.fs.problems:
            problem = self.fs.problems.pop(0)
            if isinstance(problem, Exception):
                raise problem
            end = start + problem
        return DATA[start:end]


class _Flaky(MemoryFileSystem):
    """An object store that fails as told."""

    protocol = "flaky"
    cachable = False
    problems: list[Exception | int] = []  # noqa: RUF012
    fetched: list[tuple[int, int]] = []  # noqa: RUF012
    tags: list[str] = []  # noqa: RUF012

    def info(self, path: str, **_: object) -> dict[str, object]:
        return {"name": path, "size": len(DATA), "type": "file", "ETag": self.tags.pop(0) if self.tags else "t"}

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **_: object) -> _FlakyFile:
        return _FlakyFile(self, path, mode, block_size=block_size)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> type[_Flaky]:
    fsspec.register_implementation("flaky", _Flaky, clobber=True)
    for name in ("problems", "fetched", "tags"):
        monkeypatch.setattr(_Flaky, name, [])
    return _Flaky


class TestObjects:
    def test_blocks_are_read_ahead_and_no_further(self, flaky: type[_Flaky]) -> None:
        with open_input("flaky://a", FEW, block_bytes=100_000) as stream:
            assert stream.read(1000) == DATA[:1000]
        assert sum(end - start for start, end in flaky.fetched) <= 200_000

    def test_broken_reads_are_resumed(self, flaky: type[_Flaky], waits: list[float]) -> None:
        flaky.problems += [ConnectionResetError(104, "Connection reset by peer"), OSError(16, "SlowDown"), 70_000]
        assert read("flaky://a") == DATA
        assert len(waits) == 2
        assert read("flaky://a", block=len(DATA)) == DATA

    def test_a_short_answer_is_no_end(self, flaky: type[_Flaky], waits: list[float]) -> None:
        flaky.problems += [1000, 0, 0]
        assert read("flaky://a") == DATA
        assert len(waits) >= 1

    def test_spent_retries_and_changed_objects(self, flaky: type[_Flaky]) -> None:
        flaky.problems += [OSError(16, "Please reduce your request rate.")] * 4
        with pytest.raises(RemoteError, match=r"given up at byte 0 after 4 attempts in a row: Please reduce .*\(4x\)"):
            read("flaky://a")
        flaky.problems += [ConnectionResetError(104, "reset")]
        flaky.tags += ["one", "two"]
        with pytest.raises(RemoteError, match="version one before, two now"):
            read("flaky://a")

    def test_a_store_without_credentials_says_so_at_once(self, flaky: type[_Flaky], waits: list[float]) -> None:
        class NoCredentialsError(Exception):
            pass

        for problem, message in [
            (NoCredentialsError("Unable to locate credentials"), "Unable to locate .*inputs.anonymous: true"),
            (PermissionError("Forbidden"), r"access is refused \(Forbidden\)"),
            (FileNotFoundError("x"), "no such file"),
            (ImportError("Please install gcsfs"), r"Please install gcsfs; .* `winnow\[gcp\]` what gs:// needs"),
            (ValueError("no such thing"), "^no such thing$"),
        ]:
            flaky.problems += [problem]
            with pytest.raises(RemoteError, match=message):
                read("flaky://a")
        assert waits == []

    def test_errors_without_words_are_named_by_their_kind(self) -> None:
        assert str(explained_failure(TimeoutError())) == "TimeoutError"
        assert isinstance(explained_failure(TimeoutError()), TransientError)

    def test_anonymous_is_told_to_every_store_of_a_chain(self) -> None:
        fs, path = object_filesystem("s3://bucket/key", anonymous=True)
        assert (fs.anon, path) == (True, "bucket/key")
        fs, _ = object_filesystem("simplecache::s3://bucket/key", anonymous=True)
        assert fs.fs.anon is True
        assert object_filesystem("s3://bucket/key", anonymous=False)[0].anon is False


class TestNames:
    def test_an_existing_file_is_no_chain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("zip::a.warc").write_bytes(b"local")
        assert not is_url("zip::a.warc")
        assert read("zip::a.warc") == b"local"
        assert identity("zip::a.warc") == str(tmp_path / "zip::a.warc")
        assert is_url("zip::b.warc")

    @pytest.mark.parametrize(
        ("name", "url"),
        [("a.warc", False), ("Foo::Bar.warc", False), ("a::*.warc", False), ("C:/x", False), ("s3://b/k", True),
         ("zip://*.warc::a.zip", True), ("simplecache::s3://b/k", True), ("x/y://z", False), ("https://h/a::b", True)],
    )  # fmt: skip
    def test_urls_and_paths_are_told_apart(self, name: str, url: bool) -> None:
        assert is_url(name) is url

    @pytest.mark.parametrize(
        ("name", "other"),
        [("HTTP://Host.example:80/a", "http://host.example/a"), ("https://h:443/a", "https://h/a#x"),
         ("memory://c/a", "memory:///c/a"), ("s3a://b/k", "s3://b/k"), ("file:///tmp/../tmp/x", "/tmp/x")],
    )  # fmt: skip
    def test_one_place_has_one_identity(self, name: str, other: str) -> None:
        assert identity(name) == identity(other)

    def test_places_that_differ_have_two(self) -> None:
        assert len({identity(name) for name in ("http://h/a", "https://h/a", "http://h/A", "http://h/a?b")}) == 4

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("https://u:p@h/a", "https://***@h/a"),
            ("https://h/a?X-Amz-Date=1&X-Amz-Signature=ab/c", "https://h/a?X-Amz-Date=***&X-Amz-Signature=***"),
            ("s3://b/k?versionId=7", "s3://b/k?versionId=7"),
            ("at https://h/a?id=3&sig=x%2F and more", "at https://h/a?id=3&sig=*** and more"),
            ("a@b", "a@b"),
        ],
    )
    def test_secrets_are_hidden_and_nothing_else(self, text: str, shown: str) -> None:
        assert without_secrets(text) == shown == without_secrets(shown)


def test_waits_double_are_spread_and_are_the_same_every_time() -> None:
    waits = [wait_seconds("u", count, None) for count in range(1, 10)]
    assert [round(wait / base, 6) >= 1 for wait, base in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True)] == (
        [True] * 9
    )
    assert all(wait < 1.5 * base for wait, base in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True))
    assert wait_seconds("u", 1, None) == waits[0] != wait_seconds("v", 1, None)
    assert wait_seconds("u", 10**6, None) < 90


def test_local_inputs_load_no_network_library(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(b"WARC/1.0\r\n")
    program = (
        "import sys, pipelines.recipe, pipelines.cli, curation.reading.common_crawl\n"
        "from curation.reading.sources import expand\n"
        "from curation.reading.remote import open_input\n"
        "from curation.reading.resume import Access\n"
        f"file, = expand([{str(tmp_path)!r}], 'archive').files\n"
        "with open_input(file.address, Access()) as stream: assert stream.read()\n"
        "print([name for name in ('aiohttp', 's3fs', 'gcsfs', 'botocore', 'requests') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
