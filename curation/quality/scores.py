"""Numbers that rules read and the signal pass does not give: models' scores, and what is made of them when deciding.

A score is a column of the documents that another part of the build writes; NaN where a document has none, which
breaks no rule. `derive` adds the numbers that come from a score together with a document's language or id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from curation.quality.ccnet import CUTOFFS, buckets
from curation.quality.decisions import RuleSet

PERPLEXITY, CLASSIFIER, LINK_VOTES = "perplexity", "classifier", "link_votes"
SCORES: tuple[str, ...] = (
    PERPLEXITY,  # of a language model of reference text, per word and over the whole document
    CLASSIFIER,  # a quality model's probability, 0 to 1, that the document is like its reference text
    LINK_VOTES,  # greatest number of votes of a link that leads to the page
)
BUCKET, NOISY_SCORE = "ccnet.bucket", "gpt3.noisy_score"
DERIVED: Mapping[str, str] = {BUCKET: PERPLEXITY, NOISY_SCORE: CLASSIFIER}
"""What `derive` can add, and the score that it is made of."""

PARETO_ALPHA = 9.0
NOISE_SEED = 0

_Columns = Mapping[str, NDArray[np.float64]]


def stored_signals(rules: RuleSet) -> tuple[str, ...]:
    """The columns that deciding by these rules reads: signals and scores, before `derive`."""
    return tuple(dict.fromkeys(DERIVED.get(name, name) for name in rules.signals()))


def scores_of(rules: RuleSet) -> tuple[str, ...]:
    """The models' scores among them."""
    return tuple(name for name in stored_signals(rules) if name in SCORES)


def pareto_noise(ids: Sequence[str], seed: int = NOISE_SEED, alpha: float = PARETO_ALPHA) -> NDArray[np.float64]:
    """Noise of the distribution of `numpy.random.pareto(alpha)`, by a hash of (seed, id)."""
    hashes = [xxhash.xxh3_64_intdigest(f"gpt3 {name}".encode("utf-8", "surrogatepass"), seed) for name in ids]
    uniform = (np.array(hashes, np.uint64).astype(np.float64) + 1.0) / (2.0**64 + 2.0)
    return np.asarray(uniform ** (-1.0 / alpha) - 1.0, np.float64)


def derive(
    rules: RuleSet, columns: _Columns, ids: Sequence[str], languages: Sequence[str | None]
) -> dict[str, NDArray[np.float64]]:
    """`columns` and what else the rules read, for documents with these ids and languages.

    GPT-3 keeps a document where Pareto noise exceeds 1 - score: `gpt3.noisy_score` is their sum, to be at least 1.
    """
    found = dict(columns)
    wanted = [name for name in rules.signals() if name in DERIVED and DERIVED[name] in columns]
    if BUCKET in wanted:
        own = {language: (head, tail) for language, head, tail in rules.cutoffs}
        found[BUCKET] = buckets(columns[PERPLEXITY], languages, {**CUTOFFS, **own})
    if NOISY_SCORE in wanted:
        found[NOISY_SCORE] = np.asarray(columns[CLASSIFIER], np.float64) + pareto_noise(ids)
    return found
