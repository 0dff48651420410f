"""The words near a candidate."""

from __future__ import annotations

import re

BEFORE, AFTER = 60, 24
_PLACEHOLDER = re.compile(r"<[A-Z]{2,12}(?:_[A-Z]{1,12}){0,3}(?::[a-z]{8,12})?>")


def words_before(text: str, start: int, width: int = BEFORE) -> str:
    """What stands before `start`, back to the placeholder of an earlier redaction.

    The name inside a placeholder is no evidence, nor is what stood on its other side: redaction brings it nearer,
    and what is found must not depend on it.
    """
    near = text[max(0, start - width) : start]
    if ">" in near:
        for match in _PLACEHOLDER.finditer(near):
            near = " " * match.end() + near[match.end() :]
        # A placeholder cut in two by the edge of the window.
        head = near.find(">")
        if 0 <= head < 40 and near[:head].partition(":")[0].replace("_", "").isupper():
            near = " " * (head + 1) + near[head + 1 :]
    return near


def words_after(text: str, end: int, width: int = AFTER) -> str:
    """What stands after `end`, up to the next placeholder."""
    near = text[end : end + width]
    return near[: near.index("<")] if "<" in near else near
