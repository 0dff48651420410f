"""CCNet's buckets: how fluent a language model finds a document, against the crawl's documents of its language.

The cutoffs are the 30th and 60th percentiles of cc_net/data/cutoff.csv (facebookresearch/cc_net, MIT licence), made
with its 5-gram models on Wikipedia. With other models the numbers mean nothing: give cutoffs of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_CHARACTERS = 300

HEAD, MIDDLE, TAIL = 0.0, 1.0, 2.0

_TABLE = (
    "af:540:770 ar:490:790 az:600:950 be:670:910 bg:450:680 bn:190:300 ca:210:330 cs:820:1140 da:380:600 "
    "de:370:590 el:450:670 en:340:520 es:180:290 et:1270:1620 fa:370:700 fi:1110:1500 fr:180:330 "
    "gu:1110:1570 he:1280:1710 hi:480:790 hr:720:910 hu:80:140 hy:750:1080 id:600:970 is:850:1190 "
    "it:220:360 ja:1110:1450 ka:910:1310 kk:610:930 km:1040:2180 kn:2210:2800 ko:920:2130 lt:190:270 "
    "lv:1130:1480 mk:530:740 ml:2430:3220 mn:680:1010 mr:1380:1870 my:2530:3040 ne:860:1130 nl:430:650 "
    "no:430:680 pl:160:260 pt:170:270 ro:180:270 ru:210:310 uk:140:220 zh:1460:1950"
)
CUTOFFS: Mapping[str, tuple[float, float]] = {
    language: (float(head), float(tail)) for language, head, tail in (row.split(":") for row in _TABLE.split())
}
"""By language: below the first a document is of the head, below the second of the middle, else of the tail."""


def buckets(
    perplexity: NDArray[np.float64],
    languages: Sequence[str | None],
    cutoffs: Mapping[str, tuple[float, float]] = CUTOFFS,
) -> NDArray[np.float64]:
    """HEAD, MIDDLE or TAIL of each document.

    NaN where the perplexity is NaN or negative or the language has no cutoffs: CCNet keeps these apart as `all`.
    """
    unknown = (np.nan, np.nan)
    limits = np.array([cutoffs.get(language or "", unknown) for language in languages], np.float64).reshape(-1, 2)
    scores = np.asarray(perplexity, np.float64)
    found = np.where(scores < limits[:, 0], HEAD, np.where(scores < limits[:, 1], MIDDLE, TAIL))
    return np.where(np.isnan(limits[:, 0]) | np.isnan(scores) | (scores < 0), np.nan, found)
