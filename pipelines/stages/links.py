"""Stage `links`: how many others link to each page, and what its own WAT record says; hashes are shuffled, never text.

Two small pipelines. `wanted` makes a bitmap of the pages that the build has, so that of all the links of a crawl only
those to its own pages go on. `votes` groups them, as arrays under few keys, with the pages they lead to, counts each
voter once, and writes one file beside each part of documents, with its rows in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation import link_join
from curation.link_join import ANSWER, BY_CAPTURE, BY_RECORD, BY_URI, DESCRIBED, LINKED, LISTED, PAGE, SIGNALS, VOTE
from curation.links import Hashes, LinksConfig, capture_hash, distinct_votes, record_hash, uri_hash
from curation.policy import Policy
from curation.reading.sources import InputFile
from curation.reading.wat import is_wat
from curation.select import bounds
from curation.vote_list import read_vote_list
from manifests.errors import UsageError
from manifests.files import is_local, join, open_read, read_bytes, size_of, write_bytes
from pipelines.parts import open_parquet, read_columns, write_table
from pipelines.runner import ReadTasks, explained, read_json_lines
from pipelines.stages.copies import key_array

VERSION = 1
FOLDER = "links"
WANTED = f"{FOLDER}/wanted.bits"
BITS_PER_DOCUMENT = 16  # one link in sixteen to a page that the build has not goes on in vain
MOST_BITS = 1 << 31
ROWS_PER_PARTITION = 250_000
LINKS_PER_PARTITION = 4_000_000
BATCH_ROWS = 4096


@dataclass(frozen=True)
class Plan:
    """Sizes of the shuffle; they depend on the data, never on the workers."""

    bits: int
    partitions: int


def plan(documents: int, described: int, links: int) -> Plan:
    """The plan for so many documents, pages described in WAT files, and links of these."""
    bits = 1 << max(16, (documents * BITS_PER_DOCUMENT - 1).bit_length())
    wanted = max(documents // ROWS_PER_PARTITION, described // ROWS_PER_PARTITION, links // LINKS_PER_PARTITION)
    return Plan(min(bits, MOST_BITS), wanted + 1)


def linked_path(documents: str) -> str:
    """Where the numbers of the part `documents` lie."""
    return f"{FOLDER}/documents/{'-'.join(documents.split('/')[-2:])}"


NOTHING_VOTES = (
    "`links.min_votes` or a quality rule asks for votes, but no WAT file among `inputs.archives` describes a page and "
    "`links.votes` names no list, so no page could pass; name the WAT files of the crawl, or set links.min_votes=0 and "
    "quality rules that read no votes"
)


def wants_votes(policy: Policy) -> bool:
    """Whether a rule in force reads what links say of a page."""
    return not set(SIGNALS).isdisjoint(bounds(policy))


def check(config: LinksConfig, files: Sequence[InputFile], wanted: bool) -> None:
    """Whether there is something to count votes from, where they are wanted; only local files are looked into.

    It is told before any work.

    Raises:
        UsageError: votes are asked for, and nothing gives them; the list of votes is not there.
    """
    if config.votes is not None:
        if size_of(config.votes) is None:
            raise UsageError(f"links.votes: {config.votes}: no such file")
        return
    archives = [file for file in files if file.kind == "archive"]
    if wanted and archives and not any(_may_be_wat(file) for file in archives):
        raise UsageError(NOTHING_VOTES)


def _may_be_wat(file: InputFile) -> bool:
    if not is_local(file.uri):
        return True  # reading will tell
    try:
        with open_read(file.uri) as stream:
            return is_wat(stream)
    except OSError:
        return False


def orders(documents: Sequence[str], linking: Sequence[str], listed: str | None) -> list[dict[str, Any]]:
    """The work orders: parts of documents, parts of links, and the list of votes."""
    rows: list[dict[str, Any]] = [
        {"kind": "documents", "documents": path, "number": number} for number, path in enumerate(documents)
    ]
    rows += [{"kind": "links", "links": path, "number": number} for number, path in enumerate(linking)]
    return rows + ([{"kind": "votes", "votes": listed}] if listed is not None else [])


def build_wanted(pipeline: beam.Pipeline, documents_url: str, work: str, sizes: Plan) -> None:
    """The job graph of the bitmap."""
    _ = (
        pipeline
        | ReadTasks(documents_url)
        | "Hash" >> beam.ParDo(HashPages(work))
        | "Together" >> beam.GroupByKey()
        | "Bitmap" >> beam.ParDo(WriteBitmap(work, sizes.bits))
    )


def build_votes(pipeline: beam.Pipeline, orders_url: str, work: str, config: LinksConfig, sizes: Plan) -> None:
    """The job graph of the votes; it ends with one file for each part of documents."""
    _ = (
        pipeline
        | ReadTasks(orders_url)
        | "Spread" >> beam.ParDo(SpreadPart(work, config, sizes))
        | "Partitions" >> beam.GroupByKey()
        | "Join" >> beam.ParDo(JoinPartition())
        | "Parts" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(WriteLinked(work, orders_url))
    )


class HashPages(beam.DoFn):
    """The hashes of the pages of one part."""

    def __init__(self, work: str) -> None:
        super().__init__()
        self._work = work

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
        """Yields the hashes of the part's URIs."""
        uris = read_columns(join(self._work, order["documents"]), ["uri"])["uri"].to_pylist()
        yield 0, _hashes(map(uri_hash, uris)).tobytes()


class WriteBitmap(beam.DoFn):
    """Sets the bits of all parts."""

    def __init__(self, work: str, bits: int) -> None:
        super().__init__()
        self._work, self._bits = work, bits

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[int]:
        """Writes the bitmap and yields its size."""
        bitmap = link_join.Bitmap(np.zeros(self._bits // 8, np.uint8))
        for block in element[1]:
            bitmap.add(np.frombuffer(block, "<u8"))
        write_bytes(join(self._work, WANTED), bitmap.content.tobytes())
        yield bitmap.bits


def _hashes(values: Iterable[int]) -> Hashes:
    return np.fromiter(values, np.uint64)


class SpreadPart(beam.DoFn):
    """Reads one part of documents, of links, or a list of votes, and emits what it holds by (level, partition)."""

    def __init__(self, work: str, config: LinksConfig, sizes: Plan) -> None:
        super().__init__()
        self._work, self._config, self._sizes = work, config, sizes

    @explained
    def setup(self) -> None:
        """Load the bitmap, once per worker."""
        self._wanted = link_join.Bitmap(np.frombuffer(read_bytes(join(self._work, WANTED)), np.uint8))

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yields ((level, partition), kind and rows)."""
        if order["kind"] == "documents":
            yield from self._documents(order)
        elif order["kind"] == "links":
            yield from self._links(order)
        else:
            for links, votes in read_vote_list(order["votes"]):
                rows = np.empty(len(links), LISTED)
                rows["hash"], rows["votes"] = links, votes
                yield from self._spread(BY_URI, b"L", rows[self._wanted.may_hold(links)])

    def _documents(self, order: dict[str, Any]) -> Iterator[tuple[tuple[int, int], bytes]]:
        table = read_columns(join(self._work, order["documents"]), ["key", "uri", "record", "date"])
        uris, records, dates = (table[name].to_pylist() for name in ("uri", "record", "date"))
        rows = np.empty(table.num_rows, PAGE)
        rows["key"], rows["part"] = key_array(table["key"]), order["number"]
        rows["hash"] = _hashes(map(uri_hash, uris))
        yield from self._spread(BY_URI, b"P", rows)
        rows["hash"] = _hashes(record_hash(record or "") for record in records)
        yield from self._spread(BY_RECORD, b"P", rows[np.array([bool(record) for record in records], np.bool_)])
        rows["hash"] = _hashes(map(capture_hash, uris, dates))
        yield from self._spread(BY_CAPTURE, b"P", rows[np.array([bool(date) for date in dates], np.bool_)])

    def _links(self, order: dict[str, Any]) -> Iterator[tuple[tuple[int, int], bytes]]:
        voter = self._config.voter
        columns = ["uri", "record", "date", voter, "targets", "outbound"]
        votes, place = [], 0
        with open_parquet(join(self._work, order["links"])) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                targets = batch["targets"].flatten().to_numpy().astype(np.uint64)
                voters = np.repeat(batch[voter].to_numpy(), batch["targets"].value_lengths().to_numpy())
                wanted = self._wanted.may_hold(targets)
                votes.append(distinct_votes(targets[wanted], voters[wanted]))
                yield from self._described(batch, order["number"], place)
                place += batch.num_rows
        found, by = (np.concatenate(parts) for parts in zip(*votes, strict=True))
        found, by = distinct_votes(found, by)
        rows = np.empty(len(found), VOTE)
        rows["hash"], rows["voter"] = found, by
        yield from self._spread(BY_URI, b"V", rows)

    def _described(self, batch: pa.RecordBatch, number: int, place: int) -> Iterator[tuple[tuple[int, int], bytes]]:
        rows = np.empty(batch.num_rows, DESCRIBED)
        rows["outbound"], rows["part"] = batch["outbound"].to_numpy(), number
        rows["row"] = np.arange(place, place + batch.num_rows)
        records = batch["record"].to_pylist()
        rows["hash"] = _hashes(map(record_hash, records))
        yield from self._spread(BY_RECORD, b"D", rows[np.array([bool(record) for record in records], np.bool_)])
        rows["hash"] = _hashes(map(capture_hash, batch["uri"].to_pylist(), batch["date"].to_pylist()))
        yield from self._spread(BY_CAPTURE, b"D", rows)

    def _spread(self, level: int, kind: bytes, rows: Any) -> Iterator[tuple[tuple[int, int], bytes]]:
        # High bits, as the low ones choose the bit.
        partition = ((rows["hash"] >> np.uint64(32)) % np.uint64(self._sizes.partitions)).astype(np.int64)
        for index in np.unique(partition):
            yield (level, int(index)), kind + rows[partition == index].tobytes()


class JoinPartition(beam.DoFn):
    """Finds, among what shares a partition, what is said of each page."""

    @explained
    def process(self, element: tuple[tuple[int, int], Iterable[bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yields (number of the part of documents, answers to its pages)."""
        (level, _), blocks = element
        answers, parts = link_join.join(level, blocks)
        for part in np.unique(parts):
            yield int(part), answers[parts == part].tobytes()


class WriteLinked(beam.DoFn):
    """Writes the answers to the pages of one part beside it."""

    def __init__(self, work: str, orders_url: str) -> None:
        super().__init__()
        self._work, self._orders_url = work, orders_url

    @explained
    def setup(self) -> None:
        """Read the list of parts, once per worker."""
        orders = list(read_json_lines(self._orders_url))
        self._documents = {order["number"]: order["documents"] for order in orders if order["kind"] == "documents"}
        self._links = {order["number"]: order["links"] for order in orders if order["kind"] == "links"}

    @explained
    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[str]:
        """Yields the path of the file."""
        number, blocks = element
        documents = self._documents[number]
        table = read_columns(join(self._work, documents), ["id", "key"])
        answers = np.concatenate([np.frombuffer(block, ANSWER) for block in blocks])
        answers = answers[np.lexsort((answers["level"], answers["key"]))]
        keys = key_array(table["key"])
        votes = answers[answers["level"] == BY_URI]
        places, known = link_join.find(votes["key"], keys)
        assert known.all(), "every page has an answer by its URI"
        own = answers[answers["level"] != BY_URI]
        page_places, described = link_join.find(own["key"], keys)  # the first is by record, if there is one
        own = own[page_places[described]]
        titles, headers = self._texts(own["part"], own["row"])
        linked = {
            "id": table["id"],
            "key": table["key"],
            "link_votes": pa.array(votes["votes"][places]),
            "outbound_links": _scattered(described, own["outbound"].astype(np.float64).tolist(), pa.float64()),
            "title": _scattered(described, titles, pa.string()),
            "headers": _scattered(described, headers, pa.string()),
        }
        path = linked_path(documents)
        write_table(join(self._work, path), pa.table(linked, schema=LINKED))
        yield path

    def _texts(self, parts: NDArray[np.int32], rows: NDArray[np.int32]) -> tuple[list[str], list[str]]:
        """Titles and headers at these rows of these parts of links; a WARC file's pages lie in one WAT file."""
        titles, headers = [""] * len(parts), [""] * len(parts)
        for part in np.unique(parts):
            here = np.flatnonzero(parts == part)
            table = read_columns(join(self._work, self._links[int(part)]), ["title", "headers"])
            found = table.take(pa.array(rows[here])).to_pydict()
            for place, title, header in zip(here.tolist(), found["title"], found["headers"], strict=True):
                titles[place], headers[place] = title, header
        return titles, headers


def _scattered(where: NDArray[np.bool_], values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """`values` at the places that are set, null at the others."""
    rows: list[Any] = [None] * len(where)
    for place, value in zip(np.flatnonzero(where).tolist(), values, strict=True):
        rows[place] = value
    return pa.array(rows, kind)


def with_signals(work: str, part: dict[str, Any], documents: pa.Table) -> pa.Table:
    """`documents`, rows of one part, with the columns of `SIGNALS` when the build has them."""
    if not part.get("links"):
        return documents
    linked = read_columns(join(work, part["links"]), ["key", *SIGNALS])
    if not linked["key"].equals(documents["key"]):
        raise ValueError(f"{part['links']} does not belong to {part['documents']}")
    for name in SIGNALS:
        documents = documents.append_column(LINKED.field(name), linked[name])
    return documents
