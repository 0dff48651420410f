"""How two sets of decisions differ, as plain data: what `tune-rules` and `compare` count with."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.documents import CODE
from curation.statistics import host_of, sample_rank
from manifests.files import write_bytes

OPENING = 300
"""Characters of a sample's text that are shown."""

LINE_CHARACTERS = 200
"""Characters of a line that are shown."""

UNDETERMINED = "und"
"""The name of a language that is not known."""

_REPOSITORY = re.compile(r"(.{0,4096}?)@[0-9a-f]{40}(?:[0-9a-f]{24})?:")


@dataclass
class Amount:
    """Documents and their tokens."""

    documents: int = 0
    tokens: int = 0

    def add(self, documents: int, tokens: int) -> None:
        """Count more."""
        self.documents += int(documents)
        self.tokens += int(tokens)

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.documents + other.documents, self.tokens + other.tokens)


@dataclass
class Group:
    """What a source, language or domain has before, after, and what it gains and loses."""

    name: str
    before: Amount = field(default_factory=Amount)
    after: Amount = field(default_factory=Amount)
    gained: Amount = field(default_factory=Amount)
    lost: Amount = field(default_factory=Amount)


@dataclass(frozen=True)
class Setting:
    """A key of the recipe with two values; None where the recipe has not got the key."""

    key: str
    before: Any
    after: Any


class Groups(dict[str, Group]):
    """Groups by name, made when they are first asked for."""

    def __missing__(self, name: str) -> Group:
        self[name] = Group(name)
        return self[name]

    def count(
        self, side: str, names: Sequence[str], place: NDArray[np.int64], tokens: NDArray[np.int64], chosen: Any = True
    ) -> None:
        """Add the chosen documents to one side of their groups; `place` [n] is where each one's name is in `names`."""
        chosen = np.broadcast_to(np.asarray(chosen, bool), len(place))
        documents = np.bincount(place[chosen], minlength=len(names))
        sums = np.zeros(len(names), np.int64)
        np.add.at(sums, place[chosen], tokens[chosen])
        for index in np.flatnonzero(documents).tolist():
            getattr(self[names[index] or UNDETERMINED], side).add(documents[index], sums[index])

    def by_change(self) -> tuple[Group, ...]:
        """All groups, those that change most first."""
        return tuple(sorted(self.values(), key=lambda group: (-(group.gained + group.lost).documents, group.name)))


def settings_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Setting, ...]:
    """The keys in which two recipes differ, in the order of their names; lists are compared as a whole."""
    one, other = _flat(before), _flat(after)
    missing = object()
    return tuple(
        Setting(key, one.get(key), other.get(key))
        for key in sorted({*one, *other})
        if one.get(key, missing) != other.get(key, missing)
    )


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def domain_of(source: str, uri: str) -> str:
    """The host of a page in lower case, or the repository of a file; `unknown` where there is none."""
    if source == CODE:
        found = _REPOSITORY.match(uri)
        return found[1] if found else "unknown"
    return host_of(uri) or "unknown"


def rank(seed: int, identity: str) -> str:
    """16 hex digits by which samples are chosen: those with the smallest are shown."""
    return sample_rank(seed, identity)


def opening(text: str) -> str:
    """The first characters of a text, on one line."""
    return " ".join(text[: 2 * OPENING].split())[:OPENING]


def first_difference(before: str, after: str) -> tuple[int, str | None, str | None]:
    """The first line that differs, counted from 1, in both texts; None past the end of one.

    Where that is a blank line, the next line with text is given; of long lines, the part about the first character
    that differs.
    """
    ours, theirs = before.split("\n"), after.split("\n")
    short = min(len(ours), len(theirs))
    place = next((line for line in range(short) if ours[line] != theirs[line]), short)
    texts = [next((line for line in side[place:] if line.strip()), None) for side in (ours, theirs)]
    if texts[0] == texts[1]:  # nothing but blank lines differs here
        texts = [side[place] if place < len(side) else None for side in (ours, theirs)]
    start = 0
    if texts[0] and texts[1]:
        same = sum(1 for _ in itertools.takewhile(bool, map(operator.eq, texts[0], texts[1])))
        start = max(0, same - LINE_CHARACTERS // 4)
    shown = [line and ("..." if start else "") + line[start : start + LINE_CHARACTERS] for line in texts]
    return place + 1, shown[0], shown[1]


def number(value: Any) -> float | None:
    """A plain finite float, or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def to_json(result: Any) -> str:
    """A result as JSON in ASCII: whatever a crawl holds, it moves no cursor, and lone surrogates are escaped."""
    return json.dumps(_finite(dataclasses.asdict(result)), ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def _finite(value: Any) -> Any:
    """`value` with null for every number that JSON cannot write."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: str, result: Any) -> None:
    """Write a result as JSON to a file or URL."""
    write_bytes(path, to_json(result).encode())


def shortest(names: Iterable[str], most: int = 12) -> str:
    """Names with commas, the first of them where there are many."""
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
