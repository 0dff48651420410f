"""What every stage of a build needs: the recipe, where to work, how pipelines run and workers get their orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from manifests.files import join
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.records import COMPLETION, WORK, Completion, load_completion, remove_tree, save_completion, written
from pipelines.runner import run_pipeline, write_json_lines


@dataclass(frozen=True)
class Made:
    """What a stage wrote, by paths within the work folder, and the figures that it wants to keep."""

    files: Iterable[str]
    facts: dict[str, Any]


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

    def once(self, folder: str, key: str, make: Callable[[], Made], said: Callable[[Completion], str]) -> Completion:
        """What a stage came to: from its record where that was made for `key`, else by `make` in an empty folder.

        Args:
            folder: the stage's folder within the work folder, which is its name too.
            key: all that decides what comes out (`stage_key`).
            make: runs the stage.
            said: what the terminal shows when it has run.
        """
        record = f"{folder}/{COMPLETION}"
        with self.progress.stage(folder) as note:
            found = load_completion(self.work, record, key)
            if found is not None:
                note("done already")
                return found
            remove_tree(join(self.work, folder))
            made = make()
            completion = Completion(key, tuple(written(self.work, path) for path in made.files), made.facts)
            save_completion(self.work, record, completion)
            note(said(completion))
            return completion

    def orders(self, name: str, rows: Sequence[dict[str, Any]]) -> str:
        """The URL of a file in the work folder that hands these orders to workers."""
        url = join(self.work, name)
        write_json_lines(url, rows)
        return url
