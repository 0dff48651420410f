from pathlib import Path
from typing import Any

import pytest

from curation import page_text
from curation.ingest import Ingest
from curation.page_text import EMPTY, PageTexts, Refusal
from curation.policy import ExtractionConfig, Policy
from curation.urls.config import UrlsConfig
from manifests.errors import UsageError
from tests.curation.pages import record

HOSTILE = "tests.curation.hostile_extractors:by_content"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages say what their extractor does; see `hostile_extractors`."""
    monkeypatch.setattr(page_text, "target", lambda name: HOSTILE)


def made(urls: dict[str, Any] | None = None, **settings: Any) -> PageTexts:
    return PageTexts(UrlsConfig(**urls or {}), ExtractionConfig(**settings))


def page(text: str, **changed: Any) -> Any:
    return record(text, **{"content_type": "text/html", **changed})


@pytest.mark.usefixtures("hostile")
class TestLimits:
    def test_a_page_past_the_limit_is_refused_and_the_others_come_back(self) -> None:
        texts = made(seconds=0.1).texts([page("one"), page("loop"), page("two"), record("three")])
        assert texts == ["one", Refusal("extraction_seconds", 0.1, 0.1, "the limit on processor time"), "two", "three"]

    def test_a_page_that_crashes_the_extractor_is_refused_with_how_it_ended(self) -> None:
        texts = made().texts([page("one"), page("segfault"), page("raise"), page("memory"), page("two")])
        assert texts == [
            "one",
            Refusal("extraction_crash", detail="ended by SIGSEGV"),
            Refusal("extraction_crash", detail="ValueError: a bad page"),
            Refusal("extraction_crash", detail="ended with exit code 1"),
            "two",
        ]

    def test_what_is_turned_away_is_never_extracted(self) -> None:
        refused = made({"block_domains": ["||example.org^"]}, seconds=0.1, content_types=["text/plain"]).texts(
            [page("loop"), page("loop", status=404), page("loop", uri="https://example.com/")]
        )
        assert refused == [
            Refusal("url_domain", detail="example.org"),
            Refusal("http_status", 404.0, 200.0),
            Refusal("content_type", detail="text/html"),
        ]

    def test_a_page_without_text_is_empty(self) -> None:
        assert made().texts([page(" \n "), page("")]) == [EMPTY, EMPTY]

    def test_the_charset_of_the_header_reaches_the_extractor(self) -> None:
        assert made().texts([page("named", charset="windows-1251"), page("named", charset=None)]) == [
            "text/html; charset=windows-1251 https://example.org/a", "text/html https://example.org/a",
        ]  # fmt: skip


def test_the_header_decides_how_a_page_is_decoded() -> None:
    html = "<html><body><article><p>" + "Привет, мир. " * 40 + "</p></article></body></html>"
    (text,) = made().texts([page(html, charset="windows-1251", body=html.encode("cp1251"))])
    assert isinstance(text, str)
    assert text.startswith("Привет, мир.")


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    ("types", "kinds"),
    [
        (["text/html", "application/xhtml+xml", "text/plain"], ["read", "read", "read", "read", "refused", "read"]),
        (["text/html"], ["read", "refused", "read", "refused", "refused", "read"]),
        (["text/plain", "text/markdown"], ["refused", "refused", "refused", "read", "read", "read"]),
    ],
)
def test_types_of_pages_can_be_chosen(types: list[str], kinds: list[str]) -> None:
    html = "<html><body><p>A sentence that is long enough to be some text.</p></body></html>"
    found = made(content_types=types).texts(
        [
            record(html, content_type="text/html"),
            record(html, content_type="application/xhtml+xml"),
            record(html, content_type=None),
            record("plain", content_type="text/plain"),
            record("# title", content_type="text/markdown"),
            record("from a WET file", content_type="text/plain", kind="conversion", status=None),
        ]
    )
    assert ["read" if isinstance(item, str) else "refused" for item in found] == kinds


def test_a_pdf_that_says_it_is_html_is_no_page() -> None:
    assert made().texts([record(b"%PDF-1.4", content_type="text/html")]) == [
        Refusal("content_type", detail="text/html")
    ]


def test_a_list_that_changes_is_read_again_and_so_are_other_settings(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a.example\n")
    named = Policy.model_validate({"urls": {"block_domains": [str(tmp_path / "a.txt"), "||b.example^"]}})
    assert named.measuring_files()[-1] == str(tmp_path / "a.txt")
    plain = Policy()
    assert named.measuring() != plain.measuring()
    assert Policy.model_validate({"extraction": {"seconds": 2}}).measuring() != plain.measuring()


def test_bad_lines_and_missing_lists_are_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a.example\nnonsense\n")
    remarks = Ingest.check(Policy.model_validate({"urls": {"block_domains": [str(tmp_path / "a.txt")]}}))
    assert remarks == [f"{tmp_path}/a.txt: 1 line was passed over, 1 used; line 2, 'nonsense', is not a domain"]
    with pytest.raises(UsageError, match=r"urls\.only_domains: .*nowhere: no such file"):
        Ingest.check(Policy.model_validate({"urls": {"only_domains": [str(tmp_path / "nowhere")]}}))
