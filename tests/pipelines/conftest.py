"""The sample crawl and one build of it, made once for all tests that look at a finished build."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.demo import Sample, write_sample
from tests.pipelines.builds import curate


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def built(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("build") / "out"
    archives = sorted(str(path) for path in Path(sample.archives).iterdir())
    repositories = sorted(str(path) for path in Path(sample.repositories).iterdir())
    curate(out, archives, repositories)
    return out
