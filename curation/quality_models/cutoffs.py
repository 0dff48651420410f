"""Tables of perplexity cutoffs in the form of cc_net's `data/cutoff.csv`: a column a language, a row a percentile."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from manifests.errors import UsageError

HEAD, TAIL = 30, 60
"""The head of a language ends at this percentile of its crawl's perplexities, the tail begins at that."""


def read_cutoffs(path: str | os.PathLike[str]) -> dict[str, tuple[float, float]]:
    """By language the perplexities at which head and middle end.

    Raises:
        UsageError: the file is missing, or is no such table.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as a table of cutoffs: {error}") from error
    languages = [name.strip() for name in rows[0][1:]] if rows else []
    values: dict[str, list[float]] = {}
    for number, row in enumerate(rows[1:], 2):
        try:
            if row[:1] in ([str(HEAD)], [str(TAIL)]):
                values[row[0]] = [float(cell) for cell in row[1:]]
                if len(row) != len(rows[0]):
                    raise ValueError
        except ValueError:
            raise UsageError(f"{path}:{number}: expected a number for each of {', '.join(languages)}") from None
    if not languages or len(values) != 2:
        raise UsageError(f"{path}: expected a first row of languages, and rows that begin with {HEAD} and {TAIL}")
    pairs = zip(values[str(HEAD)], values[str(TAIL)], strict=True)
    return dict(zip(languages, pairs, strict=True))


def cutoff_table(percentiles: Mapping[str, Sequence[float]]) -> str:
    """Such a table of 100 percentiles, 0 to 99, of each language."""
    lines = [",".join(["", *percentiles])]
    for place, values in enumerate(zip(*percentiles.values(), strict=True)):
        lines.append(",".join([str(place), *(f"{value:.1f}" for value in values)]))
    return "\n".join(lines) + "\n"
