"""Documents of which it is known who is a copy of whom, made by number: any range of them, in any order, the same.

Of every `CYCLE` documents in a row

- pairs at each of `SIMILARITIES`, which share their first words: two for each, next to each other;
- 10 are pairs of equal texts;
- 5 are of one giant cluster: one text, in which each replaces one word (similarity 0.93 with it, 0.87 with each other);
- 10 share a third of their words, a block of boilerplate, and are no copies;
- the rest has no copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

CYCLE = 100
WORDS = 150
NGRAM = 5
SIMILARITIES = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
EXACT, GIANT, BOILERPLATE = 10, 5, 10
_VOCABULARY = 60_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

SHINGLES = WORDS - NGRAM + 1
_FIRST_EXACT = 2 * len(SIMILARITIES)
_FIRST_GIANT = _FIRST_EXACT + EXACT
_FIRST_BOILERPLATE = _FIRST_GIANT + GIANT
_FIRST_SINGLE = _FIRST_BOILERPLATE + BOILERPLATE


class Family(NamedTuple):
    """What a document belongs to: those of one family are copies of each other, to the similarity given."""

    name: str
    number: int
    similarity: float | None  # of a planted pair


def shared_shingles(similarity: float) -> int:
    """Shingles that two texts must share so that so much of all that either has are common."""
    return round(2 * SHINGLES * similarity / (1 + similarity))


def true_similarity(similarity: float) -> float:
    """The Jaccard similarity that a planted pair really has, which is a ratio of whole numbers."""
    shared = shared_shingles(similarity)
    return shared / (2 * SHINGLES - shared)


def family(number: int) -> Family:
    """The family of a document."""
    _cycle, place = divmod(number, CYCLE)
    if place < _FIRST_EXACT:
        return Family("pair", number // 2, SIMILARITIES[place // 2])
    if place < _FIRST_GIANT:
        return Family("equal", number // 2, 1.0)
    if place < _FIRST_BOILERPLATE:
        return Family("giant", 0, None)
    if place < _FIRST_SINGLE:
        return Family("boilerplate", number, None)
    return Family("single", number, None)


def identity(number: int) -> str:
    """The id of a document, 32 hex digits."""
    return hashlib.blake2b(f"generated {number}".encode(), digest_size=16).hexdigest()


def text(number: int) -> str:
    """The text of a document."""
    cycle, place = divmod(number, CYCLE)
    kind = family(number)
    if kind.name == "pair" and kind.similarity is not None:
        shared = shared_shingles(kind.similarity) + NGRAM - 1
        return f"{_words('shared', number // 2, shared)} {_words('own', number, WORDS - shared)}"
    if kind.name == "equal":
        return _words("equal", number // 2, WORDS)
    if kind.name == "giant":
        words = _words("giant", 0, WORDS).split()
        words[(cycle * GIANT + place) % WORDS] = _words("own", number, 1)
        return " ".join(words)
    if kind.name == "boilerplate":
        return f"{_words('boilerplate', 0, WORDS // 3)} {_words('own', number, WORDS - WORDS // 3)}"
    return _words("own", number, WORDS)


def parts(documents: int, per_part: int) -> Iterator[pa.Table]:
    """Documents as parts of `ingest` have them, as far as `dedup` reads them; members of a family lie in all parts."""
    count = max(1, -(-documents // per_part))
    for part in range(count):
        numbers = range(part, documents, count)
        ids = [identity(number) for number in numbers]
        keys = [bytes.fromhex(one) for one in ids]
        columns = {"key": pa.array(keys, pa.binary(16)), "id": ids, "text": [text(number) for number in numbers]}
        yield pa.table(columns).sort_by("id")


def _words(purpose: str, number: int, count: int) -> str:
    seed = int.from_bytes(hashlib.blake2b(f"{purpose} {number}".encode(), digest_size=8).digest(), "little")
    # A multiplicative generator over all places at once: a generator of numpy's for each text costs more than the text.
    state = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) + np.uint64(seed)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    places = ((state >> np.uint64(33)) % np.uint64(_VOCABULARY)).tolist()
    return " ".join([VOCABULARY[place] for place in places])


def _word(number: int) -> str:
    letters = ""
    number += 26**2
    while number:
        number, digit = divmod(number, 26)
        letters += _LETTERS[digit]
    return letters


VOCABULARY = [_word(number) for number in range(_VOCABULARY)]
