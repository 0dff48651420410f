"""User names and passwords where a program, a protocol or a file format has a fixed place for them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from curation.privacy.randomness import is_dummy, is_dummy_token, is_template, piece_length
from curation.privacy.spans import PASSWORD, SECRET, USERNAME, Span
from curation.privacy.values import password_score, username_score

_USER = r"([A-Za-z][\w.@\\-]{1,63})"
_LOGIN = r"(\S{1,128})"
_OPTION = r"['\"]?([^\s'\"]{1,128})"
_SUBJECT = r"(?:password|publickey|keyboard-interactive/pam|none) for (?:invalid user |illegal user )?"
_NETRC = (
    rf"\b(?:machine[ \t]{{1,16}}\S{{1,128}}|default)\s{{1,16}}"
    rf"login\s{{1,16}}{_LOGIN}\s{{1,16}}password\s{{1,16}}(\S{{1,256}})"
)
_SQL = (
    r"(?i:identified\s{1,4}(?:with\s{1,4}[\w'\"]{1,40}\s{1,4})?by)\s{1,4}(?:password\s{1,4})?"
    r"['\"]([^'\"\n]{1,128})['\"]"
)
_CURL = r"\bcurl\b[^\n|;]{0,200}?\s(?:-u|--user)[ =]?\s{0,4}['\"]?([\w.@-]{1,64}):([^\s'\":]{4,128})"
_CHPASSWD = r"['\"]([\w.-]{1,64}):([^\s'\":]{1,128})['\"]\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?chpasswd"
_ACCESS_LOG = r" - ([A-Za-z][\w.@-]{1,63})(?= \[[0-3][0-9]/[A-Z][a-z]{2}/[0-9]{4}:)"

# What the text in small letters must hold, then for each pattern what else it must hold and the types of its groups.
_PLACES: tuple[tuple[bytes, tuple[tuple[bytes, str, tuple[str, ...]], ...]], ...] = (
    (b"passw", (
        (b"assword for ", rf"(?:Accepted|Failed) {_SUBJECT}{_USER} from ", (USERNAME,)),
        (b"machine ", _NETRC, (USERNAME, PASSWORD)),
        (b"chpasswd", _CHPASSWD, (USERNAME, PASSWORD)),
        (b"--password", rf"--password[ =]{_OPTION}", (PASSWORD,)),
    )),
    (b"user", (
        (b"nvalid user ", rf"[Ii]nvalid user {_USER} from ", (USERNAME,)),
        (b"ed for user ", rf"session (?:opened|closed) for user {_USER}", (USERNAME,)),
        (b"user id=", r"(?i:user id)=([^;\"'\s]{1,64})(?=;)", (USERNAME,)),
    )),
    (b"publickey for ", ((b"accepted", rf"Accepted {_SUBJECT}{_USER} from ", (USERNAME,)),)),
    (b"login as: ", ((b"", rf"(?i:login as): {_USER}(?=\s|\Z)", (USERNAME,)),)),
    (b" : tty=", ((b"", rf"sudo(?:\[\d{{1,8}}\])?: {{1,8}}{_USER} : TTY=", (USERNAME,)),)),
    (b"] \"", ((b"", _ACCESS_LOG, (USERNAME,)),)),
    (b"identified ", ((b"", _SQL, (PASSWORD,)),)),
    (b" -p", (
        (b"sshpass ", rf"\bsshpass\s{{1,4}}-p\s{{0,4}}{_OPTION}", (PASSWORD,)),
        (b"mysql", rf"\bmysql(?:dump|admin|import|show)?\b[^\n|;]{{0,200}}?\s-p{_OPTION}", (PASSWORD,)),
        (b"docker login", rf"\bdocker login\b[^\n|;]{{0,120}}?\s-p\s{{1,4}}{_OPTION}", (PASSWORD,)),
    )),
    (b"redis-cli", ((b" -a ", rf"\bredis-cli\b[^\n|;]{{0,120}}?\s-a\s{{1,4}}{_OPTION}", (PASSWORD,)),)),
    (b"curl ", ((b"", _CURL, (USERNAME, PASSWORD)),)),
)  # fmt: skip
_COMPILED = tuple(
    (gate, tuple((literal, re.compile(pattern), types) for literal, pattern, types in places))
    for gate, places in _PLACES
)
_PGPASS = re.compile(
    r"(?:\A|(?<=\n))[\w.*-]{1,128}:(?:[0-9]{2,5}|\*):[\w.*-]{1,64}:([\w.*-]{1,64}):(\S{1,128})[ \t\r]{0,8}(?=\n|\Z)"
)
_AUTH_HEADER = re.compile(
    r"(?i:(?:proxy-)?authorization)\\?[\"']?\]?\s{0,4}(?:=>|[:=,])\s{0,4}\\?[bfu]?[\"'`]?"
    r"(?i:(bearer|basic|token|ssws|apikey|key))[ =:]{1,3}[\"']?"
    r"([A-Za-z0-9._~+/=|:-]{8,2048})"
)
_DOCKER_AUTH = re.compile(r"\"auth\"\s{0,4}:\s{0,4}\"([A-Za-z0-9+/]{8,512}={0,2})\"")
_BEARER = re.compile(r"(?<![A-Za-z])[Bb]earer[ ]{1,2}([A-Za-z0-9._~+/=-]{16,2048})")
WORDS = (
    *(gate for gate, _ in _PLACES),
    *(literal for _, places in _PLACES for literal, _, _ in places if literal),
    b":0000:", b":*:", b"authorization", b'"auths"', b"bearer ",
)  # fmt: skip


def find_logins(text: str, held: frozenset[bytes]) -> Iterator[Span]:
    """User names and passwords at fixed places. `held` are those of WORDS that the text holds in any case."""
    for gate, places in _COMPILED:
        if gate in held:
            for literal, pattern, types in places:
                if not literal or literal in held:
                    for match in pattern.finditer(text):
                        for group, type_ in enumerate(types, 1):
                            yield from _checked(match, group, type_)
    if b":*:" in held or (b":0000:" in held and ":5432:" in text):
        for match in _PGPASS.finditer(text):
            yield from _checked(match, 1, USERNAME)
            yield from _checked(match, 2, PASSWORD)
    if b"authorization" in held:
        for match in _AUTH_HEADER.finditer(text):
            if _is_credential(match[1].lower(), match[2]):
                yield Span(SECRET, match.start(2), match.end(2), 0.85)
    if b'"auths"' in held:
        for match in _DOCKER_AUTH.finditer(text):
            if _is_credential("basic", match[1]):
                yield Span(SECRET, match.start(1), match.end(1), 0.85)
    if b"bearer " in held:
        for match in _BEARER.finditer(text):
            if _is_credential("bearer", match[1]):
                yield Span(SECRET, match.start(1), match.end(1), 0.8)


def _checked(match: re.Match[str], group: int, type_: str) -> Iterator[Span]:
    value = match[group]
    if type_ == USERNAME:
        score = username_score(value, "log", prose=False)
    else:
        value = value.rstrip(",;)") if group == match.re.groups else value
        # A place that holds nothing but passwords needs no other sign than that the value is no template.
        plain = (
            len(value) >= 4
            and value.isascii()
            and not is_template(value)
            and not is_dummy(value)
            and value[0] not in "-<$"
        )
        score = password_score(value, "env", prose=False, loose=False) or (
            0.55 if plain and not value.isalpha() else 0.0
        )
    if score:
        yield Span(type_, match.start(group), match.start(group) + len(value), score)


def _is_credential(scheme: str, value: str) -> bool:
    """Whether a value of `Authorization:` is no example."""
    if scheme == "basic":
        try:
            decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            return False
        user, colon, password = decoded.partition(":")
        return bool(colon) and decoded.isprintable() and not decoded.startswith("Aladdin:") and not (
            is_dummy(password) or is_template(password) or len(password) < 3
        ) and bool(user or password)  # fmt: skip
    if len(value) < 16 or is_dummy_token(value) or is_dummy(value):
        return False
    return any(map(str.isdigit, value)) and piece_length(value) <= 3.0
