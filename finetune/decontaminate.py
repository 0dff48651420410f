"""Rows of tuning data that hold an evaluation item are left out, counted and listed.

The items are found by the same code as in a build (`curation.decontamination`, which needs neither Beam nor torch), in
the prompt and in the answers alike.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Generic, Protocol, TypeVar

from finetune.config import Tuning
from finetune.messages import InputFile, Message
from manifests.errors import JobError
from manifests.files import write_bytes

LIST = "contamination.jsonl"
"""The file of a model directory that names each row left out, with the item it holds."""


class _Placed(Protocol):
    @property
    def place(self) -> str: ...


Row = TypeVar("Row", bound=_Placed)


@dataclass(frozen=True)
class Clean(Generic[Row]):
    """The rows that hold no item, the files of the items, and what is said of the others."""

    rows: list[Row]
    files: list[InputFile]
    metrics: dict[str, Any]
    hits: list[dict[str, Any]]

    def write(self, folder: str) -> dict[str, Any]:
        """Write the list of rows left out into a model's folder; returns what its metrics say of them."""
        if not self.metrics:
            return {}
        lines = (json.dumps(hit, sort_keys=True, ensure_ascii=False) + "\n" for hit in self.hits)
        write_bytes(os.path.join(folder, LIST), "".join(lines).encode())
        return {"decontamination": self.metrics}


def without_items(
    config: Tuning, rows: Sequence[Row], messages: Callable[[Row], Iterable[Sequence[Message]]]
) -> Clean[Row]:
    """`rows` without those in which `config.decontaminate` finds an item; all of them where it names none.

    `messages` gives the conversations of a row, each of which is read as one text.

    Raises:
        UsageError: an item set cannot be read, or holds nothing that can be looked for.
        JobError: every row holds an item.
    """
    section = config.decontaminate
    if section is None:
        return Clean(list(rows), [], {}, [])
    from curation.decontamination.decide import counts, kind_of
    from curation.decontamination.index import build_index
    from curation.decontamination.items import item_files, read_ignored, read_items
    from curation.decontamination.match import find_items

    items = list(read_items(section.benchmarks))
    index = build_index(items, section, read_ignored(section.ignore))
    kept: list[Row] = []
    hits: list[dict[str, Any]] = []
    found: dict[str, set[str]] = {name: set() for name in section.benchmarks}
    dropped: Counter[str] = Counter()
    for row in rows:
        texts = ("\n\n".join(message.content for message in turns) for turns in messages(row))
        mine = [vars(hit) | {"kind": kind_of(vars(hit))} for text in texts for hit in find_items(index, text)]
        mine = [hit for hit in mine if counts(hit, section)]
        if not mine:
            kept.append(row)
            continue
        hits += [{"place": _base(row.place), **hit} for hit in mine]
        for hit in mine:
            found[hit["benchmark"]].add(hit["item"])
        dropped.update({hit["benchmark"] for hit in mine})
    if rows and not kept:
        raise JobError(
            f"decontaminate: every one of the {len(rows):,} rows holds an item of {', '.join(sorted(found))}"
        )
    read = Counter(item.path for item in items)
    files = [InputFile(one.path, one.bytes, one.sha256, read[one.path]) for one in item_files(section.benchmarks)]
    benchmarks = {
        name: {**index.facts[name], "found": {"items": len(found[name]), "rows_dropped": dropped[name]}}
        for name in sorted(found)
    }
    metrics = {"rows": len(rows), "rows_dropped": len(rows) - len(kept), "benchmarks": benchmarks}
    return Clean(kept, files, metrics, hits)


def _base(place: str) -> str:
    return PurePath(place).name
