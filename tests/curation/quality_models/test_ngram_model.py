from pathlib import Path

import numpy as np
import pytest

from curation.quality_models.kneser_ney import estimate, read_corpus
from curation.quality_models.ngram_model import NGramModel, load_table, save_table
from manifests.errors import UsageError
from tests.curation.quality_models.corpus import SENTENCES


def test_a_stored_model_gives_the_same_scores_and_the_same_bytes(tmp_path: Path) -> None:
    table = estimate(read_corpus(SENTENCES), 3)
    for name in ("a.npz", "b.npz"):
        save_table(table, str(tmp_path / name))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    loaded = load_table(tmp_path / "a.npz")
    assert (loaded.order, loaded.closed, loaded.about) == (3, True, table.about)
    assert np.array_equal(NGramModel(loaded).score(SENTENCES), NGramModel(table).score(SENTENCES))


def test_a_score_does_not_depend_on_the_batch() -> None:
    model = NGramModel(estimate(read_corpus(SENTENCES), 4))
    alone = [float(model.score([sentence])[0]) for sentence in SENTENCES]
    assert model.score(SENTENCES).tolist() == alone


def test_no_sentences_have_no_scores_and_strange_words_do_no_harm() -> None:
    model = NGramModel(estimate(read_corpus(SENTENCES), 3))
    assert model.score([]).tolist() == []
    strange = model.score([["\ud800", "\0", "x" * 100_000], ["other", "words", "unknown"]])
    assert strange[0] == strange[1]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"text"])
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"model\.npz: not an n-gram model"):
        load_table(path)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", head=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UsageError, match="not an n-gram model"):
        load_table(tmp_path / "model.npz")


def test_an_archive_of_other_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", numbers=np.arange(3))
    with pytest.raises(UsageError, match="not an n-gram model"):
        load_table(tmp_path / "model.npz")
