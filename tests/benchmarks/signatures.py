"""Documents of 800 words made into MinHash signatures on one core, beside rensa and datasketch, in one run.

    python -m tests.benchmarks.signatures
    PEER_PYTHON=peer/bin/python python -m tests.benchmarks.signatures    # `pip install rensa datasketch` there

Winnow starts from texts. The peers take shingles, so they are timed twice: on shingles that are there already, and with
the shingles made of the texts by a list comprehension. Processor time, the best of three.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from curation.dedup.minhash import signatures

DOCUMENTS, WORDS = 2_000, 800

_PEER = """
import sys, time
import datasketch, rensa
texts = open(sys.argv[1], encoding="utf-8").read().splitlines()

def shingles(text):
    words = text.split()
    return [" ".join(words[place:place + 5]) for place in range(len(words) - 4)]

def with_rensa(sets):
    for one in sets:
        sketch = rensa.RMinHash(128, 1)
        sketch.update(one)
        sketch.digest()

def with_datasketch(sets):
    for one in sets:
        datasketch.MinHash(num_perm=128).update_batch([shingle.encode() for shingle in one])

ready = [shingles(text) for text in texts]
for name, run, count in (("rensa RMinHash", with_rensa, len(texts)), ("datasketch", with_datasketch, 300)):
    made = lambda: map(shingles, texts[:count])
    for how, sets in (("on ready shingles", lambda: ready[:count]), ("from texts", made)):
        best = None
        for _ in range(3):
            start = time.process_time()
            run(sets())
            taken = time.process_time() - start
            best = taken if best is None else min(best, taken)
        print(f"{name} {how}: {count / best:,.0f} documents/s")
"""


def main() -> None:
    """Print the documents per second of each."""
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", "S1")
    words = ["".join(part.decode() for part in rng.choice(letters, rng.integers(2, 10))) for _ in range(20_000)]
    texts = [" ".join(words[place] for place in rng.integers(0, len(words), WORDS)) for _ in range(DOCUMENTS)]
    signatures(texts[:10])  # compiled here
    print(f"winnow from texts: {DOCUMENTS / _best(lambda: signatures(texts)):,.0f} documents/s")
    peer = os.environ.get("PEER_PYTHON")
    if peer:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "texts.txt"
            path.write_text("\n".join(texts), "utf-8")
            subprocess.run([peer, "-I", "-c", _PEER, str(path)], check=True)


def _best(run: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
