"""The fused pass: records to text, language, signals, privacy, toxicity, tokens, a batch at a time.

`Ingest` holds the loaded models (make one per worker) and turns batches of records into Arrow tables. It does no
input or output of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from curation import extraction
from curation.code.languages import language_of
from curation.code.signals import CODE_SIGNALS, measure_code
from curation.documents import CODE, REJECTED_AT_INGEST, WEB, document_key, document_schema, record_id
from curation.language import LanguageIdentifier
from curation.licenses import RepositoryLicense, classify, file_license
from curation.links import links_table
from curation.page_text import PageTexts, Refusal
from curation.policy import TOXIC_LINE_FLOOR, TOXIC_LINE_WORDS, Policy
from curation.privacy import Scrubbed, scrub
from curation.privacy.uris import hide, hide_headers, hide_uri
from curation.quality.signals import measure_batch, signals_of
from curation.quality_models.scoring import Scoring
from curation.reading.records import ArchiveRecord, RepositoryFile
from curation.reading.wat import PageMetadata
from curation.repair import repair
from curation.tokenise import TokenCounter
from curation.toxicity import CATEGORIES, Toxicity

HEADER_CHARACTERS = 4096
"""How much of the head of a file is searched for a licence notice."""


@dataclass(frozen=True)
class RepositoryView:
    """What every file of a repository shares."""

    name: str  # as the recipe names it: a path or URL
    commit: str
    license: RepositoryLicense

    @property
    def identity(self) -> str:
        """The repository's own name, without where it lies, so that a file's id is the same on every machine."""
        return self.name.rstrip("/").rpartition("/")[2].removesuffix(".git")


@dataclass
class Ingested:
    """Rows made from one batch: documents (columns of `document_schema`) and rejects."""

    signals: tuple[str, ...]
    columns: dict[str, Any] = field(default_factory=dict)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def documents(self) -> pa.Table:
        """The documents as an Arrow table."""
        schema = document_schema(self.signals)
        if not self.columns:
            return schema.empty_table()
        return pa.table([pa.array(self.columns[name], type=schema.field(name).type) for name in schema.names], schema)

    def rejects(self) -> pa.Table:
        """The rejects as an Arrow table."""
        return pa.Table.from_pylist(self.rejected, REJECTED_AT_INGEST)


@dataclass(frozen=True)
class _Candidate:
    """A record that has text, before anything is measured."""

    identity: str
    uri: str
    origin: str
    date: str
    text: str
    meta: Mapping[str, Any]
    record: str | None = None
    repairs: Mapping[str, int] = field(default_factory=dict)


class Ingest:
    """The measuring half of a policy, with its models loaded.

    Raises:
        UsageError: a model or tokenizer that the policy names cannot be loaded.
    """

    def __init__(self, policy: Policy) -> None:
        self._repair = policy.repair
        self._identifier = LanguageIdentifier(None if policy.language.model is None else policy.language.path())
        self._toxicity = policy.toxicity.load()
        self._tokens = TokenCounter(policy.tokenizer)
        self._privacy = policy.privacy.detector()
        self._keys = self._privacy.keys()
        self._privacy.name_finder()  # loaded here, once per worker
        self._pages = PageTexts(policy.urls, policy.extraction)
        self._families = policy.quality.families()
        self._edits = policy.quality.published().edits
        self._bad_words = policy.quality.list_of_bad_words()
        self._scoring = Scoring(policy.quality)
        self.signals = (*signals_of(self._families), *self._scoring.names)
        """The signals and scores of a web document, in the order of its columns."""

    @property
    def fingerprint(self) -> str | None:
        """That of the secret of pseudonyms and fakes; None where there are none."""
        return self._keys.fingerprint if self._keys else None

    def close(self) -> None:
        """End the process that extracts text; it also ends when this object is let go of."""
        self._pages.close()

    @staticmethod
    def check(policy: Policy) -> list[str]:
        """Load what `policy` names by path or id, so that a wrong name is told before any work begins.

        What is no mistake but worth a word (lines of a URL list that are no entries) is returned, a sentence each.

        Raises:
            UsageError: one of them cannot be loaded.
        """
        if policy.language.model is not None:
            LanguageIdentifier(policy.language.path())
        policy.toxicity.load()
        TokenCounter(policy.tokenizer)
        policy.privacy.detector().name_finder()
        policy.quality.list_of_bad_words()
        policy.privacy.detector().keys()
        Scoring(policy.quality)
        return PageTexts.check(policy.urls, policy.extraction)

    def web(self, records: Sequence[ArchiveRecord], archive: str) -> Ingested:
        """Documents and rejects of a batch of records of one archive."""
        result = Ingested(self.signals)
        candidates = []
        for record, text in zip(records, self._pages.texts(records), strict=True):
            origin = f"{archive}#{record.offset}" + (f"+{record.inner_offset}" if record.inner_offset else "")
            date = record.date or ""
            identity = record_id("warc", record.record_id or "", record.uri, date, record.payload_digest)
            if isinstance(text, Refusal):
                refusal = (text.rule, text.value, text.threshold, text.detail)
                result.rejected.append(self._reject(identity, WEB, record.uri, origin, *refusal))
                continue
            repaired = repair(text, self._repair)
            content_type = hide(record.content_type, self._privacy) if record.content_type else record.content_type
            meta: dict[str, Any] = {"content_type": content_type, "kind": record.kind}
            if record.truncated:
                meta["truncated"] = record.truncated
            if repaired.edits:
                meta["repairs"] = repaired.edits
            page = record.refers_to if record.kind == "conversion" else record.record_id
            candidates.append(_Candidate(identity, record.uri, origin, date, repaired.text, meta, page, repaired.edits))
        if candidates:
            result.columns = self._measure_web(candidates)
        return result

    def _measure_web(self, candidates: Sequence[_Candidate]) -> dict[str, Any]:
        texts = [candidate.text for candidate in candidates]
        languages = self._identifier.identify(texts)
        signals, edited = measure_batch(texts, self._families, edits=self._edits, bad_words=self._bad_words)
        scrubbed = [
            scrub(text, kind="prose", config=self._privacy, keys=self._keys, document=candidate.identity)
            for text, candidate in zip(edited, candidates, strict=True)
        ]
        final = [item.text for item in scrubbed]
        codes = [language.code for language in languages]
        toxicity = self._toxicity.scan_batch(final, TOXIC_LINE_FLOOR, codes)
        mixtures = self._identifier.mixtures(final, languages)
        return {
            **self._identity_columns(candidates, WEB),
            **self._text_columns(final),
            "language": codes,
            "language_score": [language.score for language in languages],
            "languages": [_json(dict(mixture.shares)) for mixture in mixtures],
            "language_mixed": [mixture.mixed for mixture in mixtures],
            "foreign": [[asdict(paragraph) for paragraph in mixture.foreign] for mixture in mixtures],
            "license": [None] * len(texts),
            "license_kind": [None] * len(texts),
            **_pii_columns(scrubbed),
            "toxicity": [item.score for item in toxicity],
            **_kinds([item.kinds for item in toxicity]),
            "toxic_words": [item.words for item in toxicity],
            "toxic_lines": [_stored_lines(item, text) for item, text in zip(toxicity, final, strict=True)],
            "repairs": [_json(candidate.repairs) for candidate in candidates],
            "meta": [
                _json(candidate.meta if language.script is None else {**candidate.meta, "script": language.script})
                for candidate, language in zip(candidates, languages, strict=True)
            ],
            **signals,
            **self._scoring.measure(final, codes),
        }

    def code(self, repository: RepositoryView, files: Sequence[RepositoryFile]) -> Ingested:
        """Documents and rejects of a batch of files of one repository."""
        result = Ingested(CODE_SIGNALS)
        candidates, languages, licenses, kinds, measured = [], [], [], [], []
        origin = f"{repository.name}@{repository.commit}"
        for file in files:
            uri = f"{origin}:{file.path}"
            identity = record_id("git", repository.identity, file.path, file.blob)
            language = language_of(file.path, file.content[:HEADER_CHARACTERS])
            if language is None:
                rule = "binary" if b"\0" in file.content[:8000] else "unknown_language"
                result.rejected.append(self._reject(identity, CODE, uri, origin, rule))
                continue
            text, charset = extraction.decode(file.content, None)
            if not text.strip():
                result.rejected.append(self._reject(identity, CODE, uri, origin, "empty_text", 0.0, 1.0))
                continue
            own = file_license(text[:HEADER_CHARACTERS])
            expression = own or repository.license.expression
            kinds.append(classify(own) if own else repository.license.kind)
            licenses.append(expression)
            languages.append(language)
            measured.append(measure_code(text, file.path))
            meta = {
                "blob": file.blob,
                "charset": charset,
                "path": self._shown(file.path),
                "repository": repository.name,
            }
            candidates.append(_Candidate(identity, uri, origin, "", text, meta))
        if not candidates:
            return result
        scrubbed = [
            scrub(item.text, kind="code", config=self._privacy, keys=self._keys, document=item.identity)
            for item in candidates
        ]
        count = len(candidates)
        result.columns = {
            **self._identity_columns(candidates, CODE),
            **self._text_columns([item.text for item in scrubbed]),
            "language": languages,
            "language_score": [1.0] * count,
            "languages": [None] * count,
            "language_mixed": [0.0] * count,
            "foreign": [[] for _ in range(count)],
            "license": licenses,
            "license_kind": kinds,
            **_pii_columns(scrubbed),
            "toxicity": [0.0] * count,
            **_kinds([()] * count),
            "toxic_words": [0] * count,
            "toxic_lines": [[] for _ in range(count)],
            "repairs": ["{}"] * count,
            "meta": [_json(candidate.meta) for candidate in candidates],
            **{name: np.array([row[name] for row in measured], np.float64) for name in CODE_SIGNALS},
        }
        return result

    def links(self, pages: Sequence[PageMetadata], archive: str) -> pa.Table:
        """Rows of `LINKS` for pages of one WAT file, without secrets in their addresses, titles and headers."""
        table = links_table(pages, archive)
        shown = {
            "uri": [self._shown(uri) for uri in table["uri"].to_pylist()],
            "title": [hide(title, self._privacy) for title in table["title"].to_pylist()],
            "headers": [hide_headers(headers, self._privacy) for headers in table["headers"].to_pylist()],
        }
        for name, column in shown.items():
            table = table.set_column(table.column_names.index(name), name, pa.array(column, pa.string()))
        return table

    def error(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of `INPUT_ERROR` without secrets in its path and detail."""
        return {**row, **{name: self._shown(row[name]) for name in ("path", "detail") if row[name]}}

    def _shown(self, uri: str) -> str:
        return hide_uri(uri, self._privacy)

    def _reject(
        self,
        identity: str,
        source: str,
        uri: str,
        origin: str,
        rule: str,
        value: float | None = None,
        threshold: float | None = None,
        detail: str | None = None,
    ) -> dict[str, Any]:
        return {
            "key": document_key(identity, f"{origin} {uri}"),
            "id": identity,
            "source": source,
            "uri": self._shown(uri),
            "origin": origin,
            "rule": rule,
            "value": value,
            "threshold": threshold,
            "detail": self._shown(detail) if detail else detail,
        }

    def _identity_columns(self, candidates: Sequence[_Candidate], source: str) -> dict[str, Any]:
        """Names of the documents; id and key are those of the address as it was met, the address is shown without
        what is secret in it."""
        return {
            "key": [document_key(item.identity, f"{item.origin} {item.uri}") for item in candidates],
            "id": [item.identity for item in candidates],
            "source": [source] * len(candidates),
            "uri": [self._shown(item.uri) for item in candidates],
            "origin": [item.origin for item in candidates],
            "record": [item.record for item in candidates],
            "date": [item.date for item in candidates],
        }

    def _text_columns(self, texts: list[str]) -> dict[str, Any]:
        return {"text": texts, "tokens": self._tokens.count(texts), "bytes": [len(text.encode()) for text in texts]}


def _stored_lines(toxicity: Toxicity, text: str) -> list[dict[str, Any]]:
    return [
        {"start": line.start, "end": line.end, "score": line.score}
        for line in toxicity.lines
        if len(text[line.start : line.end].split(None, TOXIC_LINE_WORDS)) >= TOXIC_LINE_WORDS
    ]


def _kinds(rows: Sequence[tuple[float, ...]]) -> dict[str, list[float | None]]:
    """Columns of the kinds of toxicity, null where none was measured."""
    return {f"toxicity_{name}": [row[k] if row else None for row in rows] for k, name in enumerate(CATEGORIES)}


def _pii_columns(scrubbed: Sequence[Scrubbed]) -> dict[str, Any]:
    return {
        "pii": [_json(item.counts) for item in scrubbed],
        "pii_spans": [len(item.spans) for item in scrubbed],
        "pii_located": [
            [
                {"type": name, "policy": policy, "start": start, "end": end}
                for (name, start, end), policy in zip(item.spans, item.policies, strict=True)
            ]
            for item in scrubbed
        ],
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
