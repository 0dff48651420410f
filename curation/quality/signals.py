"""Quality signals: numbers measured once for a document; rules decide on them later.

One pass over a text shares line splitting, tokenisation (`curation.quality.words`) and n-gram hashing between the
published families of rules, and makes C4's line edits. Definitions are those of datatrove 0.10 with the parameters of
its FineWeb recipe (`GopherRepetitionFilter`, `GopherQualityFilter`, `C4QualityFilter(filter_no_terminal_punct=False)`,
`FineWebQualityFilter`); `gopher.*` and `c4.*` are measured on the text as it came, `fineweb.*` on the edited text.
A share of nothing is 0, where datatrove divides by zero or has returned before.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.quality import kernels
from curation.quality.vocabulary import MAX_CHUNKS, Vocabulary
from curation.quality.words import LINE_ENDS

SIGNALS: tuple[str, ...] = (
    "characters",
    # Share of repeated paragraphs and lines (the first copy is free), and of the text's characters in them.
    "gopher.dup_paragraphs",
    "gopher.dup_paragraph_chars",
    "gopher.dup_lines",
    "gopher.dup_line_chars",
    # Share of characters in all copies of the most frequent n-gram (also when there is one copy).
    *(f"gopher.top_{n}_gram_chars" for n in kernels.TOP_SIZES),
    # Share of characters in repeated n-grams, found from left to right without overlap (the first copy is free).
    *(f"gopher.dup_{n}_gram_chars" for n in kernels.REPEATED_SIZES),
    "gopher.words",  # tokens with a character that is no symbol
    "gopher.word_length",  # mean characters of these
    "gopher.hashes",  # `#` for each token
    "gopher.ellipses",  # `...` and `…` for each token
    "gopher.bullet_lines",  # share of lines that begin with `•` or `-`
    "gopher.ellipsis_lines",  # share of lines that end with `...` or `…`
    "gopher.alphabetic_words",  # share of tokens with a letter
    "gopher.stop_words",  # how many of the eight occur
    "c4.lorem_ipsum",  # lines with `lorem ipsum`
    "c4.curly_bracket",  # lines with `{`
    "c4.curly_bracket_first",  # the same, above the first line with `lorem ipsum`
    "c4.sentences",  # sentences in the lines kept
    "fineweb.lines",  # lines that are not blank
    "fineweb.end_punctuation_lines",  # share of lines that end with a sentence end of any script
    "fineweb.short_lines",  # share of lines of at most 30 characters
    "fineweb.dup_line_chars",  # share of characters in repeated lines (the first copy is free)
    "fineweb.newlines",  # line breaks for each token
)

MIN_LINE_WORDS = 3
MAX_WORD_CHARACTERS = 1_000
SHORT_LINE_CHARACTERS = 30
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


@dataclass(frozen=True)
class Measured:
    """What `measure` finds: every signal by name, and the text after C4's line edits."""

    signals: dict[str, float]
    text: str


def measure(text: str) -> Measured:
    """All signals of one text, each a finite number whatever the text holds."""
    columns, texts = measure_batch([text])
    return Measured({name: float(column[0]) for name, column in columns.items()}, texts[0])


def measure_batch(texts: Sequence[str]) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Signals of many texts: one float64 column for each of `SIGNALS`, in that order, and the edited texts.

    Time is linear in the length of the texts; a run of more than `words.MAX_CHUNK_CHARACTERS` characters without
    white space counts as one word.
    """
    values = np.empty((len(SIGNALS), len(texts)), np.float64)
    edited = []
    with _LOCK:
        try:
            for place, text in enumerate(texts):
                values[:, place], result = _measure(text)
                edited.append(result)
        except BaseException:
            _VOCABULARY.reset()  # an interrupt may have come between two steps of adding a chunk
            raise
    return dict(zip(SIGNALS, values, strict=True)), edited


_LOCK = threading.Lock()  # Beam runs bundles in threads; the vocabulary is shared between them
_VOCABULARY = Vocabulary()


def _measure(text: str) -> tuple[list[float], str]:
    if len(_VOCABULARY) > MAX_CHUNKS:
        _VOCABULARY.reset()
    lines = _Lines(text)
    counts = lines.count_tokens()
    characters, tokens = len(text), int(counts[kernels.TOKENS])
    words = int(counts[kernels.WORDS])
    values = [float(characters), *_repeated_segments(text)]
    values += [_share(int(count), characters) for count in counts[kernels.TOP :]]
    values += [
        words,
        _share(int(counts[kernels.WORD_CHARACTERS]), words),
        _share(text.count("#"), tokens),
        _share(text.count("...") + text.count("…"), tokens),
        _share(lines.bullets, lines.total),
        _share(lines.ellipses, lines.total),
        _share(int(counts[kernels.ALPHABETIC_TOKENS]), tokens),
        int(counts[kernels.STOP_WORDS_SEEN]),
        lines.lorem_ipsum,
        lines.curly_bracket,
        lines.curly_bracket_first,
        int(counts[kernels.SENTENCES]),
    ]
    edited = "\n".join(lines.kept).strip()
    # A kept line is blank or has white space at its end only where a citation was taken out.
    kept = [line for line in edited.split("\n") if not line.isspace() and line] if lines.cited else lines.kept
    values += _kept_lines(kept, edited, int(counts[kernels.EDITED_TOKENS]))
    return values, edited


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


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
        return [_share(more, total), 0.0]
    repeated_characters = sum(map(len, segments)) - sum(map(len, unique))
    return [_share(repeated + more, total), _share(repeated_characters, characters)]


def _kept_lines(lines: list[str], text: str, tokens: int) -> list[float]:
    """FineWeb's own signals, over the lines of the edited text that are not blank."""
    newlines = text.count("\n")
    lengths = list(map(len, lines))
    repeated = sum(lengths) - sum(map(len, set(lines)))
    return [
        len(lines),
        _share(sum([line[-1] in LINE_ENDS for line in lines]), len(lines)),
        _share(sum([length <= SHORT_LINE_CHARACTERS for length in lengths]), len(lines)),
        _share(repeated, len(text) - newlines),
        _share(newlines, tokens),
    ]


class _Lines:
    """One document's lines: their chunk numbers, what Gopher counts in them, and C4's edits.

    C4 keeps a line of at least three words, none over 1,000 characters, without its citations (`[1]`, `[edit]`), and
    drops lines that mention JavaScript or a policy. It drops the page for `lorem ipsum` or `{` in a line that got so
    far: both are counted here, and the scan goes on.
    """

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        self.total = len(lines)
        self.bullets = self.ellipses = 0
        self.lorem_ipsum = self.curly_bracket = self.curly_bracket_first = 0
        self.kept: list[str] = []
        self.cited = False
        self._ids = array("i")
        self._starts = array("q", [0])
        self._kinds = bytearray()
        self._stripped: list[str] = []
        lowered = text.lower()
        phrases = [phrase for phrase in _PHRASES if phrase in lowered]
        find = _VOCABULARY.__getitem__
        extend, start, kind, keep = self._ids.extend, self._starts.append, self._kinds.append, self.kept.append
        for line in lines:
            stripped = line.strip()
            if not stripped:
                continue
            if stripped[0] in "•-":
                self.bullets += 1
            if stripped[-1] in ".…" and stripped.endswith(("...", "…")):
                self.ellipses += 1
            words = stripped.split()
            extend(map(find, words) if " ".join(words) == stripped else _VOCABULARY.line_ids(stripped))
            start(len(self._ids))
            self._stripped.append(stripped)
            if len(words) < MIN_LINE_WORDS or (
                len(stripped) > MAX_WORD_CHARACTERS and max(map(len, words)) > MAX_WORD_CHARACTERS
            ):
                kind(kernels.ORIGINAL)
                continue
            edited = _CITATION.sub("", stripped) if "[" in stripped else stripped
            # Only taking a citation out can make a phrase that the text does not have.
            sought = phrases if edited == stripped else _PHRASES
            if sought and self._is_dropped(edited.lower(), sought):
                kind(kernels.ORIGINAL)
                continue
            keep(edited)
            if edited == stripped:
                kind(kernels.BOTH)
                continue
            kind(kernels.ORIGINAL)
            self.cited = True
            extend(_VOCABULARY.line_ids(edited))
            start(len(self._ids))
            kind(kernels.EDITED)
            self._stripped.append(edited)

    def _is_dropped(self, line: str, sought: Sequence[str]) -> bool:
        found = [phrase for phrase in sought if phrase in line]
        if not found:
            return False
        if "lorem ipsum" in found:
            self.lorem_ipsum += 1
        if "javascript" in found:
            return True
        if "{" in found:
            self.curly_bracket += 1
            self.curly_bracket_first += not self.lorem_ipsum
        return any(phrase not in ("lorem ipsum", "{") for phrase in found)

    def count_tokens(self) -> NDArray[np.int64]:
        """The counts of `kernels.measure_tokens`."""
        _VOCABULARY.flush()
        ids = np.array(self._ids, np.int32)
        if kernels.count_contextual(ids, _VOCABULARY.chunks.array):
            ids = self._resolve(ids)
        out = np.empty(kernels.OUTPUTS, np.int64)
        kernels.measure_tokens(
            ids,
            np.array(self._starts, np.int64),
            np.array(self._kinds, np.uint8),
            _VOCABULARY.chunks.array,
            _VOCABULARY.chunk_tokens.array,
            _VOCABULARY.lengths.array,
            _VOCABULARY.flags.array,
            _VOCABULARY.hashes.array,
            _VOCABULARY.powers.array,
            out,
        )
        return out

    def _resolve(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Tokenise lines whose chunks' tokens depend on their neighbours as a whole."""
        contextual = np.flatnonzero(_VOCABULARY.chunks.array[ids, kernels.STATE] & kernels.CONTEXTUAL)
        ids = ids.copy()
        for line in np.unique(np.searchsorted(self._starts, contextual, "right") - 1):
            ids[self._starts[line] : self._starts[line + 1]] = _VOCABULARY.line_ids_in_context(self._stripped[line])
        _VOCABULARY.flush()
        return ids
