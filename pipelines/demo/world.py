"""The Sarn Isles: six islands, eighteen towns, and the people, plants, tools, animals and ferries on them.

Names are fixed; who lives where, what is made where and when things happen is drawn from the seed. Every text of
the sample takes its facts from here, so the sample never contradicts itself.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipelines.demo.names import (
    ANIMALS,
    CRAFTS,
    DISHES,
    FERRIES,
    FESTIVALS,
    FIRST,
    FLAGS,
    HILLS,
    ISLANDS,
    JOBS,
    LANDMARKS,
    LANDSCAPES,
    LAST,
    MONTHS,
    PLANTS,
    RIVERS,
    SIDES,
    TOOLS,
    TOWNS,
    WEEKDAYS,
)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Town:
    """A town and all that is told about it."""

    name: str
    island: str
    side: str
    river: str
    craft: str
    crafters: str
    product: str
    material: str
    workshop: str
    festival: str
    festival_do: str
    month: str
    day: int
    dish: str
    ingredients: tuple[str, str, str]
    landmark: str
    market: str
    founder: str
    year: int
    population: int
    flag: str
    near: str
    km: int


@dataclass(frozen=True)
class Island:
    """An island with its three towns and two rivers."""

    name: str
    landscape: str
    hill: str
    towns: tuple[str, str, str]
    rivers: tuple[str, str]


@dataclass(frozen=True)
class Person:
    """Someone known on the islands; `pronoun` is she or he, `job` has its article."""

    name: str
    pronoun: str
    job: str
    home: str
    deed: str
    born: int


@dataclass(frozen=True)
class Plant:
    """A plant; `without` names what there would be none of if it did not exist."""

    name: str
    colour: str
    habitat: str
    use: str
    without: str
    month: str
    island: str


@dataclass(frozen=True)
class Tool:
    """A tool and the town where the best ones are made."""

    name: str
    use: str
    material: str
    town: str
    since: int


@dataclass(frozen=True)
class Ferry:
    """A ferry line between two islands."""

    name: str
    colour: str
    start: str
    end: str
    minutes: int
    captain: str
    days: tuple[str, str]
    seats: int


@dataclass(frozen=True)
class Animal:
    """A wild animal of one island."""

    name: str
    look: str
    food: str
    time: str
    island: str
    month: str


@dataclass(frozen=True)
class World:
    """All facts. Tuples are in a fixed order; `town` and `island` look one up by name."""

    seed: int
    islands: tuple[Island, ...]
    towns: tuple[Town, ...]
    people: tuple[Person, ...]
    plants: tuple[Plant, ...]
    tools: tuple[Tool, ...]
    ferries: tuple[Ferry, ...]
    animals: tuple[Animal, ...]

    def town(self, name: str) -> Town:
        """The town called `name`."""
        return next(town for town in self.towns if town.name == name)

    def island(self, name: str) -> Island:
        """The island called `name`."""
        return next(island for island in self.islands if island.name == name)


def shuffled(rng: random.Random, items: Sequence[Item]) -> list[Item]:
    """A new list with the items in an order drawn from `rng`."""
    return rng.sample(list(items), len(items))


def make_world(seed: int = 1) -> World:
    """The world of `seed`: the same seed gives the same facts on every machine."""
    rng = random.Random(f"winnow-demo-world:{seed}")
    names = _person_names(rng)
    islands = _make_islands(rng)
    towns = _make_towns(rng, islands, names)
    home = shuffled(rng, TOWNS)
    people = tuple(
        Person(name, pronoun, job, home[k % len(home)], deed, rng.randrange(1890, 1960))
        for k, ((name, pronoun), (job, deed)) in enumerate(zip(names[len(TOWNS) :], shuffled(rng, JOBS), strict=False))
    )
    plants = tuple(Plant(*row, rng.choice(MONTHS[2:9]), rng.choice(ISLANDS)) for row in PLANTS)
    tools = tuple(
        Tool(*row, town, rng.randrange(1700, 1880)) for row, town in zip(TOOLS, shuffled(rng, TOWNS), strict=False)
    )
    animals = tuple(Animal(*row, rng.choice(ISLANDS), rng.choice(MONTHS[3:7])) for row in ANIMALS)
    return World(seed, islands, towns, people, plants, tools, _make_ferries(rng, islands, names), animals)


def _person_names(rng: random.Random) -> list[tuple[str, str]]:
    """Forty-four (full name, pronoun): no first name twice, so that a first name alone says who is meant."""
    first = [(name, pronoun) for pronoun, names in sorted(FIRST.items()) for name in names.split()]
    last = shuffled(rng, LAST) + shuffled(rng, LAST)
    return [(f"{name} {last[k]}", pronoun) for k, (name, pronoun) in enumerate(shuffled(rng, first))]


def _make_islands(rng: random.Random) -> tuple[Island, ...]:
    towns, rivers = shuffled(rng, TOWNS), shuffled(rng, RIVERS)
    hills, landscapes = shuffled(rng, HILLS), shuffled(rng, LANDSCAPES)
    return tuple(
        Island(
            name,
            landscapes[k],
            hills[k],
            (towns[3 * k], towns[3 * k + 1], towns[3 * k + 2]),
            (rivers[2 * k], rivers[2 * k + 1]),
        )
        for k, name in enumerate(ISLANDS)
    )


def _make_towns(rng: random.Random, islands: tuple[Island, ...], names: list[tuple[str, str]]) -> tuple[Town, ...]:
    crafts, festivals, dishes = shuffled(rng, CRAFTS), shuffled(rng, FESTIVALS), shuffled(rng, DISHES)
    landmarks, flags = shuffled(rng, LANDMARKS), shuffled(rng, FLAGS * 2)
    roads = {island.name: (rng.randrange(4, 15), rng.randrange(5, 19)) for island in islands}
    towns = []
    for k, name in enumerate(TOWNS):
        island = next(island for island in islands if name in island.towns)
        place = island.towns.index(name)
        # The towns of an island stand along one road; the first two are a pair, the third looks to the second.
        near = island.towns[(1, 0, 1)[place]]
        dish, one, two, three = dishes[k]
        towns.append(
            Town(
                name,
                island.name,
                SIDES[(place + len(island.name)) % 4],
                island.rivers[0 if place < 2 else 1],
                *crafts[k],
                *festivals[k],
                MONTHS[(7 * k + 3) % 12],
                rng.randrange(2, 28),
                dish,
                (one, two, three),
                landmarks[k],
                WEEKDAYS[rng.randrange(6)],
                names[k][0],
                rng.randrange(1540, 1790),
                rng.randrange(8, 95) * 50,
                flags[k],
                near,
                roads[island.name][0 if place < 2 else 1],
            )
        )
    return tuple(towns)


def _make_ferries(rng: random.Random, islands: tuple[Island, ...], names: list[tuple[str, str]]) -> tuple[Ferry, ...]:
    ferries = []
    for k, (name, colour) in enumerate(FERRIES):
        start, end = islands[k], islands[(k + 1) % len(islands)]
        first = rng.randrange(4)
        ferries.append(
            Ferry(
                name,
                colour,
                start.towns[2],
                end.towns[0],
                rng.randrange(5, 19) * 5,
                names[-1 - k][0],
                (WEEKDAYS[first], WEEKDAYS[first + rng.randrange(2, 4)]),
                rng.randrange(4, 20) * 10,
            )
        )
    return tuple(ferries)
