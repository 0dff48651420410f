"""What an ablation found: losses, paired differences, learning curves."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finetune.ablation_config import AblationConfig
from finetune.ablation_statistics import paired_interval
from finetune.training import METRICS

BITS = "/bits_per_byte"


def compare(
    config: AblationConfig,
    labels: Sequence[str],
    sets: Sequence[str],
    bits_per_byte: Mapping[tuple[str, int], Mapping[str, float]],
) -> dict[str, Any]:
    """`losses` by set and build, and `differences` (first minus second) by set and pair of builds; lower is better.

    Args:
        config: has the seeds and the confidence.
        labels: of the builds, in order.
        sets: names of the held-out sets, in order.
        bits_per_byte: by (label, seed) and set.
    """
    values = {
        (name, label): [bits_per_byte[label, seed][name] for seed in config.seeds] for name in sets for label in labels
    }
    differences = []
    for name in sets:
        for first, second in itertools.combinations(labels, 2):
            pairs = values[name, first], values[name, second]
            interval = paired_interval(*pairs, config.confidence)
            differences.append(
                {
                    "set": name,
                    "first": first,
                    "second": second,
                    "per_seed": [a - b for a, b in zip(*pairs, strict=True)],
                    **asdict(interval),
                    "includes_zero": interval.includes_zero,
                }
            )
    losses = [
        {"set": name, "build": label, "mean": statistics.fmean(found), "per_seed": found}
        for (name, label), found in values.items()
    ]
    return {"losses": losses, "differences": differences}


def read_curves(folder: str, per_step: int) -> dict[str, Any]:
    """`training` (tokens, nats per token) and `held_out` by set (tokens, bits per byte) from a run's metrics."""
    training: list[list[float]] = []
    sets: dict[str, list[list[float]]] = {}
    for line in Path(folder, METRICS).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tokens = row["step"] * per_step
        if "loss" in row:
            training.append([tokens, row["loss"]])
        for key, value in row.items():
            if key.endswith(BITS):
                sets.setdefault(key.removesuffix(BITS), []).append([tokens, value])
    return {"training": training, "held_out": sets}
