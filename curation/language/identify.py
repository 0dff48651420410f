"""The language of texts and of their paragraphs; see `curation.language` for the rules."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curation.fasttext_model import FastTextModel
from curation.language.codes import UNDETERMINED, code_and_script
from curation.language.mixture import Mixture, mixture
from curation.language.model_file import read_subword_model
from curation.language.scripts import (
    CODE_CLASS,
    LANGUAGES,
    LANGUAGES_OF,
    MAX_WORD,
    MODEL_LANGUAGES,
    NAMES,
    class_table,
)

if TYPE_CHECKING:
    from curation.language.pieces import Facts, Pieces

MODEL_PATH = Path(__file__).parents[1] / "models" / "language.ftz"

WINDOWS, WINDOW = 6, 200
"""A long text is read in this many windows of this many characters, evenly spaced from its start to its end."""
MIN_LETTERS = 10
"""Texts with fewer letters are `und`; a letter of Han, Kana or Hangul counts as three."""
MIN_LETTER_SHARE = 0.5
"""Texts whose visible characters are letters to a smaller share are `und` (tables, numbers, markup)."""
MAX_CODE_SHARE, FREE_CODE_MARKS = 0.06, 3
"""Texts with more of `CODE_MARKS` among their visible characters, the first few aside, are `und` (code, markup)."""
MAX_CODE_LINES = 0.2
"""Texts of which a larger share of visible characters stands in lines that look like code are `und`: short ones that
end in `;`, `{` or `}`, and lines with two or more code marks that are over a tenth of the line."""
PARAGRAPH_LETTERS = 100
"""Lines are put together until they have so many letters, weighed as above: short ones tell too little."""
FOREIGN_SCORE, MAIN_SCORE = 0.9, 0.05
"""A paragraph is in another language than its document if that has the first score at least and the document's own has
less than the second."""
PARAGRAPH_WORDS = 30
"""Words that are looked up of every run of sixty: they tell its language as surely, in half the time."""

_URL = re.compile(r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,64}")
_ASCII_NON_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha() and chr(code) != "'")
_TO_SPACES = bytes.maketrans(_ASCII_NON_LETTERS, b" " * len(_ASCII_NON_LETTERS))
_OTHERS_CHARACTERS = 800  # of a paragraph that another model reads

_SCRIPT_NAMES = (*NAMES, None)

Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Language:
    """A language and how sure it is.

    `code` is ISO 639-1 where one exists, else 639-3, `und` for none; `score` is in [0, 1]; `script` is the ISO 15924
    code of the letters' script (`Jpan` for Japanese), None for `und` and unknown ones.
    """

    code: str
    score: float
    script: str | None = None


_UND = Language(UNDETERMINED, 0.0)


class LanguageIdentifier:
    """Identifies the language of texts, in batches, and the languages of their paragraphs.

    `model` is the path of any supervised fastText language model whose labels are `__label__en`,
    `__label__eng` or `__label__eng_Latn` (lid.176, OpenLID, GlotLID). Such a model sees the text as it is and decides
    alone; only the first rule, of what is no text, comes before it. None takes the model that ships. A model made by
    `curation.training.language` is known by its labels and is used as the shipped one is.

    Raises:
        UsageError: the file is missing or is no such model.
    """

    def __init__(self, model: str | os.PathLike[str] | None = None) -> None:
        from curation.language.pieces import PieceReader  # numba costs what only reads a recipe half a second

        self._path = None if model is None else os.fspath(model)
        self._other: FastTextModel | None = None
        if model is not None:
            other = FastTextModel(model)
            if frozenset(other.labels) != MODEL_LANGUAGES | {UNDETERMINED}:
                self._other = other
        # Beside another model, the shipped one only counts characters.
        own = read_subword_model(MODEL_PATH if model is None or self._other is not None else model)
        self._reader = PieceReader(own, class_table())
        self._labels = own.labels
        self._allowed = np.array([[label in (*of, UNDETERMINED) for label in own.labels] for of in LANGUAGES_OF])
        self._codes = [*sorted(LANGUAGES), UNDETERMINED]
        self._und = len(self._codes) - 1
        only = [self._codes.index(of[0]) if len(of) == 1 else -1 for of in LANGUAGES_OF]
        self._only = np.array([*only, self._und])  # the language of each script that has one, -1 for those with more
        self._code_of = np.array([self._codes.index(label) for label in own.labels])
        self._label = {label: place for place, label in enumerate(own.labels)}

    def __reduce__(self) -> tuple[type[LanguageIdentifier], tuple[str | None]]:
        return type(self), (self._path,)

    def identify(self, texts: Sequence[str]) -> list[Language]:
        """The language of each text; reads at most `WINDOWS * WINDOW` characters of each. Never raises on content.

        Scores are rounded to four places, since other models' answers differ in the last bits between machines.
        """
        if not texts:
            return []
        samples = [sample(text) for text in texts]
        pieces = self._reader.joined([self._reader.read(text).summed() for text in samples])
        if self._other is not None:
            return self._judge_others(pieces, pieces.facts(), samples)
        codes, scores, scripts, _ = self._judge(pieces, pieces.facts())
        return [
            _UND if code == self._und else Language(self._codes[code], round(score, 4), _SCRIPT_NAMES[script])
            for code, score, script in zip(codes.tolist(), scores.tolist(), scripts.tolist(), strict=True)
        ]

    def mixtures(self, texts: Sequence[str], languages: Sequence[Language]) -> list[Mixture]:
        """The languages of each text's paragraphs; `languages` are those of the texts, by `identify`.

        A paragraph is a line, or several short ones. One that is not surely in another language than its text counts
        for the text's if that is likely, and is `und` otherwise. Reads all of each text. Never raises on content.
        """
        if not texts:
            return []
        read = [self._reader.read(text, PARAGRAPH_WORDS, PARAGRAPH_LETTERS) for text in texts]
        pieces = self._reader.joined(read)
        facts = pieces.facts()
        sizes = [len(own.first) for own in read]
        if self._other is None:
            codes = self._paragraphs(pieces, facts, languages, sizes)
        else:
            parts = [part for text, own in zip(texts, read, strict=True) for part in _piece_texts(text, own)]
            mains = [one.code for one, size in zip(languages, sizes, strict=True) for _ in range(size)]
            answers = self._judge_others(pieces, facts, parts)
            codes = [_paragraph(one, main) for one, main in zip(answers, mains, strict=True)]
        visible = facts.visible.tolist()
        found, at = [], 0
        for text, own, main in zip(texts, read, languages, strict=True):
            end = at + len(own.first)
            found.append(mixture(text, main.code, own.first, own.last, codes[at:end], visible[at:end]))
            at = end
        return found

    def _paragraphs(
        self, pieces: Pieces, facts: Facts, languages: Sequence[Language], sizes: Sequence[int]
    ) -> list[str]:
        """The language of each piece, by the shipped model and that of its text."""
        codes, scores, _, answers = self._judge(pieces, facts)
        mains = np.repeat([self._codes.index(one.code) for one in languages], sizes)
        labels = np.repeat([self._label.get(one.code, -1) for one in languages], sizes)
        main_scores = np.where(labels < 0, 0.0, answers[np.arange(len(labels)), labels])
        is_main = (codes == mains) | (main_scores >= MAIN_SCORE)
        is_main &= codes != self._und
        foreign = (facts.weighted >= PARAGRAPH_LETTERS) & (scores >= FOREIGN_SCORE)
        chosen = np.where(is_main, mains, np.where(foreign, codes, self._und))
        return [self._codes[code] for code in chosen.tolist()]

    def _judge(self, pieces: Pieces, facts: Facts) -> tuple[Integers, Doubles, Integers, Doubles]:
        """Of each of n pieces: language (an index of `_codes`), score, script, and the probability of each label."""
        scripts, shares = facts.script, facts.most / np.maximum(facts.letters, 1)
        codes = np.where(_is_undetermined(pieces, facts), self._und, self._only[scripts])
        answers = np.zeros((len(codes), len(self._labels)))
        asked = np.flatnonzero(codes < 0)
        if len(asked):
            found = self._reader.probabilities(pieces.sums[asked], pieces.features[asked])
            found *= self._allowed[scripts[asked]]
            found /= found.sum(axis=1, keepdims=True)
            answers[asked] = found
            codes[asked] = np.where(pieces.features[asked] > 0, self._code_of[found.argmax(axis=1)], self._und)
            shares[asked] *= found.max(axis=1)
        return codes, np.where(codes == self._und, 0.0, shares), scripts, answers

    def _judge_others(self, pieces: Pieces, facts: Facts, texts: Sequence[str]) -> list[Language]:
        """The language of each text by another model, but for what is no text."""
        assert self._other is not None, "only asked where there is one"
        asked = np.flatnonzero(~_is_undetermined(pieces, facts)).tolist()
        found = [_UND] * len(texts)
        for row, answer in zip(asked, self._other.predict([texts[row] for row in asked], 1), strict=True):
            if answer:
                code, script = code_and_script(answer[0][0])
                if code != UNDETERMINED:
                    found[row] = Language(code, round(answer[0][1], 4), script or _SCRIPT_NAMES[facts.script[row]])
        return found


def sample(text: str) -> str:
    """The part of a text that decides: all of a short one, else `WINDOWS` windows evenly spaced over it."""
    if len(text) <= WINDOWS * WINDOW:
        return text
    step = (len(text) - WINDOW) / (WINDOWS - 1)
    starts = (int(step * i) for i in range(WINDOWS))
    return " ".join(text[start : start + WINDOW] for start in starts)


def normalise(text: str) -> str:
    """Text as the shipped model reads it: lower case, no addresses, no ASCII digits or punctuation, single spaces.

    Words of more than `MAX_WORD` characters, which are data and not language, are left out.
    """
    if "://" in text or "www." in text or "@" in text:
        text = _URL.sub(" ", text)
    plain = text.lower().replace("’", "'").encode("utf-8", "replace").translate(_TO_SPACES)
    return " ".join(word for word in plain.decode("utf-8").split() if len(word) <= MAX_WORD)


def _is_undetermined(pieces: Pieces, facts: Facts) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (
        (facts.weighted < MIN_LETTERS)
        | (facts.letters < MIN_LETTER_SHARE * facts.visible)
        | (pieces.counts[:, CODE_CLASS] - FREE_CODE_MARKS > MAX_CODE_SHARE * facts.visible)
        | (pieces.code > MAX_CODE_LINES * facts.visible)
    )
    return found


def _paragraph(answer: Language, main: str) -> str:
    """Another model's answer for a paragraph, given its text's language."""
    return answer.code if answer.code == main or answer.score >= FOREIGN_SCORE else UNDETERMINED


def _piece_texts(text: str, pieces: Pieces) -> list[str]:
    """For each piece the beginning of its lines, which is what another model reads."""
    lines = text.split("\n")
    return [
        " ".join(lines[first : last + 1])[:_OTHERS_CHARACTERS]
        for first, last in zip(pieces.first.tolist(), pieces.last.tolist(), strict=True)
    ]
