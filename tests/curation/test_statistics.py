from __future__ import annotations

import functools
import itertools
import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import statistics, summary
from curation.bins import bins_for
from curation.documents import DECISION, INPUT_ERROR, REJECTED_AT_INGEST, document_key, document_schema, record_id
from curation.statistics import Summary, empty, from_json, host_of, merge, summarise, summarise_ingest, to_json

BOUNDS = {"words": (50.0, 100_000.0), "toxicity": (None, 0.5)}


def document(name: str, **changed: Any) -> dict[str, Any]:
    text = changed.get("text", f"text of {name}")
    row = {
        "id": record_id(name), "key": document_key(record_id(name), "a.warc.gz#0"), "text": text, "source": "web",
        "uri": f"https://www.example.org/{name}", "origin": "a.warc.gz#0", "date": "", "language": "en",
        "language_score": 0.9, "license": None, "license_kind": None, "tokens": 100, "bytes": len(text.encode()),
        "pii": "{}", "pii_spans": 0, "toxicity": 0.1, "toxic_words": 0, "toxic_lines": [], "meta": "{}", "words": 80.0,
    }  # fmt: skip
    return {**row, **changed}


def decision(of: dict[str, Any], **changed: Any) -> dict[str, Any]:
    row = {
        "key": of["key"], "id": of["id"], "source": of["source"], "uri": of["uri"], "keep": True, "stage": None,
        "rule": None, "value": None, "threshold": None, "failed": [], "duplicate_of": None, "similarity": None,
        "tokens": of["tokens"], "bytes": of["bytes"], "cut": [],
    }  # fmt: skip
    return {**row, **changed}


def drop(of: dict[str, Any], stage: str, rule: str, **changed: Any) -> dict[str, Any]:
    return decision(of, **{"keep": False, "stage": stage, "rule": rule, "failed": [rule], **changed})


def tables(rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[pa.Table, pa.Table]:
    return (
        pa.Table.from_pylist([row for row, _ in rows], document_schema(["words"])),
        pa.Table.from_pylist([row for _, row in rows], DECISION),
    )


def summary_of(*rows: tuple[dict[str, Any], dict[str, Any]], seed: int = 1) -> Summary:
    return summarise(*tables(list(rows)), BOUNDS, seed)


def kept(name: str, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    row = document(name, **changed)
    return row, decision(row)


def dropped(
    name: str, stage: str, rule: str, outcome: dict[str, Any] | None = None, **changed: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    row = document(name, **changed)
    return row, drop(row, stage, rule, **(outcome or {}))


def test_outcomes_count_documents_and_tokens_by_source_stage_and_rule() -> None:
    found = summary_of(
        kept("a", tokens=10),
        kept("b", tokens=20),
        dropped("c", "quality", "gopher.words", tokens=5),
        dropped("d", "license", "license.none", source="code", tokens=7),
    )
    assert found.outcomes == {
        ("web", "kept", ""): (2, 30),
        ("web", "quality", "gopher.words"): (1, 5),
        ("code", "license", "license.none"): (1, 7),
    }


def test_a_rule_that_fails_alone_is_told_from_one_that_fails_among_others() -> None:
    both = {"failed": ["gopher.words", "gopher.stop_words"]}
    found = summary_of(dropped("a", "quality", "gopher.words", both), dropped("b", "quality", "gopher.words"))
    assert found.failures == {("web", "gopher.words"): (2, 1), ("web", "gopher.stop_words"): (1, 0)}


def test_tokens_are_those_of_the_text_that_is_left_and_the_cut_ones_are_counted() -> None:
    row = document("a", text="good\nbad\ngood", tokens=3)
    found = summary_of((row, decision(row, tokens=2, cut=[{"start": 5, "end": 8}])))
    assert found.outcomes == {("web", "kept", ""): (1, 2)}
    assert found.cuts == {("web",): (1, 1, 1)}
    assert found.samples[("web", "kept", "")][0].text == "good\ngood"


def test_a_value_that_its_own_threshold_dropped_is_drawn_apart() -> None:
    found = summary_of(
        kept("a", words=80.0),
        dropped("b", "quality", "gopher.words", {"value": 20.0, "threshold": 50.0}, words=20.0),
        dropped("c", "toxicity", "toxicity.document", {"value": 0.8, "threshold": 0.5}, words=20.0, toxicity=0.8),
    )
    bins = bins_for(50.0, 100_000.0)
    low, high = (int(place) for place in bins.place(pa.array([20.0, 80.0]).to_numpy()))
    words = {key[1]: numbers for key, numbers in found.signals.items() if key[0] == "words"}
    assert words == {low: (0, 1, 1), high: (1, 0, 0)}
    toxicity = [numbers for key, numbers in found.signals.items() if key[0] == "toxicity"]
    assert sum(numbers[1] for numbers in toxicity) == 1


def test_constants_of_code_are_not_drawn_among_pages() -> None:
    found = summary_of(kept("a", source="code", toxicity=0.0, license="MIT", license_kind="permissive"))
    assert not [key for key in found.signals if key[0] in ("toxicity", "language_score")]
    assert found.licenses == {("permissive", "MIT"): (1, 100, 0, 0)}


def test_a_missing_signal_is_in_no_bin() -> None:
    found = summary_of(kept("a", words=None), kept("b", words=float("nan")))
    assert not [key for key in found.signals if key[0] == "words"]


def test_replaced_spans_are_counted_by_type_and_outcome() -> None:
    found = summary_of(kept("a", pii='{"email":2,"ip":0}'), dropped("b", "quality", "gopher.words", pii='{"email":5}'))
    assert found.pii == {("web", "email"): (1, 2, 1, 5)}


def test_lengths_are_counted_in_doubling_bins_of_tokens_and_characters() -> None:
    found = summary_of(kept("a", tokens=0, text="åå"), dropped("b", "quality", "x", tokens=4, text="abc"))
    assert found.lengths == {
        ("web", "tokens", 0): (1, 0),
        ("web", "characters", 2): (1, 1),
        ("web", "tokens", 3): (0, 1),
    }


def test_similarity_of_removed_copies_has_its_own_histogram() -> None:
    found = summary_of(
        kept("a"), dropped("b", "dedup", "dedup.minhash", {"duplicate_of": record_id("a"), "similarity": 1.0})
    )
    assert {key: n for key, n in found.signals.items() if key[0] == summary.SIMILARITY} == {
        (summary.SIMILARITY, 40): (0, 1, 0)
    }


def test_samples_are_the_three_smallest_hashes_whatever_the_order() -> None:
    rows = [kept(f"page-{number}") for number in range(40)]
    expected = sorted(row["id"] for row, _ in rows)
    expected = sorted(expected, key=lambda identity: statistics.sample_rank(7, identity))[:3]
    random.Random(5).shuffle(rows)
    found = summary_of(*rows, seed=7)
    assert [sample.id for sample in found.samples[("web", "kept", "")]] == expected


def test_a_sample_is_the_opening_of_a_long_text_only() -> None:
    found = summary_of(kept("a", text="x" * 2_000_000))
    assert found.samples[("web", "kept", "")][0].text == "x" * 600


def test_what_ingest_turned_away_is_counted_with_its_inputs_damage() -> None:
    row = document("a")
    rejected = {name: row.get(name) for name in REJECTED_AT_INGEST.names}
    rejected |= {"rule": "http_status", "value": 404.0, "threshold": 200.0}
    damage = {"uri": "a.warc.gz", "path": None, "offset": 12, "reason": "truncated", "detail": "d" * 1000}
    found = summarise_ingest(
        pa.Table.from_pylist([rejected], REJECTED_AT_INGEST), pa.Table.from_pylist([damage], INPUT_ERROR), BOUNDS, 1
    )
    assert found.outcomes == {("web", "ingest", "http_status"): (1, 0)}
    assert found.samples[("web", "ingest", "http_status")][0].value == 404.0
    assert found.errors == {("truncated",): (1,)}
    assert found.error_samples["truncated"][0].detail == "d" * 300


def test_tables_that_do_not_belong_together_are_refused() -> None:
    documents, decisions = tables([kept("a"), kept("b")])
    with pytest.raises(ValueError, match="same rows in the same order"):
        summarise(documents, decisions.take([1, 0]), BOUNDS, 1)


def test_summaries_of_other_bounds_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="bounds or seeds"):
        merge(empty(BOUNDS, 1), empty({}, 1))
    with pytest.raises(ValueError, match="bounds or seeds"):
        merge(empty(BOUNDS, 1), empty(BOUNDS, 2))


OUTCOMES = [None, ("quality", "gopher.words"), ("toxicity", "toxicity.document"), ("dedup", "dedup.exact")]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["web", "code", "books"]),
        st.sampled_from(OUTCOMES),
        st.integers(0, 10_000),
        st.floats(0, 1e6) | st.just(float("nan")),
        st.sampled_from(["{}", '{"email":1}', '{"ip":2,"phone":1}']),
        st.text(max_size=20),
    ),
    max_size=12,
)


def build(specification: list[tuple[Any, ...]], prefix: str = "") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    rows = []
    for number, (source, outcome, tokens, words, pii, text) in enumerate(specification):
        changed = {"source": source, "tokens": tokens, "words": words, "pii": pii, "text": text}
        name = f"{prefix}{number}"
        rows.append(kept(name, **changed) if outcome is None else dropped(name, *outcome, **changed))
    return rows


@settings(max_examples=40)
@given(ROWS)
def test_the_funnel_sums_to_the_decisions(specification: list[tuple[Any, ...]]) -> None:
    rows = build(specification)
    found = summary_of(*rows)
    assert found.documents() == len(rows)
    assert sum(tokens for _, tokens in found.outcomes.values()) == sum(row["tokens"] for _, row in rows)
    kept_documents = sum(n for (_, stage, _), (n, _) in found.outcomes.items() if stage == "kept")
    assert kept_documents == sum(row["keep"] for _, row in rows)


@settings(max_examples=30)
@given(ROWS, ROWS, ROWS)
def test_merging_is_associative_commutative_and_equal_to_one_pass(
    a: list[tuple[Any, ...]], b: list[tuple[Any, ...]], c: list[tuple[Any, ...]]
) -> None:
    parts = [build(a, "a"), build(b, "b"), build(c, "c")]
    x, y, z = (summary_of(*part) for part in parts)
    whole = to_json(summary_of(*(row for part in parts for row in part)))
    assert to_json(merge(merge(x, y), z)) == whole
    assert to_json(merge(x, merge(y, z))) == whole
    assert to_json(merge(z, merge(y, x))) == whole
    assert merge(x, empty(BOUNDS, 1)) == x


@settings(max_examples=40)
@given(ROWS)
def test_json_gives_the_same_summary_back(specification: list[tuple[Any, ...]]) -> None:
    found = summary_of(*build(specification))
    assert from_json(to_json(found)) == found


def test_sites_of_a_large_build_are_a_bounded_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "HOST_SAMPLE", 5)
    monkeypatch.setattr(summary, "HOST_SAMPLE", 5)
    parts = [summary_of(*(kept(f"{part}-{number}") for number in range(8))) for part in range(3)]
    forward = functools.reduce(merge, parts)
    backward = functools.reduce(merge, parts[::-1])
    assert len(forward.hosts) == 5
    assert forward.hosts == backward.hosts
    assert set(forward.hosts.values()) == {("example.org", True)}


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://www.Example.org:8080/a?b#c", "example.org"),
        ("http://user:secret@example.org", "example.org"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]"),
        ("http://[broken", "[broken]"),
        ("https://a.org?x=https://b.org", "a.org"),
        ("no scheme", ""),
        ("", ""),
    ],
)
def test_hosts_of_odd_uris(uri: str, host: str) -> None:
    assert host_of(uri) == host


@pytest.mark.parametrize(
    "bounds", [(50.0, 100_000.0), (3.0, 10.0), (2.0, None), (None, 0.3), (0.12, None), (None, 0.0), (-5.0, None)]
)
def test_thresholds_are_edges_and_values_on_them_fall_where_they_pass(
    bounds: tuple[float | None, float | None],
) -> None:
    bins = bins_for(*bounds)
    minimum, _ = bounds
    assert list(bins.edges) == sorted(set(bins.edges))
    for bound in bounds:
        if bound is not None:
            edge = bins.edges.index(bound)
            place = int(bins.place(pa.array([bound]).to_numpy())[0])
            assert place == (edge + 1 if bound == minimum else edge if minimum is None else edge + 1)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_any_thresholds_give_few_increasing_edges(minimum: float, maximum: float | None) -> None:
    edges = bins_for(minimum, maximum).edges
    assert 2 <= len(edges) <= 110
    assert all(a < b for a, b in itertools.pairwise(edges))
