from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curation.extraction.forest import Forest, load_arrays, log_odds
from manifests.errors import UsageError

TREES = {
    "roots": np.array([0, 2]),
    "feature": np.array([1, 0, 0]),
    "threshold": np.array([0.5, 2.0, -1.0]),
    "left": np.array([~0, ~1, ~3]),
    "right": np.array([1, ~2, ~4]),
    "leaf": np.array([0.25, 1.0, 2.0, 10.0, 20.0]),
}


def test_a_row_falls_to_one_leaf_of_each_tree() -> None:
    rows = np.array([[0, 0.5], [0, 0.6], [3, 0.6], [-1, 0.6]], np.float32)
    out = np.empty(4, np.float32)
    log_odds(Forest.read(TREES), rows, out)
    assert out.tolist() == [20.25, 21.0, 22.0, 11.0]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("left", [0, ~1, ~3], "not in order"),  # a loop
        ("right", [9, ~2, ~4], "outside"),
        ("left", [~9, ~1, ~3], "outside"),
        ("roots", [0, 7], "outside"),
        ("threshold", [0.5], "outside"),
    ],
)
def test_trees_that_point_nowhere_are_refused(name: str, values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Forest.read({**TREES, name: np.array(values)})


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(b"not a zip")
    with pytest.raises(UsageError, match="not a model file"):
        load_arrays(tmp_path / "m.npz")
    with pytest.raises(UsageError, match="not a model file"):
        load_arrays(tmp_path / "absent.npz")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", roots=np.array([{"a": 1}], object))
    with pytest.raises(UsageError, match="not a model file"):
        load_arrays(tmp_path / "m.npz")
