"""Documents of 800 words made into MinHash signatures on one core, beside rensa and datasketch, in one run.

    python -m tests.benchmarks.signatures
    PEER_PYTHON=peer/bin/python python -m tests.benchmarks.signatures    # `pip install rensa datasketch` there

Winnow starts from texts, the peers from shingles, so there are three inputs:

- texts, of which the peers' shingles are made by a list comprehension;
- ready shingles, lists of strings, for the peers alone;
- ready hashes of the shingles, in the form that each takes (uint32, for rensa the 64 bits of which these are the half).

Winnow and datasketch compute the same signature: each hash under each of the 128 permutations. The R-MinHash of rensa
0.5 is another sketch with other values: by its README, a hash takes a slot in at most three rounds, and only slots that
stay empty are filled from all hashes. On ready hashes it so has a fraction of the work to do.

Processor time, the best of five.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from curation.dedup.minhash import _minimise, permutations, signatures
from curation.dedup.shingles import Unsigned, shingle_hashes

DOCUMENTS, WORDS = 2_000, 800

_PEER = """
import sys, time
import datasketch, numpy as np, rensa
texts = open(sys.argv[1], encoding="utf-8").read().splitlines()
arrays = np.load(sys.argv[2])

def shingles(text):
    words = text.split()
    return [" ".join(words[place:place + 5]) for place in range(len(words) - 4)]

def with_rensa(sets):
    for one in sets:
        sketch = rensa.RMinHash(128, 1)
        sketch.update(one)
        sketch.digest()

def rensa_hashes(arrays):
    for one in arrays:
        rensa.RMinHash.digest_matrix_from_flat_token_hashes(one, [0, len(one)], 128, 1)

def rensa_hashes_in_one_call(flat):
    rensa.RMinHash.digest_matrix_from_flat_token_hashes(flat.ravel(), range(0, flat.size + 1, flat.shape[1]), 128, 1)

def rensa_c_hashes(lists):
    rensa.CMinHash.digests64_from_token_hash_sets(lists, 128, 1)

def with_datasketch(sets):
    for one in sets:
        datasketch.MinHash(num_perm=128).update_batch([shingle.encode() for shingle in one])

def datasketch_hashes(lists):
    for one in datasketch.MinHash.generator(lists, num_perm=128, hashfunc=int):
        pass

ready, lists = [shingles(text) for text in texts], arrays.tolist()
low = (arrays & 0xFFFFFFFF).tolist()
for name, run, sets, count in (
    ("from texts: rensa RMinHash", with_rensa, None, len(texts)),
    ("from texts: datasketch", with_datasketch, None, 300),
    ("from ready shingles: rensa RMinHash", with_rensa, ready, len(texts)),
    ("from ready shingles: datasketch", with_datasketch, ready, 300),
    ("from ready hashes: rensa RMinHash", rensa_hashes, arrays, len(texts)),
    ("from ready hashes: rensa RMinHash, all in one call", rensa_hashes_in_one_call, arrays, len(texts)),
    ("from ready hashes: rensa CMinHash, all in one call", rensa_c_hashes, lists, len(texts)),
    ("from ready hashes: datasketch", datasketch_hashes, low, 300),
):
    best = None
    for _ in range(5):
        start = time.process_time()
        run(map(shingles, texts[:count]) if sets is None else sets[:count])
        taken = time.process_time() - start
        best = taken if best is None else min(best, taken)
    print(f"{name}: {count / best:,.0f} documents/s")
"""


def main() -> None:
    """Print the documents per second of each."""
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", "S1")
    words = ["".join(part.decode() for part in rng.choice(letters, rng.integers(2, 10))) for _ in range(20_000)]
    texts = [" ".join(words[place] for place in rng.integers(0, len(words), WORDS)) for _ in range(DOCUMENTS)]
    wide = [shingle_hashes(text, scheme="affine64") for text in texts]
    hashes = [one.astype(np.uint32) for one in wide]
    for name, run in (
        ("from texts: Winnow", lambda: signatures(texts)),
        ("from ready hashes: Winnow", lambda: _from_hashes(hashes)),
    ):
        run()  # compiled here
        print(f"{name}: {DOCUMENTS / _best(run):,.0f} documents/s", flush=True)
    peer = os.environ.get("PEER_PYTHON")
    if peer:
        with tempfile.TemporaryDirectory() as folder:
            path, arrays = Path(folder) / "texts.txt", Path(folder) / "hashes.npy"
            path.write_text("\n".join(texts), "utf-8")
            np.save(arrays, np.stack(wide))
            one_core = os.environ | {"RAYON_NUM_THREADS": "1"}
            subprocess.run([peer, "-I", "-c", _PEER, str(path), str(arrays)], check=True, env=one_core)


def _from_hashes(hashes: list[Unsigned]) -> None:
    """What `signatures` does once a document's shingles are hashed."""
    multipliers, offsets = permutations(128, 1)
    rows = np.full((len(hashes), 128), 0xFFFFFFFF, np.uint32)
    for one, row in zip(hashes, rows, strict=True):
        _minimise(one, multipliers, offsets, row)


def _best(run: Callable[[], object]) -> float:
    found = []
    for _ in range(5):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
