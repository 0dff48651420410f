"""Pages about the Sarn Isles: paragraphs of sentences that agree with the world's facts, in eight languages."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass

from pipelines.demo.facts import Fact, article, make_facts, sentence
from pipelines.demo.grammar import Writer, load_grammar
from pipelines.demo.names import NATIVE_NAMES
from pipelines.demo.plans import (
    BRIEF_KINDS,
    BRIEF_POOLS,
    FACT_POOLS,
    FEWEST_PARAGRAPHS,
    FOREIGN_PLAN,
    LANGUAGE_CODES,
    PLANS,
    SCRIPTS,
    SHARES,
    TITLES,
    Paragraph,
)
from pipelines.demo.world import Animal, Ferry, Island, Person, Plant, Tool, Town, World, shuffled


@dataclass(frozen=True)
class Page:
    """A page's own words. `name` is unique and fit for a URL; `kind` is a plan's name, `language` an ISO 639-1 code."""

    name: str
    kind: str
    language: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs, one a line."""
        return "\n".join(self.paragraphs)


@functools.lru_cache(maxsize=4)
def english_pages(world: World) -> tuple[Page, ...]:
    """Some five hundred English pages of 120 to 700 words; no two say the same thing in the same words."""
    return tuple(english_page(world, kind, number) for kind, share in SHARES.items() for number in range(share))


def foreign_pages(world: World, language: str, count: int) -> tuple[Page, ...]:
    """`count` pages in `language`: german, french, spanish, polish, greek, russian, chinese or japanese."""
    return tuple(_foreign_page(world, language, number) for number in range(count))


def english_page(world: World, kind: str, number: int) -> Page:
    """The `number`-th page of a kind; `english_pages` holds the first few dozen of each."""
    rng = random.Random(f"winnow-demo-page:{world.seed}:{kind}:{number}")
    voice = _Voice(world, rng, kind, number)
    writer = Writer(load_grammar("english"), rng, voice)
    plan = PLANS[kind]
    most = len(plan) - (kind in BRIEF_KINDS)
    more = rng.randint(min(FEWEST_PARAGRAPHS, most) - 1, most - 1)
    if kind in ("letter", "tale", "questions"):  # these need their end
        chosen = list(range(len(plan)))
    else:
        chosen = [0, *sorted(rng.sample(range(1, len(plan)), more))]
    paragraphs = [_paragraph(writer, voice, plan[index]) for index in chosen]
    if kind == "questions":
        paragraphs[1:1] = _questions(rng, make_facts(world), voice.town)
    if kind in BRIEF_KINDS:
        paragraphs.append(_brief(world, writer, 37 * list(PLANS).index(kind) + 5 * number))
    title = sentence(rng.choice(TITLES[kind]).format_map(_Titles(voice)))
    return Page(f"{kind}-{number:03d}", kind, "en", title, tuple(paragraphs))


def _paragraph(writer: Writer, voice: _Voice, plan: Paragraph) -> str:
    pools, fewest, most = plan
    voice.mentioned.clear()
    sentences = []
    names = pools.split()
    pool = names[0]
    for _ in range(writer.rng.randint(fewest, most)):
        found = writer.sentence(pool)
        if found:
            sentences.append(found)
        if pool in FACT_POOLS:
            names = [name for name in names if name != pool]
        pool = writer.rng.choice(names)
    return " ".join(sentences)


def _brief(world: World, writer: Writer, first: int) -> str:
    """A paragraph whose every sentence is about something else; `first` says what the first one is about."""
    rng = writer.rng
    sentences = [writer.sentence("brief.open")]
    for index, pool in enumerate(rng.sample(BRIEF_POOLS, rng.randint(3, 5))):
        writer.slot = _Voice(world, rng, "brief", first + index)
        sentences.append(writer.sentence(pool))
    return " ".join(text for text in sentences if text)


def _questions(rng: random.Random, facts: tuple[Fact, ...], town: Town) -> list[str]:
    """Questions with their answers, most of them about one town."""
    near = [fact for fact in facts if fact.subject == town.name]
    far = [fact for fact in facts if fact.subject != town.name]
    chosen = rng.sample(near, rng.randint(3, 5)) + rng.sample(far, rng.randint(5, 8))
    return [f"{rng.choice(fact.training)} {rng.choice(fact.answers)}" for fact in shuffled(rng, chosen)]


class _Titles(dict[str, str]):
    """Slots of titles; a trailing underscore asks for a capital letter."""

    def __init__(self, voice: _Voice) -> None:
        super().__init__()
        self.voice = voice

    def __missing__(self, name: str) -> str:
        text = self.voice(name.rstrip("_"))
        return sentence(text) if name.endswith("_") else text


class _Voice:
    """Fills the slots of one page, and remembers within a paragraph who was named already."""

    def __init__(self, world: World, rng: random.Random, kind: str, number: int) -> None:
        self.rng = rng
        self.mentioned: set[str] = set()
        self.person: Person = world.people[number % len(world.people)]
        self.plant: Plant = world.plants[number % len(world.plants)]
        self.tool: Tool = world.tools[number % len(world.tools)]
        self.ferry: Ferry = world.ferries[number % len(world.ferries)]
        self.animal: Animal = world.animals[number % len(world.animals)]
        self.island: Island = world.islands[number % len(world.islands)]
        self.town: Town = world.towns[(number + 5 * len(kind)) % len(world.towns)]
        if kind == "person":
            self.town = world.town(self.person.home)
        elif kind == "tool":
            self.town = world.town(self.tool.town)
        elif kind == "journey":
            self.town = world.town(rng.choice((self.ferry.start, self.ferry.end)))
        elif kind == "animal":
            self.island = world.island(self.animal.island)
        elif kind == "plant":
            self.island = world.island(self.plant.island)
        self.child = rng.choice(("girl", "boy"))
        self.other = rng.choice([town.name for town in world.towns if town.name != self.person.home])
        self.person_island = world.town(self.person.home).island
        self.ferry_islands = (world.town(self.ferry.start).island, world.town(self.ferry.end).island)
        self.crafts = tuple(world.town(name).craft for name in self.island.towns)

    def __call__(self, name: str) -> str:
        """The text of slot `name`; KeyError for a slot that no pattern should have."""
        varied = {
            "t": (self.town.name, "the town"),
            "pl": (self.plant.name, "the plant"),
            "tl": (f"the {self.tool.name}", "the tool"),
            "an": (f"the {self.animal.name}", "the animal"),
            "is": (self.island.name, "the island"),
        }
        if name in varied:
            full, short = varied[name]
            return self._named(name, full, (full, short))
        first = self.person.name.split()[0]
        she = self.person.pronoun == "she"
        if name in ("p", "ps", "pobj", "pn"):
            if name == "pn":
                return self.person.pronoun
            if name == "ps":
                return self._named("p", f"{self.person.name}'s", ("her",) if she else ("his",))
            if name == "pobj":
                return self._named("p", self.person.name, ("her",) if she else ("him",))
            return self._named("p", self.person.name, (first, self.person.pronoun))
        if name == "name":
            self.mentioned.add("p")
            return self.person.name
        return self._fact(name)

    def _named(self, who: str, full: str, later: tuple[str, ...]) -> str:
        if who not in self.mentioned:
            self.mentioned.add(who)
            return full
        return self.rng.choice(later)

    def _fact(self, name: str) -> str:
        town, rng = self.town, self.rng
        if name in ("side", "craft", "crafters", "product", "material", "workshop", "dish", "month", "flag"):
            return str(getattr(town, name))
        if name == "child":
            return self.child
        if name == "votes":
            return str(rng.randrange(60, 400))
        if name == "votesno":
            return str(rng.randrange(5, 55))
        if name == "cost":
            return str(rng.randrange(4, 90) * 25)
        return {
            "town": town.name, "island": town.island, "river": town.river, "landmark": town.landmark,
            "population": str(town.population), "festival": town.festival, "festdo": town.festival_do,
            "date": f"{town.day} {town.month}", "ing1": town.ingredients[0], "ing2": town.ingredients[1],
            "ing3": town.ingredients[2], "market": town.market, "founder": town.founder, "year": str(town.year),
            "km": str(town.km), "neartown": town.near,
            "home": self.person.home, "homeisland": self.person_island, "born": str(self.person.born),
            "ajob": self.person.job, "deed": self.person.deed, "deedyear": str(self.person.born + 41),
            "otherplace": self.other,
            "plant": self.plant.name, "colour": self.plant.colour, "habitat": self.plant.habitat,
            "plantuse": self.plant.use, "plantuse2": self.plant.without, "plantisland": self.plant.island,
            "bloom": self.plant.month if "pl" in self.mentioned else self.animal.month,
            "toolname": self.tool.name, "atool": article(self.tool.name), "tlthe": f"the {self.tool.name}",
            "tooluse": self.tool.use, "toolmat": self.tool.material, "tooltown": self.tool.town,
            "born2": str(self.tool.since),
            "ferry": self.ferry.name, "from": self.ferry.start, "to": self.ferry.end,
            "fromisland": self.ferry_islands[0], "toisland": self.ferry_islands[1],
            "flagcolour": self.ferry.colour, "seats": str(self.ferry.seats), "minutes": str(self.ferry.minutes),
            "captain": self.ferry.captain, "days": " and ".join(f"{day}s" for day in self.ferry.days),
            "animal": self.animal.name, "theanimal": f"the {self.animal.name}", "animallook": self.animal.look,
            "animalisland": self.animal.island, "animalfood": self.animal.food, "animaltime": self.animal.time,
            "isname": self.island.name, "landscape": self.island.landscape, "hill": self.island.hill,
            "town1": self.island.towns[0], "town2": self.island.towns[1], "town3": self.island.towns[2],
            "river1": self.island.rivers[0], "river2": self.island.rivers[1],
            "craft1": self.crafts[0], "craft2": self.crafts[1], "craft3": self.crafts[2],
        }[name]  # fmt: skip


def _foreign_page(world: World, language: str, number: int) -> Page:
    rng = random.Random(f"winnow-demo-page:{world.seed}:{language}:{number}")
    town = world.towns[(number * 5 + len(language)) % len(world.towns)]
    script = SCRIPTS.index(language) if language in SCRIPTS else None

    def slot(name: str) -> str:
        value = {
            "town": town.name, "island": town.island, "river": town.river, "population": str(town.population),
            "year": str(town.year), "founder": town.founder, "neartown": town.near, "km": str(town.km),
        }[name]  # fmt: skip
        return NATIVE_NAMES[value][script] if script is not None and value in NATIVE_NAMES else value

    writer = Writer(load_grammar(language), rng, slot)
    gap = "" if language in ("chinese", "japanese") else " "
    paragraphs = []
    few = len(writer.grammar.pools["alltag"]) < 12  # a small grammar writes shorter pages, so that they differ
    for pools, fewest, most in FOREIGN_PLAN:
        names = pools.split()
        count = rng.randint(fewest, most) - (few and most > 1)
        drawn = [writer.sentence(names[0] if index == 0 else rng.choice(names)) for index in range(count)]
        paragraphs.append(gap.join(text for text in drawn if text))
    title = writer.sentence("titel") or ""
    return Page(f"{language}-{number:03d}", "foreign", LANGUAGE_CODES[language], title, tuple(paragraphs))


def similarity(one: str, other: str, size: int = 5) -> float:
    """Jaccard similarity of the sets of `size` consecutive lower-cased words; 0.0 when a text is too short."""
    first, second = shingles(one, size), shingles(other, size)
    return len(first & second) / len(first | second) if first and second else 0.0


def shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """The set of `size` consecutive white-space separated words of `text`, lower-cased."""
    words = text.lower().split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


__all__ = ["Page", "english_page", "english_pages", "foreign_pages", "shingles", "similarity"]
