from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.toxicity import ToxicityModel
from curation.toxicity_backends import chosen_label, cut_evenly
from manifests.errors import UsageError
from tests.curation.quality_models import tiny

RUDE = ["you rude pig", "rude rude person", "what a rude pig", "pig off rude one"]
KIND = ["the nice garden", "a nice day outside", "garden and day", "nice person outside"]


@pytest.fixture(scope="module")
def jigsaw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fastText model with two labels, as Dolma's are."""
    return tiny.model(tmp_path_factory.mktemp("jigsaw") / "hate.bin", good="fine", bad="hate")


def test_a_label_of_a_fasttext_model_scores_lines_and_documents(jigsaw: Path) -> None:
    model = ToxicityModel(jigsaw)
    text = " ".join(tiny.GOOD) + "\nclick cheap casino sale\n"
    nice, rude = model.score_lines(text)
    assert nice.score < 0.2 < 0.8 < rude.score
    assert text[rude.start : rude.end] == "click cheap casino sale"
    assert model.score([""]).tolist() == [0.0]
    assert model.kinds == ()
    assert model.scan(text).kinds == ()
    assert ToxicityModel(jigsaw, label="__label__fine").score_lines(text)[0].score > 0.8


def test_a_label_that_a_model_lacks_is_refused_with_those_it_has(jigsaw: Path) -> None:
    with pytest.raises(UsageError, match=r"has no label `nsfw`; its labels: (hate, fine|fine, hate)"):
        ToxicityModel(jigsaw, label="nsfw")


def test_a_model_without_a_plain_label_wants_one_named() -> None:
    assert chosen_label("m", ["non-toxic", "Toxic"], None) == "Toxic"
    with pytest.raises(UsageError, match=r"which label of m means toxic.*one of: 0, 1"):
        chosen_label("m", ["0", "1"], None)
    with pytest.raises(UsageError, match="one of: hate, nsfw"):
        chosen_label("m", ["hate", "nsfw"], None)


def test_no_label_is_chosen_of_our_own_model_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a model of Winnow's own"):
        ToxicityModel(label="hate")
    with pytest.raises(UsageError, match="no such file"):
        ToxicityModel(tmp_path / "none.bin")
    with pytest.raises(UsageError, match=r"toxicity\.model: cannot fetch file://"):
        ToxicityModel(f"file://{tmp_path}/none.bin")


def test_long_lines_are_cut_evenly_before_spaces() -> None:
    assert cut_evenly("aaaa bbbb cccc dddd", 10) == ["aaaa bbbb", "cccc dddd"]
    assert cut_evenly("  ", 10) == []
    assert "".join(cut_evenly("x" * 1001, 240)) == "x" * 1001
    assert max(map(len, cut_evenly("word " * 1000, 240))) <= 300


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers whose weights are random, with a vocabulary of its own."""
    torch = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")

    folder = tmp_path_factory.mktemp("bert")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *sorted({word for line in RUDE + KIND for word in line.split()}),
    ]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    transformers.BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, id2label={0: "neutral", 1: "toxic"}, label2id={"neutral": 0, "toxic": 1},
    )  # fmt: skip
    torch.manual_seed(3)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_classifier_of_transformers_scores_in_batches(classifier: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = ToxicityModel(f"transformers:{classifier}")
    texts = RUDE + KIND + ["", "nice " * 500, "you rude pig\nthe nice garden"]
    together = model.score(texts).tolist()
    assert together == [model.score([text]).tolist()[0] for text in texts]
    assert together[8] == 0.0
    tokens = AutoTokenizer.from_pretrained(classifier)(RUDE[0], return_tensors="pt")
    logits = AutoModelForSequenceClassification.from_pretrained(classifier).eval()(**tokens).logits
    assert together[0] == pytest.approx(torch.softmax(logits, -1)[0, 1].item(), abs=1e-3)


def test_a_classifier_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(UsageError, match=r"transformers cannot load .* as a text classifier"):
        ToxicityModel(f"transformers:{tmp_path}/none")
