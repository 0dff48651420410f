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
_BLOCK = 1024  # shingles folded together: 8 KB, which stay in the nearest cache


def shingle_hashes(text: str, ngram: int = 5, *, scheme: Scheme = "affine32", shingle: Shingle = "words") -> Unsigned:
    """Hashes of every run of `ngram` words (characters, tokens) of `text`, in its order, repeats included.

    uint32 for `affine32` (the low halves of the others), uint64 for `affine64`; empty where the text has fewer
    than `ngram` of them.
    """
    codes, table = _token_bytes(text) if shingle == "tokens" else code_points(text)
    shingles_of = _of_characters if shingle == "characters" else _of_words
    hashes: Unsigned = shingles_of(codes, table.entries, table.expansions, ngram)
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
def _shingles(words: Any, ngram: int) -> Any:
    """Hashes of the shingles of words of which the FNV-1a hashes are given, which are finished in place."""
    for place in range(words.size):
        words[place] = fmix64(words[place])
    hashes = np.zeros(max(0, words.size - ngram + 1), np.uint64)
    for first in range(0, hashes.size, _BLOCK):
        block = hashes[first : first + _BLOCK]
        for step in range(ngram):  # the outer loop, so that vector instructions fold many shingles at once
            for place in range(block.size):
                block[place] = (block[place] ^ words[first + step + place]) * FOLD
        for place in range(block.size):
            block[place] = fmix64(block[place])
    return hashes


@compiled
def _of_words(codes: Any, entries: Any, expansions: Any, ngram: int) -> Any:
    """Hashes of the shingles of the words of a text given as code points; `normalise@1` as a state machine."""
    words = np.empty(codes.size + 1, np.uint64)  # no character begins two words; pages not written cost no memory
    count = np.uint64(0)
    word = _FNV_BASIS
    filled = np.uint64(0)  # 1 after a character of a word
    digits = False
    single = np.empty(1, np.uint32)
    for position in range(codes.size):
        entry = entries[codes[position]]
        # A separator or a character of a word, by far the most frequent. Arithmetic tells them apart, since a branch
        # would be mispredicted at the end of nearly every word; what is written at `count` stays where a word ended.
        if entry < EXPAND and entry != DIGIT and entry != DROP:
            grows = np.uint64(entry != BREAK)
            words[count] = word
            count += np.uint64(filled > grows)
            word = (word ^ np.uint64(entry)) * (_FNV_PRIME * grows) + _FNV_BASIS * (np.uint64(1) - grows)
            filled = grows
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
                    filled = np.uint64(1)
                    digits = True
                continue
            digits = False
            if DROP < one < EXPAND:
                word = (word ^ np.uint64(one)) * _FNV_PRIME
                filled = np.uint64(1)
                continue
            words[count] = word  # a separator, or a character that is a word of its own
            count += filled
            word = _FNV_BASIS
            filled = np.uint64(0)
            if one >= ALONE:
                words[count] = (_FNV_BASIS ^ np.uint64(one - ALONE)) * _FNV_PRIME
                count += np.uint64(1)
    words[count] = word
    return _shingles(words[: count + filled], ngram)


@compiled
def _of_characters(codes: Any, entries: Any, expansions: Any, ngram: int) -> Any:
    """Hashes of the shingles of a text's characters and of the spaces between words, as `_of_words` reads them."""
    size = 0
    for code in codes:
        entry = entries[code]
        size += expansions[entry - EXPAND] if EXPAND <= entry < ALONE else 1
    found = np.empty(size, np.uint64)  # a space stands for a separator at least
    count = np.uint64(0)
    within = np.uint64(0)  # 1 after a character of a word that a space can end
    apart = np.uint64(0)  # 1 where a separator came since
    digits = False
    single = np.empty(1, np.uint32)
    for position in range(codes.size):
        entry = entries[codes[position]]
        if entry < EXPAND and entry != DIGIT and entry != DROP:  # without a branch, as in `_of_words`
            grows = np.uint64(entry != BREAK)
            found[count] = _SPACE
            count += apart & grows
            found[count] = entry
            count += grows
            apart = np.uint64(within > grows)
            within |= grows
            digits = False
            continue
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
                within = np.uint64(0)
            else:
                found[count] = _SPACE
                count += apart
                found[count] = _ZERO if one == DIGIT else np.uint64(one)
                within = np.uint64(1)
            apart = np.uint64(0)
            count += np.uint64(1)
    for place in range(count):
        found[place] = (_FNV_BASIS ^ found[place]) * _FNV_PRIME
    return _shingles(found[:count], ngram)
