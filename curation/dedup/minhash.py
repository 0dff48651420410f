"""MinHash signatures, LSH bands, sketches and exact hashes of texts, many at a time.

Signatures are bit-identical to datasketch 2.0's `MinHash` fed with the same shingle hashes, so the two mix:

    sketch = datasketch.MinHash(num_perm=128, seed=1, hashfunc=int, scheme="affine32")
    sketch.update_batch(shingle_hashes(text))

What a shingle is, and its hash, stand in `curation.dedup.shingles`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import datasketch
import numpy as np
import xxhash
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.config import MinHashConfig as MinHashConfig
from curation.dedup.shingles import FOLD, TYPES, Shingle, Unsigned, fmix64
from curation.dedup.shingles import Scheme as Scheme
from curation.dedup.shingles import shingle_hashes as shingle_hashes

_WHITE_SPACE = b" \t\n\v\f\r"


def signatures(
    texts: Sequence[str],
    *,
    ngram: int = 5,
    num_perm: int = 128,
    seed: int = 1,
    scheme: Scheme = "affine32",
    shingle: Shingle = "words",
) -> Unsigned:
    """MinHash signatures [n, num_perm] of the shingles of `texts`, uint32 (affine32) or uint64 (affine64).

    A text of fewer than `ngram` words (characters, tokens) has no signature: its row is all ones, as datasketch's
    empty MinHash. `has_signature` tells those rows, and `band_hashes` refuses them, so that they cannot become one
    cluster: a short text is a copy of another only where the two are equal, which `exact_hash` tells.
    Any string is accepted, lone surrogates and NUL included; time and memory are linear in its length.
    """
    multipliers, offsets = permutations(num_perm, seed, scheme)
    rows = np.full((len(texts), num_perm), np.iinfo(TYPES[scheme]).max, TYPES[scheme])
    for text, row in zip(texts, rows, strict=True):
        _minimise(shingle_hashes(text, ngram, scheme="affine64", shingle=shingle), multipliers, offsets, row)
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
def _fmix32(value: Any) -> Any:
    """MurmurHash3's 32-bit finaliser of the low half of `value`."""
    value = np.uint32(value)
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value = np.uint32(value ^ (value >> np.uint32(13)))
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@compiled
def _minimise(hashes: Any, multipliers: Any, offsets: Any, minima: Any) -> None:
    """Lower `minima` to the least a * fmix(h) + b of each permutation, modulo 2^32 or 2^64 as their type is.

    The loop over permutations becomes vector instructions, whose multiplications bound the time; with eight hashes a
    sweep, loading and storing the minima costs next to nothing beside them.
    """
    kind = minima.dtype.type
    mixed = np.empty((hashes.size + 7) // 8 * 8, minima.dtype)
    for place in range(hashes.size):
        mixed[place] = _fmix32(hashes[place]) if minima.itemsize == 4 else fmix64(hashes[place])
    for place in range(hashes.size, mixed.size):
        mixed[place] = mixed[0]  # again, which changes no minimum
    for start in range(0, mixed.size, 8):
        h0, h1, h2, h3 = mixed[start], mixed[start + 1], mixed[start + 2], mixed[start + 3]
        h4, h5, h6, h7 = mixed[start + 4], mixed[start + 5], mixed[start + 6], mixed[start + 7]
        for k in range(multipliers.size):
            a, b = multipliers[k], offsets[k]
            least01 = min(kind(a * h0 + b), kind(a * h1 + b))
            least23 = min(kind(a * h2 + b), kind(a * h3 + b))
            least45 = min(kind(a * h4 + b), kind(a * h5 + b))
            least67 = min(kind(a * h6 + b), kind(a * h7 + b))
            minima[k] = min(minima[k], min(min(least01, least23), min(least45, least67)))


@compiled
def _band_hashes(signatures: Any, bands: int, rows: int) -> Any:
    hashes = np.empty((signatures.shape[0], bands), np.uint64)
    for document in range(signatures.shape[0]):
        for band in range(bands):
            folded = np.uint64(band)
            for value in signatures[document, band * rows : (band + 1) * rows]:
                folded = fmix64(folded ^ np.uint64(value)) * FOLD
            hashes[document, band] = folded
    return hashes
