"""Scripts: which characters they have, which languages of ours they write, and a class for every code point."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

MAX_WORD = 50
"""Characters of the longest word that is read; longer ones are data and not language."""
CODE_MARKS = "{}[]<>=;\\_$&+^`()"
"""Characters that code and markup have more of than prose."""

SCRIPTS: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = (
    (
        "Latn",
        "af az bs ca cs cy da de en eo es et eu fi fr ga hr hu id is it la lg lt lv mi ms nb nl nn pl pt ro sk sl sn"
        " so sq st sv sw tl tn tr ts vi xh yo zu",
        (
            (0x41, 0x5A),
            (0x61, 0x7A),
            (0xAA, 0xAA),
            (0xBA, 0xBA),
            (0xC0, 0xD6),
            (0xD8, 0xF6),
            (0xF8, 0x24F),
            (0x300, 0x36F),  # combining marks: decomposed Vietnamese and Yoruba
            (0x1E00, 0x1EFF),
        ),
    ),
    ("Cyrl", "be bg kk mk mn ru sr uk", ((0x400, 0x52F),)),
    ("Arab", "ar fa ur", ((0x620, 0x65F), (0x66E, 0x6D3), (0x6FA, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFEFC))),
    ("Deva", "hi mr", ((0x900, 0x963), (0x970, 0x97F))),
    ("Grek", "el", ((0x370, 0x37D), (0x386, 0x3FF), (0x1F00, 0x1FFF))),
    ("Armn", "hy", ((0x531, 0x587),)),
    ("Hebr", "he", ((0x591, 0x5F4), (0xFB1D, 0xFB4F))),
    ("Beng", "bn", ((0x980, 0x9E3), (0x9F0, 0x9F1))),
    ("Guru", "pa", ((0xA00, 0xA65), (0xA70, 0xA7F))),
    ("Gujr", "gu", ((0xA80, 0xAE5),)),
    ("Orya", "or", ((0xB00, 0xB65), (0xB71, 0xB71))),
    ("Taml", "ta", ((0xB80, 0xBE5),)),
    ("Telu", "te", ((0xC00, 0xC65),)),
    ("Knda", "kn", ((0xC80, 0xCE5),)),
    ("Mlym", "ml", ((0xD00, 0xD65), (0xD7A, 0xD7F))),
    ("Sinh", "si", ((0xD80, 0xDE5),)),
    ("Thai", "th", ((0xE01, 0xE3A), (0xE40, 0xE4E))),
    ("Laoo", "lo", ((0xE81, 0xECD), (0xEDC, 0xEDF))),
    ("Mymr", "my", ((0x1000, 0x103F), (0x1050, 0x108F))),
    ("Khmr", "km", ((0x1780, 0x17D3),)),
    ("Geor", "ka", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF))),
    ("Hang", "ko", ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3))),
    ("Jpan", "ja", ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D))),
    ("Hani", "zh", ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3134F))),
)
"""One row a script: ISO 15924 code (`Jpan` for kana, alone or beside Han), the languages of ours it writes (one: the
script decides), its code point ranges."""

NAMES = tuple(name for name, _, _ in SCRIPTS)
LANGUAGES_OF = tuple(tuple(codes.split()) for _, codes, _ in SCRIPTS)
KANA, HAN, HANGUL = NAMES.index("Jpan"), NAMES.index("Hani"), NAMES.index("Hang")
# Classes of characters after the scripts: letters of no listed script, code marks, white space, all else.
OTHER_LETTER, CODE_CLASS, SPACE_CLASS, REST_CLASS = range(len(SCRIPTS), len(SCRIPTS) + 4)
CLASSES = REST_CLASS + 1

MODEL_LANGUAGES = frozenset(code for codes in LANGUAGES_OF if len(codes) > 1 for code in codes)
"""The languages the shipped model tells apart; those with a script of their own need no model."""
LANGUAGES = frozenset(code for codes in LANGUAGES_OF for code in codes)
"""Every language that the shipped model and the scripts can name."""


@functools.cache
def class_table() -> npt.NDArray[np.uint8]:
    """uint8[0x110000]: the class of every code point; below `OTHER_LETTER` the number of its script."""
    table = np.full(0x110000, REST_CLASS, dtype=np.uint8)
    for code in range(0x20000):  # the planes with alphabets; later letters are Han or unassigned
        character = chr(code)
        if character.isalpha():
            table[code] = OTHER_LETTER
        elif character.isspace():
            table[code] = SPACE_CLASS
    table[0] = SPACE_CLASS
    table[[ord(mark) for mark in CODE_MARKS]] = CODE_CLASS
    for script, (_, _, ranges) in enumerate(SCRIPTS):
        for first, last in ranges:
            table[first : last + 1] = script
    return table
