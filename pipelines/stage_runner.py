"""What every stage of a build needs: the recipe, where to work, how pipelines run and workers get their orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from manifests.files import join
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.records import WORK
from pipelines.runner import run_pipeline, write_json_lines


@dataclass(frozen=True)
class StageRunner:
    """Runs pipelines of stages that work in one output folder."""

    recipe: Recipe
    out: str
    options: PipelineOptions
    progress: Progress

    @property
    def work(self) -> str:
        """Folder of the work files."""
        return join(self.out, WORK)

    def pipeline(self, build: Callable[[beam.Pipeline], None], stage: str) -> None:
        """Build one pipeline of a stage and run it to its end; JobError where it fails."""
        run_pipeline(self.options, build, stage)

    def orders(self, name: str, rows: Sequence[dict[str, Any]]) -> str:
        """The URL of a file in the work folder that hands these orders to workers."""
        url = join(self.work, name)
        write_json_lines(url, rows)
        return url
