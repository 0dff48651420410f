"""Stage `publish`: the manifest, counted from the files written; the report; and the swap that makes a build visible.

Everything is made beside the output first. The swap then takes the old manifest away, moves file after file into
place, deletes what the old build had and the new one has not, and puts the new manifest in place last, so a build
with a manifest is whole. A journal names the files, and lets the next run finish a swap that was interrupted.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curation import statistics
from curation.documents import INPUT_ERROR
from curation.reading.sources import SkippedInput
from manifests.dataset import ENTERED, KEPT, KIND, count_totals, listed_files, verify_totals
from manifests.digests import digest_json
from manifests.errors import JobError, UsageError
from manifests.files import exists, filesystem, is_local, join, read_bytes, size_of, write_bytes
from manifests.manifest import MANIFEST_NAME, code_identity, read_manifest, write_manifest
from pipelines import contamination
from pipelines.duplicates_view import read_duplicates
from pipelines.parts import read_columns, write_table
from pipelines.recipe import Recipe
from pipelines.records import WORK, Completion, files_below, remove_tree, written
from pipelines.releases import Release, parents_of
from pipelines.report import CLUSTERS_SHOWN, render_card, render_report
from pipelines.stages import cut_list, held, index, ingest, select, shard
from pipelines.stages.copies import largest_copies
from pipelines.stages.cut_list import write_cuts
from pipelines.stages.cut_parts import level_rules
from pipelines.toxicity_tags import toxicity_counts

STAGED = f"{WORK}/publish"
JOURNAL = f"{WORK}/publish.json"
PUBLISHED = f"{WORK}/published.json"
ERRORS = "errors/part-00000.parquet"
REPORT, CARD = "report.html", "README.md"
STAGES = (
    "ingest", "takedown", "language", "links", "license", "quality", "code", "toxicity", "privacy", "decontamination",
    "dedup", "mix", "publish",
)  # fmt: skip
"""Stages of the funnel, in the order in which documents meet them."""
FOLDERS = ("shards", "rejected", "errors", index.NAME, contamination.FOLDER, cut_list.FOLDER)
"""Folders of the output that hold nothing but files of the build."""


@dataclass(frozen=True)
class Published:
    """A finished build."""

    out: str
    manifest: dict[str, Any]
    fresh: bool  # False when everything was there already


def publish(
    out: str,
    recipe: Recipe,
    passed_over: Sequence[SkippedInput],
    ingested: Sequence[Completion],
    selected: Completion,
    shards: Sequence[Completion],
    shard_key: str,
    contaminated: Completion | None = None,
    releases: Sequence[Release] = (),
) -> Published:
    """Write manifest, report and card, and make the build visible in `out`."""
    work = join(out, WORK)
    staged = join(out, STAGED)
    remove_tree(staged)
    _write_errors(work, staged, ingested)
    write_cuts(work, staged, selected.facts["cuts"]["lists"])
    summary = statistics.from_json(read_bytes(join(work, select.SUMMARY)))
    document = manifest_document(recipe, work, staged, passed_over, ingested, selected, shards, summary, releases)
    if contaminated is not None and recipe.decontaminate is not None:
        files, document["decontamination"] = contamination.write_hits(work, staged, contaminated, recipe.decontaminate)
        document["files"] = sorted([*document["files"], *files], key=lambda entry: entry["path"])
    manifest = write_manifest(staged, document)
    page = render_report(manifest, summary, largest_copies(work, CLUSTERS_SHOWN), read_duplicates(work))
    write_bytes(join(staged, REPORT), page.encode())
    write_bytes(join(staged, CARD), render_card(manifest, summary).encode())
    moves = [[f"{WORK}/{file.path}", shard.place(file.path)] for item in shards for file in item.outputs]
    moves += [[f"{STAGED}/{name}", name] for name in files_below(staged) if name != MANIFEST_NAME]
    write_bytes(join(out, JOURNAL), json.dumps({"shard_key": shard_key, "moves": moves}).encode())
    finish_swap(out)
    return Published(out, read_manifest(out), fresh=True)


def finish_swap(out: str) -> None:
    """Move the files of a new build into place; also ends a swap that an earlier run began.

    Does nothing without a journal. Every step can be repeated, so it may be interrupted between any two.
    """
    if not exists(join(out, JOURNAL)):
        return
    journal = json.loads(read_bytes(join(out, JOURNAL)))
    staged = join(out, STAGED)
    if exists(join(staged, MANIFEST_NAME)):
        remove_tree(join(out, MANIFEST_NAME))
        for source, target in journal["moves"]:
            if exists(join(out, source)):
                move(join(out, source), join(out, target))
        _remove_others(out, {target for _, target in journal["moves"]})
        move(join(staged, MANIFEST_NAME), join(out, MANIFEST_NAME))
    record = {"shard_key": journal["shard_key"], "digest": read_manifest(out)["digest"]}
    write_bytes(join(out, PUBLISHED), json.dumps(record).encode())
    remove_tree(join(out, WORK, shard.FOLDER))
    remove_tree(staged)
    remove_tree(join(out, JOURNAL))


def skipped_entries(passed_over: Sequence[SkippedInput]) -> list[dict[str, str]]:
    """Files that the inputs' patterns cover and that are no input, as the manifest lists them."""
    return [{"uri": item.uri, "reason": item.reason} for item in passed_over]


def already_published(
    out: str, shard_key: str, recipe: Recipe, passed_over: Sequence[SkippedInput]
) -> Published | None:
    """The build in `out` when it is what this recipe and these inputs make, with every file in its size."""
    try:
        record = json.loads(read_bytes(join(out, PUBLISHED)))
        manifest = read_manifest(out)
    except (FileNotFoundError, ValueError, UsageError):
        return None
    if record != {"shard_key": shard_key, "digest": manifest["digest"]}:
        return None
    if manifest["recipe_digest"] != digest_json(recipe.model_dump(mode="json")):
        return None
    if manifest["passed_over"] != skipped_entries(passed_over):
        return None
    if any(size_of(join(out, entry["path"])) != entry["bytes"] for entry in listed_files(manifest)):
        return None
    return Published(out, manifest, fresh=False)


def manifest_document(
    recipe: Recipe,
    work: str,
    staged: str,
    passed_over: Sequence[SkippedInput],
    ingested: Sequence[Completion],
    selected: Completion,
    shards: Sequence[Completion],
    summary: statistics.Summary,
    releases: Sequence[Release] = (),
) -> dict[str, Any]:
    """The manifest's content; counts come from the files in `work` and `staged`.

    Raises:
        JobError: the files do not add up to what was read, which would be a defect of ours.
    """
    resolved = recipe.model_dump(mode="json")
    shard_rows, rejected_rows, index_files = [], [], []
    for completion in shards:
        output = completion.outputs[0]
        entry = {
            "path": shard.place(output.path), "bytes": output.bytes, "sha256": output.sha256,
            "documents": completion.facts["documents"],
        }  # fmt: skip
        if completion.facts["kind"] == shard.REJECTED_NAME:
            rejected_rows.append(entry)
        elif completion.facts["kind"] == index.NAME:
            index_files.append({**entry, "source": completion.facts["source"]})
        else:
            shard_rows.append({**entry, "source": completion.facts["source"], "tokens": completion.facts["tokens"]})
    document: dict[str, Any] = {
        "kind": KIND,
        "name": recipe.name,
        "version": recipe.version,
        "recipe": resolved,
        "recipe_digest": digest_json(resolved),
        "code": code_identity(),
        "inputs": sorted((dict(item.facts) for item in ingested), key=lambda entry: (entry["uri"], entry["kind"])),
        "passed_over": skipped_entries(passed_over),
        "shards": sorted(shard_rows, key=lambda entry: entry["path"]),
        "rejected": sorted(rejected_rows, key=lambda entry: entry["path"]),
        "files": _extra_files(staged),
        "index": index.index_section(recipe.dedup, index_files),
        "funnel": funnel(work, rejected_rows, ingested, summary, rule_order(recipe)),
        "toxicity": toxicity_counts(summary),
        "mixture": selected.facts["mixture"],
        "cuts": selected.facts["cuts"]["levels"],
        "parents": parents_of(releases),
    }
    document["privacy"] = privacy_section(recipe, [item.facts["privacy"] for item in shards if "privacy" in item.facts])
    document["privacy"]["documents"]["dropped"] = sum(
        row["documents"] for row in document["funnel"] if row["stage"] == "privacy"
    )
    document["totals"] = count_totals(document)
    problems = [problem.message for problem in verify_totals(document)]
    if problems:
        raise JobError("publish: the build does not add up: " + "; ".join(problems))
    return document


def privacy_section(recipe: Recipe, counted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was done about personal data in the shards, summed up from what was counted as each was written.

    `spans` are by type and policy. `documents` are `replaced` when any span was, `kept_spans` when all that was found
    stayed by policy, else `untouched`. `secret` is the fingerprint of the secret of stand-ins, null where none was
    needed: builds with the same one have the same stand-ins for the same values of a document.
    """
    keys = recipe.privacy.detector().keys()
    spans: dict[str, Counter[str]] = {}
    documents: Counter[str] = Counter(dict.fromkeys(("replaced", "kept_spans", "untouched"), 0))
    for facts in counted:
        documents.update(facts["documents"])
        for name, policies in facts["spans"].items():
            spans.setdefault(name, Counter()).update(policies)
    return {
        "secret": keys.fingerprint if keys else None,
        "scope": recipe.privacy.scope if keys else None,
        "spans": {name: dict(sorted(found.items())) for name, found in sorted(spans.items())},
        "documents": dict(documents),
    }


def funnel(
    work: str,
    rejected: Sequence[dict[str, Any]],
    ingested: Sequence[Completion],
    summary: statistics.Summary,
    rule_order: Sequence[str],
) -> list[dict[str, Any]]:
    """Rows of (source, stage, rule, documents, tokens): what entered, what each rule removed, what was kept.

    Removed documents are counted from the rejected files; their tokens come from the decisions.
    """
    counted: Counter[tuple[str, str, str]] = Counter()
    for entry in rejected:
        table = read_columns(join(work, shard.FOLDER, entry["path"]), ["source", "stage", "rule"])
        counted.update(zip(*(table[name].to_pylist() for name in ("source", "stage", "rule")), strict=True))
    rows = []
    entered: Counter[str] = Counter()
    for group, (documents, tokens) in sorted(summary.outcomes.items()):
        source, stage, rule = (str(part) for part in group)
        if stage == statistics.KEPT:
            rows.append(_funnel_row(source, "publish", KEPT, documents, tokens))
        else:
            if counted[(source, stage, rule)] != documents:
                raise JobError(f"publish: {rule}: {documents} decided, {counted[(source, stage, rule)]} written")
            rows.append(_funnel_row(source, stage, rule, documents, tokens))
        entered[source] += documents
    errors: Counter[str] = Counter()
    for completion in ingested:
        errors[ingest.source_of(completion)] += completion.facts["errors"]
    entered.update(errors)
    rows += [_funnel_row(source, "ingest", "error", count, 0) for source, count in sorted(errors.items()) if count]
    rows += [_funnel_row(source, "ingest", ENTERED, count, 0) for source, count in sorted(entered.items()) if count]
    place = {name: index for index, name in enumerate(rule_order)}
    return sorted(
        rows,
        key=lambda row: (
            row["source"],
            row["rule"] != ENTERED,
            STAGES.index(row["stage"]),
            place.get(row["rule"], -1),
            row["rule"],
        ),
    )


def kept_documents(work: str) -> dict[str, int]:
    """Source -> documents that `select` keeps of it, by its summary; sources of which it keeps none are not named."""
    outcomes = statistics.from_json(read_bytes(join(work, select.SUMMARY))).outcomes
    kept: Counter[str] = Counter()
    for group, (documents, _) in outcomes.items():
        if group[1] == statistics.KEPT and documents:
            kept[str(group[0])] += documents
    return dict(sorted(kept.items()))


def rule_order(recipe: Recipe) -> list[str]:
    """Names of the rules in the order in which they are applied, first names first."""
    named = (rule.name for rules in (recipe.quality.resolve(), recipe.code.resolve()) for rule in rules.rules)
    copies = (*held.RULES, "same_record", "url", "exact", "near", *level_rules())
    return list(dict.fromkeys(["language.other", "language.uncertain", *named, *copies]))


def _funnel_row(source: str, stage: str, rule: str, documents: int, tokens: int) -> dict[str, Any]:
    return {"source": source, "stage": stage, "rule": rule, "documents": documents, "tokens": tokens}


def _write_errors(work: str, staged: str, ingested: Sequence[Completion]) -> None:
    files = ingest.error_files(ingested)
    if files:
        table = pa.concat_tables([read_columns(join(work, file.path)) for file in files])
        keys = [(name, "ascending") for name in ("uri", "path", "offset", "reason", "detail")]
        write_table(join(staged, ERRORS), table.sort_by(keys).cast(INPUT_ERROR))


def _extra_files(staged: str) -> list[dict[str, Any]]:
    names = [name for name in files_below(staged) if name == ERRORS or name.startswith(f"{cut_list.FOLDER}/")]
    files = [written(staged, name) for name in names]
    return [{"path": file.path, "bytes": file.bytes, "sha256": file.sha256} for file in files]


def _remove_others(out: str, named: Set[str]) -> None:
    """Delete the files of an earlier build that are not among `named`, and folders that are empty without them."""
    for folder in FOLDERS:
        for name in files_below(join(out, folder)):
            if f"{folder}/{name}" not in named:
                remove_tree(join(out, folder, name))
        if is_local(out):
            for path, _, _ in os.walk(filesystem(join(out, folder))[1], topdown=False):
                if not os.listdir(path):
                    os.rmdir(path)


def move(source: str, target: str) -> None:
    """Rename a file over what is at `target`; on an object store copy it, then delete it."""
    fs, path = filesystem(source)
    destination = filesystem(target)[1]
    if is_local(source):
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        os.replace(path, destination)
    else:
        fs.cp_file(path, destination)
        fs.rm_file(path)
