"""What stands in for a span, by the policy of its type and by where it stands, and replacing until nothing is left.

In prose a placeholder is `<EMAIL>` and a pseudonym `<EMAIL:kfqpwrnd>`. In code both are one word, `REDACTED_EMAIL` and
`REDACTED_EMAIL_kfqpwrnd`: a word is right inside strings, comments, XML text and attributes, as a plain YAML scalar, a
word of a shell, a value of an .env file, and an expression in programming languages. A bare number becomes the
round number of its length, `1000000000`, which fits every type the number fitted; a bare ISO date becomes `1000-01-01`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from curation.privacy.fakes import fake, is_fake
from curation.privacy.pseudonyms import LETTERS, TAG_LENGTH, Draw, Keys, tag
from curation.privacy.scan import MAX_ROUNDS, Kind, find_closed
from curation.privacy.spans import MIN_SCORE, PLACEHOLDERS, TYPES, Span, replace
from curation.privacy.spans import redact as redact_prose

PolicyName = Literal["placeholder", "pseudonym", "fake", "keep"]
PLACEHOLDER: PolicyName = "placeholder"
PSEUDONYM: PolicyName = "pseudonym"
FAKE: PolicyName = "fake"
KEEP: PolicyName = "keep"
KEYED: frozenset[str] = frozenset((PSEUDONYM, FAKE))
"""Policies that need a secret."""

ATTEMPTS = 3
"""Fakes that are tried before the placeholder is taken: what one is found as depends on the words around it."""

_ROUND = re.compile(r"10{5,}\Z")
_NUMBER = re.compile(r"[1-9][0-9]*\Z")
_DIGITS = re.compile(r"[0-9]+\Z")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NO_DATE = "1000-01-01"
_STAND_IN = re.compile(
    rf"<[A-Z_]{{2,40}}(?::[{LETTERS}]{{8,12}})?>|REDACTED(?:_[A-Z]{{1,20}}){{1,5}}(?:_[{LETTERS}]{{8,12}})?"
)
_WORD = re.compile(r"[^\W_]")
_BLANKS = " \t\r\n"
_BEFORE_NUMBER = frozenset("=:([{,;+-*/<>&|!?%^~@")
_QUOTES = frozenset("\"'`")
_LOOK_BACK = 200

Option = tuple[PolicyName, str]


@dataclass(frozen=True, slots=True)
class Policies:
    """What is done with each type: `by_type`, or else `default`; `placeholders` are those of the recipe.

    `key` is that of the document, None where no policy in use is keyed.
    """

    by_type: Mapping[str, PolicyName]
    default: PolicyName
    placeholders: Mapping[str, str]
    kind: Kind
    key: bytes | None = None
    tag_length: int = TAG_LENGTH["document"]

    def of(self, span_type: str) -> PolicyName:
        """The policy of a type."""
        return self.by_type.get(span_type, self.default)

    def mask(self, span_type: str) -> str:
        """The plainest stand-in of a type."""
        return self.placeholders.get(span_type, _plainest(span_type, self.kind))

    def options(self, text: str, span: Span) -> list[Option]:
        """What may stand in for a span, with the policy each follows, best first; the last is the plainest."""
        value, policy = text[span.start : span.end], self.of(span.type)
        plain = self._plain(text, span)
        bare = self.kind == "code" and _DIGITS.match(value) is not None and _DIGITS.match(plain[0]) is not None
        found: list[Option] = []
        if policy == FAKE and self.key is not None:
            fakes = (fake(span.type, value, Draw(self.key, span.type, value, attempt)) for attempt in range(ATTEMPTS))
            found = [(FAKE, one) for one in fakes if one is not None and not (bare and not _NUMBER.match(one))]
        elif policy == PSEUDONYM and self.key is not None and not (bare or plain[0] == _NO_DATE):
            letters = tag(self.key, span.type, value, self.tag_length)
            form = f"REDACTED_{span.type}_{letters}" if self.kind == "code" else f"<{span.type}:{letters}>"
            found = [(PSEUDONYM, form)]
        return [*found, *((PLACEHOLDER, one) for one in plain)]

    def _plain(self, text: str, span: Span) -> list[str]:
        word, value = self.mask(span.type), text[span.start : span.end]
        if self.kind == "prose" or span.type in self.placeholders:
            return [word]
        if _DIGITS.match(value) and len(value) > 5 and _is_literal(text, span):
            return [f"1{'0' * (len(value) - 1)}", word]
        if _ISO_DATE.match(value) and _is_literal(text, span):
            return [_NO_DATE, word]
        return [word]

    def is_stand_in(self, span_type: str, value: str) -> bool:
        """Whether a value that was found is one of ours, and stays: only so is redacting twice redacting once."""
        left = _STAND_IN.sub("", value)
        if not _WORD.search(left) or (left[0] == "@" and value[0] != "@"):  # credentials before a host are no mailbox
            return True
        if self.kind == "code" and _ROUND.match(value):
            return True
        return self.of(span_type) == FAKE and is_fake(span_type, value)


def _plainest(span_type: str, kind: Kind) -> str:
    return f"REDACTED_{span_type}" if kind == "code" else f"<{span_type}>"


def _is_literal(text: str, span: Span) -> bool:
    """Whether a span stands where a literal does: after an operator, a bracket or nothing, and not between quotes."""
    before = text[max(0, span.start - _LOOK_BACK) : span.start]
    if before[-1:] in _QUOTES and text[span.end : span.end + 1] == before[-1:]:
        return False
    before = before.rstrip(_BLANKS)
    return not before or before[-1] in _BEFORE_NUMBER


@dataclass(frozen=True, slots=True)
class Located:
    """A span of the redacted text, and the policy that was followed there."""

    type: str
    policy: PolicyName
    start: int
    end: int


@dataclass(slots=True)
class _Slot:
    span: Span  # in the original text
    options: list[Option]  # the first is in use


def apply(text: str, find: Callable[[str], list[Span]], policies: Policies) -> tuple[str, list[Located]]:
    """`text` with what `find` finds replaced, and every span with its policy, in order.

    `find` sees what stands beside a value as if the value were replaced by `policies.mask`, so that nothing hides
    behind what is kept. The result is scanned again until only stand-ins and what is to be kept are found, so doing it
    twice is doing it once: a stand-in that is itself taken for something gives way to a plainer one, and plain ones
    that are still taken become one span with what was taken beside them. At most `MAX_ROUNDS` further scans.
    """
    slots: list[_Slot] = []
    redacted, moved = text, list[Span]()
    for rounds in range(MAX_ROUNDS + 1):
        found = find(redacted)
        kept = [span for span in found if policies.of(span.type) == KEEP]
        new = [
            span
            for span in found
            if policies.of(span.type) != KEEP and not policies.is_stand_in(span.type, redacted[span.start : span.end])
        ]
        if not new or rounds == MAX_ROUNDS:
            break
        slots = _revised(text, slots, moved, new, policies)
        redacted, moved = _written(text, slots)
        if policies.kind == "prose" and not rounds and _is_masked(slots, found, policies):
            break  # this very text is what `find` ended with
    pairs = zip(moved, slots, strict=True)
    located = [Located(span.type, slot.options[0][0], span.start, span.end) for span, slot in pairs]
    located += [Located(span.type, KEEP, span.start, span.end) for span in kept if not _touched(moved, span)]
    return redacted, sorted(located, key=lambda item: item.start)


def _written(text: str, slots: Sequence[_Slot]) -> tuple[str, list[Span]]:
    chosen = iter([slot.options[0][1] for slot in slots])
    return replace(text, [slot.span for slot in slots], lambda _: next(chosen))


def _is_masked(slots: Sequence[_Slot], found: Sequence[Span], policies: Policies) -> bool:
    """Whether all that was found is replaced by its mask."""
    return len(slots) == len(found) and all(slot.options[0][1] == policies.mask(slot.span.type) for slot in slots)


def _revised(
    text: str, slots: Sequence[_Slot], moved: Sequence[Span], new: Sequence[Span], policies: Policies
) -> list[_Slot]:
    """The slots with what was found in the redacted text: as slots of its own where it touches none."""
    added: list[Span] = []
    merged: set[int] = set()
    index = shift = 0
    for span in new:
        while index < len(moved) and moved[index].end <= span.start:
            shift = slots[index].span.end - moved[index].end
            index += 1
        last = index
        while last < len(moved) and moved[last].start < span.end:
            last += 1
        touched = range(index, last)
        if any(len(slots[place].options) > 1 for place in touched):
            for place in touched:
                if len(slots[place].options) > 1:
                    slots[place].options = slots[place].options[1:]
            continue
        merged.update(touched)
        start, end = span.start + shift, span.end + shift
        if touched:
            head, tail = touched[0], touched[-1]
            start = min(slots[head].span.start, start) if span.start < moved[head].start else slots[head].span.start
            after = span.end - moved[tail].end
            end = slots[tail].span.end + max(0, after)
        added.append(Span(span.type, start, end, span.score))
    stay = [slot for place, slot in enumerate(slots) if place not in merged]
    return sorted(
        [*stay, *(_Slot(span, policies.options(text, span)) for span in _joined(added))],
        key=lambda slot: slot.span.start,
    )


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Sorted spans, those that overlap as one."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if result and span.start < result[-1].end:
            before = result[-1]
            result[-1] = Span(before.type, before.start, max(before.end, span.end), before.score)
        else:
            result.append(span)
    return result


def _touched(moved: Sequence[Span], span: Span) -> bool:
    """Whether a kept span lies over a stand-in: then it is no value of the text."""
    return any(one.start < span.end and span.start < one.end for one in moved)


def policies_for(
    by_type: Mapping[str, PolicyName],
    default: PolicyName,
    placeholders: Mapping[str, str],
    kind: Kind,
    keys: Keys | None,
    document: str,
) -> Policies:
    """The policies for one document."""
    key = keys.of(document) if keys else None
    return Policies(by_type, default, placeholders, kind, key, TAG_LENGTH[keys.scope] if keys else 0)


def whole_escapes(text: str, spans: Sequence[Span]) -> list[Span]:
    """`spans` of code, none of which cuts an escape such as `\\u00e9` in two: the backslash goes with what it escapes.

    A backslash that a span ends in is left to the character behind it.
    """
    result: list[Span] = []
    for span in spans:
        start, end = span.start, span.end
        free = start > (result[-1].end if result else 0)
        if free and _is_escaped(text, start):
            start -= 1
        if end - start > 1 and _is_escaped(text, end):
            end -= 1
        result.append(span if (start, end) == (span.start, span.end) else Span(span.type, start, end, span.score))
    return result


def _is_escaped(text: str, position: int) -> bool:
    """Whether an odd number of backslashes (of at most 64 looked at) stands before `position`."""
    before = text[max(0, position - 64) : position]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def redact(
    text: str,
    spans: Sequence[Span] | None = None,
    placeholders: Mapping[str, str] = PLACEHOLDERS,
    *,
    kind: Kind = "prose",
    region: str | None = None,
) -> str:
    """`text` with every span replaced by the placeholder of its type; nothing outside the spans changes.

    `spans` are sorted and disjoint, as `find` returns them. Without them it replaces what `find` finds with a
    confidence of MIN_SCORE or more, in `region`, as `scrub` does by default: then doing it twice is doing it once.

    A type that `placeholders` does not name is replaced by `<TYPE>`. In `kind` "code" the placeholders are words and
    numbers that leave it parseable, unless others are given, and a span that begins within an escape takes its
    backslash along.

    Raises:
        ValueError: `spans` are not sorted and disjoint, or reach outside `text`.
    """
    given = {} if placeholders is PLACEHOLDERS else placeholders
    policies = Policies({}, PLACEHOLDER, given, kind)
    if spans is None:
        masks = {name: policies.mask(name) for name in TYPES}

        def scan(part: str) -> list[Span]:
            found = find_closed(part, kind=kind, region=region, min_score=MIN_SCORE, placeholders=masks)
            return whole_escapes(part, found) if kind == "code" else found

        return apply(text, scan, policies)[0]
    if kind == "prose":
        return redact_prose(text, spans, placeholders)
    return replace(text, whole_escapes(text, spans), lambda span: policies.options(text, span)[0][1])[0]
