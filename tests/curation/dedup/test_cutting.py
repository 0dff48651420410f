from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.cutting import Removal, anchors_of, spans_to_cut, united, units_of_lines, units_of_windows
from curation.select import cut_text


def left(text: str, *removed: tuple[int, int]) -> str:
    spans = spans_to_cut(text, [Removal(start, end, "") for start, end in removed])
    return cut_text(text, [{"start": start, "end": end} for start, end in spans])


def without(text: str, *pieces: str) -> str:
    spans = [(text.index(piece), text.index(piece) + len(piece)) for piece in pieces]
    return left(text, *spans)


@pytest.mark.parametrize(
    ("text", "pieces", "remains"),
    [
        ("a XX b", ["XX"], "a b"),
        ("a XX\nb", ["XX"], "a\nb"),
        ("XX a\nb", ["XX"], "a\nb"),
        ("a\nXX\nb", ["XX"], "a\nb"),
        ("a\n  XX  \r\nb", ["XX"], "a\n  b"),
        ("a XX\nXX b", ["XX\nXX"], "a\nb"),
        ("a XX\r\nXX\r\nXX b", ["XX\r\nXX\r\nXX"], "a\r\nb"),
        ("a XX\n\nXX\n\nb", ["XX\n\nXX"], "a\n\nb"),
        ("a\nXX\nXX\nb", ["XX\nXX"], "a\nb"),
        ("XX", ["XX"], ""),
        ("XX a YY", ["XX", "YY"], "a"),
        ("XX YY\nb", ["XX", "YY"], "b"),
        ("漢字重複文", ["重複"], "漢字文"),
        ("a. XX, b", ["XX"], "a. , b"),
    ],
)
def test_lines_of_which_something_is_left_stay_lines(text: str, pieces: list[str], remains: str) -> None:
    assert without(text, *pieces) == remains


@given(st.text("ab \n\r", max_size=30), st.data())
def test_nothing_but_the_pieces_and_white_space_goes(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    removed = [
        (start, end)
        for start, end in zip(places[::2], places[1::2], strict=False)
        if not text[start].isspace() and not text[end - 1].isspace()  # as runs of tokens begin and end
    ]
    gone = {place for start, end in removed for place in range(start, end)}
    stays = "".join(character for place, character in enumerate(text) if place not in gone)
    remains = left(text, *removed)
    assert remains.split() == stays.split() or "".join(remains.split()) == "".join(stays.split())


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda one: (one[0], one[0] + one[1])), max_size=8)
)
def test_united_spans_cover_the_same_and_do_not_touch(spans: list[tuple[int, int]]) -> None:
    found = united(spans[::2], spans[1::2])
    cover = {place for start, end in spans for place in range(start, end)}
    assert {place for start, end in found for place in range(start, end)} == cover
    assert all(end < start for (_, end), (start, _) in pairwise(found))


def test_many_pieces_of_one_long_line_take_linear_time() -> None:
    text = "keep XX " * 200_000
    assert left(text, *((start + 5, start + 7) for start in range(0, len(text), 8))) == "keep " * 199_999 + "keep"


def test_a_part_without_documents_has_nothing_to_compare() -> None:
    assert units_of_lines([], [], "ccnet").hashes.shape == (0, 2)
    assert units_of_windows([], [], 50, np.empty(0, np.uint64)).hashes.shape == (0, 2)
    assert anchors_of([], [], 50).tolist() == []
