"""Stages that a recipe may leave out: earlier releases, link votes, evaluation items. All write facts for `select`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from curation.decontamination.items import ItemFile
from curation.documents import WEB
from manifests.errors import UsageError
from manifests.files import digest_file, exists, join
from pipelines.records import Completion, remove_tree, stage_key
from pipelines.releases import Release
from pipelines.stage_runner import Made, StageRunner
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

    def make() -> Made:
        parts = ingest.document_parts(ingested)
        counts: dict[str, int] = {}
        if parts:
            documents = sum(item.facts["documents"] for item in ingested)
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
        return Made(matched, {"counts": counts, "labels": [release.label for release in releases], "releases": named})

    def said(made: Completion) -> str:
        counts = made.facts["counts"]
        return f"{counts['documents held']:,} documents match one of {counts.get('documents read', 0):,} earlier ones"

    return runner.once(earlier.FOLDER, key, make, said)


def run_links(runner: StageRunner, ingested: Sequence[Completion]) -> Completion | None:
    """Votes for the pages, where there are WAT files or a list to count them from."""
    recipe, work = runner.recipe, runner.work
    parts, listed = ingest.link_parts(ingested), recipe.links.votes
    if not parts and listed is None:
        remove_tree(join(work, links.FOLDER))
        pages = any(part.source == WEB for part in ingest.document_parts(ingested))
        if pages and links.wants_votes(recipe.policy()):
            raise UsageError(links.NOTHING_VOTES)
        return None
    settings = {"voter": recipe.links.voter, "votes": digest_file(listed)[0] if listed else None}
    key = stage_key("links", links.VERSION, settings, [item.digest for item in ingested])
    linking = sum((Counter(item.facts.get("links", {})) for item in ingested), Counter[str]())

    def make() -> Made:
        pages = [part.path for part in ingest.document_parts(ingested) if part.source == WEB]
        if pages:
            documents = sum(item.facts["documents"] for item in ingested)
            sizes = links.plan(documents, linking["pages"], linking["links"])
            orders = links.orders(pages, [part.path for part in parts], listed)
            mine = runner.orders("links/documents.jsonl", [row for row in orders if row["kind"] == "documents"])
            runner.pipeline(lambda p: links.build_wanted(p, mine, work, sizes), "links")
            url = runner.orders("links/orders.jsonl", orders)
            runner.pipeline(lambda p: links.build_votes(p, url, work, recipe.links, sizes), "links")
        return Made(map(links.linked_path, pages), dict(sorted(linking.items())))

    return runner.once(links.FOLDER, key, make, lambda _: f"{linking['links']:,} links of {linking['pages']:,} pages")


def run_decontaminate(
    runner: StageRunner, ingested: Sequence[Completion], items: Sequence[ItemFile]
) -> Completion | None:
    """Where evaluation items stand in the documents, when the recipe names some."""
    work, section = runner.work, runner.recipe.decontaminate
    if section is None:
        remove_tree(join(work, decontaminate.FOLDER))
        return None
    key = decontaminate.key(section, items, [item.digest for item in ingested])

    def make() -> Made:
        facts = decontaminate.prepare(work, section)
        parts = [part.path for part in ingest.document_parts(ingested)]
        if parts:
            url = runner.orders("decontaminate/orders.jsonl", [{"documents": path} for path in parts])
            runner.pipeline(lambda pipeline: decontaminate.build(pipeline, url, work), "decontaminate")
        remove_tree(join(work, decontaminate.INDEX))
        found = {"benchmarks": facts, "files": [asdict(file) for file in items]}
        return Made(map(decontaminate.hits_path, parts), found)

    def said(made: Completion) -> str:
        return f"{sum(one['items'] for one in made.facts['benchmarks'].values()):,} items looked for"

    return runner.once(decontaminate.FOLDER, key, make, said)
