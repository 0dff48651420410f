"""Replacing what was found, as a recipe says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal, cast

import phonenumbers
from pydantic import Field, field_validator

from curation.privacy.scan import Kind, find_closed
from curation.privacy.spans import TYPES, Span, replace
from manifests.config import Config

PiiType = Literal[
    "SECRET", "IBAN", "CREDIT_CARD", "US_SSN", "NATIONAL_ID", "CRYPTO_ADDRESS", "EMAIL", "IP_ADDRESS", "MAC_ADDRESS",
    "PASSPORT", "DRIVER_LICENSE", "BANK_ACCOUNT", "DATE_OF_BIRTH", "PHONE_NUMBER", "STREET_ADDRESS", "PRIVATE_IP",
]  # fmt: skip

MAX_PLACEHOLDER = 64


class PrivacyConfig(Config):
    """What is looked for, and what replaces it."""

    types: tuple[PiiType, ...] = Field(
        default=cast(tuple[PiiType, ...], TYPES),
        description="the types to replace; all but PRIVATE_IP unless named",
    )
    placeholders: dict[PiiType, str] = Field(
        default={}, description="type -> replacement; `<TYPE>` where none is given"
    )
    region: str | None = Field(
        default=None, description="country (ISO 3166, e.g. US) whose national phone numbers are found"
    )
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.5, description="least confidence that is replaced"
    )

    @field_validator("region")
    @classmethod
    def _known_region(cls, region: str | None) -> str | None:
        if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("not an ISO 3166 country code in capitals, such as US or DE")
        return region

    @field_validator("placeholders")
    @classmethod
    def _stable_placeholders(cls, placeholders: dict[PiiType, str]) -> dict[PiiType, str]:
        kinds: tuple[Kind, ...] = ("prose", "code")
        for name, value in placeholders.items():
            if len(value) > MAX_PLACEHOLDER:
                raise ValueError(f"the placeholder of {name} is longer than {MAX_PLACEHOLDER} characters")
            if any(find_closed(f"{pad}{value}{pad}", kind=kind, region=None) for kind in kinds for pad in ("", " ")):
                raise ValueError(f"the placeholder of {name} would itself be replaced: {value!r}")
        return placeholders

    def replacements(self) -> dict[str, str]:
        """What replaces a span, for each of `types`."""
        return {name: self.placeholders.get(name, f"<{name}>") for name in self.types}


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A redacted text, how many spans of each type were replaced (sorted by type), and where the replacements are."""

    text: str
    counts: dict[str, int]
    spans: tuple[tuple[str, int, int], ...]  # (type, start, end) in `text`


DEFAULT = PrivacyConfig()


def scrub(text: str, *, kind: Kind, config: PrivacyConfig = DEFAULT) -> Scrubbed:
    """`text` with personal data and secrets replaced.

    Idempotent: scrubbing the result changes nothing. Text outside the spans is unchanged.
    """
    placeholders = config.replacements()
    spans = find_closed(
        text,
        kind=kind,
        region=config.region,
        types=config.types,
        min_score=config.min_score,
        placeholders=placeholders,
    )
    if not spans:
        return Scrubbed(text, {}, ())
    redacted, moved = replace(text, spans, lambda span: placeholders[span.type])
    counts = Counter(span.type for span in spans)
    return Scrubbed(redacted, dict(sorted(counts.items())), tuple(map(_located, moved)))


def _located(span: Span) -> tuple[str, int, int]:
    return span.type, span.start, span.end
