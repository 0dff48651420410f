"""Bits per byte: what a language model needs to write a text down, whatever its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from finetune.pretrain import token_arrays

IGNORED = -100


def windows(texts: Sequence[str], tokenizer: PreTrainedTokenizerFast, context: int) -> list[np.ndarray[Any, Any]]:
    """Token ids, at most `context + 1` a window, in which every token of every text is predicted exactly once.

    A text begins after the end token, as in packed training data; a window's first token is only looked at. The end
    of a text is not predicted. Longest first, so that batches hold windows of like length.
    """
    cut = []
    for ids in token_arrays(list(texts), tokenizer):
        line = np.concatenate([ids[-1:], ids[:-1]])
        cut += [line[start : start + context + 1] for start in range(0, len(line) - 1, context)]
    return sorted(cut, key=len, reverse=True)


def bits(model: Any, cut: Sequence[np.ndarray[Any, Any]], batch_size: int, *, bf16: bool) -> float:
    """The bits, summed over all windows, that `model` (a causal language model) needs for their predicted tokens."""
    device = next(model.parameters()).device
    was_training, nats = model.training, 0.0
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
        for start in range(0, len(cut), batch_size):
            inputs, targets = _padded(cut[start : start + batch_size])
            logits = model(input_ids=inputs.to(device), use_cache=False).logits.float()
            nats += torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), targets.to(device).flatten(), ignore_index=IGNORED, reduction="sum"
            ).item()
    model.train(was_training)
    return nats / math.log(2)


def _padded(batch: Sequence[np.ndarray[Any, Any]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets of shape (windows, longest - 1). No mask: what pads a row comes after all that counts."""
    longest = max(map(len, batch)) - 1
    inputs = np.zeros((len(batch), longest), np.int64)
    targets = np.full((len(batch), longest), IGNORED, np.int64)
    for row, ids in enumerate(batch):
        inputs[row, : len(ids) - 1], targets[row, : len(ids) - 1] = ids[:-1], ids[1:]
    return torch.from_numpy(inputs), torch.from_numpy(targets)
