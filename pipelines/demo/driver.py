"""`winnow demo`: the whole chain on a generated sample, by the same code that real input goes through."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from pipelines.commands import run_curate, run_manifest_verify
from pipelines.demo import Sample, write_sample


def run_demo(out: str, *, tuning: bool) -> None:
    """Write the sample, curate it, verify the build, and unless `tuning` is off train and ask the assistant."""
    folder = Path(out)
    start = time.monotonic()
    with _step("a sample crawl, repositories and tuning data, written by our own generator"):
        sample = write_sample(folder / "sample")
    dataset = folder / "dataset"
    with _step("winnow curate: shards, manifest, report"):
        run_curate(
            "demo",
            str(dataset),
            (f"inputs.archives=['{sample.archives}']", f"inputs.repositories=['{sample.repositories}']"),
            workers=1,  # starting worker processes would take longer than this much work
            beam_arguments=(),
            quiet=False,
        )
        run_manifest_verify(str(dataset))
    models = folder / "models"
    if tuning:
        _tune(sample, dataset, models)
    typer.secho(f"\nDone in {time.monotonic() - start:.0f} s. Where to look:", bold=True)
    typer.echo(f"  {dataset / 'report.html'}    the funnel, thresholds and samples, in a browser")
    typer.echo(f"  {dataset / 'manifest.json'}  what was read, kept and rejected; winnow manifest show {dataset}")
    typer.echo(f"  winnow explain {dataset} --uri {_an_interesting_page(sample)}")
    if tuning:
        typer.echo(f"  winnow chat {models / 'chat'}")
        typer.echo(f"  winnow manifest show {models / 'chat'}    its parents, down to the dataset's digest")


def _tune(sample: Sample, dataset: Path, models: Path) -> None:
    from finetune import commands

    base, tuned, reward, chat = (str(models / name) for name in ("base", "sft", "reward", "chat"))
    with _step("winnow pretrain: a small base model from the shards"):
        commands.pretrain("demo_pretrain", base, [f"data={dataset}"])
    with _step("winnow sft: LoRA on instructions, loss on the assistant's tokens"):
        commands.sft("demo_sft", tuned, [f"base={base}", f"data=['{sample.instructions}']"])
    with _step("winnow reward: a reward model from preferences"):
        commands.reward("demo_reward", reward, [f"base={tuned}", f"data=['{sample.preferences}']"])
    with _step("winnow rlhf: RLOO with a KL penalty against the reward model"):
        commands.rlhf("demo_rlhf", chat, [f"base={tuned}", f"reward={reward}", f"data=['{sample.prompts}']"])
    questions = json.loads(Path(sample.questions).read_text(encoding="utf-8"))
    typer.echo("")
    for question in questions[:3]:
        typer.secho(f"you>        {question['question']}", fg=typer.colors.CYAN)
        typer.secho("assistant>  ", fg=typer.colors.GREEN, nl=False)
        commands.chat(chat, prompt=question["question"])


def _an_interesting_page(sample: Sample) -> str:
    """A page that a quality rule turns away, from what the generator says it planted."""
    truth = json.loads(Path(sample.truth).read_text(encoding="utf-8"))
    return str(truth["low_quality"][0]["uri"])


@contextmanager
def _step(title: str) -> Iterator[Callable[[str], None]]:
    typer.secho(f"\n» {title}", bold=True, err=True)
    start = time.monotonic()
    yield typer.echo
    typer.secho(f"  {time.monotonic() - start:.1f} s", dim=True, err=True)
