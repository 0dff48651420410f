from __future__ import annotations

import pytest

from curation.dedup.same_url import normalise_url, url_keys


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://foo.com/bar", "foo.com/bar"),
        ("https://www.foo.com/bar/", "foo.com/bar"),
        ("http://foo.com/bar?utm_source=x&id=1", "foo.com/bar"),
        ("http://foo.com/bar/?ref=home", "foo.com/bar"),
        ("http://foo.com/?feed=rss2", "foo.com"),
        ("http://foo.com/bar?id=1&utm_source=x", "foo.com/bar?id=1&utm_source=x"),
        ("http://Foo.com/Bar#top", "Foo.com/Bar#top"),
        ("http://web.archive.org/web/2020/https://www.foo.com/", "web.archive.org/web/2020/foo.com"),
        ("", ""),
    ],
)
def test_c4_compares_urls_without_scheme_tracking_and_final_slashes(url: str, same: str) -> None:
    assert normalise_url(url) == same


def test_keys_are_equal_for_equal_pages_only() -> None:
    a, b, c = url_keys(["http://foo.com/bar/", "https://www.foo.com/bar?ref=1", "http://foo.com/baz"])
    assert a == b != c


def test_no_urls_have_no_keys() -> None:
    assert len(url_keys([])) == 0
