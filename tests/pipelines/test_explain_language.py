"""What `explain` says of paragraphs' languages and of repaired lines."""

from __future__ import annotations

import io

from rich.console import Console

from pipelines.explain_rows import details_of
from pipelines.explain_view import format_explanation
from pipelines.explanation import EditedLine, Explanation, Record
from pipelines.line_edits import document_lines, stored_lines
from pipelines.recipe import Recipe
from tests.pipelines.small_build import document

TEXT = "The first line\nZeile eins\nZeile zwei\nan ugly line"
CUTS = [{"start": 15, "end": 36}, {"start": 37, "end": 49}]
SCORES = [{"start": 37, "end": 49, "score": 0.9}]


def test_lines_cut_for_their_language_are_told_from_toxic_ones() -> None:
    lines = (
        EditedLine("kept", "The first line", None, None),
        EditedLine("foreign", "Zeile eins", None, None),
        EditedLine("foreign", "Zeile zwei", None, None),
        EditedLine("toxic", "an ugly line", None, 0.9),
    )
    assert stored_lines(TEXT, CUTS, SCORES, {15}) == lines
    row = document("a", 1, text=TEXT, toxic_lines=SCORES, foreign=[{"start": 15, "end": 36, "language": "de"}])
    cutting = Recipe.model_validate({"language": {"cut_paragraphs": True}})
    assert document_lines(row, CUTS, cutting)[0] == lines


def test_shares_and_repairs_are_shown() -> None:
    row = document("a", 1, text=TEXT, languages='{"de":0.4,"en":0.6}', language_mixed=0.4, repairs='{"mojibake":3}')
    details = details_of(row, None, None, {})
    assert details.languages == (("en", 0.6), ("de", 0.4))
    record = Record("0" * 32, "web", "https://example.org/a", "a#1", None, details, None, None)
    stream = io.StringIO()
    Console(file=stream, width=120).print(format_explanation(Explanation("a", (record,), 1, ())))
    printed = " ".join(stream.getvalue().split())
    assert "paragraphs en 0.6, de 0.4; mixed 0.4" in printed
    assert "repaired lines mojibake 3" in printed


def test_builds_from_before_say_nothing_of_paragraphs() -> None:
    details = details_of(document("a", 1), None, None, {})
    assert (details.languages, details.language_mixed, details.repairs) == ((), None, ())
