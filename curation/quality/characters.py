"""Classes of characters as one table that compiled loops look up, and texts as arrays of code points.

Python's own classes (`str.isspace`, `isalpha` ...) come from the running interpreter, through NumPy's equivalents;
Unicode's word breaks and the property Alphabetic from `unicode.json`.
"""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np
from numpy.typing import NDArray

# Bits of a character's entry.
SPACE = 1  # str.isspace, where str.split splits
ALPHA = 1 << 1  # str.isalpha
ALNUM = 1 << 2  # str.isalnum
UPPER = 1 << 3  # str.isupper
DIGIT = 1 << 4  # str.isdigit
NEMO_DIGIT = 1 << 5  # [[:digit:]] of the module regex 2026.11: ASCII alone, as POSIX has it
ALPHABETIC = 1 << 6  # [[:alpha:]] of the module regex
NEMO_PLAIN = 1 << 7  # what NeMo Curator calls alphanumeric
NEMO_SPACE = 1 << 8
NEMO_BRACKET = 1 << 9
FASTTEXT_SPACE = 1 << 10  # where fastText's tokenizer splits
PICTOGRAPHIC = 1 << 11  # Extended_Pictographic
WORD_BREAK_SHIFT = 16

# Values of Word_Break; Other is 0. Their order lets the rules ask for ranges: of letters, of what may stand between
# letters (MidLetter to MidNumLet) or between digits (Single_Quote to MidNum).
WORD_BREAKS = (
    "Other", "CR", "LF", "Newline", "Extend", "ZWJ", "Format", "Regional_Indicator", "WSegSpace", "Hebrew_Letter",
    "ALetter", "Double_Quote", "MidLetter", "Single_Quote", "MidNumLet", "MidNum", "Numeric", "Katakana",
    "ExtendNumLet",
)  # fmt: skip

_CODE_POINTS = 0x110000
_LITERAL = {
    NEMO_PLAIN: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\n?!,.",
    NEMO_DIGIT: "0123456789",
    NEMO_SPACE: "\t\n\r\b ",
    NEMO_BRACKET: "{}⟨⟩[]()",
    FASTTEXT_SPACE: " \n\r\t\v\f\0",
}


def _ranges(gaps_and_lengths: list[int]) -> NDArray[np.int64]:
    """Code points of alternating gaps and lengths."""
    edges = np.cumsum(gaps_and_lengths).reshape(-1, 2)
    return np.concatenate([np.arange(start, stop) for start, stop in edges])


@functools.cache
def table() -> NDArray[np.uint32]:
    """The entry of every code point: bits, and the number of its Word_Break value above `WORD_BREAK_SHIFT`."""
    found = np.zeros(_CODE_POINTS, np.uint32)
    characters = np.arange(_CODE_POINTS, dtype=np.uint32).view("<U1")
    for bit, test in (
        (SPACE, np.strings.isspace),
        (ALPHA, np.strings.isalpha),
        (ALNUM, np.strings.isalnum),
        (UPPER, np.strings.isupper),
        (DIGIT, np.strings.isdigit),
    ):
        found |= test(characters) * np.uint32(bit)
    for bit, members in _LITERAL.items():
        found[[ord(character) for character in members]] |= np.uint32(bit)
    unicode = json.loads(resources.files(__package__).joinpath("unicode.json").read_text("utf-8"))
    found[_ranges(unicode["alphabetic"])] |= np.uint32(ALPHABETIC)
    found[_ranges(unicode["extended_pictographic"])] |= np.uint32(PICTOGRAPHIC)
    for number, name in enumerate(WORD_BREAKS):
        if number:
            found[_ranges(unicode["word_break"][name])] |= np.uint32(number << WORD_BREAK_SHIFT)
    return found


def codes(text: str) -> NDArray[np.uint32]:
    """The code points of a text, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
