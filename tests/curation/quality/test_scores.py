from __future__ import annotations

import math

import numpy as np

from curation.quality.ccnet import CUTOFFS, buckets
from curation.quality.rules import rule_set, with_thresholds
from curation.quality.scores import derive, pareto_noise, scores_of, stored_signals


def test_buckets_are_cut_at_the_percentiles_of_the_language() -> None:
    found = buckets(np.array([339.9, 340, 519.9, 520, 200, 200]), ["en", "en", "en", "en", "de", "fr"])
    assert found.tolist() == [0, 1, 1, 2, 0, 1]
    assert len(CUTOFFS) == 48


def test_what_ccnet_calls_all_has_no_bucket() -> None:
    found = buckets(np.array([10.0, 10, np.nan, -1]), ["tlh", None, "en", "en"])
    assert np.isnan(found).all()


def test_noise_depends_on_seed_and_id_alone() -> None:
    ids = [f"{i:032x}" for i in range(300)]
    noise = pareto_noise(ids)
    assert noise.tolist() == pareto_noise(ids[::-1])[::-1].tolist()
    assert noise.tolist() != pareto_noise(ids, seed=1).tolist()
    assert pareto_noise([""]).tolist() == pareto_noise([""]).tolist()
    assert (noise > 0).all()


def test_noise_has_the_distribution_of_numpy_random_pareto() -> None:
    noise = np.sort(pareto_noise([str(i) for i in range(20_000)]))
    for quantile in (0.1, 0.5, 0.9, 0.99):
        expected = (1 - quantile) ** (-1 / 9) - 1  # Lomax with alpha 9
        assert math.isclose(noise[int(quantile * len(noise))], expected, rel_tol=0.08)


def test_gpt3_keeps_where_noise_exceeds_one_minus_the_score() -> None:
    rules, ids = rule_set("gpt3"), [str(i) for i in range(2_000)]
    for score in (0.0, 0.5, 0.95, 1.0):
        columns = derive(rules, {"classifier": np.full(len(ids), score)}, ids, ["en"] * len(ids))
        kept = columns["gpt3.noisy_score"] >= 1
        assert kept.tolist() == (pareto_noise(ids) >= 1 - score).tolist()
        assert math.isclose(kept.mean(), (2 - score) ** -9, abs_tol=0.03)


def test_a_derived_signal_is_stored_as_its_score() -> None:
    assert stored_signals(rule_set("ccnet")) == ("characters", "perplexity")
    assert stored_signals(rule_set("gpt3")) == ("classifier",)
    assert scores_of(rule_set("ccnet")) == ("perplexity",)
    assert scores_of(rule_set("fineweb")) == ()


def test_thresholds_of_score_sets_can_be_set() -> None:
    assert with_thresholds(rule_set("ccnet"), {"max_bucket": 0}).thresholds()["ccnet.max_bucket"] == 0
