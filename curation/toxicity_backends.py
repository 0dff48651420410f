"""Models that can score toxicity: the one that ships, other fastText models, and classifiers of transformers.

Each cuts the lines of a text into windows and scores those; `curation.toxicity` makes scores of lines and documents of
them. `load_backend` knows a model by its name:

- None: the shipped model, or the path of one that `curation.training.toxicity` made (its `.json` lies beside it);
- the path or URL of any other supervised fastText model, such as those trained on Jigsaw's comments for Dolma, with the
  probability of one of its labels as the score;
- `transformers:NAME`: a text classifier of transformers, by path or hub id, on a GPU where there is one.
"""

from __future__ import annotations

import abc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.fasttext_model import FastTextModel
from curation.language.model_source import local_model
from curation.toxicity_kernel import WINDOW
from curation.toxicity_model import CATEGORIES, CLEAN, LinearToxicity, Windows
from curation.toxicity_text import normalised
from manifests.errors import UsageError

SHIPPED = Path(__file__).parent / "models" / "toxicity.ftz"
TRANSFORMERS = "transformers:"

POSITIVE = (
    "toxic", "toxicity", "hate", "hateful", "hatespeech", "hate_speech", "nsfw", "obscene", "offensive", "abusive",
    "insult",
)  # fmt: skip
"""Labels that mean toxic where `label` names none; a model must have exactly one of them."""

LONG_WINDOW = 1000
"""Characters of the pieces that transformers get; more than the 512 tokens most of them take are cut off by them."""
_BATCH = 32


class Backend(abc.ABC):
    """Scores the windows of texts."""

    kinds: tuple[str, ...] = ()

    @abc.abstractmethod
    def windows(self, texts: Sequence[str]) -> Windows:
        """The windows of all texts; their `line` counts through the lines of all."""


class Linear(Backend):
    """A model of our own."""

    kinds = CATEGORIES

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._model = LinearToxicity(path)

    def windows(self, texts: Sequence[str]) -> Windows:
        """Windows of about 240 characters."""
        return self._model.windows(b"\n".join(map(normalised, texts)))


class _ByLine(Backend):
    """A model that is asked for a probability of whole pieces of text."""

    size = WINDOW

    def windows(self, texts: Sequence[str]) -> Windows:
        """Even pieces of each line of at most `size` characters or little more, cut at spaces where there are any."""
        pieces: list[str] = []
        lines: list[int] = []
        number = 0
        for text in texts:
            for line in text.split("\n"):
                cut = cut_evenly(line, self.size)
                pieces += cut
                lines += [number] * len(cut)
                number += 1
        characters = np.array([len(piece) for piece in pieces], np.int64)
        scores = self.probabilities(pieces) if pieces else np.zeros(0)
        return Windows(np.array(lines, np.int64), characters, scores, np.zeros((len(pieces), 0)))

    @abc.abstractmethod
    def probabilities(self, pieces: Sequence[str]) -> npt.NDArray[np.float64]:
        """The probability in [0, 1] that each piece is toxic."""


class FastTextLabel(_ByLine):
    """The probability of one label of a supervised fastText model.

    Raises:
        UsageError: it cannot be fetched or read, or has not the label, or none that is known to mean toxic.
    """

    def __init__(self, name: str, label: str | None) -> None:
        path = local_model(name, setting="toxicity.model")
        self._model = FastTextModel(path)
        if {CLEAN, *CATEGORIES} == set(self._model.labels):
            raise UsageError(f"{Path(name).with_suffix('.json')}: the calibration written beside the model is missing")
        self._label = chosen_label(name, self._model.labels, label)

    def probabilities(self, pieces: Sequence[str]) -> npt.NDArray[np.float64]:
        """Of the label, 0 where the model knows no word."""
        answers = self._model.predict(pieces, len(self._model.labels))
        return np.array([dict(answer).get(self._label, 0.0) for answer in answers])


class Transformer(_ByLine):
    """The probability of one label of a sequence classifier of transformers; torch is imported here only.

    Scores may differ in the last places between devices and between ways to batch; they are rounded to three.

    Raises:
        UsageError: the packages are missing, the model cannot be loaded, or `FastTextLabel`'s reasons about labels.
    """

    size = LONG_WINDOW

    def __init__(self, name: str, label: str | None) -> None:
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise UsageError(
                f"toxicity.model: {TRANSFORMERS}{name} needs `pip install 'winnow[tuning]'`: {error}"
            ) from error
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
            model: Any = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True)
        except (OSError, ValueError, ImportError) as error:
            raise UsageError(
                f"toxicity.model: transformers cannot load {name} as a text classifier: {error}"
            ) from error
        labels = [str(model.config.id2label[k]) for k in range(model.config.num_labels)]
        self._torch: Any = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.eval().to(self._device)
        self._column = 0 if len(labels) == 1 and label is None else labels.index(chosen_label(name, labels, label))
        self._separate = len(labels) == 1 or model.config.problem_type == "multi_label_classification"
        most = getattr(self._tokenizer, "model_max_length", 512)
        self._most = min(int(most), getattr(model.config, "max_position_embeddings", 512) or 512, 512)

    def probabilities(self, pieces: Sequence[str]) -> npt.NDArray[np.float64]:
        """Of the label: a sigmoid where a piece may have several labels, else its share of the softmax."""
        scores = np.zeros(len(pieces))
        order = sorted(range(len(pieces)), key=lambda i: (len(pieces[i]), i))  # little padding
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            batch = self._tokenizer(
                [pieces[i].encode("utf-8", "replace").decode() for i in rows],
                padding=True, truncation=True, max_length=self._most, return_tensors="pt",
            )  # fmt: skip
            with self._torch.inference_mode():
                logits = self._model(**{name: value.to(self._device) for name, value in batch.items()}).logits.double()
                found = logits.sigmoid() if self._separate else logits.softmax(-1)
            scores[rows] = found[:, self._column].cpu().numpy()
        return scores.round(3)


def load_backend(model: str | os.PathLike[str] | None = None, label: str | None = None) -> Backend:
    """The backend that a recipe's `toxicity.model` and `toxicity.label` name.

    Raises:
        UsageError: there is no such model, or it is not what its name says.
    """
    name = os.fspath(SHIPPED if model is None else model)
    if name.startswith(TRANSFORMERS):
        return Transformer(name.removeprefix(TRANSFORMERS), label)
    if model is None or Path(name).with_suffix(".json").is_file():
        if label is not None:
            raise UsageError(f"toxicity.label: {name} is a model of Winnow's own, of which no label is chosen")
        return Linear(name)
    return FastTextLabel(name, label)


def chosen_label(name: str, labels: Sequence[str], label: str | None) -> str:
    """The wanted label of a model, `__label__` or not, or the only one that is known to mean toxic."""
    if label is not None:
        wanted = label.removeprefix("__label__")
        if wanted in labels:
            return wanted
        raise UsageError(f"toxicity.label: {name} has no label `{wanted}`; its labels: {', '.join(labels)}")
    known = [one for one in labels if one.lower() in POSITIVE]
    if len(known) == 1:
        return known[0]
    raise UsageError(
        f"toxicity.model: which label of {name} means toxic? Set `toxicity.label` to one of: {', '.join(labels)}"
    )


def cut_evenly(line: str, size: int) -> list[str]:
    """Even pieces of a line of about at most `size` characters, cut before the next space; none of a blank line."""
    if not line.strip():
        return []
    count = -(-len(line) // size)
    pieces, start = [], 0
    for k in range(1, count + 1):
        end = len(line) * k // count
        if k < count:
            space = line.find(" ", end, end + size // 4)
            end = space if space >= 0 else end
        if line[start:end].strip():
            pieces.append(line[start:end].strip())
        start = max(start, end)
    return pieces
