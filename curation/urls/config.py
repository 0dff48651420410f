"""The `urls` section of a recipe: which pages are not even extracted."""

from __future__ import annotations

from pydantic import Field, field_validator

from manifests.config import Config

_FORMATS = "plain lines, hosts files or adblock lists, gzipped or not; `||example.com^` is an entry itself"


class UrlsConfig(Config):
    """Pages turned away by their URL, before their text is extracted. Lists are files that you name."""

    block_domains: tuple[str, ...] = Field(
        default=(), description=f"lists of domains, blocked with all their subdomains: {_FORMATS}"
    )
    block_hosts: tuple[str, ...] = Field(default=(), description="lists of hosts, blocked without their subdomains")
    block_urls: tuple[str, ...] = Field(
        default=(),
        description="lists of URLs, blocked with everything below them; scheme, `www.` and case do not count",
    )
    block_folders: tuple[str, ...] = Field(
        default=(), description="folders as UT1 lays them out: `domains` and `urls` in them or in their subfolders"
    )
    block_words: tuple[str, ...] = Field(default=(), description="lists of words, one of which in a URL blocks it")
    block_soft_words: tuple[str, ...] = Field(
        default=(), description="lists of words, of which `soft_words` in a URL block it"
    )
    soft_words: int = Field(default=2, ge=1, description="different soft words that block a URL (FineWeb: 2)")
    block_subwords: tuple[str, ...] = Field(
        default=(), description="lists of letters that block a URL anywhere in it, whatever separates them"
    )
    allow_domains: tuple[str, ...] = Field(
        default=(), description="lists of domains that no list and no word of this section blocks"
    )
    allow_urls: tuple[str, ...] = Field(default=(), description="the same for URLs and everything below them")
    only_domains: tuple[str, ...] = Field(
        default=(), description="lists of domains; pages of other domains are turned away"
    )
    only_urls: tuple[str, ...] = Field(
        default=(), description="the same for URLs; with both, a page must be in one of them"
    )

    @field_validator("*")
    @classmethod
    def _no_empty_names(cls, value: object) -> object:
        if isinstance(value, tuple) and any(not str(item).strip() for item in value):
            raise ValueError("an empty name; give the path of a list")
        return value
