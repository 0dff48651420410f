"""Blocks of private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.spans import SECRET, Span

MAX_KEY_BLOCK = 16_384
_KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END (?:[A-Z0-9]{2,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9/+=]{40}")
_NO_KEY_BODY = re.compile(r"[(){}\[\];<>]")
_KEY_LINE = re.compile(r"[ \t]*[A-Za-z0-9/+=]{16,128}[ \t\r]*\Z")


def find_private_keys(text: str) -> Iterator[Span]:
    """PEM and PGP private-key blocks with their base64 body, also when the end is cut off."""
    end_match: re.Match[str] | None = None
    exhausted = False
    reached = 0
    for begin in _KEY_BEGIN.finditer(text):
        if begin.start() < reached:
            continue
        while not exhausted and (end_match is None or end_match.start() < begin.end()):
            end_match = _KEY_END.search(text, begin.end())
            exhausted = end_match is None
        stop = begin.end()
        if end_match and not exhausted and end_match.start() - begin.end() <= MAX_KEY_BLOCK:
            body = text[begin.end() : end_match.start()]
            if "-----BEGIN" not in body and _KEY_BODY.search(body) and not _NO_KEY_BODY.search(body):
                stop = end_match.end()
        else:
            stop = _end_of_lines(text, begin.end())
        if stop > begin.end():
            reached = stop
            yield Span(SECRET, begin.start(), stop, 0.98)


def _end_of_lines(text: str, start: int) -> int:
    """The end of the base64 lines that follow a header without a footer; `start` when there are none."""
    line_start = text.find("\n", start, start + 4)
    stop = start
    while 0 <= line_start < start + MAX_KEY_BLOCK:
        line_end = text.find("\n", line_start + 1, line_start + 160)
        bound = line_end if line_end >= 0 else min(len(text), line_start + 160)
        if not _KEY_LINE.match(text, line_start + 1, bound):
            break
        stop = bound
        line_start = line_end
    return stop
