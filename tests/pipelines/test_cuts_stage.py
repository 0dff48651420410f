"""Shared lines, passages and URLs in builds of a few pages."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curation.tokenise import TokenCounter
from manifests.dataset import verify
from manifests.errors import JobError
from manifests.manifest import read_manifest
from pipelines.explain import explain
from pipelines.tune_rules import tune_rules
from tests.pipelines.tiny import make, prose, response

FOOTER = "The harbour museum is open every day from nine in the morning until five."
PASSAGE = (
    "Captain Ortega wrote in her log that seven whales had followed the ship for eleven days across a calm green sea, "
    "and that the cook fed them biscuits, which nobody on board believed before they saw it with their own eyes."
)
LEVELS: dict[str, Any] = {"url": True, "lines": {}, "substrings": {"tokens": 20}}


def page(number: int, *more: str, uri: str = "") -> bytes:
    lines = [
        *prose(number).split("\n")[:20],
        *more,
        f"And so ends the tale of the {number} boats that never came home.",
    ]
    return response(uri or f"https://example.org/{number}", "\n".join(lines))


PAGES = [
    *(page(number, FOOTER) for number in range(4)),
    page(4, f"As someone told me: {PASSAGE}"),
    page(5, f"{PASSAGE} That is what I heard."),
    page(6, uri="http://www.example.org/6/?utm_source=feed"),
    page(7, uri="https://example.org/6"),
]


def write(folder: Path, records: list[bytes], files: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{index}.warc" for index in range(files)]
    for index, path in enumerate(paths):
        path.write_bytes(b"".join(records[index::files]))
    return paths


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("levels")
    make(folder / "out", write(folder / "in", PAGES, 2), dedup=LEVELS)
    return folder / "out"


def rows(out: Path, pattern: str) -> list[dict[str, Any]]:
    return [row for path in sorted(out.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def kept(out: Path) -> dict[str, dict[str, Any]]:
    return {row["uri"]: row for row in rows(out, "shards/web/*.parquet")}


def manifest(out: Path) -> dict[str, Any]:

    return read_manifest(str(out))


def test_a_line_of_several_pages_stays_in_one(build: Path) -> None:
    assert sum(FOOTER in row["text"] for row in kept(build).values()) == 1
    assert all("boats that never came home." in row["text"] for row in kept(build).values())


def test_a_passage_of_two_pages_stays_in_one_and_lines_stay_lines(build: Path) -> None:
    texts = [kept(build)[f"https://example.org/{number}"]["text"] for number in (4, 5)]
    assert sum(PASSAGE in text for text in texts) == 1
    assert texts[0].count("\n") == texts[1].count("\n") == 21
    assert "\nAs someone told me:\n" in texts[0] or "\nThat is what I heard.\n" in texts[1]


def test_of_two_pages_of_one_url_one_is_rejected_and_names_the_other(build: Path) -> None:
    found = {row["uri"]: row for row in rows(build, "rejected/*.parquet")}
    (uri,) = found
    assert "example.org/6" in uri
    (other,) = {uri for uri in kept(build) if "example.org/6" in uri}
    row = found[uri]
    assert (row["stage"], row["rule"], row["duplicate_of"]) == ("dedup", "url", kept(build)[other]["id"])
    assert (row["value"], row["threshold"]) == (None, None)


def test_every_cut_is_listed_with_a_document_that_has_it_too(build: Path) -> None:
    texts = {row["id"]: row["text"] for row in kept(build).values()}
    cuts = rows(build, "cuts/*.parquet")
    assert [row["level"] for row in sorted(cuts, key=lambda row: row["level"])] == ["lines"] * 3 + ["substrings"]
    for row in cuts:
        assert row["text"] in texts[row["duplicate_of"]]
        assert row["text"] not in texts[row["id"]]
        assert row["end"] - row["start"] >= len(row["text"])
    assert cuts == sorted(cuts, key=lambda row: (row["id"], row["level"], row["start"]))


def test_manifest_and_report_count_what_was_cut(build: Path) -> None:
    found = manifest(build)
    lines, substrings = found["cuts"]["lines"]["web"], found["cuts"]["substrings"]["web"]
    assert lines == {"documents": 3, "spans": 3, "characters": 3 * (len(FOOTER) + 1), "dropped": 0}
    assert (substrings["documents"], substrings["spans"], substrings["dropped"]) == (1, 1, 0)
    assert [item["path"] for item in found["files"]] == ["cuts/part-00000.parquet"]
    assert sum(row["documents"] for row in found["funnel"] if row["rule"] == "url") == 1
    assert not list(verify(str(build), found))
    report = (build / "report.html").read_text()
    assert "Every passage is listed in <code>cuts/</code>" in report
    assert f"{lines['characters']:,}" in report


def test_tokens_are_those_of_what_is_left(build: Path) -> None:

    found = list(kept(build).values())
    counts = TokenCounter("pieces@1").count([row["text"] for row in found]).tolist()
    assert [row["tokens"] for row in found] == counts


def test_explain_names_what_was_cut_and_who_has_it(build: Path) -> None:
    cut = next(row for row in rows(build, "cuts/*.parquet") if row["level"] == "lines")
    (record,) = explain(str(build), id=cut["id"]).records
    assert record.details is not None
    assert [(one.level, one.text, one.duplicate_of) for one in record.details.repeats] == [
        ("lines", FOOTER, cut["duplicate_of"])
    ]
    assert [line.text for line in record.details.lines if line.mark == "repeated"] == [FOOTER]


def test_tune_rules_starts_from_the_cuts_and_the_urls_of_the_build(build: Path) -> None:
    found = tune_rules(str(build), ["toxicity.max_document=1.0"])
    totals = manifest(build)["totals"]
    assert (found.before.documents, found.before.tokens) == (totals["documents"], totals["tokens"])
    assert found.after == found.before
    assert found.recut.documents == 0
    other = tune_rules(str(build), ["dedup.keep.order=[shortest]"])
    assert other.after.documents == totals["documents"]


def test_files_and_their_order_change_nothing_but_origins(build: Path, tmp_path: Path) -> None:
    records = list(PAGES)
    random.Random(3).shuffle(records)
    make(tmp_path / "out", write(tmp_path / "in", records, 3), dedup=LEVELS)
    assert rows(tmp_path / "out", "cuts/*.parquet") == rows(build, "cuts/*.parquet")
    assert manifest(tmp_path / "out")["cuts"] == manifest(build)["cuts"]
    other = kept(tmp_path / "out")
    assert {uri: row["text"] for uri, row in other.items()} == {uri: row["text"] for uri, row in kept(build).items()}


def test_documents_of_which_too_little_is_left_are_dropped(tmp_path: Path) -> None:
    twins = [response(f"https://example.org/{number}", prose(9) + f"\nI am number {number}.") for number in range(3)]
    make(tmp_path / "out", write(tmp_path / "in", twins, 1), dedup={"minhash": None, "lines": {"min_sentences": 2}})
    found = rows(tmp_path / "out", "rejected/*.parquet")
    assert [(row["rule"], row["value"], row["threshold"]) for row in found] == [("lines.left", 1.0, 2.0)] * 2
    assert manifest(tmp_path / "out")["cuts"]["lines"]["web"] == {
        "documents": 0, "spans": 0, "characters": 0, "dropped": 2,
    }  # fmt: skip


def test_a_level_that_drops_most_of_a_source_stops_the_build(tmp_path: Path) -> None:
    twins = [response(f"https://example.org/{number}", prose(9) + f"\nI am number {number}.") for number in range(3)]
    limits = {"max_source_share": 0.5, "min_documents": 3}
    with pytest.raises(JobError, match=r"web: 2 of 3 documents that pass the rules \(66.7 %\): 2 lines"):
        make(
            tmp_path / "out", write(tmp_path / "in", twins, 1),
            dedup={"minhash": None, "lines": {"min_sentences": 2}, "limits": limits},
        )  # fmt: skip
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_ccnet_cuts_the_first_copy_too_and_a_share_can_be_too_much(tmp_path: Path) -> None:
    paths = write(tmp_path / "in", PAGES[:3], 1)
    make(tmp_path / "out", paths, dedup={"paragraphs": {}})
    assert not any(FOOTER in row["text"] for row in kept(tmp_path / "out").values())
    make(tmp_path / "out", paths, dedup={"paragraphs": {"keep": "first", "max_cut": 0.001}})
    assert len(kept(tmp_path / "out")) == 1
    assert {row["rule"] for row in rows(tmp_path / "out", "rejected/*.parquet")} == {"paragraphs.share"}


@pytest.mark.slow
def test_a_build_without_levels_takes_the_list_of_an_earlier_one_away(tmp_path: Path) -> None:
    paths = write(tmp_path / "in", PAGES[:2], 1)
    make(tmp_path / "out", paths, dedup={"lines": {}})
    assert rows(tmp_path / "out", "cuts/*.parquet")
    make(tmp_path / "out", paths)
    assert not list((tmp_path / "out").glob("cuts/*"))
    assert manifest(tmp_path / "out")["cuts"] == {}
