"""`winnow ablate`: which of several builds teaches a small model more, as FineWeb decides (Penedo et al. 2024).

The same model is trained on equally many tokens of each build, once for each seed, and evaluated on text that none of
them was trained on, in bits per byte. A seed sets the first weights and the order of the documents, so the runs of one
seed are a pair, and the differences of the pairs give the confidence interval. Each run is a model folder of its own
with a manifest, complete or absent: a killed ablation goes on with the run, and the checkpoint, that it was in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.ablation_config import AblationConfig
from finetune.ablation_data import (
    HeldOut,
    NamedBuild,
    Pool,
    TokenPool,
    encode_pool,
    held_out_files,
    prepare_tokenizer,
    read_pools,
)
from finetune.ablation_results import compare, read_curves
from finetune.ablation_runs import Bench, describe_file, plan_steps, run_folder, run_one, set_up, tokens_per_step
from finetune.outputs import run_identity
from manifests.digests import digest_json
from manifests.errors import UsageError
from manifests.files import digest_file, write_bytes
from manifests.manifest import MANIFEST_NAME, code_identity, read_manifest, write_manifest
from manifests.models import describe_base, library_versions, portable_path, verify_files

KIND = "ablation"
RESULTS_NAME = "results.json"
REPORT_NAME = "report.html"
BUILDS = "builds"
OURS = (MANIFEST_NAME, RESULTS_NAME, REPORT_NAME, "runs", BUILDS)


@dataclass(frozen=True)
class Ablation:
    """A finished ablation; `fresh` is false when it was there already."""

    out: str
    manifest: dict[str, Any]
    results: dict[str, Any]
    fresh: bool


def run_ablation(
    config: AblationConfig,
    builds: Sequence[NamedBuild],
    out: str,
    render: Callable[[Mapping[str, Any]], str],
    notify: Callable[[str], None],
) -> Ablation:
    """Train and compare models on `builds` into the folder `out`.

    A finished ablation in `out` is left as it is; one that differs in seeds alone keeps the runs it has.

    Args:
        config: what to train and what to evaluate on.
        builds: two or more, in the order of the differences (first minus second).
        out: gets `runs/`, one model folder each, `results.json`, `report.html` and, last, `manifest.json`.
        render: the report's HTML from the results.
        notify: told one line about each step.

    Raises:
        UsageError: a build that is damaged or smaller than the budget; a held-out set without a document; `out` holds
            something else.
        JobError: a loss is no longer a number.
    """
    check_out(out)
    origin = _origin(config, builds, out)
    found = _finished(out, origin)
    if found is not None:
        return found
    pools, sets = read_pools(config, builds)
    tokenizer = prepare_tokenizer(config, pools)
    encoded = [encode_pool(pool, tokenizer) for pool in pools]
    bench = set_up(config, plan_steps(config, builds, encoded), tokenizer, sets)
    notify(
        f"{len(builds)} builds x {len(config.seeds)} seeds, {bench.trained_tokens:,} tokens each in {bench.steps:,} "
        "steps; evaluated on " + ", ".join(f"{part.name} ({len(part.texts):,} documents)" for part in sets)
    )
    manifests: dict[tuple[str, int], dict[str, Any]] = {}
    for seed in config.seeds:
        for build, pool, parent in zip(builds, encoded, origin["parents"], strict=True):
            result = run_one(bench, build, pool, parent, seed, run_folder(out, build.label, seed))
            manifests[build.label, seed] = result.manifest
            notify(_one_line(build.label, seed, result.manifest, result.seconds if result.fresh else None))
    results = _collect(bench, list(zip(builds, pools, encoded, strict=True)), sets, manifests, out)
    return _publish(config, origin, results, manifests, out, render)


def check_out(out: str) -> None:
    """UsageError unless `out` is absent, empty, or an ablation's folder, finished or not."""
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{out}: a file; give --out a folder")
    strange = sorted(entry.name for entry in folder.iterdir() if entry.name not in OURS) if folder.exists() else []
    if strange:
        raise UsageError(f"{out}: holds something else than an ablation ({', '.join(strange[:3])}); give another --out")
    if (folder / MANIFEST_NAME).is_file() and read_manifest(out).get("kind") != KIND:
        raise UsageError(f"{out}: its manifest is not an ablation's; give another --out")


def _origin(config: AblationConfig, builds: Sequence[NamedBuild], out: str) -> dict[str, Any]:
    """All that decides the result: `recipe`, `inputs` (held-out files) and `parents` (the builds, checked)."""
    recipe = config.model_dump(mode="json")
    recipe["held_out"] = {name: [portable_path(path, out) for path in paths] for name, paths in config.held_out.items()}
    files = [file for name in sorted(config.held_out) for file in held_out_files(config.held_out[name])]
    return {
        "recipe": recipe,
        "inputs": [describe_file(file, out) for file in files],
        "parents": [
            {"role": build.label, "path": portable_path(build.folder, out), **describe_base(build.folder)}
            for build in builds
        ],
    }


def _finished(out: str, origin: Mapping[str, Any]) -> Ablation | None:
    """The ablation in `out` when it is this very one and whole."""
    if not Path(out, MANIFEST_NAME).is_file():
        return None
    manifest = read_manifest(out)
    parts = ("recipe", "inputs", "parents")
    wanted = run_identity(KIND, *(origin[part] for part in parts))
    if run_identity(KIND, *(manifest.get(part) for part in parts)) != wanted or verify_files(out):
        return None
    return Ablation(out, manifest, json.loads(Path(out, RESULTS_NAME).read_bytes()), False)


def _one_line(label: str, seed: int, manifest: Mapping[str, Any], seconds: float | None) -> str:
    values = ", ".join(f"{name} {value:.4f}" for name, value in manifest["metrics"]["bits_per_byte"].items())
    return f"{label} seed {seed}: {values} bits per byte ({'up to date' if seconds is None else f'{seconds:.1f} s'})"


def _collect(
    bench: Bench,
    builds: Sequence[tuple[NamedBuild, Pool, TokenPool]],
    sets: Sequence[HeldOut],
    manifests: Mapping[tuple[str, int], Mapping[str, Any]],
    out: str,
) -> dict[str, Any]:
    config, per_step = bench.config, tokens_per_step(bench.config)
    metrics = {key: manifest["metrics"] for key, manifest in manifests.items()}
    bits_per_byte = {key: values["bits_per_byte"] for key, values in metrics.items()}
    return {
        "name": config.name,
        "seeds": config.seeds,
        "confidence": config.confidence,
        "trained_tokens": bench.trained_tokens,
        "steps": bench.steps,
        "parameters": next(iter(metrics.values()))["parameters"],
        "vocabulary": len(bench.tokenizer),
        "machines": sorted({f"{values['device']}, {values['precision']}" for values in metrics.values()}),
        "architecture": config.architecture.model_dump(),
        "builds": [
            {
                "label": build.label,
                "name": build.name,
                "digest": read_manifest(build.folder)["digest"],
                "documents": pool.documents,
                "training_documents": len(pool.rows),
                "training_tokens": len(encoded.tokens),
                "bytes_per_token": sum(len(text.encode()) for _, text in pool.rows) / len(encoded.tokens),
                "epochs": bench.trained_tokens / len(encoded.tokens),
            }
            for build, pool, encoded in builds
        ],
        "held_out": [
            {"name": part.name, "documents": len(part.texts), "bytes": part.bytes, "left_out_as_seen": part.seen}
            for part in sets
        ],
        **compare(config, [build.label for build, _, _ in builds], [part.name for part in sets], bits_per_byte),
        "curves": [
            {"build": label, "seed": seed, **read_curves(run_folder(out, label, seed), per_step)}
            for label, seed in sorted(manifests)
        ],
    }


def _publish(
    config: AblationConfig,
    origin: Mapping[str, Any],
    results: dict[str, Any],
    manifests: Mapping[tuple[str, int], Mapping[str, Any]],
    out: str,
    render: Callable[[Mapping[str, Any]], str],
) -> Ablation:
    Path(out, MANIFEST_NAME).unlink(missing_ok=True)  # of the same runs with fewer seeds; it must not outlive its files
    pretty = json.dumps(results, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_bytes(os.path.join(out, RESULTS_NAME), pretty.encode())
    write_bytes(os.path.join(out, REPORT_NAME), render(results).encode())
    runs, files = [], [_file(name, out) for name in (REPORT_NAME, RESULTS_NAME)]
    for key in sorted(manifests):
        path = portable_path(run_folder(out, *key), out)
        runs.append({"path": path, "digest": manifests[key]["digest"]})
        files += [{**entry, "path": f"{path}/{entry['path']}"} for entry in manifests[key]["files"]]
    manifest = write_manifest(
        out,
        {
            "kind": KIND,
            "name": config.name,
            **origin,
            "recipe_digest": digest_json(origin["recipe"]),
            "code": code_identity(),
            "libraries": library_versions(),
            "runs": runs,
            "files": files,
            "losses": results["losses"],
            "differences": results["differences"],
        },
    )
    return Ablation(out, manifest, results, True)


def _file(path: str, out: str) -> dict[str, Any]:
    sha256, size = digest_file(os.path.join(out, path))
    return {"path": path, "bytes": size, "sha256": sha256}
