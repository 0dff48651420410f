"""MinHash signatures, LSH bands, sketches and exact hashes of texts, many at a time.

Signatures are bit-identical to datasketch 2.0's `MinHash` fed with the same shingle hashes, so the two mix:

    sketch = datasketch.MinHash(num_perm=128, seed=1, hashfunc=int, scheme="affine32")
    sketch.update_batch(shingle_hashes(text))

The hash of a shingle (`shingle@1`), all arithmetic modulo 2^64 and `fmix` MurmurHash3's 64-bit finaliser:

    word(w)     = fmix(FNV-1a of w's code points: h = 0xcbf29ce484222325, then h = (h ^ c) * 0x100000001b3)
    shingle(ws) = fmix(the fold g = 0, then g = (g ^ word(w)) * 0x9e3779b97f4a7c15), its low 32 bits for affine32

over the words of `curation.dedup.normalise`. Hashing each word once and folding word hashes reads the text once,
where hashing the bytes of every shingle reads it `ngram` times.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import datasketch
import numpy as np
import xxhash
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.config import MinHashConfig as MinHashConfig
from curation.dedup.normalise import ALONE, DIGIT, DROP, EXPAND, code_points

Scheme: TypeAlias = Literal["affine32", "affine64"]
Unsigned: TypeAlias = NDArray[Any]  # uint32 for affine32, uint64 for affine64

_TYPES: dict[str, type[np.unsignedinteger[Any]]] = {"affine32": np.uint32, "affine64": np.uint64}
_WHITE_SPACE = b" \t\n\v\f\r"

_FNV_BASIS, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_FOLD = np.uint64(0x9E3779B97F4A7C15)
_ZERO = np.uint64(ord("0"))


def shingle_hashes(text: str, ngram: int = 5, *, scheme: Scheme = "affine32") -> Unsigned:
    """Hashes of every run of `ngram` words of `text`, in the order of the text, repeats included.

    uint32 for `affine32` (the low halves of the others), uint64 for `affine64`; empty where the text has fewer
    than `ngram` words.
    """
    codes, table = code_points(text)
    hashes: Unsigned = _shingles(_words(codes, table.entries, table.expansions), ngram)
    return hashes.astype(_TYPES[scheme], copy=False)


def signatures(
    texts: Sequence[str], *, ngram: int = 5, num_perm: int = 128, seed: int = 1, scheme: Scheme = "affine32"
) -> Unsigned:
    """MinHash signatures [n, num_perm] of the word shingles of `texts`, uint32 (affine32) or uint64 (affine64).

    A text of fewer than `ngram` words has no signature: its row is all ones, as datasketch's empty MinHash.
    `has_signature` tells those rows, and `band_hashes` refuses them, so that they cannot become one cluster.
    Any string is accepted, lone surrogates and NUL included; time and memory are linear in its length.
    """
    multipliers, offsets = permutations(num_perm, seed, scheme)
    minimise = _minimise32 if scheme == "affine32" else _minimise64
    rows = np.full((len(texts), num_perm), np.iinfo(_TYPES[scheme]).max, _TYPES[scheme])
    for text, row in zip(texts, rows, strict=True):
        minimise(shingle_hashes(text, ngram, scheme=scheme), multipliers, offsets, row)
    return rows


@functools.lru_cache(maxsize=16)
def permutations(num_perm: int, seed: int, scheme: Scheme = "affine32") -> tuple[Unsigned, Unsigned]:
    """datasketch's multipliers and offsets for `num_perm` permutations of a seed."""
    multipliers, offsets = datasketch.MinHash(num_perm=num_perm, seed=seed, scheme=scheme).permutations
    return np.ascontiguousarray(multipliers), np.ascontiguousarray(offsets)


def has_signature(signatures: Unsigned) -> NDArray[np.bool_]:
    """Which rows [n] are signatures, and not those of texts too short to have a shingle."""
    present: NDArray[np.bool_] = (signatures != np.iinfo(signatures.dtype).max).any(axis=1)
    return present


def band_hashes(signatures: Unsigned, bands: int, rows: int) -> NDArray[np.uint64]:
    """The hash [n, bands] of each band of `rows` consecutive values; bands differ in seed, so one may group by hash.

    Raises:
        ValueError: where a row has no signature (select with `has_signature` first: all of them would share every
            bucket), or bands * rows is more than a signature holds.
    """
    if bands < 1 or rows < 1 or bands * rows > signatures.shape[1]:
        raise ValueError(f"{bands} bands of {rows} rows do not fit a signature of {signatures.shape[1]} values")
    missing = np.flatnonzero(~has_signature(signatures))
    if missing.size:
        raise ValueError(f"row {missing[0]} has no signature (too few words); keep only rows where has_signature")
    return _band_hashes(np.ascontiguousarray(signatures), bands, rows)  # type: ignore[no-any-return]


def sketch(signatures: Unsigned) -> NDArray[np.uint8]:
    """The lowest byte [n, num_perm] of each value: b-bit minwise hashing with b = 8 (Li and König, WWW 2010).

    A quarter of an affine32 signature, or less, to travel with a band's hash so that a bucket can be verified from
    what was shuffled.
    """
    return signatures.astype(np.uint8)


def sketch_similarity(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Estimated Jaccard similarity over the last axis of two sketches, 0 to 1.

    Unlike values share their lowest byte once in 256, which is taken out: (m - 1/256) / (1 - 1/256) for a matching
    share m, at least 0. The standard error at J is about sqrt(J(1 - J) / num_perm).
    """
    matches = np.count_nonzero(a == b, axis=-1)
    return np.asarray(similarity_of_matches(matches, a.shape[-1]), np.float32)


def similarity_of_matches(matches: Any, size: int) -> Any:
    """Estimated Jaccard similarity (float64) of sketches of `size` bytes of which `matches` agree."""
    return np.maximum(0.0, (np.asarray(matches) / size - 1 / 256) / (1 - 1 / 256))


def exact_hash(texts: Sequence[str]) -> NDArray[np.uint64]:
    """128-bit hash of each text under `exact@1`, as two columns [n, 2] of 64 bits, the high one first.

    `exact@1` is xxh3_128 (seed 0) of the text's UTF-8 without its ASCII white space, so copies that differ in line
    ends, wrapping or indentation are one. Unicode normalisation is left out on purpose: it is quadratic in hostile
    runs of combining marks, and near-duplicate detection finds what differs in that alone.
    """
    digests = [
        xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass").translate(None, _WHITE_SPACE)) for text in texts
    ]
    return np.frombuffer(b"".join(digests), ">u8").astype(np.uint64).reshape(-1, 2)


@compiled
def _fmix64(value: Any) -> Any:
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@compiled
def _fmix32(value: Any) -> Any:
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value = np.uint32(value ^ (value >> np.uint32(13)))
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@compiled
def _words(codes: Any, entries: Any, expansions: Any) -> Any:
    """Hashes of the words of a text given as code points; `normalise@1` as a state machine."""
    words = np.empty(codes.size + 1, np.uint64)  # no character begins two words; pages not written cost no memory
    count = 0
    word = _FNV_BASIS
    empty = True
    digits = False
    single = np.empty(1, np.uint32)
    for code in codes:
        entry = entries[code]
        if DROP < entry < EXPAND:  # a word character, by far the most frequent case
            word = (word ^ np.uint64(entry)) * _FNV_PRIME
            empty = False
            digits = False
            continue
        if EXPAND <= entry < ALONE:
            place = entry - EXPAND
            run = expansions[place + 1 : place + 1 + expansions[place]]
        else:
            single[0] = entry
            run = single
        for one in run:
            if one == DROP:
                continue
            if one == DIGIT:
                if not digits:
                    word = (word ^ _ZERO) * _FNV_PRIME
                    empty = False
                    digits = True
                continue
            digits = False
            if DROP < one < EXPAND:
                word = (word ^ np.uint64(one)) * _FNV_PRIME
                empty = False
                continue
            if not empty:  # a separator, or a character that is a word of its own
                words[count] = _fmix64(word)
                count += 1
                word = _FNV_BASIS
                empty = True
            if one >= ALONE:
                words[count] = _fmix64((_FNV_BASIS ^ np.uint64(one - ALONE)) * _FNV_PRIME)
                count += 1
    if not empty:
        words[count] = _fmix64(word)
        count += 1
    return words[:count]


@compiled
def _shingles(words: Any, ngram: int) -> Any:
    hashes = np.empty(max(0, words.size - ngram + 1), np.uint64)
    for start in range(hashes.size):
        folded = np.uint64(0)
        for word in words[start : start + ngram]:
            folded = (folded ^ word) * _FOLD
        hashes[start] = _fmix64(folded)
    return hashes


@compiled
def _minimise32(hashes: Any, multipliers: Any, offsets: Any, minima: Any) -> None:
    """Lower `minima` to the least a * fmix(h) + b of each permutation, modulo 2^32."""
    last = hashes.size - 1
    for start in range(0, hashes.size, 4):  # four hashes a sweep: one load and store of the minima for all
        h0 = _fmix32(hashes[start])
        h1 = _fmix32(hashes[min(start + 1, last)])
        h2 = _fmix32(hashes[min(start + 2, last)])
        h3 = _fmix32(hashes[min(start + 3, last)])
        for k in range(multipliers.size):
            a, b = multipliers[k], offsets[k]
            low = min(np.uint32(a * h0 + b), np.uint32(a * h1 + b))
            high = min(np.uint32(a * h2 + b), np.uint32(a * h3 + b))
            minima[k] = min(minima[k], min(low, high))


@compiled
def _minimise64(hashes: Any, multipliers: Any, offsets: Any, minima: Any) -> None:
    """As `_minimise32`, modulo 2^64."""
    last = hashes.size - 1
    for start in range(0, hashes.size, 4):
        h0 = _fmix64(hashes[start])
        h1 = _fmix64(hashes[min(start + 1, last)])
        h2 = _fmix64(hashes[min(start + 2, last)])
        h3 = _fmix64(hashes[min(start + 3, last)])
        for k in range(multipliers.size):
            a, b = multipliers[k], offsets[k]
            low = min(a * h0 + b, a * h1 + b)
            high = min(a * h2 + b, a * h3 + b)
            minima[k] = min(minima[k], min(low, high))


@compiled
def _band_hashes(signatures: Any, bands: int, rows: int) -> Any:
    hashes = np.empty((signatures.shape[0], bands), np.uint64)
    for document in range(signatures.shape[0]):
        for band in range(bands):
            folded = np.uint64(band)
            for value in signatures[document, band * rows : (band + 1) * rows]:
                folded = _fmix64(folded ^ np.uint64(value)) * _FOLD
            hashes[document, band] = folded
    return hashes
