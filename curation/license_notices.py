"""Which licences the head of a source file names."""

from __future__ import annotations

import re

MAX_TEXT = 400_000
"""Characters of a text that are looked at."""

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
    r"permission to use copy modify and(?: or)? distribute this software for any purpose with or without fee"
    r" is hereby granted"
)
_ZLIB_TEXT = re.compile(r"provided as is without any express or implied warranty in no event will the authors? be held")
_NAMED = "(?:mit|apache|bsd|gpl|gnu)"
_DUAL = re.compile(
    rf"dual[ -]?licensed|(?:either|under) (?:of )?(?:the )?{_NAMED}[a-z0-9. ]{{0,60}} or (?:the )?{_NAMED}"
)
_PROPRIETARY = re.compile(
    r"proprietary and confidential|confidential and proprietary|trade secrets? (?:of|and)"
    r"|unauthori[sz]ed (?:copying|use|reproduction|distribution) of this (?:file|software|code)"
    r"|all rights reserved\.? (?:no part|do not (?:copy|distribute)"
    r"|this (?:software|code) is (?:the )?(?:confidential|propriet))"
)


_HINTS = (
    "licen",
    "gpl",
    "permission",
    "redistribution",
    "propriet",
    "unauthori",
    "trade secret",
    "rights reserved",
    "as-is",
)
"""Every pattern of this module needs one of these words."""


def file_license(header_text: str) -> str | None:
    """The SPDX expression that the head of a source file names, or None when it names none.

    An `SPDX-License-Identifier` tag comes first; then the notices and texts that licences ask to be put there.
    Several licences are joined by AND, or by OR in a header that speaks of dual licensing.
    `LicenseRef-Proprietary` stands for headers that forbid copying.
    """
    lowered = header_text.lower()
    if not any(word in lowered for word in _HINTS):
        return None
    tags = spdx_tags(header_text)
    if tags:
        return tags[0] if len(tags) == 1 else " AND ".join(f"({tag})" if " OR " in tag else tag for tag in tags)
    found = notices(header_text)
    if not found:
        return None
    if len(found) > 1 and _DUAL.search(_flat(header_text)):
        return " OR ".join(found)
    return " AND ".join(found)


def spdx_tags(text: str) -> list[str]:
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


def notices(text: str) -> list[str]:
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
