import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from curation.quality_models.documents import (
    MAX_CHARACTERS,
    Document,
    Sample,
    find_sources,
    read_documents,
    text_key,
)
from manifests.errors import UsageError


def texts(path: Path, **options: object) -> list[tuple[str, str]]:
    return [
        (document.text, document.place.removeprefix(str(path.parent) + "/"))
        for source in find_sources([str(path)])
        for document in read_documents(source, **options)  # type: ignore[arg-type]
    ]


class TestReading:
    def test_a_text_file_has_a_document_a_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("one\r\n\n  two \nthree")
        assert texts(tmp_path / "a.txt") == [("one", "a.txt:1"), ("two", "a.txt:3"), ("three", "a.txt:4")]

    def test_a_text_file_can_be_one_document(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("one\ntwo\n")
        assert texts(tmp_path / "a.txt", whole=True) == [("one\ntwo\n", "a.txt")]

    @pytest.mark.parametrize(
        ("name", "pack"),
        [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.jsonl.zst", zstandard.ZstdCompressor().compress)],
    )
    def test_json_lines_are_read_packed_or_not(self, tmp_path: Path, name: str, pack: object) -> None:
        raw = b'{"text": "one\\ntwo"}\n\n{"text": " "}\n{"text": "three", "x": 1}\n'
        (tmp_path / name).write_bytes(pack(raw))  # type: ignore[operator]
        assert texts(tmp_path / name) == [("one\ntwo", f"{name}:1"), ("three", f"{name}:4")]

    def test_frames_of_zstd_follow_each_other(self, tmp_path: Path) -> None:
        frames = [zstandard.ZstdCompressor().compress(part) for part in (b"one\ntw", b"o\n" + b"x" * 300_000, b"\nend")]
        (tmp_path / "a.txt.zst").write_bytes(b"".join(frames))
        assert [text for text, _ in texts(tmp_path / "a.txt.zst")] == ["one", "two", "x" * 300_000, "end"]

    def test_parquet_has_a_document_a_row(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"body": ["one", None, "two"], "n": [1, 2, 3]}), tmp_path / "a.parquet")
        rows = texts(tmp_path / "a.parquet", field="body")
        assert rows == [("one", "a.parquet#0"), ("two", "a.parquet#2")]

    def test_a_build_is_read_by_its_manifest(self, tmp_path: Path) -> None:
        (tmp_path / "shards").mkdir()
        pq.write_table(pa.table({"text": ["kept"]}), tmp_path / "shards/part-0.parquet")
        pq.write_table(pa.table({"text": ["no shard"]}), tmp_path / "other.parquet")
        (tmp_path / "manifest.json").write_text(json.dumps({"shards": [{"path": "shards/part-0.parquet"}]}))
        sources = find_sources([str(tmp_path)])
        assert [(Path(source.path).name, source.build) for source in sources] == [("part-0.parquet", str(tmp_path))]

    def test_a_folder_gives_its_files_of_known_kinds_in_order_and_each_once(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a.jsonl.gz", "c.png", "sub/d.ndjson"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        found = find_sources([str(tmp_path), str(tmp_path / "*.txt")])
        assert [(Path(source.path).name, source.kind) for source in found] == [
            ("a.jsonl.gz", "jsonl"), ("b.txt", "text"), ("d.ndjson", "jsonl"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.jsonl", b'{"text": 1}\n', r"a\.jsonl:1: no text under `text` \(there is text\)"),
            ("a.jsonl", b'\n{"content": "x"}\n', r"a\.jsonl:2: no text under `text` \(there is content\)"),
            ("a.jsonl", b"[1]\n", r"a\.jsonl:1: no text under `text` \(there is list\)"),
            ("a.jsonl", b"{\n", r"a\.jsonl:1: not a JSON object a line"),
            ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: not a JSON object a line"),
            ("a.txt.gz", gzip.compress(b"text" * 999, mtime=0)[:-30], r"a\.txt\.gz: cannot be read"),
            ("a.txt.zst", zstandard.ZstdCompressor().compress(b"text" * 99)[:-3], "ends within a zstd frame"),
            ("a.txt.zst", zstandard.ZstdCompressor().compress(b"text")[:4] + b"\xff" * 9, "cannot be read"),
            ("a.parquet", b"PAR1", r"a\.parquet: cannot be read"),
        ],
    )
    def test_what_cannot_be_read_is_told_with_its_place(
        self, tmp_path: Path, name: str, content: bytes, message: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=message):
            texts(tmp_path / name)

    def test_a_missing_column_is_told_with_those_there_are(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"body": ["one"], "n": [1]}), tmp_path / "a.parquet")
        with pytest.raises(UsageError, match=r"no column `text`; it has body, n"):
            texts(tmp_path / "a.parquet")

    def test_nothing_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no such file or folder"):
            find_sources([str(tmp_path / "none")])
        with pytest.raises(UsageError, match="no file of documents here"):
            find_sources([str(tmp_path)])


def drawn(documents: list[str], limit: int, seed: int = 1) -> list[str]:
    sample = Sample(limit, seed)
    for text in documents:
        sample.add(Document(text, "f"), text_key(text, seed))
    return [row.text for row in sample.drawn()]


class TestSample:
    def test_the_order_of_documents_does_not_change_what_is_drawn(self) -> None:
        words = [f"text {i}" for i in range(100)]
        assert drawn(words, 10) == drawn(words[::-1], 10)
        assert len(set(drawn(words, 10))) == 10

    def test_another_seed_draws_others(self) -> None:
        words = [f"text {i}" for i in range(100)]
        assert drawn(words, 10, seed=1) != drawn(words, 10, seed=2)

    def test_equal_texts_are_drawn_once(self) -> None:
        assert drawn(["A  text", "a text ", "a\ttext"], 10) == ["A  text"]
        assert len(drawn([f"text {i % 7}" for i in range(50)], 5)) == 5

    def test_a_larger_sample_holds_the_smaller(self) -> None:
        words = [f"text {i}" for i in range(100)]
        assert drawn(words, 30)[:10] == drawn(words, 10)

    def test_a_very_long_document_is_cut(self) -> None:
        assert drawn(["x" * (MAX_CHARACTERS + 5)], 1) == ["x" * MAX_CHARACTERS]
