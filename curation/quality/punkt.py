"""Sentences counted as NLTK's Punkt tokenizer with its English parameters finds them (what C4 counts).

Kiss and Strunk (2006), Unsupervised Multilingual Sentence Boundary Detection. The algorithm is NLTK 3.8's
`PunktSentenceTokenizer`; `punkt.json` holds its parameters. Later versions of NLTK treat curly quotes differently.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

_BEGIN_LOWER = 1 << 4
_MIDDLE_UPPER = 1 << 2
_UPPER = 1 << 1 | 1 << 2 | 1 << 3
_LOWER = 1 << 4 | 1 << 5 | 1 << 6

_TABLES: dict[str, Any] = json.loads(resources.files(__package__).joinpath("punkt.json").read_text("utf-8"))
_ABBREVIATIONS = frozenset(_TABLES["abbreviations"])
_COLLOCATIONS = frozenset((first, second) for first, second in map(str.split, _TABLES["collocations"]))
_STARTERS = frozenset(_TABLES["sentence_starters"].split())
_CONTEXTS = {word: int(flags) for flags, words in _TABLES["orthographic_contexts"].items() for word in words.split()}
_SPECIAL = _ABBREVIATIONS | {first for first, _ in _COLLOCATIONS}

_NON_WORD = r"""(?:[)";}\]*:@'({\[?!])"""
_MULTI = r"(?:\-{2,}|\.{2,}|(?:\.\s){2,}\.)"
_PERIOD_CONTEXT = re.compile(rf"[.?!](?=({_NON_WORD}|\s+(\S+)))")
_TOKEN = re.compile(
    rf"{_MULTI}|(?=[^(\"`{{\[:;&#*@)}}\]\-,])\S+?(?=\s|$|{_NON_WORD}|{_MULTI}|,(?=$|\s|{_NON_WORD}|{_MULTI}))|\S"
)
_REALIGNMENT = re.compile(r"""["')\]}]+?(?:\s+|(?=--)|$)""", re.MULTILINE)
_ELLIPSIS = re.compile(r"\.\.+$")
_NUMERIC = re.compile(r"^-?[.,]?\d[\d,.-]*\.?$")
_INITIAL = re.compile(r"[^\W\d]\.$")
_MARKS = tuple(";:,.!?")
_BLANKS = " \t\n\r\x0b\x0c"


def count_sentences(text: str) -> int:
    """How many sentences Punkt splits `text` into; 0 for a text without any character."""
    if not text:
        return 0
    count = 0
    realign = 0
    previous: tuple[int, int] | None = None
    for start, stop in _slices(text):
        if previous is not None:
            first = previous[0] + realign
            match = _REALIGNMENT.match(text[start:stop])
            realign = match.end() if match else 0
            count += match is not None or first < previous[1]
        previous = (start, stop)
    assert previous is not None  # there is always a last slice
    return count + (previous[0] + realign < previous[1])


def _slices(text: str) -> Iterator[tuple[int, int]]:
    """Starts and ends of sentences, before closing marks are moved to the sentence that they close."""
    begin = 0
    for match, word in _candidates(text):
        if _is_break(word, match[0], match[1], match[2]):
            yield begin, match.end()
            begin = match.start(2) if match[2] else match.end()
    yield begin, len(text.rstrip())


def _candidates(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Marks that may end a sentence with the word before them; of marks in one word the last."""
    start = stop = 0
    previous = None
    for match in _PERIOD_CONTEXT.finditer(text):
        position = match.start()
        blank = max(text.rfind(character, stop, position) for character in _BLANKS)
        # As the original: a blank right at the beginning counts as none.
        begin = blank + 1 if blank > stop else start
        if previous is not None and stop <= begin:
            yield previous, text[start:stop]
        previous = match
        start, stop = begin, position
    if previous is not None:
        yield previous, text[start:stop]


def _is_break(word: str, mark: str, after: str, following: str | None) -> bool:
    if following and word.isalpha() and word.isascii() and following[0].isalnum():  # nearly always
        if mark != ".":
            return True
        if len(word) > 1 and word.lower() not in _SPECIAL:
            return True
    return _has_break(word + mark + after)


class _Token:
    __slots__ = ("abbreviation", "kind", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kind = _NUMERIC.sub("##number##", text.lower())
        self.abbreviation = False


@functools.lru_cache(maxsize=1 << 14)
def _has_break(context: str) -> bool:
    """Whether a sentence ends inside `context` and another token follows."""
    tokens = [_Token(text) for text in _TOKEN.findall(context)]
    breaks = [_first_pass(token) for token in tokens]
    for place, token in enumerate(tokens[:-1]):
        if token.text.endswith("."):
            breaks[place] = _second_pass(token, tokens[place + 1], breaks[place], breaks[place + 1])
        if breaks[place]:
            return True
    return False


def _first_pass(token: _Token) -> bool:
    text = token.text
    if text in (".", "?", "!"):
        return True
    if _ELLIPSIS.match(text):
        token.abbreviation = True  # the second pass treats an ellipsis as it does an abbreviation
        return False
    if text.endswith(".") and not text.endswith(".."):
        stem = text[:-1].lower()
        if stem in _ABBREVIATIONS or stem.split("-")[-1] in _ABBREVIATIONS:
            token.abbreviation = True
            return False
        return True
    return False


def _without_period(kind: str) -> str:
    return kind[:-1] if len(kind) > 1 and kind.endswith(".") else kind


def _second_pass(token: _Token, following: _Token, ends: bool, following_ends: bool) -> bool:
    kind = _without_period(token.kind)
    next_kind = _without_period(following.kind) if following_ends else following.kind
    if (kind, next_kind) in _COLLOCATIONS:
        return False
    initial = _INITIAL.match(token.text) is not None
    starts = _starts_sentence(following, next_kind)
    upper = following.text[0].isupper()
    if token.abbreviation and not initial and (starts is True or (upper and next_kind in _STARTERS)):
        return True
    if initial or kind == "##number##":
        if starts is False:
            return False
        if starts is None and initial and upper and not _CONTEXTS.get(next_kind, 0) & _LOWER:
            return False
    return ends


def _starts_sentence(token: _Token, kind: str) -> bool | None:
    """Whether the case of the word says that it begins a sentence; None where it does not tell."""
    if token.text in _MARKS:
        return False
    context = _CONTEXTS.get(kind, 0)
    if token.text[0].isupper() and context & _LOWER and not context & _MIDDLE_UPPER:
        return True
    if token.text[0].islower() and (context & _UPPER or not context & _BEGIN_LOWER):
        return False
    return None
