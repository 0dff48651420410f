"""How well toxicity is found, beside the word list and profanity libraries, in one run.

    python -m tests.benchmarks.toxicity DATA_DIR                       # ../shared/data by default
    PEER_PYTHON=peer/bin/python python -m tests.benchmarks.toxicity    # with alt-profanity-check and better-profanity

The peers want an environment of their own: `pip install alt-profanity-check better-profanity`. Only held-out text is
scored; the Wikipedia talk comments are in no training of ours (alt-profanity-check has learnt Wikipedia's comments and
Davidson's tweets, so its figures on these two flatter it).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from curation import toxicity
from curation.toxicity import DOCUMENT_THRESHOLD, ToxicityModel
from curation.training.toxicity import clean_sets, held_out_sets, roc_auc
from curation.training.toxicity_data import Example

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

_PEER = """
import json, sys
texts = json.load(open(sys.argv[1]))
out = {}
try:
    from profanity_check import predict_prob
    out["alt-profanity-check"] = [float(p) for p in predict_prob(texts)]
except ImportError:
    pass
try:
    from better_profanity import profanity
    profanity.load_censor_words()
    out["better-profanity"] = [float(profanity.contains_profanity(text[:500])) for text in texts]
except ImportError:
    pass
json.dump(out, open(sys.argv[2], "w"))
"""
_PEER_TEXTS = 200
"""Of each set at most about twice as many texts are scored by all: better-profanity takes milliseconds for each."""

Scores = NDArray[np.float64]
T = TypeVar("T")


def main(arguments: Sequence[str]) -> None:
    """Score everything and print the tables."""
    folder = Path(arguments[0]) if arguments else DATA
    if not (folder / "toxicity").is_dir():
        sys.exit(f"{folder}: no folder `toxicity` in it; name the folder of the data: {__doc__}")
    model = ToxicityModel()
    sets = {name: _some(examples) for name, examples in held_out_sets(folder).items()}
    clean = {name: _some(texts) for name, texts in clean_sets(folder).items()}
    texts = [e.text for examples in sets.values() for e in examples] + [t for part in clean.values() for t in part]
    systems = {
        "winnow": np.array([found.score for found in model.scan_batch(texts)]),
        "winnow's word list": np.array(model.lists.count(texts, [None] * len(texts)), float),
        **_peers(texts),
    }
    console = Console()
    _print(console, "ROC AUC on held-out text", systems, sets, lambda e, s: roc_auc([x.toxic for x in e], s))
    _print(console, f"non-toxic above {DOCUMENT_THRESHOLD}, %", systems, sets, _false)
    table = _table(f"clean text above {DOCUMENT_THRESHOLD}, %", systems)
    place = sum(map(len, sets.values()))
    for name, part in clean.items():
        rows = slice(place, place + len(part))
        table.add_row(name, str(len(part)), *(f"{100 * (_cut(k, s)[rows]).mean():.2f}" for k, s in systems.items()))
        place += len(part)
    console.print(table)
    paragraphs = [text for text in clean["web paragraphs"] if 300 < len(text) < 800][:500]
    for name, call in (("score, one by one", toxicity.score), ("scan, one by one", toxicity.scan)):
        console.print(f"{name}: {_milliseconds(call, paragraphs):.3f} ms for a paragraph of 300 to 800 characters")
    start = time.perf_counter()
    model.scan_batch(paragraphs)
    console.print(f"scan_batch: {(time.perf_counter() - start) * 1000 / len(paragraphs):.3f} ms")


def _some(texts: Sequence[T]) -> list[T]:
    step = max(1, len(texts) // _PEER_TEXTS)
    return list(texts[::step])


def _milliseconds(call: Callable[[str], object], paragraphs: Sequence[str]) -> float:
    call(paragraphs[0])
    start = time.process_time()
    for text in paragraphs:
        call(text)
    return (time.process_time() - start) * 1000 / len(paragraphs)


def _cut(system: str, scores: Scores) -> NDArray[np.bool_]:
    """What a system calls toxic: from one half on; of a count of words, from one."""
    return scores >= (DOCUMENT_THRESHOLD if system == "winnow" else 0.5)


def _false(examples: Sequence[Example], above: Scores) -> float:
    return 100 * float(above[[not e.toxic for e in examples]].mean())


def _print(
    console: Console,
    title: str,
    systems: dict[str, Scores],
    sets: dict[str, list[Example]],
    figure: Callable[[Sequence[Example], Scores], float],
) -> None:
    table = _table(title, systems)
    place = 0
    for name, examples in sets.items():
        rows = slice(place, place + len(examples))
        place += len(examples)
        cells = []
        for system, scores in systems.items():
            values = _cut(system, scores).astype(float) if figure is _false else scores
            cells.append(f"{figure(examples, values[rows]):.{2 if figure is _false else 3}f}")
        table.add_row(name, str(len(examples)), *cells)
    console.print(table)


def _table(title: str, systems: dict[str, Scores]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("set", "texts", *systems):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    return table


def _peers(texts: Sequence[str]) -> dict[str, Scores]:
    peer = os.environ.get("PEER_PYTHON")
    if not peer:
        print("peers: set PEER_PYTHON to an environment with alt-profanity-check and better-profanity", file=sys.stderr)
        return {}
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "texts.json", Path(folder) / "scores.json"
        given.write_text(json.dumps([text.encode("utf-8", "replace").decode() for text in texts]))
        subprocess.run([peer, "-c", _PEER, str(given), str(answer)], check=True)
        return {name: np.array(scores) for name, scores in json.loads(answer.read_text()).items()}


if __name__ == "__main__":
    main(sys.argv[1:])
