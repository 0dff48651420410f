"""A local worker process of Beam's, without Beam's log: what a user needs to know reaches the command otherwise."""

from __future__ import annotations

import logging
import os
import sys


def main() -> None:
    """Run Beam's SDK harness. Its errors travel to the runner with the result, so it need not print them too."""
    logging.disable(logging.ERROR)
    from apache_beam.runners.worker import sdk_worker_main

    with open(os.devnull, "w", encoding="utf-8") as sys.stderr:
        sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
