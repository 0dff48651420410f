"""Record what the original systems say: the golden vectors of `test_dialects.py`.

Each original runs in an environment of its own. PEERS is a folder with checkouts of the sources that are not installed:

    dolma     github.com/allenai/dolma             669f534823b0
    dclm      github.com/mlfoundations/dclm        361714bdd60b
    curator   github.com/NVIDIA-NeMo/Curator       1e2e4275eb6c
    punkt     github.com/ferristseng/rust-punkt    9c1573e9510a   (only for `tables`)

    pip install datatrove[processing,io]==0.10.0 spacy                          # the three of datatrove
    pip install --no-deps tensorflow-datasets==4.9.3; pip install nltk==3.8.1   # c4@tfds; NLTK_DATA holds punkt
    pip install dolma==1.2.1 fasttext uniseg==0.10.1 retrie nltk==3.8.1 ...     # gopher@dolma and the two of dclm
    pip install regex loguru pandas                                             # nemo-english@nemo

    PEERS=... PYTHONHASHSEED=0 [BARE=1] python tests/curation/quality/record_dialects.py DIALECT TEXTS OUT

TEXTS is a JSON file, name to text (`agreement.py texts` writes it); OUT gets for each name the first reason (null
where the document is kept), the digest of the text that is kept, and every number that the original shows. With BARE
the original does no more than it does by itself, for timing.
`agreement.py record` makes the golden vectors of all these files. `record_dialects.py tables` writes
`unicode.json`, `punkt.json` and `top_level_domains.txt` of curation/quality anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PEERS = Path(os.environ.get("PEERS", "."))
BARE = "BARE" in os.environ  # do only what the original does, for timing

# Reason or None, the text kept, numbers by the name of our signal.
Answer = tuple[str | None, str, dict[str, float]]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def datatrove(*names: str) -> Callable[[str], Answer]:
    """The filters in turn; for FineWeb's, C4's without the rule on end marks."""
    from datatrove.data import Document
    from datatrove.pipeline import filters

    sys.path.insert(0, str(ROOT))
    from tests.curation.quality.record_golden import numbers

    fineweb = {"filter_no_terminal_punct": False} if "FineWebQualityFilter" in names else {}
    chain = [getattr(filters, name)(**(fineweb if name == "C4QualityFilter" else {})) for name in names]
    shown = numbers if "GopherQualityFilter" in names and not BARE else lambda _: {}

    def answer(text: str) -> Answer:
        document = Document(text=text, id="0")
        for step in chain:
            result = step.filter(document)
            if result is not True:
                return result[1], document.text, shown(text)
        return None, document.text, shown(text)

    return answer


def tfds() -> Callable[[str], Answer]:
    import nltk
    from tensorflow_datasets.text import c4_utils

    tokenizer = nltk.data.load("nltk:tokenizers/punkt/english.pickle")
    counted: list[int] = []

    def sentences(text: str) -> list[str]:
        found = tokenizer.tokenize(text)
        counted.append(len(found))
        return list(found)

    c4_utils._get_sentences = sentences
    clean_page = c4_utils.get_clean_page_fn()
    counters: list[str] = []
    c4_utils.get_counter_inc_fn = lambda _: lambda counter, amount=1: counters.append(counter)

    def answer(text: str) -> Answer:
        page = c4_utils.PageFeatures(text=text)
        counters.clear()
        counted.clear()
        if not c4_utils.is_valid_length(page):
            return "too_long", text, {}
        counters.clear()
        pages = list(clean_page(page, counter_inc_fn=lambda counter, amount=1: counters.append(counter)))
        reasons = [counter.partition(":")[2] for counter in counters if counter.startswith("filtered:")]
        numbers = {"c4_tfds.sentences": float(sum(counted))} if reasons in ([], ["too_few_sentences"]) else {}
        return (None, pages[0].text, numbers) if pages else (reasons[0], text, numbers)

    return answer


def dolma() -> Callable[[str], Answer]:
    import yaml
    from dolma.core.data_types import Document
    from dolma.taggers.gopher import GopherTagger

    mixing = yaml.safe_load((PEERS / "dolma/configs/dolma-v1_6/mixing/cc-head.yaml").read_text())
    clauses = []
    for clause in mixing["streams"][0]["filter"]["exclude"]:
        found = re.search(r"gopher_v1__(\w+)\[0\]\[2\]\s+([<>])\s+([\d.]+)\)\]$", clause)
        if found:
            clauses.append((found[1], found[2], float(found[3])))
    assert len(clauses) == 20, clauses
    tagger = GopherTagger()
    names = {
        "word_count": "words",
        "median_word_length": "word_length",
        "symbol_to_word_ratio": "symbols",
        "fraction_of_words_with_alpha_character": "alphabetic_words",
        "required_word_count": "stop_words",
        "fraction_of_lines_starting_with_bullet_point": "bullet_lines",
        "fraction_of_lines_ending_with_ellipsis": "ellipsis_lines",
        "fraction_of_duplicate_lines": "dup_lines",
        "fraction_of_characters_in_duplicate_lines": "dup_line_chars",
        **{f"fraction_of_characters_in_most_common_{n}grams": f"top_{n}_gram_chars" for n in (2, 3, 4)},
        **{f"fraction_of_characters_in_duplicate_{n}grams": f"dup_{n}_gram_chars" for n in range(5, 11)},
    }

    def answer(text: str) -> Answer:
        document = Document(id="0", text=text, source="x", version="0")
        spans = tagger.group_output(tagger.predict(document))
        stored = {name: found[0][2] for name, found in spans.items()}
        numbers = {f"gopher_dolma.{names[name]}": value for name, value in stored.items() if name in names}
        for name, sign, limit in clauses:
            if name in stored and (stored[name] < limit if sign == "<" else stored[name] > limit):
                return f"{name} {sign}", text, numbers
        return None, text, numbers

    return answer


def dclm(refinedweb: bool) -> Callable[[str], Answer]:
    sys.path[:0] = [str(PEERS / "dclm"), str(PEERS / "dclm" / "baselines")]
    os.chdir(PEERS / "dclm")
    import yaml
    from baselines.mappers import modifiers
    from baselines.mappers.enrichers import enrichers
    from baselines.mappers.filters import content_filters

    recipe = yaml.safe_load(Path("baselines/baselines_configs/dclm_baseline_refinedweb.yaml").read_text())
    steps: list[tuple[str, Callable[[Any], Any]]] = []
    for step in recipe[0]["steps"]:
        options = dict(step)
        name = options.pop("func")
        if name in ("move_url_modifier", "url_substring_filter", "detect_lang_whole_page_enricher", "language_filter"):
            continue
        where = next(module for module in (modifiers, content_filters, enrichers) if hasattr(module, name))
        function = getattr(where, name)
        label = " ".join([name, *(str(options[key]) for key in ("banlist",) if key in options)])
        if name in (
            "url_removal_modifier",
            "newline_removal_modifier",
            "counter_line_modifier",
            "substring_line_modifier",
        ):
            steps.append((label, function(**options)))
        elif name == "massive_web_repetition_filters" and not BARE:
            steps.append((label, repetition_reason(content_filters)))
        else:
            steps.append((label, functools.partial(function, **options)))
    if not refinedweb:
        labels = [label for label, _ in steps]
        steps = steps[labels.index("page_length_filter") : labels.index("massive_web_repetition_filters") + 1]

    def answer(text: str) -> Answer:
        page = {"text": text}
        numbers: dict[str, float] = {}
        for label, step in steps:
            if label == "page_length_filter" and not BARE:
                enrichers.word_counter_enricher(page, key="count", overwrite=True)
                numbers["refinedweb_dclm.words" if refinedweb else "gopher_dclm.words"] = float(page["count"])
            try:
                found = step(page)
            except DroppedError as reason:
                return str(reason), text, numbers
            if not found:
                if BARE:
                    return label, text, numbers
                if label == "page_length_filter":
                    label += " short" if page["count"] < 50 else " long"
                if label == "word_length_filter":
                    words = page["text"].split()
                    label += " short" if not words or sum(map(len, words)) / len(words) < 3 else " long"
                return label, text, numbers
            (page,) = found
        if refinedweb and not BARE:
            enrichers.word_counter_enricher(page, key="count", overwrite=True)
            before = page["previous_word_count"]
            numbers["refinedweb_dclm.removed_words"] = (before - page["count"]) / before
        return None, page["text"], numbers

    return answer


class DroppedError(Exception):
    """Which of the repetition filters dropped the page."""


def repetition_reason(content_filters: Any) -> Callable[[Any], Any]:
    """`massive_web_repetition_filters` that says which of its filters failed."""
    parts: list[tuple[Any, float, bool]] = [("line", 0.3, False), ("paragraph", 0.3, False)]
    parts += [("line", 0.2, True), ("paragraph", 0.2, True)]
    parts += [
        (n, share, True)
        for n, share in zip(range(2, 11), (0.2, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.1), strict=True)
    ]

    def filter_page(page: Any) -> Any:
        kept = content_filters.massive_web_repetition_filters(page)
        cache: dict[str, Any] = {}
        for size, share, characters in parts:
            if not content_filters.repetition_filter(page, size, share, count_characters=characters, cache=cache):
                assert not kept
                raise DroppedError(f"repetition {size} {'characters' if characters else 'count'}")
        assert kept
        return kept

    return filter_page


def nemo() -> Callable[[str], Answer]:
    import yaml

    # The packages' own __init__ files want Ray and more, which the filters do not need.
    root = PEERS / "curator"
    for name in ("", ".stages", ".stages.text", ".stages.text.filters", ".stages.text.utils"):
        package = types.ModuleType(f"nemo_curator{name}")
        package.__path__ = [str(root / "nemo_curator" / name[1:].replace(".", "/"))]
        sys.modules[package.__name__] = package
    from importlib import import_module

    recipe = yaml.safe_load((root / "nemo_curator/config/text/heuristic_filter_english_pipeline.yaml").read_text())
    chain = []
    for stage in recipe["stages"]:
        if "filter_obj" not in stage:
            continue
        options = dict(stage["filter_obj"])
        module, _, name = options.pop("_target_").rpartition(".")
        chain.append((f"{name}{options.get('n', '')}", getattr(import_module(module), name)(**options)))

    def answer(text: str) -> Answer:
        first = None
        numbers = {}
        for name, step in chain:
            try:
                score = step.score_document(text)
            except (ZeroDivisionError, ValueError) as error:
                return first or f"{name} {type(error).__name__}", text, numbers
            if BARE:
                if not step.keep_document(score):
                    return name, text, numbers
                continue
            if not name.startswith("RepeatingTop") or not tied(text, int(name[-1])):
                numbers[f"nemo.{NEMO_SIGNALS[name]}"] = float(score)
            if not step.keep_document(score) and first is None:
                first = name
                if name in ("WordCountFilter", "MeanWordLengthFilter"):
                    first += " short" if score < 50 and (name[0] == "W" or score < 3) else " long"
        return first, text, numbers

    return answer


def tied(text: str, n: int) -> bool:
    """Whether several n-grams are the most frequent: which of them the original takes depends on PYTHONHASHSEED."""
    words = text.split()
    counts = Counter(zip(*[words[i:] for i in range(n)], strict=False)).most_common(2)
    return len(counts) == 2 and counts[0][1] == counts[1][1]


NEMO_SIGNALS = {
    "NonAlphaNumericFilter": "other_chars",
    "SymbolsToWordsFilter": "symbols",
    "NumbersFilter": "digits",
    "UrlsFilter": "urls",
    "WhiteSpaceFilter": "white_space",
    "ParenthesesFilter": "brackets",
    "BoilerPlateStringFilter": "boilerplate",
    "RepeatedLinesFilter": "unique_lines",
    "RepeatedParagraphsFilter": "unique_paragraphs",
    "RepeatedLinesByCharFilter": "unique_line_chars",
    "RepeatedParagraphsByCharFilter": "unique_paragraph_chars",
    "WordCountFilter": "words",
    "PunctuationFilter": "no_end_mark_lines",
    "WordsWithoutAlphabetsFilter": "alphabetic_words",
    "CommonEnglishWordsFilter": "stop_words",
    "MeanWordLengthFilter": "word_length",
    "LongWordFilter": "longest_word",
    "EllipsisFilter": "ellipsis_lines",
    **{f"RepeatingTopNGramsFilter{n}": f"top_{n}_gram_chars" for n in (2, 3, 4)},
    **{f"RepeatingDuplicateNGramsFilter{n}": f"dup_{n}_gram_chars" for n in range(5, 11)},
    "BulletsFilter": "bullet_lines",
}

ORIGINALS: dict[str, Callable[[], Callable[[str], Answer]]] = {
    "c4@tfds": tfds,
    "c4@datatrove": lambda: datatrove("C4QualityFilter"),
    "gopher@datatrove": lambda: datatrove("GopherRepetitionFilter", "GopherQualityFilter"),
    "fineweb@datatrove": lambda: datatrove(
        "GopherRepetitionFilter", "GopherQualityFilter", "C4QualityFilter", "FineWebQualityFilter"
    ),
    "gopher@dolma": dolma,
    "gopher@dclm": lambda: dclm(False),
    "refinedweb@dclm": lambda: dclm(True),
    "nemo-english@nemo": nemo,
}


def record(dialect: str, texts: Path, out: Path) -> None:
    named, out = json.loads(texts.read_text()), out.resolve()
    answer = ORIGINALS[dialect]()
    answer("What is loaded late, such as a tokenizer, is loaded now.")
    rows = {}
    seconds = 0.0
    for name, text in named.items():
        start = time.process_time()
        try:
            reason, kept, numbers = answer(text)
        except Exception as error:  # what the original does not survive
            reason, kept, numbers = f"crash {type(error).__name__}", text, {}
        seconds += time.process_time() - start
        rows[name] = {"reason": reason, "text": None if reason else digest(kept), "numbers": numbers}
    out.write_text(json.dumps({"dialect": dialect, "seconds": seconds, "documents": rows}))
    print(f"{dialect}: {len(rows)} documents, {1000 * seconds / len(rows):.2f} ms each")


def ranges(members: set[int]) -> list[int]:
    """Gaps and lengths of the ranges of code points, in turn."""
    flat, last = [], 0
    ordered = sorted(members)
    place = 0
    while place < len(ordered):
        stop = place
        while stop + 1 < len(ordered) and ordered[stop + 1] == ordered[stop] + 1:
            stop += 1
        flat += [ordered[place] - last, stop - place + 1]
        last = ordered[stop] + 1
        place = stop + 1
    return flat


def code_points() -> Iterator[int]:
    yield from range(0xD800)
    yield from range(0xE000, 0x110000)


def tables() -> None:
    import regex
    from uniseg.emoji import extended_pictographic
    from uniseg.wordbreak import word_break

    folder = ROOT / "curation" / "quality"
    breaks: dict[str, set[int]] = {}
    for point in code_points():
        breaks.setdefault(word_break(chr(point)).value, set()).add(point)
    del breaks["Other"]
    alphabetic = regex.compile("[[:alpha:]]")
    rows = {
        "source": "Word_Break and Extended_Pictographic are of Unicode 16.0, as uniseg 0.10 holds them; alphabetic is"
        " what the module regex 2026.11 matches as [[:alpha:]]. Unicode data files: Copyright 1991-2024 Unicode, Inc.,"
        " Unicode License v3 (UNICODE-LICENSE.txt). Each list is gaps and lengths of ranges of code points in turn."
        " Written by tests/curation/quality/record_dialects.py.",
        "word_break": {name: ranges(points) for name, points in sorted(breaks.items())},
        "extended_pictographic": ranges({point for point in code_points() if extended_pictographic(chr(point))}),
        "alphabetic": ranges({point for point in code_points() if alphabetic.match(chr(point))}),
    }
    write_rows(folder / "unicode.json", rows)
    punkt = json.loads((PEERS / "punkt/src/data/english.json").read_text())
    contexts: dict[str, list[str]] = {}
    for word, flags in sorted(punkt["ortho_context"].items()):
        contexts.setdefault(str(flags), []).append(word)
    rows = {
        "source": "English parameters of Punkt (Tibor Kiss and Jan Strunk; trained on the Wall Street Journal part of"
        " the Penn Treebank), as NLTK distributes them, from the copy in rust-punkt"
        " (github.com/ferristseng/rust-punkt, src/data/english.json; MIT or Apache-2.0, Copyright (c) 2016 The Rust"
        " Project Developers). Written by tests/curation/quality/record_dialects.py.",
        "licence": (PEERS / "punkt/LICENSE-MIT").read_text(),
        "abbreviations": sorted(punkt["abbrev_types"]),
        "sentence_starters": " ".join(sorted(punkt["sentence_starters"])),
        "collocations": sorted(" ".join(pair) for pair in punkt["collocations"]),
        "orthographic_contexts": {flags: " ".join(contexts[flags]) for flags in sorted(contexts, key=int)},
    }
    write_rows(folder / "punkt.json", rows)
    listed = (PEERS / "dclm/baselines/mappers/iana_tlds.txt").read_text()
    (folder / "top_level_domains.txt").write_text(
        "# Top-level domains as DCLM lists them (github.com/mlfoundations/dclm, baselines/mappers/iana_tlds.txt; MIT"
        "\n# licence, Copyright (c) 2024 mlfoundations): IANA's root zone database in lower case. Written by"
        "\n# tests/curation/quality/record_dialects.py.\n" + listed.rstrip("\n") + "\n"
    )


def write_rows(path: Path, rows: dict[str, Any]) -> None:
    lines = []
    for name, row in rows.items():
        if isinstance(row, dict):
            inner = ",\n".join(
                f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in row.items()
            )
            lines.append(f"{json.dumps(name)}: {{\n{inner}}}")
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        tables()
    else:
        record(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
