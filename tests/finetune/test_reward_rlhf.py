from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.chat import load_assistant
from finetune.config import ChatConfig, RewardConfig, RlhfConfig
from finetune.loading import load_reward, load_tokenizer
from finetune.messages import Message
from finetune.preferences import read_preferences
from finetune.reward import encode_answer, run_reward, score, tokenise_pairs
from finetune.rlhf import reward_function, run_rlhf
from finetune.template import prepare_tokenizer
from manifests.errors import UsageError
from manifests.manifest import read_manifest
from tests.finetune.conftest import bytes_on_a_cpu, question, write_rows
from tests.finetune.test_sft import tuned  # noqa: F401  (a fixture)


def configure_reward(base: str, data: Path, **changes: Any) -> RewardConfig:
    return RewardConfig.model_validate(
        {
            "base": base,
            "data": [str(data / "preferences.jsonl")],
            "eval_share": 0.34,
            "lora": {"rank": 8},
            "training": {"max_steps": 20, "batch_size": 8, "learning_rate": 0.01},
            **changes,
        }
    )


def configure_rlhf(base: str, reward: str, data: Path, **training: Any) -> RlhfConfig:
    return RlhfConfig.model_validate(
        {
            "base": base,
            "reward": reward,
            "data": [str(data / "prompts.jsonl")],
            "max_new_tokens": 12,
            "generations": 2,
            "lora": {"rank": 4},
            "training": {"max_steps": 3, "batch_size": 4, "learning_rate": 0.01, **training},
        }
    )


@pytest.fixture(scope="module")
def judge(tuned: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: F811
    out = str(tmp_path_factory.mktemp("models") / "reward")
    run_reward(configure_reward(tuned, data), out)
    return out


@pytest.fixture(scope="module")
def polished(tuned: str, judge: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: F811
    out = str(tmp_path_factory.mktemp("models") / "chat")
    run_rlhf(configure_rlhf(tuned, judge, data), out)
    return out


def test_the_reward_model_ranks_pairs_of_prompts_it_has_not_seen(judge: str) -> None:
    metrics = read_manifest(judge)["metrics"]
    assert metrics["rows"]["preferences"]["kept"] + metrics["rows_held_out"]["preferences"]["kept"] == 24
    assert metrics["rows_held_out"]["preferences"]["kept"] in (4, 8, 12)  # whole prompts of four pairs
    assert metrics["accuracy"] >= 0.75


def test_the_saved_reward_model_ranks_as_the_trained_one_did(judge: str, data: Path) -> None:
    model, tokenizer = load_reward(judge).eval(), load_tokenizer(judge)
    preferences, _ = read_preferences([str(data / "preferences.jsonl")])
    pairs, _ = tokenise_pairs(preferences, tokenizer, max_tokens=64, too_long="drop")
    chosen = score(model, [pair["chosen_ids"] for pair in pairs], tokenizer.pad_token_id)
    rejected = score(model, [pair["rejected_ids"] for pair in pairs], tokenizer.pad_token_id)
    assert sum(left > right for left, right in zip(chosen, rejected, strict=True)) >= 20
    metrics = read_manifest(judge)["metrics"]
    assert min(rejected) < metrics["reward_mean"] < max(chosen)
    assert metrics["reward_std"] > 0


@pytest.mark.parametrize("changes", [{"save": "merged"}, {"lora": None}])
def test_a_whole_reward_model_scores_as_it_did_in_training(
    tuned: str,  # noqa: F811
    data: Path,
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    training = {"max_steps": 2, "batch_size": 8, "learning_rate": 1e-3, "precision": "fp32"}
    result = run_reward(
        configure_reward(tuned, data, eval_share=0.0, training=training, **changes), str(tmp_path / "m")
    )
    model, tokenizer = load_reward(str(tmp_path / "m")).eval(), load_tokenizer(str(tmp_path / "m"))
    preferences, _ = read_preferences([str(data / "preferences.jsonl")])
    pairs, _ = tokenise_pairs(preferences, tokenizer, max_tokens=64, too_long="drop")
    scores = score(model, [pair[key] for pair in pairs for key in sorted(pair)], tokenizer.pad_token_id)
    assert sum(scores) / len(scores) == pytest.approx(result.manifest["metrics"]["reward_mean"], abs=1e-4)


@bytes_on_a_cpu
def test_rl_killed_and_resumed_ends_with_the_same_bytes(
    tuned: str,  # noqa: F811
    judge: str,
    data: Path,
    tmp_path: Path,
    kill_at: Any,
) -> None:
    config = configure_rlhf(tuned, judge, data, max_steps=4, checkpoint_every=1)
    whole = run_rlhf(config, str(tmp_path / "whole"))
    with kill_at(3):
        run_rlhf(config, str(tmp_path / "killed"))
    assert run_rlhf(config, str(tmp_path / "killed")).manifest["files"] == whole.manifest["files"]


def test_padding_does_not_change_a_reward(judge: str) -> None:
    model, tokenizer = load_reward(judge).eval(), load_tokenizer(judge)
    prompt = (Message(**question("Velmar")),)
    short = encode_answer(tokenizer, prompt, (Message("assistant", "Red."),))
    long = encode_answer(tokenizer, prompt, (Message("assistant", "It is red, and the doors are red too."),))
    alone = score(model, [short], tokenizer.pad_token_id)
    together = score(model, [short, long], tokenizer.pad_token_id)
    assert alone[0] == pytest.approx(together[0], abs=1e-5)


def test_an_answer_is_read_up_to_its_stop_token(tokenizer: Any) -> None:
    prepare_tokenizer(tokenizer)
    prompt, reply = (Message("user", "Hi"),), (Message("assistant", "Yes."),)
    ended = encode_answer(tokenizer, prompt, reply)
    assert tokenizer.convert_ids_to_tokens(ended[-1]) == "<|im_end|>"
    assert encode_answer(tokenizer, prompt, reply, ended=False) == ended[:-1]


def test_a_pair_without_a_difference_is_counted_and_left_out(tokenizer: Any, tmp_path: Path) -> None:
    prepare_tokenizer(tokenizer)
    rows = [{"prompt": "a", "chosen": "b", "rejected": "b"}, {"prompt": "a", "chosen": "b", "rejected": "c " * 99}]
    preferences, _ = read_preferences([write_rows(tmp_path / "p.jsonl", rows)])
    pairs, account = tokenise_pairs(preferences, tokenizer, max_tokens=50, too_long="drop")
    assert pairs == []
    assert account.report()["p"]["dropped"] == {"no difference": 1, "too long": 1}


def test_the_reward_of_an_answer_is_centred_scaled_and_less_where_the_stop_is_missing(tokenizer: Any) -> None:
    prepare_tokenizer(tokenizer)

    class Constant(torch.nn.Module):
        device = torch.device("cpu")

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return type("Out", (), {"logits": torch.full((len(input_ids), 1), 5.0)})

    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    judge = reward_function(Constant(), tokenizer, tokenizer, mean=3.0, std=4.0, stop_id=stop, penalty=1.0)
    said = tokenizer.encode("Red.", add_special_tokens=False)
    prompts = [[question("Velmar")]] * 3
    assert judge(prompts=prompts, completions=[], completion_ids=[[*said, stop], said, [stop]]) == [0.5, -0.5, 0.5]


def test_rl_logs_reward_and_kl_of_every_step(polished: str) -> None:
    lines = [json.loads(line) for line in Path(polished, "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "reward" in line]
    assert [line["step"] for line in steps] == [1, 2, 3]
    assert steps[0]["kl"] == pytest.approx(0.0, abs=1e-6)  # the policy begins as its own reference
    assert steps[-1]["kl"] != 0.0
    assert not any(key.endswith(("runtime", "step_time")) for line in lines for key in line)


def test_the_chat_model_names_both_its_parents_down_to_the_dataset(
    polished: str,
    tuned: str,  # noqa: F811
    judge: str,
    build: str,
) -> None:
    base, reward = read_manifest(polished)["parents"]
    assert (base["role"], base["digest"]) == ("base", read_manifest(tuned)["digest"])
    assert (reward["role"], reward["digest"]) == ("reward", read_manifest(judge)["digest"])
    dataset = read_manifest(build)["digest"]
    assert base["parents"][0]["parents"][0]["digest"] == dataset
    assert reward["parents"][0]["parents"][0]["parents"][0]["digest"] == dataset


def test_the_chat_model_answers(polished: str) -> None:
    pieces: list[str] = []
    assistant = load_assistant(polished)
    reply = assistant.answer((Message(**question("Velmar")),), ChatConfig(max_new_tokens=24), pieces.append)
    assert reply.ended
    assert "".join(pieces) == reply.text
    warm = ChatConfig(max_new_tokens=24, temperature=1.0, seed=5)
    assert assistant.answer((Message("user", "Hi"),), warm) == assistant.answer((Message("user", "Hi"),), warm)
    cut = assistant.answer((Message(**question("Velmar")),), ChatConfig(max_new_tokens=1))
    assert (cut.tokens, cut.ended) == (1, False)


def test_models_of_the_wrong_stage_are_refused(
    base: str,
    tuned: str,  # noqa: F811
    judge: str,
    data: Path,
    tmp_path: Path,
) -> None:
    out = str(tmp_path / "out")
    with pytest.raises(UsageError, match="its manifest says stage 'sft', not `reward`"):
        run_rlhf(configure_rlhf(tuned, tuned, data), out)
    with pytest.raises(UsageError, match="has no chat template, so it was not tuned to chat"):
        run_rlhf(configure_rlhf(base, judge, data), out)
    with pytest.raises(UsageError, match="a reward model; it scores answers"):
        load_assistant(judge)
    with pytest.raises(UsageError, match="has no chat template"):
        load_assistant(base)
    assert not Path(out).exists()
