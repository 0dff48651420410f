"""The recipe: one typed, documented description of a build.

A key's type, default and meaning stand in these models (and those of `curation.policy`) and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_serializer, field_validator, model_validator

from curation.dedup.choose import KeepConfig
from curation.dedup.config import MinHashConfig
from curation.dedup.levels import LinesConfig, ParagraphsConfig, SubstringsConfig
from curation.dedup.near_rules import NearRules
from curation.mixing import check_shares
from curation.policy import Policy
from curation.reading.crawl_config import CrawlConfig, fold_single_crawl
from curation.reading.records import ReadingLimits
from curation.reading.remote import without_secrets
from curation.reading.resume import Access
from manifests.config import Config, load_config
from manifests.errors import UsageError

RECIPES = Path(__file__).parent / "recipes"

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
# YAML reads 2 as a number; 1.10 it reads as 1.1, so that one wants quotes.
Version = Annotated[Name, BeforeValidator(lambda given: str(given) if type(given) is int else given)]


class InputsConfig(Config):
    """What is read. Paths, globs (`**` too), folders, and any URL that fsspec opens (`s3://`, `gs://`, `https://`)."""

    archives: tuple[str, ...] = Field(
        default=(), description="WARC, WET, WAT and ARC files, gzipped or not, told apart by content"
    )
    repositories: tuple[str, ...] = Field(default=(), description="git repositories, bare or with a work tree")
    crawls: tuple[CrawlConfig, ...] = Field(
        default=(), description="files of Common Crawl; the keys of one crawl may also stand directly here"
    )
    anonymous: bool = Field(default=False, description="read s3://, gs:// and az:// without credentials")
    retries: int = Field(
        default=Access().retries, ge=0, le=100_000, description="failures in a row that a remote read survives"
    )

    @model_validator(mode="before")
    @classmethod
    def _single_crawl(cls, document: Any) -> Any:
        return fold_single_crawl(document)

    # The order in which inputs are named changes nothing, not even digests.

    @field_validator("archives", "repositories")
    @classmethod
    def _in_a_fixed_order(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(patterns)))

    @field_validator("crawls")
    @classmethod
    def _crawls_in_a_fixed_order(cls, crawls: tuple[CrawlConfig, ...]) -> tuple[CrawlConfig, ...]:
        return tuple(sorted(set(crawls), key=lambda crawl: crawl.model_dump_json()))

    @field_serializer("archives")
    def _without_secrets(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(without_secrets(pattern) for pattern in patterns)  # manifests hold the recipe in full

    def access(self) -> Access:
        """How remote inputs are read."""
        return Access(self.retries, self.anonymous)


class DedupLimits(Config):
    """When copies are too many to be true, and a build stops before anything is published."""

    max_cluster: int = Field(
        default=100_000, ge=2, description="different texts that one cluster may join; equal texts count once"
    )
    max_source_share: Share = Field(
        default=0.95, description="share of one source's documents, of those that pass the rules, that may be copies"
    )
    min_documents: int = Field(
        default=1_000, ge=1, description="documents from which on a source's share of copies is looked at"
    )


class DedupConfig(Config):
    """Which copies are removed, and which one stays."""

    url: bool = Field(default=False, description="of pages whose URLs are the same after C4's normalisation, keep one")
    exact: bool = Field(default=True, description="remove documents whose text is the same but for white space")
    minhash: MinHashConfig | None = Field(
        default=MinHashConfig(), description="remove near-duplicates; null turns it off"
    )
    minhash_by_source: dict[Literal["web", "code"], MinHashConfig | None] = Field(
        default={},
        description="source -> its own rule instead of `minhash`, such as `code: {preset: bigcode}`; null for none",
    )
    lines: LinesConfig | None = Field(
        default=None, description="cut lines that another document has (C4); {} for its defaults"
    )
    paragraphs: ParagraphsConfig | None = Field(
        default=None, description="cut paragraphs that another document has (CCNet); {} for its defaults"
    )
    substrings: SubstringsConfig | None = Field(
        default=None, description="cut runs of 50 tokens and more that occur elsewhere too; {} for its defaults"
    )
    keep: KeepConfig = Field(default=KeepConfig(), description="which copy stays, among those that pass the rules")
    limits: DedupLimits = Field(default=DedupLimits(), description="when a build stops because of its copies")
    publish_index: bool = Field(
        default=True, description="publish hashes and sketches of what is kept, so that a later release can look there"
    )
    against: tuple[str, ...] = Field(
        default=(), description="earlier releases (folders or manifests) whose documents are not to be in this one"
    )

    @field_serializer("against")
    def _releases_without_secrets(self, against: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(without_secrets(name) for name in against)

    @property
    def near_rules(self) -> NearRules:
        """Which rule of near-duplicates holds for which source."""
        return NearRules.of(self.minhash, {str(source): rule for source, rule in self.minhash_by_source.items()})

    @property
    def keeps_signatures(self) -> bool:
        """Whether what is known of each document is kept when the shuffle is over."""
        return self.publish_index or bool(self.against)


class OutputConfig(Config):
    """How the output is cut into files."""

    shard_bytes: int = Field(
        default=256 << 20, ge=1024, le=1 << 30, description="text bytes per shard, at most, before compression"
    )


class LimitsConfig(Config):
    """When a build stops instead of going on."""

    max_error_share: Share = Field(default=0.2, description="damaged records / records met, over the whole input")


class Recipe(Policy):
    """A build from raw crawl and code to shards."""

    name: Name = Field(default="dataset", description="name of the dataset")
    version: Version = Field(default="1", description="version of the dataset")
    seed: int = Field(
        default=1, ge=0, lt=1 << 63, description="every random choice is a hash of this and a document's id"
    )
    inputs: InputsConfig = Field(default=InputsConfig(), description="what is read")
    reading: ReadingLimits = Field(default=ReadingLimits(), description="bounds on what one record may cost")
    dedup: DedupConfig = Field(default=DedupConfig(), description="which copies are removed")
    takedown: tuple[str, ...] = Field(
        default=(),
        description="lists of what must not be in the output: lines `id:`, `url:`, `prefix:`, `domain:`, "
        "`repository:` or `hash:`, see docs/deduplication.md",
    )
    mixture: dict[str, Share] = Field(
        default={}, description="source -> share of the output's tokens; sources not named share the rest"
    )
    output: OutputConfig = Field(default=OutputConfig(), description="how the output is cut into files")
    limits: LimitsConfig = Field(default=LimitsConfig(), description="when a build stops")

    @model_validator(mode="after")
    def _mixture_adds_up(self) -> Recipe:
        try:
            check_shares(self.mixture)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return self

    def policy(self) -> Policy:
        """The part that says how documents are measured and judged."""
        return Policy(**{name: getattr(self, name) for name in Policy.model_fields})


KEY_ORDER = (
    "name", "version", "seed", "inputs", "reading", "urls", "extraction", "repair", "language", "quality", "code",
    "privacy", "toxicity", "links", "decontaminate", "tokenizer", "dedup", "takedown", "mixture", "output", "limits",
)  # fmt: skip
"""The order in which a recipe is printed: that of the data."""


def recipe_path(name: str) -> Path:
    """The file of a recipe: a path as it is, or the name of one that ships.

    Raises:
        UsageError: neither a file nor a known name.
    """
    if Path(name).is_file():
        return Path(name)
    shipped = RECIPES / f"{name}.yaml"
    if "/" not in name and shipped.is_file():
        return shipped
    known = ", ".join(shipped_recipes())
    raise UsageError(f"{name}: no such recipe file, and no recipe that ships has this name (those are: {known})")


def shipped_recipes() -> list[str]:
    """Names of the recipes that ship."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name: str, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe by path or name, with `--set` overrides applied."""
    return load_config(Recipe, recipe_path(name), overrides)
