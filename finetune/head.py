"""The compact head: logits only where there is a label.

TRL 1.16 scores every position of a batch when it runs without Triton (on a CPU), masked and padded ones included,
through a tiled head. In instruction tuning most positions carry no label, so picking the labelled hidden states first
and scoring those with the model's own head is several times faster and gives the same loss and gradients.
"""

from __future__ import annotations

import types
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint
from trl.trainer.utils import FusedCausalLMOutput

IGNORED = -100
LOGITS_AT_ONCE = 1 << 27
"""Logits in memory at a time; in fp32 512 MiB, and up to four times that while they are scored."""
# Architectures that scale or cap their logits, or add a loss of their own; TRL's head knows them.
SPECIAL_LOGITS = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")


def install_compact_head(model: Any, *, temperature: float = 1.0) -> bool:
    """Replace the head that TRL's trainers put on `model` (their `fused_lm_head`); False where TRL's must stay.

    The call `model(input_ids, attention_mask, labels=..., fused_lm_head=True)` then returns TRL's
    `FusedCausalLMOutput`: `log_probs`, `entropy`, `is_top1` and `label_mask` of shape (batch, length - 1), zero
    where the label is -100. Any other call goes where it went before. More than `LOGITS_AT_ONCE` logits are scored in
    parts, each computed again in the backward pass, so that a large vocabulary does not decide the memory needed.
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
        rows = max(1, LOGITS_AT_ONCE // settings.vocab_size)
        return _score(hidden, labels[:, 1:], self.get_output_embeddings(), temperature, items, rows)

    inner.forward = types.MethodType(forward, inner)
    return True


def _score(hidden: Any, targets: Any, head: Any, temperature: float, items: Any, rows: int) -> FusedCausalLMOutput:
    mask = targets != IGNORED
    # Found once and used for all that follows: on a GPU every search for the labelled places waits for the device.
    places = mask.nonzero(as_tuple=True)
    states, chosen = hidden[places], targets[places]

    def part(states: Any, chosen: Any) -> tuple[Any, Any, Any]:
        logits = head(states).float()
        log_all = torch.log_softmax(logits if temperature == 1.0 else logits / temperature, dim=-1)
        picked = log_all.gather(-1, chosen.unsqueeze(-1)).squeeze(-1)
        with torch.no_grad():
            entropy = -(log_all.exp() * log_all).sum(dim=-1)
            top = log_all.argmax(dim=-1) == chosen
        return picked, entropy, top

    if len(chosen) <= rows:
        picked, entropy, top = part(states, chosen)
    else:
        parts = [
            # No head draws random numbers, so their state need not be kept.
            checkpoint(part, *pair, use_reentrant=False, preserve_rng_state=False)
            for pair in zip(states.split(rows), chosen.split(rows), strict=True)
        ]
        picked, entropy, top = (torch.cat(column) for column in zip(*parts, strict=True))
    # index_put keeps the result connected to the model even when nothing is labelled.
    log_probs = picked.new_zeros(mask.shape).index_put(places, picked)
    count = mask.sum().clamp(min=1) if items is None else items
    return FusedCausalLMOutput(
        loss=-log_probs.sum() / count,
        log_probs=log_probs,
        entropy=entropy.new_zeros(mask.shape).index_put(places, entropy),
        is_top1=top.new_zeros(mask.shape).index_put(places, top),
        label_mask=mask,
    )
