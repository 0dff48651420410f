"""What each signal of the dialects other than FineWeb's is, and the line edits, by example."""

from __future__ import annotations

import pytest

from curation.quality import dclm, evaluate
from curation.quality.document import Document
from curation.quality.signals import measure_batch
from tests.curation.quality.documents import unique_lines


def signal(name: str, text: str) -> float:
    columns, _ = measure_batch([text])
    return float(columns[name][0])


def kept(text: str, edits: str) -> str:
    return measure_batch([text], edits=edits)[1][0]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("gopher_dolma.words", "a  b\nc", 3),
        ("gopher_dolma.word_length", "a bb cccc dddd", 3),
        ("gopher_dolma.symbols", "a# b… ... c", 0.5),
        ("gopher_dolma.alphabetic_words", "a 1 b2 -", 0.5),
        ("gopher_dolma.stop_words", "the the The of", 3),
        ("gopher_dolma.bullet_lines", "* a\n- b\n - c\n• d", 0.5),
        ("gopher_dolma.ellipsis_lines", "a…\nb…\nc...\nd… ", 0.5),
        ("gopher_dolma.dup_lines", "a\n\nb\n\na", 4 / 5),
        ("gopher_dolma.dup_line_chars", "a b\nc\na b", 6 / 5),  # blanks count above, not below
        ("gopher_dolma.top_2_gram_chars", "ab c d ab c", 0.85714),  # rounded to five digits
        ("gopher_dolma.dup_5_gram_chars", "a b c d e a b c d e", 0.33333),
        ("gopher_dolma.dup_5_gram_chars", "a b c", 0),
        ("nemo.other_chars", "ab-1 ", 2 / 5),
        ("nemo.symbols", "a # ... #a", 0.5),
        ("nemo.digits", "a1٣", 1 / 3),
        ("nemo.urls", "see http://a.b/c d", 12 / 18),
        ("nemo.white_space", "a\t\b\xa0", 0.5),
        ("nemo.brackets", "(a)⟨", 0.75),
        ("nemo.boilerplate", "Our Terms of Use\n\nb", 0.5),
        ("nemo.boilerplate", "a\n\nLorem Ipsum\n\nb", 1),
        ("nemo.unique_lines", "a\n\na\nb", 2 / 3),
        ("nemo.unique_paragraph_chars", "aa\n\naa\n\nb", 3 / 5),
        ("nemo.no_end_mark_lines", "a. \nb'\nc,\nd:", 0.5),
        ("nemo.alphabetic_words", "ⅷ 1 a -", 0.5),
        ("nemo.word_length", "a bbb", 2),
        ("nemo.longest_word", "a bbb", 3),
        ("nemo.ellipsis_lines", "a...\nREAD MORE \nb\nc.", 0.5),
        ("nemo.top_2_gram_chars", "a b a b", 6 / 7),
        ("nemo.top_2_gram_chars", "a\nb\na\nb", 0),  # the n-gram with blanks does not occur in the text
        ("nemo.top_2_gram_chars", "a", 1),
        ("nemo.dup_5_gram_chars", "a b c d e a b c d e", 9 / 19),
        ("nemo.dup_5_gram_chars", "a b c d e f a b c d e f", 11 / 23),
        ("nemo.bullet_lines", "• a\n ‣ b\n* c\n- d", 0.5),
        ("gopher_dclm.words", "a 1 -b c\xa0d", 3),
        ("gopher_dclm.word_length", "a bbb", 2),
        ("gopher_dclm.symbols", "# ... . . . … a", 4 / 7),
        ("gopher_dclm.bullet_lines", "● a\n\n - b\n+ c\nd", 0.5),
        ("gopher_dclm.ellipsis_lines", "a . . .\nb… \nc\nd.", 0.5),
        ("gopher_dclm.non_alphabetic_words", "a 1", 0.5),
        ("gopher_dclm.stop_words", "The the OF", 3),
        ("gopher_dclm.dup_lines", "a\n a \nb\n\nc", 0.5),
        ("gopher_dclm.dup_paragraph_chars", "ab\n\nab\n\nc", 0.8),
        ("gopher_dclm.top_2_gram_chars", "a b ccc d a b ccc d", 8 / 12),  # of equals the longest: b ccc
        ("gopher_dclm.top_2_gram_chars", "a b c d", 0),
        ("gopher_dclm.dup_5_gram_chars", "a, b c d e! f a b c d e", 10 / 11),
        ("c4_tfds.sentences", "One two three four five. Six!\nNo mark at the end\nToo short.", 2),
        ("c4_tfds.sentences", "It's what he calls the end'", 0),
        ("c4_datatrove.sentences", "It is an end'\nIt is one...\nIt is. So it is.", 3),
        ("c4_datatrove.curly_bracket", "{ is here\nThere { it is.", 1),
        ("c4_tfds.curly_bracket", "Here { is one at last.\nThere { it is.", 1),
    ],
)
def test_a_signal_is_what_its_name_says(name: str, text: str, value: float) -> None:
    assert signal(name, text) == pytest.approx(value, rel=1e-15)


def test_c4_keeps_lines_with_an_end_mark_and_five_words() -> None:
    text = (
        " The first line is kept.[1] \nno end mark in this line\nOnly four words here.\nIt goes on and on...\n"
        'She said it is "so"\nIt is his, and the dogs\'\nWe use cookies on this site.\nOne[2] [3] [4] [edit] two.'
    )
    assert kept(text, "c4@tfds") == 'The first line is kept.\nShe said it is "so"'
    assert kept(text, "c4@datatrove") == (
        'The first line is kept.\nOnly four words here.\nShe said it is "so"\nIt is his, and the dogs\'\nOne    two.'
    )


def test_c4_drops_long_pages_and_listed_words() -> None:
    text = unique_lines(30)
    assert evaluate(text, "c4").keep
    assert evaluate(text * 110, "c4").rule == "c4.max_characters"
    assert evaluate(text, "c4", bad_words=["hav", "ember0 to"]).keep
    assert evaluate(text, "c4", bad_words=["hav", "to"]).rule == "c4.max_bad_words"


def test_refinedweb_takes_out_urls_and_addresses() -> None:
    text = "See https://www.example.com/a?b=c#d now, or  example.co.uk/x). Not end.of or v1.2; 10.0.0.1:80/x is gone"
    assert dclm.prepare(text, repaired=False) == "See now, or Not end.of or v1.2; is gone"


def test_refinedweb_of_dclm_looks_for_urls_only_behind_the_letters_of_a_domain() -> None:
    assert dclm.prepare("The page example.com", repaired=False) == "The page"
    assert dclm.prepare("«The page» example.com", repaired=False) == "«The page» example.com"
    assert dclm.prepare("«The page» example.com", repaired=True) == "«The page»"


def test_a_very_long_run_is_no_url() -> None:
    run = "a.com/" * 5_000
    assert dclm.prepare(f"The {run} b.org end", repaired=True) == f"The {run} end"


def test_runs_of_line_feeds_are_cut_to_two() -> None:
    assert dclm.prepare("The a\n\n\n\nb\n\nc", repaired=False) == "The a\n\nb\n\nc"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("HALF Half half half", "HALF Half half half"),
        ("UPPER CASE", None),
        ("12345", None),
        ("²³٤", None),
        ("3 likes", None),
        ("* 1,204.5k Comments!", None),
        ("3 likes it", "3 likes it"),
        ("7 friends", "7 friends"),
        ("word", None),
        ("two words", "two words"),
        ("3 Items in Cart now", "3 now"),
        ("items in cart", None),
        ("Go on here, read more...", "Go on here,"),
        ("Go on here, READ MORE of", "Go on here,"),  # the full stops are any three characters
        ("Go on here, read more of it", "Go on here, read more of it"),
        ("Sign-in to the site", "to the site"),
        ("Sign-in " + "word " * 9 + "x", "Sign-in " + "word " * 9 + "x"),  # more than ten words
    ],
)
def test_refinedweb_edits_lines(line: str, after: str | None) -> None:
    lines = ["the first line", after, "the last line"]
    expected = "\n".join(part for part in lines if part is not None)
    assert dclm.edit(Document(f"the first line\n{line}\nthe last line")) == expected


def test_edits_may_leave_nothing() -> None:
    assert dclm.edit(Document("HOME\n12\n\nword")) == ""
    verdict = evaluate(unique_lines(30).upper(), "refinedweb")
    assert "refinedweb.min_kept_characters" in verdict.failed
