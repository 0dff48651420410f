"""`winnow rlhf CONFIG --out DIR`: reinforcement learning from a reward model, with a KL penalty, through TRL.

TRL 1.16 has no PPO. This is RLOO: REINFORCE with the other answers to the same prompt as the baseline, and the KL to
the starting model subtracted from the reward, which is InstructGPT's objective without a critic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datasets import Dataset
from transformers import set_seed
from trl import RLOOConfig, RLOOTrainer

from finetune.config import RlhfConfig
from finetune.decontaminate import without_items
from finetune.head import install_compact_head
from finetune.loading import (
    grow_embeddings,
    load_causal,
    load_reward,
    load_tokenizer,
    save_model,
    set_special_tokens,
    with_lora,
)
from finetune.messages import Message, as_dicts
from finetune.preferences import Prompt, read_prompts
from finetune.reward import encode_answer, score
from finetune.runs import Result, plan_run, run_stage
from finetune.template import UnrenderableError, prepare_tokenizer
from finetune.tokenise import Account, encode_prompt
from finetune.training import machine, on_one_gpu, precision, run_trainer, set_threads, trainer_settings
from manifests.errors import JobError, UsageError
from manifests.manifest import read_manifest

RewardFunction = Callable[..., list[float]]


def run_rlhf(config: RlhfConfig, out: str) -> Result:
    """Tune `config.base` towards `config.reward` on the prompts in `config.data` into the model directory `out`.

    `metrics.jsonl` in `out` holds reward, KL (nats a token) and answer lengths of every step.

    Raises:
        UsageError: data, models or output that cannot be used, `reward` that is no reward model of `winnow reward`,
            or a `base` that was never tuned to chat; nothing was started.
        JobError: no prompt is left.
    """
    prompts, files = read_prompts(config.data)
    manifest = read_manifest(config.reward)
    if manifest.get("stage") != "reward":
        raise UsageError(f"{config.reward}: its manifest says stage {manifest.get('stage')!r}, not `reward`")
    clean = without_items(config, prompts, lambda row: [row.messages])
    run = plan_run("rlhf", config, out, [*files, *clean.files])
    return run_stage(
        run, lambda partial: _train(config, clean.rows, manifest["metrics"], partial, out) | clean.write(partial)
    )


class ChatRlooTrainer(RLOOTrainer):
    """TRL's trainer with prompts encoded as `winnow chat` encodes them, and the compact head."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        install_compact_head(self.model, temperature=self.temperature)

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [encode_prompt(self.processing_class, from_dicts(prompt)) for prompt in prompts], None, {}


def reward_function(
    model: Any, tokenizer: Any, policy_tokenizer: Any, *, mean: float, std: float, stop_id: int, penalty: float
) -> RewardFunction:
    """The function TRL calls on sampled answers: `(reward - mean) / std`, less `penalty` where the stop is missing.

    The reward model reads prompt and answer through its own template and tokenizer, so it may be of another
    family than the policy. An answer that did not end is read without a stop token, as it stands.
    """

    def reward_model(
        prompts: list[Any], completions: list[Any], completion_ids: list[list[int]], **_: Any
    ) -> list[float]:
        sequences, finished = [], []
        for prompt, ids in zip(prompts, completion_ids, strict=True):
            ended = bool(ids) and ids[-1] == stop_id
            said = ids[:-1] if ended else ids
            text = policy_tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            sequences.append(_read(tokenizer, from_dicts(prompt), text, ended))
            finished.append(ended)
        rewards = score(model, sequences, tokenizer.pad_token_id)
        return [
            (reward - mean) / std - (0.0 if ended else penalty) for reward, ended in zip(rewards, finished, strict=True)
        ]

    return reward_model


def from_dicts(messages: list[dict[str, str]]) -> tuple[Message, ...]:
    """Typed messages of a prompt as TRL hands it around."""
    return tuple(Message(message["role"], message["content"]) for message in messages)


def _read(tokenizer: Any, prompt: tuple[Message, ...], answer: str, ended: bool) -> list[int]:
    if answer.strip():
        try:
            return encode_answer(tokenizer, prompt, (Message("assistant", answer),), ended=ended)
        except UnrenderableError:
            pass  # sampled bytes that are no text: read as an empty answer
    return encode_prompt(tokenizer, prompt)


def _train(
    config: RlhfConfig, prompts: Sequence[Prompt], reward_metrics: dict[str, Any], partial: str, out: str
) -> dict[str, Any]:
    set_threads(config.training)
    set_seed(config.training.seed)
    tokenizer = load_tokenizer(config.base, config.revision)
    if not tokenizer.chat_template:
        raise UsageError(f"{config.base}: has no chat template, so it was not tuned to chat; run `winnow sft` first")
    chat = prepare_tokenizer(tokenizer)
    reward_tokenizer = load_tokenizer(config.reward)
    rows, account = _usable(prompts, tokenizer, config.max_prompt_tokens)
    if not rows:
        raise JobError("no prompt is left: " + "; ".join(account.lines()))

    dtype, bf16 = precision(config.training, frozen_base=True)
    model: Any = load_causal(config.base, config.revision, dtype=dtype)
    grow_embeddings(model, len(tokenizer))
    set_special_tokens(model, tokenizer)
    model = with_lora(model, config.lora, seed=config.training.seed)
    reward_model = load_reward(config.reward, dtype=dtype).eval()
    reward_model.config.get_text_config().pad_token_id = reward_tokenizer.pad_token_id
    trainer = ChatRlooTrainer(
        model=model,
        reward_funcs=[
            reward_function(
                reward_model,
                reward_tokenizer,
                tokenizer,
                mean=reward_metrics["reward_mean"],
                std=reward_metrics["reward_std"],
                stop_id=chat.stop_id,
                penalty=config.missing_stop_penalty,
            )
        ],
        args=on_one_gpu(
            RLOOConfig(
                **trainer_settings(config.training, partial, bf16=bf16, logging_steps=1),
                num_generations=config.generations,
                max_completion_length=config.max_new_tokens,
                temperature=config.temperature,
                beta=config.beta,
            )
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    reward_model.to(trainer.accelerator.device)
    run_trainer(trainer, partial, label="rlhf", unit="answers", units_per_epoch=len(rows) * config.generations)
    steps = [entry for entry in trainer.state.log_history if "reward" in entry]
    save_model(trainer.model, tokenizer, partial, save=config.save, base=config.base, out=out)
    return {
        "steps": trainer.state.global_step,
        **machine(trainer),
        "stop_token": chat.stop_token,
        "rows": account.report(),
        "places": account.examples(),
        **_course(steps),
    }


def _usable(prompts: Sequence[Prompt], tokenizer: Any, max_tokens: int) -> tuple[list[dict[str, Any]], Account]:
    rows: list[dict[str, Any]] = []
    account = Account()
    for row in prompts:
        counts = account.enter(row.source)
        try:
            length = len(encode_prompt(tokenizer, row.messages))
        except UnrenderableError as error:
            account.drop(row.source, f"unverifiable: {error}", row.place)
            continue
        if length > max_tokens:
            account.drop(row.source, "too long", row.place)
            continue
        counts.kept += 1
        counts.tokens += length
        rows.append({"prompt": as_dicts(row.messages)})
    return rows, account


def _course(steps: list[dict[str, Any]]) -> dict[str, float]:
    """Mean reward over the first and the last fifth of the steps, and the KL at the end."""
    part = max(1, len(steps) // 5)

    def mean(key: str, entries: list[dict[str, Any]]) -> float:
        return float(sum(entry.get(key) or 0.0 for entry in entries) / len(entries))

    return {
        "reward_first_fifth": mean("reward", steps[:part]),
        "reward_last_fifth": mean("reward", steps[-part:]),
        "kl_last_fifth": mean("kl", steps[-part:]),
        "unfinished_first_fifth": mean("completions/clipped_ratio", steps[:part]),
        "unfinished_last_fifth": mean("completions/clipped_ratio", steps[-part:]),
    }
