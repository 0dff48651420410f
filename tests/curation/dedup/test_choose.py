from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.choose import KeepConfig, choose
from manifests.config import check_config
from manifests.errors import UsageError
from tests.curation.dedup.planted import numbered_keys


def chosen(rows: list[dict[str, Any]], config: KeepConfig) -> list[int]:
    """Rows with any of: component, key, source, length, date, eligible."""
    columns = {
        "source": np.array([row.get("source", "web") for row in rows], "U8"),
        "length": np.array([row.get("length", 1) for row in rows], np.int64),
        "date": np.array([row.get("date", "NaT") for row in rows], "datetime64[s]"),
        "score": np.array([row.get("score", np.nan) for row in rows], np.float64),
    }
    eligible = np.array([row.get("eligible", True) for row in rows], bool)
    component = numbered_keys(row.get("component", 1) for row in rows)
    keys = numbered_keys(row.get("key", place) for place, row in enumerate(rows))
    return choose(component, keys, columns, eligible, config).tolist()


def test_the_longest_copy_of_each_component_stays() -> None:
    rows = [
        {"component": 1, "length": 5},
        {"component": 2, "length": 9},
        {"component": 1, "length": 7},
        {"component": 2, "length": 3},
    ]
    assert chosen(rows, KeepConfig(order=("longest",))) == [2, 1, 2, 1]


def test_sources_are_preferred_in_the_order_they_are_listed() -> None:
    rows = [{"source": "web", "length": 9}, {"source": "other"}, {"source": "code", "length": 2}]
    assert chosen(rows, KeepConfig(sources=("code", "web"))) == [2, 2, 2]
    assert chosen(rows, KeepConfig(sources=("other",))) == [1, 1, 1]


def test_length_decides_among_copies_of_one_source() -> None:
    rows = [{"source": "web", "length": 1}, {"source": "web", "length": 2}, {"source": "code", "length": 9}]
    assert chosen(rows, KeepConfig(sources=("web",))) == [1, 1, 1]


def test_dates_decide_and_an_unknown_date_comes_last() -> None:
    rows: list[dict[str, Any]] = [{}, {"date": "2024-01-02"}, {"date": "1950-01-01"}]
    assert chosen(rows, KeepConfig(order=("newest",))) == [1, 1, 1]
    assert chosen(rows, KeepConfig(order=("oldest",))) == [2, 2, 2]


def test_the_smallest_id_breaks_ties() -> None:
    rows = [{"key": 30}, {"key": 10}, {"key": 20}]
    assert chosen(rows, KeepConfig()) == [1, 1, 1]
    assert chosen(rows, KeepConfig(order=())) == [1, 1, 1]


def test_a_stored_number_decides_and_what_was_not_measured_comes_last() -> None:
    rows: list[dict[str, Any]] = [{}, {"score": 0.2}, {"score": 0.9}, {"score": -np.inf}]
    assert chosen(rows, KeepConfig(order=("highest:score",))) == [2, 2, 2, 2]
    assert chosen(rows, KeepConfig(order=("lowest:score",))) == [3, 3, 3, 3]
    assert chosen(rows[:1] * 2, KeepConfig(order=("lowest:score",))) == [0, 0]


def test_criteria_are_asked_in_their_order() -> None:
    rows: list[dict[str, Any]] = [
        {"source": "code", "score": 0.5, "length": 3},
        {"source": "web", "score": 0.5, "length": 1},
        {"source": "web", "score": 0.5, "length": 2},
        {"source": "web", "score": 0.4, "length": 9},
    ]
    order = ("source", "highest:score", "longest", "id")
    assert chosen(rows, KeepConfig(order=order, sources=("web",))) == [2] * 4
    assert chosen(rows, KeepConfig(order=("highest:score", "shortest"))) == [1] * 4
    assert chosen(rows, KeepConfig(order=("id",))) == [0] * 4


def test_only_eligible_copies_stay() -> None:
    rows = [{"length": 9, "eligible": False}, {"length": 3}, {"length": 5}]
    assert chosen(rows, KeepConfig()) == [2, 2, 2]


def test_a_component_without_an_eligible_copy_keeps_none() -> None:
    rows = [{"eligible": False}, {"eligible": False}, {"component": 2}]
    assert chosen(rows, KeepConfig()) == [-1, -1, 2]


def test_no_rows_choose_nothing() -> None:
    assert chosen([], KeepConfig()) == []


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="needs the column `date`"):
        choose(numbered_keys([1]), numbered_keys([1]), {}, np.ones(1, bool), KeepConfig(order=("newest",)))


def test_columns_are_those_that_the_order_reads() -> None:
    assert KeepConfig().columns == ("length",)
    assert KeepConfig(order=("oldest", "source"), sources=("web",)).columns == ("date", "source")
    order = KeepConfig(order=("highest:toxicity", "longest", "lowest:c4.lines", "id"))
    assert (order.columns, order.signals) == (("toxicity", "length", "c4.lines"), ("toxicity", "c4.lines"))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"order": ["newest", "oldest"]}, "`order` compares the date twice"),
        ({"order": ["longest", "longest"]}, "`order` compares the length twice"),
        ({"sources": ["web", "web"]}, "lists a source twice"),
        ({"order": ["longest"], "sources": ["web"]}, "`order` does not contain `source`"),
        ({"order": ["biggest"]}, "order.0"),
        ({"order": ["highest:"]}, "order.0"),
        ({"order": ["highest:a", "lowest:a"]}, "`order` compares the a twice"),
        ({"order": ["shortest", "longest"]}, "`order` compares the length twice"),
        ({"order": ["id", "longest"]}, "goes on after `id`"),
    ],
)
def test_orders_that_make_no_sense_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_config(KeepConfig, document, "recipe.yaml")


ROW = st.fixed_dictionaries(
    {
        "component": st.integers(0, 3),
        "source": st.sampled_from(["web", "code", "books"]),
        "length": st.integers(0, 3),
        "date": st.sampled_from(["NaT", "2020-01-01", "2021-01-01"]),
        "eligible": st.booleans(),
    }
)


@given(st.lists(ROW, max_size=20), st.randoms(use_true_random=False))
def test_the_choice_is_the_least_by_the_stated_order_whatever_the_order_of_rows(rows: Any, random: Any) -> None:
    config = KeepConfig(order=("source", "longest", "newest"), sources=("code", "web"))
    rows = [{**row, "key": place} for place, row in enumerate(rows)]
    random.shuffle(rows)

    def rank(place: int) -> tuple[Any, ...]:
        row = rows[place]
        newest = {"NaT": 2, "2020-01-01": 1, "2021-01-01": 0}[row["date"]]
        return ["code", "web", "books"].index(row["source"]), -row["length"], newest, row["key"]

    expected = []
    for row in rows:
        members = [p for p, one in enumerate(rows) if one["component"] == row["component"] and one["eligible"]]
        expected.append(min(members, key=rank, default=-1))
    assert chosen(rows, config) == expected
