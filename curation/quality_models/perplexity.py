"""Perplexity of documents under language models of reference text, as CCNet counts it (`cc_net/perplexity.py`).

10 to the power of minus log10 of the document's probability per token, ends of sentences counted as tokens, to one
decimal. Models are KenLM's binary files (the package `kenlm`), ARPA files, and those of `winnow train-perplexity`.

With a SentencePiece model beside it, a model is used as cc_net's `mine.py` does: the whole document is one sentence,
and normalising has deleted its line breaks. Without, each line is a sentence, as in `DocLM` with `normalize=True`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.quality_models.arpa import read_arpa
from curation.quality_models.ccnet_text import normalise
from curation.quality_models.model_files import find_models, pieces_beside
from curation.quality_models.ngram_model import LanguageModel, NGramModel, load_table
from manifests.errors import UsageError

WORDS, WHITESPACE, PIECES = "words", "whitespace", "pieces"

_EXTRA = "; it comes with `pip install 'winnow[perplexity]'`"
_WORD = re.compile(r"\w+|[^\w\s]")
_KENLM_MAGIC = b"mmap lm http://kheafield.com/code"
_MOST = 300.0  # log10 of the greatest perplexity

Split = Callable[[str], list[str]]


def split_words(text: str) -> list[str]:
    """Runs of letters and digits, and every other visible character by itself."""
    return _WORD.findall(text)


def load_pieces(path: str | os.PathLike[str]) -> Split:
    """The function that cuts text into pieces of a SentencePiece model, or of a `tokenizer.json`.

    Raises:
        UsageError: it cannot be loaded, or the package `sentencepiece` is not installed.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise UsageError(f"{name}: no such file; expected a SentencePiece model or a tokenizer.json")
    if name.endswith(".json"):
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(name)
        except Exception as error:  # the library raises nothing more exact
            raise UsageError(f"{name}: not a tokenizer.json: {error}") from error
        return lambda text: list(tokenizer.encode(text, add_special_tokens=False).tokens)
    try:
        import sentencepiece
    except ImportError as error:
        raise UsageError(f"{name}: SentencePiece models need the package sentencepiece{_EXTRA}") from error
    try:
        processor: Any = sentencepiece.SentencePieceProcessor(model_file=name)
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{name}: not a SentencePiece model: {error}") from error
    # What DocLM is given is the pieces with spaces between, and a piece may hold one.
    return lambda text: " ".join(processor.encode(text, out_type=str)).split()


class KenLMModel:
    """A model that the package `kenlm` reads: its own binary files, and ARPA files.

    Raises:
        UsageError: the package is not installed, or does not read the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            import kenlm
        except ImportError as error:
            raise UsageError(f"{path}: KenLM's binary models need the package kenlm{_EXTRA}") from error
        try:
            self._model: Any = kenlm.Model(os.fspath(path))
        except (OSError, RuntimeError) as error:
            raise UsageError(f"{path}: kenlm cannot read it: {error}") from error

    def score(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """float64[len(sentences)]: log10 of the probability of each sentence of tokens, its end included."""
        return np.array([self._model.score(" ".join(words)) for words in sentences], np.float64)


@dataclass(frozen=True)
class PerplexityModel:
    """A language model with the way its text is cut into sentences of tokens."""

    model: LanguageModel
    split: Split
    whole: bool  # whether a document is one sentence, not one a line

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """float64[len(texts)]: the perplexity of each text, to one decimal; NaN for empty ones (as a
        whole document: blank ones).

        No text raises; time grows linearly with its length.
        """
        found = np.full(len(texts), np.nan)
        sentences: list[list[str]] = []
        firsts, places = [], []
        for place, text in enumerate(texts):
            own = self._sentences(text)
            if own:
                firsts.append(len(sentences))
                places.append(place)
                sentences += own
        if sentences:
            logs = np.add.reduceat(self.model.score(sentences), firsts)
            tokens = np.add.reduceat([len(words) + 1 for words in sentences], firsts)
            found[places] = np.round(10.0 ** np.minimum(-logs / tokens, _MOST), 1)
        return found

    def _sentences(self, text: str) -> list[list[str]]:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode("utf-8")
        if self.whole:
            words = self.split(normalise(text))
            return [words] if words else []
        return [self.split(normalise(line)) for line in text.split("\n")] if text else []


class Perplexity:
    """The models of a file or folder, by language.

    `path` is a model file, which serves every language; a folder that `winnow train-perplexity` wrote; or a folder
    of models named by their languages: `en.arpa.bin`, with `en.sp.model` beside it, as cc_net has them in `lm_sp`,
    or folders of `winnow train-perplexity`.

    Raises:
        UsageError: nothing of the kind is there, or a model cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._models = {language: _open(file) for language, file in find_models(path).items()}

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float64]:
        """float64[len(texts)]: the perplexity of each text in its language; NaN where no model knows the language."""
        found = np.full(len(texts), np.nan)
        for language, model in self._models.items():
            own = [i for i, code in enumerate(languages) if language in (code, "")]
            if own:
                found[own] = model.score([texts[i] for i in own])
        return found


def _open(path: Path) -> PerplexityModel:
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_KENLM_MAGIC))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    pieces = next((file for file in pieces_beside(path) if file.is_file()), None)
    if head.startswith(b"PK"):
        table = load_table(path)
        return PerplexityModel(NGramModel(table), _split_of(path, table.about, pieces), whole=False)
    model: LanguageModel = KenLMModel(path) if head == _KENLM_MAGIC else NGramModel(read_arpa(path))
    return PerplexityModel(model, str.split if pieces is None else load_pieces(pieces), whole=pieces is not None)


def _split_of(path: Path, about: Mapping[str, Any], pieces: Path | None) -> Split:
    kind = about.get("tokens_are")
    if kind == PIECES and pieces is not None:
        return load_pieces(pieces)
    if kind == PIECES:
        raise UsageError(f"{path}: was trained on pieces, and their model is not beside it; keep the folder whole")
    return split_words if kind == WORDS else str.split
