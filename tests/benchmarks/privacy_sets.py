"""What the privacy benchmark runs over: labelled sentences, real web documents and real source files."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.__main__ import DATA

PII = DATA / "pii"
MAX_DOCUMENT = 200_000
"""Characters of a document or file that are read: one book must not outweigh a thousand pages."""

PRESIDIO_TYPES = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE_NUMBER",
    "IP_ADDRESS": "IP_ADDRESS",
    "CREDIT_CARD": "CREDIT_CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "US_SSN",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE",
    "ADDRESS": "STREET_ADDRESS",
    "STREET_ADDRESS": "STREET_ADDRESS",
    "DATE_TIME": "DATE_OF_BIRTH",  # of all dates; only those of a birth are looked for
    "PERSON": "PERSON",
}
SYNTH_TYPES = {
    "EMAIL": "EMAIL", "PASSWORD": "PASSWORD", "SSN": "US_SSN", "PHONE": "PHONE_NUMBER", "IBAN": "IBAN",
    "CREDIT_CARD": "CREDIT_CARD", "PASSPORT": "PASSPORT", "PASSPORT_NUM": "PASSPORT", "AADHAR": "NATIONAL_ID",
    "PAN": "NATIONAL_ID", "TAX_ID": "NATIONAL_ID", "TAXID": "NATIONAL_ID", "ACCOUNT": "BANK_ACCOUNT",
    "BANK_ACCOUNT": "BANK_ACCOUNT", "ACCOUNT_NUMBER": "BANK_ACCOUNT", "BANK_ACCOUNT_NUM": "BANK_ACCOUNT",
    "ACCOUNT_NUM": "BANK_ACCOUNT", "ROUTING_NUMBER": "BANK_ACCOUNT", "DRIVER_LICENSE": "DRIVER_LICENSE",
    "DRIVERS_LICENSE": "DRIVER_LICENSE", "DRIVER_LICENSE_NUM": "DRIVER_LICENSE", "LICENSE": "DRIVER_LICENSE",
    "USERNAME": "USERNAME", "USERID": "USERNAME", "USER_ID": "USERNAME", "PERSON": "PERSON",
}  # fmt: skip
_ENDINGS = """
    .py .pyi .js .ts .tsx .jsx .mjs .java .kt .go .rs .c .h .cc .cpp .hpp .rb .php .cs .swift .scala .sh .tcl .lua .pl
    .sql .yml .yaml .toml .json .cfg .ini .properties .xml .html .css .md .rst .txt .proto .gradle .mod .sum .lock
"""
CODE_ENDINGS = frozenset(_ENDINGS.split())


@dataclass(frozen=True)
class Sentence:
    """A text and the spans of values in it that are known to be there."""

    text: str
    gold: tuple[tuple[str, int, int], ...]


def labelled_sets() -> dict[str, list[Sentence]]:
    """The labelled sets that are here, by name."""
    found = {
        f"presidio {path.name.split('.')[0]}": list(_presidio(path))
        for path in sorted((PII / "presidio_research").glob("*.json.gz"))
    }
    nano = PII / "pii_synth_nano" / "pii_syn_nano_en.json.gz"
    if nano.exists():
        found["pii_synth_nano"] = list(_nano(nano))
    return found


def _presidio(path: Path) -> Iterator[Sentence]:
    for row in json.loads(gzip.decompress(path.read_bytes())):
        gold = tuple(
            (PRESIDIO_TYPES[span["entity_type"]], span["start_position"], span["end_position"])
            for span in row["spans"]
            if span["entity_type"] in PRESIDIO_TYPES
        )
        yield Sentence(row["full_text"], gold)


def _nano(path: Path) -> Iterator[Sentence]:
    """The set names values without their places: the first occurrence is taken."""
    for row in json.loads(gzip.decompress(path.read_bytes())):
        text = row["text"]
        places = (
            (SYNTH_TYPES.get(value["label"]), text.find(value["entity"]), value["entity"])
            for value in row["NER"]
            if "entity" in value
        )
        yield Sentence(text, tuple((name, at, at + len(value)) for name, at, value in places if name and at >= 0))


def names_of_persons() -> Iterator[Sentence]:
    """WNUT17's posts with the persons in them."""
    for path in sorted((PII / "wnut17_ner").glob("emerging.*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for block in raw.decode("utf-8").replace("\t\n", "\n").split("\n\n"):
            rows = [line.split("\t")[:2] for line in block.splitlines() if line.count("\t")]
            text, gold = "", list[tuple[str, int, int]]()
            for word, *label in rows:
                start = len(text) + bool(text)
                text = f"{text} {word}" if text else word
                if label == ["I-person"] and gold and gold[-1][2] == start - 1:
                    gold[-1] = ("PERSON", gold[-1][1], len(text))
                elif label and label[0].endswith("-person"):
                    gold.append(("PERSON", start, len(text)))
            if text:
                yield Sentence(text, tuple(gold))


def prose_documents() -> Iterator[tuple[str, str]]:
    """(name, text) of real web documents, books and encyclopedia articles: the crawls run through our extractor."""
    for name, text in _prose():
        if text.strip():
            yield name, text[:MAX_DOCUMENT]


def _prose() -> Iterator[tuple[str, str]]:
    yield from _crawls()
    yield from _pages()
    for path in sorted((DATA / "langid" / "turku_web_registers").glob("*.tsv.gz")):
        for index, line in enumerate(gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()):
            yield f"{path.name}#{index}", line.partition("\t")[2]
    for path in [*sorted((DATA / "text" / "c4_demo").glob("*.gz")), DATA / "quality" / "dclm_human_labels.jsonl.gz"]:
        if path.exists():
            for index, line in enumerate(gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()):
                yield f"{path.name}#{index}", json.loads(line).get("text") or ""
    for path in [*sorted((DATA / "text").glob("wiki_demo/*.gz")), *sorted((DATA / "text").glob("gutenberg/*.gz"))]:
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        for index in range(0, len(text), 20_000):
            yield f"{path.name}#{index}", text[index : index + 20_000]
    for path in sorted((DATA / "neardup" / "mccormick_articles").glob("*.train*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for index, line in enumerate(raw.decode("utf-8", "replace").splitlines()):
            yield f"{path.name}#{index}", line.partition(" ")[2]


def _crawls() -> Iterator[tuple[str, str]]:
    from curation.extraction import extract_text
    from curation.reading.archives import read_archive
    from curation.reading.records import ArchiveRecord, ReadingLimits

    seen: set[int] = set()
    for path in sorted((DATA / "crawl").glob("*/*arc*")) + sorted((DATA / "crawl").glob("*/*.wet.gz")):
        if not path.name.endswith((".arc", ".warc", ".gz", ".wet")):
            continue
        with path.open("rb") as stream:
            for index, record in enumerate(read_archive(stream, str(path), ReadingLimits())):
                if isinstance(record, ArchiveRecord):
                    plain = record.content_type == "text/plain" or path.name.endswith("wet.gz")
                    body = record.body
                    key = hash(body)
                    if key not in seen:
                        seen.add(key)
                        yield (
                            f"{path.name}#{index}",
                            body.decode("utf-8", "replace") if plain else extract_text(body, content_type="text/html"),
                        )


def _pages() -> Iterator[tuple[str, str]]:
    from curation.extraction import extract_text

    folder = DATA / "extraction"
    pages = [*folder.glob("wcxb_dev/html/*"), *folder.glob("trafilatura_eval/cache/*"), *folder.glob("moz*/*/source.*")]
    for path in sorted(pages):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield str(path.relative_to(folder)), extract_text(raw, content_type="text/html")


def code_documents() -> Iterator[tuple[str, str]]:
    """(name, text) of source files: in the folders of BENCH_CODE (`os.pathsep` between), else installed packages."""
    named = os.environ.get("BENCH_CODE")
    folders = named.split(os.pathsep) if named else [sysconfig.get_path("purelib")]
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() not in CODE_ENDINGS or not path.is_file() or path.is_symlink():
                continue
            text = path.read_bytes()[: 4 * MAX_DOCUMENT].decode("utf-8", "replace")[:MAX_DOCUMENT]
            if "\0" not in text:
                yield str(path.relative_to(folder)), text


def write_hits(path: Path, rows: Iterator[tuple[str, str, float, str, str, str, str]]) -> int:
    """Write (type, kind, score, before, value, after, document) as TSV for reading by eye; how many there are."""
    csv.field_size_limit(sys.maxsize)
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(("type", "kind", "score", "before", "value", "after", "document"))
        for row in rows:
            writer.writerow(" ".join(str(cell).split()) for cell in row)
            count += 1
    return count
