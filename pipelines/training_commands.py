"""The commands that train models of quality: `winnow train-classifier` and `winnow train-perplexity`.

Importing this module is quick; what a command needs is loaded when it runs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from manifests.errors import UsageError


class Preset(StrEnum):
    """Published recipes for a quality classifier."""

    dclm = "dclm"
    redpajama1 = "redpajama1"
    gpt3 = "gpt3"


Reference = Annotated[
    list[str],
    typer.Option(
        "--reference", help="Good documents: text (one a line), JSON Lines, Parquet, a folder, a build. Repeatable."
    ),
]
Out = Annotated[str, typer.Option("--out", "-o", help="Folder for the model and its manifest.")]
HeldOut = Annotated[float, typer.Option(help="Share of the documents that is not learnt but measured.")]
Seed = Annotated[int, typer.Option(min=0, help="Which documents are drawn and which are held out.")]
MaxDocuments = Annotated[int, typer.Option(min=2, help="Documents of each set, at most.")]
TextField = Annotated[str, typer.Option(help="Key or column of the text in JSON Lines and Parquet.")]
WholeFiles = Annotated[bool, typer.Option("--whole-files", help="A text file is one document, not one a line.")]


def train_classifier(
    reference: Reference,
    crawl: Annotated[
        list[str], typer.Option("--crawl", help="Documents as the crawl has them, in the same forms. Repeatable.")
    ],
    out: Out,
    preset: Annotated[Preset, typer.Option(help="Published recipe that gives the defaults.")] = Preset.dclm,
    held_out: HeldOut = 0.1,
    seed: Seed = 1,
    max_documents: MaxDocuments = 200_000,
    word_ngrams: Annotated[int | None, typer.Option(help="Words of the longest n-grams.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the documents.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    dim: Annotated[int | None, typer.Option(help="Size of a word's vector.")] = None,
    min_count: Annotated[int | None, typer.Option(help="Rarer words are left out.")] = None,
    bucket: Annotated[
        int | None, typer.Option(help="Slots for n-grams. A model takes dim x bucket x 4 bytes; fastText has 2000000.")
    ] = None,
    min_characters: Annotated[int | None, typer.Option(help="Shorter reference documents are left out.")] = None,
    quantise: Annotated[bool, typer.Option("--quantise", help="Store a small .ftz instead of a .bin.")] = False,
    text_field: TextField = "text",
    whole_files: WholeFiles = False,
) -> None:
    """Train a fastText model that tells reference text from crawled text, and measure it on held-out documents."""
    from curation.training.quality_classifier import PRESETS, Settings
    from pipelines.commands import wide_console
    from pipelines.train_classifier import print_trained
    from pipelines.train_classifier import train_classifier as run

    given = {
        "word_ngrams": word_ngrams, "epochs": epochs, "lr": lr, "dim": dim, "min_count": min_count, "bucket": bucket,
        "min_reference_characters": min_characters,
    }  # fmt: skip
    changed = {name: value for name, value in given.items() if value is not None}
    chosen = {"held_out": held_out, "seed": seed, "max_documents": max_documents, "quantise": quantise}
    settings = _checked(Settings, {**PRESETS[preset.value], **chosen, **changed})
    trained = run(reference, crawl, out, settings, preset=preset.value, text_field=text_field, whole_files=whole_files)
    print_trained(trained, wide_console())


def train_perplexity(
    reference: Reference,
    out: Out,
    crawl: Annotated[
        list[str] | None, typer.Option("--crawl", help="Crawled documents, to make cutoffs of. Repeatable.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the documents, for the cutoffs.")] = None,
    order: Annotated[int, typer.Option(help="Words of the longest n-grams.")] = 5,
    tokens: Annotated[
        str, typer.Option(help="words, whitespace, or the path of a SentencePiece model or tokenizer.json.")
    ] = "words",
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens to learn from, at most.")] = 50_000_000,
    held_out: HeldOut = 0.1,
    seed: Seed = 1,
    max_documents: MaxDocuments = 200_000,
    text_field: TextField = "text",
    whole_files: WholeFiles = False,
) -> None:
    """Train an n-gram language model of reference text, under which crawled text has a perplexity."""
    from curation.training.perplexity import Settings
    from pipelines.commands import wide_console
    from pipelines.train_perplexity import print_trained
    from pipelines.train_perplexity import train_perplexity as run

    chosen = {"order": order, "max_tokens": max_tokens, "held_out": held_out, "seed": seed}
    settings = _checked(Settings, {**chosen, "max_documents": max_documents})
    trained = run(
        reference, out, settings, tokens=tokens, crawl=crawl or (), language=language, text_field=text_field,
        whole_files=whole_files,
    )  # fmt: skip
    print_trained(trained, wide_console())


def _checked(model: Any, values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-").replace("min-reference-characters", "min-characters")
        raise UsageError(f"--{option}: {first['msg'].lower()}, not {first['input']}") from None
