from __future__ import annotations

import re

from pipelines.demo.facts import make_facts
from pipelines.demo.prose import english_pages
from pipelines.demo.world import make_world

WORLD = make_world(1)


def test_the_world_of_a_seed_is_fixed() -> None:
    velmar = WORLD.town("Velmar")
    assert (velmar.island, velmar.river) == ("Orla", "Tive")
    assert (velmar.craft, velmar.festival) == ("shoe making", "the Snow Supper")
    assert make_world(1) == WORLD
    assert make_world(2) != WORLD


def test_towns_share_an_island_a_river_of_it_and_a_road_of_one_length() -> None:
    for town in WORLD.towns:
        island = WORLD.island(town.island)
        assert town.name in island.towns
        assert town.river in island.rivers
        assert town.near in island.towns
    pairs = {frozenset((town.name, town.near)): set() for town in WORLD.towns}
    for town in WORLD.towns:
        pairs[frozenset((town.name, town.near))].add(town.km)
    assert {len(lengths) for lengths in pairs.values()} == {1}


def test_what_a_town_is_known_for_belongs_to_it_alone() -> None:
    for name in ("craft", "festival", "dish", "landmark", "founder"):
        assert len({getattr(town, name) for town in WORLD.towns}) == 18


def test_ferries_join_towns_of_different_islands() -> None:
    for ferry in WORLD.ferries:
        assert WORLD.town(ferry.start).island != WORLD.town(ferry.end).island
        assert ferry.days[0] != ferry.days[1]


def test_nobody_has_two_trades() -> None:
    names = [person.name for person in WORLD.people]
    names += [town.founder for town in WORLD.towns] + [ferry.captain for ferry in WORLD.ferries]
    assert len({name.split()[0] for name in names}) == len(names) == 44


def test_an_answer_holds_its_key_words_and_stays_short() -> None:
    for fact in make_facts(WORLD):
        for answer in fact.answers:
            assert all(keyword.lower() in answer.lower() for keyword in fact.keywords)
            assert len(answer.split()) < 40
            assert re.fullmatch(r"[A-Z].*\.", answer)


def test_every_fact_is_stated_in_several_pages() -> None:
    pages = [page.text.lower() for page in english_pages(WORLD)]
    for fact in make_facts(WORLD):
        words = [fact.subject.lower(), *(keyword.lower() for keyword in fact.keywords)]
        # A page is counted when one of its paragraphs names both the subject and what is asked about it.
        stated = sum(any(all(word in line for word in words) for line in page.split("\n")) for page in pages)
        assert stated >= 4, (fact.kind, fact.subject, stated)
