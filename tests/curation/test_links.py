import dataclasses
import gzip
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.documents import DOCUMENT, document_schema
from curation.link_join import BY_RECORD, BY_URI, DESCRIBED, LISTED, PAGE, VOTE, Bitmap, join, page_facts
from curation.links import (
    LINKS,
    MAX_TARGETS,
    count_votes,
    distinct_votes,
    domain_of_host,
    host_of_link,
    link_hash,
    links_of,
    links_table,
    normalise,
    uri_hash,
)
from curation.policy import Policy
from curation.reading.wat import PageLink, PageMetadata
from curation.select import apply_rules, bounds
from curation.vote_list import read_vote_list
from manifests.errors import UsageError
from tests.curation.pages import GOOD, loaded, record


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.org", "example.org"),
        ("https://www.example.org/", "example.org"),
        ("https://example.org:443/a/", "example.org/a"),
        ("http://example.org:8080/a", "example.org:8080/a"),
        ("http://user:secret@example.org./a#b", "example.org/a"),
        ("http://example.org/a/./b/../c", "example.org/a/c"),
        ("http://example.org/%7eme/%e4%b8%ad", "example.org/~me/%E4%B8%AD"),
        ("http://example.org/中", "example.org/%E4%B8%AD"),
        ("http://example.org/a b", "example.org/a%20b"),
        ("http://example.org/?b=2&a=1&utm_source=x&fbclid=1&PHPSESSID=5", "example.org?a=1&b=2"),
        ("http://example.org/?", "example.org"),
        ("http:\\\\example.org\\a", "example.org/a"),
        ("http://exam\nple.org/", "example.org"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://[2001:DB8::1]:80/x", "[2001:db8::1]/x"),
        ("http://10.0.0.1/x", "10.0.0.1/x"),
        ("http://example.org/A", "example.org/A"),
        ("http://localhost/", None),
        ("http://example.org:port/", None),
        ("http://exa mple.org/", None),
        ("http://[x]/", None),
        ("http:///x", None),
        ("ftp://example.org/", None),
        ("example.org/a", None),
        ("http://example.org/" + "x" * 4096, None),
    ],
)
def test_urls_of_one_page_have_one_spelling(url: str, expected: str | None) -> None:
    assert normalise(url) == expected


urls = st.text(st.sampled_from("ab:/\\?&=#%.@[]0 4eWw~;\t\ud800é中")) | st.text(max_size=40)


@given(urls)
def test_a_spelling_is_ascii_and_normalising_it_again_changes_nothing(text: str) -> None:
    for url in (f"http://{text}", f"http://a.test/{text}", text):
        link = normalise(url)
        if link is not None:
            assert link.isascii()
            assert normalise(f"http://{link}") == link
            assert link.startswith(host_of_link(link))


def test_a_hash_never_changes() -> None:
    assert uri_hash("http://www.example.org/") == link_hash("example.org") == 536128855965973692


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("en.wikipedia.org", "wikipedia.org"),
        ("a.b.co.uk", "b.co.uk"),
        ("me.github.io", "me.github.io"),
        ("github.io", "github.io"),
        ("10.0.0.1", "10.0.0.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_registered_domains_are_those_of_the_public_suffix_list(host: str, domain: str) -> None:
    assert domain_of_host(host) == domain


def described(uri: str, *links: PageLink | str, status: int | None = 200) -> PageMetadata:
    found = tuple(link if isinstance(link, PageLink) else PageLink("A@/href", link) for link in links)
    return PageMetadata(uri, "urn:1", "2026", 7, 0, None, None, status, (("content-type", "x"),), "T", uri, found)


def test_a_page_votes_once_for_each_page_of_another_domain() -> None:
    page = described(
        "https://blog.me.co.uk/a", "/own", "https://me.co.uk/", "https://b.test/1", "http://www.b.test/1/#x",
        "https://you.co.uk/", PageLink("IMG@/src", "https://c.test/i.png"), PageLink("A@/href", "//d.test", "nofollow"),
        PageLink("AREA@/href", "https://e.test/"), "mailto:x@y.test", "https://localhost/",
    )  # fmt: skip
    found = links_of(page)
    assert found is not None
    assert found.targets == tuple(map(link_hash, ("b.test/1", "you.co.uk", "e.test")))
    assert (found.host, found.links, found.outbound, found.dropped) == ("blog.me.co.uk", 9, 4, 0)


@pytest.mark.parametrize("base", ["https://www.a.test/dir/", "https://b.test/dir/"])
@pytest.mark.parametrize("url", ["#x", "?q", "x", "/x", "/", "./x", "../x", "//c.test/x", "/\t/c.test/", "\\\\c.test"])
def test_links_that_need_not_be_resolved_lead_where_they_would(base: str, url: str) -> None:
    page = dataclasses.replace(described("https://a.test/", url), base=base)
    resolved = page.resolve(page.links[0])
    link = normalise(resolved) if resolved else None
    outside = link is not None and not link.startswith("a.test")
    found = links_of(page)
    assert found is not None
    assert found.targets == ((link_hash(str(link)),) if outside else ())


def test_a_page_that_is_an_error_does_not_vote() -> None:
    votes = {status: links_of(described("https://a.test/", "https://b.test/", status=status)) for status in (404, None)}
    assert [found.targets for found in votes.values() if found] == [(), (link_hash("b.test"),)]


def test_the_first_links_of_a_page_count_and_the_number_of_others_is_kept() -> None:
    found = links_of(described("https://a.test/", *[f"https://b{n}.test/" for n in range(MAX_TARGETS + 5)]))
    assert found is not None
    assert (len(found.targets), found.outbound, found.dropped) == (MAX_TARGETS, MAX_TARGETS + 5, 5)
    assert found.targets[0] == link_hash("b0.test")


def test_rows_of_a_wat_file_have_the_page_its_record_and_its_links() -> None:
    table = links_table([described("https://x.a.test/", "https://b.test/"), described("https://localhost/")], "a.wat")
    assert table.schema == LINKS
    (row,) = table.to_pylist()
    assert (row["uri"], row["record"], row["date"], row["title"]) == ("https://x.a.test/", "urn:1", "2026", "T")
    assert row["headers"] == '{"content-type":"x"}'
    assert (row["links"], row["outbound"], row["dropped"]) == (1, 1, 0)
    assert (row["host"], row["domain"]) == (link_hash("x.a.test"), link_hash("a.test"))
    assert row["targets"] == [link_hash("b.test")]


def arrays(votes: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(votes, np.uint64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def test_a_voter_counts_once() -> None:
    found, counts = count_votes(*arrays([(5, 1), (5, 2), (5, 1), (9, 1), (9, 1)]))
    assert (found.tolist(), counts.tolist()) == ([5, 9], [2, 1])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9))), st.integers(1, 4), st.integers(0, 30))
def test_thinning_parts_first_changes_no_count(votes: list[tuple[int, int]], most: int, cut: int) -> None:
    thinned = [distinct_votes(*arrays(part), most) for part in (votes[:cut], votes[cut:])]
    targets, voters = (np.concatenate(parts) for parts in zip(*thinned, strict=True))
    found, counts = count_votes(targets, voters, most)
    voters_of = {target: {voter for one, voter in votes if one == target} for target, _ in votes}
    assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == {
        target: min(most, len(voters)) for target, voters in voters_of.items()
    }


@given(st.lists(st.integers(0, (1 << 64) - 1)), st.lists(st.integers(0, (1 << 64) - 1)))
def test_a_bitmap_holds_what_was_put_in(some: list[int], more: list[int]) -> None:
    bitmap = Bitmap(np.zeros(1 << 10, np.uint8))
    bitmap.add(np.array(some, np.uint64))
    bitmap.add(np.array(more, np.uint64))
    assert bitmap.may_hold(np.array(some + more, np.uint64)).all()
    assert not Bitmap(np.zeros(8, np.uint8)).may_hold(np.array(some, np.uint64)).any()


def packed(kind: bytes, rows: list[tuple[int | float | bytes, ...]]) -> bytes:
    dtype = {b"P": PAGE, b"D": DESCRIBED, b"V": VOTE, b"L": LISTED}[kind]
    return kind + np.array(rows, dtype).tobytes()


def test_votes_and_lists_find_every_page_of_their_url() -> None:
    blocks = [
        packed(b"P", [(1, b"a" * 16, 0), (1, b"b" * 16, 1), (2, b"c" * 16, 1), (3, b"d" * 16, 0)]),
        packed(b"V", [(1, 50), (1, 51), (9, 50)]),
        packed(b"V", [(1, 50), (2, 50)]),
        packed(b"L", [(2, 0.5), (2, 7.5), (1, 1.0), (8, 99.0)]),
    ]
    for order in (blocks, blocks[::-1]):
        answers, parts = join(BY_URI, order)
        assert dict(zip(answers["key"].tolist(), answers["votes"].tolist(), strict=True)) == {
            b"a" * 16: 2, b"b" * 16: 2, b"c" * 16: 7.5, b"d" * 16: 0,
        }  # fmt: skip
        assert parts.tolist() == [0, 1, 1, 0]


def test_of_two_descriptions_of_a_record_the_one_with_more_links_is_taken_in_any_order() -> None:
    blocks = [
        packed(b"P", [(1, b"a" * 16, 0), (2, b"b" * 16, 0)]), packed(b"D", [(1, 3, 0, 5)]), packed(b"D", [(1, 9, 1, 6)])
    ]  # fmt: skip
    for _ in range(4):
        random.Random(5).shuffle(blocks)
        answers, parts = join(BY_RECORD, blocks)
        assert answers[["key", "outbound", "part", "row"]].tolist() == [(b"a" * 16, 9, 1, 6)]
        assert parts.tolist() == [0]


def test_what_is_known_of_a_page_goes_into_meta() -> None:
    row: dict[str, Any] = {"link_votes": 3.0, "outbound_links": None, "title": None, "headers": None}
    assert page_facts(row) == {"link_votes": 3}
    row = {"link_votes": 2.5, "outbound_links": 4.0, "title": "T", "headers": '{"location":"x"}'}
    assert page_facts(row) == {"link_votes": 2.5, "outbound_links": 4, "title": "T", "headers": {"location": "x"}}


def test_a_page_with_too_few_votes_is_rejected_before_the_rules_on_its_text() -> None:
    table = loaded().web([record(GOOD), record(GOOD, uri="https://example.org/b")], "a").documents()
    policy = Policy.model_validate({"links": {"min_votes": 3}, "quality": {"min_words": 10_000}})
    ruled = apply_rules(table.append_column("link_votes", pa.array([2.0, 3.0])), policy)
    assert (ruled.stage[0], ruled.rule[0], ruled.value[0], ruled.threshold[0]) == ("links", "link_votes", 2, 3)
    assert ruled.failed == [["link_votes", "gopher.min_words"], ["gopher.min_words"]]
    assert bounds(policy)["link_votes"] == (3, None)
    assert "link_votes" not in bounds(Policy())


def test_a_document_carries_the_id_of_the_record_that_a_wat_file_refers_to() -> None:
    made = loaded().web([record(GOOD), record(GOOD, kind="conversion", refers_to="urn:page")], "a").documents()
    assert made.schema.names == document_schema(made.schema.names[len(DOCUMENT) :]).names
    assert made["record"].to_pylist() == ["urn:test:1", "urn:page"]


class TestVoteList:
    def votes(self, path: Path) -> dict[int, float]:
        return {
            int(link): float(votes)
            for links, numbers in read_vote_list(str(path))
            for link, votes in zip(links, numbers, strict=True)
        }

    @pytest.mark.parametrize("zipped", [False, True])
    def test_lines_with_or_without_heading_and_gzip(self, tmp_path: Path, zipped: bool) -> None:
        content = b"url\tkarma\nhttp://a.test/x\t3\r\n\nhttps://www.b.test\t-1.5\nnot a url\t9"
        path = tmp_path / "votes"
        path.write_bytes(gzip.compress(content, mtime=0) if zipped else content)
        assert self.votes(path) == {link_hash("a.test/x"): 3.0, link_hash("b.test"): -1.5}

    @pytest.mark.parametrize("column", ["votes", "karma", "score"])
    def test_parquet(self, tmp_path: Path, column: str) -> None:
        table = pa.table({"url": ["http://a.test/", None, "http://b.test/"], column: [3, 4, None]})
        pq.write_table(table, tmp_path / "votes")
        assert self.votes(tmp_path / "votes") == {link_hash("a.test"): 3.0}

    def test_what_is_no_list_is_told_with_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "votes"
        path.write_bytes(b"http://a.test/\t1\nhttp://b.test/ 2\n")
        with pytest.raises(UsageError, match=r"votes:2: is not `URL<tab>number`"):
            self.votes(path)
        pq.write_table(pa.table({"url": ["a"], "likes": [1]}), path)
        with pytest.raises(UsageError, match="needs the columns `url` and `votes`; it has url, likes"):
            self.votes(path)
        pq.write_table(pa.table({"url": ["http://a.test/"], "votes": [float("nan")]}), path)
        with pytest.raises(UsageError, match="no number: nan"):
            self.votes(path)
        path.write_bytes(gzip.compress(b"http://a.test/\t1\n" * 9999, mtime=0)[:-20])
        with pytest.raises(UsageError, match="cannot be read"):
            self.votes(path)
        with pytest.raises(UsageError, match="nowhere: cannot be read"):
            self.votes(tmp_path / "nowhere")

    def test_a_line_without_end_is_refused_and_not_read_to_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "votes"
        path.write_bytes(b"url\tvotes\n" + b"x" * 5_000_000)
        with pytest.raises(UsageError, match="votes:2"):
            self.votes(path)
