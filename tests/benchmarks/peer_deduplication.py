"""MinHash deduplication by datatrove or text-dedup, 14 bands of 8 over shingles of 5 words; run by `deduplication`.

    python3 -m venv peer && peer/bin/pip install 'datatrove[processing,io]' spacy
    peer/bin/python tests/benchmarks/peer_deduplication.py datatrove IN OUT WORKERS

IN holds JSON lines in as many files as there are workers. Needs nothing of Winnow's; prints how many are removed.
"""

import json
import subprocess
import sys
from pathlib import Path


def datatrove(source: str, out: str, workers: int) -> int:
    """Signatures, buckets and clusters; filtering, which reads the text again, is left out."""
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(
        hash_config=HashConfig(hash_fc="xxhash", precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )

    def stage(name: str, steps: list, tasks: int) -> None:
        LocalPipelineExecutor(pipeline=steps, tasks=tasks, workers=workers, logging_dir=f"{out}/log-{name}").run()

    stage("sign", [JsonlReader(source), MinhashDedupSignature(f"{out}/signatures", config)], workers)
    stage("buckets", [MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)], 14)
    stage("clusters", [MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config)], 1)
    return sum(path.stat().st_size // 4 for path in Path(out, "remove").glob("*.remove"))


def text_dedup(source: str, out: str, workers: int) -> int:
    """Its command `text_dedup.minhash`, which writes what is kept as a data set."""
    command = [
        sys.executable, "-m", "text_dedup.minhash", "--path", "json", "--data_files", f"{source}/*.jsonl",
        "--split", "train", "--cache_dir", f"{out}/cache", "--output", f"{out}/kept", "--column", "text",
        "--ngram", "5", "--num_perm", "112", "--b", "14", "--r", "8", "--num_proc", str(workers),
        "--batch_size", "10000",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    from datasets import load_from_disk

    total = sum(1 for path in Path(source).glob("*.jsonl") for _ in path.open())
    return total - len(load_from_disk(f"{out}/kept"))


if __name__ == "__main__":
    run = {"datatrove": datatrove, "text-dedup": text_dedup}[sys.argv[1]]
    removed = run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    Path(sys.argv[3], "removed.json").write_text(json.dumps(removed))
