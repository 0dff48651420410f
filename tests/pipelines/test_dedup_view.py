from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curation.dedup.config import MinHashConfig
from curation.dedup.verify import BINS, recall_counts
from pipelines.duplicates_view import Duplicates, curve_chart, read_duplicates, recall_rows, rule_views, sizes_chart
from pipelines.report import environment
from tests.pipelines.small_build import ATTACK

CONFIG = MinHashConfig(threshold=0.8, verify="jaccard")


def test_rows_are_the_bins_from_the_threshold_on_with_curve_and_measurement() -> None:
    generator = np.random.default_rng(3)
    true = np.repeat([0.7, 0.82, 0.97], 5_000)
    hits = generator.binomial(14, true**8)
    counts = recall_counts(true[hits > 0], hits[hits > 0].astype(np.int64))
    low, high = recall_rows(CONFIG, counts)
    assert (low.low, low.high) == (0.8, 0.85)
    assert low.similarity == pytest.approx(0.82)
    assert low.expected == pytest.approx(CONFIG.candidate_probability(0.82))
    assert low.measured == pytest.approx(low.expected, abs=0.02)
    assert (high.low, high.high, high.pairs) == (0.95, 1.0, 5_000)


def test_nothing_measured_has_no_rows() -> None:
    assert recall_rows(CONFIG, {}) == []
    assert recall_rows(CONFIG, recall_counts(np.empty(0), np.empty(0, np.int64))) == []
    assert BINS == 20 and read_duplicates("no-such-folder") == Duplicates()


def test_the_curve_has_its_ends_the_threshold_and_a_dot_for_each_row() -> None:
    rows = recall_rows(CONFIG, recall_counts(np.full(30, 0.9), np.full(30, 7)))
    chart = str(curve_chart(CONFIG, rows))
    assert 'points="0.0,142.0 ' in chart and ' 320.0,12.0"' in chart
    assert '<line class="mark" x1="256.0" x2="256.0"' in chart
    assert chart.count("<circle") == 1 and "30 candidates, measured 1.000" in chart


def test_cluster_sizes_are_counted_by_powers_of_two() -> None:
    assert sizes_chart({}) is None
    chart = str(sizes_chart({2: 5, 3: 1, 4: 2, 200_000: 1}))
    assert "2 to 3 documents: 6 clusters" in chart and "4 to 7 documents: 2 clusters" in chart
    assert "131,072 to 262,143 documents: 1 clusters" in chart
    assert "9 clusters by their number of documents" in chart


@pytest.mark.parametrize(
    "manifest",
    [{}, {"recipe": None}, {"recipe": {"dedup": {"minhash": None}}}, {"recipe": {"dedup": {"minhash": {"x": 1}}}}],
)
def test_a_recipe_without_minhash_or_in_other_terms_has_no_curve(manifest: dict[str, Any]) -> None:
    assert rule_views({**manifest, "funnel": [{"source": "web"}]}, Duplicates()) == []


def test_the_recipe_of_a_manifest_is_read() -> None:
    dedup = {"minhash": CONFIG.model_dump(mode="json")}
    (view,) = rule_views({"recipe": {"dedup": dedup}, "funnel": [{"source": "web"}]}, Duplicates())
    assert (view.sources, view.minhash, view.recall) == (("web",), CONFIG, [])


def test_each_rule_is_shown_with_the_sources_that_the_build_met_and_its_own_recall() -> None:
    counts = recall_counts(np.full(30, 0.9), np.full(30, 7))
    dedup = {"minhash": None, "minhash_by_source": {"code": {"preset": "bigcode"}, "web": CONFIG.model_dump()}}
    manifest = {"recipe": {"dedup": dedup}, "funnel": [{"source": "code"}, {"source": "web"}]}
    code, web = rule_views(manifest, Duplicates(recall={1: counts}))
    assert (code.sources, code.minhash.bands_rows, len(code.recall)) == (("code",), (25, 10), 0)
    assert (web.sources, web.minhash.bands_rows, len(web.recall)) == (("web",), (14, 8), 1)
    module: Any = environment().get_template("duplicates.html.jinja").module
    page = str(module.figures([code, web], None))
    assert page.count("<svg") == 2 and "candidates of code" in page
    assert "<caption><b>recall of web</b></caption>" in page
    assert rule_views({**manifest, "funnel": []}, Duplicates()) == []


def test_differences_are_escaped() -> None:
    module: Any = environment().get_template("duplicates.html.jinja").module
    runs = [["same", ATTACK], ["removed", ATTACK], ["added", "<b>"], ["left out", "3"]]
    page = module.difference({"stays": "a", "goes": "<i>", "runs": runs})
    assert "<script" not in page and "<b>" not in page and "<i>" not in page
    assert "<ins>&lt;b&gt;</ins>" in page and "[3 words]" in page and "\x1b" not in page
