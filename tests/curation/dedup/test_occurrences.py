from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.choose import KeepConfig, choose
from curation.dedup.keys import KEY
from curation.dedup.occurrences import group, ids_of, order_keys, sorted_by

SOURCES = ("code", "web", "books")
DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(SOURCES), st.integers(0, 5), st.sampled_from(["2024-01-01", "2025-06-01", "NaT"]),
        st.sampled_from([float("nan"), -1.5, -0.0, 0.0, 0.25, 1e300, float("-inf")]),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip
ORDERS = st.sampled_from(
    [
        ("source", "longest"),
        ("newest", "shortest"),
        ("oldest",),
        ("highest:quality", "id"),
        ("lowest:quality", "longest"),
    ]
)


@settings(deadline=None)  # the first call compiles
@given(DOCUMENTS, ORDERS, st.randoms())
def test_order_keys_sort_as_copies_are_chosen(
    documents: list[tuple[str, int, str, float]], order: tuple[str, ...], generator: object
) -> None:
    config = KeepConfig(order=order, sources=("web",) if "source" in order else ())
    numbers = generator.sample(range(1, 300), len(documents))  # type: ignore[attr-defined]
    ids = [f"{number:032x}" for number in numbers]
    source, length, date, quality = zip(*documents, strict=True)
    columns = {
        "source": np.array(source), "length": np.array(length), "date": np.array(date, "datetime64[s]"),
        "quality": np.array(quality),
    }  # fmt: skip
    keys = np.frombuffer(bytes.fromhex("".join(ids)), KEY)
    ranked = sorted_by(order_keys(ids, columns, config)).tolist()
    eligible = np.ones(len(ids), bool)
    for place in ranked:
        best = choose(np.repeat(keys[:1], len(ids)), keys, columns, eligible, config)
        assert best[place] == place
        eligible[place] = False


def test_an_order_key_ends_with_the_id() -> None:
    ids = ["00" * 15 + "07", "ff" * 16]
    orders = order_keys(ids, {"length": np.array([3, 4])}, KeepConfig(order=("longest",)))
    assert ids_of(orders).tobytes().hex() == "".join(ids)
    assert sorted_by(orders).tolist() == [1, 0]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_groups_number_equal_values_as_they_are_met(values: list[tuple[int, int]]) -> None:
    high, low = (np.array([one[side] for one in values], np.uint64) for side in (0, 1))
    groups = group(high, low)
    distinct = list(dict.fromkeys(values))
    assert [distinct[place] for place in groups.of] == values
    for place, value in enumerate(distinct):
        places = [unit for unit, one in enumerate(values) if one == value]
        assert (groups.first[place], groups.second[place]) == (places[0], places[1] if len(places) > 1 else -1)


def test_values_that_share_the_first_half_are_not_equal() -> None:
    assert len(group(np.array([7, 7], np.uint64), np.array([1, 2], np.uint64))) == 2
    assert len(group(np.array([7, 7], np.uint64))) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_few_documents_have_order_keys_too(count: int) -> None:
    ids = ["00" * 16] * count
    orders = order_keys(ids, {"length": np.zeros(count)}, KeepConfig(order=("longest",)))
    assert sorted_by(orders).tolist() == list(range(count))
    assert len(ids_of(orders)) == count
