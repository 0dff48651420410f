"""`verify: jaccard` from texts to clusters, and the limits that stop a build."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.keys import KEY
from curation.dedup.shingles import shingle_set
from curation.dedup.verify import jaccard_similarities
from manifests.errors import JobError, UsageError
from pipelines.build import Build
from pipelines.copy_limits import check_shares, check_signals
from pipelines.progress import Progress
from pipelines.recipe import DedupLimits, Recipe
from pipelines.records import Completion
from pipelines.report import write_report
from pipelines.runner import make_options
from pipelines.stages.clusters import cluster_facts, cluster_table, read_clusters
from pipelines.stages.pairs import PAIR, counted_pairs, joined_pairs
from pipelines.stages.verify import distinct_sets, pack_sets, unpack_sets
from tests.pipelines.test_dedup_stage import key
from tests.pipelines.tiny import make, prose, response

JACCARD = {"minhash": {"verify": "jaccard", "threshold": 0.8}}


def write_texts(path: Path, texts: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(response(f"https://example.org/{name}", text) for name, text in texts.items()))
    return path


def changed(seed: int, lines: int) -> str:
    """Prose of which so many of 40 lines are another's."""
    return "\n".join(prose(seed, 40).split("\n")[lines:] + prose(seed + 500, 40).split("\n")[:lines])


def family(seeds: range) -> dict[str, str]:
    """A text for each seed, and copies of it at falling similarity, above 0.8 and below."""
    return {f"{seed}-{lines}": changed(seed, lines) for seed in seeds for lines in (0, 1, 2, 3, 4, 5, 6, 8)}


def rows(out: Path, folder: str) -> list[dict[str, Any]]:
    return list(ds.dataset(out / folder, format="parquet").to_table().to_pylist())


def kept(out: Path) -> list[str]:
    return sorted(row["id"] for row in rows(out, "shards"))


class TestBuild:
    @pytest.fixture(scope="class")
    def texts(self) -> dict[str, str]:
        return {**family(range(12)), "copy": changed(0, 0), "copy-2": changed(0, 0), "other": prose(900, 40)}

    @pytest.fixture(scope="class")
    def out(self, texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("verify")
        make(folder / "out", [write_texts(folder / "a.warc", texts)], dedup=JACCARD)
        return folder / "out"

    def test_every_near_copy_is_truly_as_similar_as_the_recipe_asks(self, texts: dict[str, str], out: Path) -> None:
        near = [row for row in rows(out, "rejected") if row["rule"] == "near"]
        assert len(near) >= 12 and all(0.8 <= row["value"] <= 1.0 for row in near)
        names = list(texts)
        sets = [shingle_set(texts[name]) for name in names]
        for row in near:
            place = names.index(row["uri"].rpartition("/")[2])
            others = np.array([n for n in range(len(sets)) if n != place])
            true = jaccard_similarities(sets, np.full(len(others), place), others)
            assert row["value"] == pytest.approx(float(true.max()), abs=1e-6)

    def test_recall_and_differences_are_in_the_report_and_it_can_be_drawn_again(self, out: Path) -> None:
        recall = json.loads((out / ".work/dedup/recall.json").read_bytes())
        assert set(recall) == {"0 pairs", "0 similarity", "0 once", "0 hits"}
        page = (out / "report.html").read_text()
        assert 'class="curve"' in page and "<b>cluster sizes</b>" in page and "measured" in page
        assert "<del>" in page and "<ins>" in page
        write_report(str(out))
        assert (out / "report.html").read_text() == page

    def test_candidates_are_not_left_behind(self, out: Path) -> None:
        found = {path.name for path in (out / ".work/dedup").iterdir()}
        lists = {"orders.jsonl", "sure.jsonl", "signatures"}
        assert found == {"clusters", "members", "clusters.json", "recall.json", "completion.json"} | lists

    @pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_workers_and_the_order_of_documents_and_files_change_nothing(
        self, workers: int, texts: dict[str, str], out: Path, tmp_path: Path
    ) -> None:
        names = list(texts)
        random.Random(5).shuffle(names)
        archives = [
            write_texts(tmp_path / f"{part}.warc", {name: texts[name] for name in names[part::3]}) for part in range(3)
        ]
        inputs = {"archives": [str(path) for path in archives]}
        recipe = Recipe.model_validate({"inputs": inputs, "language": {"keep": []}, "dedup": JACCARD})
        Build(recipe, str(tmp_path / "out"), make_options([], workers), Progress(quiet=True)).run()
        assert kept(tmp_path / "out") == kept(out)

    def test_without_candidates_equal_texts_are_still_copies(self, tmp_path: Path) -> None:
        texts = {"a": prose(1), "b": prose(1), "c": prose(50)}
        make(tmp_path / "out", [write_texts(tmp_path / "a.warc", texts)], dedup=JACCARD)
        assert [row["rule"] for row in rows(tmp_path / "out", "rejected")] == ["exact"]
        make(tmp_path / "one", [write_texts(tmp_path / "b.warc", {"a": prose(1)})], dedup=JACCARD)
        assert read_clusters(str(tmp_path / "one/.work")).num_rows == 0


class TestLimits:
    def build(self, folder: Path, **dedup: Any) -> None:
        texts = {f"{n}": changed(3, n) for n in range(4)} | {f"same-{n}": prose(77) for n in range(5)}
        archive = write_texts(folder / "a.warc", texts)
        make(folder / "out", [archive], dedup=dedup)

    def test_a_cluster_of_too_many_texts_stops_the_build_and_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(JobError) as error:
            self.build(tmp_path, limits={"max_cluster": 3})
        message = str(error.value)
        assert "joins 4 different texts, more than dedup.limits.max_cluster allows (3)" in message
        assert "4 documents with 4 texts, among them https://example.org/" in message
        assert not (tmp_path / "out/manifest.json").exists()

    def test_a_source_that_is_mostly_copies_stops_the_build_even_when_all_else_is_done(self, tmp_path: Path) -> None:
        self.build(tmp_path, limits={"max_cluster": 4})  # the five that are equal count as one text
        digest = (tmp_path / "out/manifest.json").read_bytes()
        with pytest.raises(JobError, match=r"web: 7 of 9 documents that pass the rules \(77.8 %\): 4 exact, 3 near"):
            self.build(tmp_path, limits={"max_source_share": 0.7, "min_documents": 9})
        assert (tmp_path / "out/manifest.json").read_bytes() == digest


@pytest.mark.parametrize(("share", "least", "stops"), [(0.7, 9, True), (0.7, 10, False), (0.78, 1, False)])
def test_a_share_is_compared_from_so_many_documents_on(share: float, least: int, stops: bool) -> None:
    found = {"web": {"passed": 9, "copies": 7, "rules": {"near": 7}}, "code": {"passed": 0, "copies": 0, "rules": {}}}
    limits = DedupLimits(max_source_share=share, min_documents=least)
    with pytest.raises(JobError, match="web: 7 of 9") if stops else contextlib.nullcontext():
        check_shares(Completion("", (), {"copies": found}), limits)


class TestKeep:
    def test_a_stored_number_decides_which_copy_stays(self, tmp_path: Path) -> None:
        archive = write_texts(tmp_path / "a.warc", {"long": f"{prose(4)}\n\nOne line more.", "short": prose(4)})
        for order, stays in ((["highest:bytes"], "long"), (["lowest:bytes"], "short")):
            make(tmp_path / "out", [archive], dedup={"keep": {"order": order}})
            assert [row["uri"].rpartition("/")[2] for row in rows(tmp_path / "out", "shards")] == [stays]

    def test_a_number_that_no_document_has_is_refused_with_those_there_are(self, tmp_path: Path) -> None:
        archive = write_texts(tmp_path / "a.warc", {"a": prose(4)})
        with pytest.raises(UsageError, match=r"no document has a number called `clasifier`; those .* language_score"):
            make(tmp_path / "out", [archive], dedup={"keep": {"order": ["highest:clasifier"]}})

    def test_text_columns_are_no_numbers_and_no_parts_are_no_mistake(self) -> None:
        check_signals([["uri", "toxicity"], ["uri", "lines"]], ["toxicity", "lines", "link_votes"])
        check_signals([], ["anything"])
        with pytest.raises(UsageError, match="called `uri`"):
            check_signals([["uri", "toxicity"]], ["uri"])


keys = st.binary(min_size=16, max_size=16)


class TestSets:
    @given(st.lists(st.tuples(keys, st.sets(st.integers(0, 2**64 - 1), max_size=5)), max_size=8))
    def test_sets_come_back_as_they_were_packed(self, documents: list[tuple[bytes, set[int]]]) -> None:
        identities = np.frombuffer(b"".join(one for one, _ in documents), KEY)
        arrays = [np.array(sorted(values), np.uint64) for _, values in documents]
        rule, found, sets = unpack_sets(pack_sets(3, identities, arrays))
        assert rule == 3 and found.tobytes() == identities.tobytes()
        assert [one.tolist() for one in sets] == [one.tolist() for one in arrays]

    def test_equal_sets_are_held_once_and_keys_are_in_order(self) -> None:
        same, other = np.array([1, 2], np.uint64), np.array([2, 3], np.uint64)
        blocks = [
            pack_sets(0, np.array([key(9), key(2)], KEY), [same, other]),
            pack_sets(1, np.array([key(5)], KEY), [same]),
        ]
        found, sets = distinct_sets(blocks)
        assert found["key"].tolist() == [b"\x02", b"\x05", b"\x09"] and found["rule"].tolist() == [0, 1, 0]
        assert [sets[place].tolist() for place in found["set"]] == [[2, 3], [1, 2], [1, 2]]
        assert len(sets) == 2

    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
    def test_pairs_are_counted_in_order(self, found: list[tuple[int, int]]) -> None:
        rows = counted_pairs(np.array([(key(a), key(b), 0.5, False) for a, b in found], PAIR))
        expected = sorted((pair, found.count(pair)) for pair in set(found))
        assert rows.tolist() == [(key(a).rstrip(b"\0"), key(b).rstrip(b"\0"), n) for (a, b), n in expected]

    def test_a_pair_is_as_similar_as_any_band_said_and_exact_if_any_did(self) -> None:
        found = [(1, 2, 0.5, False), (3, 4, 1.0, True), (1, 2, 0.75, True), (1, 2, 0.5, False)]
        rows = joined_pairs(np.array([(key(a), key(b), similarity, exact) for a, b, similarity, exact in found], PAIR))
        assert rows.tolist() == [(b"\x01", b"\x02", 0.75, True), (b"\x03", b"\x04", 1.0, True)]
        assert len(joined_pairs(np.empty(0, PAIR))) == 0


def test_facts_count_texts_apart_from_documents() -> None:
    pair = [("left", KEY), ("right", KEY), ("similarity", "<f4"), ("exact", "?")]
    found = [(1, 2, False), (2, 3, True), (3, 4, True), (7, 8, True), (7, 9, True), (7, 10, True), (7, 11, True)]
    clusters = cluster_table(np.array([(key(a), key(b), 1.0, exact) for a, b, exact in found], pair))
    facts = cluster_facts(clusters)
    assert facts["sizes"] == {"4": 1, "5": 1}
    assert [(one["documents"], one["texts"]) for one in facts["largest"]] == [(4, 2), (5, 1)]
    assert facts["largest"][1]["members"] == [key(7).hex(), key(8).hex(), key(9).hex()]
    assert cluster_facts(clusters.slice(0, 0)) == {"sizes": {}, "largest": []}
