"""Tuning rows that hold an evaluation item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.config import SftConfig
from finetune.decontaminate import LIST, without_items
from finetune.messages import read_conversations
from finetune.preferences import read_preferences
from finetune.sft import run_sft
from manifests.config import check_config
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest

RIVER = (
    "A ferry carries 48 goats over the river in April, and half as many goats again in May. "
    "How many goats does the ferry carry over the river in both months?"
)


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "evals" / "goats.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps({"id": "river", "question": RIVER, "answer": "72"}) + "\n")
    return path


def configure(items: Path, data: Path, **changes: object) -> SftConfig:
    document = {"base": "base", "data": str(data), "decontaminate": [str(items)], **changes}
    return check_config(SftConfig, document, "sft.yaml")


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_with_an_item_in_prompt_or_answer_are_left_out_and_named(tmp_path: Path, items: Path) -> None:
    rows = [
        {"prompt": "Where is the ferry?", "completion": "At the quay."},
        {"prompt": f"Solve it.\n{RIVER.lower()}", "completion": "72"},
        {"prompt": "Write a riddle.", "completion": f"Here: {RIVER.replace('48', '20')}"},
    ]
    data = write(tmp_path / "rows.jsonl", rows)
    config = configure(items, data)
    conversations, _ = read_conversations(config.data)
    clean = without_items(config, conversations, lambda row: [row.messages])
    assert [row.place for row in clean.rows] == [f"{data}:1"]
    assert [(hit["place"], hit["item"], hit["kind"]) for hit in clean.hits] == [
        ("rows.jsonl:2", "river", "same"),
        ("rows.jsonl:3", "river", "numbers"),
    ]
    assert clean.metrics["rows_dropped"] == 2
    assert clean.metrics["benchmarks"]["goats"]["found"] == {"items": 1, "rows_dropped": 2}
    assert [(file.path, file.records) for file in clean.files] == [(str(items), 1)]


def test_without_item_sets_every_row_stays_and_nothing_is_written(tmp_path: Path, items: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [{"prompt": RIVER, "completion": "72"}])
    config = configure(items, data, decontaminate=None)
    clean = without_items(config, read_conversations(config.data)[0], lambda row: [row.messages])
    assert len(clean.rows) == 1
    assert clean.write(str(tmp_path / "model")) == {}
    assert not (tmp_path / "model").exists()


def test_an_item_in_the_refused_answer_of_a_pair_counts(tmp_path: Path, items: Path) -> None:
    rows = [
        {"prompt": "Ask.", "chosen": "No.", "rejected": RIVER},
        {"prompt": "Ask.", "chosen": "No.", "rejected": "Y"},
    ]
    data = write(tmp_path / "pairs.jsonl", rows)
    pairs, _ = read_preferences([str(data)])
    clean = without_items(configure(items, data), pairs, lambda row: [[*row.prompt, *row.chosen], row.rejected])
    assert [row.place for row in clean.rows] == [f"{data}:2"]


def test_data_that_is_nothing_but_items_is_an_error(tmp_path: Path, items: Path) -> None:
    config = configure(items, tmp_path)
    data = write(tmp_path / "rows.jsonl", [{"prompt": RIVER, "completion": "7"}])
    rows, _ = read_conversations([str(data)])
    with pytest.raises(JobError, match="every one of the 1 rows holds an item of goats"):
        without_items(config, rows, lambda row: [row.messages])


def test_a_set_without_items_is_an_error(tmp_path: Path, items: Path) -> None:
    items.write_text("")
    with pytest.raises(UsageError, match=r"goats\.jsonl: holds no item"):
        without_items(configure(items, tmp_path), [], lambda row: [row.messages])


def test_the_model_manifest_says_what_was_left_out(tmp_path: Path, base: str, data: Path, items: Path) -> None:
    lines = Path(data, "instructions.jsonl").read_text()
    planted = tmp_path / "planted.jsonl"
    planted.write_text(lines + json.dumps({"instruction": RIVER, "output": "72"}) + "\n")
    training = {"max_steps": 1, "batch_size": 4}
    config = configure(items, planted, base=base, max_tokens=64, lora={"rank": 4}, training=training)
    out = str(tmp_path / "sft")
    run_sft(config, out)
    manifest = read_manifest(out)
    assert manifest["metrics"]["decontamination"]["rows_dropped"] == 1
    assert manifest["metrics"]["rows"].get("planted", {}).get("rows", 0) == 0
    assert [entry["uri"] for entry in manifest["inputs"]][-1].endswith("evals/goats.jsonl")
    assert str(tmp_path) not in Path(out, "manifest.json").read_text()
    (hit,) = [json.loads(line) for line in Path(out, LIST).read_text().splitlines()]
    assert (hit["place"].split(":")[0], hit["item"], hit["share"]) == ("planted.jsonl", "river", 1.0)
    assert LIST in [file["path"] for file in manifest["files"]]
    assert not run_sft(config, out).fresh
