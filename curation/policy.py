"""What a recipe may say about measuring and deciding: one typed section per concern.

A section holds both what is measured (which model, which detector) and what is decided (thresholds). Only the
first kind changes what `ingest` writes: `Policy.measuring` picks it out, so that a changed threshold re-decides
from stored numbers instead of reading the crawl again.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_serializer, field_validator, model_validator

from curation.code.signals import CODE_BIGCODE, CODE_RULES
from curation.decontamination.config import DecontaminateSection
from curation.extractors import ExtractorName
from curation.language import MODEL_PATH as LANGUAGE_MODEL
from curation.language.model_source import local_model
from curation.links import LinksConfig
from curation.privacy import PrivacyConfig
from curation.privacy.scrub import PiiType
from curation.quality.families import FAMILIES, families_of
from curation.quality.rules import Rule, RuleSet, rule_set, with_thresholds
from curation.quality.scores import CLASSIFIER, PERPLEXITY, scores_of
from curation.quality_models.cutoffs import read_cutoffs
from curation.quality_models.model_files import model_files
from curation.reading.remote import without_secrets
from curation.repair import NOTICES_PATH, RepairConfig
from curation.tokenise import PIECES
from curation.toxicity_config import TOXIC_LINE_FLOOR as TOXIC_LINE_FLOOR
from curation.toxicity_config import ToxicityConfig as ToxicityConfig
from curation.urls.config import UrlsConfig
from curation.urls.filter import list_files
from manifests.config import Config
from manifests.errors import UsageError

Share = Annotated[float, Field(ge=0.0, le=1.0)]

TOXIC_LINE_WORDS = 4
"""Lines of fewer words are not stored: on a title of two or three words, often names, the model's score says little."""

CODE_RULE_SET = RuleSet(
    CODE_BIGCODE,
    tuple(Rule(*rule) for rule in CODE_RULES),
    "RedPajama-1's and BigCode's filters on files, after generated and vendored ones.",
)


def _with_nested_thresholds(rules: RuleSet, given: Mapping[str, Any]) -> RuleSet:
    """Thresholds by full key, by family (`gopher: {min_words: 80}`), or by last part where that is not ambiguous."""
    flat: dict[str, float] = {}
    for key, value in given.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{name}": number for name, number in value.items()})
        else:
            flat[key] = value
    return with_thresholds(rules, flat)


HTML_TYPES = ("text/html", "application/xhtml+xml")


class ExtractionConfig(Config):
    """What makes text of pages, and what one page may cost."""

    extractor: ExtractorName = Field(
        default="winnow", description="what finds main content; trafilatura needs `pip install 'winnow[trafilatura]'`"
    )
    content_types: tuple[str, ...] = Field(
        default=(*HTML_TYPES, "text/plain"),
        description="types of pages that are read: HTML, and any text/* as plain text; does not concern WET files",
    )
    seconds: float = Field(default=30.0, gt=0, le=86_400, description="processor time that one page may take")
    memory_bytes: int = Field(
        default=2 << 30, ge=64 << 20, description="memory that extraction may use beyond what it starts with"
    )

    @field_validator("content_types")
    @classmethod
    def _readable(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        cleaned = sorted({name.strip().lower() for name in types})
        for name in cleaned:
            if name not in HTML_TYPES and not (name.startswith("text/") and len(name) > len("text/")):
                raise ValueError(f"{name or 'an empty name'} cannot be read; HTML and text/* can")
        if not cleaned:
            raise ValueError("no type is left, so no page would be read")
        return tuple(cleaned)


class LanguageConfig(Config):
    """Which natural languages web pages are kept in."""

    model: str | None = Field(
        default=None,
        description="fastText language model, a path or URL (lid.176, GlotLID, OpenLID); null is the one that ships",
    )
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9A-Fa-f]{64}$", description="what the digest of `model` must be; null checks none"
    )
    keep: tuple[str, ...] = Field(default=("en",), description="codes to keep; empty keeps every language")
    min_score: Share = Field(default=0.65, description="least probability of the page's language (FineWeb: 0.65)")
    max_mixed: Share = Field(
        default=1.0, description="drop pages of which more, by characters, is in other languages than the main one"
    )
    cut_paragraphs: bool = Field(
        default=False, description="cut paragraphs in languages that `keep` does not name; see docs/languages.md"
    )

    @model_validator(mode="after")
    def _digest_of_a_model(self) -> Self:
        if self.sha256 is not None and self.model is None:
            raise ValueError("`sha256` is of no use without a `model`")
        return self

    @field_serializer("model")
    def _without_secrets(self, model: str | None) -> str | None:
        return None if model is None else without_secrets(model)  # manifests hold the recipe in full

    def path(self) -> str:
        """The model's file, fetched if it is named by a URL; UsageError where that cannot be done."""
        return str(LANGUAGE_MODEL) if self.model is None else local_model(self.model, self.sha256)


class RulesConfig(Config, abc.ABC):
    """A section that holds a rule set; keys of its own besides, any threshold of that set can be given in it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @abc.abstractmethod
    def published(self) -> RuleSet:
        """The rule set with the thresholds it was published with."""

    @model_validator(mode="after")
    def _known_thresholds(self) -> Self:
        try:
            self.resolve()
        except UsageError as error:
            raise ValueError(str(error)) from None
        return self

    def resolve(self) -> RuleSet:
        """The rule set with this section's thresholds; UsageError names the nearest key for an unknown one."""
        return _with_nested_thresholds(self.published(), self.model_extra or {})


_SCORING = (PERPLEXITY, CLASSIFIER)  # scores that models give, and the keys of `quality` that name them


class QualityConfig(RulesConfig):
    """The rule set for web pages; any of its thresholds can be set: `quality: {gopher: {min_words: 80}}`."""

    rules: str = Field(default="fineweb", description="named rule set, see docs/quality.md")
    measure: tuple[str, ...] = Field(
        default=("all",),
        description="rule sets whose signals are stored besides those of `rules`: names, or all; see docs/quality.md",
    )
    bad_words: str | None = Field(
        default=None, description="file of words, one a line, for c4@tfds; null measures none of them"
    )

    classifier: str | None = Field(
        default=None, description="fastText model that gives the score `classifier`; see docs/classifiers.md"
    )
    classifier_label: str | None = Field(
        default=None, description="its label of good text; null where it is hq, wiki or reference"
    )
    perplexity: str | None = Field(
        default=None, description="language model, or a folder of them, that gives the score `perplexity`"
    )
    cutoffs: dict[str, Annotated[list[float], Field(min_length=2, max_length=2)]] = Field(
        default={},
        description="language -> perplexities at which head and middle end, or a cutoff.csv; else CCNet's own",
    )

    @field_validator("cutoffs", mode="before")
    @classmethod
    def _cutoffs_of_a_file(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return {language: list(pair) for language, pair in read_cutoffs(given).items()}
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("rules")
    @classmethod
    def _known_set(cls, name: str) -> str:
        try:
            rule_set(name)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return name

    @model_validator(mode="after")
    def _decidable(self) -> Self:
        lacking = [name for name in scores_of(rule_set(self.rules)) if name in _SCORING and name not in self.scores()]
        if lacking:
            raise ValueError(
                f"rule set {self.rules} reads the score `{lacking[0]}`, which no part of a recipe gives without a "
                f"model: set quality.{lacking[0]}"
            )
        if self.classifier_label is not None and self.classifier is None:
            raise ValueError("`classifier_label` is of no use without a `classifier`")
        return self

    @field_validator("measure")
    @classmethod
    def _known_sets(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(name if name == "all" else rule_set(name).name for name in names)
        except UsageError as error:
            raise ValueError(str(error)) from None

    def published(self) -> RuleSet:
        """The named rule set, with this recipe's cutoffs of perplexity."""
        own = tuple((language, head, tail) for language, (head, tail) in sorted(self.cutoffs.items()))
        return dataclasses.replace(rule_set(self.rules), cutoffs=own)

    def scores(self) -> tuple[str, ...]:
        """The scores of models that are measured."""
        return tuple(name for name in _SCORING if getattr(self, name) is not None)

    def families(self) -> tuple[str, ...]:
        """The families of signals that are measured."""
        if "all" in self.measure:
            return FAMILIES
        return families_of([self.published(), *map(rule_set, self.measure)])

    def list_of_bad_words(self) -> tuple[str, ...]:
        """The words of the file `bad_words`, in lower case.

        Raises:
            UsageError: it cannot be read.
        """
        if self.bad_words is None:
            return ()
        try:
            lines = Path(self.bad_words).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"quality.bad_words: cannot read {self.bad_words}: {error}") from None
        return tuple(dict.fromkeys(word for line in lines if (word := line.strip().lower())))


class CodeConfig(RulesConfig):
    """Rules for files of repositories; any threshold of `code@bigcode` can be set: `code: {max_line_length: 500}`."""

    licenses: tuple[Literal["permissive", "copyleft", "other", "none"], ...] = Field(
        default=("permissive",), description="kinds of licence to keep; by the text of licence files and file headers"
    )

    def published(self) -> RuleSet:
        """`code@bigcode`."""
        return CODE_RULE_SET


class PiiConfig(PrivacyConfig):
    """What is replaced in the text, and when a document holds too much of it."""

    max_spans: int | None = Field(default=None, ge=0, description="drop documents with more spans, replaced or kept")
    max_type_spans: dict[PiiType, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="type -> drop documents with more spans of it: {SECRET: 0}"
    )
    spans: bool = Field(default=True, description="publish where the spans are, as `spans` in the shards' meta")

    @model_validator(mode="after")
    def _limits_of_types_in_use(self) -> Self:
        for name in self.max_type_spans:
            if name not in self.types:
                raise ValueError(f"`max_type_spans` names {name}, which is not looked for: add it to `types`")
        return self

    def detector(self) -> PrivacyConfig:
        """The part that changes the text."""
        return PrivacyConfig(**self.model_dump(exclude={"max_spans", "max_type_spans", "spans"}))


class Policy(Config):
    """Everything that measuring and deciding need to know."""

    urls: UrlsConfig = UrlsConfig()
    extraction: ExtractionConfig = ExtractionConfig()
    repair: RepairConfig = RepairConfig()
    language: LanguageConfig = LanguageConfig()
    quality: QualityConfig = QualityConfig()
    code: CodeConfig = CodeConfig()
    privacy: PiiConfig = PiiConfig()
    toxicity: ToxicityConfig = ToxicityConfig()
    links: LinksConfig = LinksConfig()
    decontaminate: DecontaminateSection | None = Field(
        default=None, description="evaluation items that the build must not hold: paths, or `name: path`"
    )
    tokenizer: str = Field(default=PIECES, description="what counts tokens: pieces@1, a tokenizer.json, or a hub id")

    def measuring(self) -> dict[str, Any]:
        """The settings that change what `ingest` writes, as plain JSON values."""
        return {
            "urls": self.urls.model_dump(mode="json"),
            "extraction": self.extraction.model_dump(mode="json"),
            "repair": self.repair.model_dump(mode="json"),
            "language": self.language.model,
            "line_edits": self.quality.published().edits,  # they decide what text is stored
            "signals": list(self.quality.families()),
            "bad_words": self.quality.bad_words,
            "scores": [self.quality.classifier, self.quality.classifier_label, self.quality.perplexity],
            # The secret counts by its fingerprint, see `stages.ingest.settings`, and not by where it lies.
            "privacy": self.privacy.detector().model_dump(mode="json", exclude={"secret_env", "secret_file"}),
            "toxicity": self.toxicity.measuring(),
            "tokenizer": self.tokenizer,
        }

    def measuring_files(self) -> list[str]:
        """The files that measuring depends on besides these settings: URL lists, models, word lists, a tokenizer.

        URL lists may lie anywhere that fsspec opens, the others are local.

        Raises:
            UsageError: one of `urls.block_folders` is missing or holds no list, or `quality.perplexity` no model.
        """
        named = [
            self.language.path(), NOTICES_PATH if "notices" in self.repair.boilerplate_lines else None,
            *self.toxicity.files(), self.quality.bad_words, self.quality.classifier, self.tokenizer,
            Path(self.tokenizer) / "tokenizer.json",
        ]  # fmt: skip
        local = [str(path) for path in named if path is not None and Path(path).is_file()]
        language_models = () if self.quality.perplexity is None else model_files(self.quality.perplexity)
        return [*local, *map(str, language_models), *list_files(self.urls)]
