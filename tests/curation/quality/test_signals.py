from __future__ import annotations

import json
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.quality import signals
from curation.quality.families import EDITS
from curation.quality.signals import FAMILIES, SIGNALS, measure, measure_batch
from curation.quality.words import cut, tokenize_pieces
from tests.curation.quality.documents import documents, unique_lines

GOLDEN = Path(__file__).parent / "golden"


def signal(name: str, text: str) -> float:
    return measure(text).signals[name]


def test_signals_come_in_the_stated_order() -> None:
    assert tuple(measure("Some text.").signals) == SIGNALS
    assert tuple(measure_batch([])[0]) == SIGNALS


def test_an_empty_text_measures_zero_but_for_the_shares_that_nemo_calls_full() -> None:
    full = {name for name, value in measure("").signals.items() if value == 1}
    assert {value for name, value in measure("").signals.items() if name not in full} == {0.0}
    assert full == {
        *(f"nemo.{name}" for name in ("other_chars", "digits", "urls", "white_space", "brackets")),
        *(f"nemo.unique_{name}" for name in ("lines", "paragraphs", "line_chars", "paragraph_chars")),
        *(f"nemo.top_{n}_gram_chars" for n in (2, 3, 4)),
        *(f"nemo.dup_{n}_gram_chars" for n in range(5, 11)),
    }
    assert measure("").text == ""


def test_only_the_families_asked_for_are_measured_and_their_values_do_not_depend_on_the_others() -> None:
    text = documents()["prose 3"]
    everything, _ = measure_batch([text])
    for family, names in FAMILIES.items():
        columns, texts = measure_batch([text], (family,), edits=None)
        assert tuple(columns) == ("characters", *names)
        assert {name: column[0] for name, column in columns.items()} == {name: everything[name][0] for name in columns}
        assert texts == [text]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("characters", "Añ😀", 3),
        ("gopher.dup_paragraphs", "a\n\nb\n\n\n\na\n\na", 2 / 4),
        ("gopher.dup_paragraph_chars", "ab\n\nc\n\nab", 2 / 9),
        ("gopher.dup_lines", "\na\n\na\nb\n", 2 / 5),  # two of `a`, and the empty ends are equal
        ("gopher.dup_line_chars", "abc\nabc", 3 / 7),
        ("gopher.top_2_gram_chars", "to be or to be", len("to be") * 2 / 14),
        ("gopher.top_2_gram_chars", "one two three", len("one two") / 13),  # the first, though it occurs once
        ("gopher.top_4_gram_chars", "one two three", 0),
        ("gopher.dup_5_gram_chars", "a b c d e f a b c d e g", 5 / 23),
        ("gopher.dup_5_gram_chars", "x x x x x x x x x x x", 10 / 21),  # the first copy is free, overlaps count once
        ("gopher.dup_5_gram_chars", "abc d e f g ab cd e f g", 7 / 23),  # compared without blanks
        ("gopher.words", "Well , this is - 3 words & more !", 6),
        ("gopher.word_length", "I am here .", 7 / 3),
        ("gopher.hashes", "a # b", 1 / 3),
        ("gopher.ellipses", "a ... b … c", 2 / 5),
        ("gopher.bullet_lines", "• a\n - b\n* c\n\n", 2 / 4),
        ("gopher.ellipsis_lines", "a...\nb… \nc.\nd", 2 / 4),
        ("gopher.alphabetic_words", "a 1 b 2 c3", 3 / 5),
        ("gopher.stop_words", "the The the of have haven't", 3),
        ("c4.lorem_ipsum", "Lorem Ipsum dolor\nnot lorem\nlorem ipsum it is", 2),
        ("c4.curly_bracket", "a { b\na {\n{ javascript {", 1),
        ("c4.curly_bracket_first", "so { it\nit lorem ipsum\nso { it", 1),
        ("c4.sentences", "It is so. Is it? Yes!\nNo end here", 4),
        ("c4.sentences", "Too short.\nIt uses cookies. So it does.", 0),
        ("fineweb.lines", "one two three\ntwo words\n\nfour five six", 2),
        ("fineweb.end_punctuation_lines", "one two three.\nfour five six。\nseven eight nine,", 2 / 3),
        ("fineweb.short_lines", "a b " + "c" * 26 + "\na b " + "c" * 27, 1 / 2),
        ("fineweb.dup_line_chars", "a b c\na b d\na b c", 5 / 15),
        ("fineweb.newlines", "a b c\nd e f", 1 / 6),
    ],
)
def test_a_signal_is_what_its_name_says(name: str, text: str, value: float) -> None:
    assert signal(name, text) == pytest.approx(value, rel=1e-15)


def test_line_edits_are_those_of_c4() -> None:
    text = (
        " First line of it.[1] \ntoo short\nPlease enable JavaScript now.\nSee our Privacy Policy here.\n"
        "word " + "x" * 1001 + " word\n\n[edit] Last line[citation needed] of it [12]\n"
    )
    assert measure(text).text == "First line of it.\n Last line of it"


def test_a_phrase_made_by_taking_out_a_citation_counts() -> None:
    assert measure("Please enable java[2]script now.\nIt is kept.").text == "It is kept."


def test_equal_texts_measure_equally_in_any_batch_and_order() -> None:
    texts = [text for name, text in documents().items() if name != "many words"]
    columns, edited = measure_batch(texts)
    backwards, edited_backwards = measure_batch(texts[::-1])
    for name in SIGNALS:
        np.testing.assert_array_equal(columns[name], backwards[name][::-1])
    assert edited == edited_backwards[::-1]
    assert measure(texts[0]).signals == {name: column[0] for name, column in columns.items()}


def test_forgetting_the_vocabulary_changes_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [unique_lines(12), documents()["emoticons"], documents()["scripts"]]
    before = [measure(text) for text in texts]
    monkeypatch.setattr(signals, "MAX_CHUNKS", 3)
    assert [measure(text) for text in texts] == before


def test_threads_may_measure_at_once() -> None:
    texts = [unique_lines(count) for count in range(1, 25)]
    expected = [measure(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(measure, texts)) == expected


def test_sentences_of_hard_lines_are_counted_as_spacy_splits_them() -> None:
    checked = 0
    for line, _, sentences in json.loads((GOLDEN / "lines.json").read_text("utf-8")):
        if len(line.splitlines()) == 1 and line == line.strip():
            assert signal("c4.sentences", line) == sentences, line
            checked += 1
    assert checked > 15


@settings(max_examples=60)
@given(st.text(st.characters() | st.sampled_from(" \n.-…#{[]•"), max_size=300))
def test_every_text_measures_to_finite_numbers(text: str) -> None:
    measured = measure(text)
    assert all(math.isfinite(value) and value >= 0 for value in measured.signals.values())
    assert measured.text == measured.text.strip()


@pytest.mark.parametrize("text", ["\ud800 \udfff.", "\0" * 9, " " * 9, "\r\n\x85\u2028", "{" * 9, "[" * 9, "1" * 9])
def test_odd_texts_measure_to_finite_numbers(text: str) -> None:
    assert all(math.isfinite(value) for value in measure(text).signals.values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        " ",
        "\n" * 99,
        "a line\r\nanother line.\r\n" * 9,
        "?!. " * 99,
        "123 456\n" * 99,
        "\ud800\udc00 \udfff" * 9,
        "\U000e0001\U0010ffff \ufdd0" * 9,
        "ᚠᛇᚻ ⵣⵉⵎ 𒀀𒁀 \u0e01\u0e33" * 9,
    ],
    ids=["empty", "one", "blank", "line feeds", "CRLF", "punctuation", "digits", "surrogates", "unassigned", "scripts"],
)
def test_no_text_divides_by_zero_and_all_edits_give_text(text: str) -> None:
    for edits, family in EDITS.items():
        columns, edited = measure_batch([text], edits=edits)
        assert all(np.isfinite(column).all() and (column >= 0).all() for column in columns.values())
        assert [len(after) <= len(text) for after in edited] == [True]
        assert family in FAMILIES


@pytest.mark.parametrize("unit", ["a", "a.in", "1.1.1.1", "x. ", "[1", "3 likes\n", "\u0301", "(.)"])
def test_a_megabyte_of_one_shape_is_measured_by_every_family(unit: str) -> None:
    columns, _ = measure_batch([unit * (1_000_000 // len(unit))])
    assert columns["characters"][0] == pytest.approx(1_000_000, abs=4)


@pytest.mark.parametrize("unit", ["x", "!", "a@", " ", "\n"])
def test_a_long_run_is_one_word_at_most(unit: str) -> None:
    assert signal("gopher.words", unit * 1_000_000) == (1 if unit[0] in "xa" else 0)


def naive_n_gram_signals(tokens: list[str], characters: int) -> dict[str, float]:
    """The n-gram signals by their definition, in plain Python."""
    found = {}
    for n in (2, 3, 4):
        counts = Counter(" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
        top = counts.most_common(1)  # of equals, the first seen
        found[f"gopher.top_{n}_gram_chars"] = len(top[0][0]) * top[0][1] / characters if top else 0.0
    for n in range(5, 11):
        seen, repeated, place = set(), 0, 0
        while place + n <= len(tokens):
            gram = "".join(tokens[place : place + n])
            if gram in seen:
                repeated += len(gram)
                place += n
            else:
                seen.add(gram)
                place += 1
        found[f"gopher.dup_{n}_gram_chars"] = repeated / characters
    return found


@settings(max_examples=80)
@given(
    st.lists(st.sampled_from(["a", "b", "ab", "ba", "the", "..", "...", "can't", "\n", "-"]), min_size=1, max_size=90)
)
def test_n_gram_signals_agree_with_their_definition(chunks: list[str]) -> None:
    text = " ".join(chunks)
    tokens = [token for line in text.splitlines() for part in tokenize_pieces(cut(line.strip())) for token in part]
    measured = measure(text).signals
    for name, value in naive_n_gram_signals(tokens, len(text)).items():
        assert measured[name] == value, name
