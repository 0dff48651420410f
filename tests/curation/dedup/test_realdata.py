"""Near-duplicates in real texts of ../shared/data/neardup against their exact Jaccard similarity."""

from __future__ import annotations

import pytest

from curation.dedup.config import MinHashConfig
from curation.dedup.minhash import exact_hash
from tests.curation.dedup.planted import find_pairs
from tests.curation.dedup.real_sets import (
    NEARDUP,
    articles,
    edition_pairs,
    editions,
    exact_similarities,
    planted_articles,
    sentences,
)

pytestmark = [pytest.mark.realdata, pytest.mark.skipif(not NEARDUP.is_dir(), reason="../shared/data is absent")]

CONFIGS = [
    MinHashConfig(verify="signature"),
    MinHashConfig(threshold=0.8, verify="signature"),
    MinHashConfig(preset="threshold", threshold=0.8, verify="signature"),
    MinHashConfig(threshold=0.8, verify="jaccard"),
]
STANDARD_ERROR = 0.0354  # of an estimate at Jaccard 0.8 from 128 permutations


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.preset}-{config.threshold}-{config.verify}")
def test_editions_of_one_book_pair_and_no_others_do(config: MinHashConfig) -> None:
    pairs, books = edition_pairs(), editions()
    names, texts = list(books), list(books.values())
    expected = {tuple(sorted((names.index(pair["a"]), names.index(pair["b"])))) for pair in pairs if pair["same_book"]}
    assert set(find_pairs(texts, config)) == expected
    assert all(pair["same_book"] == (pair["jaccard_word5"] > config.threshold) for pair in pairs)
    hashes = dict(zip(names, exact_hash(texts).tolist(), strict=True))
    assert all(hashes[pair["a"]] == hashes[pair["b"]] for pair in pairs if pair["identical_bytes"])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.preset}-{config.threshold}-{config.verify}")
@pytest.mark.parametrize("count", [100, 1000])
def test_all_planted_articles_are_found_and_no_others(count: int, config: MinHashConfig) -> None:
    named = articles(count)
    names = list(named)
    found = find_pairs(list(named.values()), config)
    assert {frozenset((names[a], names[b])) for a, b in found} == planted_articles(count)


def test_sentences_are_merged_at_080_only_where_their_true_jaccard_supports_it() -> None:
    texts = sentences()
    exact = exact_similarities(texts)
    true = {pair for pair, similarity in exact.items() if similarity >= 0.8}
    found = set(find_pairs(texts, MinHashConfig(threshold=0.8, verify="signature")))
    assert len(texts) > 30_000 and len(true) > 150
    # A signature estimates: what it adds is near the threshold, and what it misses is as the S-curve says.
    assert min(exact[pair] for pair in found) > 0.8 - 3 * STANDARD_ERROR
    assert len(found & true) / len(found) > 0.9
    assert len(found & true) / len(true) > 0.9
    # True similarity merges nothing else, and misses only what the bands do.
    certain = find_pairs(texts, MinHashConfig(threshold=0.8, verify="jaccard"))
    assert all(certain[pair] == pytest.approx(exact[pair]) for pair in certain)
    assert set(certain) <= true
    assert len(certain) / len(true) > 0.97
