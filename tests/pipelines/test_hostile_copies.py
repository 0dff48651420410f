"""Whole builds of 200,000 copies of one page: they end, within bounds of memory, and not without being allowed to.

What a build took is printed; `pytest -rP` shows it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.dataset import verify
from manifests.manifest import read_manifest
from tests.benchmarks import generated_copies as generated
from tests.pipelines.plain_builds import (
    cluster_sizes,
    measured,
    refused,
    rows,
    rules,
    with_ingest_of,
    write_recipe,
    write_wet,
)

pytestmark = pytest.mark.slow

COUNT = 200_000
IDENTICAL_MEGABYTES, NEAR_MEGABYTES = 4_000, 6_500
"""Of all processes of a build; three that have only started hold 1,150, pages that they share counted thrice. Of near
copies Beam's local runner holds 14 sketches of 156 bytes each, and several copies of these."""
RAISED = ("--set", "dedup.limits.max_source_share=1", "--set", "dedup.limits.max_cluster=200000")
PAGE = generated.text(99)


class TestIdentical:
    @pytest.fixture(scope="class")
    def built(self, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
        """A finished build in `raised`, its recipe beside it, and what it took."""
        folder = tmp_path_factory.mktemp("identical")
        archives = write_wet(folder / "in", ((f"https://example.org/{n}", PAGE) for n in range(COUNT)), 8)
        recipe = write_recipe(folder / "recipe.json", archives)
        return folder, measured(recipe, folder / "raised", *RAISED)

    def test_one_stays_and_all_others_are_its_exact_copies(self, built: tuple[Path, dict[str, float]]) -> None:
        out = built[0] / "raised"
        (kept,) = rows(out, "shards", "id", "uri", "text")
        assert kept["text"] == PAGE
        gone = rows(out, "rejected", "uri", "rule", "duplicate_of", "stage")
        assert {(row["stage"], row["rule"], row["duplicate_of"]) for row in gone} == {("dedup", "exact", kept["id"])}
        assert {row["uri"] for row in gone} == {f"https://example.org/{n}" for n in range(COUNT)} - {kept["uri"]}
        assert rules(out) == {"kept": 1, "exact": 199_999}
        assert cluster_sizes(out) == {"200000": 1}
        assert list(verify(str(out), read_manifest(str(out)))) == []

    def test_memory_is_bounded(self, built: tuple[Path, dict[str, float]]) -> None:
        assert built[1]["peak"] < IDENTICAL_MEGABYTES

    def test_with_the_default_limits_nothing_is_published(self, built: tuple[Path, dict[str, float]]) -> None:
        folder, _ = built
        out = with_ingest_of(folder / "raised", folder / "default")
        status, message = refused(folder / "recipe.json", out)
        assert status == 1
        assert "more documents of a source are copies than dedup.limits.max_source_share allows (0.95)" in message
        assert "web: 199,999 of 200,000 documents that pass the rules (100.0 %): 199,999 exact" in message
        assert "Traceback" not in message
        assert os.listdir(out) == [".work"]

    def test_a_limit_that_is_passed_later_leaves_what_was_published(self, built: tuple[Path, dict[str, float]]) -> None:
        out = built[0] / "raised"
        before = (out / "manifest.json").read_bytes()
        assert refused(built[0] / "recipe.json", out)[0] == 1
        assert (out / "manifest.json").read_bytes() == before


def test_of_one_record_that_was_met_200_000_times_one_stays(tmp_path: Path) -> None:
    archives = write_wet(tmp_path / "in", (("https://example.org/", PAGE) for _ in range(COUNT)), 8)
    recipe = write_recipe(tmp_path / "recipe.json", archives)
    found = measured(recipe, tmp_path / "out", "--set", "dedup.limits.max_source_share=1")
    assert found["peak"] < IDENTICAL_MEGABYTES
    assert rules(tmp_path / "out") == {"kept": 1, "same_record": 199_999}
    (kept,) = rows(tmp_path / "out", "shards", "id")
    assert {row["duplicate_of"] for row in rows(tmp_path / "out", "rejected")} == {kept["id"]}


def nearly_equal() -> Iterator[tuple[str, str]]:
    """150 equal words; at the end another number, or another word, of each page."""
    for number in range(COUNT):
        last = str(number) if number % 2 else generated.identity(number).translate(LETTERS)
        yield f"https://example.org/{number}", f"{PAGE} {last}"


LETTERS = str.maketrans("0123456789", "ghijklmnop")


class TestNearlyIdentical:
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("nearly")
        write_recipe(folder / "recipe.json", write_wet(folder / "in", nearly_equal(), 8))
        return folder

    @pytest.fixture(scope="class", params=["signature", "jaccard"])
    def built(self, request: pytest.FixtureRequest, folder: Path) -> tuple[Path, dict[str, float]]:
        out = with_ingest_of(folder / "signature", folder / request.param)
        verified = ("--set", f"dedup.minhash.verify={request.param}")
        return out, measured(folder / "recipe.json", out, *RAISED, *verified)

    def test_one_stays_and_all_others_are_its_near_copies(self, built: tuple[Path, dict[str, float]]) -> None:
        out, _ = built
        (kept,) = rows(out, "shards", "id", "text")
        assert kept["text"].startswith(PAGE)
        gone = rows(out, "rejected", "rule", "duplicate_of", "value")
        assert Counter((row["rule"], row["duplicate_of"]) for row in gone) == {("near", kept["id"]): 199_999}
        assert min(row["value"] for row in gone) > 0.9
        assert cluster_sizes(out) == {"200000": 1}
        assert list(verify(str(out), read_manifest(str(out)))) == []

    def test_memory_is_bounded(self, built: tuple[Path, dict[str, float]]) -> None:
        assert built[1]["peak"] < NEAR_MEGABYTES

    def test_with_the_default_limits_nothing_is_published(self, folder: Path) -> None:
        out = with_ingest_of(folder / "signature", folder / "default")
        status, message = refused(folder / "recipe.json", out)
        assert status == 1
        assert "a cluster joins 200,000 different texts, more than dedup.limits.max_cluster allows (100,000)" in message
        assert "200,000 documents with 200,000 texts, among them https://example.org/" in message
        assert "Traceback" not in message
        assert os.listdir(out) == [".work"]
