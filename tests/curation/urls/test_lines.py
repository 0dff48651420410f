import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.urls.lines import BadLineError, Kind, parse_line, parse_subword, words_of


@pytest.mark.parametrize(
    ("line", "entries"),
    [
        ("example.com", ["example.com"]),
        ("  Example.COM.  ", ["example.com"]),
        ("\ufeffexample.com", ["example.com"]),
        ("bücher.example", ["xn--bcher-kva.example"]),
        ("xn--bcher-kva.example", ["xn--bcher-kva.example"]),
        ("blogspot.com", ["blogspot.com"]),
        (".example.com", ["example.com"]),
        ("*.example.com", ["example.com"]),
        (".xxx", ["xxx"]),
        ("*.co.uk", ["co.uk"]),
        ("http://example.com/", ["example.com"]),
        ("192.0.2.7", ["192.0.2.7"]),
        ("2001:DB8::1", ["2001:db8::1"]),
        ("example.com # why", ["example.com"]),
        ("0.0.0.0 ads.example tracker.example # two", ["ads.example", "tracker.example"]),
        ("127.0.0.1\tads.example", ["ads.example"]),
        (":: ads.example", ["ads.example"]),
        ("fe80::1%lo0 localhost", []),
        ("127.0.0.1 localhost", []),
        ("0.0.0.0 0.0.0.0", []),
        ("||example.com^", ["example.com"]),
        ("||example.com^$document,important", ["example.com"]),
        ("||example.com", ["example.com"]),
        ("! Title: a list", []),
        ("[Adblock Plus 2.0]", []),
        ("# comment", []),
        ("", []),
    ],
)
def test_a_line_of_a_list_of_domains(line: str, entries: list[str]) -> None:
    assert parse_line(line, "domain") == entries


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("com", r"a public suffix \(write \.com"),
        ("co.uk", r"a public suffix \(write \.co\.uk"),
        ("0.0.0.0 uk", "a public suffix"),
        ("nonsense", "not a domain"),
        ("two words", "more than one word"),
        ("example.com/path", "has a path, so it belongs in a list of URLs"),
        ("http://example.com/path", "has a path"),
        ("exa mple.com", "more than one word"),
        ("exam*ple.com", "not a domain"),
        ("<html>", "not a domain"),
        ("a" * 64 + ".com", "not a domain"),
        ("||example.com^$third-party", "an adblock rule for parts of pages"),
        ("||exa*mple.com^", "an adblock pattern"),
        ("@@||example.com^", "an adblock exception"),
        ("example.com##.banner", "an adblock rule for elements"),
        ("||example.com/path^", "has a path"),
        ("\x00\udc80", "not a domain"),
    ],
)
def test_a_line_that_is_no_domain_says_why(line: str, reason: str) -> None:
    with pytest.raises(BadLineError, match=reason):
        parse_line(line, "domain")


def test_a_list_of_hosts_has_no_patterns_but_hosts_of_any_kind() -> None:
    assert parse_line("www.example.com", "host") == ["www.example.com"]
    assert parse_line("co.uk", "host") == ["co.uk"]
    with pytest.raises(BadLineError, match="a pattern, not a host"):
        parse_line("*.example.com", "host")


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("example.com/path/", "example.com/path"),
        ("http://www.example.com:80/Path?Q=1#x", "example.com/path?q=1"),
        ("www.example.com", "example.com"),
        ("example.com/a/*", "example.com/a"),
        ("example.com:8080/a", "example.com/a"),
        ("example.com/http://b", "example.com/http://b"),
        ("||example.com/a^", "example.com/a"),
        ("example.com/%7Euser", "example.com/~user"),
        ("192.0.2.1/~u", "192.0.2.1/~u"),
    ],
)
def test_a_line_of_a_list_of_urls(line: str, entry: str) -> None:
    assert parse_line(line, "url") == [entry]


@pytest.mark.parametrize("line", ["/path", "nonsense", "example.com/*.gif", "mailto:a", "///"])
def test_a_line_that_is_no_url(line: str) -> None:
    with pytest.raises(BadLineError):
        parse_line(line, "url")


def test_words_are_one_a_line_in_any_script() -> None:
    assert parse_line("Casino", "word") == ["casino"]
    assert parse_line("КАЗИНО", "word") == ["казино"]
    with pytest.raises(BadLineError, match="block_subwords"):
        parse_line("free-spins", "word")


def test_subwords_lose_what_separates_them() -> None:
    assert parse_subword("Free-Spins ") == ["freespins"]
    assert parse_subword("# comment") == []
    assert parse_subword("赌") == ["赌"]
    with pytest.raises(BadLineError, match="shorter than two letters"):
        parse_subword("-a-")


def test_words_of_a_url() -> None:
    assert words_of("example.com/Free_spins-2024%ä") == ["example", "com", "free", "spins", "2024", "ä"]


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=120), st.sampled_from(["domain", "host", "url", "word"]))
def test_any_line_is_entries_or_refused(line: str, kind: Kind) -> None:
    try:
        entries = parse_line(line, kind)
    except BadLineError:
        return
    assert all(entries)
