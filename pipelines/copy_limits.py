"""What must hold of the copies that were found before a build goes on: `dedup.limits`, and a signal that is there.

A giant cluster is how deduplication fails: pairs that share a template are chained into one cluster, of which one
document stays (marin#6854: 859,092 documents of one source became 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.dedup.keys import KEY
from curation.documents import DOCUMENT
from curation.link_join import SIGNALS
from manifests.errors import JobError, UsageError
from manifests.files import join
from pipelines.parts import open_parquet, read_columns
from pipelines.recipe import DedupLimits
from pipelines.records import Completion
from pipelines.stages import ingest
from pipelines.stages.clusters import CLUSTERS

_SHOWN = 5  # clusters in a message
_NO_NUMBERS = {field.name for field in DOCUMENT if not (pa.types.is_integer(field.type) or field.type == pa.float64())}


def check_order(work: str, ingested: Sequence[Completion], signals: Sequence[str]) -> None:
    """UsageError when `dedup.keep.order` compares a number that no document has."""
    columns = []
    for part in ingest.document_parts(ingested) if signals else ():
        with open_parquet(join(work, part.path)) as file:
            columns.append(file.schema_arrow.names)
    check_signals(columns, signals)


def check_signals(columns: Iterable[Iterable[str]], signals: Sequence[str]) -> None:
    """UsageError when one of `signals` is no number among the columns of any part; no parts have no documents."""
    stored = [set(names) - _NO_NUMBERS for names in columns]
    known = set(SIGNALS).union(*stored)
    for name in signals if stored else ():
        if name not in known:
            raise UsageError(
                f"dedup.keep.order: no document has a number called `{name}`; those that were stored are "
                f"{', '.join(sorted(known))}"
            )


def check_clusters(work: str, ingested: Sequence[Completion], clusters: Completion, limits: DedupLimits) -> None:
    """JobError when a cluster joins more different texts than `max_cluster`; it names the largest ones' documents."""
    large = [one for one in clusters.facts["largest"] if one["texts"] > limits.max_cluster]
    if not large:
        return
    uris = _uris(work, ingested, [key for one in large[:_SHOWN] for key in one["members"]])
    lines = [
        f"  {one['documents']:,} documents with {one['texts']:,} texts, among them "
        + ", ".join(uris.get(key, key) for key in one["members"])
        for one in large[:_SHOWN]
    ]
    raise JobError(
        f"dedup: a cluster joins {large[0]['texts']:,} different texts, more than dedup.limits.max_cluster allows "
        f"({limits.max_cluster:,}); the largest:\n" + "\n".join(lines) + "\n"
        f"All members are listed in {join(work, CLUSTERS)}. If these are no copies of each other, "
        "raise dedup.minhash.threshold, with dedup.minhash.verify=jaccard; if they are, raise the limit."
    )


def check_shares(selected: Completion, limits: DedupLimits) -> None:
    """JobError when more of a source's documents are copies than `max_source_share` allows."""
    found = selected.facts["copies"]
    over = {
        source: counts["copies"] / counts["passed"]
        for source, counts in sorted(found.items())
        if counts["passed"] >= limits.min_documents and counts["copies"] / counts["passed"] > limits.max_source_share
    }
    if not over:
        return
    lines = [
        f"  {source}: {found[source]['copies']:,} of {found[source]['passed']:,} documents that pass the rules "
        f"({100 * share:.1f} %): " + ", ".join(f"{n:,} {rule}" for rule, n in sorted(found[source]["rules"].items()))
        for source, share in over.items()
    ]
    raise JobError(
        "dedup: more documents of a source are copies than dedup.limits.max_source_share allows "
        f"({limits.max_source_share:g}):\n" + "\n".join(lines) + "\n"
        "Nothing was published. Look at the largest clusters, or raise the limit for a source that repeats itself."
    )


def _uris(work: str, ingested: Sequence[Completion], keys: Sequence[str]) -> dict[str, str]:
    """The URIs of documents by key in hex; parts are looked through until all are found."""
    wanted = np.array([bytes.fromhex(key) for key in keys], KEY)
    found: dict[str, str] = {}
    for part in ingest.document_parts(ingested):
        table = read_columns(join(work, part.path), ["key", "uri"])
        here = np.isin(np.frombuffer(b"".join(table["key"].to_pylist()), KEY), wanted)
        rows = table.filter(pa.array(here))
        found.update(zip((key.hex() for key in rows["key"].to_pylist()), _shortened(rows["uri"]), strict=True))
        if len(found) == len(keys):
            break
    return found


def _shortened(uris: pa.ChunkedArray) -> list[str]:
    """URIs in so many characters, none of which moves the cursor of a terminal."""
    cut = pc.utf8_slice_codeunits(uris, 0, 200).to_pylist()
    return ["".join(c if c.isprintable() else "\ufffd" for c in uri or "") for uri in cut]
