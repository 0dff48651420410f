"""How toxic a text is: a fastText model that ships, for lines and documents, and lists of words.

    >>> from curation import toxicity
    >>> toxicity.score("You are an idiot.")             # in [0, 1]
    >>> toxicity.score_lines("Hello.\\nYou are an idiot.")  # [LineScore(start=0, end=6, score=...), ...]

*Line*: what stands between line breaks. Its score is the highest of its windows, even pieces of about `WINDOW`
characters at most that end at a word.
*Document*: the mean score of its most toxic tenth (by characters, at least `MIN_TAIL` of them, or all of a shorter
text). One insult in a long page raises it little, a page whose tenth part is abuse scores high, and a single comment
scores like its line.
*Kinds*: abuse, hate and sexual content, each measured as the document is; `kinds` of the result.
*Words*: how many listed words and phrases stand in the text (`curation.word_lists`), by the list of its language, a
second signal that needs no model.

The shipped model knows English; text in other languages scores low by construction, as it was learnt as neutral. There
the lists do the work. The model's figures and sources are in `models/toxicity.md`; `curation.training.toxicity` makes
it. Other models take its place: see `curation.toxicity_backends`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.toxicity_backends import SHIPPED, Backend, load_backend
from curation.toxicity_kernel import WINDOW, tail_means
from curation.toxicity_model import CATEGORIES
from curation.word_lists import WordLists, shipped_lists

__all__ = [
    "CATEGORIES", "DOCUMENT_THRESHOLD", "LINE_THRESHOLD", "MODEL_PATH", "WINDOW", "LineScore", "Toxicity",
    "ToxicityModel", "scan", "scan_batch", "score", "score_lines", "wordlist_hits",
]  # fmt: skip

MODEL_PATH = SHIPPED

DOCUMENT_THRESHOLD = 0.5
"""What it finds and what it raises falsely stands in `models/toxicity.md`."""
LINE_THRESHOLD = 0.9
"""Higher than a document's: lines are short and less sure; 0.4 % of those of ordinary web documents score as much."""

TAIL_SHARE, MIN_TAIL = 0.1, 200
"""A document's score is the mean over this share of its characters, but over at least so many."""


@dataclass(frozen=True, slots=True)
class LineScore:
    """The score in [0, 1] of the line `text[start:end]` (without its line break)."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Toxicity:
    """One text measured: its score in [0, 1], its lines at or above the floor, its listed words and its kinds."""

    score: float
    lines: tuple[LineScore, ...]
    words: int
    kinds: tuple[float, ...] = ()
    """In [0, 1], in the order of `CATEGORIES`; empty for a model that knows none."""


class ToxicityModel:
    """Scores texts in batches with a model (None: the one that ships; else as `load_backend` takes it).

    `words` names a file or folder of words that are counted beside the shipped lists, see `curation.word_lists`.

    Raises:
        UsageError: a file is missing, or is not what it should be.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        words: str | os.PathLike[str] | None = None,
        label: str | None = None,
    ) -> None:
        self._backend: Backend = load_backend(model, label)
        self.lists = shipped_lists() if words is None else WordLists(words)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of toxic text that the model tells apart."""
        return self._backend.kinds

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32[len(texts)]: the document score of each text; 0 for texts without a letter."""
        return np.array([result.score for result in self._measure(texts, floor=2.0)], dtype=np.float32)

    def score_lines(self, text: str) -> list[LineScore]:
        """The score of each line that is not blank, in order, with its offsets in characters."""
        return list(self._measure([text], floor=0.0)[0].lines)

    def scan(self, text: str, floor: float = LINE_THRESHOLD, language: str | None = None) -> Toxicity:
        """`scan_batch` of one text."""
        return self.scan_batch([text], floor, [language])[0]

    def scan_batch(
        self, texts: Sequence[str], floor: float = LINE_THRESHOLD, languages: Sequence[str | None] | None = None
    ) -> list[Toxicity]:
        """Everything measured on each text in one pass; `lines` holds those that score at least `floor`.

        `languages` are the texts' ISO codes and choose the list of words; without them it is the English one. Time
        grows linearly with the characters of the texts; no content raises. Scores have four places.
        """
        words = self.lists.count(texts, [None] * len(texts) if languages is None else languages)
        return self._measure(texts, floor, words)

    def wordlist_hits(self, text: str, language: str | None = None) -> int:
        """How many listed words and phrases stand in the text, each occurrence counted."""
        return self.lists.count([text], [language])[0]

    def _measure(self, texts: Sequence[str], floor: float, words: Sequence[int] | None = None) -> list[Toxicity]:
        first_lines = np.cumsum([0, *(text.count("\n") + 1 for text in texts)])
        found = self._backend.windows(texts)
        line_scores = np.zeros(int(first_lines[-1]))
        np.maximum.at(line_scores, found.line, found.score)
        line_scores = line_scores.round(4)
        bounds = np.searchsorted(found.line, first_lines)
        values = np.concatenate((found.score[:, None], found.kinds), axis=1)
        means = tail_means(values, found.characters, bounds, TAIL_SHARE, MIN_TAIL).round(4).tolist()
        results = []
        for i, text in enumerate(texts):
            lines = _line_scores(text, line_scores[first_lines[i] : first_lines[i + 1]], floor)
            tail, *kinds = means[i]
            results.append(Toxicity(tail, lines, 0 if words is None else words[i], tuple(kinds)))
        return results


def score(text: str) -> float:
    """The document score of one text by the shipped model, in [0, 1]; 0 for a text without a letter."""
    return float(_default()._measure([text], floor=2.0)[0].score)


def score_lines(text: str) -> list[LineScore]:
    """By the shipped model, the place and score in [0, 1] of each line of a text that is not blank, in order."""
    return _default().score_lines(text)


def wordlist_hits(text: str, language: str | None = None) -> int:
    """How many words and phrases of the text are on the shipped list of its language (None: English)."""
    return _default().wordlist_hits(text, language)


def scan(text: str, language: str | None = None) -> Toxicity:
    """Score, lines above `LINE_THRESHOLD` and listed words of one text by the shipped model."""
    return _default().scan(text, language=language)


def scan_batch(texts: Sequence[str]) -> list[Toxicity]:
    """`scan` of many texts, which is several times faster than one by one."""
    return _default().scan_batch(texts)


@functools.cache
def _default() -> ToxicityModel:
    return ToxicityModel()


def _line_scores(text: str, scores: npt.NDArray[np.float64], floor: float) -> tuple[LineScore, ...]:
    """The non-blank lines of `text` at or above `floor`, given the score of every line."""
    if not (scores >= floor).any():
        return ()
    results = []
    start = 0
    for line, value in zip(text.split("\n"), scores.tolist(), strict=True):
        if value >= floor and line.strip():
            results.append(LineScore(start, start + len(line.removesuffix("\r")), value))
        start += len(line) + 1
    return tuple(results)
