"""The loop: make an input, check it within its bounds, keep what fails."""

from __future__ import annotations

import random
import resource
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

MIB = 1 << 20


class Target(Protocol):
    """Something to fuzz."""

    name: str

    def make(self, rng: random.Random) -> bytes:
        """An input, a function of the state of `rng` alone."""

    def check(self, data: bytes, rng: random.Random) -> None:
        """Raises when `data` is not treated as it should be."""


class TooSlow(BaseException):
    """An input took more than its CPU time; no `except Exception` on the way can hide it."""


@dataclass(frozen=True)
class Budget:
    """Bounds: wall seconds of the run, CPU seconds of an input, MiB by which memory may grow, number of inputs."""

    seconds: float
    cap: float = 10.0
    memory: int = 768
    inputs: int | None = None


@dataclass
class Report:
    """What a run found: input number and what went wrong."""

    name: str
    seed: int
    inputs: int = 0
    bytes: int = 0
    slowest: tuple[float, int] = (0.0, -1)  # CPU seconds and the input's number
    grown: int = 0  # MiB by which the peak of resident memory rose
    findings: list[tuple[int, str]] = field(default_factory=list)

    def summary(self) -> str:
        seconds, number = self.slowest
        return (
            f"{self.name} seed {self.seed}: {self.inputs} inputs, {self.bytes / 1e6:.1f} MB, slowest "
            f"{seconds:.2f} CPU s (input {number}), memory +{self.grown} MiB, {len(self.findings)} findings"
        )


def fuzz(target: Target, seed: int, budget: Budget, *, first: int = 0, keep: Path | None = None) -> Report:
    """Check input after input until the budget is spent; the bytes of those that fail are left in `keep`."""
    report = Report(target.name, seed)
    started, before = time.monotonic(), _peak()
    with _bounded_memory(budget.memory):
        while report.inputs != budget.inputs and (not report.inputs or time.monotonic() - started < budget.seconds):
            number = first + report.inputs
            rng = random.Random(f"{target.name} {seed} {number}")
            data = target.make(rng)
            report.inputs += 1
            report.bytes += len(data)
            cpu = time.process_time()
            failure = _failure(target, data, rng, budget.cap)
            report.slowest = max(report.slowest, (time.process_time() - cpu, number))
            if failure:
                report.findings.append((number, failure))
                _keep(report, number, data, failure, keep)
    report.grown = (_peak() - before) // MIB
    return report


def _failure(target: Target, data: bytes, rng: random.Random, cap: float) -> str | None:
    try:
        with _cpu_limit(cap):
            target.check(data, rng)
    except (Exception, TooSlow):  # whatever it is, it is what was looked for
        return traceback.format_exc(limit=-12)
    return None


def _keep(report: Report, number: int, data: bytes, failure: str, folder: Path | None) -> None:
    print(f"{report.name} seed {report.seed} input {number} ({len(data)} bytes):\n{failure}", flush=True)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{report.name}-{report.seed}-{number}").write_bytes(data)


def _peak() -> int:
    """Bytes of resident memory at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def _cpu_limit(seconds: float) -> Iterator[None]:
    def expired(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds} s of CPU time")

    previous = signal.signal(signal.SIGPROF, expired)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


@contextmanager
def _bounded_memory(mebibytes: int) -> Iterator[None]:
    """An allocation that would let the process grow by more than this fails, as a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + mebibytes * MIB
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
