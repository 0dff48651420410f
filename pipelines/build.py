"""A build: the stages in their order, each skipped when what it wrote still matches.

The driver only plans: it lists inputs, hands each stage its work orders in a file, and reads back small records.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from curation import mixing
from curation.dedup.config import MinHashConfig
from curation.documents import WEB
from curation.ingest import Ingest
from curation.reading.common_crawl import expand_crawls
from curation.reading.remote import is_url
from curation.reading.sources import InputFile, Inputs, expand, merged
from curation.select import bounds
from manifests.errors import JobError, UsageError
from manifests.files import digest_file, exists, filesystem, is_local, join, read_bytes, write_bytes
from pipelines.copy_limits import check_clusters, check_order, check_shares
from pipelines.parts import open_parquet, write_table
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.records import (
    WORK,
    Completion,
    load_completion,
    remove_tree,
    save_completion,
    stage_key,
    written,
)
from pipelines.runner import run_pipeline, write_json_lines
from pipelines.stages import copies, copy_examples, dedup, ingest, links, publish, select, shard, verify
from pipelines.stages.histograms import load_histograms
from pipelines.stages.publish import Published

COMPLETION = "completion.json"


@dataclass(frozen=True)
class Build:
    """One run of a recipe into an output folder."""

    recipe: Recipe
    out: str
    options: PipelineOptions
    progress: Progress

    @property
    def work(self) -> str:
        """Folder of the work files."""
        return join(self.out, WORK)

    def run(self) -> Published:
        """Run every stage that is not yet done.

        Raises:
            UsageError: the recipe's inputs cannot be listed; nothing was written.
            JobError: a stage failed; the build published before, if any, is as it was.
        """
        recipe = self.recipe
        publish.finish_swap(self.out)
        inputs = without_output(list_inputs(recipe), self.out)
        for remark in Ingest.check(recipe.policy()):
            self.progress.remark(remark)
        links.check(recipe.links, inputs.files)
        ingested = self._ingest(inputs.files)
        check_errors(ingested, recipe.limits.max_error_share)
        check_order(self.work, ingested, recipe.dedup.keep.signals)
        clusters = self._dedup(ingested)
        check_clusters(self.work, ingested, clusters, recipe.dedup.limits)
        linked = self._links(ingested)
        selected = self._select(ingested, clusters, linked)
        check_shares(selected, recipe.dedup.limits)
        settings = {"output": recipe.output.model_dump(mode="json"), "toxicity": recipe.toxicity.action}
        made_from = [*ingested, selected, *([linked] if linked else [])]
        key = stage_key("shard", shard.VERSION, settings, [item.digest for item in made_from])
        published = publish.already_published(self.out, key, recipe, inputs.skipped)
        if published is not None:
            return published
        shards = self._shard(ingested, linked, key)
        with self.progress.stage("publish"):
            return publish.publish(self.out, recipe, inputs.skipped, ingested, selected, shards, key)

    def _pipeline(self, build: Callable[[beam.Pipeline], None], stage: str) -> None:
        run_pipeline(self.options, build, stage)

    def _orders(self, name: str, rows: Sequence[dict[str, Any]]) -> str:
        url = join(self.work, name)
        write_json_lines(url, rows)
        return url

    def _ingest(self, files: Sequence[InputFile]) -> list[Completion]:
        recipe, work = self.recipe, self.work
        measuring, access = ingest.settings(recipe.policy(), recipe.reading), recipe.inputs.access()
        orders = [ingest.task(file, measuring, access) for file in files]
        waiting = [order for order in orders if ingest.completed(work, order) is None]
        with self.progress.stage("ingest", work, [order["folder"] for order in orders], _sizes(files)) as note:
            for order in waiting:  # nothing of another version of the input may stay among the new parts
                remove_tree(join(work, order["folder"]))
            if waiting:
                # The largest first: a worker that begins with one ends no later than the others.
                size = {order["folder"]: file.bytes or 0 for order, file in zip(orders, files, strict=True)}
                waiting.sort(key=lambda order: (-size[order["folder"]], order["folder"]))
                url = self._orders("ingest/orders.jsonl", waiting)
                policy, reading = recipe.policy(), recipe.reading
                self._pipeline(lambda pipeline: ingest.build(pipeline, url, work, policy, reading), "ingest")
            note(
                f"{len(orders) - len(waiting)} of {len(orders)} inputs were done already" if waiting else "done already"
            )
        found = [ingest.completed(work, order) for order in orders]
        for order, completion in zip(orders, found, strict=True):
            if completion is None:
                raise JobError(f"ingest: {order['uri']}: the runner ended without reading it; run the command again")
        return [completion for completion in found if completion is not None]

    def _dedup(self, ingested: Sequence[Completion]) -> Completion:
        recipe, work = self.recipe, self.work
        settings = recipe.dedup.model_dump(mode="json", exclude={"keep", "limits"})
        key = stage_key("dedup", dedup.VERSION, settings, [item.digest for item in ingested])
        record = f"{dedup.FOLDER}/{COMPLETION}"
        with self.progress.stage("dedup") as note:
            found = load_completion(work, record, key)
            if found is not None:
                note("done already")
                return found
            remove_tree(join(work, dedup.FOLDER))
            write_table(join(work, dedup.CLUSTERS), dedup.CLUSTER.empty_table())
            write_bytes(join(work, dedup.SIZES), json.dumps(dedup.cluster_facts(dedup.CLUSTER.empty_table())).encode())
            parts = ingest.document_parts(ingested)
            documents = sum(item.facts["documents"] for item in ingested)
            if parts:
                url = self._orders("dedup/orders.jsonl", [{"documents": part.path} for part in parts])
                partitions = dedup.partitions_for(documents)
                minhash = recipe.dedup.minhash
                if minhash is not None and minhash.verify == "jaccard":
                    self._verified(url, minhash, partitions)
                else:
                    self._pipeline(lambda pipeline: dedup.build(pipeline, url, work, recipe.dedup, partitions), "dedup")
            with open_parquet(join(work, dedup.CLUSTERS)) as file:
                facts = {"members": file.metadata.num_rows, **json.loads(read_bytes(join(work, dedup.SIZES)))}
            recall = [verify.RECALL] if exists(join(work, verify.RECALL)) else []
            outputs = tuple(written(work, path) for path in (dedup.CLUSTERS, dedup.SIZES, *recall))
            completion = Completion(key, outputs, facts)
            save_completion(work, record, completion)
            note(f"{facts['members']:,} documents have a copy")
            return completion

    def _verified(self, url: str, minhash: MinHashConfig, partitions: int) -> None:
        config, work = self.recipe.dedup, self.work
        write_table(join(work, verify.PROPOSED), verify.CANDIDATE.empty_table())
        self._pipeline(lambda p: verify.build_propose(p, url, work, config, partitions), "dedup")
        self._pipeline(lambda p: verify.build_verify(p, url, work, minhash), "dedup")
        for path in (verify.WHOLE, verify.PROPOSED, verify.PAIRS):
            remove_tree(join(work, path))

    def _links(self, ingested: Sequence[Completion]) -> Completion | None:
        """Votes for the pages, where there are WAT files or a list to count them from."""
        recipe, work = self.recipe, self.work
        parts, listed = ingest.link_parts(ingested), recipe.links.votes
        if not parts and listed is None:
            remove_tree(join(work, links.FOLDER))
            if recipe.links.min_votes:
                raise UsageError(links.NOTHING_VOTES)
            return None
        settings = {"voter": recipe.links.voter, "votes": digest_file(listed)[0] if listed else None}
        key = stage_key("links", links.VERSION, settings, [item.digest for item in ingested])
        record = f"{links.FOLDER}/{COMPLETION}"
        with self.progress.stage("links") as note:
            found = load_completion(work, record, key)
            if found is not None:
                note("done already")
                return found
            remove_tree(join(work, links.FOLDER))
            pages = [row["documents"] for row in self._parts(ingested, None) if row.get("source") == WEB]
            linking = sum((Counter(item.facts.get("links", {})) for item in ingested), Counter[str]())
            if pages:
                documents = sum(item.facts["documents"] for item in ingested)
                sizes = links.plan(documents, linking["pages"], linking["links"])
                orders = links.orders(pages, [part.path for part in parts], listed)
                mine = self._orders("links/documents.jsonl", [row for row in orders if row["kind"] == "documents"])
                self._pipeline(lambda p: links.build_wanted(p, mine, work, sizes), "links")
                url = self._orders("links/orders.jsonl", orders)
                self._pipeline(lambda p: links.build_votes(p, url, work, recipe.links, sizes), "links")
            outputs = tuple(written(work, links.linked_path(path)) for path in pages)
            completion = Completion(key, outputs, dict(sorted(linking.items())))
            save_completion(work, record, completion)
            note(f"{linking['links']:,} links of {linking['pages']:,} pages")
            return completion

    def _select(self, ingested: Sequence[Completion], clusters: Completion, linked: Completion | None) -> Completion:
        recipe, work = self.recipe, self.work
        policy = recipe.policy()
        near = recipe.dedup.minhash.threshold if recipe.dedup.minhash else None
        settings = {
            "policy": policy.model_dump(mode="json"),
            "keep": recipe.dedup.keep.model_dump(mode="json"),
            "mixture": recipe.mixture,
            "near": near,
            "seed": recipe.seed,
        }
        made_from = [*ingested, clusters, *([linked] if linked else [])]
        key = stage_key("select", select.VERSION, settings, [item.digest for item in made_from])
        record = f"{select.FOLDER}/{COMPLETION}"
        with self.progress.stage("select") as note:
            found = load_completion(work, record, key)
            if found is not None:
                note("done already")
                return found
            remove_tree(join(work, select.FOLDER))
            write_bytes(join(work, select.BOUNDS), json.dumps(bounds(policy), sort_keys=True).encode())
            rows = self._parts(ingested, linked)
            documents = [row for row in rows if row["kind"] == "documents"]
            url = self._orders("select/documents.jsonl", documents)
            seed = recipe.seed
            members = copies.Clusters(
                dedup.CLUSTERS if clusters.facts["members"] else None, clusters.facts["members"], recipe.dedup.keep
            )
            self._pipeline(lambda p: select.build_judge(p, url, work, policy, members, seed), "select")
            removed = copies.found_copies(work, load_histograms(join(work, select.JUDGED_TOKENS)))
            mixture, cuts = self._mixture(url)
            every = self._orders("select/orders.jsonl", rows)
            self._pipeline(lambda p: select.build_decide(p, every, work, policy, cuts, near, seed), "select")
            pairs = copy_examples.example_pairs(work)
            if pairs:
                self._pipeline(lambda p: copy_examples.build_examples(p, url, work, pairs), "select")
            outputs = [written(work, path) for path in (select.HISTOGRAMS, select.SUMMARY, select.BOUNDS)]
            outputs += [written(work, copy_examples.EXAMPLES)] if pairs else []
            outputs += [written(work, row["decisions"]) for row in documents]
            completion = Completion(key, tuple(outputs), {"mixture": mixture, "copies": removed})
            save_completion(work, record, completion)
            return completion

    def _parts(self, ingested: Sequence[Completion], linked: Completion | None) -> list[dict[str, Any]]:
        """One row for each file of ingest, saying where what `select` makes of it goes."""
        rows = []
        for part in ingest.document_parts(ingested):
            with open_parquet(join(self.work, part.path)) as file:
                columns = file.schema_arrow.names
                source = file.read_row_group(0, columns=["source"])["source"][0].as_py()
            stem = "-".join(part.path.split("/")[-2:])
            rows.append(
                {
                    "kind": "documents",
                    "documents": part.path,
                    "judged": f"{select.FOLDER}/judged/{stem}",
                    "decisions": f"{select.FOLDER}/decisions/{stem}",
                    "source": source,
                    "columns": columns,
                    "links": links.linked_path(part.path) if linked and source == WEB else None,
                }
            )
        rows += [{"kind": "rejected", "rejected": part.path} for part in ingest.rejected_parts(ingested)]
        rows += [{"kind": "errors", "errors": part.path} for part in ingest.error_files(ingested)]
        return rows

    def _mixture(self, url: str) -> tuple[dict[str, Any], dict[str, mixing.Cut]]:
        """What the mixture wants and leaves out, and the exact cut of every source that loses documents."""
        recipe, work = self.recipe, self.work
        histograms = load_histograms(join(work, select.JUDGED_TOKENS))
        tokens = {name.removeprefix("tokens "): h for name, h in histograms.items() if name.startswith("tokens ")}
        available = {source: int(counts.sum()) for source, counts in sorted(tokens.items())}
        plan = mixing.plan(available, recipe.mixture)
        facts = {
            "shares": recipe.mixture,
            "available": available,
            "targets": plan.targets,
            "left_out": plan.left_out,
        }
        if not recipe.mixture:
            return facts, {}
        limits = {
            source: mixing.boundary(tokens[source], histograms[f"documents {source}"], plan.targets[source])
            for source in available
        }
        inner = {source: place for source, place in limits.items() if place.first < place.last}
        rows: list[Any] = []
        if inner:
            self._pipeline(lambda p: select.build_boundary(p, url, work, inner, recipe.seed), "select")
            rows = json.loads(read_bytes(join(work, select.BOUNDARY)))
        cuts = {}
        for source, place in limits.items():
            mine = [row for row in rows if row[0] == source]
            places = np.array([row[1] for row in mine], np.uint64)
            sizes = np.array([row[3] for row in mine], np.int64)
            cuts[source] = mixing.cut(place, places, [row[2] for row in mine], sizes)
        return facts, cuts

    def _shard(self, ingested: Sequence[Completion], linked: Completion | None, key: str) -> list[Completion]:
        recipe, work = self.recipe, self.work
        histograms = load_histograms(join(work, select.HISTOGRAMS))
        rejected = histograms.pop("rejected", np.zeros(shard.ID_BUCKETS, np.int64))
        kept = {name.removeprefix("kept "): counts for name, counts in histograms.items()}
        with self.progress.stage("shard") as note:
            tasks = [task.__dict__ for task in shard.plan_tasks(kept, rejected, recipe.output.shard_bytes, key)]
            waiting = [task for task in tasks if shard.completed(work, task) is None]
            if len(waiting) == len(tasks):
                remove_tree(join(work, shard.FOLDER))
            if waiting:
                parts = self._orders("shard-parts.jsonl", self._parts(ingested, linked))
                url = self._orders("shard-orders.jsonl", waiting)
                tag = recipe.toxicity.action == "tag"
                self._pipeline(lambda pipeline: shard.build(pipeline, url, work, parts, tag), "shard")
            else:
                note("done already")
        found = [shard.completed(work, task) for task in tasks]
        if any(completion is None for completion in found):
            raise JobError("shard: the runner ended without writing every shard; run the command again")
        return [completion for completion in found if completion is not None]


def list_inputs(recipe: Recipe) -> Inputs:
    """Every archive and repository of the recipe, sorted, and what was passed over.

    Raises:
        UsageError: there is none, or a pattern matches nothing or cannot be read.
        JobError: a server that was asked did not answer.
    """
    inputs, access = recipe.inputs, recipe.inputs.access()
    if not inputs.archives and not inputs.repositories and not inputs.crawls:
        raise UsageError(
            "the recipe names no input: set `inputs.archives`, `inputs.repositories` and/or `inputs.crawl`, for "
            "example --set 'inputs.archives=[crawl/*.warc.gz]'"
        )
    archives = [expand(inputs.archives, "archive", access)] if inputs.archives else []
    if inputs.crawls:
        archives.append(expand_crawls(inputs.crawls, recipe.seed, access))
    found = [merged(archives)]
    if inputs.repositories:
        found.append(expand(inputs.repositories, "repository"))
    return Inputs(
        tuple(file for inputs in found for file in inputs.files),
        tuple(skipped for inputs in found for skipped in inputs.skipped),
    )


def without_output(inputs: Inputs, out: str) -> Inputs:
    """`inputs` without what lies in the output folder: a folder of inputs may hold the build that is made of it.

    Raises:
        UsageError: nothing is left.
    """
    if not is_local(out):
        return inputs
    inside = os.path.join(os.path.realpath(filesystem(out)[1]), "")

    def lies_there(uri: str) -> bool:
        return not is_url(uri) and os.path.realpath(uri).startswith(inside)

    files = tuple(file for file in inputs.files if not lies_there(file.uri))
    skipped = tuple(item for item in inputs.skipped if not lies_there(item.uri))
    if not files:
        raise UsageError(f"every input lies in the output folder {out}; name another with --out")
    return Inputs(files, skipped)


def check_errors(ingested: Sequence[Completion], most: float) -> None:
    """JobError when more than the allowed share of all records was damaged."""
    errors = sum(item.facts["errors"] for item in ingested)
    records = sum(item.facts["records"] + item.facts.get("links", {}).get("pages", 0) for item in ingested)
    if records and errors / records > most:
        worst = max(ingested, key=lambda item: (item.facts["errors"], item.facts["uri"]))
        raise JobError(
            f"ingest: {errors:,} of {records:,} records are damaged, more than limits.max_error_share allows "
            f"({most:g}); most of them in {worst.facts['uri']} ({worst.facts['errors']:,})"
        )


def _sizes(files: Sequence[InputFile]) -> int:
    return sum(file.bytes or 0 for file in files)
