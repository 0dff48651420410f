"""ARPA files, the exchange format of n-gram models (SRILM, KenLM, IRSTLM), read into a table of hashes."""

from __future__ import annotations

import gzip
import math
import os
import re
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from curation.quality_models.ngram_model import (
    BEGIN,
    END,
    LEAST_LOG,
    MAX_ORDER,
    UNKNOWN,
    NGramTable,
    chain,
    word_hash,
)
from manifests.errors import UsageError

_COUNT = re.compile(rb"ngram +(\d{1,3}) *= *(\d{1,15})$")
_SECTION = re.compile(rb"\\(\d{1,3})-grams:$")
_SPELLINGS = {b"<UNK>": UNKNOWN, b"<S>": BEGIN, b"</S>": END}
_MAX_LINE = 1 << 20


def read_arpa(path: str | os.PathLike[str]) -> NGramTable:
    """The model in an ARPA file, gzipped or not.

    A word that the file does not know gets `<unk>`'s probability, 10**-100 where it has none, as in KenLM.

    Raises:
        UsageError: the file is missing, or breaks off, or is no ARPA file; names the line.
    """
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(name, "rb") if packed else Path(name).open("rb") as stream:
            return _Reader(name, iter(lambda: stream.readline(_MAX_LINE), b"")).table()
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{name}: cannot be read as an ARPA language model: {reason}") from error


class _Reader:
    def __init__(self, name: str, lines: Iterator[bytes]) -> None:
        self._name, self._lines, self._number = name, lines, 0
        self._hashes: dict[bytes, int] = {}

    def table(self) -> NGramTable:
        while self._line() != rb"\data" + b"\\":
            pass  # what stands before is a comment
        announced: list[int] = []
        line = self._line()
        while not line or line.startswith(b"ngram"):
            match = _COUNT.match(line)
            if line and (match is None or int(match[1]) != len(announced) + 1):
                self._fail(f"expected `ngram {len(announced) + 1}=COUNT`")
            if match is not None:
                announced.append(int(match[2]))
            line = self._line()
        if not 1 <= len(announced) <= MAX_ORDER:
            self._fail(f"models of 1 to {MAX_ORDER} words can be read, this one has {len(announced)}")
        keys, probabilities, backoffs = [], array("f"), array("f")
        for size, count in enumerate(announced, 1):
            while not line:
                line = self._line()
            match = _SECTION.match(line)
            if match is None or int(match[1]) != size:
                self._fail(f"expected `\\{size}-grams:`")
            words = array("Q")
            line = self._line()
            while line and not line.startswith(b"\\"):
                self._entry(line, size, words, probabilities, backoffs)
                line = self._line()
            if len(words) != count * size:
                self._fail(f"{len(words) // size} {size}-grams where {count} were announced")
            columns = np.frombuffer(words, np.uint64).reshape(-1, size) if count else np.zeros((0, size), np.uint64)
            last = None
            for place in range(size - 1, -1, -1):
                last = chain(last, columns[:, place])
            assert last is not None
            keys.append(last)
        while not line:
            line = self._line()
        if line != rb"\end" + b"\\":
            self._fail("expected `\\end\\`")
        if word_hash(UNKNOWN) not in self._hashes.values():
            keys.append(chain(None, np.array([word_hash(UNKNOWN)], np.uint64)))
            probabilities.append(LEAST_LOG)
            backoffs.append(0.0)
        logs = np.frombuffer(probabilities, np.float32), np.frombuffer(backoffs, np.float32)
        return NGramTable(len(announced), np.concatenate(keys), *logs, closed=False)

    def _entry(self, line: bytes, size: int, words: array[int], logs: array[float], backoffs: array[float]) -> None:
        parts = line.split()
        try:
            if len(parts) not in (size + 1, size + 2):
                raise ValueError
            log, backoff = float(parts[0]), float(parts[size + 1]) if len(parts) == size + 2 else 0.0
            if not log <= 0 or not math.isfinite(backoff):
                raise ValueError
        except ValueError:
            self._fail(f"expected a logarithm, {size} words and perhaps a back-off weight")
        words.extend(map(self._hash, parts[1 : size + 1]))
        logs.append(max(log, LEAST_LOG))
        backoffs.append(backoff)

    def _hash(self, word: bytes) -> int:
        found = self._hashes.get(word)
        if found is None:
            found = self._hashes[word] = word_hash(_SPELLINGS.get(word) or word.decode("utf-8", "replace"))
        return found

    def _line(self) -> bytes:
        self._number += 1
        line = next(self._lines, None)
        if line is None:
            self._fail("the file ends too early; an ARPA file has `\\data\\`, its n-grams, and `\\end\\`")
        assert line is not None
        return line.strip()

    def _fail(self, message: str) -> None:
        raise UsageError(f"{self._name}:{self._number}: {message}")
