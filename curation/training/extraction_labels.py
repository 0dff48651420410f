"""Which blocks of a page are main content, by aligning the page's words with a gold text written by people."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
RUN_COST = 0.7  # of beginning a run of matches, so that single common words do not match across the page
MAX_CELLS = 600_000_000
SHINGLE = 4
LOOSE_WORDS = 6  # blocks of at least so many words may also match out of order


def words_of(text: str) -> list[str]:
    """Lower-case words, as the WCXB benchmark counts them."""
    return _WORD.findall(text.lower())


def word_scores(predicted: str, gold: str) -> tuple[float, float, float]:
    """Precision, recall and F1 over multisets of words, as the WCXB leaderboard has them."""
    wanted, got = (
        collections.Counter(words_of(gold)),
        collections.Counter(words_of(predicted)),
    )
    hits = (wanted & got).total()
    if not hits:
        return 0.0, 0.0, 0.0
    precision, recall = hits / got.total(), hits / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def label_blocks(texts: Sequence[str], gold: str) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The share of each block's words that are in `gold`, and its words; both [blocks].

    Words match in order, in runs (a global alignment); a longer block that stands elsewhere in the gold text counts
    by its `SHINGLE`-word sequences.
    """
    numbers: dict[str, int] = {}
    gold_words = words_of(gold)
    wanted = np.array([numbers.setdefault(word, len(numbers)) for word in gold_words], np.int32)
    blocks = [words_of(text) for text in texts]
    flat = np.array([numbers.get(word, -1) for words in blocks for word in words], np.int32)
    matched = _align(flat, wanted) if len(flat) * len(wanted) <= MAX_CELLS else np.zeros(len(flat), np.uint8)
    shingles = {tuple(gold_words[i : i + SHINGLE]) for i in range(len(gold_words) - SHINGLE + 1)}
    labels, sizes = np.zeros(len(texts), np.float32), np.zeros(len(texts), np.int32)
    place = 0
    for block, words in enumerate(blocks):
        sizes[block] = count = len(words)
        share = float(matched[place : place + count].mean()) if count else 0.0
        place += count
        if share < 0.5 and count >= LOOSE_WORDS:
            found = [tuple(words[i : i + SHINGLE]) in shingles for i in range(count - SHINGLE + 1)]
            share = max(share, sum(found) / len(found))
        labels[block] = share
    return labels, sizes


@numba.njit(cache=True)
def _align(page: NDArray[np.int32], gold: NDArray[np.int32]) -> NDArray[np.uint8]:
    """1 for each word of `page` that the best alignment matches; two states, in a run of matches or not."""
    rows, columns = len(page), len(gold)
    steps = np.zeros((rows + 1, columns + 1), np.uint8)
    never = np.float32(-1e9)
    run_before, gap_before = (
        np.full(columns + 1, never, np.float32),
        np.zeros(columns + 1, np.float32),
    )
    run, gap = np.empty(columns + 1, np.float32), np.empty(columns + 1, np.float32)
    for row in range(1, rows + 1):
        run[0], gap[0] = never, 0
        for column in range(1, columns + 1):
            if page[row - 1] == gold[column - 1]:
                longer = run_before[column - 1] + np.float32(1)
                begun = gap_before[column - 1] + np.float32(1 - RUN_COST)
                if longer >= begun:
                    run[column] = longer
                    steps[row, column] |= 1
                else:
                    run[column] = begun
            else:
                run[column] = never
            best, step = gap_before[column], 0
            if gap[column - 1] > best:
                best, step = gap[column - 1], 1
            if run[column] > best:
                best, step = run[column], 2
            gap[column] = best
            steps[row, column] |= step << 1
        run_before, run = run, run_before
        gap_before, gap = gap, gap_before
    out = np.zeros(rows, np.uint8)
    row, column, in_run = rows, columns, False
    while row > 0 and column > 0:
        if in_run:
            out[row - 1] = 1
            in_run = steps[row, column] & 1 == 1
            row -= 1
            column -= 1
        else:
            step = steps[row, column] >> 1
            if step == 0:
                row -= 1
            elif step == 1:
                column -= 1
            else:
                in_run = True
    return out
