"""Telephone numbers in prose."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
import stdnum.isbn

from curation.privacy.context import words_before
from curation.privacy.spans import PHONE_NUMBER, Span

MIN_DIGITS, MAX_DIGITS = 6, 15
MAX_GROUPS = 7

_SPACE = " \u00a0\u2009\u202f"
_DASH = r"\u2010-\u2015\u2212\-"
# A linear scan for runs of digits and phone punctuation; everything else looks at one run of at most 30 characters.
_CANDIDATE = re.compile(
    rf"[+(0-9](?<![A-Za-z0-9_+].)(?<![0-9][.,/:].)(?<![0-9]-.)\+?[0-9{_SPACE}()./{_DASH}]{{5,28}}(?<=[0-9])"
    rf"(?P<ext>[{_SPACE}]?(?:x|ext\.?|extension|Durchwahl)[{_SPACE}]?[0-9]{{1,6}})?(?:(?![A-Za-z0-9_]|[.,:][0-9]|%)|(?-i:(?=[A-Z\u00c0-\u00de][a-z\u00df-\u00ff])))",
    re.IGNORECASE,
)
_PLAUSIBLE = re.compile(
    rf"[+(]|(?<![0-9])0[0-9]{{1,5}}[{_SPACE}/.{_DASH}]|[0-9]{{3}}[{_SPACE}.{_DASH}][0-9]{{3}}[{_SPACE}.{_DASH}][0-9]{{4}}"
)
_LETTER = re.compile(r"[^\W\d_]")
_GROUP = re.compile(r"[0-9]+")
_LABEL_BEFORE = re.compile(
    r"(?:(?<![a-z])(?:tele?(?:phone|fon[eo]?)?|phone|ph|telefax|fax|mobile?|mob|cell(?:ular|phone)?|celular|handy|whatsapp"
    r"|sms|hotline|helpline|voicemail|call(?:ing)?|dial|ring|text|answering"
    r"|messages? (?:to|on|at|from)|contact|reach|my (?:new )?number"
    r"|t\u00e9l(?:\u00e9phone)?"
    r"|tel\u00e9fono|telefoon|mobiel|m\u00f3vil|portable|tlf|tfn|puh(?:elin)?|landline)(?![a-z])"
    r"|\u0442\u0435\u043b|\u7535\u8bdd|\u96fb\u8a71|\u624b\u673a|\u624b\u6a5f|\u643a\u5e2f|\uc804\ud654|\u0647\u0627\u062a\u0641)"
    r"[^0-9\n]{0,16}\n?[^0-9\n]{0,8}\Z"
    r"|(?<![a-z])(?:desk|office|direct|home|work)\s?[:.]\s{0,4}\Z",
    re.IGNORECASE,
)
_CLEAR = re.compile(r"[^0-9\n]*(?:\n[^0-9\n]*)?")
_LABEL_AFTER = re.compile(
    rf"[{_SPACE}{_DASH},|(]{{0,3}}(?:tele?phone|phone|fax|mobile|cell|office|home|work)(?![a-z]|\s?[:.])", re.IGNORECASE
)
_NUMBERED = re.compile(
    r"(?:(?<![a-z])(?:isbn(?:-1[03])?|issn|doi|arxiv|pmid|ean|upc|gtin|iban|ssn|vin|imei|order|invoice|case|ticket|account"
    r"|acct|u?id|ref|reference|serial|patent|zip|code|version|page|pp?|vol|no|nr|art|\u2116)(?![a-z])[.:#\s]{0,4}"
    r"|(?-i:[a-z](?:U?ID|Id))[\"']{0,2}\s?[:=]\s?[\"']?"  # rValueUID
    r"|#|[$\u20ac\u00a3\u00a5\u20b9]\s?)\Z",
    re.IGNORECASE,
)
_MONEY_AFTER = re.compile(
    r"\s?(?:[$\u20ac\u00a3\u00a5\u20b9\u00b0]|(?:usd|eur|gbp|dollars?|euros?|km|kg|mm|cm|m\u00b2)(?![a-z]))",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<![0-9])(?:[0-3]?[0-9][./-][0-3]?[0-9][./-](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./-][01]?[0-9][./-][0-3]?[0-9])(?![0-9])"
    r"|(?<![0-9])(?:1[5-9]|20)[0-9]{2}\s?[\u2010-\u2015/ -]\s?(?:1[5-9]|20)[0-9]{2}(?![0-9])"
)
_NANP = re.compile(
    rf"(?:(?:001|1)[{_SPACE}.{_DASH}])?(?:\([0-9]{{3}}\)[{_SPACE}]?|[0-9]{{3}}[.{_DASH}])[0-9]{{3}}[.{_DASH}][0-9]{{4}}\Z"
)
_NANP_SPACED = re.compile(
    rf"(?:1[{_SPACE}])?(?:\([0-9]{{3}}\)[{_SPACE}]?|[0-9]{{3}}[{_SPACE}{_DASH}])[0-9]{{3}}[{_SPACE}{_DASH}][0-9]{{4}}\Z"
)
_CODE_IN_BRACKETS = re.compile(rf"\([0-9]{{2,3}}\)[{_SPACE}]?[0-9]")  # "(351) 911 860 913"
_RUSSIAN = re.compile(
    rf"8[{_SPACE}]?\([0-9]{{3,5}}\)[{_SPACE}]?[0-9]{{1,3}}[{_SPACE}{_DASH}][0-9]{{2}}[{_SPACE}{_DASH}][0-9]{{2}}\Z"
)
_CALLING_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_POSTCODE_US = re.compile(r"[0-9]{5}-[0-9]{4}\Z")
_PAIRS = re.compile(rf"[0-9]{{2}}(?:[{_SPACE}{_DASH}.][0-9]{{2}}){{2}}\Z")  # the shortest national numbers: "33 93 31"
_JOINS = tuple("=/&?_#:-.")
_LAST_GROUP = re.compile(r"[0-9]{2}\Z")
_SOCIAL_SECURITY = re.compile(r"[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}\Z")
_BAD_PUNCTUATION = re.compile(
    rf"[{_SPACE}./{_DASH}]{{4}}|[.][.]|//|[)][)]|[(][(]|[{_SPACE}][.]|[.][{_SPACE}]|[{_SPACE}]{{2}}"
)
TRUNK_ZERO_REGIONS = ("FR", "GB", "DE", "IT", "NL", "BE", "CH", "AT", "AU", "SE")
"""Where national numbers begin with 0: tried, in this order, when no region is known."""


def find_phones(text: str, region: str | None) -> Iterator[Span]:
    """Telephone numbers: international ones, national ones of `region` (ISO 3166, two letters), and any of a
    telephone's length that a word such as "phone" introduces.

    Validity is that of the phonenumbers library. Without a region, North American shapes (3-3-4) and numbers
    that begin with a trunk 0 and are valid in one of `TRUNK_ZERO_REGIONS` are recognised too.
    """
    for match in _CANDIDATE.finditer(text):
        shown = match[0]
        labelled = _is_labelled(text, match.start(), match.end())
        if not labelled and not region and not (_PLAUSIBLE.search(shown) or _may_be_lone(text, match)):
            continue
        groups = [(group.start(), group.end()) for group in _GROUP.finditer(shown, 0, _digits_end(match))]
        if sum(end - start for start, end in groups) < MIN_DIGITS:
            continue
        numbered = _is_numbered(text, match.start(), match.end())
        first = 0
        while first < len(groups):
            for last in range(min(len(groups), first + MAX_GROUPS), first, -1):
                start, end = _with_marks(shown, groups[first][0]), groups[last - 1][1]
                if shown[start] == "(" and ")" not in shown[start:end]:
                    start += 1  # "(719-440-1050)": the bracket closes behind the number
                extended = len(shown) if last == len(groups) else end
                digits = "".join(shown[a:b] for a, b in groups[first:last])
                if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
                    continue
                evidence = _Evidence(labelled and not numbered, numbered, region, last - first, extended > end)
                score = _score(shown[start:end], digits, evidence)
                if score:
                    yield Span(PHONE_NUMBER, match.start() + start, match.start() + extended, score)
                    first = last
                    break
            else:
                first += 1


def _may_be_lone(text: str, match: re.Match[str]) -> bool:
    """Whether the run is nine to eleven digits without separators that are no part of a URL or a name."""
    return match[0].isdigit() and 9 <= len(match[0]) <= 11 and text[match.start() - 1 : match.start()] not in _JOINS


def _digits_end(match: re.Match[str]) -> int:
    """Where the number ends and its extension begins, from the start of the match."""
    return (match.start("ext") if match["ext"] else match.end()) - match.start()


def _with_marks(shown: str, start: int) -> int:
    """`start` moved back over a `+` or `(` that belongs to the number."""
    while start and shown[start - 1] in "+(":
        start -= 1
    return start


def _is_labelled(text: str, start: int, end: int) -> bool:
    """Whether a word such as "phone" stands before, or "fax" after."""
    near = text[max(0, start - 28) : start]
    if _LETTER.search(near):
        before = words_before(text, start, 40)
        clear = _CLEAR.match(before[::-1])  # no digit and at most one line end stand behind a label
        if clear and clear.end() > 1 and _LABEL_BEFORE.search(before, len(before) - clear.end()):
            return True
    return _LABEL_AFTER.match(text, end) is not None


def _is_numbered(text: str, start: int, end: int) -> bool:
    """Whether "ISBN", "order" or a currency stands before, or a currency or unit after."""
    return bool(_NUMBERED.search(text[max(0, start - 16) : start]) or _MONEY_AFTER.match(text, end))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What else speaks for or against a run of digits."""

    labelled: bool
    numbered: bool
    region: str | None
    groups: int
    extended: bool


def _score(shown: str, digits: str, evidence: _Evidence) -> float:
    """Confidence that `shown`, whose digits are `digits`, is a telephone number; 0 when it is not."""
    if len(digits) == MIN_DIGITS and not (evidence.labelled and _PAIRS.match(shown)):
        return 0.0
    if len(set(digits)) < 3 or shown.count("(") != shown.count(")") or _BAD_PUNCTUATION.search(shown):
        return 0.0
    if shown.startswith(("+", "(+")):
        if is_valid("+" + digits, None):
            return 0.95
        settled = evidence.groups > 2 or evidence.labelled or _has_calling_code(digits)
        return 0.6 if len(digits) >= 9 and settled else 0.0
    if evidence.numbered or _DATE.search(shown) or _SOCIAL_SECURITY.match(shown) or _POSTCODE_US.match(shown):
        return 0.0
    if digits.startswith("00") and len(digits) >= 10 and is_valid("+" + digits[2:], None):
        return 0.9
    if _CODE_IN_BRACKETS.match(shown) and is_valid("+" + digits, None):
        return 0.8
    if _NANP.match(shown) or (_NANP_SPACED.match(shown) and is_valid(digits, "US")):
        return 0.9 if evidence.labelled or is_valid(digits, "US") else 0.6
    national = evidence.region and len(digits) >= 8 and (evidence.groups > 1 or evidence.labelled)
    if national and is_valid(digits, evidence.region):
        return 0.85
    if evidence.labelled and _LAST_GROUP.search(shown):
        return 0.7 if evidence.groups > 1 or len(digits) >= 8 or evidence.extended else 0.5
    if digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 11 and evidence.groups > 1:
        return 0.6 if len(set(digits)) > 3 and _trunk_zero(shown, digits, evidence.groups) else 0.0
    if _RUSSIAN.match(shown):
        return 0.8
    return 0.5 if evidence.groups == 1 and _is_lone(digits) else 0.0


def _is_lone(digits: str) -> bool:
    """Whether digits without any separator are a national number with its trunk 0; an ISBN is as long."""
    if digits[0] != "0" or digits[1] == "0" or not 9 <= len(digits) <= 11 or len(set(digits)) < 4:
        return False
    return not (len(digits) == 10 and stdnum.isbn.is_valid(digits)) and _trunk_zero(digits, digits, 1)


def _has_calling_code(digits: str) -> bool:
    """Whether `digits`, which a `+` introduces, begin with a country's calling code and are of a number's length."""
    return len(digits) >= 10 and any(int(digits[:size]) in _CALLING_CODES for size in (1, 2, 3))


def _trunk_zero(shown: str, digits: str, count: int) -> bool:
    """A national number with its trunk prefix. Dots also separate dates and decimals, so five pairs are asked for."""
    if "." in shown and not (count == 5 and all(len(group) == 2 for group in shown.split("."))):
        return False
    return any(is_valid(digits, region) for region in TRUNK_ZERO_REGIONS)


@functools.lru_cache(maxsize=8192)
def is_valid(digits: str, region: str | None) -> bool:
    """Whether the phonenumbers library knows `digits` as a number in use, dialled in `region`."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
    except phonenumbers.NumberParseException:
        return False
