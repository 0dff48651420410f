"""English word tokens as spaCy's blank `en` tokenizer makes them, without spaCy.

The published FineWeb recipe counts tokens of that tokenizer, so its verdicts depend on it. This module follows its
algorithm over its own tables (`english.json`): a text is cut at white space into chunks; a chunk is a special case
(`can't`, `Mr.`, `:)`), or loses prefixes and suffixes one at a time until nothing more comes off, and the rest is kept
whole when it is a special case or a URL, else cut at infixes; at last token sequences that spell a special case are
replaced by its tokens.

All patterns are matched within a window or have bounded repeats, so that a chunk costs time linear in its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

MAX_CHUNK_CHARACTERS = 5_000
"""A longer run without white space is one token (spaCy's time grows with the square of it)."""

MAX_CONTEXT_CHARACTERS = 100
"""A longer run is neither changed by its neighbours nor changes them."""

_TABLES: dict[str, Any] = json.loads(resources.files(__package__).joinpath("english.json").read_text("utf-8"))

SPECIAL_CASES: dict[str, tuple[str, ...]] = {case: (case,) for case in _TABLES["whole"]}
SPECIAL_CASES |= {"".join(tokens): tuple(tokens) for tokens in map(str.split, _TABLES["split"])}
SENTENCE_ENDS = frozenset(_TABLES["sentence_ends"])
SYMBOLS = frozenset(_TABLES["symbols"])
LINE_ENDS = frozenset(_TABLES["line_ends"])
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

_LONGEST_SPECIAL = max(map(len, SPECIAL_CASES))
_SUFFIX_WINDOW = 16  # the longest suffix has 5 characters and looks back at 2


def _single(pieces: Sequence[str]) -> str:
    """A class body of the pieces that stand for one character."""
    return "".join(piece for piece in pieces if len(piece.removeprefix("\\")) == 1)


def _compile() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    alpha, lower, upper, icons = (_TABLES[name] for name in ("alpha", "alpha_lower", "alpha_upper", "icons"))
    punctuation, quotes, currency = (_TABLES[name] for name in ("punctuation", "quotes", "currency"))
    quote_class = _TABLES["quote_class"]
    signs = _single(punctuation) + _single(quotes) + icons
    prefix = rf"[§%=—–{signs}{_single(currency)}]|\.\.+|(?:US|C|A)\$|\+(?![0-9])"
    # The order of alternatives does not matter: all end where the chunk ends, and a search takes the leftmost.
    # `\.\.+` is handled by the caller, who looks beyond the window.
    after_lower = rf"[0-9{lower}%²\-\+{'|'.join(punctuation)}(?:{quote_class})]"
    suffix = (
        rf"(?:[—–{signs}]|……|['’][sS]|(?<=[0-9])(?:\+|{'|'.join(currency)}|{'|'.join(_TABLES['units'])})"
        rf"|(?<=°[FfCcKk])\.|(?<={after_lower})\.|(?<=[{upper}][{upper}])\.)\Z"
    )
    infix = (
        rf"\.\.+|[…{icons}]|(?<=[0-9])[+\-*^](?=[0-9-])"
        rf"|(?<=[{lower}{quote_class}])\.(?=[{upper}{quote_class}])|(?<=[{alpha}]),(?=[{alpha}])"
        rf"|(?<=[{alpha}0-9])(?:{'|'.join(_TABLES['hyphens'])})(?=[{alpha}])|(?<=[{alpha}0-9])[:<>=/](?=[{alpha}])"
    )
    letter = r"[A-Za-z0-9\u00a1-\uffff]"
    host = (
        r"(?:(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})"
        r"(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])"
        r"(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))"
        rf"|(?:(?:{letter}[A-Za-z0-9\u00a1-\uffff_-]{{0,62}})?{letter}\.)+[{lower}]{{2,63}})"
        r"(?::\d{2,5})?(?:[/?#]\S*)?\Z"
    )
    return re.compile(prefix), re.compile(suffix), re.compile(infix), re.compile(host)


_PREFIX, _SUFFIX, _INFIX, _HOST = _compile()
# Signs that come off either end alone, whatever is beside them (two `…` are one suffix); most affixes are these.
_SIGNS = frozenset(_single(_TABLES["punctuation"] + _TABLES["quotes"]).replace("\\", "") + "—–") - {"…"}
_PIECES = re.compile(r"\S+|\s+")
_SCHEME = re.compile(r"[\w+\-.]{2,}://")


def is_url(chunk: str) -> bool:
    """Whether spaCy's URL pattern matches all of `chunk`.

    The pattern is `scheme://`? `user:password@`? host, port, path, where the user part may be anything; so a host has
    to begin at the start, after the scheme or after an `@`. Trying these in turn avoids its quadratic backtracking.
    """
    if _HOST.match(chunk):
        return True
    scheme = _SCHEME.match(chunk)
    if scheme and _HOST.match(chunk, scheme.end()):
        return True
    at = chunk.find("@", 1)
    while at >= 0:
        if _HOST.match(chunk, at + 1):
            return True
        at = chunk.find("@", at + 1)
    return False


def _suffix_length(text: str) -> int:
    if text.endswith(".."):
        return len(text) - len(text.rstrip("."))
    match = _SUFFIX.search(text)
    return match.end() - match.start() if match else 0


def _split_infixes(text: str) -> list[str]:
    tokens, start = [], 0
    for match in _INFIX.finditer(text):
        if match.start() == 0:  # as spaCy: an infix that opens the text stays part of the token that follows
            continue
        if match.start() != start:
            tokens.append(text[start : match.start()])
        tokens.append(match.group())
        start = match.end()
    if start < len(text):
        tokens.append(text[start:])
    return tokens


def _split_chunk(chunk: str, special_cases: dict[str, tuple[str, ...]]) -> list[str]:
    """Tokens of a chunk before sequences that spell special cases are looked for."""
    if chunk in special_cases:
        return list(special_cases[chunk])
    prefixes: list[str] = []
    suffixes: list[str] = []
    start, end = 0, len(chunk)

    def special(first: int, last: int) -> bool:
        return 0 < last - first <= _LONGEST_SPECIAL and chunk[first:last] in special_cases

    while start < end and not special(start, end):
        if chunk[start] in _SIGNS:
            inner = start + 1
        else:
            prefix = _PREFIX.match(chunk, start, end)
            inner = prefix.end() if prefix else start
        if inner > start and special(inner, end):
            prefixes.append(chunk[start:inner])
            start = inner
            break
        if inner == end:
            length = 0
        elif chunk[end - 1] in _SIGNS:
            length = 1
        else:
            # The window is cut at `inner`: a suffix may not look back at the prefix.
            length = _suffix_length(chunk[max(inner, end - _SUFFIX_WINDOW) : end])
            if length == _SUFFIX_WINDOW:  # a run of full stops that may go on before the window
                length = _suffix_length(chunk[inner:end])
        if inner == start and length == 0:
            break
        if length and special(start, end - length):
            suffixes.append(chunk[end - length : end])
            end -= length
            break
        if inner > start:
            prefixes.append(chunk[start:inner])
            start = inner
        if length:
            suffixes.append(chunk[end - length : end])
            end -= length
    if start < end:
        rest = chunk[start:end]
        if rest in special_cases:
            prefixes.extend(special_cases[rest])
        else:
            pieces = _split_infixes(rest)
            prefixes.extend([rest] if len(pieces) > 1 and "." in rest and is_url(rest) else pieces)
    suffixes.reverse()
    return prefixes + suffixes


def _sequences() -> dict[str, list[tuple[str, ...]]]:
    """Token sequences that spell a special case with a prefix, suffix or infix in it, by their first token."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for case in SPECIAL_CASES:
        if _PREFIX.match(case) or _suffix_length(case) or _INFIX.search(case):
            tokens = tuple(_split_chunk(case, {}))
            found.setdefault(tokens[0], []).append(tokens)
    return found


_SEQUENCES = _sequences()
_CASE_BEGINS = frozenset(SPECIAL_CASES) | frozenset(_SEQUENCES)
LONGEST_SEQUENCE = max(len(sequence) for group in _SEQUENCES.values() for sequence in group)


def _find_sequences(tokens: Sequence[str | None]) -> list[tuple[int, int]]:
    """Every (start, end) at which `tokens` spell a special case, the longest first, then the earliest."""
    found = []
    for start, token in enumerate(tokens):
        for sequence in _SEQUENCES.get(token, ()) if token else ():
            if tuple(tokens[start : start + len(sequence)]) == sequence:
                found.append((start, start + len(sequence)))
    return sorted(found, key=lambda span: (span[0] - span[1], span[0]))


def _merge_sequences(chunks: Sequence[list[str] | None]) -> list[list[str]]:
    """Replace token sequences that spell a special case by its tokens; None is a gap other than one blank.

    Of overlapping sequences the longest, then the earliest, wins. One that crosses a blank (`: )`) is found too, and
    though it spells no special case, it keeps shorter ones that it overlaps from being replaced: so does spaCy.
    """
    tokens: list[str | None] = []
    owners: list[int] = []
    for owner, chunk in enumerate(chunks):
        tokens += [None] if chunk is None else chunk
        owners += [owner] * (1 if chunk is None else len(chunk))
    covered: set[int] = set()
    ends: dict[int, int] = {}
    for start, end in _find_sequences(tokens):
        if start not in covered and end - 1 not in covered and owners[start] == owners[end - 1]:
            ends[start] = end
        covered.update(range(start, end))
    merged: list[list[str]] = [[] for _ in chunks]
    position = 0
    while position < len(tokens):
        token, end = tokens[position], ends.get(position, position)
        if end > position:
            spelled = "".join(part for part in tokens[position:end] if part)
            merged[owners[position]].extend(SPECIAL_CASES[spelled])
        elif token is not None:
            merged[owners[position]].append(token)
        position = max(end, position + 1)
    return merged


def tokenize_chunk(chunk: str) -> tuple[list[str], bool]:
    """Tokens of a run without white space, and whether its neighbours could change them (`tokenize_pieces`)."""
    if chunk in SPECIAL_CASES:
        return list(SPECIAL_CASES[chunk]), False
    if chunk.isalpha() or len(chunk) > MAX_CHUNK_CHARACTERS:  # no pattern matches letters alone
        return [chunk], False
    # Most other chunks are a word and a mark; the general way gives the same for these, slowly.
    word, mark = chunk[:-1], chunk[-1]
    if word.isalpha() and (mark in ",;:!?)" or (mark == "." and "a" <= word[-1] <= "z")) and word not in _CASE_BEGINS:
        return [word, mark], False
    tokens = _split_chunk(chunk, SPECIAL_CASES)
    if len(tokens) == 1:
        return tokens, False
    merged = _merge_sequences([tokens])[0]
    return merged, merged != tokens and len(chunk) <= MAX_CONTEXT_CHARACTERS


def tokenize_pieces(pieces: Sequence[str]) -> list[list[str]]:
    """Tokens of every piece of a line, chunks and the white space between them (which has none), in turn.

    Unlike `tokenize_chunk` this takes sequences that cross chunks into account.
    """
    chunks: list[list[str] | None] = []
    for piece in pieces:
        if piece == " ":
            chunks.append([])
        elif piece.isspace() or len(piece) > MAX_CONTEXT_CHARACTERS:
            chunks.append(None)
        else:
            chunks.append(_split_chunk(piece, SPECIAL_CASES))
    return [
        tokens if len(piece) <= MAX_CONTEXT_CHARACTERS or piece.isspace() else tokenize_chunk(piece)[0]
        for tokens, piece in zip(_merge_sequences(chunks), pieces, strict=True)
    ]


def cut(line: str) -> list[str]:
    """Chunks and the runs of white space between them."""
    return _PIECES.findall(line)
