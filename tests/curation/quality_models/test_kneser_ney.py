from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.quality_models.kneser_ney import FALLBACK, estimate, read_corpus
from curation.quality_models.ngram_model import BEGIN, END, UNKNOWN, NGramModel, NGramTable, chain, word_hash
from manifests.errors import UsageError
from tests.curation.quality_models.corpus import KENLM, SENTENCES


@pytest.mark.parametrize("order", [2, 3, 5])
def test_probabilities_are_those_of_kenlm(order: int) -> None:
    model = NGramModel(estimate(read_corpus(SENTENCES), order))
    scores = model.score([sentence.split() for sentence in KENLM[order]])
    assert scores == pytest.approx(list(KENLM[order].values()), abs=2e-5)


def test_discounts_and_sizes_are_those_that_lmplz_prints() -> None:
    about = estimate(read_corpus(SENTENCES), 3).about
    assert about["ngrams"] == [14, 38, 54]
    assert about["discounts"][0] == pytest.approx([0.142857, 1.57143, 2.2381], abs=1e-5)
    assert about["discounts"][1] == pytest.approx([0.404255, 1.6535, 3.0], abs=1e-4)
    assert about["discounts"][2] == list(FALLBACK)
    assert (about["tokens"], about["sentences"]) == (80, 12)  # ends of sentences are tokens


def back_off(table: NGramTable) -> Callable[[Sequence[str], str], float]:
    """log10 p(word | words before it), written down as the definition of a back-off model has it."""
    entries = {
        int(key): (float(p), float(b))
        for key, p, b in zip(table.keys, table.probabilities, table.backoffs, strict=True)
    }  # fmt: skip

    def key(words: Sequence[str]) -> int:
        last = None
        for word in reversed(words):
            last = chain(last, np.array([word_hash(word)], np.uint64))
        assert last is not None
        return int(last[0])

    def log(context: Sequence[str], word: str) -> float:
        context = list(context)[-(table.order - 1) :]
        found = entries.get(key([*context, word]))
        if found is not None:
            return found[0]
        if not context:
            return entries[key([UNKNOWN])][0]
        return entries.get(key(context), (0.0, 0.0))[1] + log(context[1:], word)

    return log


SOME = st.lists(st.lists(st.sampled_from("abc"), max_size=5), min_size=1, max_size=12).filter(any)


@given(SOME, st.lists(st.sampled_from("abcd"), max_size=4), st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_what_may_follow_a_context_has_probability_one_in_sum(
    sentences: list[list[str]], context: list[str], order: int
) -> None:
    log = back_off(estimate(read_corpus(sentences), order))
    known = {word for sentence in sentences for word in sentence}
    total = sum(
        10.0 ** log([BEGIN, *(w if w in known else UNKNOWN for w in context)], w) for w in (*known, END, UNKNOWN)
    )
    assert total == pytest.approx(1.0, rel=1e-4)


@given(SOME, st.lists(st.lists(st.sampled_from("abcd"), max_size=6), max_size=5), st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_compiled_scoring_is_backing_off(sentences: list[list[str]], asked: list[list[str]], order: int) -> None:
    table = estimate(read_corpus(sentences), order)
    known = {word for sentence in sentences for word in sentence}
    log = back_off(table)
    expected = []
    for sentence in asked:
        words = [BEGIN, *(word if word in known else UNKNOWN for word in sentence), END]
        expected.append(sum(log(words[:place], words[place]) for place in range(1, len(words))))
    assert NGramModel(table).score(asked) == pytest.approx(expected, abs=1e-5)


def test_literal_marks_of_sentences_in_text_are_left_out() -> None:
    plain = estimate(read_corpus([["a", "b"]]), 2)
    marked = estimate(read_corpus([["<s>", "a", "</s>", "b", "<unk>"]]), 2)
    assert np.array_equal(plain.keys, marked.keys)
    assert np.array_equal(plain.probabilities, marked.probabilities)


@pytest.mark.parametrize(("sentences", "order"), [([], 3), ([[], []], 3), ([["a"]], 1), ([["a"]], 9)])
def test_no_words_and_strange_orders_are_refused(sentences: list[list[str]], order: int) -> None:
    with pytest.raises(UsageError, match=r"no words to learn|order of an n-gram model"):
        estimate(read_corpus(sentences), order)
