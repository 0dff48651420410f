"""Evaluation items in a build: dropped, cut, listed, counted, explained."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from manifests.dataset import verify
from manifests.errors import UsageError
from manifests.manifest import read_manifest
from pipelines.explain import explain
from pipelines.explain_view import format_explanation
from pipelines.stages import decontaminate
from pipelines.tune_rules import tune_rules
from tests.pipelines.tiny import make, prose, response, write_repository

RIVER = (
    "A ferry carries 48 goats over the river in April, and half as many goats again in May. "
    "How many goats does the ferry carry over the river in both months?"
)
BAKER = (
    "A baker sells 12 loaves each morning and 7 rolls each evening for nine days. "
    "How many loaves and rolls does the baker sell altogether?"
)
CODE = "def count_lanterns(rows):\n    # lanterns that hang above the quay in every row\n    return sum(rows)\n"


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "evals" / "goats.jsonl.gz"
    path.parent.mkdir()
    rows = [{"id": "river", "question": RIVER, "answer": "72"}, {"id": "baker", "question": BAKER, "answer": "171"}]
    rows.append({"id": "short", "question": "How many goats?", "answer": "12"})
    rows.append({"id": "quay", "question": CODE, "answer": ""})
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return path


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    lines = prose(1).split("\n")
    pages = {
        "clean": prose(2),
        "river": "\n".join([*lines[:10], f"Here is one. {RIVER.upper()} The answer is 72.", *lines[10:]]),
        "numbers": "\n".join([*prose(3).split("\n"), RIVER.replace("48", "60")]),
        "part": "\n".join([*prose(4).split("\n"), "The baker sells 12 loaves each morning and 7 rolls of bread."]),
    }
    path = tmp_path / "crawl" / "a.warc"
    path.parent.mkdir()
    path.write_bytes(b"".join(response(f"https://example.org/{name}", text) for name, text in pages.items()))
    return path


def build(out: Path, crawl: Path, section: Any, **more: Any) -> dict[str, Any]:
    keys = {"toxicity": {"max_line": 1.0}, "dedup": {"exact": False, "minhash": None}}
    return make(out, [crawl], decontaminate=section, **{**keys, **more}).manifest


def rows(out: Path, pattern: str) -> list[dict[str, Any]]:
    found = [row for path in sorted(out.glob(pattern)) for row in pq.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: row["uri"])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [row["uri"].rsplit("/", 1)[1] for row in found]


def test_a_page_with_an_item_is_dropped_and_listed(tmp_path: Path, crawl: Path, items: Path) -> None:
    out = tmp_path / "out"
    manifest = build(out, crawl, [str(items)])
    assert names(rows(out, "shards/*/*.parquet")) == ["clean", "part"]
    rejected = rows(out, "rejected/*.parquet")
    assert names(rejected) == ["numbers", "river"]
    assert [(row["stage"], row["rule"], row["value"], row["threshold"]) for row in rejected] == [
        ("decontamination", "decontamination.overlap", 1.0, 0.5)
    ] * 2
    hits = rows(out, "contamination/part-*.parquet")
    assert [(row["benchmark"], row["item"], row["part"], row["kind"], row["action"]) for row in hits] == [
        ("goats", "river", "question", "numbers", "drop"),
        ("goats", "river", "question", "same", "drop"),
    ]
    assert [(row["words"], row["run"], row["share"], row["numbers"]) for row in hits] == [
        (31, 31, 1.0, 1),
        (31, 31, 1.0, 0),
    ]
    found = manifest["decontamination"]["goats"]
    assert found["found"] == {
        "hits": 2, "hits_with_other_numbers": 1, "items": 1, "documents": 2, "documents_dropped": 2, "documents_cut": 0
    }  # fmt: skip
    assert found["not_looked_for"] == {"too short": {"items": 1, "first": ["short"]}}
    assert [entry["documents"] for entry in manifest["files"] if entry["path"].startswith("contamination/")] == [2]
    assert {
        name: value
        for row in manifest["funnel"]
        if row["stage"] == "decontamination"
        for name, value in row.items()
        if name != "tokens"
    } == {"source": "web", "stage": "decontamination", "rule": "decontamination.overlap", "documents": 2}
    report = " ".join((out / "report.html").read_text().split())
    assert (
        '<bdi>goats</bdi></th><td class="n">4</td><td class="n">1</td><td class="n">1</td><td class="n">2</td>'
        in report
    )
    assert list(verify(str(out), read_manifest(str(out)))) == []


def test_cutting_takes_the_sentences_of_the_item_and_leaves_the_rest(tmp_path: Path, crawl: Path, items: Path) -> None:
    out = tmp_path / "out"
    build(out, crawl, {"benchmarks": [str(items)], "action": "cut"})
    kept = {row["uri"].rsplit("/", 1)[1]: row["text"] for row in rows(out, "shards/*/*.parquet")}
    lines = prose(1).split("\n")
    assert kept["river"] == "\n".join([*lines[:10], "Here is one. The answer is 72.", *lines[10:]])
    assert kept["numbers"] == prose(3)
    assert [row["action"] for row in rows(out, "contamination/*.parquet")] == ["cut", "cut"]
    console = Console(width=200, file=io.StringIO())
    console.print(format_explanation(explain(str(out), uri="https://example.org/river")))
    shown = console.file.getvalue()
    assert "goats river question: share 1, 31 words: A FERRY CARRIES 48 GOATS" in shown
    assert "- Here is one. A FERRY" in shown


def test_cutting_too_much_of_a_document_drops_it(tmp_path: Path, crawl: Path, items: Path) -> None:
    out = tmp_path / "out"
    build(out, crawl, {"benchmarks": [str(items)], "action": "cut", "max_cut": 0.001})
    rejected = rows(out, "rejected/*.parquet")
    assert [(row["rule"], row["threshold"]) for row in rejected] == [("decontamination.cut", 0.001)] * 2
    assert {row["action"] for row in rows(out, "contamination/*.parquet")} == {"drop"}


def test_a_threshold_decides_again_without_reading_texts(
    tmp_path: Path, crawl: Path, items: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    build(out, crawl, [str(items)])

    def never(*_: Any) -> None:
        raise AssertionError("the texts are read again")

    with monkeypatch.context() as patched:
        patched.setattr(decontaminate, "prepare", never)
        build(out, crawl, {"benchmarks": [str(items)], "numbers": False})
        assert names(rows(out, "shards/*/*.parquet")) == ["clean", "numbers", "part"]
        build(out, crawl, {"benchmarks": [str(items)], "min_share": 0.05})
        with pytest.raises(AssertionError, match="read again"):
            build(out, crawl, {"benchmarks": [str(items)], "ngram": 8})
    build(out, crawl, {"benchmarks": [str(items)], "ngram": 8, "min_share": 0.3})
    assert names(rows(out, "shards/*/*.parquet")) == ["clean"]
    build(out, crawl, None)
    assert names(rows(out, "shards/*/*.parquet")) == ["clean", "numbers", "part", "river"]
    assert not list(out.glob("contamination/*"))
    assert "decontamination" not in read_manifest(str(out))


def test_an_item_that_cannot_be_read_is_told_before_any_work(tmp_path: Path, crawl: Path) -> None:
    (tmp_path / "asked.jsonl").write_text('{"doc": {"query": "Who?"}}\n')
    with pytest.raises(UsageError, match=r"asked.jsonl:1: has none of the fields .*only doc; .*question: doc.query"):
        build(tmp_path / "out", crawl, [str(tmp_path / "asked.jsonl")])
    assert not (tmp_path / "out").exists()


def test_tune_rules_tries_thresholds_on_the_stored_hits(tmp_path: Path, crawl: Path, items: Path) -> None:
    out = tmp_path / "out"
    build(out, crawl, [str(items)])
    assert tune_rules(str(out), ["decontaminate.numbers=false"]).gained.documents == 1
    assert tune_rules(str(out), ["decontaminate.action=cut"]).gained.documents == 2
    with pytest.raises(UsageError, match=r"decontaminate\.ngram: changes what is read and measured"):
        tune_rules(str(out), ["decontaminate.ngram=8"])


def test_files_of_repositories_are_looked_at_too(tmp_path: Path, crawl: Path, items: Path) -> None:
    repository = write_repository(
        tmp_path / "repository", {"a.py": CODE.replace("    ", "\t"), "b.py": "x = 1\n", "LICENSE": "MIT"}
    )
    out = tmp_path / "out"
    build(out, crawl, [str(items)], repositories=[repository], code={"licenses": ["none", "other", "permissive"]})
    hits = [row for row in rows(out, "contamination/*.parquet") if row["source"] == "code"]
    assert [(row["item"], row["uri"].rsplit(":", 1)[1]) for row in hits] == [("quay", "a.py")]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (["gone.jsonl"], "decontaminate: gone: gone.jsonl: no such file or folder"),
        ({"benchmarks": {"mine": "EMPTY"}}, "empty.jsonl: holds no item"),
        ({"benchmarks": {"mine": "TINY"}}, r"mine: none of its 1 items can be looked for \(1 too short\)"),
    ],
)
def test_item_sets_that_would_find_nothing_are_errors(tmp_path: Path, crawl: Path, section: Any, said: str) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "tiny.jsonl").write_text('{"question": "Why?"}\n')
    text = (
        json.dumps(section)
        .replace("EMPTY", str(tmp_path / "empty.jsonl"))
        .replace("TINY", str(tmp_path / "tiny.jsonl"))
    )
    with pytest.raises(UsageError, match=said):
        build(tmp_path / "out", crawl, json.loads(text))
