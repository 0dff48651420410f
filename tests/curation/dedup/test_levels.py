from __future__ import annotations

import pytest

from manifests.config import check_config
from manifests.errors import UsageError
from pipelines.recipe import DedupConfig
from pipelines.stages.cut_parts import Level, level_rules, levels_of


def levels(**keys: object) -> list[Level]:
    return levels_of(check_config(DedupConfig, keys, "recipe"))


def test_levels_are_off_until_a_recipe_asks_and_run_in_a_fixed_order() -> None:
    assert levels() == []
    assert [level.name for level in levels(substrings={}, paragraphs={}, lines={})] == [
        "lines", "paragraphs", "substrings",
    ]  # fmt: skip


def test_lines_and_substrings_keep_one_copy_and_ccnet_none() -> None:
    assert [level.keep for level in levels(lines={}, paragraphs={}, substrings={})] == ["first", "none", "first"]
    assert [level.keep for level in levels(paragraphs={"keep": "first"}, substrings={"keep": "none"})] == [
        "first", "none",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"lines": {"sources": []}}, "names no source"),
        ({"lines": {"sources": ["webb"]}}, "should be 'web' or 'code'"),
        ({"lines": {"min_sentence": 2}}, "did you mean `min_sentences`"),
        ({"lines": {"rule": "ccnet"}}, "c4@tfds"),
        ({"paragraphs": {"keep": "last"}}, "'first' or 'none'"),
        ({"substrings": {"tokens": 7}}, "greater than or equal to 8"),
    ],
)
def test_a_wrong_key_is_told(keys: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        levels(**keys)


@pytest.mark.parametrize(
    ("keys", "before", "after", "verdict"),
    [
        ({"lines": {}}, "One. Two. Three. Four.", "One. Two. Three.", None),
        ({"lines": {}}, "One. Two. Three.", "One. Two.", ("lines.left", 2, 3)),
        ({"lines": {"min_sentences": 0}}, "One.", "two words", None),
        ({"lines": {"min_sentences": 0}}, "One.", " \n", ("lines.left", 0, 1)),
        ({"paragraphs": {}}, "one\ntwo", "two", None),
        ({"paragraphs": {}}, "one\ntwo", "", ("paragraphs.left", 0, 1)),
        ({"substrings": {}}, "x" * 100, "x" * 20, None),
        ({"substrings": {}}, "x" * 100, "x" * 19, ("substrings.left", 19, 20)),
        ({"substrings": {"max_cut": 0.5}}, "x" * 100, "x" * 50, None),
        ({"substrings": {"max_cut": 0.5}}, "x" * 100, "x" * 25, ("substrings.share", 0.75, 0.5)),
        ({"paragraphs": {"min_characters": 0}}, "", "", ("paragraphs.left", 0, 1)),
    ],
)
def test_a_document_goes_when_too_much_was_cut_or_too_little_is_left(
    keys: dict[str, object], before: str, after: str, verdict: tuple[str, float, float] | None
) -> None:
    (level,) = levels(**keys)
    assert level.verdict(before, after) == verdict
    assert verdict is None or verdict[0] in level_rules()
