"""The documents of `python -m tests.benchmarks.deduplication` are as similar as it says."""

import numpy as np

from curation.dedup.shingles import shingle_set
from curation.dedup.verify import jaccard_similarities
from tests.benchmarks.generated_copies import CYCLE, family, parts, text, true_similarity


def test_planted_pairs_have_their_similarity_and_no_two_others_any_that_matters() -> None:
    sets = [shingle_set(text(number)) for number in range(3 * CYCLE)]
    kinds = [family(number) for number in range(3 * CYCLE)]
    left, right = np.triu_indices(len(sets), 1)
    similarity = dict(
        zip(zip(left.tolist(), right.tolist(), strict=True), jaccard_similarities(sets, left, right), strict=True)
    )
    for (a, b), found in similarity.items():
        if kinds[a][:2] != kinds[b][:2]:
            assert found < 0.3
        elif kinds[a].name == "giant":
            assert found > 0.85
        elif kinds[a].similarity is not None:
            expected = 1.0 if kinds[a].name == "equal" else true_similarity(kinds[a].similarity)
            assert abs(found - expected) < 0.02


def test_parts_hold_every_document_once_in_the_order_of_ids() -> None:
    tables = list(parts(250, 100))
    assert [table.num_rows for table in tables] == [84, 83, 83]
    assert all(table["id"].to_pylist() == sorted(table["id"].to_pylist()) for table in tables)
    assert len({one for table in tables for one in table["text"].to_pylist()}) == 250 - 15
