"""Licences of repositories, licence files and file heads.

`detect` compares a text with known licences, `file_license` reads what the head of a file names, and
`repository_license` puts the licence files of a repository together. A default build keeps permissive code; no
licence, an unknown one and copyleft are rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from curation.license_match import LicenseMatch, detect
from curation.license_notices import MAX_TEXT, file_license
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

UNKNOWN = "NOASSERTION"
"""SPDX's word for a licence that nobody has determined."""


@dataclass(frozen=True)
class RepositoryLicense:
    """What the licence files of a repository amount to.

    `kind` is "none" without a licence file, "other" when a file is not recognised. `evidence` holds (path, SPDX
    expression, score) per file, sorted by path, with `NOASSERTION` and 0 for a file that is not recognised.
    """

    expression: str | None
    kind: Literal["permissive", "copyleft", "other", "none"]
    evidence: tuple[tuple[str, str, float], ...]


_ROOT_FILE = re.compile(
    r"(?:(?:un)?licen[sc]es?|copying|copyright)(?:[._-][a-z0-9._+-]{1,40})?\Z"
    r"|[a-z0-9.]{2,20}[_-]licen[sc]e(?:\.(?:txt|md|rst))?\Z",
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
