"""Load and save models: whole ones, and adapters on top of adapters down to a whole one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from finetune.config import Lora
from finetune.template import stop_token
from manifests.errors import UsageError
from manifests.files import write_bytes
from manifests.manifest import MANIFEST_NAME, read_manifest
from manifests.models import portable_path

ADAPTER = "adapter_config.json"


def load_tokenizer(base: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer in the folder or hub repository `base`; UsageError when there is none."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base, revision=revision or "main")
    except (OSError, ValueError) as error:
        raise UsageError(f"{base}: its tokenizer cannot be loaded: {_first_line(error)}") from error
    return tokenizer


def load_causal(base: str, revision: str | None = None, *, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """The language model in `base`, with every adapter on the way to it merged into the weights.

    Raises:
        UsageError: nothing loadable there, or an adapter whose base is not the one it was trained on.
    """
    if not os.path.isfile(os.path.join(base, ADAPTER)):
        return _load(AutoModelForCausalLM, base, revision, dtype)
    model = load_causal(*adapter_base(base), dtype=dtype)
    grow_embeddings(model, len(load_tokenizer(base)))
    return _merge(model, base)


def load_reward(base: str, revision: str | None = None, *, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """The reward model in `base`: a scalar head on a language model, its adapters merged."""
    if not os.path.isfile(os.path.join(base, ADAPTER)):
        return _load(AutoModelForSequenceClassification, base, revision, dtype, num_labels=1)
    model = with_reward_head(load_causal(*adapter_base(base), dtype=dtype), seed=0)
    return _merge(model, base)


def with_reward_head(model: PreTrainedModel, *, seed: int) -> PreTrainedModel:
    """`model` with its vocabulary head replaced by one linear unit, drawn from `seed`."""
    torch.manual_seed(seed)
    config = model.config
    config.num_labels = 1
    scored: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
    scored = scored.to(dtype=model.dtype, device=model.device)
    scored.base_model.load_state_dict(model.base_model.state_dict())
    return scored


def adapter_base(folder: str) -> tuple[str, str | None]:
    """Base (path or hub id) and revision of the adapter in `folder`; relative paths are seen from the folder.

    Raises:
        UsageError: the base's manifest has another digest than the one the adapter's manifest names.
    """
    settings = json.loads(Path(folder, ADAPTER).read_bytes())
    base = settings["base_model_name_or_path"]
    local = os.path.normpath(os.path.join(folder, base))
    if not os.path.isdir(local):
        if base.startswith("."):
            raise UsageError(f"{folder}: an adapter whose base {local} is missing; put the base back there")
        return base, settings.get("revision")
    if os.path.isfile(os.path.join(folder, MANIFEST_NAME)) and os.path.isfile(os.path.join(local, MANIFEST_NAME)):
        parents = read_manifest(folder).get("parents", [])
        digest = read_manifest(local).get("digest")
        if parents and digest not in [parent.get("digest") for parent in parents]:
            raise UsageError(f"{folder}: an adapter for another model than the one now in {local} (digests differ)")
    return local, None


def grow_embeddings(model: PreTrainedModel, rows: int) -> None:
    """Make room for `rows` tokens; a new row starts as the mean of the old ones, so that nothing is random."""
    before = model.get_input_embeddings().weight.shape[0]
    if rows <= before:
        return
    model.resize_token_embeddings(rows, mean_resizing=False)
    with torch.no_grad():
        for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
            if layer is not None:
                layer.weight[before:] = layer.weight[:before].mean(dim=0)


def set_special_tokens(model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Tell `model` which tokens end an answer and which one pads."""
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    if getattr(model, "generation_config", None) is not None:
        before = model.generation_config.eos_token_id
        ends = {*(before if isinstance(before, list) else [before]), tokenizer.eos_token_id, stop_id(tokenizer)}
        model.generation_config.eos_token_id = sorted(end for end in ends if end is not None)
        model.generation_config.pad_token_id = tokenizer.pad_token_id


def stop_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id of the token that ends an assistant's answer in the tokenizer's chat template."""
    return int(tokenizer.convert_tokens_to_ids(stop_token(tokenizer)))


def with_lora(
    model: PreTrainedModel, lora: Lora, *, seed: int, reward: bool = False, token_rows: tuple[int, ...] = ()
) -> PeftModel:
    """`model` with a fresh adapter that changes nothing yet; `token_rows` of the embeddings are trained too.

    What is trained is fp32, whatever the dtype of `model`.
    """
    torch.manual_seed(seed)
    rows: dict[str, list[int]] | None = None
    if token_rows:
        names = {module: name.rsplit(".", 1)[-1] for name, module in model.named_modules()}
        rows = {names[model.get_input_embeddings()]: list(token_rows)}
        if not model.config.get_text_config().tie_word_embeddings:
            rows[names[model.get_output_embeddings()]] = list(token_rows)
    adapted = get_peft_model(
        model,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=lora.target_modules,
            task_type="SEQ_CLS" if reward else "CAUSAL_LM",
            modules_to_save=["score"] if reward else None,
            trainable_token_indices=rows,
        ),
    )
    # peft raises its own layers to fp32, but not a reward head: in bf16 many of its updates would round to nothing.
    for weight in adapted.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    return adapted


def save_model(model: Any, tokenizer: PreTrainedTokenizerBase, folder: str, *, save: str, base: str, out: str) -> None:
    """Write weights, settings and tokenizer to `folder`, which will become `out`.

    An adapter names its base by its path as seen from `out`, so that a tree of models can be moved as a whole.
    """
    tokenizer.save_pretrained(folder)
    if isinstance(model, PeftModel) and save == "merged":
        model = model.merge_and_unload()
    if not isinstance(model, PeftModel):
        model.save_pretrained(folder)
        return
    model.save_pretrained(folder, save_embedding_layers=False, selected_adapters=["default"])
    Path(folder, "README.md").unlink(missing_ok=True)
    path = os.path.join(folder, ADAPTER)
    settings = json.loads(Path(path).read_bytes())
    settings["base_model_name_or_path"] = portable_path(base, out)
    # peft writes a set in the order of its hashes.
    settings["target_modules"] = sorted(settings["target_modules"])
    write_bytes(path, (json.dumps(settings, indent=2, sort_keys=True) + "\n").encode())


def _load(auto: Any, base: str, revision: str | None, dtype: torch.dtype, **options: Any) -> PreTrainedModel:
    try:
        model: PreTrainedModel = auto.from_pretrained(base, revision=revision or "main", dtype=dtype, **options)
    except (OSError, ValueError) as error:
        raise UsageError(f"{base}: no model can be loaded from it: {_first_line(error)}") from error
    return model


def _merge(model: PreTrainedModel, folder: str) -> PreTrainedModel:
    merged: PreTrainedModel = PeftModel.from_pretrained(model, folder).merge_and_unload()
    return merged


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
