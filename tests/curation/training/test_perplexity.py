import numpy as np
import pytest

from curation.quality_models.documents import Document
from curation.training.perplexity import Evaluation, Settings, draw, evaluate, train
from manifests.errors import UsageError
from tests.curation.quality_models.tiny import BAD, GOOD, texts

SETTINGS = Settings(order=3)


def documents(words: tuple[str, ...]) -> list[Document]:
    return [Document(text.replace(" ", "\n", 1), f"{i}") for i, text in enumerate(texts(words))]


def test_text_like_the_reference_has_lower_perplexity() -> None:
    good = draw(iter(documents(GOOD)), "reference", SETTINGS)
    bad = draw(iter(documents(BAD)), "crawl", SETTINGS)
    found = evaluate(train(good, str.split, SETTINGS), str.split, good, bad, SETTINGS)
    assert found.crawl is not None
    assert found.reference.max() < found.crawl.min()
    assert found.metrics()["crawl"]["documents"] == 60


def test_learning_stops_after_the_document_that_passes_the_limit() -> None:
    good = draw(iter(documents(GOOD)), "reference", SETTINGS)
    few = train(good, str.split, SETTINGS.model_copy(update={"max_tokens": 20}))
    assert few.about["tokens"] == 2 * (13 + 2)  # two documents of thirteen words in two lines
    assert train(good, str.split, SETTINGS).about["tokens"] > 500


def test_cutoffs_are_percentiles_30_and_60_of_the_crawl() -> None:
    assert Evaluation(np.ones(2), np.arange(101.0)).cutoffs() == (30.0, 60.0)
    assert Evaluation(np.ones(2), None).cutoffs() is None


def test_one_document_is_too_few() -> None:
    with pytest.raises(UsageError, match="the reference set has 1 different documents"):
        draw(iter(documents(GOOD)[:1]), "reference", SETTINGS)
