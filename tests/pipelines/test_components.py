"""Clusters of pairs that one worker connects, and of pairs that it does not: the same files."""

from __future__ import annotations

import functools
import itertools
import json
import random
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.dedup.keys import KEY
from manifests.errors import JobError
from pipelines import connect
from pipelines.build import Build
from pipelines.connect import connect_pairs
from pipelines.parts import write_table
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.records import remove_tree
from pipelines.runner import make_options, run_pipeline, write_json_lines
from pipelines.stages import clusters, dedup, stars
from pipelines.stages.clusters import (
    Plan,
    WriteGraph,
    as_table,
    cluster_facts,
    cluster_table,
    facts_of,
    member_rows,
    merged_facts,
    partial_sizes,
    read_clusters,
    read_members,
)
from pipelines.stages.pairs import PAIR, WritePairs
from tests.pipelines.test_dedup_verify import family, kept, write_texts
from tests.pipelines.tiny import prose

Edges = list[tuple[int, int, float, bool]]


def key(number: int) -> bytes:
    """Spread over the ranges and the partitions, and some end in NUL bytes."""
    return ((number * 0x9E3779B97F4A7C15) % (1 << 64)).to_bytes(8, "big") + (number % 7).to_bytes(8, "little")


def pair_rows(edges: Edges) -> Any:
    ordered = [(*sorted((key(a), key(b))), similarity, exact) for a, b, similarity, exact in edges]
    return np.array(ordered, PAIR)


def run(workers: int = 1, *options: str) -> stars.Run:
    return functools.partial(run_pipeline, make_options(options, workers), stage="dedup")


def connected(
    work: Path, pairs: Any, plan: Plan, nodes: int, blocks: int = 3, runs: stars.Run | None = None
) -> dict[str, bytes]:
    """Every file of the clusters that the pairs make, by path; the documents lie in three parts."""
    remove_tree(str(work))
    orders = []
    for part in range(3):
        columns = {"key": pa.array([key(n) for n in range(part, nodes, 3)], pa.binary(16))}
        write_table(f"{work}/in/{part}.parquet", pa.table(columns))
        orders.append({"documents": f"in/{part}.parquet", "part": part})
    tasks = f"{work}/orders.jsonl"
    write_json_lines(tasks, orders)
    packed = [pairs[place::blocks].tobytes() for place in range(blocks)]

    def build(pipeline: beam.Pipeline) -> None:
        counts = pipeline | beam.Create(packed) | WritePairs(str(work), dedup.PAIRS, plan.partitions)
        _ = counts | "Graph" >> WriteGraph(str(work), tasks, dedup.PAIRS, plan)

    runs = runs or run()
    runs(build)
    connect_pairs(runs, str(work), tasks, plan)
    found = [*(work / clusters.CLUSTERS).rglob("*"), *(work / clusters.MEMBERS).rglob("*"), work / clusters.SIZES]
    return {str(path.relative_to(work)): path.read_bytes() for path in found if path.is_file()}


def random_edges(seed: int, nodes: int, count: int) -> Edges:
    generator = random.Random(seed)
    return [
        (generator.randrange(nodes), generator.randrange(nodes), generator.choice([0.75, 0.875, 1.0]),
         generator.random() < 0.3)
        for _ in range(count)
    ]  # fmt: skip


class TestBothWays:
    @settings(deadline=None, max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.tuples(st.integers(0, 29), st.integers(0, 29), st.sampled_from([0.75, 1.0]), st.booleans()), max_size=40
        )
    )
    def test_contraction_and_union_find_write_the_same_bytes(self, tmp_path: Path, edges: Edges) -> None:
        pairs = pair_rows(edges)
        few = connected(tmp_path / "few", pairs, Plan(3, 4), 30)
        many = connected(tmp_path / "many", pairs[::-1], Plan(3, 4, 0), 30, blocks=2)
        assert few == many
        assert read_clusters(str(tmp_path / "many")).equals(cluster_table(pairs))
        assert json.loads(few[clusters.SIZES]) == cluster_facts(cluster_table(pairs))

    def test_parts_hold_their_own_members_and_no_others(self, tmp_path: Path) -> None:
        pairs = pair_rows([(0, 1, 1.0, True), (1, 2, 0.75, False), (5, 9, 0.75, False)])
        connected(tmp_path / "work", pairs, Plan(2, 4, 0), 12)
        expected = {row["key"]: row for row in cluster_table(pairs).to_pylist()}
        found = [read_members(str(tmp_path / "work"), part).to_pylist() for part in range(4)]
        parts = [{0, 9}, {1}, {2, 5}, set()]
        assert [{row["key"] for row in rows} for rows in found] == [{key(n) for n in part} for part in parts]
        assert all(row == expected[row["key"]] for rows in found for row in rows)

    @pytest.mark.parametrize(
        "shape", ["chain", *(pytest.param(shape, marks=pytest.mark.slow) for shape in ("star", "cliques"))]
    )
    def test_large_shapes(self, tmp_path: Path, shape: str) -> None:
        edges: Edges = {
            "chain": [(n, n + 1, 0.75, False) for n in range(400)],
            "star": [(399, n, 0.75, n % 2 == 0) for n in range(399)] * 2,
            "cliques": [(n - n % 30 + a, n, 1.0, True) for n in range(300) for a in range(30)],
        }[shape]
        pairs = pair_rows(edges)
        few = connected(tmp_path / "few", pairs, Plan(2, 2), 401)
        assert connected(tmp_path / "many", pairs, Plan(3, 2, 100), 401) == few

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "workers", [run(2), run(7, "--direct_running_mode=multi_threading", "--direct_num_workers=7")], ids=["2", "7"]
    )
    def test_workers_change_no_byte(self, tmp_path: Path, workers: stars.Run) -> None:
        pairs = pair_rows(random_edges(5, 20_000, 8_000))
        one = connected(tmp_path / "one", pairs, Plan(4, 3, 0), 20_000)
        shuffled = pairs[np.random.default_rng(1).permutation(len(pairs))]
        assert connected(tmp_path / "more", shuffled, Plan(4, 3, 0), 20_000, 9, workers) == one

    @pytest.mark.slow
    @pytest.mark.parametrize("shuffled", [False, True])
    def test_a_chain_of_100_000(self, tmp_path: Path, shuffled: bool) -> None:
        numbers = list(range(100_001))
        if shuffled:
            random.Random(3).shuffle(numbers)
        pairs = pair_rows([(a, b, 0.75, False) for a, b in itertools.pairwise(numbers)])
        few = connected(tmp_path / "few", pairs, Plan(2, 2), 100_001)
        assert json.loads(few[clusters.SIZES])["sizes"] == {"100001": 1}
        assert connected(tmp_path / "many", pairs, Plan(4, 2, 0), 100_001) == few


class TestRounds:
    def test_rounds_are_bounded_by_the_square_of_the_logarithm(self) -> None:
        assert [stars.most_rounds(edges) for edges in (0, 1_000, 10**9)] == [16, 144, 1_024]

    def test_rounds_that_do_not_end_stop_the_build(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stars, "most_rounds", lambda edges: 1)
        with pytest.raises(JobError, match="not found in 1 rounds"):
            connected(tmp_path, pair_rows([(n, n + 1, 0.75, False) for n in range(99)]), Plan(2, 1, 0), 100)

    def test_edges_of_earlier_rounds_are_not_kept(self, tmp_path: Path) -> None:
        connected(tmp_path, pair_rows([(n, n + 1, 0.75, False) for n in range(99)]), Plan(2, 1, 0), 100)
        assert len(list((tmp_path / connect.STARS).glob("round-*"))) == 2  # the last changed nothing


def test_sizes_add_up_over_any_split_of_the_members() -> None:
    rows = member_rows(pair_rows(random_edges(7, 200, 150)))
    expected = cluster_facts(as_table(rows))
    parts = [partial_sizes(rows[place : place + 30]) for place in range(0, len(rows), 30)]
    assert facts_of(np.concatenate(parts)) == expected
    codes = np.unique(rows["component"], return_inverse=True)[1] % 3
    assert merged_facts([facts_of(partial_sizes(rows[codes == n])) for n in range(3)]) == expected
    assert merged_facts([]) == {"sizes": {}, "largest": []}


def build(out: Path, archives: list[Path], verify: str, workers: int = 1) -> None:
    inputs = {"archives": [str(path) for path in archives]}
    dedup_keys = {"minhash": {"verify": verify, "threshold": 0.8}}
    recipe = Recipe.model_validate({"inputs": inputs, "language": {"keep": []}, "dedup": dedup_keys})
    Build(recipe, str(out), make_options([], workers), Progress(quiet=True)).run()


@pytest.mark.parametrize("verify", ["signature", "jaccard"])
def test_a_build_keeps_the_same_documents_whichever_way_it_connects_them(
    verify: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {**family(range(5)), "copy": prose(0, 40), "copy-2": prose(0, 40)}
    archive = write_texts(tmp_path / "a.warc", texts)
    build(tmp_path / "few", [archive], verify)
    names = list(texts)
    random.Random(2).shuffle(names)
    halves = [write_texts(tmp_path / f"{n}.warc", {name: texts[name] for name in names[n::2]}) for n in (0, 1)]
    monkeypatch.setattr(dedup, "plan_for", lambda documents: Plan(3, 2, 0))
    build(tmp_path / "many", halves, verify)
    assert kept(tmp_path / "many") == kept(tmp_path / "few")
    assert 5 <= len(kept(tmp_path / "few")) < 30
    facts = [json.loads((tmp_path / out / ".work" / clusters.SIZES).read_bytes())["sizes"] for out in ("few", "many")]
    assert facts[0] == facts[1]
    if verify == "jaccard":
        recall = [(tmp_path / out / ".work/dedup/recall.json").read_bytes() for out in ("few", "many")]
        assert recall[0] == recall[1]


def test_keys_here_are_distinct() -> None:
    assert len({key(n) for n in range(100_001)}) == 100_001
    assert KEY.itemsize == len(key(5))
