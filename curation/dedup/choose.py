"""Which copy of a cluster of duplicates stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curation.dedup.keys import as_keys, key_words
from manifests.config import Config
from manifests.errors import UsageError

Criterion: TypeAlias = Literal["source", "longest", "newest", "oldest"]
_COLUMNS = {"source": "source", "longest": "length", "newest": "date", "oldest": "date"}


class KeepConfig(Config):
    """The order in which copies are compared; the first criterion that tells them apart decides, at last the id."""

    order: tuple[Criterion, ...] = Field(
        default=("source", "longest"),
        description="`source`: earlier in `sources`; `longest`: more tokens; `newest`, `oldest`: by date, unknown last",
    )
    sources: tuple[str, ...] = Field(
        default=(), description="sources, best first; one that is not listed comes after them"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        repeated = {_COLUMNS[one] for one in self.order if sum(_COLUMNS[o] == _COLUMNS[one] for o in self.order) > 1}
        if repeated:
            raise ValueError(f"`order` compares the {sorted(repeated)[0]} twice; the second can decide nothing")
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("`sources` lists a source twice")
        if self.sources and "source" not in self.order:
            raise ValueError("`sources` is given but `order` does not contain `source`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that `choose` will read."""
        needed = (_COLUMNS[criterion] for criterion in self.order if criterion != "source" or self.sources)
        return tuple(needed)


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
        columns: `source` (strings), `length` (numbers, tokens say) and `date` (datetime64, NaT where unknown), those
            that `config.columns` names, [n] each.
        eligible: which documents [n] passed the rules; only they can stay.

    Raises:
        UsageError: a criterion's column is missing.
    """
    config = config or KeepConfig()
    missing = sorted(set(config.columns) - set(columns))
    if missing:
        raise UsageError(f"the order in which duplicates are kept needs the column `{missing[0]}`, which is not there")
    sort_keys: list[NDArray[Any]] = [*reversed(key_words(as_keys(component))), ~eligible]
    for criterion in config.order:
        if _COLUMNS[criterion] in config.columns:
            sort_keys += _ranks(criterion, columns[_COLUMNS[criterion]], config.sources)
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


def _ranks(criterion: str, column: NDArray[Any], sources: tuple[str, ...]) -> list[NDArray[Any]]:
    """Arrays by which ascending order is best first, the most important one first."""
    if criterion == "source":
        ranks = np.full(len(column), len(sources), np.int64)
        for rank, source in enumerate(sources):
            ranks[column == source] = rank
        return [ranks]
    if criterion == "longest":
        return [-column.astype(np.int64)]
    seconds = column.astype("datetime64[s]").astype(np.int64)
    unknown = np.isnat(column)
    return [unknown, np.where(unknown, 0, -seconds if criterion == "newest" else seconds)]
