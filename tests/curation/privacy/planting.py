"""Values planted into source files where people leave them: strings, comments, numbers, bare words, markup."""

from __future__ import annotations

import re
from collections.abc import Callable

from curation.privacy.cards import luhn

_SECRET_LETTERS = "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg9x"


def _card(number: int) -> str:
    body = f"4{number * 7919 % 10**14:014d}"
    return next(body + str(check) for check in range(10) if luhn(body + str(check)))


def _turned(number: int) -> str:
    place = number % len(_SECRET_LETTERS)
    return _SECRET_LETTERS[place:] + _SECRET_LETTERS[:place]


VALUES: tuple[Callable[[int], str], ...] = (
    lambda n: f"ada.k{n}@lovelace.org",
    lambda n: f"ghp_{_turned(n)}",
    lambda n: f"86.231.{n % 250 + 1}.{n * 7 % 250 + 1}",
    lambda n: f"https://ada:hunter{n + 10}pw@db.lovelace.org/x?token={_turned(n)[:20]}",
    lambda n: f"2a02:8108::7b1f:{n % 9000 + 1000:x}",
    lambda n: f"536-{n % 90 + 10}-{n % 9000 + 1000}",
    lambda n: f"00:1B:44:11:3A:{n % 100 + 100:02X}"[:17],
)

_QUOTED = re.compile(r"(?<![\w\\\"'`])([\"'])([A-Za-z][A-Za-z0-9 _.-]{1,30})\1(?![\"'\w])")
_NUMBER = re.compile(r"(?<=[=:,(\[{>] )([0-9]{1,6})(?=[,;)\]}\s<])|(?<=[=(\[,>])([0-9]{1,6})(?=[,;)\]}<])")
_COMMENT = re.compile(r"(?m)(?<=[ \t])(//|#)[ \t](?=\w)")
_MARKUP = re.compile(r">([A-Za-z][A-Za-z .]{2,30})</")
_PLAIN_VALUE = re.compile(r"(?m)^(\s*(?:- )?[A-Za-z_]\w*: )([A-Za-z][\w.-]*)$")
_ENVIRONMENT = re.compile(r"(?m)^((?:export )?[A-Z][A-Z0-9_]*=)([A-Za-z][\w.-]*)$")


def plant(text: str, language: str, every: int = 3) -> tuple[str, list[str]]:
    """`text` with every third place that can hold a value holding one, and the values."""
    count = 0
    planted: list[str] = []

    def value(number: int) -> str:
        planted.append(VALUES[number % len(VALUES)](number))
        return planted[-1]

    def chosen() -> int | None:
        nonlocal count
        count += 1
        return count if count % every == 0 else None

    def quoted(match: re.Match[str]) -> str:
        number = chosen()
        return match[0] if number is None else f"{match[1]}{value(number)}{match[1]}"

    def numeral(match: re.Match[str]) -> str:
        number = chosen()
        if number is None:
            return match[0]
        planted.append(_card(number))
        return planted[-1]

    def comment(match: re.Match[str]) -> str:
        number = chosen()
        return match[0] if number is None else f"{match[1]} {value(number)} card "

    def after(match: re.Match[str]) -> str:
        number = chosen()
        return match[0] if number is None else f"{match[1]}{value(number)}"

    def markup(match: re.Match[str]) -> str:
        number = chosen()
        return match[0] if number is None else f">{value(number)}</"

    text = _QUOTED.sub(quoted, text)
    text = _NUMBER.sub(numeral, text)
    if language in ("html", "xml", "tsx"):
        text = _MARKUP.sub(markup, text)
    elif language == "yaml":
        text = _PLAIN_VALUE.sub(after, text)
    elif language == "bash":
        text = _ENVIRONMENT.sub(after, text)
    if language not in ("html", "xml", "json", "css"):
        text = _COMMENT.sub(comment, text)
    return text, planted
