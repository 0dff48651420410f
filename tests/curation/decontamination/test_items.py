"""Evaluation items from files: every kind, every layout, and errors that name the place."""

from __future__ import annotations

import bz2
import gzip
import json
import sys
import types
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from curation.decontamination.config import DecontaminationConfig
from curation.decontamination.items import Item, item_files, read_ignored, read_items
from manifests.config import check_config
from manifests.errors import UsageError

ROWS = [{"id": "a", "question": "One?", "answer": "1"}, {"id": "b", "question": "Two?", "answer": "2"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def read(value: Any) -> list[Item]:
    return list(read_items(check_config(DecontaminationConfig, {"benchmarks": value}, "recipe").benchmarks))


def parts(items: list[Item]) -> list[dict[str, str]]:
    return [dict(item.parts) for item in items]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.jsonl.gz", gzip.compress(LINES)),
        ("a.jsonl.bz2", bz2.compress(LINES)),
        ("a.jsonl.zst", zstandard.compress(LINES)),
        ("a.json", json.dumps(ROWS).encode()),
        ("a.json", json.dumps({"canary": "x", "examples": ROWS}).encode()),
        ("a.json", LINES),
        ("a.csv", b'id,question,answer\na,One?,1\nb,"Two?",2\n'),
        ("a.tsv", b"id\tquestion\tanswer\na\tOne?\t1\nb\tTwo?\t2\n"),
        ("a.csv", b"\xef\xbb\xbfid,question,answer\na,One?,1\nb,Two?,2\n"),
    ],
)
def test_every_kind_of_file_gives_the_same_items(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    items = read({"mine": str(tmp_path / name)})
    assert [(item.benchmark, item.id) for item in items] == [("mine", "a"), ("mine", "b")]
    assert parts(items)[0] == {"question": "One?", "answer": "1", "question and answer": "One?\n1"}


def test_parquet_and_a_folder_of_files(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "b.parquet")
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "README.txt").write_text("not items")
    items = read({"mine": str(tmp_path)})
    assert [item.place.rsplit("/", 1)[1] for item in items] == ["a.jsonl:1", "a.jsonl:2", "b.parquet:1", "b.parquet:2"]


def test_plain_text_is_an_item_a_line_or_a_paragraph(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("one\nmore\n\n\ntwo\n")
    assert [item.parts[0][1] for item in read([str(tmp_path / "a.txt")])] == ["one", "two"]
    assert [(item.parts[0][1], item.id) for item in read([str(tmp_path / "b.txt")])] == [
        ("one\nmore", "b.txt:1"), ("two", "b.txt:5")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "content", "expected"),
    [
        ("gsm8k", "t.jsonl", '{"question": "Q", "answer": "She has <<1+1=2>>2.\\n#### 2"}',
         {"question": "Q", "answer": "She has <<1+1=2>>2.\n#### 2", "answer without notes": "She has 2.\n",
          "question and answer": "Q\nShe has <<1+1=2>>2.\n#### 2"}),
        ("humaneval", "HumanEval.jsonl", '{"task_id": "H/0", "prompt": "def f(): pass", "canonical_solution": ""}',
         {"question": "def f(): pass"}),
        ("bbh", "x.json", '{"examples": [{"input": "I", "target": "T"}]}',
         {"question": "I", "answer": "T", "question and answer": "I\nT"}),
        ("mmlu", "x_test.csv", 'Who?,Ann,Bo,"C, D",Di,B\n',
         {"question": "Who?", "answer": "Bo", "question and choices": "Who?\nA. Ann\nB. Bo\nC. C, D\nD. Di",
          "question and answer": "Who?\nBo"}),
        ("arc", "x.jsonl", '{"id": "1", "question": {"stem": "S?", "choices": [{"text": "x", "label": "A"}]}}',
         {"question": "S?", "question and choices": "S?\nA. x"}),
        ("arc", "x.jsonl", '{"question": "S?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}}',
         {"question": "S?", "question and choices": "S?\nA. x\nB. y"}),
        ("piqa", "x.jsonl", '{"goal": "G", "sol1": "s", "sol2": "t"}',
         {"question": "G", "question and choices": "G\nA. s\nB. t"}),
        ("boolq", "x.jsonl", '{"question": "is it", "passage": "long"}', {"question": "is it"}),
        ("olmo_eval", "x.jsonl", '{"native_id": "n", "doc": {"query": "Question: Why?\\nAnswer:", "choices": []}}',
         {"question": "Why?"}),
    ],
)  # fmt: skip
def test_known_benchmarks_are_read_as_published(
    tmp_path: Path, name: str, file: str, content: str, expected: dict[str, str]
) -> None:
    (tmp_path / file).write_text(content)
    (tmp_path / "LICENSE.txt").write_text("MIT")
    assert parts(read([{name: str(tmp_path)}])) == [expected]


def test_choices_are_looked_for_with_and_without_letters(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"question": "S?", "choices": ["x", "y"]}')
    (item,) = read([str(tmp_path / "x.jsonl")])
    assert [text for part, text in item.parts if part == "question and choices"] == ["S?\nx\ny", "S?\nA. x\nB. y"]


def test_fields_and_columns_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": {"b": "Q"}, "name": 7}')
    (tmp_path / "y.tsv").write_text('Is "it"?\t3\n')
    assert read({"m": {"paths": str(tmp_path / "x.jsonl"), "fields": {"stem": "a.b"}, "id": "name"}}) == [
        Item("m", "7", (("stem", "Q"),), f"{tmp_path}/x.jsonl", f"{tmp_path}/x.jsonl:1")
    ]
    (item,) = read({"m": {"paths": str(tmp_path / "y.tsv"), "columns": ["question", "answer"]}})
    assert item.parts[0] == ("question", 'Is "it"?')


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"", r"a\.jsonl: holds no item"),
        ("a.json", b"[]", r"a\.json: holds no item"),
        ("a.jsonl", b'{"question": "x"}\n{"question"', r"a\.jsonl:2: not valid JSON"),
        ("a.jsonl", b'\n{"id": 3}', r"a\.jsonl:2: has none of the fields question\.stem.*only id"),
        ("a.jsonl", b"[1]", r"a\.jsonl:1: an item is an object, this is a list"),
        ("a.jsonl", b"\xff", r"a\.jsonl: not UTF-8 text"),
        ("a.json", b"{", r"a\.json:1: not valid JSON"),
        ("a.jsonl.gz", gzip.compress(LINES)[:-20], r"a\.jsonl\.gz: cannot be read"),
        ("a.jsonl.gz", LINES, r"a\.jsonl\.gz: cannot be read"),
        ("a.jsonl.zst", LINES, r"a\.jsonl\.zst: cannot be read"),
        ("a.parquet", LINES, r"a\.parquet: not a Parquet file"),
        ("a.csv", b"x,y\n1,2\n", r"a\.csv:1: no field of items among its columns \(x, y\)"),
        ("a.csv", b"question,answer\n1\n", r"a\.csv:2: 1 columns where 2 are expected"),
        ("a.pkl", b"x", r"a\.pkl: unknown kind of file; known endings"),
    ],
)
def test_a_set_that_cannot_be_read_is_an_error_with_its_place(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read({"mine": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "names no item set"),
        ({}, "at least 1 item"),
        (["gsm8k"], "gsm8k: nothing is downloaded; say where its files lie: `gsm8k: PATH`"),
        (["a/x.jsonl", "b/x.jsonl"], "two item sets are named x"),
        ({"m": {"path": "x"}}, "unknown key `benchmarks.m.path`; did you mean `paths`"),
        ({"m": {"paths": "x", "layout": "gsm9k"}}, "no such layout; known are arc"),
        ([3], "expected a path or `name: path`"),
    ],
)
def test_a_configuration_that_finds_nothing_is_an_error(value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(value)


def test_a_list_stands_for_the_sets(tmp_path: Path) -> None:
    full = check_config(DecontaminationConfig, {"benchmarks": {"x": {"paths": ["a/x.jsonl.gz"]}}}, "r")
    for short in ("a/x.jsonl.gz", ["a/x.jsonl.gz"], [{"x": "a/x.jsonl.gz"}], {"benchmarks": "a/x.jsonl.gz"}):
        assert DecontaminationConfig.model_validate(short) == full


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "SOURCE.md").write_text("x")
    with pytest.raises(UsageError, match=r"no file of items in this folder; looked for HumanEval\*\.jsonl\*"):
        read([{"humaneval": str(tmp_path)}])


def test_the_hub_is_asked_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load_dataset(name: str, configuration: str | None) -> dict[str, list[dict[str, str]]]:
        asked.append((name, configuration))
        return {"test": [ROWS[0]], "train": [ROWS[1]]}

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    items = read(["hub:openai/gsm8k#main"])
    assert asked == [("openai/gsm8k", "main")]
    assert [(item.benchmark, item.place) for item in items] == [
        ("gsm8k", "hub:openai/gsm8k#main:test:1"), ("gsm8k", "hub:openai/gsm8k#main:train:1")
    ]  # fmt: skip


def test_files_have_digests_and_ignored_texts_must_hold_something(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"abc")
    found = item_files(check_config(DecontaminationConfig, {"benchmarks": [str(tmp_path / "a.jsonl")]}, "r").benchmarks)
    assert [(one.benchmark, one.bytes, one.sha256[:8]) for one in found] == [("a", 3, "ba7816bf")]
    assert read_ignored([str(tmp_path / "a.jsonl")]) == ["abc"]
    (tmp_path / "b.txt").write_text(" \n")
    with pytest.raises(UsageError, match=r"decontaminate\.ignore: .*b\.txt: is empty"):
        read_ignored([str(tmp_path / "b.txt")])
