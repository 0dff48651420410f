"""The process in which a quality model is trained: `python -m curation.training.fasttext_job JOB.json`.

The job names the file of training lines, where the model goes, and the arguments of the library. A module of its own,
so that the process starts quickly.
"""

from __future__ import annotations

import json
from pathlib import Path

from curation.training.fasttext_training import in_fresh_process

MODULE = "curation.training.fasttext_job"


def main(arguments: list[str]) -> None:
    """Train by a job file."""
    import fasttext

    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    model = fasttext.train_supervised(job["text"], thread=1, seed=1, verbose=0, **job["train"])
    if job["quantise"]:
        model.quantize(input=job["text"], thread=1, verbose=0, **job["quantise"])
    model.save_model(job["out"])


if __name__ == "__main__":
    in_fresh_process(MODULE, main)
