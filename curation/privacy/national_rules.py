"""The national identifiers that are recognised, country by country."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import stdnum.ar.cuit
import stdnum.at.vnr
import stdnum.au.tfn
import stdnum.be.nn
import stdnum.bg.egn
import stdnum.br.cpf
import stdnum.ca.sin
import stdnum.ch.ssn
import stdnum.cl.rut
import stdnum.cn.ric
import stdnum.cz.rc
import stdnum.de.idnr
import stdnum.dk.cpr
import stdnum.do.cedula
import stdnum.ec.ci
import stdnum.ee.ik
import stdnum.es.dni
import stdnum.es.nie
import stdnum.fi.hetu
import stdnum.fr.nir
import stdnum.gb.nhs
import stdnum.gr.amka
import stdnum.hr.oib
import stdnum.ie.pps
import stdnum.il.idnr
import stdnum.in_.aadhaar
import stdnum.in_.pan
import stdnum.is_.kennitala
import stdnum.it.codicefiscale
import stdnum.kr.rrn
import stdnum.lv.pvn
import stdnum.mx.curp
import stdnum.my.nric
import stdnum.nl.bsn
import stdnum.no.fodselsnummer
import stdnum.pk.cnic
import stdnum.pl.pesel
import stdnum.pt.nif
import stdnum.ro.cnp
import stdnum.ru.inn
import stdnum.se.personnummer
import stdnum.si.emso
import stdnum.th.pin
import stdnum.tr.tckimlik
import stdnum.ua.rntrc
import stdnum.us.ein
import stdnum.us.itin
import stdnum.za.idnr

from curation.privacy.spans import NATIONAL_ID, US_SSN

LEFT = r"(?<![A-Za-z0-9_])(?<![0-9][.,/:-])"
RIGHT = r"(?![A-Za-z0-9_]|[.,/-][0-9])"
_S = "[ \u00a0]?"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way an identifier is written.

    `digits` is how many digits its longest run (single separators allowed) has at least; `pattern` is `shape` between
    boundaries; `valid` takes the letters and digits without separators; a rule with `context` holds only where one of
    these words stands near.
    """

    country: str
    digits: int
    shape: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    context: re.Pattern[str] | None = None
    span_type: str = NATIONAL_ID
    code: bool = True  # whether the shape alone says enough in source code, where numbers abound


def _words(*words: str) -> re.Pattern[str]:
    """Any of the words, beginning at a boundary; a word that ends in `|` also ends at one."""
    parts = (re.escape(word.rstrip("|")) + (r"(?![a-z])" if word.endswith("|") else "") for word in (*words, *_GENERIC))
    return re.compile(r"(?<![a-z<])(?:" + "|".join(parts) + ")", re.IGNORECASE)


_GENERIC = (
    "national id",
    "national identi",
    "identity card",
    "identity number",
    "id card",
    "citizen id",
    "personal id",
    "id number",
    "id no",
    "identification n",
)


def _rule(
    country: str,
    digits: int,
    shape: str,
    valid: Callable[[str], bool],
    context: re.Pattern[str] | None = None,
    *,
    span_type: str = NATIONAL_ID,
    code: bool = True,
) -> Rule:
    return Rule(country, digits, shape, re.compile(LEFT + f"(?:{shape})" + RIGHT), valid, context, span_type, code)


_NEVER_ISSUED = frozenset({"078051120", "219099999", "457555462"})
"""Printed in advertisements; the Social Security Administration has withdrawn them."""


def is_ssn(digits: str) -> bool:
    """Whether the nine digits may be a US social security number: no area 000, 666 or 9xx, no group 00, no 0000."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return False
    return digits not in _NEVER_ISSUED and len(set(digits)) > 1


def _is_nino(value: str) -> bool:
    """UK national insurance number: HMRC's prefixes, six digits, a suffix A to D. It has no check digit."""
    prefix = value[:2].upper()
    if prefix in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ") or prefix[0] in "DFIQUV" or prefix[1] in "DFIQUVO":
        return False
    return len(set(value[2:8])) > 1


def _is_hetu(value: str) -> bool:
    """Finnish personal identity code; the separators `-` and `+` do not reach here."""
    return bool(stdnum.fi.hetu.is_valid(value if len(value) == 11 else f"{value[:6]}-{value[6:]}"))


_NRIC_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)


def _is_nric(value: str) -> bool:
    """Singapore NRIC and FIN: weighted sum modulo 11, by the first letter."""
    total = sum(weight * int(digit) for weight, digit in zip(_NRIC_WEIGHTS, value[1:8], strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(value[0], 0)
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}.get(value[0])
    if table is None:  # series M, from 2022
        return "KLJNPQRTUWX"[10 - total % 11] == value[8]
    return table[total % 11] == value[8]


def _is_jmbg(value: str) -> bool:
    """Master citizen number of the countries of former Yugoslavia: a date, a region, modulo 11."""
    return bool(stdnum.si.emso.is_valid(value))


def _is_snils(digits: str) -> bool:
    """Russian pension insurance number: the first nine digits weighted 9 to 1, modulo 101."""
    total = sum((9 - place) * int(digit) for place, digit in enumerate(digits[:9]))
    return total % 101 % 100 == int(digits[9:])


_TAIWAN_LETTERS = {letter: value for value, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", start=10)}


def _is_taiwanese(value: str) -> bool:
    """National identification card of Taiwan: the letter's two digits and the rest, weighted, modulo 10."""
    first = _TAIWAN_LETTERS[value[0]]
    weights = (8, 7, 6, 5, 4, 3, 2, 1, 1)
    total = first // 10 + first % 10 * 9 + sum(w * int(d) for w, d in zip(weights, value[1:], strict=True))
    return total % 10 == 0


_SSN_WORDS = re.compile(
    r"(?<![a-z<])(?<!<us_)(?:ssn|social[ _-]?sec|soc\.? ?sec|ss ?#|social(?: number|:)|tax ?(?:payer)? ?id)",
    re.IGNORECASE,
)

_SSN_LABEL = re.compile(
    r"(?<![a-z<_])(?:ssn|social security)(?: number| no\.?| #)?(?: is)?[ :#=]{1,4}\Z", re.IGNORECASE
)


def _is_any_ssn(digits: str) -> bool:
    """What is called one right before, as people type it: area numbers that nobody got as well, but not 666, which
    the fakes of this package have.
    """
    return not digits.startswith("666") and digits not in _NEVER_ISSUED and len(set(digits)) > 2


RULES: tuple[Rule, ...] = (
    _rule("US", 9, r"[0-9]{3}([-\u2010-\u2013])[0-9]{2}\1[0-9]{4}", is_ssn, span_type=US_SSN),
    _rule("US", 9, r"[0-9]{3}([ .]?)[0-9]{2}\1[0-9]{4}", is_ssn, _SSN_WORDS, span_type=US_SSN),
    _rule("US", 9, r"[0-9]{3}-[0-9]{2}-[0-9]{4}", _is_any_ssn, _SSN_LABEL, span_type=US_SSN),
    _rule("US", 9, r"9[0-9]{2}([ -]?)[0-9]{2}\1[0-9]{4}", stdnum.us.itin.is_valid, _words("itin|", "tax")),
    _rule("US", 9, r"[0-9]{2}-[0-9]{7}", stdnum.us.ein.is_valid,
          _words("ein|", "tin|", "tax id", "taxpayer", "federal tax")),
    _rule("FR", 12, rf"[1-478]({_S})[0-9]{{2}}\1[0-9]{{2}}\1(?:[0-9]{{2}}|2[AB])\1[0-9]{{3}}\1[0-9]{{3}}{_S}[0-9]{{2}}",
          stdnum.fr.nir.is_valid),
    _rule("ES", 8, r"[0-9]{8}[ -]?[A-HJ-NP-TV-Z]|[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-HJ-NP-TV-Z]",
          stdnum.es.dni.is_valid, code=False),
    _rule("ES", 8, r"[0-9]{8}[ -]?[A-HJ-NP-TV-Za-hj-np-tv-z]", stdnum.es.dni.is_valid, _words("dni|", "nif|", "d.n.i")),
    _rule("ES", 7, r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]", stdnum.es.nie.is_valid),
    _rule("NL", 9, r"[0-9]{9}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{3}|[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}",
          stdnum.nl.bsn.is_valid, _words("bsn|", "burgerservice", "sofi", "citizen service")),
    _rule("BE", 11, r"[0-9]{2}[. ]?[0-9]{2}[. ]?[0-9]{2}[ -]?[0-9]{3}[. ]?[0-9]{2}", stdnum.be.nn.is_valid, code=False),
    _rule("PL", 11, r"[0-9]{11}", stdnum.pl.pesel.is_valid, _words("pesel")),
    _rule("SE", 10, r"(?:19|20)?[0-9]{6}[-+]?[0-9]{4}", stdnum.se.personnummer.is_valid,
          _words("personnummer", "personnr", "pers.nr", "pnr|", "person number", "personal number")),
    _rule("FI", 6, r"[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9A-FHJ-NPR-Y]", _is_hetu),
    _rule("DK", 10, r"[0-9]{6}[- ]?[0-9]{4}", stdnum.dk.cpr.is_valid, _words("cpr", "personnummer", "cpr-nummer")),
    _rule("NO", 11, r"[0-9]{6} ?[0-9]{5}", stdnum.no.fodselsnummer.is_valid, code=False),
    _rule("BR", 11, r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", stdnum.br.cpf.is_valid),
    _rule("BR", 11, r"[0-9]{11}", stdnum.br.cpf.is_valid, _words("cpf|")),
    _rule("CN", 17, r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]", stdnum.cn.ric.is_valid),
    _rule("IN", 12, r"[2-9][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}", stdnum.in_.aadhaar.is_valid,
          _words("aadhaar", "aadhar", "adhar", "uidai", "uid|", "\u0906\u0927\u093e\u0930")),
    _rule("GB", 6, r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] [0-9]{2} [0-9]{2} [0-9]{2} [A-D]", _is_nino),
    _rule("GB", 6, r"[A-Za-z]{2}(?:[ -]?[0-9]{2}){3}[ -]?[A-Da-d]",
          _is_nino, _words("national insurance", "nino|", "ni number", "ni no", "n.i.", "ni:")),
    _rule("GB", 10, r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", stdnum.gb.nhs.is_valid, _words("nhs|", "national health")),
    _rule("DE", 11, r"[1-9][0-9](?: ?[0-9]{3}){3}", stdnum.de.idnr.is_valid,
          _words("steuer", "idnr", "tin|", "tax id", "st.-id", "identifikationsnummer")),
    _rule("CA", 9, r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{3}", stdnum.ca.sin.is_valid,
          _words("sin|", "social insurance", "nas|", "num\u00e9ro d'assurance sociale")),
    _rule("AU", 8, r"[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{2,3}", stdnum.au.tfn.is_valid, _words("tfn", "tax file")),
    _rule("CH", 13, r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", stdnum.ch.ssn.is_valid),
    _rule("CH", 13, r"756[0-9]{10}"
    r"|756 [0-9]{4} [0-9]{4} [0-9]{2}", stdnum.ch.ssn.is_valid, _words("ahv", "avs|", "nss|")),
    _rule("PT", 9, r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", stdnum.pt.nif.is_valid, _words("nif|", "contribuinte", "n.i.f")),
    _rule("RO", 13, r"[1-9][0-9]{12}", stdnum.ro.cnp.is_valid, code=False),
    _rule("CZ", 9, r"[0-9]{6}/[0-9]{3,4}", stdnum.cz.rc.is_valid,
          _words("rodn", "r\u010d|", "r.\u010d", "birth number", "rc|")),
    _rule("BG", 10, r"[0-9]{10}", stdnum.bg.egn.is_valid, _words("egn|", "\u0435\u0433\u043d")),
    _rule("KR", 13, r"[0-9]{6}-[0-9]{7}", stdnum.kr.rrn.is_valid),
    _rule("TR", 11, r"[1-9][0-9]{10}", stdnum.tr.tckimlik.is_valid, _words("kimlik", "tckn", "t.c.", "tc no")),
    _rule("ZA", 13, r"[0-9]{6} ?[0-9]{4} ?[01][0-9]{2}", stdnum.za.idnr.is_valid,
          _words("id number", "id no", "south african id", "rsa id", "sa id", "identity")),
    _rule("CL", 7, r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", stdnum.cl.rut.is_valid),
    _rule("CL", 7, r"[0-9]{7,8}-?[0-9Kk]", stdnum.cl.rut.is_valid, _words("rut|", "r.u.t", "run|")),
    _rule("EE", 11, r"[1-8][0-9]{10}", stdnum.ee.ik.is_valid, _words("isikukood", "asmens kod", "personal code")),
    _rule("HR", 11, r"[0-9]{11}", stdnum.hr.oib.is_valid, _words("oib|")),
    _rule("GR", 11, r"[0-9]{11}", stdnum.gr.amka.is_valid, _words("amka", "\u03b1\u03bc\u03ba\u03b1")),
    _rule("IE", 7, r"[0-9]{7}[A-W][A-IW]?", stdnum.ie.pps.is_valid, _words("pps", "personal public service")),
    _rule("IL", 8, r"[0-9]{8,9}", stdnum.il.idnr.is_valid,
          _words("teudat", "israeli id", "\u05ea.\u05d6", "\u05ea\u05e2\u05d5\u05d3\u05ea"
          " \u05d6\u05d4\u05d5\u05ea", "\u05ea\"\u05d6")),
    _rule("TH", 13, r"[1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9]", stdnum.th.pin.is_valid),
    _rule("TH", 13, r"[1-8][0-9]{12}", stdnum.th.pin.is_valid,
          _words("\u0e1a\u0e31\u0e15\u0e23\u0e1b\u0e23\u0e30\u0e0a\u0e32\u0e0a\u0e19")),
    _rule("AT", 10, r"[1-9][0-9]{3} ?[0-9]{6}", stdnum.at.vnr.is_valid,
          _words("sozialversicherung", "sv-nr", "svnr", "vsnr", "versicherungsnummer")),
    _rule("IS", 10, r"[0-9]{6}-?[0-9]{4}", stdnum.is_.kennitala.is_valid, _words("kennitala", "kt|")),
    _rule("LV", 11, r"[0-9]{6}-?[0-9]{5}", stdnum.lv.pvn.is_valid, _words("personas kods", "p.k.")),
    _rule("RS", 13, r"[0-9]{13}", _is_jmbg,
          _words("jmbg", "emso", "em\u0161o", "\u0458\u043c\u0431\u0433", "\u0435\u043c\u0431\u0433")),
    _rule("UA", 10, r"[0-9]{10}", stdnum.ua.rntrc.is_valid,
          _words("\u0440\u043d\u043e\u043a\u043f\u043f", "\u0456\u043f\u043d")),
    _rule("RU", 12, r"[0-9]{12}", stdnum.ru.inn.is_valid, _words("\u0438\u043d\u043d", "inn|")),
    _rule("RU", 11, r"[0-9]{3}-[0-9]{3}-[0-9]{3}[ -][0-9]{2}", _is_snils),
    _rule("AR", 11, r"(?:20|2[3-7]|3[034])-?[0-9]{8}-?[0-9]", stdnum.ar.cuit.is_valid, _words("cuit", "cuil", "c.u.i")),
    _rule("DO", 11, r"[0-9]{3}-[0-9]{7}-[0-9]", stdnum.do.cedula.is_valid),
    _rule("EC", 10, r"[0-9]{10}|[0-9]{9}-[0-9]", stdnum.ec.ci.is_valid, _words("c\u00e9dula", "cedula", "c.i.", "ci|")),
    _rule("PK", 13, r"[0-9]{5}-[0-9]{7}-[0-9]", stdnum.pk.cnic.is_valid),
    _rule("MY", 12, r"[0-9]{6}-[0-9]{2}-[0-9]{4}", stdnum.my.nric.is_valid),
    _rule("TW", 9, r"[A-Z][1289][0-9]{8}", _is_taiwanese, _words("taiwan", "\u8eab\u5206\u8b49", "\u8eab\u4efd\u8b49")),
    _rule("SG", 7, r"[STFGM][0-9]{7}[A-Z]", _is_nric),
)  # fmt: skip
"""Those without `context` are told by their shape, a date and two or more check digits (or letters)."""


PAN = re.compile(rb"0000(?<=(?<![A-Za-z0-9_])[A-Z]{3}[ABCFGHJLPT][A-Z]0000)[A-Z](?![A-Za-z0-9_])")
PAN_WORDS = _words("pan|", "permanent account", "income tax")


def is_pan(value: str) -> bool:
    """Indian permanent account number: the fourth letter is a kind of holder."""
    return bool(stdnum.in_.pan.is_valid(value))


def is_long_code(value: str) -> bool:
    """Italian codice fiscale (16 characters) or Mexican CURP (18), by their check character."""
    if len(value) == 16:
        return bool(stdnum.it.codicefiscale.is_valid(value)) and not value.isdigit()
    return len(value) == 18 and bool(stdnum.mx.curp.is_valid(value))
