"""Training of n-gram language models of reference text, and what their perplexities are on held-out documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from curation.quality_models.ccnet_text import normalise
from curation.quality_models.cutoffs import HEAD, TAIL
from curation.quality_models.documents import Document, Drawn, Sample, text_key
from curation.quality_models.kneser_ney import estimate, read_corpus
from curation.quality_models.ngram_model import NGramModel, NGramTable
from curation.quality_models.perplexity import PerplexityModel, Split
from curation.training.quality_classifier import split
from manifests.config import Config
from manifests.errors import UsageError

_BATCH = 256


class Settings(Config):
    """How a language model is trained."""

    order: int = Field(default=5, ge=2, le=6, description="words of its longest n-grams")
    max_documents: int = Field(default=200_000, ge=2, description="of each set, at most")
    max_tokens: int = Field(default=50_000_000, ge=1, description="learning stops after the document that passes this")
    held_out: float = Field(default=0.1, gt=0, le=0.5, description="share of reference documents to measure on")
    seed: int = Field(default=1, ge=0, lt=1 << 63)


@dataclass(frozen=True)
class Evaluation:
    """Perplexities of documents: held-out reference text, and crawled text if there is any."""

    reference: NDArray[np.float64]
    crawl: NDArray[np.float64] | None

    def metrics(self) -> dict[str, Any]:
        """Plain JSON values for a manifest."""
        found = {"held_out_reference": _summary(self.reference)}
        return found if self.crawl is None else {**found, "crawl": _summary(self.crawl)}

    def cutoffs(self) -> tuple[float, float] | None:
        """Where CCNet's head ends and its tail begins, by the crawl; None without one."""
        if self.crawl is None:
            return None
        head, tail = np.percentile(self.crawl, (HEAD, TAIL))
        return round(float(head), 1), round(float(tail), 1)


def draw(documents: Iterator[Document], role: str, settings: Settings) -> list[Drawn]:
    """Distinct documents of a set, drawn by hash.

    Raises:
        UsageError: fewer than two.
    """
    sample = Sample(settings.max_documents, settings.seed)
    for document in documents:
        sample.add(document, text_key(document.text, settings.seed))
    if len(drawn := sample.drawn()) < 2:
        raise UsageError(f"the {role} set has {len(drawn)} different documents; a language model needs more")
    return drawn


def train(documents: Sequence[Drawn], tokens: Split, settings: Settings) -> NGramTable:
    """A model of the documents that are not held out."""
    learnt = split(documents, settings.held_out)[0]
    return estimate(read_corpus(_sentences(learnt, tokens, settings.max_tokens)), settings.order)


def _sentences(documents: Sequence[Drawn], tokens: Split, limit: int) -> Iterator[list[str]]:
    count = 0
    for document in documents:
        if count > limit:
            return
        text = document.text.encode("utf-8", "replace").decode("utf-8")
        for sentence in map(tokens, map(normalise, text.split("\n"))):
            if sentence:
                count += len(sentence)
                yield sentence


def evaluate(
    table: NGramTable, tokens: Split, documents: Sequence[Drawn], crawl: Sequence[Drawn] | None, settings: Settings
) -> Evaluation:
    """Perplexities of the held-out reference documents and of the crawled ones."""
    model = PerplexityModel(NGramModel(table), tokens, whole=False)

    def measured(drawn: Sequence[Drawn]) -> NDArray[np.float64]:
        starts = range(0, len(drawn), _BATCH)
        return np.concatenate([model.score([row.text for row in drawn[i : i + _BATCH]]) for i in starts])

    held_out = split(documents, settings.held_out)[1]
    return Evaluation(measured(held_out), None if crawl is None else measured(crawl))


def _summary(values: NDArray[np.float64]) -> dict[str, Any]:
    quantiles = {f"p{p}": round(float(np.percentile(values, p)), 1) for p in (10, 30, 50, 60, 90)}
    return {"documents": len(values), **quantiles}
