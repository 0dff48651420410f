"""What every stage's training has in common: settings for the trainers, batches of like length, progress, records."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import PrinterCallback, TrainerCallback

from finetune.config import Training
from finetune.outputs import CHECKPOINTS, mark_complete, newest_complete_checkpoint
from manifests.errors import JobError

METRICS = "metrics.jsonl"
# Times differ from run to run, and these sums begin anew when a run is resumed; what a model's folder holds may not.
UNSTABLE = ("runtime", "per_second", "step_time", "flos", "num_tokens", "train_loss")


def set_threads(training: Training) -> None:
    """Set torch's CPU threads, where the configuration names a number."""
    if training.threads is not None:
        torch.set_num_threads(training.threads)


def precision(training: Training, *, frozen_base: bool) -> tuple[torch.dtype, bool]:
    """`(dtype to load in, bf16 autocast)`: `auto` is fp32 on a CPU, bf16 on a GPU whose hardware has it.

    A base that stays frozen under an adapter is loaded in bf16; weights that are trained stay fp32.
    """
    bf16 = training.precision == "bf16" or (training.precision == "auto" and gpu_has_bf16())
    return (torch.bfloat16 if bf16 and frozen_base else torch.float32), bf16


def gpu_has_bf16() -> bool:
    """Whether there is a GPU that computes in bf16 itself; torch calls one that emulates it, slowly, able as well."""
    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False))


def trainer_settings(training: Training, partial: str, *, bf16: bool, logging_steps: int) -> dict[str, Any]:
    """Arguments for any of the trainers' configurations, with the library defaults that surprise switched off."""
    return {
        "output_dir": os.path.join(partial, CHECKPOINTS),
        "num_train_epochs": training.epochs,
        "max_steps": training.max_steps or -1,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": training.batch_size,
        "gradient_accumulation_steps": training.gradient_accumulation,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.schedule,
        "warmup_steps": training.warmup_share,
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "optim": "adamw_torch_fused",
        "seed": training.seed,
        "data_seed": training.seed,
        "bf16": bf16,
        # transformers refuses bf16 where it finds no accelerator, unless told that a CPU is meant.
        "use_cpu": bf16 and not torch.accelerator.is_available(),
        "activation_checkpointing": training.activation_checkpointing,
        "save_strategy": "steps" if training.checkpoint_every else "no",
        "save_steps": training.checkpoint_every or 500,
        "save_total_limit": 2,
        "logging_steps": logging_steps,
        "logging_nan_inf_filter": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "disable_tqdm": True,
        "report_to": "none",
    }


def on_one_gpu(arguments: Any) -> Any:
    """The same trainer's arguments, for one GPU at most.

    Of several that it sees, transformers would put a copy of the model on each in threads (`DataParallel`). The compact
    head is bound to the first copy, so they would not work; and batches would be larger than configured.
    """
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def machine(trainer: Any) -> dict[str, str]:
    """What a run was computed on and in, for its manifest: another device or precision gives other weights."""
    device = trainer.args.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {"device": name, "precision": "bf16" if trainer.args.bf16 else "fp32"}


def run_trainer(trainer: Any, partial: str, *, label: str, unit: str, units_per_epoch: float) -> dict[str, Any]:
    """Train from the newest complete checkpoint in `partial`, or from the start; the last logged metrics.

    Progress goes to a terminal's stderr with rates in `unit` and time left, the logged values to `metrics.jsonl`.

    Raises:
        JobError: the loss is no longer a number.
    """
    trainer.remove_callback(PrinterCallback)
    records = Records(os.path.join(partial, METRICS))
    bar = ProgressBar(label, unit, units_per_epoch)
    for callback in (records, bar, CheckpointMarker()):
        trainer.add_callback(callback)
    try:
        trainer.train(resume_from_checkpoint=newest_complete_checkpoint(partial))
    finally:
        bar.progress.stop()
    return records.last


class LengthGroupedSampler(torch.utils.data.Sampler[int]):
    """Row indices in an order, drawn from seed and epoch, that puts rows of like length into one batch.

    Less padding is less work. Unlike transformers' own sampler it does not read the global random state, so a
    resumed run sees the rows in the same order.
    """

    BATCHES_PER_POOL = 50

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = list(lengths), batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        pool = self.batch_size * self.BATCHES_PER_POOL
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            rows = sorted(order[start : start + pool], key=lambda row: -self.lengths[row])
            batches += [rows[at : at + self.batch_size] for at in range(0, len(rows), self.batch_size)]
        # Only the last batch may be short, or a trainer would count its steps wrongly.
        short = [batch for batch in batches if len(batch) < self.batch_size]
        whole = [batch for batch in batches if len(batch) == self.batch_size]
        for index in torch.randperm(len(whole), generator=generator).tolist():
            yield from whole[index]
        for batch in short:
            yield from batch


class Records(TrainerCallback):
    """Append what the trainer logs to a JSONL file; a resumed run first drops what came after its checkpoint.

    Every checkpoint and the last step end a span that is averaged over, so that a resumed run averages over the same.
    """

    def __init__(self, path: str) -> None:
        self.path, self.last = Path(path), dict[str, Any]()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep the lines up to the step that training starts from."""
        kept: list[str] = []
        if self.path.is_file() and state.global_step:
            lines = self.path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= state.global_step]
        self.path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Ask for a line where a span ends."""
        saves = args.save_strategy == "steps" and state.global_step % args.save_steps == 0
        if saves or state.global_step == state.max_steps:
            control.should_log = True
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """One line; JobError when the loss is not finite."""
        values = {key: value for key, value in (logs or {}).items() if not key.endswith(UNSTABLE)}
        if not math.isfinite(values.get("loss", 0.0)):
            raise JobError(f"step {state.global_step}: the loss is {values['loss']}; lower training.learning_rate")
        if not values.keys() - {"epoch"}:
            return
        self.last.update(values)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": state.global_step, **values}, sort_keys=True) + "\n")


class CheckpointMarker(TrainerCallback):
    """Mark each checkpoint as complete once the trainer has written all of it."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the marker."""
        mark_complete(os.path.join(args.output_dir, f"checkpoint-{state.global_step}"), state.global_step)


class ProgressBar(TrainerCallback):
    """Steps, rate, the latest loss or reward, and time left; silent where stderr is no terminal."""

    SHOWN = ("loss", "reward", "kl", "accuracy")

    def __init__(self, label: str, unit: str, units_per_epoch: float) -> None:
        self.unit, self.units_per_epoch, self.label = unit, units_per_epoch, label
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[values]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.task: Any = None
        self.per_step = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Show the bar."""
        self.per_step = self.units_per_epoch * state.num_train_epochs / max(state.max_steps, 1)
        self.task = self.progress.add_task(
            self.label, total=state.max_steps, completed=state.global_step, rate="", values=""
        )
        self.progress.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Advance."""
        speed = self.progress.tasks[0].speed or 0.0
        self.progress.update(
            self.task, completed=state.global_step, rate=f"{speed * self.per_step:,.0f} {self.unit}/s" if speed else ""
        )

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Show the latest values."""
        shown = [f"{key} {logs[key]:.3f}" for key in self.SHOWN if logs and isinstance(logs.get(key), float)]
        if shown and self.task is not None:
            self.progress.update(self.task, values=" ".join(shown))
