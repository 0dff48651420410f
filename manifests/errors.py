"""The two ways a command ends badly, and the exit code of each."""

from __future__ import annotations


class WinnowError(Exception):
    """A failure that is explained to the user in one message, without a traceback.

    The message names the file or key, the place in it, and what to do about it.
    """

    exit_code = 1


class UsageError(WinnowError):
    """Wrong usage, configuration or input list: nothing has been started (exit code 2)."""

    exit_code = 2


class JobError(WinnowError):
    """Work that had begun could not be finished; earlier output is untouched (exit code 1)."""

    exit_code = 1
