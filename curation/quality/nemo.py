"""NeMo Curator's heuristics for English text (NVIDIA-NeMo/Curator, stages/text/filters/heuristic).

The original divides by zero on text without words; a share of nothing here is 0, of unique lines 1. Of several n-grams
that occur equally often it takes whichever comes first from a Python set, so its value depends on PYTHONHASHSEED; here
it is the first in the text.
"""

from __future__ import annotations

import re

import numpy as np

from curation.quality import characters, ngrams, scanning
from curation.quality.document import Document, share

PREFIX = "nemo"
SIGNALS: tuple[str, ...] = (
    "nemo.other_chars",  # share of characters that are none of a-z, A-Z, 0-9, line feed, `?!,.`
    "nemo.symbols",  # share of words that are a mark of ellipsis or more than half runs of `#`
    "nemo.digits",  # share of characters that are 0 to 9
    "nemo.urls",  # share of characters in URLs
    "nemo.white_space",  # share of characters that are blank, tab, line feed, carriage return or backspace
    "nemo.brackets",  # share of characters that are brackets of any kind
    "nemo.boilerplate",  # share of paragraphs with a policy phrase; 1 with `lorem ipsum` in any
    "nemo.unique_lines",
    "nemo.unique_paragraphs",
    "nemo.unique_line_chars",
    "nemo.unique_paragraph_chars",
    "nemo.words",  # between white space
    "nemo.no_end_mark_lines",  # share of lines that end with none of `.?!"'`
    "nemo.alphabetic_words",  # share of words with an alphabetic character
    "nemo.stop_words",  # occurrences; the original stops counting at its threshold
    "nemo.word_length",  # the mean
    "nemo.longest_word",
    "nemo.ellipsis_lines",  # share of lines that end with an ellipsis or `read more`
    *(f"nemo.top_{n}_gram_chars" for n in ngrams.TOP_SIZES),  # share of characters that go without the top n-gram
    *(f"nemo.dup_{n}_gram_chars" for n in ngrams.REPEATED_SIZES),  # share in n-grams after their first copy
    "nemo.bullet_lines",  # share of lines that begin with a bullet
)
_POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "privacy overview",
    "use of cookies",
    "use cookies",
    "privacy & cookies policy",
    "privacy and cookies policy",
    # The original's two sentences on cookies that have none of the phrases above; its three others have one.
    "necessary cookies are absolutely essential for the website to function properly. this category only includes "
    "cookies that ensures basic functionalities and security features of the website. these cookies do not store any "
    "personal information.",
    "any cookies that may not be particularly necessary for the website to function and is used specifically to "
    "collect user personal data via analytics, ads, other embedded contents are termed as non-necessary cookies. it is "
    "mandatory to procure user consent prior to running these cookies on your website.",
    "if you continue to browse this site without changing your cookie settings, you agree to this use. acceptread more",
)
_END_MARKS = (".", "?", "!", '"', "'")
_ELLIPSES = ("...", "[...]", "…", "(...)", "[…]", "-»", "read more..", "read more")
_LONGEST_ELLIPSIS = max(map(len, _ELLIPSES))
_BULLETS = tuple("•‣⁃⁌⁍∙○●◘◦⦾⦿")
_URL = re.compile(r"https?://(?:[A-Za-z0-9$\-_@.&+/:=?#~]|[!*(),]|(?:%[0-9A-Fa-f]{2}))+")


def measure(document: Document) -> list[float]:
    """The values of `SIGNALS`."""
    text, words = document.text, document.words
    size = len(text)
    counts = np.empty(4, np.int64)
    scanning.count_characters(document.codes, characters.table(), counts)
    plain, digits, blanks, brackets = counts.tolist()
    urls = sum(map(len, _URL.findall(text))) if "://" in text else 0
    lines = [line for line in document.lines if line.strip()]
    stripped = [line.strip() for line in lines]
    return [
        share(size - plain, size, 1.0),
        share(words.flagged(scanning.IS_SYMBOL), words.count),
        share(digits, size, 1.0),
        share(urls, size, 1.0),
        share(blanks, size, 1.0),
        share(brackets, size, 1.0),
        *_paragraphs_and_lines(document, lines),
        float(words.count),
        share(sum([not line.endswith(_END_MARKS) for line in stripped]), len(lines)),
        share(words.flagged(scanning.HAS_ALPHABETIC), words.count),
        float(words.flagged(scanning.IS_STOP_WORD)),
        share(int(words.lengths.sum()), words.count),
        float(words.lengths.max(initial=0)),
        share(sum([line[-_LONGEST_ELLIPSIS:].lower().endswith(_ELLIPSES) for line in stripped]), len(lines)),
        *_ngrams(document),
        share(sum([line.startswith(_BULLETS) for line in stripped]), len(lines)),
    ]


def _paragraphs_and_lines(document: Document, lines: list[str]) -> list[float]:
    paragraphs = document.text.split("\n\n")
    boilerplate = 0.0
    if "lorem ipsum" in document.lowered:
        boilerplate = 1.0
    else:
        found = [policy for policy in _POLICIES if policy in document.lowered]
        if found:
            lowered = [paragraph.lower() for paragraph in paragraphs]
            boilerplate = sum([any(policy in paragraph for policy in found) for paragraph in lowered]) / len(paragraphs)
    unique = [(set(lines), lines), (set(paragraphs), paragraphs)]
    shares = [share(len(few), len(many), 1.0) for few, many in unique]
    return [boilerplate, *shares, *(share(_size(few), _size(many), 1.0) for few, many in unique)]


def _size(texts: list[str] | set[str]) -> int:
    return sum(map(len, texts))


def _ngrams(document: Document) -> list[float]:
    text, table = document.text, document.word_ngrams.tolist()
    words = text.split()
    size = len(text)
    values = []
    for n, row in enumerate(table, 2):
        if len(words) < n:
            values.append(1.0)
        elif n in ngrams.TOP_SIZES:
            top = " ".join(words[row[ngrams.FIRST] : row[ngrams.FIRST] + n])
            values.append(text.count(top) * len(top) / size)
        else:
            values.append(row[ngrams.STEPPED] / size)
    return values
