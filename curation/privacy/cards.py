"""Payment card numbers: issuer, length and check digit."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from curation.privacy.spans import CREDIT_CARD, Span

_S = "[ \u00a0-]"
# The first digit alone is consumed, so that "2024 4111 1111 1111 1111" is tried from 2024 and from 4111.
_CANDIDATE = re.compile(
    r"[0-9](?<![A-Za-z0-9_.].)(?<![0-9][.,].)"
    rf"(?=([0-9]{{11,18}}|[0-9]{{3}}(?:{_S}[0-9]{{4}}){{3}}(?:{_S}[0-9]{{1,3}})?|[0-9]{{3}}{_S}[0-9]{{6}}{_S}[0-9]{{4,5}}"
    rf"|[0-9]{{3}}{_S}[0-9]{{4}}{_S}[0-9]{{5}}|[0-9]{{5}}{_S}[0-9]{{13}})(?![A-Za-z0-9_]|[.,][0-9]))"
)
_CONTEXT_WORD = re.compile(
    r"card|visa|master|amex|american express|credit|debit|cvv|cvc|(?<![a-z])cc(?![a-z])|payment|pan\b"
    r"|kredit|karte|tarjeta"
    r"|carte|cart[a\u00e3]o|carta\b|\u043a\u0430\u0440\u0442|\u5361|\u30ab\u30fc\u30c9|\uce74\ub4dc",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:(?:credit|debit|payment|visa|master) ?card|kreditkarte|carte bancaire|tarjeta)[^0-9\n]{0,16}\Z", re.IGNORECASE
)
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # twice the digit, and the sum of the digits of that

# (first prefix, last prefix, lengths): ISO/IEC 7812 ranges as the issuers publish them.
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "649", (16, 19)),
    ("65", "65", (16, 19)),
    ("3528", "3589", (16, 19)),  # JCB
    ("1800", "1800", (15,)),
    ("2131", "2131", (15,)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("60", "60", (16,)),  # RuPay
    ("81", "82", (16,)),
    ("508", "508", (16,)),
    ("5018", "5018", (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
    ("5020", "5020", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("5038", "5038", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("56", "58", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("6304", "6304", (12, 13, 14, 15, 16, 17, 18, 19)),
    ("6759", "6763", (12, 13, 14, 15, 16, 17, 18, 19)),
)
_BY_FIRST = {first: tuple(row for row in _ISSUERS if row[0][0] == first) for first in "0123456789"}
_STRONG_LENGTHS = (15, 16)
_LONE_LENGTHS = (14, 19)  # thirteen digits from 4 are the bar codes of half the world
_ZERO = ord("0")
_NUMBERS_BEFORE = re.compile(r"[0-9]{3,}[ \t]\Z")
_NUMBERS_AFTER = re.compile(r"[ \t][0-9]{3,}(?![0-9])")
_FOUR_FOURS = 19  # characters of "4111 1111 1111 1111"


def _in_table(text: str, start: int, end: int) -> bool:
    """Whether numbers stand on both sides: four of a table's columns of four digits are a card now and then."""
    return bool(_NUMBERS_BEFORE.search(text[max(0, start - 8) : start]) and _NUMBERS_AFTER.match(text, end))


def luhn(digits: str) -> bool:
    """Whether the last of `digits` is the Luhn check digit of the others."""
    turned = digits.encode("ascii")[::-1]
    total = sum(turned[::2]) + sum(turned[1::2].translate(_DOUBLED)) - _ZERO * len(turned)
    return total % 10 == 0


def has_issuer(digits: str) -> bool:
    """Whether `digits` begin with an issuer's prefix and have one of its lengths."""
    return len(digits) in _lengths(digits[:4])


@functools.lru_cache(maxsize=10_000)
def _lengths(prefix: str) -> frozenset[int]:
    """The lengths of the cards whose numbers begin with these four digits."""
    return frozenset(
        length for low, high, lengths in _BY_FIRST[prefix[0]] if low <= prefix[: len(low)] <= high for length in lengths
    )


def find_cards(text: str, kind: str) -> Iterator[Span]:
    """Card numbers, bare or in the groups cards are printed in.

    Luhn and issuer alone accept some 3 % of random 16-digit identifiers, so bare numbers of the rarer lengths, and
    all bare numbers in `kind` "code", also need a word of payment near.
    """
    for match in _CANDIDATE.finditer(text):
        start, end = match.start(), match.end(1)
        score = _score(text, start, end, kind)
        if not score and _FOUR_FOURS < end - start <= _FOUR_FOURS + 4 and text[start + _FOUR_FOURS] in " \u00a0-":
            end = start + _FOUR_FOURS  # sixteen digits, and a number of its own behind them
            score = _score(text, start, end, kind)
        if score:
            yield Span(CREDIT_CARD, start, end, score)


def _score(text: str, start: int, end: int, kind: str) -> float:
    """Confidence that `text[start:end]` is a card number; 0 when it is not."""
    digits = text[start:end].replace(" ", "").replace("-", "").replace("\u00a0", "")
    if len(set(digits)) == 1:
        return 0.0
    if not luhn(digits):
        # Four fours right after "credit card" are one with a wrong digit.
        lone = end - start == _FOUR_FOURS and not (start > 1 and "0" <= text[start - 2] <= "9")
        mistyped = lone and kind == "prose" and has_issuer(digits)
        return 0.6 if mistyped and _LABEL.search(text, max(0, start - 40), start) else 0.0
    issued = has_issuer(digits)
    if not (issued or (len(digits) == 16 and digits[0] in "3456")):
        return 0.0
    if _CONTEXT_WORD.search(text, max(0, start - 60), start) or _CONTEXT_WORD.search(text, end, end + 20):
        if issued:
            return 0.95
        return 0.0 if _in_table(text, start, end) else 0.7
    if not issued or _in_table(text, start, end):
        return 0.0
    if end - start > len(digits):
        return 0.8
    if kind == "code":
        return 0.0
    return 0.6 if len(digits) in _STRONG_LENGTHS else 0.5 if len(digits) in _LONE_LENGTHS else 0.0
