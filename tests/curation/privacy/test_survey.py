from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.privacy import assignments, credentials, logins, obfuscated, postal, scan, streets
from curation.privacy.addresses import _COLONS, _V4
from curation.privacy.macs import _COLONS as MAC_COLONS
from curation.privacy.macs import _DASHES, _DOTS
from curation.privacy.national import _MAY_HOLD
from curation.privacy.national_rules import RULES
from curation.privacy.scan import _DIGITS, _WORDS
from curation.privacy.streets import _EN, _EN_NUMBERED, _FR, _NUMBER, _NUMBER_FIRST
from curation.privacy.survey import COLONS, MACS, QUADS, Words, word_runs

SIGNS = st.text("a0:.-? gA@%+/f1\u00e9\n", max_size=40)
MACHINES = st.lists(
    st.sampled_from([*"0:.-fA ", "1.2.3.4", "00:1B:44", "001b.4411.3ab7", "00-1B-44", ":ab:1:", "::"]), max_size=14
).map("".join)
STREETS = st.lists(
    st.sampled_from(
        ["12", "7a", "1-3", " ", " ", ", ", "rue", " bis", " de la ", "Rue", "Fifth", "5th", "N.", "Avenue", "Road",
         "Route", "Main", "St", "Stra\u00dfe", "\u00c9toile", "Running", "of the ", "all\u00e9e", ".", "-", "x"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


def survey(text, words=("born", "orn", "a0", "00")):
    ascii_text = text.encode("ascii", "replace")
    return Words(word.encode() for word in words).survey(ascii_text.lower(), ascii_text.translate(_DIGITS))


def test_words_are_found_in_any_case_within_each_other_and_with_any_digits():
    assert survey("He was BORN in A7, 19").held == {b"born", b"orn", b"a0", b"00"}
    assert survey("nothing here").held == frozenset()
    assert survey("").held == frozenset()


def test_words_are_near_figures_when_at_most_72_characters_before_them():
    assert survey("born on 1 May").near == {b"born", b"orn"}
    assert survey("1 May, born").near == frozenset()
    assert survey("born" + " " * 68 + "1").near == {b"born", b"orn"}
    assert survey("born" + " " * 69 + "1").near == {b"orn"}


@pytest.mark.parametrize(
    ("text", "longest"), [("", 0), ("no", 0), ("a 1 b", 1), ("415-422 (53) /30.", 10), ("12+34", 2), ("1\u00a02", 2)]
)
def test_the_longest_run_of_digits_may_hold_punctuation(text, longest):
    assert survey(text).longest == longest


@given(SIGNS)
def test_a_survey_agrees_with_looking_for_each_word(text):
    ascii_text = text.encode("ascii", "replace")
    lowered, digits = ascii_text.lower(), ascii_text.translate(_DIGITS)
    words = (b"a", b"g@", b"0", b"a0", b" 0", b"?", b":0", b"..", b"a0:")
    found = Words(words).survey(lowered, digits)
    folded = lowered.translate(_DIGITS)
    assert found.held == {word for word in words if word in folded}
    assert found.longest == max(map(len, re.findall(b"0+", digits.translate(None, b" ()-./?"))), default=0)
    pieces, last = [], 0
    for figure in re.finditer(rb"0(?:[^A-Za-z]{0,3}0)*", digits):
        if figure.start() - last > 2:
            pieces.append(folded[max(last, figure.start() - 72) : figure.start()])
        last = figure.end()
    assert found.near == {word for word in words if word in b"".join(pieces)}


@given(MACHINES | SIGNS)
def test_a_survey_misses_no_shape_of_an_address(text):
    found = survey(text)
    if found.longest:
        shapes = ((QUADS, _V4), (COLONS, _COLONS), (MACS, MAC_COLONS), (MACS, _DASHES), (MACS, _DOTS))
        assert [shape for shape, pattern in shapes if pattern.search(text) and not found.has(shape)] == []


@given(st.text("a1-_ \u00e9.", max_size=90))
def test_runs_of_words_are_those_a_regular_expression_finds(text):
    runs = [match.span() for match in re.finditer(r"[A-Za-z0-9_-]{16,}", text)]
    assert word_runs(text.encode("ascii", "replace")) == runs


@given(STREETS)
def test_no_house_number_before_a_name_is_passed_over(text):
    digits = text.encode("ascii", "replace").translate(_DIGITS)
    looked_at = {match.start() for match in _NUMBER_FIRST.finditer(digits)}
    for number in _NUMBER.finditer(digits):
        named = any(pattern.match(text, number.start()) for pattern in (_EN, _EN_NUMBERED, _FR))
        assert not named or number.start() in looked_at


@given(st.text("0123456789ABXY -./\u00a0\u2013", max_size=24))
def test_a_national_identifier_is_never_passed_over(text):
    assert _MAY_HOLD[-1].search(text) or not any(rule.pattern.search(text) for rule in RULES if rule.digits <= 17)


def test_the_words_of_all_finders_are_in_small_letters_with_zeros_for_digits():
    words = b" ".join(word for found in _WORDS._found for word in found)
    assert words == words.lower().translate(_DIGITS)


@pytest.mark.parametrize("module", [assignments, credentials, logins, obfuscated, postal, scan, streets])
def test_every_word_that_a_finder_asks_for_is_looked_for(module):
    asked = set(re.findall(r"""b(["'])(.+?)\1 (?:not )?in (?:survey\.)?held""", inspect.getsource(module)))
    assert {word.encode() for _, word in asked} <= frozenset().union(*_WORDS._found)
