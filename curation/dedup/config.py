"""Configuration of near-duplicate detection, importable without compiling anything."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from manifests.config import Config

MARGIN = 4.0
"""Standard errors below `threshold` at which the estimate gives a pair up that true Jaccard would be asked about: one
pair in 30,000 at the threshold itself is lost to it."""


@dataclass(frozen=True)
class Preset:
    """What a published pipeline takes (bands, rows, permutations, shingles, the similarity it aims at)."""

    shingle: str
    ngram: int
    num_perm: int
    threshold: float
    bands: tuple[tuple[float, int, int], ...]  # (similarity aimed at, bands, rows), ascending


PRESETS = {
    "fineweb": Preset("words", 5, 128, 0.75, ((0.0, 14, 8),)),
    "redpajama2": Preset("words", 13, 128, 0.8, ((0.7, 14, 9), (0.8, 9, 13), (0.9, 5, 25), (1.0, 1, 128))),
    "slimpajama": Preset("characters", 13, 128, 0.8, ((0.8, 9, 13),)),
    "bigcode": Preset("tokens", 5, 256, 0.7, ((0.7, 25, 10),)),
}
"""datatrove `pipeline/dedup/minhash.py`; RedPajama-Data `configs/rp_v2.0.conf`; Cerebras modelzoo `slimpajama/main.py`;
bigcode-dataset `near_deduplication/minhash_deduplication.py`. Text is normalised and hashed by this package's rules."""


class MinHashConfig(Config):
    """How near-duplicates are found: MinHash over shingles, LSH bands for candidates, then verification.

    Candidates come from `bands` x `rows` of the signature. `preset: fineweb` is datatrove's 14 x 8, which proposes a
    pair of Jaccard 0.70, 0.75, 0.80 and 0.90 with probability 0.56, 0.77, 0.92 and 1.0. `redpajama2` (14 x 9, 9 x 13,
    5 x 25 or 1 x 128 by `threshold`; 13 words), `slimpajama` (9 x 13; 13 characters) and `bigcode` (25 x 10; 5 tokens
    of code) bring `shingle`, `ngram`, `num_perm` and `threshold` along, unless the recipe sets them. `preset:
    threshold` takes the bands and rows that datasketch's optimiser finds for `threshold` and `num_perm`.

    `verify: jaccard` reads the texts of candidates again and compares their sets of shingles, so that no pair below
    `threshold` is ever one; the estimate then only refuses what lies `MARGIN` standard errors below.

    `verify: signature` counts a candidate as a pair where the estimated Jaccard similarity is `threshold` or more. The
    estimate's standard error is sqrt(J(1 - J) / num_perm), 0.035 at J = 0.8 with 128 permutations, so a threshold of
    0.8 would lose half of the pairs at 0.8, the similarity that FineWeb and text-dedup aim at. With the default of
    0.75, planted pairs of Jaccard 0.70, 0.76, 0.80, 0.86 and 0.90 are found with probability 0.08, 0.52, 0.87, 0.99
    and 1.0: it refuses six in seven of the pairs at 0.7 that the bands propose, from which false clusters grow.
    """

    ngram: int = Field(
        default=5, ge=1, le=100, description="words (characters, tokens) in a shingle; a shorter text has no signature"
    )
    shingle: Literal["words", "characters", "tokens"] = Field(
        default="words", description="what a shingle is made of; tokens are those of code, see docs/deduplication.md"
    )
    license_header: bool = Field(
        default=True,
        description="whether the licence notice at the head of a file of code counts; small files with one are alike",
    )
    num_perm: int = Field(default=128, ge=2, le=4096, description="permutations in a signature")
    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="seed of the permutations")
    scheme: Literal["affine32", "affine64"] = Field(
        default="affine32",
        description="datasketch's permutation scheme; affine64 for documents of 100 million shingles",
    )
    preset: Literal["fineweb", "redpajama2", "slimpajama", "bigcode", "threshold"] = Field(
        default="fineweb", description="where bands and rows come from; see docs/deduplication.md"
    )
    verify: Literal["signature", "jaccard"] = Field(
        default="jaccard",
        description="what candidates are compared by: the shingles of their texts, or their signatures",
    )
    threshold: float = Field(default=0.75, gt=0, le=1, description="least Jaccard similarity of a duplicate")
    bucket_cap: int = Field(
        default=32, ge=2, le=1024, description="members of a bucket up to which all pairs are compared"
    )

    @model_validator(mode="before")
    @classmethod
    def _of_the_preset(cls, document: Any) -> Any:
        preset = PRESETS.get(str(document.get("preset"))) if isinstance(document, Mapping) else None
        if preset is None:
            return document
        brought = {name: getattr(preset, name) for name in ("shingle", "ngram", "num_perm", "threshold")}
        return {**brought, **document}

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if self.preset == "threshold":
            try:
                _optimal(self.threshold, self.num_perm)
            except ValueError as error:
                raise ValueError(
                    f"no bands and rows fit a `threshold` of {self.threshold} with {self.num_perm} permutations "
                    f"({error}); lower the threshold, raise `num_perm` or set `preset: fineweb`"
                ) from error
        bands, rows = self.bands_rows
        if self.num_perm < bands * rows:
            raise ValueError(
                f"`num_perm` of {self.num_perm} is too small for preset `{self.preset}`, whose {bands} bands of {rows} "
                f"rows need {bands * rows}; raise it or set `preset: threshold`"
            )
        return self

    @property
    def bands_rows(self) -> tuple[int, int]:
        """Number of bands and rows in each; the first bands * rows values of a signature are used."""
        if self.preset == "threshold":
            return _optimal(self.threshold, self.num_perm)
        listed = PRESETS[self.preset].bands
        _, bands, rows = ([row for row in listed if row[0] <= self.threshold + 1e-9] or [listed[0]])[-1]
        return bands, rows

    @property
    def candidate_similarity(self) -> float:
        """Least estimated similarity of a pair that is verified; `threshold` where the estimate is what verifies."""
        if self.verify == "signature":
            return self.threshold
        error = math.sqrt(self.threshold * (1 - self.threshold) / self.num_perm)
        return max(1e-6, self.threshold - MARGIN * error)

    def candidate_probability(self, jaccard: float) -> float:
        """Probability that a pair of this Jaccard similarity shares a bucket: 1 - (1 - J^rows)^bands."""
        bands, rows = self.bands_rows
        return float(1 - (1 - jaccard**rows) ** bands)


@functools.cache
def _optimal(threshold: float, num_perm: int) -> tuple[int, int]:
    from datasketch import MinHashLSH  # slow to import, and few recipes ask

    index = MinHashLSH(threshold=threshold, num_perm=num_perm)
    return int(index.b), int(index.r)
