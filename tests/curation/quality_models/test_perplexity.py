from pathlib import Path

import numpy as np
import pytest

from curation.quality_models.kneser_ney import estimate, read_corpus
from curation.quality_models.model_files import find_models, model_files
from curation.quality_models.ngram_model import save_table
from curation.quality_models.perplexity import KenLMModel, Perplexity, PerplexityModel, load_pieces, split_words
from manifests.errors import UsageError
from tests.curation.quality_models.corpus import ARPA, SENTENCES


def arpa(folder: Path, name: str = "m.arpa", text: str = ARPA) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def pieces(folder: Path, name: str) -> Path:
    """A SentencePiece model of a few words."""
    spm = pytest.importorskip("sentencepiece")
    text = folder / "pieces.txt"
    text.write_text("\n".join(" ".join(words) for words in SENTENCES))
    spm.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "made"), vocab_size=30, hard_vocab_limit=False, minloglevel=2
    )
    (folder / "made.model").rename(folder / name)
    return folder / name


class TestCounting:
    def test_a_document_has_ten_to_the_mean_minus_log_per_token_of_its_lines(self, tmp_path: Path) -> None:
        log = (-0.25 - 0.05 - 0.15 - 0.3) + (-0.5 - 0.6)  # "the cat", and a blank line, which is an end
        score = Perplexity(arpa(tmp_path)).score(["The cat\n"], ["en"])[0]
        assert score == round(10 ** (-log / 4), 1) == 2.9

    def test_text_is_normalised_line_by_line(self, tmp_path: Path) -> None:
        model = Perplexity(arpa(tmp_path))
        assert model.score(["  THÉ\tCAT  "], ["en"])[0] == model.score(["thecat"], ["en"])[0]  # as cc_net has tabs
        assert model.score(["THÉ CÄT"], ["en"])[0] == model.score(["the cat"], ["en"])[0]

    def test_an_empty_text_has_none_and_every_other_has_one(self, tmp_path: Path) -> None:
        model = Perplexity(arpa(tmp_path))
        scores = model.score(["", "\n", "\ud800", "\0", "x" * 1_000_000, "cat " * 100_000], ["en"] * 6)
        assert np.isnan(scores[0])
        assert (scores[1:] >= 1).all()

    def test_the_batch_changes_nothing(self, tmp_path: Path) -> None:
        model = Perplexity(arpa(tmp_path))
        texts = ["the cat", "", "cat\nthe\ncat", "dog", "\n\n"]
        alone = [model.score([text], ["en"])[0] for text in texts]
        np.testing.assert_array_equal(model.score(texts, ["en"] * 5), alone)

    def test_the_greatest_perplexity_is_a_number(self, tmp_path: Path) -> None:
        text = ARPA.replace("-2\t<unk>", "-9e9\t<unk>").replace("-99\t<s>\t-0.5", "-99\t<s>\t-900")
        assert Perplexity(arpa(tmp_path, text=text)).score(["dog"], ["en"])[0] == 1e300


class TestModels:
    def test_a_model_serves_documents_of_its_language(self, tmp_path: Path) -> None:
        arpa(tmp_path, "en.arpa")
        arpa(tmp_path, "sv.arpa", ARPA.replace("-0.05", "-0.95"))
        scores = Perplexity(tmp_path).score(["the cat"] * 3, ["en", "sv", "fr"])
        assert scores[0] < scores[1]
        assert np.isnan(scores[2])

    def test_files_are_found_by_language_and_with_their_pieces(self, tmp_path: Path) -> None:
        for name in ("en.arpa.bin", "en.sp.model", "de.arpa.gz", "README.txt", "cutoff.csv", "notes.bin"):
            (tmp_path / name).write_bytes(b"")
        (tmp_path / "fr").mkdir()
        for name in ("model.npz", "pieces.sp.model", "manifest.json"):
            (tmp_path / "fr" / name).write_bytes(b"")
        assert {code: path.name for code, path in find_models(tmp_path).items()} == {
            "de": "de.arpa.gz", "en": "en.arpa.bin", "fr": "model.npz",
        }  # fmt: skip
        assert [path.name for path in model_files(tmp_path)] == [
            "de.arpa.gz", "en.arpa.bin", "en.sp.model", "model.npz", "pieces.sp.model",
        ]  # fmt: skip

    def test_two_models_of_a_language_and_none_at_all_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no language model here"):
            Perplexity(tmp_path)
        with pytest.raises(UsageError, match="no language model here"):
            Perplexity(tmp_path / "none")
        arpa(tmp_path, "en.arpa")
        arpa(tmp_path, "en.bin")
        with pytest.raises(UsageError, match=r"two models of `en`: en\.arpa and en\.bin"):
            Perplexity(tmp_path)

    def test_a_trained_model_is_cut_as_it_was_trained(self, tmp_path: Path) -> None:
        sentences = [split_words(" ".join(words) + "!") for words in SENTENCES]
        table = estimate(read_corpus(sentences), 3)
        for kind in ("words", "whitespace"):
            save_table(
                type(table)(table.order, table.keys, table.probabilities, table.backoffs, True, {"tokens_are": kind}),
                str(tmp_path / f"{kind}.npz"),
            )
        words, spaces = (Perplexity(tmp_path / f"{kind}.npz") for kind in ("words", "whitespace"))
        assert words.score(["The cat sat!"], ["en"])[0] == words.score(["the cat sat !"], ["en"])[0]
        assert spaces.score(["The cat sat!"], ["en"])[0] > spaces.score(["the cat sat !"], ["en"])[0]

    def test_pieces_that_are_gone_are_missed(self, tmp_path: Path) -> None:
        table = estimate(read_corpus(SENTENCES), 2)
        gone = type(table)(2, table.keys, table.probabilities, table.backoffs, True, {"tokens_are": "pieces"})
        save_table(gone, str(tmp_path / "model.npz"))
        with pytest.raises(UsageError, match="was trained on pieces, and their model is not beside it"):
            Perplexity(tmp_path)


class TestKenLM:
    def test_the_package_reads_arpa_files_too(self, tmp_path: Path) -> None:
        pytest.importorskip("kenlm")
        path = arpa(tmp_path)
        theirs = PerplexityModel(KenLMModel(path), str.split, whole=False)
        texts = ["the cat\nthe cat", "cat the", "the dog", "\ud800 cat"]
        assert theirs.score(texts).tolist() == Perplexity(path).score(texts, ["en"] * 4).tolist()

    def test_an_unreadable_model_is_refused_by_name(self, tmp_path: Path) -> None:
        pytest.importorskip("kenlm")
        path = tmp_path / "en.arpa.bin"
        path.write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0 and no more")
        with pytest.raises(UsageError, match=r"en\.arpa\.bin: kenlm cannot read it"):
            Perplexity(path)

    def test_with_pieces_a_document_is_one_sentence_as_in_cc_net(self, tmp_path: Path) -> None:
        cut = load_pieces(pieces(tmp_path, "en.sp.model"))
        text = "The cat sat.\nOn the mat 12"
        words = cut("the cat sat.on the mat 00")  # the break is gone, and with it the space
        path = tmp_path / "en.arpa"
        unigrams = "".join(f"-1\t{word}\n" for word in sorted({*words, "</s>"}))
        count = len({*words, "</s>"}) + 2
        path.write_text(f"\\data\\\nngram 1={count}\n\\1-grams:\n-3\t<unk>\n-99\t<s>\n{unigrams}\n\\end\\\n")
        assert Perplexity(tmp_path).score([text], ["en"])[0] == 10.0  # every piece is known, at a tenth
        assert np.isnan(Perplexity(tmp_path).score([" \n"], ["en"])[0])
        (tmp_path / "en.sp.model").unlink()
        assert Perplexity(tmp_path).score([text], ["en"])[0] > 100  # words are not


def test_pieces_of_a_tokenizer_json_are_its_tokens(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"the": 0, "cat": 1, "?": 2}, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    assert load_pieces(tmp_path / "tokenizer.json")("the cat dog") == ["the", "cat", "?"]


@pytest.mark.parametrize(
    ("name", "message"), [("a.json", "not a tokenizer.json"), ("a.model", "not a SentencePiece model")]
)
def test_files_that_hold_no_pieces_are_refused(tmp_path: Path, name: str, message: str) -> None:
    pytest.importorskip("sentencepiece")
    (tmp_path / name).write_text("nothing")
    with pytest.raises(UsageError, match=message):
        load_pieces(tmp_path / name)
    with pytest.raises(UsageError, match="no such file"):
        load_pieces(tmp_path / f"no-{name}")


def test_words_and_other_marks_are_tokens() -> None:
    assert split_words("it's 5% of über_all, 東京!") == ["it", "'", "s", "5", "%", "of", "über_all", ",", "東京", "!"]
