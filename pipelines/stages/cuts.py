"""Within `select`: lines, paragraphs and runs of tokens that documents share are cut, after rules and copies are known.

One level after the other, each on what the ones before left. A level reads the texts of the documents that are still
in, and shuffles hashes of their distinct lines (or windows) under few keys; each part then writes its decisions anew
with what is cut in them, beside a list of it. Documents that did not pass the rules, and copies, take no part: they cut
nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from curation import mixing
from curation.dedup import cutting, occurrences
from curation.dedup.cutting import Removal
from curation.dedup.levels import SubstringsConfig
from curation.documents import DECISION
from curation.tokenise import TokenCounter
from manifests.files import join, write_bytes
from pipelines.parts import read_columns, sort_rows, write_table
from pipelines.recipe import DedupConfig
from pipelines.runner import ReadTasks, explained, read_json_lines, write_json_lines
from pipelines.stages.copies import load_removed
from pipelines.stages.cut_parts import Level, PartDocuments, levels_of, load_documents, without
from pipelines.stages.histograms import Histograms, WriteHistograms, load_histograms

FOLDER = "select"
SHOWN_CHARACTERS = 200
"""Characters of a cut passage that are listed."""
FACTS = ("documents", "spans", "characters", "dropped")
"""What is counted of each level, by source."""
PARTITIONS = 4096
"""Shuffle keys of a level at most: each part sends a block to each."""
ANCHOR_TOKENS, LINE_TOKENS, WINDOW_TOKENS = 24_000_000, 16_000_000, 4_000_000
"""Tokens of text for one shuffle key, which is some two million entries."""

CUT = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("level", pa.string()),  # lines, paragraphs or substrings
        ("start", pa.int32()),  # characters of the text before anything was cut
        ("end", pa.int32()),
        ("duplicate_of", pa.string()),  # a document that has it too; the document's own id where it repeats itself
        ("text", pa.string()),  # how it begins
    ]
)
"""One row per passage that a level cut, from documents that it dropped too."""

Run = Callable[[Callable[[beam.Pipeline], None]], None]


@dataclass(frozen=True)
class CutSettings:
    """What the levels of a build need to know."""

    work: str
    dedup: DedupConfig
    tokenizer: str
    seed: int


def run_levels(settings: CutSettings, rows: Sequence[dict[str, Any]], tokens: int, run: Run) -> CutParts:
    """Run every level of the recipe over the judged parts.

    Args:
        settings: the recipe's settings.
        rows: work orders of `select`, those of documents.
        tokens: of the eligible documents.
        run: runs one pipeline.
    """
    parts = [dict(row) for row in rows]
    lists: list[str] = []
    totals: dict[str, dict[str, dict[str, int]]] = {}
    changes: Histograms = {}
    for level in levels_of(settings.dedup):
        orders = [_order(part, level.name) for part in parts if part["source"] in level.config.sources]
        for index, order in enumerate(orders):
            order["index"] = index
        if not orders:
            continue
        url = join(settings.work, f"{FOLDER}/{level.name}/orders.jsonl")
        write_json_lines(url, orders)
        if isinstance(level.config, SubstringsConfig):
            run(functools.partial(build_anchors, url=url, settings=settings, level=level, tokens=tokens))
        run(functools.partial(build_level, url=url, settings=settings, level=level, tokens=tokens))
        found = load_histograms(join(settings.work, f"{FOLDER}/{level.name}/changes.json"))
        totals[level.name] = {}
        for name, counts in sorted(found.items()):
            if name.startswith("facts "):
                totals[level.name][name.removeprefix("facts ")] = dict(zip(FACTS, counts.tolist(), strict=True))
            else:
                changes[name] = changes[name] + counts if name in changes else counts
        new = {order["documents"]: order["recut"] for order in orders}
        for part in parts:
            part["judged"] = new.get(part["documents"], part["judged"])
        lists += [order["cuts"] for order in orders]
    return CutParts(parts, lists, totals, changes)


@dataclass(frozen=True)
class CutParts:
    """The parts with their new decisions, lists of what was cut, counts by level and source, and changed tokens."""

    rows: list[dict[str, Any]]
    lists: list[str]
    totals: dict[str, dict[str, dict[str, int]]]
    changes: Histograms


def count_dropped(
    found: dict[str, dict[str, Any]], totals: dict[str, dict[str, dict[str, int]]]
) -> dict[str, dict[str, Any]]:
    """`pipelines.stages.copies.found_copies` with the documents among them that levels dropped."""
    counted = {source: {**counts, "rules": dict(counts["rules"])} for source, counts in found.items()}
    for level, sources in totals.items():
        for source, facts in sources.items():
            if facts["dropped"]:
                counted[source]["copies"] += facts["dropped"]
                counted[source]["rules"][level] = facts["dropped"]
    return counted


def _order(part: dict[str, Any], level: str) -> dict[str, Any]:
    stem = part["decisions"].rpartition("/")[2]
    folder = f"{FOLDER}/{level}"
    return {
        **part,
        "recut": f"{folder}/judged/{stem}",
        "cuts": f"{folder}/cuts/{stem}",
        "anchors": f"{folder}/anchors/{stem}",
    }


def partitions_for(tokens: int, each: int) -> int:
    """Shuffle keys for so many tokens of text; depends on the data, never on the workers."""
    return min(PARTITIONS, 1 + tokens // each)


def build_anchors(pipeline: beam.Pipeline, url: str, settings: CutSettings, level: Level, tokens: int) -> None:
    """Find which anchors of each part occur twice."""
    sent = (
        pipeline
        | ReadTasks(url)
        | "Anchors"
        >> beam.ParDo(SendAnchors(settings, level, partitions_for(tokens, ANCHOR_TOKENS))).with_outputs(
            "parts", main="anchors"
        )
    )
    repeated = sent.anchors | "ByAnchor" >> beam.GroupByKey() | "Repeated" >> beam.ParDo(RepeatedAnchors())
    _ = (
        (sent.parts, repeated)
        | beam.Flatten()
        | "ByPart" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(WriteAnchors(settings, level, url))
    )


def build_level(pipeline: beam.Pipeline, url: str, settings: CutSettings, level: Level, tokens: int) -> None:
    """Decide what one level cuts, and write the parts' decisions with it."""
    each = WINDOW_TOKENS if isinstance(level.config, SubstringsConfig) else LINE_TOKENS
    sent = (
        pipeline
        | ReadTasks(url)
        | "Units"
        >> beam.ParDo(SendUnits(settings, level, partitions_for(tokens, each))).with_outputs("parts", main="units")
    )
    lost = sent.units | "ByUnit" >> beam.GroupByKey() | "Lost" >> beam.ParDo(LostUnits(level))
    _ = (
        (sent.parts, lost)
        | beam.Flatten()
        | "ByPart" >> beam.GroupByKey()
        | "Cut" >> beam.ParDo(CutPart(settings, level, url))
        | "Changes" >> WriteHistograms(join(settings.work, f"{FOLDER}/{level.name}/changes.json"))
    )


class _ReadsParts(beam.DoFn):
    """What every step that reads documents does."""

    def __init__(self, settings: CutSettings, level: Level) -> None:
        super().__init__()
        self._settings, self._level, self._work = settings, level, settings.work

    def _documents(self, part: dict[str, Any]) -> PartDocuments:
        return load_documents(self._work, part, load_removed(self._work, part["part"]), self._settings.dedup.keep)


class _ReturnsToParts(_ReadsParts):
    """What every step does that is called by the number of a part."""

    def __init__(self, settings: CutSettings, level: Level, url: str) -> None:
        super().__init__(settings, level)
        self._url = url

    @explained
    def setup(self) -> None:
        """Read the list of parts, once per worker."""
        self._parts = list(read_json_lines(self._url))


class SendAnchors(_ReadsParts):
    """Sends the distinct anchors of one part."""

    def __init__(self, settings: CutSettings, level: Level, partitions: int) -> None:
        super().__init__(settings, level)
        self._partitions = partitions

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[Any]:
        """Yields (partition, block), and (part, nothing) on the side, so that each part is called again."""
        hashes, groups = _anchors(self._documents(part), self._level)
        yield from occurrences.pack_anchors(part["index"], hashes, groups, self._partitions)
        yield beam.pvalue.TaggedOutput("parts", (part["index"], b""))


class RepeatedAnchors(beam.DoFn):
    """Finds the anchors that several parts have."""

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yields (part, numbers of its anchors)."""
        yield from occurrences.repeated_anchors(element[1])


class WriteAnchors(_ReturnsToParts):
    """Writes the anchors of a part that occur twice anywhere, ascending."""

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Yields the number of the part."""
        part = self._parts[element[0]]
        hashes, groups = _anchors(self._documents(part), self._level)
        repeated = groups.second >= 0
        for reply in element[1]:
            repeated[np.frombuffer(reply, "<u4")] = True
        found = np.sort(hashes[groups.first[repeated]])
        write_bytes(join(self._work, part["anchors"]), found.astype("<u8").tobytes())
        yield element[0]


def _anchors(documents: PartDocuments, level: Level) -> tuple[Any, occurrences.Groups]:
    assert isinstance(level.config, SubstringsConfig), "only substrings have anchors"
    hashes = cutting.anchors_of(documents.texts, documents.cuts, level.config.tokens)
    return hashes, occurrences.group(hashes)


class SendUnits(_ReadsParts):
    """Sends the distinct lines or windows of one part."""

    def __init__(self, settings: CutSettings, level: Level, partitions: int) -> None:
        super().__init__(settings, level)
        self._partitions = partitions

    @explained
    def process(self, part: dict[str, Any]) -> Iterator[Any]:
        """Yields (partition, block), and (part, nothing) on the side, so that each part is called again."""
        documents = self._documents(part)
        units = self._level.units(self._work, part, documents)
        groups = occurrences.group(units.hashes[:, 0], units.hashes[:, 1])
        yield from occurrences.pack_units(
            part["index"], documents.orders, units.hashes, units.documents, groups, self._partitions
        )
        yield beam.pvalue.TaggedOutput("parts", (part["index"], b""))


class LostUnits(beam.DoFn):
    """Decides which parts lose which units."""

    def __init__(self, level: Level) -> None:
        super().__init__()
        self._keep = level.keep

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yields (part, units that it loses)."""
        yield from occurrences.lost_units(element[1], self._keep)


class CutPart(_ReturnsToParts):
    """Writes the decisions of one part with what the level cuts, and the list of it."""

    @explained
    def setup(self) -> None:
        """Load the token counter too."""
        super().setup()
        self._counter = TokenCounter(self._settings.tokenizer)

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Histograms]:
        """Yields how tokens and documents change by mixture bucket, and what was cut."""
        part = self._parts[element[0]]
        documents = self._documents(part)
        units = self._level.units(self._work, part, documents)
        removals = self._level.removals(units, documents, (reply for reply in element[1] if reply))
        judged = read_columns(join(self._work, part["judged"]))
        changed, facts = self._changed(judged, documents, removals)
        write_table(join(self._work, part["recut"]), changed)
        write_table(join(self._work, part["cuts"]), _listed(self._level.name, part["source"], documents, removals))
        source = part["source"]
        before, after = (np.where(one["keep"], one["tokens"], 0) for one in (judged, changed))
        kept = changed["keep"].to_numpy().astype(np.int64) - judged["keep"].to_numpy().astype(np.int64)
        places = mixing.order_hash(self._settings.seed, judged["id"].to_pylist())
        yield {
            f"tokens {source}": mixing.histogram(places, after - before),
            f"documents {source}": mixing.histogram(places, kept),
            f"facts {source}": np.array([facts[name] for name in FACTS], np.int64),
        }

    def _changed(
        self, judged: pa.Table, documents: PartDocuments, removals: dict[int, list[Removal]]
    ) -> tuple[pa.Table, dict[str, int]]:
        facts = dict.fromkeys(FACTS, 0)
        if not removals:
            return judged, facts
        columns = judged.to_pydict()
        left: dict[int, str] = {}
        for document, found in removals.items():
            row, text, cut = int(documents.rows[document]), documents.texts[document], documents.cuts[document]
            spans = cutting.united(cut, self._level.spans(text, found))
            columns["cut"][row] = [{"start": start, "end": end} for start, end in spans]
            before, after = without(text, cut), without(text, spans)
            verdict = self._level.verdict(before, after)
            if verdict is None:
                left[row] = after
                facts["documents"] += 1
                facts["spans"] += len(found)
                facts["characters"] += len(before) - len(after)
            else:
                rule, value, threshold = verdict
                columns["keep"][row], columns["stage"][row], columns["rule"][row] = False, "dedup", rule
                columns["value"][row], columns["threshold"][row] = value, threshold
                columns["failed"][row] = [*columns["failed"][row], rule]
                facts["dropped"] += 1
        for row, text, tokens in zip(left, left.values(), self._counter.count(list(left.values())), strict=True):
            columns["tokens"][row], columns["bytes"][row] = int(tokens), len(text.encode("utf-8", "surrogatepass"))
        return pa.Table.from_pydict(columns, DECISION), facts


def _listed(level: str, source: str, documents: PartDocuments, removals: dict[int, list[Removal]]) -> pa.Table:
    rows = [
        (documents.ids[document], source, level, start, end, other, text[start : min(end, start + SHOWN_CHARACTERS)])
        for document, found in removals.items()
        for text in (documents.texts[document],)
        for start, end, other in found
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in CUT]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, CUT, strict=True)]
    return sort_rows(pa.table(arrays, schema=CUT), "id", "start")
