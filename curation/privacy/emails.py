"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.domains import FILE_ENDINGS, KNOWN_DOMAINS, RESERVED_DOMAINS, RESERVED_HOSTS
from curation.privacy.spans import EMAIL, Span

MAX_LOCAL = 64

# Letters of alphabets whose words are written apart. Han, kana, Hangul and Thai stand directly before an address
# without belonging to it (BigCode's rule), so they are boundaries.
_LATIN = "A-Za-z0-9_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_ALPHABETS = (
    _LATIN + "\u0370-\u0373\u0376\u0377\u037b-\u037d\u0386\u0388-\u0481\u048a-\u0556\u0561-\u0587\u05d0-\u05ea"
    "\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06ee-\u06ff\u0900-\u0963\u0966-\u0dff\u10a0-\u10fa\u10fc-\u10ff\u1f00-\u1fff"
)
_WIDE = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u05d0-\u05ea\u0620-\u06ff\u0900-\u0dff\u0e01-\u0e4e\u10a0-\u10ff"

# The literal `@` comes first so that the scan for it runs at the speed of memchr; the local part is read backwards.
_AT_DOMAIN = re.compile(
    rf"@(?<=[{_ALPHABETS}.%+'-]@)"
    rf"((?:[{_ALPHABETS}-]{{1,63}}\.){{1,10}})(xn--[A-Za-z0-9-]{{2,59}}|[A-Za-z]{{2,24}}|[{_WIDE}]{{2,24}})"
)
_LOCAL_LATIN = re.compile(rf"[{_LATIN}.%+'-]{{1,{MAX_LOCAL}}}")
_LOCAL_ANY = re.compile(rf"[{_ALPHABETS}.%+'-]{{1,{MAX_LOCAL}}}")
_LOCAL_CODE = re.compile(rf"[{_LATIN}.%+-]{{1,{MAX_LOCAL}}}")
_LEADING_NOISE = re.compile(r"(?:%[0-9A-Fa-f]{2}|[.%'-])+")
_PLACEHOLDER_USERS = frozenset({"git", "svn", "hg", "this", "super", "return", "break", "continue"})
"""`git@github.com:` names a service; `this@Outer.field` and `return@label.x` are Kotlin."""


def find_emails(text: str, kind: str) -> Iterator[Span]:
    """Spans of e-mail addresses, IDN and Unicode local parts included; reserved example domains are left alone.

    In `kind` "code" the top-level domain must be a known one and no call may follow, because `a@b.c` is also syntax;
    `name.py` is a file there.
    """
    code = kind == "code"
    for match in _AT_DOMAIN.finditer(text):
        top = match[2]
        labels = match[1].split(".")[:-1]
        if any(label[0] == "-" or label[-1] == "-" for label in labels):
            continue
        end = match.end()
        lowered = top.lower()
        previous = labels[-1].lower()
        if len(labels) > 1 and previous in KNOWN_DOMAINS and top[0].isupper() and not labels[-1][0].isupper():
            end -= len(top) + 1  # "a@host.com.Then": the next sentence, glued on
            top, lowered = labels[-1], previous
        if lowered in FILE_ENDINGS or lowered in RESERVED_DOMAINS:
            continue
        domain = text[match.start() + 1 : end].lower()
        if domain.endswith(RESERVED_HOSTS) and domain in _reserved_forms(domain):
            continue
        known = lowered in KNOWN_DOMAINS or not top.isascii() or lowered.startswith("xn--")
        if code and (not known or text[end : end + 1] == "(" or (lowered == "py" and len(labels) == 1)):
            continue
        start = _local_start(text, match.start(), code)
        if start is None or text[start : match.start()].lower() in _PLACEHOLDER_USERS:
            continue
        yield Span(EMAIL, start, end, 0.95 if known else 0.6)


def _reserved_forms(domain: str) -> tuple[str, ...]:
    """The domain itself when it is, or lies under, a reserved host (`notexample.com` is neither)."""
    return tuple(domain for host in RESERVED_HOSTS if domain == host or domain.endswith("." + host))


def _local_start(text: str, at: int, code: bool) -> int | None:
    """Where the local part before `text[at] == "@"` begins; None when there is none."""
    before = text[max(0, at - MAX_LOCAL) : at][::-1]
    match = (_LOCAL_CODE if code else _LOCAL_LATIN).match(before) or _LOCAL_ANY.match(before)
    if match is None:
        return None
    start = at - match.end()
    noise = _LEADING_NOISE.match(text, start, at)
    if noise:
        start = noise.end()
    if code and start < at and text[start] in "ntrbfv0" and _escaped(text, start):
        start += 1  # "\nname@host": the letter belongs to the escape
    if start == at or text[at - 1] == "." or _is_password(text, start):
        return None
    return start


def _escaped(text: str, position: int) -> bool:
    """Whether an odd number of backslashes (of at most 8 looked at) stands before `position`."""
    before = text[max(0, position - 8) : position]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _is_password(text: str, start: int) -> bool:
    """Whether `start` is the password in `scheme://user:password@host`, which is no mailbox."""
    if text[start - 1 : start] != ":":
        return False
    before = text[max(0, start - 72) : start]
    scheme = before.rfind("://")
    return scheme >= 0 and scheme + 3 < len(before) and not any(c in before[scheme + 3 :] for c in " \t\n/@")
