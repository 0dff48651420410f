"""Compiled loops: numba with a compile cache where one can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` compiled by numba on first use, without the GIL while it runs.

    The machine code is cached beside the module or in the user's cache folder. A worker may run under a user who
    can write neither, where numba refuses to decorate at all: there every process compiles for itself.
    """
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]
