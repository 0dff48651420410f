from __future__ import annotations

import pytest

from curation.dedup.config import MinHashConfig
from curation.dedup.near_rules import NO_RULE, NearRules

WORDS = MinHashConfig()
CODE = MinHashConfig(preset="bigcode")


def test_sources_that_are_not_named_have_the_other_rule() -> None:
    rules = NearRules.of(WORDS, {"code": CODE})
    assert (rules.rule("web"), rules.rule("code")) == (WORDS, CODE)
    assert (rules.threshold("web"), rules.threshold("code")) == (0.75, 0.7)
    assert rules.most_bands == 25


def test_bands_are_numbered_over_all_rules() -> None:
    rules = NearRules.of(WORDS, {"code": CODE})
    assert (rules.first_level("web"), rules.first_level("code")) == (0, 14)
    assert [rules.of_level(level) for level in (0, 13, 14, 38)] == [(WORDS, 0), (WORDS, 13), (CODE, 0), (CODE, 24)]
    with pytest.raises(ValueError, match="no rule has a band number 39"):
        rules.of_level(39)
    with pytest.raises(ValueError, match="no rule has a band number -1"):
        rules.of_level(-1)


def test_equal_rules_are_one_so_that_their_sources_meet() -> None:
    rules = NearRules.of(MinHashConfig(), {"web": MinHashConfig(preset="fineweb"), "code": MinHashConfig(ngram=5)})
    assert len(rules.rules) == 1
    assert rules.number("web") == rules.number("code") == rules.number("books") == 0


def test_a_source_may_have_none() -> None:
    rules = NearRules.of(None, {"code": CODE})
    assert (rules.rule("web"), rules.number("web"), rules.threshold("web")) == (None, NO_RULE, None)
    assert (rules.rule("code"), rules.first_level("code")) == (CODE, 0)
    assert NearRules.of(None, {}).most_bands == 0
