from __future__ import annotations

import functools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import toxicity
from curation.fasttext_model import FastTextModel
from curation.toxicity import CATEGORIES, DOCUMENT_THRESHOLD, LINE_THRESHOLD, MODEL_PATH, LineScore, ToxicityModel
from curation.toxicity_kernel import fold_into
from curation.toxicity_model import LinearToxicity
from curation.toxicity_text import fold, normalise, normalised
from curation.training.toxicity import windows
from manifests.errors import UsageError

DATA = Path(__file__).parents[2] / "../shared/data"

INSULTS = [
    "You are an idiot.",
    "Shut up, you stupid moron, nobody wants you here.",
    "What a pathetic idiot you are, go to hell.",
    "You are a worthless piece of crap and a coward.",
]
NEUTRAL = [
    "The weather is nice today.",
    "Her breast cancer was treated at the university hospital.",
    "He was sentenced to nine years for the murder of a shopkeeper.",
    "Great tits and blue tits visit the feeder in winter.",
    "Kill the process with the task manager, then restart the server.",
    "Die Sitzung beginnt um neun Uhr, und alle sind eingeladen.",
    "Post a Comment",
    "2024-01-05 12:30",
]
IDENTITY_MENTIONS = [
    "I am gay.",
    "She is a lesbian and a mathematician.",
    "Muslims pray five times a day.",
    "My neighbour is a black man from Leeds.",
    "The transgender community centre opens at nine.",
    "He grew up in a Jewish family in Vienna.",
    "Blind and deaf visitors can book a guide.",
]


@functools.cache
def shipped() -> ToxicityModel:
    return ToxicityModel()


@pytest.mark.parametrize("text", INSULTS)
def test_an_insult_scores_above_both_thresholds(text: str) -> None:
    assert toxicity.score(text) >= max(DOCUMENT_THRESHOLD, LINE_THRESHOLD)


@pytest.mark.parametrize("text", NEUTRAL + IDENTITY_MENTIONS)
def test_neutral_sentences_and_mentions_of_people_score_below_the_threshold(text: str) -> None:
    assert toxicity.score(text) < DOCUMENT_THRESHOLD


@pytest.mark.parametrize(
    "text", ["you are an id1ot", "you are an idioooot", "YOU ARE AN IDIOT", "you are an ｉｄｉｏｔ"]
)
def test_disguised_words_score_like_the_plain_word(text: str) -> None:
    assert toxicity.score(text) == toxicity.score("you are an idiot")


def test_only_the_lines_that_insult_are_above_the_floor() -> None:
    text = "The library opens at nine.\r\n\n  \nYou are an idiot.\nBooks are due in four weeks."
    scores = toxicity.score_lines(text)
    assert [text[line.start : line.end] for line in scores] == [
        "The library opens at nine.",
        "You are an idiot.",
        "Books are due in four weeks.",
    ]
    found = toxicity.scan(text)
    assert found.lines == (scores[1],)
    assert found.lines[0] == LineScore(32, 49, scores[1].score)
    assert found.words == 1


def test_one_insult_in_a_long_page_marks_the_line_and_not_the_page() -> None:
    page = "The committee met on Monday to discuss the new bridge over the river.\n" * 80
    found = toxicity.scan(page + "You are an idiot.\n")
    assert found.score < DOCUMENT_THRESHOLD
    assert len(found.lines) == 1
    assert toxicity.score("You are a stupid idiot and a moron.\n" * 20 + page) >= DOCUMENT_THRESHOLD


def test_a_single_line_scores_the_same_as_a_line_and_as_a_document() -> None:
    assert toxicity.score_lines(INSULTS[0])[0].score == toxicity.score(INSULTS[0])


def test_a_batch_gives_what_single_calls_give() -> None:
    texts = [*INSULTS, *NEUTRAL, "", "a\n\nb", "\n".join(INSULTS + NEUTRAL) * 5]
    assert toxicity.scan_batch(texts) == [toxicity.scan(text) for text in texts]
    assert toxicity.scan_batch(texts[::-1]) == toxicity.scan_batch(texts)[::-1]
    scores = shipped().score(texts)
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx([toxicity.score(text) for text in texts])
    assert toxicity.scan_batch([]) == []


@pytest.mark.parametrize("text", ["", " \n ", "12345 67", "!!! ???", "\x00", "\u200b"])
def test_text_without_letters_scores_0(text: str) -> None:
    assert toxicity.score(text) == 0.0
    assert toxicity.wordlist_hits(text) == 0


def test_words_are_counted_at_word_boundaries_in_any_case() -> None:
    assert toxicity.wordlist_hits("Idiot! The IDIOTS, 'idiot' and idiot's") == 4
    assert toxicity.wordlist_hits("idiotproof, Scunthorpe, Essex, assassin, cocktail") == 0


def test_a_list_of_the_users_is_counted_beside_ours(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# ours\nzounds\n\nÄrger # in German\n", encoding="utf-8")
    model = ToxicityModel(words=path)
    assert model.wordlist_hits("Zounds, ärger und idiot") == 3


def test_phrases_of_a_users_list_are_found_across_white_space(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("two words\n", encoding="utf-8")
    assert ToxicityModel(words=path).wordlist_hits("TWO\n words, two wordsmiths") == 1


def test_a_missing_list_and_a_missing_calibration_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        ToxicityModel(words=tmp_path / "none.txt")
    (tmp_path / "model.ftz").write_bytes(MODEL_PATH.read_bytes())
    with pytest.raises(UsageError, match="calibration written beside the model is missing"):
        ToxicityModel(tmp_path / "model.ftz")
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(UsageError, match="calibration written beside the model is missing or broken"):
        ToxicityModel(tmp_path / "model.ftz")


def test_a_language_model_is_refused_as_a_toxicity_model(tmp_path: Path) -> None:
    (tmp_path / "model.ftz").write_bytes(MODEL_PATH.with_name("language.ftz").read_bytes())
    (tmp_path / "model.json").write_text('{"slope": 1, "offset": 0, "hate_handicap": 0}')
    with pytest.raises(UsageError, match="not a fastText model of characters with softmax"):
        ToxicityModel(tmp_path / "model.ftz")


def test_the_compiled_sums_give_the_probabilities_that_fasttext_gives() -> None:
    library, ours = FastTextModel(MODEL_PATH), LinearToxicity(MODEL_PATH)
    for text in [*INSULTS, *NEUTRAL[:6], "größe naïve b1tch sh*t", "word " * 30]:
        found = ours.windows(normalised(text))
        line = " ".join(filter(None, map(fold, normalise(text).split())))
        expected = dict(library.predict([line], 4)[0])
        toxic = found.score[0]
        assert found.kinds[0].sum() == pytest.approx(toxic)
        if expected["clean"] > 0.99:
            continue  # the rest are digits that the library rounds
        expected["hate"] *= math.exp(-ours.handicap)
        total = sum(expected.values()) - expected["clean"]
        shares = [expected[kind] / total for kind in CATEGORIES]
        assert (found.kinds[0] / toxic).tolist() == pytest.approx(shares, abs=2e-3)
        odds = math.log((total + 1e-9) / expected["clean"])
        assert toxic == pytest.approx(1 / (1 + math.exp(-(ours.slope * odds + ours.offset))), abs=2e-3)


WORDS = st.text(alphabet="ab013457@$*éß字", min_size=1, max_size=12)


@given(WORDS)
def test_the_compiled_fold_is_the_fold_that_training_uses(word: str) -> None:
    content = word.encode()
    buffer = np.zeros(len(content) + 2, np.uint8)
    end = fold_into(np.frombuffer(content, np.uint8), 0, len(content), buffer)
    assert bytes(buffer[1:end]).decode() == fold(word)


@given(st.text(alphabet=" \nab1é\u3000\u00a0", max_size=900))
@settings(max_examples=50, deadline=None)
def test_training_cuts_the_windows_that_scoring_cuts(text: str) -> None:
    assert len(windows(text)) == len(LinearToxicity(MODEL_PATH).windows(normalised(text)).line)


def test_kinds_of_toxicity_are_told_apart() -> None:
    def highest(text: str) -> str:
        kinds = toxicity.scan(text).kinds
        return CATEGORIES[kinds.index(max(kinds))]

    assert highest("You are an idiot and a moron.") == "abuse"
    assert highest("All immigrants are vermin and should be wiped out.") == "hate"
    assert highest("hot naked girls fucking in free porn videos") == "sexual"


def test_importing_the_module_loads_neither_torch_nor_transformers() -> None:
    code = "import sys, curation.toxicity; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("b1tter", "bitter"),
        ("f**l", "f**l"),
        ("*stressed*", "stressed"),
        ("cooool", "col"),
        ("2024", ""),
        ("$99", ""),
        ("größe", "größe"),
    ],
)
def test_fold_takes_off_the_disguise_of_a_word(word: str, folded: str) -> None:
    assert fold(word) == folded


def test_normalise_keeps_lines_and_drops_addresses() -> None:
    text = "See https://example.org/a?b=c\r\nor @someone, today's!\n"
    assert [line.split() for line in normalise(text).split("\n")] == [["see"], ["or", "today", "s"], []]


def test_long_lines_are_cut_into_even_windows_at_words() -> None:
    # 100 words of 4 letters and a space: 500 characters in three windows; then a line of one word
    found = LinearToxicity(MODEL_PATH).windows(normalised("word " * 100 + "\n\nword"))
    assert found.line.tolist() == [0, 0, 0, 2]
    assert found.characters.tolist() == [136, 132, 132, 4]


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)
LINES = st.lists(st.sampled_from(["", " ", "\r", "plain words here", "you idiot\r", "\u2028", "İ ß ﬁ", "12"]))


@given(st.one_of(ANY_TEXT, LINES.map("\n".join)))
@settings(max_examples=300, deadline=None)
def test_every_line_that_is_not_blank_is_scored_at_its_place(text: str) -> None:
    found = shipped().scan_batch([text], floor=0.0)[0]
    expected = [line.removesuffix("\r") for line in text.split("\n") if line.strip()]
    assert [text[line.start : line.end] for line in found.lines] == expected
    assert all(0.0 <= line.score <= 1.0 for line in found.lines)
    assert 0.0 <= found.score <= max((line.score for line in found.lines), default=0.0)
    assert normalise(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    ["x" * 10_000_000, "ab" * 2_000_000, "@" * 1_000_000, "idiot" * 1_000_000, "\n" * 1_000_000, "漢字" * 1_000_000],
    ids=["one letter", "one word", "at signs", "insult without spaces", "line breaks", "han"],
)
def test_enormous_text_is_scored(text: str) -> None:
    assert 0.0 <= shipped().scan(text).score <= 1.0


def test_the_shipped_model_stays_under_three_megabytes() -> None:
    assert MODEL_PATH.stat().st_size < 3_000_000


@pytest.mark.realdata
def test_neutral_identity_templates_stay_below_the_threshold() -> None:
    if not (DATA / "toxicity").exists():
        pytest.skip("shared data absent")
    from curation.training.toxicity_data import identity_templates

    held_out = [example.text for example in identity_templates(DATA) if example.held_out and not example.toxic][::10]
    assert (shipped().score(held_out) >= DOCUMENT_THRESHOLD).mean() <= 0.02


@pytest.mark.realdata
def test_paragraphs_of_books_and_of_an_encyclopedia_stay_below_the_threshold() -> None:
    if not (DATA / "text").exists():
        pytest.skip("shared data absent")
    from curation.training.toxicity_data import books, encyclopedia

    paragraphs = [text for text, held_out in books(DATA) if held_out] + list(encyclopedia(DATA))
    assert (shipped().score(paragraphs) >= DOCUMENT_THRESHOLD).mean() <= 0.005
