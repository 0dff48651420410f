from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.choose import Criterion, KeepConfig
from curation.documents import DECISION
from pipelines.parts import sort_rows, write_table
from pipelines.stages import copies
from pipelines.stages.clusters import CLUSTER, MEMBERS, part_path
from pipelines.stages.copies import (
    COPIES,
    COPY,
    ChooseCopies,
    Clusters,
    LoadedClusters,
    LoadedCopies,
    WriteRemoved,
    choose_copies,
    from_ipc,
    largest_copies,
    load_removed,
    parse_dates,
    to_ipc,
)

MEMBER = copies._MEMBER


def key(number: int) -> bytes:
    """Ends in NUL bytes, which numpy strips from strings."""
    return bytes([number]) + bytes(15)


def member(number: int, **changed: Any) -> dict[str, Any]:
    row = {
        "component": key(1), "key": key(number), "id": f"{number:032x}", "uri": f"u{number}", "source": "web",
        "tokens": 100, "date": "", "eligible": True, "exact": key(number), "similarity": 0.9,
    }  # fmt: skip
    return {**row, **changed}


def outcome(
    *rows: dict[str, Any], order: tuple[Criterion, ...] = ("source", "longest")
) -> dict[int, tuple[bool, Any, Any]]:
    """number -> (kept, rule, number of the copy that stays)."""
    table = sort_rows(pa.Table.from_pylist(list(rows), MEMBER), "component", "key")
    found = choose_copies(table, KeepConfig(order=order)).to_pylist()
    return {
        row["key"][0]: (row["kept"], row["rule"], row["duplicate_of"] and int(row["duplicate_of"], 16)) for row in found
    }


class TestChoice:
    def test_the_longest_stays_and_the_others_name_it(self) -> None:
        assert outcome(member(1), member(2, tokens=101), member(3)) == {
            1: (False, "near", 2), 2: (True, None, None), 3: (False, "near", 2),
        }  # fmt: skip

    def test_of_equals_the_smallest_key_stays(self) -> None:
        assert outcome(member(2), member(3), member(1))[1] == (True, None, None)

    def test_a_copy_with_the_survivor_s_text_is_exact_another_is_near(self) -> None:
        found = outcome(member(1, exact=key(1)), member(2, exact=key(1)), member(3, exact=key(3)))
        assert (found[2][1], found[3][1]) == ("exact", "near")

    def test_the_survivor_s_own_record_met_again_is_the_same_record(self) -> None:
        assert outcome(member(1, id="f" * 32), member(2, id="f" * 32))[2][1] == "same_record"

    def test_a_document_that_failed_the_rules_never_stays_and_is_no_copy_either(self) -> None:
        found = outcome(member(1, tokens=900, eligible=False), member(2), member(3))
        assert found == {1: (False, None, None), 2: (True, None, None), 3: (False, "near", 2)}

    def test_a_cluster_of_which_none_passed_keeps_none(self) -> None:
        found = outcome(member(1, eligible=False), member(2, eligible=False))
        assert found == {1: (False, None, None), 2: (False, None, None)}

    def test_clusters_decide_for_themselves(self) -> None:
        found = outcome(member(1), member(2), member(3, component=key(3)), member(4, component=key(3)))
        assert [number for number, (kept, _, _) in found.items() if kept] == [1, 3]

    def test_newest_and_oldest_go_by_the_dates_of_the_records(self) -> None:
        rows = [member(1, date="2020-01-01T00:00:00Z"), member(2, date="2024-01-01T00:00:00Z"), member(3)]
        assert outcome(*rows, order=("newest",))[2][0]
        assert outcome(*rows, order=("oldest",))[1][0]

    @given(st.permutations(range(6)))
    def test_the_order_of_the_members_changes_nothing(self, order: list[int]) -> None:
        rows = [
            member(n, component=key(1 + n % 2), tokens=100 + n // 3, eligible=n != 4, exact=key(n // 3))
            for n in range(6)
        ]
        assert outcome(*(rows[n] for n in order)) == outcome(*rows)


@pytest.mark.parametrize(
    ("date", "found"),
    [
        ("2026-05-01T12:30:45Z", "2026-05-01T12:30:45"),
        ("2026-05-01T12:30:45.123456Z", "2026-05-01T12:30:45"),
        ("2026-05-01T12:30:45+02:00", "2026-05-01T12:30:45"),
        ("2026-05-01T12:30Z", "2026-05-01T12:30:00"),
        ("2026-05-01", "2026-05-01T00:00:00"),
        ("2026-05", "2026-05-01T00:00:00"),
        ("2026", "2026-01-01T00:00:00"),
        ("2026-13-01", "NaT"),
        ("20260501", "NaT"),
        ("9999999999999999999-01-01", "NaT"),
        ("today", "NaT"),
        ("now", "NaT"),
        ("", "NaT"),
        (None, "NaT"),
    ],
)
def test_dates(date: str | None, found: str) -> None:
    assert str(parse_dates([date])[0]) == found


@given(st.text(st.characters(), max_size=30))
def test_no_date_raises(date: str) -> None:
    assert parse_dates([date]).dtype == np.dtype("datetime64[s]")


def clusters(*numbers: int) -> pa.Table:
    rows = [
        {"key": key(n), "component": key(min(numbers)), "exact": key(n), "similarity": 0.8} for n in sorted(numbers)
    ]
    return pa.Table.from_pylist(rows, CLUSTER)


def judged(*numbers: int) -> pa.Table:
    rows = [
        {"key": key(n), "id": f"{n:032x}", "source": "web", "uri": f"u{n}", "keep": n != 7, "failed": [], "tokens": 5}
        for n in numbers
    ]
    return pa.Table.from_pylist([{**dict.fromkeys(DECISION.names), **row} for row in rows], DECISION)


def found_members(loaded: LoadedClusters, part: pa.Table) -> list[tuple[int, bool]]:
    documents = pa.table({"date": ["2026"] * part.num_rows})
    tables = [from_ipc(block) for _, block in loaded.payloads(part, documents)]
    return sorted((row["key"][0], row["eligible"]) for table in tables for row in table.to_pylist())


class TestLoadedClusters:
    def test_members_are_found_among_the_rows_of_a_part(self) -> None:
        loaded = LoadedClusters(clusters(2, 5, 7), 1)
        assert found_members(loaded, judged(1, 2, 3, 7, 200)) == [(2, True), (7, False)]

    def test_the_number_of_partitions_changes_no_row(self) -> None:
        table = clusters(*range(1, 60))
        part = judged(*range(0, 100, 3))
        assert found_members(LoadedClusters(table, 1), part) == found_members(LoadedClusters(table, 7), part)

    def test_no_clusters_or_no_rows_give_nothing(self) -> None:
        assert found_members(Clusters(0, KeepConfig()).load("", 0), judged(1)) == []
        assert found_members(LoadedClusters(clusters(1, 2), 1), judged()) == []
        assert found_members(LoadedClusters(CLUSTER.empty_table(), 1), judged(1)) == []

    def test_those_of_a_part_are_read_from_the_work_folder(self, tmp_path: Path) -> None:
        write_table(str(tmp_path / part_path(MEMBERS, 3)), clusters(1, 2))
        every = Clusters(2, KeepConfig())
        assert found_members(every.load(str(tmp_path), 3), judged(1, 9)) == [(1, True)]
        assert found_members(every.load(str(tmp_path), 4), judged(1, 9)) == []


class TestLoadedCopies:
    def copies(self) -> pa.Table:
        rows = [member(1), member(2, tokens=99), member(4, tokens=99, exact=key(1)), member(5, eligible=False)]
        return choose_copies(pa.Table.from_pylist(rows, MEMBER), KeepConfig())

    def test_removed_copies_are_marked_with_what_they_are_copies_of(self) -> None:
        rows = judged(1, 2, 3, 4, 5).to_pydict()
        LoadedCopies(self.copies()).apply(rows, 0.75)
        assert rows["keep"] == [True, False, True, False, True]
        assert rows["rule"] == [None, "near", None, "exact", None]
        assert rows["duplicate_of"] == [None, f"{1:032x}", None, f"{1:032x}", None]
        assert rows["value"] == [None, 0.9, None, 1.0, None]
        assert rows["threshold"] == [None, 0.75, None, 1.0, None]
        assert rows["failed"] == [[], ["near"], [], ["exact"], []]

    def test_contains_tells_removed_copies_from_all_others(self) -> None:
        loaded = LoadedCopies(self.copies())
        assert loaded.contains(judged(0, 1, 2, 3, 4, 5, 255)["key"]).tolist() == [
            False,
            False,
            True,
            False,
            True,
            False,
            False,
        ]
        assert loaded.contains(judged()["key"]).tolist() == []
        assert LoadedCopies(COPY.empty_table()).contains(judged(1)["key"]).tolist() == [False]

    def test_each_part_has_its_own_file(self, tmp_path: Path) -> None:
        blocks = [
            (part, to_ipc(pa.Table.from_pylist([member(n, tokens=100 - n) for n in numbers], MEMBER)))
            for part, numbers in ((4, (3, 1)), (9, (2,)))
        ]
        outputs = list(ChooseCopies(str(tmp_path), KeepConfig(), 1).process((0, blocks)))
        for output in outputs:
            if isinstance(output, beam.pvalue.TaggedOutput):
                part, block = output.value
                assert list(WriteRemoved(str(tmp_path)).process((part, [block]))) == [1]
        found = {
            part: load_removed(str(tmp_path), part).contains(judged(1, 2, 3)["key"]).tolist() for part in (4, 9, 5)
        }
        assert found == {4: [False, False, True], 9: [False, True, False], 5: [False, False, False]}


def test_the_largest_clusters_are_found_file_by_file_and_half_written_files_are_not_read(tmp_path: Path) -> None:
    sizes = {1: 2, 20: 4, 40: 3, 60: 3}
    folder = tmp_path / "out #1@x" / COPIES
    for number, (first, size) in enumerate(sizes.items()):
        rows = [member(n, component=key(first)) for n in range(first, first + size)]
        outcome = choose_copies(pa.Table.from_pylist(rows, MEMBER), KeepConfig())
        write_table(str(folder / f"part-0000{number // 2}-{number}.parquet"), outcome)
    (folder / "part-00000.parquet.0a1b2c3d.partial").write_bytes(b"PAR1")
    found = largest_copies(str(tmp_path / "out #1@x"), 2)
    assert sorted(row["key"][0] for row in found.to_pylist()) == [20, 21, 22, 23, 40, 41, 42]
    assert largest_copies(str(tmp_path / "none"), 2).equals(COPY.empty_table())
