"""Lines of a text and the hashes under which two of them are equal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from curation.quality_models.ccnet_text import PUNCTUATION

Span = tuple[int, int]

_DIGIT = re.compile(r"\d")
# `PUNCT_OR_NON_PRINTING_CHARS_RE` of CCNet, but for the line break, which ends a paragraph here.
_DROPPED = re.compile("[" + re.escape("".join(PUNCTUATION)) + "\x00-\x09\x0b-\x1f\x7f-\x9f]")
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_CONTROL = bytes(code for code in range(128) if (code < 32 or code == 127) and code != ord("\n"))


@dataclass(frozen=True)
class LineUnits:
    """The lines of a text that are compared: where they start and end (characters), and their hashes [n, 2]."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def line_units(text: str, rule: str, cut: Sequence[Span] = ()) -> LineUnits:
    r"""The lines of `text` (split at `\n`) outside `cut` that have anything to compare, hashed with 128-bit XXH3.

    Args:
        text: any text.
        rule: `c4@tfds` compares `line.strip().lower()`; `ccnet` what `cc_net`'s `normalize_for_dedup` leaves.
        cut: ascending spans that are cut already.
    """
    lines = text.split("\n")
    sizes = np.fromiter(map(len, lines), np.int64, len(lines))
    ends = np.cumsum(sizes + 1) - 1
    forms = compared_forms(text, rule)
    used = np.fromiter(map(bool, forms), bool, len(forms))
    starts = ends - sizes
    if cut:
        first, last = np.array(cut, np.int64).T
        place = np.searchsorted(first, starts, side="right") - 1
        used &= ~((place >= 0) & (starts < last[np.maximum(place, 0)]))
    rows = np.flatnonzero(used)
    digest = xxhash.xxh3_128_digest
    joined = b"".join([digest(forms[row].encode("utf-8", "surrogatepass")) for row in rows.tolist()])
    carriage = np.fromiter((lines[row].endswith("\r") for row in rows.tolist()), np.int64, len(rows))
    return LineUnits(starts[rows], ends[rows] - carriage, np.frombuffer(joined, "<u8").reshape(-1, 2))


def compared_forms(text: str, rule: str) -> list[str]:
    """What is compared of each line of `text`; empty where there is nothing to compare."""
    if rule == "c4@tfds":
        return [line.strip() for line in text.lower().split("\n")]
    if rule != "ccnet":
        raise ValueError(f"no rule of equal lines is called {rule!r}; there are c4@tfds and ccnet")
    stripped = "\n".join([line.strip() for line in text.split("\n")])
    if stripped.isascii():
        return stripped.lower().encode().translate(_ZEROS, _CONTROL).decode().split("\n")
    return _DROPPED.sub("", _DIGIT.sub("0", stripped.lower())).split("\n")
