from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM, TrainingArguments

from finetune.chat import load_assistant
from finetune.config import ChatConfig, Lora, Training
from finetune.loading import with_lora, with_reward_head
from finetune.messages import Message
from finetune.reward import run_reward
from finetune.rlhf import run_rlhf
from finetune.sft import run_sft
from finetune.training import on_one_gpu, precision
from manifests.errors import UsageError
from manifests.manifest import read_manifest
from tests.finetune.conftest import needs_cuda, question
from tests.finetune.test_reward_rlhf import configure_reward, configure_rlhf
from tests.finetune.test_sft import configure


@pytest.mark.parametrize(
    ("gpu", "in_hardware", "chosen", "bf16"),
    [
        (False, False, "auto", False),
        (True, False, "auto", False),  # a V100 or T4: torch emulates bf16 there, slowly
        (True, True, "auto", True),
        (True, True, "fp32", False),
        (False, False, "bf16", True),
    ],
)
def test_auto_is_bf16_where_the_hardware_has_it(
    gpu: bool, in_hardware: bool, chosen: str, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: in_hardware or including_emulation
    )
    training = Training.model_validate({"precision": chosen})
    frozen = torch.bfloat16 if bf16 else torch.float32
    assert precision(training, frozen_base=True) == (frozen, bf16)
    assert precision(training, frozen_base=False) == (torch.float32, bf16)


def test_what_is_trained_on_a_bf16_base_is_fp32_the_reward_head_too() -> None:
    settings = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    base = LlamaForCausalLM(LlamaConfig(vocab_size=50, pad_token_id=0, **settings)).to(torch.bfloat16)
    model = with_lora(with_reward_head(base, seed=0), Lora(rank=2), seed=0, reward=True)
    dtypes = {(weight.requires_grad, weight.dtype) for weight in model.parameters()}
    assert dtypes == {(True, torch.float32), (False, torch.bfloat16)}
    assert [name for name, weight in model.named_parameters() if weight.requires_grad and "score" in name]


def chain(base: str, data: Path, folder: Path, chosen: str) -> list[dict[str, Any]]:
    """sft, reward and rlhf, a few steps each in the precision `chosen`; the metrics in their manifests."""
    sft, reward, chat = (str(folder / name) for name in ("sft", "reward", "chat"))
    training = {"precision": chosen, "max_steps": 60, "batch_size": 8, "learning_rate": 0.005}
    run_sft(configure(base, data, training=training), sft)
    training = {"precision": chosen, "max_steps": 20, "batch_size": 8, "learning_rate": 0.01}
    run_reward(configure_reward(sft, data, training=training), reward)
    run_rlhf(configure_rlhf(sft, reward, data, precision=chosen, activation_checkpointing=True), chat)
    return [read_manifest(model)["metrics"] for model in (sft, reward, chat)]


def test_the_whole_chain_works_in_bf16(base: str, data: Path, tmp_path: Path) -> None:
    sft, reward, rlhf = chain(base, data, tmp_path, "bf16")
    assert [each["precision"] for each in (sft, reward, rlhf)] == ["bf16"] * 3
    assert sft["loss"] < 0.2
    assert reward["accuracy"] >= 0.75
    for name in ("sft", "reward", "chat"):
        weights = load_file(tmp_path / name / "adapter_model.safetensors")
        assert {weight.dtype for weight in weights.values()} == {torch.float32}
    reply = load_assistant(str(tmp_path / "chat")).answer((Message(**question("Velmar")),), ChatConfig())
    assert reply.tokens


@pytest.mark.parametrize("device", [pytest.param("cuda", marks=needs_cuda)])
def test_a_gpu_is_used_where_there_is_one(base: str, data: Path, tmp_path: Path, device: str) -> None:
    found = chain(base, data, tmp_path, "auto")
    assert [each["device"] for each in found] == [torch.cuda.get_device_name(0)] * 3
    assistant = load_assistant(str(tmp_path / "chat"))
    assert assistant.model.device.type == device
    assert assistant.answer((Message(**question("Velmar")),), ChatConfig()).tokens


def test_of_several_gpus_one_is_used(tmp_path: Path) -> None:
    arguments = TrainingArguments(str(tmp_path), per_device_train_batch_size=8, use_cpu=True)
    assert (arguments.n_gpu, on_one_gpu(arguments).train_batch_size) == (0, 8)
    arguments._n_gpu = 4
    assert arguments.train_batch_size == 32
    assert (on_one_gpu(arguments).n_gpu, arguments.train_batch_size) == (1, 8)


def test_a_launcher_of_several_processes_is_refused(
    base: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="one process on one GPU at most; start `winnow` itself"):
        run_sft(configure(base, data), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
