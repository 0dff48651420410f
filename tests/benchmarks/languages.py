"""Language identification beside other detectors, in one run: held-out sentences, web documents, what is no language.

    python -m tests.benchmarks.languages
    PEER_LID=lid.176.ftz python -m tests.benchmarks.languages        # with lid.176, through `language.model`
    PYTHONPATH=peers/lib/python3.11/site-packages ...                # with lingua, where the package is found

Sentences are those that `curation.training.language` holds out; documents are the Turku web registers (Swedish and
French) and the constructed WET records, whose English ones come from C4, DCLM and Dolma samples. Every detector sees
the same texts, one process, one thread; time is processor time a document, after a first pass.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curation.language import LANGUAGES, LanguageIdentifier
from curation.training.language import is_held_out, read_sentences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TURKU = "langid/turku_web_registers"
LONG = (6000, 7000)
"""Characters of the documents that time is measured on."""
MACROLANGUAGES = {"no": "nb", "fil": "tl", "sh": "hr"}
"""What some detectors say where the sentences are named more closely."""

Detector = Callable[[Sequence[str]], list[str]]


def main() -> None:
    """Print the tables."""
    console = Console(width=140)
    sentences = [
        (line, code)
        for code, lines in read_sentences(DATA / "langid" / "lingua_sentences").items()
        for line in lines
        if is_held_out(line)
    ]
    turku, wet = turku_documents(), wet_documents()
    long = [text for text, _ in turku + wet if LONG[0] <= len(text) < LONG[1]][:60]
    table = Table(
        title=f"{len(sentences):,} sentences, {len(turku):,} Turku documents, {len(wet):,} WET documents, ms for "
        f"{sum(map(len, long)) / len(long):,.0f} characters",
        title_justify="left",
    )
    for heading in ("detector", "sentences: right", "macro-F1", "of its languages", "Turku: right", "WET: right", "ms"):
        table.add_column(heading, justify="left" if heading == "detector" else "right")
    for name, detect, known in detectors():
        cells = []
        truth, found = [code for _, code in sentences], _answers(detect, sentences)
        own = [(a, b) for a, b in zip(truth, found, strict=True) if a in known]
        cells += [f"{accuracy(truth, found):.4f}", f"{macro_f1(truth, found):.4f}"]
        cells.append(f"{macro_f1([a for a, _ in own], [b for _, b in own]):.4f} ({len({a for a, _ in own})})")
        for documents in (turku, wet):
            cells.append(f"{accuracy([code for _, code in documents], _answers(detect, documents)):.4f}")
        table.add_row(name, *cells, f"{milliseconds(detect, long):.3f}")
    console.print(table)
    shipped = LanguageIdentifier()
    languages = shipped.identify(long)
    whole = milliseconds(lambda texts: [str(one) for one in shipped.mixtures(texts, languages)], long)
    console.print(f"winnow, shares and foreign paragraphs of the same documents besides: {whole:.3f} ms")
    console.print(mixed_table(shipped))


def detectors() -> list[tuple[str, Detector, frozenset[str]]]:
    """Name, function and languages of every detector that is here."""
    shipped = LanguageIdentifier()
    found: list[tuple[str, Detector, frozenset[str]]] = [
        ("winnow", lambda texts: [one.code for one in shipped.identify(texts)], LANGUAGES)
    ]
    if os.environ.get("PEER_LID"):
        lid = LanguageIdentifier(os.environ["PEER_LID"])
        known = frozenset(_plain(one) for one in ("no", *_codes_of(os.environ["PEER_LID"])))
        name = Path(os.environ["PEER_LID"]).name
        found.append((f"{name}, the same sample", lambda texts: [one.code for one in lid.identify(texts)], known))
        raw = lid._other
        assert raw is not None, "a model with other labels than ours"
        found.append((f"{name}, whole text", lambda texts: [a[0][0] for a in raw.predict(texts, 1)], known))
    from resiliparse.parse.lang import detect_fast, supported_langs

    known = frozenset(map(_plain, supported_langs()))
    found.append(("resiliparse", lambda texts: [detect_fast(text)[0] for text in texts], known))
    try:
        from lingua import LanguageDetectorBuilder  # type: ignore[import-not-found]
    except ImportError:
        return found
    for name, builder in (
        ("lingua, low accuracy", LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode()),
        ("lingua", LanguageDetectorBuilder.from_all_languages()),
    ):
        detector = builder.with_preloaded_language_models().build()

        def detect(texts: Sequence[str], detector: object = detector) -> list[str]:
            answers = (detector.detect_language_of(text) for text in texts)  # type: ignore[attr-defined]
            return ["und" if answer is None else answer.iso_code_639_1.name.lower() for answer in answers]

        found.append(
            (name, detect, frozenset(one for one in LANGUAGES if one not in ("kn", "ml", "or", "si", "lo", "km", "my")))
        )
    return found


def turku_documents() -> list[tuple[str, str]]:
    """Texts and their languages."""
    found = []
    for path, code in (("FreCORE__dev.tsv.gz", "fr"), ("SweCORE__dev.tsv.gz", "sv")):
        with gzip.open(DATA / TURKU / path, "rt", encoding="utf-8") as stream:
            found += [(line.rstrip("\n").split("\t")[-1], code) for line in stream]
    return [(text, code) for text, code in found if text.strip()]


def wet_documents() -> list[tuple[str, str]]:
    """Texts and their languages."""
    from fastwarc.warc import ArchiveIterator

    folder = DATA / "crawl" / "constructed_wet"
    with gzip.open(folder / "labels.jsonl.gz", "rt") as stream:
        truth = {row["url"]: row["lang"] for row in map(json.loads, stream)}
    with (folder / "documents.warc.wet.gz").open("rb") as raw:
        return [
            (record.reader.read().decode("utf-8", "replace"), truth[record.headers["WARC-Target-URI"]])
            for record in ArchiveIterator(raw)
            if record.headers.get("WARC-Target-URI") in truth
        ]


def accuracy(truth: Sequence[str], found: Sequence[str]) -> float:
    """Share of equal pairs."""
    return sum(a == b for a, b in zip(truth, found, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], found: Sequence[str]) -> float:
    """F1 averaged over the languages of `truth`."""
    right = Counter(a for a, b in zip(truth, found, strict=True) if a == b)
    real, said = Counter(truth), Counter(found)
    return sum(2 * right[code] / (real[code] + said[code]) for code in real) / len(real)


def milliseconds(detect: Detector, texts: Sequence[str]) -> float:
    """Processor time for one text, the least of three passes after a first one."""
    detect(texts)
    passes = []
    for _ in range(3):
        start = time.process_time()
        detect(texts)
        passes.append(time.process_time() - start)
    return min(passes) / len(texts) * 1e3


def mixed_table(shipped: LanguageIdentifier) -> Table:
    """Paragraphs in another language, put into documents at known places: how many are found, and what else is."""
    sentences = read_sentences(DATA / "langid" / "lingua_sentences")
    table = Table(title="English web documents with every fourth paragraph from elsewhere", title_justify="left")
    for heading in (
        "paragraphs in",
        "inserted",
        "found",
        "share of the text",
        "measured",
        "English ones called foreign",
    ):
        table.add_column(heading, justify="left" if heading == "paragraphs in" else "right")
    english = [text for text, code in wet_documents() if code == "en"][:100]
    for code in ("de", "fr", "es", "nl", "sv", "pl", "tr", "ru", "zh", "ar"):
        inserted = found = wrong = 0
        true = measured = 0.0
        source = [line for line in sentences[code] if is_held_out(line)]
        for number, text in enumerate(english):
            lines = [line for line in text.split("\n") if len(line) >= 200][:12]
            if len(lines) < 3:
                continue
            foreign = [
                " ".join(source[(number + 3 * k) % len(source)] for k in range(k, k + 3))
                for k in range(len(lines) // 3)
            ]
            mixed = [
                part for k, line in enumerate(lines) for part in ([line, foreign[k // 3]] if k % 3 == 2 else [line])
            ]
            whole = "\n".join(mixed)
            (language,) = shipped.identify([whole])
            if language.code != "en":
                continue
            (mixture,) = shipped.mixtures([whole], [language])
            spans = {whole[one.start : one.end] for one in mixture.foreign if one.language == code}
            inserted += len(foreign)
            found += sum(line in spans for line in foreign)
            wrong += sum(whole[one.start : one.end] not in foreign for one in mixture.foreign)
            true += sum(len("".join(line.split())) for line in foreign) / len("".join(whole.split()))
            measured += mixture.mixed
        pages = max(1, sum(1 for text in english if sum(len(line) >= 200 for line in text.split("\n")) >= 3))
        table.add_row(code, f"{inserted}", f"{found}", f"{true / pages:.3f}", f"{measured / pages:.3f}", f"{wrong}")
    return table


def _answers(detect: Detector, texts: Sequence[tuple[str, str]]) -> list[str]:
    return [_plain(code) for code in detect([text for text, _ in texts])]


def _plain(code: str) -> str:
    return MACROLANGUAGES.get(code, code)


def _codes_of(path: str) -> list[str]:
    from curation.fasttext_model import FastTextModel
    from curation.language import iso_code

    return [iso_code(label) for label in FastTextModel(path).labels]


if __name__ == "__main__":
    main()
