"""Pages per second of `winnow curate`, one process, beside datatrove's FineWeb recipe on the same file.

    make bench                                    # the crawl that ../shared/tools writes, else the demo's sample
    PEER_PYTHON=peer/bin/python PEER_LID=lid.176.ftz make bench      # with the peer; it needs an environment of its own
    BENCH_CRAWL=some.warc.gz make bench           # on a crawl of yours

The peer's script is ../shared/tools/peer_datatrove.py and says how to make its environment. Both run one after another
on the same machine; compare the ratio, not the seconds.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT.parent / "shared" / "tools"
DATA = ROOT.parent / "shared" / "data"


def main() -> None:
    """Run what is available here and print the table."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as folder:
        crawl = _crawl(Path(folder))
        table = Table(title=f"{crawl.name}, {crawl.stat().st_size / 1e6:.1f} MB, one process", title_justify="left")
        for heading in ("system", "pages", "kept", "seconds", "pages/s", "peak MB"):
            table.add_column(heading, justify="left" if heading == "system" else "right")
        pages = _winnow(crawl, Path(folder), table)
        peer, model = os.environ.get("PEER_PYTHON"), os.environ.get("PEER_LID")
        if peer and model and (TOOLS / "peer_datatrove.py").exists():
            _datatrove(crawl, Path(folder), table, peer, model, pages)
        else:
            console.print("peer: set PEER_PYTHON and PEER_LID to time datatrove in the same run", style="dim")
        console.print(table)


def _crawl(folder: Path) -> Path:
    if os.environ.get("BENCH_CRAWL"):
        return Path(os.environ["BENCH_CRAWL"])
    if (TOOLS / "make_bench_crawl.py").exists():
        crawl = folder / "bench.warc.gz"
        arguments = [sys.executable, str(TOOLS / "make_bench_crawl.py"), str(DATA), str(crawl)]
        if subprocess.run(arguments, check=False).returncode == 0:
            return crawl
        print("make_bench_crawl.py did not run (it needs warcio); using the demo's sample", file=sys.stderr)
    from pipelines.demo import write_sample

    sample = write_sample(folder / "sample")
    return max(Path(sample.archives).glob("*.warc.gz"), key=lambda path: path.stat().st_size)


def _run(arguments: list[str], log: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one command."""
    start = time.perf_counter()
    with log.open("w") as stream:
        process = subprocess.Popen(arguments, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{log.read_text()[-3000:]}")
    return seconds, _peak_megabytes(usage)


def _peak_megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


def _winnow(crawl: Path, folder: Path, table: Table) -> int:
    out = folder / "winnow"
    command = [sys.executable, "-m", "pipelines.cli", "curate", "web", "--out", str(out), "--quiet"]
    seconds, peak = _run([*command, "--set", f"inputs.archives=['{crawl}']"], folder / "winnow.log")
    totals = json.loads((out / "manifest.json").read_text())["totals"]
    pages = totals["records"]
    table.add_row(
        "winnow curate web", f"{pages:,}", f"{totals['documents']:,}", f"{seconds:.1f}", f"{pages / seconds:.1f}",
        f"{peak:.0f}",
    )  # fmt: skip
    return pages


def _datatrove(crawl: Path, folder: Path, table: Table, peer: str, model: str, pages: int) -> None:
    log = folder / "datatrove.log"
    seconds, peak = _run([peer, str(TOOLS / "peer_datatrove.py"), str(crawl), str(folder / "peer"), model], log)
    stages = [line.split() for line in log.read_text().splitlines() if line.startswith("STAGE ")]
    kept = sum(1 for _ in _peer_documents(folder / "peer" / "final"))
    table.add_row(
        "datatrove fineweb", f"{pages:,}", f"{kept:,}", f"{seconds:.1f}", f"{pages / seconds:.1f}", f"{peak:.0f}"
    )
    for _, label, stage_seconds, _ in stages:
        table.add_row(f"  {label}", "", "", f"{float(stage_seconds):.1f}", "", "")


def _peer_documents(folder: Path) -> list[str]:
    import gzip

    found: list[str] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as stream:
            found += [line[:1] for line in stream]
    return found


if __name__ == "__main__":
    main()
