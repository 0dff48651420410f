from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.lines import compared_forms, line_units
from tests.curation.dedup.cutting_parts import name, remove_lines


def test_c4_compares_lines_in_lower_case_without_white_space_at_their_ends() -> None:
    assert compared_forms(" Über Uns\r\n\t\nA  b 1!", "c4@tfds") == ["über uns", "", "a  b 1!"]


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("  Copyright 2024, Café. ", "copyright 0000, café."),  # ASCII punctuation and accents stay
        ("« Bonjour » – ça va…", " bonjour   ça va"),
        ("一、二。", "一二"),
        ("a\x07b\x85", "ab"),
        ("٣ and ३", "0 and 0"),
        ("»", ""),
    ],
)
def test_ccnet_compares_lower_case_zeros_and_no_unicode_punctuation(line: str, form: str) -> None:
    assert compared_forms(line, "ccnet") == [form]


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_ccnet_compares_ascii_alone_as_beside_other_text(text: str) -> None:
    assert compared_forms(f"{text}\né", "ccnet") == [*compared_forms(text, "ccnet"), "é"]


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule of equal lines is called 'c5'; there are c4@tfds and ccnet"):
        compared_forms("a", "c5")


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=6), max_size=8))
def test_a_unit_is_a_line_that_has_something_to_compare(lines: list[str]) -> None:
    text = "\n".join(lines)
    units = line_units(text, "c4@tfds")
    spans = list(zip(units.starts.tolist(), units.ends.tolist(), strict=True))
    assert [text[start:end] for start, end in spans] == [
        line.removesuffix("\r") for line in lines if line.lower().strip()
    ]


def test_lines_within_a_cut_are_no_units() -> None:
    assert line_units("aa\nbb\ncc\ndd", "c4@tfds", [(3, 8)]).starts.tolist() == [0, 9]


def test_the_first_of_equal_lines_stays_and_is_named() -> None:
    parts = [[(2, "Home\nSecond text.\nhome ")], [(1, "First text.\nHOME"), (3, "\nhome\n\nsecond TEXT.")]]
    assert remove_lines(parts, "c4@tfds", "first") == {
        2: [(0, 4, name(1)), (18, 23, name(1))],
        3: [(1, 5, name(1)), (7, 19, name(2))],
    }


def test_remove_all_takes_the_first_copy_too() -> None:
    parts = [[(1, "Menu 1\nown"), (2, "menu 7\ntwo")], [(3, "MENU 9\nthree\nthree")]]
    assert remove_lines(parts, "ccnet", "none") == {
        1: [(0, 6, name(2))],
        2: [(0, 6, name(1))],
        3: [(0, 6, name(1)), (7, 12, name(3)), (13, 18, name(3))],
    }


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=5).map("\n".join), min_size=1, max_size=8),
    st.sampled_from(["first", "none"]),
    st.randoms(),
)
def test_parts_partitions_and_their_order_change_nothing(texts: list[str], keep: str, generator: object) -> None:
    whole = [list(enumerate(texts))]
    shuffled: list[list[tuple[int, str]]] = [[], [], []]
    for document in generator.sample(whole[0], len(whole[0])):  # type: ignore[attr-defined]
        generator.choice(shuffled).append(document)  # type: ignore[attr-defined]
    seen: set[str] = set()
    expected: dict[int, list[tuple[int, int]]] = {}
    flat = [line for text in texts for line in text.split("\n")]
    for number, text in enumerate(texts):
        for place, line in enumerate(text.split("\n")):
            if line and (line in seen if keep == "first" else flat.count(line) > 1):
                expected.setdefault(number, []).append((2 * place, 2 * place + 1))
            seen.add(line)
    for parts, partitions in ((whole, 1), (shuffled, 1), (shuffled, 3)):
        removed = remove_lines(parts, "c4@tfds", keep, partitions)  # type: ignore[arg-type]
        found = {number: [(start, end) for start, end, _ in spans] for number, spans in removed.items()}
        assert found == expected
        assert removed == remove_lines(whole, "c4@tfds", keep)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_line_said_a_million_times_stays_once() -> None:
    removed = remove_lines([[(1, "again\n" * 1_000_000)]], "c4@tfds", "first")
    assert len(removed[1]) == 999_999
    assert removed[1][0] == (6, 11, name(1))


@pytest.mark.slow
def test_a_line_of_two_hundred_thousand_documents_is_sent_once_for_each_part() -> None:
    parts = [[(number, "We use cookies.") for number in range(start, 200_000, 5)] for start in range(5)]
    removed = remove_lines(list(parts), "c4@tfds", "first")
    assert removed.keys() == set(range(1, 200_000))
    assert {spans[0].other for spans in removed.values()} == {name(0)}


@pytest.mark.parametrize("text", ["", "\n\n", " ", "x" * 10_000_000])
def test_texts_without_lines_are_no_trouble(text: str) -> None:
    assert remove_lines([[(1, text)], [(2, "y")]], "ccnet", "none") == {}
