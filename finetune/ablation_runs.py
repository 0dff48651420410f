"""One run of an ablation: a model of its own from one build and one seed, with its held-out curve."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast, TrainerCallback, set_seed

from finetune.ablation_config import AblationConfig
from finetune.ablation_data import HeldOut, NamedBuild, TokenPool, tokenizer_digest, training_blocks
from finetune.ablation_results import BITS, read_curves
from finetune.bits import bits, windows
from finetune.config import PretrainTraining
from finetune.messages import InputFile
from finetune.pretrain import blocks_trainer, new_model
from finetune.runs import Result, Run, run_stage
from finetune.training import machine, run_trainer, set_threads
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.models import portable_path

STAGE = "ablation"
TRAINING_POINTS = 60

Cut = tuple[str, list[np.ndarray[Any, Any]], int]


@dataclass(frozen=True)
class Bench:
    """What all runs have in common: configuration, steps, tokenizer, and each held-out set's windows and bytes."""

    config: AblationConfig
    steps: int
    tokenizer: PreTrainedTokenizerFast
    cuts: tuple[Cut, ...]
    identity: Mapping[str, Any]

    @property
    def trained_tokens(self) -> int:
        """Tokens that each model is trained on."""
        return self.steps * tokens_per_step(self.config)


def set_up(config: AblationConfig, steps: int, tokenizer: PreTrainedTokenizerFast, sets: Sequence[HeldOut]) -> Bench:
    """The bench for `steps` steps and these held-out sets."""
    cuts = tuple((part.name, windows(part.texts, tokenizer, config.architecture.context), part.bytes) for part in sets)
    identity = {
        "trained_tokens": steps * tokens_per_step(config),
        "tokenizer": tokenizer_digest(tokenizer),
        "held_out": {part.name: digest_json(list(part.texts)) for part in sets},
        **config.model_dump(
            mode="json", include={"architecture", "training", "evaluations", "held_out_share", "max_text_bytes"}
        ),
    }
    return Bench(config, steps, tokenizer, cuts, identity)


def tokens_per_step(config: AblationConfig) -> int:
    """Tokens that one step of the optimiser sees."""
    training = config.training
    return training.batch_size * training.gradient_accumulation * config.architecture.context


def plan_steps(config: AblationConfig, builds: Sequence[NamedBuild], pools: Sequence[TokenPool]) -> int:
    """Steps that the budget allows.

    Raises:
        UsageError: a build is too small for the budget (the message has the possible one), or for a single step.
    """
    per_step = tokens_per_step(config)
    smallest = min(range(len(pools)), key=lambda index: len(pools[index].tokens))
    available = int(len(pools[smallest].tokens) * config.max_epochs)
    possible = available // per_step * per_step
    named = f"build {builds[smallest].label} ({builds[smallest].folder})"
    if not possible:
        raise UsageError(
            f"{named} has {available:,} tokens to train on, less than one step of {per_step:,}; "
            "lower `training.batch_size` or `architecture.context`, or raise `max_epochs`"
        )
    budget = possible if config.token_budget is None else config.token_budget
    if budget > available:
        raise UsageError(
            f"`token_budget`: {budget:,} tokens, but {named} has {available:,} to train on (at "
            f"max_epochs={config.max_epochs:g}, max_text_bytes={config.max_text_bytes}); "
            f"--set token_budget={possible} is the most that all builds allow"
        )
    if budget < per_step:
        raise UsageError(
            f"`token_budget`: {budget:,} tokens are less than one step of {per_step:,}; raise it, or lower "
            "`training.batch_size` or `architecture.context`"
        )
    return budget // per_step


def run_one(
    bench: Bench, build: NamedBuild, pool: TokenPool, parent: Mapping[str, Any], seed: int, folder: str
) -> Result:
    """Train and evaluate one model into `folder`, unless it is there already.

    Raises:
        UsageError: `folder` holds a run with other settings.
        JobError: the loss is no longer a number.
    """
    inputs = [describe_file(file, folder) for file in build.files]
    own = {**parent, "role": "data", "path": portable_path(build.folder, folder)}
    run = Run(STAGE, f"{build.name}-seed-{seed}", folder, {**bench.identity, "seed": seed}, inputs, [own])
    return run_stage(run, partial(_train, bench, pool, seed, build.label))


def describe_file(file: InputFile, folder: str) -> dict[str, Any]:
    """A data file as a manifest in `folder` names it."""
    path = portable_path(file.path, folder)
    return {"uri": path, "bytes": file.bytes, "sha256": file.sha256, "records": file.records}


class HeldOutCurve(TrainerCallback):
    """Logs the bits per byte of every held-out set at evenly spaced steps, the last one among them."""

    def __init__(self, bench: Bench, batch_size: int, *, bf16: bool) -> None:
        points = bench.config.evaluations
        self.steps = {max(1, bench.steps * point // points) for point in range(1, points + 1)}
        self.cuts, self.batch_size, self.bf16 = bench.cuts, batch_size, bf16
        self.trainer: Any = None

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Evaluate where this step is one of the points."""
        if state.global_step in self.steps:
            model = self.trainer.model
            self.trainer.log(
                {name + BITS: bits(model, cut, self.batch_size, bf16=self.bf16) / size for name, cut, size in self.cuts}
            )


def _train(bench: Bench, pool: TokenPool, seed: int, label: str, folder: str) -> dict[str, Any]:
    config, steps = bench.config, bench.steps
    training = PretrainTraining(**{**config.training.model_dump(), "max_steps": steps, "seed": seed})
    set_threads(training)
    set_seed(seed)
    model = new_model(config.architecture, bench.tokenizer)
    rows = training.batch_size * training.gradient_accumulation
    blocks = training_blocks(pool, seed, steps * rows, config.architecture.context)
    trainer = blocks_trainer(
        model,
        bench.tokenizer,
        blocks,
        training,
        folder,
        logging_steps=max(1, steps // TRAINING_POINTS),
        train_sampling_strategy="sequential",
    )
    curve = HeldOutCurve(bench, training.batch_size, bf16=trainer.args.bf16)
    curve.trainer = trainer
    trainer.add_callback(curve)
    run_trainer(trainer, folder, label=f"{label} seed {seed}", unit="tokens", units_per_epoch=blocks.size)
    model.save_pretrained(folder)
    bench.tokenizer.save_pretrained(folder)
    curves = read_curves(folder, tokens_per_step(config))
    return {
        "steps": trainer.state.global_step,
        "parameters": model.num_parameters(),
        "vocabulary": len(bench.tokenizer),
        "trained_tokens": int(blocks.size),
        "epochs": blocks.size / len(pool.tokens),
        **machine(trainer),
        "loss": curves["training"][-1][1],
        "bits_per_byte": {name: points[-1][1] for name, points in curves["held_out"].items()},
    }


def run_folder(out: str, label: str, seed: int) -> str:
    """The folder of a run within the ablation's."""
    return os.path.join(out, "runs", f"{label}-seed-{seed}")
