"""What `winnow explain` knows about a record, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A measured number and the range in which it passes; None where a side is open."""

    name: str
    value: float | None
    minimum: float | None
    maximum: float | None

    @property
    def passes(self) -> bool | None:
        """Whether the value is in range; None without a value or a threshold."""
        if self.value is None or (self.minimum is None and self.maximum is None):
            return None
        return (self.minimum is None or self.value >= self.minimum) and (
            self.maximum is None or self.value <= self.maximum
        )


@dataclass(frozen=True)
class Line:
    """A line of the text with its toxicity."""

    text: str
    score: float


@dataclass(frozen=True)
class Verdict:
    """What a rule set says of a document; `own` is the one that the build applied, with the build's thresholds.

    Where nothing fails, `rule`, `value` and `threshold` are None and `failed` is empty.
    """

    rules: str
    own: bool
    keep: bool
    rule: str | None
    value: float | None
    threshold: float | None
    failed: tuple[str, ...]


@dataclass(frozen=True)
class EditedLine:
    """A line of the page and what became of it: `kept`, `changed` (into `after`), `cut` by the rule set's line edits,
    `toxic`, cut with this score, `foreign`, cut for its language, `item`, of which the sentences with an evaluation
    item were cut, or `repeated`, cut in whole or in part because other text has it."""

    mark: str
    text: str
    after: str | None
    score: float | None


@dataclass(frozen=True)
class FoundItem:
    """A part of an evaluation item found in the text: the share of its words, how many they are, how many are other
    numbers, whether it counts under the build's thresholds, and the passage."""

    benchmark: str
    item: str
    part: str
    share: float
    words: int
    numbers: int
    counts: bool
    passage: str


@dataclass(frozen=True)
class Copy:
    """The copy of a document that stays: how alike the two texts are (Jaccard similarity of their shingles), and
    the first line, counted from 1, in which they differ; None past the end of one."""

    id: str
    uri: str
    similarity: float
    line: int
    text: str | None
    other: str | None


@dataclass(frozen=True)
class Outcome:
    """What was decided: kept, or the stage and rule that rejected, with every rule that failed.

    `detail` is what a rule of ingest met: the entry of a list of URLs, a content type, how extraction ended.
    """

    keep: bool
    stage: str | None
    rule: str | None
    value: float | None
    threshold: float | None
    failed: tuple[str, ...]
    duplicate_of: str | None
    similarity: float | None
    detail: str | None = None


@dataclass(frozen=True)
class Cluster:
    """The duplicates a document belongs to, and the copy of them that stays; None where all failed other rules."""

    size: int
    kept_id: str | None
    kept_uri: str | None
    similarity: float | None


@dataclass(frozen=True)
class Place:
    """Where a kept document lies: a shard's path within the build, and its row counted from 0."""

    path: str
    row: int


@dataclass(frozen=True)
class Repeat:
    """A passage that was cut because other text has it: the level, how it begins, and the id of a document with it."""

    level: str
    text: str
    duplicate_of: str


@dataclass(frozen=True)
class Details:
    """What ingest measured, and what became of the text's lines."""

    date: str
    language: str
    language_score: float | None
    license: str | None
    license_kind: str | None
    tokens: int
    measures: tuple[Measure, ...]
    pii: tuple[tuple[str, int], ...]
    toxicity: float | None
    toxic_words: int
    toxic_lines: tuple[Line, ...]
    cuts: tuple[str, ...]
    opening: str
    title: str = ""  # by the page's own WAT record, like the headers
    headers: tuple[tuple[str, str], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    lines: tuple[EditedLine, ...] = ()  # those that are not blank, to a limit
    languages: tuple[tuple[str, float], ...] = ()  # shares of the characters by paragraphs, largest first
    language_mixed: float | None = None  # what is in other languages than the main one
    repairs: tuple[tuple[str, int], ...] = ()  # repair -> lines that it changed or dropped
    repeats: tuple[Repeat, ...] = ()  # what was cut because other text has it, to a limit
    pii_policies: tuple[tuple[str, str, int], ...] = ()  # (type, policy, spans)
    items: tuple[FoundItem, ...] = ()  # evaluation items, where the build looked for them
    lines_remark: str = ""  # why `lines` does not show what was cut when the page was read


@dataclass(frozen=True)
class Record:
    """One record that matches; `details` is None for records without text and where work files are gone.

    `origin` is the archive and offset, or the repository and commit; empty where only the published rejects are left.
    """

    id: str
    source: str
    uri: str
    origin: str
    outcome: Outcome | None
    details: Details | None
    cluster: Cluster | None
    place: Place | None
    copy: Copy | None = None


@dataclass(frozen=True)
class Damage:
    """Damage of an input, at a byte of an archive or a path of a repository."""

    uri: str
    path: str | None
    offset: int | None
    reason: str
    detail: str


@dataclass(frozen=True)
class Explanation:
    """Everything known about a URI or id: records, and where there are none, damage of the input it names.

    `matched` counts all records that match; the first of them are in `records`.
    """

    query: str
    records: tuple[Record, ...]
    matched: int
    damage: tuple[Damage, ...]
