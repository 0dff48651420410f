import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.dedup.choose import KeepConfig
from curation.dedup.config import MinHashConfig
from curation.dedup.keys import KEY
from pipelines.recipe import DedupConfig
from pipelines.releases import parse_reference, reference
from pipelines.stages.earlier import FILTER, filter_bits
from pipelines.stages.hash_filter import PIECE_BITS, Filter, WritePiece, positions
from pipelines.stages.held import MATCH, PAIR, held_copies, match_table
from pipelines.stages.index import plan_index
from pipelines.stages.pairs import as_binary
from pipelines.stages.signatures import bands_of, exact_of, signature_table, sketches_of


class TestFilter:
    def made(self, folder: Path, hashes: dict[int, Any], bits: int) -> Filter:
        for piece in range(max(1, bits // PIECE_BITS)):
            blocks = []
            for level, values in hashes.items():
                places = np.unique(positions(level, values, bits))
                inside = places[places // PIECE_BITS == piece] % PIECE_BITS
                blocks.append(inside.astype("<u4").tobytes())
            list(WritePiece(str(folder), FILTER).process((piece, blocks)))
        return Filter(str(folder), FILTER, bits)

    @pytest.mark.parametrize("bits", [1 << 14, 1 << 25])
    def test_it_has_all_that_was_put_in_and_little_else(self, bits: int, tmp_path: Path) -> None:
        random = np.random.default_rng(1)
        own = {level: random.integers(0, 1 << 64, 200, np.uint64) for level in (-2, -1, 0, 1)}
        found = self.made(tmp_path, own, bits)
        assert all(found.may_have(level, values).all() for level, values in own.items())
        others = random.integers(0, 1 << 64, 20_000, np.uint64)
        assert found.may_have(0, others).mean() < 0.03
        assert found.may_have(0, own[1]).mean() < 0.05  # the levels are told apart

    def test_its_size_follows_the_documents_up_to_a_bound(self) -> None:
        assert filter_bits(0, DedupConfig()) == 1 << 10
        assert filter_bits(1000, DedupConfig()) == 1 << 18  # 16 hashes of 16 bits each
        assert filter_bits(1000, DedupConfig(minhash=None)) == 1 << 15
        assert filter_bits(10**12, DedupConfig()) == 1 << 30


def packed(*rows: tuple[int, int, int, int, float]) -> Any:
    """(key, release, id, kind, similarity)."""
    pairs = np.zeros(len(rows), PAIR)
    for place, (key, release, identity, kind, similarity) in enumerate(rows):
        pairs[place] = (bytes([key]), 0, kind, similarity, release, bytes([identity]), 10, b"web", b"2026-05-01")
    return pairs


def matched(table: pa.Table) -> list[tuple[int, int, int, int]]:
    return [
        (row["key"][0], row["release"], int(row["id"][:2], 16), row["kind"]) for row in table.to_pylist()
    ]  # fmt: skip


class TestMatches:
    def test_the_strongest_kind_then_the_likest_then_the_first_release_comes_first(self) -> None:
        pairs = packed(
            (2, 0, 9, 2, 0.8), (1, 1, 5, 2, 0.9), (1, 0, 6, 2, 0.9), (1, 1, 7, 1, 1.0), (1, 0, 4, 2, 1.0),
            (1, 1, 7, 2, 1.0), (1, 0, 3, 2, 0.9),
        )  # fmt: skip
        expected = [(1, 1, 7, 1), (1, 0, 4, 2), (1, 0, 3, 2), (1, 0, 6, 2), (1, 1, 5, 2), (2, 0, 9, 2)]
        assert matched(match_table(pairs)) == expected
        assert matched(match_table(np.concatenate((pairs[::-1], pairs[:3])))) == expected

    def held(self, matches: pa.Table, order: tuple[str, ...], tokens: tuple[int, ...] = (20, 5)) -> Any:
        keys = np.array([bytes([1]), bytes([2])], KEY)
        documents = pa.table(
            {"key": as_binary(keys), "source": ["web", "web"], "tokens": list(tokens), "date": ["2026", ""]}
        )
        return held_copies(matches, documents, ["a@1", "b@2"], KeepConfig.model_validate({"order": order}))

    def test_the_best_match_is_named(self) -> None:
        held = self.held(match_table(packed((1, 1, 7, 1, 1.0), (1, 0, 4, 2, 0.9))), ("source",))
        assert held.names == ["b@2#07" + "0" * 30, None]
        assert (held.rules, held.similarity) == (["earlier.exact", None], [1.0, None])

    def test_a_document_that_beats_the_earlier_one_is_not_held(self) -> None:
        matches = match_table(packed((1, 0, 4, 2, 0.9), (2, 0, 4, 2, 0.9)))
        assert self.held(matches, ("longest", "earlier")).rules == [None, "earlier.near"]
        assert self.held(matches, ("shortest", "earlier")).rules == ["earlier.near", None]
        assert self.held(matches, ("longest",)).rules == ["earlier.near", "earlier.near"]

    def test_one_record_met_again_never_beats_itself(self) -> None:
        held = self.held(match_table(packed((1, 0, 1, 0, 1.0))), ("longest", "earlier"))
        assert held.rules == ["earlier.same_record", None]

    def test_no_matches_hold_nothing(self) -> None:
        assert self.held(MATCH.empty_table(), ("source",)).names == [None, None]


class TestSignatures:
    def test_texts_without_a_signature_are_null_and_the_others_come_back(self) -> None:
        config = MinHashConfig(num_perm=128)
        exact = np.array([[1, 2], [3, 1 << 63]], np.uint64)
        bands = np.arange(14, dtype=np.uint64).reshape(1, 14) * np.uint64(0x1000_0000_0000_0F01)
        sketches = np.arange(128, dtype=np.uint8).reshape(1, 128)
        rows = {"key": [bytes(16), bytes([1] * 16)], "id": ["0" * 32, "1" * 32]}
        table = signature_table(rows, exact, (np.array([False, True]), bands, sketches), config)
        assert table["sketch"].is_valid().to_pylist() == table["bands"].is_valid().to_pylist() == [False, True]
        assert table["exact"][0].as_py().hex() == "0" * 15 + "1" + "0" * 15 + "2"
        assert (exact_of(table) == exact).all()
        present = table.filter(table["sketch"].is_valid())
        assert (bands_of(present) == bands % 2**32).all() and (sketches_of(present) == sketches).all()


@given(st.integers(0, 10**9))
def test_index_files_cover_every_id_once(documents: int) -> None:
    ranges = plan_index(documents)
    assert (ranges[0][0], ranges[-1][1]) == ("0" * 32, "f" * 32)
    for (_, last), (first, _) in itertools.pairwise(ranges):
        assert int(first, 16) == int(last, 16) + 1
    assert len(ranges) == max(1, -(-documents // 500_000))


def test_a_reference_names_release_and_document() -> None:
    assert parse_reference(reference("crawl@2026.1", "0a" * 16)) == ("crawl", "2026.1", "0a" * 16)
    assert parse_reference("0a" * 16) is None
    assert parse_reference(None) is None
