from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.privacy import PrivacyConfig
from curation.privacy.uris import hide, hide_headers, hide_uri

ALL = PrivacyConfig()


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://ada:pw@host.org/", "https://REDACTED_SECRET@host.org/"),
        ("https://ada:p@w@host.org/x@y", "https://REDACTED_SECRET@host.org/x@y"),
        ("https://tok@host.org", "https://REDACTED_SECRET@host.org"),
        ("https://h.org/?a=1&token=x", "https://h.org/?a=1&token=REDACTED_SECRET"),
        ("https://h.org/?user_password=x;b=2", "https://h.org/?user_password=REDACTED_SECRET;b=2"),
        ("https://h.org/#access_token=abc&b=2", "https://h.org/#access_token=REDACTED_SECRET&b=2"),
        ("https://h.org/?X-Amz-Signature=00ff&y", "https://h.org/?X-Amz-Signature=REDACTED_SECRET&y"),
        ("https://h.org/u/ada@lovelace.org/x", "https://h.org/u/REDACTED_EMAIL/x"),
        ("https://h.org/?m=ada%40lovelace.org", "https://h.org/?m=REDACTED_EMAIL"),
        ("https://h.org/AKIA" + "Q3EGWXYZ2NBVCRTU/", "https://h.org/REDACTED_SECRET/"),
        ("https://h.org/?ssn=536-32-3065", "https://h.org/?ssn=REDACTED_SECRET"),
    ],
)
def test_an_address_is_shown_without_its_secrets(uri, shown):
    assert hide_uri(uri, ALL) == shown
    assert hide_uri(shown, ALL) == shown


@pytest.mark.parametrize(
    "uri",
    [
        "https://example.org/2026/05/01/a-page.html?page=2&tokenizer=x#top",
        "http://86.231.85.193:8080/",
        "https://h.org/@user/posts/4111",
        "git@github.com:a/b.git",
        "/data/repository@77f29d49a629f393647f7ba690a016ee269823d5:src/main.py",
        "https://h.org/commit/77f29d49a629f393647f7ba690a016ee269823d5",
    ],
)
def test_other_addresses_stay(uri):
    assert hide_uri(uri, ALL) == uri


def test_types_that_are_not_looked_for_stay_but_secrets_never_do():
    only = PrivacyConfig(types=("IBAN",))
    assert hide_uri("https://u:p@h.org/ada@lovelace.org", only) == "https://REDACTED_SECRET@h.org/ada@lovelace.org"
    assert hide("Mail ada@lovelace.org", ALL) == "Mail REDACTED_EMAIL"


def test_headers_are_hidden_one_by_one():
    assert hide_headers('{"location":"https://u:p@h.org/","x":"y"}', ALL) == (
        '{"location":"https://REDACTED_SECRET@h.org/","x":"y"}'
    )


@given(
    st.lists(st.sampled_from(["https://", "u:pw", "@", "h.org", "/", "?", "token=", "&", "x", "ada@a.org", "#", " "]))
)
def test_hiding_twice_is_hiding_once(pieces):
    once = hide_uri("".join(pieces), ALL)
    assert hide_uri(once, ALL) == once
