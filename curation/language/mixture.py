"""The languages of a text's paragraphs, put together: shares, and where those in other languages are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.language.codes import UNDETERMINED

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ForeignParagraph:
    """A line of a text, or several short ones: `text[start:end]`, in another language than the text."""

    start: int
    end: int
    language: str


@dataclass(frozen=True, slots=True)
class Mixture:
    """The languages of a text's paragraphs.

    `shares` are of the visible characters, largest first, `und` among them, rounded to four places. `mixed` is one
    minus the main language's share of those that are not `und`; 0 where all are.
    """

    shares: tuple[tuple[str, float], ...]
    mixed: float
    foreign: tuple[ForeignParagraph, ...]


def mixture(
    text: str, main: str, first: Integers, last: Integers, codes: Sequence[str], visible: Sequence[int]
) -> Mixture:
    """Put together the pieces of a text: the lines they begin and end in, their languages, their visible characters."""
    sizes: dict[str, int] = {}
    for code, size in zip(codes, visible, strict=True):
        sizes[code] = sizes.get(code, 0) + size
    total = sum(sizes.values())
    shares = sorted(((code, round(size / total, 4)) for code, size in sizes.items()), key=lambda one: (-one[1], one[0]))
    known = total - sizes.pop(UNDETERMINED, 0)
    if not known:
        return Mixture(tuple(shares), 0.0, ())
    own = max(sizes.values()) if main == UNDETERMINED else sizes.get(main, 0)
    foreign = main != UNDETERMINED and own < known
    found = _foreign(text, main, first.tolist(), last.tolist(), codes, visible) if foreign else ()
    return Mixture(tuple(shares), round(1.0 - own / known, 4), found)


def _foreign(
    text: str, main: str, first: Sequence[int], last: Sequence[int], codes: Sequence[str], visible: Sequence[int]
) -> tuple[ForeignParagraph, ...]:
    """Paragraphs with a piece in another language and none in the text's own, in their order."""
    found: list[ForeignParagraph] = []
    start = line = k = 0
    while k < len(codes):
        begin, sizes = k, {codes[k]: visible[k]}
        while k + 1 < len(codes) and first[k + 1] == last[k]:  # pieces of one long line
            k += 1
            sizes[codes[k]] = sizes.get(codes[k], 0) + visible[k]
        sizes.pop(UNDETERMINED, None)
        if sizes and main not in sizes:
            while line < first[begin]:
                start = text.index("\n", start) + 1
                line += 1
            end = start - 1
            for _ in range(last[k] - first[begin] + 1):
                end = text.find("\n", end + 1)
            language = max(sizes, key=lambda code: (sizes[code], code))
            found.append(ForeignParagraph(start, len(text) if end < 0 else end, language))
        k += 1
    return tuple(found)
