"""The child process of `curation.sandbox`: takes pages from it and answers with their texts.

Its arguments are MODULE:FUNCTION, SECONDS, MEMORY_BYTES and the number of the open file in which pages are handed over.
It ends when its input does, and by SIGPROF when a page takes SECONDS of processor time.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
from typing import IO

from curation.extractors import Extractor, load
from curation.sandbox import BROKEN, FAILED, MAX_PAGE, READY, REPLY, REQUEST, TEXT

WARM_UP = b"<html><head><title>A</title></head><body><article><p>One sentence of a page.</p></article></body></html>"


def main() -> None:
    """Serve pages until the input ends."""
    requests, texts = _private_pipes()
    target, seconds, memory, shared = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    page = mmap.mmap(shared, MAX_PAGE, access=mmap.ACCESS_READ)
    try:
        extract = load(target)
        extract(WARM_UP, content_type="text/html", url=None)  # loads models and compiled code, which is no page's time
        _limit_memory(memory)
    except Exception as error:
        _reply(texts, BROKEN, f"{target}: {type(error).__name__}: {error}")
        return
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    _reply(texts, READY, "")
    with contextlib.suppress(BrokenPipeError):
        while head := requests.read(REQUEST.size):
            *lengths, size = REQUEST.unpack(head)
            content_type, url = (requests.read(length).decode("utf-8", "replace") for length in lengths)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            kind, text = _extracted(extract, page[:size], content_type, url)
            signal.setitimer(signal.ITIMER_PROF, 0)
            _reply(texts, kind, text)


def _extracted(extract: Extractor, html: bytes, content_type: str, url: str) -> tuple[int, str]:
    try:
        return TEXT, extract(html, content_type=content_type or None, url=url or None)
    except MemoryError:
        os._exit(1)  # what else failed for want of memory is not known: a fresh process decides
    except Exception as error:
        return FAILED, f"{type(error).__name__}: {error}"[:500]


def _reply(texts: IO[bytes], kind: int, text: str) -> None:
    content = text.encode("utf-8", "replace")
    texts.write(REPLY.pack(kind, len(content)) + content)
    texts.flush()


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the parent under numbers of their own: what a library prints must not get between the texts."""
    requests, texts = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return os.fdopen(requests, "rb"), os.fdopen(texts, "wb")


def _limit_memory(memory: int) -> None:
    """Allow `memory` bytes of address space beyond what is in use; where the system cannot, the machine's is the limit.

    An allocation beyond it fails, which ends the page as a MemoryError or the process as a crash.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as stream:
            used = int(stream.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = used + memory if hard == resource.RLIM_INFINITY else min(used + memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        # A crash is counted by the parent; a core file of it would only fill the disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
