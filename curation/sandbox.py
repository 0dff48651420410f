"""Extraction in a child process: a page that takes too long, too much memory or crashes costs itself only.

Native code cannot be interrupted from Python, so the limit is the kernel's: the child arms a timer on its own
processor time before each page, and the signal's default action ends it. It therefore also ends when the parent is
gone. The parent keeps a wider limit on the clock, for a child that waits instead of working.

A page is handed over, and its text awaited, one at a time: that costs two switches between processes (see docs/
url-filters.md for the figures), and the death of the child can only concern the page it was given.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Literal, cast

from manifests.errors import JobError

REQUEST = struct.Struct("<III")  # bytes of the content type, of the URL, of the page
REPLY = struct.Struct("<BI")  # what follows, and its bytes
TEXT, FAILED, READY, BROKEN = range(4)
"""What a reply holds: a page's text; the exception it ended in; nothing; why the child cannot work."""

START_SECONDS = 300.0
"""How long a child may take to start: compiled code is made at its first use on a machine."""
CLOCK_FACTOR = 4
"""A page may take this many times its limit on the clock, as other programs use the processor too."""
CLOCK_SPARE = 1.0
MAX_STARTS = 3
MAX_PAGE = 16 << 20
"""Bytes of a page that an extractor is given."""
MAX_HEADER = 8192
"""Bytes of a content type or URL that an extractor is given."""
# The child imports from where its parent does, however that was set up.
_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from curation.sandbox_child import main; main()"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What an extractor is given."""

    html: bytes
    content_type: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a page, or why there is none: `seconds` (the limit passed) or `crash`, with what was seen."""

    text: str
    failure: Literal["seconds", "crash"] | None = None
    detail: str = ""


class _Gone(Exception):  # noqa: N818 - no error: what the child's end is, the caller decides
    """The child ended, or was ended, while a page was with it."""

    def __init__(self, kind: Literal["seconds", "stalled", "crash"], detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


class Sandbox:
    """A child process that runs one extractor on pages, started at the first page and replaced when it dies.

    `target` is `module:function`, `seconds` the processor time that a page may take, `memory` the bytes that the child
    may use beyond those it starts with. Use it from one thread at a time; `close` it, or let go of it.
    """

    def __init__(self, target: str, seconds: float, memory: int) -> None:
        self._target, self._seconds, self._memory = target, seconds, memory
        self._child: subprocess.Popen[bytes] | None = None
        self._stop: weakref.finalize[[subprocess.Popen[bytes], int], Sandbox] | None = None
        self._lock = threading.Lock()
        self._memory_file = _shared_memory()
        self._pages = mmap.mmap(self._memory_file.fileno(), MAX_PAGE)

    def extract(self, pages: Sequence[Page]) -> list[Extracted]:
        """The texts of pages, in their order.

        Raises:
            JobError: the child process cannot be started.
        """
        with self._lock:
            return [self._extract(page) for page in pages]

    def close(self) -> None:
        """End the child process; a later page starts another."""
        if self._stop is not None:
            self._stop()
        self._child = self._stop = None

    def _extract(self, page: Page) -> Extracted:
        gone: _Gone | None = None
        for _ in range(2):
            fresh = self._child is None
            try:
                return self._ask(page)
            except _Gone as end:
                self.close()
                gone = end
                # What earlier pages left behind, or the machine, may be to blame: a fresh child has the last word.
                # Not over a limit passed: processor time is the page's own.
                if end.kind == "seconds" or (fresh and end.kind == "crash"):
                    break
        assert gone is not None
        return Extracted("", "crash" if gone.kind == "crash" else "seconds", gone.detail)

    def _ask(self, page: Page) -> Extracted:
        child = self._started()
        content_type = (page.content_type or "").encode("utf-8", "replace")[:MAX_HEADER]
        url = (page.url or "").encode("utf-8", "replace")[:MAX_HEADER]
        head = REQUEST.pack(len(content_type), len(url), min(len(page.html), MAX_PAGE)) + content_type + url
        deadline = time.monotonic() + self._seconds * CLOCK_FACTOR + CLOCK_SPARE
        html = page.html[:MAX_PAGE]
        self._pages[: len(html)] = html
        _send(child, head, deadline)
        kind, content = _receive(child, deadline)
        text = content.decode("utf-8", "replace")
        return Extracted(text) if kind == TEXT else Extracted("", "crash", text)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None:
            return self._child
        reason = ""
        for _ in range(MAX_STARTS):
            child = _start(self._target, self._seconds, self._memory, self._memory_file.fileno())
            self._child, self._stop = child, weakref.finalize(self, _end, child, os.getpid())
            try:
                kind, content = _receive(child, time.monotonic() + START_SECONDS)
            except _Gone as end:
                reason = end.detail
                self.close()
                continue
            if kind == READY:
                return child
            self.close()
            raise JobError(f"the extraction process cannot work: {content.decode('utf-8', 'replace')}")
        raise JobError(f"the extraction process cannot be started: {reason}")


def _shared_memory() -> IO[bytes]:
    """A file without a name that holds the page in hand: half the copies that a pipe makes of it."""
    if sys.platform == "linux":
        file = open(os.memfd_create("winnow-page"), "r+b", buffering=0)  # noqa: SIM115 - kept for the sandbox's life
    else:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    file.truncate(MAX_PAGE)  # takes no memory before it is written to
    return cast("IO[bytes]", file)


def _start(target: str, seconds: float, memory: int, pages: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-c", _BOOTSTRAP, target, repr(seconds), str(memory), str(pages), json.dumps(sys.path)
    ]  # fmt: skip
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        pass_fds=(pages,),
        start_new_session=True,  # Ctrl-C is the parent's: the child ends with its input
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    for pipe in (child.stdin, child.stdout):
        os.set_blocking(pipe.fileno(), False)
    return child


def _end(child: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        return  # a fork of the process whose child it is
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    child.kill()
    child.wait()


def _send(child: subprocess.Popen[bytes], content: bytes, deadline: float) -> None:
    assert child.stdin is not None
    pipe, rest = child.stdin.fileno(), memoryview(content)
    while rest:
        try:
            rest = rest[os.write(pipe, rest) :]
        except BlockingIOError:
            _wait(child, pipe, select.POLLOUT, deadline)
        except OSError as error:
            raise _death(child) from error


def _receive(child: subprocess.Popen[bytes], deadline: float) -> tuple[int, bytes]:
    kind, size = REPLY.unpack(_read(child, REPLY.size, deadline))
    return kind, _read(child, size, deadline)


def _read(child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert child.stdout is not None
    pipe = child.stdout.fileno()
    parts: list[bytes] = []
    while size:
        try:
            part = os.read(pipe, size)
        except BlockingIOError:
            _wait(child, pipe, select.POLLIN, deadline)
            continue
        if not part:
            raise _death(child)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(child: subprocess.Popen[bytes], pipe: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        child.kill()
        raise _Gone("stalled", "no answer within the limit on the clock")


def _death(child: subprocess.Popen[bytes]) -> _Gone:
    """Why a child has closed its pipes."""
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        code = child.wait()
    if code == -signal.SIGPROF:
        return _Gone("seconds", "the limit on processor time")
    if code < 0:
        with contextlib.suppress(ValueError):
            return _Gone("crash", f"ended by {signal.Signals(-code).name}")
    return _Gone("crash", f"ended with exit code {code}")
