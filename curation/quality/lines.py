"""The signals that need spaCy's words or C4's line edits: Gopher and FineWeb as datatrove measures them, C4 as three
systems edit pages.

One scan over the lines shares splitting, tokenisation (`curation.quality.words`) and n-gram hashing. Definitions are
those of datatrove 0.10 (`GopherRepetitionFilter`, `GopherQualityFilter`, `C4QualityFilter`, `FineWebQualityFilter`) and
of tensorflow_datasets 4.9 (`text/c4_utils.py`). `gopher.*` are measured on the text as it came, `fineweb.*` on the text
after FineWeb's line edits. A share of nothing is 0, where datatrove divides by zero or has returned before.

`c4.*` is C4 as FineWeb ran it (`C4QualityFilter(filter_no_terminal_punct=False)`), `c4_datatrove.*` with that
filter's defaults, `c4_tfds.*` the recipe of T5.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curation.quality import kernels
from curation.quality.document import Document, share
from curation.quality.punkt import count_sentences
from curation.quality.vocabulary import Vocabulary
from curation.quality.words import LINE_ENDS

GOPHER_SIGNALS: tuple[str, ...] = (
    # Share of repeated paragraphs and lines (the first copy is free), and of the text's characters in them.
    "gopher.dup_paragraphs",
    "gopher.dup_paragraph_chars",
    "gopher.dup_lines",
    "gopher.dup_line_chars",
    # Share of characters in all copies of the most frequent n-gram (also when there is one copy).
    *(f"gopher.top_{n}_gram_chars" for n in kernels.TOP_SIZES),
    # Share of characters in repeated n-grams, found from left to right without overlap (the first copy is free).
    *(f"gopher.dup_{n}_gram_chars" for n in kernels.REPEATED_SIZES),
    # The same as `gopher.top_*`, 0 where no n-gram of the size occurs twice.
    *(f"gopher.repeated_top_{n}_gram_chars" for n in kernels.TOP_SIZES),
    "gopher.words",  # tokens with a character that is no symbol
    "gopher.word_length",  # mean characters of these
    "gopher.hashes",  # `#` for each token
    "gopher.ellipses",  # `...` and `…` for each token
    "gopher.bullet_lines",  # share of lines that begin with `•` or `-`
    "gopher.ellipsis_lines",  # share of lines that end with `...` or `…`
    "gopher.alphabetic_words",  # share of tokens with a letter
    "gopher.stop_words",  # how many of the eight occur
)
_EDIT_NAMES = (
    "lorem_ipsum",  # lines with `lorem ipsum`
    "curly_bracket",  # lines with `{`
    "curly_bracket_first",  # the same, above the first line with `lorem ipsum`
    "sentences",  # sentences in the lines kept
)
C4_SIGNALS: tuple[str, ...] = tuple(f"c4.{name}" for name in _EDIT_NAMES)
C4_DATATROVE_SIGNALS: tuple[str, ...] = tuple(f"c4_datatrove.{name}" for name in _EDIT_NAMES)
C4_TFDS_SIGNALS: tuple[str, ...] = (
    *(f"c4_tfds.{name}" for name in _EDIT_NAMES),
    "c4_tfds.bad_words",  # how many words of the list occur in the text kept; 0 without a list
)
FINEWEB_SIGNALS: tuple[str, ...] = (
    "fineweb.lines",  # lines that are not blank
    "fineweb.end_punctuation_lines",  # share of lines that end with a sentence end of any script
    "fineweb.short_lines",  # share of lines of at most 30 characters
    "fineweb.dup_line_chars",  # share of characters in repeated lines (the first copy is free)
    "fineweb.newlines",  # line breaks for each token
)

MAX_WORD_CHARACTERS = 1_000
MIN_LINE_WORDS = 3  # datatrove
MIN_LINE_WORDS_TFDS = 5
SHORT_LINE_CHARACTERS = 30
_END_MARKS = (".", "?", "!", '"', "'")
_END_MARKS_TFDS = (".", "?", "!", '"')
_PHRASES = (
    "lorem ipsum",
    "javascript",
    "{",
    # C4's "policy" phrases
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
_CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")


class PageEdits:
    """One dialect's lines kept, and how often each phrase for which it drops the page was met."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.lorem_ipsum = self.curly_bracket = self.curly_bracket_first = 0

    def keeps(self, line: str, found: Sequence[str]) -> bool:
        """Take the line unless one of the phrases found in it makes the line or the page go."""
        if found:
            if "lorem ipsum" in found:
                self.lorem_ipsum += 1
            if "javascript" in found:
                return False
            if "{" in found:
                self.curly_bracket += 1
                self.curly_bracket_first += not self.lorem_ipsum
            if any(phrase not in ("lorem ipsum", "{") for phrase in found):
                return False
        self.kept.append(line)
        return True

    def text(self) -> str:
        """The lines kept."""
        return "\n".join(self.kept).strip()

    def counts(self) -> list[float]:
        """All of the dialect's signals before `sentences`."""
        return [self.lorem_ipsum, self.curly_bracket, self.curly_bracket_first]


class Lines:
    """One document's lines: their chunk numbers, what Gopher counts in them, and the edits of C4's dialects.

    All three drop a line with a word over 1,000 characters, then take citations out (`[1]`, `[edit]`). FineWeb keeps a
    line of at least three words (counted with citations); datatrove's default also asks for an end mark; T5's recipe
    asks for an end mark (no `'`) and at least five words without citations. Then all drop lines that mention
    JavaScript or a policy, and the page for `lorem ipsum` or `{` in a line that got so far: both are counted here,
    and the scan goes on. Without `tokenise` there are edits only, and `count_tokens` may not be called.
    """

    def __init__(self, document: Document, vocabulary: Vocabulary, *, tokenise: bool = True) -> None:
        lines = document.text.splitlines()
        self.total = len(lines)
        self.bullets = self.ellipses = 0
        self.fineweb, self.datatrove, self.tfds = PageEdits(), PageEdits(), PageEdits()
        self.edits = {"fineweb": self.fineweb, "c4_datatrove": self.datatrove, "c4_tfds": self.tfds}
        self.cited = False
        self._vocabulary = vocabulary
        self._ids = array("i")
        self._starts = array("q", [0])
        self._kinds = bytearray()
        self._stripped: list[str] = []
        phrases = [phrase for phrase in _PHRASES if phrase in document.lowered]
        find = vocabulary.__getitem__
        extend, start, kind = self._ids.extend, self._starts.append, self._kinds.append
        for line in lines:
            stripped = line.strip()
            if not stripped:
                continue
            if stripped[0] in "•-":
                self.bullets += 1
            if stripped[-1] in ".…" and stripped.endswith(("...", "…")):
                self.ellipses += 1
            words = stripped.split()
            if tokenise:
                extend(map(find, words) if " ".join(words) == stripped else vocabulary.line_ids(stripped))
            start(len(self._ids))
            self._stripped.append(stripped)
            if len(stripped) > MAX_WORD_CHARACTERS and max(map(len, words)) > MAX_WORD_CHARACTERS:
                kind(kernels.ORIGINAL)
                continue
            edited = _CITATION.sub("", stripped) if "[" in stripped else stripped
            bits = self._edit(edited, len(words), phrases if edited == stripped else _PHRASES)
            if edited == stripped:
                kind(kernels.ORIGINAL | bits)
                continue
            kind(kernels.ORIGINAL)
            if bits and tokenise:
                self.cited = True
                extend(vocabulary.line_ids(edited))
                start(len(self._ids))
                kind(bits)
                self._stripped.append(edited)

    def _edit(self, line: str, words: int, sought: Sequence[str]) -> int:
        """Offer a line without citations, that had so many words with them, to the dialects; bits of its kind.

        Only taking a citation out can make a phrase that the text does not have: then all are sought.
        """
        if words < MIN_LINE_WORDS:  # as many as are wanted after taking citations out are there before
            return 0
        found: list[str] = []
        if sought:
            lowered = line.lower()
            found = [phrase for phrase in sought if phrase in lowered]
        ended = line.endswith(_END_MARKS) and not line.endswith("...")
        if (
            ended
            and words >= MIN_LINE_WORDS_TFDS
            and line.endswith(_END_MARKS_TFDS)
            and len(line.split(None, MIN_LINE_WORDS_TFDS)) >= MIN_LINE_WORDS_TFDS
        ):
            self.tfds.keeps(line, found)
        if not self.fineweb.keeps(line, found):
            if ended:
                self.datatrove.keeps(line, found)
            return 0
        if ended and self.datatrove.keeps(line, found):
            return kernels.EDITED | kernels.ENDED
        return kernels.EDITED

    def count_tokens(self) -> NDArray[np.int64]:
        """The counts of `kernels.measure_tokens`."""
        vocabulary = self._vocabulary
        vocabulary.flush()
        ids = np.array(self._ids, np.int32)
        if kernels.count_contextual(ids, vocabulary.chunks.array):
            ids = self._resolve(ids)
        out = np.empty(kernels.OUTPUTS, np.int64)
        kernels.measure_tokens(
            ids,
            np.array(self._starts, np.int64),
            np.array(self._kinds, np.uint8),
            vocabulary.chunks.array,
            vocabulary.chunk_tokens.array,
            vocabulary.lengths.array,
            vocabulary.flags.array,
            vocabulary.hashes.array,
            vocabulary.powers.array,
            out,
        )
        return out

    def _resolve(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Tokenise lines whose chunks' tokens depend on their neighbours as a whole."""
        contextual = np.flatnonzero(self._vocabulary.chunks.array[ids, kernels.STATE] & kernels.CONTEXTUAL)
        ids = ids.copy()
        for line in np.unique(np.searchsorted(self._starts, contextual, "right") - 1):
            resolved = self._vocabulary.line_ids_in_context(self._stripped[line])
            ids[self._starts[line] : self._starts[line + 1]] = resolved
        self._vocabulary.flush()
        return ids


def measure_datatrove(document: Document, lines: Lines) -> dict[str, list[float]]:
    """The values of GOPHER_SIGNALS, C4_SIGNALS, FINEWEB_SIGNALS and C4_DATATROVE_SIGNALS, by prefix."""
    text = document.text
    counts = lines.count_tokens().tolist()
    tokens, words = counts[kernels.TOKENS], counts[kernels.WORDS]
    top = counts[kernels.TOP : kernels.REPEATED]
    repeated_top = [
        letters if count > 1 else 0 for letters, count in zip(top, counts[kernels.TOP_COUNTS :], strict=True)
    ]
    gopher = _repeated_segments(text)
    gopher += [
        share(letters, len(text)) for letters in (*top, *counts[kernels.REPEATED : kernels.TOP_COUNTS], *repeated_top)
    ]
    gopher += [
        words,
        share(counts[kernels.WORD_CHARACTERS], words),
        share(text.count("#"), tokens),
        share(text.count("...") + text.count("…"), tokens),
        share(lines.bullets, lines.total),
        share(lines.ellipses, lines.total),
        share(counts[kernels.ALPHABETIC_TOKENS], tokens),
        counts[kernels.STOP_WORDS_SEEN],
    ]
    edited = lines.fineweb.text()
    # A kept line is blank or has white space at its end only where a citation was taken out.
    kept = [line for line in edited.split("\n") if not line.isspace() and line] if lines.cited else lines.fineweb.kept
    return {
        "gopher": gopher,
        "c4": [*lines.fineweb.counts(), counts[kernels.SENTENCES]],
        "fineweb": _kept_lines(kept, edited, counts[kernels.EDITED_TOKENS]),
        "c4_datatrove": [*lines.datatrove.counts(), counts[kernels.ENDED_SENTENCES]],
    }


def measure_tfds(lines: Lines, bad_words: Sequence[str]) -> list[float]:
    """The values of C4_TFDS_SIGNALS."""
    sentences = sum(map(count_sentences, lines.tfds.kept))
    found = 0
    if bad_words:
        lowered = lines.tfds.text().lower()
        for word in bad_words:
            found += word in lowered and re.search(rf"(?:\W|^){re.escape(word)}(?:\W|$)", lowered) is not None
    return [*lines.tfds.counts(), sentences, found]


def _repeated_segments(text: str) -> list[float]:
    """Shares of repeated paragraphs (split at runs of line feeds) and lines, and of the characters in them."""
    stripped = text.strip()
    paragraphs = [part.lstrip("\n") for part in stripped.split("\n\n") if part] or [""]
    values = _repeats(paragraphs, len(paragraphs), 0, len(text))
    lines = [line for line in text.split("\n") if line]
    # datatrove splits at `\n+`, which leaves an empty line before a leading and after a trailing line feed.
    outer = text.startswith("\n") + text.endswith("\n")
    return values + _repeats(lines, len(lines) + outer, outer == 2, len(text))


def _repeats(segments: list[str], total: int, more: int, characters: int) -> list[float]:
    unique = set(segments)
    repeated = len(segments) - len(unique)
    if not repeated:
        return [share(more, total), 0.0]
    repeated_characters = sum(map(len, segments)) - sum(map(len, unique))
    return [share(repeated + more, total), share(repeated_characters, characters)]


def _kept_lines(lines: list[str], text: str, tokens: int) -> list[float]:
    """FineWeb's own signals, over the lines of the edited text that are not blank."""
    newlines = text.count("\n")
    lengths = list(map(len, lines))
    repeated = sum(lengths) - sum(map(len, set(lines)))
    return [
        len(lines),
        share(sum([line[-1] in LINE_ENDS for line in lines]), len(lines)),
        share(sum([length <= SHORT_LINE_CHARACTERS for length in lengths]), len(lines)),
        share(repeated, len(text) - newlines),
        share(newlines, tokens),
    ]
