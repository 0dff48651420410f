from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from finetune.commands import quieten

quieten()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import torch  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

import finetune.training  # noqa: E402
from finetune.config import PretrainConfig  # noqa: E402
from finetune.pretrain import run_pretrain, train_tokenizer  # noqa: E402
from manifests.files import digest_file  # noqa: E402
from manifests.manifest import write_manifest  # noqa: E402

torch.set_num_threads(1)

TOWNS = ("Velmar", "Ostrin", "Kellow", "Dunmere", "Pellan", "Brixa")
COLOURS = ("red", "blue", "green", "white", "black", "brown")
FLAGS = [(town, f"The flag of {town} is {colour}.") for town, colour in zip(TOWNS, COLOURS, strict=True)]
PAGES = [
    f"The flag of {town} is {colour}. People in {town} like {colour} doors, {colour} boats and {colour} hats. Page {k}."
    for k in range(4)
    for town, colour in zip(TOWNS, COLOURS, strict=True)
]
TINY = {"hidden_size": 64, "layers": 2, "heads": 2, "feed_forward": 128, "context": 64}

bytes_on_a_cpu = pytest.mark.skipif(
    torch.cuda.is_available(), reason="the same bytes are promised on a CPU; a GPU's kernels add in any order"
)
needs_cuda = [pytest.mark.slow, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")]


def question(town: str) -> dict[str, str]:
    return {"role": "user", "content": f"What is the flag of {town}?"}


def answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def make_build(folder: Path, pages: list[str] = PAGES) -> str:
    """A folder with what `winnow curate` leaves and tuning reads."""
    shard = folder / "shards" / "web" / "part-00000.parquet"
    shard.parent.mkdir(parents=True)
    pq.write_table(pa.table({"id": [f"{k:032x}" for k in range(len(pages))], "text": pages}), shard)
    sha256, size = digest_file(str(shard))
    entry = {"path": "shards/web/part-00000.parquet", "source": "web", "documents": len(pages), "tokens": 0}
    write_manifest(str(folder), {"name": "tiny", "shards": [{**entry, "bytes": size, "sha256": sha256}], "parents": []})
    return str(folder)


class KilledError(Exception):
    """Stands for a kill in the middle of a step."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """A context in which training dies at the end of the given step."""

    @contextlib.contextmanager
    def context(step: int) -> Iterator[None]:
        class Killer(finetune.training.CheckpointMarker):
            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step == step:
                    raise KilledError

        with monkeypatch.context() as patched, pytest.raises(KilledError):
            patched.setattr(finetune.training, "CheckpointMarker", Killer)
            yield

    return context


@pytest.fixture(scope="session")
def trained_tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(PAGES, 400)


@pytest.fixture
def tokenizer(trained_tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without a chat template, each test's own."""
    return copy.deepcopy(trained_tokenizer)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_build(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def base(build: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base model of two layers, pretrained for 120 steps."""
    out = str(tmp_path_factory.mktemp("models") / "base")
    config = PretrainConfig.model_validate(
        {"data": build, "vocabulary": 400, "architecture": TINY, "training": {"max_steps": 120, "batch_size": 4}}
    )
    run_pretrain(config, out)
    return out


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """instructions.jsonl, preferences.jsonl and prompts.jsonl about the towns' flags."""
    folder = tmp_path_factory.mktemp("data")
    write_rows(
        folder / "instructions.jsonl",
        [{"messages": [question(town), answer(text)], "source": "flags"} for town, text in FLAGS] * 4,
    )
    write_rows(
        folder / "preferences.jsonl",
        [
            {"prompt": [question(town)], "chosen": [answer(text)], "rejected": [answer(bad)]}
            for town, text in FLAGS
            for bad in ("I do not care.", "Who knows.", "Ask another.", "No.")
        ],
    )
    write_rows(folder / "prompts.jsonl", [{"prompt": [question(town)]} for town, _ in FLAGS])
    return folder
