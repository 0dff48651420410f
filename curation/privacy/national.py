"""National identifiers: US social security numbers and those of some forty countries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.context import words_after, words_before
from curation.privacy.national_rules import LEFT, PAN, PAN_WORDS, RIGHT, RULES, Rule, is_long_code, is_pan
from curation.privacy.spans import NATIONAL_ID, US_SSN, Span

MIN_DIGITS = 6

_RUN = re.compile(rb"0(?:[ ./+?-]?0){5,}")  # "?" stands for what is not ASCII: no-break spaces, dashes
_MARGIN = 8
_NEAR = 128  # more than an identifier and what is read before it
_LONGEST = 19  # digits without a separator that no identifier has
_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")
_LONG_CODE = re.compile(r"[A-Z]{4}[0-9A-Z]{2}[0-9]{2}[A-Z0-9]{8,10}\Z")
_NUMBERED = re.compile(
    r"(?<![a-z<])(?:isbn(?:-1[03])?|issn|doi|pmid|ean|upc|gtin|order|invoice|ticket|tracking|serial|part|model|item"
    r"|sku|ref"
    r"|reference|patent|version|phone|tel|fax|call|lccn|oclc|case)(?![a-z])[^0-9a-z\n]{0,4}(?:no|nr|number|num|code"
    r"|id)?"
    r"[^0-9a-z\n]{0,5}\Z",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"[/_]\Z")  # a path, a query or a name of a file
_BY_DIGITS = tuple(tuple(rule for rule in RULES if rule.digits <= size) for size in range(18))


def _any_of(rules: tuple[Rule, ...]) -> re.Pattern[str]:
    """A pattern that is found wherever one of theirs is: separators need not be the same there."""
    shapes: list[str] = []
    for rule in rules:
        shape = rule.shape
        for group in _GROUP.findall(shape):
            shape = shape.replace(f"({group})", f"(?:{group})").replace(r"\1", f"(?:{group})")
        shapes.append(shape)
    return re.compile(LEFT + f"(?:{'|'.join(dict.fromkeys(shapes))})" + RIGHT)


_GROUP = re.compile(r"\((?!\?)([^()]*)\)")
_MAY_HOLD = tuple(_any_of(rules) for rules in _BY_DIGITS)
_ALONE = _any_of(tuple(rule for rule in RULES if rule.context is None))


def find_national_ids(text: str, digits: bytes, kind: str) -> Iterator[Span]:
    """US_SSN and NATIONAL_ID spans.

    `digits` is the text in ASCII with every digit as `0`. Every format is validated by its check digits (python-stdnum)
    or, where it has none, its number ranges; formats that random numbers meet too easily need one of their words near.
    """
    reached = 0
    for run in _RUN.finditer(digits):
        size = min(run[0].count(b"0"), len(_BY_DIGITS) - 1)
        start, end = run.span()
        if size >= MIN_DIGITS and not (end - start > _LONGEST and run[0].isdigit()):
            first, last = max(reached, start - _MARGIN), min(len(text), end + _MARGIN)
            if _MAY_HOLD[size].search(text, first, last):
                yield from _in_run(text, first, last, kind, _BY_DIGITS[size])
        reached = end


def _in_run(text: str, start: int, end: int, kind: str, rules: tuple[Rule, ...]) -> Iterator[Span]:
    # No word stands within a run, so what asks for one near can only be at its ends.
    whole: tuple[tuple[int, int], ...] = ((start, end),)
    ends = whole
    if end - start > 2 * _NEAR:
        ends = ((start, start + _NEAR), (end - _NEAR, end))
        whole = whole if _ALONE.search(text, start, end) else ()
    for rule in rules:
        if rule.context is None and kind == "code" and not rule.code:
            continue
        parts = whole if rule.context is None else ends
        for match in (match for part in parts for match in rule.pattern.finditer(text, *part)):
            compact = _NOT_WORD.sub("", match[0])
            if not rule.valid(compact.upper()):
                continue
            before = words_before(text, match.start())
            if rule.context is not None:
                if not (rule.context.search(before) or rule.context.search(words_after(text, match.end()))):
                    continue
            elif _NUMBERED.search(before) or _IDENTIFIER.search(before):
                continue
            strong = rule.context is not None or rule.span_type == US_SSN
            yield Span(rule.span_type, match.start(), match.end(), 0.9 if strong else 0.8)


def find_long_codes(text: str, runs: list[tuple[int, int]]) -> Iterator[Span]:
    """Italian codici fiscali and Mexican CURPs among the word runs of the text."""
    for start, end in runs:
        if end - start in (16, 18) and text[start] <= "Z":
            value = text[start:end]
            if _LONG_CODE.match(value) and is_long_code(value):
                yield Span(NATIONAL_ID, start, end, 0.9)


def find_pans(text: str, digits: bytes) -> Iterator[Span]:
    """Indian permanent account numbers, where a word says so. `digits`: see `find_national_ids`."""
    for match in PAN.finditer(digits):
        start, end = match.start() - 5, match.end()
        if is_pan(text[start:end]) and PAN_WORDS.search(words_before(text, start)):
            yield Span(NATIONAL_ID, start, end, 0.85)
