"""Stage `ingest`: archives and repositories to measured documents, one Beam element per input file.

An input is read once, streaming: its digest, its records, their text and every signal come out of the same pass.
What it yields lies in `ingest/<key of the input>/` with a completion record of its own, so a killed build repeats
only the inputs it had not finished.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from curation.code.signals import CODE_SIGNALS
from curation.documents import CODE, INPUT_ERROR, REJECTED_AT_INGEST, WEB, document_schema
from curation.ingest import Ingest, Ingested, RepositoryView
from curation.licenses import license_files, repository_license
from curation.links import LINKS
from curation.policy import Policy
from curation.reading.archives import read_archive
from curation.reading.members import HashingReader
from curation.reading.records import ArchiveRecord, ReadError, ReadingLimits, RepositoryFile, Skipped, SkippedFile
from curation.reading.remote import open_input, without_secrets
from curation.reading.repositories import open_repository
from curation.reading.resume import Access
from curation.reading.sources import InputFile
from curation.reading.wat import PageMetadata
from manifests.errors import JobError
from manifests.files import digest_file, is_local, join, write_bytes
from pipelines.parts import PartWriter, write_table
from pipelines.records import Completion, WrittenFile, load_completion, save_completion, stage_key, written
from pipelines.runner import ReadTasks, describe_os_error, explained

VERSION = 5
"""Raise when what this stage writes for the same input changes."""

BATCH_RECORDS = 256
BATCH_BYTES = 16 << 20
BATCH_LINKS = 50_000
HEARTBEAT_SECONDS = 1.0
FOLDER = "ingest"


def input_key(file: InputFile) -> str:
    """Folder name of an input's work files."""
    return hashlib.sha256(f"{file.kind} {file.uri}".encode()).hexdigest()[:24]


def settings(policy: Policy, reading: ReadingLimits) -> dict[str, Any]:
    """What an input's documents depend on, besides its content: options, and the models' own content."""
    models = [digest_file(path)[0] for path in policy.measuring_files()]
    keys = policy.privacy.detector().keys()
    secret = {"secret": keys.fingerprint} if keys else {}
    return {**policy.measuring(), "models": models, "reading": reading.model_dump(mode="json"), **secret}


def task(file: InputFile, measuring: dict[str, Any], access: Access) -> dict[str, Any]:
    """The work order for one input under these `settings`, as plain JSON; `access` changes no key."""
    key = stage_key(FOLDER, VERSION, measuring, [file.uri, file.fingerprint])
    order = {"uri": file.uri, "kind": file.kind, "folder": f"{FOLDER}/{input_key(file)}", "key": key}
    return {
        **order,
        "secret": measuring.get("secret"),
        "address": file.address,
        "bytes": file.bytes,
        "access": asdict(access),
    }


def completed(work: str, order: dict[str, Any]) -> Completion | None:
    """The finished result of a work order, if it is there."""
    return load_completion(work, f"{order['folder']}/completion.json", order["key"])


def build(pipeline: beam.Pipeline, tasks_url: str, work: str, policy: Policy, reading: ReadingLimits) -> None:
    """The stage's job graph."""
    _ = pipeline | ReadTasks(tasks_url) | "Ingest" >> beam.ParDo(IngestInput(work, policy, reading))


class IngestInput(beam.DoFn):
    """Reads one input to its end and writes its parts, errors and completion record."""

    def __init__(self, work: str, policy: Policy, reading: ReadingLimits) -> None:
        super().__init__()
        self._work, self._policy, self._reading = work, policy, reading
        self._ingest: Ingest | None = None

    @explained
    def setup(self) -> None:
        """Load the models, once per worker."""
        self._ingest = Ingest(self._policy)

    def teardown(self) -> None:
        """End the process that extracts text."""
        if self._ingest is not None:
            self._ingest.close()

    @explained
    def process(self, order: dict[str, Any]) -> Iterator[str]:
        """Yields the input's folder when it is complete."""
        if completed(self._work, order) is None:
            assert self._ingest is not None, "setup ran"
            if self._ingest.fingerprint != order["secret"]:
                raise JobError(
                    "ingest: this worker reads another secret of pseudonyms and fakes (privacy.secret_env, "
                    f"privacy.secret_file) than the driver: {self._ingest.fingerprint}, not {order['secret']}"
                )
            progress = Heartbeat(self._work, order["folder"])
            read = read_one_archive if order["kind"] == "archive" else read_one_repository
            read(order, self._work, self._ingest, self._reading, progress)
        yield order["folder"]


@dataclass
class Heartbeat:
    """Tells the terminal how far an input has come; local work folders only, and no part of the output."""

    work: str
    folder: str
    _last: float = field(default_factory=time.monotonic)

    def beat(self, records: int, position: int) -> None:
        """Write the position, at most once a second."""
        now = time.monotonic()
        if now - self._last < HEARTBEAT_SECONDS or not is_local(self.work):
            return
        self._last = now
        url = join(self.work, self.folder, "progress.json")
        write_bytes(url, json.dumps({"records": records, "bytes": position}).encode())


def read_one_archive(
    order: dict[str, Any], work: str, ingest: Ingest, reading: ReadingLimits, progress: Heartbeat
) -> None:
    """Read a WARC, WET or WAT file into parts.

    Raises:
        JobError: the file cannot be opened or read (damage inside it is counted instead).
    """
    output = _Output(work, order, ingest, ingest.signals)
    try:
        with open_input(order["address"], Access(**order["access"]), size=order["bytes"]) as raw:
            stream = HashingReader(raw)
            batch: list[ArchiveRecord] = []
            described: list[PageMetadata] = []
            size = links = 0
            for item in read_archive(stream, order["uri"], reading):
                if isinstance(item, ReadError):
                    output.error(item)
                elif isinstance(item, Skipped):
                    output.skipped.update(item.counts)
                elif isinstance(item, PageMetadata):
                    described.append(item)
                    links += len(item.links)
                    if len(described) >= BATCH_RECORDS or links >= BATCH_LINKS:
                        output.link(ingest.links(described, order["uri"]))
                        described, links = [], 0
                        progress.beat(output.records + output.linking["pages"], stream.position)
                else:
                    batch.append(item)
                    size += len(item.body)
                    if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
                        output.add(ingest.web(batch, order["uri"]))
                        batch, size = [], 0
                        progress.beat(output.records, stream.position)
            if batch:
                output.add(ingest.web(batch, order["uri"]))
            output.link(ingest.links(described, order["uri"]))
            sha256, size = stream.finish()
    except OSError as error:
        reason = without_secrets(describe_os_error(error))
        raise JobError(f"{order['uri']}: cannot be read: {reason}") from error
    output.finish(size, sha256)


def read_one_repository(
    order: dict[str, Any], work: str, ingest: Ingest, reading: ReadingLimits, progress: Heartbeat
) -> None:
    """Read the files of a git repository's current commit into parts."""
    output = _Output(work, order, ingest, CODE_SIGNALS)
    repository = open_repository(order["uri"], reading)
    if isinstance(repository, ReadError):
        output.error(repository)
        output.finish(0, hashlib.sha256(b"").hexdigest())
        return
    roots = {file.path: file.content for file in repository.root_files(lambda name: bool(license_files([name])))}
    view = RepositoryView(order["uri"], repository.commit, repository_license(roots))
    batch: list[RepositoryFile] = []
    size = total = 0
    for item in repository.files():
        if isinstance(item, ReadError):
            output.error(item)
            continue
        if isinstance(item, SkippedFile):
            output.skipped[item.reason] += 1
            continue
        batch.append(item)
        size += item.size
        total += item.size
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            output.add(ingest.code(view, batch))
            batch, size = [], 0
            progress.beat(output.records, total)
    if batch:
        output.add(ingest.code(view, batch))
    license_facts = {"expression": view.license.expression, "kind": view.license.kind}
    output.finish(total, repository.digest(), {"commit": repository.commit, "license": license_facts})


class _Output:
    """What one input came to, on its way to disk."""

    def __init__(self, work: str, order: dict[str, Any], ingest: Ingest, signals: Sequence[str]) -> None:
        self._work, self._order, self._ingest = work, order, ingest
        self._documents = PartWriter(work, order["folder"], "documents", document_schema(signals))
        self._rejected = PartWriter(work, order["folder"], "rejected", REJECTED_AT_INGEST)
        self._links = PartWriter(work, order["folder"], "links", LINKS)
        self._errors: list[dict[str, Any]] = []
        self.skipped: Counter[str] = Counter()
        self.linking: Counter[str] = Counter()  # pages of a WAT file, and their links
        self.records = 0
        self._document_count = self._rejected_count = 0

    def add(self, result: Ingested) -> None:
        documents, rejects = result.documents(), result.rejects()
        self._document_count += documents.num_rows
        self._rejected_count += rejects.num_rows
        self.records += documents.num_rows + rejects.num_rows
        self._documents.add(documents)
        self._rejected.add(rejects)

    def link(self, table: pa.Table) -> None:
        self.linking["pages"] += table.num_rows
        for name in ("links", "outbound", "dropped"):
            self.linking[name] += pc.sum(table[name]).as_py() or 0
        self._links.add(table)

    def error(self, error: ReadError) -> None:
        self.records += 1
        row = {"uri": error.uri, "path": error.path, "offset": error.offset}
        self._errors.append(self._ingest.error({**row, "reason": error.reason, "detail": error.detail}))

    def finish(self, size: int, sha256: str, extra: dict[str, Any] | None = None) -> None:
        outputs: list[WrittenFile] = [*self._documents.finish(), *self._rejected.finish(), *self._links.finish()]
        if self._errors:
            path = f"{self._order['folder']}/errors.parquet"
            write_table(join(self._work, path), pa.Table.from_pylist(self._errors, INPUT_ERROR))
            outputs.append(written(self._work, path))
        facts = {
            "uri": self._order["uri"],
            "kind": self._order["kind"],
            "bytes": size,
            "sha256": sha256,
            "records": self.records,
            "documents": self._document_count,
            "rejected": self._rejected_count,
            "errors": len(self._errors),
            "skipped": dict(sorted(self.skipped.items())),
            **({"links": dict(sorted(self.linking.items()))} if self.linking["pages"] else {}),
            **(extra or {}),
        }
        completion = Completion(self._order["key"], tuple(outputs), facts)
        save_completion(self._work, f"{self._order['folder']}/completion.json", completion)


@dataclass(frozen=True)
class DocumentPart:
    """A file of documents, by its path within the work folder; all of them have one source."""

    path: str
    source: str


def source_of(completion: Completion) -> str:
    """The source of an input's documents."""
    return WEB if completion.facts["kind"] == "archive" else CODE


def document_parts(completions: Iterable[Completion]) -> list[DocumentPart]:
    """The documents parts of all inputs, in path order."""
    parts = [DocumentPart(file.path, source_of(one)) for one in completions for file in _files([one], "documents-")]
    return sorted(parts, key=lambda part: part.path)


def rejected_parts(completions: Iterable[Completion]) -> list[WrittenFile]:
    """The parts of records rejected here, in path order."""
    return _files(completions, "rejected-")


def error_files(completions: Iterable[Completion]) -> list[WrittenFile]:
    """The lists of damaged records, in path order."""
    return _files(completions, "errors.parquet")


def link_parts(completions: Iterable[Completion]) -> list[WrittenFile]:
    """The links parts of all WAT files, in path order."""
    return _files(completions, "links-")


def _files(completions: Iterable[Completion], stem: str) -> list[WrittenFile]:
    outputs = (output for completion in completions for output in completion.outputs)
    return sorted(
        (item for item in outputs if item.path.rsplit("/", 1)[1].startswith(stem)), key=lambda item: item.path
    )
