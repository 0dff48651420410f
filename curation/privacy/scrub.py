"""Replacing what was found, as a recipe says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self, cast

import phonenumbers
from pydantic import Field, field_validator, model_validator

from curation.privacy.names import NameFinder, NamesConfig, load_names
from curation.privacy.policies import KEYED, PolicyName, apply, policies_for, whole_escapes
from curation.privacy.pseudonyms import Keys, Scope, load_keys
from curation.privacy.scan import Kind, find_closed
from curation.privacy.spans import MIN_SCORE, TYPES, Span
from manifests.config import Config

PiiType = Literal[
    "SECRET", "PASSWORD", "IBAN", "CREDIT_CARD", "US_SSN", "NATIONAL_ID", "CRYPTO_ADDRESS", "EMAIL", "IP_ADDRESS",
    "MAC_ADDRESS", "PASSPORT", "DRIVER_LICENSE", "BANK_ACCOUNT", "DATE_OF_BIRTH", "PHONE_NUMBER", "STREET_ADDRESS",
    "USERNAME", "PRIVATE_IP", "PERSON",
]  # fmt: skip

MAX_PLACEHOLDER = 64
_SURROUNDINGS = (
    ("", ""),
    (" ", " "),
    ('password = "', '"'),
    ("password=", ""),
    ('api_key = "', '"'),
    ("user=", ""),
    ('user: "', '"'),
)


class PrivacyConfig(Config):
    """What is looked for, and what replaces it."""

    types: tuple[PiiType, ...] = Field(
        default=cast(tuple[PiiType, ...], TYPES),
        description="the types to replace; all but PRIVATE_IP and PERSON unless named",
    )
    placeholders: dict[PiiType, str] = Field(
        default={}, description="type -> replacement; `<TYPE>` (in code `REDACTED_TYPE`) where none is given"
    )
    policy: PolicyName = Field(
        default="placeholder",
        description="what is done with what is found: placeholder, pseudonym, fake or keep (count only)",
    )
    policies: dict[PiiType, PolicyName] = Field(default={}, description="type -> policy, where it is not `policy`")
    scope: Scope = Field(
        default="document",
        description="where equal values get equal pseudonyms and fakes: within a document, or the whole build",
    )
    secret_env: str = Field(
        default="WINNOW_PRIVACY_SECRET",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$",
        description="environment variable that holds the secret of pseudonyms and fakes",
    )
    secret_file: str | None = Field(
        default=None, description="file (or URL that fsspec opens) that holds it instead; never the secret itself"
    )
    region: str | None = Field(
        default=None, description="country (ISO 3166, e.g. US) whose national phone numbers are found"
    )
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=MIN_SCORE, description="least confidence that is replaced"
    )

    names: NamesConfig | None = Field(
        default=None, description="the model that finds PERSON, in prose; needed when `types` names PERSON"
    )

    @model_validator(mode="after")
    def _names_of_persons(self) -> PrivacyConfig:
        if ("PERSON" in self.types) != (self.names is not None):
            raise ValueError("`types` names PERSON and `names` a model, or neither: set `names: {backend, model}`")
        return self

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
            if any(find_closed(f"{a}{value}{b}", kind=kind, region=None) for kind in kinds for a, b in _SURROUNDINGS):
                raise ValueError(f"the placeholder of {name} would itself be replaced: {value!r}")
        return placeholders

    @model_validator(mode="after")
    def _policies_of_types_in_use(self) -> Self:
        for name in self.policies:
            if name not in self.types:
                raise ValueError(f"`policies` names {name}, which is not looked for: add it to `types`")
        return self

    def policy_of(self, name: str) -> PolicyName:
        """What is done with a type."""
        return self.policies.get(cast(PiiType, name), self.policy)

    def keys(self) -> Keys | None:
        """The keys of pseudonyms and fakes; None where no type that is looked for needs any.

        Raises:
            UsageError: the secret is missing or too short.
        """
        if not any(self.policy_of(name) in KEYED for name in self.types):
            return None
        return load_keys(self.scope, self.secret_env, self.secret_file)

    def name_finder(self) -> NameFinder | None:
        """The model of `names`, loaded once in a process; None where no names are looked for.

        Raises:
            UsageError: it is not installed or cannot be loaded.
        """
        return None if self.names is None else load_names(self.names)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A redacted text, how many spans of each type were found (sorted by type), and where they are now.

    `policies` says what was done with each of `spans`; kept values are where they were but for what moved them.
    """

    text: str
    counts: dict[str, int]
    spans: tuple[tuple[str, int, int], ...]  # (type, start, end) in `text`
    policies: tuple[PolicyName, ...] = field(default=(), compare=False)  # follows from the configuration


DEFAULT = PrivacyConfig()


def scrub(
    text: str, *, kind: Kind, config: PrivacyConfig = DEFAULT, keys: Keys | None = None, document: str = ""
) -> Scrubbed:
    """`text` with personal data and secrets replaced, each type by its policy.

    Args:
        text: any string.
        kind: "code" uses stand-ins that leave code parseable, see `curation.privacy.policies`.
        config: what is looked for, and what is done with it.
        keys: `config.keys()`, for callers with many texts; loaded where they are needed and not given.
        document: the id of the document: equal values in two documents look the same only in the scope `build`.

    Idempotent: scrubbing the result changes nothing. Text outside the spans is unchanged.

    Raises:
        UsageError: a policy needs a secret that is missing or too short.
    """
    if keys is None:
        keys = config.keys()
    policies = policies_for(
        cast(dict[str, PolicyName], config.policies),
        config.policy,
        cast(dict[str, str], config.placeholders),
        kind,
        keys,
        document,
    )

    names = config.name_finder()
    masks: dict[str, str] = {name: policies.mask(name) for name in config.types}

    def scan(part: str) -> list[Span]:
        spans = find_closed(
            part,
            kind=kind,
            region=config.region,
            types=config.types,
            min_score=config.min_score,
            placeholders=masks,
            names=names,
        )
        return whole_escapes(part, spans) if kind == "code" else spans

    redacted, located = apply(text, scan, policies)
    if not located:
        return Scrubbed(redacted, {}, ())
    counts = Counter(item.type for item in located)
    spans = tuple((item.type, item.start, item.end) for item in located)
    return Scrubbed(redacted, dict(sorted(counts.items())), spans, tuple(item.policy for item in located))
