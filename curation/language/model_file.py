"""The numbers of a supervised fastText model, read from its file (`.bin` or `.ftz`) without the library.

The format is fastText's own, version 12 (`FastText::saveModel`): arguments, dictionary, input matrix, output matrix.
Product-quantised matrices are multiplied out, so this is for small models.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manifests.errors import UsageError

_MAGIC, _VERSION = 793712314, 12
_SOFTMAX = 3
_CENTROIDS = 256
_LABEL_PREFIX = "__label__"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SubwordModel:
    """A softmax over the mean of a line's features: its words, their character n-grams, the end of the line, and with
    `word_ngrams` of 2 the pairs of neighbours among words and end."""

    labels: tuple[str, ...]  # without `__label__`
    words: tuple[bytes, ...]  # UTF-8; their rows come first
    input: Floats  # [features, dimension]
    output: Floats  # [dimension, labels]
    buckets: npt.NDArray[np.int32]  # [buckets]: row of an n-gram's hash, -1 for one that was pruned
    minn: int
    maxn: int
    word_ngrams: int


def read_subword_model(path: str | os.PathLike[str], word_ngrams: int = 1) -> SubwordModel:
    """Read a model trained with softmax, character n-grams, and word n-grams of that length (1: none).

    Raises:
        UsageError: the file cannot be read, is no such model or is cut short.
    """
    try:
        return _Reader(Path(path).read_bytes()).model(word_ngrams)
    except OSError as error:
        raise UsageError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from error
    except (struct.error, ValueError, IndexError) as error:
        raise UsageError(f"{os.fspath(path)}: not a fastText model of characters with softmax: {error}") from None


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def model(self, wanted_ngrams: int) -> SubwordModel:
        if self._take("2i") != (_MAGIC, _VERSION):
            raise ValueError("it does not begin as version 12 does")
        dimension, _, _, _, _, word_ngrams, loss, kind, bucket, minn, maxn, _ = self._take("12i")
        self._take("d")
        # The kinds are numbered so too: 3 is supervised.
        if loss != _SOFTMAX or kind != _SOFTMAX or word_ngrams != wanted_ngrams:
            raise ValueError("another loss, kind or word n-grams")
        if not (0 < dimension <= 4096 and 1 <= minn <= maxn <= 16 and bucket > 0):
            raise ValueError("no character n-grams")
        size, word_count, _ = self._take("3i")
        _, pruned = self._take("2q")
        entries = [self._entry() for _ in range(size)]
        buckets = self._buckets(bucket, word_count, pruned)
        matrix = self._quantised() if self._take("?")[0] else self._dense()
        if self._take("?")[0]:
            raise ValueError("its output matrix is quantised")
        output = self._dense()
        labels = tuple(word.decode("utf-8").removeprefix(_LABEL_PREFIX) for word in entries[word_count:])
        if matrix.shape[1] != dimension or output.shape != (len(labels), dimension) or buckets.max() >= len(matrix):
            raise ValueError("its parts do not fit together")
        words, columns = tuple(entries[:word_count]), np.ascontiguousarray(output.T)
        return SubwordModel(labels, words, matrix, columns, buckets, minn, maxn, word_ngrams)

    def _take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self._content, self._at)
        self._at += struct.calcsize("<" + form)
        return values

    def _array(self, dtype: str, count: int) -> npt.NDArray[np.generic]:
        array = np.frombuffer(self._content, dtype, count, self._at) if count else np.zeros(0, dtype)
        self._at += array.nbytes
        return array

    def _entry(self) -> bytes:
        end = self._content.index(b"\0", self._at)
        word = self._content[self._at : end]
        self._at = end + 1
        self._take("qb")  # count and type
        return word

    def _buckets(self, bucket: int, words: int, pruned: int) -> npt.NDArray[np.int32]:
        if pruned < 0:  # nothing was pruned
            return np.arange(words, words + bucket, dtype=np.int32)
        rows = np.full(bucket, -1, np.int32)
        pairs = self._array("<i4", 2 * pruned).reshape(-1, 2)
        rows[pairs[:, 0]] = pairs[:, 1] + words  # type: ignore[operator]
        return rows

    def _dense(self) -> Floats:
        rows, columns = self._take("2q")
        return self._array("<f4", rows * columns).astype(np.float32).reshape(rows, columns)

    def _quantised(self) -> Floats:
        (with_norm,) = self._take("?")
        rows, columns = self._take("2q")
        codes = self._array("u1", self._take("i")[0])
        parts = self._centroids()
        matrix = np.concatenate(
            [part[column] for part, column in zip(parts, codes.reshape(rows, len(parts)).T, strict=True)], axis=1
        )
        if matrix.shape[1] != columns:
            raise ValueError("its quantised matrix has another width")
        if with_norm:
            norm_codes = self._array("u1", rows)
            matrix = matrix * self._centroids()[0][norm_codes]
        return np.ascontiguousarray(matrix, np.float32)

    def _centroids(self) -> list[Floats]:
        """Of each part of a vector, [256, width of the part]."""
        _, parts, width, last = self._take("4i")
        return [
            self._array("<f4", _CENTROIDS * size).astype(np.float32).reshape(_CENTROIDS, size)
            for size in [width] * (parts - 1) + [last]
        ]
