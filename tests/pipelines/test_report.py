from __future__ import annotations

import html.parser
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from curation.statistics import Summary, empty, from_json
from manifests.errors import UsageError
from pipelines import report_views as views
from pipelines.charts import Bar, Mark, histogram, stacked_bar
from pipelines.report import COPY_COLUMNS, largest_clusters, render_card, render_report, write_report
from tests.pipelines.small_build import ATTACK, write_build


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("build")
    write_build(out)
    return out


@pytest.fixture(scope="module")
def manifest(build: Path) -> dict[str, Any]:
    return write_build(build)


@pytest.fixture(scope="module")
def summary(build: Path, manifest: dict[str, Any]) -> Summary:
    return from_json((build / ".work/select/summary.json").read_bytes())


@pytest.fixture(scope="module")
def page(build: Path, manifest: dict[str, Any], summary: Summary) -> str:
    return render_report(manifest, summary, pq.read_table(build / ".work/select/copies/part-00000.parquet"))


class Page(html.parser.HTMLParser):
    """Collects tags, attributes and text; fails on a tag closed out of turn."""

    VOID = frozenset({"meta", "line", "rect", "br"})

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_is_well_formed_and_every_section_is_there(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    ids = {value for name, value in parsed.attributes if name == "id"}
    links = {value for name, value in parsed.attributes if name == "href"}
    assert {link.removeprefix("#") for link in links if link} <= ids
    assert {"figures", "funnel", "inputs", "lengths", "languages", "signals", "privacy", "duplicates", "samples"} <= ids


def test_nothing_from_documents_becomes_markup(page: str) -> None:
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    assert "alert('x')" in "".join(parsed.words)
    # In the sample's text, its URI, its language, its rule, and the damaged input's detail.
    assert page.count("&lt;script&gt;") >= 5


def test_control_characters_of_documents_are_replaced(page: str) -> None:
    assert "\x1b" in ATTACK
    assert "\x1b" not in page


def test_lone_surrogates_are_replaced(manifest: dict[str, Any], summary: Summary) -> None:
    content = render_report({**manifest, "name": "a\ud800b"}, summary, COPY_COLUMNS.empty_table())
    assert "a\ufffdb" in content
    content.encode()


def test_the_page_fetches_nothing_and_forbids_scripts(page: str) -> None:
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    parsed = Page(page)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name in ("src", "srcset", "action", "data")]
    assert all(value and value.startswith("#") for name, value in parsed.attributes if name == "href")
    assert not re.search(r"url\(|@import", page)


def test_the_equation_adds_up(page: str, manifest: dict[str, Any]) -> None:
    found = views.totals(manifest)
    assert (found.records, found.kept, found.rejected, found.errors, found.missing) == (8, 1, 6, 1, 0)
    assert "✓ adds up" in page


def test_a_build_that_loses_a_record_says_so(manifest: dict[str, Any], summary: Summary) -> None:
    inputs = [{**manifest["inputs"][0], "records": 10}]
    content = render_report({**manifest, "inputs": inputs}, summary, COPY_COLUMNS.empty_table())
    assert "does not add up: 2 unaccounted for" in content


def test_the_funnel_of_a_source_leads_from_entered_to_kept(manifest: dict[str, Any], summary: Summary) -> None:
    (funnel,) = views.funnels(manifest, summary)
    assert (funnel.source, funnel.entered, funnel.kept, funnel.kept_tokens) == ("web", 8, 1, 90)
    assert sum(step.documents for step in funnel.steps) == funnel.entered - funnel.kept
    first = funnel.steps[0]
    assert (first.stage, first.rule, first.documents, first.of_entered) == ("ingest", "error", 1, 1 / 8)
    words = next(step for step in funnel.steps if step.rule == "gopher.words")
    assert (words.documents, words.tokens, words.alone) == (2, 200, 1)
    assert funnel.steps[-1].remaining == pytest.approx(1 / 8)


def test_the_mixture_names_what_was_wanted_reached_and_left_out() -> None:
    manifest = {
        "recipe": {"mixture": {"code": 0.05}},
        "shards": [
            {"source": "web", "documents": 9, "tokens": 960},
            {"source": "code", "documents": 1, "tokens": 40},
        ],
        "funnel": [{"source": "code", "stage": "mix", "rule": "mixture", "documents": 3, "tokens": 70}],
    }
    web, code = views.mixture(manifest)
    assert (web.source, web.share, web.wanted, web.left_out_documents) == ("web", 0.96, None, 0)
    assert (code.share, code.wanted, code.left_out_documents, code.left_out_tokens) == (0.04, 0.05, 3, 70)


def test_thresholds_are_drawn_and_named(page: str) -> None:
    assert "min 50" in page
    assert "max 100,000" in page
    assert "max 0.5" in page


def test_text_dropped_for_toxicity_is_folded_away_twice(page: str) -> None:
    before = page[: page.index("an offensive text")]
    assert before.count("<details") - before.count("</details>") == 2
    assert "may be offensive" in page


def test_an_empty_build_has_a_report_and_a_card() -> None:
    content = render_report({}, empty({}, 1), COPY_COLUMNS.empty_table())
    assert "0</b> records" in content
    assert "No duplicates were found." in content
    assert render_card({}, empty({}, 1)).startswith("---\n")


def test_the_same_build_gives_the_same_page(build: Path, page: str) -> None:
    write_report(str(build))
    assert (build / "report.html").read_text(encoding="utf-8") == page


def test_a_folder_that_is_no_build_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no manifest here.*winnow curate"):
        write_report(str(tmp_path))


def test_missing_work_files_are_named_with_the_way_out(tmp_path: Path) -> None:
    write_build(tmp_path)
    (tmp_path / ".work/select/summary.json").unlink()
    with pytest.raises(UsageError, match=r"summary\.json: missing.*winnow curate"):
        write_report(str(tmp_path))


def test_damaged_work_files_leave_the_old_report(tmp_path: Path) -> None:
    write_build(tmp_path)
    (tmp_path / "report.html").write_text("old")
    (tmp_path / ".work/select/copies/part-00000.parquet").write_bytes(b"not parquet")
    with pytest.raises(UsageError, match="cannot be read"):
        write_report(str(tmp_path))
    assert (tmp_path / "report.html").read_text() == "old"


def test_clusters_of_most_removed_near_duplicates_come_first_with_their_kept_copy() -> None:
    def member(component: int, number: int, kept: int, similarity: float) -> dict[str, Any]:
        name = f"{component}-{number}"
        return {
            "component": bytes([component] * 16), "id": name, "uri": f"u/{name}", "source": "web", "tokens": 10,
            "kept": number == kept, "rule": None if number == kept else "near", "similarity": similarity,
        }  # fmt: skip

    rows = [member(1, k, 1, 0.9) for k in range(2)]
    rows += [member(2, k, 7, 0.8 + k / 100) for k in range(12)]
    rows += [member(3, 0, 0, 1.0)]
    rows += [{**member(4, k, 30, 1.0), "rule": None} for k in range(20)]  # all of them failed other rules
    rows += [{**member(5, k, 0, 1.0), "rule": "exact" if k else None} for k in range(15)]
    large, small, equal, failed = largest_clusters(pa.Table.from_pylist(rows[::-1], COPY_COLUMNS), members=3)
    assert [(one.size, one.removed) for one in (large, small, equal, failed)] == [(12, 11), (2, 1), (15, 14), (20, 0)]
    assert large.tokens == 120
    assert [member.id for member in large.members] == ["2-7", "2-11", "2-10"]
    assert [member.id for member in small.members] == ["1-1", "1-0"]


def test_an_input_says_what_was_passed_over_and_under_which_licence_it_is(page: str) -> None:
    assert "passed over: 3 request" in page
    license = {"expression": "MIT", "kind": "permissive"}
    assert views.input_note({"license": license, "commit": "0123456789abcdef"}) == (
        "licence MIT (permissive); commit 0123456789"
    )


def test_the_card_has_front_matter_that_the_hub_reads(manifest: dict[str, Any], summary: Summary) -> None:
    card = render_card(manifest, summary)
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    assert front["license"] == "other"
    assert [config["config_name"] for config in front["configs"]] == ["default", "web"]
    assert front["configs"][1]["data_files"] == [{"split": "train", "path": "shards/web/*.parquet"}]


def test_names_in_the_card_stay_inside_their_table_cell(manifest: dict[str, Any], summary: Summary) -> None:
    rows = [{"source": "web", "stage": "quality", "rule": "a|b`c\nd", "documents": 1, "tokens": 1}]
    assert "| `web` | quality | `a¦b'c d` | 1 | 1 |\n" in render_card({**manifest, "funnel": rows}, summary)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (12_345_678, "12.3 MB"), (999_900_000, "1 GB"), (5e12, "5 TB")],
)
def test_sizes_are_read_at_a_glance(value: float, expected: str) -> None:
    assert views.size(value) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0.0 %"), (0.0001, "<0.1 %"), (0.5, "50.0 %"), (0.9999, ">99.9 %"), (1, "100.0 %")],
)
def test_a_small_share_is_not_shown_as_none(share: float, expected: str) -> None:
    assert views.percent(share) == expected


def test_a_bar_of_the_histogram_states_its_counts() -> None:
    drawn = histogram([Bar("0 to 1", (3, 1)), Bar("1 to 2", (0, 0))], [(0, "0")], [Mark(1, "max 1")], ("a", "b"), "T")
    assert "<title>0 to 1: 3 a, 1 b</title>" in drawn
    assert drawn.count("<rect") == 2
    assert 'x1="160" x2="160"' in drawn


def test_chart_labels_are_escaped() -> None:
    assert "<x>" not in histogram([Bar("<x>", (1,))], [(0, "<x>")], [Mark(0, "<x>")], ("a",), "<x>")
    assert '"><' not in stacked_bar([], '"><x>').removesuffix('"></span>')
