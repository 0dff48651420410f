"""`winnow chat MODEL`: talk to a model, with the rendering it was trained with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TextStreamer

from finetune.config import ChatConfig
from finetune.loading import grow_embeddings, load_causal, load_tokenizer, set_special_tokens
from finetune.messages import Message
from finetune.template import prepare_tokenizer
from finetune.tokenise import encode_prompt
from finetune.training import gpu_has_bf16
from manifests.errors import UsageError
from manifests.manifest import MANIFEST_NAME, read_manifest


@dataclass(frozen=True)
class Reply:
    """An answer; `ended` says that the model ended it with its stop token, not that it ran into the limit."""

    text: str
    tokens: int
    ended: bool


class Assistant:
    """A model in memory with its tokenizer; `answer` is a pure function of the conversation and the settings."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        prepare_tokenizer(tokenizer)
        grow_embeddings(model, len(tokenizer))
        set_special_tokens(model, tokenizer)

    def answer(
        self, messages: tuple[Message, ...], settings: ChatConfig, write: Callable[[str], None] | None = None
    ) -> Reply:
        """The model's reply to `messages`; `write` is handed the text piece by piece as it comes."""
        torch.manual_seed(settings.seed)
        prompt = torch.tensor([encode_prompt(self.tokenizer, messages)], device=self.model.device)
        sampling: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if settings.temperature > 0:
            sampling = {"do_sample": True, "temperature": settings.temperature, "top_p": settings.top_p, "top_k": 0}
        with torch.inference_mode():
            output = self.model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=settings.max_new_tokens,
                streamer=_Pieces(self.tokenizer, write) if write else None,
                **sampling,
            )
        ids = output[0, prompt.shape[1] :].tolist()
        ended = bool(ids) and ids[-1] in self.model.generation_config.eos_token_id
        return Reply(
            self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False), len(ids), ended
        )


def load_assistant(folder: str, revision: str | None = None) -> Assistant:
    """The chat model in `folder` (a whole model, or an adapter with its base) or at a hub id; on a GPU in bf16.

    Raises:
        UsageError: nothing loadable there, or a model that was not tuned to chat.
    """
    if os.path.isfile(os.path.join(folder, MANIFEST_NAME)) and read_manifest(folder).get("stage") == "reward":
        raise UsageError(f"{folder}: a reward model; it scores answers and cannot write them")
    tokenizer = load_tokenizer(folder, revision)
    if not tokenizer.chat_template:
        raise UsageError(f"{folder}: has no chat template, so it was not tuned to chat; run `winnow sft` first")
    model = load_causal(folder, revision, dtype=torch.bfloat16 if gpu_has_bf16() else torch.float32)
    if torch.cuda.is_available():
        model = model.to("cuda")
    return Assistant(model, tokenizer)


class _Pieces(TextStreamer):
    def __init__(self, tokenizer: Any, write: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.write = write

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        self.write(text)
