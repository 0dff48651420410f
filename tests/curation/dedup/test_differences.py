from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from curation.dedup.differences import OPENING, differences

few_words = st.lists(st.sampled_from("abcd"), max_size=25).map(" ".join)


def test_what_differs_stands_between_what_is_the_same() -> None:
    assert differences("one two three four", "one 2 three four five") == [
        ("same", "one"), ("removed", "two"), ("added", "2"), ("same", "three four"), ("added", "five"),
    ]  # fmt: skip


@given(few_words, few_words)
def test_the_runs_rebuild_both_texts(first: str, second: str) -> None:
    runs = differences(first, second)
    assume(all(mark != "left out" for mark, _ in runs))
    assert " ".join(text for mark, text in runs if mark != "added") == first
    assert " ".join(text for mark, text in runs if mark != "removed") == second


@given(few_words, few_words)
def test_words_are_shown_or_counted(first: str, second: str) -> None:
    counted = {"same": 0, "removed": 0, "added": 0, "left out": 0}
    for mark, text in differences(first, second):
        counted[mark] += int(text) if mark == "left out" else len(text.split())
    assert counted["same"] + counted["left out"] + counted["removed"] == len(first.split())
    assert counted["same"] + counted["left out"] + counted["added"] == len(second.split())


def test_long_runs_that_are_the_same_are_cut() -> None:
    common = " ".join(str(n) for n in range(100))
    assert differences(f"a {common} b", f"A {common} b") == [
        ("removed", "a"), ("added", "A"), ("same", "0 1 2 3 4 5 6 7"), ("left out", "93"),
    ]  # fmt: skip
    assert differences(f"{common} a", common) == [
        ("left out", "92"), ("same", "92 93 94 95 96 97 98 99"), ("removed", "a"),
    ]  # fmt: skip


def test_hostile_texts_are_bounded() -> None:
    texts = ["x" * 10_000_000, "a " * 5_000_000, "b " * 5_000_000, "", "\0 \ud800 " * 100_000, "a b " * 1_000_000]
    for first in texts:
        for second in texts:
            runs = differences(first, second)
            assert sum(len(text) for _, text in runs) < 2 * OPENING
