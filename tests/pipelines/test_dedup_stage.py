import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.buckets import Pairs
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import KEY
from curation.documents import document_key, record_id
from pipelines.parts import write_table
from pipelines.recipe import DedupConfig
from pipelines.stages.clusters import cluster_facts, cluster_table
from pipelines.stages.dedup import (
    EXACT_LEVEL,
    RECORD_LEVEL,
    SendSketches,
    SharedBuckets,
    SignPart,
    VerifyBuckets,
    pack,
    partitions_for,
    unpack,
)
from pipelines.stages.pairs import PAIR, as_binary, pack_pairs, unpack_pairs
from tests.benchmarks import generated_copies as generated
from tests.benchmarks.generated_copies import VOCABULARY
from tests.pipelines.tiny import prose

SIGNED = MinHashConfig(verify="signature")  # so that this stage alone ends with pairs
BIGCODE = MinHashConfig(preset="bigcode", verify="signature")
NOTHING = DedupConfig(exact=False, minhash=None)
EXACT = DedupConfig(minhash=None)
NEAR = DedupConfig(exact=False, minhash=SIGNED)
BOTH = DedupConfig(minhash=SIGNED)

Row = tuple[int, int, str]


def key(number: int) -> bytes:
    return bytes([number]) + bytes(15)


def sign(
    folder: Path, config: DedupConfig, partitions: int, parts: list[list[Row]], sources: Sequence[str] = ()
) -> dict[tuple[int, int], list[bytes]]:
    """What the documents (key, id, text) of some parts (of the web, unless told) send to each (level, partition)."""
    shuffled = defaultdict(list)
    orders = [
        {"documents": f"in/{index}.parquet", "part": index, "source": sources[index] if sources else "web"}
        for index in range(len(parts))
    ]
    for index, rows in enumerate(parts):
        columns = {"key": [key(n) for n, _, _ in rows], "id": [f"{i:032x}" for _, i, _ in rows]}
        schema = pa.schema([("key", pa.binary(16)), ("id", pa.string()), ("text", pa.string())])
        write_table(f"{folder}/in/{index}.parquet", pa.table({**columns, "text": [t for _, _, t in rows]}, schema))
        for place, block in SignPart(str(folder), config, partitions).process(orders[index]):
            shuffled[place].append(block)
    (folder / "orders.jsonl").write_text("".join(f"{json.dumps(order)}\n" for order in orders))
    return shuffled


def in_any_order(grouped: dict[Any, list[bytes]], generator: random.Random) -> list[tuple[Any, list[bytes]]]:
    """Groups and what is in them, as a runner may hand them out."""
    groups = list(grouped.items())
    generator.shuffle(groups)
    for _, blocks in groups:
        generator.shuffle(blocks)
    return groups


def clusters(
    folder: Path, shuffled: dict[tuple[int, int], list[bytes]], config: DedupConfig, seed: int = 0, partitions: int = 1
) -> list[tuple[int, int, int]]:
    """(key, component, exact) of every member, with everything that a runner may reorder in another order."""
    generator = random.Random(seed)
    blocks: list[bytes] = []
    wanted = defaultdict(list)
    for place, here in in_any_order(shuffled, generator):
        for found in SharedBuckets().process((place, here)):
            if isinstance(found, tuple):
                wanted[found[0]].append(found[1])
            else:
                blocks.append(found.value)
    send = SendSketches(str(folder), str(folder / "orders.jsonl"), config, partitions)
    send.setup()
    sketches = defaultdict(list)
    for part, here in in_any_order(wanted, generator):
        for place, block in send.process((part, here)):
            sketches[place].append(block)
    for place, here in in_any_order(sketches, generator):
        blocks += VerifyBuckets(config).process((place, here))
    generator.shuffle(blocks)
    pairs = np.concatenate([np.empty(0, PAIR), *(np.frombuffer(block, PAIR) for block in blocks)])
    rows = cluster_table(pairs).to_pylist()
    return [(row["key"][0], row["component"][0], row["exact"][0]) for row in rows]


class TestStage:
    def test_texts_that_differ_in_white_space_only_are_exact_copies(self, tmp_path: Path) -> None:
        parts: list[list[Row]] = [[(1, 1, "one two\nthree"), (2, 2, "other")], [(3, 3, "one  two three\n")]]
        assert clusters(tmp_path, sign(tmp_path, EXACT, 1, parts), EXACT) == [(1, 1, 1), (3, 1, 1)]

    def test_a_changed_line_makes_a_near_copy(self, tmp_path: Path) -> None:
        text = prose(1, 60)
        parts: list[list[Row]] = [[(1, 1, text), (2, 2, f"{text}\nOne line more.")], [(3, 3, prose(5, 60))]]
        assert clusters(tmp_path, sign(tmp_path, NEAR, 1, parts), NEAR) == [(1, 1, 1), (2, 1, 2)]

    def test_one_record_met_twice_is_a_copy_even_where_none_are_looked_for(self, tmp_path: Path) -> None:
        parts: list[list[Row]] = [[(1, 9, "same"), (2, 8, "same")], [(3, 9, "same")]]
        assert [row[:2] for row in clusters(tmp_path, sign(tmp_path, NOTHING, 1, parts), NOTHING)] == [(1, 1), (3, 1)]

    def test_a_source_s_rule_finds_its_copies_and_never_meets_another_s(self, tmp_path: Path) -> None:
        text, changed = prose(1, 60), f"{prose(1, 60)}\nOne line more."
        parts: list[list[Row]] = [[(1, 1, text), (2, 2, changed)], [(3, 3, text), (4, 4, changed)]]
        sources = ["web", "code"]
        assert clusters(tmp_path / "a", sign(tmp_path / "a", NEAR, 2, parts, sources), NEAR, 0, 2) == [
            (1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 4),
        ]  # fmt: skip
        two = DedupConfig(exact=False, minhash=SIGNED, minhash_by_source={"code": BIGCODE})
        assert clusters(tmp_path / "b", sign(tmp_path / "b", two, 2, parts, sources), two, 0, 2) == [
            (1, 1, 1), (2, 1, 2), (3, 3, 3), (4, 3, 4),
        ]  # fmt: skip
        none = DedupConfig(exact=False, minhash=SIGNED, minhash_by_source={"code": None})
        found = clusters(tmp_path / "c", sign(tmp_path / "c", none, 2, parts, sources), none, 0, 2)
        assert found == [(1, 1, 1), (2, 1, 2)]

    def test_a_text_whose_equal_has_another_rule_still_finds_the_copies_of_its_own(self, tmp_path: Path) -> None:
        text, changed = prose(1, 60), f"{prose(1, 60)}\nOne line more."
        parts: list[list[Row]] = [[(1, 1, text)], [(2, 2, text), (3, 3, changed)]]
        two = DedupConfig(minhash=SIGNED, minhash_by_source={"code": BIGCODE})
        found = clusters(tmp_path, sign(tmp_path, two, 1, parts, ["web", "code"]), two)
        assert found == [(1, 1, 1), (2, 1, 1), (3, 1, 3)]

    def test_small_files_that_share_a_licence_notice_are_copies_only_where_it_counts(self, tmp_path: Path) -> None:
        notice = "".join(f"// {line}\n" for line in ["Copyright A", *prose(1, 12).split("\n")])
        parts: list[list[Row]] = [
            [(n, n, f"{notice}\npackage {name}\n\nfunc {name}(step int) int {{ return {name}[step] }}\n")
             for n, name in enumerate(["tides", "boats"], 1)]
        ]  # fmt: skip
        found = {}
        for counts in (True, False):
            rule = MinHashConfig(preset="bigcode", license_header=counts, verify="signature")
            config = DedupConfig(minhash=rule)
            folder = tmp_path / str(counts)
            found[counts] = clusters(folder, sign(folder, config, 1, parts), config)
        assert found == {True: [(1, 1, 1), (2, 1, 2)], False: []}

    @pytest.mark.parametrize("config", [NOTHING, EXACT, NEAR, BOTH])
    def test_partitions_and_the_order_of_what_is_shuffled_change_nothing(
        self, config: DedupConfig, tmp_path: Path
    ) -> None:
        rows: list[Row] = []
        for number in range(1, 40):
            text = prose(number // 4, 30)
            rows.append((number, number // 2, f"{text}\nOne line more." if number % 3 == 0 else text))
        parts = [rows[:13], rows[13:14], rows[14:]]
        found = clusters(tmp_path, sign(tmp_path, config, 1, parts), config)
        assert len(found) > 10
        assert clusters(tmp_path, sign(tmp_path, config, 5, parts[::-1]), config, 1, 5) == found
        assert clusters(tmp_path, sign(tmp_path, config, 3, [rows]), config, 2, 3) == found

    def test_texts_too_short_for_a_signature_are_no_near_copies(self, tmp_path: Path) -> None:
        parts: list[list[Row]] = [[(1, 1, ""), (2, 2, ""), (3, 3, "a"), (4, 4, "a")]]
        found = sign(tmp_path, NEAR, 1, parts)
        assert {level for level, _ in found} <= {RECORD_LEVEL, *range(MinHashConfig().bands_rows[0])}
        assert clusters(tmp_path, found, NEAR) == []

    def test_levels_are_those_that_the_recipe_asks_for(self, tmp_path: Path) -> None:
        parts: list[list[Row]] = [[(1, 1, prose(1))]]
        assert {level for level, _ in sign(tmp_path, NOTHING, 1, parts)} == {RECORD_LEVEL}
        assert {level for level, _ in sign(tmp_path, EXACT, 1, parts)} == {RECORD_LEVEL, EXACT_LEVEL}

    def test_the_number_of_partitions_follows_from_the_documents(self) -> None:
        assert [partitions_for(n) for n in (0, 1, 250_000, 250_001, 1_000_000)] == [1, 1, 1, 2, 4]


keys = st.binary(min_size=16, max_size=16)


class TestPacking:
    @given(
        st.lists(st.tuples(st.integers(0, 2**64 - 1), keys, st.binary(min_size=3, max_size=3)), min_size=1), st.data()
    )
    def test_entries_come_back_as_they_were_packed(
        self, rows: list[tuple[int, bytes, bytes]], data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(0, len(rows)))
        hashes = np.array([row[0] for row in rows], np.uint64)
        identities = np.frombuffer(b"".join(row[1] for row in rows), KEY)
        payload = np.frombuffer(b"".join(row[2] for row in rows), np.uint8).reshape(-1, 3)
        blocks = [pack(hashes[part], identities[part], payload[part]) for part in (slice(cut), slice(cut, None))]
        found = unpack(blocks)
        assert found["hash"].tolist() == hashes.tolist()
        assert found["key"].tobytes() == identities.tobytes()
        assert found["payload"].tolist() == payload.tolist()

    @given(st.lists(keys))
    def test_keys_keep_their_trailing_nul_bytes_in_arrow(self, values: list[bytes]) -> None:
        assert as_binary(np.frombuffer(b"".join(values), KEY)).to_pylist() == values

    def test_pairs_say_whether_they_are_exact(self) -> None:
        pairs = Pairs(np.array([key(1)], KEY), np.array([key(2)], KEY), np.array([0.5], np.float32))
        (row,) = np.frombuffer(pack_pairs(pairs, exact=True), PAIR)
        assert (row["left"], row["right"], row["similarity"], row["exact"]) == (b"\x01", b"\x02", 0.5, True)


edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.5, 0.75, 1.0]), st.booleans()))


class TestClusterTable:
    @given(edges, st.randoms(use_true_random=False))
    def test_the_order_direction_and_repetition_of_pairs_change_nothing(
        self, found: list[tuple[int, int, float, bool]], generator: random.Random
    ) -> None:
        rows = [(key(a), key(b), similarity, exact) for a, b, similarity, exact in found]
        other = [(b, a, similarity, exact) if generator.random() < 0.5 else (a, b, similarity, exact)
                 for a, b, similarity, exact in rows + rows[:2]]  # fmt: skip
        generator.shuffle(other)
        assert cluster_table(np.array(rows, PAIR)).equals(cluster_table(np.array(other, PAIR)))

    def test_a_member_has_the_similarity_of_its_nearest_copy_and_the_smallest_key_of_its_text(self) -> None:
        rows = [(key(3), key(5), 0.75, False), (key(5), key(8), 1.0, True), (key(2), key(3), 0.5, False)]
        assert [
            (row["key"][0], row["component"][0], row["exact"][0], row["similarity"])
            for row in cluster_table(np.array(rows, PAIR)).to_pylist()
        ] == [(2, 2, 2, 0.5), (3, 2, 3, 0.75), (5, 2, 5, 1.0), (8, 2, 5, 1.0)]

    def test_no_pairs_are_no_rows(self) -> None:
        assert cluster_table(np.empty(0, PAIR)).num_rows == 0


@pytest.mark.slow
class TestLargeInputs:
    """`curation.dedup.buckets` says what is compared in a large bucket; here is what comes out of the whole stage."""

    def rows(self, texts: list[str]) -> list[tuple[bytes, str, str]]:
        return [(document_key(record_id(str(n)), "a"), record_id(str(n)), text) for n, text in enumerate(texts)]

    def found(self, folder: Path, config: DedupConfig, texts: list[str]) -> tuple[dict[str, int], int]:
        """Clusters by size, and the bytes of sketches that were sent."""
        rows = sorted(self.rows(texts))
        schema = pa.schema([("key", pa.binary(16)), ("id", pa.string()), ("text", pa.string())])
        columns = dict(zip(schema.names, map(list, zip(*rows, strict=True)), strict=True))
        write_table(f"{folder}/in/0.parquet", pa.table(columns, schema))
        task = {"documents": "in/0.parquet", "part": 0, "source": "web"}
        (folder / "orders.jsonl").write_text(f"{json.dumps(task)}\n")
        shuffled = defaultdict(list)
        for place, block in SignPart(str(folder), config, 1).process(task):
            shuffled[place].append(block)
        blocks: list[bytes] = []
        wanted: list[bytes] = []
        for place, here in shuffled.items():
            for one in SharedBuckets().process((place, here)):
                (wanted if isinstance(one, tuple) else blocks).append(one[1] if isinstance(one, tuple) else one.value)
        send = SendSketches(str(folder), str(folder / "orders.jsonl"), config, 1)
        send.setup()
        sent = list(send.process((0, wanted))) if wanted else []
        for place, block in sent:
            blocks += VerifyBuckets(config).process((place, [block]))
        return cluster_facts(cluster_table(unpack_pairs(blocks)))["sizes"], sum(len(block) for _, block in sent)

    def test_200_000_equal_documents_are_one_cluster_and_send_no_sketch_where_exact_is_on(self, tmp_path: Path) -> None:
        assert self.found(tmp_path, BOTH, [prose(3, 8)] * 200_000) == ({"200000": 1}, 14 * 156)

    def test_200_000_equal_documents_are_one_cluster_where_exact_is_off(self, tmp_path: Path) -> None:
        assert self.found(tmp_path, NEAR, [prose(3, 8)] * 200_000)[0] == {"200000": 1}

    @pytest.mark.parametrize("boilerplate", [50, 100])
    def test_boilerplate_that_50_000_pages_share_joins_none_of_them(self, boilerplate: int, tmp_path: Path) -> None:
        shared = " ".join(VOCABULARY[:boilerplate])
        texts = [f"{shared} {generated.text(100 * n + 99)[:600]}" for n in range(50_000)]
        assert self.found(tmp_path, BOTH, texts)[0] == {}

    def test_empty_and_one_word_texts_are_copies_of_equal_ones_alone(self, tmp_path: Path) -> None:
        texts = [""] * 30_000 + ["word"] * 20_000 + [VOCABULARY[n] for n in range(50_000)]
        assert self.found(tmp_path, BOTH, texts) == ({"20000": 1, "30000": 1}, 0)
        assert self.found(tmp_path, NEAR, texts) == ({}, 0)
