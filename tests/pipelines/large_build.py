"""The work folder of a large finished build, made of a small one: its documents many times, with other numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.documents import DECISION, document_key, record_id
from curation.select import apply_rules
from manifests.manifest import write_manifest
from pipelines.parts import read_columns, sort_rows, write_table
from pipelines.redecide import KEPT, Outcomes, Part, StoredBuild, redecide, stored_build
from pipelines.stages import clusters

COPIES = 10
"""Of so many documents, one has a copy."""


def write_large_build(small: Path, out: Path, documents: int, per_part: int = 10_000) -> None:
    """Write manifest, documents, clusters and decisions of a build of `documents` pages; no shards, no rejects."""
    build = stored_build(str(small))
    rng = np.random.default_rng(7)
    web = [part for part in build.parts if part.source == "web"]
    pages = pa.concat_tables([read_columns(f"{build.work}/{part.documents}") for part in web])
    work = out / ".work"
    parts, keys = [], []
    for number, start in enumerate(range(0, documents, per_part)):
        table = _pages(pages, start, min(per_part, documents - start), rng)
        folder = f"{number:024x}"
        paths = f"ingest/{folder}/documents-00000.parquet", f"select/decisions/{folder}-documents-00000.parquet"
        _write(work / paths[0], table)
        undecided = table.select(["key", "id", "source", "uri", "tokens", "bytes"])
        _write(work / paths[1], pa.Table.from_pylist([{**row, "cut": []} for row in undecided.to_pylist()], DECISION))
        parts.append(Part(*paths, None, "web", tuple(table.column_names)))
        keys += table["key"].to_pylist()
    _write(work / clusters.part_path(clusters.CLUSTERS, 0), _clusters(sorted(keys)))
    recipe = build.recipe.model_copy(update={"mixture": {}})  # there is no code
    large = StoredBuild(str(out), build.manifest, recipe, tuple(parts))
    totals = _decide(large)
    outputs = [{"path": part.decisions, "bytes": 0, "sha256": ""} for part in parts]
    (work / "select/completion.json").write_text(json.dumps({"key": "", "outputs": outputs, "facts": {}}))
    manifest = {key: value for key, value in build.manifest.items() if key not in ("created", "digest")}
    changed = {"recipe": recipe.model_dump(mode="json"), "totals": {**manifest["totals"], **totals}}
    write_manifest(str(out), {**manifest, **changed})


def _pages(pages: pa.Table, start: int, count: int, rng: np.random.Generator) -> pa.Table:
    table = pages.take(pa.array((np.arange(start, start + count) * 7919) % pages.num_rows))
    ids = [record_id("large", str(number)) for number in range(start, start + count)]
    uris = [f"https://site-{number % 997}.example/{number}" for number in range(start, start + count)]
    changed: dict[str, Any] = {"id": ids, "uri": uris}
    changed["key"] = [document_key(identity, uri) for identity, uri in zip(ids, uris, strict=True)]
    for name in table.column_names[pages.column_names.index("meta") + 1 :]:
        changed[name] = table[name].to_numpy() * rng.uniform(0.7, 1.3, count)
    for name, values in changed.items():
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))
    return sort_rows(table, "id", "key")


def _clusters(keys: list[bytes]) -> pa.Table:
    """Pairs of neighbours in the order of the keys."""
    rows = []
    for first, second in zip(keys[:: 2 * COPIES], keys[1 :: 2 * COPIES], strict=False):
        rows += [{"key": key, "component": first, "exact": key, "similarity": 0.9} for key in (first, second)]
    return pa.Table.from_pylist(rows, clusters.CLUSTER)


def _decide(build: StoredBuild) -> dict[str, int]:
    """Write what the build's own recipe decides; returns what is kept."""
    outcomes = Outcomes()
    totals = {"documents": 0, "tokens": 0}
    for item in redecide(build, build.recipe, outcomes, check=False):
        documents = read_columns(f"{build.work}/{item.part.documents}")
        keep = item.code == KEPT
        names = [outcomes.names[code] for code in item.code.tolist()]
        decided = {
            **{name: documents[name] for name in ("key", "id", "source", "uri", "bytes")},
            "keep": pa.array(keep),
            "stage": [stage or None for stage, _ in names],
            "rule": [rule or None for _, rule in names],
            "value": pa.array(item.value, from_pandas=True),
            "threshold": pa.array(item.threshold, from_pandas=True),
            "failed": [[] for _ in names],
            "duplicate_of": [item.duplicate_of.get(row) for row in range(len(names))],
            "similarity": pa.nulls(len(names), pa.float64()),
            "tokens": pa.array(item.tokens),
            "cut": pa.array(apply_rules(documents, build.recipe.policy()).cut, DECISION.field("cut").type),
        }
        write_table(
            f"{build.work}/{item.part.decisions}",
            pa.table([decided[name] for name in DECISION.names], schema=DECISION),
        )
        totals["documents"] += int(keep.sum())
        totals["tokens"] += int(item.tokens[keep].sum())
    return totals


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(str(path), table)
