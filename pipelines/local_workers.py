"""Local worker processes of Beam's: how they are started, and that none outlives its job."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from apache_beam.portability import python_urns
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.worker_handlers import SubprocessSdkWorkerHandler, WorkerHandler
from apache_beam.transforms.environments import SubprocessSDKEnvironment

GRACE_SECONDS = 20.0
"""How long a worker has to end by itself once its job is over; one that has nothing to do needs a moment."""


@contextlib.contextmanager
def local_runner() -> Iterator[FnApiRunner]:
    """A local runner whose workers are processes that end with this command, and at the latest with this context."""
    with tempfile.TemporaryDirectory(prefix="winnow-") as folder:
        mark = Path(folder) / "over"
        command = shlex.join([sys.executable, "-m", "pipelines.worker", str(os.getpid()), str(mark)])
        environment = SubprocessSDKEnvironment.from_command_string(command_string=command)
        yield FnApiRunner(default_environment=environment)


@WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)
class LocalWorker(SubprocessSdkWorkerHandler):
    """Beam's handler of a worker process, but it waits for the process for a limited time.

    A worker that connects when its job has failed already is never told to stop, and Beam would wait for it for ever.
    """

    def stop_worker(self) -> None:
        """Wait for the process, and after `GRACE_SECONDS` have it end: its job is over."""
        self.worker_thread.join(GRACE_SECONDS)
        if self.worker_thread.is_alive():
            Path(shlex.split(self._worker_command_line.decode())[-1]).touch()
            self.worker_thread.join()
