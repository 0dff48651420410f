"""Running a Beam pipeline: options from the command line, the local runner, errors that explain themselves."""

from __future__ import annotations

import base64
import contextlib
import errno
import functools
import inspect
import json
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import apache_beam as beam
from apache_beam.options import pipeline_options
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, SetupOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from manifests.errors import JobError, UsageError, WinnowError
from manifests.files import open_read, write_bytes
from pipelines.local_workers import local_runner

LOCAL_RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""The local runner by its full name: plain `DirectRunner` may hand a pipeline to Prism, which downloads a binary."""

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_LOCAL_NAMES = {None, "DirectRunner", "direct", "FnApiRunner", LOCAL_RUNNER}
_MARKED = re.compile(r"winnow-failure:([A-Za-z0-9_=-]+):")

Function = TypeVar("Function", bound=Callable[..., Any])


class WorkerError(Exception):
    """Carries an explained error from a worker to the command, through runners that keep only an error's text."""


def _carried(message: str) -> WorkerError:
    # Encoded, because Beam adds to the text and some runners quote it.
    return WorkerError(f"winnow-failure:{base64.urlsafe_b64encode(message.encode()).decode()}:")


def explained(process: Function) -> Function:
    """Decorate a function or generator that workers run: known errors and a full disk reach the user as one message."""

    @functools.wraps(process)
    def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with _explaining():
            yield from process(*args, **kwargs)

    @functools.wraps(process)
    def function(*args: Any, **kwargs: Any) -> Any:
        with _explaining():
            return process(*args, **kwargs)

    return generator if inspect.isgeneratorfunction(process) else function  # type: ignore[return-value]


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except WinnowError as error:
        raise _carried(str(error)) from error
    except OSError as error:
        raise _carried(describe_os_error(error)) from error


def describe_os_error(error: OSError) -> str:
    """One sentence for a file error, with the path when it is known."""
    place = f"{error.filename}: " if error.filename else ""
    if error.errno in _NO_SPACE:
        return f"{place}no space left on the disk; what was finished is kept, free some space and run the same command"
    return f"{place}{error.strerror or error}"


def make_options(arguments: Sequence[str], workers: int) -> PipelineOptions:
    """Beam options from command-line arguments, for `workers` local processes unless another runner is named.

    Raises:
        UsageError: an argument that no Beam option takes, or a value that its option refuses.
    """
    # Beam's own parsing only warns about unknown arguments.
    parser = pipeline_options._BeamArgumentParser(allow_abbrev=False, exit_on_error=False)
    for options_class in _option_classes(PipelineOptions):
        options_class._add_argparse_args(parser)
    try:
        _, unknown = parser.parse_known_args(list(arguments))
    except (Exception, SystemExit) as error:
        raise UsageError(f"Beam options: {error}") from None
    if unknown:
        raise UsageError(
            f"unknown option {unknown[0]}; `winnow curate --help` lists ours, Beam's are listed in its docs"
        )
    options = PipelineOptions(list(arguments))
    standard = options.view_as(StandardOptions)
    if standard.runner in _LOCAL_NAMES:
        standard.runner = LOCAL_RUNNER
        direct = options.view_as(DirectOptions)
        if not any(argument.startswith("--direct_") for argument in arguments):
            direct.direct_num_workers = workers
    options.view_as(SetupOptions).save_main_session = False
    return options


def _option_classes(base: type[PipelineOptions]) -> Iterator[type[PipelineOptions]]:
    for options_class in base.__subclasses__():
        if "_add_argparse_args" in vars(options_class) and options_class.__module__.startswith("apache_beam."):
            yield options_class
        yield from _option_classes(options_class)


def run_pipeline(options: PipelineOptions, build: Callable[[beam.Pipeline], None], stage: str) -> None:
    """Build and run one pipeline to its end.

    Raises:
        JobError: the job failed; the message is the worker's when it explained itself.
    """
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # it would print each error once more
    try:
        with _interruptible(), _runner(options) as runner:
            pipeline = beam.Pipeline(runner=runner, options=options)
            build(pipeline)
            pipeline.run().wait_until_finish()
    except WinnowError:
        raise
    except Exception as error:
        found = _MARKED.search(str(error))
        if found:
            raise JobError(f"{stage}: {base64.urlsafe_b64decode(found.group(1)).decode()}") from None
        if isinstance(error, OSError):
            raise JobError(f"{stage}: {describe_os_error(error)}") from error
        raise


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end as KeyboardInterrupt: Beam wraps it into an error, and its threads print how they were cut off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = threading.Event()

    def interrupt(*_: Any) -> None:
        interrupted.set()
        threading.excepthook = lambda _: None
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
        if interrupted.is_set():  # where code in C called Python, the exception may have been lost
            raise KeyboardInterrupt
    except Exception:
        if interrupted.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _runner(options: PipelineOptions) -> contextlib.AbstractContextManager[FnApiRunner | None]:
    """The local runner with worker processes of ours; None where the options alone say how to run."""
    direct = options.view_as(DirectOptions)
    local = options.view_as(StandardOptions).runner == LOCAL_RUNNER
    if not local or direct.direct_running_mode != "in_memory" or direct.direct_num_workers == 1:
        return contextlib.nullcontext()
    return local_runner()


class ReadTasks(beam.PTransform):
    """One element per line of a JSON-lines file that is read at run time, so the job graph stays small."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """The tasks as dictionaries, spread over the workers."""
        return (
            pipeline
            | "TaskFile" >> beam.Create([self._url])
            | "ReadTasks" >> beam.FlatMap(read_json_lines)
            | "Spread" >> beam.Reshuffle()
        )


@explained
def read_json_lines(url: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    with open_read(url) as stream:
        for line in stream:
            yield json.loads(line)


def write_json_lines(url: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a JSON-lines file atomically."""
    write_bytes(url, b"".join(json.dumps(row, sort_keys=True).encode() + b"\n" for row in rows))
