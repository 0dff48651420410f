"""fastText models behind a small interface: loaded once, asked in batches, safe under numpy 2.

`fasttext` 0.9.3's own `predict` copies its result with `numpy.array(..., copy=False)`, which numpy 2 refuses. The
compiled object beneath it, `model.f`, has `multilinePredict`, which answers a whole batch in one call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class WordValues:
    """What is known of a sequence of words, an entry for each."""

    margins: npt.NDArray[np.float64]  # summed over the word's features; exact multiples of 2**-20
    features: npt.NDArray[np.float64]  # how many features the model knows of it
    lengths: npt.NDArray[np.int64]  # characters, at most `WordTable.MAX_LENGTH`
    listed: npt.NDArray[np.bool_]  # whether it is one of the listed words


class WordTable:
    """The decision of a two-label fastText model, taken apart into words, each looked up once.

    fastText averages the vectors of all features of a line (its words, their character n-grams, the end of the line)
    and multiplies the average by one row a label. Both steps are linear, so a word's part of the decision never
    changes: a table of words gives the same answer as `predict` in a fraction of its time, without the rounding
    that differs between builds of the library. `fold` maps a word to its form in the model ("" for none); `listed`
    holds folded words to be told.

    Raises:
        UsageError: the model lacks the label, has not two labels, another loss than softmax, word n-grams (whose
            features belong to no single word), or a quantised output matrix.
    """

    MAX_WORDS = 200_000  # in the table; it starts anew beyond
    MAX_LENGTH = 240  # characters of a word that count
    _CHUNK = 100_000  # words looked up at once: bounds the table on text that never repeats a word

    def __init__(
        self, model: FastTextModel, label: str, fold: Callable[[str], str] = str, listed: Container[str] = ()
    ) -> None:
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
        self._fold, self._listed = fold, listed
        self._features: dict[int, float] = {}
        self._index = _Index(self._add)
        self._values: list[tuple[float, int, int, bool]] = []
        self._known = np.zeros((0, 4))  # the same as an array, as far as it was needed
        end = self._native.getWordId(_END_OF_LINE)
        self._end_margin, self._end_features = (self._feature(end), 1) if end >= 0 else (0.0, 0)

    def look_up(self, words: Sequence[str]) -> WordValues:
        """The values of `words`, in their order."""
        parts = [self._look_up(words[start : start + self._CHUNK]) for start in range(0, len(words), self._CHUNK)]
        table = np.concatenate(parts) if parts else np.zeros((0, 4))
        return WordValues(table[:, 0], table[:, 1], table[:, 2].astype(np.int64), table[:, 3] > 0)

    def margins(self, values: WordValues, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """float64[len(starts)]: log-odds of the label for lines that begin at the words `starts`.

        Every line has a word, and the first line begins at the first word. Minus infinity for a line without a
        word that folds to anything.
        """
        if not len(starts):
            return np.zeros(0)
        features = np.add.reduceat(values.features, starts)
        sums = np.add.reduceat(values.margins, starts)
        margins = (sums + self._end_margin) / np.maximum(features + self._end_features, 1.0)
        return np.where(features > 0, margins, -np.inf)

    def _look_up(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        if len(self._values) > self.MAX_WORDS:
            self._index.clear()
            self._values.clear()
            self._known = np.zeros((0, 4))
        rows = np.fromiter(map(self._index.__getitem__, words), dtype=np.int64, count=len(words))
        if len(self._known) < len(self._values):
            new = np.array(self._values[len(self._known) :], dtype=np.float64)
            self._known = np.concatenate([self._known, new])
        return self._known[rows]

    def _add(self, word: str) -> int:
        folded = self._fold(word[: self.MAX_LENGTH])
        ids = self._native.getSubwords(folded, "replace")[1] if folded else ()
        margin = sum(self._feature(i) for i in ids)
        self._values.append((margin, len(ids), min(len(word), self.MAX_LENGTH), folded in self._listed))
        return len(self._values) - 1

    def _feature(self, i: int) -> float:
        margin = self._features.get(i)
        if margin is None:
            self._native.getInputVector(self._row, i)
            exact = float(np.array(self._row, dtype=np.float64) @ self._direction)
            margin = self._features[i] = round(exact * _FIXED_POINT) / _FIXED_POINT
        return margin


class _Index(dict[str, int]):
    """Words of usual length with their row in the table; longer ones get a new row each time."""

    MAX_KEY = 40

    def __init__(self, add: Callable[[str], int]) -> None:
        super().__init__()
        self._add = add

    def __missing__(self, word: str) -> int:
        row = self._add(word)
        if len(word) <= self.MAX_KEY:
            self[word] = row
        return row


def _one_line(text: str) -> str:
    """`text` as fastText wants it: valid UTF-8, ended by the only line break."""
    if "\n" in text:
        text = text.replace("\n", " ")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text + "\n"


def _bare(label: str) -> str:
    return label.removeprefix(LABEL_PREFIX)
