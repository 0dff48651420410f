"""The report of a build (one HTML page, no script, nothing fetched) and its dataset card.

Everything that comes from crawled documents is escaped by the template engine, stripped of control characters and
set apart from the text direction around it; the page's content security policy allows no script at all.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from markupsafe import Markup

from curation.documents import CODE
from curation.statistics import Summary, from_json
from manifests.digests import canonical_json
from manifests.errors import UsageError
from manifests.files import exists, join, read_bytes, write_bytes
from manifests.manifest import read_manifest
from pipelines import privacy_view
from pipelines import report_views as views
from pipelines.charts import stacked_bar
from pipelines.duplicates_view import Duplicates, read_duplicates, rule_views, sizes_chart
from pipelines.records import WORK
from pipelines.stages.copies import largest_copies, rank_clusters

REPORT_NAME = "report.html"
CARD_NAME = "README.md"
SUMMARY_PATH = (".work", "select", "summary.json")

MEMBER_COLUMNS = ["id", "uri", "source", "tokens", "kept", "rule", "similarity"]
COPY_COLUMNS = pa.schema(
    [
        ("component", pa.binary(16)),
        ("id", pa.string()),
        ("uri", pa.string()),
        ("source", pa.string()),
        ("tokens", pa.int64()),
        ("kept", pa.bool_()),
        ("rule", pa.string()),
        ("similarity", pa.float64()),
    ]
)
"""What the report needs to know of each document that has a copy; `rule` is null where it was not removed as one."""

CLUSTERS_SHOWN = 12
MEMBERS_SHOWN = 8
SHARDS_SHOWN = 60

_CONTROL: dict[int, str | None] = {
    **dict.fromkeys([*range(32), *range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd"),
    ord("\n"): "\n",
    ord("\t"): "\t",
    ord("\r"): None,
}
_ABSENT = {
    "name": "dataset",
    "version": "",
    "created": "",
    "digest": "",
    "recipe_digest": "",
    "code": None,
    "parents": (),
}
_ISO_639 = re.compile(r"[a-z]{2,3}")
_SIZE_STEPS = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")


@dataclass(frozen=True)
class ClusterMember:
    """One document of a cluster. `rule` says how it was found to be a copy of the kept one.

    None of both `kept` and `rule` where the document had failed another rule before copies were looked at.
    """

    id: str
    uri: str
    source: str
    tokens: int
    kept: bool
    rule: str | None
    similarity: float | None


@dataclass(frozen=True)
class ClusterView:
    """A cluster of duplicates: documents, how many were removed as copies, tokens, some members, the kept one first."""

    size: int
    removed: int
    tokens: int
    members: tuple[ClusterMember, ...]
    component: str = ""  # its key in hex


def largest_clusters(copies: pa.Table, count: int = CLUSTERS_SHOWN, members: int = MEMBERS_SHOWN) -> list[ClusterView]:
    """The first clusters of `rank_clusters`; of each some members, the kept copy and the likest first.

    Args:
        copies: a row for each document that has a copy, with at least the columns of `COPY_COLUMNS`.
        count: how many clusters.
        members: how many members of each.
    """
    ranked = rank_clusters(copies)
    largest = [place for place in ranked.order.tolist() if ranked.documents[place] > 1]
    order = [("kept", "descending"), ("similarity", "descending"), ("id", "ascending"), ("uri", "ascending")]
    clusters = []
    for place in largest[:count]:
        rows = copies.filter(pa.array(ranked.codes == place))
        shown = rows.sort_by(order).slice(0, members).select(MEMBER_COLUMNS).to_pylist()
        tokens = pc.sum(rows["tokens"]).as_py() or 0
        named = rows["component"][0].as_py().hex()
        removed, of_all = int(ranked.removed[place]), int(ranked.documents[place])
        clusters.append(ClusterView(of_all, removed, tokens, tuple(ClusterMember(**one) for one in shown), named))
    return clusters


def render_report(
    manifest: Mapping[str, Any], summary: Summary, copies: pa.Table, duplicates: Duplicates | None = None
) -> str:
    """The whole report as one HTML page.

    Args:
        manifest: the build's manifest. What was kept is counted from its `shards`, what was removed from its `funnel`,
            whose rows are shown in the order they have.
        summary: the merged summary of all parts, ingest included.
        copies: a row for each document that has a copy, with at least the columns of `COPY_COLUMNS`.
        duplicates: what else is known of the copies.
    """
    duplicates = duplicates or Duplicates()
    kept_samples, dropped_samples = views.sample_groups(summary)
    hosts, hosts_sampled = views.host_rows(summary)
    shown_inputs, more_inputs = views.inputs(manifest)
    shards = manifest.get("shards", [])
    context = {
        "manifest": {**_ABSENT, **manifest},
        "totals": views.totals(manifest),
        "funnels": views.funnels(manifest, summary),
        "mixture": views.mixture(manifest),
        "inputs": [(item, views.input_note(item)) for item in shown_inputs],
        "more_inputs": more_inputs,
        "errors": sorted(summary.errors.items(), key=lambda item: (-item[1][0], item[0])),
        "error_samples": summary.error_samples,
        "lengths": views.length_charts(summary),
        "languages": views.language_rows(summary),
        "licenses": views.license_rows(summary),
        "pii": views.pii_rows(summary),
        "policies": privacy_view.POLICIES,
        "policy_rows": privacy_view.policy_rows(manifest),
        "privacy": manifest.get("privacy"),
        "cuts": sorted(summary.cuts.items()),
        "levels": views.level_rows(manifest),
        "hosts": hosts,
        "hosts_sampled": hosts_sampled,
        "signals": views.signal_charts(summary),
        "similarity": views.similarity_chart(summary),
        "clusters": [(cluster, _uri_differences(cluster)) for cluster in largest_clusters(copies)],
        "near_rules": rule_views(manifest, duplicates),
        "cluster_sizes": sizes_chart(duplicates.sizes),
        "examples": duplicates.examples,
        "kept_samples": kept_samples,
        "dropped_samples": dropped_samples,
        "recipe": _yaml(manifest.get("recipe") or {}),
        "shards": shards[:SHARDS_SHOWN],
        "more_shards": max(0, len(shards) - SHARDS_SHOWN),
    }
    return environment().get_template("report.html.jinja").render(context)


def render_card(manifest: Mapping[str, Any], summary: Summary) -> str:
    """The dataset card: Markdown with the YAML front matter that the Hugging Face hub reads.

    `license` is `other`: pages keep the rights of their sites, and each document of code names its own licence.
    """
    totals = views.totals(manifest)
    sources = sorted({item["source"] for item in manifest.get("shards", [])})
    languages = sorted(
        {
            str(key[1])
            for key, numbers in summary.languages.items()
            if key[0] != CODE and numbers[0] and key[1] != "und" and _ISO_639.fullmatch(str(key[1]))
        }
    )
    licenses = sorted({str(key[1]) for key, numbers in summary.licenses.items() if numbers[0] and key[1]})
    front = {
        "pretty_name": manifest.get("name", "dataset"),
        "license": "other",
        "license_name": "per-document",
        "license_link": "#licences",
        "language": languages,
        "size_categories": [_size_category(totals.kept)],
        "task_categories": ["text-generation"],
        "tags": ["pretraining", "winnow", *(["code"] if CODE in sources else [])],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "shards/*/*.parquet"}],
                "default": True,
            },
            *(
                {"config_name": source, "data_files": [{"split": "train", "path": f"shards/{source}/*.parquet"}]}
                for source in sources
            ),
        ],
    }
    context = {
        "front": yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=110),
        "manifest": {**_ABSENT, **manifest},
        "totals": totals,
        "funnels": views.funnels(manifest, summary),
        "mixture": views.mixture(manifest),
        "languages": views.language_rows(summary),
        "licenses": licenses,
        "pii": views.pii_rows(summary),
        "policy_rows": privacy_view.policy_rows(manifest),
        "recipe": manifest.get("recipe") or {},
    }
    return environment().get_template("card.md.jinja").render(context)


def write_report(out: str) -> None:
    """Write `out/report.html` again from the build's manifest and the files of its last run.

    Raises:
        UsageError: `out` is no finished build, or its work files are gone.
    """
    manifest = read_manifest(out)
    if manifest.get("kind") == "model":
        raise UsageError(f"{out}: this is a model's manifest; `winnow report` draws a dataset build (`winnow curate`)")
    if not exists(join(out, *SUMMARY_PATH)):
        raise UsageError(
            f"{join(out, *SUMMARY_PATH)}: missing, so the report cannot be drawn again; run `winnow curate` with the "
            f"same recipe and --out {out} to bring it back"
        )
    try:
        summary = from_json(read_bytes(join(out, *SUMMARY_PATH)))
        copies = largest_copies(join(out, WORK), CLUSTERS_SHOWN, COPY_COLUMNS)
        duplicates = read_duplicates(join(out, WORK))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(
            f"{join(out, '.work', 'select')}: cannot be read ({error}); delete this folder and run `winnow curate` "
            f"with the same recipe and --out {out}"
        ) from error
    write_bytes(join(out, REPORT_NAME), render_report(manifest, summary, copies, duplicates).encode())


@functools.cache
def environment() -> jinja2.Environment:
    """Templates of this package, with what makes crawled text safe to print; every page of ours is drawn with it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.jinja",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    environment.filters.update(
        short=views.short,
        size=views.size,
        percent=views.percent,
        plain=views.plain,
        count=lambda value: f"{value:,}",
        code=_code_span,
    )
    environment.globals.update(bar=stacked_bar)
    return environment


def _yaml(value: Any) -> str:
    """YAML of JSON data with sorted keys: the same text before and after the manifest was written."""
    return yaml.safe_dump(json.loads(canonical_json(value)), sort_keys=True, allow_unicode=True, width=110)


def _visible(value: Any) -> Any:
    """Text without control characters and lone surrogates; jinja applies this to everything it prints."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return value.translate(_CONTROL)


def _code_span(value: Any) -> str:
    """A Markdown code span that nothing inside can leave, usable in a table cell."""
    flat = " ".join(str(value).translate(_CONTROL).split()).replace("`", "'").replace("|", "¦")
    return f"`{flat[:200]}`" if flat else "–"


def _uri_differences(cluster: ClusterView) -> list[tuple[str, str, str]]:
    """Each member's URI as (shared with the first member, differing middle, shared)."""
    first = cluster.members[0].uri if cluster.members else ""
    parts = []
    for member in cluster.members:
        uri = member.uri
        head = _shared(first, uri)
        tail = _shared(first[head:][::-1], uri[head:][::-1])
        parts.append((uri[:head], uri[head : len(uri) - tail], uri[len(uri) - tail :]))
    return parts


def _shared(a: str, b: str) -> int:
    """How many characters two strings begin with in common."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _size_category(documents: int) -> str:
    """The hub's name for a number of documents: `n<1K`, `1K<n<10K`, ... `n>1T`."""
    step = next((k for k in range(len(_SIZE_STEPS)) if documents < 1000 * 10**k), len(_SIZE_STEPS))
    if step == 0:
        return f"n<{_SIZE_STEPS[0]}"
    return f"n>{_SIZE_STEPS[-1]}" if step == len(_SIZE_STEPS) else f"{_SIZE_STEPS[step - 1]}<n<{_SIZE_STEPS[step]}"


__all__ = [
    "CARD_NAME",
    "COPY_COLUMNS",
    "REPORT_NAME",
    "ClusterMember",
    "ClusterView",
    "largest_clusters",
    "render_card",
    "render_report",
    "write_report",
]
