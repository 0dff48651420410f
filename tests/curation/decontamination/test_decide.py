"""From hits to decisions: borders of what is cut, thresholds, and the checks of `apply_rules`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from curation.decontamination.config import DecontaminateSection
from curation.decontamination.decide import HIT, borders, judge, merged, with_hits
from curation.decontamination.match import find_items
from curation.select import cut_text
from tests.curation.decontamination.test_match import RIVER, index_of, page


@pytest.mark.parametrize(
    ("text", "passage", "left"),
    [
        ("A. The item is here. B.", "item is", "A. B."),
        ("A. The item", "The item", "A."),
        ("A.\nThe item.\nB.", "The item", "A.\nB."),
        ("A.\nSo: the item? B.\nC.", "the item", "A.\nB.\nC."),
        ("A. So: the item?\nB.", "the item", "A.\nB."),
        ("A! 'The item?' he asked. B.", "The item", "A! he asked. B."),
        ("A. The\nitem. B.\nC.", "The\nitem", "A. B.\nC."),
        ("東京。問題です。大阪。", "問題", "東京。大阪。"),
        ("the item", "the item", ""),
        ("A\r\nThe item.\r\nB", "The item", "A\r\nB"),
    ],
)
def test_a_cut_takes_whole_sentences_and_leaves_no_gap(text: str, passage: str, left: str) -> None:
    start = text.index(passage)
    a, b = borders(text, start, start + len(passage), lines=False)
    assert cut_text(text, [{"start": a, "end": b}]) == left


def test_code_is_cut_by_lines() -> None:
    text = "x = 1\ndef f():  # the item\n    return 1. Also\ny = 2\n"
    a, b = borders(text, text.index("def"), text.index("return"), lines=True)
    assert cut_text(text, [{"start": a, "end": b}]) == "x = 1\ny = 2"


def test_a_line_without_end_is_cut_only_near_the_item() -> None:
    text = "word " * 2_000 + "the item" + " word" * 2_000
    a, b = borders(text, 10_000, 10_008, lines=False)
    assert (a, text[a:b].strip()) == (10_000, "the item")


def test_spans_that_overlap_or_touch_become_one() -> None:
    spans = [{"start": 5, "end": 9}, {"start": 0, "end": 2}, {"start": 9, "end": 12}, {"start": 6, "end": 7}]
    assert merged(spans) == [{"start": 0, "end": 2}, {"start": 5, "end": 12}]


def documents(*hits: dict[str, Any]) -> pa.Table:
    rows = [{"key": bytes(16), "start": 0, "end": 8, "cut_start": 0, "cut_end": 10, **hit} for hit in hits]
    table = pa.table({"key": pa.array([bytes(16), bytes([1] * 16)], pa.binary(16)), "bytes": [40, 40]})
    return with_hits(table, pa.Table.from_pylist(rows, HIT))


def test_hits_count_by_share_and_by_numbers() -> None:
    table = documents({"share": 0.9, "numbers": 2}, {"share": 0.6, "numbers": 0})
    section = {"benchmarks": ["x.jsonl"]}
    for changed, share in (({}, 0.9), ({"numbers": False}, 0.6), ({"min_share": 0.95}, 0.0)):
        judged = judge(table, DecontaminateSection.model_validate({**section, **changed}))
        assert judged.share.tolist() == [share, 0.0]
        assert judged.cuts == [[], []]
    cutting = judge(table, DecontaminateSection.model_validate({**section, "action": "cut"}))
    assert cutting.cuts == [[{"start": 0, "end": 10}], []]
    assert cutting.cut_share.tolist() == [0.25, 0.0]


def test_a_cut_leaves_nothing_of_the_item_and_the_page_whole() -> None:
    index = index_of(RIVER)
    text = page(RIVER)

    (hit,) = find_items(index, text)
    a, b = borders(text, hit.start, hit.end, lines=False)
    assert cut_text(text, [{"start": a, "end": b}]) == text.replace(f"Here it is: {RIVER} ", "")
