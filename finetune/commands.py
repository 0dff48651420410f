"""The tuning commands, ready to be mounted on a typer application. Importing this module loads no torch.

    winnow pretrain CONFIG --out DIR     winnow sft CONFIG --out DIR     winnow reward CONFIG --out DIR
    winnow rlhf CONFIG --out DIR         winnow chat MODEL [--prompt TEXT]

CONFIG is a YAML file or the name of one that ships with the package (`demo_sft`, ...); `--set key=value` changes it.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finetune.config import ChatConfig, PretrainConfig, RewardConfig, RlhfConfig, SftConfig
from finetune.messages import Message
from manifests.config import ConfigType, load_config

if TYPE_CHECKING:
    from finetune.chat import Assistant
    from finetune.runs import Result

RECIPES = Path(__file__).parent / "recipes"

ConfigArgument = Annotated[str, typer.Argument(metavar="CONFIG", help="YAML file, or the name of one that ships.")]
OutOption = Annotated[str, typer.Option("--out", metavar="DIR", help="The model directory to make.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value; repeatable.")]


def pretrain(config: ConfigArgument, out: OutOption, overrides: SetOption = None) -> None:
    """Train a small base model from scratch on the shards of a build."""
    checked = read_config(PretrainConfig, config, overrides)
    quieten()
    from finetune.pretrain import run_pretrain

    summarise(run_pretrain(checked, out))


def sft(config: ConfigArgument, out: OutOption, overrides: SetOption = None) -> None:
    """Tune a base model on conversations, with loss on the assistant's words only."""
    checked = read_config(SftConfig, config, overrides)
    quieten()
    from finetune.sft import run_sft

    summarise(run_sft(checked, out))


def reward(config: ConfigArgument, out: OutOption, overrides: SetOption = None) -> None:
    """Train a reward model on preference pairs."""
    checked = read_config(RewardConfig, config, overrides)
    quieten()
    from finetune.reward import run_reward

    summarise(run_reward(checked, out))


def rlhf(config: ConfigArgument, out: OutOption, overrides: SetOption = None) -> None:
    """Tune a chat model towards a reward model with RLOO and a KL penalty (TRL 1.16 has no PPO)."""
    checked = read_config(RlhfConfig, config, overrides)
    quieten()
    from finetune.rlhf import run_rlhf

    summarise(run_rlhf(checked, out))


def chat(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model directory, or a hub id.")],
    prompt: Annotated[str | None, typer.Option(help="Answer this and leave; without it, a conversation.")] = None,
    system: Annotated[str | None, typer.Option(help="A system message to begin with.")] = None,
    overrides: SetOption = None,
) -> None:
    """Talk to a chat model."""
    settings = load_config(ChatConfig, None, overrides or [])
    quieten()
    from finetune.chat import load_assistant

    assistant = load_assistant(model)
    history = (Message("system", system),) if system else ()
    if prompt is not None:
        _turn(assistant, (*history, Message("user", prompt)), settings)
        return
    typer.echo("An empty line ends the conversation.", err=True)
    while line := _ask():
        history = (*history, Message("user", line))
        history = (*history, Message("assistant", _turn(assistant, history, settings)))


def read_config(model: type[ConfigType], name: str, overrides: list[str] | None) -> ConfigType:
    """The checked configuration in the file `name`, or in the packaged one of that name, with the overrides."""
    path = Path(name)
    if not path.exists() and (RECIPES / f"{name}.yaml").is_file():
        path = RECIPES / f"{name}.yaml"
    return load_config(model, path, overrides or [])


def quieten() -> None:
    """No telemetry, no advice from the libraries on stderr: what matters here is said by this package itself."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    # Threads that spin while they wait slow a shared machine down many times over.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for library in ("transformers", "trl", "peft", "accelerate", "datasets"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=UserWarning)


def summarise(result: Result) -> None:
    """What was made, from how much, how well, and how long it took."""
    if not result.fresh:
        typer.echo(f"{result.out}: up to date ({result.manifest['digest'][:12]})")
        return
    metrics = result.manifest["metrics"]
    for label, value in _figures(metrics):
        typer.echo(f"{label:>18}  {value}")
    typer.echo(f"{result.out}: {result.manifest['stage']} in {result.seconds:.1f} s ({result.manifest['digest'][:12]})")


def _figures(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    figures = []
    for source, account in metrics.get("rows", {}).items():
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in account["dropped"].items())
        kept = f"{account['kept']:,} of {account['rows']:,} rows, {account['tokens']:,} tokens"
        trained = f", {account['trained_tokens']:,} trained" if account["trained_tokens"] else ""
        cut = f", {account['truncated']:,} truncated" if account["truncated"] else ""
        figures.append((source, kept + trained + cut + (f"; left out: {left_out}" if left_out else "")))
    for reason, places in metrics.get("places", {}).items():
        figures.append((reason, f"first at {', '.join(places[:3])}"))
    if "device" in metrics:
        figures.append(("device", f"{metrics['device']}, {metrics['precision']}"))
    for key, value in metrics.items():
        if isinstance(value, float):
            figures.append((key.replace("_", " "), f"{value:.4g}"))
        elif isinstance(value, int):
            figures.append((key.replace("_", " "), f"{value:,}"))
    return figures


def _turn(assistant: Assistant, messages: tuple[Message, ...], settings: ChatConfig) -> str:
    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    reply = assistant.answer(messages, settings, write)
    typer.echo("")
    if not reply.ended:
        typer.echo(f"[cut off at max_new_tokens={settings.max_new_tokens}]", err=True)
    return reply.text


def _ask() -> str:
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        return ""


__all__ = ["chat", "pretrain", "reward", "rlhf", "sft"]
