"""Texts whose similarity is known, and the chain from texts to pairs that the tests run."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from curation.dedup.buckets import Pairs, candidate_pairs, concatenate_pairs
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import Keys, hex_from_keys, keys_from_hex
from curation.dedup.minhash import band_hashes, has_signature, signatures, sketch
from curation.dedup.shingles import shingle_set
from curation.dedup.verify import jaccard_similarities


def numbered_keys(numbers: Iterable[int]) -> Keys:
    return keys_from_hex([f"{number:032x}" for number in numbers])


def numbers_of(keys: NDArray[np.bytes_]) -> list[int]:
    return [int(identifier, 16) for identifier in hex_from_keys(keys)]


def word(number: int) -> str:
    """A word of letters, another for each number."""
    letters = ""
    while True:
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
        if not number:
            return letters + "x"


def planted_pair(serial: int, shared: int, own: int) -> tuple[str, str]:
    """Two texts of `shared` common 5-word shingles and `own` of their own each: Jaccard shared / (shared + 2 own)."""
    common = [word(serial * 10_000 + i) for i in range(shared + 4)]
    first = [word(serial * 10_000 + 4_000 + i) for i in range(own)]
    second = [word(serial * 10_000 + 7_000 + i) for i in range(own)]
    return " ".join(common + first), " ".join(common + second)


def find_pairs(texts: list[str], config: MinHashConfig) -> dict[tuple[int, int], float]:
    """Pairs of places in `texts` that the configuration finds, with their estimated similarity."""
    rows = signatures(
        texts,
        ngram=config.ngram,
        num_perm=config.num_perm,
        seed=config.seed,
        scheme=config.scheme,
        shingle=config.shingle,
    )
    places = np.flatnonzero(has_signature(rows))
    keys, sketches = numbered_keys(places.tolist()), sketch(rows[places])
    bands = band_hashes(rows[places], *config.bands_rows)
    found = concatenate_pairs(
        [
            candidate_pairs(
                bands[:, band],
                keys,
                sketches,
                threshold=config.threshold,
                cap=config.bucket_cap,
                least=config.candidate_similarity,
            )
            for band in range(bands.shape[1])
        ]
    )
    return verified(texts, as_dict(found), config) if config.verify == "jaccard" else as_dict(found)


def verified(
    texts: list[str], candidates: dict[tuple[int, int], float], config: MinHashConfig
) -> dict[tuple[int, int], float]:
    """The candidates whose true similarity reaches the threshold, with that."""
    used = sorted({place for pair in candidates for place in pair})
    sets = [shingle_set(texts[place], config.ngram, config.shingle) for place in used]
    sides = [np.searchsorted(used, [pair[side] for pair in candidates]) for side in (0, 1)]
    similarity = jaccard_similarities(sets, *sides).tolist()
    return {pair: true for pair, true in zip(candidates, similarity, strict=True) if true >= config.threshold - 1e-9}


def as_dict(pairs: Pairs) -> dict[tuple[int, int], float]:
    places = zip(numbers_of(pairs.left), numbers_of(pairs.right), strict=True)
    return dict(zip(places, pairs.similarity.tolist(), strict=True))


def jaccard(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    union = np.union1d(a, b).size
    return np.intersect1d(a, b).size / union if union else 0.0
