"""Spans of text, how overlaps between them are resolved, and their replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

SECRET = "SECRET"
PASSWORD = "PASSWORD"
IBAN = "IBAN"
CREDIT_CARD = "CREDIT_CARD"
US_SSN = "US_SSN"
NATIONAL_ID = "NATIONAL_ID"
CRYPTO_ADDRESS = "CRYPTO_ADDRESS"
EMAIL = "EMAIL"
IP_ADDRESS = "IP_ADDRESS"
MAC_ADDRESS = "MAC_ADDRESS"
PASSPORT = "PASSPORT"
DRIVER_LICENSE = "DRIVER_LICENSE"
BANK_ACCOUNT = "BANK_ACCOUNT"
DATE_OF_BIRTH = "DATE_OF_BIRTH"
PHONE_NUMBER = "PHONE_NUMBER"
STREET_ADDRESS = "STREET_ADDRESS"
USERNAME = "USERNAME"
PRIVATE_IP = "PRIVATE_IP"
PERSON = "PERSON"

TYPES = (
    SECRET,
    PASSWORD,
    IBAN,
    CREDIT_CARD,
    US_SSN,
    NATIONAL_ID,
    CRYPTO_ADDRESS,
    EMAIL,
    IP_ADDRESS,
    MAC_ADDRESS,
    PASSPORT,
    DRIVER_LICENSE,
    BANK_ACCOUNT,
    DATE_OF_BIRTH,
    PHONE_NUMBER,
    STREET_ADDRESS,
    USERNAME,
)
"""What is looked for unless told otherwise, strongest first: where spans overlap, the type that comes first wins."""

OPTIONAL_TYPES = (PRIVATE_IP, PERSON)
"""What recipes replace only when they name it: addresses of private networks identify nobody by themselves, and names
of persons need a model (`curation.privacy.names`)."""

MIN_SCORE = 0.5
"""The least confidence that is replaced unless told otherwise."""

PLACEHOLDERS: Mapping[str, str] = {name: f"<{name}>" for name in (*TYPES, *OPTIONAL_TYPES)}

_RANK = {name: rank for rank, name in enumerate((*TYPES, *OPTIONAL_TYPES))}


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` is of `type`, with a confidence in (0, 1]. Offsets count code points."""

    type: str
    start: int
    end: int
    score: float


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Sorted, disjoint spans. Of overlapping ones stays the one whose type is first in `TYPES`, then the longer,
    then the earlier, then the more confident; the others are dropped whole.
    """
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    kept: list[Span] = []
    cluster: list[Span] = []
    reach = -1
    for span in ordered:
        if cluster and span.start >= reach:
            kept.extend(_best_of(cluster))
            cluster = []
        cluster.append(span)
        reach = max(reach, span.end) if len(cluster) > 1 else span.end
    kept.extend(_best_of(cluster))
    return kept


def _best_of(cluster: list[Span]) -> list[Span]:
    if len(cluster) <= 1:
        return cluster
    # One byte per character keeps this linear: addresses without spaces between them overlap in one long chain.
    origin = min(span.start for span in cluster)
    taken = bytearray(max(span.end for span in cluster) - origin)
    chosen: list[Span] = []
    for span in sorted(cluster, key=lambda s: (_RANK[s.type], s.start - s.end, s.start, -s.score)):
        start, end = span.start - origin, span.end - origin
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def replace(text: str, spans: Sequence[Span], replacement: Callable[[Span], str]) -> tuple[str, list[Span]]:
    """`text` with each span replaced, and the spans of the replacements in the new text.

    Raises:
        ValueError: `spans` are not sorted and disjoint, or reach outside `text`.
    """
    pieces: list[str] = []
    moved: list[Span] = []
    cursor = length = 0
    for span in spans:
        if not cursor <= span.start < span.end <= len(text):
            raise ValueError(f"{span} is empty, out of order, overlapping, or outside a text of {len(text)} characters")
        new = replacement(span)
        start = length + span.start - cursor
        length = start + len(new)
        pieces += (text[cursor : span.start], new)
        moved.append(Span(span.type, start, length, span.score))
        cursor = span.end
    pieces.append(text[cursor:])
    return "".join(pieces), moved


def redact(text: str, spans: Sequence[Span], placeholders: Mapping[str, str] = PLACEHOLDERS) -> str:
    """`text` with every span replaced by the placeholder of its type; nothing outside the spans changes.

    `spans` are sorted and disjoint, as `find` returns them. A type that `placeholders` does not name is replaced
    by `<TYPE>`.

    Raises:
        ValueError: `spans` are not sorted and disjoint, or reach outside `text`.
    """
    return replace(text, spans, lambda span: placeholders.get(span.type, f"<{span.type}>"))[0]
