from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from finetune.chat import load_assistant
from finetune.config import ChatConfig, SftConfig
from finetune.loading import load_causal
from finetune.messages import Message
from finetune.sft import run_sft
from finetune.training import LengthGroupedSampler
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest
from tests.finetune.conftest import COLOURS, FLAGS, TOWNS, answer, bytes_on_a_cpu, question, write_rows


def configure(base: str, data: Path, **changes: Any) -> SftConfig:
    training = {"max_steps": 4, "batch_size": 4, "learning_rate": 0.01, **changes.pop("training", {})}
    document = {"base": base, "data": [str(data / "instructions.jsonl")], "max_tokens": 64, "lora": {"rank": 8}}
    return SftConfig.model_validate({**document, "training": training, **changes})


@pytest.fixture(scope="session")
def tuned(base: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = str(tmp_path_factory.mktemp("models") / "sft")
    run_sft(configure(base, data, training={"max_steps": 60, "batch_size": 8, "learning_rate": 0.005}), out)
    return out


def test_lora_tuning_lowers_the_loss_and_the_answers_end_by_themselves(tuned: str) -> None:
    lines = [json.loads(line) for line in Path(tuned, "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < losses[0] / 10
    assistant = load_assistant(tuned)
    replies = [assistant.answer((Message(**question(town)),), ChatConfig(max_new_tokens=24)) for town in TOWNS]
    assert [(reply.text, reply.ended) for reply in replies] == [(text, True) for _, text in FLAGS]


def test_the_manifest_leads_to_the_dataset_and_counts_the_rows(tuned: str, base: str, build: str, data: Path) -> None:
    manifest = read_manifest(tuned)
    (parent,) = manifest["parents"]
    assert (parent["role"], parent["kind"], parent["digest"]) == ("base", "model", read_manifest(base)["digest"])
    assert parent["parents"][0]["digest"] == read_manifest(build)["digest"]
    assert manifest["inputs"][0]["records"] == 24
    assert manifest["metrics"]["rows"]["flags"]["kept"] == 24
    assert manifest["metrics"]["template"] == "chatml@1"
    assert not any("/" in file["path"] for file in manifest["files"])
    assert str(data) not in Path(tuned, "manifest.json").read_text()


@pytest.mark.parametrize(
    "changes", [{"save": "merged"}, {"lora": None}, {"head": "fused", "lora": None}, {"eval_share": 0.7}]
)
def test_every_way_of_tuning_gives_a_model_that_chats(
    base: str, data: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    out = str(tmp_path / "out")
    result = run_sft(configure(base, data, **changes), out)
    assert Path(out, "adapter_config.json").exists() == (changes == {"eval_share": 0.7})
    assert ("eval_loss" in result.manifest["metrics"]) == ("eval_share" in changes)
    assert load_assistant(out).answer((Message("user", "Hi"),), ChatConfig(max_new_tokens=2)).tokens <= 2


def test_a_merged_model_is_its_adapter_on_its_base(base: str, data: Path, tmp_path: Path) -> None:
    for save in ("adapter", "merged"):
        run_sft(configure(base, data, save=save, training={"precision": "fp32"}), str(tmp_path / save))
    one, other = (load_causal(str(tmp_path / save)) for save in ("adapter", "merged"))
    for (name, left), right in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(left, right, msg=name)


def test_an_adapter_stands_on_an_adapter_and_refuses_another_base(
    tuned: str, base: str, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(base, tmp_path / "base")
    run_sft(configure(str(tmp_path / "base"), data), str(tmp_path / "one"))
    result = run_sft(configure(str(tmp_path / "one"), data), str(tmp_path / "two"))
    assert result.manifest["metrics"]["template"] == "tokenizer"  # the template of the first tuning is kept
    assert json.loads((tmp_path / "two" / "adapter_config.json").read_text())["base_model_name_or_path"] == "../one"
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("base", "one", "two"):
        (tmp_path / name).rename(moved / name)
    load_causal(str(moved / "two"))
    shutil.rmtree(moved / "one")
    with pytest.raises(UsageError, match=r"an adapter whose base .* is missing"):
        load_causal(str(moved / "two"))
    shutil.copytree(tuned, moved / "one")
    with pytest.raises(UsageError, match="an adapter for another model than the one now in"):
        load_causal(str(moved / "two"))


def test_a_base_of_another_making_with_untied_embeddings_learns_the_control_tokens(
    tokenizer: Any, data: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    settings = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    foreign = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), tie_word_embeddings=False, **settings))
    foreign.save_pretrained(tmp_path / "foreign")
    tokenizer.save_pretrained(tmp_path / "foreign")
    result = run_sft(configure(str(tmp_path / "foreign"), data), str(tmp_path / "out"))
    assert result.manifest["parents"][0]["kind"] == "files"
    weights = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert sorted(name.split(".")[-3] for name in weights if "lora" not in name) == ["embed_tokens", "lm_head"]
    loaded = load_causal(str(tmp_path / "out")).get_output_embeddings().weight
    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert not torch.equal(loaded[stop], foreign.lm_head.weight[stop])
    assert torch.equal(loaded[stop + 1], foreign.lm_head.weight[stop + 1])


@bytes_on_a_cpu
def test_the_same_run_gives_the_same_bytes(base: str, data: Path, tmp_path: Path) -> None:
    runs = [run_sft(configure(base, data, lora={"rank": 4, "dropout": 0.1}), str(tmp_path / name)) for name in "ab"]
    assert runs[0].manifest["files"] == runs[1].manifest["files"]
    other = configure(base, data, lora={"rank": 4, "dropout": 0.1}, training={"seed": 1})
    assert run_sft(other, str(tmp_path / "c")).manifest["files"] != runs[0].manifest["files"]


def test_nothing_to_train_on_ends_the_run_with_the_reasons(base: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [{"messages": []}, {"messages": [question("Velmar")]}])
    config = SftConfig.model_validate({"base": base, "data": [path]})
    with pytest.raises(JobError, match=r"1 left out: empty \(.*rows.jsonl:1\); 1 left out: no trained token"):
        run_sft(config, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_rows_of_like_length_share_a_batch_and_each_row_comes_once() -> None:
    sampler = LengthGroupedSampler([1, 9, 2, 8, 1, 9, 2, 8, 5], batch_size=2, seed=3)
    order = list(sampler)
    assert sorted(order) == list(range(9))
    assert len(order[-1:]) == 1
    gaps = [abs(sampler.lengths[order[k]] - sampler.lengths[order[k + 1]]) for k in range(0, 8, 2)]
    assert max(gaps) <= 3
    assert list(sampler) == order
    sampler.set_epoch(1)
    assert list(sampler) != order


@bytes_on_a_cpu
@pytest.mark.parametrize("step", [3, 7])
def test_a_killed_run_ends_with_the_bytes_of_an_undisturbed_one(
    base: str, data: Path, tmp_path: Path, kill_at: Any, step: int
) -> None:
    config = configure(
        base, data, lora={"rank": 4, "dropout": 0.1}, training={"max_steps": 9, "checkpoint_every": 2, "batch_size": 6}
    )
    whole = run_sft(config, str(tmp_path / "whole"))
    with kill_at(step):
        run_sft(config, str(tmp_path / "killed"))
    partial = tmp_path / ".killed.partial"
    (partial / "checkpoints" / "checkpoint-99").mkdir()  # torn in the middle of writing
    changed = write_rows(tmp_path / "other.jsonl", [{"messages": [question("Velmar"), answer(COLOURS[0])]}])
    with pytest.raises(UsageError, match="was started with other recipe and inputs"):
        run_sft(config.model_copy(update={"data": [changed]}), str(tmp_path / "killed"))
    resumed = run_sft(config, str(tmp_path / "killed"))
    assert resumed.manifest["files"] == whole.manifest["files"]
    assert not partial.exists()
