from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from curation.dedup.choose import KeepConfig, beats
from curation.dedup.earlier import earlier_matches

Rows = list[tuple[int, bytes]]


def pairs(own: Rows, earlier: Rows, *, needed: int = 3, cap: int = 32, turn: int = 0) -> set[tuple[int, int, int]]:
    found = earlier_matches(*arrays(own), *arrays(earlier), needed=needed, cap=cap, turn=turn)
    return set(zip(found.own.tolist(), found.earlier.tolist(), found.equal.tolist(), strict=True))


def arrays(rows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    payloads = np.frombuffer(b"".join(payload for _, payload in rows), np.uint8).reshape(-1, 4)
    return np.array([bucket for bucket, _ in rows], np.uint64), payloads


def test_documents_are_compared_with_the_earlier_ones_of_their_bucket() -> None:
    assert pairs([(7, b"abcd"), (8, b"abcd")], [(7, b"abcx"), (9, b"abcd"), (7, b"abcd"), (7, b"axyz")]) == {
        (0, 0, 3), (0, 2, 4),
    }  # fmt: skip


rows = st.lists(st.tuples(st.integers(0, 3), st.binary(min_size=4, max_size=4).map(lambda b: bytes(x % 2 for x in b))))


@given(rows, rows, st.integers(0, 4), st.integers(0, 5))
def test_small_buckets_are_compared_in_full_whatever_the_turn(own: Rows, earlier: Rows, needed: int, turn: int) -> None:
    expected = {
        (i, j, equal)
        for i, (a, x) in enumerate(own)
        for j, (b, y) in enumerate(earlier)
        if a == b and (equal := sum(c == d for c, d in zip(x, y, strict=True))) >= needed
    }
    if own and earlier:
        assert pairs(own, earlier, needed=needed, cap=1000, turn=turn) == expected


@given(st.integers(0, 4999), st.integers(0, 3))
def test_in_a_bucket_of_thousands_an_equal_sketch_is_met(place: int, turn: int) -> None:
    earlier = [(1, number.to_bytes(4, "big")) for number in range(5000)]
    assert pairs([(1, earlier[place][1])], earlier, needed=4, cap=8, turn=turn) == {(0, place, 4)}


def test_a_bucket_costs_a_document_so_many_comparisons() -> None:
    earlier = [(1, number.to_bytes(4, "big")) for number in range(5000)]
    own = [(1, bytes(4))] * 200
    assert earlier_matches(*arrays(own), *arrays(earlier), needed=4, cap=32).compared == 200 * 32


def test_other_documents_of_the_build_change_nothing() -> None:
    earlier = [(1, number.to_bytes(4, "big")) for number in range(0, 5000, 3)]
    alone = {(b, c) for _, b, c in pairs([(1, b"\0\0\x04\x09")], earlier, needed=2)}
    among = pairs([(1, bytes([0, 0, n, 9])) for n in range(20)], earlier, needed=2)
    assert {(b, c) for a, b, c in among if a == 4} == alone


def test_sketches_of_two_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="payloads of 4 and 8 bytes"):
        earlier_matches(
            np.zeros(1, np.uint64), np.zeros((1, 4), np.uint8), np.zeros(1, np.uint64), np.zeros((1, 8), np.uint8),
            needed=1, cap=2,
        )  # fmt: skip


class TestBeats:
    def own(self) -> dict[str, NDArray[Any]]:
        dates = np.array(["2026", "2026", "NaT"], "datetime64[s]")
        return {"source": np.array(["code", "web", "web"]), "length": np.array([5, 9, 5]), "date": dates}

    def earlier(self) -> dict[str, NDArray[Any]]:
        dates = np.array(["2025", "2026", "2025"], "datetime64[s]")
        return {"source": np.array(["web", "web", "code"]), "length": np.array([9, 5, 5]), "date": dates}

    @pytest.mark.parametrize(
        ("order", "better"),
        [
            (("source", "longest"), [False, False, False]),
            (("earlier", "source"), [False, False, False]),
            (("source", "earlier"), [True, False, False]),
            (("source", "longest", "earlier"), [True, True, False]),
            (("longest", "earlier"), [False, True, False]),
            (("newest", "earlier"), [True, False, False]),
        ],
    )
    def test_only_what_stands_before_earlier_counts(self, order: tuple[str, ...], better: list[bool]) -> None:
        config = KeepConfig.model_validate({"order": order, "sources": ["code"] if "source" in order else []})
        assert beats(self.own(), self.earlier(), config).tolist() == better

    def test_a_signal_before_earlier_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a signal before `earlier`; the index of a release stores no signals"):
            KeepConfig.model_validate({"order": ["highest:classifier", "earlier"]})
