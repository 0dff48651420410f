"""E-mail addresses written so that machines do not see them: "ada [at] lovelace dot org"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.domains import KNOWN_DOMAINS, RESERVED_DOMAINS, RESERVED_HOSTS
from curation.privacy.emails import MAX_LOCAL
from curation.privacy.spans import EMAIL, Span

_DOT_WORDS = r"dot|d0t|punkt|punto|ponto|point|punt|kropka|piste|\u0442\u043e\u0447\u043a\u0430"
_BARE_DOT_WORDS = r"dot|d0t|punkt|punto|kropka|\u0442\u043e\u0447\u043a\u0430"  # "at some point in" is English
_DOT = rf"(?:[ ]?[\[({{<][ ]?(?:{_DOT_WORDS}|\.)[ ]?[\])}}>][ ]?|[ ](?:{_BARE_DOT_WORDS})[ ]|\.)"
_HOST = rf"([A-Za-z0-9\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f-]{{0,62}}(?:{_DOT}[A-Za-z0-9-]{{2,63}}){{1,4}})"
_HOST_SPELLED = rf"([A-Za-z0-9][A-Za-z0-9-]{{0,62}}(?:[ ](?:{_BARE_DOT_WORDS})[ ][A-Za-z0-9-]{{2,63}}){{1,4}})"

_AT_WORDS = r"at|@|arroba|\u00e4t|malpa|ma\u0142pa|\u0441\u043e\u0431\u0430\u043a\u0430"
# The first alternative of each pattern begins with few characters, so that the search for it is a scan for them.
_BRACKETED = re.compile(rf"[\[({{<][ ]?(?:{_AT_WORDS})[ ]?[\])}}>][ ]{{0,2}}{_HOST}(?![A-Za-z0-9_])", re.IGNORECASE)
_ESCAPED = re.compile(rf"(?:&#0?64;|&#x40;|&commat;|\uff20){_HOST}(?![A-Za-z0-9_])", re.IGNORECASE)
_PERCENT = re.compile(rf"%40{_HOST}(?![A-Za-z0-9_])")
_SPACED = re.compile(rf" @ ?{_HOST}(?![A-Za-z0-9_])")
_SPELLED = re.compile(rf" at {_HOST_SPELLED}(?![A-Za-z0-9_])", re.IGNORECASE)
_LABELLED = re.compile(rf" at {_HOST}(?![A-Za-z0-9_])", re.IGNORECASE)

_CODE_POINT = "A-Za-z0-9_\u00c0-\u024f"
_TOD = r"(?:[ ]?[\])}>][ ]?(?:tod|\.)[ ]?[\[({<][ ]?|[ ]tod[ ])"  # " dot ", read backwards
_LOCAL_REVERSED = re.compile(
    rf"([{_CODE_POINT}.+-]{{1,{MAX_LOCAL}}}(?:{_TOD}[{_CODE_POINT}+-]{{1,{MAX_LOCAL}}}){{0,3}})", re.IGNORECASE
)
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{2}")
_ANY_DOT = re.compile(_DOT, re.IGNORECASE)
_MAIL_WORD = re.compile(
    r"(?<![a-z<])(?:e-?mails?|mail(?:to)?|courriel|correo|contact|reach|write)(?![a-z])", re.IGNORECASE
)
_MAIL_LABEL = re.compile(
    r"(?<![a-z<])(?:e-?mail|mail|courriel|correo)(?: address)?(?: is)?[ ]?[:=]?[ ]{0,2}\Z", re.IGNORECASE
)
_HINTED = re.compile(r"[0-9._+-]|(?: dot |[(\[{]\s?dot)", re.IGNORECASE)
_PLAIN = """
a all am an and are as available be been contact down email find found go here him her in info is it join
just learn live located look looking mail me meet more news now of on one online only or order out read
reach see shop site start starting store that the them there this to today together up us visit was we
were work working you your
"""
_PLAIN_WORDS = frozenset(_PLAIN.split())

_BRACKETS = tuple(
    sign + bracket for sign in (b"at", b"at ", b"@", b"@ ", b"?t") for bracket in (b")", b"]", b"}", b">")
)
_TRIGGERS = frozenset((*_BRACKETS, b"arroba", b"ma?pa", b"malpa"))
_DOTS = frozenset((b" dot ", b" punkt ", b" punto "))
WORDS = (*_TRIGGERS, *_DOTS, b"00;", b"&commat;", b"%00", b" @", b"mail", b" at ")
_SOBAKA = "\u0441\u043e\u0431\u0430\u043a\u0430"


def find_obfuscated(text: str, lowered: bytes, held: frozenset[bytes]) -> Iterator[Span]:
    """Addresses whose `@` or dots are spelled out or escaped.

    `lowered` is the text in ASCII ("?" for what is not) and lower case, `held` those of WORDS in it, with `0` for any
    digit. A sign in brackets, or an escaped one, is evidence enough. "ada at lovelace dot org" without brackets also
    needs a local part that is no plain word, or a word such as "e-mail" before it; "look at amazon dot com" has
    neither.
    """
    if not held.isdisjoint(_TRIGGERS) or _SOBAKA in text:
        for match in _BRACKETED.finditer(text):
            yield from _address(text, match, 0.85, hinted=False)
    if b"&commat;" in held or (b"00;" in held and ("64;" in text or "40;" in text)) or "\uff20" in text:
        for match in _ESCAPED.finditer(text):
            yield from _address(text, match, 0.9, hinted=False)
    if b"%00" in held and "%40" in text:
        for match in _PERCENT.finditer(text):
            yield from _address(text, match, 0.8, hinted=False)
    if b" @" in held:
        for match in _SPACED.finditer(text):
            yield from _address(text, match, 0.6, hinted=True)
    if b" at " not in held:
        return
    if not held.isdisjoint(_DOTS):
        for match in _after_at(_SPELLED, text, lowered):
            yield from _address(text, match, 0.7, hinted=True)
    if b"mail" in held:
        for match in _after_at(_LABELLED, text, lowered):
            start = _local_start(text, match.start())
            if start is not None and _MAIL_LABEL.search(text, max(0, start - 24), start):
                yield from _address(text, match, 0.7, hinted=False)


def _after_at(pattern: re.Pattern[str], text: str, lowered: bytes) -> Iterator[re.Match[str]]:
    """`pattern.finditer`, for one that begins with " at "; a pattern without regard to case does not skip ahead."""
    place = lowered.find(b" at ")
    while place >= 0:
        match = pattern.match(text, place)
        if match:
            yield match
        place = lowered.find(b" at ", match.end() if match else place + 1)


def _address(text: str, match: re.Match[str], score: float, *, hinted: bool) -> Iterator[Span]:
    """The address whose `@` and host `match` found; a `hinted` one asks for more than a plain word before it."""
    host, end = _known_host(match)
    if host is None:
        return
    start = _local_start(text, match.start())
    if start is None:
        return
    local = text[start : match.start()].strip().lower()
    if hinted and (
        local in _PLAIN_WORDS or not (_HINTED.search(local) or _MAIL_WORD.search(text, max(0, start - 40), start))
    ):
        return
    yield Span(EMAIL, start, end, score)


def _known_host(match: re.Match[str]) -> tuple[str | None, int]:
    """The host with plain dots and where it ends; its labels after the last known top-level domain are prose."""
    shown = match[1]
    labels = _ANY_DOT.split(shown)
    ends = [dot.start() for dot in _ANY_DOT.finditer(shown)] + [len(shown)]
    while len(labels) > 1:
        top = labels[-1].lower()
        host = ".".join(labels).lower()
        if top in RESERVED_DOMAINS or any(host == name or host.endswith("." + name) for name in RESERVED_HOSTS):
            return None, 0
        if top in KNOWN_DOMAINS:
            return host, match.start(1) + ends[len(labels) - 1]
        labels.pop()
    return None, 0


def _local_start(text: str, at: int) -> int | None:
    """Where the local part that ends before the sign at `text[at]` begins; None when there is none."""
    stop = at
    while stop and at - stop < 2 and text[stop - 1] == " ":
        stop -= 1
    match = _LOCAL_REVERSED.match(text[max(0, stop - MAX_LOCAL) : stop][::-1])
    if match is None:
        return None
    start = stop - match.end()
    while start < stop and text[start] in ".+-":
        start += 1
    if text[start - 1 : start] == "%" and _HEXADECIMAL.match(text, start):
        start += 2  # "%20ada%40lovelace.org"
    if start >= stop or not text[start].isalnum() or text[stop - 1] == ".":
        return None
    return start
