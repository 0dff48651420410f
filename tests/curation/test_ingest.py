import json

import pyarrow as pa
import pytest

from curation.documents import REJECTED_AT_INGEST, document_schema
from curation.ingest import Ingest, RepositoryView
from curation.licenses import RepositoryLicense
from curation.policy import Policy
from curation.quality.signals import SIGNALS
from curation.reading.records import RepositoryFile
from manifests.errors import UsageError
from tests.curation.pages import GOOD, loaded, record

MIT = RepositoryView("r/one", "c" * 40, RepositoryLicense("MIT", "permissive", ()))
PYTHON = b"def add(a, b):\n    return a + b\n"


def file(path: str, content: bytes, blob: str = "b" * 40) -> RepositoryFile:
    return RepositoryFile(path, blob, len(content), content)


class TestPages:
    def test_the_id_is_of_the_record_and_the_key_also_of_its_place(self) -> None:
        first = loaded().web([record(GOOD)], "a.warc").documents().to_pylist()[0]
        moved = loaded().web([record(GOOD, offset=7)], "b.warc").documents().to_pylist()[0]
        assert first["id"] == moved["id"]
        assert first["key"] != moved["key"]
        assert (first["origin"], moved["origin"]) == ("a.warc#100", "b.warc#7")

    def test_a_record_within_a_member_says_where(self) -> None:
        row = loaded().web([record(GOOD, inner_offset=12)], "a.warc").documents().to_pylist()[0]
        assert row["origin"] == "a.warc#100+12"

    @pytest.mark.parametrize(
        "changed",
        [
            {"record_id": "urn:test:2"}, {"uri": "https://example.org/b"}, {"date": None}, {"payload_digest": "0" * 32},
        ],
    )  # fmt: skip
    def test_another_record_has_another_id(self, changed: dict[str, str]) -> None:
        ids = loaded().web([record(GOOD), record(GOOD, **changed)], "a.warc").documents()["id"].to_pylist()
        assert ids[0] != ids[1]

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"status": 404}, ("http_status", 404.0, 200.0)),
            ({"status": 304, "body": b""}, ("http_status", 304.0, 200.0)),
            ({"content_type": "application/pdf", "body": b"%PDF-1.4 ..."}, ("content_type", None, None)),
            ({"content_type": None, "body": b"\x89PNG\r\n\x1a\n"}, ("content_type", None, None)),
            ({"body": b""}, ("empty_text", 0.0, 1.0)),
            ({"body": b" \n\t "}, ("empty_text", 0.0, 1.0)),
            ({"content_type": "text/html", "body": b"<html><script>x()</script></html>"}, ("empty_text", 0.0, 1.0)),
        ],
    )
    def test_a_record_without_text_is_a_reject_with_its_reason(
        self, changed: dict[str, object], reason: tuple[str, float | None, float | None]
    ) -> None:
        result = loaded().web([record(GOOD, **changed)], "a.warc")
        assert result.documents().num_rows == 0
        (row,) = result.rejects().to_pylist()
        assert (row["rule"], row["value"], row["threshold"]) == reason
        assert (row["source"], row["uri"], row["origin"]) == ("web", "https://example.org/a", "a.warc#100")

    def test_html_plain_text_and_wet_give_the_same_text(self) -> None:
        html = "<html><body><article>" + "".join(f"<p>{line}</p>" for line in GOOD.split("\n")) + "</article></body>"
        records = [
            record(html, content_type="text/html"),
            record(GOOD),
            record(GOOD, kind="conversion", status=None),
        ]
        texts = [" ".join(text.split()) for text in loaded().web(records, "a").documents()["text"].to_pylist()]
        assert texts == [" ".join(GOOD.split())] * 3

    def test_a_page_is_measured_alike_whatever_batch_it_comes_in(self) -> None:
        records = [
            record(f"{GOOD}\nThe end of copy {n}. Call 555-0134.", uri=f"https://example.org/{n}") for n in range(5)
        ]
        together = loaded().web(records, "a").documents()
        alone = pa.concat_tables([loaded().web([one], "a").documents() for one in reversed(records)])
        assert together.sort_by("uri").equals(alone.sort_by("uri"))

    def test_private_data_is_replaced_and_counted(self) -> None:
        row = loaded().web([record(f"{GOOD}\nWrite to anna.berg@lindholm-museum.se today.")], "a").documents()
        assert "anna.berg" not in row["text"][0].as_py()
        assert json.loads(row["pii"][0].as_py()) == {"EMAIL": 1}
        assert row["pii_spans"][0].as_py() == 1

    def test_sizes_are_of_the_text_that_is_stored(self) -> None:
        table = loaded().web([record(f"{GOOD}\nÅngström, naïve café.")], "a").documents()
        text = table["text"][0].as_py()
        assert table["bytes"][0].as_py() == len(text.encode())
        assert table["tokens"][0].as_py() > len(text.split())

    def test_every_hostile_record_ends_as_a_document_or_a_reject(self) -> None:
        bodies = [
            b"\0" * 5000, bytes(range(256)) * 40, b"x" * 300_000, b"a " * 100_000, b"\n" * 100_000,
            b"<p>" * 20_000, b"<p>&#xD800;&#0;&#x110000; text</p>", "\u202e\u2066 \ufeff".encode() * 2000,
            b"\xff\xfe\x00\xd8a", b"<html><body>" + b"<div>" * 5000 + b"deep" + b"</div>" * 5000, "🜁".encode() * 5000,
        ]  # fmt: skip
        kinds = [("text/plain", "utf-8"), ("text/html", "no-such-charset"), ("text/html; charset=utf-16", None)]
        records = [
            record(body, content_type=kind, charset=charset, uri=f"https://example.org/\ufffd{place}")
            for place, body in enumerate(bodies)
            for kind, charset in kinds
        ]
        result = loaded().web(records, "a\nb.warc")
        documents, rejects = result.documents(), result.rejects()
        assert documents.num_rows + rejects.num_rows == len(records)
        assert documents.schema == document_schema(SIGNALS)
        for name in SIGNALS:
            assert documents[name].null_count == 0

    def test_no_records_give_empty_tables(self) -> None:
        result = loaded().web([], "a")
        assert (result.documents().num_rows, result.rejects().num_rows) == (0, 0)
        assert result.documents().schema == document_schema(SIGNALS)
        assert result.rejects().schema == REJECTED_AT_INGEST


class TestCode:
    def test_a_file_is_a_document_with_its_language_and_the_repository_s_licence(self) -> None:
        row = loaded().code(MIT, [file("src/a.py", PYTHON)]).documents().to_pylist()[0]
        assert (row["language"], row["license"], row["license_kind"]) == ("Python", "MIT", "permissive")
        assert row["uri"] == f"r/one@{'c' * 40}:src/a.py"
        assert row["origin"] == f"r/one@{'c' * 40}"
        assert row["text"] == PYTHON.decode()

    def test_an_unchanged_file_keeps_its_id_in_the_next_commit(self) -> None:
        later = RepositoryView("r/one", "d" * 40, MIT.license)
        one, other = (loaded().code(view, [file("a.py", PYTHON)]).documents().to_pylist()[0] for view in (MIT, later))
        assert one["id"] == other["id"]
        assert one["key"] != other["key"]

    @pytest.mark.parametrize("place", ["/elsewhere/one", "one", "../mirrors/one.git", "r/one/"])
    def test_a_file_has_the_same_id_wherever_its_repository_lies(self, place: str) -> None:
        files = [file("a.py", PYTHON)]
        here = loaded().code(MIT, files).documents().to_pylist()[0]
        there = loaded().code(RepositoryView(place, MIT.commit, MIT.license), files).documents().to_pylist()[0]
        assert there["id"] == here["id"]
        assert there["origin"] == f"{place}@{MIT.commit}"

    def test_files_of_repositories_of_other_names_have_other_ids(self) -> None:
        views = [RepositoryView(name, MIT.commit, MIT.license) for name in ("p", "q")]
        one, other = (loaded().code(view, [file("a.py", PYTHON)]).documents().to_pylist()[0] for view in views)
        assert one["id"] != other["id"]

    def test_the_notice_in_a_file_comes_before_the_repository_s_licence(self) -> None:
        content = b"# SPDX-License-Identifier: GPL-3.0-only\n" + PYTHON
        row = loaded().code(MIT, [file("a.py", content)]).documents().to_pylist()[0]
        assert (row["license"], row["license_kind"]) == ("GPL-3.0-only", "copyleft")

    @pytest.mark.parametrize(
        ("path", "content", "rule"),
        [
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "binary"),
            ("data.nonesuch", b"hello", "unknown_language"),
            ("a.py", b"", "empty_text"),
            ("a.py", b"  \n", "empty_text"),
        ],
    )
    def test_a_file_that_is_no_code_is_a_reject(self, path: str, content: bytes, rule: str) -> None:
        result = loaded().code(MIT, [file(path, content)])
        assert [row["rule"] for row in result.rejects().to_pylist()] == [rule]
        assert result.documents().num_rows == 0

    def test_every_hostile_file_ends_as_a_document_or_a_reject(self) -> None:
        contents = [b"\0" * 9000, bytes(range(256)) * 40, b"x" * 500_000, b"\n" * 50_000, b"\xff\xfe" + b"a\0" * 50]
        files = [file(f"{place} ö#@:{name}", content) for place, content in enumerate(contents)
                 for name in ("a.py", "b.c", "README", "c.min.js")]  # fmt: skip
        result = loaded().code(MIT, files)
        assert result.documents().num_rows + result.rejects().num_rows == len(files)


class TestCheck:
    def test_the_default_policy_is_whole(self) -> None:
        Ingest.check(Policy())

    @pytest.mark.parametrize(
        "sections",
        [
            {"tokenizer": "./nowhere.json"},
            {"language": {"model": "nowhere.bin"}},
            {"toxicity": {"model": "nowhere.ftz"}},
            {"toxicity": {"words": "nowhere.txt"}},
        ],
    )
    def test_a_missing_file_is_told_by_name(self, sections: dict[str, object]) -> None:
        with pytest.raises(UsageError, match="nowhere"):
            Ingest.check(Policy.model_validate(sections))
