import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.fasttext_model import FastTextModel
from curation.quality_models.classifier import QualityClassifier, one_line
from curation.quality_models.linear import LinearScorer
from manifests.errors import UsageError
from tests.curation.quality_models.tiny import BAD, GOOD, model, texts


@pytest.mark.parametrize("labels", [("hq", "cc"), ("wiki", "cc"), ("reference", "crawl")])
def test_published_models_are_recognised_by_their_labels(tmp_path: Path, labels: tuple[str, str]) -> None:
    scorer = QualityClassifier(model(tmp_path / "m.bin", *labels))
    good, bad = scorer.score([" ".join(GOOD), " ".join(BAD)])
    assert scorer.label == labels[0]
    assert good > 0.9
    assert bad < 0.1


def test_another_label_is_named_with_or_without_its_prefix(tmp_path: Path) -> None:
    path = model(tmp_path / "m.bin", "1", "0")
    assert QualityClassifier(path, "1").score([" ".join(GOOD)])[0] > 0.9
    assert QualityClassifier(path, "__label__0").score([" ".join(GOOD)])[0] < 0.1
    with pytest.raises(UsageError, match=r"which label is good text\? Its labels are .*name one as"):
        QualityClassifier(path)
    with pytest.raises(UsageError, match="no label `hq`; it has"):
        QualityClassifier(path, "hq")


def with_argument(path: Path, place: int, value: int) -> Path:
    """A model file with one of the arguments in its header changed."""
    content = bytearray(path.read_bytes())
    content[8 + 4 * place : 12 + 4 * place] = value.to_bytes(4, "little")
    path.write_bytes(bytes(content))
    return path


WORD_NGRAMS, LOSS, MAXN = 5, 6, 10
TEXTS = [
    *texts(GOOD, 5), *texts(BAD, 5), "energy\nbuy\r\n\nsale", "nothing known", "", "énergie été 東京 energy",
    "a\0buy\x0bb",
]  # fmt: skip


@pytest.mark.parametrize(("argument", "value"), [(WORD_NGRAMS, 1), (WORD_NGRAMS, 2), (WORD_NGRAMS, 4)])
def test_the_table_of_features_decides_as_the_library(tmp_path: Path, argument: int, value: int) -> None:
    native = FastTextModel(with_argument(model(tmp_path / "m.bin"), argument, value))
    assert LinearScorer.suits(native)
    lines = [one_line(text) for text in TEXTS]
    expected = [dict(answer)["hq"] for answer in native.predict(lines, 2)]
    assert LinearScorer(native, "hq").score(lines) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(("argument", "value"), [(MAXN, 3), (LOSS, 4)])
def test_other_models_are_asked_through_the_library(tmp_path: Path, argument: int, value: int) -> None:
    native = FastTextModel(with_argument(model(tmp_path / "m.bin"), argument, value))
    assert not LinearScorer.suits(native)
    expected = [dict(answer)["hq"] for answer in native.predict([one_line(text) for text in TEXTS], 2)]
    assert QualityClassifier(native.path).score(TEXTS) == pytest.approx(expected, abs=1e-6)


def test_scores_are_those_that_fasttext_gives_for_the_joined_lines(tmp_path: Path) -> None:
    import fasttext

    path = model(tmp_path / "m.bin", "hq", "cc")
    native = fasttext.load_model(str(path)).f
    for text in [*texts(GOOD, 5), *texts(BAD, 5), "energy\nbuy\r\n\nsale", "nothing known"]:
        expected = {label: p for p, label in native.predict(" ".join(text.split()) + "\n", 2, 0.0, "strict")}
        assert QualityClassifier(path).score([text])[0] == pytest.approx(min(1.0, expected["__label__hq"]), abs=2e-6)


def test_a_score_does_not_depend_on_the_batch(tmp_path: Path) -> None:
    scorer = QualityClassifier(model(tmp_path / "m.bin", "hq", "cc"))
    batch = [*texts(GOOD, 4), "", *texts(BAD, 4)]
    assert scorer.score(batch).tolist() == [float(scorer.score([text])[0]) for text in batch]
    assert scorer.score([]).tolist() == []


def test_it_travels_to_workers_as_its_path(tmp_path: Path) -> None:
    scorer = QualityClassifier(model(tmp_path / "m.bin", "a", "b"), "b")
    again = pickle.loads(pickle.dumps(scorer))
    assert again.label == "b"
    assert np.array_equal(again.score(texts(GOOD, 3)), scorer.score(texts(GOOD, 3)))


def test_hostile_text_has_a_score(tmp_path: Path) -> None:
    scorer = QualityClassifier(model(tmp_path / "m.bin", "hq", "cc"))
    hostile = ["", "\0\0", "\ud800 energy", "x" * 2_000_000, "\r\n" * 1000, "a\u2028b", "__label__hq " * 1000]
    scores = scorer.score(hostile)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_a_page_cannot_end_its_line_early(tmp_path: Path) -> None:
    scorer = QualityClassifier(model(tmp_path / "m.bin", "hq", "cc"))
    assert scorer.score([f"{' '.join(BAD)} </s> {' '.join(BAD)}"])[0] < 0.1
    assert scorer.score([f"</s> {' '.join(BAD)}"])[0] < 0.1


@given(st.text())
def test_a_document_becomes_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert "</s>" not in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\r\nc\x0bd\x85e", "a  b c d e"), (" \n a", "a"), ("a </s> b", "a   b"), ("__label__cc x", " cc x"),
    ],
)  # fmt: skip
def test_lines_are_joined_and_marks_broken_up(text: str, line: str) -> None:
    assert one_line(text) == line
