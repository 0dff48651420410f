import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stages.shard import ID_BUCKETS, id_bucket, plan_ranges, plan_tasks


def histogram(**counts: int) -> np.ndarray:
    result = np.zeros(ID_BUCKETS, np.int64)
    for place, count in counts.items():
        result[int(place.removeprefix("b"), 16)] = count
    return result


def test_one_range_covers_every_id_when_all_fits() -> None:
    assert plan_ranges(histogram(b0001=5, bfff0=5), 10) == [("0" * 32, "f" * 32)]


def test_a_range_ends_before_the_bucket_that_would_overfill_it() -> None:
    assert plan_ranges(histogram(b0001=6, b0003=5), 10) == [
        ("0" * 32, "0002" + "f" * 28),
        ("0003" + "0" * 28, "f" * 32),
    ]


def test_a_bucket_larger_than_a_shard_is_a_shard() -> None:
    assert len(plan_ranges(histogram(b0001=100, b0002=1, b0003=100), 10)) == 3


@given(st.lists(st.tuples(st.integers(0, ID_BUCKETS - 1), st.integers(1, 50)), max_size=60), st.integers(1, 200))
def test_ranges_are_disjoint_cover_everything_and_keep_the_limit(counts: list[tuple[int, int]], most: int) -> None:
    weights = np.zeros(ID_BUCKETS, np.int64)
    for place, count in counts:
        weights[place] += count
    ranges = plan_ranges(weights, most)
    bounds = [(int(first[:4], 16), int(last[:4], 16)) for first, last in ranges]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == ID_BUCKETS - 1
    assert all(previous[1] + 1 == following[0] for previous, following in itertools.pairwise(bounds))
    for low, high in bounds:
        inside = weights[low : high + 1]
        assert inside.sum() <= most or np.count_nonzero(inside) == 1


def test_ids_fall_into_the_bucket_of_their_first_four_digits() -> None:
    assert id_bucket(["0000" + "f" * 28, "00ff" + "0" * 28, "ffff" + "0" * 28]).tolist() == [0, 255, 65535]


def test_sources_have_folders_of_their_own_and_rejects_one() -> None:
    tasks = plan_tasks({"web": histogram(b0=1), "code": histogram(b0=1)}, histogram(b0=1), 10, "k")
    assert [task.path for task in tasks] == [
        "shards/code/part-00000.parquet",
        "shards/web/part-00000.parquet",
        "rejected/part-00000.parquet",
    ]
