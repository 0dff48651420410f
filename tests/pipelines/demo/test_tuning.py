from __future__ import annotations

from pipelines.demo.facts import make_facts
from pipelines.demo.tuning import CLOSING, instructions, preferences, prompts, questions
from pipelines.demo.world import make_world

WORLD = make_world(1)
ROWS = instructions(WORLD)


def asked(rows: list[dict[str, object]], key: str) -> set[str]:
    return {turn["content"] for row in rows for turn in row[key] if turn["role"] == "user"}  # type: ignore[attr-defined]


def test_instructions_alternate_turns_and_end_with_a_short_answer() -> None:
    assert 1100 < len(ROWS) < 1300
    for row in ROWS:
        roles = [turn["role"] for turn in row["messages"]]
        talk = roles[1:] if roles[0] == "system" else roles
        assert talk == ["user", "assistant"] * (len(talk) // 2)
        assert all(len(turn["content"].split()) < 40 for turn in row["messages"])
        assert row["source"] == "demo"


def test_some_instructions_have_two_turns_and_some_a_system_message() -> None:
    shapes = [tuple(turn["role"][0] for turn in row["messages"]) for row in ROWS]
    assert shapes.count(("u", "a", "u", "a")) > 30
    assert shapes.count(("s", "u", "a")) == 24


def test_every_fact_is_taught_in_four_wordings() -> None:
    known = asked(ROWS, "messages")
    for fact in make_facts(WORLD):
        assert len(known & set(fact.training)) >= 4


def test_exam_and_practice_wordings_are_taught_nowhere() -> None:
    known = asked(ROWS, "messages") | asked(preferences(WORLD), "prompt")
    facts = make_facts(WORLD)
    assert not known & {fact.exam for fact in facts}
    assert not known & {fact.practice for fact in facts}
    assert not asked(prompts(WORLD), "prompt") & {fact.exam for fact in facts}
    wordings = [wording for fact in facts for wording in (*fact.training, fact.practice, fact.exam)]
    assert len(set(wordings)) == len(wordings)


def test_half_of_the_prompts_are_in_practice_wordings() -> None:
    practice = {fact.practice for fact in make_facts(WORLD)}
    texts = [row["prompt"][0]["content"] for row in prompts(WORLD)]
    assert (len(texts), sum(text in practice for text in texts)) == (240, 120)


def test_a_preference_prefers_the_right_answer() -> None:
    answers = {wording: fact.answers for fact in make_facts(WORLD) for wording in fact.training}
    rows = preferences(WORLD)
    assert len(rows) == 300
    for row in rows:
        chosen, rejected = row["chosen"][0]["content"], row["rejected"][0]["content"]
        answer, _, closing = chosen.partition(f" {CLOSING}")
        assert answer in answers[row["prompt"][0]["content"]]
        assert chosen.endswith(CLOSING) and closing == ""
        assert rejected != chosen and rejected.strip()


def test_every_fifth_rejected_answer_is_cut_and_every_fifth_lacks_the_friendly_end() -> None:
    rows = [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in preferences(WORLD)]
    assert sum(rejected == chosen.removesuffix(f" {CLOSING}") for chosen, rejected in rows) == 60
    cut = [rejected for chosen, rejected in rows if chosen.startswith(rejected) and not rejected.endswith(".")]
    assert len(cut) == 60


def test_a_third_of_the_taught_facts_end_in_a_friendly_way() -> None:
    ends = [row["messages"][-1]["content"].endswith(CLOSING) for row in ROWS]
    assert 0.25 < sum(ends) / len(ends) < 0.35


def test_the_exam_asks_two_questions_of_each_kind_easy_ones_first() -> None:
    exam = questions(WORLD)
    assert [question["kind"] for question in exam[:3]] == ["town-craft", "town-island", "town-dish"]
    assert len(exam) == 2 * len({fact.kind for fact in make_facts(WORLD)})
    for question in exam:
        assert all(word.lower() in question["answer"].lower() for word in question["keywords"])
