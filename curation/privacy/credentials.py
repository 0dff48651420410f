"""Keys, tokens and passwords in the formats their providers publish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from curation.privacy.spans import SECRET, Span

MIN_RUN = 16
MAX_TOKEN = 4096
MAX_KEY_BLOCK = 16_384

# (provider, what the token looks like). Every pattern is tried only inside a run of at least MIN_RUN characters of
# [A-Za-z0-9_-], between boundaries, so that no repeat can be made to backtrack over the page.
_TOKENS: tuple[tuple[str, str], ...] = (
    ("aws", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    ("github", r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"),
    ("gitlab", r"gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent)-[A-Za-z0-9_-]{20,300}"),
    ("slack", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-[0-9]-[A-Za-z0-9-]{10,250}"),
    ("stripe", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9]{24,250}"),
    ("google", r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}"),
    ("anthropic", r"sk-ant-[A-Za-z0-9]{2,12}-[A-Za-z0-9_-]{20,250}"),
    ("openai", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,250}|sk-[A-Za-z0-9]{32,250}"),
    ("openrouter", r"sk-or-v1-[0-9a-f]{64}"),
    ("npm", r"npm_[A-Za-z0-9]{36}"),
    ("pypi", r"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    ("rubygems", r"rubygems_[0-9a-f]{48}"),
    ("docker", r"dckr_pat_[A-Za-z0-9_-]{27,60}"),
    ("hugging face", r"hf_[A-Za-z0-9]{34,60}"),
    ("groq", r"gsk_[A-Za-z0-9]{48,60}"),
    ("digitalocean", r"do[opr]_v1_[0-9a-f]{64}"),
    ("shopify", r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}"),
    ("square", r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,60}"),
    ("brevo", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("mailgun", r"key-[0-9a-z]{32}"),
    ("mailchimp", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    ("twilio", r"SK[0-9a-f]{32}"),
    ("atlassian", r"ATATT3[A-Za-z0-9_-]{40,300}"),
    ("databricks", r"dapi[0-9a-f]{32}"),
    ("grafana", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("linear", r"lin_api_[A-Za-z0-9]{40}"),
    ("netlify", r"nfp_[A-Za-z0-9]{36,60}"),
    ("new relic", r"NRAK-[A-Z0-9]{27}"),
    ("postman", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("pulumi", r"pul-[0-9a-f]{40}"),
)  # fmt: skip
_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(pattern for _, pattern in _TOKENS) + r")(?![A-Za-z0-9])")
_JWT = re.compile(
    rf"eyJ[A-Za-z0-9_-]{{8,{MAX_TOKEN}}}\.eyJ[A-Za-z0-9_-]{{8,{MAX_TOKEN}}}\.[A-Za-z0-9_-]{{16,{MAX_TOKEN}}}"
)
_SENDGRID = re.compile(r"SG\.[A-Za-z0-9_-]{16,24}\.[A-Za-z0-9_-]{40,44}(?![A-Za-z0-9_-])")
_GOOGLE_OAUTH = re.compile(rf"ya29\.[A-Za-z0-9_-]{{20,{MAX_TOKEN}}}")
_TELEGRAM = re.compile(r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])")
_SLACK_HOOK = re.compile(
    r"hooks\.slack\.com/(?:services|workflows)/([A-Z][A-Z0-9]{5,14}/[A-Z][A-Z0-9]{5,14}/[A-Za-z0-9]{16,40})"
)
# The separator may hold the quotes and spaces of any configuration language, and nothing else.
_AWS_SECRET = re.compile(
    r"(?:secret|SECRET|Secret)[_ -]?(?:access[_ -]?|Access|ACCESS[_ -]?)?(?:key|KEY|Key)?"
    r"[\"']?\s{0,8}(?:=>|:=|[=:,(>])?\s{0,8}[\"']?(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
_ACCOUNT_KEY = re.compile(r"AccountKey=([A-Za-z0-9/+]{86}==)")
_URL_CREDENTIALS = re.compile(r"://([^\s/@:\"'`<>?#\\,;()\[\]]{0,128}:([^\s/@\"'`<>\\]{1,256}))@(?=[A-Za-z0-9\[])")
_QUERY_CREDENTIALS = re.compile(
    r"[?&](?:amp;)?(?:access_?token|auth_?token|refresh_?token|id_?token|token|api_?key|client_?secret|secret"
    r"|passw(?:or)?d|pwd|sig"
    r"|signature|x-amz-(?:signature|security-token))=([^&\s\"'<>#`\\(){}\[\],;]{6,1024})",
    re.IGNORECASE,
)
_QUERY_TRIGGERS = (b"token=", b"key=", b"secret=", b"passwd=", b"password=", b"pwd=", b"sig=", b"signature=")
_MIN_QUERY_DISTINCT = 5
_KEY_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END (?:[A-Z0-9]{2,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9/+=]{40}")
_NO_KEY_BODY = re.compile(r"[(){}\[\];<>]")
_KEY_LINE = re.compile(r"[ \t]*[A-Za-z0-9/+=]{16,128}[ \t\r]*\Z")
_TEMPLATE = re.compile(
    r"[${}*]|%[sd(]|\.\.\.|(?i:\A(?:pass(?:word|wd)?|pwd|pw|secret|token|xx+|your.*|my.?pass.*|changeme|[0-9]{1,5})\Z)"
)

_WORD = bytes(120 if chr(code).isalnum() or chr(code) in "_-" else code for code in range(128)) + bytes(range(128, 256))
_RUN = re.compile(b"x" * MIN_RUN + b"x*")  # the literal lets `re` skip ahead instead of trying every position
_MIN_DISTINCT = 8


def word_runs(ascii_text: bytes) -> list[tuple[int, int]]:
    """Where runs of at least MIN_RUN characters of [A-Za-z0-9_-] begin and end.

    `ascii_text` is `text.encode("ascii", "replace")`: one byte for each character.
    """
    return [run.span() for run in _RUN.finditer(ascii_text.translate(_WORD))]


def find_secrets(text: str, runs: Iterable[tuple[int, int]]) -> Iterator[Span]:
    """Spans of secrets. `runs` are the `word_runs` of the text."""
    for start, end in runs:
        yield from _tokens_in(text, start, end)
    if "@" in text and "://" in text:
        for match in _URL_CREDENTIALS.finditer(text):
            if not _TEMPLATE.search(match[2]):
                yield Span(SECRET, match.start(1), match.end(1), 0.9)
    if "=" in text and "?" in text:
        yield from _query_credentials(text)
    if "ecret" in text or "SECRET" in text:
        for match in _AWS_SECRET.finditer(text):
            if _is_random(match[1]) and not _is_hex(match[1]):
                yield Span(SECRET, match.start(1), match.end(1), 0.9)
    if "-----BEGIN" in text:
        yield from _private_keys(text)


def _query_credentials(text: str) -> Iterator[Span]:
    """Values of `?access_token=` and the like in the query of a URL; templates and plain words are left."""
    lowered = text.encode("ascii", "replace").lower()
    if not any(trigger in lowered for trigger in _QUERY_TRIGGERS):
        return
    for match in _QUERY_CREDENTIALS.finditer(text):
        value = match[1].rstrip(".%:!?*-")
        password = match[0][1:].lower().startswith(("passw", "pwd", "amp;passw", "amp;pwd"))
        if (
            len(value) < 6
            or "EXAMPLE" in value.upper()
            or _TEMPLATE.search(value)
            or len(set(value)) < _MIN_QUERY_DISTINCT
        ):
            continue
        if password or (len(value) >= 12 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
            yield Span(SECRET, match.start(1), match.start(1) + len(value), 0.8)


def _tokens_in(text: str, start: int, end: int) -> Iterator[Span]:
    """Tokens whose longest part is, or lies in, the run `text[start:end]`."""
    for match in _TOKEN.finditer(text, start, end):
        if _is_random(match[0]):
            yield Span(SECRET, match.start(), match.end(), 0.95)
    head = text[start : start + 3]
    if head == "eyJ":
        yield from _whole(_JWT.match(text, start))
    before = text[max(0, start - 48) : start]
    if before.endswith("SG."):
        yield from _whole(_SENDGRID.match(text, start - 3))
    elif before.endswith("ya29."):
        yield from _whole(_GOOGLE_OAUTH.match(text, start - 5))
    elif before.endswith(":"):
        if head[:2] == "AA":
            digits = len(before) - 1 - len(before[:-1].rstrip("0123456789"))
            yield from _whole(_TELEGRAM.match(text, start - 1 - digits))
    elif before.endswith("/"):
        place = before.rfind("hooks.slack.com/")
        yield from _first_group(_SLACK_HOOK.match(text, start - len(before) + place) if place >= 0 else None)
    place = text.rfind("AccountKey=", max(0, start - 97), start)
    yield from _first_group(_ACCOUNT_KEY.match(text, place) if place >= 0 else None)


def _whole(match: re.Match[str] | None) -> Iterator[Span]:
    if match and _is_random(match[0]):
        yield Span(SECRET, match.start(), match.end(), 0.95)


def _first_group(match: re.Match[str] | None) -> Iterator[Span]:
    if match:
        yield Span(SECRET, match.start(1), match.end(1), 0.95)


def _is_random(value: str) -> bool:
    """Whether the value is no `ghp_xxxxxxxx` of a manual."""
    return len(set(value[-32:])) >= _MIN_DISTINCT


def _is_hex(value: str) -> bool:
    """40 hexadecimal digits are a SHA-1."""
    return all(character in "0123456789abcdefABCDEF" for character in value)


def _private_keys(text: str) -> Iterator[Span]:
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
