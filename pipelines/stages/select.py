"""Stage `select`: one decision per document, with the reason, from stored numbers.

Three small pipelines over the parts. `judge` applies the rules and lets each cluster of copies keep its best
eligible member; `boundary`, only for a recipe with a mixture, finds the exact cut; `decide` writes the decisions
and sums up what was done. Text is read only of documents that lose lines, and for the report's samples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation import mixing, statistics
from curation.dedup.near_rules import NearRules
from curation.documents import DECISION, INPUT_ERROR, REJECTED_AT_INGEST
from curation.policy import Policy
from curation.select import Ruled, apply_rules, bounds, cut_text, needed_columns
from curation.summary import add
from curation.takedown import NOTHING, STAGE, Takedown
from curation.tokenise import TokenCounter
from manifests.files import join, write_bytes
from pipelines.parts import read_columns, write_table
from pipelines.runner import ReadTasks, explained
from pipelines.stages.copies import ChooseCopies, Clusters, HeldCopies, WriteRemoved, load_removed, load_url_copies
from pipelines.stages.decontaminate import with_contamination
from pipelines.stages.held import held_copies
from pipelines.stages.histograms import Histograms, WriteHistograms, mixture_histograms
from pipelines.stages.links import with_signals
from pipelines.stages.shard import ID_BUCKETS, id_bucket, without_names

VERSION = 4
FOLDER = "select"
JUDGED_TOKENS = f"{FOLDER}/tokens.json"
BOUNDARY = f"{FOLDER}/boundary.json"
HISTOGRAMS = f"{FOLDER}/histograms.json"
SUMMARY = f"{FOLDER}/summary.json"
BOUNDS = f"{FOLDER}/bounds.json"

_COUNTED = ("source", "rule", "tokens")


def build_judge(
    pipeline: beam.Pipeline,
    tasks_url: str,
    work: str,
    policy: Policy,
    clusters: Clusters,
    seed: int,
    takedown: Takedown = NOTHING,
) -> None:
    """Rules on every part, then the survivor of each cluster."""
    judged = (
        pipeline
        | ReadTasks(tasks_url)
        | "Judge"
        >> beam.ParDo(JudgePart(work, policy, clusters, seed, takedown)).with_outputs("members", main="tokens")
    )
    chosen = (
        judged.members
        | "Clusters" >> beam.GroupByKey()
        | "Survivors" >> beam.ParDo(ChooseCopies(work, clusters.keep, seed)).with_outputs("removed", main="tokens")
    )
    _ = chosen.removed | "ByPart" >> beam.GroupByKey() | "Removed" >> beam.ParDo(WriteRemoved(work))
    _ = (judged.tokens, chosen.tokens) | beam.Flatten() | "Tokens" >> WriteHistograms(join(work, JUDGED_TOKENS))


class JudgePart(beam.DoFn):
    """Applies the rules to one part and writes what they say."""

    def __init__(self, work: str, policy: Policy, clusters: Clusters, seed: int, takedown: Takedown = NOTHING) -> None:
        super().__init__()
        self._work, self._policy, self._clusters, self._seed = work, policy, clusters, seed
        self._takedown = takedown

    @explained
    def setup(self) -> None:
        """Load the token counter, once per worker."""
        self._counter = TokenCounter(self._policy.tokenizer)
        self._same_url = load_url_copies(self._work)

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[Any]:
        """Yields the eligible tokens by mixture bucket, and the part's cluster members on the side."""
        url = join(self._work, part["documents"])
        names = part["columns"]
        signals = [name for name in self._clusters.keep.signals if name in names]
        needed = dict.fromkeys(
            [*needed_columns(self._policy, names), *signals, *(["origin"] if self._takedown else [])]
        )
        documents = with_signals(self._work, part, read_columns(url, list(needed)))
        documents = with_contamination(self._work, part.get("hits"), documents)
        ruled = apply_rules(documents, self._policy)
        if self._takedown:
            texts = read_columns(url, ["text"])["text"].to_pylist() if self._takedown.reads_text else None
            ruled = taken_down(documents, ruled, self._takedown, texts)
        judged = _judged(documents, ruled, self._recount(url, documents, ruled))
        judged = self._same_url.marked(judged)
        write_table(join(self._work, part["judged"]), judged)
        eligible = judged.filter(judged["keep"])
        yield mixture_histograms(eligible, part["source"], self._seed)
        members = self._clusters.load(self._work, part["part"])
        for partition, payload in members.payloads(judged, documents, self._held(part, judged, documents)):
            yield beam.pvalue.TaggedOutput("members", (partition, (part["part"], payload)))

    def _held(self, part: dict[str, Any], judged: pa.Table, documents: pa.Table) -> HeldCopies | None:
        """What earlier releases hold of the part; None where there is nothing."""
        if not part.get("earlier"):
            return None
        compared = judged.select(["key", "source", "tokens"]).append_column("date", documents["date"])
        matches = read_columns(join(self._work, part["earlier"]))
        return held_copies(matches, compared, self._clusters.labels, self._clusters.keep)

    def _recount(self, url: str, documents: pa.Table, ruled: Ruled) -> tuple[list[int], list[int]]:
        """Tokens and bytes of each document; of those that stay, after their cut lines are gone."""
        tokens, sizes = documents["tokens"].to_pylist(), documents["bytes"].to_pylist()
        rows = [row for row, spans in enumerate(ruled.cut) if spans and ruled.rule[row] is None]
        if rows:
            texts = read_columns(url, ["text"])["text"].take(pa.array(rows)).to_pylist()
            left = [cut_text(text, ruled.cut[row]) for row, text in zip(rows, texts, strict=True)]
            for row, text, count in zip(rows, left, self._counter.count(left), strict=True):
                tokens[row], sizes[row] = int(count), len(text.encode())
        return tokens, sizes


def taken_down(documents: pa.Table, ruled: Ruled, takedown: Takedown, texts: Sequence[str] | None = None) -> Ruled:
    """The outcome of the rules, with that of a takedown list before any other.

    `texts` are those of the documents, where an entry asks for one; they are compared as they would stand in a shard.
    """
    columns = [documents[name].to_pylist() for name in ("source", "id", "uri", "origin")]
    final = [None] * documents.num_rows if texts is None else map(cut_text, texts, ruled.cut)
    stage, rule, failed = list(ruled.stage), list(ruled.rule), list(ruled.failed)
    value, threshold = list(ruled.value), list(ruled.threshold)
    for row, (source, identity, uri, origin, text) in enumerate(zip(*columns, final, strict=True)):
        found = takedown.rule(source, identity, uri, origin, text)
        if found is not None:
            stage[row], rule[row], failed[row] = STAGE, found, [found]
            value[row] = threshold[row] = None
    return Ruled(stage, rule, value, threshold, failed, ruled.cut)


def without_taken_down(decisions: pa.Table) -> tuple[pa.Table, pa.Array]:
    """Decisions without the URIs of what was taken down, and which rows [n] are not of that."""
    gone = pc.fill_null(pc.equal(decisions["stage"], STAGE), False)
    uris = pc.if_else(gone, pa.scalar(None, pa.string()), decisions["uri"])
    return decisions.set_column(decisions.column_names.index("uri"), "uri", uris), pc.invert(gone)


def _judged(documents: pa.Table, ruled: Ruled, recount: tuple[list[int], list[int]]) -> pa.Table:
    rows = documents.num_rows
    columns = {
        **{name: documents[name].combine_chunks() for name in ("key", "id", "source", "uri")},
        "keep": pa.array(ruled.keep()),
        "stage": ruled.stage,
        "rule": ruled.rule,
        "value": ruled.value,
        "threshold": ruled.threshold,
        "failed": ruled.failed,
        "duplicate_of": [None] * rows,
        "similarity": [None] * rows,
        "tokens": recount[0],
        "bytes": recount[1],
        "cut": ruled.cut,
    }
    arrays = [pa.array(columns[field.name], type=field.type) for field in DECISION]
    return pa.table(arrays, schema=DECISION)


def build_boundary(
    pipeline: beam.Pipeline, tasks_url: str, work: str, limits: Mapping[str, mixing.Boundary], seed: int
) -> None:
    """Collect the documents about the place where each source reaches its target, some thousand of them."""
    _ = (
        pipeline
        | ReadTasks(tasks_url)
        | "Boundary" >> beam.ParDo(BoundaryDocuments(work, limits, seed))
        | beam.CombineGlobally(_join_lists)
        | "Write"
        >> beam.Map(
            explained(lambda rows, url: write_bytes(url, json.dumps(sorted(rows)).encode())), join(work, BOUNDARY)
        )
    )


def _join_lists(parts: Iterable[list[Any]]) -> list[Any]:
    return [row for part in parts for row in part]


class BoundaryDocuments(beam.DoFn):
    """Finds the eligible documents that lie in the buckets where a source reaches its target."""

    def __init__(self, work: str, limits: Mapping[str, mixing.Boundary], seed: int) -> None:
        super().__init__()
        self._work, self._limits, self._seed = work, dict(limits), seed

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[list[Any]]:
        """Yields rows of (source, order hash, id, tokens)."""
        judged = read_columns(join(self._work, part["judged"]), ["key", "id", "source", "keep", "tokens"])
        keep = judged["keep"].to_numpy() & ~load_removed(self._work, part["part"]).contains(judged["key"])
        judged = judged.filter(pa.array(keep))
        limits = self._limits.get(part["source"])
        if limits is None or not judged.num_rows:
            return
        ids = judged["id"].to_pylist()
        places = mixing.order_hash(self._seed, ids)
        tokens = judged["tokens"].to_numpy()
        buckets = mixing.bucket_of(places)
        inside = np.flatnonzero((limits.first <= buckets) & (buckets < limits.last))
        yield [(part["source"], int(places[row]), ids[row], int(tokens[row])) for row in inside]


def build_decide(
    pipeline: beam.Pipeline,
    tasks_url: str,
    work: str,
    policy: Policy,
    cuts: Mapping[str, mixing.Cut],
    near_rules: NearRules,
    seed: int,
    takedown: Takedown = NOTHING,
) -> None:
    """Decisions of every part, and the sums that sharding and the report need."""
    decided = (
        pipeline
        | ReadTasks(tasks_url)
        | "Decide"
        >> beam.ParDo(DecidePart(work, policy, cuts, near_rules, seed, takedown)).with_outputs(
            "summary", main="histograms"
        )
    )
    _ = decided.histograms | "Sizes" >> WriteHistograms(join(work, HISTOGRAMS))
    _ = (
        decided.summary
        | beam.CombineGlobally(MergeSummaries(bounds(policy), seed))
        | "Write"
        >> beam.Map(explained(lambda summary, url: write_bytes(url, statistics.to_json(summary))), join(work, SUMMARY))
    )


class MergeSummaries(beam.CombineFn):
    """Adds up the summaries of all parts."""

    def __init__(self, limits: Mapping[str, Any], seed: int) -> None:
        super().__init__()
        self._limits, self._seed = limits, seed

    def create_accumulator(self) -> statistics.Summary:
        """The summary of nothing."""
        return statistics.empty(self._limits, self._seed)

    def add_input(self, total: statistics.Summary, part: statistics.Summary) -> statistics.Summary:
        """Add one part."""
        return statistics.merge(total, part)

    def merge_accumulators(self, totals: Iterable[statistics.Summary]) -> statistics.Summary:
        """Add up partial sums."""
        result = self.create_accumulator()
        for total in totals:
            result = statistics.merge(result, total)
        return result

    def extract_output(self, total: statistics.Summary) -> statistics.Summary:
        """The sum."""
        return total


class DecidePart(beam.DoFn):
    """Applies duplicates and the mixture to one judged part, and sums it up."""

    def __init__(
        self,
        work: str,
        policy: Policy,
        cuts: Mapping[str, mixing.Cut],
        near_rules: NearRules,
        seed: int,
        takedown: Takedown = NOTHING,
    ) -> None:
        super().__init__()
        self._work, self._policy, self._cuts, self._seed = work, policy, dict(cuts), seed
        self._near_rules, self._takedown = near_rules, takedown

    @explained
    def setup(self) -> None:
        """Work out the rules' bounds, once per worker."""
        self._bounds = bounds(self._policy)

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[Any]:
        """Yields histograms over the ids (kept bytes by source, rejected rows), and a summary on the side."""
        if part["kind"] == "rejected":
            rejected = without_names(read_columns(join(self._work, part["rejected"])), self._takedown)
            yield {"rejected": np.bincount(id_bucket(rejected["id"].to_pylist()), minlength=ID_BUCKETS)}
            summary = statistics.summarise_ingest(rejected, INPUT_ERROR.empty_table(), self._bounds, self._seed)
        elif part["kind"] == "errors":
            errors = read_columns(join(self._work, part["errors"]))
            summary = statistics.summarise_ingest(REJECTED_AT_INGEST.empty_table(), errors, self._bounds, self._seed)
        else:
            decisions = self._decide(read_columns(join(self._work, part["judged"])), part)
            decisions, shown = without_taken_down(decisions)
            write_table(join(self._work, part["decisions"]), decisions)
            yield _sizes(decisions, part["source"])
            documents = with_signals(self._work, part, read_columns(join(self._work, part["documents"])))
            summary = statistics.summarise(documents.filter(shown), decisions.filter(shown), self._bounds, self._seed)
            gone = decisions.filter(pc.invert(shown))  # counted, and nothing else of it is in the report
            for source, rule, tokens in zip(*(gone[name].to_pylist() for name in _COUNTED), strict=True):
                add(summary.outcomes, (source, STAGE, rule), (1, tokens))
        yield beam.pvalue.TaggedOutput("summary", summary)

    def _decide(self, judged: pa.Table, part: dict[str, Any]) -> pa.Table:
        rows = judged.to_pydict()
        load_removed(self._work, part["part"]).apply(rows, self._near_rules.threshold(part["source"]))
        cut = self._cuts.get(part["source"])
        if cut is not None:
            places = mixing.order_hash(self._seed, rows["id"])
            inside = cut.keeps(places, rows["id"])
            for row in np.flatnonzero(np.asarray(rows["keep"], bool) & ~inside):
                rows["keep"][row], rows["stage"][row], rows["rule"][row] = False, "mix", "mixture"
                rows["failed"][row] = [*rows["failed"][row], "mixture"]
                rows["value"][row], rows["threshold"][row] = float(places[row]) / 2**64, cut.below / 2**64
        return pa.Table.from_pydict(rows, DECISION)


def _sizes(decisions: pa.Table, source: str) -> Histograms:
    keep = decisions["keep"].to_numpy()
    buckets = id_bucket(decisions["id"].to_pylist())
    sizes = np.zeros(ID_BUCKETS, np.int64)
    np.add.at(sizes, buckets[keep], decisions["bytes"].to_numpy()[keep])
    histograms = {"rejected": np.bincount(buckets[~keep], minlength=ID_BUCKETS)}
    if keep.any():
        histograms[f"kept {source}"] = sizes
    return histograms
