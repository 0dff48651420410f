import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.takedown import NOTHING, Takedown, load_takedown, parse_entry
from manifests.errors import UsageError

ID = "0123456789abcdef0123456789abcdef"


def listed(*entries: str) -> Takedown:
    found: dict[str, set[str]] = {}
    for entry in entries:
        kind, value = parse_entry(entry)
        found.setdefault(kind, set()).add(value)
    return Takedown({kind: frozenset(values) for kind, values in found.items()})


def page(takedown: Takedown, uri: str, text: str | None = None) -> str | None:
    return takedown.rule("web", ID, uri, "a.warc#1", text)


class TestRule:
    @pytest.mark.parametrize(
        ("entry", "uri"),
        [
            ("url:https://example.org/a", "http://www.Example.org:80/A/#top"),
            ("url:example.org/a?x=1", "https://example.org/a?x=1"),
            ("prefix:https://example.org/people", "https://example.org/people"),
            ("prefix:https://example.org/people/", "https://example.org/people/ann"),
            ("prefix:example.org/people", "https://example.org/people?id=3"),
            ("prefix:example.org", "https://www.example.org/anything"),
            ("domain:example.org", "https://example.org/"),
            ("domain:.example.org", "https://a.b.example.org/x"),
            ("domain:bücher.example", "https://xn--bcher-kva.example/"),
            ("domain:192.0.2.1", "http://192.0.2.1/x"),
        ],
    )
    def test_named(self, entry: str, uri: str) -> None:
        assert page(listed(entry), uri) == f"takedown.{entry.partition(':')[0]}"

    @pytest.mark.parametrize(
        ("entry", "uri"),
        [
            ("url:https://example.org/a", "https://example.org/a/b"),
            ("url:https://example.org/a", "https://example.org/a?x=1"),
            ("prefix:https://example.org/people", "https://example.org/peoples"),
            ("domain:example.org", "https://notexample.org/"),
            ("domain:a.example.org", "https://example.org/"),
            ("repository:example.org", "https://example.org/"),
            ("domain:0.2.1", "http://192.0.2.1/x"),
        ],
    )
    def test_not_named(self, entry: str, uri: str) -> None:
        assert page(listed(entry), uri) is None

    def test_ids_are_those_of_shards_and_rejects(self) -> None:
        assert page(listed(f"id:{ID.upper()}"), "") == "takedown.id"
        assert page(listed("id:" + "f" * 32), "") is None

    def test_a_repository_is_named_as_in_origin_and_takes_all_its_files(self) -> None:
        takedown = listed("repository:a@b.git")
        assert takedown.rule("code", ID, "a@b.git@0f:x.py", "a@b.git@0f") == "takedown.repository"
        assert takedown.rule("code", ID, "b.git@0f:x.py", "b.git@0f") is None
        assert takedown.rule("web", ID, "https://a.example/", "a@b.git@0f") is None

    def test_a_domain_names_no_file_of_a_repository(self) -> None:
        assert listed("domain:example.org").rule("code", ID, "x@0f:https://example.org/", "x@0f") is None

    def test_a_hash_is_the_sha256_of_the_text_in_a_shard(self) -> None:
        takedown = listed("hash:" + hashlib.sha256("naïve".encode()).hexdigest())
        assert takedown.reads_text
        assert page(takedown, "https://example.org/", "naïve") == "takedown.hash"
        assert page(takedown, "https://example.org/", "naive") is None
        assert page(takedown, "https://example.org/") is None

    def test_of_several_kinds_the_first_names_the_rule(self) -> None:
        takedown = listed("domain:example.org", "url:https://example.org/a", f"id:{ID}")
        assert page(takedown, "https://example.org/a") == "takedown.id"

    @given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
    def test_no_record_raises(self, uri: str, origin: str, text: str) -> None:
        takedown = listed("domain:example.org", "prefix:example.org/a", "hash:" + "0" * 64, "repository:x")
        for source in ("web", "code"):
            assert takedown.rule(source, ID, uri, origin, text) in (None, "takedown.repository")


class TestLists:
    def test_files_are_read_together_comments_and_blank_lines_aside(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes("\ufeff# by letter of 3 May\r\n\r\ndomain: example.org\r\n".encode())
        (tmp_path / "b.txt").write_text(f"id:{ID}\nURL:https://example.org/x")
        found = load_takedown([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
        assert {kind: set(values) for kind, values in found.entries.items() if values} == {
            "domain": {"example.org"}, "id": {ID}, "url": {"example.org/x"},
        }  # fmt: skip

    def test_the_digest_is_that_of_the_entries(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text(f"domain:example.org\nid:{ID}\n")
        (tmp_path / "b").write_text(f"# other words\nid:{ID}\ndomain:Example.ORG\ndomain:example.org\n")
        a, b = (load_takedown([str(tmp_path / name)]) for name in "ab")
        assert a.digest == b.digest != NOTHING.digest
        assert (bool(a), bool(NOTHING), load_takedown([]).digest) == (True, False, NOTHING.digest)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("example.org", "'example.org' does not begin with one of `id:`"),
            ("https://example.org/", "does not begin with one of"),
            ("id:123", "an id has 32 hex digits, found '123'"),
            ("hash:" + "0" * 32, "a hash is a SHA-256 of 64 hex digits"),
            ("url:", "'' is no URL"),
            ("prefix:https://example.org/*", "is no URL"),
            ("domain:exa mple", "'exa mple' is no domain"),
            ("domain:", "is no domain"),
            ("repository:repos/x.git", "without folders"),
        ],
    )
    def test_a_line_that_is_no_entry_stops_the_command(self, line: str, message: str, tmp_path: Path) -> None:
        (tmp_path / "list").write_text(f"# one\ndomain:example.org\n{line}\n")
        with pytest.raises(UsageError, match=r"takedown: .*list, line 3: ") as caught:
            load_takedown([str(tmp_path / "list")])
        assert message in str(caught.value)

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="gone: no such file"):
            load_takedown([str(tmp_path / "gone")])
        (tmp_path / "bad").write_bytes(b"id:\xff\n")
        with pytest.raises(UsageError, match="bad, line 1: not UTF-8"):
            load_takedown([str(tmp_path / "bad")])
        (tmp_path / "long").write_bytes(b"#" * 10_000)
        with pytest.raises(UsageError, match="long, line 1: longer than 8,192 bytes"):
            load_takedown([str(tmp_path / "long")])
