"""Public suffixes (`com`, `co.uk`): names under which anybody registers, so that no list means all of one by accident.

The rules are Mozilla's Public Suffix List (https://publicsuffix.org) as the package `publicsuffixlist` ships it, its
ICANN section only: `blogspot.com` has one owner, and a list may mean all of it.
"""

from __future__ import annotations

import functools

from publicsuffixlist import PSLFILE

from curation.urls.address import canonical_host


def is_public_suffix(host: str) -> bool:
    """Whether a host in normal form is a public suffix of the ICANN section."""
    plain, wild, exceptions = _rules()
    if host in plain or host in wild:
        return True
    return host.partition(".")[2] in wild and host not in exceptions


@functools.cache
def _rules() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Plain rules, the names below which every name is a suffix (`*.ck`), and the exceptions to that (`!www.ck`)."""
    rules: dict[str, set[str]] = {"": set(), "*.": set(), "!": set()}
    icann = False
    with open(PSLFILE, encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("//"):
                icann = "BEGIN ICANN" in line or (icann and "END ICANN" not in line)
                continue
            words = line.split()
            if icann and words:
                kind = next(mark for mark in ("*.", "!", "") if words[0].startswith(mark))
                rules[kind].add(canonical_host(words[0].removeprefix(kind)))
    return frozenset(rules[""]), frozenset(rules["*."]), frozenset(rules["!"])
