"""Which files of Common Crawl a recipe names: the crawl, the kind of file, and how many."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from curation.reading.remote import is_url, without_secrets
from manifests.config import Config

BASE = "https://data.commoncrawl.org"
_CRAWL = re.compile(r"CC-MAIN-20\d\d-(?:0[1-9]|[1-4]\d|5[0-3])|CC-NEWS/20\d\d/(?:0[1-9]|1[0-2])")
_SHORT = re.compile(r"(?:CC-MAIN-)?(20\d\d)-(\d{1,2})", re.IGNORECASE)


class CrawlConfig(Config):
    """Files of one crawl of Common Crawl."""

    crawl: str = Field(description="its name, as in CC-MAIN-2026-05; CC-NEWS/2026/01 for a month of the news crawl")
    kind: Literal["warc", "wet", "wat"] = Field(default="warc", description="pages, their text, or their links")
    files: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="so many files, chosen by a hash of the recipe's seed and the file's path"
    )
    sample: Annotated[float, Field(gt=0.0, le=1.0)] | None = Field(
        default=None, description="this share of the files, chosen in the same way; 1 for all"
    )
    base: str = Field(default=BASE, description="where `crawl-data/` lies: a web address, s3://commoncrawl or a folder")

    @field_validator("crawl")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if _CRAWL.fullmatch(name):
            return name
        meant = _SHORT.fullmatch(name)
        hint = f"did you mean CC-MAIN-{meant[1]}-{int(meant[2]):02}?" if meant else f"{BASE} lists them"
        raise ValueError(f"no name of a crawl; names are CC-MAIN-<year>-<week>, as in CC-MAIN-2026-05: {hint}")

    @field_validator("base")
    @classmethod
    def _is_plain(cls, base: str) -> str:
        if without_secrets(base) != base or (is_url(base) and "?" in base):
            raise ValueError("name it without password, signature or query")
        if not base.strip():
            raise ValueError("an empty place; leave `base` out for Common Crawl's own server")
        return base.rstrip("/") or "/"

    @model_validator(mode="after")
    def _says_how_much(self) -> CrawlConfig:
        if (self.files is None) == (self.sample is None):
            raise ValueError(
                f"{self.crawl}: say how much of it: `files: 10` for ten files or `sample: 0.001` for a share, not both"
            )
        if self.crawl.startswith("CC-NEWS") and self.kind != "warc":
            raise ValueError(f"{self.crawl}: the news crawl has WARC files only; set `kind: warc`")
        return self


def fold_single_crawl(document: Any) -> Any:
    """`crawl`, `kind`, `files`, `sample` and `base` written directly into `inputs` as one more entry of `crawls`.

    Raises:
        ValueError: one of them without `crawl`.
    """
    if not isinstance(document, dict):
        return document
    single = {key: document[key] for key in CrawlConfig.model_fields if key in document}
    if not single:
        return document
    if "crawl" not in single:
        raise ValueError(f"`{next(iter(single))}` is about a crawl; name it, as in `crawl: CC-MAIN-2026-05`")
    others = {key: value for key, value in document.items() if key not in single}
    return {**others, "crawls": [*(others.get("crawls") or ()), single]}
