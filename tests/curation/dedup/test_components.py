from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.dedup.components import cluster_sizes, connected_components
from tests.curation.dedup.planted import numbered_keys, numbers_of

Edges = list[tuple[int, int]]


def components(edges: Edges) -> dict[int, int]:
    found = connected_components(numbered_keys(a for a, _ in edges), numbered_keys(b for _, b in edges))
    return dict(zip(numbers_of(found.keys), numbers_of(found.component), strict=True))


def test_a_component_is_named_by_its_smallest_key() -> None:
    assert components([(9, 4), (7, 9), (2, 3)]) == {2: 2, 3: 2, 4: 4, 7: 4, 9: 4}


def test_keys_that_end_in_nul_bytes_stay_apart() -> None:
    assert components([(1 << 120, 2 << 120), (1 << 64, 3 << 64)]) == {
        1 << 64: 1 << 64,
        3 << 64: 1 << 64,
        1 << 120: 1 << 120,
        2 << 120: 1 << 120,
    }


def test_no_edges_have_no_components() -> None:
    assert components([]) == {}
    assert cluster_sizes(np.empty(0, "S16")) == {}


def test_a_chain_of_a_million_documents_is_one_component() -> None:
    keys = np.arange(1_000_000, dtype=">u8").repeat(2).view("S16")
    order = np.random.default_rng(1).permutation(999_999)
    found = connected_components(keys[order + 1], keys[order])
    assert cluster_sizes(found.component) == {1_000_000: 1}


def reference(edges: Edges) -> dict[int, int]:
    name = {node: node for edge in edges for node in edge}
    for _ in name:
        for a, b in edges:
            name[a] = name[b] = min(name[a], name[b])
    return name


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30), st.randoms(use_true_random=False))
def test_components_depend_on_the_set_of_edges_alone(edges: Edges, random: object) -> None:
    expected = reference(edges)
    assert components(edges) == expected
    turned = [(b, a) for a, b in edges] + edges[:3]
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert components(turned) == expected


def test_keys_come_in_ascending_order() -> None:
    found = connected_components(numbered_keys([300, 5]), numbered_keys([2, 77]))
    assert numbers_of(found.keys) == [2, 5, 77, 300]


def test_cluster_sizes_count_clusters_by_size() -> None:
    assert cluster_sizes(numbered_keys([1, 1, 1, 4, 4, 7, 7])) == {2: 2, 3: 1}


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="no list of pairs"):
        connected_components(numbered_keys([1]), numbered_keys([]))
