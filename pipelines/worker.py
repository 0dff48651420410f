"""A local worker process of Beam's, without Beam's log: what a user needs to know reaches the command otherwise."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

PARENT_SECONDS = 1.0


def main() -> None:
    """Run Beam's SDK harness for the command whose process id is the first argument.

    Errors travel to the runner with the result, so the harness need not print them too. The worker ends at once on
    Ctrl-C and when the command is gone: it must not go on writing while the next run does. It also ends when the file
    that the second argument names appears, by which the command says that the job is over.
    """
    parent, over = int(sys.argv.pop(1)), sys.argv.pop(1)
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    threading.Thread(target=_end_with, args=(parent, over), daemon=True).start()
    logging.disable(logging.ERROR)
    from apache_beam.runners.worker import sdk_worker_main

    with open(os.devnull, "w", encoding="utf-8") as sys.stderr:
        sdk_worker_main.main(sys.argv)


def _end_with(parent: int, over: str) -> None:
    while True:
        time.sleep(PARENT_SECONDS)
        if os.path.exists(over):
            os._exit(0)
        try:
            os.kill(parent, 0)  # signal 0 only asks whether it is there
        except ProcessLookupError:
            os._exit(1)


if __name__ == "__main__":
    main()
