"""Labelled and neutral text for the toxicity model, read from the folder that `README.md` of the data describes.

Every reader yields texts with their split: `train` (four fifths, by hash) or `test`. Whole sets kept out of training:
the Wikipedia talk comments of conversationai, half the identity terms of its templates, two Gutenberg books, and the
Wikipedia articles of `wiki_demo`.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curation.toxicity_model import ABUSE, CLEAN, HATE
from curation.training.fasttext_training import stable_hash

HELD_OUT = 5
"""One text in this many is held out."""
HELD_OUT_BOOKS = ("11-0.txt.gz", "158-0.txt.gz")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text: its set, what it is (`ABUSE`, `HATE`, or `CLEAN`), and which split it belongs to."""

    source: str
    label: str
    text: str
    held_out: bool

    @property
    def toxic(self) -> bool:
        """Whether it is abuse or hate."""
        return self.label != CLEAN


def is_held_out(text: str) -> bool:
    """Whether a text belongs to the test split."""
    return stable_hash(text) % HELD_OUT == 0


def davidson(folder: Path) -> Iterator[Example]:
    """Tweets (Davidson et al. 2017): 0 is hate speech, 1 offensive language."""
    for row in _csv(folder / "toxicity/davidson_hate_offensive/labeled_data.csv.gz"):
        text = _social(row["tweet"])
        yield Example("davidson", (HATE, ABUSE, CLEAN)[int(row["class"])], text, is_held_out(text))


def edos(folder: Path) -> Iterator[Example]:
    """Reddit and Gab posts labelled for sexism (SemEval 2023 task 10), with the task's own test split."""
    for row in _csv(folder / "toxicity/edos/edos_labelled_aggregated.csv.gz"):
        label = HATE if row["label_sexist"] == "sexist" else CLEAN
        yield Example("edos", label, _social(row["text"]), row["split"] == "test")


def toxigen(folder: Path) -> Iterator[Example]:
    """Statements about groups (ToxiGen with human scores); neutral ones with a score of 2.5 or more are left out."""
    for row in json.loads(gzip.decompress((folder / "toxicity/toxigen_safenlp/toxiGen.json.gz").read_bytes())):
        toxic = row["label"] == "hate"
        if toxic or row["toxicity_score"] < 2.5:
            text = _social(row["text"])
            yield Example("toxigen", HATE if toxic else CLEAN, text, is_held_out(text))


def implicit_hate(folder: Path) -> Iterator[Example]:
    """Posts with implied hate (ImplicitHate)."""
    for row in json.loads(gzip.decompress((folder / "toxicity/toxigen_safenlp/implicitHate.json.gz").read_bytes())):
        yield Example("implicit_hate", HATE if row["label"] == "hate" else CLEAN, row["text"], is_held_out(row["text"]))


def civil_comments(folder: Path) -> Iterator[tuple[list[Example], Example | None]]:
    """Civil Comments with toxic spans (SemEval 2021 task 5): the sentences of a comment, and the whole comment.

    A sentence is toxic when a marked span touches it. The whole comment is given only where spans are marked; the
    sentences beside the marked ones are neutral text of the same people about the same things.
    """
    for row in _csv(folder / "toxicity/semeval2021_toxic_spans/tsd_train.csv.gz"):
        text = row["text"]
        marked = frozenset(json.loads(row["spans"]))
        held_out = is_held_out(text)
        cuts = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
        sentences = [
            Example("civil_comments", _civil(marked, start, end), text[start:end].strip(), held_out)
            for start, end in itertools.pairwise(cuts)
            if text[start:end].strip()
        ]
        yield sentences, Example("civil_comments", ABUSE, text, held_out) if marked else None


def _civil(marked: frozenset[int], start: int, end: int) -> str:
    return CLEAN if marked.isdisjoint(range(start, end)) else ABUSE


def toxic_span_words(folder: Path) -> Iterator[tuple[str, str]]:
    """(text inside the marked spans, text outside) of each learnt comment of Civil Comments."""
    for row in _csv(folder / "toxicity/semeval2021_toxic_spans/tsd_train.csv.gz"):
        text, marked = row["text"], frozenset(json.loads(row["spans"]))
        if not is_held_out(text):
            inside = "".join(c if i in marked else " " for i, c in enumerate(text))
            yield inside, "".join(" " if i in marked else c for i, c in enumerate(text))


def identity_templates(folder: Path) -> Iterator[Example]:
    """Templates such as "NAME is a kind GROUP" (conversationai); half the identity terms, by hash, are held out."""
    for row in _csv(folder / "toxicity/conversationai_bias/bias_madlibs_77k.csv.gz"):
        words = row["Text"].lower().strip(".").split()
        term = words[1] if words[0] == "being" else words[-1]
        if row["Template"] == "you_occupation":
            term = "occupation"
        label = HATE if row["Label"] == "BAD" else CLEAN
        yield Example("identity_templates", label, row["Text"], stable_hash("id " + term) % 2 == 0)


def wikipedia_talk(folder: Path) -> Iterator[Example]:
    """Wikipedia talk comments (conversationai); none of them is learnt."""
    for row in _csv(folder / "toxicity/conversationai_bias/toxicity_nonfuzzed_testset.csv.gz"):
        yield Example("wikipedia_talk", ABUSE if row["toxic"] == "True" else CLEAN, row["comment"], True)


def web_documents(folder: Path) -> Iterator[tuple[str, bool]]:
    """(text, held out) of web documents that are taken as neutral: wcxb's gold text, c4_demo and dclm's pages."""
    texts: list[str] = []
    for path in sorted((folder / "extraction/wcxb_dev/ground-truth").glob("*.json*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        texts.append(json.loads(raw)["ground_truth"].get("main_content") or "")
    for name in ("text/c4_demo/c4_demo.jsonl.gz", "quality/dclm_human_labels.jsonl.gz"):
        texts += [json.loads(line)["text"] for line in _lines(folder / name)]
    return ((text, is_held_out(text)) for text in texts if text.strip())


def books(folder: Path) -> Iterator[tuple[str, bool]]:
    """(paragraph, held out) of Gutenberg's novels, without the licence pages at both ends."""
    for path in sorted((folder / "text/gutenberg").glob("*.txt.gz")):
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace").replace("\r", "")
        for paragraph in text.split("\n\n")[30:-60]:
            line = " ".join(paragraph.split())
            if len(line) > 60:
                yield line, path.name in HELD_OUT_BOOKS


def encyclopedia(folder: Path) -> Iterator[str]:
    """Paragraphs of Wikipedia articles (CC-BY-SA: measured on, never learnt), cut into some 600 characters."""
    for line in _lines(folder / "text/wiki_demo/wiki_demo.txt.gz"):
        for start in range(0, len(line), 600):
            if line[start : start + 600].strip():
                yield line[start : start + 600]


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path) as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield line


def _social(text: str) -> str:
    """A post without what marks its platform: entities, `RT`, hashes, and stand-ins for users and addresses."""
    return re.sub(r"\bRT\b|\[USER\]|\[URL\]|_x000D_|#", " ", html.unescape(html.unescape(text)))
