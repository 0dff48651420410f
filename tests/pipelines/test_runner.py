import errno
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import DirectOptions, StandardOptions

from manifests.errors import JobError, UsageError
from pipelines import local_workers
from pipelines.runner import LOCAL_RUNNER, describe_os_error, explained, make_options, run_pipeline


class Failing(beam.DoFn):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    @explained
    def process(self, element: int):
        yield element
        raise self._error


def run(error: Exception, workers: int = 1) -> None:
    run_pipeline(make_options([], workers), lambda p: p | beam.Create([1]) | beam.ParDo(Failing(error)), "ingest")


def test_one_worker_runs_in_memory_and_more_run_as_processes() -> None:
    one, two = make_options([], 1), make_options([], 2)
    assert one.view_as(StandardOptions).runner == LOCAL_RUNNER
    assert one.view_as(DirectOptions).direct_num_workers == 1
    assert two.view_as(DirectOptions).direct_num_workers == 2


def test_another_runner_is_left_as_named() -> None:
    options = make_options(["--runner", "DataflowRunner", "--project=p"], 4)
    assert options.view_as(StandardOptions).runner == "DataflowRunner"


def test_an_option_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(UsageError, match="unknown option --projcet"):
        make_options(["--projcet", "p"], 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_s_explained_error_reaches_the_user_as_one_message(
    workers: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(JobError) as caught:
        run(JobError("a.warc.gz: cannot be read: gone"), workers)
    assert capfd.readouterr().err == ""
    assert str(caught.value) == "ingest: a.warc.gz: cannot be read: gone"


def test_a_full_disk_says_what_to_do() -> None:
    with pytest.raises(JobError, match=r"ingest: x/y: no space left on the disk; .* free some space"):
        run(OSError(errno.ENOSPC, "No space left on device", "x/y"))


def test_a_defect_is_not_dressed_up_as_a_known_error() -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        run(ZeroDivisionError("division by zero"))


def test_file_errors_name_the_file() -> None:
    assert describe_os_error(FileNotFoundError(errno.ENOENT, "No such file or directory", "a")) == (
        "a: No such file or directory"
    )


def test_a_worker_that_nobody_tells_to_stop_is_ended_after_its_grace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(local_workers, "GRACE_SECONDS", 0.0)
    over = tmp_path / "over"
    waiting = f"import sys, time; from pipelines.worker import _end_with; _end_with({os.getpid()}, sys.argv[1])"
    handler = object.__new__(local_workers.LocalWorker)
    handler._worker_command_line = shlex.join([sys.executable, "-c", waiting, str(over)]).encode()
    codes: list[int] = []
    run_worker = lambda: codes.append(subprocess.run(handler._worker_command_line, shell=True).returncode)  # noqa: E731
    handler.worker_thread = threading.Thread(target=run_worker)
    handler.worker_thread.start()
    handler.stop_worker()
    assert codes == [0]
