from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import add_fused_lm_head

import finetune.head
from finetune.config import Lora
from finetune.head import install_compact_head
from finetune.loading import with_lora
from tests.finetune.conftest import needs_cuda


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=2,
        )
    )  # fmt: skip


@pytest.fixture
def batch() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 50, (3, 12), generator=generator)
    labels = ids.masked_fill(torch.rand(3, 12, generator=generator) < 0.6, -100)
    mask = torch.ones_like(ids)
    mask[2, 8:], labels[2, 8:] = 0, -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def heads(model: Any, temperature: float = 1.0) -> tuple[Any, Any]:
    full, compact = copy.deepcopy(model), copy.deepcopy(model)
    for each in (full, compact):
        add_fused_lm_head(each, temperature=temperature, outputs=("log_probs", "entropy", "is_top1"))
    assert install_compact_head(compact, temperature=temperature)
    return full, compact


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("at_once", [1 << 27, 200])  # all in one part, and four rows of 50 logits in each
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_cuda)])
def test_loss_and_gradients_equal_those_of_every_position(
    model: Any, batch: Any, temperature: float, at_once: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune.head, "LOGITS_AT_ONCE", at_once)
    # On a GPU TRL's head is a Triton kernel, which sums in another order.
    close = {"cpu": {}, "cuda": {"rtol": 1e-4, "atol": 1e-5}}[device]
    full, compact = (each.to(device) for each in heads(model, temperature))
    batch = {name: tensor.to(device) for name, tensor in batch.items()}
    ours, theirs = (each(**batch, fused_lm_head=True) for each in (compact, full))
    for name in ("loss", "log_probs", "entropy", "is_top1"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), **close)
    assert torch.equal(ours.label_mask, batch["labels"][:, 1:] != -100)
    ours.loss.backward()
    theirs.loss.backward()
    for (name, one), other in zip(compact.named_parameters(), full.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=name, **close)


@pytest.mark.parametrize(
    ("at_once", "rows"),
    [(1 << 27, [13]), (200, [4, 4, 4, 1, 1, 4, 4, 4])],  # parts are computed again, last first, for the gradients
)
def test_logits_are_in_memory_a_part_at_a_time(
    model: Any, batch: Any, at_once: int, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune.head, "LOGITS_AT_ONCE", at_once)
    _, compact = heads(model)
    seen: list[int] = []
    compact.lm_head.register_forward_pre_hook(lambda module, arguments: seen.append(len(arguments[0])))
    compact(**batch, fused_lm_head=True).loss.backward()
    assert seen == rows


def test_the_loss_is_the_model_s_own(model: Any, batch: Any) -> None:
    _, compact = heads(model)
    torch.testing.assert_close(compact(**batch, fused_lm_head=True).loss, model(**batch).loss)


def test_other_calls_are_left_alone(model: Any, batch: Any) -> None:
    _, compact = heads(model)
    torch.testing.assert_close(compact(**batch).logits, model(**batch).logits)


def test_a_batch_without_labels_gives_a_differentiable_zero(model: Any, batch: Any) -> None:
    _, compact = heads(model)
    loss = compact(**{**batch, "labels": torch.full_like(batch["labels"], -100)}, fused_lm_head=True).loss
    loss.backward()
    assert loss.item() == 0.0


def test_trained_embedding_rows_reach_the_head(model: Any, batch: Any) -> None:
    adapted = with_lora(model, Lora(rank=2), seed=0, token_rows=(3, 4))
    add_fused_lm_head(adapted.get_base_model(), outputs=("log_probs", "entropy", "is_top1"))
    install_compact_head(adapted)
    batch["labels"][0, 5] = batch["input_ids"][0, 5] = 3
    batch["labels"][0, 6] = 4
    adapted(**batch, fused_lm_head=True).loss.backward()
    deltas = {name: weight for name, weight in adapted.named_parameters() if "trainable_tokens_delta" in name}
    assert len(deltas) == 2  # embeddings and head are not tied here, so each has its rows
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in deltas.values())


def test_an_architecture_that_scales_its_logits_keeps_trl_s_head(model: Any) -> None:
    model.config.final_logit_softcapping = 30.0
    before = model.forward
    assert not install_compact_head(model)
    assert model.forward == before
