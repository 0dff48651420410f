"""Lists of toxic words by language, a second signal that needs no model.

Short lists of our own ship for 35 languages (`models/toxic_words/CODE.txt`). A recipe may name further ones: a file is
counted in every language, a folder has one file for each, named by its code as in LDNOOBW's repository (`de`, `fil`,
`fr-CA-u-sd-caqc`, with or without `.txt`). A line is a word or a phrase; `#` begins a comment. `curation.phrases`
says where a phrase counts.
"""

from __future__ import annotations

import functools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from curation.language.codes import iso_code
from curation.phrases import Phrases, folded
from manifests.errors import UsageError

FOLDER = Path(__file__).parent / "models" / "toxic_words"
ENGLISH = "en"
"""The list for languages that have none."""

_ALLOWED = {"ja": frozenset({"sm", "グロ", "女の子"}), "zh": frozenset({"性"})}
"""Entries of LDNOOBW that stand in ordinary text; T5's C4 skips the same (`c4_utils.py`)."""

_RELATED = {"nb": "no", "nn": "no", "bs": "hr", "sh": "hr"}
_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9-]+)?")
_DISGUISED = re.compile(r"(?<=[a-z])[013457@$]+(?=[a-z])")
_STAND_INS = str.maketrans("013457@$", "oieastas")


class WordLists:
    """The shipped lists, and those of a file or folder beside them. A list is compiled when its language is met.

    Raises:
        UsageError: what `more` names cannot be read, a folder holds no list, or a list is too long.
    """

    def __init__(self, more: str | os.PathLike[str] | None = None) -> None:
        self._entries: defaultdict[str, list[str]] = defaultdict(list)
        for code, path in _lists(FOLDER):
            self._entries[code] += read_list(path)
        self._everywhere: list[str] = []
        if more is not None and Path(more).is_dir():
            found = _lists(Path(more))
            if not found:
                raise UsageError(
                    f"{os.fspath(more)}: holds no list of words; a folder has a file for each language, named by its "
                    "code, such as `de` or `de.txt`"
                )
            for code, path in found:
                self._entries[code] += [word for word in read_list(path) if word not in _ALLOWED.get(code, ())]
        elif more is not None:
            self._everywhere = read_list(Path(more))
        self._compiled: dict[str, Phrases] = {}
        for code in self._entries if more is not None else ():
            self._phrases(code)  # a list that is too long is told at once

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that have a list."""
        return tuple(sorted(self._entries))

    def language_of(self, language: str | None) -> str:
        """The list for a text in `language`: its own, that of its macrolanguage, or the English one."""
        code = language or ENGLISH
        code = code if code in self._entries else _RELATED.get(code, code)
        return code if code in self._entries else ENGLISH

    def count(self, texts: Sequence[str], languages: Sequence[str | None]) -> list[int]:
        """How many listed words and phrases stand in each text, by the list of its language."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, language in enumerate(languages):
            rows[self.language_of(language)].append(row)
        counts = [0] * len(texts)
        for code, members in rows.items():
            found = self._phrases(code).count([_plain(texts[row], code) for row in members])
            for row, number in zip(members, found, strict=True):
                counts[row] = number
        return counts

    def found(self, text: str, language: str | None = None) -> Counter[str]:
        """The entries, folded, that `count` counts in a text."""
        code = self.language_of(language)
        return self._phrases(code).found(_plain(text, code))

    def _phrases(self, code: str) -> Phrases:
        if code not in self._compiled:
            try:
                self._compiled[code] = Phrases([*self._entries[code], *self._everywhere], code)
            except ValueError as error:
                raise UsageError(f"the list of words for `{code}` is too long: {error}") from error
        return self._compiled[code]


@functools.cache
def shipped_lists() -> WordLists:
    """The lists that ship, loaded once."""
    return WordLists()


def list_files(more: str | os.PathLike[str] | None = None) -> list[str]:
    """The files that `WordLists(more)` reads."""
    files = [str(path) for _, path in _lists(FOLDER)]
    if more is None:
        return files
    return files + ([str(path) for _, path in _lists(Path(more))] if Path(more).is_dir() else [os.fspath(more)])


def read_list(path: Path) -> list[str]:
    """The entries of a list file, in its order.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as a UTF-8 list of words: {error}") from error
    return [entry for line in lines if (entry := line.split("#")[0].strip())]


def _lists(folder: Path) -> list[tuple[str, Path]]:
    """(language, file) of every list in a folder, by name."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    named = ((path.name.removesuffix(".txt"), path) for path in files)
    return [(iso_code(name), path) for name, path in named if _CODE.fullmatch(name)]


def _plain(text: str, code: str) -> str:
    text = folded(text, code)
    if code == ENGLISH:
        text = _DISGUISED.sub(lambda match: match[0].translate(_STAND_INS), text)
    return text
