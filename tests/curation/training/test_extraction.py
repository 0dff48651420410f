from __future__ import annotations

import gzip
import json
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from curation.extraction.content import BlockModel, load_model, probabilities
from curation.extraction.forest import log_odds
from curation.training.extraction import (
    cross_validate,
    extraction_of,
    forest_of,
    forgetful,
    learn_tables,
    read_wcxb,
    save,
    site_of,
    table_of,
)
from curation.training.extraction_labels import label_blocks, word_scores


@pytest.mark.parametrize(
    ("texts", "gold", "expected"),
    [
        (["Home", "One two three four.", "Five six", "Share"], "One two three four. Five six", [0, 1, 1, 0]),
        # "the" is in the gold text, but not there.
        (["the", "alpha beta gamma delta"], "alpha beta gamma delta. And the end", [0, 1]),
        (["alpha beta x y"], "alpha beta", [0.5]),
        # Moved elsewhere in the gold text: longer blocks count by their sequences of four words.
        (
            ["one two three four five six seven", "a b c d e f g h i j"],
            "a b c d e f g h i j one two three four five six seven",
            [1, 1],
        ),
        ([], "x", []),
        (["..."], "x", [0]),
    ],
)
def test_blocks_are_labelled_by_their_words_in_the_gold_text(
    texts: list[str], gold: str, expected: list[float]
) -> None:
    labels, sizes = label_blocks(texts, gold)
    assert labels.tolist() == expected
    assert len(sizes) == len(texts)


def test_word_scores_are_those_of_multisets() -> None:
    assert word_scores("a a b", "A b c d") == (2 / 3, 2 / 4, pytest.approx(4 / 7))
    assert word_scores("x", "y") == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("url", "site"),
    [("https://a.b.example.com/x", "example.com"), ("http://news.bbc.co.uk/", "bbc.co.uk"), ("", "page7.json")],
)
def test_sites_are_registered_domains(url: str, site: str) -> None:
    assert site_of(url, "page7.json") == site


def test_trees_give_what_lightgbm_gives() -> None:
    generator = np.random.default_rng(3)
    rows = generator.normal(size=(400, 5)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(float)
    booster = lightgbm.train(
        {"objective": "cross_entropy", "num_leaves": 7, "verbose": -1, "use_missing": False, "num_threads": 1},
        lightgbm.Dataset(rows, labels),
        12,
    )
    out = np.empty(len(rows), np.float32)
    log_odds(forest_of(booster.dump_model()), rows, out)
    assert np.abs(out - booster.predict(rows, raw_score=True)).max() < 1e-5


def write_benchmark(folder: Path) -> Path:
    (folder / "ground-truth").mkdir(parents=True)
    (folder / "html").mkdir()
    for page in range(24):
        sentences = [f"Sentence {page} number {n} tells, at some length, of things that happened." for n in range(6)]
        body = "".join(f"<p class=story-text>{sentence}</p>" for sentence in sentences)
        menu = "".join(f"<li><a href=/{n}>Menu entry {n}</a></li>" for n in range(8))
        foot = "<p class=foot>© 2026</p>"
        html = f"<title>T</title><body><ul class=site-menu>{menu}</ul><div class=story>{body}</div>{foot}"
        truth = {
            "url": f"https://site{page}.example/",
            "ground_truth": {"main_content": "\n".join(sentences)},
            "_internal": {"page_type": {"primary": "article"}},
        }
        (folder / "ground-truth" / f"{page:04}.json").write_text(json.dumps(truth))
        (folder / "html" / f"{page:04}.html.gz").write_bytes(gzip.compress(html.encode()))
    return folder


def test_a_model_learns_what_is_content_on_sites_it_has_not_seen(tmp_path: Path) -> None:
    examples = list(read_wcxb(write_benchmark(tmp_path / "wcxb")))
    assert [example.labels.tolist() for example in examples[:1]] == [[0.0] * 8 + [1.0] * 6 + [0.0]]
    scores = cross_validate(examples, folds=2)
    assert table_of(scores) == "24 pages  word F1 1.0000\narticle 1.000 (24)"


def test_a_saved_model_is_the_same_and_has_the_same_bytes(tmp_path: Path) -> None:
    examples = list(read_wcxb(write_benchmark(tmp_path / "wcxb")))
    tables = learn_tables(examples)
    one_leaf = forest_of(
        {
            "tree_info": [
                {
                    "tree_structure": {
                        "split_feature": 2,
                        "threshold": 0.5,
                        "left_child": {"leaf_value": 3.0},
                        "right_child": {"leaf_value": -3.0},
                    }
                }
            ]
        }
    )
    model = BlockModel(tables, one_leaf)
    for name in ("a.npz", "b.npz"):
        save(model, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load_model(tmp_path / "a.npz")
    page = examples[0].page
    assert probabilities(page, again).tolist() == probabilities(page, model).tolist()
    assert extraction_of(examples[0], again) == "\n\n".join((*examples[0].gold.split("\n"), "© 2026"))


def test_some_sites_are_learnt_without_words_of_text_or_of_markup(tmp_path: Path) -> None:
    tables = learn_tables(list(read_wcxb(write_benchmark(tmp_path / "wcxb"))))
    assert len(tables.markup_keys) and len(tables.word_keys)
    forgotten = [forgetful(tables, f"site{n}.example") for n in range(400)]
    without_words = sum(not len(found.word_keys) for found in forgotten)
    without_markup = sum(not len(found.markup_keys) for found in forgotten)
    assert 50 < without_words < 110
    assert 20 < without_markup < 65
