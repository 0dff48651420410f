"""`python -m tests.fuzz archives --seconds 60 --seed 1`: exit code 1 and the input's file when something is found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.archives import ArchiveTarget
from tests.fuzz.pages import PageTarget
from tests.fuzz.running import Budget, Target, fuzz
from tests.fuzz.salvage import SalvageTarget

TARGETS: dict[str, Callable[[Path | None], Target]] = {
    "archives": ArchiveTarget,
    "html": lambda _: PageTarget(),
    "salvage": lambda _: SalvageTarget(),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time of the whole run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--only", type=int, help="run just this input")
    parser.add_argument("--cap", type=float, default=10.0, help="CPU seconds that one input may take")
    parser.add_argument("--memory", type=int, default=768, help="MiB by which the process may grow")
    parser.add_argument("--data", type=Path, help="folder of real archives to mutate too, such as ../shared/data/crawl")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-findings")
    options = parser.parse_args(arguments)
    target = TARGETS[options.target](options.data)
    first, count = (options.first, None) if options.only is None else (options.only, 1)
    budget = Budget(options.seconds, options.cap, options.memory, count)
    report = fuzz(target, options.seed, budget, first=first, keep=options.keep)
    print(report.summary())
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
