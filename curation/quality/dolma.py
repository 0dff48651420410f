"""Gopher's signals as dolma's tagger `gopher_v1` measures them (allenai/dolma, python/dolma/taggers/gopher.py).

Values are rounded to five digits, as the tagger stores them and the mixer compares them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from curation.quality import ngrams, scanning
from curation.quality.document import Document, share

PREFIX = "gopher_dolma"
SIGNALS: tuple[str, ...] = (
    "gopher_dolma.words",  # between white space
    "gopher_dolma.word_length",  # the median
    "gopher_dolma.symbols",  # share of words with `#` or `…` in them
    "gopher_dolma.alphabetic_words",  # share of words with a letter
    "gopher_dolma.stop_words",  # occurrences
    "gopher_dolma.bullet_lines",  # share of lines that begin with `*` or `-`
    "gopher_dolma.ellipsis_lines",  # share of lines that end with `…`
    "gopher_dolma.dup_lines",  # share of lines that occur more than once, every copy counted, empty lines too
    "gopher_dolma.dup_line_chars",  # characters of these for each character that is no white space
    # Share of the words' characters in the first of the most frequent n-grams, also when it occurs once.
    *(f"gopher_dolma.top_{n}_gram_chars" for n in ngrams.TOP_SIZES),
    # Characters in n-grams that occur more than once among those in all n-grams, overlaps counted each time.
    *(f"gopher_dolma.dup_{n}_gram_chars" for n in ngrams.REPEATED_SIZES),
)
_DIGITS = 5


def measure(document: Document) -> list[float]:
    """The values of `SIGNALS`."""
    words, lines = document.words, document.lines
    characters = int(words.lengths.sum())
    values = [
        float(words.count),
        float(np.median(words.lengths)) if words.count else 0.0,
        share(words.flagged(scanning.HAS_SYMBOL), words.count),
        share(words.flagged(scanning.HAS_ALPHA), words.count),
        float(words.flagged(scanning.IS_STOP_WORD)),
        share(sum([line[:1] in ("*", "-") for line in lines]), len(lines)),
        share(sum([line[-1:] == "…" for line in lines]), len(lines)),
    ]
    repeated = repeated_characters = 0
    if len(set(lines)) < len(lines):
        for line, count in Counter(lines).items():
            if count > 1:
                repeated += count
                repeated_characters += count * len(line)
    values += [share(repeated, len(lines)), repeated_characters / max(characters, 1)]
    for row in document.word_ngrams.tolist()[: len(ngrams.TOP_SIZES)]:
        values.append(row[ngrams.COUNT] * row[ngrams.CHARACTERS] / max(characters, 1))
    for row in document.word_ngrams.tolist()[len(ngrams.TOP_SIZES) :]:
        values.append(row[ngrams.REPEATED] / max(row[ngrams.ALL], 1))
    return [round(value, _DIGITS) for value in values]
