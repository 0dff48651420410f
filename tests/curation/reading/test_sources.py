from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pygit2
import pytest
import zstandard

from curation.reading import resume
from curation.reading.sources import InputFile, SkippedInput, expand, sniff
from manifests.errors import UsageError
from tests.curation.reading.archive_bytes import record, zipped
from tests.curation.reading.servers import Site, site

WARC = zipped(record("a"))
ARC = b"filedesc://x.arc 0.0.0.0 20080430204825 text/plain 3\nabc\n"


@pytest.fixture
def crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "crawl/b.warc.gz": WARC,
        "crawl/deep/er/a.txt": record("a"),
        "crawl/deep/x.arc": ARC,
        "crawl/README": b"read me",
        "crawl/empty.warc": b"",
        "crawl/odd[1].warc": record("b"),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def uris(patterns: list[str]) -> list[str]:
    return [file.uri for file in expand(patterns, "archive").files]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (WARC, "warc"),
        (record("a"), "warc"),
        (gzip.compress(record("a") * 100, mtime=0), "warc"),
        (zstandard.compress(record("a")), "warc"),
        (b"\r\n" + record("a"), "warc"),
        (ARC, "arc"),
        (gzip.compress(ARC, mtime=0), "arc"),
        (b"", "unknown"),
        (b"<html>WARC/1.0", "unknown"),
        (gzip.compress(b"text", mtime=0), "unknown"),
        (b"\x1f\x8b\x08broken", "unknown"),
        (b"\x28\xb5\x2f\xfd", "unknown"),
    ],
)
def test_the_kind_is_told_by_content(data: bytes, kind: str) -> None:
    assert sniff(io.BytesIO(data)) == kind


def test_a_folder_is_its_archives_and_the_rest_is_reported(crawl: Path) -> None:
    found = expand(["crawl"], "archive")
    assert [file.uri for file in found.files] == [
        "crawl/b.warc.gz",
        "crawl/deep/er/a.txt",
        "crawl/deep/x.arc",
        "crawl/odd[1].warc",
    ]
    assert found.skipped == (
        SkippedInput("crawl/README", "not a WARC, WET or ARC archive"),
        SkippedInput("crawl/empty.warc", "empty"),
    )


def test_size_and_fingerprint_follow_the_file(crawl: Path) -> None:
    (before,) = expand(["crawl/b.warc.gz"], "archive").files
    assert before == InputFile("crawl/b.warc.gz", "archive", len(WARC), before.fingerprint)
    os.utime("crawl/b.warc.gz", ns=(1, 1))
    (after,) = expand(["crawl/b.warc.gz"], "archive").files
    assert after.fingerprint == f"{len(WARC)}-1" != before.fingerprint


def test_globs_go_through_folders_and_names_may_hold_brackets(crawl: Path) -> None:
    assert uris(["crawl/*.warc*"]) == ["crawl/b.warc.gz", "crawl/odd[1].warc"]
    assert uris(["crawl/**/*.txt", "crawl/odd[1].warc"]) == ["crawl/deep/er/a.txt", "crawl/odd[1].warc"]
    assert uris(["crawl/**"]) == uris(["crawl"])
    assert uris([f"{crawl}/crawl/deep"]) == [f"{crawl}/crawl/deep/er/a.txt", f"{crawl}/crawl/deep/x.arc"]


def test_a_file_named_twice_is_read_once(crawl: Path) -> None:
    (crawl / "crawl" / "link.warc").symlink_to(crawl / "crawl" / "b.warc.gz")
    found = expand(["./crawl/b.warc.gz", "crawl/b.warc.gz", "crawl"], "archive")
    assert [file.uri for file in found.files] == [
        "./crawl/b.warc.gz",
        "crawl/deep/er/a.txt",
        "crawl/deep/x.arc",
        "crawl/odd[1].warc",
    ]
    assert {item.uri: item.reason for item in found.skipped}["crawl/link.warc"] == (
        "the same archive as ./crawl/b.warc.gz"
    )


def test_a_file_named_by_itself_is_taken_at_its_word(crawl: Path) -> None:
    assert uris(["crawl/README"]) == ["crawl/README"]


def test_things_that_are_no_files_are_reported(crawl: Path) -> None:
    os.mkfifo(crawl / "crawl" / "pipe")
    (crawl / "crawl" / "dangling").symlink_to("nowhere")
    (crawl / "crawl" / os.fsdecode(b"bad\xff.warc")).write_bytes(WARC)
    reasons = {item.uri: item.reason for item in expand(["crawl"], "archive").skipped}
    assert reasons["crawl/pipe"] == "not a regular file"
    assert reasons["crawl/dangling"] == "cannot be read: No such file or directory"
    assert reasons["crawl/bad\\xff.warc"] == "the file's name is not valid UTF-8; rename it"


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([], "no archive inputs are given"),
        ([" "], "an empty archive input"),
        (["nowhere.warc"], "nowhere.warc: no such file or folder"),
        (["crawl/*.zip"], "crawl/\\*.zip: matches nothing"),
        (["crawl/READ*"], "crawl/READ\\*: no archive .* found here \\(crawl/README: not a WARC"),
        (["void"], "void: no archive"),
        (["memory://nowhere/x.warc"], "memory://nowhere/x.warc: no such file or folder"),
        (["memory://nowhere/*.warc"], "matches nothing"),
        (["nosuchprotocol://x"], "nosuchprotocol://x: cannot be read: .*nosuchprotocol"),
        (["crawl/b.warc.gz", "gone"], "gone: no such file"),
        (["pipe"], "pipe: no archive .*not a regular file"),
    ],
)
def test_what_cannot_be_read_is_named(crawl: Path, patterns: list[str], message: str) -> None:
    (crawl / "void").mkdir()
    os.mkfifo(crawl / "pipe")
    with pytest.raises(UsageError, match=message):
        expand(patterns, "archive")


def test_urls_are_files_globs_and_folders_too() -> None:
    fs = fsspec.filesystem("memory")
    for name, content in {"/c/a.warc": WARC, "/c/deep/b.warc": WARC, "/c/note": b"no"}.items():
        fs.pipe_file(name, content)
    try:
        assert uris(["memory://c/a.warc"]) == ["memory://c/a.warc"]
        assert uris(["memory://c/*"]) == ["memory:///c/a.warc", "memory:///c/note"]
        assert uris(["memory://c/**/*.warc"]) == ["memory:///c/a.warc", "memory:///c/deep/b.warc"]
        assert uris(["memory://c/a.warc", "memory://c/**/*.warc"]) == ["memory:///c/a.warc", "memory:///c/deep/b.warc"]
        found = expand(["memory://c"], "archive")
        assert [file.uri for file in found.files] == ["memory:///c/a.warc", "memory:///c/deep/b.warc"]
        assert [item.uri for item in found.skipped] == ["memory:///c/note"]
        assert found.files[0].bytes == len(WARC)
        before = found.files[0].fingerprint
        fs.pipe_file("/c/a.warc", WARC)
        assert expand(["memory://c"], "archive").files[0].fingerprint != before
    finally:
        fs.rm("/c", recursive=True)


def test_a_local_name_with_two_colons_is_no_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("Foo::Bar.warc", "zip::b.warc"):
        Path(name).write_bytes(WARC)
    assert uris(["Foo::Bar.warc", "zip::b.warc"]) == ["Foo::Bar.warc", "zip::b.warc"]
    assert uris(["Foo::*.warc"]) == ["Foo::Bar.warc"]
    assert uris(["."]) == ["./Foo::Bar.warc", "./zip::b.warc"]
    with zipfile.ZipFile("c.zip", "w") as packed:
        packed.writestr("in.warc", WARC)
    assert uris(["zip://*.warc::c.zip"]) == ["zip://in.warc::c.zip"]
    Path("d.zip").write_bytes(Path("c.zip").read_bytes())
    assert uris(["zip://*.warc::c.zip", "zip://in.warc::d.zip"]) == ["zip://in.warc::c.zip", "zip://in.warc::d.zip"]
    Path("plain.warc").write_bytes(WARC)
    assert uris([f"simplecache::file://{tmp_path}/pl*", "plain.warc"]) == ["plain.warc"]
    assert uris([f"simplecache::file://{tmp_path}/pl*"]) == [f"simplecache::file://{tmp_path}/plain.warc"]


class TestWeb:
    @pytest.fixture
    def web(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(resume, "sleep", lambda _: None)
        with site() as running:
            yield running

    def test_an_address_is_asked_once_and_not_read(self, web: Site) -> None:
        url = web.add("/a [1].warc.gz", WARC)
        assert expand([url, url], "archive").files == (InputFile(url, "archive", len(WARC), f'{len(WARC)}-"one"'),)
        assert {method for method, _, _ in web.asked} == {"HEAD"}

    def test_a_glob_is_a_page_of_links_and_every_file_has_its_own_version(self, web: Site) -> None:
        names = [web.add(f"/{name}", WARC) for name in ("b.warc.gz", "a.warc.gz", "c.txt")]
        page = b"".join(b'<a href="%s">x</a>' % name.encode() for name in names)
        web.add("/", page)
        web.tags["/a.warc.gz"] = '"other"'
        found = expand([f"{web.address}/*.warc.gz"], "archive").files
        assert [(file.uri, file.fingerprint) for file in found] == [
            (f"{web.address}/a.warc.gz", f'{len(WARC)}-"other"'),
            (f"{web.address}/b.warc.gz", f'{len(WARC)}-"one"'),
        ]
        with pytest.raises(UsageError, match="matches nothing"):
            expand([f"{web.address}/*.zip"], "archive")

    def test_a_signature_is_kept_apart_from_the_name(self, web: Site) -> None:
        url = web.add("/a", WARC) + "?id=1&Signature=x"
        (file,) = expand([url], "archive").files
        assert (file.uri, file.address) == (url.replace("=x", "=***"), url)
        with pytest.raises(UsageError, match=r"Signature=\*\*\*: named twice, with different signatures"):
            expand([url, url.replace("=x", "=y")], "archive")
        with pytest.raises(UsageError, match=r"https://\*\*\*@h/r.git: repositories are read from folders"):
            expand(["https://user:word@h/r.git"], "repository")


def commit(path: Path, text: str, *, bare: bool = False) -> str:
    repository = pygit2.init_repository(str(path), bare=bare, initial_head="main")
    builder = repository.TreeBuilder()
    builder.insert("a.txt", repository.create_blob(text.encode()), pygit2.GIT_FILEMODE_BLOB)
    author = pygit2.Signature("A", "a@example.test", 1, 0)
    return str(repository.create_commit("refs/heads/main", author, author, "m", builder.write(), []))


def test_repositories_are_found_in_folders_and_by_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    work, bare = commit(tmp_path / "dump/owner/work", "a"), commit(tmp_path / "dump/bare.git", "b", bare=True)
    pygit2.init_repository(str(tmp_path / "dump/fresh"))
    (tmp_path / "dump/notes").mkdir()
    expected = (
        InputFile("dump/bare.git", "repository", None, bare),
        InputFile("dump/fresh", "repository", None, "no-commit"),
        InputFile("dump/owner/work", "repository", None, work),
    )
    assert expand(["dump"], "repository").files == expected
    assert expand(["dump"], "repository").skipped == (SkippedInput("dump/notes", "no git repository in it"),)
    assert expand(["dump/*", "dump/owner/work"], "repository").files == expected
    assert expand(["dump/owner/work"], "repository").files == expected[2:]


def test_repositories_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for pattern, message in [
        (str(tmp_path), "no git repository found here"),
        (str(tmp_path / "file"), "not a folder"),
        (str(tmp_path / "gone"), "no such file or folder"),
        ("https://example.test/x.git", "clone it first"),
    ]:
        with pytest.raises(UsageError, match=message):
            expand([pattern], "repository")
    with pytest.raises(UsageError, match="no repository inputs are given"):
        expand([], "repository")
