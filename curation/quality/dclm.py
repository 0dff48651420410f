"""Signals of DCLM's reproduction of RefinedWeb (mlfoundations/dclm, baselines/mappers and
baselines_configs/dclm_baseline_refinedweb.yaml), and its edits.

`gopher_dclm.*` are measured on the text as it came. RefinedWeb takes URLs out and shortens runs of line feeds first
(`prepare`); `refinedweb_dclm.*` are measured on that text, then lines are edited (`edit`). The original looks for URLs
only in text that begins with the letters of a top-level domain (`match` for `search`); `refinedweb.*` looks in every
text.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterable
from importlib import resources

import numpy as np

from curation.quality import characters, ngrams, scanning
from curation.quality.document import Document, share

_NAMES = (
    "words",  # of fastText's tokenizer that begin with a letter or digit
    "word_length",  # mean characters between white space
    "symbols",  # `#`, `...`, `. . .` and `…` for each word between white space
    "bullet_lines",  # share of lines that begin with one of `●•*-`
    "ellipsis_lines",  # share of lines that end with `...`, `. . .` or `…`
    "non_alphabetic_words",  # share of words between white space without a letter
    "stop_words",  # occurrences, in any case
    "dup_lines",  # share of lines that occur more than once, every copy counted
    "dup_paragraphs",
    "dup_line_chars",  # share of the lines' characters in these
    "dup_paragraph_chars",
    # Share of the words' characters in the longest of the most frequent n-grams, 0 where none occurs twice; words are
    # those of Unicode's word boundaries that begin with a letter or digit.
    *(f"top_{n}_gram_chars" for n in ngrams.TOP_SIZES),
    # Share of the words' characters in words of an n-gram that occurs more than once, each word counted once.
    *(f"dup_{n}_gram_chars" for n in ngrams.REPEATED_SIZES),
)
_EDITED_NAMES = (
    "characters",  # of the text without URLs
    "kept_characters",  # of the text after line edits
    "removed_words",  # share of words that the line edits took out
)
SIGNALS: tuple[str, ...] = tuple(f"gopher_dclm.{name}" for name in _NAMES)
REFINEDWEB_DCLM_SIGNALS: tuple[str, ...] = tuple(f"refinedweb_dclm.{name}" for name in _NAMES + _EDITED_NAMES)
REFINEDWEB_SIGNALS: tuple[str, ...] = tuple(f"refinedweb.{name}" for name in _NAMES + _EDITED_NAMES)

_SYMBOLS = ("#", "...", ". . .", "…")
_BULLETS = ("●", "•", "*", "-")
_ELLIPSES = ("...", ". . .", "…")
_LONGEST_URL_RUN = 10_000
"""URLs are not looked for in a longer run without white space: the original's time grows with 256 times its length."""

_MAX_UPPER = 0.5
_MAX_DIGITS = 0.999999
_MIN_LINE_WORDS = 2
_MAX_PHRASE_LINE_WORDS = 10
_COUNTED = (
    "likes", "shares", "comments", "retweets", "reposts", "quotes", "bookmarks", "upvotes", "downvotes", "downloads",
    "views", "followers",
)  # fmt: skip
_COUNTER = re.compile(rf"^\W*\d(?:,|\.|\d)*(?:K|k|M|m|B|b)?\s+(?:{'|'.join(_COUNTED)})\W*$")
_COUNTER_HINT = re.compile(rf"[\d,.][kmb]?\s+(?:{'|'.join(_COUNTED)})")  # in any lower-cased text with such a line
# Pattern, and letters of it that a matching text has in lower case whatever case it is in.
_PHRASES = (
    (re.compile(r"\s?(?:items in cart)", re.IGNORECASE), "cart"),
    (re.compile(r"\s?(?:read more...)$", re.IGNORECASE), "ead more"),  # full stops stand for any character
    (re.compile(r"^(?:sign-in)\s?", re.IGNORECASE), "gn-"),
)
_DOT = re.compile(r"\.(\w+)")
_LINE_FEEDS = re.compile(r"\n{3,}")
_IP_ADDRESS = re.compile(
    r"\s{0,10}\b((https?|ftp)://)?(?:[0-2]?[0-9]{1,2}\.){3}[0-2]?[0-9]{1,2}[-a-zA-Z0-9()@:%_\+.~#?&//=]*"
)
_IP_HINT = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")


def measure(document: Document) -> list[float]:
    """The values of `SIGNALS` (with another prefix, where the document is a prepared text)."""
    text, words = document.text, document.words
    lines = [line for part in document.lines if (line := part.strip())]
    paragraphs = [paragraph for part in text.split("\n\n") if (paragraph := part.strip())]
    dup_lines, dup_line_chars = _repeated(lines)
    dup_paragraphs, dup_paragraph_chars = _repeated(paragraphs)
    found = document.unicode_words
    letters = int(found.lengths.sum())
    table = found.ngrams().tolist()
    return [
        float(document.fasttext_words),
        share(int(words.lengths.sum()), words.count),
        share(sum(map(text.count, _SYMBOLS)), words.count),
        share(sum([line.startswith(_BULLETS) for line in lines]), len(lines)),
        share(sum([line.endswith(_ELLIPSES) for line in lines]), len(lines)),
        share(words.count - words.flagged(scanning.HAS_ALPHA), words.count),
        float(words.flagged(scanning.IS_STOP_WORD_LOWERED)),
        dup_lines,
        dup_paragraphs,
        dup_line_chars,
        dup_paragraph_chars,
        *(
            share(row[ngrams.COUNT] * row[ngrams.LONGEST] * (row[ngrams.COUNT] > 1), letters)
            for row in table[: len(ngrams.TOP_SIZES)]
        ),
        *(share(row[ngrams.COVERED], letters) for row in table[len(ngrams.TOP_SIZES) :]),
    ]


def _repeated(segments: list[str]) -> tuple[float, float]:
    if len(set(segments)) == len(segments):
        return 0.0, 0.0
    repeated = [(segment, count) for segment, count in Counter(segments).items() if count > 1]
    characters_in = sum(len(segment) * count for segment, count in repeated)
    return sum(count for _, count in repeated) / len(segments), characters_in / sum(map(len, segments))


def prepare(text: str, *, repaired: bool) -> str:
    """The text without URLs and with at most two line feeds in a row.

    `repaired` looks for URLs in every text, not only where it begins with the letters of a top-level domain.
    """
    if repaired or _begins_with_domain(text):
        text = _without_urls(text)
    if _IP_HINT.search(text):
        text = _IP_ADDRESS.sub("", text)
    return _LINE_FEEDS.sub("\n\n", text) if "\n\n\n" in text else text


def _begins_with_domain(text: str) -> bool:
    return _domains()[2].match(text) is not None


@functools.cache
def _domains() -> tuple[frozenset[str], tuple[str, ...], re.Pattern[str], re.Pattern[str]]:
    """Top-level domains, those with other than ASCII letters, a pattern for any of them, and the original's URL."""
    listed = resources.files(__package__).joinpath("top_level_domains.txt").read_text("utf-8")
    domains = [line for line in listed.splitlines() if line and not line.startswith("#")]
    any_domain = "|".join(map(re.escape, sorted(domains, key=lambda domain: (-len(domain), domain))))
    url = (
        r"\s{0,10}(?:((https?|ftp)://))?[-a-zA-Z0-9@:%._\+~#=]{1,256}\."
        rf"({any_domain})\b([-a-zA-Z0-9()@:%_\+.~#?&//=]*)"
    )
    foreign = tuple(domain for domain in domains if not domain.isascii())
    return frozenset(domains), foreign, re.compile(any_domain, re.IGNORECASE), re.compile(url)


def _without_urls(text: str) -> str:
    """The original's pattern replaced by nothing, tried only around full stops that a top-level domain follows."""
    domains, foreign, _, url = _domains()
    pieces = []
    done = 0
    for match in _DOT.finditer(text):
        if match.start() < done:
            continue
        if match[1] not in domains and (match[1].isascii() or not text.startswith(foreign, match.start(1))):
            continue
        start, stop = match.span()
        floor = max(done, start - _LONGEST_URL_RUN)
        while start > floor and not text[start - 1].isspace():
            start -= 1
        ceiling = min(len(text), start + _LONGEST_URL_RUN)
        while stop < ceiling and not text[stop].isspace():
            stop += 1
        if stop - start < _LONGEST_URL_RUN:
            blank = start
            while blank > max(done, start - 10) and text[blank - 1].isspace():
                blank -= 1
            pieces += [text[done:blank], url.sub("", text[blank:stop])]
        else:
            pieces.append(text[done:stop])
        done = stop
    return "".join([*pieces, text[done:]])


def edit(document: Document) -> str:
    """The text after RefinedWeb's line edits; empty where they leave nothing."""
    text = _drop_by_letters(document)
    lowered = document.lowered
    if _COUNTER_HINT.search(lowered):
        text = _join(line for line in text.split("\n") if not _COUNTER.search(line.lower()))
    text = "\n".join([line for line in text.split("\n") if not line or len(line.split(None, 2)) >= _MIN_LINE_WORDS])
    for place, (pattern, letters) in enumerate(_PHRASES):
        if letters in lowered:
            text = _join(_without_phrase(text, pattern))
        elif not place:
            text = text.strip()
    return text


def _drop_by_letters(document: Document) -> str:
    """Lines go that are upper case for the most part, then those of digits only."""
    room = document.text.count("\n") + 1
    sizes, uppers, digits = (np.empty(room, np.int64) for _ in range(3))
    scanning.count_in_lines(document.codes, characters.table(), sizes, uppers, digits)
    lines = document.lines
    drop = uppers > _MAX_UPPER * sizes  # exact: a half of a count has no rounding
    if drop.any():
        text = _join(line for line, gone in zip(lines, drop.tolist(), strict=True) if not gone)
    else:
        text = document.text.strip()
    if digits.any():
        text = _join(line for line in text.split("\n") if not _is_number(line))
    return text


def _is_number(line: str) -> bool:
    if line.isdigit():
        return True
    return len(line) >= 1 / (1 - _MAX_DIGITS) and sum(map(str.isdigit, line)) / len(line) > _MAX_DIGITS


def _without_phrase(text: str, pattern: re.Pattern[str]) -> list[str]:
    lines = []
    for line in text.split("\n"):
        kept = line
        if len(line.split(None, _MAX_PHRASE_LINE_WORDS)) <= _MAX_PHRASE_LINE_WORDS:
            kept = pattern.sub("", line)
            if line and (not kept or kept.isspace()):
                continue
        lines.append(kept)
    return lines


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip()


def measure_edits(prepared: Document) -> tuple[list[float], str]:
    """The values after those of `measure`, and the edited text."""
    edited = edit(prepared)
    before = prepared.fasttext_words
    after = before if edited == prepared.text else Document(edited).fasttext_words
    return [float(len(prepared.text)), float(len(edited)), share(before - after, before)], edited


FAMILIES = frozenset(("gopher_dclm", "refinedweb_dclm", "refinedweb"))


def measure_families(document: Document, wanted: Collection[str]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """The values of each of FAMILIES that is wanted, and the text after the edits of RefinedWeb's two.

    What is equal is measured once: most texts have no URL, and nearly all begin like a top-level domain.
    """
    found: dict[str, list[float]] = {}
    edited: dict[str, str] = {}
    documents = {document.text: document}
    values: dict[str, list[float]] = {}
    edits: dict[str, tuple[list[float], str]] = {}
    for family in ("gopher_dclm", "refinedweb", "refinedweb_dclm"):
        if family not in wanted:
            continue
        text = document.text
        if family == "refinedweb":
            text = prepare(text, repaired=True)
        elif family == "refinedweb_dclm":
            text = prepare(text, repaired=False)
        shared = documents.setdefault(text, Document(text))
        if text not in values:
            values[text] = measure(shared)
        found[family] = values[text]
        if family != "gopher_dclm":
            if text not in edits:
                edits[text] = measure_edits(shared)
            found[family] = found[family] + edits[text][0]
            edited[family] = edits[text][1]
    return found, edited
