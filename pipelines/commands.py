"""What the subcommands of curation do, apart from parsing their arguments."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer
import yaml
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.table import Table

from curation.policy import RulesConfig
from manifests.dataset import ENTERED, KEPT, listed_files, verify
from manifests.errors import JobError
from manifests.manifest import read_manifest
from pipelines.recipe import KEY_ORDER, Recipe, load_recipe, recipe_path, shipped_recipes


def run_curate(
    name: str, out: str, overrides: tuple[str, ...], workers: int, beam_arguments: tuple[str, ...], *, quiet: bool
) -> dict[str, Any]:
    """Build a recipe; returns the manifest."""
    recipe = load_recipe(name, overrides)
    logging.getLogger().setLevel(logging.ERROR)  # Beam reports missing cloud libraries as warnings when imported
    from pipelines.build import Build
    from pipelines.progress import Progress
    from pipelines.runner import describe_os_error, make_options

    options = make_options(beam_arguments, workers or os.cpu_count() or 1)
    start = time.monotonic()
    try:
        published = Build(recipe, out.rstrip("/"), options, Progress(quiet=quiet)).run()
    except OSError as error:
        raise JobError(describe_os_error(error)) from error
    if not quiet:
        console = wide_console(stderr=True)
        print_funnel(published.manifest, console)
        state = "written" if published.fresh else "up to date"
        console.print(
            f"{out}: {state} in {time.monotonic() - start:.1f} s  [dim]{published.manifest['digest'][:16]}[/dim]\n"
            f"look at {out}/report.html, check with `winnow manifest verify {out}`",
            highlight=False,
        )
    return published.manifest


def wide_console(*, stderr: bool = False) -> Console:
    """A console for tables: as wide as the terminal, and wide enough for one line a row in a log."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=120)


def print_funnel(manifest: dict[str, Any], console: Console) -> None:
    """The funnel as a table: what entered, what each rule removed, what stayed."""
    table = Table(title=f"{manifest['name']} {manifest['version']}", title_justify="left")
    for heading in ("source", "stage", "rule"):
        table.add_column(heading, overflow="fold")
    for heading in ("documents", "of input", "tokens"):
        table.add_column(heading, justify="right")
    entered = {row["source"]: row["documents"] for row in manifest["funnel"] if row["rule"] == ENTERED}
    last = None
    for row in manifest["funnel"]:
        if last not in (None, row["source"]):
            table.add_section()
        last = row["source"]
        removed = row["rule"] not in (ENTERED, KEPT)
        share = row["documents"] / max(1, entered.get(row["source"], 0))
        sign = "-" if removed else ""
        tokens = f"{sign}{row['tokens']:,}" if row["tokens"] else ""
        style = "green" if row["rule"] == KEPT else None
        table.add_row(
            row["source"], row["stage"], row["rule"], f"{sign}{row['documents']:,}", f"{share:.1%}", tokens, style=style
        )
    console.print(table)
    totals = manifest["totals"]
    console.print(
        f"{totals['records']:,} records = {totals['documents']:,} kept + {totals['rejected']:,} rejected + "
        f"{totals['errors']:,} damaged; {totals['tokens']:,} tokens"
        + "".join(
            f"; {source} is {tokens / max(1, totals['tokens']):.2%} of them"
            for source, tokens in tokens_by_source(manifest).items()
            if source in manifest["mixture"]["shares"]
        ),
        highlight=False,
    )
    left = {source: count for source, count in manifest["mixture"]["left_out"].items() if count}
    if manifest["mixture"]["shares"] and left:
        listed = ", ".join(f"{count:,} tokens of {source}" for source, count in left.items())
        console.print(f"left out to meet the mixture: {listed}", highlight=False)


def tokens_by_source(manifest: dict[str, Any]) -> dict[str, int]:
    """Tokens in the shards of each source."""
    found: dict[str, int] = {}
    for shard in manifest["shards"]:
        found[shard["source"]] = found.get(shard["source"], 0) + shard["tokens"]
    return found


def run_tune_rules(out: str, overrides: tuple[str, ...], *, samples: int, top: int, json_path: str | None) -> None:
    """Print what other thresholds would change in a build."""
    logging.getLogger().setLevel(logging.ERROR)  # as for a build
    from pipelines.tune_rules import tune_rules
    from pipelines.tune_view import format_tuning

    tuning = tune_rules(out, overrides, samples=samples)
    _print_result(tuning, json_path, lambda: format_tuning(tuning, top))


def run_compare(before: str, after: str, *, samples: int, top: int, json_path: str | None) -> None:
    """Print how two builds differ."""
    from pipelines.compare_view import format_comparison
    from pipelines.comparison import compare

    comparison = compare(before, after, samples=samples)
    _print_result(comparison, json_path, lambda: format_comparison(comparison, top))


def _print_result(result: Any, json_path: str | None, view: Callable[[], RenderableType]) -> None:
    from pipelines.change_views import print_changes
    from pipelines.changes import to_json, write_json

    if json_path == "-":
        typer.echo(to_json(result), nl=False)
        return
    if json_path is not None:
        write_json(json_path, result)
    print_changes(view())


def run_recipes_list() -> None:
    """Print the names of the shipped recipes with the first comment of each."""
    for name in shipped_recipes():
        with recipe_path(name).open(encoding="utf-8") as stream:
            first = stream.readline()
        typer.echo(f"{name:<16} {first.removeprefix('#').strip()}")


def run_recipes_show(name: str, overrides: tuple[str, ...]) -> None:
    """Print a recipe in full."""
    typer.echo(commented_yaml(load_recipe(name, overrides)), nl=False)


def commented_yaml(recipe: Recipe) -> str:
    """The recipe as YAML with every key present and explained; it loads back to the same recipe."""
    lines: list[str] = []
    _comment_model(recipe, 0, lines)
    return "\n".join(lines) + "\n"


def _comment_model(model: BaseModel, indent: int, lines: list[str]) -> None:
    pad = "  " * indent
    fields = type(model).model_fields
    for name in KEY_ORDER if isinstance(model, Recipe) else fields:
        field, value = fields[name], getattr(model, name)
        description = field.description or (type(value).__doc__ or "" if isinstance(value, BaseModel) else "")
        if isinstance(value, BaseModel):
            if indent == 0 and lines:
                lines.append("")
            if description:
                lines.append(f"{pad}# {description.strip().splitlines()[0]}")
            lines.append(f"{pad}{name}:")
            _comment_model(value, indent + 1, lines)
            continue
        plain = model.model_dump(mode="json")[name]
        text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=sys.maxsize).strip()
        text = text.removesuffix("\n...").removesuffix("...").strip()
        comment = f"  # {' '.join(description.split())}" if description else ""
        lines.append(f"{pad}{name}: {text}{comment}")
    for name, value in (model.model_extra or {}).items():
        lines.append(f"{pad}{name}: {yaml.safe_dump(value, default_flow_style=True).strip()}")
    lines += [f"{pad}# {key}: {value:g}" for key, value in _thresholds(model)]


def _thresholds(model: BaseModel) -> list[tuple[str, float]]:
    """The thresholds that can be set in this section and are not, with their values."""
    if not isinstance(model, RulesConfig):
        return []
    given = model.model_extra or {}
    set_here = set(given) | {
        f"{family}.{name}" for family, values in given.items() if isinstance(values, dict) for name in values
    }
    rows = model.resolve().thresholds().items()
    return [(key, value) for key, value in rows if key not in set_here and key.rpartition(".")[2] not in set_here]


def run_manifest_show(folder: str) -> None:
    """Print the frame of a manifest and, for a dataset, its funnel."""
    manifest = read_manifest(folder)
    console = wide_console()
    kind = manifest.get("kind", "dataset")
    console.print(f"[bold]{kind} {manifest.get('name', '')} {manifest.get('version', '')}[/bold]", highlight=False)
    for key in ("digest", "created", "recipe_digest"):
        console.print(f"{key:<14} {manifest.get(key)}", highlight=False)
    code = manifest.get("code") or {}
    console.print(f"{'code':<14} winnow {code.get('version')} commit {code.get('commit')}", highlight=False)
    if manifest.get("parents"):
        console.print("made from")
        _print_parents(manifest["parents"], 1, console)
    if kind == "dataset":
        for shard in manifest["shards"]:
            console.print(
                f"{shard['path']:<40} {shard['documents']:>10,} documents {shard['tokens']:>14,} tokens "
                f"{shard['bytes']:>14,} bytes",
                highlight=False,
            )
        print_funnel(manifest, console)


def _print_parents(parents: Sequence[Mapping[str, Any]], depth: int, console: Console) -> None:
    for parent in parents:
        role = f"  ({parent['role']})" if parent.get("role") else ""
        version = f"@{parent['version']}" if parent.get("version") else ""
        named = f"{parent.get('kind', '')} {parent.get('name', '')}{version}".strip()
        console.print(f"{'  ' * depth}{named}  {parent.get('digest', '')}{role}", highlight=False, soft_wrap=True)
        _print_parents(parent.get("parents", ()), depth + 1, console)


def run_manifest_lineage(folder: str) -> None:
    """Print what a build or model was made from, and what that was made from."""
    manifest = read_manifest(folder)
    console = wide_console()
    version = f"@{manifest['version']}" if manifest.get("version") else ""
    named = f"{manifest.get('kind', 'dataset')} {manifest.get('name', '')}{version}"
    console.print(f"{named}  {manifest.get('digest', '')}", highlight=False, soft_wrap=True)
    _print_parents(manifest.get("parents") or (), 1, console)


def run_manifest_verify(folder: str) -> None:
    """Compare a build or model with its manifest.

    Raises:
        JobError: something differs; each difference has been printed.
    """
    manifest = read_manifest(folder)
    root = folder.rsplit("/", 1)[0] if folder.endswith(".json") else folder
    count = 0
    for problem in verify(root, manifest):
        typer.echo(f"{problem.path}: {problem.message}", err=True)
        count += 1
    if count:
        raise JobError(f"{folder}: {count} difference{'s' if count > 1 else ''} from its manifest")
    typer.echo(f"{folder}: {len(listed_files(manifest))} files are as the manifest says  {manifest['digest']}")
