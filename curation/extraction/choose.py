"""Which blocks of a page to take, given how likely each is main content."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXPECTED_WEIGHT = 0.9
# Where even the best block is less likely than this, the page has no main content.
LEAST = 0.15


def choose(probabilities: NDArray[np.float32], sizes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The blocks that make the expected F1 of the page the greatest; `sizes` are their words. Both are [blocks].

    With the blocks in falling order of probability, the F1 expected of the first k is about twice the main content in
    them over their size plus all main content there is (Lewis, SIGIR 1995; Nan et al., ICML 2012). So where much is
    uncertain, as on pages of lists and products, more is taken than the usual half would let through.
    """
    order = np.argsort(-probabilities, kind="stable")
    content = np.cumsum((probabilities * sizes)[order])
    if not len(order) or probabilities[order[0]] < LEAST:
        return np.zeros(len(probabilities), np.bool_)
    expected = content / (np.cumsum(sizes[order]) + EXPECTED_WEIGHT * content[-1])
    least = float(probabilities[order[int(np.argmax(expected))]])
    return np.asarray(probabilities >= least, np.bool_)
