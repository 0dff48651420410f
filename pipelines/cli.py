"""The `winnow` command. Each subcommand imports what it needs when it runs, so `winnow --help` is quick."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from finetune import commands as tuning
from manifests.errors import WinnowError
from pipelines import training_commands

app = typer.Typer(
    name="winnow",
    help="From raw crawl to chat assistant, with every document and every model accounted for.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipes_app = typer.Typer(help="Recipes that ship.", no_args_is_help=True)
manifest_app = typer.Typer(help="Look at manifests and check builds against them.", no_args_is_help=True)
app.add_typer(recipes_app, name="recipes")
app.add_typer(manifest_app, name="manifest")

Out = Annotated[str, typer.Option("--out", "-o", help="Output folder or URL.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a key of the recipe: key.path=value. Repeatable.")
]
Json = Annotated[str | None, typer.Option("--json", help="Write all of it as JSON to this file too; - prints that.")]
BuildFolder = Annotated[str, typer.Argument(metavar="OUT", help="Folder of a finished build.")]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def curate(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(help="Path of a recipe, or the name of one that ships.")],
    out: Out = "out",
    overrides: Set = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Local processes; 0 is one for each core. Other runners scale themselves.")
    ] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Turn crawl archives and repositories into shards, manifest and report.

    Any Beam option may follow, for example --runner DataflowRunner --project P --region R --temp_location gs://B/T.
    """
    from pipelines.commands import run_curate

    run_curate(recipe, out, tuple(overrides or ()), workers, tuple(context.args), quiet=quiet)


@app.command()
def report(out: BuildFolder) -> None:
    """Write OUT/report.html again."""
    from pipelines.report import write_report

    write_report(out)
    typer.echo(f"{out}/report.html")


@app.command()
def explain(
    out: BuildFolder,
    uri: Annotated[str | None, typer.Option(help="URI of the page or file.")] = None,
    identity: Annotated[str | None, typer.Option("--id", help="Id of the document.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Rule sets to ask, as a,b,c; by default all whose signals are stored.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Say why a document is in or out: values, thresholds, every rule set's verdict, its lines, its nearest copy."""
    from pipelines.explain import explain as find
    from pipelines.explain import print_explanation

    names = [name.strip() for name in rules.split(",") if name.strip()] if rules is not None else None
    print_explanation(find(out, uri=uri, id=identity, rules=names), as_json=as_json)


@app.command("tune-rules")
def tune_rules(
    out: BuildFolder,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="A threshold to try: quality.gopher.min_words=80. Repeatable.")
    ] = None,
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Documents to show of those gained, and lost.")] = 5,
    top: Annotated[int, typer.Option(min=1, help="Rows of each table.")] = 20,
    json_path: Json = None,
) -> None:
    """Show what other thresholds would change in a build, from its stored numbers; nothing of OUT is written."""
    from pipelines.commands import run_tune_rules

    run_tune_rules(out, tuple(overrides or ()), samples=samples, top=top, json_path=json_path)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="OUT_A", help="Folder of a finished build.")],
    after: Annotated[str, typer.Argument(metavar="OUT_B", help="Folder of another one.")],
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Documents to show of each kind.")] = 5,
    top: Annotated[int, typer.Option(min=1, help="Rows of each table.")] = 20,
    json_path: Json = None,
) -> None:
    """Compare two builds: documents in both and in one only, and why; changed texts, recipes, funnels."""
    from pipelines.commands import run_compare

    run_compare(before, after, samples=samples, top=top, json_path=json_path)


@app.command()
def audit(
    out: BuildFolder,
    method: Annotated[
        str, typer.Option(help="exhaustive, or presidio (needs `pip install 'winnow[audit]'`).")
    ] = "exhaustive",
    sample: Annotated[int, typer.Option(min=0, help="Documents to look at, chosen by their ids; 0 is all.")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed chooses other documents and samples.")] = 0,
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Findings of each type to show.")] = 5,
    types: Annotated[str | None, typer.Option(help="Look for these only, as EMAIL,PHONE_NUMBER.")] = None,
    model: Annotated[
        str | None, typer.Option(help="An installed spaCy model, with which presidio looks for names too.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print values as they are, not masked.")] = False,
    folder: Annotated[
        str | None, typer.Option("--out", "-o", help="Write audit.json and audit.html to this folder or URL.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")] = False,
) -> None:
    """Look at a build's shards again with a second, slower method: what personal data slipped through?

    What is found is a report, not a verdict: exit code 0. A shard that cannot be read is named, and makes it 1.
    """
    from pipelines.audit import AuditOptions
    from pipelines.audit_view import run_audit

    names = tuple(name.strip() for name in (types or "").split(",") if name.strip())
    run_audit(out, AuditOptions(method, model, sample, samples, seed, names, show), folder, quiet=quiet)


@recipes_app.command("list")
def recipes_list() -> None:
    """Names of the recipes that ship, with what each is for."""
    from pipelines.commands import run_recipes_list

    run_recipes_list()


@recipes_app.command("show")
def recipes_show(
    name: Annotated[str, typer.Argument(help="Name of a recipe that ships, or a path.")],
    overrides: Set = None,
) -> None:
    """Print a complete, commented recipe: every key, its value, and what it means."""
    from pipelines.commands import run_recipes_show

    run_recipes_show(name, tuple(overrides or ()))


@manifest_app.command("show")
def manifest_show(folder: Annotated[str, typer.Argument(help="A build or a model.")]) -> None:
    """Print what a manifest says, in short."""
    from pipelines.commands import run_manifest_show

    run_manifest_show(folder)


@manifest_app.command("lineage")
def manifest_lineage(folder: Annotated[str, typer.Argument(help="A build or a model.")]) -> None:
    """Print what a build or model was made from: earlier releases, data, base models, with their digests."""
    from pipelines.commands import run_manifest_lineage

    run_manifest_lineage(folder)


@manifest_app.command("verify")
def manifest_verify(folder: Annotated[str, typer.Argument(help="A build or a model.")]) -> None:
    """Read every file again and compare it with the manifest. Exit code 1 when something differs."""
    from pipelines.commands import run_manifest_verify

    run_manifest_verify(folder)


@app.command()
def demo(
    out: Out = "demo",
    quick: Annotated[bool, typer.Option("--quick", help="Curation only, without the tuning stages.")] = False,
) -> None:
    """Run the whole chain on a generated sample: shards, manifest, report, base model, chat assistant."""
    from pipelines.demo.driver import run_demo

    run_demo(out, tuning=not quick)


@app.command()
def ablate(
    targets: Annotated[
        list[str], typer.Argument(metavar="BUILD...", help="Two or more: folders of finished builds, or recipes.")
    ],
    config: Annotated[
        str, typer.Option("--config", "-c", metavar="CONFIG", help="YAML file, or a name: ablate_toy, ablate_gpu.")
    ] = "ablate_toy",
    out: Annotated[str, typer.Option("--out", "-o", help="Output folder.")] = "ablation",
    held_out: Annotated[
        list[str] | None,
        typer.Option("--held-out", metavar="NAME=PATH", help="Evaluate on this too: JSONL, Parquet, text or a build."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value of CONFIG; repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Local processes that build recipes; 0 is one a core.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Train the same small model on each build, for several seeds, and compare held-out loss."""
    from pipelines.ablate import run_ablate

    run_ablate(targets, config, out, tuple(held_out or ()), tuple(overrides or ()), workers, quiet=quiet)


app.command()(training_commands.train_classifier)
app.command()(training_commands.train_perplexity)

for command in (tuning.pretrain, tuning.sft, tuning.reward, tuning.rlhf, tuning.chat):
    app.command()(command)


INTERRUPTED = 130
"""The exit code that typer makes of Ctrl-C, without a word."""


def main() -> None:
    """Entry point: known errors become one message and their exit code."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        app()
    except WinnowError as error:
        typer.secho(f"winnow: {error}", err=True, fg=typer.colors.RED if sys.stderr.isatty() else None)
        sys.exit(error.exit_code)
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            typer.secho(
                "winnow: interrupted; run the same command again to go on from the last finished piece", err=True
            )
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
