"""The typed configuration of `winnow ablate`. Light to import: no torch, no transformers."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from finetune.config import Architecture, PretrainTraining
from manifests.config import Config

SetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Seed = Annotated[int, Field(ge=0, lt=1 << 31)]

DECIDED_ELSEWHERE = {
    "epochs": "the token budget decides; `max_epochs` bounds how often a document is read",
    "max_steps": "`token_budget` decides",
    "seed": "list the seeds in `seeds`",
}
"""Keys of `training` that an ablation sets itself, with where to say it instead."""


class AblationConfig(Config):
    """`winnow ablate`: the same small model on equally many tokens of each build, once for each seed.

    `token_budget` is rounded down to whole steps; null takes the most that the smallest build allows. A document is
    read at most `max_epochs` times. Of a build with more than `max_text_bytes` of text a sample by document id is used.
    `held_out` names sets to evaluate on (JSONL, JSON or Parquet with a column `text_column`, plain `.txt`, or a
    finished build); `held_out_share` of each build, chosen by id, is evaluated on too and trained on by no model.
    `evaluations` counts the points of the held-out curves; `tokenizer` is a folder or a hub id, null trains one of
    `vocabulary` entries on equally many bytes of each build.
    """

    name: str = "ablation"
    token_budget: int | None = Field(default=None, ge=1)
    max_epochs: float = Field(default=1.0, gt=0)
    seeds: list[Seed] = Field(default=[0, 1, 2], min_length=2)
    held_out: dict[SetName, list[str]] = Field(default={})
    held_out_share: float = Field(default=0.02, ge=0, lt=1)
    max_held_out_bytes: int = Field(default=4 << 20, ge=1)
    text_column: str = "text"
    evaluations: int = Field(default=10, ge=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    tokenizer: str | None = None
    vocabulary: int = Field(default=4096, ge=300)
    max_text_bytes: int = Field(default=256 << 20, ge=1)
    architecture: Architecture = Architecture()
    training: PretrainTraining = PretrainTraining()

    @field_validator("held_out", mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: [paths] if isinstance(paths, str) else paths for name, paths in value.items()}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        given = [key for key in DECIDED_ELSEWHERE if key in self.training.model_fields_set]
        if given:
            raise ValueError("; ".join(f"`training.{key}`: {DECIDED_ELSEWHERE[key]}" for key in given))
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"`seeds`: {self.seeds} names a seed twice; each run needs its own")
        if not self.held_out and not self.held_out_share:
            raise ValueError("nothing to evaluate on: name a set (`held_out`) or give `held_out_share` more than 0")
        return self
