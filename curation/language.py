"""Which language a text is in: a small fastText model that ships, constrained by the scripts of the text.

The rule order, each step deciding or passing on:

1. Too few letters, too small a share of letters, or a density of code marks: `und` (undetermined), score 0.
2. Most letters belong to a script that one language of ours writes (Thai, Greek, Hebrew, Hangul ...): that language,
   its score the script's share of the letters. Kana beside Han is Japanese, Han alone Chinese.
3. Otherwise the model decides among the languages of the script, and its probability times the script's share is
   the score. The model also knows noise (random letters), which is `und` again.

The shipped model and its figures are described in `models/language.md`; `curation.training.language` makes it.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.fasttext_model import FastTextModel

MODEL_PATH = Path(__file__).parent / "models" / "language.ftz"

UNDETERMINED = "und"
WINDOWS, WINDOW = 5, 160
"""A long text is read in this many windows of this many characters, evenly spaced from its start to its end."""
MIN_LETTERS = 10
"""Texts with fewer letters are `und`; a letter of Han, Kana or Hangul counts as three."""
MAX_WORD = 50
MIN_LETTER_SHARE = 0.5
"""Texts whose visible characters are letters to a smaller share are `und` (tables, numbers, markup)."""
MAX_CODE_SHARE, FREE_CODE_MARKS = 0.06, 3
"""Texts with more of `CODE_MARKS` among their visible characters, the first few aside, are `und` (code, markup)."""
CODE_MARKS = "{}[]<>=;\\_$&+^`()"

_TOP = 5  # labels asked of the model, so that those of other scripts can be passed over
_URL = re.compile(r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,64}")
_ASCII_NON_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha() and chr(code) != "'")
_TO_SPACES = bytes.maketrans(_ASCII_NON_LETTERS, b" " * len(_ASCII_NON_LETTERS))


@dataclass(frozen=True, slots=True)
class Language:
    """A language code (ISO 639-1 where one exists, else 639-3; `und` for none) and how sure it is, in [0, 1]."""

    code: str
    score: float


_UND = Language(UNDETERMINED, 0.0)


# One row a script: name, the languages of ours it writes (one: the script decides), its code point ranges.
_SCRIPTS: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = (
    (
        "Latin",
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
    ("Cyrillic", "be bg kk mk mn ru sr uk", ((0x400, 0x52F),)),
    ("Arabic", "ar fa ur", ((0x620, 0x65F), (0x66E, 0x6D3), (0x6FA, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFEFC))),
    ("Devanagari", "hi mr", ((0x900, 0x963), (0x970, 0x97F))),
    ("Greek", "el", ((0x370, 0x37D), (0x386, 0x3FF), (0x1F00, 0x1FFF))),
    ("Armenian", "hy", ((0x531, 0x587),)),
    ("Hebrew", "he", ((0x591, 0x5F4), (0xFB1D, 0xFB4F))),
    ("Bengali", "bn", ((0x980, 0x9E3), (0x9F0, 0x9F1))),
    ("Gurmukhi", "pa", ((0xA00, 0xA65), (0xA70, 0xA7F))),
    ("Gujarati", "gu", ((0xA80, 0xAE5),)),
    ("Oriya", "or", ((0xB00, 0xB65), (0xB71, 0xB71))),
    ("Tamil", "ta", ((0xB80, 0xBE5),)),
    ("Telugu", "te", ((0xC00, 0xC65),)),
    ("Kannada", "kn", ((0xC80, 0xCE5),)),
    ("Malayalam", "ml", ((0xD00, 0xD65), (0xD7A, 0xD7F))),
    ("Sinhala", "si", ((0xD80, 0xDE5),)),
    ("Thai", "th", ((0xE01, 0xE3A), (0xE40, 0xE4E))),
    ("Lao", "lo", ((0xE81, 0xECD), (0xEDC, 0xEDF))),
    ("Myanmar", "my", ((0x1000, 0x103F), (0x1050, 0x108F))),
    ("Khmer", "km", ((0x1780, 0x17D3),)),
    ("Georgian", "ka", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF))),
    ("Hangul", "ko", ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3))),
    ("Kana", "ja", ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D))),
    ("Han", "zh", ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3134F))),
)
_NAMES = [name for name, _, _ in _SCRIPTS]
_LANGUAGES = [tuple(codes.split()) for _, codes, _ in _SCRIPTS]
_KANA, _HAN, _HANGUL = _NAMES.index("Kana"), _NAMES.index("Han"), _NAMES.index("Hangul")
# Classes of characters after the scripts: letters of no listed script, code marks, white space, all else.
_OTHER_LETTER, _CODE, _SPACE, _REST = range(len(_SCRIPTS), len(_SCRIPTS) + 4)
_CLASSES = _REST + 1

MODEL_LANGUAGES = frozenset(code for codes in _LANGUAGES if len(codes) > 1 for code in codes)
"""The languages the shipped model tells apart; those with a script of their own need no model."""
LANGUAGES = frozenset(code for codes in _LANGUAGES for code in codes)
"""Every language that `LanguageIdentifier()` can name."""


class LanguageIdentifier:
    """Identifies the language of texts, in batches.

    `model` is the path of any supervised fastText language model whose labels are `__label__en`,
    `__label__eng` or `__label__eng_Latn` (lid.176, OpenLID, GlotLID). Such a model sees the text as it is and decides
    alone; only step 1 above, the `und` rules, comes before it. None takes the model that ships. A model made by
    `curation.training.language` is known by its labels and is used as the shipped one is.

    Raises:
        UsageError: the file is missing or is no such model.
    """

    def __init__(self, model: str | os.PathLike[str] | None = None) -> None:
        self._model = FastTextModel(MODEL_PATH if model is None else model)
        self._own = frozenset(self._model.labels) == MODEL_LANGUAGES | {UNDETERMINED}

    def identify(self, texts: Sequence[str]) -> list[Language]:
        """The language of each text; reads at most `WINDOWS * WINDOW` characters of each. Never raises on content.

        Scores are rounded to four places, since builds of fastText differ in the last bits between machines.
        """
        samples = [sample(text) for text in texts]
        results = [_UND] * len(samples)
        asked: list[tuple[int, int, float]] = []  # position, script, the script's share of the letters
        for i, counts in enumerate(_count_classes(samples)):
            letters = counts[: _OTHER_LETTER + 1]
            if _is_undetermined(counts, letters):
                continue
            script, share = _dominant_script(letters)
            if not self._own:
                asked.append((i, script, 1.0))
            elif script == _OTHER_LETTER:
                continue
            elif len(_LANGUAGES[script]) == 1:
                results[i] = Language(_LANGUAGES[script][0], round(share, 4))
            else:
                asked.append((i, script, share))
        prepare = normalise if self._own else str
        lines = [prepare(samples[i]) for i, _, _ in asked]
        answers = self._model.predict(lines, _TOP if self._own else 1)
        for (i, script, share), line, answer in zip(asked, lines, answers, strict=True):
            if len(line) < MIN_LETTERS:
                continue
            if self._own:
                results[i] = _best_of_script(answer, script, share)
            elif answer:
                results[i] = Language(iso_code(answer[0][0]), round(answer[0][1], 4))
        return results


def sample(text: str) -> str:
    """The part of a text that decides: all of a short one, else `WINDOWS` windows evenly spaced over it."""
    if len(text) <= WINDOWS * WINDOW:
        return text
    step = (len(text) - WINDOW) / (WINDOWS - 1)
    starts = (int(step * i) for i in range(WINDOWS))
    return " ".join(text[start : start + WINDOW] for start in starts)


def normalise(text: str) -> str:
    """Text as the shipped model reads it: lower case, no addresses, no ASCII digits or punctuation, single spaces.

    Words of more than `MAX_WORD` characters, which are data and not language, are left out.
    """
    if "://" in text or "www." in text or "@" in text:
        text = _URL.sub(" ", text)
    plain = text.lower().replace("’", "'").encode("utf-8", "replace").translate(_TO_SPACES)
    return " ".join(word for word in plain.decode("utf-8").split() if len(word) <= MAX_WORD)


def iso_code(label: str) -> str:
    """The ISO 639-1 code for a model's label such as `eng`, `eng_Latn` or `en`; labels without one stay 639-3.

    Individual languages are named by their macrolanguage where 639-1 has only that (`cmn` is `zh`, `arb` is `ar`).
    """
    base = re.split(r"[_-]", label, maxsplit=1)[0].lower()
    return _iso_639_1().get(base, base)


def _is_undetermined(counts: npt.NDArray[np.int64], letters: npt.NDArray[np.int64]) -> bool:
    total = int(letters.sum())
    visible = int(counts.sum() - counts[_SPACE])
    weighted = total + 2 * int(letters[_HAN] + letters[_KANA] + letters[_HANGUL])
    code_marks = int(counts[_CODE]) - FREE_CODE_MARKS
    return weighted < MIN_LETTERS or total < MIN_LETTER_SHARE * visible or code_marks > MAX_CODE_SHARE * visible


def _dominant_script(letters: npt.NDArray[np.int64]) -> tuple[int, float]:
    """The script with the most letters and its share of them; Han beside a tenth of Kana is Japanese as a whole."""
    total = int(letters.sum())
    han, kana = int(letters[_HAN]), int(letters[_KANA])
    if han + kana:
        winner = _KANA if kana >= 0.1 * (han + kana) else _HAN
        letters = letters.copy()
        letters[_HAN] = letters[_KANA] = 0
        letters[winner] = han + kana
    script = int(letters.argmax())
    return script, int(letters[script]) / total


def _best_of_script(answer: Sequence[tuple[str, float]], script: int, share: float) -> Language:
    """The first label that the script allows, its probability taken among the labels the script allows."""
    excluded = 0.0
    for code, probability in answer:
        if code == UNDETERMINED:
            return _UND
        if code in _LANGUAGES[script]:
            return Language(code, round(min(1.0, share * probability / max(1e-6, 1.0 - excluded)), 4))
        excluded += probability
    return _UND


def _count_classes(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """int64[len(texts), _CLASSES]: characters of each class in each text, counted for the whole batch at once."""
    if not texts:
        return np.zeros((0, _CLASSES), dtype=np.int64)
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    classes = _class_table()[np.frombuffer(joined, dtype="<u4")]
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    rows = np.repeat(np.arange(len(texts)) * _CLASSES, lengths)
    return np.bincount(rows + classes, minlength=len(texts) * _CLASSES).reshape(len(texts), _CLASSES)


@functools.cache
def _class_table() -> npt.NDArray[np.uint8]:
    """uint8[0x110000]: the class of every code point."""
    table = np.full(0x110000, _REST, dtype=np.uint8)
    for code in range(0x20000):  # the planes with alphabets; later letters are Han or unassigned
        character = chr(code)
        if character.isalpha():
            table[code] = _OTHER_LETTER
        elif character.isspace():
            table[code] = _SPACE
    table[0] = _SPACE
    table[[ord(mark) for mark in CODE_MARKS]] = _CODE
    for script, (_, _, ranges) in enumerate(_SCRIPTS):
        for first, last in ranges:
            table[first : last + 1] = script
    return table


# ISO 639-1 code and its ISO 639-3 codes: the language's own, then individual languages of a macrolanguage.
_ISO_639 = """
aa:aar ab:abk ae:ave af:afr ak:aka,twi,fat am:amh an:arg ar:ara,arb as:asm av:ava ay:aym,ayr az:aze,azj,azb ba:bak
be:bel bg:bul bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cv:chv cy:cym
da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est,ekk eu:eus fa:fas,pes ff:ful,fuv fi:fin fj:fij
fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn,gug gu:guj gv:glv ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye
ia:ina id:ind ie:ile ig:ibo ik:ipk io:ido is:isl it:ita iu:iku,ike ja:jpn jv:jav ka:kat kg:kon ki:kik kk:kaz kl:kal
km:khm kn:kan ko:kor ks:kas ku:kur,kmr kv:kom,kpv kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit
lv:lav,lvs mg:mlg,plt mi:mri mk:mkd ml:mal mn:mon,khk mr:mar ms:msa,zsm mt:mlt my:mya nb:nob ne:nep,npi nl:nld nn:nno
no:nor nv:nav ny:nya oc:oci oj:oji om:orm,gaz or:ori,ory os:oss pa:pan pi:pli pl:pol ps:pus,pbt pt:por qu:que,quy
rm:roh rn:run ro:ron ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin sk:slk sl:slv sm:smo sn:sna so:som
sq:sqi,als sr:srp ss:ssw st:sot su:sun sv:swe sw:swa,swh ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn
to:ton tr:tur ts:tso tt:tat ty:tah ug:uig uk:ukr ur:urd uz:uzb,uzn ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho
yi:yid,ydd yo:yor za:zha zh:zho,cmn zu:zul
"""


@functools.cache
def _iso_639_1() -> dict[str, str]:
    pairs = (entry.split(":") for entry in _ISO_639.split())
    return {three: two for two, threes in pairs for three in threes.split(",")}
