from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import toxicity
from curation.fasttext_model import FastTextModel, WordTable
from curation.toxicity import (
    DOCUMENT_THRESHOLD,
    LINE_THRESHOLD,
    MODEL_PATH,
    WORDS_PATH,
    LineScore,
    ToxicityModel,
    fold,
    normalise,
    read_words,
    window_starts,
)
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


def test_a_list_with_phrases_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("zounds\ntwo words\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"words\.txt:2: `two words` is not one word"):
        ToxicityModel(words=path)


def test_a_missing_list_and_a_missing_calibration_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        ToxicityModel(words=tmp_path / "none.txt")
    (tmp_path / "model.ftz").write_bytes(MODEL_PATH.read_bytes())
    with pytest.raises(UsageError, match="calibration written beside the model"):
        ToxicityModel(tmp_path / "model.ftz")


def test_a_language_model_is_refused_as_a_toxicity_model() -> None:
    with pytest.raises(UsageError, match="expected two labels, one of them `toxic`"):
        WordTable(FastTextModel(MODEL_PATH.with_name("language.ftz")), "toxic")


def test_the_word_table_gives_the_probability_that_fasttext_gives() -> None:
    model = FastTextModel(MODEL_PATH)
    table = WordTable(model, "toxic")
    for text in INSULTS + NEUTRAL[:6]:
        words = [folded for word in normalise(text).split() if (folded := fold(word))]
        margin = float(table.margins(table.look_up(words), np.zeros(1, dtype=np.int64))[0])
        expected = dict(model.predict([" ".join(words)], 2)[0])["toxic"]
        assert 1 / (1 + math.exp(-margin)) == pytest.approx(expected, abs=1e-4)


def test_a_full_word_table_starts_anew_with_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WordTable, "MAX_WORDS", 3)
    monkeypatch.setattr(WordTable, "_CHUNK", 2)
    small = ToxicityModel()
    assert [small.scan(text) for text in INSULTS * 2] == [shipped().scan(text) for text in INSULTS * 2]


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
    starts, lines = window_starts(np.full(101, 4), np.array([100, 0, 1]))
    assert starts.tolist() == [0, 34, 67, 100]
    assert lines.tolist() == [0, 0, 0, 2]


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


def test_the_shipped_list_holds_sorted_single_words_and_no_name_of_a_group() -> None:
    lines = [line for line in WORDS_PATH.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == sorted(set(lines))
    assert not read_words(WORDS_PATH) & {
        "gay",
        "lesbian",
        "queer",
        "muslim",
        "jew",
        "jewish",
        "black",
        "trans",
        "women",
    }


@pytest.mark.realdata
def test_neutral_identity_templates_stay_below_the_threshold() -> None:
    if not (DATA / "toxicity").exists():
        pytest.skip("shared data absent")
    from curation.training.toxicity_data import identity_templates

    held_out = [example.text for example in identity_templates(DATA) if example.held_out and not example.toxic][::10]
    assert (shipped().score(held_out) >= DOCUMENT_THRESHOLD).mean() <= 0.01


@pytest.mark.realdata
def test_paragraphs_of_books_and_of_an_encyclopedia_stay_below_the_threshold() -> None:
    if not (DATA / "text").exists():
        pytest.skip("shared data absent")
    from curation.training.toxicity_data import books, encyclopedia

    paragraphs = [text for text, held_out in books(DATA) if held_out] + list(encyclopedia(DATA))
    assert (shipped().score(paragraphs) >= DOCUMENT_THRESHOLD).mean() <= 0.005
