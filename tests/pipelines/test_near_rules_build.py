"""FineWeb's rule for pages and BigCode's for code in one build, and in the release after it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from manifests.dataset import verify
from manifests.errors import UsageError
from manifests.manifest import read_manifest
from pipelines.build import Build
from pipelines.explain import explain
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.redecide import Outcomes, redecide, stored_build
from pipelines.runner import make_options
from tests.pipelines.test_explain import shown
from tests.pipelines.test_releases import rows, write
from tests.pipelines.tiny import make, prose, write_repository

BOTH = {"minhash_by_source": {"code": {"preset": "bigcode"}}}
NAMES = [f"{first}_{second}" for first in "abcdef" for second in ("north", "east", "south", "west", "up", "down")]
PAGES = {f"https://one.example/{n}": prose(n) for n in range(1, 5)}
COPY = {"https://one.example/copy": f"{prose(1)}\nOne line more."}
FILES = {"README.md": "Tables", "LICENSE": "MIT License"}


def table(numbers: int) -> str:
    """A module of constants; another number gives the same names with other values."""
    lines = [
        f"def {name}_at(step):\n    return lookup_{name}[step + {numbers + 7 * n}]" for n, name in enumerate(NAMES)
    ]
    return "\n\n\n".join(lines) + "\n"


def build(folder: Path, name: str, files: dict[str, str], pages: dict[str, str], **keys: Any) -> Path:
    crawl = write(folder / f"{name}.warc", pages)
    repository = write_repository(folder / f"{name}-repository", {**FILES, **files})
    recipe = {"name": "d", "version": name, "code": {"licenses": ["permissive", "other", "none"]}, **keys}
    make(folder / name, [crawl], repositories=[repository], **recipe)
    return folder / name


def gone(out: Path) -> dict[str, tuple[str, float]]:
    return {
        re.split("[/:]", row["uri"])[-1]: (row["rule"], row["threshold"])
        for row in rows(out, "rejected")
        if row["stage"] == "dedup"
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rules")
    files = {"a.py": table(1000), "b.py": table(5000), "c.py": f"{table(1000)}\n\nlast_line = {1}\n"}
    build(place, "one", files, {**PAGES, **COPY})
    build(place, "two", files, {**PAGES, **COPY}, dedup=BOTH)
    return place


def test_by_words_files_of_other_numbers_are_copies_by_tokens_they_are_not(folder: Path) -> None:
    assert gone(folder / "one") == {"1": ("near", 0.75), "a.py": ("near", 0.75), "b.py": ("near", 0.75)}
    assert gone(folder / "two") == {"1": ("near", 0.75), "a.py": ("near", 0.7)}


def test_the_index_has_the_signatures_of_each_rule(folder: Path) -> None:
    index = read_manifest(str(folder / "two"))["index"]
    assert {entry["path"] for entry in index["files"]} == {
        "index/code/part-00000.parquet", "index/web/part-00000.parquet",
    }  # fmt: skip
    schemes = index["minhash"]
    assert [(one["shingle"], one["num_perm"], one["bands"]) for one in (schemes["web"], schemes["code"])] == [
        ("words", 128, 14), ("tokens", 256, 25),
    ]  # fmt: skip
    lengths = {source: {len(row["sketch"]) for row in rows(folder / "two", f"index/{source}") if row["sketch"]}
               for source in ("web", "code")}  # fmt: skip
    assert lengths == {"web": {128}, "code": {256}}
    assert list(verify(str(folder / "two"), read_manifest(str(folder / "two")))) == []


def test_the_report_shows_a_curve_for_each_rule(folder: Path) -> None:
    one, two = ((folder / name / "report.html").read_text() for name in ("one", "two"))
    assert (one.count("bands of 8 rows propose"), one.count("bands of 10 rows propose")) == (1, 0)
    assert (two.count("bands of 8 rows propose"), two.count("bands of 10 rows propose")) == (1, 1)
    assert "candidates of code" in two and "5 tokens, copies from 0.7" in two


def test_explain_compares_by_the_source_s_shingles_and_deciding_again_agrees(folder: Path) -> None:
    (row,) = [row for row in rows(folder / "two", "rejected") if row["rule"] == "near" and row["source"] == "code"]
    (record,) = explain(str(folder / "two"), uri=row["uri"]).records
    assert record.copy is not None and record.copy.similarity == pytest.approx(0.992, abs=0.001)
    build, outcomes = stored_build(str(folder / "two")), Outcomes()
    thresholds = {
        item.part.source: {value for value in item.threshold[item.code != 0].tolist() if value in (0.7, 0.75)}
        for item in redecide(build, build.recipe, outcomes)
    }
    assert thresholds == {"web": {0.75}, "code": {0.7}}


def test_numbers_that_do_not_apply_to_a_file_are_explained_as_empty(folder: Path) -> None:
    (row,) = [row for row in rows(folder / "two", "shards/code") if row["uri"].endswith(":c.py")]
    found = explain(str(folder / "two"), uri=row["uri"])
    (record,) = found.records
    assert record.details is not None
    values = {measure.name: measure.value for measure in record.details.measures}
    assert (values["code.html_visible_share"], values["code.vendored"]) == (None, 0.0)
    assert "code.html_visible_share" in shown(found)


def test_a_later_release_finds_copies_by_each_source_s_rule(folder: Path) -> None:
    files = {"d.py": f"{table(1000)}\n\nnext_line = {2}\n", "e.py": table(9000)}
    pages = {"https://two.example/near-2": f"{prose(2)}\nOne line more.", "https://two.example/9": prose(9)}
    out = build(folder, "three", files, pages, dedup={**BOTH, "against": [str(folder / "two")]})
    assert gone(out) == {
        "LICENSE": ("earlier.exact", 1.0), "README.md": ("earlier.exact", 1.0),
        "d.py": ("earlier.near", 0.7), "near-2": ("earlier.near", 0.75),
    }  # fmt: skip


def test_a_release_whose_source_had_another_rule_is_refused(folder: Path) -> None:
    against = {"against": [str(folder / "one")]}
    with pytest.raises(
        UsageError, match=r"source `code` have `num_perm` 128, .* 256, .*minhash_by_source.code.num_perm=128"
    ):
        build(folder, "four", {}, PAGES, dedup={**BOTH, **against})
    with pytest.raises(
        UsageError, match=r"source `code` have `num_perm` 256, this recipe's 128, .*set dedup.minhash.num_perm"
    ):
        build(folder, "five", {}, PAGES, dedup={"against": [str(folder / "two")]})


@pytest.mark.parametrize(("counts", "removed"), [(True, [("near", 0.7)]), (False, [])])
def test_by_true_similarity_too_a_licence_notice_counts_where_the_rule_says_so(
    counts: bool, removed: list[tuple[str, float]], tmp_path: Path
) -> None:
    notice = "".join(f"// {line}\n" for line in ["Copyright A. Licence: MIT", *prose(1, 12).split("\n")])
    names = {"a.go": "tides", "b.go": "boats"}
    files = {
        file: f"{notice}\npackage {name}\n\nfunc {name}(step int) int {{\n\treturn {name}[step]\n}}\n"
        for file, name in names.items()
    }
    rule = {"preset": "bigcode", "verify": "jaccard", "license_header": counts}
    out = build(tmp_path, "one", files, PAGES, dedup={"minhash_by_source": {"code": rule}})
    assert [*gone(out).values()] == removed


@pytest.mark.slow
def test_both_ways_of_verifying_go_together_and_workers_change_no_byte(folder: Path, tmp_path: Path) -> None:
    rules = {"minhash": {"verify": "jaccard", "threshold": 0.8}, **BOTH}
    files = {"a.py": table(1000), "b.py": table(5000), "c.py": f"{table(1000)}\n\nlast_line = {1}\n"}
    pages = [*PAGES.items(), *COPY.items()]
    crawls = [write(tmp_path / f"{number}.warc", dict(pages[number::2])) for number in range(2)]
    repository = write_repository(tmp_path / "repository", {**FILES, **files})
    digests = set()
    for workers, order in ((1, crawls), (2, crawls[::-1])):
        inputs = {"archives": [str(path) for path in order], "repositories": [str(repository)]}
        keys = {"language": {"keep": []}, "code": {"licenses": ["permissive", "other", "none"]}, "dedup": rules}
        recipe = Recipe.model_validate({"inputs": inputs, **keys})
        made = Build(recipe, str(tmp_path / f"out-{workers}"), make_options([], workers), Progress(quiet=True)).run()
        assert gone(tmp_path / f"out-{workers}") == {"1": ("near", 0.8), "a.py": ("near", 0.7)}
        digests.add(made.manifest["digest"])
    assert len(digests) == 1
