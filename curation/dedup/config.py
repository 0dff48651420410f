"""Configuration of near-duplicate detection, importable without compiling anything."""

from __future__ import annotations

import functools
from typing import Literal, Self

from pydantic import Field, model_validator

from manifests.config import Config

FINEWEB = (14, 8)


class MinHashConfig(Config):
    """How near-duplicates are found: MinHash over word shingles, LSH bands for candidates, then verification.

    Candidates come from `bands` x `rows` of the signature. `preset: fineweb` is datatrove's 14 x 8, which proposes a
    pair of Jaccard 0.70, 0.75, 0.80 and 0.90 with probability 0.56, 0.77, 0.92 and 1.0; `preset: threshold` takes the
    bands and rows that datasketch's optimiser finds for `threshold` and `num_perm`.

    A candidate counts as a pair where the estimated Jaccard similarity is `threshold` or more. The estimate's standard
    error is sqrt(J(1 - J) / num_perm), 0.035 at J = 0.8 with 128 permutations, so a threshold of 0.8 would lose half
    of the pairs at 0.8, the similarity that FineWeb and text-dedup aim at. With the default of 0.75, planted pairs of
    Jaccard 0.70, 0.76, 0.80, 0.86 and 0.90 are found with probability 0.08, 0.52, 0.87, 0.99 and 1.0: it refuses six
    in seven of the pairs at 0.7 that the bands propose, from which false clusters grow.
    """

    ngram: int = Field(default=5, ge=1, le=100, description="words in a shingle; a shorter document has no signature")
    num_perm: int = Field(default=128, ge=2, le=4096, description="permutations in a signature")
    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="seed of the permutations")
    scheme: Literal["affine32", "affine64"] = Field(
        default="affine32",
        description="datasketch's permutation scheme; affine64 for documents of 100 million shingles",
    )
    preset: Literal["fineweb", "threshold"] = Field(default="fineweb", description="where bands and rows come from")
    threshold: float = Field(default=0.75, gt=0, le=1, description="least estimated Jaccard similarity of a duplicate")
    bucket_cap: int = Field(
        default=32, ge=2, le=1024, description="members of a bucket up to which all pairs are compared"
    )

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        if self.preset == "fineweb" and self.num_perm < FINEWEB[0] * FINEWEB[1]:
            raise ValueError(
                f"`num_perm` of {self.num_perm} is too small for preset `fineweb`, whose 14 bands of 8 rows need 112; "
                "raise it or set `preset: threshold`"
            )
        if self.preset == "threshold":
            try:
                _optimal(self.threshold, self.num_perm)
            except ValueError as error:
                raise ValueError(
                    f"no bands and rows fit a `threshold` of {self.threshold} with {self.num_perm} permutations "
                    f"({error}); lower the threshold, raise `num_perm` or set `preset: fineweb`"
                ) from error
        return self

    @property
    def bands_rows(self) -> tuple[int, int]:
        """Number of bands and rows in each; the first bands * rows values of a signature are used."""
        return FINEWEB if self.preset == "fineweb" else _optimal(self.threshold, self.num_perm)

    def candidate_probability(self, jaccard: float) -> float:
        """Probability that a pair of this Jaccard similarity shares a bucket: 1 - (1 - J^rows)^bands."""
        bands, rows = self.bands_rows
        return float(1 - (1 - jaccard**rows) ** bands)


@functools.cache
def _optimal(threshold: float, num_perm: int) -> tuple[int, int]:
    from datasketch import MinHashLSH  # slow to import, and few recipes ask

    index = MinHashLSH(threshold=threshold, num_perm=num_perm)
    return int(index.b), int(index.r)
