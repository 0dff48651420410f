"""SPDX licence expressions, and what each licence asks of those who copy the text."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["permissive", "copyleft", "other"]

_PERMISSIVE = """
0BSD AFL-2.1 AFL-3.0 AML Apache-1.0 Apache-1.1 Apache-2.0 Artistic-2.0 Beerware BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause
BSD-2-Clause-Patent BSD-2-Clause-Views BSD-3-Clause BSD-3-Clause-Attribution BSD-3-Clause-Clear BSD-3-Clause-LBNL
BSD-4-Clause BSD-4-Clause-UC BSD-Source-Code BSL-1.0 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0 CC-PDDC CC0-1.0 CNRI-Python curl
ECL-1.0 ECL-2.0 EFL-2.0 Fair FTL HPND HPND-sell-variant ICU IJG Intel ISC JasPer-2.0 libpng-2.0 Libpng libtiff MIT MIT-0
MIT-advertising MIT-CMU MIT-enna MIT-feh MIT-Modern-Variant MulanPSL-1.0 MulanPSL-2.0 NCSA NTP OLDAP-2.8 OpenSSL PHP-3.0
PHP-3.01 Plexus PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 SSLeay TCL Unicode-3.0 Unicode-DFS-2015 Unicode-DFS-2016
Unlicense UPL-1.0 W3C WTFPL X11 Xerox Xnet XFree86-1.1 zlib-acknowledgement Zlib ZPL-2.0 ZPL-2.1
"""
_COPYLEFT = """
AGPL-1.0 AGPL-3.0 APSL-2.0 CAL-1.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CDDL-1.0 CDDL-1.1 CECILL-2.1 CECILL-C CPL-1.0 EPL-1.0
EPL-2.0 EUPL-1.0 EUPL-1.1 EUPL-1.2 GFDL-1.1 GFDL-1.2 GFDL-1.3 GPL-1.0 GPL-2.0 GPL-3.0 IPL-1.0 LGPL-2.0 LGPL-2.1 LGPL-3.0
MPL-1.0 MPL-1.1 MPL-2.0 MS-PL MS-RL OFL-1.1 ODbL-1.0 OSL-1.0 OSL-2.0 OSL-2.1 OSL-3.0 QPL-1.0 RPL-1.5 Sleepycat SSPL-1.0
SPL-1.0 Vim
"""
_KINDS: dict[str, Kind] = {
    **{name.lower(): "permissive" for name in _PERMISSIVE.split()},
    **{name.lower(): "copyleft" for name in _COPYLEFT.split()},
}
_PERMISSIVE_EXCEPTIONS = frozenset({"llvm-exception", "swift-exception"})
_RANK: dict[Kind, int] = {"permissive": 0, "copyleft": 1, "other": 2}
_TOKEN = re.compile(r"[()]|[A-Za-z0-9][A-Za-z0-9.+:-]{0,79}")
_SPACE = re.compile(r"\s+")
MAX_EXPRESSION = 2000
MAX_DEPTH = 20


def classify(expression: str) -> Kind:
    """What an SPDX expression lets a data set do with the text.

    "permissive": copying asks for no more than notices (the Blue Oak Council's list, and public-domain dedications);
    "copyleft": derived works fall under the licence too, MPL-like and MS-PL's weak forms included; "other":
    everything else, also what cannot be parsed. OR takes the best choice (permissive before copyleft before other),
    AND the worst.
    """
    if len(expression) > MAX_EXPRESSION:
        return "other"
    tokens = _TOKEN.findall(expression)
    if not tokens or "".join(tokens) != _SPACE.sub("", expression):
        return "other"
    parser = _Parser(tokens)
    rank = parser.either(0)
    if rank is None or parser.position != len(tokens):
        return "other"
    return next(kind for kind, value in _RANK.items() if value == rank)


class _Parser:
    """Recursive descent over `a OR b AND (c WITH d)`; every method gives a rank, or None on a syntax error."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self.position = 0

    def _next_is(self, word: str) -> bool:
        return self.position < len(self._tokens) and self._tokens[self.position].upper() == word

    def _chain(self, word: str, depth: int) -> list[int] | None:
        ranks: list[int] = []
        while True:
            rank = self._both(depth) if word == "OR" else self._one(depth)
            if rank is None:
                return None
            ranks.append(rank)
            if not self._next_is(word):
                return ranks
            self.position += 1

    def either(self, depth: int) -> int | None:
        """`a OR b`: the best."""
        ranks = self._chain("OR", depth)
        return min(ranks) if ranks else None

    def _both(self, depth: int) -> int | None:
        ranks = self._chain("AND", depth)
        return max(ranks) if ranks else None

    def _one(self, depth: int) -> int | None:
        if self.position >= len(self._tokens) or depth > MAX_DEPTH:
            return None
        token = self._tokens[self.position]
        self.position += 1
        if token == "(":
            rank = self.either(depth + 1)
            if rank is None or not self._next_is(")"):
                return None
            self.position += 1
            return rank
        if token == ")" or token.upper() in ("AND", "OR", "WITH"):
            return None
        rank = _RANK[_kind(token)]
        if self._next_is("WITH"):
            if self.position + 1 >= len(self._tokens):
                return None
            exception = self._tokens[self.position + 1].lower()
            self.position += 2
            if rank == 0 and exception not in _PERMISSIVE_EXCEPTIONS:
                return _RANK["other"]  # "WITH Commons-Clause" takes away; only known exceptions give
        return rank


def _kind(name: str) -> Kind:
    """The kind of one licence id; `-only`, `-or-later` and `+` do not change it."""
    lowered = name.lower().removesuffix("+").removesuffix("-only").removesuffix("-or-later")
    return _KINDS.get(lowered, "other")
