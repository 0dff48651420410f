"""`winnow curate` against an index that cannot be used: exit status, message, and nothing published.

`test_releases.py` has more cases, within its own process; here a release has several index files.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from manifests.manifest import read_manifest
from pipelines.cli import main
from pipelines.stages import index
from tests.pipelines.tiny import make, prose, response

FILES = 4


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with an index of four files, and a crawl that repeats half of it."""
    folder = tmp_path_factory.mktemp("refused")
    for name, seeds in (("one", range(8)), ("two", range(4, 12))):
        crawl = b"".join(response(f"https://{name}.example/{seed}", prose(seed)) for seed in seeds)
        (folder / f"{name}.warc").write_bytes(crawl)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "DOCUMENTS_PER_FILE", 8 // FILES)
        make(folder / "r1", [folder / "one.warc"], name="d", version="1")
    return folder


@pytest.fixture
def work(releases: Path, tmp_path: Path) -> Path:
    """A folder with the release, to be spoilt."""
    shutil.copytree(releases / "r1", tmp_path / "r1")
    return tmp_path


def curate(
    releases: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *keys: str
) -> tuple[int, str]:
    """Build the second crawl against `work/r1` into `work/r2`; exit status and error output."""
    given = (
        f"inputs.archives=['{releases}/two.warc']", "inputs.repositories=[]", "name=d", "version=2", "mixture={}",
        "language.keep=[]", f"dedup.against=['{work}/r1']", *keys,
    )  # fmt: skip
    settings = [part for key in given for part in ("--set", key)]
    arguments = ["winnow", "curate", "web", "--quiet", "--out", f"{work}/r2", *settings]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ending:
        main()
    return int(ending.value.code or 0), capsys.readouterr().err


def entries(work: Path) -> dict[str, str]:
    """Digest by path of the files of the index."""
    return {file["path"]: file["sha256"] for file in read_manifest(str(work / "r1"))["index"]["files"]}


def test_what_is_whole_is_used(
    releases: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(entries(work)) == FILES
    assert curate(releases, work, capsys, monkeypatch) == (0, "")
    rules = {row["rule"]: row["documents"] for row in read_manifest(str(work / "r2"))["funnel"]}
    assert (rules["earlier.exact"], rules["kept"]) == (4, 4)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("dedup.minhash.seed=2", "`seed` 1, this recipe's 2, and signatures of two kinds cannot be compared"),
        ("dedup.minhash.scheme=affine64", "`scheme` affine32, this recipe's affine64"),
    ],
)
def test_another_seed_or_scheme_is_exit_status_2_with_the_fix(
    key: str,
    message: str,
    releases: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, said = curate(releases, work, capsys, monkeypatch, key)
    assert status == 2 and f"{work}/r1: its signatures of source `web` have {message}" in said
    assert "set dedup.minhash." in said
    assert not (work / "r2").exists()


@pytest.mark.parametrize("place", range(FILES))
def test_a_missing_file_is_exit_status_2_and_named_with_its_digest(
    place: int, releases: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = sorted(entries(work).items())[place]
    (work / "r1" / path).unlink()
    status, said = curate(releases, work, capsys, monkeypatch)
    assert status == 2 and f"{work}/r1/{path} is missing; its manifest expects" in said and sha256 in said
    assert not (work / "r2").exists()


def test_an_altered_file_is_exit_status_1_and_named_with_both_digests(
    releases: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sha256 = sorted(entries(work).items())[2]
    good = (work / "r1" / path).read_bytes()
    spoilt = bytearray(good)
    spoilt[len(spoilt) // 2] ^= 1
    (work / "r1" / path).write_bytes(spoilt)
    status, said = curate(releases, work, capsys, monkeypatch)
    assert status == 1 and f"{work}/r1/{path} was altered: it has sha256 " in said and sha256 in said
    assert [entry.name for entry in (work / "r2").iterdir()] == [".work"]
    (work / "r1" / path).write_bytes(good)
    assert curate(releases, work, capsys, monkeypatch)[0] == 0  # and the same command goes on
    assert read_manifest(str(work / "r2"))["totals"]["documents"] == 4


def test_files_in_each_other_s_place_are_altered_files(
    releases: Path, work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sorted(entries(work))[:2]
    (work / "r1" / first).replace(work / "spare")
    (work / "r1" / second).replace(work / "r1" / first)
    (work / "spare").replace(work / "r1" / second)
    status, said = curate(releases, work, capsys, monkeypatch)
    assert status in (1, 2) and f"{work}/r1/{first} was altered: it has" in said
    assert not (work / "r2/manifest.json").exists()
