"""What a recipe says about toxicity: which model and words measure it, and what becomes of what is toxic."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from curation.language import LANGUAGES
from curation.language.codes import known_codes
from curation.reading.remote import is_url, without_secrets
from curation.toxicity import DOCUMENT_THRESHOLD, LINE_THRESHOLD, MODEL_PATH, ToxicityModel
from curation.toxicity_backends import TRANSFORMERS
from curation.toxicity_model import CATEGORIES
from curation.word_lists import list_files
from manifests.config import Config
from manifests.errors import UsageError

Share = Annotated[float, Field(ge=0.0, le=1.0)]

TOXIC_LINE_FLOOR = 0.2
"""Lines below this score are not stored, so `toxicity.max_line` cannot be lower."""
LineShare = Annotated[float, Field(ge=TOXIC_LINE_FLOOR, le=1.0)]


class LanguageToxicity(Config):
    """Thresholds for the pages of one language; null takes the one that holds for all."""

    max_document: Share | None = Field(default=None, description="drop pages that score higher")
    max_line: LineShare | None = Field(default=None, description="cut lines that score higher")
    max_cut: Share | None = Field(default=None, description="drop pages of which more than this share would be cut")
    max_words: Share | None = Field(default=None, description="drop pages with a higher share of listed words")


class ToxicityConfig(Config):
    """What measures toxicity, and whether toxic pages and lines are removed or only marked."""

    action: Literal["drop", "cut", "tag"] = Field(
        default="drop",
        description="drop: toxic pages go, and toxic lines of the others; cut: only lines go, and pages of which too "
        "much would; tag: nothing goes, and what was measured stands in `meta`",
    )
    model: str | None = Field(
        default=None,
        description="path or URL of a fastText model, or transformers:NAME; null is the one that ships",
    )
    label: str | None = Field(default=None, description="the label of `model` that means toxic; null where it is plain")
    words: str | None = Field(
        default=None, description="file of words, or folder with one for each language, beside the lists that ship"
    )
    max_document: Share = Field(default=DOCUMENT_THRESHOLD, description="drop pages that score higher")
    max_line: LineShare = Field(
        default=LINE_THRESHOLD, description="cut lines (of four words or more) that score higher"
    )
    max_cut: Share = Field(
        default=0.3, description="drop pages of which more than this share of characters would be cut"
    )
    max_words: Share = Field(default=0.02, description="drop pages with a higher share of listed words")
    max_abuse: Share = Field(default=1.0, description="drop pages whose score for abuse is higher")
    max_hate: Share = Field(default=1.0, description="drop pages whose score for hate is higher")
    max_sexual: Share = Field(default=1.0, description="drop pages whose score for sexual content is higher")
    languages: dict[str, LanguageToxicity] = Field(default={}, description="language -> thresholds of its own")

    @field_validator("languages", mode="before")
    @classmethod
    def _known_languages(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            known = sorted({*known_codes(), *LANGUAGES})
            for code in given:
                if code not in known:
                    near = difflib.get_close_matches(str(code).lower(), known, n=1, cutoff=0.0)[0]
                    raise ValueError(f"`{code}` is no language code (ISO 639-1, else 639-3); did you mean `{near}`?")
        return given

    @field_serializer("model")
    def _without_secrets(self, model: str | None) -> str | None:
        return None if model is None else without_secrets(model)  # manifests hold the recipe in full

    @model_validator(mode="after")
    def _label_of_a_model(self) -> Self:
        if self.label is not None and self.model is None:
            raise ValueError("`label` is of no use without a `model`")
        return self

    def limit(self, name: str, language: str | None) -> float:
        """The threshold `name` in force for a language."""
        own = self.languages.get(language or "")
        value = None if own is None else getattr(own, name)
        return float(getattr(self, name) if value is None else value)

    def kinds(self) -> dict[str, float]:
        """The kinds of toxicity that decide, with their thresholds; 1 decides nothing."""
        found = {name: float(getattr(self, f"max_{name}")) for name in CATEGORIES}
        return {name: limit for name, limit in found.items() if limit < 1.0}

    def load(self) -> ToxicityModel:
        """The model and lists, loaded.

        Raises:
            UsageError: one of them cannot be, or the model knows no kinds and a threshold asks for one.
        """
        model = ToxicityModel(self.model, self.words, self.label)
        if self.kinds() and not model.kinds:
            raise UsageError(
                f"toxicity.max_{next(iter(self.kinds()))}: {without_secrets(self.model or '')} gives one score and "
                "tells no kinds apart; remove the key, or `toxicity.model`"
            )
        return model

    def measuring(self) -> list[str | None]:
        """What changes the stored numbers."""
        return [None if self.model is None else without_secrets(self.model), self.label, self.words]

    def files(self) -> list[str]:
        """The local files that measuring reads, of a model of transformers those in its folder."""
        name = self.model if self.model is not None else str(MODEL_PATH)
        if name.startswith(TRANSFORMERS):
            folder = Path(name.removeprefix(TRANSFORMERS))
            models = sorted(str(path) for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
        else:
            models = [] if is_url(name) else [name, str(Path(name).with_suffix(".json"))]
        return [*models, *(os.fspath(path) for path in list_files(self.words))]
