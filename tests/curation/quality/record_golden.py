"""Record what datatrove says: the golden vectors of these tests, and `curation/quality/english.json`.

Run in an environment of its own that has datatrove, spaCy and, for `pages`, fastwarc and resiliparse:

    python -m venv peer && peer/bin/pip install 'datatrove[processing,io]' spacy fastwarc resiliparse
    peer/bin/python tests/curation/quality/record_golden.py documents|pages|tables

`documents` runs the original filters over the texts that `documents.py` writes; `pages` over the web pages of
../shared/data/crawl, of which only digests and verdicts are kept; `tables` writes the tokenizer's tables anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))


def original_filters() -> list[Any]:
    from datatrove.pipeline import filters

    return [
        filters.GopherRepetitionFilter(),
        filters.GopherQualityFilter(),
        filters.C4QualityFilter(filter_no_terminal_punct=False),
        filters.FineWebQualityFilter(),
    ]


def verdict(text: str, chain: list[Any]) -> tuple[str, str]:
    """Reason of the first filter that drops the document ("" where all keep it), and the text as it stands then."""
    from datatrove.data import Document

    document = Document(text=text, id="0")
    for step in chain:
        result = step.filter(document)
        if result is not True:
            return f"{type(step).__name__}:{result[1]}", document.text
    return "", document.text


def numbers(text: str) -> dict[str, float]:
    """What the original's functions return on `text`, where they can be called one by one."""
    from datatrove.pipeline.filters import gopher_repetition_filter as repetition
    from datatrove.utils.text import PUNCTUATION_SET, split_into_words

    words = split_into_words(text)
    plain = [word for word in words if any(character not in PUNCTUATION_SET for character in word)]
    found = {"gopher.words": float(len(plain))}
    if plain:
        found["gopher.word_length"] = sum(map(len, plain)) / len(plain)
    for n in (2, 3, 4):
        grams = repetition.get_n_grams(words, n)
        if grams:
            found[f"gopher.top_{n}_gram_chars"] = repetition.find_top_duplicate(grams) / len(text)
    for n in (5, 6, 7, 8, 9, 10):
        found[f"gopher.dup_{n}_gram_chars"] = repetition.find_all_duplicate(words, n) / max(1, len(text))
    return found


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record_documents() -> None:
    from datatrove.utils.text import split_into_sentences, split_into_words

    from tests.curation.quality.documents import documents, lines

    chain = original_filters()
    with open(HERE / "golden" / "documents.jsonl", "w") as out:
        for name, text in documents().items():
            reason, after = verdict(text, chain)
            each = [verdict(text, [step])[0] for step in chain[:3]]  # what each would say were it the first
            row = {"name": name, "reason": reason, "each": each, "text": digest(after)[:16], "numbers": numbers(text)}
            out.write(json.dumps(row) + "\n")
    rows = [[line, split_into_words(line), len(split_into_sentences(line))] for line in lines()]
    (HERE / "golden" / "lines.json").write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows) + "\n]\n"
    )


def pages() -> Iterator[str]:
    """Texts of the WET records and of the WARC's pages as resiliparse extracts them."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    crawl = ROOT.parent / "shared" / "data" / "crawl"
    with open(crawl / "constructed_wet" / "documents.warc.wet.gz", "rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.conversion):
            yield record.reader.read().decode("utf-8", "replace")
    with open(crawl / "constructed_warc" / "wcxb_dev_200.warc.gz", "rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            body = record.reader.read()
            tree = HTMLTree.parse_from_bytes(body, detect_encoding(body))
            for main_content in (True, False):
                yield extract_plain_text(tree, main_content=main_content)


def record_pages() -> None:
    """One word a page: 12 hexadecimal digits of the text's digest, the reason's number, 6 digits of the kept text's."""
    chain = original_filters()
    reasons = [""]
    rows = set()
    for text in pages():
        reason, after = verdict(text, chain)
        if reason not in reasons:
            reasons.append(reason)
        rows.add(f"{digest(text)[:12]}:{reasons.index(reason)}:{'' if reason else digest(after)[:6]}")
    out = ["{", f'"reasons": {json.dumps(reasons)},', f'"pages": {json.dumps(" ".join(sorted(rows)))}', "}"]
    (HERE / "golden" / "pages.json").write_text("\n".join(out) + "\n")


def record_tables() -> None:
    import spacy
    from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION
    from spacy.lang import char_classes
    from spacy.pipeline.sentencizer import Sentencizer
    from spacy.symbols import ORTH

    rules = spacy.blank("en").tokenizer.rules
    cases = {case: " ".join(part[ORTH] for part in parts) for case, parts in rules.items() if not case.isspace()}
    licence = next(file for file in metadata.files("spacy") or () if file.name == "LICENSE").read_text()
    tables = {
        "source": "Tables of spaCy 3.8 (English tokenizer and sentencizer; MIT licence, Copyright (C) 2016-2024"
        " ExplosionAI GmbH, 2016 spaCy GmbH, 2015 Matthew Honnibal) and of datatrove 0.10 (symbols, line_ends;"
        " Apache-2.0, Copyright Hugging Face). Character classes are bodies of regular-expression classes. Written by"
        " tests/curation/quality/record_golden.py.",
        "licence": licence,
        "alpha": char_classes.ALPHA,
        "alpha_lower": char_classes.ALPHA_LOWER,
        "alpha_upper": char_classes.ALPHA_UPPER,
        "icons": char_classes.ICONS,
        "punctuation": char_classes.LIST_PUNCT,
        "quotes": [quote for quote in char_classes.LIST_QUOTES if quote],
        "quote_class": char_classes.CONCAT_QUOTES,
        "currency": char_classes.LIST_CURRENCY,
        "units": char_classes.LIST_UNITS,
        "hyphens": char_classes.LIST_HYPHENS,
        "whole": sorted(case for case, tokens in cases.items() if case == tokens),
        "split": [tokens for case, tokens in sorted(cases.items()) if case != tokens],
        "sentence_ends": "".join(sorted(Sentencizer.default_punct_chars)),
        "symbols": "".join(sorted(PUNCTUATION_SET)),
        "line_ends": "".join(sorted(TERMINAL_PUNCTUATION)),
    }
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(table)}" for name, table in tables.items())
    (ROOT / "curation" / "quality" / "english.json").write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    {"documents": record_documents, "pages": record_pages, "tables": record_tables}[sys.argv[1]]()
