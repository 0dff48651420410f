"""Which occurrence of a repeated unit (a line, a run of tokens) stays, decided over parts that never meet as a whole.

Each part numbers its distinct units in its own order of documents, and sends for each of them one entry: a 128-bit
hash, and the order key of the first document that has it here. So a line that a million documents repeat is sent once
for each part. Entries meet by hash; what comes back to a part is which of its distinct units have a better home, and
where that is. The rest the part settles itself.

An order key is a run of bytes, the same number for every document: what sorts first is preferred. Its last 16 bytes
are the document's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.dedup.choose import KeepConfig, ranks_of
from curation.dedup.compiled import compiled
from curation.dedup.levels import Keep
from curation.dedup.shingles import fmix64

ENTRY = np.dtype([("high", "<u8"), ("low", "<u8"), ("document", "<u4"), ("group", "<u4")])
ANCHOR = np.dtype([("hash", "<u8"), ("group", "<u4"), ("several", "?")])
_HEAD = np.dtype([("part", "<u4"), ("width", "<u4"), ("documents", "<u4"), ("entries", "<u4")])
ID_BYTES = 16

Ints = NDArray[np.int64]
Bytes = NDArray[Any]  # of one width


@dataclass(frozen=True)
class Groups:
    """Equal units of one part, which are numbered in the order of preference.

    `of` [units] is the group of each; `first` and `second` [groups] are the units that come first in each (-1: none).
    """

    of: Ints
    first: Ints
    second: Ints

    def __len__(self) -> int:
        return len(self.first)


def group(high: NDArray[np.uint64], low: NDArray[np.uint64] | None = None) -> Groups:
    """Number the distinct values of (high, low), both [n], in the order in which they are met. Linear."""
    return Groups(*_group(high, high if low is None else low))


def order_keys(ids: Sequence[str], columns: Mapping[str, NDArray[Any]], config: KeepConfig) -> Bytes:
    """Order keys [n] of documents: sorted ascending they are in the order of `dedup.keep`, at last that of ids.

    Args:
        ids: 32 hex digits each.
        columns: as `curation.dedup.choose.choose` takes them.
    """
    words = [_sortable(ranks) for ranks in ranks_of(columns, config)]
    words += list(np.frombuffer(bytes.fromhex("".join(ids)), ">u8").reshape(-1, 2).T)
    table = np.stack(words, axis=1).astype(">u8") if ids else np.empty((0, len(words)), ">u8")
    return np.ascontiguousarray(table).view(f"V{8 * len(words)}").reshape(-1)


def sorted_by(orders: Bytes) -> Ints:
    """Places of order keys, the preferred first."""
    words = orders.view(">u8").reshape(len(orders), orders.dtype.itemsize // 8)
    return np.lexsort(words.T[::-1]).astype(np.int64)


def ids_of(orders: Bytes) -> Bytes:
    """The ids, 16 bytes each, at the end of order keys."""
    rows = orders.view(np.uint8).reshape(len(orders), orders.dtype.itemsize)
    return np.ascontiguousarray(rows[:, -ID_BYTES:]).view("V16").reshape(-1)


def pack_units(
    part: int,
    orders: Bytes,
    hashes: NDArray[np.uint64],
    documents: Ints,
    groups: Groups,
    partitions: int,
) -> Iterator[tuple[int, bytes]]:
    """(partition, block) for the distinct units of a part.

    Args:
        part: number of the part.
        orders: order keys of its documents, ascending.
        hashes: [units, 2], the units in the order of their documents.
        documents: place [units] in `orders` of each unit's document.
        groups: the equal units.
        partitions: shuffle keys to spread over.
    """
    entries = np.empty(len(groups), ENTRY)
    entries["high"], entries["low"] = hashes[groups.first, 0], hashes[groups.first, 1]
    entries["document"], entries["group"] = documents[groups.first], np.arange(len(groups))
    for partition, mine in _spread(entries, entries["high"], partitions):
        named, places = np.unique(mine["document"], return_inverse=True)
        mine["document"] = places
        head = np.array((part, orders.dtype.itemsize, len(named), len(mine)), _HEAD)
        yield partition, head.tobytes() + orders[named].tobytes() + mine.tobytes()


def lost_units(blocks: Iterable[bytes], keep: Keep) -> Iterator[tuple[int, bytes]]:
    """(part, packed units) for the units of one partition that go because of a document of another part.

    With `first` these are all but the preferred one, with the order key of its document; with `none` every unit that
    another part has too, with the order key of the preferred one among the other parts' documents.
    """
    heads, tables, entries = [], [], []
    for block in blocks:
        head = np.frombuffer(block, _HEAD, 1)[0]
        start, width = _HEAD.itemsize, int(head["width"])
        middle = start + width * int(head["documents"])
        heads.append(int(head["part"]))
        tables.append(np.frombuffer(block, f"V{width}", int(head["documents"]), start))
        entries.append(np.frombuffer(block, ENTRY, int(head["entries"]), middle))
    if len(heads) < 2:
        return
    orders = np.concatenate(tables)
    rank = np.empty(len(orders), np.int64)
    rank[sorted_by(orders)] = np.arange(len(orders))
    shift = np.concatenate(([0], np.cumsum([len(table) for table in tables])))[:-1]
    rows = np.concatenate(entries)
    document = rows["document"] + np.repeat(shift, [len(one) for one in entries])
    groups = group(rows["high"], rows["low"])
    best, runner = _two_best(groups.of, rank[document], len(groups))
    own = np.arange(len(rows))
    shared = runner[groups.of] >= 0
    goes = shared & (best[groups.of] != own) if keep == "first" else shared
    other = np.where(best[groups.of] == own, runner[groups.of], best[groups.of])
    start = 0
    for part, one in zip(heads, entries, strict=True):
        here = start + np.flatnonzero(goes[start : start + len(one)])
        start += len(one)
        if len(here):
            lost = np.empty(len(here), _lost(orders))
            lost["group"], lost["order"] = rows["group"][here], orders[document[other[here]]]
            yield part, lost.tobytes()


def pack_anchors(part: int, hashes: NDArray[np.uint64], groups: Groups, partitions: int) -> Iterator[tuple[int, bytes]]:
    """(partition, block) for the distinct anchors of a part, and whether each is there more than once."""
    entries = np.empty(len(groups), ANCHOR)
    entries["hash"], entries["group"] = hashes[groups.first], np.arange(len(groups))
    entries["several"] = groups.second >= 0
    for partition, mine in _spread(entries, entries["hash"], partitions):
        yield partition, int(part).to_bytes(4, "little") + mine.tobytes()


def _spread(entries: NDArray[Any], hashes: NDArray[np.uint64], partitions: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """(partition, its entries), by the remainder of their hashes."""
    home = (hashes % np.uint64(partitions)).astype(np.int64)
    order = np.argsort(home, kind="stable")
    ends = np.cumsum(np.bincount(home, minlength=1))
    for partition in np.flatnonzero(np.diff(ends, prepend=0)).tolist():
        yield partition, entries[order[ends[partition - 1] if partition else 0 : ends[partition]]]


def repeated_anchors(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(part, group numbers as uint32) of the anchors of one partition that occur in more than one part."""
    parts, entries = [], []
    for block in blocks:
        parts.append(int.from_bytes(block[:4], "little"))
        entries.append(np.frombuffer(block, ANCHOR, offset=4))
    if len(parts) < 2:
        return
    groups = group(np.concatenate([one["hash"] for one in entries]))
    shared = groups.second[groups.of] >= 0
    start = 0
    for part, one in zip(parts, entries, strict=True):
        here = one["group"][shared[start : start + len(one)]]
        start += len(one)
        if len(here):
            yield part, here.astype("<u4").tobytes()


@dataclass(frozen=True)
class Cuts:
    """Units of a part that go, ascending; of each the id of a document that has it too (the first, or of the first the
    second), and whether another part has it."""

    units: Ints
    ids: Bytes
    elsewhere: NDArray[np.bool_]


def cut_units(groups: Groups, documents: Ints, orders: Bytes, replies: Iterable[bytes], keep: Keep) -> Cuts:
    """What a part cuts, from its own groups and the replies of `lost_units`; arguments as for `pack_units`."""
    rows = np.concatenate([np.empty(0, _lost(orders)), *(np.frombuffer(reply, _lost(orders)) for reply in replies)])
    order_of = np.full(len(groups), -1, np.int64)  # of the document elsewhere, as a place in `known`
    known = np.concatenate([orders, rows["order"]])
    order_of[rows["group"]] = len(orders) + np.arange(len(rows))
    rank = np.empty(len(known) + 1, np.int64)
    rank[sorted_by(known)] = np.arange(len(known))
    rank[-1] = len(known)  # of none
    own, lost = np.arange(len(groups.of)), order_of[groups.of] >= 0
    first, second = groups.first[groups.of], groups.second[groups.of]
    units = np.flatnonzero(lost | ((first != own) if keep == "first" else (second >= 0)))
    first, second, there = first[units], second[units], order_of[groups.of[units]]
    there_first = rank[there] < rank[documents[first]]
    next_here = np.where(second >= 0, documents[second], -1)
    following = np.where(rank[there] < rank[next_here], there, next_here)
    other = np.where(there_first, there, np.where(first == units, following, documents[first]))
    return Cuts(units, ids_of(known)[other], lost[units])


def _lost(orders: Bytes) -> np.dtype[Any]:
    """One unit that goes: its group, and the order key of the document that has it too."""
    return np.dtype([("group", "<u4"), ("order", orders.dtype)])


def _sortable(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Unsigned numbers in the order of `values`: bool, int64 or float64 without NaN."""
    if values.dtype == np.float64:
        bits = (values + 0.0).view(np.int64)  # one zero
        return np.where(bits < 0, ~bits, bits | np.int64(-(2**63))).view(np.uint64)
    return values.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)


@compiled
def _group(high: Any, low: Any) -> Any:
    size = 16
    while size < 2 * high.size:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int64)
    of = np.empty(high.size, np.int64)
    first = np.empty(high.size, np.int64)
    second = np.full(high.size, -1, np.int64)
    count = 0
    for unit in range(high.size):
        slot = fmix64(high[unit]) & mask
        found = table[slot]
        while found >= 0 and (high[first[found]] != high[unit] or low[first[found]] != low[unit]):
            slot = (slot + np.uint64(1)) & mask
            found = table[slot]
        if found < 0:
            found = count
            table[slot] = found
            first[found] = unit
            count += 1
        elif second[found] < 0:
            second[found] = unit
        of[unit] = found
    return of, first[:count].copy(), second[:count].copy()


@compiled
def _two_best(of: Any, rank: Any, count: int) -> Any:
    """The two entries of the lowest rank in each group; -1 where there is none."""
    best = np.full(count, -1, np.int64)
    runner = np.full(count, -1, np.int64)
    for entry in range(of.size):
        place = of[entry]
        if best[place] < 0 or rank[entry] < rank[best[place]]:
            runner[place] = best[place]
            best[place] = entry
        elif runner[place] < 0 or rank[entry] < rank[runner[place]]:
            runner[place] = entry
    return best, runner
