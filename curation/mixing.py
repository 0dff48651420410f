"""The mixture: how many tokens of each source a build keeps, and which documents make them up.

Two passes in bounded memory. Documents are ordered by a hash of (seed, id). The first pass adds up tokens and
documents in histograms over the leading bits of that hash, which workers can sum; they show the bucket in which a
source reaches its target. Everything before it stays. The second pass looks at the documents from there on, some
thousand of them, and takes those that still fit, so that one long document at the boundary does not spoil the share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from manifests.errors import JobError, UsageError

HISTOGRAM_BITS = 16
LOOK_AT = 1024
"""Documents behind the boundary among which those that fit are looked for."""

_TOLERANCE = Fraction(1, 10**6)  # shares written as 0.3333333 may add up to almost 1


@dataclass(frozen=True)
class MixPlan:
    """Tokens to keep of each source, and the tokens of it that have to stay out."""

    targets: dict[str, int]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Cut:
    """Which documents of a source stay: those whose order hash is below `below`, and those of the ids in `extra`."""

    below: int
    extra: frozenset[str] = frozenset()

    def keeps(self, order_hashes: NDArray[np.uint64], ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which documents [n] stay."""
        if self.below > np.iinfo(np.uint64).max:
            return np.ones(len(order_hashes), bool)
        kept = order_hashes < np.uint64(self.below)
        if self.extra:
            kept |= np.fromiter((identifier in self.extra for identifier in ids), bool, len(ids))
        return kept


KEEP_ALL = Cut(1 << 64)
KEEP_NONE = Cut(0)


@dataclass(frozen=True)
class Boundary:
    """Where a source reaches its target: buckets before `first` stay whole, `remaining` tokens come from
    `first` up to, not including, `last`."""

    first: int
    last: int
    remaining: int


def check_shares(shares: Mapping[str, float]) -> None:
    """UsageError where a share is not within 0 to 1, or they add up to more than 1."""
    for source, share in shares.items():
        if not 0 <= share <= 1:
            raise UsageError(f"mixture: the share of `{source}` is {share}; a share is between 0 and 1")
    total = sum(_exact(share) for share in shares.values())
    if total > 1 + _TOLERANCE:
        listed = " + ".join(f"{source} {share:g}" for source, share in sorted(shares.items()))
        raise UsageError(f"mixture: {listed} = {float(total):g}; shares must not add up to more than 1")


def plan(available: Mapping[str, int], shares: Mapping[str, float]) -> MixPlan:
    """The largest mixture in which each named source has its share of the output's tokens.

    Sources that `shares` does not name divide what it leaves in proportion to what they have. Without shares
    everything is kept. Targets are exact to one token.

    Args:
        available: tokens of each source that passed all other steps.
        shares: share of the output's tokens by source, 0 to 1.

    Raises:
        UsageError: shares outside 0 to 1, or adding up to more than 1.
        JobError: the input cannot meet them: a source with a share has no tokens, or the shares leave a remainder
            and there is no other source to fill it.
    """
    check_shares(shares)
    exact = {source: _exact(share) for source, share in shares.items()}
    total = sum(exact.values(), Fraction(0))
    others = {source: tokens for source, tokens in available.items() if source not in shares}
    if exact and abs(1 - total) <= _TOLERANCE:
        exact = {source: share / total for source, share in exact.items()}
        total = Fraction(1)
    for source, share in exact.items():
        if share and available.get(source, 0) <= 0:
            raise JobError(
                f"mixture: `{source}` is to be {shares[source]:.4g} of the output, but no tokens of it are left "
                f"(available: {_listed(available)}); add input for it, loosen its rules, or take it out of `mixture`"
            )
    remainder = 1 - total
    rest = sum(others.values())
    if exact and remainder and rest <= 0:
        raise JobError(
            f"mixture: the shares add up to {float(total):.4g} and no other source has tokens to fill the other "
            f"{float(remainder):.4g} (available: {_listed(available)}); raise the shares to a sum of 1 or add input"
        )
    limits = [available[source] / share for source, share in exact.items() if share]
    if remainder and rest:
        limits.append(rest / remainder)
    output = min(limits, default=Fraction(0))
    wanted = {source: output * exact.get(source, Fraction(0)) for source in available}
    for source, tokens in others.items():
        wanted[source] = output * remainder * tokens / rest if rest else Fraction(0)
    targets = {source: math.floor(wanted[source] + Fraction(1, 2)) for source in sorted(available)}
    return MixPlan(targets, {source: available[source] - tokens for source, tokens in targets.items()})


def order_hash(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """The place [n] of each document in the build's order: xxh3_64 of the id's UTF-8, seeded with `seed`."""
    hashes = [xxhash.xxh3_64_intdigest(identifier.encode("utf-8", "surrogatepass"), seed) for identifier in ids]
    return np.array(hashes, np.uint64)


def histogram(order_hashes: NDArray[np.uint64], weights: NDArray[Any], bits: int = HISTOGRAM_BITS) -> NDArray[np.int64]:
    """Weights (tokens, or ones) [2^bits] by the leading `bits` of the order hash; workers' are to be added."""
    counts = np.zeros(1 << bits, np.int64)
    np.add.at(counts, bucket_of(order_hashes, bits), weights.astype(np.int64))
    return counts


def bucket_of(order_hashes: NDArray[np.uint64], bits: int = HISTOGRAM_BITS) -> NDArray[np.int64]:
    """The histogram's bucket [n] of each document."""
    return (order_hashes >> np.uint64(64 - bits)).astype(np.int64)


def boundary(tokens: NDArray[np.int64], documents: NDArray[np.int64], target: int, look_at: int = LOOK_AT) -> Boundary:
    """Where `target` tokens are reached, with enough buckets behind it to hold `look_at` documents to choose from.

    `tokens` and `documents` are histograms over the same buckets.
    """
    if target <= 0:
        return Boundary(0, 0, 0)
    reached = np.cumsum(tokens)
    if target >= int(reached[-1]):
        return Boundary(len(tokens), len(tokens), 0)
    first = int(np.searchsorted(reached, target, side="right"))
    seen = np.cumsum(documents[first:])
    last = first + 1 + int(np.searchsorted(seen, look_at, side="left"))
    return Boundary(first, min(last, len(tokens)), target - (int(reached[first - 1]) if first else 0))


def cut(
    limits: Boundary,
    order_hashes: NDArray[np.uint64],
    ids: Sequence[str],
    tokens: NDArray[Any],
    bits: int = HISTOGRAM_BITS,
) -> Cut:
    """The cut, from the documents of the buckets that `boundary` names, in any order.

    In the order of (order hash, id) every document that still fits is taken; at last one more where that ends nearer
    to the target. A source misses its target by half the tokens of one document at most.
    """
    if limits.first >= 1 << bits:
        return KEEP_ALL
    extra: list[str] = []
    passed: list[tuple[int, int, str]] = []
    remaining = limits.remaining
    for place, identifier, size in sorted(zip(order_hashes.tolist(), ids, tokens.tolist(), strict=True)):
        if size <= remaining:
            extra.append(identifier)
            remaining -= size
        else:
            passed.append((size, place, identifier))
    if passed and min(passed)[0] - remaining < remaining:
        extra.append(min(passed)[2])
    return Cut(limits.first << (64 - bits), frozenset(extra))


def _exact(share: float) -> Fraction:
    """The decimal fraction that was written, 1/20 for 0.05, so that shares add up exactly."""
    return Fraction(repr(float(share)))


def _listed(available: Mapping[str, int]) -> str:
    return ", ".join(f"{source} {tokens:,} tokens" for source, tokens in sorted(available.items())) or "nothing"
