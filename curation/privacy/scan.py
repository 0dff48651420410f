"""Finding personal data and secrets in a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from curation.privacy import assignments, credentials, labelled, logins, obfuscated, postal, streets
from curation.privacy.addresses import find_ipv4, find_ipv6, may_hold_ipv6
from curation.privacy.assignments import find_assignments
from curation.privacy.cards import find_cards
from curation.privacy.credentials import find_secrets
from curation.privacy.crypto import find_crypto
from curation.privacy.emails import find_emails
from curation.privacy.ibans import find_ibans
from curation.privacy.labelled import find_labelled
from curation.privacy.logins import find_logins
from curation.privacy.macs import find_macs
from curation.privacy.names import NameFinder, find_names
from curation.privacy.national import MIN_DIGITS as MIN_ID_DIGITS
from curation.privacy.national import find_long_codes, find_national_ids, find_pans
from curation.privacy.obfuscated import find_obfuscated
from curation.privacy.phones import MIN_DIGITS, find_phones
from curation.privacy.postal import find_postal
from curation.privacy.spans import (
    NATIONAL_ID,
    PERSON,
    PLACEHOLDERS,
    PRIVATE_IP,
    STREET_ADDRESS,
    TYPES,
    US_SSN,
    Span,
    replace,
    resolve,
)
from curation.privacy.streets import find_streets
from curation.privacy.survey import COLONS, MACS, QUADS, Survey, Words, word_runs

Kind = Literal["prose", "code"]

UNNAMED_PRIVATE_IP = 0.4
"""Confidence in an address of a private network where nobody asked for those."""

MAX_ROUNDS = 8
MAX_ROUNDS_OF_NAMES = 32  # a model may take another word for a name once its neighbour is replaced
NATIONAL = frozenset((NATIONAL_ID, US_SSN))
_IN_PROSE = (*TYPES, PRIVATE_IP)

_DIGITS = bytes(48 if 48 <= code <= 57 else code for code in range(256))
_CARD_RUN = 12
_JOINED = b"0+0"  # in identifiers alone
_WORDS = Words(
    word
    for words in (
        assignments.KEYWORDS,
        credentials.WORDS,
        labelled.WORDS,
        logins.WORDS,
        obfuscated.WORDS,
        postal.WORDS,
        streets.WORDS,
        (_JOINED,),
    )
    for word in words
)


def find(
    text: str,
    *,
    kind: Kind = "prose",
    region: str | None = None,
    types: Iterable[str] | None = None,
    names: NameFinder | None = None,
) -> list[Span]:
    """Spans of personal data and secrets in `text`, sorted and disjoint.

    Args:
        text: any string; lone surrogates and NUL are allowed.
        kind: "code" looks for no telephone numbers, and asks for more evidence before it takes `a@b.c` for an
            address or a number for a card.
        region: ISO 3166 code of the country whose national telephone numbers are looked for.
        types: what to look for. Unless given it is `TYPES` and, in prose, PRIVATE_IP with a confidence of
            UNNAMED_PRIVATE_IP, below what is replaced by default; PERSON only comes when named here.
        names: the model that finds PERSON, in prose; None finds none.

    Overlaps are resolved by `resolve`. The result is closed under redaction: once the spans found here are replaced
    by `<TYPE>`, nothing more is found. Time is linear in the length of the text.
    """
    if types is not None:
        return find_closed(text, kind=kind, region=region, types=types, names=names)
    if kind == "code":
        return find_closed(text, kind=kind, region=region)
    return [
        Span(PRIVATE_IP, span.start, span.end, UNNAMED_PRIVATE_IP) if span.type == PRIVATE_IP else span
        for span in find_closed(text, kind=kind, region=region, types=_IN_PROSE)
    ]


def find_closed(
    text: str,
    *,
    kind: Kind,
    region: str | None,
    types: Iterable[str] = TYPES,
    min_score: float = 0.0,
    placeholders: Mapping[str, str] = PLACEHOLDERS,
    names: NameFinder | None = None,
) -> list[Span]:
    """`find` for some types and scores, closed under redaction by `placeholders`.

    Redaction can uncover what stood beside a span (its neighbour was no boundary, the placeholder is), so the
    redacted text is scanned again until nothing new appears.
    """
    wanted = frozenset(types)
    model = names if kind == "prose" and PERSON in wanted else None

    def detect(part: str) -> list[Span]:
        people = [] if model is None else list(find_names(part, model, placeholders.values()))
        return _detect(part, kind, region, wanted, min_score, people)

    found = detect(text)
    more = found
    for _ in range(MAX_ROUNDS if model is None else MAX_ROUNDS_OF_NAMES):
        if not more:
            break
        redacted, moved = replace(text, found, lambda span: placeholders.get(span.type, f"<{span.type}>"))
        more = _moved_back(detect(redacted), moved, found)
        found = sorted([*found, *more], key=lambda span: span.start)
    return found


def _moved_back(new: list[Span], moved: list[Span], found: list[Span]) -> list[Span]:
    """The spans of the redacted text that touch no placeholder, in offsets of the original text."""
    result: list[Span] = []
    index = shift = 0
    for span in new:
        while index < len(moved) and moved[index].end <= span.start:
            shift = found[index].end - moved[index].end
            index += 1
        if index < len(moved) and moved[index].start < span.end:
            continue
        result.append(Span(span.type, span.start + shift, span.end + shift, span.score))
    return result


def _detect(
    text: str, kind: Kind, region: str | None, wanted: frozenset[str], min_score: float, people: list[Span]
) -> list[Span]:
    """One scan: what the text holds decides which detectors look at it at all."""
    ascii_text = text.encode("ascii", "replace")
    digits = ascii_text.translate(_DIGITS)
    lowered = ascii_text.lower()
    runs = word_runs(ascii_text)
    survey = _WORDS.survey(lowered, digits)
    held = survey.held
    spans: list[Span] = [*people, *find_secrets(text, runs, held)]
    spans += find_assignments(text, lowered, held, kind)
    spans += find_logins(text, held)
    if "@" in text:
        spans += find_emails(text, kind)
    spans += find_obfuscated(text, lowered, held)
    if survey.longest:
        spans += _detect_numbers(text, digits, lowered, survey, kind, wanted)
        spans += find_long_codes(text, runs)
        spans += find_crypto(text, runs)
    if survey.longest >= MIN_DIGITS:
        if kind == "prose":
            spans += find_phones(text, region)
        if survey.longest >= _CARD_RUN:
            spans += find_cards(text, kind)
    return resolve(span for span in spans if span.type in wanted and span.score >= min_score) if spans else spans


def _detect_numbers(
    text: str, digits: bytes, lowered: bytes, survey: Survey, kind: Kind, wanted: frozenset[str]
) -> list[Span]:
    """Addresses of machines and numbers of persons and accounts: all of them hold a digit."""
    spans: list[Span] = []
    if survey.has(QUADS):
        spans += find_ipv4(text)
    if (survey.has(COLONS) or "::" in text) and may_hold_ipv6(text):
        spans += find_ipv6(text)
    if survey.has(MACS):
        spans += find_macs(text)
    if kind == "prose" and STREET_ADDRESS in wanted:
        spans += find_streets(text, digits, survey.held)
        spans += find_postal(text, lowered, digits, survey.held, survey.near)
    if b"00" in digits:
        spans += find_ibans(text, digits)
        if NATIONAL & wanted and (survey.longest >= MIN_ID_DIGITS or _JOINED in survey.held):
            spans += find_national_ids(text, digits, kind)
        if b"0000" in digits:
            spans += find_pans(text, digits)
        spans += find_labelled(text, lowered, survey.near)
    return spans
