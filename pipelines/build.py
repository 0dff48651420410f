"""A build: the stages in their order, each skipped when what it wrote still matches.

The driver only plans: it lists inputs, hands each stage its work orders in a file, and reads back small records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np

from curation import mixing
from curation.documents import CODE, WEB
from curation.ingest import Ingest
from curation.reading.sources import InputFile
from curation.select import bounds
from curation.takedown import Takedown, load_takedown
from manifests.errors import JobError
from manifests.files import exists, join, read_bytes, write_bytes
from pipelines.build_inputs import check_errors, list_inputs, total_size, without_output
from pipelines.connect import STARS, connect_pairs, group_candidates
from pipelines.copy_limits import check_clusters, check_order, check_shares
from pipelines.parts import column_names
from pipelines.records import Completion, remove_tree, stage_key
from pipelines.releases import load_releases
from pipelines.side_stages import run_decontaminate, run_earlier, run_links
from pipelines.stage_runner import Made, StageRunner
from pipelines.stages import (
    clusters,
    copies,
    copy_examples,
    decontaminate,
    dedup,
    earlier,
    index,
    ingest,
    links,
    publish,
    select,
    shard,
    signatures,
    urls,
    verify,
)
from pipelines.stages import cuts as cut_levels
from pipelines.stages.cuts import CutParts
from pipelines.stages.histograms import Histograms, add_histograms, load_histograms, save_histograms
from pipelines.stages.pairs import array_files
from pipelines.stages.publish import Published


@dataclass(frozen=True)
class Findings:
    """What the stages between `ingest` and `select` know of the documents; None where the recipe has no such stage."""

    clustered: Completion
    held: Completion | None
    linked: Completion | None
    contaminated: Completion | None

    @property
    def beside(self) -> list[Completion]:
        """Those that a recipe may leave out."""
        return [made for made in (self.linked, self.held, self.contaminated) if made is not None]


class Build(StageRunner):
    """One run of a recipe into an output folder."""

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
        links.check(recipe.links, inputs.files, links.wants_votes(recipe.policy()))
        items = decontaminate.check(recipe.decontaminate) if recipe.decontaminate else []
        releases, takedown = load_releases(recipe, self.out), load_takedown(recipe.takedown)
        ingested = self._ingest(inputs.files)
        check_errors(ingested, recipe.limits.max_error_share)
        check_order(self.work, ingested, recipe.dedup.keep.signals)
        clustered = self._dedup(ingested)
        check_clusters(self.work, ingested, clustered, recipe.dedup.limits)
        held = run_earlier(self, ingested, clustered, releases)
        linked = run_links(self, ingested)
        contaminated = run_decontaminate(self, ingested, items)
        found = Findings(clustered, held, linked, contaminated)
        selected = self._select(ingested, found, takedown)
        check_shares(selected, recipe.dedup.limits)
        settings = {
            "output": recipe.output.model_dump(mode="json"),
            "index": index.schemes(recipe.dedup.near_rules) if recipe.dedup.publish_index else None,
            "spans": recipe.privacy.spans,
            "toxicity": recipe.toxicity.action,
        }
        made_from = [*ingested, selected, *found.beside]
        key = stage_key("shard", shard.VERSION, settings, [item.digest for item in made_from])
        published = publish.already_published(self.out, key, recipe, inputs.skipped)
        if published is not None:
            return published
        shards = self._shard(ingested, found, key, takedown)
        with self.progress.stage("publish"):
            return publish.publish(
                self.out, recipe, inputs.skipped, ingested, selected, shards, key, contaminated, releases
            )

    def _ingest(self, files: Sequence[InputFile]) -> list[Completion]:
        recipe, work = self.recipe, self.work
        measuring, access = ingest.settings(recipe.policy(), recipe.reading), recipe.inputs.access()
        orders = [ingest.task(file, measuring, access) for file in files]
        waiting = [order for order in orders if ingest.completed(work, order) is None]
        with self.progress.stage("ingest", work, [order["folder"] for order in orders], total_size(files)) as note:
            for order in waiting:  # nothing of another version of the input may stay among the new parts
                remove_tree(join(work, order["folder"]))
            if waiting:
                # The largest first: a worker that begins with one ends no later than the others.
                size = {order["folder"]: file.bytes or 0 for order, file in zip(orders, files, strict=True)}
                waiting.sort(key=lambda order: (-size[order["folder"]], order["folder"]))
                url = self.orders("ingest/orders.jsonl", waiting)
                policy, reading = recipe.policy(), recipe.reading
                self.pipeline(lambda pipeline: ingest.build(pipeline, url, work, policy, reading), "ingest")
            note(
                f"{len(orders) - len(waiting)} of {len(orders)} inputs were done already" if waiting else "done already"
            )
        found = [ingest.completed(work, order) for order in orders]
        for order, completion in zip(orders, found, strict=True):
            if completion is None:
                raise JobError(f"ingest: {order['uri']}: the runner ended without reading it; run the command again")
        return [completion for completion in found if completion is not None]

    def _dedup(self, ingested: Sequence[Completion]) -> Completion:
        recipe = self.recipe
        later = {"keep", "limits", "against", "publish_index", "url", "lines", "paragraphs", "substrings"}
        settings = recipe.dedup.model_dump(mode="json", exclude=later)  # those are read by other stages
        settings["signatures"] = recipe.dedup.keeps_signatures
        key = stage_key("dedup", dedup.VERSION, settings, [item.digest for item in ingested])
        return self.once(
            dedup.FOLDER,
            key,
            lambda: self._clustered(ingested),
            lambda made: f"{made.facts['members']:,} documents have a copy",
        )

    def _clustered(self, ingested: Sequence[Completion]) -> Made:
        recipe, work = self.recipe, self.work
        clusters.write_facts(clusters.merged_facts([]), join(work, clusters.SIZES))
        parts = ingest.document_parts(ingested)
        if parts:
            documents = sum(item.facts["documents"] for item in ingested)
            orders = [
                {"documents": part.path, "source": part.source, "part": number} for number, part in enumerate(parts)
            ]
            url = self.orders("dedup/orders.jsonl", orders)
            plan = dedup.plan_for(documents)
            if any(rule.verify == "jaccard" for rule in recipe.dedup.near_rules.rules):
                self._verified(url, plan, documents)
            else:
                self._run_dedup(lambda pipeline: dedup.build(pipeline, url, work, recipe.dedup, plan))
            connect_pairs(self._run_dedup, work, url, plan)
        unneeded = [] if recipe.dedup.keeps_signatures else [signatures.FOLDER]
        for path in (*unneeded, dedup.PAIRS, STARS):
            remove_tree(join(work, path))
        facts = {"members": clusters.count_members(work), **json.loads(read_bytes(join(work, clusters.SIZES)))}
        recall = [verify.RECALL] if exists(join(work, verify.RECALL)) else []
        files = [*clusters.cluster_files(work), *clusters.member_files(work), clusters.SIZES, *recall]
        if recipe.dedup.keeps_signatures:
            files += [signatures.signature_path(part.path) for part in parts]
        return Made(files, facts)

    def _run_dedup(self, build: Callable[[beam.Pipeline], None]) -> None:
        self.pipeline(build, "dedup")

    def _verified(self, url: str, plan: clusters.Plan, documents: int) -> None:
        config, work = self.recipe.dedup, self.work
        self._run_dedup(lambda p: verify.build_propose(p, url, work, config, plan))
        group_candidates(self._run_dedup, work, url, plan, documents)
        sure = self.orders("dedup/sure.jsonl", [{"pairs": path} for path in array_files(work, verify.SURE)])
        self._run_dedup(lambda p: verify.build_verify(p, url, sure, work, config.near_rules, plan))
        for path in (verify.SURE, verify.PROPOSED, verify.PAIRS, verify.WANTED):
            remove_tree(join(work, path))

    def _select(self, ingested: Sequence[Completion], found: Findings, takedown: Takedown) -> Completion:
        recipe = self.recipe
        near_rules = recipe.dedup.near_rules
        settings = {
            "policy": recipe.policy().model_dump(mode="json"),
            "keep": recipe.dedup.keep.model_dump(mode="json"),
            "mixture": recipe.mixture,
            "near": {source: near_rules.threshold(source) for source in (CODE, WEB)},
            "seed": recipe.seed,
            **recipe.dedup.model_dump(mode="json", include={"url", "lines", "paragraphs", "substrings"}),
            "takedown": takedown.digest,
        }
        made_from = [*ingested, found.clustered, *found.beside]
        key = stage_key("select", select.VERSION, settings, [item.digest for item in made_from])

        def said(made: Completion) -> str:
            counts = made.facts["copies"].values()
            copied, passed = (sum(count[name] for count in counts) for name in ("copies", "passed"))
            return f"{copied:,} of {passed:,} documents that pass the rules are copies"

        return self.once(select.FOLDER, key, lambda: self._decided(ingested, found, takedown), said)

    def _decided(self, ingested: Sequence[Completion], found: Findings, takedown: Takedown) -> Made:
        recipe, work, held = self.recipe, self.work, found.held
        policy, seed = recipe.policy(), recipe.seed
        write_bytes(join(work, select.BOUNDS), json.dumps(bounds(policy), sort_keys=True).encode())
        rows = self._parts(ingested, found)
        documents = [row for row in rows if row["kind"] == "documents"]
        url = self.orders("select/documents.jsonl", documents)
        members = copies.Clusters(
            found.clustered.facts["members"],
            recipe.dedup.keep,
            held.facts["counts"]["documents held"] if held else 0,
            tuple(held.facts["labels"]) if held else (),
        )
        if recipe.dedup.url:
            passing, keep = sum(item.facts["documents"] for item in ingested), recipe.dedup.keep
            self.pipeline(lambda p: urls.build_urls(p, url, work, policy, keep, passing, takedown), "select")
        self.pipeline(lambda p: select.build_judge(p, url, work, policy, members, seed, takedown), "select")
        judged = load_histograms(join(work, select.JUDGED_TOKENS))
        removed = urls.count_url_copies(work, copies.found_copies(work, judged))
        cut = self._cut_levels(documents, judged)
        counted = cut_levels.count_dropped(removed, cut.totals)
        judged_as = {row["documents"]: row["judged"] for row in cut.rows}
        rows = [{**row, "judged": judged_as[row["documents"]]} if "judged" in row else row for row in rows]
        url = self.orders("select/documents.jsonl", [row for row in rows if row["kind"] == "documents"])
        mixture, cuts = self._mixture(url)
        every, near_rules = self.orders("select/orders.jsonl", rows), recipe.dedup.near_rules
        self.pipeline(lambda p: select.build_decide(p, every, work, policy, cuts, near_rules, seed, takedown), "select")
        pairs = copy_examples.example_pairs(work)
        if pairs:
            self.pipeline(lambda p: copy_examples.build_examples(p, url, work, pairs), "select")
        files = [select.HISTOGRAMS, select.SUMMARY, select.BOUNDS, *([copy_examples.EXAMPLES] if pairs else [])]
        files += [*(row["decisions"] for row in documents), *cut.lists]
        facts = {"mixture": mixture, "copies": counted, "cuts": {"levels": cut.totals, "lists": cut.lists}}
        return Made(files, facts)

    def _cut_levels(self, documents: Sequence[dict[str, Any]], judged: Histograms) -> CutParts:
        """Cut what documents share, and count what is left of their tokens."""
        recipe = self.recipe
        settings = cut_levels.CutSettings(self.work, recipe.dedup, recipe.tokenizer, recipe.seed)
        tokens = sum(int(counts.sum()) for name, counts in judged.items() if name.startswith("tokens "))
        found = cut_levels.run_levels(settings, documents, tokens, lambda build: self.pipeline(build, "select"))
        if found.changes:
            save_histograms(join(self.work, select.JUDGED_TOKENS), add_histograms([judged, found.changes]))
        return found

    def _parts(self, ingested: Sequence[Completion], found: Findings) -> list[dict[str, Any]]:
        """One row for each file of ingest, saying where what `select` makes of it goes."""
        rows = []
        matched = {file.path for file in found.held.outputs} if found.held else set()
        for number, part in enumerate(ingest.document_parts(ingested)):
            stem = "-".join(part.path.split("/")[-2:])
            rows.append(
                {
                    "kind": "documents",
                    "documents": part.path,
                    "part": number,
                    "judged": f"{select.FOLDER}/judged/{stem}",
                    "decisions": f"{select.FOLDER}/decisions/{stem}",
                    "source": part.source,
                    "columns": column_names(join(self.work, part.path)),
                    "links": links.linked_path(part.path) if found.linked and part.source == WEB else None,
                    "hits": decontaminate.hits_path(part.path) if self.recipe.decontaminate else None,
                    "earlier": match if (match := earlier.match_path(part.path)) in matched else None,
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
            self.pipeline(lambda p: select.build_boundary(p, url, work, inner, recipe.seed), "select")
            rows = json.loads(read_bytes(join(work, select.BOUNDARY)))
        cuts = {}
        for source, place in limits.items():
            mine = [row for row in rows if row[0] == source]
            places = np.array([row[1] for row in mine], np.uint64)
            sizes = np.array([row[3] for row in mine], np.int64)
            cuts[source] = mixing.cut(place, places, [row[2] for row in mine], sizes)
        return facts, cuts

    def _shard(self, ingested: Sequence[Completion], found: Findings, key: str, takedown: Takedown) -> list[Completion]:
        recipe, work = self.recipe, self.work
        histograms = load_histograms(join(work, select.HISTOGRAMS))
        rejected = histograms.pop("rejected", np.zeros(shard.ID_BUCKETS, np.int64))
        kept = {name.removeprefix("kept "): counts for name, counts in histograms.items()}
        with self.progress.stage("shard") as note:
            planned = shard.plan_tasks(kept, rejected, recipe.output.shard_bytes, key)
            if recipe.dedup.publish_index:
                planned += shard.index_tasks(publish.kept_documents(work), key)
            tasks = [task.__dict__ for task in planned]
            waiting = [task for task in tasks if shard.completed(work, task) is None]
            if len(waiting) == len(tasks):
                remove_tree(join(work, shard.FOLDER))
            if waiting:
                parts = self.orders("shard-parts.jsonl", self._parts(ingested, found))
                url = self.orders("shard-orders.jsonl", waiting)
                settings = shard.ShardSettings(
                    recipe.dedup.near_rules, takedown, recipe.privacy.spans, recipe.toxicity.action == "tag"
                )
                self.pipeline(lambda p: shard.build(p, url, work, parts, settings), "shard")
            else:
                note("done already")
        done = [shard.completed(work, task) for task in tasks]
        if any(completion is None for completion in done):
            raise JobError("shard: the runner ended without writing every shard; run the command again")
        return [completion for completion in done if completion is not None]
