"""What a recipe may say about measuring and deciding: one typed section per concern.

A section holds both what is measured (which model, which detector) and what is decided (thresholds). Only the
first kind changes what `ingest` writes: `Policy.measuring` picks it out, so that a changed threshold re-decides
from stored numbers instead of reading the crawl again.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from curation.code.signals import CODE_BIGCODE, CODE_RULES
from curation.language import MODEL_PATH as LANGUAGE_MODEL
from curation.privacy import PrivacyConfig
from curation.quality.rules import Rule, RuleSet, rule_set, with_thresholds
from curation.tokenise import PIECES
from curation.toxicity import DOCUMENT_THRESHOLD, LINE_THRESHOLD
from curation.toxicity import MODEL_PATH as TOXICITY_MODEL
from curation.toxicity import WORDS_PATH as TOXIC_WORDS
from manifests.config import Config
from manifests.errors import UsageError

Share = Annotated[float, Field(ge=0.0, le=1.0)]

TOXIC_LINE_FLOOR = 0.2
"""Lines below this score are not stored, so `toxicity.max_line` cannot be lower."""

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


class LanguageConfig(Config):
    """Which natural languages web pages are kept in."""

    model: str | None = Field(
        default=None, description="fastText language model; null is the one that ships (75 languages)"
    )
    keep: tuple[str, ...] = Field(default=("en",), description="codes to keep; empty keeps every language")
    min_score: Share = Field(default=0.65, description="least probability of the page's language (FineWeb: 0.65)")


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


class QualityConfig(RulesConfig):
    """The rule set for web pages; any of its thresholds can be set: `quality: {gopher: {min_words: 80}}`."""

    rules: str = Field(default="fineweb", description="named rule set, see docs/recipes.md")

    def published(self) -> RuleSet:
        """The named rule set."""
        return rule_set(self.rules)


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

    max_spans: int | None = Field(default=None, ge=0, description="drop documents with more replaced spans than this")

    def detector(self) -> PrivacyConfig:
        """The part that changes the text."""
        return PrivacyConfig(**self.model_dump(exclude={"max_spans"}))


class ToxicityConfig(Config):
    """Toxic pages are dropped, toxic lines are cut."""

    model: str | None = Field(default=None, description="fastText model; null is the one that ships")
    words: str | None = Field(
        default=None, description="file of words, one a line; null is the English list that ships"
    )
    max_document: Share = Field(default=DOCUMENT_THRESHOLD, description="drop pages that score higher")
    max_line: float = Field(
        default=LINE_THRESHOLD,
        ge=TOXIC_LINE_FLOOR,
        le=1,
        description="cut lines (of four words or more) that score higher",
    )
    max_cut: Share = Field(
        default=0.3, description="drop pages of which more than this share of characters would be cut"
    )
    max_words: Share = Field(default=0.02, description="drop pages with a higher share of listed words")


class Policy(Config):
    """Everything that measuring and deciding need to know."""

    language: LanguageConfig = LanguageConfig()
    quality: QualityConfig = QualityConfig()
    code: CodeConfig = CodeConfig()
    privacy: PiiConfig = PiiConfig()
    toxicity: ToxicityConfig = ToxicityConfig()
    tokenizer: str = Field(default=PIECES, description="what counts tokens: pieces@1, a tokenizer.json, or a hub id")

    def measuring(self) -> dict[str, Any]:
        """The settings that change what `ingest` writes, as plain JSON values."""
        return {
            "language": self.language.model,
            "line_edits": self.quality.rules,  # a rule set may edit lines, so it decides what text is stored
            "privacy": self.privacy.detector().model_dump(mode="json"),
            "toxicity": [self.toxicity.model, self.toxicity.words],
            "tokenizer": self.tokenizer,
        }

    def measuring_files(self) -> list[str]:
        """The local files that measuring depends on besides these settings: models, word lists, a tokenizer."""
        toxicity = Path(self.toxicity.model or TOXICITY_MODEL)
        named = [
            self.language.model or LANGUAGE_MODEL, toxicity, toxicity.with_suffix(".json"), TOXIC_WORDS,
            self.toxicity.words, self.tokenizer, Path(self.tokenizer) / "tokenizer.json",
        ]  # fmt: skip
        return [str(path) for path in named if path is not None and Path(path).is_file()]
