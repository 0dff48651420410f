"""Stage `select`, for the report: how two documents of each of the largest clusters differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from curation.dedup.differences import OPENING, differences
from manifests.files import join, write_bytes
from pipelines.parts import open_parquet, overlapping_row_groups, sort_rows
from pipelines.runner import ReadTasks, explained
from pipelines.stages.copies import largest_copies, rank_clusters

EXAMPLES = "select/copy_examples.json"
CLUSTERS_SHOWN = 12


def example_pairs(work: str, clusters: int = CLUSTERS_SHOWN) -> list[tuple[str, str, str]]:
    """(component in hex, id that stays, id of the copy least like any other) for the first clusters.

    The least similar removed near-duplicate is what shows whether a cluster is one; clusters without one are left out.
    """
    table = largest_copies(work, clusters)
    if not table.num_rows:
        return []
    ranked = rank_clusters(table)
    pairs = []
    for place in ranked.order[:clusters].tolist():
        rows = table.filter(pa.array(ranked.codes == place))
        near = rows.filter(pc.equal(pc.fill_null(rows["rule"], ""), "near"))
        if near.num_rows:
            least = sort_rows(near, "similarity", "id", "key").slice(0, 1).to_pylist()[0]
            pairs.append((least["component"].hex(), least["duplicate_of"], least["id"]))
    return pairs


def build_examples(pipeline: beam.Pipeline, tasks_url: str, work: str, pairs: Sequence[tuple[str, str, str]]) -> None:
    """Writes `EXAMPLES`: how the texts of each pair differ."""
    _ = (
        pipeline
        | ReadTasks(tasks_url)
        | "Texts" >> beam.ParDo(OpeningTexts(work, {one for _, *both in pairs for one in both}))
        | beam.CombineGlobally(_merged)
        | "Write" >> beam.Map(explained(write_examples), join(work, EXAMPLES), list(pairs))
    )


class OpeningTexts(beam.DoFn):
    """Finds the openings of a few documents among those of a part."""

    def __init__(self, work: str, ids: Set[str]) -> None:
        super().__init__()
        self._work, self._ids = work, sorted(ids)

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[dict[str, str]]:
        """Yields id -> opening; row groups that can hold none of the ids are passed over by their statistics."""
        with open_parquet(join(self._work, part["documents"])) as file:
            groups = {group for one in self._ids for group in overlapping_row_groups(file, one, one)}
            for group in sorted(groups):
                table = file.read_row_group(group, columns=["id", "text"])
                table = table.filter(pc.is_in(table["id"], pa.array(self._ids)))
                if table.num_rows:
                    texts = (text[:OPENING] for text in table["text"].to_pylist())
                    yield dict(zip(table["id"].to_pylist(), texts, strict=True))


def write_examples(texts: dict[str, str], url: str, pairs: Sequence[tuple[str, str, str]]) -> None:
    """Write, by component, the ids of each pair and the runs of words of its difference as JSON."""
    found = {
        component: {"stays": stays, "goes": goes, "runs": differences(texts[stays], texts[goes])}
        for component, stays, goes in pairs
        if stays in texts and goes in texts
    }
    write_bytes(url, json.dumps(found, sort_keys=True).encode())


def _merged(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    # One id met at two places has one text: take the smaller, so that order changes nothing.
    merged: dict[str, str] = {}
    for part in parts:
        for name, text in part.items():
            merged[name] = min(text, merged.get(name, text))
    return merged
