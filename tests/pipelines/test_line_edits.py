from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.documents import record_id
from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord, ReadingLimits
from pipelines.explanation import Copy, EditedLine
from pipelines.line_edits import aligned, compared, document_lines, read_original, shingle_similarity, stored_lines
from pipelines.recipe import Recipe
from tests.pipelines.tiny import prose, response

KEPT_A, KEPT_B = EditedLine("kept", "a", None, None), EditedLine("kept", "b", None, None)


def test_lines_of_a_stored_text_are_marked_toxic_with_their_score() -> None:
    cuts = [{"start": 2, "end": 5}]
    scores = [{"start": 2, "end": 5, "score": 0.875}, {"start": 8, "end": 9, "score": 0.25}]
    assert stored_lines("a\nbad\n\n b", cuts, scores) == (
        KEPT_A,
        EditedLine("toxic", "bad", None, 0.875),
        EditedLine("kept", " b", None, None),
    )


def test_lines_that_are_not_left_were_cut() -> None:
    assert aligned("menu\n\n  a\nb\nfooter", (KEPT_A, KEPT_B)) == (
        EditedLine("cut", "menu", None, None),
        EditedLine("kept", "  a", None, None),
        KEPT_B,
        EditedLine("cut", "footer", None, None),
    )


def test_a_shortened_line_was_changed() -> None:
    left = (EditedLine("kept", "Rome was not built in a day.", None, None),)
    (line,) = aligned("Rome was not built[12] in a day.[citation needed]", left) or ()
    assert (line.mark, line.after) == ("changed", "Rome was not built in a day.")


def test_a_line_is_toxic_whatever_else_became_of_it() -> None:
    left = (EditedLine("toxic", "bad words", None, 0.75),)
    assert aligned("bad[1] words", left) == (EditedLine("toxic", "bad[1] words", "bad words", 0.75),)


def test_a_text_that_cannot_have_come_of_the_original_is_not_aligned() -> None:
    assert aligned("other\nlines", (KEPT_A,)) is None
    assert aligned("", (KEPT_A,)) is None
    assert aligned("", ()) == ()


@given(st.lists(st.tuples(st.text("abc[1]. ", min_size=1, max_size=8), st.booleans()), max_size=12))
def test_what_is_kept_of_any_lines_is_found_again(lines: list[tuple[str, bool]]) -> None:
    original = "\n".join(line for line, _ in lines)
    left = stored_lines("\n".join(line for line, keep in lines if keep), [], [])
    found = aligned(original, left)
    assert found is not None
    assert [line.text for line in found] == [line for line, _ in lines if line.strip()]
    assert [(line.after or line.text).strip() for line in found if line.mark != "cut"] == [
        line.text.strip() for line in left
    ]


def test_a_line_that_stays_is_not_taken_for_part_of_a_longer_one() -> None:
    assert aligned("a b\na", (KEPT_A,)) == (EditedLine("cut", "a b", None, None), KEPT_A)


def test_similarity_is_that_of_the_sets_of_shingles() -> None:
    assert shingle_similarity("a b c d e f", "a b c d e g", 5) == pytest.approx(1 / 3)
    assert shingle_similarity("a b c d e", "a  b c\nd e", 5) == 1.0
    assert shingle_similarity("a b", "a b", 5) == 1.0
    assert shingle_similarity("a b", "a c", 5) == 0.0
    assert shingle_similarity("", "", 5) == 1.0


def test_a_copy_is_compared_by_its_first_line_that_differs() -> None:
    other = {"id": "1" * 32, "uri": "https://b.example/", "text": "one two three four five\nseven"}
    found = compared({"text": "one two three four five\nsix"}, other, None)
    assert found == Copy("1" * 32, "https://b.example/", 1 / 3, 2, "six", "seven")


def test_lines_of_code_and_of_rule_sets_without_edits_are_those_stored() -> None:
    row = {"source": "code", "text": "a", "toxic_lines": None, "id": "", "origin": "r@c"}
    assert document_lines(row, [], Recipe()) == ((KEPT_A,), "")
    gopher = Recipe.model_validate({"quality": {"rules": "gopher"}})
    assert document_lines({**row, "source": "web"}, [], gopher) == ((KEPT_A,), "")


def test_an_archive_that_is_gone_is_named() -> None:
    row = {"source": "web", "text": "a", "toxic_lines": None, "id": "", "origin": "gone.warc.gz#12"}
    lines, remark = document_lines(row, [], Recipe())
    assert lines == (KEPT_A,)
    assert remark.endswith("the archive gone.warc.gz is not on this machine")
    assert document_lines(row, [], None)[1].endswith("the build's recipe is not known")
    assert document_lines(row, [], Recipe(), not_again="six records match")[1].endswith("six records match")


def identity(record: bytes) -> str:
    (found,) = (item for item in read_archive(_Bytes(record), "x", ReadingLimits()) if isinstance(item, ArchiveRecord))
    return record_id("warc", found.record_id or "", found.uri, found.date or "", found.payload_digest)


class _Bytes:
    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._content) if size < 0 else self._place + size
        taken = self._content[self._place : end]
        self._place += len(taken)
        return taken


def test_a_page_is_read_again_from_its_place_in_the_archive(tmp_path: Path) -> None:
    text = f"{prose(1, 12)}\nlorem ipsum and more of it\nWrite to someone@harbour-mail.net now."
    first, second = response("https://a.example/", prose(2, 12)), response("https://b.example/", text)
    plain, members, whole = tmp_path / "a.warc", tmp_path / "b.warc.gz", tmp_path / "c.warc.gz"
    plain.write_bytes(first + second)
    members.write_bytes(gzip.compress(first, mtime=0) + gzip.compress(second, mtime=0))
    whole.write_bytes(gzip.compress(first + second, mtime=0))
    places = (f"#{len(first)}", f"#{len(gzip.compress(first, mtime=0))}", f"#0+{len(first)}")
    recipe = Recipe()
    originals = {
        read_original(identity(second), f"{path}{place}", recipe)
        for path, place in zip((plain, members, whole), places, strict=True)
    }
    (original,) = originals
    assert "someone@harbour-mail.net" not in original
    assert "of it" in original
    with pytest.raises(LookupError, match="has not got the record any more"):
        read_original(hashlib.md5(b"x").hexdigest(), f"{plain}#0", recipe)
    stored = "\n".join(line for line in original.split("\n") if "lorem" not in line)
    row = {
        "source": "web",
        "text": stored,
        "toxic_lines": [],
        "id": identity(second),
        "origin": f"{members}{places[1]}",
    }
    lines, remark = document_lines(row, [], recipe)
    assert remark == ""
    assert [line.text for line in lines if line.mark == "cut"] == ["lorem ipsum and more of it"]
