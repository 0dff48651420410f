"""A level run over parts without a runner: what each part sends is put together in any order and sent back."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from curation.dedup import cutting, occurrences
from curation.dedup.choose import KeepConfig
from curation.dedup.cutting import Removal, Units
from curation.dedup.levels import Keep

Part = Sequence[tuple[int, str]]
"""Documents of one part: a number, of which the id is made, and a text."""


def name(number: int) -> str:
    return f"{number:032x}"


def orders_of(numbers: Sequence[int]) -> occurrences.Bytes:
    return occurrences.order_keys([name(number) for number in numbers], {}, KeepConfig(order=("id",)))


def remove_substrings(
    parts: Sequence[Part], size: int, keep: Keep, partitions: int = 1, seed: int = 0
) -> dict[int, list[Removal]]:
    """Number of a document -> runs of tokens that go."""
    texts = [[text for _, text in sorted(part)] for part in parts]
    cuts: list[list[list[tuple[int, int]]]] = [[[] for _ in part] for part in parts]
    hashes = [cutting.anchors_of(texts[k], cuts[k], size) for k in range(len(parts))]
    groups = [occurrences.group(one) for one in hashes]
    sent = defaultdict(list)
    for k in range(len(parts)):
        for partition, block in occurrences.pack_anchors(k, hashes[k], groups[k], partitions):
            sent[partition].append(block)
    repeated = [one.second >= 0 for one in groups]
    for blocks in sent.values():
        for k, reply in occurrences.repeated_anchors(blocks):
            repeated[k][np.frombuffer(reply, "<u4")] = True
    known = [np.sort(hashes[k][groups[k].first[repeated[k]]]) for k in range(len(parts))]
    units = [cutting.units_of_windows(texts[k], cuts[k], size, known[k]) for k in range(len(parts))]
    return _remove(parts, units, keep, partitions, seed, spare=keep == "first")


def remove_lines(
    parts: Sequence[Part], rule: str, keep: Keep, partitions: int = 1, seed: int = 0
) -> dict[int, list[Removal]]:
    """Number of a document -> lines that go."""
    units = []
    for part in parts:
        texts = [text for _, text in sorted(part)]
        units.append(cutting.units_of_lines(texts, [[] for _ in texts], rule))
    return _remove(parts, units, keep, partitions, seed, spare=None)


def _remove(
    parts: Sequence[Part], units: Sequence[Units], keep: Keep, partitions: int, seed: int, *, spare: bool | None
) -> dict[int, list[Removal]]:
    generator = random.Random(seed)
    sent = defaultdict(list)
    groups = [occurrences.group(one.hashes[:, 0], one.hashes[:, 1]) for one in units]
    numbers = [[number for number, _ in sorted(part)] for part in parts]
    for k in range(len(parts)):
        for partition, block in occurrences.pack_units(
            k, orders_of(numbers[k]), units[k].hashes, units[k].documents, groups[k], partitions
        ):
            sent[partition].append(block)
    replies = defaultdict(list)
    for partition in generator.sample(sorted(sent), len(sent)):
        generator.shuffle(sent[partition])
        for k, reply in occurrences.lost_units(sent[partition], keep):
            replies[k].append(reply)
    removed: dict[int, list[Removal]] = {}
    for k, part in enumerate(parts):
        generator.shuffle(replies[k])
        found = occurrences.cut_units(groups[k], units[k].documents, orders_of(numbers[k]), replies[k], keep)
        texts = [text for _, text in sorted(part)]
        here = (
            cutting.removed_lines(units[k], found)
            if spare is None
            else cutting.removed_runs(units[k], found, groups[k], texts, [[] for _ in texts], spare=spare)
        )
        removed.update({numbers[k][document]: removals for document, removals in here.items()})
    return removed
