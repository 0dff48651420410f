"""Whole builds of texts that have nothing to compare: empty, one word, fewer words than a shingle."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.generated_copies import VOCABULARY
from tests.pipelines.plain_builds import PLAIN, cluster_sizes, rows, rules, write_wet
from tests.pipelines.tiny import make

HAN = "山水火木金土日月天地"
COOKIES = "We use cookies. By continuing to use this site you accept our use of cookies."

DIFFERENT = [
    *VOCABULARY[:2_000],
    *(f"{VOCABULARY[n]} {VOCABULARY[n + 1]}" for n in range(2_000)),
    *(f"item {n}" for n in range(1_000)),  # of which all have the same words after `normalise@1`
    *(f"{VOCABULARY[n]} the very same end"[: len(VOCABULARY[n]) + 14] for n in range(500)),  # four words
    *(f"{a}{b}{c}" for a in HAN for b in HAN for c in HAN[:5]),  # three Han characters are three words
    *("!" * n for n in range(1, 300)),  # no word at all
]
EQUAL = {"word": 700, "two words": 400, "…": 300, "山水火": 1}
SPACED = ["two  words", " two words\t", "two\nwords"]  # equal but for white space
NOTHING = ["", " \n\t ", "\u3000"] * 200


def texts() -> list[str]:
    return [*DIFFERENT, *(text for text, count in EQUAL.items() for _ in range(count)), *SPACED, *NOTHING]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = ((f"https://example.org/{number}", text) for number, text in enumerate(texts()))
    (path,) = write_wet(tmp_path_factory.mktemp("short") / "in", pages)
    return path


def build(out: Path, archive: Path, **dedup: Any) -> Path:
    make(out, [archive], **PLAIN, dedup=dedup)
    return out


@pytest.fixture(scope="module")
def out(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("short-build") / "out", archive)


def check(out: Path) -> None:
    """All that differ stay, and of equal ones one does."""
    texts = sorted(" ".join(row["text"].split()) for row in rows(out, "shards", "text"))
    assert texts == sorted({*DIFFERENT, *EQUAL})
    assert rules(out) == {"kept": 6_302, "exact": 1_401, "empty_text": 600}
    assert cluster_sizes(out) == {"2": 1, "300": 1, "403": 1, "700": 1}


def test_different_short_texts_all_stay_and_equal_ones_are_exact_copies(out: Path) -> None:
    assert len(set(DIFFERENT)) == len(DIFFERENT)
    check(out)


def test_a_copy_names_the_one_text_that_it_equals(out: Path) -> None:
    kept = {row["id"]: " ".join(row["text"].split()) for row in rows(out, "shards", "id", "text")}
    copies = [row for row in rows(out, "rejected") if row["rule"] == "exact"]
    assert Counter(kept[row["duplicate_of"]] for row in copies) == {
        "word": 699, "two words": 402, "…": 299, "山水火": 1,
    }  # fmt: skip
    assert {(row["value"], row["threshold"]) for row in copies} == {(1.0, 1.0)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "minhash",
    [{"verify": "jaccard"}, {"preset": "redpajama2"}, {"preset": "threshold", "threshold": 0.5}, {"ngram": 8}, None],
    ids=["jaccard", "redpajama2", "threshold", "ngram-8", "off"],
)
def test_no_way_of_looking_for_near_copies_changes_that(
    minhash: dict[str, Any] | None, out: Path, archive: Path
) -> None:
    check(build(out, archive, minhash=minhash))


@pytest.mark.slow
def test_without_exact_short_copies_stay_too(out: Path, archive: Path) -> None:
    build(out, archive, exact=False)
    assert rules(out) == {"kept": 7_703, "empty_text": 600}
    assert cluster_sizes(out) == {}


def test_pages_of_which_a_repair_leaves_nothing_are_exact_copies_of_each_other(tmp_path: Path) -> None:
    pages = [(f"https://example.org/{n}", COOKIES if n % 2 else f"{VOCABULARY[n]}\n{COOKIES}") for n in range(400)]
    recipe = {**PLAIN, "repair": {"boilerplate_lines": ["notices"]}}
    make(tmp_path / "out", write_wet(tmp_path / "in", pages), **recipe, dedup={"limits": {"min_documents": 10_000}})
    kept = [row["text"] for row in rows(tmp_path / "out", "shards", "text")]
    assert sorted(kept) == sorted(["", *VOCABULARY[:400:2]])
    assert rules(tmp_path / "out") == {"kept": 201, "exact": 199}
    index = json.loads((tmp_path / "out/manifest.json").read_text())["index"]
    assert sum(file["documents"] for file in index["files"]) == 201
