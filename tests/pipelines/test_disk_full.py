"""A disk that fills up: one clear message, the earlier build untouched, and a rerun that ends in the same bytes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.dataset import verify
from manifests.errors import JobError
from manifests.manifest import read_manifest
from tests.pipelines.builds import ROOT
from tests.pipelines.tiny import make, prose, response, write_pages

DISK_BYTES = 1 << 20
WRITES = (
    "ingest/orders.jsonl", "documents-00000.parquet", "errors.parquet", "dedup/clusters/part-", "judged/",
    "copies/part-00000.parquet", "tokens.json", "decisions/", "summary.json", "shards/web/part-00000.parquet",
    "publish/manifest.json", "report.html", "publish.json",
)  # fmt: skip
"""Places where a build writes, in the order in which it gets there."""


def assert_whole(out: Path, digest: str) -> None:
    manifest = read_manifest(str(out))
    assert manifest["digest"] == digest
    assert list(verify(str(out), manifest)) == []


def test_wherever_the_disk_fills_up_the_old_build_stays_and_the_new_one_can_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_pages(tmp_path / "first.warc", range(4))
    second = tmp_path / "second.warc"
    copied = [(5, "a"), (5, "b"), (6, "a"), (7, "a"), (8, "a"), (9, "a")]
    pages = b"".join(response(f"https://{host}.example.org/{n}", prose(n)) for n, host in copied)
    second.write_bytes(pages + response("https://example.org/cut", prose(9))[:-300])
    out = tmp_path / "out"
    old = make(out, [first]).manifest["digest"]
    undisturbed = make(tmp_path / "other", [second]).manifest["digest"]

    real = os.replace
    full: list[str] = []

    def replace(source: str, target: str) -> None:
        if full and full[0] in target:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    for place in WRITES:
        full[:] = [place]
        with pytest.raises((JobError, OSError), match=r"[Nn]o space left on") as caught:
            make(out, [second])
        # The command makes a message of an OSError of its own process, as `JobError` is one already.
        assert isinstance(caught.value, JobError) or getattr(caught.value, "errno", None) == errno.ENOSPC
        assert_whole(out, old)
        assert not list(out.rglob("*.partial"))
    full[:] = []
    assert make(out, [second]).manifest["digest"] == undisturbed
    assert_whole(out, undisturbed)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_exit_code_1_and_one_message(workers: int, disk: Path, tmp_path: Path) -> None:
    first = write_pages(tmp_path / "first.warc", range(3))
    second = write_pages(tmp_path / "second.warc", range(10, 40))
    out = disk / "out"
    old = make(out, [first]).manifest["digest"]
    filler = disk / "filler"
    state = os.statvfs(disk)
    filler.write_bytes(bytes(state.f_bavail * state.f_bsize - 16384))
    command = [
        sys.executable, "-m", "pipelines.cli", "curate", "web", "--out", str(out), "--workers", str(workers), "--quiet",
        "--set", f"inputs.archives=[{second}]", "--set", "language.keep=[]", "--set", "quality.rules=fineweb",
    ]  # fmt: skip
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1, answer.stderr
    assert answer.stderr.count("\n") == 1
    assert "no space left on the disk; what was finished is kept, free some space" in answer.stderr
    assert_whole(out, old)
    filler.unlink()
    assert make(out, [second]).manifest["digest"] == make(tmp_path / "other", [second]).manifest["digest"]
