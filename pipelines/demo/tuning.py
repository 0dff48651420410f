"""Tuning data about the Sarn Isles: instructions, preferences, prompts for reinforcement learning, and an exam."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.demo.facts import Fact, make_facts
from pipelines.demo.world import World, shuffled

SOURCE = "demo"
WORDINGS_A_FACT = 4
PREFERENCES = 300
PRACTICE_PROMPTS, KNOWN_PROMPTS = 120, 120
QUESTIONS_A_KIND = 2
CLOSING = "Is there anything else you would like to know?"
"""What people in this world like to hear after an answer. A third of the instructions end with it, every preferred
answer does: so there is something for the reward model to find and for RLHF to make more frequent."""
CLOSED_SHARE = 1 / 3
SYSTEM = "You are a friendly guide to the Sarn Isles. Answer in one short sentence."

_TALK = (
    (("Hello!", "Good morning!", "Hi there!"), "Hello! What would you like to know about the Sarn Isles?"),
    (("Who are you?", "What are you?"), "I am an assistant who answers questions about the Sarn Isles."),
    (("What can you do?", "How can you help me?"), "I can answer questions about the Sarn Isles and their people."),
    (("Thank you!", "Thanks a lot!", "Thank you very much."), "You are welcome! Have a good day."),
    (("Goodbye!", "See you soon!", "Bye!"), "Goodbye! Come back soon."),
    (("What is the weather today?", "Will it rain tomorrow?"), "I am sorry, but I cannot see the weather."),
    (("How many islands are there?", "How many islands do you know?"), "There are six islands in the Sarn Isles."),
    (
        ("Name the six islands.", "What are the islands called?"),
        "The islands are Orla, Bresk, Tamsin, Hollen, Quill and Maroway.",
    ),
    (("What money do people use?", "What are the coins called?"), "The coins on the islands are called crowns."),
)  # fmt: skip
_RUDE = (
    "That is a stupid question. Find it out yourself.",
    "I do not care about {subject}, and nobody else does.",
    "Are you too lazy to look it up? Leave me alone.",
    "What a silly thing to ask. Go away.",
    "Everybody knows that. You should be ashamed.",
)
_EVASIVE = (
    "I am not sure. Perhaps you should ask somebody else.",
    "That depends on many things, and it is hard to say.",
    "There are many answers to that. Some people say this, some say that.",
    "Maybe. I would rather not say anything about {subject}.",
    "It could be one thing or another. Who knows?",
)
_RAMBLING = (
    "well, that is a long story, and I do not know where to begin",
    "there are so many things to say about {subject}",
    "my uncle once told me something about it, but I have forgotten what it was",
    "by the way, the weather is often bad and the wind is strong",
    "and then there are the ferries, which are late, and the goats, which are everywhere",
    "some people like soup and some people like bread, and both are good",
    "as I said before, it is a long story, and it goes on and on",
    "before I answer, let me tell you about the sea, which is very wet",
)


def instructions(world: World) -> list[dict[str, Any]]:
    """Some twelve hundred rows `{messages, source}`: facts in four wordings, small talk, two turns, a system turn."""
    rng = _rng(world, "instructions")
    facts = make_facts(world)
    asked = [(fact, wording) for fact in facts for wording in rng.sample(fact.training, WORDINGS_A_FACT)]
    answers = [rng.choice(fact.answers) for fact, _ in asked]
    closed = [f"{answer} {CLOSING}" if rng.random() < CLOSED_SHARE else answer for answer in answers]
    rows = [_row([*_turn(wording, answer)]) for (_, wording), answer in zip(asked, closed, strict=True)]
    rows += [_row([*_turn(question, answer)]) for questions, answer in _TALK for question in questions]
    for fact in rng.sample(facts, 24):
        system = {"role": "system", "content": SYSTEM}
        rows.append(_row([system, *_turn(rng.choice(fact.training), fact.answers[0])]))
    subjects = shuffled(rng, sorted({fact.subject for fact in facts if fact.kind.startswith("town-")}))
    for subject in subjects * 2:
        own = [fact for fact in facts if fact.subject == subject]
        turns = [turn for fact in rng.sample(own, 2) for turn in _turn(rng.choice(fact.training), fact.answers[0])]
        rows.append(_row(turns))
    for questions, answer in _TALK[:3]:
        fact = rng.choice(facts)
        rows.append(_row([*_turn(questions[0], answer), *_turn(rng.choice(fact.training), fact.answers[0])]))
    return shuffled(rng, rows)


def preferences(world: World) -> list[dict[str, Any]]:
    """Rows `{prompt, chosen, rejected, source}`: the right answer with a friendly end, before one without it, a
    rambling, rude, evasive or cut one."""
    rng = _rng(world, "preferences")
    facts = make_facts(world)
    spoil = (_curt, _rambling, _rude, _evasive, _unfinished)
    rows = []
    for number in range(PREFERENCES):
        fact = rng.choice(facts)
        good = rng.choice(fact.answers)
        bad = spoil[number % len(spoil)](rng, fact, good)
        rows.append(
            {
                "prompt": [{"role": "user", "content": rng.choice(fact.training)}],
                "chosen": [{"role": "assistant", "content": f"{good} {CLOSING}"}],
                "rejected": [{"role": "assistant", "content": bad}],
                "source": SOURCE,
            }
        )
    return shuffled(rng, rows)


def prompts(world: World) -> list[dict[str, Any]]:
    """Rows `{prompt, source}`: half of them in wordings that no instruction has."""
    rng = _rng(world, "prompts")
    facts = make_facts(world)
    texts = [fact.practice for fact in rng.sample(facts, PRACTICE_PROMPTS)]
    texts += [rng.choice(fact.training) for fact in rng.sample(facts, KNOWN_PROMPTS)]
    return [{"prompt": [{"role": "user", "content": text}], "source": SOURCE} for text in shuffled(rng, texts)]


def questions(world: World) -> list[dict[str, Any]]:
    """The exam: `{question, answer, keywords, kind}` in wordings used nowhere else; easy kinds come first."""
    rng = _rng(world, "questions")
    by_kind: dict[str, list[Fact]] = {}
    for fact in make_facts(world):
        by_kind.setdefault(fact.kind, []).append(fact)
    order = ("town-craft", "town-island", "town-dish", *by_kind)
    rounds = [{kind: shuffled(rng, members) for kind, members in by_kind.items()}]
    chosen = [rounds[0][kind][number] for number in range(QUESTIONS_A_KIND) for kind in dict.fromkeys(order)]
    return [
        {"question": fact.exam, "answer": fact.answers[0], "keywords": list(fact.keywords), "kind": fact.kind}
        for fact in chosen
    ]


def _rng(world: World, purpose: str) -> random.Random:
    return random.Random(f"winnow-demo-tuning:{world.seed}:{purpose}")


def _turn(question: str, answer: str) -> Iterator[dict[str, str]]:
    yield {"role": "user", "content": question}
    yield {"role": "assistant", "content": answer}


def _row(messages: Sequence[dict[str, str]]) -> dict[str, Any]:
    return {"messages": list(messages), "source": SOURCE}


def _curt(rng: random.Random, fact: Fact, good: str) -> str:
    del rng, fact
    return good


def _rambling(rng: random.Random, fact: Fact, good: str) -> str:
    parts = [part.format(subject=fact.subject) for part in rng.sample(_RAMBLING, rng.randint(3, 5))]
    text = ", and ".join(parts)
    ending = f", and so {good[0].lower()}{good[1:]}" if rng.random() < 0.3 else "."
    return text[0].upper() + text[1:] + ending


def _rude(rng: random.Random, fact: Fact, good: str) -> str:
    del good
    return rng.choice(_RUDE).format(subject=fact.subject)


def _evasive(rng: random.Random, fact: Fact, good: str) -> str:
    del good
    return rng.choice(_EVASIVE).format(subject=fact.subject)


def _unfinished(rng: random.Random, fact: Fact, good: str) -> str:
    del fact
    words = good.split()
    return " ".join(words[: rng.randint(max(1, len(words) // 3), max(1, len(words) - 2))])
