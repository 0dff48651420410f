"""Configuration of what is cut within documents because another document has it, importable without compiling."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator

from manifests.config import Config

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Keep: TypeAlias = Literal["first", "none"]


class LevelConfig(Config):
    """What all levels share: where they look, and when too little is left of a document."""

    sources: tuple[Literal["web", "code"], ...] = Field(
        default=("web",),
        description="sources whose documents are compared, with each other too; code loses its sense without its lines",
    )
    max_cut: Share = Field(
        default=1.0, description="share of a document's characters that this level may cut; with more it is dropped"
    )

    @field_validator("sources")
    @classmethod
    def _some_source(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        if not sources:
            raise ValueError("names no source, so that nothing is compared; name `web` or turn the level off with null")
        return tuple(sorted(set(sources)))


class LinesConfig(LevelConfig):
    """Lines that another document has, as C4 cuts them (`remove_duplicate_text` in TFDS's `c4_utils.py`).

    Lines are equal when they are in lower case without white space at their ends. One stays: that of the document that
    comes first by `dedup.keep` (TFDS: by the MD5 of the URL), and in it the first.
    """

    rule: Literal["c4@tfds"] = Field(default="c4@tfds", description="when two lines are equal, and whose stays")
    min_sentences: int = Field(
        default=3, ge=0, description="fewest sentences (NLTK's Punkt, English) left in a document that lost lines"
    )


class ParagraphsConfig(LevelConfig):
    """Paragraphs (lines) that another document has, as CCNet cuts them (`cc_net/dedup.py`).

    Two are equal after CCNet's `normalize_for_dedup`: ends stripped, lower case, every digit as 0, without control
    characters and CCNet's list of Unicode punctuation; accents stay.
    """

    rule: Literal["ccnet"] = Field(default="ccnet", description="when two paragraphs are equal")
    keep: Keep = Field(
        default="none", description="`none` cuts every copy, the first too, as CCNet does; `first` lets one stay"
    )
    min_characters: int = Field(
        default=1, ge=0, description="fewest characters left in a document that lost paragraphs"
    )


class SubstringsConfig(LevelConfig):
    """Runs of `tokens` tokens or more that occur again, anywhere (after Lee et al. 2021, without a suffix array).

    A token is a run of letters, marks, digits and `_`; any other character but white space, and each character of a
    script without spaces, is a token of its own. Tokens are compared as they are; white space is not compared.
    """

    tokens: int = Field(default=50, ge=8, le=10_000, description="length from which on a repeat is cut, in tokens")
    keep: Keep = Field(default="first", description="`first` lets one copy stay, `none` cuts every one")
    min_characters: int = Field(
        default=20, ge=0, description="fewest characters left in a document that lost substrings"
    )
