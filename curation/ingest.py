"""The fused pass: records to text, language, signals, privacy, toxicity, tokens, a batch at a time.

`Ingest` holds the loaded models (make one per worker) and turns batches of records into Arrow tables. It does no
input or output of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from curation import extraction
from curation.code.languages import language_of
from curation.code.signals import CODE_SIGNALS, measure_code
from curation.documents import CODE, REJECTED_AT_INGEST, WEB, document_key, document_schema, record_id
from curation.language import LanguageIdentifier
from curation.licenses import RepositoryLicense, classify, file_license
from curation.policy import TOXIC_LINE_FLOOR, TOXIC_LINE_WORDS, Policy
from curation.privacy import scrub
from curation.quality.signals import SIGNALS, measure_batch
from curation.reading.records import ArchiveRecord, RepositoryFile
from curation.tokenise import TokenCounter
from curation.toxicity import Toxicity, ToxicityModel

OK = 200
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


class Ingest:
    """The measuring half of a policy, with its models loaded.

    Raises:
        UsageError: a model or tokenizer that the policy names cannot be loaded.
    """

    def __init__(self, policy: Policy) -> None:
        self._identifier = LanguageIdentifier(policy.language.model)
        self._toxicity = ToxicityModel(policy.toxicity.model, policy.toxicity.words)
        self._tokens = TokenCounter(policy.tokenizer)
        self._privacy = policy.privacy.detector()

    @staticmethod
    def check(policy: Policy) -> None:
        """Load what `policy` names by path or id, so that a wrong name is told before any work begins.

        Raises:
            UsageError: one of them cannot be loaded.
        """
        if policy.language.model is not None:
            LanguageIdentifier(policy.language.model)
        if policy.toxicity.model is not None or policy.toxicity.words is not None:
            ToxicityModel(policy.toxicity.model, policy.toxicity.words)
        TokenCounter(policy.tokenizer)

    def web(self, records: Sequence[ArchiveRecord], archive: str) -> Ingested:
        """Documents and rejects of a batch of records of one archive."""
        result = Ingested(SIGNALS)
        candidates = []
        for record in records:
            origin = f"{archive}#{record.offset}" + (f"+{record.inner_offset}" if record.inner_offset else "")
            date = record.date or ""
            identity = record_id("warc", record.record_id or "", record.uri, date, record.payload_digest)
            text, refusal = _text_of(record)
            if refusal is not None:
                result.rejected.append(_reject(identity, WEB, record.uri, origin, *refusal))
                continue
            meta = {"content_type": record.content_type, "kind": record.kind}
            candidates.append(_Candidate(identity, record.uri, origin, date, text, meta))
        if candidates:
            result.columns = self._measure_web(candidates)
        return result

    def _measure_web(self, candidates: Sequence[_Candidate]) -> dict[str, Any]:
        texts = [candidate.text for candidate in candidates]
        languages = self._identifier.identify(texts)
        signals, edited = measure_batch(texts)
        scrubbed = [scrub(text, kind="prose", config=self._privacy) for text in edited]
        final = [item.text for item in scrubbed]
        toxicity = self._toxicity.scan_batch(final, TOXIC_LINE_FLOOR)
        return {
            **_identity_columns(candidates, WEB),
            **self._text_columns(final),
            "language": [language.code for language in languages],
            "language_score": [language.score for language in languages],
            "license": [None] * len(texts),
            "license_kind": [None] * len(texts),
            **_pii_columns([item.counts for item in scrubbed]),
            "toxicity": [item.score for item in toxicity],
            "toxic_words": [item.words for item in toxicity],
            "toxic_lines": [_stored_lines(item, text) for item, text in zip(toxicity, final, strict=True)],
            "meta": [_json(candidate.meta) for candidate in candidates],
            **signals,
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
                result.rejected.append(_reject(identity, CODE, uri, origin, rule))
                continue
            text, charset = extraction.decode(file.content, None)
            if not text.strip():
                result.rejected.append(_reject(identity, CODE, uri, origin, "empty_text", 0.0, 1.0))
                continue
            own = file_license(text[:HEADER_CHARACTERS])
            expression = own or repository.license.expression
            kinds.append(classify(own) if own else repository.license.kind)
            licenses.append(expression)
            languages.append(language)
            measured.append(measure_code(text, file.path))
            meta = {"blob": file.blob, "charset": charset, "path": file.path, "repository": repository.name}
            candidates.append(_Candidate(identity, uri, origin, "", text, meta))
        if not candidates:
            return result
        scrubbed = [scrub(candidate.text, kind="code", config=self._privacy) for candidate in candidates]
        count = len(candidates)
        result.columns = {
            **_identity_columns(candidates, CODE),
            **self._text_columns([item.text for item in scrubbed]),
            "language": languages,
            "language_score": [1.0] * count,
            "license": licenses,
            "license_kind": kinds,
            **_pii_columns([item.counts for item in scrubbed]),
            "toxicity": [0.0] * count,
            "toxic_words": [0] * count,
            "toxic_lines": [[] for _ in range(count)],
            "meta": [_json(candidate.meta) for candidate in candidates],
            **{name: np.array([row[name] for row in measured], np.float64) for name in CODE_SIGNALS},
        }
        return result

    def _text_columns(self, texts: list[str]) -> dict[str, Any]:
        return {"text": texts, "tokens": self._tokens.count(texts), "bytes": [len(text.encode()) for text in texts]}


def _text_of(record: ArchiveRecord) -> tuple[str, tuple[str, float | None, float | None] | None]:
    """The text of a record, or (rule, value, threshold) of why it has none."""
    if record.status is not None and record.status != OK:
        return "", ("http_status", float(record.status), float(OK))
    if record.kind == "conversion":
        text, _ = extraction.decode(record.body, record.charset or "utf-8")
    elif extraction.is_html(record.content_type, record.body):
        text = extraction.extract_text(record.body, content_type=record.content_type, url=record.uri)
    elif (record.content_type or "").partition(";")[0].strip().lower() == "text/plain":
        text, _ = extraction.decode(record.body, record.charset)
    else:
        return "", ("content_type", None, None)
    if not text.strip():
        return "", ("empty_text", 0.0, 1.0)
    return text, None


def _reject(
    identity: str,
    source: str,
    uri: str,
    origin: str,
    rule: str,
    value: float | None = None,
    threshold: float | None = None,
) -> dict[str, Any]:
    return {
        "key": document_key(identity, f"{origin} {uri}"),
        "id": identity,
        "source": source,
        "uri": uri,
        "origin": origin,
        "rule": rule,
        "value": value,
        "threshold": threshold,
    }


def _identity_columns(candidates: Sequence[_Candidate], source: str) -> dict[str, Any]:
    return {
        "key": [document_key(item.identity, f"{item.origin} {item.uri}") for item in candidates],
        "id": [item.identity for item in candidates],
        "source": [source] * len(candidates),
        "uri": [item.uri for item in candidates],
        "origin": [item.origin for item in candidates],
        "date": [item.date for item in candidates],
    }


def _stored_lines(toxicity: Toxicity, text: str) -> list[dict[str, Any]]:
    return [
        {"start": line.start, "end": line.end, "score": line.score}
        for line in toxicity.lines
        if len(text[line.start : line.end].split(None, TOXIC_LINE_WORDS)) >= TOXIC_LINE_WORDS
    ]


def _pii_columns(counts: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    return {"pii": [_json(count) for count in counts], "pii_spans": [sum(count.values()) for count in counts]}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
