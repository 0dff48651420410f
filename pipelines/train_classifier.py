"""`winnow train-classifier`: a quality model from two sets of documents, its figures, and its manifest."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from curation.quality_models.classifier import QualityClassifier
from curation.training.quality_classifier import Evaluation, Sets, Settings, draw, evaluate, train
from manifests.models import write_model_manifest
from pipelines.model_folder import DocumentSet, check_free, model_folder

STAGE = "quality-classifier"
NARROW = 0.2
"""Scores of a model that has learnt enough lie further apart."""
MODEL, QUANTISED = "model.bin", "model.ftz"


@dataclass(frozen=True)
class Trained:
    """A trained classifier: its manifest as written, its figures, and what it learnt from."""

    manifest: dict[str, Any]
    evaluation: Evaluation
    sets: Sets
    path: str


def train_classifier(
    reference: Sequence[str],
    crawl: Sequence[str],
    out: str,
    settings: Settings,
    *,
    preset: str,
    text_field: str = "text",
    whole_files: bool = False,
) -> Trained:
    """Train a classifier of `reference` against `crawl` and write it with its manifest to `out`.

    Raises:
        UsageError: a set is missing, empty or unreadable, or `out` holds something else.
        JobError: the training failed.
    """
    check_free(out, STAGE)
    good = DocumentSet.find("reference", reference, text_field, whole_files)
    bad = DocumentSet.find("crawl", crawl, text_field, whole_files)
    parents = [*good.parents(), *bad.parents()]
    sets = draw(good.read(), bad.read(), settings)
    name = QUANTISED if settings.quantise else MODEL
    with model_folder(out, STAGE) as folder:
        train(sets, settings, folder / name)
        evaluation = evaluate(QualityClassifier(folder / name, settings.labels[0]), sets, settings.held_out)
        manifest = write_model_manifest(
            str(folder),
            name=out.rstrip("/").rpartition("/")[2],
            stage=STAGE,
            recipe={
                "preset": preset, **settings.model_dump(mode="json"), "text_field": text_field,
                "whole_files": whole_files, "fasttext": importlib.metadata.version("fasttext"),
            },
            inputs=[*good.inputs(out), *bad.inputs(out)],
            parents=parents,
            metrics={"sets": sets.counts, **evaluation.metrics()},
        )  # fmt: skip
    return Trained(manifest, evaluation, sets, f"{out.rstrip('/')}/{name}")


def print_trained(trained: Trained, console: Console) -> None:
    """The figures as tables."""
    figures, counts = trained.evaluation, trained.sets.counts
    for name, row in counts.items():
        rest = ", ".join(f"{value:,} {key}" for key, value in row.items() if key != "documents" and value)
        console.print(f"{name:<10} {row['documents']:,} documents: {rest}", highlight=False)
    half = figures.at_half
    console.print(
        f"held out   {figures.documents:,} documents: AUC {figures.auc:.4f}; at 0.5 precision {half.precision:.3f}, "
        f"recall {half.kept_reference:.3f}, F1 {half.f1:.3f}; calibration error {figures.calibration_error:.3f}",
        highlight=False,
    )
    _print_rows(
        console,
        "What a threshold keeps",
        ("score from", "of crawl", "of reference", "precision"),
        [(f"{r.threshold:.4f}", f"{r.kept_crawl:.1%}", f"{r.kept_reference:.1%}", f"{r.precision:.3f}")
         for r in figures.thresholds],
    )  # fmt: skip
    _print_rows(
        console,
        "What a score means",
        ("score", "documents", "mean score", "are reference"),
        [(f"{r.low:.1f}-{r.high:.1f}", f"{r.documents:,}", f"{r.mean_score:.3f}", f"{r.reference:.3f}")
         for r in figures.reliability],
    )  # fmt: skip
    low, high = figures.spread
    if high - low < NARROW:
        console.print(
            f"Most scores lie between {low:.3f} and {high:.3f}: published thresholds do not fit, take one from the "
            "first table. More documents or --epochs spread them.",
            highlight=False,
        )
    if figures.confusions:
        console.print("Most wrong")
    for wrong in figures.confusions:
        console.print(
            f"  {wrong.truth} at {wrong.score:.3f}, {wrong.place}: {wrong.excerpt}", highlight=False, markup=False
        )
    console.print(f"{trained.path}: use it as quality.classifier  [dim]{trained.manifest['digest'][:16]}[/dim]")


def _print_rows(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
