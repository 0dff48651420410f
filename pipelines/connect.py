"""The rounds of `dedup` that a build drives where pairs do not fit one worker's memory: a pipeline for each.

What fits was connected in the pipeline that found it, and nothing is left to do here.
"""

from __future__ import annotations

import numpy as np

from manifests.files import join, size_of
from pipelines.runner import write_json_lines
from pipelines.stages import clusters, dedup, stars, verify
from pipelines.stages.pairs import CANDIDATE_PAIR, PAIR, array_files, array_path
from pipelines.stages.stars import Run

STARS = f"{dedup.FOLDER}/stars"
"""Edges of the last rounds."""
_ORDERS = f"{dedup.FOLDER}/connect.jsonl"


def count_pairs(work: str, folder: str, kind: np.dtype[np.void]) -> int:
    """Different pairs in the files of a folder."""
    return sum(size_of(join(work, path)) or 0 for path in array_files(work, folder)) // kind.itemsize


def connect_pairs(run: Run, work: str, tasks_url: str, plan: clusters.Plan) -> None:
    """Write the clusters of more verified pairs than one worker connects.

    Raises:
        JobError: a pipeline failed.
    """
    if count_pairs(work, dedup.PAIRS, PAIR) <= plan.edges_in_memory:
        return
    state = stars.contract_files(run, work, STARS, dedup.PAIRS, PAIR, plan.partitions)
    orders = join(work, _ORDERS)
    pairs = [{"pairs": path} for path in array_files(work, dedup.PAIRS)]
    write_json_lines(orders, [*pairs, *stars.edge_orders(work, state)])
    run(lambda pipeline: clusters.build_labels(pipeline, orders, tasks_url, work, plan.ranges))


def group_candidates(run: Run, work: str, tasks_url: str, plan: clusters.Plan, documents: int) -> None:
    """Spread more candidate pairs than one worker groups over partitions, for `verify`.

    Raises:
        JobError: a pipeline failed.
    """
    if count_pairs(work, verify.PROPOSED, CANDIDATE_PAIR) <= plan.edges_in_memory:
        return
    state = stars.contract_files(run, work, STARS, verify.PROPOSED, CANDIDATE_PAIR, plan.partitions)
    orders, edges = join(work, _ORDERS), f"{state}/{stars.ALL}"
    numbers = [int(path[-9:-4]) for path in array_files(work, verify.PROPOSED)]
    rows = [{"pairs": array_path(verify.PROPOSED, n), "edges": array_path(edges, n)} for n in numbers]
    write_json_lines(orders, rows)
    partitions = verify.group_partitions(documents)
    run(lambda pipeline: verify.build_groups(pipeline, orders, tasks_url, work, plan, partitions))
