"""The index of evaluation items: hashes of their n-grams, with the items' own words beside them to verify by.

What counts as evidence is decided here. An n-gram is none when many items share it (a template), when it holds hardly
anything but function words and numbers, or when it stands in a licence or another text that is to be ignored. An item
of fewer words than an n-gram is looked for as a whole, by its rarest run of `min_words` words; shorter ones than that
are not looked for, and counted. Items with the same words are one text with several owners.
"""

from __future__ import annotations

import functools
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from identify.vendor.licenses import LICENSES
from numpy.typing import NDArray

from curation.decontamination.common_words import CODE_WORDS, FUNCTION_WORDS, TEST_WORDS
from curation.decontamination.config import DecontaminationConfig
from curation.decontamination.items import Item
from curation.decontamination.words import words_of
from curation.dedup.compiled import compiled
from curation.dedup.shingles import fmix64
from curation.license_texts import VARIANTS
from manifests.errors import UsageError

VERSION = 1
"""Raised when the same items give another index or other hits."""
SHOWN = 5
"""Items named of those that are not looked for, for each benchmark and reason."""

BASE = np.uint64(0x9E3779B97F4A7C15)
SHORT, COMMON = "too short", "no evidence"

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grams:
    """Runs of `length` words: their hashes, and the texts and word places they occur at, as an open hash table."""

    length: int
    bits: NDArray[np.uint8]  # a bitmap that most hashes of a document do not pass
    keys: NDArray[np.uint64]  # hash of a slot
    slots: NDArray[np.int32]  # place among `starts`; -1 where the slot is free
    starts: Ints
    texts: NDArray[np.int32]
    places: NDArray[np.int32]


@dataclass(frozen=True)
class Owner:
    """A part of an item whose words a text has, and the digits in them."""

    benchmark: str
    item: str
    part: str


@dataclass(frozen=True)
class Index:
    """Texts that are looked for; arrays by text, and by word with `starts` [texts + 1]."""

    ngram: int
    starts: Ints
    words: NDArray[np.uint64]
    evidence: NDArray[np.bool_]  # by word: within an n-gram that is evidence
    place_starts: Ints  # [texts + 1], of
    places: NDArray[np.int32]  # word places of the n-grams that are evidence
    owner_starts: Ints  # [texts + 1], of `owners`
    digit_starts: Ints  # by owner, of
    digits: NDArray[np.uint64]
    owners: tuple[Owner, ...]
    long: Grams
    short: Grams
    facts: dict[str, Any]  # what was read and what is not looked for, by benchmark

    def owners_of(self, text: int) -> Sequence[int]:
        """The owners of a text, by number."""
        return range(int(self.owner_starts[text]), int(self.owner_starts[text + 1]))


def build_index(items: Iterable[Item], config: DecontaminationConfig, ignored: Sequence[str] = ()) -> Index:
    """Prepare items for `curation.decontamination.match`.

    Args:
        items: the items of all benchmarks, in a stated order; hits name the first of those with the same words.
        config: lengths and limits.
        ignored: texts whose n-grams are no evidence, besides the licences.

    Raises:
        UsageError: of a benchmark nothing is left to look for.
    """
    texts: dict[bytes, int] = {}
    words: list[NDArray[np.uint64]] = []
    owned: list[list[tuple[Owner, NDArray[np.uint64]]]] = []
    known: list[set[Owner]] = []
    facts: dict[str, dict[str, Any]] = {}
    parts_of: dict[tuple[str, str, str], list[tuple[str, int | str]]] = {}
    for item in items:
        facts.setdefault(item.benchmark, {"items": 0})
        found = parts_of.setdefault((item.benchmark, item.id, item.place if not item.id else ""), [])
        for part, text in item.parts:
            mine = words_of(text)
            if len(mine.hashes) < config.min_words:
                found.append((part, SHORT))
                continue
            number = texts.setdefault(mine.hashes.tobytes(), len(texts))
            if number == len(words):
                words.append(mine.hashes.copy())
                owned.append([])
                known.append(set())
            owner = Owner(item.benchmark, item.id, part)
            if owner not in known[number]:
                known[number].add(owner)
                owned[number].append((owner, mine.digits.copy()))
            found.append((part, number))
    starts = np.concatenate(([0], np.cumsum([len(one) for one in words]))).astype(np.int64)
    every = np.concatenate([np.empty(0, np.uint64), *words])
    content = ~np.isin(every, _plain_words())
    long, evidence, places = _long_grams(every, starts, content, config, ignored)
    short = _short_grams(every, starts, content, evidence, config, ignored)
    place_starts = np.concatenate(([0], np.cumsum([len(one) for one in places]))).astype(np.int64)
    looked_for = np.array([evidence[a:b].any() for a, b in itertools.pairwise(starts)], bool)
    _account(facts, parts_of, looked_for)
    flat = [pair for one in owned for pair in one]
    return Index(
        ngram=config.ngram,
        starts=starts,
        words=every,
        evidence=evidence,
        place_starts=place_starts,
        places=np.concatenate([np.empty(0, np.int32), *places]).astype(np.int32),
        owner_starts=np.concatenate(([0], np.cumsum([len(one) for one in owned]))).astype(np.int64),
        digit_starts=np.concatenate(([0], np.cumsum([len(digits) for _, digits in flat]))).astype(np.int64),
        digits=np.concatenate([np.empty(0, np.uint64), *(digits for _, digits in flat)]),
        owners=tuple(owner for owner, _ in flat),
        long=long,
        short=short,
        facts=facts,
    )


def to_bytes(index: Index) -> bytes:
    """The index as a file of arrays; nothing in it is pickled."""
    arrays: dict[str, Any] = {}
    plain: dict[str, Any] = {"version": VERSION, "ngram": index.ngram, "facts": index.facts}
    plain["owners"] = [[owner.benchmark, owner.item, owner.part] for owner in index.owners]
    for name in ("long", "short"):
        grams = getattr(index, name)
        plain[name] = grams.length
        arrays |= {f"{name}_{one.name}": getattr(grams, one.name) for one in fields(Grams)[1:]}
    for name in _ARRAYS:
        arrays[name] = getattr(index, name)
    arrays["plain"] = np.frombuffer(json.dumps(plain, sort_keys=True).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def from_bytes(content: bytes) -> Index:
    """The index that `to_bytes` made."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        plain = json.loads(held["plain"].tobytes())
        grams = {
            name: Grams(plain[name], *(held[f"{name}_{one.name}"] for one in fields(Grams)[1:]))
            for name in ("long", "short")
        }
        arrays: dict[str, Any] = {name: held[name] for name in _ARRAYS}
    owners = tuple(Owner(*one) for one in plain["owners"])
    return Index(
        plain["ngram"], owners=owners, facts=plain["facts"], long=grams["long"], short=grams["short"], **arrays
    )


_ARRAYS = (
    "starts", "words", "evidence", "place_starts", "places", "owner_starts", "digit_starts", "digits",
)  # fmt: skip


@functools.cache
def _plain_words() -> NDArray[np.uint64]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return np.unique(words_of(" ".join([*FUNCTION_WORDS, *TEST_WORDS, *CODE_WORDS, *letters, "0"])).hashes)


@functools.cache
def _number() -> np.uint64:
    return np.uint64(words_of("0").hashes[0])


def _account(
    facts: dict[str, dict[str, Any]],
    parts_of: dict[tuple[str, str, str], list[tuple[str, int | str]]],
    looked_for: NDArray[np.bool_],
) -> None:
    """Count items and parts by benchmark, and those that are not looked for by reason."""
    for (benchmark, item, _), parts in parts_of.items():
        mine = facts[benchmark]
        mine["items"] += 1
        reasons = [
            SHORT if number == SHORT else COMMON
            for _, number in parts
            if isinstance(number, str) or not looked_for[number]
        ]
        counts = mine.setdefault("parts", {})
        for part, number in parts:
            state = number if isinstance(number, str) else "looked for" if looked_for[number] else COMMON
            one = counts.setdefault(part, {})
            one[state] = one.get(state, 0) + 1
        if len(reasons) == len(parts):
            left = mine.setdefault("not_looked_for", {}).setdefault(Counter(reasons).most_common(1)[0][0], {})
            left["items"] = left.get("items", 0) + 1
            left.setdefault("first", [])
            if len(left["first"]) < SHOWN:
                left["first"].append(item)
    for benchmark, mine in sorted(facts.items()):
        left = {reason: one["items"] for reason, one in mine.get("not_looked_for", {}).items()}
        if sum(left.values()) == mine["items"]:
            said = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left.items())) or "no text in them"
            raise UsageError(
                f"decontaminate: {benchmark}: none of its {mine['items']:,} items can be looked for ({said}); see "
                "`min_words`, `min_content` and `max_items`, or name its `fields`"
            )


def _ignored_words(ignored: Sequence[str]) -> list[NDArray[np.uint64]]:
    licences = [text for _, text in LICENSES] + [text for _, text in VARIANTS]
    return [words_of(text).hashes for text in (*licences, *ignored)]


def _long_grams(
    words: NDArray[np.uint64],
    starts: Ints,
    content: NDArray[np.bool_],
    config: DecontaminationConfig,
    ignored: Sequence[str],
) -> tuple[Grams, NDArray[np.bool_], list[NDArray[np.int64]]]:
    n = config.ngram
    hashes = gram_hashes(words, n)
    texts = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    at = np.flatnonzero(texts[: len(hashes)] == texts[n - 1 :][: len(hashes)]) if len(hashes) else np.empty(0, np.int64)
    at = at[_rich(words, content, at, n, config.min_content)]
    # The first occurrence in each text, then the number of texts that share it.
    order = np.lexsort((at, texts[at], hashes[at]))
    at = at[order]
    fresh = np.ones(len(at), bool)
    fresh[1:] = (hashes[at[1:]] != hashes[at[:-1]]) | (texts[at[1:]] != texts[at[:-1]])
    at = at[fresh]
    _, group, counts = np.unique(hashes[at], return_inverse=True, return_counts=True)
    at = at[counts[group] < config.max_items] if len(at) else at
    passed_over = np.unique(np.concatenate([gram_hashes(one, n) for one in _ignored_words(ignored)]))
    at = at[~np.isin(hashes[at], passed_over)]
    evidence = np.zeros(len(words), bool)
    for step in range(n):
        evidence[at + step] = True
    local = at - starts[texts[at]]
    by_text = np.lexsort((local, texts[at]))
    places = np.split(local[by_text], np.searchsorted(texts[at][by_text], np.arange(1, len(starts) - 1)))
    return _grams(n, hashes[at], texts[at], local), evidence, places


def _short_grams(
    words: NDArray[np.uint64],
    starts: Ints,
    content: NDArray[np.bool_],
    evidence: NDArray[np.bool_],
    config: DecontaminationConfig,
    ignored: Sequence[str],
) -> Grams:
    """Texts of fewer words than an n-gram, by one run of `min_words` words each: the one that fewest texts have."""
    n = config.min_words
    sizes = np.diff(starts)
    mine = np.flatnonzero((sizes >= n) & (sizes < config.ngram))
    counts = Counter(
        value for text in mine for value in gram_hashes(words[starts[text] : starts[text + 1]], n).tolist()
    )
    passed_over = _ignored_words(ignored)
    held = {value for one in passed_over for value in gram_hashes(one, n).tolist()}
    keys, texts, places = [], [], []
    for text in mine.tolist():
        a, b = int(starts[text]), int(starts[text + 1])
        hashes = gram_hashes(words[a:b], n).tolist()
        distinct = len(np.unique(words[a:b][content[a:b]])) + bool((words[a:b] == _number()).any())
        if distinct <= config.min_content:  # one more than an n-gram needs, a number being one: there is less around it
            continue
        if held.issuperset(hashes) and any(_hex(words[a:b]) in _hex(one) for one in passed_over):
            continue
        evidence[a:b] = True
        place = min(range(len(hashes)), key=lambda one: (counts[hashes[one]], one))
        keys.append(hashes[place])
        texts.append(text)
        places.append(place)
    return _grams(n, np.array(keys, np.uint64), np.array(texts, np.int64), np.array(places, np.int64))


def _hex(words: NDArray[np.uint64]) -> str:
    return " ".join(f"{word:016x}" for word in words.tolist())


def _grams(length: int, hashes: NDArray[np.uint64], texts: Ints, places: Ints) -> Grams:
    order = np.lexsort((places, texts, hashes))
    keys, starts = np.unique(hashes[order], return_index=True)
    size = 1 << max(6, int(2 * len(keys)).bit_length())
    bits = np.zeros(max(64, size), np.uint8)  # eight bits a byte: at least 16 bits for each key
    slot_keys, slots = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    _fill(keys, bits, slot_keys, slots)
    return Grams(
        length, bits, slot_keys, slots, np.append(starts, len(order)).astype(np.int64),
        texts[order].astype(np.int32), places[order].astype(np.int32),
    )  # fmt: skip


@compiled
def _fill(keys: Any, bits: Any, slot_keys: Any, slots: Any) -> None:
    mask = np.uint64(slots.size - 1)
    wide = np.uint64(bits.size * 8 - 1)
    for number in range(keys.size):
        mixed = fmix64(keys[number])
        bit = (mixed >> np.uint64(20)) & wide
        bits[bit >> np.uint64(3)] |= np.uint8(1) << np.uint8(bit & np.uint64(7))
        slot = mixed & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = number
        slot_keys[slot] = keys[number]


@compiled
def gram_hashes(words: Any, length: int) -> Any:
    """Rolling hashes of every run of `length` words: the sum of word * BASE^(words behind it), modulo 2^64."""
    hashes = np.empty(max(0, words.size - length + 1), np.uint64)
    if hashes.size:
        power = np.uint64(1)
        value = np.uint64(0)
        for place in range(length):
            value = value * BASE + words[place]
            power = power * BASE
        hashes[0] = value
        for place in range(1, hashes.size):
            value = value * BASE + words[place + length - 1] - words[place - 1] * power
            hashes[place] = value
    return hashes


@compiled
def _rich(words: Any, content: Any, at: Any, length: int, least: int) -> Any:
    """Which runs have at least `least` different words that are content."""
    found = np.zeros(at.size, np.bool_)
    for row in range(at.size):
        first = at[row]
        count = 0
        for place in range(first, first + length):
            if not content[place]:
                continue
            fresh = True
            for before in range(first, place):
                if words[before] == words[place]:
                    fresh = False
                    break
            if fresh:
                count += 1
                if count >= least:
                    found[row] = True
                    break
    return found
