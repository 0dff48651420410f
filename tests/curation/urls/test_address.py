import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.urls.address import MAX_URL, canonical_host, is_host_name, prefixes, split_url, unicode_host


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://example.com", ("example.com", "")),
        ("HTTP://user:secret@Example.COM:80/A%20b/?q#top", ("example.com", "/a b/?q")),
        ("https://example.com/a/?q=1&", ("example.com", "/a/?q=1")),
        ("//example.com./a", ("example.com", "/a")),
        ("https:\\\\example.com\\a", ("example.com", "/a")),
        ("http://[2001:DB8:0::1]:8080/a", ("2001:db8::1", "/a")),
        ("http://192.0.2.1/a", ("192.0.2.1", "/a")),
        ("https://Bücher.example/%C3%A4", ("xn--bcher-kva.example", "/ä")),
        ("https://xn--bcher-kva.example/ä", ("xn--bcher-kva.example", "/ä")),
        ("https://b%C3%BCcher.example/", ("xn--bcher-kva.example", "")),
        ("https://例え。テスト/", ("xn--r8jz45g.xn--zckzah", "")),
        ("http://a@b@example.com/@c", ("example.com", "/@c")),
        ("https://example.com?x=http://other.example/", ("example.com", "?x=http://other.example")),
        ("dns:example.com", None),
        ("http:///path", None),
        ("", None),
    ],
)
def test_a_url_in_normal_form(url: str, parts: tuple[str, str] | None) -> None:
    assert split_url(url) == parts


def test_a_name_of_emoji_is_still_a_name() -> None:
    assert canonical_host("💩.la") == "xn--ls8h.la"


def test_letters_of_an_encoded_name() -> None:
    assert unicode_host("www.xn--bcher-kva.example") == "www.bücher.example"
    assert unicode_host("xn--\x00\udc80.example") == "xn--\x00\udc80.example"


def test_prefixes_end_at_separators() -> None:
    assert prefixes("/a/b?c=1&d=2") == ["", "/a", "/a/b", "/a/b?c=1", "/a/b?c=1&d=2"]
    assert prefixes("") == [""]


def test_a_url_of_separators_has_few_prefixes() -> None:
    assert len(prefixes("/" * 5000)) == 65


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for url in (text, f"http://{text}", f"http://example.com/{text}", f"http://xn--{text}.example/"):
        address = split_url(url)
        if address is not None:
            unicode_host(address[0])
            assert split_url(f"//{address[0]}") in ((address[0], ""), None) or not is_host_name(address[0])


@pytest.mark.parametrize("url", ["http://" + "ü" * 100_000, "http://" + "a." * 100_000, "@" * 100_000, "[" * 100_000])
def test_long_urls_are_cut(url: str) -> None:
    address = split_url(url)
    assert address is None or len(address[0]) <= MAX_URL
