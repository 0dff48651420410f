from array import array

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.urls.table import KeyTable, key_of_text

TEXTS = st.lists(st.text(st.characters(codec=None), max_size=12), max_size=40)


def keys(texts: list[str]) -> "array[int]":
    return array("Q", [key_of_text(text) for text in texts])


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_it_finds_what_is_in_it_and_the_first_list_that_holds_it(a: list[str], b: list[str], other: list[str]) -> None:
    table = KeyTable([(3, keys(a)), (7, keys(b))])
    wanted = [*a, *b, *other]
    expected = [3 if text in a else 7 if text in b else -1 for text in wanted]
    assert table.find(np.array(keys(wanted), np.uint64)).tolist() == expected
    assert len(table) == len({*a, *b})


def test_hashes_are_the_same_on_every_machine() -> None:
    assert key_of_text("example.com") == 10044734154400447347
    assert key_of_text("\ud800") != key_of_text("?")


def test_an_entry_takes_ten_bytes() -> None:
    assert KeyTable([(0, keys([f"{n}.example" for n in range(1000)]))]).bytes == 10_000
