"""A finished build of a few records, written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.documents import (
    DECISION,
    INPUT_ERROR,
    REJECTED,
    REJECTED_AT_INGEST,
    SHARD,
    document_key,
    document_schema,
    record_id,
)
from curation.statistics import merge, summarise, summarise_ingest, to_json
from manifests.files import digest_file
from manifests.manifest import write_manifest

BOUNDS = {"words": (50.0, 100_000.0), "toxicity": (None, 0.5)}
ATTACK = "</pre></style><script>alert('x')</script>\x1b[31m\u202e"
ARCHIVE = "crawl/a.warc.gz"
COPY = pa.schema(
    [
        ("component", pa.binary(16)), ("key", pa.binary(16)), ("id", pa.string()), ("uri", pa.string()),
        ("source", pa.string()), ("tokens", pa.int64()), ("kept", pa.bool_()), ("rule", pa.string()),
        ("similarity", pa.float64()),
    ]
)  # fmt: skip


def document(name: str, offset: int, **changed: Any) -> dict[str, Any]:
    """A page; its id follows from its name."""
    origin = f"{ARCHIVE}#{offset}"
    text = f"first line of {name}\nsecond line of {name}"
    row = {
        "id": record_id(name), "key": document_key(record_id(name), origin), "text": text, "source": "web",
        "uri": f"https://example.org/{name}", "origin": origin, "date": "2026-05-01", "language": "en",
        "language_score": 0.9, "license": None, "license_kind": None, "tokens": 100, "bytes": len(text), "pii": "{}",
        "pii_spans": 0, "toxicity": 0.1, "toxic_words": 0, "toxic_lines": [], "meta": "{}", "words": 80.0,
    }  # fmt: skip
    return {**row, **changed}


def decide(row: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """The decision on a page: kept, if nothing else is said."""
    kept = {
        "key": row["key"], "id": row["id"], "source": row["source"], "uri": row["uri"], "keep": True, "stage": None,
        "rule": None, "value": None, "threshold": None, "failed": [], "duplicate_of": None, "similarity": None,
        "tokens": row["tokens"], "bytes": row["bytes"], "cut": [],
    }  # fmt: skip
    return {**kept, **changed}


def write_build(out: Path) -> dict[str, Any]:
    """Write the build and return its manifest: six documents, one ingest reject, one damaged place."""
    good = document("good", 10, pii='{"email":2}', toxic_lines=[{"start": 0, "end": 18, "score": 0.9}])
    short = document("short", 20, words=20.0)
    copy = document("good-copy", 30)
    hostile = document("hostile", 40, uri=f"https://evil.example/{ATTACK}", text=ATTACK, language=ATTACK[:30])
    toxic = document("toxic", 50, toxicity=0.8, text="an offensive text")
    again = document("short", 60, words=20.0)
    rows = [
        (good, decide(good, tokens=90, cut=[{"start": 0, "end": 18}])),
        (short, _drop(short, "quality", "gopher.words", 20.0, 50.0, failed=["gopher.words", "gopher.stop_words"])),
        (copy, _drop(copy, "dedup", "near", 0.9, 0.8, duplicate_of=good["id"], similarity=0.9)),
        (hostile, _drop(hostile, "quality", f"odd.{ATTACK}", 1.0, 0.5)),
        (toxic, _drop(toxic, "toxicity", "toxicity.document", 0.8, 0.5)),
        (again, _drop(again, "quality", "gopher.words", 20.0, 50.0)),
    ]
    rows.sort(key=lambda pair: (pair[0]["id"], pair[0]["key"]))
    documents = pa.Table.from_pylist([row for row, _ in rows], document_schema(["words"]))
    decisions = pa.Table.from_pylist([row for _, row in rows], DECISION)
    gone = {
        "key": document_key(record_id("gone"), "x"), "id": record_id("gone"), "source": "web",
        "uri": "https://example.org/gone", "origin": f"{ARCHIVE}#70", "rule": "http_status", "value": 404.0,
        "threshold": 200.0,
    }  # fmt: skip
    rejected = pa.Table.from_pylist([gone], REJECTED_AT_INGEST)
    errors = pa.Table.from_pylist(
        [{"uri": ARCHIVE, "path": None, "offset": 900, "reason": "truncated", "detail": f"member ends early {ATTACK}"}],
        INPUT_ERROR,
    )
    ingest, select = out / ".work/ingest/ab12", out / ".work/select"
    _write(documents, ingest / "documents-00000.parquet", row_group_size=2)
    _write(rejected, ingest / "rejected-00000.parquet")
    _write(errors, ingest / "errors.parquet")
    (ingest / "completion.json").write_text(json.dumps({"facts": {"uri": ARCHIVE, "sha256": "0" * 64}}))
    _write(decisions, select / "decisions/ab12-documents-00000.parquet", row_group_size=2)
    clusters = [_member(good, good, None, 1.0), _member(good, copy, "near", 0.9)]
    _write(pa.Table.from_pylist(clusters, COPY), select / "copies/part-00000.parquet")
    summary = merge(summarise(documents, decisions, BOUNDS, 1), summarise_ingest(rejected, errors, BOUNDS, 1))
    (select / "summary.json").write_bytes(to_json(summary))
    (select / "bounds.json").write_text(json.dumps(BOUNDS))
    shard = out / "shards/web/part-00000.parquet"
    _write(pa.Table.from_pylist([{**good, "tokens": 90}], SHARD), shard)
    dropped = [row for _, row in rows if not row["keep"]]
    _write(pa.Table.from_pylist([*dropped, {**gone, "stage": "ingest"}], REJECTED), out / "rejected/part-00000.parquet")
    sha256, size = digest_file(str(shard))
    counts: list[tuple[Any, ...]] = [("input", "ingest", 8, 0), ("error", "ingest", 1, 0), ("kept", "publish", 1, 90)]
    counts += [(rule, stage, *n) for (_, stage, rule), n in sorted(summary.outcomes.items()) if stage != "kept"]
    names = ("source", "rule", "stage", "documents", "tokens")
    funnel = [dict(zip(names, ("web", *row), strict=True)) for row in counts]
    manifest = {
        "name": "small", "version": "1", "recipe": {"name": "small", "mixture": {"code": 0.05}}, "funnel": funnel,
        "code": {"version": "0", "commit": None}, "parents": [], "recipe_digest": "0" * 64,
        "inputs": [
            {"uri": ARCHIVE, "bytes": 1000, "sha256": "0" * 64, "records": 8, "errors": 1, "skipped": {"request": 3}},
        ],
        "shards": [
            {"path": "shards/web/part-00000.parquet", "source": "web", "documents": 1, "tokens": 90, "bytes": size,
             "sha256": sha256},
        ],
        "rejected": [{"path": "rejected/part-00000.parquet", "bytes": 1, "sha256": "0" * 64, "documents": 6}],
    }  # fmt: skip
    return write_manifest(str(out), manifest)


def _drop(row: dict[str, Any], stage: str, rule: str, value: float, threshold: float, **more: Any) -> dict[str, Any]:
    reason = {"keep": False, "stage": stage, "rule": rule, "value": value, "threshold": threshold, "failed": [rule]}
    return decide(row, **{**reason, **more})


def _member(first: dict[str, Any], row: dict[str, Any], rule: str | None, similarity: float) -> dict[str, Any]:
    names = ("key", "id", "uri", "source", "tokens")
    said = {"kept": rule is None, "rule": rule, "similarity": similarity}
    return {"component": first["key"], **{name: row[name] for name in names}, **said}


def _write(table: pa.Table, path: Path, row_group_size: int = 512) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=row_group_size)
