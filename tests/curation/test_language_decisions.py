"""Repair and the languages of paragraphs: from the page to the decision."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from curation.ingest import Ingest
from curation.policy import Policy
from curation.select import apply_rules, bounds, cut_text, needed_columns
from manifests.errors import UsageError
from tests.curation.pages import GOOD, loaded, record

GERMAN = (
    "Die Fähre verlässt jeden Morgen um sieben den Hafen, wenn der Wind nicht zu stark ist, und kommt am Abend mit den "
    "Leuten zurück, die auf dem Festland arbeiten."
)
PAGE = f"{GOOD}\n{GERMAN}\n{GOOD}"


def documents(text: str = PAGE) -> pa.Table:
    return loaded().web([record(text)], "a.warc").documents()


def policy(**sections: Any) -> Policy:
    return Policy.model_validate({"toxicity": {"max_cut": 1.0, "max_document": 1.0, "max_line": 1.0}, **sections})


def test_the_languages_of_paragraphs_are_stored() -> None:
    (row,) = documents().to_pylist()
    assert row["language"] == "en"
    assert list(json.loads(row["languages"])) == ["de", "en"]  # keys are sorted
    assert row["language_mixed"] == pytest.approx(json.loads(row["languages"])["de"], abs=1e-4)
    (foreign,) = row["foreign"]
    assert row["text"][foreign["start"] : foreign["end"]] == GERMAN
    assert foreign["language"] == "de"
    assert json.loads(row["meta"])["script"] == "Latn"


def test_a_page_too_mixed_is_dropped_by_the_threshold() -> None:
    table = documents()
    mixed = table["language_mixed"][0].as_py()
    ruled = apply_rules(table, policy(language={"max_mixed": 0.01}))
    assert (ruled.stage[0], ruled.rule[0], ruled.value[0], ruled.threshold[0]) == (
        "language",
        "language.mixed",
        mixed,
        0.01,
    )
    assert "language.mixed" not in apply_rules(table, policy(language={"max_mixed": mixed})).failed[0]
    everything = policy(language={"keep": [], "max_mixed": 0.01})
    assert apply_rules(table, everything).rule == ["language.mixed"]
    assert bounds(everything)["language_mixed"] == (None, 0.01)


def test_paragraphs_in_unwanted_languages_are_cut_when_the_recipe_says_so() -> None:
    table = documents()
    text = table["text"][0].as_py()
    assert apply_rules(table, policy()).cut == [[]]
    (cut,) = apply_rules(table, policy(language={"cut_paragraphs": True})).cut
    assert cut_text(text, cut) == f"{GOOD}\n{GOOD}"
    for keep in (["en", "de"], []):
        assert apply_rules(table, policy(language={"cut_paragraphs": True, "keep": keep})).cut == [[]]


def test_a_toxic_line_within_a_cut_paragraph_is_cut_once() -> None:
    table = documents()
    (foreign,) = table["foreign"][0].as_py()
    lines = [{"start": start, "end": start + 9, "score": 0.9} for start in (0, foreign["start"])]
    index = table.schema.get_field_index("toxic_lines")
    table = table.set_column(index, table.schema.field(index), pa.array([lines], table.schema.field(index).type))
    (cut,) = apply_rules(
        table,
        policy(language={"cut_paragraphs": True}, toxicity={"max_line": 0.5, "max_cut": 1.0, "max_document": 1.0}),
    ).cut
    assert cut == [{"start": 0, "end": 9}, {"start": foreign["start"], "end": foreign["end"]}]


def test_builds_from_before_paragraphs_were_measured_are_judged_without_them_or_not_at_all() -> None:
    table = documents().drop_columns(["language_mixed", "foreign", "languages", "repairs"])
    assert apply_rules(table, policy()).cut == [[]]
    for section in ({"cut_paragraphs": True}, {"max_mixed": 0.5}):
        with pytest.raises(UsageError, match=rf"language\.{next(iter(section))}: .*run `winnow curate` again"):
            apply_rules(table, policy(language=section))


def test_judging_reads_the_mixture_and_not_the_text() -> None:
    columns = needed_columns(Policy(), documents().schema.names)
    assert {"language_mixed", "foreign"} <= set(columns)
    assert not {"text", "languages", "repairs"} & set(columns)


def test_thresholds_of_language_do_not_measure_again_but_repair_and_models_do() -> None:
    before = Policy().measuring()
    assert policy(language={"max_mixed": 0.1, "cut_paragraphs": True}).measuring() == before
    assert policy(repair={"mojibake": True}).measuring() != before
    assert policy(language={"model": "other.bin"}).measuring() != before


def test_text_is_repaired_before_it_is_measured_and_the_edits_are_stored() -> None:
    broken = f"Share this\n{GOOD}\nIt was a cafÃ©.\nShare this page\n{GOOD}"
    config = {"mojibake": True, "unicode": "NFC", "boilerplate_lines": ["notices", "repeats"]}
    ingest = Ingest(policy(repair=config))
    try:
        (row,) = ingest.web([record(broken)], "a.warc").documents().to_pylist()
        (plain,) = ingest.web([record(GOOD)], "a.warc").documents().to_pylist()
    finally:
        ingest.close()
    lines = GOOD.split("\n")
    assert row["text"] == f"{GOOD}\nIt was a café."
    edits = {"mojibake": 1, "notices": 2, "repeats": len([line for line in lines if line.strip()])}
    assert json.loads(row["repairs"]) == edits
    assert json.loads(row["meta"])["repairs"] == edits
    assert plain["text"] == GOOD
    assert plain["repairs"] == "{}"
    assert "repairs" not in json.loads(plain["meta"])
