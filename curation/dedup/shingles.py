"""Shingles of texts and their hashes (`shingle@1`), of words, of characters or of code tokens.

- `words`: runs of words of `curation.dedup.normalise`, for prose in any script;
- `characters`: runs of characters of those words, with one space between two of them unless one is a character of a
  script without spaces (SlimPajama's 13 characters);
- `tokens`: runs of maximal runs of ASCII letters, digits and `_` of the text as it is (BigCode's `[^A-Za-z_0-9]`
  split), for source code.

The hash of a shingle, all arithmetic modulo 2^64 and `fmix` MurmurHash3's 64-bit finaliser:

    word(w)     = fmix(FNV-1a of w's code points: h = 0xcbf29ce484222325, then h = (h ^ c) * 0x100000001b3)
    shingle(ws) = fmix(the fold g = 0, then g = (g ^ word(w)) * 0x9e3779b97f4a7c15), its low 32 bits for affine32

where a character is a word of one. Hashing each word once and folding word hashes reads the text once, where hashing
the bytes of every shingle reads it `ngram` times.
"""

from __future__ import annotations

import functools
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from curation.dedup.compiled import compiled
from curation.dedup.normalise import ALONE, BREAK, DIGIT, DROP, EXPAND, Table, code_points

Scheme: TypeAlias = Literal["affine32", "affine64"]
Shingle: TypeAlias = Literal["words", "characters", "tokens"]
Unsigned: TypeAlias = NDArray[Any]  # uint32 for affine32, uint64 for affine64

TYPES: dict[str, type[np.unsignedinteger[Any]]] = {"affine32": np.uint32, "affine64": np.uint64}
FOLD = np.uint64(0x9E3779B97F4A7C15)

_FNV_BASIS, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_ZERO = np.uint64(ord("0"))
_SPACE = np.uint64(ord(" "))


def shingle_hashes(text: str, ngram: int = 5, *, scheme: Scheme = "affine32", shingle: Shingle = "words") -> Unsigned:
    """Hashes of every run of `ngram` words (characters, tokens) of `text`, in its order, repeats included.

    uint32 for `affine32` (the low halves of the others), uint64 for `affine64`; empty where the text has fewer
    than `ngram` of them.
    """
    codes, table = _token_bytes(text) if shingle == "tokens" else code_points(text)
    parts = _characters if shingle == "characters" else _words
    hashes: Unsigned = _shingles(parts(codes, table.entries, table.expansions), ngram)
    return hashes.astype(TYPES[scheme], copy=False)


def shingle_set(text: str, ngram: int = 5, shingle: Shingle = "words") -> NDArray[np.uint64]:
    """The distinct 64-bit hashes of the shingles of `text`, ascending: what true Jaccard similarity compares."""
    return np.unique(shingle_hashes(text, ngram, scheme="affine64", shingle=shingle))


def _token_bytes(text: str) -> tuple[NDArray[np.uint8] | NDArray[np.uint32], Table]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8), _token_table()


@functools.cache
def _token_table() -> Table:
    """Bytes of BigCode's tokens as they are, all others (those of UTF-8 beyond ASCII too) as separators."""
    entries = np.full(256, BREAK, np.uint32)
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789":
        entries[byte] = byte
    return Table(entries, np.zeros(1, np.uint32))


@compiled
def fmix64(value: Any) -> Any:
    """MurmurHash3's 64-bit finaliser."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@compiled
def _words(codes: Any, entries: Any, expansions: Any) -> Any:
    """Hashes of the words of a text given as code points; `normalise@1` as a state machine."""
    words = np.empty(codes.size + 1, np.uint64)  # no character begins two words; pages not written cost no memory
    count = 0
    word = _FNV_BASIS
    empty = True
    digits = False
    single = np.empty(1, np.uint32)
    for code in codes:
        entry = entries[code]
        if DROP < entry < EXPAND:  # a word character, by far the most frequent case
            word = (word ^ np.uint64(entry)) * _FNV_PRIME
            empty = False
            digits = False
            continue
        if EXPAND <= entry < ALONE:
            place = entry - EXPAND
            run = expansions[place + 1 : place + 1 + expansions[place]]
        else:
            single[0] = entry
            run = single
        for one in run:
            if one == DROP:
                continue
            if one == DIGIT:
                if not digits:
                    word = (word ^ _ZERO) * _FNV_PRIME
                    empty = False
                    digits = True
                continue
            digits = False
            if DROP < one < EXPAND:
                word = (word ^ np.uint64(one)) * _FNV_PRIME
                empty = False
                continue
            if not empty:  # a separator, or a character that is a word of its own
                words[count] = fmix64(word)
                count += 1
                word = _FNV_BASIS
                empty = True
            if one >= ALONE:
                words[count] = fmix64((_FNV_BASIS ^ np.uint64(one - ALONE)) * _FNV_PRIME)
                count += 1
    if not empty:
        words[count] = fmix64(word)
        count += 1
    return words[:count]


@compiled
def _shingles(words: Any, ngram: int) -> Any:
    hashes = np.empty(max(0, words.size - ngram + 1), np.uint64)
    for start in range(hashes.size):
        folded = np.uint64(0)
        for word in words[start : start + ngram]:
            folded = (folded ^ word) * FOLD
        hashes[start] = fmix64(folded)
    return hashes


@compiled
def _characters(codes: Any, entries: Any, expansions: Any) -> Any:
    """Hashes of the characters of a text's words and of the spaces between them, as `_words` reads them."""
    size = 0
    for code in codes:
        entry = entries[code]
        size += expansions[entry - EXPAND] if EXPAND <= entry < ALONE else 1
    found = np.empty(size, np.uint64)  # a space stands for a separator at least
    count = 0
    within = False  # after a character of a word that a space can end
    apart = False  # a separator came since
    digits = False
    single = np.empty(1, np.uint32)
    for code in codes:
        entry = entries[code]
        if EXPAND <= entry < ALONE:
            place = entry - EXPAND
            run = expansions[place + 1 : place + 1 + expansions[place]]
        else:
            single[0] = entry
            run = single
        for one in run:
            if one == DROP or (one == DIGIT and digits):
                continue
            digits = one == DIGIT
            if one == BREAK:
                apart = within
                continue
            if one >= ALONE:
                found[count] = np.uint64(one - ALONE)
                within = False
            else:
                if apart:
                    found[count] = _SPACE
                    count += 1
                found[count] = _ZERO if one == DIGIT else np.uint64(one)
                within = True
            apart = False
            count += 1
    for place in range(count):
        found[place] = fmix64((_FNV_BASIS ^ found[place]) * _FNV_PRIME)
    return found[:count]
