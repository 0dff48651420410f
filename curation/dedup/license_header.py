"""The licence notice at the head of a file of code, which small files share without being copies of each other.

A notice is made of the comments at the head of a file that speak of copyright or licence: block comments whole, of a
run of line comments the paragraphs up to the last that does. What may stand before it (an interpreter line, `<?php`,
an XML declaration, blank lines) stays, and so do comments about anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from curation.dedup.config import MinHashConfig

MOST_CHARACTERS = 40_000
"""Characters of a file's head that are looked at; the longest licence that is put there, the GPL, has 35,000."""

_NOTICE = re.compile(
    r"copyright|licen[cs]e|licensing|\(c\) ?(?:19|20)[0-9]{2}|\u00a9|spdx-|all rights reserved|without warrant|"
    r"redistribut|permission is hereby",
    re.IGNORECASE,
)
_BLOCKS = (
    ("/*", "*/"), ("<!--", "-->"), ("{-", "-}"), ("(*", "*)"), ('"""', '"""'), ("'''", "'''"), ("--[[", "]]"),
    ("#|", "|#"), ("=begin", "=end"),
)  # fmt: skip
_LINE = re.compile(r"//|--|#(?![A-Za-z!\[])|;|%|!")  # `#include` and `#[derive]` are no comments
_BEFORE = re.compile(r"(?:(?:#!|<\?)[^\n]*\n|[ \t\r]*\n)*")
_BLANK, _INDENT, _REST = (re.compile(pattern) for pattern in (r"\s*", r"[ \t]*", r"[ \t\r]*\n?"))


def looked_at(texts: Sequence[str], config: MinHashConfig) -> Sequence[str]:
    """What of some texts is made into shingles."""
    return texts if config.license_header else [without_license_header(text) for text in texts]


def without_license_header(text: str) -> str:
    """A file of code without the licence notice at its head; the text itself where it has none."""
    head = text[:MOST_CHARACTERS]
    start = end = _end(_BEFORE, head, 0)
    while True:
        comment, notice = _comment(head, _end(_BLANK, head, end))
        if notice is None:
            break
        end = notice
        if comment > notice:
            break
    return text[:start] + text[end:]


def _comment(head: str, start: int) -> tuple[int, int | None]:
    """Where the comment that begins at `start` ends, and where the notice in it does; None where there is none."""
    for mark, closing in _BLOCKS:
        if head.startswith(mark, start):
            place = head.find(closing, start + len(mark))
            if place < 0 or not _NOTICE.search(head, start, place):
                return start, None
            end = _end(_REST, head, place + len(closing))
            return end, end
    found = _LINE.match(head, start)
    return (start, None) if found is None else _line_comments(head, start, found[0])


def _line_comments(head: str, start: int, mark: str) -> tuple[int, int | None]:
    """As `_comment`, of a run of lines that begin with the mark; a line with nothing else ends a paragraph of it."""
    place = paragraph = start
    notice = None
    while place < len(head) and head.startswith(mark, _end(_INDENT, head, place)):
        end = head.find("\n", place) + 1 or len(head)
        if not head[place:end].strip(f"{mark} \t\r\n"):
            paragraph, notice = end, end if _NOTICE.search(head, paragraph, place) else notice
        place = end
    return place, place if _NOTICE.search(head, paragraph, place) else notice


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a match that may be empty ends."""
    found = pattern.match(text, start)
    return found.end() if found else start
