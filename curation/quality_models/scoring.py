"""The models that a recipe names, loaded, and the columns that they write beside documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curation.quality.scores import CLASSIFIER, PERPLEXITY
from curation.quality_models.classifier import QualityClassifier
from curation.quality_models.perplexity import Perplexity


class Models(Protocol):
    """What a recipe says of them (`quality` of a recipe)."""

    @property
    def classifier(self) -> str | None:
        """Path of a fastText model."""

    @property
    def classifier_label(self) -> str | None:
        """Its label of good text, where that is not plain."""

    @property
    def perplexity(self) -> str | None:
        """Path of a language model, or of a folder of them."""


class Scoring:
    """Scores texts by every model that is named.

    Raises:
        UsageError: a model cannot be loaded.
    """

    def __init__(self, models: Models) -> None:
        self._perplexity = None if models.perplexity is None else Perplexity(models.perplexity)
        self._classifier = (
            None if models.classifier is None else QualityClassifier(models.classifier, models.classifier_label)
        )
        given = {PERPLEXITY: self._perplexity, CLASSIFIER: self._classifier}
        self.names: tuple[str, ...] = tuple(name for name, model in given.items() if model is not None)
        """The columns, in their order."""

    def measure(self, texts: Sequence[str], languages: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """float64[len(texts)] for each column; NaN where a model says nothing of a text."""
        found: dict[str, NDArray[np.float64]] = {}
        if self._perplexity is not None:
            found[PERPLEXITY] = self._perplexity.score(texts, languages)
        if self._classifier is not None:
            found[CLASSIFIER] = self._classifier.score(texts)
        return found
