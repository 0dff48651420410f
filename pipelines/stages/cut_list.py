"""The published list of what levels cut: `cuts/part-00000.parquet`, ..., in the order of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.dedup.cutting import Removal, spans_to_cut, united
from manifests.files import exists, join
from pipelines.parts import read_columns, rows_in_range, write_table
from pipelines.stages.cut_parts import LINES, PARAGRAPHS, SUBSTRINGS, without
from pipelines.stages.cuts import CUT
from pipelines.stages.shard import ID_BUCKETS, id_bucket, plan_ranges

FOLDER = "cuts"
ROWS_PER_FILE = 1_000_000
_LEVELS = (LINES, PARAGRAPHS, SUBSTRINGS)


def write_cuts(work: str, staged: str, lists: Sequence[str]) -> list[str]:
    """Gather the lists of all parts and levels; returns the paths of the files, none where nothing was cut.

    Args:
        work: folder of the work files.
        staged: folder to write to.
        lists: paths within `work` of tables of `CUT`, each in the order of ids.
    """
    sizes = np.zeros(ID_BUCKETS, np.int64)
    for path in lists:
        sizes += np.bincount(id_bucket(read_columns(join(work, path), ["id"])["id"].to_pylist()), minlength=ID_BUCKETS)
    if not sizes.any():
        return []
    paths = []
    for index, (first, last) in enumerate(plan_ranges(sizes, ROWS_PER_FILE)):
        table = pa.concat_tables([rows_in_range(join(work, path), first, last, CUT.names) for path in lists])
        order = [(name, "ascending") for name in ("id", "level", "start")]
        paths.append(f"{FOLDER}/part-{index:05d}.parquet")
        write_table(join(staged, paths[-1]), table.sort_by(order).cast(CUT))
    return paths


def cuts_of(work: str, stem: str) -> pa.Table:
    """What the levels of a build cut in the documents of one part, in the order of levels; rows of `CUT`."""
    urls = [join(work, f"select/{level}/cuts/{stem}") for level in _LEVELS]
    tables = [read_columns(url) for url in urls if exists(url)]
    return pa.concat_tables(tables) if tables else CUT.empty_table()


def cut_again(text: str, spans: Sequence[Mapping[str, int]], repeats: pa.Table, identity: str) -> str:
    """`text` without `spans` and what levels cut of the document with this id, rows of `CUT`."""
    found = [(span["start"], span["end"]) for span in spans]
    rows = repeats.filter(pc.equal(repeats["id"], identity)).to_pylist() if repeats.num_rows else []
    for level in _LEVELS:
        mine = sorted(Removal(row["start"], row["end"], "") for row in rows if row["level"] == level)
        found = united(found, spans_to_cut(text, mine) if level == SUBSTRINGS else [one[:2] for one in mine])
    return without(text, found)
