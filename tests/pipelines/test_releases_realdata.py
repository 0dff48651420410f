"""The release scenario on real documents: news articles with planted near-duplicates, and editions of three books.

What must be held follows from the true Jaccard similarity of all pairs, counted here.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from curation.dedup.shingles import shingle_set
from tests.pipelines.tiny import make, response

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "neardup"
THRESHOLD = 0.75
LENIENT = {
    "quality": {"rules": "gopher", "gopher": {"max_words": 10_000_000, "min_alphabetic_words": 0.0}},
    "toxicity": {"max_document": 1.0, "max_words": 1.0, "max_line": 1.0},
}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here"),
]


def documents() -> tuple[dict[str, str], dict[str, str]]:
    """Texts by name, of the first and of the second release."""
    with gzip.open(DATA / "mccormick_articles/articles_1000.train.gz", "rt", encoding="utf-8") as stream:
        articles = dict(line.rstrip("\n").split(" ", 1) for line in stream)
    planted = [line.split() for line in (DATA / "mccormick_articles/articles_1000.truth").read_text().splitlines()]
    copies = {copy for _, copy in planted}
    originals = {original for original, _ in planted}
    first, second = {}, {}
    for number, name in enumerate(sorted(articles)):
        late = name in copies or (name not in originals and number % 2)
        (second if late else first)[name] = articles[name]
        if name not in originals and number % 50 == 0:
            second[f"again-{name}"] = articles[name]
    for path in sorted((DATA / "gutenberg_editions").glob("*.txt.gz")):
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace").replace("<", " ").replace("&", " ")
        name = path.name.removesuffix(".txt.gz")
        (first if name in ("book11__11", "book1342__1342", "book84__84") else second)[name] = text
    return first, second


def release(out: Path, texts: dict[str, str], **recipe: Any) -> dict[str, str]:
    """Build and return id -> name of what it holds."""
    crawl = out.with_suffix(".warc")
    if not crawl.exists():
        crawl.write_bytes(b"".join(response(f"https://real.example/{name}", text) for name, text in texts.items()))
    made = make(out, [crawl], name="real", **{**LENIENT, **recipe})
    assert made.manifest["totals"]["errors"] == 0
    return names(out, "shards")


def names(out: Path, folder: str) -> dict[str, str]:
    table = ds.dataset(out / folder, format="parquet").to_table(columns=["id", "uri"])
    return {row["id"]: (row["uri"] or "").rpartition("/")[2] for row in table.to_pylist()}


def alike(a: Any, b: Any) -> float:
    shared = len(set(a.tolist()) & set(b.tolist()))
    return shared / (len(a) + len(b) - shared)


def test_the_second_release_repeats_nothing_and_a_deleted_document_gives_back_what_it_held(tmp_path: Path) -> None:
    first, second = documents()
    held_by_first = release(tmp_path / "r1", first, version="1")
    assert sorted(held_by_first.values()) == sorted(first)  # no two of them are copies
    against = {"dedup": {"against": [str(tmp_path / "r1")]}}
    new = set(release(tmp_path / "r2", second, version="2", **against).values())

    texts = published(tmp_path / "r1")
    sets = {name: shingle_set(text) for name, text in texts.items()}
    own = {name: shingle_set(text) for name, text in documents_of(tmp_path / "r2").items()}
    expected = {
        name: {old for old, one in sets.items() if 0.4 < len(one) / len(mine) < 2.5 and alike(one, mine) >= THRESHOLD}
        for name, mine in own.items()
    }
    found: dict[str, set[str]] = {name: set() for name in own}
    rejected = ds.dataset(tmp_path / "r2/rejected", format="parquet").to_table().to_pylist()
    for row in rejected:
        assert row["rule"].startswith("earlier.")
        old = held_by_first[row["duplicate_of"].removeprefix("real@1#")]
        found[row["uri"].rpartition("/")[2]].add(old)
    assert found == expected
    assert len([name for name in own if name.startswith("again-")]) == 20
    assert new == {name for name, old in expected.items() if not old}

    planted = next(name for name, old in expected.items() if old and name.startswith("t"))
    (original,) = expected[planted]
    (tmp_path / "takedown").write_text(f"url:https://real.example/{original}\nurl:https://real.example/book84__84\n")
    release(tmp_path / "r1", first, version="1", takedown=[str(tmp_path / "takedown")])
    back = set(release(tmp_path / "r2", second, version="2", **against).values())
    editions = {name for name in own if name.startswith("book84")}
    assert new <= back
    assert planted in back - new and back - new - {planted} <= editions
    assert len(back - new) == 2  # the article, and one of the editions of the book: they are copies of each other


def published(out: Path) -> dict[str, str]:
    table = ds.dataset(out / "shards", format="parquet").to_table(columns=["uri", "text"])
    return {row["uri"].rpartition("/")[2]: row["text"] for row in table.to_pylist()}


def documents_of(out: Path) -> dict[str, str]:
    """Texts of all documents of a build, kept or not."""
    parts = sorted(str(path) for path in (out / ".work/ingest").glob("*/documents-*.parquet"))
    table = ds.dataset(parts, format="parquet").to_table(columns=["uri", "text"])
    return {row["uri"].rpartition("/")[2]: row["text"] for row in table.to_pylist()}
