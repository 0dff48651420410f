"""Small programs about the islands, put together from parts and whole programs of our own; all of them run."""

from __future__ import annotations

import functools
import importlib.resources
import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.demo.names import words
from pipelines.demo.prose import english_pages
from pipelines.demo.world import World, shuffled

_MODULES = ("bisect", "csv", "dataclasses", "heapq", "io", "json", "random", "statistics", "struct")
_PARTS_A_TABLE = 7


@dataclass(frozen=True)
class _Table:
    """What a table program is about: singular, plural, field names, unit, and the words its labels are made of."""

    item: str
    items: str
    label: str
    place: str
    amount: str
    unit: str
    low: int
    high: int
    words: str
    about: str


_TABLES = """
    barrel barrels name town litres litres 20 240 | cider vinegar honey oil beer | Barrels in the cellars of the inns.
    bell bells name town weight kilograms 30 900 | bell chime gong hour evening | Bells and their weight.
    hive hives name village jars jars 2 40 | hive swarm colony queen | Bee hives and the honey they gave this year.
    loom looms weaver town metres metres 1 35 | blanket scarf shawl sail carpet | Cloth woven this month, loom by loom.
    lamp lamps name harbour hours hours 2 14 | lamp beacon lantern light | How long the harbour lamps burned last night.
    well wells name town depth metres 3 60 | well spring fountain pump | Wells, how deep they are and where.
    kite kites name village height metres 10 400 | kite dragon swallow star heron | Results of the last Kite Day.
    loan loans title branch days days 1 60 | needle drill rake comb compass | Tools lent by the library.
    boat boats name harbour length hands 18 160 | heron otter gull seal tern | Boats and the berths they need.
    guest guests name town nights nights 1 12 | sailor painter teacher doctor singer | Guests of the inns.
    orchard orchards name village baskets baskets 3 120 | apple pear plum cherry quince | The harvest of the orchards.
    parcel parcels name port grams grams 40 2400 | parcel box crate bundle tube | Parcels waiting for the ferry.
    choir choirs name home singers singers 6 70 | choir quartet chorus band | Choirs that sing on the river.
    goat goats name village milk cups 1 15 | goat kid billy nanny | Milk of the goats, in cups a day.
    wagon wagons driver home load sacks 2 30 | wagon cart sledge barrow | Wagons and what they can carry.
    crop crops name village sacks sacks 4 90 | barley rye oats beans flax | Sacks harvested from each field.
    stall stalls owner town price crowns 1 25 | stall tent table cart | What a place at the market costs.
    wreck wrecks name port fathoms fathoms 2 45 | wreck hull mast anchor | Wrecks that divers know.
"""  # the fields of _Table
_MANNERS = words("old little blue quiet golden crooked northern second lost tall grey lucky heavy early silver narrow")


@functools.cache
def _sections(name: str) -> dict[str, str]:
    text = importlib.resources.files("pipelines.demo.texts").joinpath(name).read_text("utf-8")
    found = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)[1:]
    return {key: body.strip("\n") + "\n" for key, body in zip(found[::2], found[1::2], strict=True)}


def python_programs(world: World) -> dict[str, str]:
    """Source of whole Python programs by module name, in a fixed order."""
    facts = _facts(world)
    return {name: _filled(text, facts) for name, text in _sections("python_programs.txt").items()}


def javascript_programs(world: World) -> dict[str, str]:
    """Source of whole JavaScript programs by module name, in a fixed order."""
    facts = _facts(world)
    return {name: _filled(text, facts) for name, text in _sections("javascript_programs.txt").items()}


def table_programs(world: World) -> dict[str, str]:
    """Source of Python programs about one table each, by module name; each has parts that few others have."""
    parts = _sections("python_parts.txt")
    rng = random.Random(f"winnow-demo-programs:{world.seed}")
    deck: list[str] = []
    programs = {}
    for table in map(_table, _TABLES.strip().splitlines()):
        chosen: list[str] = []
        while len(chosen) < _PARTS_A_TABLE:
            if not deck:
                deck = shuffled(rng, sorted(parts))
            name = deck.pop()
            if name not in chosen:
                chosen.append(name)
        programs[f"{table.item}_book"] = _table_program(world, rng, table, [parts[name] for name in chosen])
    return programs


def _table(line: str) -> _Table:
    fields, kinds, about = (part.strip() for part in line.split("|"))
    item, items, label, place, amount, unit, low, high = fields.split()
    return _Table(item, items, label, place, amount, unit, int(low), int(high), kinds, about)


def _table_program(world: World, rng: random.Random, table: _Table, parts: list[str]) -> str:
    names = {
        "item": table.item, "items": table.items, "Item": table.item.capitalize(), "Items": table.items.capitalize(),
        "ITEMS": table.items.upper(), "label": table.label, "place": table.place, "amount": table.amount,
        "unit": table.unit,
    }  # fmt: skip
    code, uses = zip(*(_filled(part, names).split("--- use\n") for part in parts), strict=True)
    places = rng.sample([town.name for town in world.towns], 5)
    labels = rng.sample(
        [f"{manner} {word}" for manner in _MANNERS for word in table.words.split()], rng.randint(14, 22)
    )
    rows = [
        f'    {names["Item"]}("{label}", "{rng.choice(places)}", {rng.randint(table.low, table.high)}),'
        for label in labels
    ]
    body = "\n\n\n".join(text.strip("\n") for text in code)
    main = "\n".join("    " + line if line else "" for use in uses for line in use.rstrip("\n").split("\n"))
    whole = f"{body}\n{main}"
    imports = [f"import {module}" for module in _MODULES if re.search(rf"\b{module}\.", whole)]
    return "\n".join(
        [
            f'"""{table.about}"""',
            "",
            *imports,
            "from dataclasses import dataclass",
            "",
            "",
            "@dataclass(frozen=True)",
            f"class {names['Item']}:",
            f"    {table.label}: str",
            f"    {table.place}: str",
            f"    {table.amount}: int",
            "",
            "",
            f"{names['ITEMS']} = [",
            *rows,
            "]",
            "",
            "",
            body,
            "",
            "",
            "def main():",
            main,
            "",
            "",
            'if __name__ == "__main__":',
            "    main()",
            "",
        ]
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Za-z0-9]+)@", lambda found: values[found.group(1)], text)


def _facts(world: World) -> dict[str, str]:
    """What the marks of the program files stand for: literals that Python and JavaScript both read."""
    rng = random.Random(f"winnow-demo-facts:{world.seed}")
    towns = [town.name for town in world.towns]
    roads: list[list[str | int]] = [[town.name, town.near, 12 * town.km] for town in world.towns]
    roads += [[ferry.start, ferry.end, ferry.minutes] for ferry in world.ferries]
    pages = english_pages(world)
    tales = [page.paragraphs[1] for page in pages if page.kind == "tale"][:4]
    notice = " ".join(next(page.paragraphs[0] for page in pages if page.kind == "news").split()[:48])
    dish = rng.choice(world.towns)
    return {
        "ROADS": _lines(roads),
        "TOWNS": _wrapped(sorted(towns)),
        "SOMETOWNS": json.dumps(rng.choices(towns[:5], k=9)),
        "WORDS": _lines(tales),
        "NAMES": _wrapped(sorted({person.name.split()[1] for person in world.people})),
        "NOTICE": json.dumps(notice),
        "NUMBERS": _lines([[year, rng.randint(40, 70) + (year - 1990) // 2] for year in range(1990, 2006)]),
        "YEARS": json.dumps([town.year for town in world.towns][:9]),
        "PLACES": "[\n"
        + "".join(
            f'    Place("{island.name}", {57 + rng.randrange(100) / 100}, {4 + rng.randrange(200) / 100}),\n'
            for island in world.islands
        )
        + "]",
        "FERRY": world.ferries[0].name,
        "FERRIES": _lines(
            [
                {
                    "name": ferry.name,
                    "from": ferry.start,
                    "to": ferry.end,
                    "days": list(ferry.days),
                    "leaves": f"{rng.randrange(6, 19)}:{rng.randrange(6)}5",
                }
                for ferry in world.ferries
            ]
        ),
        "SIGHTINGS": _lines(
            [
                {"animal": animal.name, "island": rng.choice(world.islands).name, "count": rng.randint(1, 9)}
                for animal in rng.choices(world.animals[:4], k=14)
            ]
        ),
        "PERSON": world.people[3].name,
        "DISH": dish.dish,
        "ING1": dish.ingredients[0],
        "ING2": dish.ingredients[1],
        "ING3": dish.ingredients[2],
    }


def _wrapped(names: Sequence[str]) -> str:
    rows = [", ".join(f'"{name}"' for name in names[at : at + 6]) for at in range(0, len(names), 6)]
    return "[\n" + "".join(f"    {row},\n" for row in rows) + "]"


def _lines(rows: Sequence[object]) -> str:
    return "[\n" + "".join(f"    {json.dumps(row)},\n" for row in rows) + "]"
