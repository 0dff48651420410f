from __future__ import annotations

import numpy as np
import pytest

from curation.quality import evaluate
from curation.quality.families import EDITS, FAMILIES, families_of
from curation.quality.rules import RULE_SETS, Rule, RuleSet, decide, rule_set, with_thresholds
from curation.quality.scores import DERIVED, SCORES, stored_signals
from curation.quality.signals import FAMILIES as FAMILY_SIGNALS
from curation.quality.signals import SIGNALS, measure_batch, signals_of
from manifests.errors import UsageError
from tests.curation.quality.documents import documents, unique_lines

TWO = RuleSet("two", (Rule("a.length", "x", minimum=2, maximum=4), Rule("b.max_share", "y", maximum=0.5)), "")


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_both_bounds_are_inclusive() -> None:
    decisions = decide({"x": column(1.9, 2, 4, 4.1), "y": column(0.5, 0.5, 0.5, 0.5)}, TWO)
    assert decisions.first.tolist() == [0, -1, -1, 0]
    assert decisions.threshold.tolist() == [2, 0, 0, 4]
    assert decisions.value.tolist() == [1.9, 0, 0, 4.1]


def test_the_first_failing_rule_is_the_reason_and_all_are_known() -> None:
    decisions = decide({"x": column(3, 9, 9), "y": column(0.6, 0.6, 0.1)}, TWO)
    assert decisions.first.tolist() == [1, 0, 0]
    assert decisions.value.tolist() == [0.6, 9, 9]
    assert decisions.failed.tolist() == [[False, True], [True, True], [True, False]]


def test_deciding_on_no_documents_gives_empty_arrays() -> None:
    decisions = decide({"x": column(), "y": column()}, TWO)
    assert decisions.first.shape == (0,)
    assert decisions.first.dtype == np.int32
    assert decisions.failed.shape == (0, 2)


def test_a_signal_that_was_not_measured_is_named() -> None:
    with pytest.raises(UsageError, match="rule set two needs the signal `y`"):
        decide({"x": column(1)}, TWO)


def test_every_rule_of_every_set_reads_a_signal_and_has_a_bound() -> None:
    for chosen in RULE_SETS.values():
        for rule in chosen.rules:
            assert rule.signal in (*SIGNALS, *SCORES, *DERIVED)
            assert rule.threshold_keys()


def test_a_plain_name_without_repairs_is_an_alias_of_the_dialect() -> None:
    assert rule_set("c4") is rule_set("c4@tfds")
    assert rule_set("nemo-english") is rule_set("nemo-english@nemo")


def test_a_plain_name_with_repairs_has_the_rules_and_thresholds_of_the_dialect() -> None:
    for plain, dialect in (
        ("fineweb", "fineweb@datatrove"),
        ("gopher", "gopher@datatrove"),
        ("refinedweb", "refinedweb@dclm"),
    ):
        assert rule_set(plain).name == plain
        assert rule_set(plain).thresholds() == rule_set(dialect).thresholds()
        assert rule_set(plain).signals() != rule_set(dialect).signals()


def test_every_set_is_measured_by_the_families_that_it_names() -> None:
    for chosen in RULE_SETS.values():
        measured = set(signals_of(families_of([chosen])))
        assert set(stored_signals(chosen)) <= measured | set(SCORES)
        assert chosen.edits is None or EDITS[chosen.edits] in families_of([chosen])
    assert tuple(FAMILY_SIGNALS) == FAMILIES


def test_an_unknown_rule_set_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown rule set `finweb`; did you mean `fineweb`\?"):
        rule_set("finweb")


def test_thresholds_are_those_of_the_published_recipe() -> None:
    assert rule_set("fineweb").thresholds() == {
        "min_empty": 1,
        "gopher.max_dup_paragraphs": 0.3,
        "gopher.max_dup_paragraph_chars": 0.2,
        "gopher.max_dup_lines": 0.3,
        "gopher.max_dup_line_chars": 0.2,
        "gopher.max_top_2_gram_chars": 0.2,
        "gopher.max_top_3_gram_chars": 0.18,
        "gopher.max_top_4_gram_chars": 0.16,
        "gopher.max_dup_5_gram_chars": 0.15,
        "gopher.max_dup_6_gram_chars": 0.14,
        "gopher.max_dup_7_gram_chars": 0.13,
        "gopher.max_dup_8_gram_chars": 0.12,
        "gopher.max_dup_9_gram_chars": 0.11,
        "gopher.max_dup_10_gram_chars": 0.1,
        "gopher.min_words": 50,
        "gopher.max_words": 100_000,
        "gopher.min_word_length": 3,
        "gopher.max_word_length": 10,
        "gopher.max_hashes": 0.1,
        "gopher.max_ellipses": 0.1,
        "gopher.max_bullet_lines": 0.9,
        "gopher.max_ellipsis_lines": 0.3,
        "gopher.min_alphabetic_words": 0.8,
        "gopher.min_stop_words": 2,
        "c4.max_curly_bracket": 0,
        "c4.max_lorem_ipsum": 0,
        "c4.min_sentences": 5,
        "fineweb.min_lines": 1,
        "fineweb.min_end_punctuation_lines": 0.12,
        "fineweb.max_short_lines": 0.67,
        "fineweb.max_dup_line_chars": 0.01,
        "fineweb.max_newlines": 0.3,
    }


def test_a_threshold_can_be_set_by_its_short_or_full_key() -> None:
    for key in ("min_words", "gopher.min_words"):
        changed = with_thresholds(rule_set("fineweb"), {key: 80})
        assert changed.thresholds() == rule_set("fineweb").thresholds() | {"gopher.min_words": 80}
    assert with_thresholds(TWO, {"min_length": 1, "a.max_length": 9}).rules[0] == Rule("a.length", "x", 1, 9)


def test_rules_of_one_name_take_one_threshold() -> None:
    loose = with_thresholds(rule_set("fineweb"), {"max_curly_bracket": 5})
    text = documents()["bracket, then lorem ipsum"]
    assert evaluate(text).rule == "c4.max_curly_bracket"
    assert evaluate(text, loose).rule == "c4.max_lorem_ipsum"


def test_an_unknown_threshold_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown threshold `min_word`.*did you mean `gopher.min_words`\?"):
        with_thresholds(rule_set("fineweb"), {"min_word": 80})
    with pytest.raises(UsageError, match=r"known: min_empty, gopher\.max_dup_paragraphs"):
        with_thresholds(rule_set("fineweb"), {"zzz": 80})


def test_a_short_key_of_two_families_is_refused() -> None:
    both = RuleSet("both", (Rule("a.max_x", "x", maximum=1), Rule("b.max_x", "y", maximum=1)), "")
    with pytest.raises(UsageError, match=r"`max_x` of rule set both is one of a\.max_x, b\.max_x"):
        with_thresholds(both, {"max_x": 2})


@pytest.mark.parametrize("value", [float("nan"), True, "80"])
def test_a_threshold_has_to_be_a_number(value: float) -> None:
    with pytest.raises(UsageError, match=r"threshold `min_words` .* must be a number"):
        with_thresholds(rule_set("fineweb"), {"min_words": value})


def test_evaluate_keeps_a_good_text_and_says_so() -> None:
    text = unique_lines(30)
    verdict = evaluate(text)
    assert (verdict.keep, verdict.rule, verdict.value, verdict.threshold, verdict.failed) == (
        True,
        None,
        None,
        None,
        (),
    )
    assert verdict.text == text


def test_evaluate_gives_reason_value_threshold_and_every_failing_rule() -> None:
    verdict = evaluate("Just five words in here", "fineweb@datatrove")
    assert not verdict.keep
    assert (verdict.rule, verdict.value, verdict.threshold) == ("gopher.max_top_2_gram_chars", 9 / 23, 0.2)
    assert "gopher.min_words" in verdict.failed
    assert "c4.min_sentences" in verdict.failed


def test_without_the_bug_an_n_gram_that_occurs_once_is_no_repetition() -> None:
    verdict = evaluate("Just five words in here")
    assert (verdict.rule, verdict.value, verdict.threshold) == ("gopher.min_words", 5, 50)
    assert not [rule for rule in verdict.failed if "gram" in rule]
    assert evaluate(documents()["top 2-gram"]).rule == "gopher.max_top_2_gram_chars"


def test_a_set_that_reads_a_score_takes_it_and_asks_for_it() -> None:
    text = unique_lines(30)
    assert evaluate(text, "redpajama1", scores={"classifier": 0.25}).keep
    verdict = evaluate(text, "redpajama1", scores={"classifier": 0.2})
    assert (verdict.rule, verdict.value, verdict.threshold) == ("redpajama1.min_score", 0.2, 0.25)
    assert evaluate(text, "dclm-classifier", scores={"classifier": 0.02}).keep
    assert evaluate(text, "webtext", scores={"link_votes": 2}).failed == ("webtext.min_votes",)
    with pytest.raises(UsageError, match=r"rule set webtext needs the signal `link_votes`, which was not measured"):
        evaluate(text, "webtext")


def test_a_score_that_no_model_gave_breaks_no_rule() -> None:
    nan = float("nan")
    for name, score in (("ccnet", "perplexity"), ("gpt3", "classifier"), ("redpajama1", "classifier")):
        assert evaluate(unique_lines(30), name, scores={score: nan}).keep


def test_an_empty_text_fails_the_rule_empty() -> None:
    assert evaluate("").rule == "empty"


def test_decisions_of_a_batch_are_those_of_its_texts() -> None:
    texts = [text for name, text in documents().items() if name != "many words"]
    columns, _ = measure_batch(texts)
    decisions = decide(columns, rule_set("fineweb"))
    names = [decisions.rules[place].name if place >= 0 else None for place in decisions.first]
    assert names == [evaluate(text).rule for text in texts]
