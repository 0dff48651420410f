"""Postal addresses of any country that a word such as "address" announces, or a postcode and a town settle."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.context import words_before
from curation.privacy.spans import STREET_ADDRESS, Span

_UP = (
    "A-Z\u00c0-\u00de\u0100\u0104\u0106\u010c\u010e\u0118\u011a"
    "\u0141\u0143\u0147\u0150\u0158\u015a\u0160\u0164\u016e\u0170\u0179\u017b\u017d\u0386-\u03ab\u0400-\u042f"
)
_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_CAPITAL = rf"[{_UP}][{_LETTER}'\u2019-]{{0,24}}\.?"
_FIGURES = (
    r"#?[0-9]{1,5}(?:(?: ?[A-Za-z](?![A-Za-z0-9_]))?(?:[/-][0-9]{1,5}[A-Za-z]?)?)"
    r"(?![0-9A-Za-z_%\u20ac$]|[.,:][0-9])"
)
_SMALL = (
    r"(?:de|da|do|dos|das|du|des|del|della|dei|di|la|le|les|el|los|las|van|von|der|den|den|het|ter|ten|am|an|im|zur"
    r"|zum|of|the|pod|nad|bis|rue|avenue|boulevard|place|calle|via|rua|ulica|ulice|ul\.|al\.|os\.|pl\.|kv\.|d\."
    r"|n[\u00b0\u00bao]\.?|nr\.?|apt\.?|suite|unit|flat|floor|\u0443\u043b\.?|\u0434\.|\u0433\.|\u043a\u0432\.|\u043f\u0440\.)"
    rf"(?![{_LETTER}])"
)
_POSTCODE = (
    r"(?:[A-Z]{1,2}-)?(?:[0-9]{5}(?:-[0-9]{4})?|[0-9]{4} ?[A-Z]{2}|[0-9]{2}-[0-9]{3}"
    r"|[0-9]{4}-[0-9]{3}|[0-9]{5}-[0-9]{3}"
    r"|[0-9]{3} [0-9]{2}|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?![0-9A-Za-z_])"
)
_PART = rf"(?:{_POSTCODE}|{_FIGURES}|{_CAPITAL}|{_SMALL})"
# After its announcement an address goes on as long as there are figures, capitals and small words of streets.
_ANNOUNCED = re.compile(rf"{_PART}(?:(?:,? {{1,2}}|,?\n[ \t]{{0,8}}|, ?- ?){_PART}){{1,12}}")
_TRAILING = re.compile(rf"(?:[ ,\n\t-]+{_SMALL})+\Z")
_HAS_FIGURES = re.compile(r"(?<![0-9A-Za-z])#?[0-9]")
_HAS_NAME = re.compile(rf"[{_UP}][{_LETTER}'\u2019-]{{2}}")
_SENTENCE = re.compile(rf"[{_LETTER}]{{6,}}\.[ \n]")
# In lower case and ASCII, "?" for a letter that is not. Those of the first kind need a colon or "is" behind them.
_NOUNS = (
    b"address", b"anschrift", b"adresse", b"direcci?n", b"domicilio", b"indirizzo", b"adres", b"endere?o", b"morada",
    b"adress", b"osoite",
)  # fmt: skip
_VERBS = (
    b"live at", b"lives at", b"living at", b"reside at", b"resides at", b"residing at", b"located at", b"ship to",
    b"shipped to", b"ship it to", b"deliver to", b"delivered to", b"wohnhaft", b"wohnhaft in", b"wohnt in",
    b"residente in", b"domicili? au", b"domicili?e au", b"domicili? ?", b"domicili?e ?",
)  # fmt: skip
_DWELLS = re.compile(r"(?<![a-z])(?:i|we|they|you|who|still|now|currently|parents|to) \Z", re.IGNORECASE)  # no concerts
_AFTER_NOUN = re.compile(
    r"(?:es)?(?:[ \t]?[:=]|(?: is| are| was):?)(?:[ \t]{1,3}|[ \t]{0,3}\n[ \t]{0,8})", re.IGNORECASE
)
_AFTER_VERB = re.compile(r":?(?:[ \t]{1,3}|\n[ \t]{0,8})")
_OTHER_ADDRESS = re.compile(
    r"(?:e-?mail|ip|mac|web|url|memory|wallet|bitcoin|btc|eth|contract|http|internet|network|server|physical|virtual"
    r"|form of|keynote|inaugural|union)[ -]?\Z",
    re.IGNORECASE,
)
_ADRES = "\u0430\u0434\u0440\u0435\u0441"

# "6842 Shields Harbors Suite 5, Downsfurt, IN 20282", read from the state and its code.
_STATE_CODES = """
AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI
SC SD TN TX UT VT VA WA WV WI WY DC PR GU VI AS MP AP AA AE
"""
_STATES = frozenset(_STATE_CODES.split())
_ZIP = re.compile(rb" 00000(?<=[^A-Za-z][A-Z][A-Z] 00000)(?:-0000)?(?![0-9A-Za-z_])")
_US_HEAD = re.compile(
    rf"(?<![0-9A-Za-z.,/:-])[0-9]{{1,6}}[A-Za-z]? (?:{_CAPITAL} ){{0,3}}{_CAPITAL}"
    rf"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|#)\.? ?#?[0-9A-Z-]{{1,6}})?"
    rf",?(?: |\n *)(?:{_CAPITAL} ){{0,2}}{_CAPITAL},?[ \n]\Z"
)

# "Parkgatan 1, 79013 Lidköping", read from the postcode.
_CODED = re.compile(
    rb", (?P<code>(?:[A-Z]{1,2}-)?(?:00000(?:-000)?|0000(?: ?[A-Z]{2}|-000)?|00-000|000 00))(?=,? [^0-9 ])"
)
_STREET_BEFORE = re.compile(
    rf"((?:(?:{_CAPITAL}|{_SMALL}) ){{0,3}}[{_UP}][{_LETTER}'\u2019.-]{{2,30}},? "
    rf"(?:n[\u00b0\u00bao]\.? ?|nr\.? )?[0-9]{{1,4}} ?[a-zA-Z]?"
    r"(?:[/-][0-9]{1,4})?(?: bis)?),\s\Z"
)
_TOWN = re.compile(rf",? ([{_UP}][{_LETTER}'\u2019-]{{2,24}}(?: {_CAPITAL}){{0,2}}(?: \([A-Z]{{2}}\))?)")
_ARTICLES = re.compile(r"(?:(?:der|den|die|the|of|and|am|an|im|de|la|le|el|het|na) )+(?=[^a-z])")
_YEAR = re.compile(r"(?:1[5-9]|20)[0-9]{2}\Z")
_NO_STREET = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|chapter|section|page|vol|volume|no|nr|figure|table|part|psalm|act"
    r"|issue|article|version|number|day|week|room|level|grade|season|episode|game|round|chap|verse|top|about|some|over|the)"
    r"[a-z]{0,6}\.?,? [0-9]{1,4}",
    re.IGNORECASE,
)
_FOREIGN = b"?????"  # five letters that are not ASCII
_ZIP_FIGURES = b" 00000"
_CODE_FIGURES = frozenset((b", 0000", b", 00-000", b", 000 00", b"-0000", b"-00-000", b"-000 00"))
WORDS = (*_NOUNS, *_VERBS, _FOREIGN, _ZIP_FIGURES, *_CODE_FIGURES)
_BACK = 110
_SHORTEST = 8


def find_postal(
    text: str, lowered: bytes, digits: bytes, held: frozenset[bytes], near: frozenset[bytes]
) -> Iterator[Span]:
    """Addresses that a word announces, that end in a US state and ZIP code, or whose number a postcode and town follow.

    `lowered` is the text in ASCII and small letters, `digits` the text in ASCII with every digit as `0`; `held` are
    those of WORDS that are in `lowered`, `near` those that stand before figures.
    """
    yield from _announced(text, lowered, held, near)
    for code in _ZIP.finditer(digits) if _ZIP_FIGURES in held else ():
        start = code.start()
        if text[start - 2 : start] in _STATES:
            head = _US_HEAD.search(text, max(0, start - _BACK), start - 2)
            if head and not (head[0][:2] in ("19", "20") and head[0][4] == " "):
                yield Span(STREET_ADDRESS, head.start(), code.end(), 0.85)
    for code in () if held.isdisjoint(_CODE_FIGURES) else _CODED.finditer(digits):
        yield from _before_code(text, code.start("code"), code.end())


def _announced(text: str, lowered: bytes, held: frozenset[bytes], near: frozenset[bytes]) -> Iterator[Span]:
    """Addresses right after a word that announces one."""
    for words, after in ((_NOUNS, _AFTER_NOUN), (_VERBS, _AFTER_VERB)):
        for word in words:
            place = lowered.find(word) if word in near else -1
            while place >= 0:
                label = after.match(text, place + len(word))
                if (
                    label
                    and _begins(text, place)
                    and (word != b"live at" or _DWELLS.search(text, max(0, place - 16), place))
                ):
                    yield from _address_at(text, label.end())
                place = lowered.find(word, place + len(word))
    for name in (_ADRES, _ADRES.title()) if _FOREIGN in held else ():
        place = text.find(name)
        while place >= 0:
            label = _AFTER_NOUN.match(text, place + len(name))
            if label:
                yield from _address_at(text, label.end())
            place = text.find(name, place + len(name))


def _begins(text: str, place: int) -> bool:
    """Whether a word about a place begins at `place`: an "IP address" is none."""
    before = text[place - 1 : place]
    return not (before.isalnum() or before in ("<", "_", "@", "/", ".", "-")) and not _OTHER_ADDRESS.search(
        words_before(text, place, 16)
    )


def _address_at(text: str, start: int) -> Iterator[Span]:
    """The address that begins at `start`: figures, capitals and small words of streets, with a number."""
    match = _ANNOUNCED.match(text, start)
    if match is None:
        return
    shown = match[0]
    sentence = _SENTENCE.search(shown)
    if sentence:
        shown = shown[: sentence.end() - 2]
    shown = _TRAILING.sub("", shown).rstrip(" ,.\n\t-")
    if len(shown) < _SHORTEST or not _HAS_FIGURES.search(shown[:60]) or not _HAS_NAME.search(shown):
        return
    if not _NO_STREET.match(shown):
        yield Span(STREET_ADDRESS, start, start + len(shown), 0.7)


def _before_code(text: str, start: int, end: int) -> Iterator[Span]:
    """The address whose postcode is `text[start:end]`."""
    town = _TOWN.match(text, end)
    street = _STREET_BEFORE.search(text, max(0, start - 72), start)
    if street is None or town is None or (_YEAR.match(text[start:end]) and "," not in street[1]):
        return
    article = _ARTICLES.match(street[1])
    first = street.start(1) + (article.end() if article else 0)
    if (first and text[first - 1].isalnum()) or _NO_STREET.search(street[1]):
        return
    yield Span(STREET_ADDRESS, first, town.end(1), 0.75)
