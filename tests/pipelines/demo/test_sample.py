from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.errors import UsageError
from pipelines.demo import Sample, write_sample

ROOT = Path(__file__).resolve().parents[3]


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_another_process_writes_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    code = "import sys, pathlib, pipelines.demo; pipelines.demo.write_sample(pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment, cwd=ROOT)
    assert digests(tmp_path) == digests(sample.folder)


def test_folders_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "archives" / "thesis.txt"
    own.parent.mkdir()
    own.write_text("precious")
    with pytest.raises(UsageError, match="is no sample of Winnow's"):
        write_sample(tmp_path)
    assert own.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [own.parent]


@pytest.mark.parametrize("mark", ["truth.json", ".unfinished-sample"])
def test_an_earlier_sample_is_replaced_whole_or_cut_off(sample: Sample, tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).write_bytes(b"")
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "left-over.warc").write_bytes(b"old")
    write_sample(tmp_path)
    assert digests(tmp_path) == digests(sample.folder)
