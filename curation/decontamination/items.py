"""Evaluation items read from files: JSON Lines, JSON, Parquet, CSV, TSV, plain text; gzip, bzip2 and Zstandard too.

A file that cannot be read, a row without the fields, and a set without items are errors that name the place: a set
that is silently empty would let everything pass.
"""

from __future__ import annotations

import bz2
import csv
import fnmatch
import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from curation.decontamination.config import HUB, BenchmarkConfig
from curation.decontamination.layouts import ANSWER, CHOICES, GENERIC, LAYOUTS, QUESTION, Layout
from manifests.errors import UsageError
from manifests.files import digest_file, exists, filesystem, join

KINDS = (".jsonl", ".json", ".parquet", ".csv", ".tsv", ".txt")
PACKED = ("", ".gz", ".bz2", ".zst")
SHORT_WORDS = 13
"""Questions of fewer words are also looked for with their answer and with their choices behind them."""

_FRAME = re.compile(r"\A\s*(?:question|q|goal|problem)\s*:\s*|\s*\n\s*(?:answer|a)\s*:\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One evaluation item: its parts by name, its file, and where it stands in it (`file:line`)."""

    benchmark: str
    id: str
    parts: tuple[tuple[str, str], ...]
    path: str
    place: str


@dataclass(frozen=True)
class ItemFile:
    """A file of items as manifests name it."""

    benchmark: str
    path: str
    bytes: int
    sha256: str


def item_files(benchmarks: Mapping[str, BenchmarkConfig]) -> list[ItemFile]:
    """The files of every item set with their digests, in the order of names and paths.

    A set of the hub has no file: its entry has the id and no digest.

    Raises:
        UsageError: a path that is not there, or a folder without data files.
    """
    found = []
    for name, config in sorted(benchmarks.items()):
        layout = _layout(name, config)
        for path in config.paths:
            if path.startswith(HUB):
                found.append(ItemFile(name, path, 0, ""))
                continue
            for file in _files(path, layout, f"decontaminate: {name}"):
                try:
                    sha256, size = digest_file(file)
                except OSError as error:
                    raise UsageError(f"decontaminate: {name}: {file}: cannot be read: {error}") from error
                found.append(ItemFile(name, file, size, sha256))
    return found


def read_items(benchmarks: Mapping[str, BenchmarkConfig]) -> Iterator[Item]:
    """Every item of every set, in the order of `item_files`.

    Raises:
        UsageError: a file that cannot be read, a row without the layout's fields, a set without items; with the place.
    """
    for file in item_files(benchmarks):
        yield from items_of(file, benchmarks[file.benchmark])


def items_of(file: ItemFile, config: BenchmarkConfig) -> Iterator[Item]:
    """The items of one file.

    Raises:
        UsageError: as `read_items`.
    """
    layout = _layout(file.benchmark, config)
    number = 0
    for number, (place, row) in enumerate(_rows(file.path, layout), 1):  # noqa: B007
        parts = _parts(row, layout, place)
        if parts:
            yield Item(file.benchmark, _identity(row, layout, place), parts, file.path, place)
    if not number:
        raise UsageError(f"decontaminate: {file.benchmark}: {file.path}: holds no item")


def read_ignored(paths: Sequence[str]) -> list[str]:
    """The texts whose n-grams are no evidence, each file one.

    Raises:
        UsageError: a path that cannot be read, or holds nothing.
    """
    texts = []
    for path in paths:
        try:
            with _open(path) as stream:
                text = stream.read()
        except (OSError, EOFError, UnicodeDecodeError, ValueError, zlib.error) as error:
            raise UsageError(f"decontaminate.ignore: {path}: cannot be read as text: {error}") from error
        if not text.strip():
            raise UsageError(f"decontaminate.ignore: {path}: is empty")
        texts.append(text)
    return texts


def _layout(name: str, config: BenchmarkConfig) -> Layout:
    known = config.layout or (name if name in LAYOUTS else None)
    layout = LAYOUTS[known] if known else GENERIC
    parts: dict[str, tuple[str, ...]] = {part: (fields,) for part, fields in config.fields.items()} or layout.parts
    return Layout(
        parts,
        (config.id,) if config.id else layout.id,
        layout.patterns,
        config.columns or layout.columns,
        layout.rows,
        layout.without,
    )


def _files(path: str, layout: Layout, where: str) -> list[str]:
    if not exists(path):
        raise UsageError(f"{where}: {path}: no such file or folder")
    fs, place = filesystem(path)
    if not fs.isdir(place):
        if _kind(path) is None:
            raise UsageError(f"{where}: {path}: unknown kind of file; known endings: {', '.join(KINDS)}, also packed")
        return [path]
    names = sorted(os.path.relpath(name, place) for name in fs.find(place))
    data = [name for name in names if _kind(name) not in (None, ".txt")] or [name for name in names if _kind(name)]
    if layout.patterns:
        data = [name for name in data if any(fnmatch.fnmatch(os.path.basename(name), one) for one in layout.patterns)]
    if not data:
        wanted = ", ".join(layout.patterns or (f"*{kind}" for kind in KINDS))
        raise UsageError(f"{where}: {path}: no file of items in this folder; looked for {wanted}")
    return [join(path, name) for name in data]


def _kind(path: str) -> str | None:
    for packed in PACKED:
        if path.endswith(packed):
            bare = path.removesuffix(packed) if packed else path
            for kind in KINDS:
                if bare.endswith(kind):
                    return kind
    return None


def _open(path: str) -> IO[str]:
    """A file as text; only a line feed ends a line, as JSON strings may hold other separators."""
    fs, place = filesystem(path)
    raw = fs.open(place, "rb")
    if path.endswith(".gz"):
        raw = gzip.GzipFile(fileobj=raw)
    elif path.endswith(".bz2"):
        raw = bz2.BZ2File(raw)
    elif path.endswith(".zst"):
        import zstandard

        raw = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=True)
    return cast("IO[str]", io.TextIOWrapper(cast("IO[bytes]", raw), encoding="utf-8-sig", newline="\n"))


def _rows(path: str, layout: Layout) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.startswith(HUB):
        yield from _hub_rows(path)
        return
    kind = _kind(path)
    try:
        if kind == ".parquet":
            yield from _parquet_rows(path)
            return
        with _open(path) as stream:
            if kind == ".jsonl":
                yield from _json_lines(path, stream)
            elif kind == ".json":
                yield from _json_rows(path, stream, layout)
            elif kind == ".txt":
                yield from _text_items(path, stream)
            else:
                yield from _table_rows(path, stream, "\t" if kind == ".tsv" else ",", layout)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start} of a block") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    except Exception as error:
        if type(error).__name__ != "ZstdError":
            raise
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _json_lines(path: str, stream: IO[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield f"{path}:{number}", _object(_json(line, f"{path}:{number}"), f"{path}:{number}")


def _json_rows(path: str, stream: IO[str], layout: Layout) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = stream.read()
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        lines = content.splitlines()
        if len(lines) > 1 and lines[0].strip().startswith("{") and lines[0].strip().endswith("}"):
            yield from _json_lines(path, io.StringIO(content, newline="\n"))  # JSON Lines under another name
            return
        raise UsageError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from error
    if isinstance(document, dict):
        lists = [layout.rows] if layout.rows else ["examples", "data", "rows", "items"]
        held = next((document[name] for name in lists if isinstance(document.get(name), list)), None)
        document = [document] if held is None else held
    if not isinstance(document, list):
        raise UsageError(f"{path}: expected a list of items, found a {type(document).__name__}")
    yield from ((f"{path}[{index}]", _object(row, f"{path}[{index}]")) for index, row in enumerate(document))


def _text_items(path: str, stream: IO[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """One item a paragraph where blank lines part the file, else one a line."""
    lines = stream.read().strip("\n").split("\n")
    if any(not line.strip() for line in lines):
        start = 0
        for number, line in enumerate([*lines, ""]):
            if not line.strip():
                if start < number:
                    yield f"{path}:{start + 1}", {QUESTION: "\n".join(lines[start:number])}
                start = number + 1
    else:
        yield from ((f"{path}:{number}", {QUESTION: line}) for number, line in enumerate(lines, 1))


def _table_rows(path: str, stream: IO[str], separator: str, layout: Layout) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # A tab-separated file of questions quotes nothing: a quotation mark is text.
    plain = separator == "\t"
    reader = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL)
    # A header names the first part's field; `B` alone may be an answer.
    known = set(next(iter(layout.parts.values())))
    columns: Sequence[str] = ()
    try:
        for row in reader:
            if not row:
                continue
            place = f"{path}:{reader.line_num}"
            if not columns:
                if known & set(row):
                    columns = row
                    continue
                columns = layout.columns
                if not columns:
                    raise UsageError(
                        f"{place}: no field of items among its columns ({', '.join(row)[:200]}); say which with "
                        "`fields`, or name the columns of a file without a header with `columns`"
                    )
            if len(row) != len(columns):
                raise UsageError(f"{place}: {len(row)} columns where {len(columns)} are expected")
            yield place, dict(zip(columns, row, strict=True))
    except csv.Error as error:
        raise UsageError(f"{path}:{reader.line_num}: {error}") from error


def _parquet_rows(path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fs, place = filesystem(path)
    number = 0
    try:
        with fs.open(place, "rb") as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}:{number}", row
    except pa.ArrowException as error:
        raise UsageError(f"{path}: not a Parquet file: {error}") from error


def _hub_rows(path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of `hub:owner/name#configuration`, every split of it."""
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise UsageError(f"{path}: needs the package `datasets`; install winnow[tuning], or name a file") from error
    name, _, configuration = path.removeprefix(HUB).partition("#")
    try:
        splits = load_dataset(name, configuration or None)
    except Exception as error:  # whatever the client and its network have to say
        raise UsageError(f"{path}: the `datasets` client cannot load it: {str(error).strip()[:300]}") from error
    for split in sorted(splits):
        yield from ((f"{path}:{split}:{number}", row) for number, row in enumerate(splits[split], 1))


def _json(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{place}: not valid JSON: {error.msg}") from error


def _object(row: Any, place: str) -> Mapping[str, Any]:
    if isinstance(row, str):
        return {QUESTION: row}
    if not isinstance(row, dict):
        raise UsageError(f"{place}: an item is an object, this is a {type(row).__name__}")
    return row


def _identity(row: Mapping[str, Any], layout: Layout, place: str) -> str:
    found = next((value for name in layout.id if (value := _value(row, name)) is not None), None)
    return str(found)[:200] if isinstance(found, (str, int)) else os.path.basename(place)


def _parts(row: Mapping[str, Any], layout: Layout, place: str) -> tuple[tuple[str, str], ...]:
    """The parts of an item, and a short question with what stands behind it in a test."""
    found: dict[str, list[str]] = {}
    for part, fields in layout.parts.items():
        values = next((texts for name in fields if (texts := _texts(row, name)) is not None), None)
        if values is not None:
            found[part] = [text for text in values if text.strip()]
    if not found:
        wanted = ", ".join(one for fields in layout.parts.values() for one in fields)
        held = ", ".join(sorted(map(str, row)))[:200]
        raise UsageError(
            f"{place}: has none of the fields {wanted}, only {held}; name the set's layout with `layout`, or its parts "
            "with `fields`, such as {question: doc.query}"
        )
    choices = found.pop(CHOICES, [])
    if choices and ANSWER in found:
        found[ANSWER] = [_chosen(text.strip(), choices) for text in found[ANSWER]]
    parts = [(name, _FRAME.sub("", "\n".join(texts))) for name, texts in found.items()]
    question, answer = dict(parts).get(QUESTION, ""), dict(parts).get(ANSWER, "")
    if layout.without and answer:
        parts.append((f"{ANSWER} without notes", re.sub(layout.without, "", answer, flags=re.MULTILINE)))
    if question and choices:
        lettered = (f"{chr(ord('A') + place)}. {text}" for place, text in enumerate(choices[:26]))
        parts.append((f"{QUESTION} and {CHOICES}", "\n".join([question, *choices])))
        parts.append((f"{QUESTION} and {CHOICES}", "\n".join([question, *lettered])))
    if question and answer and len(question.split()) < SHORT_WORDS:
        parts.append((f"{QUESTION} and {ANSWER}", f"{question}\n{answer}"))
    return tuple((name, text) for name, text in dict.fromkeys(parts) if text.strip())


def _chosen(answer: str, choices: Sequence[str]) -> str:
    """The choice that an answer names by its letter, or by its number from 0; any other answer as it is."""
    if answer in choices:
        return answer
    letters = "ABCDEFGHIJ"
    place = int(answer) if answer.isdecimal() else letters.find(answer.upper()) if len(answer) == 1 else -1
    return choices[place] if 0 <= place < len(choices) else answer


def _texts(row: Mapping[str, Any], name: str) -> list[str] | None:
    """The texts of a field, of fields joined by `+`, or of a list of texts or `{text}`; None where one is missing."""
    values = [_value(row, one) for one in name.split("+")]
    if any(value is None for value in values):
        return None
    found: list[str] = []
    for value in values:
        held = value.get("text", value) if isinstance(value, dict) else value
        for one in held if isinstance(held, (list, tuple)) else [held]:
            text = one.get("text") if isinstance(one, dict) else one
            if isinstance(text, (str, int, float)) and not isinstance(text, bool):
                found.append(str(text).encode("utf-8", "replace").decode())
    return found


def _value(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    value: Any = row
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value
