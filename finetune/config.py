"""Typed configurations of the tuning commands. Light to import: no torch, no transformers.

Every field but what a run cannot do without has a default: `winnow sft` needs a base and data, and no more.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from curation.decontamination.config import DecontaminationConfig
from manifests.config import Config


class Lora(Config):
    """Low-rank adapters (Hu et al. 2021), by default on every linear layer of the blocks."""

    rank: int = Field(default=16, ge=1)
    alpha: float = Field(default=32.0, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: list[str] | Literal["all-linear"] = "all-linear"


class Training(Config):
    """The optimiser (AdamW) and its schedule; `max_steps`, where given, overrides `epochs`.

    `batch_size` is rows a device takes at once; `warmup_share` a share of all steps; `checkpoint_every` a number
    of steps (without it a killed run starts again); `threads` torch's CPU threads. `precision: auto` is bf16 on a
    GPU that has it, fp32 elsewhere; what is trained stays fp32 either way.
    """

    epochs: float = Field(default=3.0, gt=0)
    max_steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=8, ge=1)
    gradient_accumulation: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=2e-4, gt=0)
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup_share: float = Field(default=0.03, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    activation_checkpointing: bool = False
    checkpoint_every: int | None = Field(default=None, ge=1)
    threads: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)


class RewardTraining(Training):
    """One epoch: a reward model over-fits in more (InstructGPT)."""

    epochs: float = Field(default=1.0, gt=0)
    learning_rate: float = Field(default=1e-4, gt=0)


class RlTraining(Training):
    """`batch_size` counts sampled answers; a step takes `batch_size * gradient_accumulation` of them."""

    epochs: float = Field(default=1.0, gt=0)
    batch_size: int = Field(default=32, ge=2)
    learning_rate: float = Field(default=1e-5, gt=0)
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "constant_with_warmup"


class PretrainTraining(Training):
    """From scratch, with Muon on the matrices at `matrix_learning_rate` (and its `weight_decay`), AdamW on the rest."""

    epochs: float = Field(default=1.0, gt=0)
    learning_rate: float = Field(default=6e-3, gt=0)
    matrix_learning_rate: float = Field(default=0.02, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_share: float = Field(default=0.05, ge=0, lt=1)


class Tuning(Config):
    """What the three tuning stages share. `base` is a local folder or a hub id at `revision`.

    `save: adapter` writes the LoRA weights alone, on top of `base`; `merged` writes a whole model. `decontaminate`
    names evaluation items as a recipe does; rows that hold one are left out.
    """

    base: str
    revision: str | None = None
    name: str | None = None
    data: list[str] = Field(min_length=1)
    lora: Lora | None = Lora()
    save: Literal["adapter", "merged"] = "adapter"
    decontaminate: DecontaminationConfig | None = None

    @field_validator("data", mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class SftConfig(Tuning):
    """`winnow sft`: supervised tuning on conversations, loss on the assistant's turns only.

    Rows over `max_tokens` are dropped, truncated or an error, and counted. `eval_share` of the rows is held out.
    `head: compact` computes logits at trained positions only; `fused` is TRL's: slower on a CPU, a Triton kernel on
    a GPU.
    """

    max_tokens: int = Field(default=1024, ge=8)
    too_long: Literal["drop", "truncate", "fail"] = "drop"
    eval_share: float = Field(default=0.0, ge=0, lt=1)
    head: Literal["compact", "fused"] = "compact"
    training: Training = Training()


class RewardConfig(Tuning):
    """`winnow reward`: a reward model from preference pairs (Bradley-Terry), tested on `eval_share` of them.

    `center_coefficient` pulls the rewards of a pair towards mean zero (Eisenstein et al. 2023).
    """

    max_tokens: int = Field(default=1024, ge=8)
    too_long: Literal["drop", "fail"] = "drop"
    eval_share: float = Field(default=0.1, ge=0, lt=1)
    center_coefficient: float | None = Field(default=0.01, gt=0)
    training: RewardTraining = RewardTraining()


class RlhfConfig(Tuning):
    """`winnow rlhf`: RLOO (Ahmadian et al. 2024) against a reward model, with a KL penalty to `base`.

    An answer's reward is the reward model's, shifted and scaled to mean 0 and variance 1 over its training pairs,
    less `missing_stop_penalty` where the answer does not end with the stop token, less `beta` times its KL.
    """

    # Without an adapter the KL's reference would be a second model in memory; with one, it is the adapter switched off.
    lora: Lora = Lora()
    reward: str
    max_prompt_tokens: int = Field(default=512, ge=8)
    max_new_tokens: int = Field(default=128, ge=1)
    generations: int = Field(default=4, ge=2)
    temperature: float = Field(default=1.0, gt=0)
    beta: float = Field(default=0.05, ge=0)
    missing_stop_penalty: float = Field(default=1.0, ge=0)
    training: RlTraining = RlTraining()

    @model_validator(mode="after")
    def _whole_groups(self) -> Self:
        answers = self.training.batch_size * self.training.gradient_accumulation
        if answers % self.generations:
            raise ValueError(
                f"training.batch_size * training.gradient_accumulation = {answers} answers a step are not whole "
                f"groups of generations={self.generations}; make it a multiple"
            )
        return self


class Architecture(Config):
    """A Llama-style decoder with tied embeddings; `context` in tokens."""

    hidden_size: int = Field(default=256, ge=8)
    layers: int = Field(default=6, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=704, ge=8)
    context: int = Field(default=256, ge=8)

    @model_validator(mode="after")
    def _whole_heads(self) -> Self:
        if self.hidden_size % (2 * self.heads):
            raise ValueError(f"hidden_size={self.hidden_size} is no even multiple of heads={self.heads}")
        return self


class PretrainConfig(Config):
    """`winnow pretrain`: a byte-level BPE tokenizer and a small model, from scratch, on one curated build.

    `data` is the folder of a finished build; of more than `max_text_bytes` of text a sample by document id is used.
    """

    data: str
    name: str | None = None
    vocabulary: int = Field(default=4096, ge=300)
    max_text_bytes: int = Field(default=256 << 20, ge=1)
    architecture: Architecture = Architecture()
    training: PretrainTraining = PretrainTraining()


class ChatConfig(Config):
    """How `winnow chat` generates; temperature 0 takes the likeliest token each time."""

    max_new_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
