"""The evaluation items found in a build, as it publishes them: every hit, and the counts of each benchmark."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from curation.decontamination.config import DecontaminateSection
from curation.decontamination.decide import HIT, counts, kind_of
from manifests.errors import JobError
from manifests.files import join
from pipelines.parts import read_columns, write_table
from pipelines.records import Completion, written
from pipelines.stages.select import FOLDER as SELECT_FOLDER

FOLDER = "contamination"
ROWS_PER_FILE = 1_000_000
STAGE = "decontamination"
DROP, CUT, NONE = "drop", "cut", "none"

PUBLISHED = pa.schema(
    [
        *(HIT.field(name) for name in ("id", "source", "uri", "benchmark", "item", "part")),
        ("kind", pa.string()),  # same; numbers where some are others than the item's
        *(HIT.field(name) for name in ("share", "ngrams", "words", "run", "numbers", "start", "end")),
        ("action", pa.string()),  # drop; cut; none where another rule had removed the document
        ("rule", pa.string()),  # the rule that removed the document; null where it is kept
    ]
)
"""One row for each hit that counts under the recipe's thresholds; offsets are into the text as it was ingested."""


def write_hits(
    work: str, staged: str, contaminated: Completion, section: DecontaminateSection
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Write `contamination/part-00000.parquet` ... in the order of ids; returns their manifest entries and the counts.

    Raises:
        JobError: hits and decisions do not belong together.
    """
    rows = sorted(
        published_hits(work, [file.path for file in contaminated.outputs], section),
        key=lambda row: (row["id"], row["uri"], row["start"], row["end"], row["benchmark"], row["item"], row["part"]),
    )
    entries = []
    for number, start in enumerate(range(0, max(1, len(rows)), ROWS_PER_FILE)):
        path = f"{FOLDER}/part-{number:05d}.parquet"
        table = pa.Table.from_pylist(rows[start : start + ROWS_PER_FILE], PUBLISHED)
        write_table(join(staged, path), table)
        file = written(staged, path)
        entries.append({"path": path, "bytes": file.bytes, "sha256": file.sha256, "documents": table.num_rows})
    return entries, summary(rows, contaminated.facts)


def published_hits(work: str, paths: list[str], section: DecontaminateSection) -> Iterator[dict[str, Any]]:
    """The hits of a build that count, as rows of `PUBLISHED`, part by part."""
    for path in paths:
        hits = [row for row in read_columns(join(work, path)).to_pylist() if counts(row, section)]
        if not hits:
            continue
        decided = read_columns(
            join(work, SELECT_FOLDER, "decisions", path.rsplit("/", 1)[1]), ["key", "keep", "stage", "rule"]
        )
        by_key = {row["key"]: row for row in decided.to_pylist()}
        for hit in hits:
            decision = by_key.get(hit["key"])
            if decision is None:
                raise JobError(f"{path} does not belong to the decisions; delete .work/{SELECT_FOLDER} and rerun")
            action = CUT if decision["keep"] else DROP if decision["stage"] == STAGE else NONE
            row = {**hit, "kind": kind_of(hit), "action": action, "rule": decision["rule"]}
            yield {name: row[name] for name in PUBLISHED.names}


def summary(rows: list[dict[str, Any]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says: the item sets, what of them is not looked for, and what was found of each."""
    found: dict[str, dict[str, Any]] = {}
    for name, one in sorted(facts["benchmarks"].items()):
        mine = [row for row in rows if row["benchmark"] == name]
        documents = {
            action: len({row["id"] for row in mine if row["action"] == action}) for action in (DROP, CUT, NONE)
        }
        found[name] = {
            **one,
            "files": [
                {"name": os.path.basename(file["path"]), "bytes": file["bytes"], "sha256": file["sha256"]}
                for file in facts["files"]
                if file["benchmark"] == name
            ],
            "found": {
                "hits": len(mine),
                "hits_with_other_numbers": sum(row["numbers"] > 0 for row in mine),
                "items": len({row["item"] for row in mine}),
                "documents": len({row["id"] for row in mine}),
                "documents_dropped": documents[DROP],
                "documents_cut": documents[CUT],
            },
        }
    return found
