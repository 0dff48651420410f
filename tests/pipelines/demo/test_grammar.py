from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.demo.grammar import Choice, Grammar, Slot, Writer, capitalise, load_grammar, parse_pattern

LANGUAGES = ["english", "german", "french", "spanish", "polish", "greek", "russian", "chinese", "japanese", "toxic"]


def test_a_pattern_holds_text_slots_and_nested_choices() -> None:
    assert parse_pattern("a {town} [by|near [the|a] {~spot}].") == (
        "a ",
        Slot("town"),
        " ",
        Choice((("by",), ("near ", Choice((("the",), ("a",))), " ", Slot("~spot")))),
        ".",
    )


def test_a_choice_may_be_empty() -> None:
    assert parse_pattern("[|very ]old") == (Choice(((), ("very ",))), "old")


@pytest.mark.parametrize("broken", ["[a|b", "a]", "a|b", "{town", "town}"])
def test_a_pattern_whose_brackets_do_not_match_is_refused(broken: str) -> None:
    with pytest.raises(ValueError):
        parse_pattern(broken)


@given(st.text(alphabet=st.characters(exclude_characters="[]{}|", exclude_categories=["Cs"]), min_size=1))
def test_text_without_marks_is_taken_as_it_is(text: str) -> None:
    assert "".join(str(part) for part in parse_pattern(text)) == text


def test_sentences_begin_with_a_capital_letter_also_after_a_quotation_mark() -> None:
    assert capitalise('the end. "no," she said. it rained! why?') == 'The end. "No," she said. It rained! Why?'


def test_a_writer_uses_no_pattern_twice_and_every_phrase_before_the_first_again() -> None:
    grammar = Grammar({"p": tuple(parse_pattern(f"{n} {{~w}}") for n in range(4))}, {"w": ("x", "y")})
    writer = Writer(grammar, random.Random(3), str)
    written = [writer.sentence("p") for _ in range(5)]
    assert written[4] is None
    assert sorted(str(line)[0] for line in written[:4]) == ["0", "1", "2", "3"]
    assert sorted(str(line)[2] for line in written[:2]) == ["x", "y"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_that_a_pattern_asks_for_exists(language: str) -> None:
    grammar = load_grammar(language)
    for pool, patterns in grammar.pools.items():
        writer = Writer(grammar, random.Random(1), lambda name: "x")
        assert all(writer.sentence(pool) for _ in patterns)
