"""Which licence a text is.

A text is compared with known licences by shingles of words, so that copyright lines, wrapping, Markdown and spelling
do not matter; what is left over decides. Words that a licence does not have and that restrict, or permissions that it
has and the text lacks, make it another licence: a modified MIT is no MIT.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from identify.vendor.licenses import LICENSES

from curation.license_notices import MAX_TEXT, notices, spdx_tags
from curation.license_texts import NOTICES, VARIANTS

SHINGLE = 4
MIN_COVERAGE = 0.85
MAX_LICENSES = 24
MAX_HEADINGS = 6
MAX_LEFTOVER_WORDS = 80
MAX_LEFTOVER_SHARE = 0.25

_NOTICE = "notice"
_EXCEPTION = "LLVM-exception"
_WITH_EXCEPTION = "Apache-2.0 WITH LLVM-exception"
_WORD = re.compile(r"[a-z]{2,}")
_NOISE = re.compile(
    r"https?://[^\s<>\"')\]]{1,300}|www\.[^\s<>\"')\]]{1,300}|<[^<>\n]{1,120}>|&[a-z]{2,6};|\[(?:year|fullname|email)\]"
)
_HYPHENATED = re.compile(r"(?<=[a-z])-\n[ \t#*/>]{0,20}(?=[a-z])")
_SPACE = re.compile(r"[\s>#*|_`~]+")  # with the decoration of Markdown and of comments
# Some files say themselves that they are under other terms: no condition on the rest.
_OTHERWISE = re.compile(r"\b(?:except|unless) (?:(?:when|where|as|explicitly|otherwise) ){0,3}(?:stated|noted|marked)")
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"licence"), "license"),
    (re.compile(r"non[- ]infring"), "noninfring"),
    (re.compile(r"sub-licen"), "sublicen"),
    (re.compile(r"merchant[- ]ability"), "merchantability"),
    (re.compile(r"organis"), "organiz"),
    (re.compile(r"recognis"), "recogniz"),
    (re.compile(r"authoris"), "authoriz"),
    (re.compile(r"acknowledgement"), "acknowledgment"),
    (re.compile(r"copyright owner"), "copyright holder"),
    (re.compile("end of terms and conditions"), ""),
    (_OTHERWISE, ""),
)
# Words that a left-over passage may not hold. "Copyright (c) 2020 Ada" is left over too, and holds none of them.
_RESTRICTS = re.compile(
    r"commons clause|commercial|\bsell|\bsold\b|\bsale\b|resale|resell|prohibit|forbid|restrict|\bmay not\b|\bmust\b"
    r"|\bshall\b|\bcannot\b|\bnot (?:be|permitted|allowed|grant|include|use|for)|\bonly\b|\bunless\b|\bexcept\b"
    r"|provided that|\bevil\b|additional (?:term|condition|restriction)|weapon|personal use|\bsaas\b|\bfees?\b"
    r"|royalt|terminat|revoke|\bconsent\b|written permission|general public|proprietary|confidential"
)
# Words that also stand in the names of holders: "Copyright (c) Institute for Research".
_MAY_RESTRICT = re.compile(
    r"\bcondition|military|\bharm|ethic|\bresearch\b|academic|educational|evaluation|compet|hosted|patent"
)
_NAMES_HOLDER = re.compile(
    r"\bcopyright|\brights reserved|\bauthors?\b|\bcontributors?\b|\blicense|\bproject\b|\bsoftware\b"
)
MAX_HOLDER_WORDS = 16
# Permissions that a text must still have when the licence it resembles has them.
_PERMISSIONS = """
sell sublicense modify modification distribute redistribute copy copies restriction charge royalty worldwide perpetual
irrevocable permitted granted grants without
"""
_GRANTS = frozenset(_PERMISSIONS.split())
_BODY_END = "end of terms and conditions"
"""What follows in Apache-2.0 and the GPL explains how to apply them, and is often left out."""
_COMPONENTS = re.compile(
    r"^[^\n]{0,80}\b(?:subcomponents?\b|third[- ]party (?:software|licen[sc]es?|notices?|components?|libraries|code)\b"
    r"|(?:distribution|project|product|software|package|repository|wheel)\b[^\n]{0,40}"
    r"\b(?:bundles?|includes|contains)\b|externally maintained libraries\b)",
    re.IGNORECASE | re.MULTILINE,
)
_RESTRICTS_WHOLE = re.compile(
    r"commons clause|non-?\s?commercial(?!ly)|\bsell the software|business source license", re.IGNORECASE
)


@dataclass(frozen=True)
class LicenseMatch:
    """A licence by its SPDX id (or expression, where a text holds several), and the share of its words found."""

    spdx: str
    score: float


@dataclass(frozen=True)
class _Template:
    spdx: str
    words: tuple[str, ...]
    body: tuple[str, ...]
    shingles: frozenset[tuple[str, ...]]


def _words(text: str) -> list[str]:
    """Lower-case words of two letters and more; numbers, addresses, tags and punctuation do not count."""
    text = _NOISE.sub(" ", _HYPHENATED.sub("", text[:MAX_TEXT].lower()))
    text = _SPACE.sub(" ", text)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return _WORD.findall(text)


def _shingles(words: Sequence[str]) -> list[tuple[str, ...]]:
    size = min(SHINGLE, len(words))
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)] if words else []


@functools.cache
def _templates() -> tuple[_Template, ...]:
    texts = [*LICENSES, *VARIANTS, *((_NOTICE, text) for text in NOTICES)]
    made = []
    for spdx, text in texts:
        words = tuple(_words(text))
        body = tuple(_words(re.split(_BODY_END, text, maxsplit=1, flags=re.IGNORECASE)[0]))
        made.append(_Template(spdx, words, body, frozenset(_shingles(words))))
    return tuple(made)


def detect(text: str) -> LicenseMatch | None:
    """The licence whose text this is, or None.

    A file with the texts of several licences is their conjunction (`Apache-2.0 AND MIT`); what follows a heading
    about bundled third-party components belongs to them and is not judged. None for texts that only mention a
    licence, that add restrictions to one or take permissions from it, and for licences not known here.
    """
    match = _detect_whole(text)
    if match is None:
        text = text[:MAX_TEXT]
        if not _RESTRICTS_WHOLE.search(text):
            headings = itertools.islice(_COMPONENTS.finditer(text), MAX_HEADINGS)
            own_parts = (_detect_whole(text[: heading.start()]) for heading in headings)
            return next((found for found in own_parts if found), None)
    return match


def _detect_whole(text: str) -> LicenseMatch | None:
    words = _words(text)
    if not words:
        return None
    found, uncovered = _cover(words)
    if not found:
        tags = spdx_tags(text)
        return LicenseMatch(tags[0], 1.0) if len(tags) == 1 and len(words) <= MAX_LEFTOVER_WORDS else None
    if _is_altered(words, uncovered, found):
        return None
    names = [template.spdx for template, _ in found]
    if _NOTICE in names:
        named = notices(text) if set(names) == {_NOTICE} else []
        names = [name for name in names if name != _NOTICE] + named
    if _EXCEPTION in names:
        names = [_WITH_EXCEPTION if name == "Apache-2.0" else name for name in names if name != _EXCEPTION]
    distinct = list(dict.fromkeys(names))
    return LicenseMatch(" AND ".join(distinct), round(min(score for _, score in found), 4)) if distinct else None


def _cover(words: Sequence[str]) -> tuple[list[tuple[_Template, float]], list[bool]]:
    """Licences found in `words` with their coverage, in order of appearance, and which words none of them has."""
    positions: dict[tuple[str, ...], list[int]] = {}
    for position, shingle in enumerate(_shingles(words)):
        positions.setdefault(shingle, []).append(position)
    uncovered = [True] * len(words)
    found: list[tuple[int, _Template, float]] = []
    candidates = [
        (template, coverage)
        for template in _templates()
        if (coverage := _coverage(template, positions)) >= MIN_COVERAGE
    ]
    # The text of BSD-3-Clause holds all of BSD-2-Clause: what covers most comes first, and what adds nothing is left.
    candidates.sort(key=lambda item: (-item[1] * len(item[0].shingles), -item[1], item[0].spdx))
    for template, coverage in candidates[: 2 * MAX_LICENSES]:
        places = [p for shingle in template.shingles for p in positions.get(shingle, ())]
        new = {i for p in places for i in range(p, min(p + SHINGLE, len(words))) if uncovered[i]}
        if len(new) < 0.5 * len(template.words) or len(found) == MAX_LICENSES:
            continue
        for i in new:
            uncovered[i] = False
        found.append((min(places), template, coverage))
    found.sort(key=lambda item: item[0])
    return [(template, coverage) for _, template, coverage in found], uncovered


def _coverage(template: _Template, positions: Mapping[tuple[str, ...], object]) -> float:
    return sum(shingle in positions for shingle in template.shingles) / len(template.shingles)


def _is_altered(words: Sequence[str], uncovered: Sequence[bool], found: Sequence[tuple[_Template, float]]) -> bool:
    """Whether words were added that restrict, too much was added, or permissions were taken out."""
    counted = 0
    for passage in _runs(words, uncovered):
        size = len(passage.split())
        holder = size <= MAX_HOLDER_WORDS and _NAMES_HOLDER.search(passage) is not None
        if _RESTRICTS.search(passage) or (not holder and _MAY_RESTRICT.search(passage)):
            return True
        counted += 0 if holder else size
    if counted > max(MAX_LEFTOVER_WORDS, MAX_LEFTOVER_SHARE * len(words)):
        return True
    present = frozenset(_shingles(words))
    for template, _ in found:
        missing = [True] * len(template.words)
        for start, shingle in enumerate(_shingles(template.words)):
            if shingle in present:
                missing[start : start + SHINGLE] = [False] * SHINGLE
        if any(lost and word in _GRANTS for word, lost in zip(template.body, missing, strict=False)):
            return True
    return False


def _runs(words: Sequence[str], wanted: Sequence[bool]) -> list[str]:
    """The runs of wanted words, each joined by spaces."""
    runs: list[list[str]] = []
    previous = False
    for word, keep in zip(words, wanted, strict=True):
        if keep and not previous:
            runs.append([])
        if keep:
            runs[-1].append(word)
        previous = keep
    return [" ".join(run) for run in runs]
