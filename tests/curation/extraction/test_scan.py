from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.extraction.content import parse
from curation.extraction.elements import TAGS, fnv
from curation.extraction.scan import CHARACTERS, COMMAS, COPYRIGHTS, DENSE, ENDS, LINKED, LINKS, PRESSED, Page, scan


def blocks(html: str) -> list[tuple[str, str]]:
    """(element, text) of every block."""
    page = parse(html)
    return [
        (TAGS[page.element_tag[page.block_element[block]]], page.block_text(block))
        for block in range(len(page.block_element))
    ]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>one<p>two", [("p", "one"), ("p", "two")]),
        ("<div>loose <p>inner</p> tail</div>", [("div", "loose"), ("p", "inner"), ("div", "tail")]),
        ("<ul><li>a<li>b</ul>", [("li", "a"), ("li", "b")]),
        ("<table><tr><td>1<td>2</table>", [("td", "1"), ("td", "2")]),
        ("<h2> a \n\t b&nbsp; c </h2>", [("h2", "a b c")]),
        ("<p>verse one<br>verse two<br><br>next</p>", [("p", "verse one\nverse two"), ("p", "next")]),
        ("<p>a<script>x()</script><style>y{}</style><svg><text>z</text></svg>b</p>", [("p", "ab")]),
        ("<p>a &lt;b&gt; &amp;amp; &quot;c&quot;</p>", [("p", 'a <b> &amp; "c"')]),
        ("<pre>  def f():\n\n      pass\n</pre>", [("pre", "  def f():\n\n      pass")]),
        ("<p>soft&shy;hyphen zero\u200bwidth</p>", [("p", "softhyphen zerowidth")]),
        ("<my-card>inside<my-part>x</my-part></my-card>", [("custom", "inside"), ("custom", "x")]),
        ("<p><a href=/a>One</a><a href=/b>Two</a></p>", [("p", "One Two")]),
        ("<p>wo<b>r</b>d, 19<sup>th</sup></p>", [("p", "word, 19th")]),
        ("<select><option>x</select><textarea>y</textarea><p>z", [("p", "z")]),
        ("<head><title>t</title></head><body>b", [("body", "b")]),
        ("", []),
    ],
)
def test_blocks_are_the_text_between_boundaries(html: str, expected: list[tuple[str, str]]) -> None:
    assert blocks(html) == expected


def test_counts_are_of_characters_not_bytes() -> None:
    page = parse("<p>Öl, <a href=/x>Bär</a>. <a>no link</a> © 日本語。<button>go</button></p>")
    counts = page.counts[0]
    assert page.block_text(0) == "Öl, Bär . no link © 日本語。 go"
    assert (counts[LINKED], counts[LINKS], counts[PRESSED]) == (3, 1, 2)
    assert (counts[ENDS], counts[COMMAS], counts[COPYRIGHTS], counts[DENSE]) == (2, 1, 1, 4)
    # White space is not counted.
    assert counts[CHARACTERS] == len("Öl,Bär.nolink©日本語。go")


def test_words_of_the_title_and_of_markup_are_hashed() -> None:
    page = parse("<title>Big News</title><body><div class='postBody item-17' id=main><p>Big Thing</p></div>")
    assert page.title.tolist() == [fnv("big"), fnv("news")]
    assert page.words.tolist() == [fnv("big"), fnv("thing")]
    again = parse("<body><div class='post-body item-9999' id=main><p>x</p></div>")
    words, others = page.markup_words.tolist(), again.markup_words.tolist()
    # post, body, item and main are the same; only whole names differ by how they are written.
    assert len(set(words) & set(others)) >= 4


def test_a_hidden_element_marks_what_is_in_it() -> None:
    page = parse("<div hidden><p>a</p></div><div style='display: none'>b</div><div aria-hidden=true>c</div><p>d")
    flags = [int(page.element_flags[element]) for element in page.block_element]
    assert flags == [1, 1, 2, 0]


def test_the_open_graph_type_is_the_kind_of_the_page() -> None:
    kinds = [
        parse(f'<meta property="og:type" content="{value}"><p>x').kind for value in ("article", "product", "x-made-up")
    ]
    assert kinds == [1, 2, 6]
    assert parse("<p>x").kind == 0


def check(page: Page) -> None:
    elements, count = len(page.element_tag), len(page.block_element)
    assert (page.element_parent < np.arange(elements)).all()
    assert (page.element_first <= page.element_last).all()
    assert (page.element_last <= count).all()
    assert (page.block_start < page.block_end).all()
    assert (page.block_start[1:] >= page.block_end[:-1]).all()
    assert (page.counts >= 0).all()
    for block, element in enumerate(page.block_element.tolist()):
        assert page.element_first[element] <= block < page.element_last[element]
        assert page.block_text(block).strip()


_TAGS = "<p> </p> <div> <li> <ul> </ul> <table> <td> <br> <br/> <a_href=x> </a> <pre> </pre> <h1> <title> <head> <body>"
_MORE = "<script> </script> <svg> </svg> <select> <p_hidden> text é 日 &lt; & <"
TOKENS = [token.replace("_", " ") for token in str.split(f"{_TAGS} {_MORE}")] + [" ", "\0"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_mix_of_tags_gives_ordered_blocks(parts: list[str]) -> None:
    check(parse("".join(parts)))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_the_scan_takes_any_bytes(html: bytes) -> None:
    page = scan(html)
    assert (page.block_start < page.block_end).all()
    scan(b"<html><body><p>" + html)
