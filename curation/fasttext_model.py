"""fastText models behind a small interface: loaded once, asked in batches, safe under numpy 2.

`fasttext` 0.9.3's own `predict` copies its result with `numpy.array(..., copy=False)`, which numpy 2 refuses. The
compiled object beneath it, `model.f`, has `multilinePredict`, which answers a whole batch in one call.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import fasttext

from manifests.errors import UsageError

LABEL_PREFIX = "__label__"


class FastTextModel:
    """A supervised fastText model (`.bin` or quantised `.ftz`) read from a local file.

    Pickles as its path, so that a worker process loads its own copy.

    Raises:
        UsageError: the file is missing, is no fastText model, or holds no labels (an unsupervised model).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise UsageError(f"{self.path}: no such file; `model` takes the path of a supervised fastText model")
        try:
            self.native: Any = fasttext.FastText._FastText(model_path=self.path).f
            labels = self.native.getLabels("strict")[0]
        except (ValueError, RuntimeError, MemoryError) as error:
            raise UsageError(f"{self.path}: not a supervised fastText model: {error}") from error
        self.labels: tuple[str, ...] = tuple(_bare(label) for label in labels)

    def __reduce__(self) -> tuple[type[FastTextModel], tuple[str]]:
        return type(self), (self.path,)

    def predict(self, texts: Sequence[str], k: int) -> list[list[tuple[str, float]]]:
        """The `k` most probable labels (without `__label__`) of each text, best first, with their probabilities.

        A text is one line: line breaks and NUL count as spaces, lone surrogates as `?`. A text in which the model
        knows nothing may get an empty list.
        """
        if not texts:
            return []
        labels, probabilities = self.native.multilinePredict([_one_line(text) for text in texts], k, 0.0, "replace")
        return [
            # The library adds a small constant before it takes logarithms, and so reports a little more than 1.
            [(_bare(name), min(1.0, float(value))) for name, value in zip(names, values, strict=True)]
            for names, values in zip(labels, probabilities, strict=True)
        ]


def _one_line(text: str) -> str:
    """`text` as fastText wants it: valid UTF-8, ended by the only line break."""
    if "\n" in text:
        text = text.replace("\n", " ")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text + "\n"


def _bare(label: str) -> str:
    return label.removeprefix(LABEL_PREFIX)
