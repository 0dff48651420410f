from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.code.signals import CODE_SIGNALS
from curation.documents import document_schema
from curation.ingest import RepositoryView
from curation.licenses import RepositoryLicense
from curation.policy import Policy
from curation.quality.signals import SIGNALS
from curation.reading.records import RepositoryFile
from curation.select import TAGGED, Ruled, apply_rules, bounds, cut_text, needed_columns
from manifests.errors import UsageError
from tests.curation.pages import GOOD, loaded, record


def page(**changed: Any) -> pa.Table:
    """A page that passes every rule, with some of its stored values replaced."""
    return replace(loaded().web([record(GOOD)], "a").documents(), changed)


def code(**changed: Any) -> pa.Table:
    view = RepositoryView("r", "c" * 40, RepositoryLicense("MIT", "permissive", ()))
    content = b"def add(a, b):\n    return a + b\n" * 5
    return replace(loaded().code(view, [RepositoryFile("a.py", "b" * 40, len(content), content)]).documents(), changed)


def replace(table: pa.Table, changed: dict[str, Any]) -> pa.Table:
    for name, value in changed.items():
        field = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array([value], field.type))
    return table


def policy(**sections: Any) -> Policy:
    return Policy.model_validate(sections)


def verdict(ruled: Ruled) -> tuple[str | None, str | None, float | None, float | None]:
    return ruled.stage[0], ruled.rule[0], ruled.value[0], ruled.threshold[0]


def line(start: int, end: int, score: float) -> dict[str, float]:
    return {"start": start, "end": end, "score": score}


def test_a_good_page_and_a_good_file_are_kept() -> None:
    for table in (page(), code()):
        ruled = apply_rules(table, Policy())
        assert ruled.keep().tolist() == [True]
        assert (verdict(ruled), ruled.failed, ruled.cut) == ((None,) * 4, [[]], [[]])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"language": "sv"}, ("language", "language.other")),
        ({"language_score": 0.64}, ("language", "language.uncertain")),
        ({"toxicity": 0.99}, ("toxicity", "toxicity.document")),
        ({"toxic_words": 50}, ("toxicity", "toxicity.words")),
        ({"toxic_lines": [line(0, 400, 1.0)]}, ("toxicity", "toxicity.lines")),
    ],
)
def test_a_page_is_rejected_by_the_rule_it_fails(changed: dict[str, Any], reason: tuple[str, str]) -> None:
    ruled = apply_rules(page(**changed), Policy())
    assert verdict(ruled)[:2] == reason
    assert ruled.failed == [[reason[1]]]
    assert ruled.keep().tolist() == [False]


def test_cut_drops_no_page_for_its_score_but_one_of_which_too_much_would_go() -> None:
    cut = policy(toxicity={"action": "cut"})
    assert apply_rules(page(toxicity=0.99, toxic_words=50), cut).rule == [None]
    assert apply_rules(page(toxic_lines=[line(0, 10, 0.95)]), cut).cut == [[{"start": 0, "end": 10}]]
    assert apply_rules(page(toxic_lines=[line(0, 400, 1.0)]), cut).rule == ["toxicity.lines"]


def test_tag_removes_nothing_and_names_the_page_among_the_failed() -> None:
    tag = policy(toxicity={"action": "tag"})
    for changed in ({"toxicity": 0.99}, {"toxic_words": 50}, {"toxic_lines": [line(0, 10, 0.95)]}):
        ruled = apply_rules(page(**changed), tag)
        assert (verdict(ruled), ruled.failed, ruled.cut) == ((None,) * 4, [[TAGGED]], [[]])
    assert apply_rules(page(), tag).failed == [[]]


def test_a_language_has_thresholds_of_its_own() -> None:
    strict = policy(
        language={"keep": []}, toxicity={"languages": {"de": {"max_document": 0.2, "max_line": 0.4, "max_words": 0.0}}}
    )
    for code, rule in (("de", "toxicity.document"), ("en", None)):
        ruled = apply_rules(page(language=code, toxicity=0.3), strict)
        assert ruled.rule == [rule]
    assert verdict(apply_rules(page(language="de", toxicity=0.3), strict))[2:] == (0.3, 0.2)
    assert apply_rules(page(language="de", toxic_words=1), strict).rule == ["toxicity.words"]
    spans = [line(0, 10, 0.5)]
    assert [apply_rules(page(language=code, toxic_lines=spans), strict).cut[0] for code in ("de", "en")] == [
        [{"start": 0, "end": 10}],
        [],
    ]


def test_a_kind_of_toxicity_decides_where_its_threshold_is_set() -> None:
    hateful = page(toxicity_hate=0.45)
    assert apply_rules(hateful, Policy()).rule == [None]
    ruled = apply_rules(hateful, policy(toxicity={"max_hate": 0.4}))
    assert verdict(ruled) == ("toxicity", "toxicity.hate", 0.45, 0.4)
    assert bounds(policy(toxicity={"max_hate": 0.4}))["toxicity_hate"] == (None, 0.4)
    with pytest.raises(UsageError, match=r"toxicity\.max_hate: an earlier version of Winnow"):
        apply_rules(hateful.drop_columns(["toxicity_hate"]), policy(toxicity={"max_hate": 0.4}))


def test_a_value_at_the_threshold_passes() -> None:
    score = Policy().toxicity.max_document
    assert apply_rules(page(language_score=0.65, toxicity=score), Policy()).keep().tolist() == [True]


def test_the_first_rule_in_the_stated_order_is_the_reason_and_all_that_fail_are_kept() -> None:
    table = page(language="sv", toxicity=0.99, pii_spans=9)
    ruled = apply_rules(table, policy(privacy={"max_spans": 8}, quality={"min_words": 10_000}))
    assert verdict(ruled)[:2] == ("language", "language.other")
    assert ruled.failed[0][0] == "language.other"
    assert ruled.failed[0][-2:] == ["toxicity.document", "privacy.spans"]
    assert len(ruled.failed[0]) == 4


def test_a_reject_says_value_and_threshold() -> None:
    assert verdict(apply_rules(page(language_score=0.5), Policy())) == ("language", "language.uncertain", 0.5, 0.65)
    assert verdict(apply_rules(page(pii_spans=9), policy(privacy={"max_spans": 8}))) == (
        "privacy", "privacy.spans", 9.0, 8.0,
    )  # fmt: skip


def test_a_changed_threshold_decides() -> None:
    words = page()["tokens"][0].as_py()
    ruled = apply_rules(page(), policy(quality={"min_words": 10_000}))
    stage, _, value, threshold = verdict(ruled)
    assert (stage, threshold) == ("quality", 10_000)
    assert value is not None
    assert value <= words


def test_an_empty_list_of_languages_keeps_every_language() -> None:
    table = page(language="und", language_score=0.0)
    assert apply_rules(table, policy(language={"keep": []})).keep().tolist() == [True]


def test_toxic_lines_over_the_threshold_are_cut_and_others_stay() -> None:
    spans = [line(0, 20, 0.3), line(30, 50, 0.95)]
    ruled = apply_rules(page(toxic_lines=spans), policy(toxicity={"max_line": 0.9}))
    assert ruled.keep().tolist() == [True]
    assert ruled.cut == [[{"start": 30, "end": 50}]]


@pytest.mark.parametrize("kind", ["none", "copyleft", "other", "permissive"])
def test_code_is_kept_only_under_the_licences_that_are_named(kind: str) -> None:
    ruled = apply_rules(code(license_kind=kind), Policy())
    assert ruled.rule == [None if kind == "permissive" else f"license.{kind}"]
    every = policy(code={"licenses": ["permissive", "copyleft", "other", "none"]})
    assert apply_rules(code(license_kind=kind), every).rule == [None]
    assert apply_rules(code(license_kind=kind), policy(code={"licenses": []})).rule == [f"license.{kind}"]


def test_rules_of_pages_do_not_judge_code() -> None:
    table = code(language="Zig", language_score=0.0, toxicity=1.0, toxic_words=10_000)
    assert apply_rules(table, Policy()).keep().tolist() == [True]


def test_no_documents_are_no_decisions() -> None:
    for signals in (SIGNALS, CODE_SIGNALS):
        ruled = apply_rules(document_schema(signals).empty_table(), Policy())
        assert (ruled.rule, ruled.cut, ruled.keep().tolist()) == ([], [], [])


def test_rows_are_judged_one_by_one() -> None:
    tables = [page(), page(language="sv"), page(toxicity=0.99), page()]
    together = apply_rules(pa.concat_tables(tables), Policy())
    assert together.rule == [apply_rules(table, Policy()).rule[0] for table in tables]
    assert together.rule == [None, "language.other", "toxicity.document", None]


def test_judging_never_reads_text() -> None:
    for table in (page(), code()):
        columns = needed_columns(Policy(), table.column_names)
        assert "text" not in columns
        assert apply_rules(table.select(columns), policy(privacy={"max_spans": 1})).keep().tolist() == [True]


def test_bounds_are_the_thresholds_in_force() -> None:
    found = bounds(policy(language={"min_score": 0.3}, toxicity={"max_document": 0.7}, quality={"min_words": 81}))
    assert found["language_score"] == (0.3, None)
    assert found["toxicity"] == (None, 0.7)
    assert 81 in {low for low, _ in found.values()}


@pytest.mark.parametrize(
    ("text", "cuts", "left"),
    [
        ("a\nb\nc", [(2, 3)], "a\nc"),
        ("a\nb\nc", [(0, 1), (2, 3)], "c"),
        ("a\nb\nc", [(4, 5)], "a\nb"),
        ("a\nb\nc", [(0, 1), (2, 3), (4, 5)], ""),
        ("a\r\nb\r\nc", [(3, 4)], "a\r\nc"),
        ("a\nb", [], "a\nb"),
    ],
)
def test_a_cut_takes_the_line_and_the_break_that_ends_it(text: str, cuts: list[tuple[int, int]], left: str) -> None:
    assert cut_text(text, [{"start": start, "end": end} for start, end in cuts]) == left


@given(st.lists(st.tuples(st.text("ab é\ud800😀", max_size=5), st.booleans()), min_size=1, max_size=8))
def test_what_is_left_are_the_other_lines(lines: list[tuple[str, bool]]) -> None:
    text = "\n".join(content for content, _ in lines)
    starts = np.cumsum([0, *(len(content) + 1 for content, _ in lines)]).tolist()
    cuts = [
        {"start": start, "end": start + len(content)}
        for start, (content, gone) in zip(starts, lines, strict=False)
        if gone
    ]
    assert cut_text(text, cuts) == "\n".join(content for content, gone in lines if not gone).strip("\n")
