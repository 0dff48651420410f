"""Time is linear in the text: by construction of the patterns, and by counting what is looked at."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]

import pytest

from curation.privacy import assignments, credentials, find, logins, private_keys, providers
from curation.privacy.assignments import KEYWORDS, find_assignments

REACH = 20_000
ON_SHORT_STRINGS = {"_KEY_LINE", "_TEMPLATE"}  # they are given a line or a value
RUNS = {"_RUN"}  # one class, between boundaries: each character is read once


def patterns():
    for module in (assignments, credentials, logins, private_keys):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and name not in ON_SHORT_STRINGS | RUNS:
                yield pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for number, hook in enumerate(credentials._HOOKS):
        yield pytest.param(hook, id=f"hook {number}")
    for _, places in logins._COMPILED:
        for literal, pattern, _ in places:
            yield pytest.param(pattern, id=f"login {literal.decode()!r} {pattern.pattern[:20]}")
    for item in providers.FORMATS:
        yield pytest.param(item.rest, id=f"{item.provider} {item.prefix}")


def repeats(tree, depth=0):
    """(the most repeats within repeats, whether one of them is without end) of a parsed pattern."""
    for operator, argument in tree:
        if operator in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            least, most, inner = argument
            variable = most != least and most > 1
            yield depth + variable, most
            yield from repeats(inner, depth + variable)
        elif operator is _constants.SUBPATTERN:
            yield from repeats(argument[-1], depth)
        elif operator is _constants.BRANCH:
            for branch in argument[1]:
                yield from repeats(branch, depth)
        elif operator in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from repeats(argument[1], depth)


@pytest.mark.parametrize("pattern", patterns())
def test_a_pattern_reads_a_bounded_number_of_characters_from_where_it_starts(pattern):
    tree = _parser.parse(pattern.pattern, pattern.flags)
    found = list(repeats(tree))
    assert all(most != _constants.MAXREPEAT for _, most in found)
    assert tree.getwidth()[1] <= REACH
    assert max((depth for depth, _ in found), default=0) <= 2  # a repeat in a repeat only where both are short


UNITS = ("password=", 'token: "', "user=", "secret = ", "api_key", "passwd is ", "key", "password.")


@pytest.mark.parametrize("unit", UNITS)
def test_each_occurrence_of_a_keyword_is_looked_at_once(unit, monkeypatch):
    looked: list[int] = []
    real = assignments._assigned

    def counted(text, place, name_end, operator, kind):
        looked.append(name_end)
        return real(text, place, name_end, operator, kind)

    monkeypatch.setattr(assignments, "_assigned", counted)
    counts = []
    for times in (500, 1000, 2000):
        text = unit * times
        looked.clear()
        list(find_assignments(text, text.encode(), frozenset(KEYWORDS), "code"))
        assert len(set(looked)) == len(looked) <= sum(text.count(keyword.decode()) for keyword in KEYWORDS)
        counts.append(len(looked))
    assert counts[2] - counts[1] <= 2 * (counts[1] - counts[0]) + 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["a", "password=", '"""', "{{{", "AKIA", "sk-proj-x-", "eyJa-", "user=a ", "-----BEGIN "]
)
def test_ten_megabytes_of_one_pattern_are_scanned(unit):
    text = (unit * (10_000_000 // len(unit) + 1))[:10_000_000]
    assert find(text, kind="code", types=("SECRET", "PASSWORD", "USERNAME")) is not None


def test_an_identifier_at_either_end_of_a_long_run_of_digits_is_found_by_the_word_beside_it():
    run = "4111 " * 300
    assert [span.start for span in find("BSN 111222333 " + run) if span.type == "NATIONAL_ID"] == [4]
    assert [span.start for span in find(run + "111222333 (BSN)") if span.type == "NATIONAL_ID"] == [len(run)]
    assert [span.type for span in find(run + "536-32-3065 " + run)] == ["US_SSN"]
