"""What an ablation trains and evaluates on: builds split by id, held-out sets, and equally many tokens of each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from finetune.ablation_config import AblationConfig
from finetune.loading import load_tokenizer
from finetune.messages import SUFFIXES, InputFile, data_files, read_rows
from finetune.pretrain import read_documents, shard_files, token_arrays, train_tokenizer
from finetune.runs import held_out
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import digest_file
from manifests.manifest import MANIFEST_NAME
from manifests.models import describe_base

SPLIT_SEED = 0
"""Which documents are held out or sampled is the same for all seeds: seeds vary the model and the order of its data."""
TOKENIZER_BYTES = 64 << 20
TEXT_FILE = ".txt"

Document = tuple[str, str]


@dataclass(frozen=True)
class NamedBuild:
    """A finished build: its letter in the comparison, its name, its folder, and the shards that its manifest lists."""

    label: str
    name: str
    folder: str
    files: tuple[InputFile, ...]


@dataclass(frozen=True)
class HeldOut:
    """Texts to evaluate on. `seen` counts those left out because a training part holds the same text."""

    name: str
    texts: tuple[str, ...]
    seen: int

    @property
    def bytes(self) -> int:
        """UTF-8 bytes of all texts."""
        return sum(len(text.encode()) for text in self.texts)


@dataclass(frozen=True)
class Pool:
    """A build's training part: how many documents the build has, and `(id, text)` of those that may be trained on."""

    documents: int
    rows: list[Document]


@dataclass(frozen=True)
class TokenPool:
    """A training part as token ids, int32, each document's ended by the end token; `starts` has one entry more."""

    ids: list[str]
    tokens: np.ndarray[Any, Any]
    starts: np.ndarray[Any, Any]


def open_build(label: str, name: str, folder: str) -> NamedBuild:
    """The build in `folder`; UsageError when it has no manifest or no Parquet shard."""
    return NamedBuild(label, name, folder, tuple(shard_files(folder)))


def held_out_files(paths: Sequence[str]) -> list[InputFile]:
    """The files of a named held-out set: data files, `.txt` files, folders of these, and finished builds.

    Raises:
        UsageError: a path that is not there or of an unknown kind.
    """
    found = []
    for path in paths:
        if os.path.isfile(os.path.join(path, MANIFEST_NAME)):
            describe_base(path)  # refuses files that differ from the manifest
            found += shard_files(path)
            continue
        for file in _files(path):
            sha256, size = digest_file(file)
            found.append(InputFile(file, size, sha256, 0))
    return found


def read_pools(config: AblationConfig, builds: Sequence[NamedBuild]) -> tuple[list[Pool], list[HeldOut]]:
    """Each build's training part, and all held-out sets: those named first, then the builds' own parts.

    A document belongs to its build's held-out part by its id, so that an id which several builds have is held out from
    all of them. A held-out text which, but for white space, any training part holds is left out.

    Raises:
        UsageError: a set in which no document is left.
    """
    pools, parts = [], []
    for build in builds:
        rows, documents = read_documents([file.path for file in build.files], config.max_text_bytes, SPLIT_SEED)
        away = [held_out(["ablation", key], config.held_out_share, SPLIT_SEED) for key, _ in rows]
        pools.append(Pool(documents, [row for row, out in zip(rows, away, strict=True) if not out]))
        parts.append([row for row, out in zip(rows, away, strict=True) if out])
    trained = {text_digest(text) for pool in pools for _, text in pool.rows}
    sets = []
    for name, paths in config.held_out.items():
        given = HeldOut(name, tuple(_read_texts(paths, config.text_column)), 0)
        fix = f"give `held_out.{name}` documents that are in no build"
        sets.append(_usable(given, trained, config.max_held_out_bytes, fix))
    if config.held_out_share:
        for build, part in zip(builds, parts, strict=True):
            own = HeldOut(f"held-out part of {build.label}", tuple(text for _, text in sorted(part)), 0)
            fix = "raise `held_out_share`, or set it to 0 and name a set in `held_out`"
            sets.append(_usable(own, trained, config.max_held_out_bytes, fix))
    return pools, sets


def text_digest(text: str) -> bytes:
    """16 bytes that are equal for texts which differ in white space alone."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()[:16]


def prepare_tokenizer(config: AblationConfig, pools: Sequence[Pool]) -> PreTrainedTokenizerFast:
    """The tokenizer that the configuration names, or one trained on equally many bytes of each training part.

    Raises:
        UsageError: the named tokenizer has no fast form or no end token.
    """
    if config.tokenizer is not None:
        tokenizer = load_tokenizer(config.tokenizer)
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise UsageError(f"{config.tokenizer}: a tokenizer without a tokenizer.json; name one that has it")
        if tokenizer.eos_token_id is None:
            raise UsageError(f"{config.tokenizer}: a tokenizer without an end token (eos); name one that has it")
        return tokenizer
    budget = min([TOKENIZER_BYTES, *(sum(len(text.encode()) for _, text in pool.rows) for pool in pools)])
    return train_tokenizer([text for pool in pools for text in _some_texts(pool, budget)], config.vocabulary)


def tokenizer_digest(tokenizer: PreTrainedTokenizerFast) -> str:
    """Hex SHA-256 of what decides a tokenizer's output."""
    return digest_json([tokenizer.backend_tokenizer.to_str(), tokenizer.eos_token])


def encode_pool(pool: Pool, tokenizer: PreTrainedTokenizerFast) -> TokenPool:
    """The tokens of a training part, document by document."""
    arrays = list(token_arrays([text for _, text in pool.rows], tokenizer))
    starts = np.cumsum([0, *map(len, arrays)], dtype=np.int64)
    return TokenPool([key for key, _ in pool.rows], np.concatenate([np.zeros(0, np.int32), *arrays]), starts)


def training_blocks(pool: TokenPool, seed: int, blocks: int, context: int) -> np.ndarray[Any, Any]:
    """The tokens of one run, int32 of shape (blocks, context): documents in an order that seed and ids decide.

    Every document is read once before any is read again, then in another order. The same seed takes an id which two
    builds have at the same place among the ids they share.
    """
    wanted = blocks * context
    parts: list[np.ndarray[Any, Any]] = []
    passes = 0
    while wanted > 0:
        order = sorted(range(len(pool.ids)), key=lambda row: (digest_json([seed, passes, pool.ids[row]]), row))
        for row in order:
            part = pool.tokens[pool.starts[row] : pool.starts[row + 1]][:wanted]
            parts.append(part)
            wanted -= len(part)
            if wanted <= 0:
                break
        passes += 1
    return np.concatenate([np.zeros(0, np.int32), *parts]).reshape(blocks, context)


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path] if _is_text(path) else data_files([path])
    plain = sorted(str(entry) for entry in Path(path).glob("*" + TEXT_FILE))
    rows = any(entry.name.endswith(SUFFIXES) for entry in Path(path).iterdir())
    return plain + (data_files([path]) if rows or not plain else [])


def _is_text(path: str) -> bool:
    return path.endswith(TEXT_FILE) and os.path.isfile(path)


def _read_texts(paths: Sequence[str], column: str) -> Iterable[str]:
    def parse(row: Mapping[str, Any], place: str, _: str) -> str:
        value = row.get(column)
        if not isinstance(value, str):
            have = ", ".join(sorted(map(str, row))[:8])
            raise UsageError(
                f"{place}: no text in `{column}`; its keys are: {have}; `text_column` names the one to read"
            )
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no Unicode text

    for file in held_out_files(paths):
        if _is_text(file.path):
            yield _read_text(file.path)
        else:
            yield from read_rows([file.path], parse)[0]


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _usable(given: HeldOut, trained: set[bytes], max_bytes: int, fix: str) -> HeldOut:
    """The non-empty texts that no training part holds, in the order of their digests, as many as `max_bytes` allow."""
    digests = {text_digest(text): text for text in given.texts if text}
    unseen = sorted(digest for digest in digests if digest not in trained)
    if not unseen:
        why = f"all {len(digests)} of its texts are in a training part" if digests else "it holds no document"
        raise UsageError(f"{given.name}: nothing to evaluate on, {why}; {fix}")
    taken: list[str] = []
    size = 0
    for digest in unseen:
        text = digests[digest]
        if taken and size + len(text.encode()) > max_bytes:
            break
        taken.append(text)
        size += len(text.encode())
    return replace(given, texts=tuple(taken), seen=len(digests) - len(unseen))


def _some_texts(pool: Pool, budget: int) -> list[str]:
    """Texts of at most `budget` bytes or a single one, in the order of their ids' hashes."""
    taken: list[str] = []
    for _, text in sorted(pool.rows, key=lambda row: digest_json([SPLIT_SEED, "tokenizer", row[0]])):
        budget -= len(text.encode())
        if taken and budget < 0:
            break
        taken.append(text)
    return taken
