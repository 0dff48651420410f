from __future__ import annotations

import pytest

from curation.privacy import Span, redact, resolve


def test_of_overlapping_spans_the_stronger_type_stays():
    email = Span("EMAIL", 5, 20, 0.95)
    secret = Span("SECRET", 0, 9, 0.9)
    assert resolve([email, secret]) == [secret]


def test_of_one_type_the_longer_span_stays_then_the_earlier():
    assert resolve([Span("EMAIL", 0, 5, 1.0), Span("EMAIL", 3, 12, 0.1)]) == [Span("EMAIL", 3, 12, 0.1)]
    assert resolve([Span("EMAIL", 3, 8, 1.0), Span("EMAIL", 0, 5, 0.1)]) == [Span("EMAIL", 0, 5, 0.1)]


def test_a_chain_of_overlaps_keeps_every_second_span():
    chain = [Span("EMAIL", start, start + 3, 1.0) for start in range(0, 10, 2)]
    assert resolve(reversed(chain)) == chain[::2]


def test_adjacent_spans_do_not_overlap():
    spans = [Span("EMAIL", 0, 4, 1.0), Span("PHONE_NUMBER", 4, 9, 1.0)]
    assert resolve(spans) == spans


def test_redaction_at_both_ends_and_between_adjacent_spans():
    text = "aabbccdd"
    spans = [Span("EMAIL", 0, 2, 1.0), Span("SECRET", 2, 4, 1.0), Span("EMAIL", 6, 8, 1.0)]
    assert redact(text, spans) == "<EMAIL><SECRET>cc<EMAIL>"


def test_redaction_takes_other_placeholders():
    assert redact("to a@b.de", [Span("EMAIL", 3, 9, 1.0)], {"EMAIL": "[mail]"}) == "to [mail]"


@pytest.mark.parametrize(
    "spans",
    [
        [Span("EMAIL", 3, 5, 1.0), Span("EMAIL", 0, 2, 1.0)],
        [Span("EMAIL", 0, 3, 1.0), Span("EMAIL", 2, 5, 1.0)],
        [Span("EMAIL", 0, 99, 1.0)],
        [Span("EMAIL", 2, 2, 1.0)],
    ],
    ids=["unsorted", "overlapping", "outside", "empty"],
)
def test_spans_that_cannot_be_replaced_are_refused(spans):
    with pytest.raises(ValueError, match="outside a text of 6 characters"):
        redact("abcdef", spans)
