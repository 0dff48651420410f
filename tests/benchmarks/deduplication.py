"""Documents per second and memory of stage `dedup` over generated documents, and which of the planted copies it finds.

    python -m tests.benchmarks.deduplication --documents 10000 --documents 100000 --documents 1000000 --plot scale.svg
    python -m tests.benchmarks.deduplication --documents 100000 --verify signature
    python -m tests.benchmarks.deduplication --documents 100000 --peer datatrove=peer/bin/python

A peer, `datatrove` or `text-dedup`, gets the same documents right after, with as many workers; how to install one
stands in `tests.benchmarks.peer_deduplication`. Compare the ratio, not the seconds.

Documents have 150 words (`tests.benchmarks.generated_copies`). The stage runs as `winnow curate` runs it, in a process
of its own with its workers; memory is the sum of the resident sizes of all of them, looked at ten times a second, so
pages that they share count more than once. Writing the documents is not part of the time. `CPU s` is the user and
system time of all processes, which says more than `seconds` on a machine that others use too. The first row, a single
document, is what starting the processes costs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from curation.dedup.keys import KEY, keys_from_hex
from tests.benchmarks import generated_copies as generated

PER_PART = 20_000
FOLDER = "ingest/generated"


def main() -> None:
    """Measure, or be the process that is measured."""
    arguments = _arguments()
    if arguments.stage:
        _run_stage(arguments.stage, arguments.workers, arguments.verify)
        return
    console = Console()
    measured = []
    peers = []
    for documents in [1, *arguments.documents]:
        with _folder(arguments.keep, documents) as folder:
            measured.append(_measure(Path(folder), documents, arguments))
            if documents > 1:
                _show(console, measured[-1])
                console.print(_table(measured))
                peers += [_peer(Path(folder), documents, arguments.workers, one) for one in arguments.peer]
    if peers:
        console.print(_peer_table(peers))
    if arguments.plot:
        Path(arguments.plot).write_text(plot(measured), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, action="append", help="how many; may be given more than once")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verify", choices=("signature", "jaccard"), default="jaccard")
    parser.add_argument("--keep", help="folder for the documents, some 1.5 KB each, to be used again by a later run")
    parser.add_argument("--plot", help="write time and memory by number of documents as SVG")
    parser.add_argument("--peer", action="append", default=[], help="NAME=PYTHON, the interpreter of its environment")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.documents = arguments.documents or [10_000]
    return arguments


def _folder(keep: str | None, documents: int) -> contextlib.AbstractContextManager[str]:
    if keep is None:
        return tempfile.TemporaryDirectory(prefix="winnow-bench-")
    folder = Path(keep, str(documents))
    folder.mkdir(parents=True, exist_ok=True)
    return contextlib.nullcontext(str(folder))


def _measure(out: Path, documents: int, arguments: argparse.Namespace) -> dict[str, Any]:
    from pipelines.parts import write_table
    from pipelines.records import remove_tree

    paths = []
    if not (out / "plan.json").exists():
        for number, table in enumerate(generated.parts(documents, PER_PART)):
            paths.append(f"{FOLDER}/documents-{number:05d}.parquet")
            write_table(f"{out}/.work/{paths[-1]}", table)
        (out / "plan.json").write_text(json.dumps({"paths": paths, "documents": documents}))
    remove_tree(f"{out}/.work/dedup")
    command = [sys.executable, "-m", "tests.benchmarks.deduplication", "--stage", str(out)]
    command += ["--workers", str(arguments.workers), "--verify", arguments.verify]
    return {"documents": documents, **watched(command), **_outcome(out, documents), "verify": arguments.verify}


def _peer(out: Path, documents: int, workers: int, peer: str) -> dict[str, Any]:
    from pipelines.records import remove_tree

    name, _, python = peer.partition("=")
    source = out / "peer"
    if not source.exists():
        source.mkdir()
        for worker in range(workers):
            with (source / f"{worker}.jsonl").open("w") as stream:
                for number in range(worker, documents, workers):
                    row = {"id": generated.identity(number), "text": generated.text(number)}
                    stream.write(json.dumps(row) + "\n")
    script = Path(__file__).with_name("peer_deduplication.py")
    folder = out / name
    remove_tree(str(folder))
    folder.mkdir()
    found = watched([python, str(script), name, str(source), str(folder), str(workers)])
    return {"name": name, "documents": documents, **found, "removed": json.loads((folder / "removed.json").read_text())}


def _peer_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="peers, the same documents", title_justify="left")
    for heading in ("peer", "documents", "seconds", "CPU s", "peak MB of all processes", "removed"):
        table.add_column(heading, justify="left" if heading == "peer" else "right")
    for row in rows:
        table.add_row(
            row["name"], f"{row['documents']:,}", f"{row['seconds']:.1f}", f"{row['cpu']:.1f}", f"{row['peak']:,.0f}",
            f"{row['removed']:,}",
        )  # fmt: skip
    return table


def _run_stage(out: str, workers: int, verify: str) -> None:
    import logging

    from pipelines.build import Build
    from pipelines.progress import Progress
    from pipelines.recipe import Recipe
    from pipelines.records import Completion, WrittenFile
    from pipelines.runner import make_options

    logging.getLogger().setLevel(logging.ERROR)
    plan = json.loads((Path(out) / "plan.json").read_text())
    outputs = tuple(WrittenFile(path, 0, "") for path in plan["paths"])
    recipe = Recipe.model_validate({"dedup": {"minhash": {"verify": verify}}})
    build = Build(recipe, out, make_options([], workers), Progress(quiet=True))
    build._dedup([Completion("generated", outputs, {"kind": "archive", "documents": plan["documents"]})])


def watched(command: list[str]) -> dict[str, float]:
    """Seconds of a command, CPU seconds of all its processes, and the most megabytes that they held together."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    peak = 0
    used: dict[int, float] = {}
    while process.poll() is None:
        processes = _tree(process.pid)
        peak = max(peak, sum(map(_resident, processes)))
        used.update({one: _used(one) or used.get(one, 0.0) for one in processes})
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return {"seconds": time.perf_counter() - start, "cpu": sum(used.values()), "peak": peak / 1e6}


def _used(process: int) -> float:
    try:
        fields = Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue  # it ended meanwhile
            parents.setdefault(parent, []).append(int(entry))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def _resident(process: int) -> int:
    try:
        return int(Path("/proc", str(process), "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _outcome(out: Path, documents: int) -> dict[str, Any]:
    """Pairs found and planted by similarity, clusters that join what is no family, and the giant cluster."""
    from pipelines.stages.clusters import keys_of, read_clusters

    table = read_clusters(f"{out}/.work")
    keys, component = keys_of(table["key"]), keys_of(table["component"])
    own = keys_from_hex([generated.identity(number) for number in range(documents)])
    places = np.minimum(np.searchsorted(keys, own), max(0, len(keys) - 1))
    of_document = np.where(keys[places] == own, component[places], np.zeros(1, KEY)) if len(keys) else own[:0]
    planted: Counter[float] = Counter()
    found: Counter[float] = Counter()
    families: dict[bytes, set[tuple[str, int]]] = {}
    giant: Counter[bytes] = Counter()
    for number, mine in enumerate(of_document.tolist()):
        kind = generated.family(number)
        if mine:
            families.setdefault(mine, set()).add((kind.name, kind.number))
        if kind.name == "giant":
            giant[mine] += 1
        if kind.similarity is not None and number % 2 == 0 and number + 1 < documents:
            planted[kind.similarity] += 1
            found[kind.similarity] += bool(mine) and of_document[number + 1] == mine
    mixed = sum(len(names) > 1 for names in families.values())
    recall = {str(similarity): [found[similarity], planted[similarity]] for similarity in sorted(planted)}
    most = max((count for mine, count in giant.items() if mine), default=0)
    removed = len(keys) - len(families)
    giants = [most, giant.total()]
    return {"recall": recall, "mixed": mixed, "clusters": len(families), "giant": giants, "removed": removed}


def _show(console: Console, measured: dict[str, Any]) -> None:
    from curation.dedup.config import MinHashConfig

    config = MinHashConfig.model_validate({"verify": measured["verify"]})
    table = Table(title=f"{measured['documents']:,} documents, verify: {measured['verify']}", title_justify="left")
    for heading in ("planted similarity", "pairs", "found", "share", "proposed, by the curve"):
        table.add_column(heading, justify="right")
    for name, (found, planted) in measured["recall"].items():
        true = 1.0 if float(name) == 1 else generated.true_similarity(float(name))
        expected = config.candidate_probability(true)
        share = f"{found / planted:.3f}"
        table.add_row(f"{true:.3f}", f"{planted:,}", f"{found:,}", share, f"{expected:.3f}")
    console.print(table)
    found, planted = measured["giant"]
    console.print(
        f"{measured['clusters']:,} clusters, {measured['mixed']} of them join documents of different families; "
        f"giant cluster: {found:,} of {planted:,}; {measured['removed']:,} documents are copies of another"
    )


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="stage dedup", title_justify="left")
    headings = ("documents", "seconds", "CPU s", "documents/s", "µs each", "CPU µs each", "peak MB of all processes")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row['documents']:,}", f"{row['seconds']:.1f}", f"{row['cpu']:.1f}",
            f"{row['documents'] / row['seconds']:,.0f}", *(f"{one:.0f}" for one in each(row, rows[0])),
            f"{row['peak']:,.0f}",
        )  # fmt: skip
    return table


def each(row: dict[str, Any], start: dict[str, Any]) -> tuple[float, float]:
    """Microseconds and CPU microseconds of a document, without what starting costs."""
    seconds, used = (1e6 * (row[name] - start[name]) / row["documents"] for name in ("seconds", "cpu"))
    return seconds, used


def plot(rows: list[dict[str, Any]]) -> str:
    """Time of a document, and memory, by the number of documents (both logarithmic), as SVG."""
    width, height, left, base = 600, 240, 80, 200
    start, rows = rows[0], rows[1:]
    sizes = [row["documents"] for row in rows]
    low, high = np.log10(min(sizes)), np.log10(max(max(sizes), min(sizes) * 10))

    def across(documents: int) -> float:
        return float(left + (np.log10(documents) - low) / (high - low) * (width - 2 * left))

    shapes = []
    series = (
        ("CPU µs a document", "#1f6f8b", [each(row, start)[1] for row in rows], 10),
        ("peak MB of all processes", "#b5541c", [row["peak"] for row in rows], 26),
    )
    for name, colour, values, top in series:
        most = max(values) * 1.15
        points = [(across(size), base - value / most * (base - 40)) for size, value in zip(sizes, values, strict=True)]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), value in zip(points, values, strict=True):
            shapes.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>')
            shapes.append(f'<text x="{x:.0f}" y="{y - 7:.0f}" text-anchor="middle" fill="{colour}">{value:,.0f}</text>')
        shapes.append(f'<text x="{left}" y="{top + 6}" fill="{colour}">{name}</text>')
    ticks = [
        f'<text x="{across(size):.0f}" y="{base + 18}" text-anchor="middle">{size:,} documents</text>' for size in sizes
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="white"/>'
        f'<line x1="{left}" x2="{width - left}" y1="{base}" y2="{base}" stroke="#888"/>'
        + "".join(shapes + ticks)
        + "</svg>\n"
    )


if __name__ == "__main__":
    main()
