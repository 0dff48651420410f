"""What only the word before it gives away: passports, driving licences, accounts and dates of birth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curation.privacy.dates import match_date
from curation.privacy.spans import BANK_ACCOUNT, DATE_OF_BIRTH, DRIVER_LICENSE, NATIONAL_ID, PASSPORT, Span
from curation.privacy.survey import REACH

MAX_ACCOUNT = 24


@dataclass(frozen=True, slots=True)
class Label:
    """Words that introduce a value, and how the value is read.

    `words` are in lower case and ASCII, with "?" for a letter that is not; `others` are words of other scripts.
    `read` gives the length and the confidence of the value at a position of the text, or None.
    """

    span_type: str
    words: tuple[bytes, ...]
    others: tuple[str, ...]
    read: Callable[[str, int], tuple[int, float] | None]


# One character or one word at a time, so that nothing nests: "No.: ", "number is ", "-Nr. ".
_LINK = re.compile(
    r"(?:[ \t:#.=,\"'()|/\u2013\u00b0\u00ba\uff1a\u00a0-]|\n(?=[ \t]*[A-Z0-9])"
    r"|(?:numbers?|no|num|nr|n|num\u00e9ro|nummer|n\u00famero|numero|numer|card|code|id|is|was|are|it's|its|it|on"
    r"|the|ist|est|es|lautet|"
    r"issued|and|of|am|\u00e8|\u00e9|\u53f7\u7801?|\u756a\u53f7|\u2116|\u2019s|\u043d\u043e\u043c\u0435\u0440"
    r"|\u0441\u0435\u0440\u0438\u044f)(?![A-Za-z\u00c0-\u024f])){0,14}",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?:[A-Z0-9](?:[A-Z0-9]|[ -](?=[A-Z0-9])){4,22}|[a-z][0-9]{6,14})(?![A-Za-z0-9_])")
_PASSPORT = re.compile(
    r"(?:[A-Z]{1,3}[ -]?[0-9]{6,9}[A-Z]?|[0-9]{7,9}|[0-9]{2} ?[0-9]{2} ?[0-9]{6}|[0-9]{2}[A-Z]{2}[0-9]{5}"
    r"|[CFGHJK][0-9CFGHJKLMNPRTVWXYZ]{8,9}|[A-Z]{2}[0-9]{5,7}[A-Z]{0,2})(?![A-Za-z0-9_]|[.,/-][0-9])"
)
_ACCOUNT = re.compile(
    r"(?:[A-Z]{4}(?=[0-9]))?[0-9Xx*]{0,12}[0-9](?:[0-9]|[ -](?=[0-9])){4,30}(?![A-Za-z0-9_]|[.,/][0-9]|%)"
)
_SORT_CODE = re.compile(r"[0-9]{2}-[0-9]{2}-[0-9]{2}(?![A-Za-z0-9_-])")
_DIGIT = re.compile(r"[0-9]")
_DATE_LIKE = re.compile(r"(?:[0-3]?[0-9]-[0-3]?[0-9]-(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[0-3]?[0-9]-[0-3]?[0-9])\Z")


def _read_passport(text: str, start: int) -> tuple[int, float] | None:
    match = _PASSPORT.match(text, start)
    if match is None or len(_DIGIT.findall(match[0])) < 4 or len(set(match[0])) < 3:
        return None
    return match.end() - start, 0.85


def _read_licence(text: str, start: int) -> tuple[int, float] | None:
    match = _CODE.match(text, start)
    if match is None:
        return None
    kept: list[str] = []
    for part in match[0].split(" "):  # "S123-4567 EXPIRES": a word is not part of the number
        if kept and not any(character.isdigit() for character in part):
            break
        kept.append(part)
    shown = " ".join(kept)
    if len(_DIGIT.findall(shown)) < 4 or len(shown) < 6 or _DATE_LIKE.match(shown):
        return None
    return len(shown), 0.85


def _read_account(text: str, start: int) -> tuple[int, float] | None:
    match = _ACCOUNT.match(text, start)
    if match is None:
        return None
    count = len(_DIGIT.findall(match[0]))
    if not 6 <= count <= MAX_ACCOUNT or _DATE_LIKE.match(match[0]) or len(set(match[0])) < 3:
        return None
    return match.end() - start, 0.8


def _read_sort_code(text: str, start: int) -> tuple[int, float] | None:
    match = _SORT_CODE.match(text, start)
    return (match.end() - start, 0.8) if match else None


def _read_routing(text: str, start: int) -> tuple[int, float] | None:
    """US routing transit number: nine digits, weights 3-7-1."""
    value = text[start : start + 9]
    if len(value) < 9 or not (value.isascii() and value.isdigit()) or text[start + 9 : start + 10].isalnum():
        return None
    total = sum(weight * int(digit) for weight, digit in zip((3, 7, 1) * 3, value, strict=True))
    return (9, 0.85) if total % 10 == 0 and value != "0" * 9 else None


def _read_birth(text: str, start: int) -> tuple[int, float] | None:
    found = match_date(text, start)
    return (found.end - start, 0.9) if found else None


def _read_born(text: str, start: int) -> tuple[int, float] | None:
    """A date after "born": written out it is mostly a biography of somebody known."""
    found = match_date(text, start)
    return (found.end - start, 0.7 if found.numeric else NARRATED) if found else None


NARRATED = 0.4
"""Confidence in "born March 14, 1979": below the least that `scrub` replaces unless told otherwise."""


def _label(span_type: str, words: str, others: str, read: Callable[[str, int], tuple[int, float] | None]) -> Label:
    return Label(
        span_type, tuple(word.strip().encode("ascii") for word in words.split("|")), tuple(others.split()), read
    )


LABELS: tuple[Label, ...] = (
    _label(
        PASSPORT,
        "passport|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|paszport|pasaport",
        "\u043f\u0430\u0441\u043f\u043e\u0440\u0442 \u041f\u0430\u0441\u043f\u043e\u0440\u0442 \u62a4\u7167"
        " \u8b77\u7167"
        " \u30d1\u30b9\u30dd\u30fc\u30c8 \uc5ec\uad8c \u062c\u0648\u0627\u0632",
        _read_passport,
    ),
    _label(
        DRIVER_LICENSE,
        "driver's licen|drivers licen|driver?s licen|driver licen|drivers' licen|driving licen|driver's lic.|dl"
        " number|dl no|dl#"
        "|f?hrerschein|fuehrerschein|permis de conduire|carnet de conducir|permiso de conducir|patente di guida"
        "|rijbewijs"
        "|k?rkort|prawo jazdy|carteira de motorista|carta de condu",
        "\u9a7e\u7167 \u9a7e\u9a76\u8bc1 \u904b\u8ee2\u514d\u8a31"
        " \u0432\u043e\u0434\u0438\u0442\u0435\u043b\u044c\u0441\u043a\u043e\u0435",
        _read_licence,
    ),
    _label(
        BANK_ACCOUNT,
        "account number|account no|account num|account #|bank account|acct no|acct number|acct #|acct.|a/c no|a/c"
        " number"
        "|kontonummer|konto-nr|konto nr|kontonr|kto-nr|kto.|num?ro de compte|n? de compte|compte bancaire|n?mero de"
        " cuenta"
        "|numero de cuenta|cuenta bancaria|numero di conto|conto corrente|rekeningnummer|n?mero da conta|conta"
        " corrente|numer konta"
        "|iban",
        "\u8d26\u53f7 \u5e33\u865f \u53e3\u5ea7\u756a\u53f7 \uacc4\uc88c\ubc88\ud638",
        _read_account,
    ),
    _label(
        NATIONAL_ID,
        "national id|national identi|identity card|identity number|personal identi|citizen id|tax id|taxpayer id"
        "|voter id|personalausweis|carte d'identit|carte nationale d'identit|documento de identidad|n?mero de identidad"
        "|c?dula de"
        "|carta d'identit|identiteitskaart|dow?d osobisty|documento de identidade|carteira de identidade",
        "\u8eab\u4efd\u8bc1 \u8eab\u5206\u8b49",
        _read_licence,
    ),
    _label(BANK_ACCOUNT, "sort code|sort-code|sortcode", "", _read_sort_code),
    _label(BANK_ACCOUNT, "routing number|routing no|routing #|routing transit|aba number|aba routing|aba"
    " no", "", _read_routing),
    _label(
        DATE_OF_BIRTH,
        "date of birth|birth date|birthdate|date-of-birth|dob|d.o.b|geburtsdatum|geb.-dat|geburtstag|geboortedatum"
        "|date de naissance|fecha de nacimiento|data di nascita|data de nascimento|data nasc|f?delsedato|f?delsedatum"
        "|syntym?aika|data urodzenia|datum narozen|do?um tarihi|birthday is|my birthday",
        "\u0414\u0430\u0442\u0430\u0020\u0440\u043e\u0436\u0434\u0435\u043d\u0438\u044f \u51fa\u751f\u65e5\u671f"
        " \u751f\u5e74\u6708\u65e5"
        " \uc0dd\ub144\uc6d4\uc77c \u0440\u043e\u0436\u0434\u0435\u043d\u0438\u044f",
        _read_birth,
    ),
    _label(
        DATE_OF_BIRTH,
        "born|geboren|geb.|n? le|n?e le|n?(e) le|nacido el|nacida el|nato il|nata il|nascido em|nascida em|nato a"
        "|urodzon|f?dt|f?dd",
        "",
        _read_born,
    ),
)  # fmt: skip

_INNER = re.compile(r"[a-z]{0,8}(?![a-z])")  # the rest of the word: "driver's licence", "urodzony"


_SHORT = 4
_FOREIGN = b"??"  # two letters that are not ASCII
WORDS = (_FOREIGN, *(word for label in LABELS for word in label.words))


def find_labelled(text: str, lowered: bytes, near: frozenset[bytes]) -> Iterator[Span]:
    """Passport, licence and account numbers and dates of birth that a word in one of some ten languages introduces.

    `lowered` is the text in ASCII ("?" for what is not) and lower case, `near` those of WORDS that stand before
    figures. Between the word and the value only punctuation and words such as "number" or "is" may stand.
    """
    foreign = _FOREIGN in near
    for label in LABELS:
        if not (foreign and label.others) and near.isdisjoint(label.words):
            continue
        reached = 0
        for place, end in _ends(text, lowered, near, label):
            link = _LINK.match(text, end)
            start = link.end() if link else end
            if not end < start <= place + REACH or start < reached:
                continue
            value = label.read(text, start)
            if value:
                reached = start + value[0]
                yield Span(label.span_type, start, reached, value[1])


def _ends(text: str, lowered: bytes, near: frozenset[bytes], label: Label) -> Iterator[tuple[int, int]]:
    """Where the words of `label` that are in `near` begin and end in the text, each word in turn."""
    for word in label.words:
        if word not in near:
            continue
        place = lowered.find(word)
        while place >= 0:
            end = place + len(word)
            if _begins_word(text, place):
                rest = _INNER.match(text, end)
                if rest and (len(word) > _SHORT or rest.end() == end):  # "dob" is not the Slovak "dobierku"
                    yield place, rest.end()
            place = lowered.find(word, end)
    for other in label.others if _FOREIGN in near else ():
        place = text.find(other)
        while place >= 0:
            yield place, place + len(other)
            place = text.find(other, place + len(other))


def _begins_word(text: str, place: int) -> bool:
    """Whether no letter stands before, nor a `<` that makes the word the name of a placeholder."""
    before = text[place - 1 : place]
    return not (before.isalpha() or before == "<")
