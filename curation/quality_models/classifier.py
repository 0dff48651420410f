"""The score of a fastText quality model: how probable it is that a document comes from the model's reference text.

Models of `winnow train-classifier`, of RedPajama-1 (labels `wiki` and `cc`) and of DCLM (`hq` and `cc`) are
recognised by their labels; of any other model, name the label that stands for good text.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curation.fasttext_model import FastTextModel
from curation.quality_models.linear import LinearScorer
from manifests.errors import UsageError

LABELS = (("hq", "cc"), ("wiki", "cc"), ("reference", "crawl"))
"""The label of reference text and that of crawled text: DCLM's, RedPajama-1's, and plain ones."""

_DIGITS = 6  # sums of floats differ between builds of the library beyond


class QualityClassifier:
    """A fastText model of two or more labels, read from a `.bin` or `.ftz` file; pickles as its path.

    Raises:
        UsageError: no such model, or it is not clear which of its labels stands for good text.
    """

    def __init__(self, path: str | os.PathLike[str], label: str | None = None) -> None:
        model = FastTextModel(path)
        labels = model.labels
        self.label = label.removeprefix("__label__") if label else _reference_label(model.path, labels)
        if self.label not in labels:
            raise UsageError(f"{model.path}: no label `{self.label}`; it has {', '.join(labels[:10])}")
        self._path = path
        self._scorer: LinearScorer | _Predicting = (
            LinearScorer(model, self.label) if LinearScorer.suits(model) else _Predicting(model, self.label)
        )

    def __reduce__(self) -> tuple[type[QualityClassifier], tuple[str | os.PathLike[str], str]]:
        return type(self), (self._path, self.label)

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """float64[len(texts)]: the probability, 0 to 1, of the reference label; NaN where the model knows nothing.

        Time grows linearly with the texts, and no text raises.
        """
        return np.round(self._scorer.score([one_line(text) for text in texts]), _DIGITS)


class _Predicting:
    """Asks the library itself: for models with more labels, other losses, or letters of words as features."""

    def __init__(self, model: FastTextModel, label: str) -> None:
        self._model, self._label = model, label

    def score(self, lines: Sequence[str]) -> NDArray[np.float64]:
        found = np.full(len(lines), np.nan)
        for place, answer in enumerate(self._model.predict(lines, len(self._model.labels))):
            if answer:
                found[place] = dict(answer).get(self._label, 0.0)
        return found


def one_line(text: str) -> str:
    """A document as these models see it: `" ".join(text.strip().splitlines())`, as RedPajama-1 and DCLM have it.

    fastText's own words in a text are broken up, so that no page can end its line early or carry a label.
    """
    line = " ".join(text.strip().splitlines())
    if "</s>" in line or "__label__" in line:
        line = line.replace("</s>", " ").replace("__label__", " ")
    return line


def _reference_label(path: str, labels: tuple[str, ...]) -> str:
    for good, other in LABELS:
        if set(labels) == {good, other}:
            return good
    listed = ", ".join(labels[:10])
    raise UsageError(f"{path}: which label is good text? Its labels are {listed}; name one as `classifier_label`")
