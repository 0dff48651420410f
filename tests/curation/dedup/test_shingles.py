from __future__ import annotations

import re

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.minhash import has_signature, signatures
from curation.dedup.normalise import ALONE, full_table, normalise
from curation.dedup.shingles import Scheme, Shingle, shingle_hashes, shingle_set
from tests.curation.dedup.test_minhash import ASCII, WORDY, fmix

MASK = (1 << 64) - 1


def hashes_of(parts: list[str], ngram: int) -> list[int]:
    """The published formula over the given words."""
    words = []
    for part in parts:
        hashed = 0xCBF29CE484222325
        for character in part:
            hashed = (hashed ^ ord(character)) * 0x100000001B3 & MASK
        words.append(fmix(hashed))
    found = []
    for start in range(len(words) - ngram + 1):
        folded = 0
        for hashed in words[start : start + ngram]:
            folded = (folded ^ hashed) * 0x9E3779B97F4A7C15 & MASK
        found.append(fmix(folded))
    return found


def characters_of(text: str) -> str:
    words = normalise(text).split()
    spaceless = [len(word) == 1 and bool(full_table().entries[ord(word)] & ALONE) for word in words]
    pieces = []
    for place, word in enumerate(words):
        pieces += [" "] if place and not spaceless[place] and not spaceless[place - 1] else []
        pieces.append(word)
    return "".join(pieces)


@settings(deadline=None)
@given(st.one_of(ASCII, WORDY, st.text()), st.integers(1, 14))
def test_characters_are_those_of_the_words_and_the_spaces_between_them(text: str, ngram: int) -> None:
    found = shingle_hashes(text, ngram, scheme="affine64", shingle="characters")
    assert found.tolist() == hashes_of(list(characters_of(text)), ngram)


@pytest.mark.parametrize("count", [1023, 1024, 1025, 1028, 1029, 2047, 2048, 2049, 2053])
@pytest.mark.parametrize("ngram", [1, 5, 1024, 2053])
def test_texts_of_more_shingles_than_are_folded_together_are_hashed_the_same(count: int, ngram: int) -> None:
    words = ["abcdefg"[: place % 7 + 1] for place in range(count)]
    assert shingle_hashes(" ".join(words), ngram, scheme="affine64").tolist() == hashes_of(words, ngram)


@settings(deadline=None)
@given(st.one_of(st.text(st.sampled_from("aZ_9é-. \n(中\ud800"), max_size=40), st.text()), st.integers(1, 6))
def test_tokens_are_bigcode_s(text: str, ngram: int) -> None:
    found = shingle_hashes(text, ngram, scheme="affine64", shingle="tokens")
    assert found.tolist() == hashes_of([one for one in re.split("[^A-Za-z_0-9]", text) if one], ngram)


def test_tokens_tell_case_and_numbers_apart_where_words_do_not() -> None:
    assert shingle_set("x = Foo(1)", 3, "tokens").tolist() != shingle_set("x = foo(2)", 3, "tokens").tolist()
    assert shingle_set("x = Foo(1)", 3).tolist() == shingle_set("x = foo(2)", 3).tolist()


def test_a_set_is_ascending_and_holds_each_shingle_once() -> None:
    assert shingle_set("a b a b a b", 2).tolist() == sorted(set(hashes_of(list("ababab"), 2)))


@pytest.mark.parametrize("shingle", ["words", "characters", "tokens"])
@pytest.mark.parametrize(("scheme", "seed"), [("affine32", 1), ("affine32", 9), ("affine64", 1), ("affine64", 42)])
def test_signatures_of_all_shingles_equal_datasketch(shingle: Shingle, scheme: Scheme, seed: int) -> None:
    texts = [
        "def f(x_1): return x_1 + 2 # Ärger 中文字 here and there",
        "",
        "a",
        "tab\tNUL\0 lone \ud800 and six seven",
    ]
    rows = []
    for text in texts:
        sketch = datasketch.MinHash(num_perm=64, seed=seed, scheme=scheme, hashfunc=int)
        sketch.update_batch(shingle_hashes(text, 3, scheme=scheme, shingle=shingle).tolist())
        rows.append(sketch.hashvalues.tolist())
    found = signatures(texts, ngram=3, num_perm=64, seed=seed, scheme=scheme, shingle=shingle)
    assert found.tolist() == rows
    assert has_signature(found).tolist() == [True, False, False, True]


@pytest.mark.parametrize("shingle", ["characters", "tokens"])
def test_hostile_texts_cost_linear_time(shingle: Shingle) -> None:
    texts = ["x" * 10_000_000, "\u0301\u0323" * 1_000_000, "中" * 1_000_000, "1" * 1_000_000, "\ufdfa" * 100_000]
    assert len(signatures(texts, ngram=13, num_perm=2, shingle=shingle)) == len(texts)
    assert shingle_hashes("", 13, shingle=shingle).dtype == np.uint32
