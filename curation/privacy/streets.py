"""Postal addresses in English, German, French and Spanish forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curation.privacy.spans import STREET_ADDRESS, Span

_UP = "A-Z\u00c0-\u00de"
_LETTER = "A-Za-z\u00c0-\u024f"
_NAME = rf"[{_UP}][{_LETTER}'\u2019.-]{{0,24}}"

# English: 1600 Pennsylvania Avenue NW, Suite 5, Washington, DC 20500
_EN_KINDS = (
    "Street|St|Avenue|Ave|Av|Boulevard|Blvd|Road(?! R?(?:unning|acing|ace|ike|Bike|Trip|Test|Map))|Rd|Lane|Ln|Drive"
    "|Dr|Court|Ct|Circle|Cir|Place|Pl|Square|Sq|Terrace|Ter|Parkway|Pkwy"
    "|Highway|Hwy|Crescent|Cres|Close|Row|Alley|Trail|Trl|Plaza|Mews|Esplanade|Quay|Turnpike|Grove|Gardens|Walk|Hill"
)
_EN_ALSO_WORDS = """
st dr row walk hill close place pl court ct square trail plaza grove gardens terrace circle av ter sq
"""
_EN_WEAK = frozenset(_EN_ALSO_WORDS.split())
_EN = re.compile(
    rf"[0-9]{{1,5}}[A-Za-z]?(?:-[0-9]{{1,5}})?,? (?:(?:North|South|East|West|N|S|E|W|NE|NW|SE|SW)\.? )?"
    rf"(?:(?:{_NAME}|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,3}}?(?P<kind>{_EN_KINDS})(?![{_LETTER}0-9_])\.?(?: (?:NE|NW"
    rf"|SE|SW|N|S|E|W)(?![{_LETTER}]))?"
)
_EN_NUMBERED = re.compile(
    rf"[0-9]{{1,5}} (?P<kind>Avenue|Route|Highway|Hwy|County Road) (?:[0-9]{{1,4}}|of the {_NAME})(?![0-9A-Za-z])"
)
_FR_KINDS = "rue|avenue|av\\.|boulevard|bd|blvd|place|chemin|all\u00e9e|all\u00e9es|impasse|quai|route|cours"
"|passage|square|ruelle|sentier|faubourg"
# French: 12 bis, rue de la Paix, 75002 Paris
_FR = re.compile(
    rf"[0-9]{{1,4}}(?: ?(?:bis|ter|quater|[A-D])(?![{_LETTER}]))?,? (?:{_FR_KINDS}|{_FR_KINDS.title()})"
    rf"(?: (?:de la|de l'|de l\u2019|du|des|de|d'|d\u2019|la|le|les|aux?"
    rf"|\u00e0))?[ ]?(?:{_NAME}[ -]?){{1,4}}(?![{_LETTER}])"
)
_GENDERED = re.compile(
    r"(?:Men|Women|Kid|Boy|Girl|Unisex)(?:['\u2019]?s)?(?![a-z])"
)  # "Pegasus 41 Men's Road Running Shoes"
_NO_STREET = re.compile(r"^0| (?:[Ii]n|[Dd]own|[Oo]n|[Uu]p|[Aa]cross) [Tt]he ")  # songs, not addresses
_COMPOUND = re.compile(r"-[A-Z]")  # "the 5 Best Road-Running Shoes"
_LONGEST_ABBREVIATION = 5
_TAIL_UNIT = re.compile(
    rf"[,.]?\s{{1,3}}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|#|No|Wohnung|Appt|Piso"
    rf"|B\u00e2t)\.? ?#?[0-9A-Z][0-9A-Za-z-]{{0,6}}(?![{_LETTER}0-9])"
)
_TAIL_US = re.compile(
    rf",?\s{{1,3}}(?:{_NAME} ?){{1,3}},?\s{{1,3}}[A-Z]{{2}},?\s{{1,3}}[0-9]{{5}}(?:-[0-9]{{4}})?(?![0-9A-Za-z_])"
)
_TAIL_UK = re.compile(rf",?\s{{1,3}}(?:{_NAME},? ){{1,3}}[A-Z]{{1,2}}[0-9][0-9A-Z]? [0-9][A-Z]{{2}}(?![0-9A-Za-z_])")
_TAIL_EU = re.compile(
    rf",?\s{{1,3}}(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}\s{{1,2}}{_NAME}"
    rf"(?:[ -](?!T[e\u00e9]l|Fax|Phone|E-?[Mm]ail){_NAME}){{0,2}}"
)
_TAILS = (_TAIL_UNIT, _TAIL_US, _TAIL_UK, _TAIL_EU)

# German: Lange Straße 12a, 10115 Berlin; Am Alten Markt 3. Read from the ending, the number follows.
_DE_LOWER = "stra\u00dfe strasse str. gasse allee platz weg ufer damm ring markt"
_DE_ENDINGS = tuple(f"{ending} " for ending in f"{_DE_LOWER} {_DE_LOWER.title()} chaussee steig".split())
_DE_NUMBER = re.compile(r"[0-9]{1,4}(?: ?[a-h](?![a-z\u00df-\u00ff]))?(?:-[0-9]{1,4})?(?![0-9A-Za-z_]|[.,/:-][0-9])")
_DE_STRONG = ("stra\u00dfe ", "strasse ", "str. ", "gasse ", "allee ")
_DE_NAME = re.compile(rf"((?:[{_UP}][{_LETTER}.-]{{0,30}} ){{0,3}}[{_UP}][{_LETTER}.-]{{0,40}})\Z")
_POSTCODE_TOWN = re.compile(rf",?\s{{1,3}}(?:[AD]-|CH-)?[0-9]{{4,5}}\s{{1,2}}{_NAME}")
_ADDRESS_WORD = re.compile(
    r"(?<![a-z<])(?:address|adresse|anschrift|adressdaten|direcci\u00f3n|domicilio|lives? (?:at|in)|living at"
    r"|located at|located|reside"
    r"|wohn(?:t|haft)|habite|demeurant|vive en|ship(?:ped)? to|deliver(?:ed)? to|send (?:it )?to|sent to|mail to"
    r"|visit us|si\u00e8ge|sitz)",
    re.IGNORECASE,
)

# Spanish: Calle Mayor, 12, 3.º B, 28013 Madrid; C/ Alcalá 45
_ES_KIND = re.compile(
    rf"(?<![{_LETTER}0-9_])(?:[Cc]alle|C/|[Aa]venida|Avda\.|Av\.|[Pp]aseo|P\.\u00ba|[Pp]laza|Carrera|[Cc]amino"
    rf"|[Rr]onda|Traves\u00eda"
    r"|[Cc]arretera|Glorieta|Callej\u00f3n) ?"
)
_ES_REST = re.compile(
    rf"(?:de la |de las |de los |del |de |la |el )?(?:{_NAME} ?(?:de la |del |de |y )?){{1,4}},? ?"
    rf"(?:n\.?[\u00ba\u00b0o]\.? ?|n\u00famero |#)?[0-9]{{1,4}}(?: [A-F](?![{_LETTER}]))?(?![0-9A-Za-z_]|[.,:/][0-9])"
)
_ES_TAIL = re.compile(
    rf",?[ ](?:[0-9]{{1,2}}\.?[\u00ba\u00b0\u00aa] ?(?:[A-Z]|izq(?:uierda|da)?\.?|dcha?\.?)?(?![{_LETTER}])"
    rf"|piso [0-9]{{1,2}})"
)

# Post-office and military boxes.
_BOX = re.compile(
    r"(?<![A-Za-z])(?:P\.? ?O\.? ?Box|Post Office Box|POB|Postfach|Apartado(?: de Correos)?|Bo\u00eete postale"
    r"|B\.P\.) ?#?\Z",
    re.IGNORECASE,
)
_BOX_ENDINGS = ("ox ", "OX ", "ox #", "fach ", "tado ", "reos ", "tale ", "B.P. ", "POB ")
_BOX_NUMBER = re.compile(r"[0-9]{1,6}(?: [0-9]{2,3}(?![0-9]))?(?![0-9A-Za-z_]|[.,][0-9])")
_MILITARY = re.compile(
    r"(?:(?:PSC|Unit|CMR) [0-9]{3,5},? Box [0-9]{3,5}|US(?:S|NS|NV|CGC) [A-Z][a-z]{2,12})\s{1,3}(?:APO|FPO"
    r"|DPO),? A[AEP] [0-9]{5}(?![0-9])"
)

_NUMBER = re.compile(rb"0(?<![A-Za-z0-9_.:/$-]0)0{0,5}(?!0)")
_BACK = 72


def _in_ascii(words: str) -> bytes:
    return words.encode("ascii", "replace").replace(b"?", rb"\?")


# House numbers before a name: what `_EN`, `_EN_NUMBERED` and `_FR` begin with, in the text in ASCII with "?" for what
# is not and "0" for every digit. Only the first digit is consumed, as numbers stand within names.
_ASCII_NAME = rb"[A-Z?][A-Za-z?'.-]{0,24}"
_ASCII_KINDS = _in_ascii(re.sub(r"\(\?!.*?\)\)", "", _EN_KINDS))
_NUMBER_FIRST = re.compile(
    rb"0(?<![A-Za-z0-9_.:/$-]0)(?=0{0,4}(?:"
    rb"[A-Za-z]?(?:-0{1,5})?,? (?:(?:North|South|East|West|N|S|E|W|NE|NW|SE|SW)\.? )?"
    rb"(?:(?:" + _ASCII_NAME + rb"|0{1,3}(?:st|nd|rd|th)) ){1,3}?(?:" + _ASCII_KINDS + rb")"
    rb"| (?:Avenue|Route|Highway|Hwy|County Road) (?:0|of the )"
    rb"|(?: ?(?:bis|ter|quater|[A-D]))?,? (?:" + _in_ascii(f"{_FR_KINDS}|{_FR_KINDS.title()}") + rb")))"
)
# What stands before the number, in small letters.
_DE_WORDS = tuple({ending.lower().encode("ascii", "replace") + b"0" for ending in _DE_ENDINGS})
_BOX_WORDS = tuple({ending.lower().encode("ascii") + b"0" for ending in _BOX_ENDINGS})
_ES_WORDS = (
    b"calle", b"c/", b"avenida", b"avda.", b"av.", b"paseo", b"p.?", b"plaza", b"carrera", b"camino", b"ronda",
    b"traves?a", b"carretera", b"glorieta", b"callej?n",
)  # fmt: skip
WORDS = (*_DE_WORDS, *_BOX_WORDS, *_ES_WORDS, b"po a")


def find_streets(text: str, digits: bytes, held: frozenset[bytes]) -> Iterator[Span]:
    """Street addresses with their unit, postcode and town, and post-office boxes.

    `digits` is the text in ASCII with every digit as `0`: what is looked at are the numbers, which stand before the
    name in English and French and after it in German and Spanish. A house number, capitals and the kind of street must
    all be there; kinds that are also words ("Place", "Hill") and German endings that are ("ring", "weg") need a
    postcode or a word such as "address" as well. `held` are those of WORDS that are in `digits` in any case.
    """
    for number in _NUMBER_FIRST.finditer(digits):
        yield from _name_after(text, number.start())
    if held.isdisjoint(WORDS):
        return
    lowered = digits.lower()
    for word in held.intersection(_DE_WORDS):
        for place in _places(lowered, word):
            start = place + len(word) - 1
            before = text[max(0, start - _BACK) : start]
            if before.endswith(_DE_ENDINGS) and _NUMBER.match(digits, start):
                yield from _german(text, start, before)
    for word in held.intersection(_BOX_WORDS):
        for place in _places(lowered, word):
            start = place + len(word) - 1
            if text.startswith(_BOX_ENDINGS, start - len(word) + 1) and _NUMBER.match(digits, start):
                yield from _box(text, start)
    reached = 0
    for place in sorted(place for word in held.intersection(_ES_WORDS) for place in _places(lowered, word)):
        for number in _NUMBER.finditer(digits, max(place, reached)):
            start = number.start()
            if start > place + _BACK:
                break
            reached = number.end()
            sign, previous = text[start - 1], text[start - 2]
            if sign in " \u00ba\u00b0#" and (previous.isalpha() or previous in ",.\u00ba\u00b0"):
                yield from _spanish(text, start, min(_BACK, start))
    if b"po a" in held:
        for match in _MILITARY.finditer(text):
            yield Span(STREET_ADDRESS, match.start(), match.end(), 0.85)


def _places(text: bytes, word: bytes) -> Iterator[int]:
    """Where `word` begins."""
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _name_after(text: str, start: int) -> Iterator[Span]:
    """The English or French street whose house number begins at `start`."""
    match = _EN.match(text, start) or _EN_NUMBERED.match(text, start)
    if match is None:
        yield from _french(text, start)
        return
    end = _with_tail(text, match.end())
    settled = end > match.end()
    if not settled and text[end - 1] == "." and len(match["kind"]) > _LONGEST_ABBREVIATION:
        end -= 1  # "Boulevard." ends a sentence, "Blvd." does not
    if _GENDERED.search(match[0]) or _NO_STREET.search(match[0]) or _COMPOUND.match(text, match.end()):
        return
    if not settled and match[0][:4].isdigit() and match[0][4] == " " and match[0][:2] in ("19", "20"):
        settled = _has_word(text, start)  # "In 1990 Wall Street"
        if not settled:
            return
    weak = "," in match[0] or match["kind"].lower() in _EN_WEAK or match.re is _EN_NUMBERED
    if not weak or settled or _has_word(text, start):
        yield Span(STREET_ADDRESS, start, end, 0.6 if weak else 0.8)


def _french(text: str, start: int) -> Iterator[Span]:
    """The French street whose house number begins at `start`."""
    match = _FR.match(text, start)
    if match:
        yield Span(STREET_ADDRESS, start, _with_tail(text, start + len(match[0].rstrip(" -"))), 0.8)


def _spanish(text: str, number: int, width: int) -> Iterator[Span]:
    """The Spanish street whose house number begins at `number`."""
    for kind in _ES_KIND.finditer(text, number - width, number):
        match = _ES_REST.match(text, kind.end())
        if match is None or match.end() <= number:
            continue
        tail = _ES_TAIL.match(text, match.end())
        end = _with_tail(text, tail.end() if tail else match.end())
        if "laza" in kind[0] and end == match.end() and not _has_word(text, kind.start()):
            continue
        yield Span(STREET_ADDRESS, kind.start(), end, 0.75)
        return


def _box(text: str, number: int) -> Iterator[Span]:
    """The post-office box whose number begins at `number`."""
    head = _BOX.search(text, max(0, number - 24), number)
    match = _BOX_NUMBER.match(text, number)
    if head and match:
        yield Span(STREET_ADDRESS, head.start(), _with_tail(text, match.end()), 0.75)


def _german(text: str, number: int, before: str) -> Iterator[Span]:
    """The German street whose house number begins at `number`, after one of the endings."""
    match = _DE_NUMBER.match(text, number)
    name = _DE_NAME.search(before, max(0, len(before) - 60), len(before) - 1)
    if match is None or name is None:
        return
    start, end = number - len(before) + name.start(1), match.end()
    if start and text[start - 1].isalnum():
        return
    words = name[1].split(" ")
    while len(words) > 1 and words[0] not in _DE_PREFIXES and not _is_part_of_name(words):
        start += len(words.pop(0)) + 1
    if len(" ".join(words)) < _SHORTEST_NAME:
        return
    town = _POSTCODE_TOWN.match(text, end)
    if town:
        end = start + len(text[start : town.end()].rstrip(".,-"))
    elif not before.lower().endswith(_DE_STRONG) and not _has_word(text, start):
        return
    yield Span(STREET_ADDRESS, start, end, 0.85 if town else 0.7)


_SHORTEST_NAME = 6

_FIRST_WORDS = """
Alte Alter Altes Am An Auf Bei Beim Breite Große Großer Hohe Hoher Im In Kleine Kleiner Kurze Lange
Langer Neue Neuer Obere Oberer Schmale Unter Untere Unterer Zum Zur Sankt St. Alten Neuen Hinter Vor
"""
_DE_PREFIXES = frozenset(_FIRST_WORDS.split())


def _is_part_of_name(words: list[str]) -> bool:
    """Whether the ending is a word of its own, which takes the words before it: `Berliner Straße`."""
    return len(words) == 2 and words[-1].lower().rstrip(".") in (
        "stra\u00dfe", "strasse", "str", "gasse", "allee", "platz", "weg", "ufer", "damm", "ring", "markt",
    )  # fmt: skip


def _with_tail(text: str, end: int) -> int:
    """`end` moved over a unit, and over the town with its postcode."""
    for tail in _TAILS[:1] * 2 + _TAILS[1:]:
        match = tail.match(text, end)
        if match:
            end += len(match[0].rstrip(".,- \n"))
    return end


def _has_word(text: str, start: int) -> bool:
    return _ADDRESS_WORD.search(text, max(0, start - 48), start) is not None
