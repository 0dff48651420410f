"""`winnow reward CONFIG --out DIR`: a reward model from preference pairs, through TRL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import set_seed
from trl import RewardConfig as TrlRewardConfig
from trl import RewardTrainer

from finetune.config import RewardConfig
from finetune.decontaminate import without_items
from finetune.loading import (
    grow_embeddings,
    load_causal,
    load_tokenizer,
    save_model,
    set_special_tokens,
    with_lora,
    with_reward_head,
)
from finetune.messages import Message, as_dicts
from finetune.preferences import Preference, read_preferences
from finetune.runs import Result, plan_run, run_stage, split_held_out
from finetune.template import UnrenderableError, prepare_tokenizer
from finetune.tokenise import IGNORED, Account, encode_for_training
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

Pair = dict[str, list[int]]


def run_reward(config: RewardConfig, out: str) -> Result:
    """Train a reward model on the pairs in `config.data`, from `config.base`, into the model directory `out`.

    The manifest's metrics hold `reward_mean` and `reward_std` over the training pairs, by which RL centres and
    scales the rewards, and `accuracy`: the share of pairs, of those held out, whose chosen answer scores higher.

    Raises:
        UsageError: data, base or output that cannot be used; nothing was started.
        JobError: no pair is left to train on, or the loss diverged.
    """
    preferences, files = read_preferences(config.data)
    clean = without_items(config, preferences, lambda row: [[*row.prompt, *row.chosen], [*row.prompt, *row.rejected]])
    run = plan_run("reward", config, out, [*files, *clean.files])
    return run_stage(run, lambda partial: _train(config, clean.rows, partial, out) | clean.write(partial))


class LengthGroupedRewardTrainer(RewardTrainer):
    """TRL's trainer with batches of like length."""

    def _get_train_sampler(self, dataset: Any = None) -> LengthGroupedSampler:
        rows = self.train_dataset if dataset is None else dataset
        lengths = [
            max(len(chosen), len(rejected))
            for chosen, rejected in zip(rows["chosen_ids"], rows["rejected_ids"], strict=True)
        ]
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LengthGroupedSampler(lengths, batch, self.args.seed)


def tokenise_pairs(
    preferences: Sequence[Preference], tokenizer: Any, *, max_tokens: int, too_long: str
) -> tuple[list[Pair], Account]:
    """`{chosen_ids, rejected_ids}` for every usable pair, and the account of all (reasons as in `tokenise`).

    A pair whose two sides are the same text teaches nothing and is counted as `no difference`.
    """
    pairs: list[Pair] = []
    account = Account()
    for row in preferences:
        counts = account.enter(row.source)
        try:
            sides = [encode_answer(tokenizer, row.prompt, answer) for answer in (row.chosen, row.rejected)]
        except UnrenderableError as error:
            account.drop(row.source, f"unverifiable: {error}", row.place)
            continue
        longest = max(len(side) for side in sides)
        if longest > max_tokens and too_long == "fail":
            raise JobError(f"{row.place}: {longest} tokens, more than max_tokens={max_tokens}")
        if longest > max_tokens:
            account.drop(row.source, "too long", row.place)
        elif sides[0] == sides[1]:
            account.drop(row.source, "no difference", row.place)
        else:
            counts.kept += 1
            counts.tokens += sum(len(side) for side in sides)
            pairs.append({"chosen_ids": sides[0], "rejected_ids": sides[1]})
    return pairs, account


def encode_answer(
    tokenizer: Any, prompt: tuple[Message, ...], answer: tuple[Message, ...], *, ended: bool = True
) -> list[int]:
    """The ids that a reward model reads: up to the answer's stop token, or, where it has not `ended`, without it.

    Raises:
        UnrenderableError: as in `encode_for_training`.
    """
    context = tuple(Message(message.role, message.content) for message in (*prompt, *answer[:-1]))
    last = Message("assistant", answer[-1].content, train=True)
    ids, labels = encode_for_training(tokenizer, (*context, last))
    # What a template writes after the stop token, no policy ever samples.
    stop = max(index for index, label in enumerate(labels) if label != IGNORED)
    return ids[: stop + 1] if ended else ids[:stop]


@torch.inference_mode()
def score(model: Any, sequences: Sequence[Sequence[int]], pad_id: int, *, batch_size: int = 32) -> list[float]:
    """The reward of each token sequence, read at its last token; sequences of like length share a batch."""
    rewards = [0.0] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda place: -len(sequences[place]))
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        part = [torch.tensor(sequences[place]) for place in places]
        ids = torch.nn.utils.rnn.pad_sequence(part, batch_first=True, padding_value=pad_id)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in part], batch_first=True)
        logits = model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device)).logits
        for place, reward in zip(places, logits[:, 0].float().tolist(), strict=True):
            rewards[place] = reward
    return rewards


def _train(config: RewardConfig, preferences: Sequence[Preference], partial: str, out: str) -> dict[str, Any]:
    set_threads(config.training)
    set_seed(config.training.seed)
    tokenizer = load_tokenizer(config.base, config.revision)
    chat = prepare_tokenizer(tokenizer)

    # By prompt, so that no prompt is on both sides.
    train, test = split_held_out(preferences, lambda row: as_dicts(row.prompt), config.eval_share, config.training.seed)
    pairs, account = tokenise_pairs(train, tokenizer, max_tokens=config.max_tokens, too_long=config.too_long)
    held, held_account = tokenise_pairs(test, tokenizer, max_tokens=config.max_tokens, too_long=config.too_long)
    if not pairs:
        raise JobError("no pair is left to train on: " + "; ".join(account.lines()))

    dtype, bf16 = precision(config.training, frozen_base=config.lora is not None)
    causal = load_causal(config.base, config.revision, dtype=dtype)
    grow_embeddings(causal, len(tokenizer))
    model: Any = with_reward_head(causal, seed=config.training.seed)
    set_special_tokens(model, tokenizer)
    if config.lora is not None:
        model = with_lora(model, config.lora, seed=config.training.seed, reward=True)
    trainer = LengthGroupedRewardTrainer(
        model=model,
        args=on_one_gpu(
            TrlRewardConfig(
                **trainer_settings(config.training, partial, bf16=bf16, logging_steps=10),
                max_length=None,
                center_rewards_coefficient=config.center_coefficient,
            )
        ),
        train_dataset=Dataset.from_list(pairs),
        processing_class=tokenizer,
    )
    last = run_trainer(trainer, partial, label="reward", unit="tokens", units_per_epoch=account.total("tokens"))
    scored = trainer.model.eval()
    batch_size = config.training.batch_size
    rewards = _rewards(scored, pairs, tokenizer.pad_token_id, batch_size)
    metrics = {
        "steps": trainer.state.global_step,
        **machine(trainer),
        "stop_token": chat.stop_token,
        "rows": account.report(),
        "rows_held_out": held_account.report(),
        "places": account.examples(),
        "loss": last.get("loss"),
        **_scale(rewards),
        "train_accuracy": _accuracy(rewards),
    }
    if held:
        metrics["accuracy"] = _accuracy(_rewards(scored, held, tokenizer.pad_token_id, batch_size))
    save_model(scored, tokenizer, partial, save=config.save, base=config.base, out=out)
    return metrics


def _rewards(model: Any, pairs: list[Pair], pad_id: int, batch_size: int) -> list[tuple[float, float]]:
    """The rewards of the chosen and of the rejected answer of each pair."""
    sides = [pair[key] for pair in pairs for key in ("chosen_ids", "rejected_ids")]
    rewards = score(model, sides, pad_id, batch_size=batch_size)
    return list(zip(rewards[::2], rewards[1::2], strict=True))


def _scale(rewards: list[tuple[float, float]]) -> dict[str, float]:
    values = torch.tensor(rewards, dtype=torch.float64)
    return {"reward_mean": values.mean().item(), "reward_std": max(values.std(correction=0).item(), 1e-6)}


def _accuracy(rewards: list[tuple[float, float]]) -> float:
    return sum(chosen > rejected for chosen, rejected in rewards) / len(rewards)
