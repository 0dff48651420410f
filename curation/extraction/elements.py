"""HTML elements and attributes as the compiled passes know them: small numbers, found by the hash of a name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

INLINE, BLOCK, SILENT, VOID = range(4)
"""What an element does to text: flows within it, ends a block, holds none, or has no content of its own."""

OTHER = 0
# The order is part of the model: features hold these numbers' mean targets. Append, never insert.
TAGS = str.split(
    "? html body head title div p li ul ol dl dt dd table tbody thead tfoot tr td th caption h1 h2 h3 h4 h5 h6 "
    "article main section nav header footer aside form fieldset figure figcaption blockquote pre details summary "
    "dialog address center hr br a button span code label noscript script style template svg select textarea audio "
    "video canvas object math iframe img meta custom legend menu hgroup search dir source input"
)
TAG = {name: number for number, name in enumerate(TAGS)}

_BLOCKS = str.split(
    "body div p li ul ol dl dt dd table tbody thead tfoot tr td th caption h1 h2 h3 h4 h5 h6 article main section nav "
    "header footer aside form fieldset figure figcaption blockquote pre details summary dialog address center noscript "
    "legend menu hgroup search dir"
)
_SILENT = str.split("script style template svg select textarea audio video canvas object iframe")
_VOID = str.split("hr br img meta input source area base col embed link param track wbr frame keygen")

CLASS, ROLE, PROPERTY, TYPE, LABEL = range(5)
"""Kinds of attribute whose words are kept, as they tell what an element is for."""
HIDDEN, ARIA_HIDDEN, STYLE, HREF, META_PROPERTY, META_CONTENT = range(5, 11)
_ATTRIBUTES = {
    "class": CLASS,
    "id": CLASS,
    "data-testid": CLASS,
    "data-component": CLASS,
    "role": ROLE,
    "itemprop": PROPERTY,
    "itemtype": TYPE,
    "aria-label": LABEL,
    "hidden": HIDDEN,
    "aria-hidden": ARIA_HIDDEN,
    "style": STYLE,
    "href": HREF,
    "property": META_PROPERTY,
    "content": META_CONTENT,
}


def fnv(name: str) -> int:
    """FNV-1a of the UTF-8 bytes, 32 bits: the hash by which names, class words and words of text are known."""
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def _table(numbers: dict[str, int]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    ordered = sorted((fnv(name), number) for name, number in numbers.items())
    return np.array([key for key, _ in ordered], np.uint32), np.array([number for _, number in ordered], np.uint8)


_NAMED = [name for name in dict.fromkeys((*TAGS[1:], *_VOID)) if name != "custom"]
NAMES, TAG_OF = _table({name: TAG.get(name, OTHER) for name in _NAMED})
_, KIND_OF = _table(
    {
        name: BLOCK if name in _BLOCKS else SILENT if name in _SILENT else VOID if name in _VOID else INLINE
        for name in _NAMED
    }
)
ATTRIBUTES, ATTRIBUTE_OF = _table(_ATTRIBUTES)

HEADING_LEVEL = np.zeros(len(TAGS), np.int64)
HEADING_LEVEL[[TAG[f"h{level}"] for level in range(1, 7)]] = range(1, 7)

OG_TYPE = fnv("og:type")
_KINDS = ("article", "product", "website", "blog", "profile")
PAGE_KINDS = {fnv(name): number for number, name in enumerate(_KINDS, 1)}
OTHER_KIND = len(_KINDS) + 1
