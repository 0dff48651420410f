"""The toxicity model as numbers, and how the windows of a text are scored with it.

fastText averages the vectors of a window's features (words, their character n-grams, pairs of neighbouring words, the
end of the line) and multiplies the average by one row a label. Both steps are linear, so each feature has a fixed part
in the log-odds of each label against `clean`. These parts, as multiples of 2**-20 whose sums are exact in any order,
are all that is kept; compiled code adds them up in one pass over the text.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curation import toxicity_kernel as kernel
from curation.language.model_file import SubwordModel, read_subword_model
from manifests.errors import UsageError

CLEAN, ABUSE, HATE, SEXUAL = "clean", "abuse", "hate", "sexual"
CATEGORIES = (ABUSE, HATE, SEXUAL)
"""The kinds of toxic text, in the order in which their log-odds are kept."""

_FIXED_POINT = 1 << 20
_END = b"</s>"  # fastText's word for the end of a line


@dataclass(frozen=True)
class Windows:
    """The windows of some texts, in order."""

    line: npt.NDArray[np.int64]  # number of the line, counted through all texts; blank lines have no window
    characters: npt.NDArray[np.int64]  # of the words in it
    score: npt.NDArray[np.float64]  # in [0, 1]
    kinds: npt.NDArray[np.float64]  # [windows, CATEGORIES]: what the score is made of; their sum is the score


class LinearToxicity:
    """A model that `curation.training.toxicity` made, with its calibration in the `.json` beside it.

    Raises:
        UsageError: a file is missing, or is not what that script writes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        calibration = Path(path).with_suffix(".json")
        try:
            values = json.loads(calibration.read_text(encoding="utf-8"))
            self.slope, self.offset = float(values["slope"]), float(values["offset"])
            self.handicap = float(
                values["hate_handicap"]
            )  # taken from the log-odds of hate: groups are often just named
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{calibration}: the calibration written beside the model is missing or broken: {error}"
            ) from error
        model = read_subword_model(path, word_ngrams=2)
        if set(model.labels) != {CLEAN, *CATEGORIES}:
            raise UsageError(
                f"{os.fspath(path)}: its labels are {', '.join(model.labels)}, not {', '.join((CLEAN, *CATEGORIES))}"
            )
        self._numbers = _numbers(model)

    def windows(self, text: bytes) -> Windows:
        """The windows of a text that `normalised` made, every line on its own."""
        buffer = np.frombuffer(text + b"\n", np.uint8)  # there is no array over an empty buffer
        line, characters, features, sums = kernel.windows(buffer, len(text), *self._numbers)
        odds = sums / (_FIXED_POINT * np.maximum(features, 1)[:, None])
        odds[:, CATEGORIES.index(HATE)] -= self.handicap
        total = np.logaddexp.reduce(odds, axis=1)  # the log-odds of any category against `clean`
        with np.errstate(over="ignore"):
            score = 1.0 / (1.0 + np.exp(-(self.slope * total + self.offset)))
        score = np.where(features > 0, score, 0.0)
        return Windows(line, characters, score, score[:, None] * np.exp(odds - total[:, None]))


def _numbers(model: SubwordModel) -> tuple[Any, ...]:
    """What the compiled loops read of a model, and the table of words that they write."""
    order = [model.labels.index(name) for name in CATEGORIES]
    directions = model.output[:, order].astype(np.float64) - model.output[:, [model.labels.index(CLEAN)]]
    parts = np.rint(model.input.astype(np.float64) @ directions * _FIXED_POINT).astype(np.int64)
    starts = np.cumsum([0, *map(len, model.words)], dtype=np.int64)
    characters = np.frombuffer(b"".join(model.words) + b"\0", np.uint8)
    table = np.full(1 << (2 * len(model.words)).bit_length(), -1, np.int32)
    kernel.fill_table(table, characters, starts)
    end_word = model.words.index(_END) if _END in model.words else -1
    ngrams = np.array([model.minn, model.maxn], np.int64)
    return (
        np.ascontiguousarray(parts.clip(-(2**31), 2**31 - 1), np.int32),
        model.buckets, ngrams, kernel.hash_of(np.frombuffer(_END, np.uint8)), end_word, table, characters, starts,
        np.zeros((kernel.CACHE, 3), np.uint64), np.zeros((kernel.CACHE, parts.shape[1] + 2), np.int64),
    )  # fmt: skip
