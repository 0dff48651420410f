from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.fasttext_model import FastTextModel
from curation.language import MODEL_PATH, ForeignParagraph, Language, LanguageIdentifier, Mixture, normalise
from curation.language.kernel import PIECE_WORDS
from curation.language.model_file import read_subword_model
from curation.language.pieces import PieceReader
from curation.language.scripts import class_table
from manifests.errors import UsageError

EN = (
    "The ferry leaves the harbour every morning at seven, unless the wind is too strong, and comes back in the evening "
    "with the people who work on the mainland."
)
DE = (
    "Die Fähre verlässt jeden Morgen um sieben den Hafen, wenn der Wind nicht zu stark ist, und kommt am Abend mit den "
    "Leuten zurück, die auf dem Festland arbeiten."
)
RU = (
    "Паром отходит от причала каждое утро в семь часов, если ветер не слишком сильный, и возвращается вечером "
    "с людьми, которые работают на материке."
)
ENGLISH = Language("en", 0.99, "Latn")


@functools.cache
def shipped() -> LanguageIdentifier:
    return LanguageIdentifier()


@functools.cache
def reader() -> PieceReader:
    return PieceReader(read_subword_model(MODEL_PATH), class_table())


def mixture(text: str, main: Language = ENGLISH) -> Mixture:
    return shipped().mixtures([text], [main])[0]


def test_a_text_in_one_language_is_not_mixed() -> None:
    assert mixture(f"{EN}\n\n{EN}\n") == Mixture((("en", 1.0),), 0.0, ())


def test_shares_are_of_visible_characters() -> None:
    found = mixture(f"{EN}\n{DE}\n{EN}")
    en, de = (len("".join(text.split())) for text in (EN, DE))
    assert found.shares == (("en", round(2 * en / (2 * en + de), 4)), ("de", round(de / (2 * en + de), 4)))
    assert found.mixed == round(de / (2 * en + de), 4)


def test_foreign_paragraphs_are_told_with_their_place() -> None:
    text = f"{EN}\n{DE}\n\n{EN}\r\n{RU}"
    found = mixture(text).foreign
    assert [(text[one.start : one.end], one.language) for one in found] == [(DE, "de"), (RU, "ru")]


def test_short_lines_go_together_and_too_few_letters_are_und() -> None:
    german = "\n".join(DE.split(", ")[:3])
    text = f"{EN}\n{german}\n{EN}\nImpressum"
    found = mixture(text)
    assert [(text[one.start : one.end], one.language) for one in found.foreign] == [(german, "de")]
    assert [code for code, _ in found.shares] == ["en", "de", "und"]


def test_the_runs_of_a_long_line_are_one_paragraph_and_cut_only_as_a_whole() -> None:
    assert len((DE * 9).split()) > 3 * PIECE_WORDS
    german, both = f"{DE} " * 9, f"{DE} " * 9 + f"{EN} " * 9
    assert mixture(f"{EN}\n{german}\n{EN}").foreign == (ForeignParagraph(len(EN) + 1, len(EN) + 1 + len(german), "de"),)
    found = mixture(f"{both}\n{EN}")
    assert found.foreign == ()
    assert 0.3 < found.mixed < 0.7


def test_the_main_language_need_not_be_the_likeliest_of_a_paragraph() -> None:
    norwegian = (
        "Fergen går fra havnen hver morgen klokken sju, hvis ikke vinden er for sterk, og kommer tilbake om kvelden."
    )
    assert mixture(norwegian, Language("nb", 0.9, "Latn")).foreign == ()


def test_of_an_undetermined_text_nothing_is_foreign() -> None:
    found = mixture(f"{EN}\n{DE}\n{EN}", Language("und", 0.0))
    assert found.foreign == ()
    assert found.mixed == mixture(f"{EN}\n{DE}\n{EN}").mixed


@pytest.mark.parametrize("text", ["", " \n\n", "12 34\n--- {};", "\ud800" * 50, "\x00\n\x00"])
def test_text_without_words_has_no_language_to_mix(text: str) -> None:
    found = mixture(text, Language("und", 0.0))
    assert found.mixed == 0.0
    assert found.foreign == ()
    assert set(dict(found.shares)) <= {"und"}


@given(
    st.lists(
        st.one_of(st.text(st.characters(exclude_categories=()), max_size=60), st.sampled_from([EN, DE, RU, "\n"])),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_text_has_shares_that_add_up_and_paragraphs_of_whole_lines(parts: list[str]) -> None:
    text = "".join(parts)
    found = mixture(text)
    assert not found.shares or abs(sum(share for _, share in found.shares) - 1) < 0.002
    assert 0 <= found.mixed <= 1
    place = 0
    for one in found.foreign:
        assert place <= one.start < one.end <= len(text)
        assert one.start == 0 or text[one.start - 1] == "\n"
        assert one.end == len(text) or text[one.end] == "\n"
        assert one.language not in ("en", "und")
        place = one.end


def test_ten_megabytes_are_answered() -> None:
    for text in ("z" * 10_000_000, f"{EN}\n" * 70_000, "a\n" * 2_000_000, "{};" * 1_000_000):
        assert mixture(text).foreign == ()


def test_answers_do_not_depend_on_what_was_read_before() -> None:
    texts = [f"{EN}\n{DE}", f"{RU}\n{EN}", DE * 30]
    together = shipped().mixtures(texts, [ENGLISH] * 3)
    assert [LanguageIdentifier().mixtures([text], [ENGLISH])[0] for text in reversed(texts)] == together[::-1]


def test_the_kernel_gives_what_fasttext_gives() -> None:
    texts = [EN, DE, "Bonjour à toutes et à tous, l’été", "naïve ÅNGSTRÖM İstanbul ÇOK 12 kg", "x" * 50, "señor"]
    library = FastTextModel(MODEL_PATH).predict([normalise(text) for text in texts], 62)
    labels = read_subword_model(MODEL_PATH).labels
    for text, answer in zip(texts, library, strict=True):
        pieces = reader().read(text).summed()
        (probabilities,) = reader().probabilities(pieces.sums, pieces.features)
        for label, probability in answer:
            assert probabilities[labels.index(label)] == pytest.approx(probability, abs=5e-5)


def test_addresses_are_not_read() -> None:
    plain, linked = (reader().read(text) for text in ("see and write", "see https://a.example/b?c=d and write"))
    assert linked.counts.sum() - plain.counts.sum() == len("https:")
    assert np.array_equal(
        reader().read("write www.a.example/the/page").counts[0], reader().read("write www.").counts[0]
    )
    assert np.array_equal(reader().read("me@a.example now").counts[0], reader().read("me@ now").counts[0])


@pytest.mark.parametrize("content", [b"", b"no model", MODEL_PATH.read_bytes()[:5000]])
def test_a_damaged_model_file_is_a_usage_error(tmp_path: object, content: bytes) -> None:
    path = f"{tmp_path}/model.ftz"
    with open(path, "wb") as stream:
        stream.write(content)
    with pytest.raises(UsageError, match="not a fastText model"):
        read_subword_model(path)


def test_a_missing_model_file_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_subword_model("no/such.ftz")
