"""The texts of ../shared/data/neardup, and their pairs by exact Jaccard similarity."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from curation.dedup.shingles import shingle_hashes
from tests.curation.dedup.planted import jaccard

NEARDUP = Path(__file__).parents[3] / "../shared/data/neardup"


def lines(path: str) -> list[str]:
    with gzip.open(NEARDUP / path, "rt", encoding="utf-8-sig") as stream:
        return stream.read().splitlines()


def edition_pairs() -> list[dict[str, Any]]:
    with (NEARDUP / "gutenberg_editions/pairs.jsonl").open() as stream:
        return [json.loads(line) for line in stream]


def editions() -> dict[str, str]:
    """Name -> text of editions of three books."""
    names = sorted({name for pair in edition_pairs() for name in (pair["a"], pair["b"])})
    texts = {}
    for name in names:
        with gzip.open(NEARDUP / f"gutenberg_editions/{name}.gz", "rt", encoding="utf-8", errors="replace") as stream:
            texts[name] = stream.read()
    return texts


def articles(count: int) -> dict[str, str]:
    """Name -> text of 100 or 1,000 news articles, some of which were planted twice."""
    return dict(line.split(" ", 1) for line in lines(f"mccormick_articles/articles_{count}.train.gz"))


def planted_articles(count: int) -> set[frozenset[str]]:
    """The pairs of names that were planted."""
    truth = (NEARDUP / f"mccormick_articles/articles_{count}.truth").read_text().splitlines()
    return {frozenset(line.split()) for line in truth if line}


def sentences() -> list[str]:
    """The different sentences of MRPC and of PAN's plagiarism corpus, in order."""
    found = set()
    for part in ("train", "test"):
        for line in lines(f"mrpc_and_pan/msr-paraphrase-corpus__msr_paraphrase_{part}.txt.gz")[1:]:
            found.update(line.split("\t")[3:5])
        for side in ("s1", "s2"):
            found.update(lines(f"mrpc_and_pan/mt-metrics-paraphrase-corpus__pan-{part}_{side}.txt.gz"))
    return sorted(found)


def exact_similarities(texts: list[str]) -> dict[tuple[int, int], float]:
    """The Jaccard similarity of all pairs of places that share a shingle of five words."""
    shingles = [shingle_hashes(text) for text in texts]
    holders = defaultdict(list)
    for place, hashes in enumerate(shingles):
        for value in set(hashes.tolist()):
            holders[value].append(place)
    sharing = {pair for places in holders.values() for pair in itertools.combinations(places, 2)}
    return {(a, b): jaccard(shingles[a], shingles[b]) for a, b in sorted(sharing)}
