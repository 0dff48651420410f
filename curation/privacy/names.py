"""Names of persons, found by a model for named entities: presidio with spaCy, GLiNER, or a transformers classifier.

Optional: the models are large, slow beside everything else here, and wrong more often. A text is cut into windows, and
the windows of one text make one batch, so that the result depends on nothing but the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from curation.privacy.spans import PERSON, Span
from manifests.config import Config
from manifests.errors import UsageError

WINDOW = 1000
"""Characters that a model sees at once: within the 384 to 512 tokens that these models take, in most scripts."""

BATCH = 16

_EXTRA = "names.backend: {} is not installed; run: pip install 'winnow[names-{}]'"
_LABELS = frozenset(("PER", "PERSON", "NAME", "FIRSTNAME", "LASTNAME", "GIVENNAME", "SURNAME"))
_REDACTED = re.compile(r"<[A-Z]{2,16}(?:_[A-Z]{1,16}){0,3}(?::[a-z]{8,12})?>|REDACTED_[A-Z_]{2,32}(?:_[a-z]{8,12})?")
_EDGES = " \t\r\n.,;:!?()[]{}<>\"'`*_#|/\\-"


class NamesConfig(Config):
    """The model that finds names of persons."""

    backend: Literal["presidio", "gliner", "transformers"] = Field(description="the library that runs the model")
    model: str = Field(
        min_length=1,
        description="a folder or hub id (gliner, transformers), or a spaCy package or folder (presidio)",
    )
    language: str = Field(default="en", pattern="^[a-z]{2,3}$", description="language of presidio's model")


class NameFinder(Protocol):
    """A loaded model."""

    def find(self, windows: Sequence[str]) -> Iterable[Sequence[tuple[int, int, float]]]:
        """For each window the (start, end, score) of the names in it."""


def find_names(text: str, finder: NameFinder, placeholders: Iterable[str] = ()) -> Iterator[Span]:
    """Spans of names; none in or across what an earlier redaction left.

    `placeholders` are what redaction puts in, besides `<TYPE>`.
    """
    places = list(_windows(text))
    blocked = _blocked(text, placeholders)
    for (offset, window), found in zip(places, finder.find([window for _, window in places]), strict=True):
        for start, end, score in found:
            part = window[start:end]
            start += len(part) - len(part.lstrip(_EDGES))
            end -= len(part) - len(part.rstrip(_EDGES))
            name = window[start:end]
            if sum(map(str.isalpha, name)) >= 2 and blocked.find(1, offset + start, offset + end) < 0:
                yield Span(PERSON, offset + start, offset + end, min(1.0, max(0.01, float(score))))


def _blocked(text: str, placeholders: Iterable[str]) -> bytearray:
    """A byte for each character: 1 where an earlier redaction stands."""
    blocked = bytearray(len(text))
    for match in _REDACTED.finditer(text):
        blocked[match.start() : match.end()] = b"\1" * len(match[0])
    for placeholder in sorted(set(placeholders)):
        place = text.find(placeholder) if placeholder else -1
        while place >= 0:
            blocked[place : place + len(placeholder)] = b"\1" * len(placeholder)
            place = text.find(placeholder, place + len(placeholder))
    return blocked


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Parts of the text of at most `WINDOW` characters, cut at the end of a line, of a sentence or of a word."""
    start = 0
    while start < len(text):
        end = start + WINDOW
        if end < len(text):
            least = start + WINDOW // 2
            for mark in ("\n", ". ", " "):
                place = text.rfind(mark, least, end)
                if place >= 0:
                    end = place + len(mark)
                    break
        if not text[start:end].isspace():
            yield start, text[start:end]
        start = end


@lru_cache(maxsize=2)
def load_names(config: NamesConfig) -> NameFinder:
    """The model of `config`, loaded once in a process.

    Raises:
        UsageError: the backend is not installed, or has no such model.
    """
    backends: dict[str, Callable[[NamesConfig], NameFinder]]
    backends = {"presidio": _Presidio, "gliner": _Gliner, "transformers": _Transformers}
    try:
        return backends[config.backend](config)
    except ImportError as error:
        raise UsageError("privacy." + _EXTRA.format(config.backend, config.backend)) from error
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"privacy.names.model: {config.model}: {config.backend} cannot load it: {reason}") from error


def _is_person(label: str) -> bool:
    return label.upper().removeprefix("B-").removeprefix("I-").replace("_", "").replace(" ", "") in _LABELS


class _Transformers:
    """A token classifier whose labels are PER or PERSON, with or without B- and I-."""

    def __init__(self, config: NamesConfig) -> None:
        from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

        model = AutoModelForTokenClassification.from_pretrained(config.model)
        labels = list(model.config.id2label.values())
        if not any(map(_is_person, labels)):
            raise ValueError(f"none of its labels is of a person: {', '.join(map(str, labels[:8]))}")
        tokenizer = AutoTokenizer.from_pretrained(config.model)
        self._run = pipeline(
            "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple", stride=0
        )

    def find(self, windows: Sequence[str]) -> Iterable[Sequence[tuple[int, int, float]]]:
        """See `NameFinder`."""
        for found in self._run(list(windows), batch_size=BATCH) if windows else ():
            yield [
                (int(item["start"]), int(item["end"]), float(item["score"]))
                for item in found
                if _is_person(item["entity_group"])
            ]


class _Gliner:
    """A GLiNER model, asked for "person"."""

    def __init__(self, config: NamesConfig) -> None:
        from gliner import GLiNER

        self._model: Any = GLiNER.from_pretrained(config.model)

    def find(self, windows: Sequence[str]) -> Iterable[Sequence[tuple[int, int, float]]]:
        """See `NameFinder`."""
        for first in range(0, len(windows), BATCH):
            batch = list(windows[first : first + BATCH])
            for found in self._model.inference(batch, ["person"], threshold=0.3):
                yield [(int(item["start"]), int(item["end"]), float(item["score"])) for item in found]


class _Presidio:
    """presidio's analyzer with a spaCy model that is on this machine (presidio itself would download it)."""

    def __init__(self, config: NamesConfig) -> None:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
        from spacy.util import is_package

        if not is_package(config.model) and not Path(config.model).is_dir():
            raise ValueError("no spaCy package or folder of that name")
        models = [{"lang_code": config.language, "model_name": config.model}]
        provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
        self._language = config.language
        self._engine: Any = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[config.language])

    def find(self, windows: Sequence[str]) -> Iterable[Sequence[tuple[int, int, float]]]:
        """See `NameFinder`."""
        for window in windows:
            found = self._engine.analyze(window, language=self._language, entities=[PERSON])
            yield sorted((item.start, item.end, item.score) for item in found)
