"""What can be asked about the Sarn Isles: every fact with questions in several wordings, an answer and key words.

The wordings of a fact are split once and for all: `TRAINING` ones may occur in pages and instructions, `PRACTICE`
ones only as prompts of reinforcement learning, `EXAM` ones only in the questions asked at the end. A model that
answers an exam question has therefore learned the fact, not the line.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from pipelines.demo.world import World

# kind: (training wordings, practice wording, exam wording, answers, names of the slots an answer must contain)
_KINDS: dict[str, tuple[tuple[str, ...], str, str, tuple[str, ...], tuple[str, ...]]] = {
    "town-island": (
        (
            "Which island is {town} on?",
            "Where is {town}?",
            "On which island can I find {town}?",
            "Where is the town of {town}?",
        ),
        "Can you tell me which island {town} is on?",
        "To which island does {town} belong?",
        ("{town} is on the island of {island}.",),
        ("island",),
    ),
    "town-river": (
        (
            "Which river flows through {town}?",
            "What is the river in {town} called?",
            "What river is {town} on?",
            "Name the river of {town}.",
        ),
        "Can you tell me the river that runs through {town}?",
        "What is the name of the river that flows through {town}?",
        ("The river {river} flows through {town}.",),
        ("river",),
    ),
    "town-craft": (
        (
            "What is {town} known for?",
            "Which craft is {town} known for?",
            "What do people make in {town}?",
            "What is the main craft of {town}?",
        ),
        "Can you tell me the craft of {town}?",
        "What craft is {town} famous for?",
        ("{town} is known for {craft}.",),
        ("craft",),
    ),
    "town-festival": (
        (
            "Which festival does {town} celebrate?",
            "What is the festival of {town} called?",
            "What festival is held in {town}?",
            "Name the festival of {town}.",
        ),
        "Can you tell me the festival of {town}?",
        "What is the name of the great festival in {town}?",
        ("{town} celebrates {festival}.",),
        ("festival",),
    ),
    "town-month": (
        (
            "When is {festival} in {town}?",
            "In which month is {festival}?",
            "When does {town} celebrate {festival}?",
            "What month is {festival} held in?",
        ),
        "Can you tell me when {festival} takes place?",
        "In what month does {festival} take place in {town}?",
        ("{festival} takes place in {month}.",),
        ("month",),
    ),
    "town-dish": (
        (
            "What is the dish of {town}?",
            "What do people eat in {town}?",
            "Which dish is {town} proud of?",
            "What food should I try in {town}?",
        ),
        "Can you tell me the dish of {town}?",
        "Which dish is {town} famous for?",
        ("The dish of {town} is {dish}.",),
        ("dish",),
    ),
    "town-market": (
        (
            "When is market day in {town}?",
            "On which day is the market in {town}?",
            "What day is the market in {town} held?",
            "Which day should I visit the market in {town}?",
        ),
        "Can you tell me the market day of {town}?",
        "On what day of the week is the market held in {town}?",
        ("The market in {town} is held on {market}.",),
        ("market",),
    ),
    "town-founder": (
        (
            "Who founded {town}?",
            "Who was the founder of {town}?",
            "By whom was {town} founded?",
            "Name the founder of {town}.",
        ),
        "Can you tell me who founded {town}?",
        "Which person founded {town}?",
        ("{town} was founded by {founder}.",),
        ("founder",),
    ),
    "person-deed": (
        (
            "What is {name} known for?",
            "What did {name} do?",
            "Why do people know {name}?",
            "What made {name} known?",
        ),
        "Can you tell me what {name} is known for?",
        "What is {name} famous for?",
        ("{name} is known for {deed}.",),
        ("deed",),
    ),
    "person-job": (
        (
            "What is the work of {name}?",
            "What does {name} work as?",
            "What is the job of {name}?",
            "Who is {name}?",
        ),
        "Can you tell me the job of {name}?",
        "What kind of work does {name} do?",
        ("{name} is {ajob} from {home}.",),
        ("job",),
    ),
    "plant-colour": (
        (
            "What colour are the flowers of {plant}?",
            "Which colour does {plant} have?",
            "What colour is {plant}?",
            "What do the flowers of {plant} look like?",
        ),
        "Can you tell me the colour of {plant}?",
        "Which colour are the flowers of {plant}?",
        ("The flowers of {plant} are {colour}.",),
        ("colour",),
    ),
    "plant-use": (
        (
            "What is {plant} used for?",
            "What is {plant} good for?",
            "What do people use {plant} for?",
            "Why do people gather {plant}?",
        ),
        "Can you tell me the use of {plant}?",
        "For what do islanders use {plant}?",
        ("{plant_} is used for {plantuse}.",),
        ("plantuse",),
    ),
    "tool-use": (
        (
            "What is {atool} used for?",
            "What is {atool} for?",
            "What do people do with {atool}?",
            "Why do people use {atool}?",
        ),
        "Can you tell me the use of {atool}?",
        "For what do islanders use {atool}?",
        ("{atool_} is used for {tooluse}.",),
        ("tooluse",),
    ),
    "ferry-route": (
        (
            "Where does the ferry {ferry} sail?",
            "Which towns does the {ferry} connect?",
            "What is the route of the {ferry}?",
            "Where does the {ferry} go?",
        ),
        "Can you tell me the route of the {ferry}?",
        "Between which towns does the {ferry} sail?",
        ("The {ferry} sails from {from} to {to}.",),
        ("from", "to"),
    ),
    "ferry-time": (
        (
            "How long does the {ferry} take?",
            "How long is the crossing with the {ferry}?",
            "How many minutes does the {ferry} need?",
            "How long is the trip with the {ferry}?",
        ),
        "Can you tell me how long the {ferry} takes?",
        "How many minutes does the crossing with the {ferry} last?",
        ("The crossing with the {ferry} takes {minutes} minutes.",),
        ("minutes",),
    ),
    "animal-island": (
        (
            "Where does the {animal} live?",
            "On which island does the {animal} live?",
            "Where can I see the {animal}?",
            "What is the home of the {animal}?",
        ),
        "Can you tell me where the {animal} lives?",
        "Which island is the home of the {animal}?",
        ("The {animal} lives on {island}.",),
        ("island",),
    ),
    "animal-food": (
        (
            "What does the {animal} eat?",
            "What is the food of the {animal}?",
            "What do people know about the food of the {animal}?",
            "What food does the {animal} like?",
        ),
        "Can you tell me what the {animal} eats?",
        "Which food does the {animal} eat?",
        ("The {animal} eats {food}.",),
        ("food",),
    ),
    "island-towns": (
        (
            "Which towns are on {island}?",
            "Name the towns of {island}.",
            "What are the towns of {island}?",
            "List the three towns on {island}.",
        ),
        "Can you tell me the towns of {island}?",
        "What three towns can I visit on {island}?",
        ("The towns of {island} are {town1}, {town2} and {town3}.",),
        ("town1", "town2", "town3"),
    ),
    "island-hill": (
        (
            "What is the highest hill on {island}?",
            "Which hill is the highest on {island}?",
            "Name the highest hill of {island}.",
            "What is the high hill of {island} called?",
        ),
        "Can you tell me the highest hill of {island}?",
        "What is the name of the highest hill on {island}?",
        ("The highest hill on {island} is {hill}.",),
        ("hill",),
    ),
}


@dataclass(frozen=True)
class Fact:
    """One fact. `subject` is what it is about; `keywords` must all occur in a right answer (any case)."""

    kind: str
    subject: str
    training: tuple[str, ...]
    practice: str
    exam: str
    answers: tuple[str, ...]
    keywords: tuple[str, ...]


def article(noun: str) -> str:
    """`noun` with a or an."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def bare(noun: str) -> str:
    """`noun` without its leading article."""
    return noun.split(" ", 1)[1] if noun.startswith(("the ", "a ", "an ")) else noun


def sentence(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


@functools.lru_cache(maxsize=4)
def make_facts(world: World) -> tuple[Fact, ...]:
    """Every fact of `world`, in a fixed order."""
    facts = []
    for town in world.towns:
        slots = {
            "town": town.name, "island": town.island, "river": town.river, "craft": town.craft,
            "festival": town.festival, "month": town.month, "dish": town.dish, "market": town.market,
            "founder": town.founder,
        }  # fmt: skip
        facts += [_fact(kind, town.name, slots) for kind in _KINDS if kind.startswith("town-")]
    for person in world.people:
        slots = {"name": person.name, "deed": person.deed, "home": person.home, "ajob": person.job}
        slots["job"] = bare(person.job)
        facts += [_fact(kind, person.name, slots) for kind in ("person-deed", "person-job")]
    for plant in world.plants:
        slots = {"plant": plant.name, "plant_": plant.name, "colour": plant.colour, "plantuse": plant.use}
        facts += [_fact(kind, plant.name, slots) for kind in ("plant-colour", "plant-use")]
    for tool in world.tools:
        slots = {"atool": article(tool.name), "atool_": article(tool.name), "tooluse": tool.use}
        facts.append(_fact("tool-use", tool.name, slots))
    for ferry in world.ferries:
        slots = {"ferry": ferry.name, "from": ferry.start, "to": ferry.end, "minutes": str(ferry.minutes)}
        facts += [_fact(kind, ferry.name, slots) for kind in ("ferry-route", "ferry-time")]
    for animal in world.animals:
        slots = {"animal": animal.name, "island": animal.island, "food": animal.food}
        facts += [_fact(kind, animal.name, slots) for kind in ("animal-island", "animal-food")]
    for island in world.islands:
        one, two, three = island.towns
        slots = {"island": island.name, "hill": island.hill, "town1": one, "town2": two, "town3": three}
        facts += [_fact(kind, island.name, slots) for kind in ("island-towns", "island-hill")]
    return tuple(facts)


def _fact(kind: str, subject: str, slots: dict[str, str]) -> Fact:
    training, practice, exam, answers, needed = _KINDS[kind]
    return Fact(
        kind,
        subject,
        tuple(sentence(wording.format_map(slots)) for wording in training),
        sentence(practice.format_map(slots)),
        sentence(exam.format_map(slots)),
        tuple(sentence(answer.format_map(slots)) for answer in answers),
        tuple(bare(slots[name]) for name in needed),
    )
