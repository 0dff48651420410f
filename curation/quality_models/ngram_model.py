"""Back-off n-gram language models as tables of hashes: no words are stored, and none is needed to score text.

A key is the hash of an n-gram, made of the hashes of its words from the last to the first. At 64 bits, a model of
10**8 n-grams takes an unknown n-gram for a known one once in 10**11 look-ups.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xxhash
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from manifests.errors import UsageError
from manifests.files import atomic_write

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
SPECIAL = (BEGIN, END, UNKNOWN)
FORMAT = "winnow-ngram-1"
MAX_ORDER = 8
LEAST_LOG = -100.0
"""log10 of the probability of a word that a model without `<unk>` does not know, as in KenLM."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


class LanguageModel(Protocol):
    """What gives sentences a probability."""

    def score(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """float64[len(sentences)]: log10 of the probability of each sentence of tokens, its end included."""
        ...


def word_hash(word: str) -> int:
    """The 64-bit hash of a word; any string has one."""
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass"))


def chain(keys: NDArray[np.uint64] | None, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The keys of n-grams: `keys` (of the last words, None where there are none yet) with one word before each."""
    mixed = words + _MULTIPLIER if keys is None else (keys * _MULTIPLIER) ^ words
    mixed = (mixed ^ (mixed >> _S30)) * _MIX1
    mixed = (mixed ^ (mixed >> _S27)) * _MIX2
    mixed ^= mixed >> _S31
    return np.where(mixed == 0, np.uint64(1), mixed)  # 0 marks a free slot


@dataclass(frozen=True)
class NGramTable:
    """A model as it is stored: for each n-gram of any order its key, log10 probability and log10 back-off weight."""

    order: int
    keys: NDArray[np.uint64]
    probabilities: NDArray[np.float32]
    backoffs: NDArray[np.float32]
    closed: bool  # whether every n-gram's last words are n-grams of the model too
    about: Mapping[str, Any] = field(default_factory=dict)  # plain JSON values


def save_table(table: NGramTable, path: str) -> None:
    """Write an `.npz` file, atomically; equal tables give equal bytes."""
    order = np.argsort(table.keys, kind="stable")
    head = {"format": FORMAT, "order": table.order, "closed": table.closed, "about": dict(table.about)}
    with atomic_write(path) as stream:
        np.savez(
            stream,
            head=np.frombuffer(json.dumps(head, sort_keys=True, ensure_ascii=False).encode(), np.uint8),
            keys=table.keys[order],
            probabilities=table.probabilities[order],
            backoffs=table.backoffs[order],
        )


def load_table(path: str | os.PathLike[str]) -> NGramTable:
    """Read what `save_table` wrote.

    Raises:
        UsageError: the file is missing, or is something else.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            if head["format"] != FORMAT or not 1 <= head["order"] <= MAX_ORDER:
                raise ValueError(f"format {head['format']}, order {head['order']}")
            keys, probabilities, backoffs = arrays["keys"], arrays["probabilities"], arrays["backoffs"]
            kinds = (keys.dtype, probabilities.dtype, backoffs.dtype)
            if kinds != (np.uint64, np.float32, np.float32) or not len(keys) == len(probabilities) == len(backoffs):
                raise ValueError("its arrays do not fit together")
            return NGramTable(head["order"], keys, probabilities, backoffs, head["closed"], head["about"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{path}: not an n-gram model of `winnow train-perplexity`: {reason}") from error


class NGramModel:
    """Scores sentences by a table, a batch at a time in compiled code."""

    MAX_WORDS, MAX_LENGTH = 500_000, 64  # words whose hashes are remembered, and their length

    def __init__(self, table: NGramTable) -> None:
        self.order, self._closed = table.order, table.closed
        slots = 1 << max(4, int(len(table.keys) * 1.5).bit_length())
        self._keys, self._values = np.zeros(slots, np.uint64), np.zeros((slots, 2), np.float32)
        _fill(self._keys, self._values, table.keys, table.probabilities, table.backoffs)
        self._special = np.array([word_hash(word) for word in SPECIAL], np.uint64)
        self._words = _Hashes()

    def score(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """float64[len(sentences)]: log10 of the probability of each sentence of tokens, its end included."""
        if len(self._words) > self.MAX_WORDS:
            self._words.clear()
        sizes = np.fromiter(map(len, sentences), np.int64, len(sentences))
        starts = np.concatenate(([0], np.cumsum(sizes)))
        look_up = self._words.__getitem__
        words = np.fromiter((look_up(word) for words in sentences for word in words), np.uint64, int(starts[-1]))
        scores = np.zeros(len(sentences), np.float64)
        _score(words, starts, self.order, self._closed, self._keys, self._values, self._special, scores)
        return scores


class _Hashes(dict[str, int]):
    """Hashes of words; long ones are not kept."""

    def __missing__(self, word: str) -> int:
        found = word_hash(word)
        if len(word) <= NGramModel.MAX_LENGTH:
            self[word] = found
        return found


@compiled
def _fill(
    slots: NDArray[np.uint64],
    values: NDArray[np.float32],
    keys: NDArray[np.uint64],
    probabilities: NDArray[np.float32],
    backoffs: NDArray[np.float32],
) -> None:
    mask = np.uint64(len(slots) - 1)
    for i in range(len(keys)):
        place = keys[i] & mask
        while slots[place] != np.uint64(0) and slots[place] != keys[i]:
            place = (place + np.uint64(1)) & mask
        if slots[place] == np.uint64(0):
            slots[place] = keys[i]
            values[place, 0] = probabilities[i]
            values[place, 1] = backoffs[i]


@compiled
def _chained(key: np.uint64, word: np.uint64, first: bool) -> np.uint64:
    mixed = word + _MULTIPLIER if first else (key * _MULTIPLIER) ^ word
    mixed = (mixed ^ (mixed >> _S30)) * _MIX1
    mixed = (mixed ^ (mixed >> _S27)) * _MIX2
    mixed ^= mixed >> _S31
    return np.uint64(1) if mixed == np.uint64(0) else mixed


@compiled
def _find(slots: NDArray[np.uint64], key: np.uint64) -> int:
    mask = np.uint64(len(slots) - 1)
    place = key & mask
    while slots[place] != np.uint64(0):
        if slots[place] == key:
            return np.int64(place)  # type: ignore[return-value]
        place = (place + np.uint64(1)) & mask
    return -1


@compiled
def _score(
    words: NDArray[np.uint64],
    starts: NDArray[np.int64],
    order: int,
    closed: bool,
    slots: NDArray[np.uint64],
    values: NDArray[np.float32],
    special: NDArray[np.uint64],
    scores: NDArray[np.float64],
) -> None:
    begin, end, unknown = special[0], special[1], special[2]
    history = np.zeros(order, np.uint64)  # words before the present one, the nearest first
    before, here = np.zeros(order + 1), np.zeros(order + 1)  # back-off weights of the n-grams that end there
    for sentence in range(len(starts) - 1):
        history[0], length = begin, 1
        before[:] = 0.0
        place = _find(slots, _chained(np.uint64(0), begin, True))
        if place >= 0:
            before[1] = values[place, 1]
        total = 0.0
        for i in range(starts[sentence], starts[sentence + 1] + 1):
            word = words[i] if i < starts[sentence + 1] else end
            key = _chained(np.uint64(0), word, True)
            place = _find(slots, key)
            if place < 0:
                word = unknown
                key = _chained(np.uint64(0), word, True)
                place = _find(slots, key)
            here[:] = 0.0
            longest, probability = 1, LEAST_LOG
            if place >= 0:
                probability = values[place, 0]
                here[1] = values[place, 1]
            for size in range(2, min(order, length + 1) + 1):
                key = _chained(key, history[size - 2], False)
                place = _find(slots, key)
                if place >= 0:
                    longest, probability = size, values[place, 0]
                    here[size] = values[place, 1]
                elif closed:
                    break
            total += probability
            for size in range(longest, min(order - 1, length) + 1):
                total += before[size]
            for size in range(order - 1, 0, -1):
                history[size] = history[size - 1]
            history[0] = word
            length = min(length + 1, order)
            before[:] = here
        scores[sentence] = total
