import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from curation.urls.suffixes import is_public_suffix

PEER = PublicSuffixList(only_icann=True, accept_unknown=False)
LABELS = st.sampled_from(
    [
        "com",
        "uk",
        "co",
        "jp",
        "kobe",
        "city",
        "ck",
        "www",
        "kawasaki",
        "a",
        "blogspot",
        "github",
        "io",
        "xn--p1ai",
        "no",
    ]
)


@pytest.mark.parametrize("name", ["com", "co.uk", "kobe.jp", "any.kobe.jp", "ck", "any.ck", "xn--p1ai"])
def test_names_that_anybody_registers_under(name: str) -> None:
    assert is_public_suffix(name)


@pytest.mark.parametrize("name", ["example.com", "blogspot.com", "city.kobe.jp", "www.ck", "a.any.ck", "invalid", ""])
def test_names_with_an_owner(name: str) -> None:
    assert not is_public_suffix(name)


@settings(deadline=None)
@given(st.lists(LABELS, min_size=1, max_size=4).map(".".join))
def test_it_is_as_the_package_has_it(name: str) -> None:
    assert is_public_suffix(name) == PEER.is_public(name)
