from __future__ import annotations

import numpy as np
import pytest

from curation.extraction.content import parse
from curation.extraction.layout import layout


def text_of(html: str, *left_out: int) -> str:
    page = parse(html)
    chosen = np.ones(len(page.block_element), np.bool_)
    chosen[list(left_out)] = False
    return layout(page, chosen)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>Title</h1><p>One.<p>Two.", "Title\n\nOne.\n\nTwo."),
        ("<p>Roses<br>violets", "Roses\nviolets"),
        ("<p>To buy:</p><ul><li>milk<li>bread</ul><p>End.", "To buy:\n\n- milk\n- bread\n\nEnd."),
        ("<ol><li>first<li>second</ol>", "1. first\n2. second"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n- b\n- c"),
        ("<ol><li><p>long</p><p>more</p><li>next</ol>", "1. long\nmore\n2. next"),
        ("<table><tr><th>x<th>y<tr><td>1<td>2</table>", "x | y\n1 | 2"),
        # A table that lays out a page is no table of data.
        ("<table><tr><td><p>a<p>b<td>c</table>", "a\n\nb\n\nc"),
        ("<dl><dt>term<dd>meaning</dl>", "term\nmeaning"),
        ("<p>Code:<pre>if x:\n    y()</pre><p>Done.", "Code:\n\nif x:\n    y()\n\nDone."),
        ("", ""),
    ],
)
def test_structure_becomes_lines(html: str, expected: str) -> None:
    assert text_of(html) == expected


def test_items_keep_their_number_when_one_is_left_out() -> None:
    assert text_of("<ol><li>a<li>b<li>c</ol>", 1) == "1. a\n3. c"


def test_nothing_chosen_is_no_text() -> None:
    assert text_of("<p>a", 0) == ""
