"""Each dialect decides as its original does: vectors recorded by `record_dialects.py`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curation.quality import evaluate
from curation.quality.decisions import decide
from curation.quality.families import families_of
from curation.quality.rules import rule_set
from curation.quality.signals import measure_batch
from tests.curation.quality.agreement import (
    REASONS,
    SHARED,
    crashed,
    digest,
    expected,
    number_differences,
    real_texts,
)
from tests.curation.quality.documents import dialect_documents

GOLDEN = Path(__file__).parent / "golden"
RECORDED = json.loads((GOLDEN / "dialects.json").read_text("utf-8"))
# Rules that no document of ours breaks first: their numbers are compared, or rules before them see the same.
UNREACHED = {
    "gopher@dolma": {f"gopher.max_dup_{n}_gram_chars" for n in range(6, 11)},
    "gopher@dclm": {"gopher.max_dup_paragraph_chars", "gopher.max_dup_6_gram_chars"},
    "refinedweb@dclm": {"gopher.max_dup_paragraph_chars", "gopher.max_dup_6_gram_chars"},
    "nemo-english@nemo": {
        "nemo.max_white_space",
        "nemo.max_brackets",
        "nemo.min_unique_paragraphs",
        "nemo.min_unique_paragraph_chars",
        "nemo.min_alphabetic_words",
        "nemo.min_word_length",
        "nemo.max_top_2_gram_chars",
        "nemo.max_top_4_gram_chars",
        "nemo.max_bullet_lines",
        *(f"nemo.max_dup_{n}_gram_chars" for n in range(6, 11)),
    },
}
# No list of words was given to the originals; a text without lines has too few sentences before.
NEVER_FIRST = {"c4.max_bad_words", "fineweb.min_lines"}
# NeMo Curator's reason here depends on PYTHONHASHSEED, which breaks its ties.
TIED = {("nemo-english@nemo", "domains after a digit")}


def test_vectors_are_of_the_present_documents() -> None:
    assert set(RECORDED) == set(REASONS)
    for rows in RECORDED.values():
        assert list(rows) == list(dialect_documents())


@pytest.mark.parametrize("dialect", REASONS)
def test_every_rule_has_a_name_at_the_original_and_a_document_that_breaks_it(dialect: str) -> None:
    named = {rule.name for rule in rule_set(dialect).rules} - NEVER_FIRST
    assert named <= set(REASONS[dialect].values())
    reasons = {row["reason"] for row in RECORDED[dialect].values()}
    reached = {expected(dialect, reason) for reason in reasons if not crashed(reason)}
    assert named - reached <= UNREACHED.get(dialect, set())


@pytest.mark.parametrize("dialect", REASONS)
def test_documents_get_the_original_reason_text_and_numbers(dialect: str) -> None:
    for name, row in RECORDED[dialect].items():
        text = dialect_documents()[name]
        verdict = evaluate(text, dialect)
        if not crashed(row["reason"]) and (dialect, name) not in TIED:
            assert verdict.rule == expected(dialect, row["reason"]), name
            if verdict.keep:
                assert digest(verdict.text)[:16] == row["text"], name
        assert max(number_differences(text, row["numbers"]).values(), default=0.0) < 1e-12, name


@pytest.mark.realdata
@pytest.mark.parametrize("dialect", REASONS)
def test_real_documents_get_the_original_reason_and_text(dialect: str) -> None:
    if not SHARED.exists():
        pytest.skip("../shared/data is absent")
    golden = json.loads((GOLDEN / "dialect_pages.json").read_text("utf-8"))
    place = golden["dialects"].index(dialect) + 1
    recorded = {line.split()[0]: line.split()[place] for line in golden["pages"]}
    # Another version of resiliparse may extract other texts, of which nothing is known.
    texts = [text for text in real_texts() if digest(text)[:12] in recorded]
    assert len(texts) >= 1_200
    rules = rule_set(dialect)
    columns, edited = measure_batch(texts, families_of([rules]), edits=rules.edits)
    decisions = decide(columns, rules)
    for text, first, after in zip(texts, decisions.first, edited, strict=True):
        number, _, text_after = recorded[digest(text)[:12]].partition(":")
        reason = expected(dialect, golden["reasons"][int(number)] or None)
        assert (rules.rules[first].name if first >= 0 else None) == reason
        if reason is None:
            assert (digest(after)[:6] if after != text else "") == text_after
