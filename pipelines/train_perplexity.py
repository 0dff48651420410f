"""`winnow train-perplexity`: an n-gram language model of reference text, its figures, cutoffs and manifest."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from curation.quality_models.cutoffs import HEAD, TAIL, cutoff_table
from curation.quality_models.model_files import MODEL_NAME, PIECES_NAMES
from curation.quality_models.ngram_model import save_table
from curation.quality_models.perplexity import (
    PIECES,
    WHITESPACE,
    WORDS,
    Split,
    load_pieces,
    split_words,
)
from curation.training.perplexity import Evaluation, Settings, draw, evaluate, train
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.models import write_model_manifest
from pipelines.model_folder import DocumentSet, check_free, model_folder

STAGE = "language-model"
CUTOFFS_NAME = "cutoff.csv"


@dataclass(frozen=True)
class Trained:
    """A trained language model: its manifest as written, and its figures."""

    manifest: dict[str, Any]
    evaluation: Evaluation
    path: str


def train_perplexity(
    reference: Sequence[str],
    out: str,
    settings: Settings,
    *,
    tokens: str = WORDS,
    crawl: Sequence[str] = (),
    language: str | None = None,
    text_field: str = "text",
    whole_files: bool = False,
) -> Trained:
    """Train a model of `reference` and write it with its manifest to `out`.

    `tokens` is `words`, `whitespace`, or the path of a SentencePiece model or a tokenizer.json. With documents of
    `crawl` in `language`, cutoffs are written as CCNet makes them: percentiles of the crawl's perplexities.

    Raises:
        UsageError: a set is missing, empty or unreadable, `out` holds something else, or `tokens` is unknown.
    """
    check_free(out, STAGE)
    if crawl and language is None:
        raise UsageError("--crawl gives cutoffs, which belong to a language; name it by --language, such as en")
    cut, pieces = _tokens(tokens)
    good = DocumentSet.find("reference", reference, text_field, whole_files)
    bad = DocumentSet.find("crawl", crawl, text_field, whole_files) if crawl else None
    sets = [good] if bad is None else [good, bad]
    parents = [parent for one in sets for parent in one.parents()]
    documents = draw(good.read(), "reference", settings)
    crawled = draw(bad.read(), "crawl", settings) if bad is not None else None
    table = train(documents, cut, settings)
    about = {**table.about, "tokens_are": PIECES if pieces else tokens}
    evaluation = evaluate(table, cut, documents, crawled, settings)
    with model_folder(out, STAGE) as folder:
        save_table(dataclasses.replace(table, about=about), str(folder / MODEL_NAME))
        if pieces:
            shutil.copyfile(pieces, folder / PIECES_NAMES[pieces.endswith(".json")])
        if evaluation.crawl is not None and language is not None:
            percentiles = np.percentile(evaluation.crawl, range(100)).tolist()
            (folder / CUTOFFS_NAME).write_text(cutoff_table({language: percentiles}), encoding="utf-8")
        manifest = write_model_manifest(
            str(folder),
            name=out.rstrip("/").rpartition("/")[2],
            stage=STAGE,
            recipe={
                **settings.model_dump(mode="json"), "tokens": digest_file(pieces)[0] if pieces else tokens,
                "language": language, "text_field": text_field, "whole_files": whole_files,
            },
            inputs=[row for one in sets for row in one.inputs(out)],
            parents=parents,
            metrics={"model": about, **evaluation.metrics()},
        )  # fmt: skip
    return Trained(manifest, evaluation, out)


def print_trained(trained: Trained, console: Console) -> None:
    """The figures in short."""
    metrics = trained.manifest["metrics"]
    model = metrics["model"]
    counted = ", ".join(f"{count:,}" for count in model["ngrams"])
    console.print(
        f"{model['tokens']:,} tokens in {model['sentences']:,} sentences; n-grams of 1, 2, ... words: {counted}",
        highlight=False,
    )
    for name, title in (("held_out_reference", "held-out reference"), ("crawl", "crawl")):
        if name in metrics:
            row = metrics[name]
            console.print(
                f"perplexity of {title} ({row['documents']:,} documents): median {row['p50']:,}, 10 % below "
                f"{row['p10']:,}, 90 % below {row['p90']:,}",
                highlight=False,
            )
    cutoffs = trained.evaluation.cutoffs()
    if cutoffs is not None:
        console.print(
            f"cutoffs (percentiles {HEAD} and {TAIL} of the crawl): {cutoffs[0]:,} and {cutoffs[1]:,}", highlight=False
        )
    console.print(f"{trained.path}: use it as quality.perplexity  [dim]{trained.manifest['digest'][:16]}[/dim]")


def _tokens(tokens: str) -> tuple[Split, str | None]:
    if tokens == WORDS:
        return split_words, None
    if tokens == WHITESPACE:
        return str.split, None
    if not os.path.isfile(tokens):
        raise UsageError(
            f"--tokens {tokens}: expected {WORDS}, {WHITESPACE}, or the path of a SentencePiece model or tokenizer.json"
        )
    return load_pieces(tokens), tokens
