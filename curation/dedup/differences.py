"""How two texts differ, word by word, in bounded time on any input."""

from __future__ import annotations

import itertools
import re
from typing import Literal, NamedTuple

OPENING = 12_000
"""Characters of a text that are looked at."""

_MOST_EDITS = 600  # words removed and added, beyond which what is left counts as replaced
_CONTEXT = 8  # words of what is the same that are shown at either side of a difference
_SHOWN_WORDS = 400
_WORD_CHARACTERS = 100
_WORD = re.compile(r"\S+")

Mark = Literal["same", "removed", "added", "left out"]


class Run(NamedTuple):
    """Words of both texts (`same`), of the first (`removed`) or second alone (`added`), or how many are `left out`."""

    mark: Mark
    text: str


def differences(first: str, second: str) -> list[Run]:
    """The runs that lead from the opening of `first` to that of `second`, at most some hundred words of them.

    Shortest edit script over words (Myers 1986), given up after `_MOST_EDITS` edits, so time is linear in the words;
    long runs that are the same are cut in the middle.
    """
    a, b = (_WORD.findall(text[:OPENING]) for text in (first, second))
    head = sum(1 for _ in itertools.takewhile(lambda both: both[0] == both[1], zip(a, b, strict=False)))
    tails = zip(reversed(a[head:]), reversed(b[head:]), strict=False)
    tail = sum(1 for _ in itertools.takewhile(lambda both: both[0] == both[1], tails))
    edits: list[tuple[Mark, str]] = [("same", word) for word in a[:head]]
    edits += _script(a[head : len(a) - tail], b[head : len(b) - tail])
    edits += [("same", word) for word in a[len(a) - tail :]]
    return _runs(edits)


def _script(a: list[str], b: list[str]) -> list[tuple[Mark, str]]:
    """Words in order, each marked; what is removed stands before what is added in its place."""
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), _MOST_EDITS) + 1):
        trace.append(dict(reached))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reached[k - 1] < reached[k + 1])
            x = reached[k + 1] if down else reached[k - 1] + 1
            while x < len(a) and x - k < len(b) and a[x] == b[x - k]:
                x += 1
            reached[k] = x
            if x >= len(a) and x - k >= len(b):
                return _back(a, b, trace)
    return [*(("removed", word) for word in a), *(("added", word) for word in b)]


def _back(a: list[str], b: list[str], trace: list[dict[int, int]]) -> list[tuple[Mark, str]]:
    found: list[tuple[Mark, str]] = []
    x, y = len(a), len(b)
    for edits in range(len(trace) - 1, -1, -1):
        reached, k = trace[edits], x - y
        down = k == -edits or (k != edits and reached[k - 1] < reached[k + 1])
        before = k + 1 if down else k - 1
        from_x = reached[before] if edits else 0
        from_y = from_x - before if edits else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            found.append(("same", a[x]))
        if edits:
            found.append(("added", b[from_y]) if down else ("removed", a[from_x]))
            x, y = from_x, from_y
    return found[::-1]


def _runs(edits: list[tuple[Mark, str]]) -> list[Run]:
    runs: list[Run] = []
    groups = [(mark, [word for _, word in group]) for mark, group in itertools.groupby(edits, key=lambda one: one[0])]
    shown = 0
    for place, (mark, words) in enumerate(groups):
        if shown >= _SHOWN_WORDS:
            runs.append(Run("left out", str(sum(len(rest) for _, rest in groups[place:]))))
            break
        first, last = place == 0, place == len(groups) - 1
        if mark == "same" and len(words) > 2 * _CONTEXT:
            begin, end = words[: 0 if first and not last else _CONTEXT], words[len(words) - (0 if last else _CONTEXT) :]
            pieces: list[Run] = [Run(mark, _joined(begin))] if begin else []
            pieces.append(Run("left out", str(len(words) - len(begin) - len(end))))
            pieces += [Run(mark, _joined(end))] if end else []
            shown += len(begin) + len(end)
        else:
            kept = words[: _SHOWN_WORDS - shown]
            pieces = [Run(mark, _joined(kept))]
            pieces += [Run("left out", str(len(words) - len(kept)))] if len(kept) < len(words) else []
            shown += len(kept)
        runs += pieces
    return runs


def _joined(words: list[str]) -> str:
    return " ".join(word if len(word) <= _WORD_CHARACTERS else f"{word[:_WORD_CHARACTERS]}…" for word in words)
