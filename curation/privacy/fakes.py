"""Stand-ins in the form of what they replace, that are nobody's, and that the finders or `is_fake` know again.

| type | fake |
|---|---|
| e-mail | letters at example.com, .net or .org (RFC 2606) |
| telephone | a range reserved for fiction of its country, else the unassigned country code +999; same grouping |
| IP | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849) |
| MAC | 00:00:5E:00:53:xx (RFC 7042) |
| card | same network's first digit and grouping, wrong Luhn digit |
| IBAN | same country and grouping, check digits 00, which no IBAN has |
| US SSN | area 666, which is never assigned |
| national id | same grouping, check digits of no rule |
| passport, licence, account | zeros and X, but for the last two digits |
| date of birth | another day, two centuries earlier |
| secret, password, user name, wallet | same length and classes of characters, out of two letters and two digits |

Other types, and values whose form leaves no room (a private-key block, a date with two digits for the year, national
telephone numbers of countries without such a range), have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from curation.privacy.cards import luhn
from curation.privacy.national_rules import RULES
from curation.privacy.pseudonyms import Draw
from curation.privacy.spans import (
    BANK_ACCOUNT,
    CREDIT_CARD,
    CRYPTO_ADDRESS,
    DATE_OF_BIRTH,
    DRIVER_LICENSE,
    EMAIL,
    IBAN,
    IP_ADDRESS,
    MAC_ADDRESS,
    NATIONAL_ID,
    PASSPORT,
    PHONE_NUMBER,
    PRIVATE_IP,
    SECRET,
    US_SSN,
)

_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_NOT_DIGIT = re.compile(r"[^0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")
_EXTENSION = re.compile(r"[\s,;]*(?:[A-Za-z#\u0400-\u04ff].*)\Z", re.DOTALL)
_HEX = re.compile(r"(?:0x)?[0-9A-Fa-f\W_]+\Z")
_MASKED = re.compile(r"(?:0[xX])?(?:[xyXY01]|\W|_)+\Z|(?:0[xX])?(?:[abAB01]|\W|_)+\Z")
_KEY_BLOCK = "-----"
_MAX_MASKED = 4096
_SERIAL = re.compile(r"[Xx]*0{2,}[Xx0]*[0-9]{2}[Xx]*\Z")
_NUMERIC_DATE = re.compile(r"(\d{1,4})([./-]\s?)(\d{1,2})([./-]\s?)(\d{1,4})\Z", re.ASCII)
_NAMED_DATE = re.compile(r"\d{1,2}|\d{4}", re.ASCII)
_CENTURIES = 200
_ATTEMPTS = 8

_AREAS = ("202", "206", "212", "303", "305", "312", "404", "415", "503", "512", "602", "617", "702", "713", "808")
_NANP: Final = "1"
# Country code -> (digits of a national number, those of a range reserved for fiction): Ofcom, ARCEP,
# Bundesnetzagentur, ACMA, ComReg, PTS.
_FICTION: dict[str, tuple[int, str]] = {
    "44": (10, "7700900"),
    "33": (9, "63998"),
    "49": (10, "3023125"),
    "61": (9, "25550"),
    "353": (9, "2091"),
    "46": (9, "8465004"),
}
_TRUNK = {10: "33", 11: "44"}
"""National numbers with their trunk 0, by length: whose range is taken."""
_UNASSIGNED = "999"
_FICTIONAL_NANP = re.compile(r"1?(?:[2-9][0-9]{2})?55501[0-9]{2}\Z")
_FICTIONAL = re.compile(
    "(?:"
    + "|".join(f"{code}0?{prefix}[0-9]{{{size - len(prefix)}}}" for code, (size, prefix) in _FICTION.items())
    + r")\Z"
)
_FICTIONAL_TRUNK = re.compile(
    "0(?:" + "|".join(f"{prefix}[0-9]{{{size - len(prefix)}}}" for size, prefix in _FICTION.values()) + r")\Z"
)


def fake(span_type: str, value: str, draw: Draw) -> str | None:
    """What stands for `value`, decided by `draw`; None where its type or form has no fake."""
    make = _MAKERS.get(span_type)
    return make(value, draw) if make else None


def is_fake(span_type: str, value: str) -> bool:
    """Whether `value`, which a finder took for a `span_type`, is such a stand-in, and so nobody's."""
    if span_type == PHONE_NUMBER:
        return _is_fictional(value)
    if span_type in _SERIALS:
        return _SERIAL.match(_NOT_WORD.sub("", value)) is not None
    return span_type in _MASKS and len(value) <= _MAX_MASKED and _MASKED.match(value) is not None


def _refill(value: str, digits: str) -> str:
    """`value` with its digits replaced by `digits`, one for one."""
    new = iter(digits)
    return "".join(next(new) if character in _DIGITS else character for character in value)


def _random(value: str, draw: Draw) -> str:
    """Another value with letters, digits and case where `value` has them."""
    return "".join(
        draw.pick(_DIGITS) if character.isdigit()
        else draw.pick(_UPPER) if character.isupper()
        else draw.pick(_LOWER) if character.isalpha()
        else character
        for character in value
    )  # fmt: skip


def _email(value: str, draw: Draw) -> str:
    local = value.partition("@")[0][:24] if "@" in value else "abcdefgh"
    kept = "".join(character if character in "._-" else draw.pick(_LOWER) for character in local)
    ending = value.rpartition(".")[2].lower()
    return f"{kept.strip('.-_') or draw.pick(_LOWER)}@example.{ending if ending in ('net', 'org') else 'com'}"


def _phone(value: str, draw: Draw) -> str | None:
    shown = _EXTENSION.sub("", value)
    digits = _NOT_DIGIT.sub("", shown)
    if len(digits) < 7:
        return None
    if shown.lstrip("(").startswith("+"):
        new = _international(digits, draw)
    elif digits.startswith("00"):
        new = "00" + _international(digits[2:], draw)
    elif len(digits) in (7, 10, 11) and digits[0] != "0":
        if len(digits) == 11 and digits[0] != _NANP:
            return None
        area = "" if len(digits) == 7 else _AREAS[draw.below(len(_AREAS))]
        new = f"{digits[:-10]}{area}55501{draw.below(100):02d}"
    elif digits.startswith("0") and len(digits) in _TRUNK:
        size, prefix = _FICTION[_TRUNK[len(digits)]]
        new = "0" + _filled(prefix, size, draw)
    else:
        return None
    return _refill(shown, new)


def _international(digits: str, draw: Draw) -> str:
    if digits.startswith(_NANP) and len(digits) == 11:
        return f"1{_AREAS[draw.below(len(_AREAS))]}55501{draw.below(100):02d}"
    for code, (size, prefix) in _FICTION.items():
        rest = digits.removeprefix(code)
        trunk = "0" if rest.startswith("0") else ""
        if digits.startswith(code) and len(rest) == size + len(trunk):
            return code + trunk + _filled(prefix, size, draw)
    return _filled(_UNASSIGNED, len(digits), draw)


def _filled(prefix: str, size: int, draw: Draw) -> str:
    return prefix + "".join(draw.pick(_DIGITS) for _ in range(size - len(prefix)))


def _is_fictional(value: str) -> bool:
    shown = _EXTENSION.sub("", value)
    digits = _NOT_DIGIT.sub("", shown)
    international = shown.lstrip("(").startswith("+")
    if not international and digits.startswith("00"):
        international, digits = True, digits[2:]
    if international:
        nanp = digits.startswith(_NANP) and len(digits) == 11 and _FICTIONAL_NANP.match(digits)
        return bool(nanp or digits.startswith(_UNASSIGNED) or _FICTIONAL.match(digits))
    return bool(_FICTIONAL_NANP.match(digits) or _FICTIONAL_TRUNK.match(digits))


def _ip(value: str, draw: Draw) -> str:
    if ":" in value:
        return f"2001:db8:{draw.below(0xFFFF) + 1:x}:{draw.below(0xFFFF) + 1:x}::{draw.below(0xFFFF) + 1:x}"
    network = ("192.0.2", "198.51.100", "203.0.113")[draw.below(3)]
    return f"{network}.{draw.below(254) + 1}"


def _mac(value: str, draw: Draw) -> str | None:
    if sum(character.isalnum() for character in value) != 12:
        return None
    new = iter(f"00005e0053{draw.below(256):02x}")
    shown = "".join(next(new, "") if character.isalnum() else character for character in value)
    return shown.upper() if value.upper() == value else shown


def _card(value: str, draw: Draw) -> str | None:
    digits = _NOT_DIGIT.sub("", value)
    if len(digits) < 12:
        return None
    body = digits[0] + "".join(draw.pick(_DIGITS) for _ in digits[2:])
    right = next(digit for digit in _DIGITS if luhn(body + digit))
    return _refill(value, body + str((int(right) + 1 + draw.below(9)) % 10))


def _iban(value: str, draw: Draw) -> str:
    return f"{value[:2]}00{_random(value[4:], draw)}"


def _ssn(value: str, draw: Draw) -> str | None:
    if len(_NOT_DIGIT.sub("", value)) != 9:
        return None
    return _refill(value, f"666{draw.below(99) + 1:02d}{draw.below(9999) + 1:04d}")


def _national(value: str, draw: Draw) -> str | None:
    for _ in range(_ATTEMPTS):
        new = _random(value, draw)
        compact = _NOT_WORD.sub("", new).upper()
        if new != value and not any(rule.pattern.search(new) and rule.valid(compact) for rule in RULES):
            return new
    return None


def _serial(value: str, draw: Draw) -> str | None:
    count = sum(character in _DIGITS for character in value)
    if count < 4:
        return None
    digits = _refill(value, f"{'0' * (count - 2)}{draw.below(100):02d}")
    return "".join("X" if c.isupper() else "x" if c.isalpha() else c for c in digits)


def _date(value: str, draw: Draw) -> str | None:
    """Another day; the year goes two centuries back, to within five years, where nobody is looked for."""
    numeric = _NUMERIC_DATE.match(value)
    if numeric:
        first, last = numeric[1], numeric[5]
        year = first if len(first) == 4 else last
        if len(year) != 4:
            return None
        parts = [first, numeric[3], last]
        place = 0 if len(first) == 4 else 2
        for index, part in enumerate(parts):
            if index == place:
                parts[index] = str(int(part) - _CENTURIES + draw.below(11) - 5)
            else:
                low, count = (13, 16) if int(part) > 12 else (1, 12)
                parts[index] = str(low + draw.below(count)).zfill(len(part))
        return f"{parts[0]}{numeric[2]}{parts[1]}{numeric[4]}{parts[2]}"
    if not any(len(number) == 4 for number in _NAMED_DATE.findall(value)) or not value.isascii():
        return None

    def moved(match: re.Match[str]) -> str:
        if len(match[0]) == 4:
            return str(int(match[0]) - _CENTURIES + draw.below(11) - 5)
        return str(1 + draw.below(28))

    return re.sub(r"\d{4}|\d{1,2}", moved, value)


def _masked(value: str, draw: Draw) -> str | None:
    if _KEY_BLOCK in value or len(value) > _MAX_MASKED:
        return None
    head = value[:2] if value[:2] in ("0x", "0X") else ""
    letters = "ab" if _HEX.match(value) else "xy"
    return head + "".join(
        draw.pick("01") if character.isdigit()
        else draw.pick(letters.upper() if character.isupper() else letters) if character.isalpha()
        else character
        for character in value[len(head) :]
    )  # fmt: skip


_SERIALS = frozenset((PASSPORT, DRIVER_LICENSE, BANK_ACCOUNT))
_MASKS = frozenset((SECRET, CRYPTO_ADDRESS, "PASSWORD", "USERNAME"))
_MAKERS: dict[str, Callable[[str, Draw], str | None]] = {
    EMAIL: _email,
    PHONE_NUMBER: _phone,
    IP_ADDRESS: _ip,
    PRIVATE_IP: _ip,
    MAC_ADDRESS: _mac,
    CREDIT_CARD: _card,
    IBAN: _iban,
    US_SSN: _ssn,
    NATIONAL_ID: _national,
    DATE_OF_BIRTH: _date,
    **dict.fromkeys(_SERIALS, _serial),
    **dict.fromkeys(_MASKS, _masked),
}
