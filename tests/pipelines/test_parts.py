from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.documents import REJECTED_AT_INGEST, document_key
from pipelines import parts
from pipelines.parts import PartWriter, open_parquet, read_columns, rows_in_range, sort_rows, write_table
from pipelines.records import files_below, remove_tree


def rejects(*places: tuple[int, int]) -> pa.Table:
    """Rows by (id, place)."""
    rows = [
        {
            "key": document_key(f"{number:032x}", str(place)), "id": f"{number:032x}", "source": "web",
            "uri": f"u{place}", "origin": "a#0", "rule": "http_status", "value": 404.0, "threshold": 200.0,
        }
        for number, place in places
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, REJECTED_AT_INGEST)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


class TestPartWriter:
    def test_rows_are_sorted_by_id_and_then_key_whatever_order_they_came_in(self, tmp_path: Path) -> None:
        for folder, order in (("a", [(3, 0), (1, 1), (1, 0), (2, 0)]), ("b", [(1, 0), (2, 0), (1, 1), (3, 0)])):
            writer = PartWriter(str(tmp_path), folder, "rejected", REJECTED_AT_INGEST)
            for place in order:
                writer.add(rejects(place))
            writer.finish()
        table = read_columns(str(tmp_path / "a/rejected-00000.parquet"))
        assert table.equals(sort_rows(table, "id", "key"))
        assert (tmp_path / "a/rejected-00000.parquet").read_bytes() == (
            tmp_path / "b/rejected-00000.parquet"
        ).read_bytes()

    def test_a_part_ends_when_enough_has_come_together_and_no_row_is_lost(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parts, "PART_TEXT_BYTES", 2 * rejects((1, 1)).nbytes)
        writer = PartWriter(str(tmp_path), "f", "rejected", REJECTED_AT_INGEST)
        for number in range(5):
            writer.add(rejects((number, 0)))
        written = writer.finish()
        assert [file.path for file in written] == [f"f/rejected-0000{index}.parquet" for index in range(3)]
        assert [pq.read_metadata(tmp_path / file.path).num_rows for file in written] == [2, 2, 1]
        assert [(tmp_path / file.path).stat().st_size for file in written] == [file.bytes for file in written]

    def test_no_rows_are_no_file(self, tmp_path: Path) -> None:
        writer = PartWriter(str(tmp_path), "f", "rejected", REJECTED_AT_INGEST)
        writer.add(rejects())
        assert writer.finish() == []
        assert names(tmp_path) == []


class TestRange:
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), max_size=60, unique=True),
        st.integers(0, 40),
        st.integers(0, 40),
    )
    def test_a_range_of_ids_is_what_a_look_at_every_row_finds(
        self, tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], one: int, other: int
    ) -> None:
        first, last = sorted((one, other))
        url = str(tmp_path_factory.getbasetemp() / "range.parquet")
        pq.write_table(sort_rows(rejects(*places), "id", "key"), url, row_group_size=4)
        found = rows_in_range(url, f"{first:032x}", f"{last:032x}", ["key", "id", "uri"])
        inside = sorted((number, f"u{place}") for number, place in places if first <= number <= last)
        assert sorted((int(row["id"], 16), row["uri"]) for row in found.to_pylist()) == inside
        assert found.column_names == ["key", "id", "uri"]

    def test_row_groups_outside_the_range_are_not_read(self, tmp_path: Path) -> None:
        url = str(tmp_path / "a.parquet")
        pq.write_table(rejects(*((number, 0) for number in range(16))), url, row_group_size=4)
        with open_parquet(url) as file:
            assert parts.overlapping_row_groups(file, f"{5:032x}", f"{8:032x}") == [1, 2]
            assert parts.overlapping_row_groups(file, f"{16:032x}", f"{99:032x}") == []


class TestFolders:
    @pytest.mark.parametrize("root", ["local", "memory"])
    def test_files_below_a_folder_by_their_paths_in_it(self, root: str, tmp_path: Path) -> None:
        folder = f"{tmp_path}/a b#1@ö" if root == "local" else "memory://parts/a b#1@ö"
        assert files_below(folder) == []
        for name in ("z.parquet", "deep/er/a [x]?.parquet"):
            write_table(f"{folder}/{name}", rejects((1, 1)))
        assert files_below(folder) == ["deep/er/a [x]?.parquet", "z.parquet"]
        assert read_columns(f"{folder}/{files_below(folder)[0]}", ["uri"]).to_pylist() == [{"uri": "u1"}]
        remove_tree(folder)
        remove_tree(folder)
        assert files_below(folder) == []

    def test_a_failed_write_leaves_what_was_there(self, tmp_path: Path) -> None:
        url = str(tmp_path / "a.parquet")
        write_table(url, rejects((1, 1)))
        before = Path(url).read_bytes()
        with pytest.raises(AttributeError):
            write_table(url, None)
        assert Path(url).read_bytes() == before
        assert names(tmp_path) == ["a.parquet"]
