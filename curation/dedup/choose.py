"""Which copy of a cluster of duplicates stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curation.dedup.keys import as_keys, key_words
from manifests.config import Config
from manifests.errors import UsageError

Signal: TypeAlias = Annotated[str, Field(pattern=r"^(highest|lowest):[a-z0-9_@.-]{1,100}$")]
Criterion: TypeAlias = Literal["earlier", "source", "longest", "shortest", "newest", "oldest", "id"] | Signal
_COLUMNS = {
    "earlier": "earlier",
    "source": "source", "longest": "length", "shortest": "length", "newest": "date", "oldest": "date", "id": "id",
}  # fmt: skip
_SIGNAL = ":"  # parts `highest` from the name of a signal


def _column(criterion: str) -> str:
    return _COLUMNS.get(criterion) or criterion.partition(_SIGNAL)[2]


class KeepConfig(Config):
    """The order in which copies are compared; the first criterion that tells them apart decides, at last the id."""

    order: tuple[Criterion, ...] = Field(
        default=("source", "longest"),
        description="`source`: earlier in `sources`; `longest`, `shortest`: by tokens; `newest`, `oldest`: by date; "
        "`highest:SIGNAL`, `lowest:SIGNAL`: by a stored number; `id`: the smallest. What is unknown comes last. "
        "`earlier`: what an earlier release holds wins (`dedup.against`), before all others where it is not named",
    )
    sources: tuple[str, ...] = Field(
        default=(), description="sources, best first; one that is not listed comes after them"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        compared = [_column(one) for one in self.order]
        repeated = {column for column in compared if compared.count(column) > 1}
        if repeated:
            raise ValueError(f"`order` compares the {sorted(repeated)[0]} twice; the second can decide nothing")
        if "id" in self.order[:-1]:
            raise ValueError("`order` goes on after `id`, which no two copies share; nothing after it can decide")
        if any(_SIGNAL in one for one in self.before_earlier):
            raise ValueError("`order` has a signal before `earlier`; the index of a release stores no signals")
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("`sources` lists a source twice")
        if self.sources and "source" not in self.order:
            raise ValueError("`sources` is given but `order` does not contain `source`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that `choose` will read."""
        unread = ("id", "earlier")
        needed = (_column(one) for one in self.order if one not in unread and (one != "source" or self.sources))
        return tuple(needed)

    @property
    def before_earlier(self) -> tuple[Criterion, ...]:
        """The criteria by which a document may beat one that an earlier release holds; by default none."""
        return self.order[: self.order.index("earlier")] if "earlier" in self.order else ()

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the stored numbers that the order compares, in its order."""
        return tuple(_column(one) for one in self.order if _SIGNAL in one)


def choose(
    component: NDArray[Any],
    keys: NDArray[Any],
    columns: Mapping[str, NDArray[Any]],
    eligible: NDArray[np.bool_],
    config: KeepConfig | None = None,
) -> NDArray[np.int64]:
    """The row [n] of the copy that stays from each row's component, or -1 where the component keeps none.

    Row i stays where the result is i; it is a duplicate of row r where the result is another r.

    Args:
        component: component key [n] of each document (16 bytes).
        keys: document keys [n]; the smallest is the last tie-break.
        columns: `source` (strings), `length` (numbers, tokens say), `date` (datetime64, NaT where unknown) and signals
            (float64, NaN where not measured), those that `config.columns` names, [n] each.
        eligible: which documents [n] passed the rules; only they can stay.

    Raises:
        UsageError: a criterion's column is missing.
    """
    config = config or KeepConfig()
    missing = sorted(set(config.columns) - set(columns))
    if missing:
        raise UsageError(f"the order in which duplicates are kept needs the column `{missing[0]}`, which is not there")
    sort_keys: list[NDArray[Any]] = [*reversed(key_words(as_keys(component))), ~eligible, *ranks_of(columns, config)]
    high, low = key_words(as_keys(keys))
    # lexsort takes its most important key last.
    order = np.lexsort((low, high, *reversed(sort_keys[2:]), *sort_keys[:2]))
    ordered = as_keys(component)[order]
    first = np.ones(len(order), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    best = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    survivors = np.empty(len(order), np.int64)
    survivors[order] = np.where(eligible[best], best, -1)
    return survivors


def ranks_of(columns: Mapping[str, NDArray[Any]], config: KeepConfig) -> list[NDArray[Any]]:
    """Arrays [n] by which ascending order is the order of `config`, the most important one first; ids are not in it."""
    found: list[NDArray[Any]] = []
    for criterion in config.order:
        if _column(criterion) in config.columns:
            found += _ranks(criterion, columns[_column(criterion)], config.sources)
    return found


def beats(
    own: Mapping[str, NDArray[Any]], earlier: Mapping[str, NDArray[Any]], config: KeepConfig
) -> NDArray[np.bool_]:
    """Which documents [n] are better than the earlier ones [n] beside them, by what the order has before `earlier`.

    Args:
        own: `source`, `length` and `date` of documents of the build, as `choose` takes them.
        earlier: the same of those that an earlier release holds.
        config: the order; where nothing stands before `earlier`, no document is better.
    """
    size = len(own["source"])
    better, undecided = np.zeros(size, bool), np.ones(size, bool)
    for criterion in config.before_earlier:
        name = _column(criterion)
        for ranks in _ranks(criterion, np.concatenate((own[name], earlier[name])), config.sources):
            better |= undecided & (ranks[:size] < ranks[size:])
            undecided &= ranks[:size] == ranks[size:]
    return better


def _ranks(criterion: str, column: NDArray[Any], sources: tuple[str, ...]) -> list[NDArray[Any]]:
    """Arrays by which ascending order is best first, the most important one first."""
    if criterion == "source":
        ranks = np.full(len(column), len(sources), np.int64)
        for rank, source in enumerate(sources):
            ranks[column == source] = rank
        return [ranks]
    if criterion in ("longest", "shortest"):
        lengths = column.astype(np.int64)
        return [-lengths if criterion == "longest" else lengths]
    if _SIGNAL in criterion:
        unmeasured = np.isnan(column)
        values = np.where(unmeasured, 0.0, column)
        return [unmeasured, -values if criterion.startswith("highest") else values]
    seconds = column.astype("datetime64[s]").astype(np.int64)
    unknown = np.isnat(column)
    return [unknown, np.where(unknown, 0, -seconds if criterion == "newest" else seconds)]
