from __future__ import annotations

import numpy as np
import pytest

from curation.extraction.choose import choose


def chosen(probabilities: list[float], sizes: list[float]) -> list[bool]:
    return choose(np.array(probabilities, np.float32), np.array(sizes, np.float64)).tolist()


@pytest.mark.parametrize(
    ("probabilities", "sizes", "expected"),
    [
        ([0.9, 0.1, 0.8], [100, 50, 100], [True, False, True]),
        # Where nothing is sure, leaving out costs more than taking.
        ([0.4, 0.38, 0.05], [100, 100, 100], [True, True, False]),
        # The same doubtful block is left out beside much that is sure.
        ([1.0, 0.38, 0.05], [1000, 100, 100], [True, False, False]),
        ([0.3], [5], [True]),
        ([0.1, 0.14], [500, 20], [False, False]),
        ([], [], []),
        ([0.5, 0.5], [1, 1], [True, True]),
    ],
)
def test_blocks_are_taken_for_the_best_expected_f1(
    probabilities: list[float], sizes: list[float], expected: list[bool]
) -> None:
    assert chosen(probabilities, sizes) == expected
