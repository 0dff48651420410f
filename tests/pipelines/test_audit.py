from __future__ import annotations

import json
import sys

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from curation.privacy import redact
from curation.privacy.spans import Span
from manifests.errors import JobError, UsageError
from manifests.manifest import write_manifest
from pipelines.audit import AuditOptions, audit, masked
from pipelines.audit_methods import WINDOW, Exhaustive, entropy, make_method
from pipelines.audit_view import render_audit, run_audit
from pipelines.cli import app

PAGE = "https://ada.example/page"


def row(identity, text, **more):
    return {"id": identity, "text": text, "source": "web", "uri": PAGE, "language": "en", "meta": "{}", **more}


def build(out, *shards):
    """A finished build of these shards: lists of rows, or the bytes of a file."""
    listed = []
    for index, rows in enumerate(shards):
        path = f"shards/web/part-{index:05}.parquet"
        url = f"{out}/{path}"
        fs, place = fsspec.core.url_to_fs(url)
        fs.makedirs(place.rpartition("/")[0], exist_ok=True)
        with fs.open(place, "wb") as stream:
            if isinstance(rows, bytes):
                stream.write(rows)
            else:
                pq.write_table(pa.Table.from_pylist(rows), stream)
        listed.append({"path": path, "source": "web", "documents": len(rows), "tokens": 0, "bytes": 0, "sha256": ""})
    write_manifest(str(out), {"name": "tiny", "version": "1", "shards": listed})
    return str(out)


def counts(found):
    return {item.type: (item.findings, item.known, item.documents) for item in found.types}


def test_what_slipped_through_is_counted_by_type_and_by_who_finds_it(tmp_path):
    out = build(
        tmp_path,
        [
            row("a", "Write to <EMAIL> or ada@lovelace.org, ada@lovelace.org"),
            row("b", "or to grace@navy.mil; card 4111 1111 1111 1111"),
            row("c", "nothing <PHONE_NUMBER> here, user@example.com, 127.0.0.1, v1.2.3"),
        ],
        [row("d", "the odd reach.me+x@host.unknowntld of a test")],
    )
    found = audit(out, AuditOptions())
    assert counts(found) == {"EMAIL": (4, 4, 3), "CREDIT_CARD": (1, 1, 1)}
    assert (found.documents, found.scanned, found.with_findings) == (4, 4, 3)


def test_what_only_the_second_method_finds_is_shown_first(tmp_path):
    rows = [row(str(index), f"mail ada{index}@lovelace.org") for index in range(20)]
    rows.append(row("z", "clone git@github.com now"))
    (mail,) = audit(build(tmp_path, rows), AuditOptions(samples=1, show=True)).types
    assert (mail.findings, mail.known) == (21, 20)
    assert mail.samples[0].value == "git@github.com" and not mail.samples[0].known


def test_values_are_masked_in_samples_and_shown_when_asked_for(tmp_path):
    out = build(
        tmp_path, [row("a", "Call +1 212-555-0123, mail Ada@Lovelace.org", uri="https://x.org/ada@lovelace.org")]
    )
    hidden = json.dumps([item.samples[0].__dict__ for item in audit(out, AuditOptions()).types])
    assert "+0 000-000-0000" in hidden and "xxx@xxxxxxxx.xxx" in hidden
    assert "212" not in hidden and "ovelace" not in hidden
    shown = json.dumps([item.samples[0].__dict__ for item in audit(out, AuditOptions(show=True)).types])
    assert "+1 212-555-0123" in shown and "Ada@Lovelace.org" in shown


def test_masking_changes_nothing_else():
    assert masked("äb 12 <é-7>", 0, 11, [Span("EMAIL", 0, 4, 1.0), Span("EMAIL", 7, 10, 1.0)]) == "xx 02 <x-0>"


def test_a_sample_of_documents_is_chosen_by_seed_and_id(tmp_path):
    rows = [row(f"{index:02}", f"mail a{index}@lovelace.org") for index in range(40)]
    whole = build(tmp_path / "one", rows)
    split = build(tmp_path / "two", list(reversed(rows[:25])), rows[25:])

    def chosen(out, seed):
        found = audit(out, AuditOptions(documents=7, samples=50, seed=seed, show=True))
        assert (found.scanned, found.documents) == (7, 40)
        return {sample.id for sample in found.types[0].samples}

    assert chosen(whole, 0) == chosen(split, 0) != chosen(whole, 1)


def test_what_the_build_put_in_a_span_is_no_finding(tmp_path):
    text = "mail fake.person@pseudonym.org and ada@lovelace.org and kept@by.org"
    places = [("fake.person@pseudonym.org", "pseudonym"), ("kept@by.org", "keep")]
    spans = [
        {"type": "EMAIL", "start": text.index(value), "end": text.index(value) + len(value), "policy": policy}
        for value, policy in places
    ]
    found = audit(build(tmp_path, [row("a", text, meta=json.dumps({"spans": spans}))]), AuditOptions(show=True))
    assert {sample.value for sample in found.types[0].samples} == {"ada@lovelace.org", "kept@by.org"}


def test_types_can_be_named(tmp_path):
    out = build(tmp_path, [row("a", "ada@lovelace.org, +1 212-555-0123")])
    assert counts(audit(out, AuditOptions(types=("PHONE_NUMBER",)))) == {"PHONE_NUMBER": (1, 1, 1)}


def test_a_damaged_shard_is_named_and_the_others_are_read(tmp_path, capsys):
    out = build(tmp_path, [row("a", "ada@lovelace.org")], b"PAR1 not really", [row("b", "grace@navy.mil")])
    found = audit(out, AuditOptions())
    assert counts(found) == {"EMAIL": (2, 2, 2)}
    assert [item.path for item in found.damaged] == ["shards/web/part-00001.parquet"]
    with pytest.raises(JobError, match=r"part-00001\.parquet.*winnow manifest verify"):
        run_audit(out, AuditOptions(), str(tmp_path / "rep"), quiet=True)
    assert "xxxxx@xxxx.xxx" in capsys.readouterr().out
    assert (tmp_path / "rep" / "audit.json").exists()


def test_shards_are_read_from_any_file_system():
    out = build("memory://audited", [row("a", "ada@lovelace.org")])
    assert counts(audit(out, AuditOptions())) == {"EMAIL": (1, 1, 1)}


def test_the_page_escapes_everything(tmp_path):
    text = "<script>alert(1)</script> ada@lovelace.org \x1b[31m\ud800".encode("utf-8", "replace").decode()
    out = build(tmp_path, [row("<i>", text, uri="https://x.org/<b>")])
    page = render_audit(audit(out, AuditOptions(show=True)))
    assert "<script>alert" not in page and "<b>" not in page and "\x1b" not in page
    assert "&lt;script&gt;" in page and "<mark>ada@lovelace.org</mark>" in page


def test_the_command_prints_a_table_writes_a_report_and_ends_with_0(tmp_path):
    out = build(tmp_path / "out", [row("a", "ada@lovelace.org")])
    folder = tmp_path / "rep"
    done = CliRunner().invoke(app, ["audit", out, "--out", str(folder), "--quiet"])
    assert done.exit_code == 0, done.output
    assert "EMAIL" in done.output and "xxx@xxxxxxxx.xxx" in done.output and "ada@" not in done.output
    written = json.loads((folder / "audit.json").read_text())
    assert written["types"][0]["type"] == "EMAIL" and written["shown"] is False
    assert "ada@lovelace" not in (folder / "audit.html").read_text() + (folder / "audit.json").read_text()


def test_wrong_usage_names_what_is_wrong(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no manifest here"):
        audit(str(tmp_path), AuditOptions())
    with pytest.raises(UsageError, match="there are exhaustive and presidio"):
        make_method("grep")
    with pytest.raises(UsageError, match="--model is for --method presidio"):
        make_method("exhaustive", "en_core_web_sm")
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(UsageError, match=r"winnow\[audit\]"):
        make_method("presidio")
    write_manifest(str(tmp_path), {"kind": "model", "name": "m"})
    with pytest.raises(UsageError, match="lists no shards"):
        audit(str(tmp_path), AuditOptions())


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("mail ada@lovelace.org now", "en", [("EMAIL", "ada@lovelace.org")]),
        ("user@example.com, a@b", "en", []),
        ("host 9.23.4.5 and 10.0.0.1", "en", [("IP_ADDRESS", "9.23.4.5")]),
        ("at 2a01:4f8:111:4221::7 now", "en", [("IP_ADDRESS", "2a01:4f8:111:4221::7")]),
        ("DE89 3704 0044 0532 0130 00", "en", [("IBAN", "DE89 3704 0044 0532 0130 00")]),
        ("ruf 030 23125 111 an", "de", [("PHONE_NUMBER", "030 23125 111")]),
        ("SSN 536-90-4399", "en", [("US_SSN", "536-90-4399")]),
        ("nothing 536-90-4399", "en", []),
        ('token = "aB3dE5fG7hJ9kL1mN3pQ"', "en", [("SECRET", "aB3dE5fG7hJ9kL1mN3pQ")]),
        ("sha1 key: da39a3ee5e6b4b0d3255bfef95601890afd80709", "en", []),
    ],
)
def test_the_exhaustive_method_finds(text, language, expected):
    found = [(item.type, text[item.start : item.end]) for item in Exhaustive().scan(text, language)]
    assert [item for item in found if item[0] != "PHONE_NUMBER" or language == "de"] == expected


def test_a_value_on_the_edge_of_a_window_is_found_once():
    text = "x " * (WINDOW // 2 - 6) + "ada@lovelace.org " + "y " * WINDOW
    (finding,) = Exhaustive().scan(text, "en")
    assert text[finding.start : finding.end] == "ada@lovelace.org"


def test_entropy_is_in_bits_a_character():
    assert entropy("aaaa") == 0.0
    assert entropy("abcd") == 2.0


def test_a_redacted_text_has_no_findings():
    text = "Mail ada@lovelace.org, card 4111 1111 1111 1111"
    spans = [Span("EMAIL", 5, 21, 1.0), Span("CREDIT_CARD", 28, 47, 1.0)]
    assert Exhaustive().scan(redact(text, spans), "en") == []


def test_presidio_looks_without_a_model():
    pytest.importorskip("presidio_analyzer")
    text = "Mail ada@lovelace.org now"
    found = [(item.type, text[item.start : item.end]) for item in make_method("presidio").scan(text, "en")]
    assert found == [("EMAIL", "ada@lovelace.org")]
