"""Repair of extracted text before anything is measured: mojibake, Unicode normal forms, lines that are no content.

All of it is off by default, works line by line and is done when a page is read, so that language, signals and
thresholds see the repaired text. Doing it twice changes nothing more.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from manifests.config import Config

if TYPE_CHECKING:
    import ftfy

NOTICES_PATH = Path(__file__).with_name("boilerplate_lines.txt")

MOJIBAKE_CHARACTERS = 200_000
"""Characters of suspicious lines in one document that are tried; what comes after stays as it is."""
MAX_MARKS = 256
"""A line with a longer run of combining marks is not normalised: sorting them takes the square of their number."""
NOTICE_CHARACTERS = 400
"""Longer lines are no notices."""
REPEAT_LETTERS = 3
"""Lines with fewer letters may repeat: table cells, rules between sections."""

# In UTF-8 that was read as a single-byte encoding, what was one character is two or more that are not ASCII, but for
# a last one that became a plain space.
_SUSPICIOUS = re.compile(r"[^\x00-\x7f]{2}|[ÂÃ\x80-\x9f]")
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ROUNDS = 8

BoilerplateKind = Literal["notices", "repeats"]


class RepairConfig(Config):
    """What is mended in the text of web pages before it is measured."""

    mojibake: bool = Field(default=False, description="mend UTF-8 that was read as another encoding (ftfy)")
    unicode: Literal["none", "NFC", "NFKC"] = Field(default="none", description="Unicode normal form of the text")
    boilerplate_lines: tuple[BoilerplateKind, ...] = Field(
        default=(),
        description="lines to drop: `notices` of cookies, sharing and navigation, `repeats` of a line of the same page",
    )

    @field_validator("boilerplate_lines")
    @classmethod
    def _in_a_fixed_order(cls, kinds: tuple[BoilerplateKind, ...]) -> tuple[BoilerplateKind, ...]:
        return tuple(sorted(set(kinds)))

    def is_off(self) -> bool:
        """Whether nothing is mended."""
        return self == RepairConfig()

    def characters_only(self) -> RepairConfig:
        """The same without what drops lines."""
        return RepairConfig(mojibake=self.mojibake, unicode=self.unicode)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired text, and how many lines each repair changed or dropped; repairs that did nothing are not named."""

    text: str
    edits: dict[str, int]


def repair(text: str, config: RepairConfig) -> Repaired:
    """Mend a text. Never raises on content; time is linear in its length."""
    edits: dict[str, int] = {}
    if config.is_off() or not text:
        return Repaired(text, edits)
    lines = text.split("\n")
    if not text.isascii():
        for _ in range(_ROUNDS):  # a normal form may uncover mojibake; hardly ever more than once
            if config.mojibake:
                _count(edits, "mojibake", _mend_mojibake(lines))
            if config.unicode == "none" or not _count(edits, "unicode", _normalise(lines, config.unicode)):
                break
    if "notices" in config.boilerplate_lines:
        kept = [line for line in lines if not is_notice(line)]
        _count(edits, "notices", len(lines) - len(kept))
        lines = kept
    if "repeats" in config.boilerplate_lines:
        kept = _without_repeats(lines)
        _count(edits, "repeats", len(lines) - len(kept))
        lines = kept
    return Repaired("\n".join(lines) if edits else text, edits)


def is_notice(line: str) -> bool:
    """Whether a line is one of cookies, sharing or navigation, by the list that ships; case and punctuation aside."""
    if len(line) > NOTICE_CHARACTERS:
        return False
    whole, beginnings = _notices()
    words = _WORDS.findall(line.casefold())
    if not words:
        return False
    key = " ".join(words).replace("’", "'")
    return key in whole or key.startswith(beginnings)


def _count(edits: dict[str, int], name: str, lines: int) -> int:
    if lines:
        edits[name] = edits.get(name, 0) + lines
    return lines


def _mend_mojibake(lines: list[str]) -> int:
    """Mend lines in place; how many changed."""
    import ftfy  # costs builds without this repair 50 ms otherwise
    from ftfy.badness import is_bad

    config = _ftfy_config()
    changed = tried = 0
    for place, line in enumerate(lines):
        if line.isascii() or not _SUSPICIOUS.search(line):
            continue
        tried += len(line)
        if tried > MOJIBAKE_CHARACTERS:
            break
        if is_bad(line):
            mended = ftfy.fix_encoding(line, config)
            if mended != line and "\n" not in mended:
                lines[place] = mended
                changed += 1
    return changed


@functools.cache
def _ftfy_config() -> ftfy.TextFixerConfig:
    """Encodings only: quotes, ligatures, widths and control characters stay as the page has them."""
    import ftfy

    return ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )


def _normalise(lines: list[str], form: Literal["NFC", "NFKC"]) -> int:
    """Normalise lines in place; how many changed."""
    changed = 0
    for place, line in enumerate(lines):
        if not line.isascii() and not unicodedata.is_normalized(form, line) and not _has_run_of_marks(line):
            lines[place] = unicodedata.normalize(form, line)
            changed += 1
    return changed


def _has_run_of_marks(line: str) -> bool:
    if len(line) <= MAX_MARKS:
        return False
    run = 0
    for character in line:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > MAX_MARKS:
            return True
    return False


def _without_repeats(lines: list[str]) -> list[str]:
    """Lines but for those that, white space at their ends aside, stood before."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        key = line.strip()
        if key in seen:
            continue
        if sum(map(str.isalpha, key[:100])) >= REPEAT_LETTERS:
            seen.add(key)
        kept.append(line)
    return kept


@functools.cache
def _notices() -> tuple[frozenset[str], tuple[str, ...]]:
    """The list: whole lines, and beginnings, which end in `*`."""
    lines = [line.strip() for line in NOTICES_PATH.read_text("utf-8").splitlines()]
    entries = [line for line in lines if line and not line.startswith("#")]
    whole = frozenset(entry for entry in entries if not entry.endswith("*"))
    return whole, tuple(entry[:-1].rstrip() for entry in entries if entry.endswith("*"))
