"""Train and measure the shipped extraction model: `python -m curation.training.extraction WCXB_DIR OUT.npz`.

WCXB_DIR holds `ground-truth/*.json[.gz]` and `html/*.html.gz`: the development split of the Web Content Extraction
Benchmark. `--cross-validate` trains on four fifths of the sites and measures the fifth that is left, five times, so
that no site is on both sides. Needs LightGBM (`pip install 'winnow[training]'`); using the model does not.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from curation.extraction.charset import decode
from curation.extraction.choose import choose
from curation.extraction.content import (
    MAX_HTML_BYTES,
    BlockModel,
    block_sizes,
    parse,
    probabilities,
)
from curation.extraction.elements import TAGS
from curation.extraction.features import FEATURES, Tables, features
from curation.extraction.forest import Forest
from curation.extraction.layout import layout
from curation.extraction.scan import Page
from curation.training.extraction_labels import label_blocks, word_scores

MARKUP_SITES = 6
"""A word of markup is learnt when it stands on at least so many sites; below, it would tell the site."""
WORD_SITES = 10
MARKUPLESS = 0.1
"""Share of training pages whose class names are hidden, for pages that have none worth knowing."""
INNER_FOLDS = 4  # tables are learnt on other sites than those whose features they make
WORDLESS = 0.2
"""Share of training pages whose words are hidden, so that pages in other languages, whose words nobody knows, work."""
ROUNDS = 260
PARAMETERS: dict[str, Any] = {
    "objective": "cross_entropy",  # labels are shares of a block's words
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 127,
    "use_missing": False,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbose": -1,
}
_TWO_PART_SUFFIXES = frozenset(["co", "com", "org", "ac", "gov", "edu", "net"])


@dataclass(frozen=True)
class Example:
    """A page, the share of each of its blocks that is main content, and what is needed to score an extraction."""

    page: Page
    labels: NDArray[np.float32]
    sizes: NDArray[np.int32]
    site: str
    kind: str
    gold: str


def site_of(url: str, otherwise: str) -> str:
    """The registered domain of a URL, near enough to keep sites apart."""
    parts = (urlsplit(url).hostname or otherwise).split(".")
    two = len(parts) > 2 and parts[-2] in _TWO_PART_SUFFIXES and len(parts[-1]) == 2
    return ".".join(parts[-3:] if two else parts[-2:])


def fold_of(name: str, folds: int, salt: str) -> int:
    """A fold by hash: the same on every machine."""
    return int.from_bytes(hashlib.blake2b(f"{salt} {name}".encode(), digest_size=4).digest(), "little") % folds


def read_wcxb(folder: Path) -> Iterator[Example]:
    """The pages of a WCXB folder that have gold text, in order of their numbers."""
    for path in sorted((folder / "ground-truth").glob("*.json*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        truth = json.loads(raw)
        gold = truth["ground_truth"].get("main_content") or ""
        html = folder / "html" / f"{path.name.split('.')[0]}.html.gz"
        if not gold or not html.exists():
            continue
        page = parse(decode(gzip.decompress(html.read_bytes())[:MAX_HTML_BYTES], None)[0])
        labels, sizes = label_blocks([page.block_text(block) for block in range(len(page.block_element))], gold)
        kind = truth.get("_internal", {}).get("page_type", {}).get("primary", "?")
        yield Example(page, labels, sizes, site_of(truth.get("url") or "", path.name), kind, gold)


class _Odds:
    """How much main content, and how much else, stands where a word does; each page counts once."""

    def __init__(self) -> None:
        self._inside: dict[int, float] = collections.defaultdict(float)
        self._outside: dict[int, float] = collections.defaultdict(float)
        self._sites: dict[int, set[str]] = collections.defaultdict(set)

    def add(
        self,
        site: str,
        words: NDArray[np.uint32],
        inside: NDArray[np.floating],
        outside: NDArray[np.floating],
        least: float,
    ) -> None:
        """Add a page's words, each with the amounts inside and outside main content where it stands."""
        distinct, places = np.unique(words, return_inverse=True)
        within = np.bincount(places, inside, len(distinct))
        without = np.bincount(places, outside, len(distinct))
        both = within + without + least + 1e-9
        rows = zip(
            distinct.tolist(),
            (within / both).tolist(),
            (without / both).tolist(),
            strict=True,
        )
        for word, one, other in rows:
            self._inside[word] += one
            self._outside[word] += other
            self._sites[word].add(site)

    def table(self, sites: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
        """Sorted words that stand on at least so many sites, and their log-odds relative to all words'."""
        average = np.log(sum(self._inside.values()) / sum(self._outside.values()))
        keys = sorted(word for word, found in self._sites.items() if len(found) >= sites)
        values = [np.log((self._inside[word] + 1) / (self._outside[word] + 1)) - average for word in keys]
        # Half precision is what ships; training must see the same values.
        return np.array(keys, np.uint32), np.array(values, np.float16).astype(np.float32)


def _by_block(hashes: NDArray[np.uint32], bounds: NDArray[np.int32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinct words of each block, and the block of each."""
    lengths = bounds[:, 1] - bounds[:, 0]
    blocks = np.repeat(np.arange(len(bounds)), lengths)
    places = (
        np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(bounds[:, 0], lengths)
    )
    pairs = np.unique(blocks.astype(np.uint64) << np.uint64(32) | hashes[places].astype(np.uint64))
    return (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32), (pairs >> np.uint64(32)).astype(np.int64)


def learn_tables(examples: Sequence[Example]) -> Tables:
    """Log-odds of main content by word of markup, word of text and tag."""
    markup, words = _Odds(), _Odds()
    tags = np.zeros((len(TAGS), 2))
    for example in examples:
        page, inside = example.page, example.labels.astype(np.float64)
        if not len(inside):
            continue
        share = np.stack([inside, 1 - inside], 1) * example.sizes[:, None] / (example.sizes.sum() + 1e-6)
        sums = np.concatenate([np.zeros((1, 2)), np.cumsum(share, 0)])
        below = sums[page.element_last] - sums[page.element_first]
        below[page.element_last <= page.element_first] = 0
        owners = np.repeat(np.arange(len(page.element_tag)), np.diff(page.element_words))
        inline, blocks = _by_block(page.inline_words, page.block_inline)
        found = np.concatenate([page.markup_words, inline])
        amounts = np.concatenate([below[owners], share[blocks]])
        there = amounts.sum(1) > 0
        markup.add(example.site, found[there], amounts[there, 0], amounts[there, 1], 0.02)
        text, blocks = _by_block(page.words, page.block_words)
        words.add(example.site, text, inside[blocks], 1 - inside[blocks], 0.0)
        np.add.at(tags, page.element_tag[page.block_element], share)
    tag_values = np.log((tags[:, 0] + 0.3) / (tags[:, 1] + 0.3)).astype(np.float32)
    return Tables(*markup.table(MARKUP_SITES), *words.table(WORD_SITES), tag_values)


def forgetful(tables: Tables, site: str) -> Tables:
    """The tables without words of the text, or without those of markup, for some sites by hash."""
    chance = fold_of(site, 100, "forget") / 100
    if chance < WORDLESS:
        return tables._replace(word_keys=tables.word_keys[:0], word_values=tables.word_values[:0])
    if chance < WORDLESS + MARKUPLESS:
        return tables._replace(markup_keys=tables.markup_keys[:0], markup_values=tables.markup_values[:0])
    return tables


def training_features(examples: Sequence[Example]) -> list[NDArray[np.float32]]:
    """Features of each page, with tables learnt on other sites, so that they are worth what they are on new sites."""
    folds = [fold_of(example.site, INNER_FOLDS, "inner") for example in examples]
    found: dict[int, NDArray[np.float32]] = {}
    for fold in range(INNER_FOLDS):
        tables = learn_tables([example for example, other in zip(examples, folds, strict=True) if other != fold])
        for place, example in enumerate(examples):
            if folds[place] == fold:
                found[place] = features(
                    example.page,
                    forgetful(tables, f"{example.site} {len(example.gold)}"),
                )
    return [found[place] for place in range(len(examples))]


def train(examples: Sequence[Example], *, rounds: int = ROUNDS, threads: int = 1) -> BlockModel:
    """A block model from labelled pages. Each page weighs about the same, each block by its words."""
    import lightgbm

    matrix = np.concatenate(training_features(examples))
    labels = np.concatenate([example.labels for example in examples])
    weights = np.concatenate(
        [np.maximum(example.sizes, 0.5) / (example.sizes.sum() + 50) for example in examples if len(example.labels)]
    )
    data = lightgbm.Dataset(matrix, labels, weight=weights / weights.mean(), free_raw_data=True)
    booster = lightgbm.train({**PARAMETERS, "num_threads": threads}, data, rounds)
    return BlockModel(learn_tables(examples), forest_of(booster.dump_model()))


def forest_of(dump: dict[str, Any]) -> Forest:
    """LightGBM's dumped trees as arrays, parents before their children."""
    columns: dict[str, list[Any]] = {name: [] for name in Forest._fields}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            columns["leaf"].append(node["leaf_value"])
            return ~(len(columns["leaf"]) - 1)
        place = len(columns["feature"])
        columns["feature"].append(node["split_feature"])
        columns["threshold"].append(node["threshold"])
        columns["left"].append(0)
        columns["right"].append(0)
        columns["left"][place] = add(node["left_child"])
        columns["right"][place] = add(node["right_child"])
        return place

    for tree in dump["tree_info"]:
        root = add(tree["tree_structure"])
        if root >= 0:
            columns["roots"].append(root)
    return Forest.read({name: np.array(values) for name, values in columns.items()})


def save(model: BlockModel, path: Path) -> None:
    """Write the model as an `.npz` of small types; the same model gives the same bytes."""
    tables, forest = model
    np.savez_compressed(
        path,
        features=np.array(FEATURES),
        roots=forest.roots,
        feature=forest.feature,
        threshold=forest.threshold,
        left=forest.left.astype(np.int32),
        right=forest.right.astype(np.int32),
        leaf=forest.leaf,
        markup_keys=tables.markup_keys,
        markup_values=tables.markup_values.astype(np.float16),
        word_keys=tables.word_keys,
        word_values=tables.word_values.astype(np.float16),
        tag_values=tables.tag_values,
    )


def extraction_of(example: Example, model: BlockModel) -> str:
    """The text that `model` extracts from the example's page."""
    return layout(
        example.page,
        choose(probabilities(example.page, model), block_sizes(example.page)),
    )


def cross_validate(examples: Sequence[Example], folds: int = 5, threads: int = 1) -> list[tuple[str, float]]:
    """(page kind, word F1) of every page, each extracted by a model that saw no page of its site."""
    scores = []
    for fold in range(folds):
        inside = [fold_of(example.site, folds, "outer") == fold for example in examples]
        model = train(
            [e for e, held in zip(examples, inside, strict=True) if not held],
            threads=threads,
        )
        for example, held in zip(examples, inside, strict=True):
            if held:
                text = extraction_of(example, model)
                scores.append((example.kind, word_scores(text, example.gold)[2]))
    return scores


def table_of(scores: Sequence[tuple[str, float]]) -> str:
    """Mean F1 over all pages and by kind of page."""
    kinds: dict[str, list[float]] = collections.defaultdict(list)
    for kind, score in scores:
        kinds[kind].append(score)
    by_kind = "  ".join(f"{kind} {np.mean(found):.3f} ({len(found)})" for kind, found in sorted(kinds.items()))
    return f"{len(scores)} pages  word F1 {np.mean([score for _, score in scores]):.4f}\n{by_kind}"


def main() -> None:
    """Cross-validate, or train and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--cross-validate", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    examples = list(read_wcxb(options.folder))
    if not examples:
        parser.error(f"{options.folder}: no pages with gold text")
    if options.cross_validate:
        print(table_of(cross_validate(examples, threads=options.threads)))
    if options.out:
        save(train(examples, threads=options.threads), options.out)
        print(f"{options.out}: {options.out.stat().st_size} bytes from {len(examples)} pages")


if __name__ == "__main__":
    main()
