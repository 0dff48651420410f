from __future__ import annotations

import numpy as np
import pytest

from curation.extraction.content import load_model, parse, shipped_model
from curation.extraction.elements import TAGS, fnv
from curation.extraction.features import FEATURES, Tables, features
from manifests.errors import UsageError

NOTHING = Tables(
    np.zeros(0, np.uint32),
    np.zeros(0, np.float32),
    np.zeros(0, np.uint32),
    np.zeros(0, np.float32),
    np.arange(len(TAGS), dtype=np.float32),
)
PAGE = """<title>The lighthouse</title><body><nav><ul><li><a href=/>Home</a><li><a href=/x>More things</a></ul></nav>
<main><h1>The lighthouse</h1><p class="entry-content">It was built of granite in 1872, and still shines over the mouth
of the harbour every night of the year.</p><p>Short.</p></main>"""


def rows(html: str, tables: Tables = NOTHING) -> list[dict[str, float]]:
    return [dict(zip(FEATURES, row.tolist(), strict=True)) for row in features(parse(html), tables)]


def test_every_feature_has_one_name() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == features(parse(PAGE), NOTHING).shape[1]


def test_features_say_what_their_names_say() -> None:
    home, more, heading, paragraph, short = rows(PAGE)
    assert [row["characters"] for row in (home, more, heading, paragraph, short)] == [4, 10, 13, 84, 6]
    assert (more["link_share"], more["within_nav"], more["within_li"], more["within_main"]) == (
        pytest.approx(1),
        3,
        1,
        0,
    )
    assert (heading["heading_level"], heading["title_overlap"], heading["from_heading"]) == (1, 1, 0)
    assert (short["from_heading"], short["shared_with_heading"]) == (2, pytest.approx(103 / 117))
    assert (paragraph["in_core"], home["in_core"], short["last_character"]) == (1, 0, 3)
    assert paragraph["digit_share"] == pytest.approx(4 / 84)
    assert (home["before1_characters"], home["after1_characters"], home["after2_characters"]) == (-1, 10, 13)
    assert (paragraph["page_blocks"], paragraph["page_headings"], paragraph["page_link_share"]) == (
        5,
        1,
        pytest.approx(14 / 117),
    )


def test_learned_words_count_where_they_stand() -> None:
    known = NOTHING._replace(
        markup_keys=np.array([fnv("entry")], np.uint32) ^ np.uint32(0),
        markup_values=np.array([2.5], np.float32),
        word_keys=np.array([fnv("short")], np.uint32),
        word_values=np.array([-1.5], np.float32),
    )
    found = rows(PAGE, known)
    assert [row["markup_most"] for row in found] == [0, 0, 0, 2.5, 0]
    assert [row["words_least"] for row in found] == [0, 0, 0, 0, -1.5]
    assert found[3]["after1_words_mean"] == -0.75


def test_repeated_templates_and_texts_are_seen() -> None:
    cards = "".join(f"<div class=card><h3>Item {n}</h3><p>Buy now</p></div>" for n in "abc")
    found = rows(f"<body>{cards}")
    assert [row["repeated"] for row in found] == [3] * 6
    assert [row["repeated_index"] for row in found] == [0, 0, 1, 1, 2, 2]
    assert [row["same_text"] for row in found] == [1, 3, 1, 3, 1, 3]
    assert [row["same_text_before"] for row in found] == [0, 0, 0, 1, 0, 2]


@pytest.mark.parametrize("html", ["", "<p>", "<p>x", "<h1>1</h1>", "<p>日本語", "<ul>" * 200 + "<li>x" * 50])
def test_features_are_finite(html: str) -> None:
    found = features(parse(html), shipped_model().tables)
    assert np.isfinite(found).all()


def test_a_model_of_other_features_is_refused(tmp_path: object) -> None:
    path = f"{tmp_path}/m.npz"
    np.savez(path, features=np.array(["one", "two"]))
    with pytest.raises(UsageError, match="other features"):
        load_model(path)
    np.savez(path, other=np.array([1]))
    with pytest.raises(UsageError, match="not a model of page blocks"):
        load_model(path)
