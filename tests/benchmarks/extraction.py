"""Pages per second, megabytes per second, peak memory and word F1 of extractors, one process each, one after the other.

    python -m tests.benchmarks.extraction          # WCXB's development pages beside ../shared, else the demo's pages
    BENCH_CRAWL=some.warc.gz python -m tests.benchmarks.extraction memory   # a WARC once, 4 and 16 times, as a stream

F1 is over multisets of words, as WCXB counts it; Winnow's model learnt from those very pages, so its F1 here says
nothing about other pages (docs/extraction.md has the cross-validated one).
"""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curation.training.extraction_labels import word_scores
from tests.benchmarks.__main__ import DATA

EXTRACTORS = ("winnow", "resiliparse", "trafilatura", "trafilatura fast")
WCXB = DATA / "extraction" / "wcxb_dev"
REPEATS = (1, 4, 16)


def main() -> None:
    """Run one part: the extractors, or the memory that archives take."""
    if len(sys.argv) > 2:
        print(json.dumps(_archive(Path(sys.argv[2])) if sys.argv[1] == "archive" else _measure(sys.argv[2])))
    elif sys.argv[1:] == ["memory"]:
        _memory(Console())
    else:
        _speed(Console())


def _in_a_process(part: str, argument: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.extraction", part, argument]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _speed(console: Console) -> None:
    table = Table(title="extraction, one process each", title_justify="left")
    for heading in ("extractor", "pages", "word F1", "pages/s", "MB/s of HTML", "peak MB"):
        table.add_column(heading, justify="left" if heading == "extractor" else "right")
    for name in EXTRACTORS:
        found = _in_a_process("extractor", name)
        table.add_row(
            name, f"{found['pages']:,.0f}", f"{found['f1']:.3f}", f"{found['pages'] / found['seconds']:.1f}",
            f"{found['bytes'] / 1e6 / found['seconds']:.1f}", f"{found['peak']:.0f}",
        )  # fmt: skip
    console.print(table)


def _extractor(name: str) -> Callable[[bytes], str]:
    if name == "winnow":
        from curation.extraction import extract_text

        return extract_text
    if name == "resiliparse":
        from curation.extractors import resiliparse_text

        return resiliparse_text
    import trafilatura

    fast = name.endswith("fast")
    return lambda html: trafilatura.extract(html, fast=fast, include_comments=not fast) or ""


def _pages() -> Iterator[tuple[bytes, str]]:
    if WCXB.exists():
        for path in sorted((WCXB / "ground-truth").glob("*.json*")):
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            html = WCXB / "html" / f"{path.name.split('.')[0]}.html.gz"
            gold = json.loads(raw)["ground_truth"].get("main_content") or ""
            if gold and html.exists():
                yield gzip.decompress(html.read_bytes()), gold
        return
    from curation.reading.archives import read_archive
    from curation.reading.records import ArchiveRecord, ReadingLimits
    from pipelines.demo import write_sample

    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(Path(write_sample(Path(folder) / "sample").archives).glob("*.warc.gz")):
            with path.open("rb") as stream:
                for record in read_archive(stream, str(path), ReadingLimits()):
                    if isinstance(record, ArchiveRecord):
                        yield record.body, ""


def _measure(name: str) -> dict[str, float]:
    extract = _extractor(name)
    pages = list(_pages())
    extract(pages[0][0])  # loading is not extracting
    start = time.process_time()
    texts = [extract(html) for html, _ in pages]
    seconds = time.process_time() - start
    scores = [word_scores(text, gold)[2] for text, (_, gold) in zip(texts, pages, strict=True)]
    size = sum(len(html) for html, _ in pages)
    return {"pages": len(pages), "seconds": seconds, "bytes": size, "f1": sum(scores) / len(scores), "peak": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _memory(console: Console) -> None:
    from tests.benchmarks.__main__ import _crawl

    table = Table(title="one WARC, repeated: read and extracted as a stream", title_justify="left")
    for heading in ("times", "MB", "records", "pages/s", "peak MB"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        crawl = _crawl(Path(folder)).read_bytes()
        longer = Path(folder) / "longer.warc.gz"
        for times in REPEATS:
            with longer.open("wb") as stream:
                for _ in range(times):
                    stream.write(crawl)
            found = _in_a_process("archive", str(longer))
            table.add_row(
                str(times), f"{longer.stat().st_size / 1e6:.0f}", f"{found['records']:,.0f}",
                f"{found['records'] / found['seconds']:.1f}", f"{found['peak']:.0f}",
            )  # fmt: skip
    console.print(table)


def _archive(path: Path) -> dict[str, float]:
    from curation.extraction import extract_text
    from curation.reading.archives import read_archive
    from curation.reading.records import ArchiveRecord, ReadingLimits

    records, start = 0, time.process_time()
    with path.open("rb") as stream:
        for record in read_archive(stream, str(path), ReadingLimits()):
            if isinstance(record, ArchiveRecord):
                extract_text(record.body, content_type=record.content_type)
                records += 1
    return {"records": records, "seconds": time.process_time() - start, "peak": _peak()}


if __name__ == "__main__":
    main()
