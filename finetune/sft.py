"""`winnow sft CONFIG --out DIR`: supervised tuning through TRL, on rows this package has tokenised and verified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from transformers import set_seed
from trl import SFTConfig as TrlSftConfig
from trl import SFTTrainer

from finetune.config import SftConfig
from finetune.decontaminate import without_items
from finetune.head import install_compact_head
from finetune.loading import (
    grow_embeddings,
    load_causal,
    load_tokenizer,
    save_model,
    set_special_tokens,
    with_lora,
)
from finetune.messages import Conversation, as_dicts, read_conversations
from finetune.runs import Result, plan_run, run_stage, split_held_out
from finetune.template import prepare_tokenizer
from finetune.tokenise import tokenise
from finetune.training import (
    LengthGroupedSampler,
    machine,
    on_one_gpu,
    precision,
    run_trainer,
    set_threads,
    trainer_settings,
)
from manifests.errors import JobError


def run_sft(config: SftConfig, out: str) -> Result:
    """Tune `config.base` on the conversations in `config.data` into the model directory `out`.

    Raises:
        UsageError: data, base or output that cannot be used; nothing was started.
        JobError: no row is left to train on, or the loss diverged.
    """
    conversations, files = read_conversations(config.data)
    clean = without_items(config, conversations, lambda row: [row.messages])
    run = plan_run("sft", config, out, [*files, *clean.files])
    return run_stage(run, lambda partial: _train(config, clean.rows, partial, out) | clean.write(partial))


class CompactSftTrainer(SFTTrainer):
    """TRL's trainer with batches of like length and, if asked, logits at labelled positions only."""

    def __init__(self, *, compact: bool, **options: Any) -> None:
        super().__init__(**options)
        if compact:
            install_compact_head(self.model)

    def _get_train_sampler(self, dataset: Any = None) -> LengthGroupedSampler:
        rows = self.train_dataset if dataset is None else dataset
        lengths = [len(ids) for ids in rows["input_ids"]]
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LengthGroupedSampler(lengths, batch, self.args.seed)


def _train(config: SftConfig, conversations: Sequence[Conversation], partial: str, out: str) -> dict[str, Any]:
    set_threads(config.training)
    set_seed(config.training.seed)
    tokenizer = load_tokenizer(config.base, config.revision)
    chat = prepare_tokenizer(tokenizer)

    train, test = split_held_out(
        conversations, lambda row: as_dicts(row.messages), config.eval_share, config.training.seed
    )
    rows, account = tokenise(train, tokenizer, max_tokens=config.max_tokens, too_long=config.too_long)
    held, held_account = tokenise(test, tokenizer, max_tokens=config.max_tokens, too_long=config.too_long)
    if not rows:
        raise JobError("no row is left to train on: " + "; ".join(account.lines()))

    dtype, bf16 = precision(config.training, frozen_base=config.lora is not None)
    model: Any = load_causal(config.base, config.revision, dtype=dtype)
    grow_embeddings(model, len(tokenizer))
    set_special_tokens(model, tokenizer)
    if config.lora is not None:
        model = with_lora(model, config.lora, seed=config.training.seed, token_rows=chat.untrained_ids)
    trainer = CompactSftTrainer(
        # Only the compact head reads trained embedding rows through their adapter.
        compact=config.head == "compact" or bool(config.lora and chat.untrained_ids),
        model=model,
        args=on_one_gpu(
            TrlSftConfig(
                **trainer_settings(config.training, partial, bf16=bf16, logging_steps=10),
                dataset_kwargs={"skip_prepare_dataset": True},
                max_length=None,
            )
        ),
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=tokenizer,
    )
    last = run_trainer(trainer, partial, label="sft", unit="tokens", units_per_epoch=account.total("tokens"))
    metrics = {
        "steps": trainer.state.global_step,
        **machine(trainer),
        "template": chat.template,
        "stop_token": chat.stop_token,
        "rows": account.report(),
        "rows_held_out": held_account.report(),
        "places": account.examples(),
        "loss": last.get("loss"),
    }
    if held:
        metrics["eval_loss"] = trainer.evaluate()["eval_loss"]
    save_model(trainer.model, tokenizer, partial, save=config.save, base=config.base, out=out)
    return metrics
