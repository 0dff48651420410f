"""What models that are trained on open text say of documents that people labelled good or bad."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from curation.quality_models.classifier import QualityClassifier
from curation.quality_models.documents import Document
from curation.quality_models.figures import auc
from curation.quality_models.ngram_model import NGramModel
from curation.quality_models.perplexity import PerplexityModel, split_words
from curation.training import perplexity
from curation.training.quality_classifier import PRESETS, Settings, draw, train

DATA = Path(__file__).parents[3] / "../shared/data"
PIECE = 2_500  # the encyclopedia's articles are long, and too few

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (DATA / "quality").is_dir(), reason="no shared data"),
]


def rows(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in gzip.decompress((DATA / path).read_bytes()).splitlines()]


def encyclopedia() -> Iterator[Document]:
    for number, line in enumerate(
        gzip.decompress((DATA / "text/wiki_demo/wiki_demo.txt.gz").read_bytes()).splitlines()
    ):
        text = line.decode()
        for start in range(0, len(text), PIECE):
            yield Document(text[start : start + PIECE], f"{number}:{start}")


def crawl() -> Iterator[Document]:
    for number, row in enumerate(rows("text/c4_demo/c4_demo.jsonl.gz")):
        yield Document(str(row["text"]), str(number))


def labelled() -> tuple[list[str], np.ndarray]:
    found = rows("quality/dclm_human_labels.jsonl.gz")
    return [str(row["text"]) for row in found], np.array([int(str(row["label"])) == 1 for row in found])


def test_a_classifier_of_an_encyclopedia_against_a_crawl_agrees_with_people_better_than_chance(tmp_path: Path) -> None:
    settings = Settings(**PRESETS["dclm"], bucket=200_000)
    train(draw(encyclopedia(), crawl(), settings), settings, tmp_path / "m.bin")
    texts, good = labelled()
    assert 0.6 < auc(QualityClassifier(tmp_path / "m.bin").score(texts), good) < 0.75


def test_so_does_the_perplexity_of_an_encyclopedia_but_less(tmp_path: Path) -> None:
    settings = perplexity.Settings()
    table = perplexity.train(perplexity.draw(encyclopedia(), "reference", settings), split_words, settings)
    texts, good = labelled()
    scores = PerplexityModel(NGramModel(table), split_words, whole=False).score(texts)
    assert 0.55 < auc(-scores, good) < 0.7
