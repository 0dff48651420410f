"""Reproducible training of small quantised fastText models."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fasttext

from curation.fasttext_model import LABEL_PREFIX

_CHILD = "WINNOW_TRAINING_CHILD"


def in_fresh_process(module: str, main: Callable[[list[str]], None]) -> None:
    """Run `main(arguments)` in a child process whose memory allocator hands out zeroed pages.

    With one thread, fastText 0.9.3 initialises the first tenth of its input matrix only and leaves the rest as the
    allocator returned it (`DenseMatrix::uniform`). Fresh pages from the system are zero, recycled ones are not: a
    second training in one process ends in "Encountered NaN" or in other bytes. glibc reads the setting at its start.
    """
    if os.environ.get(_CHILD):
        main(sys.argv[1:])
        return
    environment = {**os.environ, _CHILD: "1", "MALLOC_MMAP_THRESHOLD_": "65536", "PYTHONHASHSEED": "0"}
    environment["OMP_NUM_THREADS"] = "1"
    command = [sys.executable, "-m", module, *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def stable_hash(text: str) -> int:
    """A 32-bit hash that is the same everywhere: folds, shuffles and choices are made of it."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4], "big")


def train_quantised(
    examples: Iterable[tuple[str, str]], out: Path, *, train: dict[str, Any], quantise: dict[str, Any]
) -> None:
    """Train on (label, normalised line) pairs, shuffled by their hashes, quantise with retraining, save to `out`."""
    lines = [f"{LABEL_PREFIX}{label} {line}\n" for label, line in examples]
    order = sorted(range(len(lines)), key=lambda i: (stable_hash(f"{i} {lines[i]}"), i))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(lines[i] for i in order)
        model = fasttext.train_supervised(str(path), thread=1, seed=1, verbose=0, **train)
        model.quantize(input=str(path), retrain=True, thread=1, verbose=0, **quantise)
    out.parent.mkdir(parents=True, exist_ok=True)
    model.save_model(str(out))
