"""Recall and precision for secrets, user names and passwords, beside detect-secrets on the same files.

    python -m tests.benchmarks.secret_keys                              # ours alone
    PEER_PYTHON=peer/bin/python python -m tests.benchmarks.secret_keys  # beside detect-secrets, which that python has
    python -m tests.benchmarks.secret_keys FOLDER ...                   # lists what is found in real sources instead

The files are those of `secret_files`: keys in the public formats of their providers, and files that hold none. A value
counts as found when a span covers it whole (for the peer: when it reports the value, or a longer or shorter part of at
least half of it). A report that overlaps no value is false.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from curation.privacy import find
from tests.benchmarks.secret_files import Sample, negatives, positives

TYPES = frozenset(("SECRET", "PASSWORD", "USERNAME"))
MOST_BYTES = 2_000_000

PEER = """
import json, sys
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings
found = {}
with default_settings():
    for path in sys.argv[1:]:
        secrets = SecretsCollection()
        secrets.scan_file(path)
        found[path] = sorted({s.secret_value for _, s in secrets if s.secret_value})
print(json.dumps(found))
"""


class Score:
    """Values and reports, counted over samples."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.hit: Counter[str] = Counter()
        self.true = 0
        self.false: list[tuple[str, str]] = []

    def add(self, sample: Sample, reports: Sequence[str], covers: Callable[[str, str], bool]) -> None:
        """Count what was reported for one file."""
        for value in sample.values:
            self.total[sample.group] += 1
            self.hit[sample.group] += any(covers(report, value) for report in reports)
        for report in reports:
            if any(report in value or value in report for value in sample.values):
                self.true += 1
            else:
                self.false.append((sample.name, report))

    @property
    def recall(self) -> float:
        """The share of the values that was found."""
        return sum(self.hit.values()) / sum(self.total.values())

    @property
    def precision(self) -> float:
        """The share of the reports that were of a value."""
        return self.true / (self.true + len(self.false)) if self.true else 0.0


def ours(samples: Iterable[Sample]) -> Score:
    """What `find` does on the samples."""
    score = Score()
    for sample in samples:
        kind = "prose" if sample.name.endswith("prose.txt") else "code"
        spans = [span for span in find(sample.text, kind=kind) if span.type in TYPES]
        score.add(sample, [sample.text[span.start : span.end] for span in spans], lambda report, value: value in report)
    return score


def peer(samples: Sequence[Sample], python: str) -> Score:
    """What detect-secrets, with its default plugins and filters, does on the samples."""
    score = Score()
    with tempfile.TemporaryDirectory(prefix="winnow-secrets-") as folder:
        paths = {}
        for number, sample in enumerate(samples):
            path = Path(folder) / f"{number}_{sample.name}"
            path.write_text(sample.text)
            paths[str(path)] = sample
        command = [python, "-c", PEER, *paths]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout)
        for path, sample in paths.items():
            score.add(sample, found[path], lambda report, value: _half(report, value) or "BEGIN" in report)
    return score


def _half(report: str, value: str) -> bool:
    return value in report or (report in value and 2 * len(report) >= len(value))


def main() -> None:
    """Print the table, or what real source trees hold."""
    if len(sys.argv) > 1:
        _trees(sys.argv[1:])
        return
    console = Console(width=110)
    samples = [*positives(), *negatives()]
    scores = {"winnow": ours(samples)}
    python = os.environ.get("PEER_PYTHON")
    if (
        python
        and subprocess.run([python, "-c", "import detect_secrets"], capture_output=True, check=False).returncode == 0
    ):
        scores["detect-secrets"] = peer(samples, python)
    else:
        console.print("peer: set PEER_PYTHON to a python that has detect-secrets", style="dim")
    console.print(_table(scores))
    for name, score in scores.items():
        missed = [f"{group} {score.hit[group]}/{n}" for group, n in score.total.items() if score.hit[group] < n]
        console.print(f"{name} missed: {', '.join(missed) or 'nothing'}")
        console.print(f"{name} false, by file: {dict(Counter(file for file, _ in score.false))}")


def _table(scores: dict[str, Score]) -> Table:
    table = Table(title="made-up secrets and files without any", title_justify="left")
    for heading in ("system", "values", "found", "recall", "groups whole", "reports", "false", "precision"):
        table.add_column(heading, justify="left" if heading == "system" else "right")
    for name, score in scores.items():
        whole = sum(score.hit[group] == total for group, total in score.total.items())
        table.add_row(
            name, f"{sum(score.total.values())}", f"{sum(score.hit.values())}", f"{score.recall:.3f}",
            f"{whole} of {len(score.total)}", f"{score.true + len(score.false)}", f"{len(score.false)}",
            f"{score.precision:.3f}",
        )  # fmt: skip
    return table


def _trees(folders: Sequence[str]) -> None:
    """Every hit in the files under `folders`, a line each, to be read by eye."""
    size, count = 0, Counter[str]()
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            raw = path.read_bytes() if path.is_file() and path.stat().st_size <= MOST_BYTES else b"\0"
            if b"\0" in raw[:8000]:
                continue
            text = raw.decode("utf-8", "replace")
            size += len(raw)
            for span in find(text, kind="code"):
                if span.type in TYPES:
                    count[span.type] += 1
                    line = text[text.rfind("\n", 0, span.start) + 1 : span.end].splitlines()[0][-120:]
                    print(f"{span.type}\t{span.score}\t{path}\t{line}")
    print(f"{size / 1e6:.1f} MB, {dict(count)}", file=sys.stderr)


if __name__ == "__main__":
    main()
