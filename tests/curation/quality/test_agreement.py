"""`fineweb@datatrove` decides as datatrove does: vectors recorded by `record_golden.py`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from curation.quality import evaluate
from curation.quality.rules import decide, rule_set
from curation.quality.signals import measure_batch
from tests.curation.quality.documents import documents
from tests.curation.quality.record_golden import pages

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = [json.loads(line) for line in (GOLDEN / "documents.jsonl").read_text("utf-8").splitlines()]
CRAWL = Path(__file__).parents[3] / ".." / "shared" / "data" / "crawl"

# What datatrove's filters call our rules.
RULES = {
    "GopherRepetitionFilter": {
        "empty": "empty",
        "dup_para_frac": "gopher.max_dup_paragraphs",
        "dup_para_char_frac": "gopher.max_dup_paragraph_chars",
        "dup_line_frac": "gopher.max_dup_lines",
        "dup_line_char_frac": "gopher.max_dup_line_chars",
        **{f"top_{n}_gram": f"gopher.max_top_{n}_gram_chars" for n in (2, 3, 4)},
        **{f"duplicated_{n}_n_grams": f"gopher.max_dup_{n}_gram_chars" for n in range(5, 11)},
    },
    "GopherQualityFilter": {
        "gopher_short_doc": "gopher.min_words",
        "gopher_long_doc": "gopher.max_words",
        "gopher_below_avg_threshold": "gopher.min_word_length",
        "gopher_above_avg_threshold": "gopher.max_word_length",
        "gopher_too_many_hashes": "gopher.max_hashes",
        "gopher_too_many_ellipsis": "gopher.max_ellipses",
        "gopher_too_many_bullets": "gopher.max_bullet_lines",
        "gopher_too_many_end_ellipsis": "gopher.max_ellipsis_lines",
        "gopher_below_alpha_threshold": "gopher.min_alphabetic_words",
        "gopher_enough_stop_words": "gopher.min_stop_words",
    },
    "C4QualityFilter": {
        "lorem_ipsum": "c4.max_lorem_ipsum",
        "curly_bracket": "c4.max_curly_bracket",
        "too_few_sentences": "c4.min_sentences",
    },
    "FineWebQualityFilter": {
        "empty": "fineweb.min_lines",  # never first: such a text has too few sentences
        "line_punct_ratio": "fineweb.min_end_punctuation_lines",
        "short_line_ratio": "fineweb.max_short_lines",
        "char_dup_ratio": "fineweb.max_dup_line_chars",
        "list_ratio": "fineweb.max_newlines",
    },
}


def rule_of(reason: str) -> str | None:
    if not reason:
        return None
    family, _, name = reason.partition(":")
    return RULES[family][name]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_the_names_of_the_rules_are_complete() -> None:
    ours = [rule.name for rule in rule_set("fineweb@datatrove").rules]
    assert set(ours) == {name for family in RULES.values() for name in family.values()}


def test_vectors_are_of_the_present_documents_and_reach_every_rule() -> None:
    assert [row["name"] for row in DOCUMENTS] == list(documents())
    reached = {rule_of(reason) for row in DOCUMENTS for reason in (row["reason"], *row["each"])}
    assert {name for family in RULES.values() for name in family.values()} - reached == {"fineweb.min_lines"}


@pytest.mark.parametrize("row", DOCUMENTS, ids=lambda row: row["name"])
def test_documents_get_the_original_reason_text_and_numbers(row: dict) -> None:
    text = documents()[row["name"]]
    verdict = evaluate(text, "fineweb@datatrove")
    assert verdict.rule == rule_of(row["reason"])
    if verdict.keep:
        assert digest(verdict.text)[:16] == row["text"]
    # Each filter alone: its reason is the first of the rules that it brings.
    for family, reason in zip(RULES, row["each"], strict=False):
        assert next((name for name in verdict.failed if name in RULES[family].values()), None) == rule_of(reason)
    columns, _ = measure_batch([text], ("fineweb",))
    for signal, number in row["numbers"].items():
        assert columns[signal][0] == pytest.approx(number, rel=1e-12), signal


@pytest.mark.realdata
def test_pages_of_real_crawls_get_the_original_reason_and_text() -> None:
    if not CRAWL.exists():
        pytest.skip("../shared/data is absent")
    golden = json.loads((GOLDEN / "pages.json").read_text("utf-8"))
    recorded = {}
    for row in golden["pages"].split():
        key, reason, text = row.split(":")
        recorded[key] = (rule_of(golden["reasons"][int(reason)]), text)
    # Another version of resiliparse may extract other texts, of which nothing is known.
    texts = [text for text in pages() if digest(text)[:12] in recorded]
    assert len(texts) >= 1_000
    columns, edited = measure_batch(texts, ("fineweb",))
    decisions = decide(columns, rule_set("fineweb@datatrove"))
    for text, first, after in zip(texts, decisions.first, edited, strict=True):
        rule = decisions.rules[first].name if first >= 0 else None
        assert (rule, "" if rule else digest(after)[:6]) == recorded[digest(text)[:12]]
