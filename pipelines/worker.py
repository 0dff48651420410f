"""A local worker process of Beam's, without Beam's log: what a user needs to know reaches the command otherwise."""

from __future__ import annotations

import logging
import sys


def main() -> None:
    """Run Beam's SDK harness; errors travel to the runner with the result, so nothing below critical is printed."""
    logging.disable(logging.ERROR)
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
