"""Pairs that MinHash finds in real texts, against the exact Jaccard similarity of all pairs.

    python -m tests.benchmarks.near_duplicates     # with ../shared/data

Sets: editions of three books (gutenberg_editions), news articles some of which were planted twice
(mccormick_articles), and different sentences of MRPC and PAN (mrpc_and_pan). A pair is true where its exact similarity
reaches the threshold; precision is the share of found pairs that are, recall the share of true pairs that are found.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from curation.dedup.config import MinHashConfig
from tests.curation.dedup.planted import find_pairs
from tests.curation.dedup.real_sets import articles, editions, exact_similarities, planted_articles, sentences

RULES = (
    MinHashConfig(verify="signature"),
    MinHashConfig(verify="jaccard"),
    MinHashConfig(threshold=0.8, verify="signature"),
    MinHashConfig(threshold=0.8, verify="jaccard"),
)


def main() -> None:
    """Print a row for each set and rule."""
    table = Table(title="Near-duplicates of real texts: 5 words, 128 permutations, 14 bands of 8", title_justify="left")
    for heading in ("set", "texts", "threshold", "verify", "true pairs", "found", "precision", "recall", "planted"):
        table.add_column(heading, justify="left" if heading in ("set", "verify") else "right")
    named = {"gutenberg_editions": editions(), "mccormick 100": articles(100), "mccormick 1,000": articles(1000)}
    for name, texts in [*named.items(), ("mrpc_and_pan", {str(n): text for n, text in enumerate(sentences())})]:
        exact = exact_similarities(list(texts.values()))
        for rule in RULES:
            _row(table, name, texts, exact, rule)
    Console(width=120).print(table)


def _row(
    table: Table, name: str, texts: Mapping[str, str], exact: Mapping[tuple[int, int], float], rule: MinHashConfig
) -> None:
    true = {pair for pair, similarity in exact.items() if similarity >= rule.threshold}
    found = set(find_pairs(list(texts.values()), rule))
    planted = ""
    if name.startswith("mccormick"):
        names = list(texts)
        wanted = planted_articles(len(texts))
        planted = f"{len(wanted & {frozenset((names[a], names[b])) for a, b in found})} of {len(wanted)}"
    table.add_row(
        name, f"{len(texts):,}", f"{rule.threshold:g}", rule.verify, f"{len(true):,}", f"{len(found):,}",
        f"{len(found & true) / len(found):.3f}", f"{len(found & true) / len(true):.3f}", planted,
    )  # fmt: skip


if __name__ == "__main__":
    main()
