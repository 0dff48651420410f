"""When two URLs are of one page: C4's normalisation (`normalize_url` of TFDS's `c4_utils.py`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

_SCHEME = re.compile(r"https?://(?:www\.)?")
_TRACKING = re.compile(r"\?(?:utm_|ref|feed).*")


def normalise_url(url: str) -> str:
    """`url` as C4 compares it: without `http(s)://(www.)` wherever it stands, without a query that begins with `utm_`,
    `ref` or `feed`, and without slashes at its end. Case, other queries and fragments count."""
    return _TRACKING.sub("", _SCHEME.sub("", url)).rstrip("/")


def url_keys(urls: Sequence[str]) -> NDArray[np.bytes_]:
    """16 bytes [n] for each URL, the same for those that normalise to the same."""
    digests = [xxhash.xxh3_128_digest(normalise_url(url).encode("utf-8", "surrogatepass")) for url in urls]
    return np.frombuffer(b"".join(digests), "S16")
