from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from finetune.config import PretrainConfig
from finetune.optimiser import MuonWithAdamW
from finetune.pretrain import pack, read_texts, run_pretrain, train_tokenizer
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest
from tests.finetune.conftest import PAGES, TINY, bytes_on_a_cpu, make_build


def configure(build: str, steps: int = 2, **training: Any) -> PretrainConfig:
    return PretrainConfig.model_validate(
        {
            "data": build,
            "vocabulary": 400,
            "architecture": TINY,
            "training": {"max_steps": steps, "batch_size": 4, **training},
        }
    )


def test_the_base_learns_and_names_the_dataset_it_was_made_from(base: str, build: str) -> None:
    manifest = read_manifest(base)
    assert [(p["role"], p["kind"], p["digest"]) for p in manifest["parents"]] == [
        ("data", "dataset", read_manifest(build)["digest"])
    ]
    assert manifest["inputs"][0]["sha256"] == read_manifest(build)["shards"][0]["sha256"]
    assert manifest["metrics"]["documents_used"] == len(PAGES)
    lines = [json.loads(line) for line in Path(base, "metrics.jsonl").read_text().splitlines()]
    assert lines[0]["loss"] > 4 > 2 > lines[-2]["loss"]


@bytes_on_a_cpu
def test_the_same_run_gives_the_same_bytes_in_another_place(build: str, tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    runs = [run_pretrain(configure(build), str(tmp_path / place)) for place in ("a", "b")]
    assert runs[0].manifest["files"] == runs[1].manifest["files"]
    again = run_pretrain(configure(build), str(tmp_path / "a"))
    assert not again.fresh
    assert again.manifest == runs[0].manifest


@bytes_on_a_cpu
def test_a_killed_run_ends_with_the_bytes_of_an_undisturbed_one(build: str, tmp_path: Path, kill_at: Any) -> None:
    config = configure(build, 7, checkpoint_every=2)
    whole = run_pretrain(config, str(tmp_path / "whole"))
    with kill_at(5):
        run_pretrain(config, str(tmp_path / "killed"))
    assert run_pretrain(config, str(tmp_path / "killed")).manifest["files"] == whole.manifest["files"]


def test_the_tokenizer_is_deterministic_and_holds_every_byte(tokenizer: Any) -> None:
    again = train_tokenizer(PAGES, 400)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
    text = "é\x00🙂 <|endoftext|> ~"
    ids = pack([text], tokenizer, 1)[:, 0].tolist()
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text + "<|endoftext|>"
    assert ids.count(tokenizer.eos_token_id) == 1  # the one that ends the document, not the one in its text


def test_documents_are_packed_into_full_contexts(tokenizer: Any) -> None:
    blocks = pack(["ab", "cd"], tokenizer, 4)
    tokens = [tokenizer.decode([token]) for token in blocks.ravel()]
    assert blocks.shape == (1, 4)
    assert blocks.dtype == np.int32
    assert "".join(tokens).startswith("ab<|endoftext|>")
    assert pack([], tokenizer, 4).shape == (0, 4)


def test_of_too_much_text_a_sample_by_id_is_read(build: str) -> None:
    path = f"{build}/shards/web/part-00000.parquet"
    everything, documents = read_texts([path], 1 << 30, 0)
    some, _ = read_texts([path], sum(map(len, PAGES)) // 2, 0)
    assert (documents, everything) == (24, PAGES)
    assert 0 < len(some) < 24
    assert read_texts([path], sum(map(len, PAGES)) // 2, 0)[0] == some
    assert read_texts([path], sum(map(len, PAGES)) // 2, 1)[0] != some


def test_a_build_that_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    with pytest.raises(JobError, match="less text than one context of 64 tokens"):
        run_pretrain(configure(make_build(tmp_path / "small", ["Hi."])), out)
    with pytest.raises(UsageError, match="no manifest here"):
        run_pretrain(configure(str(tmp_path)), out)
    broken = make_build(tmp_path / "broken")
    shard = Path(broken, "shards/web/part-00000.parquet")
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    with pytest.raises(UsageError, match="does not match its own manifest"):
        run_pretrain(configure(broken), out)
    assert not Path(out).exists()


def test_a_loss_that_is_no_number_ends_the_run(build: str, tmp_path: Path) -> None:
    config = configure(build, 20, learning_rate=1e30, matrix_learning_rate=1e30, max_grad_norm=1e30)
    with pytest.raises(JobError, match=r"step \d+: the loss is .*lower training.learning_rate"):
        run_pretrain(config, str(tmp_path / "out"))


def test_a_schedule_reaches_both_parts_of_the_optimiser_and_its_state_returns() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    make = lambda: MuonWithAdamW(model, matrix_learning_rate=0.02, learning_rate=0.01, weight_decay=0.0)  # noqa: E731
    optimiser = make()
    for group in optimiser.param_groups:
        group["lr"] *= 0.5
    assert [part.param_groups[0]["lr"] for part in optimiser.parts] == [0.01, 0.005]
    model(torch.ones(2, 4)).sum().backward()
    optimiser.step()
    restored = make()
    restored.load_state_dict(optimiser.state_dict())
    assert [group["lr"] for group in restored.param_groups] == [0.01, 0.005]
    assert [len(part.state) for part in restored.parts] == [1, 3]
