"""What a recipe (or a tuning configuration) says about decontamination. Light to import."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from curation.decontamination.layouts import LAYOUTS
from manifests.config import Config

HUB = "hub:"
"""What a path begins with that names a data set of the hub, for the `datasets` client."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$")]


class BenchmarkConfig(Config):
    """Where the items of one benchmark lie, and how to read them."""

    paths: tuple[str, ...] = Field(
        min_length=1, description="files or folders; `hub:owner/name` asks the `datasets` client, which may download"
    )
    layout: str | None = Field(
        default=None,
        description="a known layout; by default that of the benchmark's name, else by field names",
    )
    id: str | None = Field(default=None, description="the field that names an item; by default found, else its place")
    fields: dict[str, str] = Field(
        default={}, description="part -> field, as `question: prompt.text`; replaces the layout's"
    )
    columns: tuple[str, ...] = Field(
        default=(), description="names of the columns of a CSV or TSV file without a header"
    )

    @field_validator("paths", mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("layout")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in LAYOUTS:
            raise ValueError(f"no such layout; known are {', '.join(sorted(LAYOUTS))}")
        return value


class DecontaminationConfig(Config):
    """Which evaluation items are looked for, and how much of one is too much.

    A list stands for `benchmarks`: of paths, each named by its file, or of `name: path`.
    """

    benchmarks: dict[Name, BenchmarkConfig] = Field(
        min_length=1, description="name -> path, list of paths, or keys `paths`, `layout`, `id`, `fields`, `columns`"
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="text files whose n-grams are no evidence: prompts, notices, other boilerplate"
    )
    ngram: int = Field(default=13, ge=5, le=100, description="words of an n-gram; shorter items are matched whole")
    min_words: int = Field(default=6, ge=3, description="items of fewer words are not looked for, and reported")
    min_content: int = Field(
        default=2, ge=1, description="different words, besides function words and numbers, that make an n-gram evidence"
    )
    max_items: int = Field(
        default=10, ge=2, description="an n-gram that this many items share is their template and no evidence"
    )
    min_share: float = Field(
        default=0.5, gt=0.0, le=1.0, description="share of an item's words, found in one passage, that is a hit"
    )
    numbers: bool = Field(default=True, description="an item with other numbers in it is a hit too")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, (list, tuple)):
            value = {"benchmarks": _named(value)}
        if isinstance(value, dict) and isinstance(value.get("benchmarks"), (list, tuple, str)):
            listed = value["benchmarks"]
            value = {**value, "benchmarks": _named([listed] if isinstance(listed, str) else listed)}
        if isinstance(value, dict) and isinstance(value.get("benchmarks"), dict):
            full = {name: _paths(item) for name, item in value["benchmarks"].items()}
            value = {**value, "benchmarks": full}
        return value

    def scanning(self) -> dict[str, Any]:
        """The keys that decide what is found; the others only decide what is done about it."""
        return self.model_dump(mode="json", include={"ngram", "min_words", "min_content", "max_items"})


class DecontaminateSection(DecontaminationConfig):
    """A build's decontamination: what is looked for, and what becomes of a document that holds it."""

    action: Literal["drop", "cut"] = Field(
        default="drop", description="drop the document, or cut the sentences or lines that hold the item"
    )
    max_cut: float = Field(
        default=0.5, ge=0.0, le=1.0, description="with `cut`: drop documents of which more than this share would go"
    )


def _named(listed: list[Any] | tuple[Any, ...]) -> dict[str, Any]:
    if not listed:
        raise ValueError("names no item set; list paths, or leave the section out")
    found: dict[str, Any] = {}
    for item in listed:
        if isinstance(item, str):
            if item in LAYOUTS:
                raise ValueError(f"{item}: nothing is downloaded; say where its files lie: `{item}: PATH`")
            entries = {benchmark_name(item): item}
        elif isinstance(item, dict):
            entries = item
        else:
            raise ValueError(f"expected a path or `name: path`, found {item!r}")
        for name, path in entries.items():
            if name in found:
                raise ValueError(f"two item sets are named {name}; give names: `- name: path`")
            found[name] = path
    return found


def _paths(item: Any) -> Any:
    return {"paths": item} if isinstance(item, (str, list, tuple)) else item


def benchmark_name(path: str) -> str:
    """The name of an item set that is given by its path alone: the file's or folder's, without its endings."""
    name = PurePath(path.removeprefix(HUB).partition("#")[0].rstrip("/")).name
    for ending in (".gz", ".zst", ".bz2", ".jsonl", ".json", ".parquet", ".csv", ".tsv", ".txt"):
        name = name.removesuffix(ending)
    kept = re.sub(r"[^A-Za-z0-9._+-]", "-", name)
    return kept.lstrip("._+-") or "items"
