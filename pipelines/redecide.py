"""Deciding again over a finished build's stored numbers, as stage `select` would, without writing anything.

The rules, the choice among copies and the mixture are the ones that the stage uses. One part is in memory at a time,
besides some 60 bytes for each document.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation import mixing
from curation.documents import WEB
from curation.policy import Policy
from curation.select import Ruled, apply_rules, needed_columns
from curation.takedown import STAGE as TAKEDOWN
from curation.tokenise import TokenCounter
from manifests.config import check_config
from manifests.errors import JobError, UsageError
from manifests.files import exists, join, read_bytes
from manifests.manifest import read_manifest
from pipelines.copy_limits import check_signals
from pipelines.parts import open_parquet, read_columns, sort_rows
from pipelines.recipe import Recipe
from pipelines.records import WORK
from pipelines.stages import decontaminate, earlier, links, select
from pipelines.stages.clusters import read_clusters
from pipelines.stages.copies import HeldCopies, LoadedClusters, LoadedCopies, choose_copies, from_ipc, key_array
from pipelines.stages.cut_list import cut_again, cuts_of
from pipelines.stages.cut_parts import level_rules
from pipelines.stages.held import held_copies
from pipelines.stages.histograms import add_histograms, mixture_histograms
from pipelines.stages.pairs import as_binary
from pipelines.stages.urls import url_copies, url_members

KEPT = 0
"""The code of the outcome of a document that stays."""

_AFTER_RULES = (None, "dedup", "mix")
"""What is stored as the stage of a document that passed the rules, whose toxic lines are cut."""

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One file of ingest with what belongs to it; paths within the work folder."""

    documents: str
    decisions: str
    links: str | None
    source: str
    columns: tuple[str, ...]
    hits: str | None = None
    earlier: str | None = None  # what earlier releases hold of it


@dataclass(frozen=True)
class StoredBuild:
    """A finished build whose work files are still there."""

    out: str
    manifest: Mapping[str, Any]
    recipe: Recipe
    parts: tuple[Part, ...]

    @property
    def work(self) -> str:
        """Folder of the work files."""
        return join(self.out, WORK)


@dataclass
class Outcomes:
    """The (stage, rule) pairs that decided, numbered as they are met; `KEPT` is number 0."""

    names: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    _codes: dict[tuple[str, str], int] = field(default_factory=lambda: {("", ""): KEPT})

    def code(self, stage: str | None, rule: str | None) -> int:
        """The number of an outcome; (None, None) is kept."""
        name = (stage or "", rule or "")
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]


@dataclass(frozen=True)
class Decided:
    """What is decided about the documents of a part, in the order of its rows."""

    part: Part
    keys: Any
    code: Codes  # of `Outcomes`
    value: Floats  # NaN where there is none to show
    threshold: Floats
    tokens: NDArray[np.int64]  # of the text that would be kept
    language: pa.DictionaryArray
    duplicate_of: dict[int, str]  # row -> id of the copy that stays
    ids: pa.ChunkedArray | None  # where a mixture needs them


def stored_build(out: str) -> StoredBuild:
    """The finished build at `out`.

    Raises:
        UsageError: there is none, or its work files are gone or belong to another run.
    """
    manifest, work = read_manifest(out), join(out, WORK)
    again = f"run `winnow curate` again with the build's recipe and --out {out}"
    if manifest.get("kind", "dataset") != "dataset" or "recipe" not in manifest:
        raise UsageError(f"{out}: a manifest of a {manifest.get('kind')}, not of a build")
    record = join(work, select.FOLDER, "completion.json")
    if not exists(record):
        raise UsageError(f"{out}: its work files ({WORK}) are gone, and the signals with them; {again}")
    paths = [output["path"] for output in json.loads(read_bytes(record))["outputs"]]
    prefix = f"{select.FOLDER}/decisions/"
    parts = tuple(_part(work, path, path.removeprefix(prefix)) for path in sorted(paths) if path.startswith(prefix))
    recipe = check_config(Recipe, manifest["recipe"], f"{out}/manifest.json: recipe of another version of Winnow")
    build = StoredBuild(out, manifest, recipe, parts)
    found = [0, 0]
    for part in parts:
        table = read_columns(join(work, part.decisions), ["keep", "tokens"])
        found[0] += pc.sum(table["keep"]).as_py() or 0
        found[1] += pc.sum(table.filter(table["keep"])["tokens"]).as_py() or 0
    if found != [manifest["totals"]["documents"], manifest["totals"]["tokens"]]:
        raise UsageError(f"{out}: the work files are of another run than the manifest; {again}")
    return build


def _part(work: str, decisions: str, name: str) -> Part:
    folder, _, file = name.partition("-")
    documents = f"ingest/{folder}/{file}"
    if not exists(join(work, documents)) or not exists(join(work, decisions)):
        raise UsageError(f"{join(work, documents)}: gone; run `winnow curate` again with the build's recipe")
    with open_parquet(join(work, documents)) as parquet:
        columns = tuple(parquet.schema_arrow.names)
        source = parquet.read_row_group(0, columns=["source"])["source"][0].as_py()
    linked = links.linked_path(documents)
    voted = source == WEB and exists(join(work, linked))
    hits, held = decontaminate.hits_path(documents), earlier.match_path(documents)
    return Part(
        documents,
        decisions,
        linked if voted else None,
        source,
        columns,
        hits if exists(join(work, hits)) else None,
        held if exists(join(work, held)) else None,
    )


def redecide(build: StoredBuild, recipe: Recipe, outcomes: Outcomes, *, check: bool = True) -> list[Decided]:
    """What `select` would decide under `recipe`, whose measuring is that of the build; one item for each part.

    `check` looks whether the build's own recipe still gives the build's own decisions.

    Raises:
        UsageError: a rule reads a signal that was not stored, or the check fails.
        JobError: the documents that are left cannot meet the mixture.
    """
    policy, mixed = recipe.policy(), bool(recipe.mixture)
    check_signals([part.columns for part in build.parts], recipe.dedup.keep.signals)
    clusters = read_clusters(build.work)
    loaded = LoadedClusters(clusters if clusters.num_rows else None, 1, recipe.dedup.keep.signals)
    labels = earlier.labels_of(build.work)
    same_url = _url_copies(build, recipe) if recipe.dedup.url else None
    decided, members = [], []
    for part in build.parts:
        documents = _signals(build, part, (policy, build.recipe.policy()), recipe.dedup.keep.signals)
        stored = stored_decisions(build, part, ["key", "stage", "rule", "value", "threshold", "tokens", "cut"])
        if not stored["key"].equals(documents["key"]):
            raise UsageError(f"{build.out}: {part.decisions} does not belong to {part.documents}; {_again(build)}")
        if check:
            _check_own(build, part, documents, stored)
        ruled = _still_taken_down(apply_rules(documents, policy), stored)
        tokens = _recount(build, part, documents, stored, ruled)
        item = _decided(part, documents, ruled, tokens, outcomes, with_ids=mixed)
        if same_url is not None:
            _remove_copies(item, same_url, None, outcomes)
        decided.append(item)
        judged = documents.select(["key", "id", "source", "uri"])
        judged = judged.append_column("keep", pa.array(item.code == KEPT)).append_column("tokens", pa.array(tokens))
        held = _held(build, part, judged.append_column("date", documents["date"]), labels, recipe)
        members += [from_ipc(block) for _, block in loaded.payloads(judged, documents, held)]
    if members:
        copies = choose_copies(sort_rows(pa.concat_tables(members), "component", "key"), recipe.dedup.keep)
        near_rules = recipe.dedup.near_rules
        removed = LoadedCopies(copies)
        for item in decided:
            _remove_copies(item, removed, near_rules.threshold(item.part.source), outcomes)
    for item in decided:
        _drop_cut(build, item, outcomes)
    if mixed:
        _mix(decided, recipe, outcomes)
    return decided


def _url_copies(build: StoredBuild, recipe: Recipe) -> LoadedCopies:
    """The pages that go because another of the same URL stays."""
    policy, keep = recipe.policy(), recipe.dedup.keep
    members = []
    for part in build.parts:
        if part.source == WEB:
            documents = _signals(build, part, (policy,), keep.signals)
            stored = stored_decisions(build, part, ["stage", "rule", "value", "threshold"])
            ruled = _still_taken_down(apply_rules(documents, policy), stored)
            members += [block for _, block in url_members(documents.filter(pa.array(ruled.keep())), keep)]
    return LoadedCopies(url_copies(members, keep))


def _drop_cut(build: StoredBuild, item: Decided, outcomes: Outcomes) -> None:
    """Drop the documents of which the build's levels left too little, where they are still in."""
    stored = stored_decisions(build, item.part, ["rule", "value", "threshold"])
    wanted = pc.is_in(stored["rule"], pa.array(level_rules())).to_numpy()
    for row in np.flatnonzero(wanted & (item.code == KEPT)).tolist():
        one = stored.slice(row, 1).to_pylist()[0]
        item.code[row] = outcomes.code("dedup", one["rule"])
        item.value[row], item.threshold[row] = one["value"], one["threshold"]


def stored_decisions(build: StoredBuild, part: Part, columns: list[str]) -> pa.Table:
    """Columns of what the build decided about the documents of a part."""
    return read_columns(join(build.work, part.decisions), columns)


def rows_of(build: StoredBuild, path: str, rows: list[int], columns: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Some rows of a part, with their places; only the row groups that hold them are read."""
    wanted = sorted(rows)
    with open_parquet(join(build.work, path)) as file:
        start = 0
        for group in range(file.metadata.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            here = [row for row in wanted if start <= row < end]
            if here:
                table = file.read_row_group(group, columns=columns)
                places = pa.array([row - start for row in here])
                yield from zip(here, table.take(places).to_pylist(), strict=True)
            start = end


def _held(build: StoredBuild, part: Part, rows: pa.Table, labels: Sequence[str], recipe: Recipe) -> HeldCopies | None:
    """What earlier releases hold of a part."""
    if part.earlier is None:
        return None
    return held_copies(read_columns(join(build.work, part.earlier)), rows, labels, recipe.dedup.keep)


def _still_taken_down(ruled: Ruled, stored: pa.Table) -> Ruled:
    """The outcome of the rules with what the build's takedown lists named, which no threshold brings back."""
    stages = stored["stage"].to_pylist()
    rows = [row for row, stage in enumerate(stages) if stage == TAKEDOWN]
    if not rows:
        return ruled
    lists = [list(one) for one in (ruled.stage, ruled.rule, ruled.value, ruled.threshold, ruled.failed)]
    for row in rows:
        rule = stored["rule"][row].as_py()
        for one, value in zip(lists, (TAKEDOWN, rule, None, None, [rule]), strict=True):
            one[row] = value
    stage, rule, value, threshold, failed = lists
    return Ruled(stage, rule, value, threshold, failed, ruled.cut)  # type: ignore[arg-type]


def _again(build: StoredBuild) -> str:
    return f"run `winnow curate` again with the build's recipe and --out {build.out}"


def _signals(build: StoredBuild, part: Part, policies: Sequence[Policy], more: Sequence[str]) -> pa.Table:
    needed = {name for policy in policies for name in needed_columns(policy, part.columns)} | set(more)
    documents = read_columns(join(build.work, part.documents), [name for name in part.columns if name in needed])
    order = {"documents": part.documents, "links": part.links}
    try:
        documents = links.with_signals(build.work, order, documents)
    except ValueError as error:
        raise UsageError(f"{build.out}: {error}; {_again(build)}") from error
    return decontaminate.with_contamination(build.work, part.hits, documents)


def _check_own(build: StoredBuild, part: Part, documents: pa.Table, stored: pa.Table) -> None:
    """Whether the build's own rules still give what they gave: not so after a change of Winnow's rules, or where a run
    that was interrupted has measured the input anew. What `--set` does could not be told from that."""
    ruled = _still_taken_down(apply_rules(documents, build.recipe.policy()), stored)
    reasons = zip(stored["stage"].to_pylist(), stored["rule"].to_pylist(), strict=True)
    before = [(None, None) if stage in _AFTER_RULES else (stage, rule) for stage, rule in reasons]
    differ = sum(map(operator.ne, before, zip(ruled.stage, ruled.rule, strict=True)))
    if differ:
        raise UsageError(
            f"{build.out}: the stored numbers of {differ:,} documents in {part.documents} do not give what the build "
            f"decided (by Winnow {build.manifest.get('code', {}).get('version')}), so the difference would not be "
            f"that of the settings alone; {_again(build)}"
        )


def _recount(build: StoredBuild, part: Part, documents: pa.Table, stored: pa.Table, ruled: Ruled) -> NDArray[np.int64]:
    """Tokens of each document; of those that stay, after their cut lines are gone.

    The build's own count is taken where its rules cut the same lines. What its levels cut is cut again.
    """
    tokens = np.array(documents["tokens"].to_numpy(), np.int64)
    repeats = cuts_of(build.work, part.decisions.rpartition("/")[2])
    cut = np.array([bool(spans) for spans in ruled.cut], bool)
    if repeats.num_rows:
        cut |= pc.is_in(documents["id"], repeats["id"].combine_chunks()).to_numpy()
    rows = np.flatnonzero(cut & ruled.keep())
    if not len(rows):
        return tokens
    own = apply_rules(documents, build.recipe.policy()).cut if repeats.num_rows else None
    before = stored.take(pa.array(rows)).to_pylist()
    unknown = []
    for row, old in zip(rows.tolist(), before, strict=True):
        by_rules = old["cut"] if own is None else own[row]
        if old["stage"] in _AFTER_RULES and by_rules == ruled.cut[row]:
            tokens[row] = old["tokens"]
        else:
            unknown.append(row)
    found = dict(rows_of(build, part.documents, unknown, ["id", "text"]))
    texts = [cut_again(found[row]["text"], ruled.cut[row], repeats, found[row]["id"]) for row in unknown]
    if texts:
        tokens[unknown] = _counter(build.recipe.tokenizer).count(texts)
    return tokens


@functools.lru_cache(maxsize=1)
def _counter(tokenizer: str) -> TokenCounter:
    return TokenCounter(tokenizer)


def _decided(
    part: Part,
    documents: pa.Table,
    ruled: Ruled,
    tokens: NDArray[np.int64],
    outcomes: Outcomes,
    *,
    with_ids: bool,
) -> Decided:
    pairs = zip(ruled.stage, ruled.rule, strict=True)
    return Decided(
        part,
        key_array(documents["key"]),
        np.fromiter((outcomes.code(stage, rule) for stage, rule in pairs), np.int32, documents.num_rows),
        np.array(ruled.value, np.float64),
        np.array(ruled.threshold, np.float64),
        tokens,
        pc.fill_null(documents["language"], "").combine_chunks().dictionary_encode(),
        {},
        documents["id"] if with_ids else None,
    )


def _remove_copies(item: Decided, removed: LoadedCopies, near: float | None, outcomes: Outcomes) -> None:
    keys = as_binary(item.keys)
    rows = np.flatnonzero(removed.contains(pa.chunked_array([keys])))
    if not len(rows):
        return
    names = ("keep", "stage", "rule", "value", "threshold", "duplicate_of", "similarity")
    columns: dict[str, list[Any]] = {name: [None] * len(rows) for name in names}
    removed.apply({"key": keys.take(pa.array(rows)).to_pylist(), "failed": [[] for _ in rows], **columns}, near)
    for place, row in enumerate(rows.tolist()):
        item.code[row] = outcomes.code(columns["stage"][place], columns["rule"][place])
        item.value[row], item.threshold[row] = columns["value"][place], columns["threshold"][place]
        item.duplicate_of[row] = columns["duplicate_of"][place]


def _mix(decided: list[Decided], recipe: Recipe, outcomes: Outcomes) -> None:
    """Drop what the mixture leaves out, as `Build` and the stage do together."""
    mixture = outcomes.code("mix", "mixture")
    kept = [_kept_tokens(item) for item in decided]
    histograms = add_histograms(
        mixture_histograms(table, item.part.source, recipe.seed) for item, table in zip(decided, kept, strict=True)
    )
    tokens = {name.removeprefix("tokens "): counts for name, counts in histograms.items() if name[:7] == "tokens "}
    plan = mixing.plan({source: int(counts.sum()) for source, counts in sorted(tokens.items())}, recipe.mixture)
    for source, counts in tokens.items():
        limits = mixing.boundary(counts, histograms[f"documents {source}"], plan.targets[source])
        mine = [table for item, table in zip(decided, kept, strict=True) if item.part.source == source]
        ids, sizes, places = _candidates(mine, limits, recipe.seed)
        cut = mixing.cut(limits, places, ids, sizes)
        for item in decided:
            if item.part.source == source and item.ids is not None:
                names = item.ids.to_pylist()
                order = mixing.order_hash(recipe.seed, names)
                rows = np.flatnonzero((item.code == KEPT) & ~cut.keeps(order, names))
                item.code[rows] = mixture
                item.value[rows], item.threshold[rows] = order[rows].astype(np.float64) / 2**64, cut.below / 2**64


def _kept_tokens(item: Decided) -> pa.Table:
    if item.ids is None:
        raise JobError("tune-rules: the ids that the mixture orders by were not kept")
    table = pa.table({"id": item.ids, "tokens": item.tokens})
    return table.filter(pa.array(item.code == KEPT))


def _candidates(
    tables: list[pa.Table], limits: mixing.Boundary, seed: int
) -> tuple[list[str], NDArray[np.int64], NDArray[np.uint64]]:
    """Ids, tokens and places in the order of the documents about the place where a source reaches its target."""
    ids: list[str] = []
    sizes, places = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for table in tables:
        names = table["id"].to_pylist()
        order = mixing.order_hash(seed, names)
        buckets = mixing.bucket_of(order)
        inside = np.flatnonzero((limits.first <= buckets) & (buckets < limits.last))
        ids += [names[row] for row in inside]
        sizes.append(table["tokens"].to_numpy()[inside])
        places.append(order[inside])
    return ids, np.concatenate(sizes), np.concatenate(places)
