"""From records to text: which pages are turned away before extraction, and how the others' text is made.

In this order: status, URL, content type, extraction within its limits, emptiness. What one step turns away costs the
following ones nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation import extraction
from curation.extractors import target
from curation.policy import HTML_TYPES, ExtractionConfig
from curation.reading.http import media_type
from curation.reading.records import ArchiveRecord
from curation.sandbox import Extracted, Page, Sandbox
from curation.urls.config import UrlsConfig
from curation.urls.filter import UrlFilter

OK = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record has no text: the rule, what it measured and its bound where there are such, and what it met."""

    rule: str
    value: float | None = None
    threshold: float | None = None
    detail: str | None = None


EMPTY = Refusal("empty_text", 0.0, 1.0)


class PageTexts:
    """The text of records of archives, under the `urls` and `extraction` sections of a recipe.

    Raises:
        UsageError: a list cannot be loaded, or the extractor is not installed.
    """

    def __init__(self, urls: UrlsConfig, settings: ExtractionConfig) -> None:
        self._filter = None if urls == UrlsConfig() else UrlFilter(urls)
        self._settings = settings
        self._sandbox = Sandbox(target(settings.extractor), settings.seconds, settings.memory_bytes)

    @staticmethod
    def check(urls: UrlsConfig, settings: ExtractionConfig) -> list[str]:
        """Load what the sections name, and say which lines of which lists are no entries.

        Raises:
            UsageError: as the class.
        """
        target(settings.extractor)
        return UrlFilter(urls).remarks()

    def close(self) -> None:
        """End the process that extracts; it also ends when this object is let go of."""
        self._sandbox.close()

    def texts(self, records: Sequence[ArchiveRecord]) -> list[str | Refusal]:
        """For each record its text, or why it has none; in the order of the records.

        Raises:
            JobError: the process that extracts cannot be started.
        """
        found = self._unread(records)
        pages = [index for index, item in enumerate(found) if isinstance(item, Page)]
        extracted = self._sandbox.extract([item for item in found if isinstance(item, Page)]) if pages else []
        for index, outcome in zip(pages, extracted, strict=True):
            found[index] = self._outcome(outcome)
        result = [item for item in found if not isinstance(item, Page)]
        return [EMPTY if isinstance(item, str) and not item.strip() else item for item in result]

    def _unread(self, records: Sequence[ArchiveRecord]) -> list[str | Refusal | Page]:
        """Texts of records that need no extraction, refusals of those that get none, and the pages to extract."""
        wanted = [index for index, record in enumerate(records) if record.status in (None, OK)]
        verdicts = self._filter.verdicts([records[index].uri for index in wanted]) if self._filter else []
        blocked = {
            index: Refusal(verdict.rule, verdict.value, verdict.threshold, verdict.detail or None)
            for index, verdict in zip(wanted, verdicts, strict=False)
            if verdict is not None
        }
        found: list[str | Refusal | Page] = []
        for index, record in enumerate(records):
            if record.status not in (None, OK):
                assert record.status is not None
                found.append(Refusal("http_status", float(record.status), float(OK)))
            else:
                found.append(blocked.get(index) or self._page(record))
        return found

    def _page(self, record: ArchiveRecord) -> str | Refusal | Page:
        if record.kind == "conversion":
            return extraction.decode(record.body, record.charset or "utf-8")[0]
        kind = media_type(record.content_type)[0]
        types = self._settings.content_types
        if extraction.is_html(record.content_type, record.body):
            if (kind if kind in HTML_TYPES else HTML_TYPES[0]) in types:
                charset = f"; charset={record.charset}" if record.charset else ""
                header = f"{record.content_type or HTML_TYPES[0]}{charset}"
                return Page(record.body[: extraction.MAX_HTML_BYTES], header, record.uri)
        elif kind in types and kind not in HTML_TYPES:
            return extraction.decode(record.body, record.charset)[0]
        return Refusal("content_type", detail=record.content_type)

    def _outcome(self, extracted: Extracted) -> str | Refusal:
        if extracted.failure is None:
            return extracted.text
        if extracted.failure == "seconds":
            return Refusal("extraction_seconds", self._settings.seconds, self._settings.seconds, extracted.detail)
        return Refusal("extraction_crash", detail=extracted.detail)
