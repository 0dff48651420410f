"""The extractors that a recipe can name, each a function of a page's bytes to its main content as lines.

They run in a process of their own (`curation.sandbox`), so that none can take longer than the recipe's limit,
whatever native code does with a hostile page.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import Any, Literal, Protocol

from manifests.errors import UsageError

ExtractorName = Literal["winnow", "resiliparse", "trafilatura"]

_UNWANTED = re.compile("[\0\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n{3,}")


class Extractor(Protocol):
    """The text of a page; `content_type` is the HTTP header's value, for its charset."""

    def __call__(self, html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
        """The main content as lines, empty where there is none."""


def target(name: ExtractorName) -> str:
    """Where an extractor is found: `module:function`.

    Raises:
        UsageError: the package that it needs is not installed.
    """
    if name == "winnow":
        return "curation.extraction:extract_text"
    if name == "trafilatura" and importlib.util.find_spec("trafilatura") is None:
        raise UsageError("extraction.extractor: trafilatura is not installed; run: pip install 'winnow[trafilatura]'")
    return f"{__name__}:{name}_text"


def load(name: str) -> Extractor:
    """The function named `module:function`."""
    module, _, function = name.partition(":")
    found: Extractor = getattr(importlib.import_module(module), function)
    return found


def resiliparse_text(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """Main content as resiliparse finds it (Bevendorff et al., "Elastic ChatNoir", ECIR 2018), on a bounded page."""
    from resiliparse.extract.html2text import extract_plain_text

    from curation.extraction import MAX_HTML_BYTES
    from curation.reading.markup import bounded

    page = bounded(_decoded(html, content_type).encode("utf-8", "replace"), MAX_HTML_BYTES)
    text = extract_plain_text(
        page.decode("utf-8", "replace"), main_content=True, alt_texts=False, links=False, list_bullets=False,
        noscript=False, form_fields=False, comments=False,
    )  # fmt: skip
    return _tidy(str(text))


def trafilatura_text(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """Main content as trafilatura finds it with its own defaults (Barbaresi, "Trafilatura", ACL 2021 demos).

    The page is decoded as browsers do, and cut at `MAX_HTML_BYTES`, but not otherwise changed: what scripts say
    (JSON-LD) is one of the things trafilatura falls back to.
    """
    trafilatura: Any = importlib.import_module("trafilatura")
    return _tidy(trafilatura.extract(_decoded(html, content_type), url=url) or "")


def _decoded(html: bytes, content_type: str | None) -> str:
    from curation.extraction import MAX_HTML_BYTES, decode
    from curation.reading.http import media_type

    return decode(html[:MAX_HTML_BYTES], media_type(content_type)[1])[0]


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in _UNWANTED.sub("", text).split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()
