"""What a build reads, and whether too much of it was damaged."""

from __future__ import annotations

import os
from collections.abc import Sequence

from curation.reading.common_crawl import expand_crawls
from curation.reading.remote import is_url
from curation.reading.sources import InputFile, Inputs, expand, merged
from manifests.errors import JobError, UsageError
from manifests.files import filesystem, is_local
from pipelines.recipe import Recipe
from pipelines.records import Completion


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


def total_size(files: Sequence[InputFile]) -> int:
    """Bytes of all inputs whose size is known."""
    return sum(file.bytes or 0 for file in files)
