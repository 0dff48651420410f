"""Which licence a text is, a repository has, and the head of a file names.

A text is compared with known licences by shingles of words, so that copyright lines, wrapping, Markdown and spelling
do not matter; what is left over decides. Words that a licence does not have and that restrict, or permissions that it
has and the text lacks, make it another licence: a modified MIT is no MIT.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from identify.vendor.licenses import LICENSES

from curation.license_texts import NOTICES, VARIANTS
from curation.spdx import classify

__all__ = [
    "LicenseMatch",
    "RepositoryLicense",
    "classify",
    "detect",
    "file_license",
    "license_files",
    "repository_license",
]

MAX_TEXT = 400_000
SHINGLE = 4
MIN_COVERAGE = 0.85
MAX_LICENSES = 24
MAX_LEFTOVER_WORDS = 80
MAX_LEFTOVER_SHARE = 0.25
UNKNOWN = "NOASSERTION"

_NOTICE = "notice"
_EXCEPTION = "LLVM-exception"
_WITH_EXCEPTION = "Apache-2.0 WITH LLVM-exception"
_WORD = re.compile(r"[a-z]{2,}")
_NOISE = re.compile(
    r"https?://[^\s<>\"')\]]{1,300}|www\.[^\s<>\"')\]]{1,300}|<[^<>\n]{1,120}>|&[a-z]{2,6};|\[(?:year|fullname|email)\]"
)
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
    (re.compile(r"(?<=[a-z])-\n[ \t#*/>]{0,20}(?=[a-z])"), ""),
)
# Words that a left-over passage may not hold. "Copyright (c) 2020 Ada" is left over too, and holds none of them.
_RESTRICTS = re.compile(
    r"commons clause|commercial|\bsell|\bsold\b|\bsale\b|resale|resell|prohibit|forbid|restrict|\bmay not\b|\bmust\b|\bshall\b"
    r"|\bcannot\b|\bnot (?:be|permitted|allowed|grant|include|use|for)|\bonly\b|\bunless\b|\bexcept\b|provided that|\bevil\b"
    r"|additional (?:term|condition|restriction)|weapon|personal use|\bsaas\b|\bfees?\b|royalt|terminat|revoke|\bconsent\b"
    r"|written permission|general public|proprietary|confidential"
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
    r"|(?:distribution|project|product|software|package|repository|wheel)\b[^\n]{0,40}\b(?:bundles|includes|contains)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_RESTRICTS_WHOLE = re.compile(
    r"commons clause|non-?\s?commercial|\bsell the software|business source license", re.IGNORECASE
)


@dataclass(frozen=True)
class LicenseMatch:
    """A licence by its SPDX id (or expression, where a text holds several), and the share of its words found."""

    spdx: str
    score: float


@dataclass(frozen=True)
class RepositoryLicense:
    """What the licence files of a repository amount to.

    `kind` is "none" without a licence file, "other" when a file is not recognised. `evidence` holds (path, SPDX
    expression, score) per file, sorted by path, with `NOASSERTION` and 0 for a file that is not recognised.
    """

    expression: str | None
    kind: Literal["permissive", "copyleft", "other", "none"]
    evidence: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class _Template:
    spdx: str
    words: tuple[str, ...]
    body: tuple[str, ...]
    shingles: frozenset[tuple[str, ...]]


def _words(text: str) -> list[str]:
    """Lower-case words of two letters and more; numbers, addresses, tags and punctuation do not count."""
    text = _NOISE.sub(" ", text[:MAX_TEXT].lower())
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
        heading = _COMPONENTS.search(text[:MAX_TEXT])
        if heading and heading.start() and not _RESTRICTS_WHOLE.search(text[:MAX_TEXT]):
            return _detect_whole(text[: heading.start()])
    return match


def _detect_whole(text: str) -> LicenseMatch | None:
    words = _words(text)
    if not words:
        return None
    found, uncovered = _cover(words)
    if not found:
        tags = _spdx_tags(text)
        return LicenseMatch(tags[0], 1.0) if len(tags) == 1 and len(words) <= MAX_LEFTOVER_WORDS else None
    if _is_altered(words, uncovered, found):
        return None
    names = [template.spdx for template, _ in found]
    if _NOTICE in names:
        named = _notices(text) if set(names) == {_NOTICE} else []
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


# --- the head of a file ------------------------------------------------------------------------------------------

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]{0,8}([^\n\r]{1,200})")
_TAG_END = re.compile(r"\*/|-->|\*\)|\"\"\"|'''|#\}|--%>|[;,\"'`]|[ \t]{2,}")
_COMMENT_MARKS = re.compile(r"[^A-Za-z0-9.+()]+")
_GNU_FAMILY = re.compile(
    r"(?:terms of|under|governed by|licensed) (?:the |version [0-9.]+ of the |either )?"
    r"gnu (?:(lesser|library|affero) )?(?:general )?public license"
    r"|(?:licensed|released|distributed|available|published) under (?:the )?(?:terms of )?(?:the )?(?:gnu )?([al]?)gpl"
)
_GNU_VERSION = re.compile(r"(?:version|v\.?|gpl[ -]?v?)\s?([123])(?:\.([01]))?\b")
_LATER = re.compile(
    r"or \(?at your option\)? (?:any )?later|any later version|or later\b|or newer\b|gpl-?[23](?:\.0)?\+"
)
_PHRASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Apache-2.0", re.compile(r"(?:under|of) the apache (?:software )?license,? ?v?(?:ersion)? ?2")),
    ("MPL-2.0", re.compile(r"mozilla public license,? ?(?:version|v\.?) ?2")),
    (
        "MPL-1.1",
        re.compile(r"(?:subject to the|under the|terms of the) mozilla public license,? ?(?:version|v\.?) ?1\.1"),
    ),
    ("EPL-2.0", re.compile(r"terms of the eclipse public license,? ?(?:v(?:ersion)?\.? ?)?2")),
    ("EPL-1.0", re.compile(r"terms of the eclipse public license,? ?(?:v(?:ersion)?\.? ?)?1")),
    ("CDDL-1.0", re.compile(r"common development and distribution license")),
    ("EUPL-1.2", re.compile(r"(?:under|terms of) the eupl|european union public license")),
    (
        "CC-BY-SA-4.0",
        re.compile(r"licensed under (?:the |a )?(?:creative commons|cc)[ -](?:attribution[ -]sharealike|by[ -]sa)"),
    ),
    ("BSL-1.0", re.compile(r"boost software license")),
    ("Unlicense", re.compile(r"free and unencumbered software released into the public domain")),
    ("BUSL-1.1", re.compile(r"(?:under|governed by) the business source license")),
    ("SSPL-1.0", re.compile(r"server side public license")),
    ("Elastic-2.0", re.compile(r"elastic license")),
)
_MIT_TEXT = re.compile(r"permission is hereby granted free of charge to any person obtaining a copy")
_UNDER = r"(?:licensed|released|distributed|available|published) under (?:the )?(?:terms of )?(?:the )?"
_MIT_NAMED = re.compile(_UNDER + r"mit(?: license|\b)|^mit license\b")
_BSD_TEXT = re.compile(r"redistribution and use in source and binary forms")
_BSD_NAMED = re.compile(_UNDER + r"(?:(?:new|simplified|modified|revised|[234] ?clause) )?bsd\b")
_ISC_TEXT = re.compile(
    r"permission to use copy modify and(?: or)? distribute this software for any purpose with or without fee is hereby granted"
)
_ZLIB_TEXT = re.compile(r"provided as is without any express or implied warranty in no event will the authors? be held")
_NAMED = "(?:mit|apache|bsd|gpl|gnu)"
_DUAL = re.compile(
    rf"dual[ -]?licensed|(?:either|under) (?:of )?(?:the )?{_NAMED}[a-z0-9. ]{{0,60}} or (?:the )?{_NAMED}"
)
_PROPRIETARY = re.compile(
    r"proprietary and confidential|confidential and proprietary|trade secrets? (?:of|and)"
    r"|unauthori[sz]ed (?:copying|use|reproduction|distribution) of this (?:file|software|code)"
    r"|all rights reserved\.? (?:no part|do not (?:copy|distribute)|this (?:software|code) is (?:the )?(?:confidential|propriet))"
)


def file_license(header_text: str) -> str | None:
    """The SPDX expression that the head of a source file names, or None when it names none.

    An `SPDX-License-Identifier` tag comes first; then the notices and texts that licences ask to be put there.
    Several licences are joined by AND, or by OR in a header that speaks of dual licensing.
    `LicenseRef-Proprietary` stands for headers that forbid copying.
    """
    tags = _spdx_tags(header_text)
    if tags:
        return tags[0] if len(tags) == 1 else " AND ".join(f"({tag})" if " OR " in tag else tag for tag in tags)
    found = _notices(header_text)
    if not found:
        return None
    if len(found) > 1 and _DUAL.search(_flat(header_text)):
        return " OR ".join(found)
    return " AND ".join(found)


def _spdx_tags(text: str) -> list[str]:
    """The distinct expressions after `SPDX-License-Identifier:`, in order."""
    found = []
    for match in _TAG.finditer(text[:MAX_TEXT]):
        expression = " ".join(_TAG_END.split(match[1].strip(), maxsplit=1)[0].split()).rstrip("./")
        if expression:
            found.append(expression)
    return list(dict.fromkeys(found))


def _flat(text: str) -> str:
    """Lower case, on one line, without comment marks and punctuation other than `. + ( )`."""
    return _COMMENT_MARKS.sub(" ", text[:MAX_TEXT].lower().replace("licence", "license").replace("\u00ae", " ")).strip()


def _notices(text: str) -> list[str]:
    """SPDX ids of the notices in `text`, sorted."""
    flat = _flat(text)
    plain = flat.replace("(", "").replace(")", "")
    found = {name for name, pattern in _PHRASES if pattern.search(plain)}
    found.update(_gnu(plain))
    unpunctuated = plain.replace(".", "")
    if _MIT_TEXT.search(unpunctuated):
        if "good not evil" in unpunctuated:
            found.add("JSON")
        else:
            found.add("MIT" if "above copyright notice" in unpunctuated else "MIT-0")
    elif _MIT_NAMED.search(plain):
        found.add("MIT")
    if _BSD_TEXT.search(unpunctuated):
        if "advertising materials" in unpunctuated:
            found.add("BSD-4-Clause")
        else:
            found.add(
                "BSD-3-Clause"
                if "neither the name" in unpunctuated or "endorse or promote" in unpunctuated
                else "BSD-2-Clause"
            )
    elif _BSD_NAMED.search(plain):
        found.add("BSD-3-Clause")
    if _ISC_TEXT.search(unpunctuated):
        found.add("ISC")
    if _ZLIB_TEXT.search(unpunctuated):
        found.add("Zlib")
    if _PROPRIETARY.search(plain):
        found.add("LicenseRef-Proprietary")
    return sorted(found)


_GNU_NAMES = {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL", "l": "LGPL", "a": "AGPL"}


_GNU_ANY = {"GPL": "GPL-1.0-or-later", "LGPL": "LGPL-2.0-or-later", "AGPL": "AGPL-1.0-or-later"}


def _gnu(plain: str) -> set[str]:
    """GPL, LGPL or AGPL with the version that stands nearest behind the name, `-only` or `-or-later`."""
    found = set()
    for match in _GNU_FAMILY.finditer(plain):
        name = _GNU_NAMES.get(match[1] or match[2] or "", "GPL")
        around = plain[max(0, match.start() - 40) : match.end() + 240]
        version = _GNU_VERSION.search(around)
        later = _LATER.search(around) is not None
        if version is None:
            found.add(_GNU_ANY[name])
        else:
            minor = version[2] or ("1" if name == "LGPL" and version[1] == "2" else "0")
            found.add(f"{name}-{version[1]}.{minor}-{'or-later' if later else 'only'}")
    return found


# --- repositories ------------------------------------------------------------------------------------------------

_ROOT_FILE = re.compile(
    r"(?:(?:un)?licen[sc]es?|copying|copyright)(?:[._-][a-z0-9._+-]{1,40})?\Z|[a-z0-9.]{2,20}[_-]licen[sc]e(?:\.(?:txt|md|rst))?\Z",
    re.IGNORECASE,
)
_NOT_LICENSE = re.compile(
    r"third|3rd|party|header|template|notice|depend|vendor"
    r"|\.(?:py|js|ts|go|rs|c|h|cpp|java|rb|php|cs|sh|json|ya?ml|toml|xml|png|svg|css|lock|sql)\Z",
    re.IGNORECASE,
)
_NAMED_FOR_LICENSE = re.compile(
    r"(?:licen[sc]e|copying)[._-](?:mit|apache|bsd|isc|zlib|unlicense|mpl|l?gpl|agpl|boost|cc0?|epl|bsl|0bsd|wtfpl)"
    r"|(?:mit|apache|bsd|l?gpl|mpl)[a-z0-9.]{0,6}[_-]licen[sc]e",
    re.IGNORECASE,
)
_EITHER = re.compile(r"dual[ -]licen|at your option|either (?:of|the)|\bor\b", re.IGNORECASE)
MAX_FILES = 20


def license_files(paths: Iterable[str]) -> list[str]:
    """The paths at the root of a repository that hold its licence, sorted: at most 20.

    `LICENSE*`, `LICENCE*`, `COPYING*`, `UNLICENSE`, `MIT-LICENSE.txt` and the like; not source code of that name, and
    not the licences of third parties.
    """
    roots = (path for path in paths if "/" not in path and _ROOT_FILE.match(path) and not _NOT_LICENSE.search(path))
    return sorted(roots)[:MAX_FILES]


def repository_license(files: Mapping[str, bytes]) -> RepositoryLicense:
    """The licence of a repository from the content of its licence files (`license_files` says which to read).

    Files named for their licence (`LICENSE-MIT`, `LICENSE-APACHE`) offer a choice, so they are joined by OR when all
    are of one kind. Anything else is joined by AND, and a file that is not recognised makes the whole "other": a
    permissive licence beside terms that nobody read is not known to be permissive.
    """
    texts = {path: _decode(content) for path, content in files.items()}
    written = sorted(path for path, text in texts.items() if text.strip())
    if not written:
        return RepositoryLicense(None, "none", ())
    matches = {path: detect(texts[path]) for path in written}
    named = [path for path in written if _NAMED_FOR_LICENSE.match(path) and matches[path]]
    if len(named) > 1:
        # "LICENSE" beside them usually says no more than that there is a choice.
        matches = {p: m for p, m in matches.items() if m or len(texts[p].split()) > 120 or not _EITHER.search(texts[p])}
    evidence = tuple((path, m.spdx, m.score) if m else (path, UNKNOWN, 0.0) for path, m in matches.items())
    if any(spdx == UNKNOWN for _, spdx, _ in evidence):
        return RepositoryLicense(None, "other", evidence)
    distinct = list(dict.fromkeys(spdx for _, spdx, _ in evidence))
    choice = len(distinct) > 1 and len(named) == len(matches) and len({classify(spdx) for spdx in distinct}) == 1
    joined = (" OR " if choice else " AND ").join(f"({s})" if choice and " AND " in s else s for s in distinct)
    return RepositoryLicense(joined, classify(joined), evidence)


def _decode(content: bytes) -> str:
    """The text of a licence file: UTF-16 by its mark, else UTF-8."""
    charset = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content[: 4 * MAX_TEXT].decode(charset, "replace")
