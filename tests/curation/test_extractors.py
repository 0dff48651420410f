import importlib.util
from typing import Any, get_args

import pytest

from curation.extractors import ExtractorName, load, target
from curation.policy import ExtractionConfig
from manifests.errors import UsageError

EXTRACTORS = get_args(ExtractorName)
SENTENCE = "The harbour at Lindholm was dredged in 1891 so that larger ships could reach the rope works near the bay."
PAGE = (
    "<html><head><title>Harbour</title><script>var junk = 1;</script></head><body><nav><a href=/>Home</a></nav>"
    f"<article><h1>A harbour</h1><p>{SENTENCE}</p><p>Das größte Schiff hieß »Östersjön« und lag sieben Jahre still.</p>"
    "</article><footer>Imprint</footer></body></html>"
)


def test_every_extractor_that_a_recipe_can_name_exists() -> None:
    for name in EXTRACTORS:
        assert load(target(name))(b"") == ""


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_finds_the_main_content_in_the_declared_charset(name: str) -> None:
    text = load(target(name))(PAGE.encode("cp1252"), content_type="text/html; charset=iso-8859-1", url=None)
    assert SENTENCE in text
    assert "Das größte Schiff hieß »Östersjön« und lag sieben Jahre still." in text
    assert "junk" not in text


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.parametrize(
    "page",
    [
        b"\0\xff\xfe",
        b"<",
        b"<?xml version='1.0' encoding='x'?><html><p>a",
        b"<p>\xed\xa0\x80</p>",
        b"<div>" * 2000 + b"deep",
    ],
)
def test_odd_pages_give_text_that_can_be_stored(name: str, page: bytes) -> None:
    text = load(target(name))(page, content_type="text/html; charset=utf-8", url="\udc80")
    assert "\0" not in text
    text.encode()


def test_a_missing_package_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"trafilatura is not installed; run: pip install 'winnow\[trafilatura\]'"):
        target("trafilatura")
    assert target("winnow") == "curation.extraction:extract_text"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([" Text/HTML ", "text/html"], ("text/html",)),
        (["text/markdown", "application/xhtml+xml"], ("application/xhtml+xml", "text/markdown")),
    ],
)
def test_content_types_are_in_one_form(given: list[str], kept: tuple[str, ...]) -> None:
    assert ExtractionConfig(content_types=given).content_types == kept  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"content_types": ["application/pdf"]}, "application/pdf cannot be read; HTML and text/"),
        ({"content_types": ["text/"]}, "cannot be read"),
        ({"content_types": []}, "no type is left"),
        ({"seconds": 0}, "greater than 0"),
        ({"memory_bytes": 1}, "greater than or equal to"),
        ({"extractor": "readability"}, "'winnow', 'resiliparse' or 'trafilatura'"),
    ],
)
def test_a_wrong_setting_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ExtractionConfig(**changed)
