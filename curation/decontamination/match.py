"""Finding the items of an index in texts: one pass over a text's words, whatever the number of items.

Every run of `ngram` words is looked up by a rolling hash; what is found is compared word by word with the item, so no
collision counts. Runs on the same diagonal (the same distance between places in text and item) are joined and
lengthened as far as the words agree, and runs of one item that lie together are a passage, which is what is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.decontamination.index import BASE, Grams, Index
from curation.decontamination.words import Words, words_of
from curation.dedup.compiled import compiled
from curation.dedup.shingles import fmix64

MOST_OWNERS = 1_000
"""Items with the same words that are compared for the same numbers."""
LENGTHENED = 512
"""Words by which a run is lengthened on either side, at most: an item that repeats itself costs no more."""
SAME, NUMBERS = "same", "numbers"

Matches = NDArray[np.int64]


@dataclass(frozen=True)
class Hit:
    """A passage of a text that holds a part of an item, or some of it.

    `share` is the share of the part's words (of those in n-grams that are evidence) found in the passage, `ngrams` the
    share of those n-grams, `words` the words of the item found, `run` the longest stretch of them in a row, `numbers`
    how many of them are other numbers than the item's. `start` and `end` are characters of the text.
    """

    benchmark: str
    item: str
    part: str
    share: float
    ngrams: float
    words: int
    run: int
    numbers: int
    start: int
    end: int

    @property
    def kind(self) -> str:
        """`same`, or `numbers` where some numbers are others than the item's."""
        return NUMBERS if self.numbers else SAME


def find_items(index: Index, text: str) -> list[Hit]:
    """Every passage of `text` that holds evidence of an item, in the order of places; linear in the text."""
    words = words_of(text)
    parts = [_matches(words.hashes, index, index.long, whole=False)]
    if index.short.slots.size and len(index.short.texts):
        parts.append(_matches(words.hashes, index, index.short, whole=True))
    found = np.concatenate(parts)
    if not len(found):
        return []
    order = np.lexsort((found[:, 2], found[:, 2] - found[:, 1], found[:, 0]))
    runs: Matches = _runs(found[order], words.hashes, index.words, index.starts)
    runs = runs[np.lexsort((runs[:, 1], runs[:, 2], runs[:, 0]))]
    hits = []
    for passage in _passages(index, runs.tolist()):
        hits.append(_hit(index, words, passage))
    hits.sort(key=lambda hit: (hit.start, hit.end, hit.benchmark, hit.item, hit.part))
    return hits


def _matches(hashes: NDArray[np.uint64], index: Index, grams: Grams, *, whole: bool) -> Matches:
    found: Matches = _find(
        hashes, grams.length, grams.bits, grams.keys, grams.slots, grams.starts, grams.texts, grams.places,
        index.words, index.starts, whole,
    )  # fmt: skip
    return found


@compiled
def _find(
    words: Any, length: int, bits: Any, keys: Any, slots: Any, starts: Any, texts: Any, places: Any,
    item_words: Any, item_starts: Any, whole: bool,
) -> Any:  # fmt: skip
    """Rows (text, word of the item, word of the document, words) of every verified occurrence."""
    found = np.empty((64, 4), np.int64)
    count = 0
    mask = np.uint64(slots.size - 1)
    wide = np.uint64(bits.size * 8 - 1)
    power = np.uint64(1)
    value = np.uint64(0)
    for place in range(min(length, words.size)):
        value = value * BASE + words[place]
        power = power * BASE
    for place in range(words.size - length + 1):
        if place:
            value = value * BASE + words[place + length - 1] - words[place - 1] * power
        mixed = fmix64(value)
        bit = (mixed >> np.uint64(20)) & wide
        if not (bits[bit >> np.uint64(3)] >> np.uint8(bit & np.uint64(7))) & np.uint8(1):
            continue
        slot = mixed & mask
        while slots[slot] >= 0 and keys[slot] != value:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            continue
        for post in range(starts[slots[slot]], starts[slots[slot] + 1]):
            text = texts[post]
            item, document, size = np.int64(places[post]), np.int64(place), np.int64(length)
            if whole:
                document -= item
                item = np.int64(0)
                size = item_starts[text + 1] - item_starts[text]
                if document < 0 or document + size > words.size:
                    continue
            first = item_starts[text] + item
            same = True
            for step in range(size):
                if words[document + step] != item_words[first + step]:
                    same = False
                    break
            if not same:
                continue
            if count == found.shape[0]:
                more = np.empty((2 * count, 4), np.int64)
                more[:count] = found
                found = more
            found[count, 0], found[count, 1], found[count, 2], found[count, 3] = text, item, document, size
            count += 1
    return found[:count]


@compiled
def _runs(found: Any, words: Any, item_words: Any, item_starts: Any) -> Any:
    """Matches, ordered by text and diagonal, joined where they touch and lengthened as far as the words agree."""
    runs = np.empty(found.shape, np.int64)
    count = 0
    for row in range(found.shape[0]):
        text, item, document, size = found[row, 0], found[row, 1], found[row, 2], found[row, 3]
        base = item_starts[text]
        joined = count > 0 and runs[count - 1, 0] == text and runs[count - 1, 2] - runs[count - 1, 1] == document - item
        floor = runs[count - 1, 2] + runs[count - 1, 3] if joined else np.int64(0)
        if joined and document + size <= floor:
            continue  # within the run before it
        begin = max(document, floor)
        shift = base + item - document  # from a word of the document to that of the item
        floor = max(floor, begin - LENGTHENED)
        while begin > floor and begin + shift > base and words[begin - 1] == item_words[begin - 1 + shift]:
            begin -= 1
        end = document + size
        most = min(words.size, item_starts[text + 1] - shift, end + LENGTHENED)
        while end < most and words[end] == item_words[end + shift]:
            end += 1
        if joined and begin == runs[count - 1, 2] + runs[count - 1, 3]:
            runs[count - 1, 3] = end - runs[count - 1, 2]
            continue
        runs[count, 0], runs[count, 1], runs[count, 2], runs[count, 3] = text, begin + shift - base, begin, end - begin
        count += 1
    return runs[:count]


Run = Sequence[int]


def _passages(index: Index, runs: Sequence[Run]) -> list[list[Run]]:
    """Runs of one text that lie near each other and do not hold the same words of it twice."""
    passages: list[list[Run]] = []
    covered = 0
    for run in runs:
        text, item, document, size = run
        length = int(index.starts[text + 1] - index.starts[text])
        last = passages[-1] if passages else None
        near = last is not None and last[0][0] == text
        if near and last is not None:
            end = last[-1][2] + last[-1][3]
            near = document - end <= max(index.ngram, length // 2) and document + size - last[0][2] <= 2 * length
            again = item < covered - size // 2
            near = near and not again
        if near and last is not None:
            last.append(run)
            covered = max(covered, item + size)
        else:
            passages.append([run])
            covered = item + size
    return passages


def _hit(index: Index, words: Words, passage: Sequence[Run]) -> Hit:
    text = passage[0][0]
    start, end = int(index.starts[text]), int(index.starts[text + 1])
    found = np.zeros(end - start, bool)
    for _, item, _, size in passage:
        found[item : item + size] = True
    evidence = index.evidence[start:end]
    places = index.places[index.place_starts[text] : index.place_starts[text + 1]]
    if len(places):
        behind = np.concatenate(([0], np.cumsum(found)))
        ngrams = float(np.mean(behind[places + index.ngram] - behind[places] == index.ngram))
    else:
        ngrams = 1.0  # an item that is looked for as a whole
    owner, numbers = _owner(index, words, passage)
    first = min(document for _, _, document, _ in passage)
    last = max(document + size for _, _, document, size in passage) - 1
    named = index.owners[owner]
    return Hit(
        named.benchmark,
        named.item,
        named.part,
        float(np.count_nonzero(found & evidence) / np.count_nonzero(evidence)),
        ngrams,
        int(np.count_nonzero(found)),
        max(size for *_, size in passage),
        numbers,
        int(words.starts[first]),
        int(words.ends[last]),
    )


def _owner(index: Index, words: Words, passage: Sequence[Run]) -> tuple[int, int]:
    """Of the items with these words the first with the fewest other numbers, and how many those are."""
    best, fewest = -1, -1
    for owner in index.owners_of(passage[0][0])[:MOST_OWNERS]:
        digits = index.digits[index.digit_starts[owner] : index.digit_starts[owner + 1]]
        differ = 0
        for _, item, document, size in passage:
            differ += int(np.count_nonzero(digits[item : item + size] != words.digits[document : document + size]))
        if fewest < 0 or differ < fewest:
            best, fewest = owner, differ
        if not fewest:
            break
    return best, fewest
