"""How toxic an English text is: a fastText model that ships, for lines and documents, and a list of words.

*Line*: what stands between line breaks. Its score is the highest of its windows, even pieces of about `WINDOW`
characters at most that end at a word.
*Document*: the mean score of its most toxic tenth (by characters, at least `MIN_TAIL` of them, or all of a shorter
text). One insult in a long page raises it little, a page whose tenth part is abuse scores high, and a single comment
scores like its line.
*Words*: how many words of the text stand in `models/toxic_words_en.txt` (and in a list of the user's), a second
signal that needs no model.

Text in other languages scores low by construction: it was learnt as neutral. The model's figures and sources are in
`models/toxicity.md`; `curation.training.toxicity` makes it.
"""

from __future__ import annotations

import functools
import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.fasttext_model import FastTextModel, WordTable
from manifests.errors import UsageError

MODELS = Path(__file__).parent / "models"
MODEL_PATH = MODELS / "toxicity.ftz"
WORDS_PATH = MODELS / "toxic_words_en.txt"
LABEL = "toxic"

DOCUMENT_THRESHOLD = 0.5
"""Finds half of the toxic Wikipedia talk comments (2.3 % of the others) and passes 99.2 % of ordinary web documents,
99.8 % of their paragraphs and 99.9 % of paragraphs of novels and of an encyclopedia; see `models/toxicity.md`."""
LINE_THRESHOLD = 0.7
"""0.3 % of the lines of ordinary web documents score as much: lines are short and less sure than documents."""

WINDOW = 240
"""Characters of the pieces that are scored, about the length the model learnt."""
TAIL_SHARE, MIN_TAIL = 0.1, 200
"""A document's score is the mean over this share of its characters, but over at least so many."""

_URL = re.compile(r"(?:https?://|www\.)\S+|@\w+")
_STYLED = re.compile("[\uff21-\uff5a\U0001d400-\U0001d7ff]")  # full-width and mathematical letters
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
_STAND_INS = str.maketrans("013457@$", "oieastas")
_REPEATED = re.compile(r"(.)\1\1+")
_KEPT = "*@$\n"  # beside letters and digits: what stands in for letters inside words
_SEPARATORS = bytes(code for code in range(128) if not chr(code).isalnum() and chr(code) not in _KEPT)
_TO_SPACES = bytes.maketrans(_SEPARATORS, b" " * len(_SEPARATORS))


@dataclass(frozen=True, slots=True)
class LineScore:
    """The score in [0, 1] of the line `text[start:end]` (without its line break)."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Toxicity:
    """One text measured: its score in [0, 1], its lines at or above the floor, and its listed words."""

    score: float
    lines: tuple[LineScore, ...]
    words: int


class ToxicityModel:
    """Scores texts in batches with a model that `curation.training.toxicity` made (None: the one that ships).

    `words` names a file with one word a line that are counted beside the shipped list; `#` begins a comment.

    Raises:
        UsageError: a file is missing, or is not what it should be.
    """

    def __init__(
        self, model: str | os.PathLike[str] | None = None, words: str | os.PathLike[str] | None = None
    ) -> None:
        path = Path(MODEL_PATH if model is None else model)
        self._slope, self._offset = _read_calibration(path.with_suffix(".json"))
        listed = read_words(WORDS_PATH) | (read_words(words) if words is not None else frozenset())
        self._table = WordTable(FastTextModel(path), LABEL, fold, listed)

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32[len(texts)]: the document score of each text; 0 for texts without a letter."""
        return np.array([result.score for result in self.scan_batch(texts, floor=2.0)], dtype=np.float32)

    def score_lines(self, text: str) -> list[LineScore]:
        """The score of each line that is not blank, in order, with its offsets in characters."""
        return list(self.scan_batch([text], floor=0.0)[0].lines)

    def scan(self, text: str, floor: float = LINE_THRESHOLD) -> Toxicity:
        """`scan_batch` of one text."""
        return self.scan_batch([text], floor)[0]

    def scan_batch(self, texts: Sequence[str], floor: float = LINE_THRESHOLD) -> list[Toxicity]:
        """Everything measured on each text in one pass; `lines` holds those that score at least `floor`.

        Time grows linearly with the characters of the texts; no content raises. Scores have four places.
        """
        words: list[str] = []
        line_sizes: list[int] = []  # words of every line of the batch
        first_lines = [0]  # the first line of every text, and the end
        for text in texts:
            for line in normalise(text).split("\n"):
                line_words = line.split()
                words += line_words
                line_sizes.append(len(line_words))
            first_lines.append(len(line_sizes))
        sizes = np.array(line_sizes, dtype=np.int64)
        values = self._table.look_up(words)
        starts, line_of = window_starts(values.lengths, sizes)
        with np.errstate(over="ignore"):  # minus infinity, a window of numbers, scores 0
            scores = 1.0 / (1.0 + np.exp(-(self._slope * self._table.margins(values, starts) + self._offset)))
        characters = np.add.reduceat(values.lengths, starts) if len(starts) else np.zeros(0, dtype=np.int64)

        line_scores = np.zeros(len(sizes))
        np.maximum.at(line_scores, line_of, scores)
        line_scores = line_scores.round(4)
        listed = np.concatenate(([0], np.cumsum(values.listed)))[np.concatenate(([0], np.cumsum(sizes)))]
        bounds = np.searchsorted(line_of, first_lines)
        results = []
        for i, text in enumerate(texts):
            first, last = first_lines[i], first_lines[i + 1]
            own = slice(bounds[i], bounds[i + 1])
            lines = _line_scores(text, line_scores[first:last], floor)
            results.append(Toxicity(_tail_mean(scores[own], characters[own]), lines, int(listed[last] - listed[first])))
        return results

    def wordlist_hits(self, text: str) -> int:
        """How many words of the text are on the list, each occurrence counted."""
        return int(self._table.look_up(normalise(text).split()).listed.sum())


def window_starts(
    word_lengths: npt.NDArray[np.int64], line_sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Cut lines into even windows of about at most `WINDOW` characters, at words.

    Takes the length of every word and the number of words of every line; gives the first word of each window and
    the line it belongs to. Empty lines have no window.
    """
    line_of_word = np.repeat(np.arange(len(line_sizes)), line_sizes)
    if not len(line_of_word):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    ends = np.cumsum(word_lengths + 1)
    first_words = np.cumsum(line_sizes) - line_sizes
    line_begins = np.concatenate(([0], ends))[first_words]
    line_lengths = np.concatenate(([0], ends))[first_words + line_sizes] - line_begins
    pieces = -(-line_lengths // WINDOW)
    offsets = ends - word_lengths - 1 - line_begins[line_of_word]
    piece = offsets * pieces[line_of_word] // line_lengths[line_of_word]
    begins = np.ones(len(piece), dtype=np.bool_)
    begins[1:] = (piece[1:] != piece[:-1]) | (line_of_word[1:] != line_of_word[:-1])
    starts = np.flatnonzero(begins)
    return starts, line_of_word[starts]


def normalise(text: str) -> str:
    """Text in lower case without addresses and ASCII punctuation, line by line; its words still want `fold`.

    Keeps every `\\n` and adds none, so that lines can be told by their number. Other scripts pass unchanged.
    """
    if "://" in text or "www." in text or "@" in text:
        text = _URL.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if _STYLED.search(text):
            text = unicodedata.normalize("NFKC", text)
    return text.lower().encode("utf-8", "replace").translate(_TO_SPACES).decode("utf-8")


def fold(word: str) -> str:
    """A word of `normalise` as it is learnt and looked up: `b1tch`, `fuuuck` and `*word*` lose their disguise.

    Digits and signs between letters become the letters they stand for, all others go; three or more equal letters
    become one; stars stay inside words. Empty for numbers.
    """
    if not word.isalpha():
        word = word.strip("*@$0123456789")
        inner = word.translate(_STAND_INS)
        word = "".join(c for c in inner if c.isalpha() or c == "*" or ord(c) > 127)
    return _REPEATED.sub(r"\1", word)


def read_words(path: str | os.PathLike[str]) -> frozenset[str]:
    """The words of a list file, one a line, lower-cased; empty lines and `#` comments are skipped.

    Raises:
        UsageError: unreadable file, or a line of several words (only single words are looked for).
    """
    words = set()
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a UTF-8 list of words: {error}") from error
    for number, line in enumerate(lines, 1):
        word = line.split("#")[0].strip().lower()
        if not word:
            continue
        if normalise(word).split() != [word] or not fold(word):
            raise UsageError(f"{path}:{number}: `{word}` is not one word of letters; the list holds single words")
        words.add(fold(word))
    return frozenset(words)


def score(text: str) -> float:
    """The document score of one text by the shipped model."""
    return _default().scan(text, floor=2.0).score


def score_lines(text: str) -> list[LineScore]:
    """The scores of the lines of one text by the shipped model."""
    return _default().score_lines(text)


def wordlist_hits(text: str) -> int:
    """How many words of the text are on the shipped list."""
    return _default().wordlist_hits(text)


def scan(text: str) -> Toxicity:
    """Score, lines above `LINE_THRESHOLD` and listed words of one text by the shipped model."""
    return _default().scan(text)


def scan_batch(texts: Sequence[str]) -> list[Toxicity]:
    """`scan` of many texts, which is several times faster than one by one."""
    return _default().scan_batch(texts)


@functools.cache
def _default() -> ToxicityModel:
    return ToxicityModel()


def _tail_mean(scores: npt.NDArray[np.float64], lengths: npt.NDArray[np.int64]) -> float:
    """The mean score of the most toxic share of the characters."""
    if not len(scores):
        return 0.0
    if len(scores) == 1:
        return round(float(scores[0]), 4)
    order = np.argsort(-scores, kind="stable")
    total = float(lengths.sum())
    tail = min(total, max(MIN_TAIL, TAIL_SHARE * total))
    before = np.concatenate(([0.0], np.cumsum(lengths[order])[:-1]))
    weights = np.clip(tail - before, 0.0, lengths[order])
    return round(float((weights * scores[order]).sum() / tail), 4)


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


def _read_calibration(path: Path) -> tuple[float, float]:
    """Slope and offset of the logistic that turns the model's log-odds into a score."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return float(values["slope"]), float(values["offset"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: the calibration written beside the model is missing or broken: {error}") from error
