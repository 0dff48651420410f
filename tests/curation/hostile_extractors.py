"""Extractors for tests of the sandbox: what they do, a page's content says."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import time

seen = 0


def by_content(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """Hang, crash, fail or answer, as the page asks for."""
    global seen
    seen += 1
    page = html.decode("utf-8", "replace")
    if page == "sleep":
        time.sleep(600)
    elif page == "loop":
        re.fullmatch(r"(a|aa)+b", "a" * 100)  # native code that never gives way
    elif page == "segfault":
        ctypes.string_at(0)
    elif page == "exit" or (page == "exit unless fresh" and seen > 2):  # the first page of all warms up
        os._exit(3)
    elif page == "memory":
        return str(len(bytearray(1 << 40)))
    elif page == "raise":
        raise ValueError("a bad page")
    elif page == "print":
        print("noise")
        os.write(1, b"noise")
        os.write(2, b"noise")
        return f"read {len(sys.stdin.read())}"
    elif page == "process":
        return f"{os.getpid()} {os.getsid(0)}"
    elif page == "named":
        return f"{content_type} {url}"
    elif page == "surrogate":
        return "a\ud800b"
    return page


def cannot_start(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """Fail on every page, the one that warms up too."""
    raise RuntimeError("no model")


def dies_at_start(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """End the process on every page, the one that warms up too."""
    os._exit(7)
