"""Names of persons by a model: a real token classifier, made here, whose weights say which words are names."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.ingest import Ingest
from curation.policy import Policy
from curation.privacy import PrivacyConfig, Span, find, scrub
from curation.privacy.names import WINDOW, NamesConfig, find_names, load_names
from manifests.config import check_config
from manifests.errors import UsageError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ada", "lovelace", "grace", "hopper", "met", "in", "london", ".", "<", ">",
         "person", "email", "_"]  # fmt: skip
NAMES = ("ada", "lovelace", "grace", "hopper", "person")  # "person": such a model would take `<PERSON>` for a name


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A BERT without layers: each word is a name or not by its embedding alone."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("names")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=4, num_hidden_layers=0, num_attention_heads=1, intermediate_size=4,
        max_position_embeddings=512, id2label={0: "O", 1: "B-PER", 2: "I-PER"},
        label2id={"O": 0, "B-PER": 1, "I-PER": 2},
    )  # fmt: skip
    classifier = transformers.BertForTokenClassification(config)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.zero_()
        classifier.bert.embeddings.LayerNorm.weight.fill_(1.0)
        for number, word in enumerate(WORDS):
            sign = 1.0 if word in NAMES else -1.0
            classifier.bert.embeddings.word_embeddings.weight[number] = torch.tensor([sign, -sign, 0.0, 0.0])
        classifier.classifier.weight[2] = torch.tensor([5.0, -5.0, 0.0, 0.0])
    classifier.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def config(model):
    return PrivacyConfig(types=("PERSON", "EMAIL"), names=NamesConfig(backend="transformers", model=str(model)))


def test_names_are_found_only_when_they_are_asked_for(config):
    text = "Ada Lovelace met ada@lovelace.org in London."
    assert scrub(text, kind="prose", config=config).text == "<PERSON> met <EMAIL> in London."
    assert scrub(text, kind="prose").text == "Ada Lovelace met <EMAIL> in London."
    assert find(text, names=config.name_finder()) == find(text)
    assert find("Ada met", types=("PERSON",), names=config.name_finder())[0].type == "PERSON"


def test_no_names_are_looked_for_in_code(config):
    assert scrub('author = "Ada Lovelace"', kind="code", config=config).counts == {}


def test_other_types_win_over_names(config):
    assert find("ada@lovelace.org", types=config.types, names=config.name_finder())[0].type == "EMAIL"


def test_names_in_a_long_text_are_found_in_every_window(config):
    text = "met in London. " * 200 + "Ada Lovelace met\n" * 150
    assert len(text) > 5 * WINDOW
    assert scrub(text, kind="prose", config=config).counts == {"PERSON": 150}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Ada", "Lovelace", "Grace", " ", " ", "met", ".", "<", ">", "<PERSON>", "person", "ada@b.org", "\n"]
        ),
        max_size=12,
    ).map("".join)
)
def test_redacting_names_twice_changes_nothing(config, text):
    once = scrub(text, kind="prose", config=config).text
    assert scrub(once, kind="prose", config=config).text == once


class _Everything:
    """Takes every window for one name, the worst a model can do."""

    def find(self, windows):
        return [[(0, len(window), 0.9)] for window in windows]


def test_names_never_reach_into_an_earlier_redaction_and_lose_their_edges():
    assert list(find_names("<PERSON> met", _Everything())) == []
    assert list(find_names("REDACTED_EMAIL met", _Everything())) == []
    assert list(find_names("see [mail] there", _Everything(), ["[mail]"])) == []
    assert list(find_names(' "Ada!" ', _Everything())) == [Span("PERSON", 2, 5, 0.9)]
    assert list(find_names("", _Everything())) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"types": ["PERSON"]}, "names PERSON and `names` a model, or neither"),
        ({"names": {"backend": "gliner", "model": "m"}}, "names PERSON and `names` a model, or neither"),
        ({"types": ["PERSON"], "names": {"backend": "spacy", "model": "m"}}, "presidio"),
        ({"types": ["PERSON"], "names": {"backend": "gliner"}}, "model"),
    ],
)
def test_a_wrong_configuration_of_names_is_refused(document, message):
    with pytest.raises(UsageError, match=message):
        check_config(PrivacyConfig, document, "recipe.yaml")


@pytest.mark.parametrize(
    ("backend", "package"), [("presidio", "presidio_analyzer"), ("gliner", "gliner"), ("transformers", "transformers")]
)
def test_a_missing_backend_names_the_extra_to_install(backend, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"pip install 'winnow\[names-{backend}\]'"):
        load_names(NamesConfig(backend=backend, model="no-such-model"))


def test_a_missing_model_is_told_before_any_work(tmp_path):
    pytest.importorskip("transformers")
    names = {"backend": "transformers", "model": str(tmp_path / "none")}
    policy = Policy(privacy={"types": ["PERSON"], "names": names})
    with pytest.raises(UsageError, match=r"privacy\.names\.model: .*none"):
        Ingest.check(policy)
    with pytest.raises(UsageError, match=r"privacy\.names\.model: .*none"):
        Ingest(policy)


def test_a_presidio_model_finds_names(tmp_path):
    pytest.importorskip("presidio_analyzer")
    spacy = pytest.importorskip("spacy")
    language = spacy.blank("en")
    language.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}])
    language.to_disk(tmp_path / "model")
    finder = load_names(NamesConfig(backend="presidio", model=str(tmp_path / "model")))
    text = "Today Ada Lovelace wrote."
    assert [text[span.start : span.end] for span in find_names(text, finder)] == ["Ada Lovelace"]
