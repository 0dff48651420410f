"""Training of quality models: two sets of documents in, a fastText model and its figures out.

The published recipes as presets:

`redpajama1`: `fasttext supervised` with its defaults on pages that Wikipedia cites, of 1,000 characters at least,
against as many of Common Crawl (RedPajama-Data, branch `rp_v1`, `data_prep/cc/classifier`). Keep from 0.25.
`dclm`: the same with word bigrams, on instructions and answers (OpenHermes 2.5, ELI5) against RefinedWeb, 200,000 of
each (`baselines/train_fasttext_classifier.py`, data names `bigram_200k`). Keep from 0.018112.
`gpt3`: GPT-3's classifier was a logistic regression over hashed words (not published); NeMo Curator's reproduction
trains fastText with word bigrams (`nemo_curator/scripts/train_fasttext.py`). Keep by score with Pareto noise.

Training runs in a fresh process of one thread: same documents, same settings, same library, same bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from curation.fasttext_model import LABEL_PREFIX
from curation.quality_models import figures
from curation.quality_models.classifier import QualityClassifier, one_line
from curation.quality_models.documents import Document, Drawn, Sample, text_key
from curation.training.fasttext_job import MODULE
from manifests.config import Config
from manifests.errors import JobError, UsageError

CONFUSIONS = 5
"""How many of the most wrongly scored held-out documents of each set are reported."""

_KEY_BITS = 32
_FRESH_BYTES = 64 << 20  # a matrix of this size lies in pages that are fresh from the system


class Settings(Config):
    """How a quality model is trained; the defaults are fastText's own."""

    labels: tuple[str, str] = Field(default=("hq", "cc"), description="of reference text and of crawled text")
    min_reference_characters: int = Field(default=0, ge=0, description="shorter reference documents are left out")
    max_documents: int = Field(default=200_000, ge=2, description="of each set, at most")
    held_out: float = Field(default=0.1, gt=0, le=0.5, description="share of documents that figures are made of")
    seed: int = Field(default=1, ge=0, lt=1 << 63)
    word_ngrams: int = Field(default=1, ge=1, le=5)
    lr: float = Field(default=0.1, gt=0, le=5)
    dim: int = Field(default=100, ge=1, le=1000)
    epochs: int = Field(default=5, ge=1, le=1000)
    min_count: int = Field(default=1, ge=1)
    bucket: int = Field(default=2_000_000, ge=1, le=100_000_000, description="slots for word n-grams")
    quantise: bool = Field(default=False, description="store a small `.ftz` with the 100,000 weightiest features")


Preset = Literal["dclm", "redpajama1", "gpt3"]
PRESETS: dict[str, dict[str, Any]] = {
    "dclm": {"word_ngrams": 2, "labels": ("hq", "cc")},
    "redpajama1": {"labels": ("wiki", "cc"), "min_reference_characters": 1000},
    "gpt3": {"word_ngrams": 2, "labels": ("hq", "cc")},
}


@dataclass(frozen=True)
class Sets:
    """The documents of both classes, equally many, and what was left out on the way."""

    reference: tuple[Drawn, ...]
    crawl: tuple[Drawn, ...]
    counts: dict[str, dict[str, int]]


def draw(reference: Iterator[Document], crawl: Iterator[Document], settings: Settings) -> Sets:
    """Sample both sets to the same size. A text that is in both counts as reference text.

    Raises:
        UsageError: one of the sets has fewer than two different documents.
    """
    good, bad = Sample(settings.max_documents, settings.seed), Sample(settings.max_documents, settings.seed)
    known: set[int] = set()
    short = shared = 0
    for document in reference:
        if len(document.text) < settings.min_reference_characters:
            short += 1
            continue
        key = text_key(document.text, settings.seed)
        known.add(key)
        good.add(document, key)
    for document in crawl:
        key = text_key(document.text, settings.seed)
        if key in known:
            shared += 1
        else:
            bad.add(document, key)
    drawn = {"reference": good.drawn(), "crawl": bad.drawn()}
    for name, left_out in (("reference", f"{short} shorter than {settings.min_reference_characters} characters"),
                           ("crawl", f"{shared} that are in the reference set too")):  # fmt: skip
        if len(drawn[name]) < 2:
            raise UsageError(
                f"the {name} set has {len(drawn[name])} different documents ({left_out}); a classifier needs both"
            )
    size = min(map(len, drawn.values()))
    counts = {
        "reference": {"documents": good.documents + short, "short": short, "repeated": good.repeated, "drawn": size},
        "crawl": {"documents": bad.documents + shared, "shared": shared, "repeated": bad.repeated, "drawn": size},
    }
    return Sets(tuple(drawn["reference"][:size]), tuple(drawn["crawl"][:size]), counts)


def split(documents: Sequence[Drawn], held_out: float) -> tuple[list[Drawn], list[Drawn]]:
    """Documents to learn from and documents to measure on, by hash; each gets at least one."""
    limit = held_out * (1 << _KEY_BITS)
    order = sorted(documents, key=lambda document: (document.key & ((1 << _KEY_BITS) - 1), document.key))
    size = sum(document.key & ((1 << _KEY_BITS) - 1) < limit for document in order)
    size = min(max(1, size), len(order) - 1)
    return order[size:], order[:size]


def train(sets: Sets, settings: Settings, out: Path) -> None:
    """Train on what is not held out and write the model to `out`.

    Raises:
        JobError: the library failed; with what it said.
    """
    rows = [
        (document.key, label, document.text)
        for label, documents in zip(settings.labels, (sets.reference, sets.crawl), strict=True)
        for document in split(documents, settings.held_out)[0]
    ]
    rows.sort(key=lambda row: (row[0] & ((1 << 64) - 1), row[1]))
    arguments = {
        "lr": settings.lr, "dim": settings.dim, "epoch": settings.epochs, "minCount": settings.min_count,
        "wordNgrams": settings.word_ngrams, "bucket": settings.bucket,
    }  # fmt: skip
    quantising = {"cutoff": 100_000, "qnorm": True, "retrain": True} if settings.quantise else None
    with tempfile.TemporaryDirectory() as folder:
        text, job = Path(folder) / "train.txt", Path(folder) / "job.json"
        with text.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
            for _, label, document in rows:
                stream.write(f"{LABEL_PREFIX}{label} {one_line(document)}\n")
        order = {"text": str(text), "out": str(out), "train": arguments, "quantise": quantising}
        job.write_text(json.dumps(order), encoding="utf-8")
        child = subprocess.run(
            [sys.executable, "-m", MODULE, str(job)],
            env=_environment(settings), capture_output=True, text=True, check=False, errors="replace",
        )  # fmt: skip
    if child.returncode or not out.is_file():
        said = child.stderr.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        raise JobError(f"fastText could not train: {said[0]}")


def _environment(settings: Settings) -> dict[str, str]:
    """What a child process needs to find this package, and to get memory that is zero (see `in_fresh_process`)."""
    root = str(Path(__file__).resolve().parents[2])
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
    slots = settings.bucket if settings.word_ngrams > 1 else 0
    if slots * settings.dim * 4 < _FRESH_BYTES:
        # A small matrix may lie in recycled memory. glibc then writes the complement of this byte over all it gives.
        found["MALLOC_PERTURB_"] = "255"
    return found


@dataclass(frozen=True)
class Confusion:
    """A held-out document that the model takes for one of the other set."""

    truth: str
    score: float
    place: str
    excerpt: str


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model on held-out documents."""

    documents: int
    auc: float
    at_half: figures.AtThreshold
    thresholds: tuple[figures.AtThreshold, ...]
    reliability: tuple[figures.Bin, ...]
    calibration_error: float
    spread: tuple[float, float]  # percentiles 5 and 95 of the scores
    confusions: tuple[Confusion, ...]

    def metrics(self) -> dict[str, Any]:
        """Plain JSON values for a manifest; of the confusions their places, not their texts."""
        confusions = [{"truth": c.truth, "score": c.score, "place": c.place} for c in self.confusions]
        return {
            "held_out_documents": self.documents, "auc": self.auc, "at_0.5": asdict(self.at_half),
            "thresholds": [asdict(row) for row in self.thresholds],
            "reliability": [asdict(row) for row in self.reliability],
            "expected_calibration_error": self.calibration_error, "score_spread": list(self.spread),
            "confusions": confusions,
        }  # fmt: skip


def evaluate(model: QualityClassifier, sets: Sets, held_out: float) -> Evaluation:
    """Measure a model on the held-out documents of both sets."""
    good, bad = split(sets.reference, held_out)[1], split(sets.crawl, held_out)[1]
    documents = [*good, *bad]
    scores = np.nan_to_num(model.score([document.text for document in documents]))
    truth = np.arange(len(documents)) < len(good)
    table = figures.reliability(scores, truth)
    return Evaluation(
        len(documents),
        figures.auc(scores, truth),
        figures.at_threshold(scores, truth, 0.5),
        tuple(figures.thresholds(scores, truth)),
        tuple(table),
        figures.calibration_error(table),
        (float(np.percentile(scores, 5)), float(np.percentile(scores, 95))),
        tuple(_confusions(documents, scores, truth)),
    )


def _confusions(
    documents: Sequence[Drawn], scores: NDArray[np.float64], truth: NDArray[np.bool_]
) -> Iterator[Confusion]:
    for name, members, sign in (("reference", truth, 1.0), ("crawl", ~truth, -1.0)):
        places = np.flatnonzero(members & ((scores < 0.5) if sign > 0 else (scores >= 0.5)))
        for i in places[np.argsort(sign * scores[places], kind="stable")][:CONFUSIONS]:
            excerpt = " ".join(documents[i].text[:300].split())[:100]
            yield Confusion(name, float(scores[i]), documents[i].place, excerpt)
