"""Counts over hash buckets: small, summable over workers, and kept as JSON beside a stage's other files."""

from __future__ import annotations

import json
from collections.abc import Iterable

import apache_beam as beam
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation import mixing
from manifests.files import read_bytes, write_bytes
from pipelines.runner import explained

Histograms = dict[str, NDArray[np.int64]]


def add_histograms(parts: Iterable[Histograms]) -> Histograms:
    """Sum by name; the combiner of all counts here."""
    total: Histograms = {}
    for part in parts:
        for name, counts in part.items():
            total[name] = total[name] + counts if name in total else counts
    return total


def save_histograms(url: str, histograms: Histograms) -> None:
    """Write histograms as JSON of their non-zero buckets."""
    sparse = {
        name: {"size": len(counts), "counts": {str(place): int(counts[place]) for place in np.flatnonzero(counts)}}
        for name, counts in histograms.items()
    }
    write_bytes(url, json.dumps(sparse, sort_keys=True).encode())


def load_histograms(url: str) -> Histograms:
    """Read what `save_histograms` wrote."""
    histograms: Histograms = {}
    for name, entry in json.loads(read_bytes(url)).items():
        counts = np.zeros(entry["size"], np.int64)
        for place, count in entry["counts"].items():
            counts[int(place)] = count
        histograms[name] = counts
    return histograms


class WriteHistograms(beam.PTransform):
    """Sums histograms over all workers and writes them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def expand(self, parts: beam.PCollection) -> beam.PCollection:
        """One element in, one file out; also for no parts at all."""
        return (
            parts
            | beam.CombineGlobally(add_histograms)
            | "Write" >> beam.Map(explained(lambda histograms, url: save_histograms(url, histograms)), self._url)
        )


def mixture_histograms(documents: pa.Table, source: str, seed: int) -> Histograms:
    """Tokens and number of `documents`, all of one source, by the leading bits of their place in the build's order."""
    places = mixing.order_hash(seed, documents["id"].to_pylist())
    return {
        f"tokens {source}": mixing.histogram(places, documents["tokens"].to_numpy()),
        f"documents {source}": mixing.histogram(places, np.ones(len(places), np.int64)),
    }
