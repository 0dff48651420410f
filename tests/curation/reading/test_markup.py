from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.reading.markup import MAX_ATTRIBUTES, MAX_DEPTH, MAX_TAGS, bounded

LIMIT = 1 << 22


def safe(html: str) -> str:
    return bounded(html.encode(), LIMIT).decode()


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain text",
        "<!DOCTYPE html><html><head><title>a < b</title></head><body><p class=x id='y>z'>one<br/>two</p></body></html>",
        '<a href="u" title="x > y">k</a> 1 < 2 & 3 > 2 <3',
        "<textarea><p></textarea><pre>  a\n  b</pre>",
        "<table><tr><td>1<td>2</table>",
        "zażółć <p>日本</p>",
        "<",
        "a<",
        "<p>x</p></div></div>",
        "<svg><path d=1/><use/></svg>",
    ],
)
def test_ordinary_markup_is_left_as_it_is(html: str) -> None:
    assert safe(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<script>if (a<b) { x('</div>') }</script>b", "ab"),
        ("a<SCRIPT src=x></sCript >b", "ab"),
        ("a<script>never closed <p>b", "a"),
        ("a<style>p > b {}</style>b", "ab"),
        ("a<!-- <p> -->b<!---->c<!-->d<!--x--!>e", "abcde"),
        ("a<!-- never closed <p>b", "a"),
        ("a<?xml version='1.0'?>b<![CDATA[c]]>d</ x>e", "abde"),
        ("one <b>two</b> <i class=x>three</i><font size=1>!</font>", "one two three!"),
        ("<div/class=a>x", "<div/class=a>x"),
        ("<p a=1", ""),
        ('<p a="never closed>x', ""),
        ("<x" + "y" * 40 + ">t", "t"),
    ],
)
def test_what_no_text_depends_on_is_taken_out(html: str, expected: str) -> None:
    assert safe(html) == expected


def test_attributes_beyond_the_bounds_are_dropped() -> None:
    many = "".join(f" a{index}=1" for index in range(1000))
    assert safe(f"<p{many}>x").count("=") == MAX_ATTRIBUTES
    assert safe('<p id=k title="' + "a" * 5_000_000 + '">x') == ""  # the limit of bytes comes before the tag's end
    assert safe('<p id=k title="' + "a" * 5000 + '" class=c>x') == "<p id=k>x"


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<div><p>", "<b><div></b>", "<span><div></span>", "<div><object></div>", "<x-y>", "<ul><li>", "<a><td>"],
)
def test_nesting_beyond_the_bound_loses_tags_and_no_text(unit: str) -> None:
    result = safe((unit + "x ") * 5000)
    counted = {"<div><p>": "<div>", "<b><div></b>": "<div>", "<ul><li>": "<ul>", "<a><td>": "<a>"}.get(unit, unit[:4])
    assert result.count(counted) <= MAX_DEPTH
    assert result.count("x ") == 5000


def test_closed_elements_do_not_count_as_nesting() -> None:
    html = "<div><span>x</span><ul><li>y<li>z</ul></div>" * 2000
    assert safe(html) == html


def test_what_follows_too_many_tags_is_cut() -> None:
    result = bounded(b"<br>" * (MAX_TAGS + 10) + b"tail", LIMIT)
    assert result == b"<br>" * MAX_TAGS


def test_the_limit_of_bytes_holds() -> None:
    assert bounded(b"<p>" + b"x" * 100, 10) == b"<p>xxxxxxx"


@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "/", "!", "--", "-", "=", '"', "'", " ", "p", "div", "b", "script", "title", "x", "<!--", "-->",
             "</", "<p>", "<div", "<a href=", "</script>", "?", "\0", "\xff"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_markup_gives_no_more_bytes_than_it_has(parts: list[str]) -> None:
    html = "".join(parts).encode("latin-1")
    once = bounded(html, LIMIT)
    assert len(once) <= len(html)


def test_rows_and_cells_outside_of_tables_are_left_out_as_parsers_do() -> None:
    assert bounded(b"<td>a<table><tr><td>b</table><td>c", 100) == b"a<table><tr><td>b</table>c"


def test_names_beyond_the_first_two_thousand_are_left_out() -> None:
    html = b"".join(b"<p a%d=1>" % index for index in range(2100))
    assert bounded(html, 1 << 20).count(b"=1") == 2000
    assert bounded(html + b"<p class=b>", 1 << 20).endswith(b"<p>")
    assert bounded(b"<p class=b>" + html + b"<p class=b>", 1 << 20).endswith(b"<p class=b>")


def test_the_body_begins_a_few_times_only() -> None:
    assert bounded(b"<body>x" * 20, 1000).count(b"<body>") == 8
