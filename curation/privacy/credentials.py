"""Keys, tokens and passwords: in their providers' formats, in URLs, and after the words that announce them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curation.privacy.private_keys import find_private_keys
from curation.privacy.providers import find_tokens
from curation.privacy.randomness import MIN_DISTINCT, is_dummy_token, is_stock
from curation.privacy.spans import SECRET, Span

# Tokens that no prefix tells. Each is tried at the `word_runs` of the text.
_TELEGRAM = re.compile(r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])")
_SUFFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9a-f]{32}-us[0-9]{1,2}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}|[0-9a-f]{36}NRAL"
    r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?![A-Za-z0-9])"
)  # Mailchimp, Mailgun, New Relic, Azure DevOps
_SHORTEST_SUFFIXED = 36
_DISCORD = re.compile(r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])")
_TERRAFORM = re.compile(r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}")
_BEFORE_RUN = re.compile(
    r"(?:access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$|[12]/[0-9/]{13,40}:|\b[0-9]{13,17}\|)\Z"
)
_AFTER_RUN = re.compile(r"[A-Za-z0-9_-]{27,130}(?![A-Za-z0-9_-])")  # Braintree, Google, Asana, Facebook
_HOOKS = (
    re.compile(
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z][A-Z0-9]{5,14}/[A-Z0-9]{5,16}/[A-Za-z0-9]{16,40})"
    ),
    re.compile(r"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{60,80})"),
    re.compile(
        r"webhook\.office\.com/webhookb2/([0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36})"
    ),
    re.compile(r"hooks\.zapier\.com/hooks/catch/([0-9]{5,10}/[A-Za-z0-9]{5,10})"),
)
_HOOK_SITES = ("hooks.slack.com/", "/webhooks/", "webhook.office.com/", "hooks.zapier.com/")
_AZURE_AD = re.compile(r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])")
_AZURE_KEYS = re.compile(r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9/+]{86}==|[A-Za-z0-9/+]{43}=)")
_AZURE_SAS = re.compile(r"[?&;]sig=([A-Za-z0-9/+%]{40,80}={0,2})")
# The separator may hold the quotes and spaces of any configuration language, and nothing else.
_AWS_SECRET = re.compile(
    r"(?:secret|SECRET|Secret)[_ -]?(?:access[_ -]?|Access|ACCESS[_ -]?)?(?:key|KEY|Key)?"
    r"[\"']?\s{0,8}(?:=>|:=|[=:,(>])?\s{0,8}[\"']?(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
_URL_CREDENTIALS = re.compile(r"://([^\s/@:\"'`<>?#\\,;()\[\]]{0,128}:([^\s/@\"'`<>\\]{1,256}))@(?=[A-Za-z0-9\[])")
_QUERY_CREDENTIALS = re.compile(
    r"[?&](?:amp;)?(?:access_?token|auth_?token|refresh_?token|id_?token|token|api_?key|client_?secret|secret"
    r"|passw(?:or)?d|pwd|sig"
    r"|signature|x-amz-(?:signature|security-token))=([^&\s\"'<>#`\\(){}\[\],;]{6,1024})",
    re.IGNORECASE,
)
_QUERY_TRIGGERS = (b"token=", b"key=", b"secret=", b"passwd=", b"password=", b"pwd=", b"sig=", b"signature=")
_MIN_QUERY_DISTINCT = 5
_TEMPLATE = re.compile(
    r"[${}*]|%[sd(]|\.\.\.|(?i:\A(?:pass(?:word|wd)?|pwd|pw|secret|token|xx+|your.*|my.?pass.*|changeme|[0-9]{1,5})\Z)"
)

WORDS = (*_QUERY_TRIGGERS, b"://", b"q~", b"hook", b"secret", b"-----begin")


def find_secrets(text: str, runs: Iterable[tuple[int, int]], held: frozenset[bytes]) -> Iterator[Span]:
    """Spans of secrets that show by themselves.

    `runs` are the `word_runs` of the text, `held` those of WORDS that it holds in any case.
    """
    for start, end in runs:
        yield from find_tokens(text, start, end)
        yield from _shapes_at(text, start, end)
    if b"://" in held and "@" in text:
        for match in _URL_CREDENTIALS.finditer(text):
            if not _TEMPLATE.search(match[2]) and not is_stock(match[2]):
                yield Span(SECRET, match.start(1), match.end(1), 0.9)
    if not held.isdisjoint(_QUERY_TRIGGERS):
        if "?" in text or not text.isascii():
            yield from _query_credentials(text)
        if b"key=" in held:
            yield from _groups(_AZURE_KEYS, text)
        if b"sig=" in held:
            yield from _groups(_AZURE_SAS, text)
    if b"q~" in held:
        for match in _AZURE_AD.finditer(text):
            yield Span(SECRET, match.start(), match.end(), 0.95)
    if b"hook" in held:
        for site, hook in zip(_HOOK_SITES, _HOOKS, strict=True):
            if site in text:
                yield from _groups(hook, text)
    if b"secret" in held:
        for match in _AWS_SECRET.finditer(text):
            if _is_random(match[1]) and not _is_hex(match[1]) and "EXAMPLE" not in match[1]:
                yield Span(SECRET, match.start(1), match.end(1), 0.9)
    if b"-----begin" in held:
        yield from find_private_keys(text)


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        if len(set(match[1])) >= MIN_DISTINCT and not is_dummy_token(match[1]) and not is_stock(match[1]):
            yield Span(SECRET, match.start(1), match.end(1), 0.95)


def _query_credentials(text: str) -> Iterator[Span]:
    """Values of `?access_token=` and the like in the query of a URL; templates and plain words are left."""
    for match in _QUERY_CREDENTIALS.finditer(text):
        value = match[1].rstrip(".%:!?*-")
        password = match[0][1:].lower().startswith(("passw", "pwd", "amp;passw", "amp;pwd"))
        if (
            len(value) < 6
            or "EXAMPLE" in value.upper()
            or _TEMPLATE.search(value)
            or is_stock(value)
            or len(set(value)) < _MIN_QUERY_DISTINCT
        ):
            continue
        if password or (len(value) >= 12 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
            yield Span(SECRET, match.start(1), match.start(1) + len(value), 0.8)


def _shapes_at(text: str, start: int, end: int) -> Iterator[Span]:
    """Tokens that no prefix tells and whose longest part is, or lies in, the run `text[start:end]`."""
    if end - start >= _SHORTEST_SUFFIXED:
        for match in _SUFFIXED.finditer(text, start, end):
            yield from _whole(match)
    if text[start] in "MNO":
        yield from _whole(_DISCORD.match(text, start))
    mark = text[start - 1] if start else " "
    if mark not in "$:|./":
        return
    before = text[max(0, start - 60) : start]
    if mark == ":" and text.startswith("AA", start):
        digits = len(before) - 1 - len(before[:-1].rstrip("0123456789"))
        yield from _whole(_TELEGRAM.match(text, start - 1 - digits))
    elif mark == "." and before.endswith(".atlasv1."):
        yield from _whole(_TERRAFORM.match(text, max(0, start - 23)))
    if mark in "$:|":
        head = _BEFORE_RUN.search(before)
        body = _AFTER_RUN.match(text, start) if head else None
        if head and body and not is_dummy_token(body[0]):
            yield Span(SECRET, start - len(before) + head.start(), body.end(), 0.95)
    elif mark == "/" and text.startswith("0", start) and before.endswith("1//"):
        body = _AFTER_RUN.match(text, start)
        if body and not is_dummy_token(body[0]):
            yield Span(SECRET, start - 3, body.end(), 0.95)


def _whole(match: re.Match[str] | None) -> Iterator[Span]:
    if match and _is_random(match[0]) and not is_dummy_token(match[0]):
        yield Span(SECRET, match.start(), match.end(), 0.95)


def _is_random(value: str) -> bool:
    """Whether the value is no `xxxxxxxx` of a manual."""
    return len(set(value[-32:])) >= MIN_DISTINCT


def _is_hex(value: str) -> bool:
    """40 hexadecimal digits are a SHA-1."""
    return all(character in "0123456789abcdefABCDEF" for character in value)
