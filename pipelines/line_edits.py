"""What became of each line of a page: kept, changed or cut, by line edits when it was read and by toxicity later; and
how it differs from its copy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from curation.dedup.config import MinHashConfig
from curation.dedup.license_header import looked_at
from curation.dedup.shingles import Shingle, shingle_set
from curation.documents import CODE, record_id
from curation.page_text import PageTexts
from curation.privacy import scrub
from curation.reading.archives import read_archive
from curation.reading.records import ArchiveRecord
from curation.reading.remote import is_url
from curation.repair import repair
from manifests.errors import WinnowError
from pipelines.changes import first_difference
from pipelines.explanation import Copy, EditedLine
from pipelines.recipe import Recipe

KEPT, CHANGED, CUT, TOXIC, FOREIGN, ITEM, REPEATED = "kept", "changed", "cut", "toxic", "foreign", "item", "repeated"
MOST_LINES = 1_000
"""Lines of one document that are looked at."""
MOST_RECORDS = 10_000
"""Records of an archive that is compressed as a whole, among which the page is looked for."""

_LEAST_LEFT = 0.3  # of a line's characters, for what is left of it to count as the same line


def document_lines(
    row: Mapping[str, Any],
    cuts: Sequence[Mapping[str, int]],
    recipe: Recipe | None,
    *,
    not_again: str = "",
    items: Sequence[Mapping[str, int]] = (),
    repeated: Sequence[tuple[int, int]] = (),
) -> tuple[tuple[EditedLine, ...], str]:
    """The lines of a stored document with what became of them, and a remark where those that were cut when the page was
    read are not among them. `not_again` says why the page is not to be read again, if it is not; `items` are the spans
    of evaluation items, `repeated` those that were cut because other text has them."""
    wanted = set(recipe.language.keep) if recipe is not None and recipe.language.cut_paragraphs else None
    unwanted = [one["start"] for one in row.get("foreign") or () if wanted and one["language"] not in wanted]
    stored = stored_lines(row["text"], cuts, row["toxic_lines"] or (), frozenset(unwanted), items, repeated)
    if row["source"] == CODE:
        return stored, ""
    if recipe is None:
        return stored, "lines cut when the page was read are not shown: the build's recipe is not known"
    edits = [recipe.quality.published().edits or "", "repair" if recipe.repair.boilerplate_lines else ""]
    if not any(edits):
        return stored, ""
    remark = f"lines that {' and '.join(filter(None, edits))} cut when the page was read are not shown: "
    if not_again:
        return stored, remark + not_again
    try:
        lines = aligned(read_original(row["id"], row["origin"], recipe), stored)
    except LookupError as error:
        return stored, f"{remark}{error.args[0]}"
    return (stored, f"{remark}the page is extracted otherwise today") if lines is None else (lines, "")


def compared(row: Mapping[str, Any], other: Mapping[str, Any], recipe: Recipe | None) -> Copy:
    """How the text of a row of documents and the copy of it that stays, another row, differ."""
    minhash = (recipe.dedup.near_rules.rule(row["source"]) if recipe else None) or MinHashConfig()
    here, there = looked_at((row["text"], other["text"]), minhash)
    similarity = shingle_similarity(here, there, minhash.ngram, minhash.shingle)
    return Copy(other["id"], other["uri"], similarity, *first_difference(row["text"], other["text"]))


def shingle_similarity(a: str, b: str, ngram: int, shingle: Shingle = "words") -> float:
    """Jaccard similarity of the sets of shingles of two texts; of those too short for one, 1 for the same words."""
    one, other = (shingle_set(text, ngram, shingle) for text in (a, b))
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else float(a.split() == b.split())


def stored_lines(
    text: str,
    cuts: Sequence[Mapping[str, int]],
    scores: Sequence[Mapping[str, Any]],
    foreign: Collection[int] = (),
    items: Sequence[Mapping[str, int]] = (),
    repeated: Sequence[tuple[int, int]] = (),
) -> tuple[EditedLine, ...]:
    """The lines of a stored text that are not blank, those within `cuts` marked toxic with their score, foreign where
    the cut begins at one of `foreign`, an item where it holds one of the spans `items`, or repeated where one of
    `repeated` has a part in them."""
    known = {line["start"]: float(line["score"]) for line in scores}
    found: list[EditedLine] = []
    spans = iter(sorted((span["start"], span["end"]) for span in cuts))
    elsewhere = iter(sorted(repeated))
    span, other, start = next(spans, None), next(elsewhere, None), 0
    for line in _split(text):
        end = start + len(line)
        while span is not None and span[1] <= start:
            span = next(spans, None)
        while other is not None and other[1] <= start:
            other = next(elsewhere, None)
        if line.strip():
            inside = span is not None and span[0] < end
            mark, score = KEPT, None
            if other is not None and other[0] < end:
                mark = REPEATED
            elif inside and span is not None:
                mark, score = (FOREIGN, None) if span[0] in foreign else (TOXIC, known.get(span[0]))
                if any(span[0] <= one["start"] and one["end"] <= span[1] for one in items):
                    mark, score = ITEM, None
            found.append(EditedLine(mark, line, None, score))
            if len(found) == MOST_LINES:
                break
        start = end + 1
    return tuple(found)


def aligned(original: str, stored: Sequence[EditedLine]) -> tuple[EditedLine, ...] | None:
    """The lines of the text as it was extracted, marked by what became of them; `stored` is what is left of them.

    Line edits drop lines and shorten them, and keep their order. None where `stored` cannot have come of `original`,
    as when the page is extracted otherwise today.
    """
    lines = [line for line in _split(original) if line.strip()]
    whole = _aligned(lines, stored, Counter(line.strip() for line in lines))
    return _aligned(lines, stored, Counter()) if whole is None else whole


def _aligned(lines: Sequence[str], stored: Sequence[EditedLine], ahead: Counter[str]) -> tuple[EditedLine, ...] | None:
    """As `aligned`; a stored line that is still to come as it is (by `ahead`) is not taken for a shortened one."""
    found: list[EditedLine] = []
    place = 0
    for line in lines[:MOST_LINES]:
        stripped = line.strip()
        ahead[stripped] -= 1
        left = stored[place] if place < len(stored) else None
        if left is not None and left.text.strip() == stripped:
            found.append(EditedLine(left.mark, line, None, left.score))
            place += 1
        elif left is not None and ahead[left.text.strip()] <= 0 and _is_shortened(line, left.text):
            mark = CHANGED if left.mark == KEPT else left.mark
            found.append(EditedLine(mark, line, left.text, left.score))
            place += 1
        else:
            found.append(EditedLine(CUT, line, None, None))
    return tuple(found) if place == len(stored) or len(lines) > MOST_LINES else None


def read_original(identity: str, origin: str, recipe: Recipe) -> str:
    """The text of a page as it was extracted, its personal data replaced, read again from its archive.

    Raises:
        LookupError: the archive or the record is not there any more, or not as it was; the message says which.
    """
    archive, _, place = origin.rpartition("#")
    offset, _, inner = place.partition("+")
    if is_url(archive) or not os.path.isfile(archive):
        raise LookupError(f"the archive {archive} is not on this machine")
    pages = PageTexts(recipe.urls, recipe.extraction)
    try:
        for record in _records(archive, int(offset), int(inner or 0), recipe):
            if _identity(record) == identity:
                text = pages.texts([record])[0]
                if not isinstance(text, str):
                    raise LookupError(f"the page is refused today ({text.rule})")
                text = repair(text, recipe.repair.characters_only()).text
                return scrub(text, kind="prose", config=recipe.privacy.detector(), document=identity).text
    except (OSError, ValueError, WinnowError) as error:
        raise LookupError(f"the archive {archive} cannot be read again ({error})") from error
    finally:
        pages.close()
    raise LookupError(f"the archive {archive} has not got the record any more")


def _records(archive: str, offset: int, inner: int, recipe: Recipe) -> Iterator[ArchiveRecord]:
    """Records at one place of an archive; of a member that holds many, the one at that place within it."""
    with open(archive, "rb") as stream:
        stream.seek(offset)
        for count, item in enumerate(read_archive(stream, archive, recipe.reading)):
            if count == MOST_RECORDS:
                return
            if isinstance(item, ArchiveRecord) and (item.offset, item.inner_offset) >= (0, inner):
                yield item
                return


def _identity(record: ArchiveRecord) -> str:
    return record_id("warc", record.record_id or "", record.uri, record.date or "", record.payload_digest)


def _is_shortened(line: str, left: str) -> bool:
    """Whether `left` is `line` without some of its characters, and most of it."""
    if not left or len(left) < _LEAST_LEFT * len(line):
        return False
    characters = iter(line)
    return all(character in characters for character in left)


def _split(text: str) -> Iterator[str]:
    """Lines, without a list of them all."""
    start = 0
    while True:
        end = text.find("\n", start)
        if end < 0:
            yield text[start:]
            return
        yield text[start:end]
        start = end + 1
