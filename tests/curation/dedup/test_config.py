from __future__ import annotations

from typing import Any

import datasketch
import pytest

from curation.dedup.config import PRESETS, MinHashConfig
from manifests.config import check_config
from manifests.errors import UsageError


def config(**keys: Any) -> MinHashConfig:
    return check_config(MinHashConfig, keys, "recipe.yaml")


@pytest.mark.parametrize(
    ("preset", "shingle", "ngram", "num_perm", "threshold", "bands_rows"),
    [
        ("fineweb", "words", 5, 128, 0.75, (14, 8)),
        ("redpajama2", "words", 13, 128, 0.8, (9, 13)),
        ("slimpajama", "characters", 13, 128, 0.8, (9, 13)),
        ("bigcode", "tokens", 5, 256, 0.7, (25, 10)),
    ],
)
def test_presets_are_what_was_published(
    preset: str, shingle: str, ngram: int, num_perm: int, threshold: float, bands_rows: tuple[int, int]
) -> None:
    found = config(preset=preset)
    assert (found.shingle, found.ngram, found.num_perm, found.threshold) == (shingle, ngram, num_perm, threshold)
    assert found.bands_rows == bands_rows
    assert MinHashConfig.model_validate(found.model_dump()) == found


# research/curation.md, table 2.6: P(candidate) at 0.7, 0.8 and 0.9.
@pytest.mark.parametrize(
    ("keys", "probabilities"),
    [
        ({"preset": "fineweb"}, [0.56, 0.92, 1.0]),
        ({"preset": "redpajama2", "threshold": 0.7}, [0.44, 0.87, 1.0]),
        ({"preset": "redpajama2"}, [0.08, 0.40, 0.93]),
        ({"preset": "redpajama2", "threshold": 0.9}, [0.0, 0.02, 0.31]),
        ({"preset": "slimpajama"}, [0.08, 0.40, 0.93]),
        ({"preset": "bigcode"}, [0.51, 0.94, 1.0]),
    ],
)
def test_candidates_are_as_probable_as_published(keys: dict[str, Any], probabilities: list[float]) -> None:
    assert [round(config(**keys).candidate_probability(j), 2) for j in (0.7, 0.8, 0.9)] == probabilities


@pytest.mark.parametrize(("threshold", "bands_rows"), [(0.5, (14, 9)), (0.79, (14, 9)), (0.85, (9, 13)), (1, (1, 128))])
def test_redpajama_lists_bands_by_threshold(threshold: float, bands_rows: tuple[int, int]) -> None:
    assert config(preset="redpajama2", threshold=threshold).bands_rows == bands_rows


def test_a_recipe_s_own_keys_win_over_those_of_the_preset() -> None:
    found = config(preset="bigcode", ngram=7, num_perm=300)
    assert (found.ngram, found.num_perm, found.shingle, found.bands_rows) == (7, 300, "tokens", (25, 10))


@pytest.mark.parametrize(("threshold", "num_perm"), [(0.5, 128), (0.7, 256), (0.8, 128), (0.9, 64)])
def test_bands_of_a_threshold_are_datasketch_s(threshold: float, num_perm: int) -> None:
    index = datasketch.MinHashLSH(threshold=threshold, num_perm=num_perm)
    assert config(preset="threshold", threshold=threshold, num_perm=num_perm).bands_rows == (index.b, index.r)


def test_a_preset_with_too_few_permutations_or_of_no_known_name_is_refused() -> None:
    with pytest.raises(UsageError, match="preset `bigcode`, whose 25 bands of 10 rows need 250; raise it"):
        config(preset="bigcode", num_perm=128)
    with pytest.raises(UsageError, match="preset"):
        config(preset="bigcod")
    with pytest.raises(UsageError, match="preset"):
        config(preset=[1])


def test_true_similarity_is_asked_about_pairs_well_below_the_threshold() -> None:
    assert config(threshold=0.8, verify="signature").candidate_similarity == 0.8
    assert config(threshold=0.8, verify="jaccard").candidate_similarity == pytest.approx(0.8 - 4 * (0.16 / 128) ** 0.5)
    assert config(threshold=0.01, verify="jaccard").candidate_similarity == 1e-6


def test_the_defaults_are_those_of_the_default_preset() -> None:
    assert MinHashConfig() == config(preset="fineweb") and set(PRESETS) == {
        "fineweb", "redpajama2", "slimpajama", "bigcode",
    }  # fmt: skip
