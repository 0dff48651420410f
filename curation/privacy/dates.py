"""Dates as people write them, at a given place of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIRST_YEAR, LAST_YEAR = 1900, 2029
"""Years outside are no birth of somebody alive."""

_NUMERIC = re.compile(
    r"(?:([0-9]{4})([./-])\s?([0-9]{1,2})\2\s?([0-9]{1,2})|([0-9]{1,2})([./-])\s?([0-9]{1,2})\6\s?([0-9]{4}"
    r"|[0-9]{2}))(?![0-9A-Za-z_]|[./-][0-9])"
)
_LETTERS = "A-Za-z\u00c0-\u017f\u0400-\u04ff"
_DAY_FIRST = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th|er|[.\u00ba])?[ -]?(?:de |of |d')?([{_LETTERS}]{{3,12}})[.,]?[ -]?(?:de |del "
    rf"|of )?([0-9]{{4}})(?![0-9A-Za-z_])"
)
_MONTH_FIRST = re.compile(rf"([{_LETTERS}]{{3,12}})[.]? ?([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}})(?![0-9A-Za-z_])")
_EAST_ASIAN = re.compile(r"([0-9]{4})\s?[\u5e74\ub144]\s?([0-9]{1,2})\s?[\u6708\uc6d4]\s?([0-9]{1,2})\s?[\u65e5\uc77c]")
_MONTH_NAMES = """
jan feb mar apr may jun jul aug sep oct nov dec jän mär mai okt dez fév fev avr jui aoû aou déc ene abr
ago dic gen mag giu lug set ott out mrt maa mei maj sty lut kwi cze lip sie wrz paź lis gru tam hel hei
elo syy lok mou янв фев мар апр мая май июн июл авг сен окт ноя дек
"""
_MONTHS = frozenset(_MONTH_NAMES.split())
"""The first three letters of the months in English, German, French, Spanish, Italian, Portuguese, Dutch,
Danish, Swedish, Polish, Finnish and Russian."""


@dataclass(frozen=True, slots=True)
class Date:
    """Where a date ends, and whether it is written in figures alone."""

    end: int
    numeric: bool


def match_date(text: str, start: int) -> Date | None:
    """The date that begins at `start`, of a year in which somebody alive was born; None when there is none."""
    match = _NUMERIC.match(text, start)
    if match:
        year, first, second = (match[1], match[3], match[4]) if match[1] else (match[8], match[5], match[7])
        return Date(match.end(), True) if _plausible(year, int(first), int(second)) else None
    match = _EAST_ASIAN.match(text, start)
    if match:
        return Date(match.end(), True) if _plausible(match[1], int(match[2]), int(match[3])) else None
    match = _DAY_FIRST.match(text, start)
    if match is None:
        match = _MONTH_FIRST.match(text, start)
        month, day = (match[1], match[2]) if match else ("", "0")
    else:
        month, day = match[2], match[1]
    if match and month[:3].lower() in _MONTHS and _plausible(match[3], 1, int(day)):
        return Date(match.end(), False)
    return None


def _plausible(year: str, first: int, second: int) -> bool:
    """Whether the two numbers may be a day and a month in some order."""
    if len(year) == 4 and not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return False
    low, high = sorted((first, second))
    return 1 <= low <= 12 and high <= 31
