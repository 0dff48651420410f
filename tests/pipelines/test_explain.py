from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from curation.documents import record_id
from manifests.errors import UsageError
from pipelines.explain import Explanation, explain, format_explanation
from pipelines.explanation import Damage, Line, Measure, Place
from tests.pipelines.small_build import ARCHIVE, ATTACK, write_build


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    write_build(folder)
    return folder


def shown(explanation: Explanation) -> str:
    console = Console(width=120, record=True, file=io.StringIO(), color_system=None)
    console.print(format_explanation(explanation))
    return console.export_text()


def test_a_kept_document_is_found_in_its_shard_with_everything_measured(out: Path) -> None:
    (record,) = explain(str(out), uri="https://example.org/good").records
    assert record.outcome is not None
    assert record.outcome.keep
    assert record.place == Place("shards/web/part-00000.parquet", 0)
    assert record.origin == f"{ARCHIVE}#10"
    assert record.details is not None
    assert Measure("words", 80.0, 50.0, 100_000.0) in record.details.measures
    assert Measure("toxicity", 0.1, None, 0.5) in record.details.measures
    assert record.details.pii == (("email", 2),)
    assert record.details.cuts == ("first line of good",)
    assert record.details.toxic_lines[0].text == Line("first line of good", 0.9).text
    text = shown(explain(str(out), uri="https://example.org/good"))
    assert "KEPT" in text
    assert "shards/web/part-00000.parquet, row 0" in text
    assert "email 2" in text


def test_a_rejected_document_names_rule_value_threshold_and_every_failed_rule(out: Path) -> None:
    explanation = explain(str(out), uri=f"{ARCHIVE}#20")
    (record,) = explanation.records
    assert record.outcome is not None
    assert (record.outcome.stage, record.outcome.rule) == ("quality", "gopher.words")
    assert (record.outcome.value, record.outcome.threshold) == (20.0, 50.0)
    assert record.outcome.failed == ("gopher.words", "gopher.stop_words")
    assert record.details is not None
    (words,) = [measure for measure in record.details.measures if measure.name == "words"]
    assert words.passes is False
    assert "REJECTED  quality gopher.words: value 20, threshold 50" in shown(explanation)


def test_every_capture_of_a_uri_is_explained(out: Path) -> None:
    explanation = explain(str(out), uri="https://example.org/short")
    assert [record.origin for record in explanation.records] == [f"{ARCHIVE}#20", f"{ARCHIVE}#60"]
    assert "2 records match." in shown(explanation)


def test_a_duplicate_names_the_copy_that_stays(out: Path) -> None:
    explanation = explain(str(out), id=record_id("good-copy"))
    (record,) = explanation.records
    assert record.cluster is not None
    assert (record.cluster.size, record.cluster.kept_uri) == (2, "https://example.org/good")
    assert record.cluster.similarity == 0.9
    assert "one of 2 documents, similarity 0.9" in shown(explanation)


def test_a_record_without_text_names_its_ingest_rule(out: Path) -> None:
    explanation = explain(str(out), uri="https://example.org/gone")
    (record,) = explanation.records
    assert record.details is None
    assert "REJECTED  ingest http_status: value 404, threshold 200" in shown(explanation)


def test_a_damaged_place_is_found_by_its_archive_and_offset(out: Path) -> None:
    explanation = explain(str(out), uri=f"{ARCHIVE}#905")
    assert explanation.records == ()
    assert explanation.damage == (Damage(ARCHIVE, None, 900, "truncated", f"member ends early {ATTACK}"),)
    assert "byte 900: truncated" in shown(explanation)


def test_crawled_text_cannot_control_the_terminal(out: Path) -> None:
    text = shown(explain(str(out), id=record_id("hostile")))
    assert "<script>alert('x')</script>" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markup_of_the_terminal_library_is_printed_as_it_is(out: Path) -> None:
    text = shown(Explanation("q", (), 0, (Damage("a", None, 1, "[bold]reason[/bold]", "[/]"),)))
    assert "[bold]reason[/bold]  [/]" in text


def test_a_uri_that_is_not_there_brings_the_nearest(out: Path) -> None:
    with pytest.raises(UsageError, match=r"nearest are https://example\.org/good, ") as caught:
        explain(str(out), uri="https://example.org/goof")
    assert "evil.example" not in str(caught.value)


def test_an_unknown_host_still_brings_the_nearest(out: Path) -> None:
    with pytest.raises(UsageError, match=r"nearest are https://example\.org/short") as caught:
        explain(str(out), uri="https://example.net/short")
    assert "\x1b" not in str(caught.value)


def test_an_unknown_id_says_what_an_id_is(out: Path) -> None:
    with pytest.raises(UsageError, match="32 hex digits"):
        explain(str(out), id="nothing")


def test_exactly_one_of_uri_and_id_is_asked_for(out: Path) -> None:
    with pytest.raises(UsageError, match="--uri URI or --id ID"):
        explain(str(out))
    with pytest.raises(UsageError, match="--uri URI or --id ID"):
        explain(str(out), uri="a", id="b")


def test_a_folder_that_is_no_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no manifest here"):
        explain(str(tmp_path), uri="a")


def test_without_work_files_the_published_files_answer(tmp_path: Path) -> None:
    write_build(tmp_path)
    shutil.rmtree(tmp_path / ".work")
    (kept,) = explain(str(tmp_path), uri="https://example.org/good").records
    assert kept.place == Place("shards/web/part-00000.parquet", 0)
    (copy,) = explain(str(tmp_path), id=record_id("good-copy")).records
    assert copy.outcome is not None
    assert (copy.outcome.rule, copy.outcome.duplicate_of) == ("near", record_id("good"))
    assert "kept copy" in shown(explain(str(tmp_path), id=record_id("good-copy")))


def test_work_files_left_by_an_input_of_an_earlier_recipe_do_not_answer(tmp_path: Path) -> None:
    write_build(tmp_path)
    (tmp_path / ".work/ingest/ab12/completion.json").write_text('{"facts": {"uri": "old.warc.gz", "sha256": "1"}}')
    (record,) = explain(str(tmp_path), uri="https://example.org/good").records
    assert record.details is None
    assert record.place == Place("shards/web/part-00000.parquet", 0)


def test_a_build_stopped_before_select_says_that_nothing_is_decided(tmp_path: Path) -> None:
    write_build(tmp_path)
    shutil.rmtree(tmp_path / ".work/select")
    (tmp_path / "manifest.json").unlink()
    assert "NOT DECIDED" in shown(explain(str(tmp_path), uri="https://example.org/good"))


def test_damaged_files_of_the_build_are_named_with_the_way_out(tmp_path: Path) -> None:
    write_build(tmp_path)
    (tmp_path / ".work/ingest/ab12/documents-00000.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(UsageError, match=r"cannot be read.*winnow curate"):
        explain(str(tmp_path), uri="https://example.org/good")
