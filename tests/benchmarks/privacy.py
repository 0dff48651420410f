"""Recall and precision by type, false spans and speed of `curation.privacy.find`, beside presidio and datatrove.

    python -m tests.benchmarks.privacy                       # the labelled sets, real prose and real code
    python -m tests.benchmarks.privacy labelled|prose|code   # one part
    PEER_PYTHON=peer/bin/python python -m tests.benchmarks.privacy    # with the peers; `pip install presidio-analyzer
                                                             # datatrove` into an environment of theirs
    BENCH_CODE=folder:folder HITS=folder python -m tests.benchmarks.privacy   # sources of yours; where hits are written

Every hit in prose and code is written with its context to HITS (a new temporary folder by default) as TSV, for reading
by eye: nobody has labelled those texts. All that is timed runs in one process, on processor time; datatrove's two
regular expressions over the same prose, timed in the same run, tell how fast the machine was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curation.privacy import OPTIONAL_TYPES, TYPES, find
from curation.privacy.spans import IP_ADDRESS, PRIVATE_IP
from tests.benchmarks.privacy_sets import (
    Sentence,
    code_documents,
    labelled_sets,
    names_of_persons,
    prose_documents,
    write_hits,
)

PEER = Path(__file__).with_name("privacy_peer.py")
PEERS = ("presidio", "datatrove")
PARTS = ("labelled", "prose", "code")
CONTEXT = 60
Found = list[tuple[str, int, int]]


def main() -> None:
    """Run the parts that are named, or all."""
    parts = sys.argv[1:] or list(PARTS)
    if not set(parts) <= set(PARTS):
        sys.exit(f"parts are {', '.join(PARTS)}")
    console = Console(width=140)
    folder = Path(os.environ.get("HITS") or tempfile.mkdtemp(prefix="winnow-privacy-"))
    folder.mkdir(parents=True, exist_ok=True)
    if "labelled" in parts:
        _labelled(console)
    if "prose" in parts:
        _real("prose", prose_documents(), folder, console)
    if "code" in parts:
        _real("code", code_documents(), folder, console)


@dataclass
class Score:
    """Values found whole, values there, and spans where there is no value of any type."""

    hit: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)


def score(sentences: Sequence[Sentence], found: Iterable[Found]) -> Score:
    """A value counts as found when one span of its type covers all of it; a span is false when it meets no value."""
    result = Score()
    for sentence, spans in zip(sentences, found, strict=True):
        for name, start, end in sentence.gold:
            result.total[name] += 1
            result.hit[name] += any(kind == name and low <= start and high >= end for kind, low, high in spans)
        for kind, low, high in spans:
            result.false[kind] += not any(low < end and start < high for _, start, end in sentence.gold)
    return result


def _ours(text: str) -> Found:
    """What `find` finds; labelled sets do not tell private addresses of machines from public ones."""
    names = {PRIVATE_IP: IP_ADDRESS}
    return [(names.get(span.type, span.type), span.start, span.end) for span in find(text)]


def _peer(name: str, texts: Sequence[str]) -> tuple[float, list[Found]] | None:
    """Seconds of processor time and spans of a peer; None where it has no environment or does not run."""
    python = os.environ.get("PEER_PYTHON")
    if not python:
        return None
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    # Isolated, as modules beside the script (`secrets`) would hide those of the standard library.
    done = subprocess.run([python, "-I", str(PEER), name], input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{name} did not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    first, *rest = done.stdout.splitlines()
    return float(first), [[(kind, start, end) for kind, start, end in json.loads(line)] for line in rest]


def _labelled(console: Console) -> None:
    sets = labelled_sets()
    sets["wnut17 (names)"] = list(names_of_persons())
    for title, sentences in sets.items():
        if not sentences:
            continue
        texts = [sentence.text for sentence in sentences]
        start = time.process_time()
        ours = [_ours(text) for text in texts]
        rows = {"winnow": (time.process_time() - start, ours)}
        rows.update((name, result) for name in PEERS if (result := _peer(name, texts)))
        table = Table(title=f"{title}, {len(sentences):,} texts", title_justify="left")
        table.add_column("type")
        for name in rows:
            table.add_column(f"{name}: found", justify="right")
            table.add_column("false", justify="right")
        scores = [score(sentences, spans) for _, spans in rows.values()]
        for kind in sorted({kind for item in scores for kind in (*item.total, *(+item.false))}):
            cells: list[str] = []
            for item in scores:
                total = item.total[kind]
                share = f"{item.hit[kind]} of {total} ({item.hit[kind] / total:.1%})" if total else ""
                cells += [share, f"{item.false[kind]}"]
            table.add_row(kind, *cells)
        pace = (f"{len(sentences) / max(1e-9, seconds):,.0f}" for seconds, _ in rows.values())
        table.add_row("texts/s", *(cell for value in pace for cell in (value, "")), style="dim")
        console.print(table)


def _real(kind: str, documents: Iterator[tuple[str, str]], folder: Path, console: Console) -> None:
    """Counts by type and speed over texts that nobody labelled; every hit is written for reading."""
    counts: Counter[str] = Counter()
    sizes: list[int] = []
    seconds = 0.0
    sampled: list[str] = []

    def rows() -> Iterator[tuple[str, str, float, str, str, str, str]]:
        nonlocal seconds
        for name, text in documents:
            sizes.append(len(text.encode("utf-8", "surrogatepass")))
            if kind == "prose" and sum(map(len, sampled)) < 5_000_000:
                sampled.append(text)
            start = time.process_time()
            spans = find(text, kind=kind)  # type: ignore[arg-type]
            seconds += time.process_time() - start
            for span in spans:
                counts[span.type] += 1
                before, after = text[max(0, span.start - CONTEXT) : span.start], text[span.end : span.end + CONTEXT]
                yield span.type, kind, span.score, before, text[span.start : span.end], after, name

    path = folder / f"hits-{kind}.tsv"
    hits = write_hits(path, rows())
    if not sizes:
        console.print(f"{kind}: nothing to read here")
        return
    total = sum(sizes)
    table = Table(title=f"real {kind}: {len(sizes):,} documents, {total / 1e6:.1f} MB", title_justify="left")
    for heading in ("type", "spans", "kB a span"):
        table.add_column(heading, justify="left" if heading == "type" else "right")
    for name in (name for name in (*TYPES, *OPTIONAL_TYPES) if counts[name]):
        table.add_row(name, f"{counts[name]:,}", f"{total / 1e3 / counts[name]:,.0f}")
    table.add_row("all", f"{hits:,}", f"{total / 1e3 / max(1, hits):,.0f}", style="bold")
    console.print(table)
    console.print(f"{total / 1e6 / seconds:.1f} MB/s on one core; hits with context: {path}")
    if sampled:
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in sampled) / 1e6
        start = time.process_time()
        for text in sampled:
            find(text)
        ours = time.process_time() - start
        console.print(f"on the first {size:.1f} MB: winnow {size / ours:.1f} MB/s")
        for name in PEERS:
            result = _peer(name, sampled)
            if result:
                console.print(f"  {name} {size / result[0]:.2f} MB/s, {sum(map(len, result[1])):,} spans")


if __name__ == "__main__":
    main()
