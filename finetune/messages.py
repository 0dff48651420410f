"""The canonical row (`messages` with `source`) and the readers that bring every known format into it.

Known rows, told apart by their keys:

- `messages`: `[{role, content, train?}]`, with `source?`
- `prompt` and `completion`: strings or lists of messages
- `instruction`, `input?`, `output` (Alpaca's keys)

Files are JSON Lines (`.jsonl`), a JSON array (`.json`), either also gzipped, or Parquet; a folder stands for its
files in name order.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from manifests.errors import UsageError
from manifests.files import digest_file

ROLES = ("system", "user", "assistant", "tool")
SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet")
KNOWN_ROWS = "`messages`, `prompt` + `completion`, or `instruction` + `output`"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `train` says whether the model learns to write it (only an assistant's turn can be)."""

    role: str
    content: str
    train: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One training row: turns in order, the source it is counted under, and where it stands (`file:line`)."""

    messages: tuple[Message, ...]
    source: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A data file as the manifest names it; `records` counts its rows."""

    path: str
    bytes: int
    sha256: str
    records: int


Row = TypeVar("Row")


def read_conversations(paths: list[str]) -> tuple[list[Conversation], list[InputFile]]:
    """All rows of `paths` as conversations, in order, and the files they came from.

    Raises:
        UsageError: a path that cannot be read, an unknown format, an unknown role; with `file:line`.
    """
    return read_rows(paths, parse_conversation)


def read_rows(
    paths: list[str], parse: Callable[[Mapping[str, Any], str, str], Row]
) -> tuple[list[Row], list[InputFile]]:
    """`parse(row, place, default source)` for every row of every file under `paths`."""
    rows: list[Row] = []
    files: list[InputFile] = []
    for path in data_files(paths):
        before = len(rows)
        stem = Path(path).name.split(".")[0]
        for place, row in _raw_rows(path):
            if not isinstance(row, dict):
                raise UsageError(f"{place}: a row is an object, this is a {type(row).__name__}")
            rows.append(parse(row, place, stem))
        sha256, size = digest_file(path)
        files.append(InputFile(path, size, sha256, len(rows) - before))
    if not rows:
        raise UsageError(f"{', '.join(paths)}: holds no rows")
    return rows, files


def data_files(paths: list[str]) -> list[str]:
    """The data files that `paths` (files and folders) stand for."""
    found: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            inside = [entry for entry in sorted(Path(path).iterdir()) if entry.name.endswith(SUFFIXES)]
            inside = [entry for entry in inside if entry.is_file() and entry.name != "manifest.json"]
            if not inside:
                raise UsageError(f"{path}: no data file here; known endings: {', '.join(SUFFIXES)}")
            found.extend(str(entry) for entry in inside)
        elif not os.path.exists(path):
            raise UsageError(f"{path}: no such file or folder")
        elif not path.endswith(SUFFIXES):
            raise UsageError(f"{path}: unknown kind of file; known endings: {', '.join(SUFFIXES)}")
        else:
            found.append(path)
    return found


def parse_conversation(row: Mapping[str, Any], place: str, default_source: str) -> Conversation:
    """The canonical form of one row; UsageError names `place` and what is known when it has none."""
    source = _source(row, place, default_source)
    if "messages" in row:
        return Conversation(parse_messages(row["messages"], place), source, place)
    if "prompt" in row and "completion" in row:
        prompt = as_messages(row["prompt"], "user", place)
        return Conversation((*_untrained(prompt), *as_messages(row["completion"], "assistant", place)), source, place)
    if "instruction" in row and "output" in row:
        question = _text(row["instruction"], place)
        if row.get("input"):
            question = f"{question}\n\n{_text(row['input'], place)}"
        system = _text(row.get("system") or "", place)
        turns = [Message("system", system)] if system else []
        turns += [Message("user", question), Message("assistant", _text(row["output"], place), train=True)]
        return Conversation(tuple(turns), source, place)
    raise UsageError(f"{place}: unknown kind of row with keys {sorted(row)[:8]}; known rows have {KNOWN_ROWS}")


def parse_messages(value: Any, place: str) -> tuple[Message, ...]:
    """Typed turns of a `messages` list; `train` defaults to true for the assistant and false for the others."""
    if not isinstance(value, list):
        raise UsageError(f"{place}: `messages` is a list of {{role, content}}, this is a {type(value).__name__}")
    turns = []
    for item in value:
        if not isinstance(item, dict) or "role" not in item or "content" not in item:
            raise UsageError(f"{place}: every message has `role` and `content`, found {str(item)[:80]!r}")
        role = item["role"]
        if role not in ROLES:
            raise UsageError(f"{place}: unknown role {role!r}; known roles: {', '.join(ROLES)}")
        train = item.get("train")
        if train and role != "assistant":
            raise UsageError(f"{place}: `train` is set on a {role} message; only the assistant's turns are trained")
        turns.append(
            Message(role, _text(item["content"], place), role == "assistant" if train is None else bool(train))
        )
    return tuple(turns)


def as_messages(value: Any, role: str, place: str) -> tuple[Message, ...]:
    """A string as one message of `role`, or a list of messages as it is."""
    if isinstance(value, str):
        return (Message(role, _text(value, place), train=role == "assistant"),)
    return parse_messages(value, place)


def as_dicts(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """`[{role, content}]`, the form that chat templates and TRL take."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _untrained(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(Message(message.role, message.content) for message in messages)


def _source(row: Mapping[str, Any], place: str, default: str) -> str:
    source = row.get("source")
    if source is None:
        return default
    return _text(source, place)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{place}: expected text, found {str(value)[:80]!r} ({type(value).__name__})")
    # A lone surrogate is no Unicode text and no tokenizer takes it.
    return value.encode("utf-8", "replace").decode()


def _raw_rows(path: str) -> Iterator[tuple[str, Any]]:
    try:
        if path.endswith(".parquet"):
            yield from _parquet_rows(path)
        elif path.endswith((".json", ".json.gz")):
            with _open_text(path) as stream:
                content = json.load(stream)
            if not isinstance(content, list):
                raise UsageError(f"{path}: a .json file holds one array of rows; one row a line is .jsonl")
            yield from ((f"{path}[{index}]", row) for index, row in enumerate(content))
        else:
            yield from _json_lines(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except EOFError as error:
        raise UsageError(f"{path}: the gzip stream ends early") from error
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from error


def _open_text(path: str) -> IO[str]:
    # Only a line feed ends a line; a JSON string may hold other separators.
    if path.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8", newline="\n"))
    return open(path, encoding="utf-8", newline="\n")


def _json_lines(path: str) -> Iterator[tuple[str, Any]]:
    with _open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                yield place, json.loads(line)
            except json.JSONDecodeError as error:
                raise UsageError(f"{place}: not valid JSON: {error.msg}") from error


def _parquet_rows(path: str) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}:{number}", row
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path}: not a Parquet file: {error}") from error
