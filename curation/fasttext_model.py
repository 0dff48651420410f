"""fastText models behind a small interface: loaded once, asked in batches, safe under numpy 2.

`fasttext` 0.9.3's own `predict` copies its result with `numpy.array(..., copy=False)`, which numpy 2 refuses. The
compiled object beneath it, `model.f`, has `multilinePredict`, which answers a whole batch in one call.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import fasttext
import numpy as np
import numpy.typing as npt

from manifests.errors import UsageError

LABEL_PREFIX = "__label__"
_END_OF_LINE = "</s>"
_FIXED_POINT = 1 << 20  # margins are multiples of 2**-20: their sums are exact, in any order and any batch


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


class WordMargins:
    """The decision of a two-label fastText model, computed word by word with every word looked up once.

    fastText averages the vectors of all features of a line (its words, their character n-grams, the end of the line)
    and multiplies the average by one row a label. Both steps are linear, so a word's part of the decision never
    changes: a cache of words gives the same answer as `predict` at a tenth of its time, and without the rounding
    that differs between builds of the library.

    Raises:
        UsageError: the model lacks the label, has not two labels, another loss than softmax, word n-grams (whose
            features belong to no single word), or a quantised output matrix.
    """

    MAX_CACHED = 200_000

    def __init__(self, model: FastTextModel, label: str) -> None:
        arguments = model.native.getArgs()
        if label not in model.labels or len(model.labels) != 2:
            raise UsageError(f"{model.path}: expected two labels, one of them `{label}`; found {model.labels[:10]}")
        if arguments.wordNgrams != 1 or arguments.loss.name != "softmax":
            raise UsageError(f"{model.path}: only models trained with softmax and `wordNgrams` of 1 can be used here")
        try:
            output = np.array(model.native.getOutputMatrix(), dtype=np.float64)
        except RuntimeError as error:
            raise UsageError(f"{model.path}: its output matrix is quantised; quantise without `qout`") from error
        positive = model.labels.index(label)
        self._direction = output[positive] - output[1 - positive]
        self._native: Any = model.native
        self._row = fasttext.FastText.fasttext.Vector(arguments.dim)
        self._features: dict[int, float] = {}
        self._words = _Words(self)
        end = self._native.getWordId(_END_OF_LINE)
        self._end = complex(self._feature(end), 1) if end >= 0 else 0j

    def margins(self, lines: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
        """float64[len(lines)]: log-odds of the label for each line, given as its words; 0 where nothing is known."""
        if len(self._words) > self.MAX_CACHED:
            self._words.clear()
        lengths = np.fromiter((len(line) for line in lines), dtype=np.int64, count=len(lines))
        total = int(lengths.sum())
        parts = np.fromiter((self._words[word] for line in lines for word in line), dtype=np.complex128, count=total)
        cumulated = np.concatenate(([0j], np.cumsum(parts)))
        ends = np.cumsum(lengths)
        sums = cumulated[ends] - cumulated[ends - lengths] + self._end
        return np.asarray(sums.real / np.maximum(sums.imag, 1.0))

    def word(self, word: str) -> complex:
        """The summed margin of a word's features as the real part, their number as the imaginary part."""
        ids = self._native.getSubwords(word, "replace")[1]
        return complex(sum(self._feature(i) for i in ids), len(ids))

    def _feature(self, i: int) -> float:
        margin = self._features.get(i)
        if margin is None:
            self._native.getInputVector(self._row, i)
            exact = float(np.array(self._row, dtype=np.float64) @ self._direction)
            margin = self._features[i] = round(exact * _FIXED_POINT) / _FIXED_POINT
        return margin


class _Words(dict[str, complex]):
    """Words seen so far with what `WordMargins.word` says of them."""

    def __init__(self, owner: WordMargins) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, word: str) -> complex:
        value = self[word] = self._owner.word(word)
        return value


def _one_line(text: str) -> str:
    """`text` as fastText wants it: valid UTF-8, ended by the only line break."""
    if "\n" in text:
        text = text.replace("\n", " ")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text + "\n"


def _bare(label: str) -> str:
    return label.removeprefix(LABEL_PREFIX)
