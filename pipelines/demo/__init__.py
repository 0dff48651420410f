"""The demo's sample: a small invented world, and the crawl, repositories and tuning data written about it.

Everything is made here, from text of our own, so the demo needs no network and owes nobody anything. The same
seed writes the same bytes.
"""

from __future__ import annotations

from pipelines.demo.sample import Sample, write_sample

__all__ = ["Sample", "write_sample"]
