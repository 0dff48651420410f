"""The compact head: logits only where there is a label.

TRL 1.16 scores every position of a batch when it runs without Triton, masked and padded ones included, through a
tiled head. In instruction tuning most positions carry no label, so picking the labelled hidden states first and
scoring those with the model's own head is several times faster and gives the same loss and gradients.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from trl.trainer.utils import FusedCausalLMOutput

IGNORED = -100
# Architectures that scale or cap their logits, or add a loss of their own; TRL's head knows them.
SPECIAL_LOGITS = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def install_compact_head(model: Any, *, temperature: float = 1.0) -> bool:
    """Replace the head that TRL's trainers put on `model` (their `fused_lm_head`); False where TRL's must stay.

    The call `model(input_ids, attention_mask, labels=..., fused_lm_head=True)` then returns TRL's
    `FusedCausalLMOutput`: `log_probs`, `entropy`, `is_top1` and `label_mask` of shape (batch, length - 1), zero
    where the label is -100. Any other call goes where it went before.
    """
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    settings = inner.config.get_text_config()
    if any(getattr(settings, name, None) is not None for name in SPECIAL_LOGITS):
        return False
    if getattr(settings, "output_router_logits", False):
        return False
    previous = inner.forward

    def forward(self: Any, *args: Any, fused_lm_head: bool = False, labels: Any = None, **kwargs: Any) -> Any:
        if not fused_lm_head or kwargs.get("shift_labels") is not None:
            if labels is not None:
                kwargs["labels"] = labels
            return previous(*args, fused_lm_head=fused_lm_head, **kwargs)
        kwargs.pop("shift_labels", None)
        items = kwargs.pop("num_items_in_batch", None)
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
        return _score(hidden, labels[:, 1:], self.get_output_embeddings(), temperature, items)

    inner.forward = types.MethodType(forward, inner)
    return True


def _score(hidden: Any, targets: Any, head: Any, temperature: float, items: Any) -> FusedCausalLMOutput:
    mask = targets != IGNORED
    log_all = torch.log_softmax(head(hidden[mask]).float() / temperature, dim=-1)
    chosen = targets[mask]
    picked = log_all.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
    with torch.no_grad():
        entropy = -(log_all.exp() * log_all).sum(dim=-1)
        top = log_all.argmax(dim=-1) == chosen
    # masked_scatter keeps the result connected to the model even when nothing is labelled.
    log_probs = picked.new_zeros(mask.shape).masked_scatter(mask, picked)
    count = mask.sum().clamp(min=1) if items is None else items
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / count,
        log_probs=log_probs,
        entropy=entropy.new_zeros(mask.shape).masked_scatter(mask, entropy),
        is_top1=top.new_zeros(mask.shape).masked_scatter(mask, top),
        label_mask=mask,
    )
