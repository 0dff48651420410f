"""Within `select`, before anything else of copies: of the pages of one URL that pass the rules, one stays.

URLs come first because the texts under one URL may differ altogether: a document that goes for its URL must not be the
one that stays of a cluster of equal texts, and clusters must not be joined by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.dedup.choose import KeepConfig
from curation.dedup.same_url import url_keys
from curation.documents import WEB
from curation.policy import Policy
from curation.select import apply_rules, needed_columns
from curation.takedown import NOTHING, Takedown
from manifests.files import join
from pipelines.parts import read_columns, sort_rows, write_table
from pipelines.runner import ReadTasks, explained
from pipelines.stages.clusters import CLUSTER
from pipelines.stages.copies import (
    COPY,
    URL_COPIES,
    LoadedClusters,
    choose_copies,
    from_ipc,
    key_array,
    url_copies_of,
)
from pipelines.stages.decontaminate import with_contamination
from pipelines.stages.links import with_signals
from pipelines.stages.pairs import as_binary
from pipelines.stages.select import taken_down

RULE = "url"
DOCUMENTS_PER_PARTITION = 250_000


def build_urls(
    pipeline: beam.Pipeline,
    tasks_url: str,
    work: str,
    policy: Policy,
    keep: KeepConfig,
    documents: int,
    takedown: Takedown = NOTHING,
) -> None:
    """Decide which pages go because another of the same URL stays; those that go are written to `URL_COPIES`."""
    partitions = max(1, -(-documents // DOCUMENTS_PER_PARTITION))
    _ = (
        pipeline
        | ReadTasks(tasks_url)
        | "Pages" >> beam.ParDo(SendPages(work, policy, keep, partitions, takedown))
        | "ByUrl" >> beam.GroupByKey()
        | "Choose" >> beam.ParDo(ChoosePages(work, keep))
    )


class SendPages(beam.DoFn):
    """Sends what is compared of the pages of one part that pass the rules."""

    def __init__(self, work: str, policy: Policy, keep: KeepConfig, partitions: int, takedown: Takedown) -> None:
        super().__init__()
        self._takedown = takedown
        self._work, self._policy, self._keep, self._partitions = work, policy, keep, partitions

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields (partition, rows as Arrow IPC)."""
        if part["source"] != WEB:
            return
        names = part["columns"]
        signals = [name for name in self._keep.signals if name in names]
        url, named = join(self._work, part["documents"]), ["origin"] if self._takedown else []
        needed = dict.fromkeys([*needed_columns(self._policy, names), *signals, *named])
        documents = with_signals(self._work, part, read_columns(url, list(needed)))
        documents = with_contamination(self._work, part.get("hits"), documents)
        ruled = apply_rules(documents, self._policy)
        if self._takedown:
            texts = read_columns(url, ["text"])["text"].to_pylist() if self._takedown.reads_text else None
            ruled = taken_down(documents, ruled, self._takedown, texts)
        yield from url_members(documents.filter(pa.array(ruled.keep())), self._keep, self._partitions)


def url_members(documents: pa.Table, keep: KeepConfig, partitions: int = 1) -> Iterator[tuple[int, bytes]]:
    """(partition, rows of a cluster's members as Arrow IPC) for pages that pass the rules, clustered by URL."""
    if not documents.num_rows:
        return
    keys = key_array(documents["key"])
    order = np.argsort(keys)
    own = as_binary(keys[order])
    clusters = pa.table(
        [own, as_binary(url_keys(documents["uri"].to_pylist())[order]), own, pa.array(np.zeros(len(order)))],
        schema=CLUSTER,
    )
    judged = documents.select(["key", "id", "uri", "source", "tokens"])
    judged = judged.append_column("keep", pa.array(np.ones(len(order), bool)))
    yield from LoadedClusters(clusters, partitions, keep.signals).payloads(judged, documents)


class ChoosePages(beam.DoFn):
    """Lets one page of each URL stay and writes the others, one file per partition."""

    def __init__(self, work: str, keep: KeepConfig) -> None:
        super().__init__()
        self._work, self._keep = work, keep

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields how many pages go."""
        partition, blocks = element
        removed = url_copies(blocks, self._keep)
        write_table(join(self._work, f"{URL_COPIES}/part-{partition:05d}.parquet"), removed)
        yield removed.num_rows


def url_copies(blocks: Iterable[bytes], keep: KeepConfig) -> pa.Table:
    """Rows of `COPY` for the pages that go, in the order of (component, key); `rule` is `url` or `same_record`."""
    tables = [from_ipc(block) for block in blocks]
    if not tables:
        return COPY.empty_table()
    outcome = choose_copies(sort_rows(pa.concat_tables(tables), "component", "key"), keep)
    removed = outcome.filter(outcome["rule"].is_valid())
    rules = pc.if_else(pc.equal(removed["rule"], "same_record"), "same_record", RULE)
    return removed.set_column(removed.column_names.index("rule"), COPY.field("rule"), rules)


def count_url_copies(work: str, found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`pipelines.stages.copies.found_copies` with the pages that went for their URL among them."""
    rules = url_copies_of(work)["rule"].to_pylist()
    if not rules:
        return found
    counts = dict(found.get(WEB) or {"passed": 0, "copies": 0, "rules": {}})
    by_rule = dict(counts["rules"])
    for rule in rules:
        by_rule[rule] = by_rule.get(rule, 0) + 1
    counts.update(
        passed=counts["passed"] + len(rules), copies=counts["copies"] + len(rules), rules=dict(sorted(by_rule.items()))
    )
    return {**found, WEB: counts}
