"""What a build writes about personal data: policies, places, counts, and nothing of the values."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from curation.documents import record_id
from curation.reading.records import ArchiveRecord
from manifests.dataset import verify
from manifests.errors import UsageError
from pipelines.explain import explain
from pipelines.stages.publish import REPORT, Published
from tests.curation.reading.archive_bytes import http, read, record
from tests.curation.reading.wat_bytes import WARCINFO, page
from tests.pipelines.tiny import make, prose, response, write_repository

TOKEN = "ghp_" + "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg9x"
RAW = (
    "ada@lovelace.org", "grace@hopper.net", "eve%40mallory.org", "536-32-3065", TOKEN, "hunter22pw", "s3cr3tquery",
    "86.231.85.193", "zuse@konrad.de", "4111 1111 1111 1111", "4111111111111111", "tok3nshort", "bob@alice.org",
)  # fmt: skip
SECRET_URI = "https://ada:hunter22pw@example.org/kept?token=s3cr3tquery&mail=eve%40mallory.org"
SHOWN_URI = "https://REDACTED_SECRET@example.org/kept?token=REDACTED_SECRET&mail=REDACTED_EMAIL"
BODY = f"Write to ada@lovelace.org, ada@lovelace.org or 86.231.85.193.\nMy SSN 536-32-3065, key {TOKEN}.\n"
LEAKING = "https://u:hunter22pw@example.org/{}?session_id=tok3nshort"
CODE = f'MAIL = "ada@lovelace.org"\nKEY = "{TOKEN}"\ncard = 4111111111111111\n' + "".join(
    f"def add_{n}(a, b):\n    return a + b * {n}\n\n\n" for n in range(12)
)
MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy"


def write_crawl(folder: Path) -> tuple[list[Path], Path]:
    """Pages that are kept, dropped and refused, a WAT file and a repository, all with secrets in them."""
    folder.mkdir(parents=True)
    pages, wat = folder / "a.warc", folder / "a.wat"
    pages.write_bytes(
        response(SECRET_URI, BODY + prose(1), identity="urn:kept")
        + response("https://example.org/clean", prose(2))
        + response("https://example.org/ip", "The server is 86.231.85.193.\n" + prose(3))
        + response("https://example.org/card", "Card 4111 1111 1111 1111 for you.\n" + prose(4))
        + response(LEAKING.format("gone"), prose(5), status=404, identity="urn:gone")
        + response(LEAKING.format("empty/bob@alice.org"), "", identity="urn:empty")
        + record("image", http(b"x", media="image/x;by=zuse@konrad.de"), uri=LEAKING.format("i"))
        + record("bad", http(b"\x1f\x8b\x08\x00 no gzip", "Content-Encoding: gzip"), uri=LEAKING.format("bad"))
    )
    headers = {"Location": LEAKING.format("next"), "Content-Type": "text/html"}
    described = page(SECRET_URI, head={"Title": "Mail grace@hopper.net"}, headers=headers, record="urn:kept")
    wat.write_bytes(WARCINFO + described)
    files = {"LICENSE": MIT, "src/zuse@konrad.de.py": CODE, "src/main.py": CODE + "y = 2\n"}
    return [pages, wat], write_repository(folder / "repository", files)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    return write_crawl(tmp_path_factory.mktemp("crawl") / "in")


RECIPE: dict[str, Any] = {
    "code": {"licenses": ["permissive", "copyleft", "other", "none"]},
    "dedup": {"exact": False, "minhash": None},
    "limits": {"max_error_share": 1.0},
}


def build(out: Path, crawl: tuple[list[Path], Path], **privacy: Any) -> Published:
    return make(out, crawl[0], repositories=[crawl[1]], privacy=privacy, **RECIPE)


@pytest.fixture(scope="module")
def built(crawl: tuple[list[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Published:
    out = tmp_path_factory.mktemp("built") / "out"
    return build(out, crawl, policies={"IP_ADDRESS": "keep"}, max_type_spans={"CREDIT_CARD": 0})


def written(out: Path) -> dict[str, str]:
    """Path -> everything that stands in it, tables decoded."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(out))] = path.read_bytes().decode("utf-8", "replace")
            if path.suffix == ".parquet":
                found[str(path.relative_to(out))] += repr(pq.read_table(path).to_pylist())
    return found


def rows(out: Path) -> dict[str, dict[str, Any]]:
    table = ds.dataset(out / "shards", format="parquet").to_table()
    return {row["uri"]: {**row, "meta": json.loads(row["meta"])} for row in table.to_pylist()}


def test_no_file_of_a_build_holds_what_was_replaced(built: Published) -> None:
    files = written(Path(built.out))
    kept_by_policy = {"86.231.85.193"}
    assert any(name.startswith("rejected/") for name in files)
    assert any("errors" in name for name in files)
    leaks = [(name, raw) for name, text in files.items() for raw in RAW if raw in text and raw not in kept_by_policy]
    assert leaks == []
    assert any("86.231.85.193" in text for text in files.values())


def test_an_address_with_secrets_keeps_its_id(built: Published, crawl: tuple[list[Path], Path]) -> None:
    row = rows(Path(built.out))[SHOWN_URI]
    met = next(item for item in read(crawl[0][0].read_bytes()) if isinstance(item, ArchiveRecord))
    assert met.uri == SECRET_URI
    assert row["id"] == record_id("warc", "urn:kept", SECRET_URI, met.date or "", met.payload_digest)
    assert row["meta"]["title"] == "Mail REDACTED_EMAIL"
    assert row["meta"]["headers"]["location"] == "https://REDACTED_SECRET@example.org/next?session_id=REDACTED_SECRET"
    (explained,) = explain(built.out, uri=SECRET_URI).records
    assert explained.uri == SHOWN_URI


def test_meta_says_where_spans_are_in_the_text(built: Published) -> None:
    found = rows(Path(built.out))
    text, spans = found[SHOWN_URI]["text"], found[SHOWN_URI]["meta"]["spans"]
    shown = [(span["type"], span["policy"], text[span["start"] : span["end"]]) for span in spans]
    assert shown == [
        ("EMAIL", "placeholder", "<EMAIL>"),
        ("EMAIL", "placeholder", "<EMAIL>"),
        ("IP_ADDRESS", "keep", "86.231.85.193"),
        ("US_SSN", "placeholder", "<US_SSN>"),
        ("SECRET", "placeholder", "<SECRET>"),
    ]
    assert "spans" not in found["https://example.org/clean"]["meta"]


def test_the_manifest_counts_spans_by_type_and_policy_and_documents(built: Published) -> None:
    privacy = built.manifest["privacy"]
    assert privacy["secret"] is None
    assert privacy["documents"] == {"replaced": 1, "kept_spans": 1, "untouched": 2, "dropped": 3}
    assert privacy["spans"] == {
        "EMAIL": {"placeholder": 2},
        "IP_ADDRESS": {"keep": 2},
        "SECRET": {"placeholder": 1},
        "US_SSN": {"placeholder": 1},
    }
    assert list(verify(built.out, built.manifest)) == []
    assert "In the shards, by policy" in (Path(built.out) / REPORT).read_text()


def test_explain_tells_what_was_replaced_and_what_was_kept(built: Published) -> None:
    (record_,) = explain(built.out, uri=SHOWN_URI).records
    assert record_.details is not None
    assert record_.details.pii_policies == (
        ("EMAIL", "placeholder", 2),
        ("IP_ADDRESS", "keep", 1),
        ("SECRET", "placeholder", 1),
        ("US_SSN", "placeholder", 1),
    )


def test_code_is_redacted_in_words_and_spans_are_left_out_without_measuring_again(
    crawl: tuple[list[Path], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build(out, crawl)
    stamps = {path: path.stat().st_mtime_ns for path in (out / ".work/ingest").rglob("documents-*.parquet")}
    found = rows(out)
    (code,) = (row for uri, row in found.items() if uri.endswith("main.py"))
    assert code["text"].startswith('MAIL = "REDACTED_EMAIL"\nKEY = "REDACTED_SECRET"\ncard = 1000000000000000\n')
    ast.parse(code["text"])
    assert [code["text"][span["start"] : span["end"]] for span in code["meta"]["spans"]] == [
        "REDACTED_EMAIL", "REDACTED_SECRET", "1000000000000000",
    ]  # fmt: skip
    build(out, crawl, spans=False)
    assert not any("spans" in row["meta"] for row in rows(out).values())
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


@pytest.mark.slow
def test_stand_ins_follow_from_the_secret(
    crawl: tuple[list[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "0123456789abcdef" * 2
    monkeypatch.delenv("WINNOW_PRIVACY_SECRET", raising=False)
    with pytest.raises(UsageError, match="openssl rand"):
        build(tmp_path / "a", crawl, policy="pseudonym")
    monkeypatch.setenv("WINNOW_PRIVACY_SECRET", secret)
    first = build(tmp_path / "a", crawl, policy="pseudonym", scope="build")
    (tmp_path / "secret").write_text(secret)
    monkeypatch.delenv("WINNOW_PRIVACY_SECRET")
    again = build(tmp_path / "b", crawl, policy="pseudonym", scope="build", secret_file=str(tmp_path / "secret"))
    assert [item["sha256"] for item in first.manifest["shards"]] == [
        item["sha256"] for item in again.manifest["shards"]
    ]
    assert first.manifest["privacy"]["secret"] == again.manifest["privacy"]["secret"] is not None
    monkeypatch.setenv("WINNOW_PRIVACY_SECRET", secret[::-1])
    other = build(tmp_path / "a", crawl, policy="pseudonym", scope="build")
    assert other.fresh
    assert other.manifest["privacy"]["secret"] != first.manifest["privacy"]["secret"]
    assert not any(secret in text for text in written(tmp_path / "b").values())
    leaks = [raw for text in written(tmp_path / "b").values() for raw in RAW if raw in text]
    assert leaks == []
