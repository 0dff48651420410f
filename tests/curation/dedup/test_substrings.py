from __future__ import annotations

import random
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.substrings import anchors, tokenise, window_hashes
from tests.curation.dedup.cutting_parts import Part, name, remove_substrings

Place = tuple[int, int]


def words(text: str) -> list[str]:
    tokens = tokenise(text)
    return [text[start:end] for start, end in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \n\t", []),
        ("one", ["one"]),
        ("It's 1.5 x_y!", ["It", "'", "s", "1", ".", "5", "x_y", "!"]),
        ("naïve cafe\u0301", ["naïve", "cafe\u0301"]),
        ("漢字と仮名", ["漢", "字", "と", "仮", "名"]),
        ("한국어 텍스트", ["한국어", "텍스트"]),
        ("กาแฟ", ["ก", "า", "แ", "ฟ"]),
        ("a\u00a0b\u2028c", ["a", "b", "c"]),
        ("😀😀", ["😀", "😀"]),
    ],
)
def test_tokens_are_words_single_signs_and_characters_of_scripts_without_spaces(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


def test_case_and_signs_are_compared_and_white_space_is_not() -> None:
    hashes = [tokenise(text).hashes.tolist() for text in ("One two.", "One\n  two .", "one two.", "One two!")]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]
    assert hashes[0] != hashes[3]


def test_ascii_and_other_texts_hash_words_alike() -> None:
    assert tokenise("one two").hashes.tolist() == tokenise("one two é").hashes.tolist()[:2]


def test_tokens_that_begin_within_a_cut_are_left_out() -> None:
    assert tokenise("aa bb cc dd", [(3, 8)]).starts.tolist() == [0, 9]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(8, 20))
def test_equal_windows_have_equal_anchors_at_equal_distance(letters: list[str], size: int) -> None:
    tokens = tokenise(" ".join(letters))
    found = anchors(tokens, size)
    seen: dict[tuple[str, ...], tuple[int, int]] = {}
    for window in range(max(0, len(letters) - size + 1)):
        content = tuple(letters[window : window + size])
        of = (int(found.hashes[window]), int(found.places[window]) - window)
        assert seen.setdefault(content, of) == of
    assert len(found.hashes) == max(0, len(letters) - size + 1)


def test_one_place_in_some_thirteen_is_an_anchor_of_windows_of_fifty() -> None:
    text = " ".join(str(number) for number in range(100_000))
    assert len(anchors(tokenise(text), 50).distinct()) == pytest.approx(100_000 * 2 / 27, rel=0.02)


def test_a_word_said_a_million_times_has_one_anchor() -> None:
    tokens = tokenise("word " * 1_000_000)
    assert len(np.unique(anchors(tokens, 50).hashes)) == 1
    assert len(np.unique(window_hashes(tokens, 50, np.arange(10)), axis=0)) == 1


def repeats(documents: dict[int, list[str]], size: int) -> list[list[Place]]:
    """Places (document, token) of windows that are equal, each set in order: runs of a naive suffix array."""
    suffixes = sorted(
        (tuple(tokens[start:]), number, start)
        for number, tokens in documents.items()
        for start in range(len(tokens) - size + 1)
    )
    sets: list[list[Place]] = [[suffixes[0][1:]]] if suffixes else []
    for before, after in pairwise(suffixes):
        if before[0][:size] == after[0][:size]:
            sets[-1].append(after[1:])
        else:
            sets.append([after[1:]])
    return [sorted(one) for one in sets if len(one) > 1]


def expected(documents: dict[int, list[str]], size: int, keep: str) -> set[Place]:
    """Tokens that go: those of repeated windows, but for the first of equal ones where one copy is kept."""
    gone: set[Place] = set()
    for places in repeats(documents, size):
        first, start = places[0]
        spared = {(first, token) for token in range(start, start + size)} if keep == "first" else set()
        for number, window in places[1:] if keep == "first" else places:
            gone |= {(number, token) for token in range(window, window + size)} - spared
    return gone


def found_tokens(texts: dict[int, str], parts: list[Part], size: int, keep: str, **how: int) -> set[Place]:
    removed = remove_substrings(parts, size, keep, **how)  # type: ignore[arg-type]
    gone: set[Place] = set()
    for number, removals in removed.items():
        tokens = tokenise(texts[number])
        for (_, end, _), (start, _, _) in pairwise(removals):
            assert end <= start
        for start, end, _ in removals:
            inside = np.flatnonzero((tokens.starts >= start) & (tokens.ends <= end))
            gone |= {(number, int(token)) for token in inside}
    return gone


CORPORA = st.lists(st.lists(st.sampled_from(["a", "b", "漢"]), max_size=40), min_size=1, max_size=6)


@settings(max_examples=120, deadline=None)
@given(CORPORA, st.sampled_from(["first", "none"]), st.integers(8, 11), st.integers(1, 3), st.randoms())
def test_just_the_repeats_of_a_suffix_array_are_found(
    corpus: list[list[str]], keep: str, size: int, partitions: int, generator: random.Random
) -> None:
    documents = dict(enumerate(corpus))
    texts = {number: " ".join(tokens) for number, tokens in documents.items()}
    parts: list[list[tuple[int, str]]] = [[], [], []]
    for number, text in texts.items():
        generator.choice(parts).append((number, text))
    found = found_tokens(texts, list(parts), size, keep, partitions=partitions, seed=generator.randrange(99))
    assert found == expected(documents, size, keep)


@pytest.mark.parametrize("keep", ["first", "none"])
def test_planted_repeats_of_thirty_tokens_are_found_to_the_token(keep: str) -> None:
    generator = random.Random(5)
    vocabulary = [f"w{number}" for number in range(300)]
    planted = [generator.choices(vocabulary, k=length) for length in (29, 30, 31, 45, 90)]
    documents = {}
    for number in range(40):
        tokens = []
        for _ in range(3):
            tokens += generator.choices(vocabulary, k=generator.randrange(40)) + generator.choice(planted)
        documents[number] = tokens
    texts = {number: " ".join(tokens) for number, tokens in documents.items()}
    parts = [[(number, texts[number]) for number in range(start, 40, 3)] for start in range(3)]
    found = found_tokens(texts, list(parts), 30, keep)
    assert found == expected(documents, 30, keep)
    assert len(found) > 1000


def test_the_document_that_keeps_a_repeat_is_named() -> None:
    shared = " ".join(f"s{number}" for number in range(10))
    removed = remove_substrings([[(2, f"x {shared} y")], [(1, f"{shared} z"), (3, f"{shared} {shared}")]], 10, "first")
    assert removed == {2: [(2, 31, name(1))], 3: [(0, 29, name(1)), (30, 59, name(1))]} or removed == {
        2: [(2, 31, name(1))],
        3: [(0, 59, name(1))],
    }


def test_of_one_word_said_without_end_one_window_stays() -> None:
    text = "word " * 1_000_000
    assert remove_substrings([[(1, text)]], 50, "first") == {1: [(250, 4_999_999, name(1))]}


def test_of_one_sentence_in_twenty_thousand_documents_one_stays() -> None:
    text = "One sentence of more than ten words that all of these documents hold."
    parts = [[(number, text) for number in range(start, 20_000, 4)] for start in range(4)]
    removed = remove_substrings(list(parts), 10, "first")
    assert len(removed) == 19_999
    assert set(removed) == set(range(1, 20_000))
    assert set(map(tuple, removed.values())) == {((0, len(text), name(0)),)}


def test_text_without_white_space_costs_no_more() -> None:
    blob = re.sub(r"\s", "", "".join(f"{number * 2654435761 % 2**32:x}" for number in range(1_000_000)))
    assert remove_substrings([[(1, blob), (2, blob)]], 50, "first") == {}  # one token each
    han = "".join(map(chr, np.random.default_rng(1).integers(0x4E00, 0x9FFF, 200_000).tolist()))
    assert remove_substrings([[(1, han)], [(2, han)]], 50, "first") == {2: [(0, 200_000, name(1))]}
