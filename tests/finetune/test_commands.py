from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from finetune import commands
from finetune.config import PretrainConfig, RewardConfig, RlhfConfig, SftConfig
from manifests.errors import UsageError
from tests.finetune.test_sft import tuned  # noqa: F401  (a fixture)

app = typer.Typer()
for command in (commands.pretrain, commands.sft, commands.reward, commands.rlhf, commands.chat):
    app.command()(command)


def test_importing_the_commands_loads_no_torch() -> None:
    code = "import sys, finetune.commands; print(sorted({'torch', 'transformers', 'trl', 'peft'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (PretrainConfig, "demo_pretrain"),
        (SftConfig, "demo_sft"),
        (RewardConfig, "demo_reward"),
        (RlhfConfig, "demo_rlhf"),
    ],
)
def test_the_packaged_recipes_are_valid(model: type[SftConfig], name: str) -> None:
    assert commands.read_config(model, name, ["training.seed=7"]).training.seed == 7


def test_a_misspelt_key_is_an_error_that_names_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "sft.yaml"
    path.write_text("base: b\ndata: [d.jsonl]\ntraining: {learning_rat: 1}\n")
    with pytest.raises(UsageError, match=r"unknown key `training.learning_rat`; did you mean `learning_rate`\?"):
        commands.read_config(SftConfig, str(path), [])
    with pytest.raises(UsageError, match="`max_tokens`: Input should be greater than or equal to 8"):
        commands.read_config(SftConfig, "demo_sft", ["max_tokens=1"])


def test_answers_that_make_no_whole_groups_are_an_error() -> None:
    with pytest.raises(UsageError, match="32 answers a step are not whole groups of generations=5"):
        commands.read_config(RlhfConfig, "demo_rlhf", ["generations=5"])


def test_a_command_trains_says_what_it_did_and_is_up_to_date_the_next_time(
    base: str, data: Path, tmp_path: Path
) -> None:
    arguments = ["sft", "demo_sft", "--out", str(tmp_path / "out")]
    sets = [f"base={base}", f"data=[{data / 'instructions.jsonl'}]", "training.max_steps=2", "max_tokens=64"]
    arguments += [part for value in sets for part in ("--set", value)]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert "24 of 24 rows" in first.output
    assert f"{tmp_path / 'out'}: sft in " in first.output
    second = CliRunner().invoke(app, arguments)
    assert f"{tmp_path / 'out'}: up to date (" in second.output


def test_chat_answers_once_or_holds_a_conversation(tuned: str) -> None:  # noqa: F811
    once = CliRunner().invoke(app, ["chat", tuned, "--prompt", "What is the flag of Velmar?"])
    assert once.exit_code == 0, once.output
    assert once.stdout == "The flag of Velmar is red.\n"
    talk = CliRunner().invoke(app, ["chat", tuned, "--set", "max_new_tokens=4"], input="Hi\nAnd?\n\n")
    assert talk.exit_code == 0, talk.output
    assert "cut off at max_new_tokens=4" in talk.output
