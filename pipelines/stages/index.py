"""The index that a release publishes: of each document it holds, the id, an exact hash, LSH bands and a sketch.

A later build finds its copies there without the release's text (`pipelines.stages.earlier`). Files are ranges of ids
of one source, as shards are, for a source may have a rule of near-duplicates of its own. Nothing of a document that was
rejected or taken down is in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from curation.dedup.config import MinHashConfig
from curation.dedup.near_rules import NearRules
from curation.documents import CODE, KEY_BYTES, WEB
from manifests.errors import JobError
from pipelines.parts import sort_rows
from pipelines.recipe import DedupConfig
from pipelines.stages.signatures import EXACT, scheme_of, signature_fields, signature_path

NAME = "index"
FORMAT = "index@2"
DOCUMENTS_PER_FILE = 500_000

_BUCKETS = 1 << 16


def index_schema(minhash: MinHashConfig | None) -> pa.Schema:
    """One row per kept document; tokens and date let a later build compare its copies (`keep.order`)."""
    named = [("id", pa.string()), ("source", pa.string()), ("tokens", pa.int64()), ("date", pa.string())]
    return pa.schema([*(pa.field(name, kind) for name, kind in named), *signature_fields(minhash)])


def plan_index(documents: int) -> list[tuple[str, str]]:
    """Ranges of ids, of about `DOCUMENTS_PER_FILE` each: ids are hashes, so equal ranges hold equal numbers."""
    files = min(_BUCKETS, max(1, -(-documents // DOCUMENTS_PER_FILE)))
    edges = [_BUCKETS * place // files for place in range(files + 1)]
    return [(f"{low:04x}" + "0" * 28, f"{high - 1:04x}" + "f" * 28) for low, high in itertools.pairwise(edges)]


def index_rows(
    parts: Sequence[Mapping[str, Any]], read: Callable[[str, Sequence[str]], pa.Table], minhash: MinHashConfig | None
) -> pa.Table:
    """The rows of one file, sorted by id.

    Args:
        parts: the rows of `Build._parts` that are documents of the file's source.
        read: some columns of the rows of a part (by its path) that are in the file's range of ids.
        minhash: how the signatures were made.

    Raises:
        JobError: work files do not belong to each other.
    """
    schema = index_schema(minhash)
    keyed = pa.schema([pa.field("key", pa.binary(KEY_BYTES)), *schema])
    tables = [keyed.empty_table(), *_kept(parts, read, keyed)]
    return sort_rows(pa.concat_tables(tables), "id", "key").select(schema.names).cast(schema)


def _kept(
    parts: Sequence[Mapping[str, Any]], read: Callable[[str, Sequence[str]], pa.Table], keyed: pa.Schema
) -> Iterator[pa.Table]:
    for part in parts:
        decisions = read(part["decisions"], ["key", "id", "keep", "tokens"])
        if not decisions.num_rows:
            continue
        documents = read(part["documents"], ["key", "id", "source", "date"])
        path = signature_path(part["documents"])
        signed = read(path, [name for name in keyed.names if name not in ("source", "tokens", "date")])
        if not documents["key"].equals(decisions["key"]) or not documents["key"].equals(signed["key"]):
            raise JobError(f"{path} does not belong to {part['documents']}; delete .work/dedup and rerun")
        rows = documents.append_column("tokens", decisions["tokens"])
        for name in signed.column_names[2:]:
            rows = rows.append_column(signed.schema.field(name), signed[name])
        yield rows.filter(decisions["keep"]).select(keyed.names).cast(keyed)


def index_section(config: DedupConfig, files: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What a manifest says of the index; None where the build publishes none."""
    if not config.publish_index:
        return None
    ordered = sorted((dict(entry) for entry in files), key=lambda entry: str(entry["path"]))
    return {"format": FORMAT, "exact": EXACT, "minhash": schemes(config.near_rules), "files": ordered}


def schemes(rules: NearRules) -> dict[str, dict[str, Any] | None]:
    """Source -> what decides the bits of its bands and sketches; None where it has none."""
    return {source: scheme_of(rules.rule(source)) for source in (CODE, WEB)}
