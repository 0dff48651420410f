from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from curation.quality import evaluate
from pipelines.demo.items import FOREIGN_PAGES
from pipelines.demo.prose import Page, english_pages, foreign_pages, shingles, similarity
from pipelines.demo.world import make_world

WORLD = make_world(1)
PAGES = english_pages(WORLD)


def most_similar(pages: tuple[Page, ...]) -> float:
    sets = [shingles(page.text) for page in pages]
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, members in enumerate(sets):
        for shingle in members:
            where[shingle].append(index)
    shared: Counter[tuple[int, int]] = Counter()
    for places in where.values():
        shared.update((one, other) for at, other in enumerate(places) for one in places[:at])
    return max(count / (len(sets[one]) + len(sets[other]) - count) for (one, other), count in shared.items())


def test_there_are_some_five_hundred_english_pages_of_about_a_megabyte() -> None:
    assert len(PAGES) == 560
    assert 1_000_000 < sum(len(page.text) for page in PAGES) < 1_500_000


def test_pages_have_120_to_720_words_and_names_of_their_own() -> None:
    assert all(120 <= len(page.text.split()) <= 720 for page in PAGES)
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_no_two_independent_pages_are_near_duplicates() -> None:
    assert most_similar(PAGES) < 0.3


@pytest.mark.parametrize("language", ["german", "french", "spanish", "polish", "greek", "russian"])
def test_pages_in_other_languages_differ_too(language: str) -> None:
    assert most_similar(foreign_pages(WORLD, language, FOREIGN_PAGES[language])) < 0.3


def test_paragraphs_are_whole_sentences_without_unfilled_slots() -> None:
    for page in PAGES:
        for paragraph in page.paragraphs:
            assert paragraph[0].isupper() or paragraph[0] == '"', paragraph
            assert paragraph.endswith((".", "?", '"')) or page.kind == "letter", paragraph
            assert not set("{}[]|~") & set(paragraph), paragraph
            assert "  " not in paragraph and ".." not in paragraph and " a a" not in paragraph, paragraph


def test_a_page_does_not_depend_on_the_others() -> None:
    assert foreign_pages(WORLD, "german", 3)[2] == foreign_pages(WORLD, "german", 5)[2]


def test_good_pages_pass_the_fineweb_rules() -> None:
    failed = {page.name: evaluate(page.text).rule for page in PAGES if not evaluate(page.text).keep}
    assert len(failed) < 0.05 * len(PAGES), failed


def test_similarity_counts_shared_runs_of_five_words() -> None:
    assert similarity("a b c d e f", "A B C D E g") == pytest.approx(1 / 3)
    assert similarity("too short", "too short") == 0.0
