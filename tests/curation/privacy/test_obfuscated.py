from __future__ import annotations

import pytest

from curation.privacy import find


def found(text, kind="prose"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to ada [at] lovelace [dot] org now", "ada [at] lovelace [dot] org"),
        ("ada(at)lovelace.org", "ada(at)lovelace.org"),
        ("ada [@] lovelace.org", "ada [@] lovelace.org"),
        ("ada.byron at lovelace dot org", "ada.byron at lovelace dot org"),
        ("e-mail ada at lovelace dot co dot uk please", "ada at lovelace dot co dot uk"),
        ("email: ada at lovelace.org", "ada at lovelace.org"),
        ("j dot smith [at] uni-bonn [dot] de", "j dot smith [at] uni-bonn [dot] de"),
        ("ada {at} lovelace {punkt} de", "ada {at} lovelace {punkt} de"),
        ("info (arroba) empresa (punto) es", "info (arroba) empresa (punto) es"),
        ("<a href='x'>ada&#64;lovelace.org</a>", "ada&#64;lovelace.org"),
        ("?to=ada%40lovelace.org&x", "ada%40lovelace.org"),
        ("ada\uff20lovelace.org", "ada\uff20lovelace.org"),
        ("mail ada @ lovelace.org", "ada @ lovelace.org"),
    ],
)
def test_an_address_with_its_sign_spelled_out_is_found(text, address):
    assert found(text) == [("EMAIL", address)]


@pytest.mark.parametrize(
    "text",
    [
        "look at amazon dot com",
        "Contact us at amazon dot com for more",
        "ada [at] example [dot] com",
        "array[at] list.append",
        "Arrived (at) noon. Then we left",
        "the meeting @ noon",
        "see http://lovelace.org/%40ada",
        "as this writer does, but at some point in the first words",
        "The dot at the end dot",
    ],
)
def test_prose_with_at_and_dot_is_no_address(text):
    assert found(text) == []
    assert found(text, kind="code") == []
