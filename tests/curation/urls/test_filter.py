from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.urls.config import UrlsConfig
from curation.urls.filter import Blocked, UrlFilter, list_files
from manifests.errors import UsageError


def lists(folder: Path, **named: str | list[str]) -> dict[str, list[str]]:
    """A file for each keyword, with these lines; as options of the `urls` section."""
    options = {}
    for option, lines in named.items():
        path = folder / option
        path.write_text(lines if isinstance(lines, str) else "\n".join(lines), encoding="utf-8")
        options[option] = [str(path)]
    return options


def loaded(folder: Path, soft_words: int = 2, **named: Any) -> UrlFilter:
    return UrlFilter(UrlsConfig(**lists(folder, **named), soft_words=soft_words))  # type: ignore[arg-type]


def rules(urls: UrlFilter, *addresses: str) -> list[str | None]:
    return [verdict.rule if verdict else None for verdict in urls.verdicts(addresses)]


def test_a_domain_is_blocked_with_its_subdomains_and_nothing_beside(tmp_path: Path) -> None:
    found = rules(
        loaded(tmp_path, block_domains=["example.com", "bücher.example"]),
        "https://example.com/",
        "https://WWW.Example.com:8443/x",
        "http://a.b.c.example.com",
        "http://user@example.com./",
        "http://xn--bcher-kva.example/",
        "http://www.bücher.example/",
        "https://notexample.com/",
        "https://example.com.evil.net/",
        "https://example.org/example.com",
        "https://com/",
    )
    assert found == ["url_domain"] * 6 + [None] * 4


def test_the_entry_and_its_list_are_told(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_domains=["example.com", "a.example.com"])
    assert urls.verdicts(["http://b.a.example.com/"]) == [
        Blocked("url_domain", f"a.example.com in {tmp_path}/block_domains")
    ]


def test_a_host_is_blocked_alone(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_hosts="0.0.0.0 ads.example.com\n0.0.0.0 192.0.2.1\n")
    assert rules(urls, "http://ads.example.com/x", "http://a.ads.example.com/", "http://example.com/") == [
        "url_host", None, None,
    ]  # fmt: skip


def test_a_url_is_blocked_with_what_is_below_it(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_urls=["example.com/adult", "http://www.example.org/a?id=7"])
    found = rules(
        urls,
        "https://www.example.com/Adult",
        "http://example.com/adult/",
        "http://example.com/adult/page.html?x=1#y",
        "http://example.com/adult?x",
        "http://example.org/a?id=7&more=1",
        "http://example.com/adults",
        "http://example.com/",
        "http://m.example.com/adult",
        "http://example.org/a?id=70",
    )
    assert found == ["url_prefix"] * 5 + [None] * 4


def test_an_address_without_a_name(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_domains=["192.0.2.1", "2001:db8::1"], block_urls="192.0.2.9/x")
    assert rules(
        urls, "http://192.0.2.1/", "http://[2001:db8:0::1]/", "http://1.192.0.2.1/", "http://192.0.2.9/x/y"
    ) == ["url_domain", "url_domain", "url_domain", "url_prefix"]


def test_one_hard_word_or_two_different_soft_ones_block(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_words=["casino", "казино"], block_soft_words=["free", "bonus", "win"])
    found = urls.verdicts(
        [
            "https://example.com/CASINO-night",
            "https://казино.example/",
            "https://example.com/%D0%BA%D0%B0%D0%B7%D0%B8%D0%BD%D0%BE",
            "https://example.com/free/win",
            "https://example.com/free/free/free",
            "https://example.com/casinos",
        ]
    )
    assert [verdict.rule if verdict else None for verdict in found] == [
        "url_word_hard", "url_word_hard", "url_word_hard", "url_word_soft", None, None,
    ]  # fmt: skip
    assert found[3] == Blocked(
        "url_word_soft", f"free in {tmp_path}/block_soft_words, win in {tmp_path}/block_soft_words", 2.0, 2.0
    )


def test_how_many_soft_words_it_takes_can_be_set(tmp_path: Path) -> None:
    urls = loaded(tmp_path, soft_words=1, block_soft_words=["free"])
    assert rules(urls, "https://example.com/free", "https://example.com/") == ["url_word_soft", None]


def test_a_subword_is_found_anywhere_whatever_separates_it(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_subwords=["freespins", "赌场"])
    assert rules(
        urls, "https://getFREESPINSnow.example/", "https://example.com/f.r-e_e/spins", "https://example.com/网上赌场",
        "https://example.com/free", "http://free.example/spin",
    ) == ["url_subword", "url_subword", "url_subword", None, None]  # fmt: skip


def test_an_allowed_domain_or_url_is_blocked_by_nothing(tmp_path: Path) -> None:
    urls = loaded(
        tmp_path, block_domains="example.com", block_words="casino", block_subwords="freespins",
        allow_domains="good.example.com", allow_urls="example.com/about",
    )  # fmt: skip
    assert rules(
        urls, "http://good.example.com/casino", "http://a.good.example.com/freespins", "http://example.com/about/us",
        "http://example.com/", "http://other.example/casino",
    ) == [None, None, None, "url_domain", "url_word_hard"]  # fmt: skip


def test_only_what_is_listed_is_kept_and_may_still_be_blocked(tmp_path: Path) -> None:
    urls = loaded(tmp_path, only_domains=".uk", only_urls="example.com/en", block_domains="bad.co.uk")
    assert rules(
        urls, "http://a.co.uk/", "http://example.com/en/x", "http://example.com/de", "http://bad.co.uk/", "nonsense"
    ) == [None, None, "url_not_listed", "url_domain", "url_not_listed"]


def test_the_first_rule_is_the_reason(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_domains="a.example", block_urls=["a.example/x", "b.example/x"], block_words="x")
    assert rules(urls, "http://a.example/x", "http://b.example/x", "http://c.example/x") == [
        "url_domain", "url_prefix", "url_word_hard",
    ]  # fmt: skip


def test_a_ut1_folder_blocks_domains_and_urls(tmp_path: Path) -> None:
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult/domains").write_text("a.example\n192.0.2.1\n")
    (tmp_path / "adult/urls").write_text("b.example/~x\n")
    config = UrlsConfig(block_folders=(str(tmp_path),))
    assert rules(UrlFilter(config), "http://w.a.example/", "http://192.0.2.1/y", "http://b.example/%7Ex/y") == [
        "url_domain", "url_domain", "url_prefix",
    ]  # fmt: skip
    assert list_files(config) == [f"{tmp_path}/adult/domains", f"{tmp_path}/adult/urls"]


def test_files_are_named_once_and_entries_are_no_files(tmp_path: Path) -> None:
    config = UrlsConfig(block_domains=("a.txt", "||example.com^"), block_hosts=("a.txt",), block_words=("w.txt",))
    assert list_files(config) == ["a.txt", "w.txt"]


def test_bad_lines_are_remarks(tmp_path: Path) -> None:
    urls = loaded(tmp_path, block_domains=["a.example", "nonsense"], block_words=["ok", "not ok"])
    assert [remark.partition(": ")[2] for remark in urls.remarks()] == [
        "1 line was passed over, 1 used; line 2, 'nonsense', is not a domain",
        "1 line was passed over, 1 used; line 2, 'not ok', is not one word; in `block_subwords` it would match "
        "whatever separates its words",
    ]


def test_too_many_subwords_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"urls\.block_subwords: more than 200,000 bytes in all"):
        loaded(tmp_path, block_subwords=[f"{n:x>4000}" for n in range(51)])


def test_empty_lists_block_nothing(tmp_path: Path) -> None:
    urls = loaded(
        tmp_path, block_domains="", block_hosts="", block_urls="", block_words="", block_subwords="", only_domains=""
    )
    assert rules(urls, "http://example.com/") == ["url_not_listed"]
    assert rules(loaded(tmp_path, block_domains="# nothing"), "http://example.com/") == [None]
    assert UrlFilter(UrlsConfig()).verdicts(["http://example.com/", ""]) == [None, None]
    assert UrlFilter(UrlsConfig()).verdicts([]) == []


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> UrlFilter:
    return loaded(
        tmp_path_factory.mktemp("lists"), block_domains="a.example", block_hosts="b.example",
        block_urls="c.example/x", block_words="w", block_soft_words=["s", "t"], block_subwords="zz",
        allow_domains="ok.a.example", allow_urls="a.example/ok",
    )  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec=None), max_size=60),
            st.text("a.b/c?xwszt:-%\\@é[]", max_size=40).map(lambda rest: f"http://{rest}.example/{rest}"),
            st.sampled_from(
                ["http://a.example/", "http://ok.a.example/", "http://c.example/x/y", "http://d.example/w"]
            ),
        ),
        max_size=12,
    )
)
def test_a_verdict_does_not_depend_on_the_batch(full: UrlFilter, urls: list[str]) -> None:
    assert full.verdicts(urls) == [full.verdicts([url])[0] for url in urls]


@pytest.mark.parametrize("url", ["http://" + "a." * 2000 + "a.example/", "http://a.example/" + "x/" * 100_000])
def test_long_hosts_and_paths_are_judged(full: UrlFilter, url: str) -> None:
    assert rules(full, url) in ([None], ["url_domain"])
