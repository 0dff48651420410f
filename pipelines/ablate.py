"""`winnow ablate A B`: build what is a recipe, train and compare (`finetune.ablation`), print and draw the result."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from finetune.ablation_config import AblationConfig
from finetune.commands import quieten, read_config
from manifests.errors import UsageError
from manifests.files import join
from manifests.manifest import MANIFEST_NAME, read_manifest
from pipelines.commands import run_curate, wide_console
from pipelines.recipe import load_recipe, shipped_recipes

if TYPE_CHECKING:
    from finetune.ablation import Ablation
    from finetune.ablation_data import NamedBuild

LABELS = string.ascii_uppercase


@dataclass(frozen=True)
class Target:
    """One side of the comparison: a finished build's folder, or the recipe to build into `folder` first."""

    label: str
    name: str
    folder: str
    recipe: str | None


def run_ablate(
    targets: Sequence[str],
    config_name: str,
    out: str,
    held_out: Sequence[str],
    overrides: Sequence[str],
    workers: int,
    *,
    quiet: bool,
) -> Ablation:
    """Compare builds: `targets` are folders of finished builds or recipes (paths, or names of those that ship).

    Raises:
        UsageError: fewer than two targets, one that is neither build nor recipe, or a configuration that cannot work.
    """
    out = out.rstrip("/") or out
    named = [f"held_out.{name}={json.dumps(paths)}" for name, paths in _held_out_paths(held_out).items()]
    config = read_config(AblationConfig, config_name, [*overrides, *named])
    plan = resolve_targets(targets, out)
    quieten()
    from finetune.ablation import check_out, run_ablation
    from finetune.ablation_data import held_out_files

    check_out(out)
    for paths in config.held_out.values():
        held_out_files(paths)  # a wrong path is an error before hours of building, not after
    builds = [_build(target, workers, quiet=quiet) for target in plan]
    from pipelines.ablate_view import render_ablation

    say = (lambda line: None) if quiet else (lambda line: typer.echo(line, err=True))
    ablation = run_ablation(config, builds, out, render_ablation, say)
    if not quiet:
        print_ablation(ablation)
    return ablation


def resolve_targets(targets: Sequence[str], out: str) -> list[Target]:
    """Which of `targets` are builds, and where the recipes among them are built: `out/builds/<label>`.

    Raises:
        UsageError: see `run_ablate`.
    """
    if not 2 <= len(targets) <= len(LABELS):
        raise UsageError(f"give from 2 to {len(LABELS)} builds or recipes to compare, not {len(targets)}")
    plan = []
    for label, target in zip(LABELS, targets, strict=False):
        # A folder may have a recipe's name by chance, as `make demo` makes one called `demo`.
        has_manifest = os.path.isfile(os.path.join(target, MANIFEST_NAME))
        if not os.path.isdir(target) or (target in shipped_recipes() and not has_manifest):
            load_recipe(target)
            plan.append(Target(label, Path(target).stem, join(out, "builds", label), target))
            continue
        if not has_manifest:
            raise UsageError(
                f"{target}: no finished build (no {MANIFEST_NAME}, which is written last); if it was interrupted, run "
                "its `winnow curate` again"
            )
        if "shards" not in read_manifest(target):
            raise UsageError(f"{target}: its manifest is not a build's; give the folder of a `winnow curate` build")
        plan.append(Target(label, Path(target).resolve().name, target, None))
    return plan


def print_ablation(ablation: Ablation) -> None:
    """The losses and the differences as tables."""
    results = ablation.results
    percent = f"{results['confidence']:.0%}"
    console = wide_console()
    losses = Table(title="bits per byte of held-out text, lower is better", title_justify="left")
    for heading in ("held-out text", "build"):
        losses.add_column(heading, overflow="fold")
    for heading in ("mean", *(f"seed {seed}" for seed in results["seeds"])):
        losses.add_column(heading, justify="right")
    names = {build["label"]: f"{build['label']} {build['name']}" for build in results["builds"]}
    for row in results["losses"]:
        values = [f"{value:.4f}" for value in (row["mean"], *row["per_seed"])]
        losses.add_row(row["set"], names[row["build"]], *values)
    console.print(losses)
    table = Table(title=f"differences, paired by seed, with {percent} t intervals", title_justify="left")
    table.add_column("held-out text", overflow="fold")
    for heading in ("difference", "mean", "low", "high"):
        table.add_column(heading, justify="right")
    table.add_column("reading")
    for row in results["differences"]:
        values = [f"{row[key]:+.4f}" for key in ("mean", "low", "high")]
        table.add_row(row["set"], f"{row['first']} - {row['second']}", *values, reading(row))
    console.print(table)
    state = "written" if ablation.fresh else "up to date"
    console.print(f"{caution(results)}\n{ablation.out}: {state}; look at {ablation.out}/report.html", highlight=False)


def reading(difference: dict[str, Any]) -> str:
    """What an interval says, in words."""
    if difference["includes_zero"]:
        return "no difference shown"
    return f"{difference['first'] if difference['mean'] < 0 else difference['second']} is better"


def caution(results: dict[str, Any]) -> str:
    """What the interval does not cover."""
    count = len(results["seeds"])
    few = "; with so few seeds it is wide and that cannot be checked" if count < 5 else ""
    return (
        f"{count} seeds. The interval covers first weights and the order of documents, and takes the differences as "
        f"normal{few}. It holds for each row, not for all rows at once. To add seeds, name more in `seeds`: the "
        "runs that are there stay."
    )


def _build(target: Target, workers: int, *, quiet: bool) -> NamedBuild:
    from finetune.ablation_data import open_build

    if target.recipe is not None:
        run_curate(target.recipe, target.folder, (), workers, (), quiet=quiet)
    return open_build(target.label, target.name, target.folder)


def _held_out_paths(given: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in given:
        name, equals, path = item.partition("=")
        if not equals or not name or not path:
            raise UsageError(f"--held-out {item}: expected NAME=PATH, for example --held-out reference=clean.jsonl")
        if "." in name:
            raise UsageError(f"--held-out {item}: a name without dots, please (a dot would be a nested key)")
        if not Path(path).exists():
            raise UsageError(f"--held-out {item}: {path}: no such file or folder")
        found.setdefault(name, []).append(path)
    return found
