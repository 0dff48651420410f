"""Passwords, secrets and user names after the name they are assigned to, in code, configuration, logs and prose.

Every occurrence of a keyword is looked at once, and what is read around it is bounded: time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from curation.privacy.key_names import is_strong, role
from curation.privacy.spans import PASSWORD, SECRET, USERNAME, Span
from curation.privacy.values import password_score, secret_score, username_score

KEYWORDS = (b"passw", b"passphrase", b"pwd", b"secret", b"token", b"key", b"credential", b"user", b"login")
MAX_VALUE = 512
MAX_NAME = 48

Form = Literal["quoted", "element", "env", "line", "inline", "none"]

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-$")
_NAME_CHARACTERS = "".join(sorted(_NAME))
_REST_OF_NAME = re.compile(r"[A-Za-z0-9_-]{0,24}")
_OPERATOR = re.compile(
    r"""(?P<close>\\?["'`]?\]?\)?)
    (?:
      (?:[ \t]{0,4}:[ \t]{0,4}(?:const[ ])?[A-Za-z&][\w.\[\]<>|&]{0,32}(?=[ \t]{0,4}=)|[ \t]{1,4}string(?=[ \t]{1,4}=))?
      (?P<space>[ \t]{0,16})(?P<op>:=|=>|={1,3}|!==?|:|(?<=[ ])is(?=[ ]):?)
    | ,?\s{1,40}["']?[vV]alue["']?\s{0,4}(?P<pair>[:=])
    | (?P<comma>,)
    | (?P<call>\()
    | (?P<tag>>)
    )
    [ \t]{0,32}""",
    re.VERBOSE,
)
# What may follow a name before its value; `_MOSTLY` is what follows it in running text.
_AFTER_NAME = frozenset("\\\"'`])=:>,(! \t\n\r")
_MOSTLY = frozenset(first + letter for first in " ,\n" for letter in "abcdefghjklmnopqrtuwxyzABCDEFGHIJKLMNOPQRSTUWXYZ")
_QUOTE = re.compile(
    r"""(?P<prefix>[bBuUrRfFL@$]{0,2}|new[ ]String\()(?P<quote>\"\"\"|'''|\\?["'`]|&quot;)""", re.VERBOSE
)
_BARE = re.compile(rf"(?:[^\s\"'`<>(){{}}\[\],;&|\\]|&(?![\w.%-]{{1,32}}=)){{4,{MAX_VALUE}}}")
_WORD = re.compile(rf"[^\s\"'`]{{4,{MAX_VALUE}}}")
_ELEMENT = re.compile(rf"([^\s<>]{{4,{MAX_VALUE}}})</")
_LINE_HEAD = re.compile(
    r"\s{0,64}(?:(?:#|//|;)\s{0,16})?(?:(?:export|set|setenv|env|ENV|ARG|declare -x|-e|-D|-|--)\s{0,16})?[\"']?\Z"
)
_LINE_TAIL = re.compile(r"[ \t]{0,64}(?:#[^\n]{0,200})?(?:\\?\r?\n|\Z)")
_ENDS_INLINE = re.compile(r"[\s;,&\"'`|\\]|\Z")
_SEEN_BEFORE = 96


class Value(NamedTuple):
    """Where a value stands, and how it is written there."""

    start: int
    end: int
    form: Form


def find_assignments(text: str, lowered: bytes, held: frozenset[bytes], kind: str) -> Iterator[Span]:
    """Values of passwords, secrets and user names.

    `lowered` is the text in small ASCII letters, a byte a character, `held` those of KEYWORDS in it.
    """
    seen: set[int] = set()
    for keyword in KEYWORDS:
        place = lowered.find(keyword) if keyword in held else -1
        while place >= 0:
            reached = 0
            name_end = _REST_OF_NAME.match(text, place + len(keyword)).end()  # type: ignore[union-attr]
            if text[name_end : name_end + 1] in _AFTER_NAME and text[name_end : name_end + 2] not in _MOSTLY:
                operator = _OPERATOR.match(text, name_end)
                if operator and name_end not in seen:
                    seen.add(name_end)
                    reached, spans = _assigned(text, place, name_end, operator, kind)
                    yield from spans
            place = lowered.find(keyword, max(place + len(keyword), name_end, reached))


def _assigned(text: str, place: int, name_end: int, operator: re.Match[str], kind: str) -> tuple[int, tuple[Span, ...]]:
    """How far a bare value reaches (within it the same keyword is no name), and its span if it is one."""
    window = text[max(0, place - MAX_NAME) : place]
    start = place - len(window) + len(window.rstrip(_NAME_CHARACTERS))
    name = text[start:name_end].lstrip("-.$")
    # A closure, an instance or an object: the last part names the value.
    type_ = role(name.rpartition(".")[2])
    if type_ is None:
        return 0, ()
    value = _value(text, start, operator, kind)
    if value is None or (type_ == USERNAME and (operator["comma"] or text[start - 1 : start] in ("?", "&", ";"))):
        return 0, ()
    if value.form == "none":
        return value.end, ()
    written = text[value.start : value.end]
    if type_ == PASSWORD:
        score = password_score(written, value.form, prose=kind == "prose", loose=_is_loose(operator))
    elif type_ == SECRET:
        score = secret_score(written, value.form, prose=kind == "prose", strong=is_strong(name))
    else:
        score = username_score(written, value.form, prose=kind == "prose")
        # `user = before` in a program is one name given to another.
        loose = value.form == "line" and operator["op"] == "=" and name.upper() != name
        if loose or operator["call"] or (operator["op"] or "").startswith(("==", "!=")):
            score = 0.0
    reached = 0 if value.form == "quoted" else value.end
    return reached, ((Span(type_, value.start, value.end, score),) if score else ())


def _is_loose(operator: re.Match[str]) -> bool:
    """Whether the operator says less than that the value belongs to the name."""
    return bool(operator["comma"] or operator["call"] or (operator["op"] or "")[:2] in ("==", "!="))


def _value(text: str, start: int, operator: re.Match[str], kind: str) -> Value | None:
    place = operator.end()
    if operator["tag"]:
        element = _ELEMENT.match(text, place) if start and text[start - 1] in "<:" else None
        return Value(*element.span(1), "element") if element else None
    quote = _QUOTE.match(text, place)
    if operator["call"] or operator["comma"]:
        # `f("password", "value")`: the name is quoted; `setPassword("value")`: it is a setter.
        if quote is None or (operator["comma"] and not operator["close"].strip("])")):
            return None
        if operator["call"] and not _is_setter(text, start, operator.start()):
            return None
    if quote:
        return _quoted(text, quote)
    if operator["op"] not in ("=", ":", None) and not (operator["op"].startswith("is") and kind == "prose"):
        return None
    return _bare(text, start, operator, kind)


def _is_setter(text: str, start: int, end: int) -> bool:
    name = text[start:end].rpartition(".")[2].lower()
    return name.startswith(("set", "with", "pass", "pwd", "token", "api", "secret", "auth"))


def _quoted(text: str, opening: re.Match[str]) -> Value | None:
    quote = opening["quote"]
    start = opening.end()
    end = text.find(quote, start, start + MAX_VALUE + len(quote))
    while end > start and len(quote) == 1 and text[end - 1] == "\\" and text[end - 2 : end] != "\\\\":
        end = text.find(quote, end + 1, start + MAX_VALUE + 1)
    if end <= start or "\n" in text[start:end]:
        return None
    # `Server=x;Password=y` within quotes is read at its own keyword.
    return Value(start, end, "quoted")


def _bare(text: str, start: int, operator: re.Match[str], kind: str) -> Value | None:
    place = operator.end()
    match = _BARE.match(text, place)
    if match is None:
        return None
    line_start = text.rfind("\n", max(0, start - _SEEN_BEFORE), start) + 1
    heads_line = (line_start > 0 or start < _SEEN_BEFORE) and _LINE_HEAD.match(text[line_start:start]) is not None
    tight = operator["op"] == "=" and not operator["space"] and operator.end() == operator.end("op")
    name = text[start : operator.start()]
    if heads_line and tight and name.upper() == name:
        whole = _WORD.match(text, place)
        if whole and _LINE_TAIL.match(text, whole.end()):
            return Value(*whole.span(), "env")
    if (
        (heads_line or operator["pair"])
        and _LINE_TAIL.match(text, match.end())
        and (kind == "code" or operator["op"] == "=")
    ):
        return Value(*match.span(), "inline" if tight else "line")
    end = match.end() - (len(match[0]) - len(match[0].rstrip(".,:")) if kind == "prose" else 0)
    if (tight or kind == "prose") and _ENDS_INLINE.match(text, match.end()):
        inside = text[start - 1 : start] == "("
        return None if inside else Value(match.start(), end, "inline" if tight else "line")
    # What is too long for a value is not read again at every name within it.
    return Value(*match.span(), "none") if len(match[0]) == MAX_VALUE else None
