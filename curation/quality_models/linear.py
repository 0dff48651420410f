"""Two-label fastText models of words and word n-grams, as one number a feature.

fastText averages the vectors of a line's features and multiplies the average by one row a label. Both steps are
linear, so each feature's share of the decision is a number that never changes. A table of them scores a document in a
fraction of the time and memory, and, as the numbers are fixed-point, gives the same score on every machine.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.fasttext_model import FastTextModel

_FIXED_POINT = 1 << 20
_ABSENT = np.int32(-(1 << 31))  # an n-gram that quantising has pruned is no feature
_ROWS = 1 << 14
_SMOOTHING = 1e-5  # the library adds it to probabilities before it takes their logarithms

_HEADER = struct.Struct("<ii12id")  # magic, version, twelve arguments, sampling threshold
_DICTIONARY = struct.Struct("<iiiqq")  # entries, words, labels, tokens, pruned n-grams
_END = b"</s>"


class LinearScorer:
    """The decision between two labels of a model, feature by feature.

    Use `suits` first. Holds nothing of the model itself.
    """

    def __init__(self, model: FastTextModel, label: str) -> None:
        arguments = model.native.getArgs()
        output = np.array(model.native.getOutputMatrix(), np.float64)
        positive = model.labels.index(label)
        direction = output[positive] - output[1 - positive]
        words = [word.encode("utf-8", "surrogateescape") for word in model.native.getVocab("surrogateescape")[0]]
        margins = _margins(model, direction)
        self._words = np.ascontiguousarray(margins[: len(words)])
        self._ngrams = _ngram_margins(model, margins[len(words) :], arguments) if arguments.wordNgrams > 1 else None
        self._size = int(arguments.wordNgrams)
        self._letters = np.frombuffer(b"".join(words) or b"\0", np.uint8)
        self._starts = np.concatenate(([0], np.cumsum([len(word) for word in words]))).astype(np.int64)
        self._slots = np.zeros(1 << max(4, (len(words) * 2).bit_length()), np.int32)
        _index(self._letters, self._starts, self._slots)
        self._end = np.frombuffer(_END, np.uint8)

    @staticmethod
    def suits(model: FastTextModel) -> bool:
        """Whether a model has two labels, softmax, words without their letters, and its output matrix in full."""
        arguments = model.native.getArgs()
        try:
            np.array(model.native.getOutputMatrix())
        except RuntimeError:
            return False
        words = arguments.maxn == 0 and (arguments.wordNgrams == 1 or arguments.bucket > 0)
        return len(model.labels) == 2 and arguments.loss.name == "softmax" and words

    def score(self, lines: Sequence[str]) -> NDArray[np.float64]:
        """float64[len(lines)]: the probability of the label, as the library's `predict` gives it; NaN without features.

        A line has no line break and no `</s>`, and its words do not begin with `__label__`.
        """
        encoded = [line.encode("utf-8", "replace") for line in lines]
        starts = np.concatenate(([0], np.cumsum([len(line) for line in encoded]))).astype(np.int64)
        letters = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
        ngrams = self._ngrams if self._ngrams is not None else np.zeros(1, np.int32)
        sums, counts = np.zeros(len(lines), np.int64), np.zeros(len(lines), np.int64)
        _sum(
            letters, starts, self._letters, self._starts, self._slots, self._words, ngrams, self._size, self._end,
            sums, counts,
        )  # fmt: skip
        with np.errstate(invalid="ignore", over="ignore"):
            margin = sums / _FIXED_POINT / np.where(counts > 0, counts, np.nan)
            return np.minimum(1.0, 1.0 / (1.0 + np.exp(-margin)) + _SMOOTHING)


def _margins(model: FastTextModel, direction: NDArray[np.float64]) -> NDArray[np.int32]:
    """The fixed-point share of every row of the input matrix."""
    if model.native.isQuant():
        row = fasttext.FastText.fasttext.Vector(len(direction))
        pruned = _dictionary(Path(model.path))[1]
        slots = model.native.getArgs().bucket if pruned < 0 else pruned
        count = len(model.native.getVocab("surrogateescape")[0]) + slots
        shares = np.zeros(count)
        for i in range(count):
            model.native.getInputVector(row, i)
            shares[i] = np.array(row, np.float64) @ direction
        return _fixed(shares)
    matrix = np.asarray(model.native.getInputMatrix())
    parts = [_fixed(matrix[i : i + _ROWS].astype(np.float64) @ direction) for i in range(0, len(matrix), _ROWS)]
    return np.concatenate(parts)


def _fixed(shares: NDArray[np.float64]) -> NDArray[np.int32]:
    limit = (1 << 31) - 1
    return np.clip(np.rint(shares * _FIXED_POINT), -limit, limit).astype(np.int32)


def _ngram_margins(model: FastTextModel, margins: NDArray[np.int32], arguments: Any) -> NDArray[np.int32]:
    """The share of each hash slot, `_ABSENT` for a slot that was pruned."""
    pairs, pruned = _dictionary(Path(model.path)) if model.native.isQuant() else (None, -1)
    if pruned < 0:
        return np.ascontiguousarray(margins)
    found = np.full(arguments.bucket, _ABSENT, np.int32)
    if pairs is not None and len(pairs):
        found[pairs[:, 0]] = margins[pairs[:, 1]]
    return found


def _dictionary(path: Path) -> tuple[NDArray[np.int32], int]:
    """Of a model file the pairs (slot, row) of the n-grams that pruning left, and their number; -1 for no pruning."""
    data = path.read_bytes()
    entries, _, _, _, pruned = _DICTIONARY.unpack_from(data, _HEADER.size)
    place = _HEADER.size + _DICTIONARY.size
    for _ in range(entries):
        place = data.index(b"\0", place) + 1 + 9  # the count and the kind of the entry follow its name
    pairs = np.frombuffer(data, "<i4", 2 * max(0, pruned), place).reshape(-1, 2)
    return pairs, pruned


@compiled
def _hash(letters: NDArray[np.uint8], start: int, end: int) -> np.uint32:
    value = np.uint32(2166136261)
    for i in range(start, end):
        byte = np.uint32(letters[i])
        if byte >= np.uint32(128):
            byte = byte | np.uint32(0xFFFFFF00)  # the library takes bytes for signed numbers
        value = np.uint32((value ^ byte) * np.uint32(16777619))
    return value


@compiled
def _place(
    letters: NDArray[np.uint8], start: int, end: int, value: np.uint32, words: NDArray[np.uint8],
    starts: NDArray[np.int64], slots: NDArray[np.int32],
) -> int:  # fmt: skip
    """The slot in which a word is, or the free one in which it would be."""
    mask = len(slots) - 1
    slot = np.int64(value) & mask
    while slots[slot] != 0:
        word = slots[slot] - 1
        first = starts[word]
        if starts[word + 1] - first == end - start:
            same = True
            for i in range(end - start):
                if words[first + i] != letters[start + i]:
                    same = False
                    break
            if same:
                break
        slot = (slot + 1) & mask
    return slot  # type: ignore[return-value]


@compiled
def _index(words: NDArray[np.uint8], starts: NDArray[np.int64], slots: NDArray[np.int32]) -> None:
    for word in range(len(starts) - 1):
        start, end = starts[word], starts[word + 1]
        slots[_place(words, start, end, _hash(words, start, end), words, starts, slots)] = word + 1


@compiled
def _sum(
    letters: NDArray[np.uint8], lines: NDArray[np.int64], words: NDArray[np.uint8], starts: NDArray[np.int64],
    slots: NDArray[np.int32], word_margins: NDArray[np.int32], ngram_margins: NDArray[np.int32], size: int,
    end_mark: NDArray[np.uint8], sums: NDArray[np.int64], counts: NDArray[np.int64],
) -> None:  # fmt: skip
    recent = np.zeros(max(1, size), np.uint64)  # hashes of the last words as the library widens them, newest first
    bucket = np.uint64(len(ngram_margins))
    for line in range(len(lines) - 1):
        total, count, met = np.int64(0), np.int64(0), 0
        place, stop = lines[line], lines[line + 1]
        while place <= stop:
            if place < stop:
                byte = letters[place]
                if byte == 32 or 9 <= byte <= 13 or byte == 0:
                    place += 1
                    continue
                start = place
                while place < stop and letters[place] != 32 and not 9 <= letters[place] <= 13 and letters[place] != 0:
                    place += 1
                value = _hash(letters, start, place)
                slot = _place(letters, start, place, value, words, starts, slots)
            else:  # the end of the line is a word
                place += 1
                value = _hash(end_mark, 0, len(end_mark))
                slot = _place(end_mark, 0, len(end_mark), value, words, starts, slots)
            if slots[slot] != 0:
                total += word_margins[slots[slot] - 1]
                count += 1
            if size > 1:
                for i in range(size - 1, 0, -1):
                    recent[i] = recent[i - 1]
                recent[0] = np.uint64(np.int64(np.int32(value)))
                met += 1
                for length in range(2, min(size, met) + 1):
                    key = recent[length - 1]
                    for i in range(length - 2, -1, -1):
                        key = key * np.uint64(116049371) + recent[i]
                    margin = ngram_margins[np.int64(key % bucket)]
                    if margin != _ABSENT:
                        total += margin
                        count += 1
        sums[line], counts[line] = total, count
