"""What is found of evaluation items, and what is not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.decontamination.config import DecontaminationConfig
from curation.decontamination.index import Index, build_index, from_bytes, to_bytes
from curation.decontamination.items import Item
from curation.decontamination.match import Hit, find_items
from curation.decontamination.words import words_of
from curation.dedup.normalise import normalise
from manifests.errors import UsageError

RIVER = (
    "A ferry carries 48 goats over the river in April, and half as many goats again in May. "
    "How many goats does the ferry carry over the river in both months?"
)
QUAY = (
    'def count_lanterns(rows: List[int]) -> int:\n    """Count lanterns above the quay, row by row of grey houses."""\n'
)
SHORT = "Who painted the seven lanterns of Kellow?"
CLEAN = "Boats come home with rope, salt and fish, and people mend nets and bake bread while they wait for the spring."


def config(**changed: Any) -> DecontaminationConfig:
    return DecontaminationConfig.model_validate({"benchmarks": {"x": "x.jsonl"}, **changed})


def index_of(*texts: str, benchmark: str = "set", **changed: Any) -> Index:
    items = [Item(benchmark, str(n), (("question", text),), "f", f"f:{n}") for n, text in enumerate(texts)]
    return build_index(items, config(**changed))


def page(text: str) -> str:
    return f"{CLEAN}\nHere it is: {text} That was it.\n{CLEAN}"


def only(index: Index, text: str) -> Hit:
    (hit,) = find_items(index, text)
    return hit


CHANGES = {
    "nothing": lambda text: text,
    "case": str.upper,
    "spaces": lambda text: text.replace(" ", " \n\t\u00a0 "),
    "no punctuation": lambda text: "".join(c if c.isalnum() or c.isspace() else " " for c in text),
    "other punctuation": lambda text: text.replace(",", " —").replace(".", "…").replace("?", "?!"),
    "accents": lambda text: text.replace("a", "à").replace("e", "e\u0301"),
    "soft hyphens": lambda text: text.replace("goats", "go\u00adats"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("item", [RIVER, QUAY, SHORT])
def test_an_item_is_found_whatever_its_dress(change: str, item: str) -> None:
    text = page(CHANGES[change](item))
    hit = only(index_of("The mason and the miller quarrel about the price of flour.", item), text)
    assert (hit.item, hit.part, hit.share, hit.ngrams, hit.numbers, hit.kind) == ("1", "question", 1.0, 1.0, 0, "same")
    assert hit.words == hit.run == len(words_of(item).hashes)
    assert normalise(text[hit.start : hit.end]) == normalise(item)


def test_other_numbers_are_told_from_the_same_ones() -> None:
    hit = only(index_of(RIVER), page(RIVER.replace("48", "1960")))
    assert (hit.share, hit.numbers, hit.kind) == (1.0, 1, "numbers")
    two = index_of(RIVER, RIVER.replace("48", "50"))
    assert only(two, page(RIVER)).item == "0"
    assert only(two, page(RIVER.replace("48", "50"))).item == "1"
    assert only(two, page(RIVER.replace("48", "51"))).item == "0"


def test_an_edit_leaves_the_share_of_the_words_around_it() -> None:
    words = RIVER.split()
    words[16] = "later,"
    hit = only(index_of(RIVER), page(" ".join(words)))
    assert (hit.words, hit.run, len(words)) == (30, 16, 31) or hit.words == 16 + 14
    assert hit.share == pytest.approx(30 / 31)
    assert hit.ngrams < 0.5


def test_half_an_item_has_half_the_share() -> None:
    hit = only(index_of(RIVER), page("A ferry carries 48 goats over the river in April, and half as many sheep."))
    assert (hit.words, hit.run, hit.numbers) == (14, 14, 0)
    assert hit.share == pytest.approx(14 / 31)


def test_every_passage_is_a_hit_of_its_own() -> None:
    hits = find_items(index_of(RIVER, SHORT), f"{RIVER} {RIVER} {CLEAN} {SHORT}")
    assert [(hit.item, hit.share) for hit in hits] == [("0", 1.0), ("0", 1.0), ("1", 1.0)]
    assert hits[0].end < hits[1].start


def test_a_short_item_is_found_whole_or_not_at_all() -> None:
    index = index_of(SHORT)
    assert only(index, page(SHORT)).words == 7
    assert find_items(index, page(SHORT.replace("seven", "eight"))) == []
    assert find_items(index, page(SHORT.replace(" of Kellow", ""))) == []


@pytest.mark.parametrize("text", ["", "?", "goats", "7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7", CLEAN, CLEAN * 50])
def test_text_without_an_item_has_no_hit(text: str) -> None:
    assert find_items(index_of(RIVER, QUAY, SHORT), text) == []


def test_the_instruction_that_many_items_share_is_no_evidence() -> None:
    instruction = "Read the story of the ferryman below with care and then name the animal that he carried across: "
    animals = ("goat", "ox", "hen", "sheep", "donkey", "goose", "rabbit", "horse", "camel", "llama", "swan", "pony")
    texts = [f"{instruction}{animal} with a {animal} bell" for animal in animals]
    index = index_of(*texts)
    assert find_items(index, page(instruction)) == []
    assert only(index, page(texts[3])).item == "3"
    assert only(index, page(texts[3])).share == 1.0
    assert find_items(index_of(*texts[:9]), page(instruction)) != []


def test_an_item_of_nothing_but_numbers_and_function_words_is_refused_and_reported() -> None:
    sums = "What is 3 + 4 * 5 - 6 / 7 + 8 * 9 - 10 + 11 * 12 - 13 + 14?"
    index = index_of(RIVER, sums, "Why?", "How is that so?")
    assert index.facts["set"] == {
        "items": 4,
        "parts": {"question": {"looked for": 1, "no evidence": 1, "too short": 2}},
        "not_looked_for": {"no evidence": {"items": 1, "first": ["1"]}, "too short": {"items": 2, "first": ["2", "3"]}},
    }
    assert find_items(index, page(sums)) == []


def test_licences_and_ignored_texts_are_no_evidence() -> None:
    licence = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
        'documentation files (the "Software"), to deal in the Software without restriction'
    )
    items = [
        Item("set", str(n), (("question", text),), "f", "f") for n, text in enumerate((f"{licence}\n{QUAY}", RIVER))
    ]
    assert find_items(build_index(items, config()), page(licence)) == []
    assert [hit.item for hit in find_items(build_index(items, config()), page(QUAY + RIVER))] == ["0", "1"]
    assert find_items(build_index(items, config(), [f"A riddle: {RIVER}"]), page(RIVER)) == []


def test_a_set_of_which_nothing_can_be_looked_for_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"set: none of its 2 items can be looked for \(2 too short\)"):
        index_of("Why?", "How is that so?")


def test_parts_are_kept_apart_and_equal_texts_have_one_hit() -> None:
    parts = (
        ("question", RIVER),
        ("answer", "The ferry carries 48 goats, then 24 goats, which makes 72 goats altogether."),
    )
    items = [Item("a", "1", parts, "f", "f:1"), Item("b", "7", parts, "g", "g:7")]
    index = build_index(items, config())
    assert [(hit.benchmark, hit.part) for hit in find_items(index, page(parts[1][1]))] == [("a", "answer")]
    assert only(index, page(RIVER)).part == "question"


def test_the_index_comes_back_from_its_file() -> None:
    index = index_of(RIVER, QUAY, SHORT)
    again = from_bytes(to_bytes(index))
    text = page(RIVER) + page(QUAY) + page(SHORT)
    assert find_items(again, text) == find_items(index, text)
    assert len(find_items(again, text)) == 3
    assert again.facts == index.facts
    assert to_bytes(again) == to_bytes(index)


def test_words_have_the_hashes_and_places_of_the_normalised_text() -> None:
    text = "Ça va: x_1 = 3.14; 東京2024 ﬁn"
    found = words_of(text)
    pieces = [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)]
    assert " ".join(normalise(piece) for piece in pieces) == normalise(text)
    assert [bool(digits) for digits in found.digits] == [any(c.isdigit() for c in piece) for piece in pieces]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_words_agree_with_the_normalisation_on_any_text(text: str) -> None:
    found = words_of(text)
    one_by_one = [words_of(word).hashes for word in normalise(text).split(" ") if word]
    assert [int(word) for word in found.hashes] == [int(word) for words in one_by_one for word in words]
    assert all(0 <= a < b <= len(text) for a, b in zip(found.starts, found.ends, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["goat", "river", "ferry", "lantern", "quay", "house"]), max_size=400), st.randoms())
def test_hostile_repetition_is_found_in_bounds(words: list[str], draw: random.Random) -> None:
    index = index_of("goat river ferry lantern " * 6, RIVER, "lantern quay house goat river quay ferry house " * 3)
    text = " ".join(words)
    for hit in find_items(index, text):
        assert 0 <= hit.start < hit.end <= len(text)
        assert 0.0 < hit.share <= 1.0


def test_an_item_that_repeats_itself_is_bounded_too() -> None:
    verse = "goat river ferry lantern "
    hits = find_items(index_of(verse * 2_000), verse * 5_000)
    assert max(hit.share for hit in hits) == 1.0
    assert len(hits) <= 5_000


def test_time_is_linear_in_a_text_that_repeats_an_item() -> None:
    hits = find_items(index_of(RIVER, SHORT), f"{RIVER} " * 2_000)
    assert len(hits) == 2_000
