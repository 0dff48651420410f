from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.quality import characters, ngrams, scanning
from curation.quality.document import Document


def unicode_words(text: str) -> list[int]:
    return Document(text).unicode_words.lengths.tolist()


@given(st.text(st.characters() | st.sampled_from(" \n\t\x85\xa0#…."), max_size=80))
def test_words_are_those_of_str_split(text: str) -> None:
    words = Document(text).words
    assert words.lengths.tolist() == [len(word) for word in text.split()]
    assert len(set(words.hashes.tolist())) == len(set(text.split()))
    assert words.flagged(scanning.HAS_ALPHA) == sum(any(map(str.isalpha, word)) for word in text.split())


def test_flags_of_words_say_what_is_in_them() -> None:
    words = Document("the The with # ## #a a#b#c… ... […] 12 ⅷ don't").words
    assert words.flagged(scanning.IS_STOP_WORD) == 2
    assert words.flagged(scanning.IS_STOP_WORD_LOWERED) == 3
    assert words.flagged(scanning.HAS_SYMBOL) == 5  # `#` or `…`
    assert words.flagged(scanning.IS_SYMBOL) == 3  # `#`, `...`, `[…]`
    assert words.flagged(scanning.HAS_ALPHA) == 6
    assert words.flagged(scanning.HAS_ALPHABETIC) == 7  # the Roman numeral too


@pytest.mark.parametrize(
    ("text", "lengths"),
    [  # uniseg 0.10.1, words that begin with a letter or digit
        ("The quick (“brown”) fox can’t jump 32.3 feet, right?", [3, 5, 5, 3, 5, 4, 4, 4, 5]),
        ("a.b a:b a_b 1,000.5 1,a x'y x\"y", [3, 3, 3, 7, 1, 1, 3, 1, 1]),
        ("א\"ב א' カタカナ 中文", [3, 2, 4, 1, 1]),
        ("e\u0301te\u0301 x\u200dy \u0301a", [5, 3, 1]),
        ("a\u200d™ ™ ℹ", [3, 1]),
        ("a\r\nb", [1, 1]),
        ("", []),
    ],
)
def test_words_by_unicode_boundaries(text: str, lengths: list[int]) -> None:
    assert unicode_words(text) == lengths


def test_fasttext_splits_at_ascii_blanks_and_nul_only() -> None:
    assert Document("a b\tc\x00d\u3000e \xa0f\x1cg -h 1\n").fasttext_words == 5


def test_a_class_of_characters_is_that_of_python() -> None:
    table = characters.table()
    for point in [*range(0x600), *range(0x2000, 0x2200), 0x0BEF, 0x3007, 0x4E00, 0x1F600, 0x10FFFF]:
        character = chr(point)
        for bit, test in (
            (characters.SPACE, str.isspace),
            (characters.ALPHA, str.isalpha),
            (characters.ALNUM, str.isalnum),
            (characters.UPPER, str.isupper),
            (characters.DIGIT, str.isdigit),
        ):
            assert bool(table[point] & bit) == test(character), hex(point)


def test_lines_are_counted_apart() -> None:
    codes = characters.codes("AB1\n\naB²\n")
    sizes, uppers, digits = (np.empty(4, np.int64) for _ in range(3))
    assert scanning.count_in_lines(codes, characters.table(), sizes, uppers, digits) == 4
    assert (sizes.tolist(), uppers.tolist(), digits.tolist()) == ([3, 0, 3, 0], [2, 0, 1, 0], [1, 0, 1, 0])


@settings(max_examples=80)
@given(st.lists(st.sampled_from(["a", "b", "cc", "ddd", "e"]), max_size=60))
def test_ngrams_agree_with_their_definitions(words: list[str]) -> None:
    table = Document(" ".join(words)).word_ngrams
    for n in range(2, 11):
        grams = list(zip(*[words[i:] for i in range(n)], strict=False))
        row = table[n - 2].tolist()
        if not grams:
            assert row == [0] * ngrams.COLUMNS
            continue
        counts = Counter(grams)
        size = {gram: sum(map(len, gram)) for gram in counts}
        top, count = counts.most_common(1)[0]
        covered = {i + k for i, gram in enumerate(grams) if counts[gram] > 1 for k in range(n)}
        assert row[ngrams.COUNT] == count
        assert row[ngrams.FIRST] == grams.index(top)
        assert row[ngrams.CHARACTERS] == size[top]
        assert row[ngrams.LONGEST] == max(size[gram] for gram in counts if counts[gram] == count)
        assert row[ngrams.REPEATED] == sum(counts[gram] * size[gram] for gram in counts if counts[gram] > 1)
        assert row[ngrams.ALL] == sum(size[gram] for gram in grams)
        assert row[ngrams.COVERED] == sum(len(words[i]) for i in covered)
        stepped = overlapping = 0
        seen: Counter[tuple[str, ...]] = Counter()
        for gram in grams:
            seen[gram] += 1
            if seen[gram] > 1:
                stepped += sum(map(len, gram[overlapping:])) + min(n - overlapping, n - 1)
                overlapping = n
            overlapping = max(overlapping - 1, 0)
        assert row[ngrams.STEPPED] == stepped
