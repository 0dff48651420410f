"""One part in the eyes of a level: its eligible documents in the order of preference, and what the level compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.dedup import cutting, occurrences
from curation.dedup.choose import KeepConfig
from curation.dedup.cutting import Removal, Units
from curation.dedup.levels import Keep, LinesConfig, ParagraphsConfig, SubstringsConfig
from curation.dedup.lines import Span
from curation.quality.punkt import count_sentences
from curation.select import cut_text
from manifests.files import join, read_bytes
from pipelines.parts import open_parquet, read_columns
from pipelines.recipe import DedupConfig
from pipelines.stages.copies import LoadedCopies, parse_dates
from pipelines.stages.links import with_signals

LINES, PARAGRAPHS, SUBSTRINGS = "lines", "paragraphs", "substrings"


@dataclass(frozen=True)
class Level:
    """One kind of repeated text that is cut within documents."""

    name: str
    config: LinesConfig | ParagraphsConfig | SubstringsConfig

    @property
    def keep(self) -> Keep:
        """Whether one copy stays."""
        return "first" if isinstance(self.config, LinesConfig) else self.config.keep

    def units(self, work: str, part: Mapping[str, Any], documents: PartDocuments) -> Units:
        """What is compared of a part."""
        if isinstance(self.config, SubstringsConfig):
            repeated = np.frombuffer(read_bytes(join(work, part["anchors"])), "<u8")
            return cutting.units_of_windows(documents.texts, documents.cuts, self.config.tokens, repeated)
        return cutting.units_of_lines(documents.texts, documents.cuts, self.config.rule)

    def removals(self, units: Units, documents: PartDocuments, replies: Iterable[bytes]) -> dict[int, list[Removal]]:
        """Document -> what goes, by the part's own repeats and the replies of `occurrences.lost_units`."""
        groups = occurrences.group(units.hashes[:, 0], units.hashes[:, 1])
        found = occurrences.cut_units(groups, units.documents, documents.orders, replies, self.keep)
        if isinstance(self.config, SubstringsConfig):
            texts, cuts = documents.texts, documents.cuts
            return cutting.removed_runs(units, found, groups, texts, cuts, spare=self.keep == "first")
        return cutting.removed_lines(units, found)

    def spans(self, text: str, removals: Sequence[Removal]) -> list[Span]:
        """The spans that take the removals out of a text."""
        if isinstance(self.config, SubstringsConfig):
            return cutting.spans_to_cut(text, removals)
        return [(start, end) for start, end, _ in removals]

    def verdict(self, before: str, after: str) -> tuple[str, float, float] | None:
        """The rule, value and threshold by which a document is dropped for what it lost; None where it stays."""
        share = 1 - len(after) / max(1, len(before))
        if share > self.config.max_cut:
            return f"{self.name}.share", share, self.config.max_cut
        if isinstance(self.config, LinesConfig):
            left, least = int(bool(after.strip())), max(1, self.config.min_sentences)
            left = count_sentences(after) if left and least > 1 else left
            return (f"{self.name}.left", left, least) if left < least else None
        left, least = len(after.strip()), max(1, self.config.min_characters)
        return (f"{self.name}.left", left, least) if left < least else None


def levels_of(config: DedupConfig) -> list[Level]:
    """The levels of a recipe, in the order in which they cut."""
    named = ((LINES, config.lines), (PARAGRAPHS, config.paragraphs), (SUBSTRINGS, config.substrings))
    return [Level(name, section) for name, section in named if section is not None]


def level_rules() -> list[str]:
    """Names of the rules by which levels drop documents, in their order."""
    return [f"{name}.{what}" for name in (LINES, PARAGRAPHS, SUBSTRINGS) for what in ("share", "left")]


@dataclass(frozen=True)
class PartDocuments:
    """The documents of a part that passed the rules and are no copies, in the order in which they are preferred."""

    rows: NDArray[np.int64]  # of the part
    ids: list[str]
    texts: list[str]
    cuts: list[list[Span]]  # what earlier decisions cut
    orders: Any  # order keys, ascending


def load_documents(work: str, part: Mapping[str, Any], copies: LoadedCopies, keep: KeepConfig) -> PartDocuments:
    """The eligible documents of a judged part."""
    judged = read_columns(join(work, part["judged"]), ["key", "id", "keep", "cut"])
    rows = np.flatnonzero(judged["keep"].to_numpy() & ~copies.contains(judged["key"]))
    names = [name for name in ("key", "text", "source", "tokens", "date", *keep.signals) if name in part["columns"]]
    with open_parquet(join(work, part["documents"])) as file:
        documents = with_signals(work, dict(part), file.read(columns=list(dict.fromkeys(names))))
    documents, judged = documents.take(pa.array(rows)), judged.take(pa.array(rows))
    ids = judged["id"].to_pylist()
    columns = {
        "source": np.array(documents["source"].to_pylist(), np.str_),
        "length": documents["tokens"].to_numpy(),
        "date": parse_dates(documents["date"].to_pylist()),
        **{name: _signal(documents, name) for name in keep.signals},
    }
    orders = occurrences.order_keys(ids, columns, keep)
    order = occurrences.sorted_by(orders)
    texts, cuts = documents["text"].to_pylist(), judged["cut"].to_pylist()
    return PartDocuments(
        rows[order],
        [ids[row] for row in order],
        [texts[row] for row in order],
        [[(span["start"], span["end"]) for span in cuts[row] or ()] for row in order],
        orders[order],
    )


def _signal(documents: pa.Table, name: str) -> NDArray[np.float64]:
    if name not in documents.schema.names:
        return np.full(documents.num_rows, np.nan)
    return np.array([np.nan if value is None else value for value in documents[name].to_pylist()], np.float64)


def without(text: str, spans: Sequence[Span]) -> str:
    """What `curation.select.cut_text` leaves of a text."""
    return cut_text(text, [{"start": start, "end": end} for start, end in spans])
