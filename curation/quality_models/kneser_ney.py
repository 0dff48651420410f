"""Estimation of n-gram models with modified Kneser-Ney smoothing, interpolated, as KenLM's `lmplz` does it.

S. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling" (1998); K. Heafield et al.,
"Scalable modified Kneser-Ney language model estimation" (2013). All of it is sorting and counting in NumPy.
"""

from __future__ import annotations

import array
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.quality_models.ngram_model import (
    BEGIN,
    END,
    LEAST_LOG,
    MAX_ORDER,
    SPECIAL,
    UNKNOWN,
    NGramTable,
    chain,
    word_hash,
)
from manifests.errors import UsageError

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts of counts 1, 2 and more where too little text gives none: those of `lmplz --discount_fallback`."""

_BEGIN, _END, _UNKNOWN = 0, 1, 2
_Ids = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corpus:
    """Sentences as numbers of words, each from `<s>` to `</s>`, one after the other."""

    words: tuple[str, ...]  # the vocabulary; `<s>`, `</s>` and `<unk>` come first
    tokens: NDArray[np.uint32]
    places: NDArray[np.uint32]  # of each token in its sentence, 0 for `<s>`


def read_corpus(sentences: Iterable[Sequence[str]]) -> Corpus:
    """Number the words of sentences. Words that look like `<s>`, `</s>` or `<unk>` are left out."""
    index = {BEGIN: _BEGIN, END: _END, UNKNOWN: _UNKNOWN}
    tokens, places = array.array("I"), array.array("I")
    for sentence in sentences:
        numbers = [index.setdefault(word, len(index)) for word in sentence if word not in SPECIAL]
        tokens.append(_BEGIN)
        tokens.extend(numbers)
        tokens.append(_END)
        places.extend(range(len(numbers) + 2))
    return Corpus(tuple(index), np.frombuffer(tokens, np.uint32), np.frombuffer(places, np.uint32))


@dataclass(frozen=True)
class _Grams:
    """The different n-grams of one order."""

    last: _Ids  # a token with which each ends
    context: _Ids  # number of its first words among the n-grams of the order below
    suffix: _Ids  # number of its last words there
    counts: _Ids  # how often it occurs
    begins: NDArray[np.bool_]  # whether it starts with `<s>`


def estimate(corpus: Corpus, order: int) -> NGramTable:
    """A model of n-grams of 1 to `order` words.

    Raises:
        UsageError: an order out of range, or no words.
    """
    if not 2 <= order <= MAX_ORDER:
        raise UsageError(f"the order of an n-gram model is 2 to {MAX_ORDER}, not {order}")
    if len(corpus.words) <= len(SPECIAL):
        raise UsageError("no words to learn an n-gram model from")
    grams = _count(corpus, order)
    counts = _adjusted(grams)
    discounts = [_discounts(grams[0], counts[0], unigrams=True)]
    discounts += [_discounts(one, count) for one, count in zip(grams[1:], counts[1:], strict=True)]
    probability, lower = _unigrams(counts[0], discounts[0], len(corpus.words))
    found: list[tuple[_Floats, _Floats]] = []
    for n in range(1, order):
        share, left = _shares(grams[n], counts[n], discounts[n], len(probability))
        found.append((probability, left))
        probability = share + left[grams[n].context] * probability[grams[n].suffix]
    found.append((probability, np.ones(len(probability))))
    # The probability of `<s>` itself is asked for by nobody; an ARPA file says 1.
    found[0][0][_BEGIN] = 1.0
    about = {
        "tokens": int((corpus.places > 0).sum()), "sentences": int((corpus.places == 0).sum()),
        "ngrams": [len(one.last) if n else len(corpus.words) for n, one in enumerate(grams)],
        "discounts": [[round(float(value), 6) for value in three] for three in discounts],
        "unknown": float(np.log10(lower)),
    }  # fmt: skip
    return NGramTable(
        order,
        np.concatenate(list(_keys(corpus, grams))),
        np.concatenate([np.minimum(_log(one), np.float32(0)) for one, _ in found]),
        np.concatenate([_log(one) for _, one in found]),
        True,
        about,
    )


def _log(values: _Floats) -> NDArray[np.float32]:
    # Where all that was counted has the same count, a discount can be 0, and nothing is left to the order below.
    return np.asarray(np.log10(np.maximum(values, 10.0**LEAST_LOG)), np.float32)


def _count(corpus: Corpus, order: int) -> list[_Grams]:
    tokens, places = corpus.tokens.astype(np.int64), corpus.places
    size = len(corpus.words)
    counts = np.bincount(tokens, minlength=size)
    first = np.zeros(size, np.int64)
    first[tokens[::-1]] = np.arange(len(tokens) - 1, -1, -1)
    nothing = np.zeros(size, np.int64)
    grams = [_Grams(first, nothing, nothing, counts, np.arange(size) == _BEGIN)]
    ending = tokens  # at each token the number of the n-gram that ends there
    for n in range(2, order + 1):
        inside = np.flatnonzero(places >= n - 1)
        pairs = ending[inside - 1].astype(np.uint64) * np.uint64(size) + tokens[inside].astype(np.uint64)
        _, where, numbers, repeats = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
        last = inside[where]
        grams.append(_Grams(last, ending[last - 1], ending[last], repeats, places[last] == n - 1))
        following = np.zeros(len(tokens), np.int64)
        following[inside] = numbers
        ending = following
    return grams


def _adjusted(grams: list[_Grams]) -> list[_Ids]:
    """How many different words stand before an n-gram; at the highest order and after `<s>`, how often it occurs."""
    counts = []
    for one, above in itertools.pairwise(grams):
        counts.append(np.where(one.begins, one.counts, np.bincount(above.suffix, minlength=len(one.last))))
    counts.append(grams[-1].counts)
    counts[0][_BEGIN] = 0
    return counts


def _discounts(grams: _Grams, counts: _Ids, *, unigrams: bool = False) -> _Floats:
    """What is taken off counts of 1, 2, and 3 or more: equation 26 of Chen and Goodman."""
    used = counts[~grams.begins] if unigrams else counts
    n = np.bincount(np.minimum(used, 5), minlength=6).astype(np.float64)
    if not n[1:4].all():
        return np.array(FALLBACK)
    y = n[1] / (n[1] + 2 * n[2])
    found = np.array([k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)])
    return found if ((found >= 0) & (found <= (1, 2, 3))).all() else np.array(FALLBACK)


def _taken(counts: _Ids, discounts: _Floats) -> _Floats:
    return np.concatenate(([0.0], discounts))[np.minimum(counts, 3)]


def _unigrams(counts: _Ids, discounts: _Floats, size: int) -> tuple[_Floats, float]:
    """Probabilities of words, and that of an unknown one; what discounting frees goes to all words alike."""
    taken = _taken(counts, discounts)
    total = counts.sum()
    lower = taken.sum() / total / (size - 1)  # `<s>` is never predicted
    return (counts - taken) / total + lower, float(lower)


def _shares(grams: _Grams, counts: _Ids, discounts: _Floats, contexts: int) -> tuple[_Floats, _Floats]:
    """The discounted share of each n-gram in its context, and what each context leaves to the order below."""
    taken = _taken(counts, discounts)
    totals = np.bincount(grams.context, counts, contexts)
    freed = np.bincount(grams.context, taken, contexts)
    left = np.divide(freed, totals, out=np.ones(contexts), where=totals > 0)
    return (counts - taken) / totals[grams.context], left


def _keys(corpus: Corpus, grams: list[_Grams]) -> Iterable[NDArray[np.uint64]]:
    hashes = np.array([word_hash(word) for word in corpus.words], np.uint64)
    yield chain(None, hashes)
    for n, one in enumerate(grams[1:], 2):
        keys: NDArray[np.uint64] | None = None
        for back in range(n):
            keys = chain(keys, hashes[corpus.tokens[one.last - back]])
        assert keys is not None
        yield keys
