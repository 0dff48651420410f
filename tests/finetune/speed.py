"""Speed and memory of supervised tuning beside TRL's own trainer: the same model, rows, batch size and precision.

    python -m tests.finetune.speed                                        # a small model, for a CPU
    python -m tests.finetune.speed --hidden 1024 --layers 24 --heads 16 --vocabulary 32000 \
        --length 2048 --batch 16 --steps 30                               # 350 M parameters, for a GPU

Random weights and random tokens: nothing is learnt, the arithmetic is that of a real run. The first third of the steps
is not timed. Tokens are those of the rows, without padding. On a GPU time is the wall clock's, and memory the peak
there; on a CPU time is the process's CPU time, which other work on the machine changes least.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from typing import Any

from finetune.commands import quieten

quieten()

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM, PrinterCallback, TrainerCallback  # noqa: E402
from trl import SFTConfig as TrlSftConfig  # noqa: E402
from trl import SFTTrainer  # noqa: E402

from finetune.config import Lora, Training  # noqa: E402
from finetune.loading import with_lora  # noqa: E402
from finetune.pretrain import train_tokenizer  # noqa: E402
from finetune.sft import CompactSftTrainer  # noqa: E402
from finetune.training import on_one_gpu, precision, trainer_settings  # noqa: E402

SIDES = ("compact", "fused", "trl")


class Clock(TrainerCallback):
    """Time and tokens of the steps after the first `skip`."""

    def __init__(self, skip: int) -> None:
        self.skip, self.started, self.seconds = skip, 0.0, 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter() if torch.cuda.is_available() else time.process_time()
        if state.global_step == self.skip:
            self.started = now
        self.seconds = now - self.started


def make_rows(count: int, length: int, vocabulary: int, answer_share: float) -> list[dict[str, list[int]]]:
    """Rows of a quarter of `length` to `length` tokens, of which the last `answer_share` is trained."""
    rng = random.Random(0)
    rows = []
    for _ in range(count):
        size = rng.randint(length // 4, length)
        ids = [rng.randrange(10, vocabulary) for _ in range(size)]
        prompt = round(size * (1 - answer_share))
        rows.append({"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]})
    return rows


def run(side: str, options: argparse.Namespace, rows: list[dict[str, list[int]]], tokenizer: Any) -> str:
    """One line of figures of one trainer."""
    training = Training(max_steps=options.steps, batch_size=options.batch, precision=options.precision)
    dtype, bf16 = precision(training, frozen_base=options.lora)
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=options.vocabulary,
            hidden_size=options.hidden,
            intermediate_size=options.hidden * 11 // 4,
            num_hidden_layers=options.layers,
            num_attention_heads=options.heads,
            num_key_value_heads=options.heads,
            max_position_embeddings=options.length,
            tie_word_embeddings=True,
        )
    ).to(dtype)
    parameters = model.num_parameters()
    if options.lora:
        model = with_lora(model, Lora(), seed=0)
    clock = Clock(options.steps // 3)
    with tempfile.TemporaryDirectory() as folder:
        arguments = on_one_gpu(
            TrlSftConfig(
                **trainer_settings(training, folder, bf16=bf16, logging_steps=10),
                dataset_kwargs={"skip_prepare_dataset": True},
                max_length=None,
            )
        )
        settings = {
            "model": model,
            "args": arguments,
            "train_dataset": Dataset.from_list(rows),
            "processing_class": tokenizer,
            "callbacks": [clock],
        }
        trainer = SFTTrainer(**settings) if side == "trl" else CompactSftTrainer(compact=side == "compact", **settings)
        trainer.remove_callback(PrinterCallback)
        sizes: list[int] = []
        collate = trainer.data_collator

        def counted(batch: list[dict[str, list[int]]]) -> Any:
            sizes.append(sum(len(row["input_ids"]) for row in batch))
            return collate(batch)

        trainer.data_collator = counted
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        trainer.train()
    tokens = sum(sizes[clock.skip : options.steps])
    peak = f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB" if torch.cuda.is_available() else "-"
    unit = "s" if torch.cuda.is_available() else "CPU s"
    loss = trainer.state.log_history[-1]["train_loss"]
    return (
        f"{side:>8}  {parameters / 1e6:,.1f} M  {'bf16' if bf16 else 'fp32'}  "
        f"{tokens / clock.seconds:,.0f} tokens/{unit}  peak {peak}  loss {loss:.3f}"
    )


def main() -> None:
    """Measure every side, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"hidden": 160, "layers": 4, "heads": 4, "vocabulary": 8192, "length": 256, "batch": 8}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--answer-share", type=float, default=0.4)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--lora", action="store_true", help="an adapter of rank 16 on a frozen base")
    options = parser.parse_args()
    torch.manual_seed(0)
    rows = make_rows(options.batch * options.steps, options.length, options.vocabulary, options.answer_share)
    tokenizer = train_tokenizer(["some text"], 300)
    print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"cpu, {torch.get_num_threads()} thread(s)")
    for side in SIDES:
        print(run(side, options, rows, tokenizer), flush=True)


if __name__ == "__main__":
    main()
