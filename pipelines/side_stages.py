"""Stages that a recipe may leave out: earlier releases, link votes, evaluation items. All write facts for `select`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from curation.decontamination.items import ItemFile
from curation.documents import WEB
from manifests.errors import UsageError
from manifests.files import digest_file, exists, join
from pipelines.records import COMPLETION, Completion, load_completion, remove_tree, save_completion, stage_key, written
from pipelines.releases import Release
from pipelines.stage_runner import StageRunner
from pipelines.stages import decontaminate, dedup, earlier, ingest, links


def run_earlier(
    runner: StageRunner, ingested: Sequence[Completion], clustered: Completion, releases: Sequence[Release]
) -> Completion | None:
    """Which documents earlier releases hold; None where the recipe names no release."""
    recipe, work = runner.recipe, runner.work
    if not releases:
        remove_tree(join(work, earlier.FOLDER))
        return None
    settings = recipe.dedup.model_dump(mode="json", include={"exact", "minhash", "minhash_by_source"})
    named = [[release.label, release.digest] for release in releases]
    key = stage_key("earlier", earlier.VERSION, {**settings, "releases": named}, [clustered.digest])
    with runner.progress.stage("earlier") as note:
        found = load_completion(work, earlier.RECORD, key)
        if found is not None:
            note("done already")
            return found
        remove_tree(join(work, earlier.FOLDER))
        parts = ingest.document_parts(ingested)
        documents = sum(item.facts["documents"] for item in ingested)
        counts: dict[str, int] = {}
        if parts:
            urls = (
                runner.orders("earlier/parts.jsonl", earlier.part_orders(parts)),
                runner.orders("earlier/files.jsonl", earlier.file_orders(releases)),
            )
            bits = earlier.filter_bits(documents, recipe.dedup)
            sizes = (bits, dedup.partitions_for(documents))
            runner.pipeline(lambda p: earlier.build_filter(p, urls[0], work, recipe.dedup, bits), "earlier")
            runner.pipeline(lambda p: earlier.build_probe(p, urls[1], work, recipe.dedup, sizes), "earlier")
            runner.pipeline(lambda p: earlier.build_match(p, urls, work, recipe.dedup, sizes), "earlier")
            counts = earlier.stored_counts(work)
        places = [earlier.match_path(part.path) for part in parts]
        matched = [path for path in places if exists(join(work, path))]
        counts["documents held"] = sum(earlier.documents_held(work, path) for path in matched)
        for path in earlier.TEMPORARY:
            remove_tree(join(work, path))
        facts = {"counts": counts, "labels": [release.label for release in releases], "releases": named}
        completion = Completion(key, tuple(written(work, path) for path in matched), facts)
        save_completion(work, earlier.RECORD, completion)
        note(f"{counts['documents held']:,} documents match one of {counts.get('documents read', 0):,} earlier ones")
        return completion


def run_links(runner: StageRunner, ingested: Sequence[Completion]) -> Completion | None:
    """Votes for the pages, where there are WAT files or a list to count them from."""
    recipe, work = runner.recipe, runner.work
    parts, listed = ingest.link_parts(ingested), recipe.links.votes
    if not parts and listed is None:
        remove_tree(join(work, links.FOLDER))
        if recipe.links.min_votes:
            raise UsageError(links.NOTHING_VOTES)
        return None
    settings = {"voter": recipe.links.voter, "votes": digest_file(listed)[0] if listed else None}
    key = stage_key("links", links.VERSION, settings, [item.digest for item in ingested])
    record = f"{links.FOLDER}/{COMPLETION}"
    with runner.progress.stage("links") as note:
        found = load_completion(work, record, key)
        if found is not None:
            note("done already")
            return found
        remove_tree(join(work, links.FOLDER))
        pages = [part.path for part in ingest.document_parts(ingested) if part.source == WEB]
        linking = sum((Counter(item.facts.get("links", {})) for item in ingested), Counter[str]())
        if pages:
            documents = sum(item.facts["documents"] for item in ingested)
            sizes = links.plan(documents, linking["pages"], linking["links"])
            orders = links.orders(pages, [part.path for part in parts], listed)
            mine = runner.orders("links/documents.jsonl", [row for row in orders if row["kind"] == "documents"])
            runner.pipeline(lambda p: links.build_wanted(p, mine, work, sizes), "links")
            url = runner.orders("links/orders.jsonl", orders)
            runner.pipeline(lambda p: links.build_votes(p, url, work, recipe.links, sizes), "links")
        outputs = tuple(written(work, links.linked_path(path)) for path in pages)
        completion = Completion(key, outputs, dict(sorted(linking.items())))
        save_completion(work, record, completion)
        note(f"{linking['links']:,} links of {linking['pages']:,} pages")
        return completion


def run_decontaminate(
    runner: StageRunner, ingested: Sequence[Completion], items: Sequence[ItemFile]
) -> Completion | None:
    """Where evaluation items stand in the documents, when the recipe names some."""
    work, section = runner.work, runner.recipe.decontaminate
    if section is None:
        remove_tree(join(work, decontaminate.FOLDER))
        return None
    key = decontaminate.key(section, items, [item.digest for item in ingested])
    with runner.progress.stage("decontaminate") as note:
        found = load_completion(work, decontaminate.COMPLETION, key)
        if found is not None:
            note("done already")
            return found
        remove_tree(join(work, decontaminate.FOLDER))
        facts = decontaminate.prepare(work, section)
        parts = [part.path for part in ingest.document_parts(ingested)]
        if parts:
            url = runner.orders("decontaminate/orders.jsonl", [{"documents": path} for path in parts])
            runner.pipeline(lambda pipeline: decontaminate.build(pipeline, url, work), "decontaminate")
        remove_tree(join(work, decontaminate.INDEX))
        outputs = tuple(written(work, decontaminate.hits_path(path)) for path in parts)
        completion = Completion(key, outputs, {"benchmarks": facts, "files": [asdict(file) for file in items]})
        save_completion(work, decontaminate.COMPLETION, completion)
        note(f"{sum(one['items'] for one in facts.values()):,} items looked for")
        return completion
