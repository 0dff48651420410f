"""Near-duplicates in real texts of ../shared/data/neardup against their exact Jaccard similarity."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import defaultdict
from pathlib import Path

import pytest

from curation.dedup.config import MinHashConfig
from curation.dedup.minhash import exact_hash, shingle_hashes
from tests.curation.dedup.planted import find_pairs, jaccard

NEARDUP = Path(__file__).parents[3] / "../shared/data/neardup"
pytestmark = [pytest.mark.realdata, pytest.mark.skipif(not NEARDUP.is_dir(), reason="../shared/data is absent")]

CONFIGS = [
    MinHashConfig(),
    MinHashConfig(threshold=0.8),
    MinHashConfig(preset="threshold", threshold=0.8),
    MinHashConfig(threshold=0.8, verify="jaccard"),
]
STANDARD_ERROR = 0.0354  # of an estimate at Jaccard 0.8 from 128 permutations


def lines(path: str) -> list[str]:
    with gzip.open(NEARDUP / path, "rt", encoding="utf-8-sig") as stream:
        return stream.read().splitlines()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.preset}-{config.threshold}-{config.verify}")
def test_editions_of_one_book_pair_and_no_others_do(config: MinHashConfig) -> None:
    with (NEARDUP / "gutenberg_editions/pairs.jsonl").open() as stream:
        pairs = [json.loads(line) for line in stream]
    names = sorted({name for pair in pairs for name in (pair["a"], pair["b"])})
    texts = []
    for name in names:
        with gzip.open(NEARDUP / f"gutenberg_editions/{name}.gz", "rt", encoding="utf-8", errors="replace") as stream:
            texts.append(stream.read())
    expected = {tuple(sorted((names.index(pair["a"]), names.index(pair["b"])))) for pair in pairs if pair["same_book"]}
    assert set(find_pairs(texts, config)) == expected
    assert all(pair["same_book"] == (pair["jaccard_word5"] > config.threshold) for pair in pairs)
    hashes = dict(zip(names, exact_hash(texts).tolist(), strict=True))
    assert all(hashes[pair["a"]] == hashes[pair["b"]] for pair in pairs if pair["identical_bytes"])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.preset}-{config.threshold}-{config.verify}")
@pytest.mark.parametrize("count", [100, 1000])
def test_all_planted_articles_are_found_and_no_others(count: int, config: MinHashConfig) -> None:
    articles = [line.split(" ", 1) for line in lines(f"mccormick_articles/articles_{count}.train.gz")]
    truth = (NEARDUP / f"mccormick_articles/articles_{count}.truth").read_text().splitlines()
    found = find_pairs([text for _, text in articles], config)
    assert {frozenset((articles[a][0], articles[b][0])) for a, b in found} == {frozenset(t.split()) for t in truth if t}


def test_sentences_are_merged_at_080_only_where_their_true_jaccard_supports_it() -> None:
    sentences = set()
    for part in ("train", "test"):
        for line in lines(f"mrpc_and_pan/msr-paraphrase-corpus__msr_paraphrase_{part}.txt.gz")[1:]:
            sentences.update(line.split("\t")[3:5])
        for side in ("s1", "s2"):
            sentences.update(lines(f"mrpc_and_pan/mt-metrics-paraphrase-corpus__pan-{part}_{side}.txt.gz"))
    texts = sorted(sentences)
    shingles = [shingle_hashes(text) for text in texts]
    holders = defaultdict(list)
    for place, hashes in enumerate(shingles):
        for value in set(hashes.tolist()):
            holders[value].append(place)
    sharing = {pair for places in holders.values() for pair in itertools.combinations(places, 2)}
    exact = {(a, b): jaccard(shingles[a], shingles[b]) for a, b in sharing}
    true = {pair for pair, similarity in exact.items() if similarity >= 0.8}
    found = set(find_pairs(texts, MinHashConfig(threshold=0.8)))
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
