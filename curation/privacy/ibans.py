"""International bank account numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.context import words_before
from curation.privacy.spans import IBAN, Span

# SWIFT's IBAN registry: length by country.
_REGISTRY = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22
DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28
HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25
MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29
RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29
VA:22 VG:24 XK:20 YE:30
"""
_LENGTHS = {country: int(length) for country, length in (entry.split(":") for entry in _REGISTRY.split())}
_WITHOUT_LETTERS = """
AE AT BA BE CZ DE DK EE ES FI FO GL HR HU IL IS LT ME MN NO PL PT RS SD SE SI SK ST TL TN VA XK
"""
_DIGITS_ONLY = frozenset(_WITHOUT_LETTERS.split())
_BANK_IN_LETTERS = """
BG BH FK GB GE GI GT IE IQ KW LC LV MD MT MU NI NL OM PK PS QA RO SC SV UA VG
"""
_LETTER_FIRST = frozenset(_BANK_IN_LETTERS.split())
_HEAD = re.compile(rb"00(?<=(?<![A-Za-z0-9_])[A-Za-z][A-Za-z]00)")
_MAX_SHOWN = 64
_CONTEXT = re.compile(
    r"(?<![a-z<])(?:iban|bank|account|acct|konto|kto|compte|cuenta|conto|rekening|conta|rachun|transfer|wire|payee)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?<![a-z<])iban(?![a-z])[^0-9a-z\n]{0,4}(?:(?:number|no|nr|is)[^0-9a-z\n]{0,3})?\Z", re.IGNORECASE
)
_SEPARATORS = " \u00a0\u202f-."


def find_ibans(text: str, digits: bytes) -> Iterator[Span]:
    """IBANs, together or in groups, by the length of their country and ISO 7064 mod 97-10.

    `digits` is the text in ASCII with every digit as `0`. In small letters, where hexadecimal numbers look the same,
    a word of banking must stand before.
    """
    for head in _HEAD.finditer(digits):
        start = head.start() - 2
        size = _LENGTHS.get(text[start : start + 2].upper())
        if size is None:
            continue
        value, end = _gather(text, start, size)
        if len(value) != size or not _has_shape(value):
            continue
        if not is_iban(value):
            if _LABEL.search(words_before(text, start, 24)):
                yield Span(IBAN, start, end, 0.6)  # called one, with a wrong digit
            continue
        upper = text[start : start + 2].isupper()
        if not upper and not _CONTEXT.search(words_before(text, start)):
            continue
        yield Span(IBAN, start, end, 0.95)


def is_iban(value: str) -> bool:
    """Whether the check digits of `value` (capital letters and digits, no spaces) are right."""
    turned = value[4:] + value[:4]
    if not (turned.isascii() and turned.isalnum()):
        return False
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _gather(text: str, start: int, size: int) -> tuple[str, int]:
    """The next `size` letters and digits, with single separators between them, in capitals, and where they end.

    What does not end at a boundary is nothing.
    """
    kept: list[str] = []
    position = start
    while position < len(text) and len(kept) < size and position - start < _MAX_SHOWN:
        character = text[position]
        if character.isascii() and character.isalnum():
            kept.append(character)
        elif not (character in _SEPARATORS and text[position - 1].isalnum()):
            break
        position += 1
    following = text[position : position + 1]
    if following.isascii() and (following.isalnum() or following == "_"):
        return "", position
    return "".join(kept).upper(), position


def _has_shape(value: str) -> bool:
    """Whether letters stand only where the country has any."""
    country, check, rest = value[:2], value[2:4], value[4:]
    if not "02" <= check <= "98" or len(set(rest)) < 2:
        return False
    if country in _DIGITS_ONLY:
        return rest.isdigit()
    return not (country in _LETTER_FIRST and rest[0].isdigit())
