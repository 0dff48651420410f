"""Why a document is in or out of a build: every number measured, every rule, from the build's own files.

Rows are found with filters that Parquet pushes down to its row groups; nothing is loaded as a whole.
"""

from __future__ import annotations

import dataclasses
import functools
import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from curation.documents import DOCUMENT, INPUT_ERROR, KEY_BYTES, REJECTED, REJECTED_AT_INGEST
from curation.policy import PiiConfig
from curation.privacy.uris import hide_uri
from curation.statistics import host_of
from manifests.config import check_config
from manifests.errors import UsageError
from manifests.files import exists, filesystem, join, read_bytes
from manifests.manifest import read_manifest
from pipelines.change_views import print_changes
from pipelines.changes import to_json
from pipelines.explain_rows import details_of, items_of, names_of, outcome_of, refused_of, rejected_of
from pipelines.explain_view import format_explanation, printable
from pipelines.explanation import (
    Cluster,
    Copy,
    Damage,
    Explanation,
    Outcome,
    Place,
    Record,
    Repeat,
)
from pipelines.line_edits import compared, document_lines
from pipelines.recipe import Recipe
from pipelines.verdicts import check_names, verdicts

INGEST_FOLDER = (".work", "ingest")
SELECT_FOLDER = (".work", "select")
LINKS_FOLDER = (".work", "links")
HITS_FOLDER = (".work", "decontaminate", "hits")
NEAREST = 5
MOST_COMPARED = 500_000
"""How many URIs are compared with one that was not found."""
MOST_ROWS = 50
"""How many rows are explained where one URI was met more often."""
MOST_REPEATS = 100
"""How many passages of one document are listed that were cut because other text has them."""
MOST_READ_AGAIN = 5
"""How many of them are looked up in their archives, for the lines that were cut."""


def explain(
    out: str, *, uri: str | None = None, id: str | None = None, rules: Sequence[str] | None = None
) -> Explanation:
    """Why the records of a URI (or of one id) are in or out of the build at `out`.

    `uri` may also be an origin, such as `archive.warc.gz#1234`, or the URI of an input. `rules` names the rule sets
    whose verdicts are wanted, by default all whose signals are stored.

    Raises:
        UsageError: neither or both of `uri` and `id`; `out` is no build; nothing matches (the nearest URIs are named);
            a rule set is unknown, or its signals are not stored.
    """
    if (uri is None) == (id is None):
        raise UsageError("name one document: --uri URI or --id ID")
    check_names(rules or ())
    try:
        return _explain(out, str(uri if uri is not None else id), rules, by_uri=uri is not None)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{out}: the build's files cannot be read ({error}); run `winnow curate` with the same recipe and --out "
            f"{out} to repair them"
        ) from error


def _explain(out: str, query: str, rules: Sequence[str] | None, *, by_uri: bool) -> Explanation:
    build = _Build(out, rules)
    # Addresses are stored without their secrets: one that is asked for with them is found too.
    shown = hide_uri(query, (build.recipe.privacy if build.recipe else PiiConfig()).detector()) if by_uri else query
    of_uri = pc.field("uri").isin(pa.array(list(dict.fromkeys([query, shown]))))
    matches = of_uri | (pc.field("origin") == query) if by_uri else pc.field("id") == query
    documents, matched = build.documents(matches)
    rejects = build.ingest_rejects(matches)
    matched += len(rejects)
    records = [*documents, *rejects]
    if not records:
        matches = of_uri if by_uri else pc.field("id") == query
        records = [*build.published(matches), *build.published_rejects(matches)]
        matched = len(records)
    damage = build.damage(query) if by_uri and not records else []
    if records or damage:
        return Explanation(query, tuple(records[:MOST_ROWS]), matched, tuple(damage))
    if not by_uri:
        raise UsageError(f"{out}: no record has the id {query}; ids are 32 hex digits, as `report.html` shows them")
    nearest = build.nearest_uris(query)
    hint = "nearest are " + ", ".join(map(printable, nearest)) if nearest else "the build holds no records"
    raise UsageError(f"{out}: no record has the URI {query}; {hint}")


class _Build:
    """The files of one build."""

    def __init__(self, out: str, rules: Sequence[str] | None) -> None:
        self.out, self.rules = out, rules
        self.fs, self.root = filesystem(out)
        if not exists(join(out, *INGEST_FOLDER)):
            read_manifest(out)  # explains what is missing
        self.manifest: Mapping[str, Any] = read_manifest(out) if exists(join(out, "manifest.json")) else {}
        self._current: dict[str, bool] = {}
        path = join(out, *SELECT_FOLDER, "bounds.json")
        self.bounds: Mapping[str, Sequence[float | None]] = json.loads(read_bytes(path)) if exists(path) else {}

    def files(self, *pattern: str) -> list[str]:
        """Paths that match a pattern within the build, in order."""
        return sorted(self.fs.glob(join(self.root, *pattern)))

    def current(self, path: str) -> bool:
        """Whether a work file of ingest is of an input of this build, and not left from an earlier recipe."""
        folder = path.rpartition("/")[0]
        if folder not in self._current:
            self._current[folder] = self._is_input(folder)
        return self._current[folder]

    def _is_input(self, folder: str) -> bool:
        record = join(folder, "completion.json")
        if not self.manifest or not self.fs.exists(record):
            return True
        facts = json.loads(self.fs.cat_file(record))["facts"]
        return any(all(facts[name] == item[name] for name in ("uri", "sha256")) for item in self.manifest["inputs"])

    def scan(self, paths: Sequence[str], schema: pa.Schema, matches: ds.Expression | None) -> Iterator[dict[str, Any]]:
        """Rows of Parquet files; `__filename` is the path of each. Columns a file lacks are null."""
        if not paths:
            return
        dataset = ds.dataset(list(paths), schema=schema, format="parquet", filesystem=self.fs)
        columns = [*schema.names, "__filename"]
        for batch in dataset.scanner(columns=columns, filter=matches, batch_size=1 << 13).to_batches():
            yield from (row for row in batch.to_pylist() if self.current(row["__filename"]))

    def documents(self, matches: ds.Expression) -> tuple[list[Record], int]:
        """Records that ingest made documents of, the first ones in full, and how many there are."""
        names = ("key", "id", "uri", "origin")
        schema = pa.schema([DOCUMENT.field(name) for name in names])
        found = list(self.scan(self.files(*INGEST_FOLDER, "*", "documents-*.parquet"), schema, matches))
        found.sort(key=lambda row: (row["uri"], row["origin"], row["key"]))
        shown = [
            self._document(row["__filename"], row["id"], row["key"], read_again=place < MOST_READ_AGAIN)
            for place, row in enumerate(found[:MOST_ROWS])
        ]
        return shown, len(found)

    def ingest_rejects(self, matches: ds.Expression) -> list[Record]:
        """Records that gave no text."""
        rows = list(self.scan(self.files(*INGEST_FOLDER, "*", "rejected-*.parquet"), REJECTED_AT_INGEST, matches))
        rows.sort(key=lambda row: (row["uri"], row["origin"], row["key"]))
        return [
            Record(
                id=row["id"],
                source=row["source"],
                uri=row["uri"],
                origin=row["origin"],
                outcome=refused_of(row),
                details=None,
                cluster=None,
                place=None,
            )
            for row in rows
        ]

    def published(self, matches: ds.Expression) -> list[Record]:
        """Kept documents by the shards alone."""
        schema = pa.schema([(name, pa.string()) for name in ("id", "source", "uri", "origin")])
        rows = self.scan(self.files("shards", "*", "*.parquet"), schema, matches)
        kept = Outcome(True, None, None, None, None, (), None, None)
        return [
            Record(
                **names_of(row),
                outcome=kept,
                details=None,
                cluster=None,
                place=self._place(row["id"], row["source"]),
                copy=None,
            )
            for row in rows
        ]

    def published_rejects(self, matches: ds.Expression) -> list[Record]:
        """Rejected records by the published rejects alone."""
        return [
            Record(**names_of(row), outcome=rejected_of(row), details=None, cluster=None, place=None, copy=None)
            for row in self.scan(self.files("rejected", "*.parquet"), REJECTED, matches)
        ]

    def damage(self, query: str) -> list[Damage]:
        """Damage of the input that `query` names, or at the path or near the offset of it that `query` names."""
        archive, mark, offset = query.rpartition("#")
        target = int(offset) if mark and offset.isdecimal() else 0
        of_input = pc.field("uri").isin(pa.array([query, archive] if target else [query]))
        of_path = pc.field("path") == query.rpartition(":")[2]
        paths = self.files(*INGEST_FOLDER, "*", "errors.parquet") or self.files("errors", "*.parquet")
        found = [
            Damage(row["uri"], row["path"], row["offset"], row["reason"] or "", row["detail"] or "")
            for row in self.scan(paths, INPUT_ERROR, of_input | of_path)
        ]
        found.sort(key=lambda item: (abs((item.offset or 0) - target), item.uri, item.path or "", item.detail))
        return found[:NEAREST]

    def nearest_uris(self, query: str) -> list[str]:
        """The URIs that share most of their beginning and end with `query`, of the same host where there is one."""
        schema = pa.schema([("uri", pa.string())])
        paths = [
            *self.files(*INGEST_FOLDER, "*", "documents-*.parquet"),
            *self.files(*INGEST_FOLDER, "*", "rejected-*.parquet"),
        ] or [*self.files("shards", "*", "*.parquet"), *self.files("rejected", "*.parquet")]
        host = host_of(query)
        for matches in [pc.match_substring(pc.field("uri"), host)] * bool(host) + [None]:
            best: dict[str, int] = {}
            for count, row in enumerate(self.scan(paths, schema, matches)):
                if count >= MOST_COMPARED:
                    break
                best[row["uri"]] = _likeness(query, row["uri"])
                if len(best) > 4096:
                    best = dict(heapq.nsmallest(NEAREST, best.items(), key=lambda item: (-item[1], item[0])))
            if best:
                return [uri for uri, _ in heapq.nsmallest(NEAREST, best.items(), key=lambda item: (-item[1], item[0]))]
        return []

    def _document(self, path: str, identity: str, key: bytes, *, read_again: bool) -> Record:
        row = self._one(path, identity, key)
        if row is None:
            raise UsageError(f"{path}: changed while it was read; run the command again")
        part = "-".join(path.split("/")[-2:])  # <input>-documents-00000.parquet
        decided = self._one(join(self.root, *SELECT_FOLDER, "decisions", part), identity, key)
        linked = self._one(join(self.root, *LINKS_FOLDER, "documents", part), identity, key)
        outcome = outcome_of(decided) if decided else None
        place = self._place(identity, row["source"]) if outcome and outcome.keep else None
        if outcome and outcome.keep and place is None:
            rejects = self.scan(self.files("rejected", "*.parquet"), REJECTED, pc.field("id") == identity)
            outcome = next((rejected_of(reject) for reject in rejects), outcome)
        details = details_of(row, decided, linked, self.bounds)
        said = verdicts({**row, **(linked or {})}, self.recipe.policy() if self.recipe else None, self.rules)
        cuts = (decided or {}).get("cut") or ()
        again = "" if read_again else f"more than {MOST_READ_AGAIN} records match"
        hits = self._hits(part, key)
        section = self.recipe.decontaminate if self.recipe else None
        repeats = self._repeats(part, identity)
        spans = [(one["start"], one["end"]) for one in repeats]
        lines, remark = document_lines(row, cuts, self.recipe, not_again=again, items=hits, repeated=spans)
        named = tuple(Repeat(one["level"], one["text"], one["duplicate_of"]) for one in repeats[:MOST_REPEATS])
        cluster = self._cluster(key)
        return Record(
            id=identity,
            source=row["source"],
            uri=row["uri"],
            origin=row["origin"],
            outcome=outcome,
            details=dataclasses.replace(
                details,
                verdicts=said,
                lines=lines,
                lines_remark=remark,
                items=items_of(row["text"], hits, section),
                repeats=named,
            ),
            cluster=cluster,
            place=place,
            copy=self._copy(row, cluster) if cluster is not None else None,
        )

    def _repeats(self, part: str, identity: str) -> list[dict[str, Any]]:
        """What was cut from a document because other text has it, as rows of the lists of its part."""
        paths = self.files(*SELECT_FOLDER, "*", "cuts", part)
        if not paths:
            return []
        dataset = ds.dataset(paths, format="parquet", filesystem=self.fs)
        rows: list[dict[str, Any]] = dataset.to_table(filter=pc.field("id") == identity).to_pylist()
        return sorted(rows, key=lambda row: (row["start"], row["level"]))

    @functools.cached_property
    def recipe(self) -> Recipe | None:
        """The build's recipe, where this version of Winnow understands it."""
        try:
            return check_config(Recipe, self.manifest.get("recipe") or {}, "manifest.json") if self.manifest else None
        except UsageError:
            return None

    def _copy(self, row: Mapping[str, Any], cluster: Cluster) -> Copy | None:
        """The copy of the document that stays, beside it."""
        if cluster.kept_id is None or cluster.kept_id == row["id"]:
            return None
        schema = pa.schema([DOCUMENT.field(name) for name in ("id", "uri", "text")])
        paths = self.files(*INGEST_FOLDER, "*", "documents-*.parquet")
        other = next(self.scan(paths, schema, pc.field("id") == cluster.kept_id), None)
        if other is None:
            return None
        return compared(row, other, self.recipe)

    def _one(self, path: str, identity: str, key: bytes) -> dict[str, Any] | None:
        if not self.fs.exists(path):
            return None
        dataset = ds.dataset(path, format="parquet", filesystem=self.fs)
        wanted = (pc.field("id") == identity) & (pc.field("key") == pa.scalar(key, pa.binary(KEY_BYTES)))
        rows: list[dict[str, Any]] = dataset.to_table(filter=wanted).to_pylist()
        return rows[0] if rows else None

    def _hits(self, part: str, key: bytes) -> list[dict[str, Any]]:
        """The passages of a document that hold evidence of an evaluation item, in their order."""
        path = join(self.root, *HITS_FOLDER, part)
        if not self.fs.exists(path):
            return []
        wanted = pc.field("key") == pa.scalar(key, pa.binary(KEY_BYTES))
        found: list[dict[str, Any]] = (
            ds.dataset(path, format="parquet", filesystem=self.fs).to_table(filter=wanted).to_pylist()
        )
        return found

    def _cluster(self, key: bytes) -> Cluster | None:
        paths = self.files(*SELECT_FOLDER, "copies", "*.parquet")
        if not paths:
            return None
        dataset = ds.dataset(paths, format="parquet", filesystem=self.fs)
        wanted = pc.field("key") == pa.scalar(key, pa.binary(KEY_BYTES))
        own = dataset.to_table(columns=["component", "similarity"], filter=wanted).to_pylist()
        if not own:
            return None
        same = pc.field("component") == pa.scalar(own[0]["component"], pa.binary(KEY_BYTES))
        kept = dataset.to_table(columns=["id", "uri"], filter=same & pc.field("kept")).to_pylist()
        first = kept[0] if kept else {"id": None, "uri": None}
        return Cluster(dataset.count_rows(filter=same), first["id"], first["uri"], own[0]["similarity"])

    def _place(self, identity: str, source: str) -> Place | None:
        for shard in self.manifest.get("shards", []):
            path = join(self.root, *shard["path"].split("/"))
            if shard["source"] == source and self.fs.exists(path):
                row = self._row_in(path, identity)
                if row is not None:
                    return Place(shard["path"], row)
        return None

    def _row_in(self, path: str, identity: str) -> int | None:
        """The row of an id in one shard, reading only row groups whose range of ids holds it."""
        with self.fs.open(path, "rb") as stream, pq.ParquetFile(stream) as file:
            column = file.schema_arrow.get_field_index("id")
            start = 0
            for group in range(file.metadata.num_row_groups):
                chunk = file.metadata.row_group(group).column(column)
                known = chunk.statistics if chunk.is_stats_set else None
                if known is None or not known.has_min_max or known.min <= identity <= known.max:
                    found = pc.index(file.read_row_group(group, columns=["id"])["id"], identity).as_py()
                    if found >= 0:
                        return start + int(found)
                start += chunk.num_values
        return None


def _likeness(a: str, b: str) -> int:
    """Characters that two strings share at their beginnings and ends."""
    short = min(len(a), len(b))
    head = next((k for k in range(short) if a[k] != b[k]), short)
    tail = next((k for k in range(short - head) if a[-1 - k] != b[-1 - k]), short - head)
    return head + tail


def print_explanation(explanation: Explanation, *, as_json: bool = False) -> None:
    """Print an explanation on the terminal, or as JSON."""
    if as_json:
        print(to_json(explanation), end="")
    else:
        print_changes(format_explanation(explanation))


__all__ = ["Explanation", "explain", "format_explanation", "print_explanation"]
