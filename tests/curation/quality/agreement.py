"""How the rule sets agree with the originals, from what `record_dialects.py` recorded.

python -m tests.curation.quality.agreement texts made|real TEXTS     texts for record_dialects.py, name to text
python -m tests.curation.quality.agreement record RECORDED...        golden/dialects.json of the made texts' records
                                                                     and golden/dialect_pages.json of the real ones'
python -m tests.curation.quality.agreement table TEXTS RECORDED...   the table of docs/quality.md, and differences
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curation.quality import Verdict, evaluate
from curation.quality.signals import FAMILIES, measure_batch
from tests.curation.quality.documents import dialect_documents

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SHARED = HERE.parents[2] / ".." / "shared" / "data"

_GRAMS = {f"gopher.max_top_{n}_gram_chars": n for n in (2, 3, 4)} | {
    f"gopher.max_dup_{n}_gram_chars": n for n in range(5, 11)
}
_DCLM = {
    "page_length_filter short": "gopher.min_words",
    "page_length_filter long": "gopher.max_words",
    "word_length_filter short": "gopher.min_word_length",
    "word_length_filter long": "gopher.max_word_length",
    "symbol_ratio_filter": "gopher.max_symbols",
    "bullet_count_filter": "gopher.max_bullet_lines",
    "ellipsis_count_filter": "gopher.max_ellipsis_lines",
    "alphabetic_word_ratio_filter": "gopher.max_non_alphabetic_words",
    "stop_word_filter": "gopher.min_stop_words",
    "repetition line count": "gopher.max_dup_lines",
    "repetition paragraph count": "gopher.max_dup_paragraphs",
    "repetition line characters": "gopher.max_dup_line_chars",
    "repetition paragraph characters": "gopher.max_dup_paragraph_chars",
    **{f"repetition {n} characters": name for name, n in _GRAMS.items()},
}
_C4 = {
    "lorem_ipsum": "c4.max_lorem_ipsum",
    "loremipsum": "c4.max_lorem_ipsum",
    "curly_bracket": "c4.max_curly_bracket",
    "squigglybracket": "c4.max_curly_bracket",
    "too_few_sentences": "c4.min_sentences",
    "too_long": "c4.max_characters",
}
# By rule set: what the original calls our rules.
REASONS: dict[str, dict[str, str]] = {
    "c4@tfds": _C4,
    "c4@datatrove": _C4,
    "gopher@datatrove": {
        "empty": "empty",
        "dup_para_frac": "gopher.max_dup_paragraphs",
        "dup_para_char_frac": "gopher.max_dup_paragraph_chars",
        "dup_line_frac": "gopher.max_dup_lines",
        "dup_line_char_frac": "gopher.max_dup_line_chars",
        **{(f"top_{n}_gram" if n < 5 else f"duplicated_{n}_n_grams"): name for name, n in _GRAMS.items()},
        "gopher_short_doc": "gopher.min_words",
        "gopher_long_doc": "gopher.max_words",
        "gopher_below_avg_threshold": "gopher.min_word_length",
        "gopher_above_avg_threshold": "gopher.max_word_length",
        "gopher_too_many_hashes": "gopher.max_hashes",
        "gopher_too_many_ellipsis": "gopher.max_ellipses",
        "gopher_too_many_bullets": "gopher.max_bullet_lines",
        "gopher_too_many_end_ellipsis": "gopher.max_ellipsis_lines",
        "gopher_below_alpha_threshold": "gopher.min_alphabetic_words",
        "gopher_enough_stop_words": "gopher.min_stop_words",
    },
    "fineweb@datatrove": {},
    "gopher@dolma": {
        "word_count <": "gopher.min_words",
        "word_count >": "gopher.max_words",
        "median_word_length <": "gopher.min_word_length",
        "median_word_length >": "gopher.max_word_length",
        "symbol_to_word_ratio >": "gopher.max_symbols",
        "fraction_of_words_with_alpha_character <": "gopher.min_alphabetic_words",
        "required_word_count <": "gopher.min_stop_words",
        "fraction_of_lines_starting_with_bullet_point >": "gopher.max_bullet_lines",
        "fraction_of_lines_ending_with_ellipsis >": "gopher.max_ellipsis_lines",
        "fraction_of_duplicate_lines >": "gopher.max_dup_lines",
        "fraction_of_characters_in_duplicate_lines >": "gopher.max_dup_line_chars",
        **{f"fraction_of_characters_in_duplicate_{n}grams >": name for name, n in _GRAMS.items() if n > 4},
    },
    "gopher@dclm": _DCLM,
    "refinedweb@dclm": {
        "url_removal_modifier": "refinedweb.min_characters",
        **_DCLM,
        **dict.fromkeys(
            (
                "uppercase_ratio_line_modifier",
                "numeric_ratio_line_modifier",
                "counter_line_modifier",
                "line_length_modifier",
                "substring_line_modifier items in cart",
                "substring_line_modifier Read more...",
                "substring_line_modifier Sign-in",
            ),
            "refinedweb.min_kept_characters",
        ),
        "word_removal_ratio_filter": "refinedweb.max_removed_words",
    },
    "nemo-english@nemo": {
        "NonAlphaNumericFilter": "nemo.max_other_chars",
        "SymbolsToWordsFilter": "nemo.max_symbols",
        "NumbersFilter": "nemo.max_digits",
        "UrlsFilter": "nemo.max_urls",
        "WhiteSpaceFilter": "nemo.max_white_space",
        "ParenthesesFilter": "nemo.max_brackets",
        "BoilerPlateStringFilter": "nemo.max_boilerplate",
        "RepeatedLinesFilter": "nemo.min_unique_lines",
        "RepeatedParagraphsFilter": "nemo.min_unique_paragraphs",
        "RepeatedLinesByCharFilter": "nemo.min_unique_line_chars",
        "RepeatedParagraphsByCharFilter": "nemo.min_unique_paragraph_chars",
        "WordCountFilter short": "nemo.min_words",
        "WordCountFilter long": "nemo.max_words",
        "PunctuationFilter": "nemo.max_no_end_mark_lines",
        "WordsWithoutAlphabetsFilter": "nemo.min_alphabetic_words",
        "CommonEnglishWordsFilter": "nemo.min_stop_words",
        "MeanWordLengthFilter short": "nemo.min_word_length",
        "MeanWordLengthFilter long": "nemo.max_word_length",
        "LongWordFilter": "nemo.max_longest_word",
        "EllipsisFilter": "nemo.max_ellipsis_lines",
        **{f"RepeatingTopNGramsFilter{n}": f"nemo.max_top_{n}_gram_chars" for n in (2, 3, 4)},
        **{f"RepeatingDuplicateNGramsFilter{n}": f"nemo.max_dup_{n}_gram_chars" for n in range(5, 11)},
        "BulletsFilter": "nemo.max_bullet_lines",
    },
}

REASONS["fineweb@datatrove"] = {
    **REASONS["gopher@datatrove"],
    **_C4,
    "line_punct_ratio": "fineweb.min_end_punctuation_lines",
    "short_line_ratio": "fineweb.max_short_lines",
    "char_dup_ratio": "fineweb.max_dup_line_chars",
    "list_ratio": "fineweb.max_newlines",
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def real_texts() -> Iterator[str]:
    """Pages of the crawls, pages that people labelled, documents of CCNet, each text once."""
    from tests.curation.quality.record_golden import pages

    seen = set()
    for text in _all_real_texts(pages()):
        if digest(text) not in seen:
            seen.add(digest(text))
            yield text


def _all_real_texts(pages: Iterator[str]) -> Iterator[str]:
    yield from pages
    quality = SHARED / "quality"
    for path in [quality / "dclm_human_labels.jsonl.gz", *sorted((quality / "dolma_docs").rglob("*.gz"))]:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if isinstance(row, dict) and isinstance(row.get("text"), str):
                    yield row["text"]


def crashed(reason: str | None) -> bool:
    """Whether this is an error of the original and no reason."""
    return reason is not None and (reason.startswith("crash ") or reason.endswith("Error"))


def expected(dialect: str, reason: str | None) -> str | None:
    """Our name of a recorded reason."""
    return None if reason is None else REASONS[dialect][reason]


def number_differences(text: str, numbers: dict[str, float]) -> dict[str, float]:
    """Signal to the relative difference (absolute below 1) of what the original shows; none where they are equal."""
    families = [family for family, names in FAMILIES.items() if not set(names).isdisjoint(numbers)]
    columns, _ = measure_batch([text], families, edits=None)
    found = {}
    for name, number in numbers.items():
        ours = float(columns[name][0])
        if name == "nemo.stop_words":  # the original stops counting
            ours = min(ours, 2.0)
        if ours != number:
            found[name] = abs(ours - number) / max(1.0, abs(number))
    return found


def load(path: str) -> tuple[str, dict[str, Any]]:
    recorded = json.loads(Path(path).read_text())
    return recorded["dialect"], recorded


def table(texts: dict[str, str], paths: list[str]) -> None:
    print("| rule set | documents | verdicts equal | reasons equal | texts equal | numbers | largest difference |")
    print("|---|---|---|---|---|---|---|")
    notes = []
    for path in paths:
        dialect, recorded = load(path)
        verdicts = reasons = kept = kept_equal = numbers = 0
        largest = 0.0
        for name, row in recorded["documents"].items():
            verdict = evaluate(texts[name], dialect)
            reason = row["reason"]
            if crashed(reason):
                notes.append(f"{dialect} {name}: the original ends with {reason}, ours says {verdict.rule}")
            else:
                verdicts += verdict.keep == (reason is None)
                reasons += verdict.rule == expected(dialect, reason)
                if verdict.rule != expected(dialect, reason):
                    notes.append(f"{dialect} {name}: {reason} ({expected(dialect, reason)}), ours {verdict.rule}")
                if verdict.keep and row["text"]:
                    kept += 1
                    kept_equal += digest(verdict.text) == row["text"]
                    if digest(verdict.text) != row["text"]:
                        notes.append(f"{dialect} {name}: the text differs")
            for signal, difference in number_differences(texts[name], row["numbers"]).items():
                largest = max(largest, difference)
                if difference > 1e-9:
                    notes.append(f"{dialect} {name}: {signal} differs by {difference:.3g}")
            numbers += len(row["numbers"])
        total = sum(not crashed(row["reason"]) for row in recorded["documents"].values())
        print(
            f"| `{dialect}` | {total:,} | {verdicts:,} | {reasons:,} | {kept_equal:,} of {kept:,} | {numbers:,} |"
            f" {largest:.1e} |"
        )
    print("\n".join(notes))


def short(verdict: Verdict) -> str:
    return verdict.rule or digest(verdict.text)[:6]


def record(paths: list[str]) -> None:
    made: dict[str, Any] = {}
    reasons: list[str] = []
    pages: dict[str, dict[str, str]] = {}
    for path in paths:
        dialect, recorded = load(path)
        if next(iter(recorded["documents"])) in dialect_documents():
            made[dialect] = {
                name: {
                    "reason": row["reason"],
                    "text": (row["text"] or "")[:16],
                    "numbers": {signal: number for signal, number in row["numbers"].items() if number},
                }
                for name, row in recorded["documents"].items()
            }
            continue
        for name, row in recorded["documents"].items():
            reason = row["reason"] or ""
            if reason not in reasons:
                reasons.append(reason)
            after = row["text"][:6] if row["text"] and row["text"] != name else ""
            pages.setdefault(name[:12], {})[dialect] = f"{reasons.index(reason)}{':' + after if after else ''}"
    if made:
        rows = [f"{json.dumps(dialect)}: " + "{\n" + ",\n".join(
            f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in found.items()
        ) + "\n}" for dialect, found in made.items()]  # fmt: skip
        (GOLDEN / "dialects.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    if pages:
        dialects = sorted({dialect for row in pages.values() for dialect in row})
        lines = [" ".join([name, *(row[dialect] for dialect in dialects)]) for name, row in sorted(pages.items())]
        out = {"dialects": dialects, "reasons": reasons, "pages": lines}
        text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value, indent=0)}" for key, value in out.items())
        (GOLDEN / "dialect_pages.json").write_text(f"{{\n{text}\n}}\n")


if __name__ == "__main__":
    if sys.argv[1] == "texts":
        chosen = dialect_documents() if sys.argv[2] == "made" else {digest(text): text for text in real_texts()}
        Path(sys.argv[3]).write_text(json.dumps(chosen))
    elif sys.argv[1] == "record":
        record(sys.argv[2:])
    else:
        table(json.loads(Path(sys.argv[2]).read_text()), sys.argv[3:])
