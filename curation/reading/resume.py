"""Reading a remote file to its end over a network that fails: bounded retries, and going on at the byte reached.

The waits double from one second: Common Crawl asks for no more than one attempt a second, and to slow down at any
error (status.commoncrawl.org). A `Retry-After` of the server comes before our own wait.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol, TypeVar, cast

LONGEST_WAIT = 60.0  # seconds, before jitter
LONGEST_RETRY_AFTER = 600.0
# A connection that moved this much was a good one: failures after it are counted anew.
PROGRESS_BYTES = 1 << 20
UNREACHED_RETRIES = 3
sleep = time.sleep

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Access:
    """How remote inputs are read: failures in a row that are tried again, and object stores without credentials."""

    retries: int = 10
    anonymous: bool = False


class RemoteError(OSError):
    """A remote file that cannot be read; `spent` when retries ran out, otherwise no retry would mend it."""

    def __init__(self, message: str, *, spent: bool = False) -> None:
        super().__init__(message)
        self.spent = spent


class MissingError(RemoteError):
    """There is nothing at this place."""


class TransientError(OSError):
    """One attempt that failed and may work later; `retry_after` seconds if the server said when."""

    def __init__(self, message: str, *, retry_after: float | None = None, unreached: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.unreached = unreached


class Attempts:
    """The failures in a row at one remote file.

    `hurried` gives up early on a server that cannot even be reached: a wrong host name should not take minutes.
    """

    def __init__(self, name: str, access: Access, *, hurried: bool = False) -> None:
        self._name, self._retries, self._hurried = name, access.retries, hurried
        self._reasons: list[str] = []
        self._unreached = 0

    def failed(self, error: TransientError, position: int | None = None) -> None:
        """Wait until the next attempt is due.

        Raises:
            RemoteError: no attempt is left, or the server asks for a wait longer than ten minutes.
        """
        self._reasons.append(str(error))
        self._unreached = self._unreached + 1 if error.unreached else 0
        place = "" if position is None else f" at byte {position:,}"
        if error.retry_after is not None and error.retry_after > LONGEST_RETRY_AFTER:
            message = f"{error}; the server asks to wait {error.retry_after:.0f} s: run the same command later"
            raise RemoteError(message, spent=True)
        count = len(self._reasons)
        if count > self._retries or (self._hurried and self._unreached > UNREACHED_RETRIES):
            listed = ", ".join(f"{reason} ({times}x)" for reason, times in Counter(self._reasons).items())
            attempts = f"{count} attempt{'s' if count > 1 else ''} in a row"
            raise RemoteError(f"given up{place} after {attempts}: {listed}", spent=True)
        sleep(wait_seconds(self._name, count, error.retry_after))

    def succeeded(self) -> None:
        """Forget the failures: the file is being read again."""
        self._reasons.clear()
        self._unreached = 0


def wait_seconds(name: str, failures: int, retry_after: float | None) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 … 60, or what the server asks, and up to half more.

    The part on top is a hash of name and count: workers that failed together do not come back together.
    """
    digest = hashlib.blake2b(f"{failures} {name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    jitter = int.from_bytes(digest, "big") / 2**65
    base = min(2.0 ** min(failures - 1, 30), LONGEST_WAIT) if retry_after is None else max(retry_after, 0.0)
    return base * (1 + jitter)


def retried(name: str, access: Access, attempt: Callable[[], Result]) -> Result:
    """What `attempt` returns, tried again while it raises TransientError.

    Raises:
        RemoteError: retries are spent, or what `attempt` itself raises.
    """
    attempts = Attempts(name, access, hurried=True)
    while True:
        try:
            return attempt()
        except TransientError as error:
            attempts.failed(error)


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says about a file's content; None or "" for what it does not say."""

    size: int | None
    tag: str = ""
    modified: str = ""

    def check(self, now: Version) -> None:
        """RemoteError when `now` is of other content: the rest of one file must not follow the start of another."""
        if self.size is not None and now.size is not None and self.size != now.size:
            raise RemoteError(
                f"it changed while it was read: {self.size:,} bytes before, {now.size:,} now; run the command again"
            )
        before, after = (self.tag, now.tag) if self.tag and now.tag else (self.modified, now.modified)
        if before and after and before != after:
            raise RemoteError(
                f"it changed while it was read: version {before} before, {after} now; run the command again"
            )

    def joined(self, now: Version) -> Version:
        """Everything known about the file after another answer."""
        size = now.size if self.size is None else self.size
        return Version(size, self.tag or now.tag, self.modified or now.modified)

    @property
    def fingerprint(self) -> str:
        """Text that is another when the content may be another."""
        return f"{self.size}-{self.tag or self.modified}"


class Body(Protocol):
    """An answer that is being read; `end` is the offset in the file where it ends as declared, None if not said."""

    end: int | None

    def read(self, size: int) -> bytes:
        """At most `size` bytes, empty at the end; TransientError when the connection breaks."""

    def close(self) -> None:
        """Give the connection back."""


class Source(Protocol):
    """A remote file that can be opened at any byte."""

    def open_at(self, offset: int, known: Version) -> tuple[Version, Body]:
        """The bytes from `offset` on of the file of which `known` is known.

        Raises:
            TransientError: it cannot be opened now.
            RemoteError: it cannot be opened.
        """


class ResumingReader(io.RawIOBase):
    """A remote file as a stream of bytes, in order, each once.

    A broken connection or a short answer is opened again at the byte reached, as long as the file is still the
    same. Memory is one answer's buffer. `size` is what is known of the file before the first answer.

    Raises, when read:
        RemoteError: the file has changed, cannot be read, or retries are spent.
    """

    def __init__(
        self, source: Source, name: str, access: Access, size: int | None = None, *, hurried: bool = False
    ) -> None:
        super().__init__()
        self._source = source
        self._attempts = Attempts(name, access, hurried=hurried)
        self._version = Version(size)
        self._body: Body | None = None
        self._position = 0
        self._mark = 0  # position of the last failure
        self._opened = 0  # position at which the body at hand was opened

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what comes next; the number of bytes, 0 at the end."""
        while len(buffer):
            try:
                block = self._next(len(buffer))
            except TransientError as error:
                self._drop()
                self._mark = self._position
                self._attempts.failed(error, self._position)
                continue
            buffer[: len(block)] = block
            self._position += len(block)
            if self._position - self._mark >= PROGRESS_BYTES:
                self._attempts.succeeded()
            return len(block)
        return 0

    def _next(self, size: int) -> bytes:
        while True:
            if self._body is None:
                if self._position and self._position == self._version.size:
                    return b""
                version, self._body = self._source.open_at(self._position, self._version)
                self._version.check(version)
                self._version = self._version.joined(version)
                self._opened = self._position
            block = self._body.read(size)
            if block:
                return block
            total = self._version.size
            if total is None or self._position == total:
                return b""
            if self._position > total:
                raise RemoteError(f"the server says it has {total:,} bytes and sent {self._position:,}")
            if self._body.end != self._position or self._position == self._opened:
                raise TransientError(f"the answer ended at byte {self._position:,} of {total:,}")
            self._drop()  # a server may answer by parts that are shorter than asked

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        """Give the connection back."""
        self._drop()
        super().close()


@contextmanager
def resuming(
    source: Source, name: str, access: Access, size: int | None = None, *, hurried: bool = False
) -> Iterator[IO[bytes]]:
    """`source` as a buffered stream, closed at the end."""
    with io.BufferedReader(ResumingReader(source, name, access, size, hurried=hurried)) as stream:
        yield cast("IO[bytes]", stream)
