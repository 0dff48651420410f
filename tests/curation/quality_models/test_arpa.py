import gzip
from pathlib import Path

import pytest

from curation.quality_models.arpa import read_arpa
from curation.quality_models.ngram_model import NGramModel
from manifests.errors import UsageError
from tests.curation.quality_models.corpus import ARPA


def model(tmp_path: Path, text: str = ARPA) -> NGramModel:
    path = tmp_path / "m.arpa"
    path.write_text(text, encoding="utf-8")
    return NGramModel(read_arpa(path))


@pytest.mark.parametrize(
    ("sentence", "log"),
    [
        ("the cat", -0.25 - 0.05 - 0.15 - 0.3),  # no `the cat </s>`: weight of `the cat`, then `cat </s>`
        ("", -0.5 - 0.6),
        ("cat the", (-0.5 - 1.1) + (-0.9) + (-0.3 - 0.6)),  # no `<s> cat`, so nothing to back off from after it
        ("dog", (-0.5 - 2) + (-0.6)),  # unknown, and no context for the end
    ],
)
def test_a_sentence_scores_as_the_file_says(tmp_path: Path, sentence: str, log: float) -> None:
    assert model(tmp_path).score([sentence.split()])[0] == pytest.approx(log, abs=1e-5)


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.arpa.gz"
    path.write_bytes(gzip.compress(ARPA.encode()))
    assert NGramModel(read_arpa(path)).score([[]])[0] == pytest.approx(-1.1)


def test_without_an_unknown_word_it_has_ten_to_the_minus_hundred(tmp_path: Path) -> None:
    text = ARPA.replace("-2\t<unk>\n", "").replace("ngram 1=5", "ngram 1=4")
    assert model(tmp_path, text).score([["dog"]])[0] == pytest.approx(-0.5 - 100 - 0.6, abs=1e-4)


def test_scores_are_those_of_the_package_kenlm(tmp_path: Path) -> None:
    kenlm = pytest.importorskip("kenlm")
    ours = model(tmp_path)
    theirs = kenlm.Model(str(tmp_path / "m.arpa"))
    for sentence in ("the cat", "", "cat the", "dog", "the dog cat the cat", "cat cat the the"):
        assert ours.score([sentence.split()])[0] == pytest.approx(theirs.score(sentence), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", r"m\.arpa:2: the file ends too early"),
        ("\\data\\\nngram 2=1\n", r"m\.arpa:2: expected `ngram 1=COUNT`"),
        ("\\data\\\nngram 1=1\n\\2-grams:\n", r"m\.arpa:3: expected `\\1-grams:`"),
        ("\\data\\\nngram 1=1\n\\1-grams:\nx\ta\n", r"m\.arpa:4: expected a logarithm, 1 words"),
        ("\\data\\\nngram 1=2\n\\1-grams:\n-1\ta\n\n\\end\\", "1 1-grams where 2 were announced"),
        ("\\data\\\nngram 1=1\n\\1-grams:\n-1\ta\n\n", "the file ends too early"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model(tmp_path, text)


def test_a_missing_and_a_damaged_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.arpa: cannot be read as an ARPA"):
        read_arpa(tmp_path / "none.arpa")
    (tmp_path / "cut.arpa.gz").write_bytes(gzip.compress(ARPA.encode())[:-20])
    with pytest.raises(UsageError, match=r"cut\.arpa\.gz: cannot be read as an ARPA"):
        read_arpa(tmp_path / "cut.arpa.gz")
