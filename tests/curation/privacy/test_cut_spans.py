from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from curation.privacy import scrub
from curation.select import cut_text, kept_ranges, moved_spans

LINES = st.lists(
    st.sampled_from(
        ["", "a line", "mail ada@lovelace.org now", "\u00e9\U0001f600 86.231.85.193", "x\r", "SSN 536-32-3065"]
    ),
    min_size=1,
    max_size=8,
)


def cuts_of(text, chosen):
    """The lines of `text` whose numbers are in `chosen`, as `select` names them: without their line breaks."""
    cuts, start = [], 0
    for number, line in enumerate(text.split("\n")):
        if number in chosen:
            cuts.append({"start": start, "end": start + len(line.removesuffix("\r"))})
        start += len(line) + 1
    return cuts


def test_spans_move_with_the_lines_that_are_cut_before_them():
    text = "bad words\nmail <EMAIL>\nmore of it\nfrom <IP_ADDRESS>, too"
    cuts = cuts_of(text, {0, 2})
    spans = [{"type": "EMAIL", "start": 15, "end": 22}, {"type": "IP_ADDRESS", "start": 39, "end": 51}]
    left = cut_text(text, cuts)
    assert left == "mail <EMAIL>\nfrom <IP_ADDRESS>, too"
    moved = moved_spans(spans, kept_ranges(text, cuts))
    assert [left[span["start"] : span["end"]] for span in moved] == ["<EMAIL>", "<IP_ADDRESS>"]


def test_a_span_in_a_cut_line_is_gone():
    text = "keep\ncut <EMAIL>\nkeep <EMAIL>"
    cuts = cuts_of(text, {1})
    spans = [{"type": "EMAIL", "start": 9, "end": 16}, {"type": "EMAIL", "start": 22, "end": 29}]
    assert moved_spans(spans, kept_ranges(text, cuts)) == [{"type": "EMAIL", "start": 10, "end": 17}]


@given(LINES, st.sets(st.integers(0, 7)))
def test_after_any_cut_the_spans_are_those_of_the_lines_that_stay(lines, chosen):
    scrubbed = scrub("\n".join(lines), kind="prose")
    text, cuts = scrubbed.text, cuts_of(scrubbed.text, chosen)
    spans = [{"type": name, "start": start, "end": end} for name, start, end in scrubbed.spans]
    left = cut_text(text, cuts)
    moved = moved_spans(spans, kept_ranges(text, cuts))
    assert [left[span["start"] : span["end"]] for span in moved] == [
        text[span["start"] : span["end"]]
        for span in spans
        if not any(cut["start"] <= span["start"] < cut["end"] for cut in cuts)
    ]


@given(LINES, st.sets(st.integers(0, 7)))
def test_what_is_left_is_the_lines_that_are_not_cut(lines, chosen):
    text = "\n".join(lines)
    pieces = [line for number, line in enumerate(text.split("\n")) if number not in chosen]
    assert cut_text(text, cuts_of(text, chosen)).replace("\n", "").replace("\r", "") == "".join(pieces).replace(
        "\r", ""
    )
