"""The sample crawl: WARC and WET files of invented pages, with everything a real crawl does to its readers.

Eight archives: one in Common Crawl's style (request, response, metadata), two with chunked and compressed bodies
and other charsets, one that ends in the middle of a gzip member, one with a wrong Content-Length, one without
compression; and WET files, with and without compression. What was planted where is returned as the truth.
"""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.demo.items import Item, Truth, make_items
from pipelines.demo.site import host_of
from pipelines.demo.warc import Archive, Record, chunked, fetch_records, http_response, warcinfo
from pipelines.demo.world import World, shuffled

_WARC_FILES = (
    "crawl-00000.warc.gz",
    "crawl-00001.warc.gz",
    "crawl-00002.warc.gz",
    "crawl-00003.warc.gz",
    "crawl-00004.warc",
)
_TRUNCATED_FILE, _WRONG_LENGTH_FILE, _COMPLETE_FILE = _WARC_FILES[2], _WARC_FILES[3], _WARC_FILES[0]
_WET_FILES = ("crawl-00000.warc.wet.gz", "crawl-00001.warc.wet.gz", "crawl-00002.warc.wet")


def write_crawl(folder: Path, world: World) -> dict[str, Any]:
    """Write the archives of `world` into `folder`; returns what was planted, with the keys that `Truth` lists.

    `files` (`name`, `bytes`, `records` by WARC type), `pages` (`uri`, `kind`, `language`; the unreadable ones too),
    `exact_duplicates` ([original, copy]), `near_duplicates` ([original, copy, Jaccard similarity of the 5-word shingles
    of the pages' own words]), `private` (`uri`, `kind`, `value`), `toxic_pages`, `toxic_lines` (`uri`, `line`),
    `low_quality` (`uri`, `kind`), `no_pages` (`uri`, `kind`, `status`), `odd` (readable, but with something wrong),
    `errors` (records that cannot be read whole or are larger than 16 MiB: `file`, `offset`, `kind`, `uri`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    truth = Truth()
    placed: dict[str, list[Item]] = {name: [] for name in (*_WARC_FILES, *_WET_FILES)}
    for item, copy_of in make_items(world, truth):
        _place(placed, item, copy_of)
    number = 0
    for name in placed:
        rng = random.Random(f"winnow-demo-order:{world.seed}:{name}")
        number = _write_archive(folder, name, _ordered(name, shuffled(rng, placed[name])), number + 1, truth)
    return truth.as_json()


def _place(placed: dict[str, list[Item]], item: Item, copy_of: str | None) -> None:
    """Put `item` into the emptiest file of its sort, a copy never beside its original."""
    names = _WET_FILES if item.wet else _WARC_FILES
    free = [name for name in names if copy_of is None or all(other.uri != copy_of for other in placed[name])]
    placed[min(free, key=lambda name: (len(placed[name]), name))].append(item)


def _http(item: Item) -> tuple[bytes, bytes]:
    """The bytes of the HTTP answer, and its payload as sent."""
    body = item.body
    content_type = item.content_type
    if content_type == "text/html" and item.declared in ("header", "wrong"):
        wrong = "iso-8859-1" if item.charset == "utf-8" else "utf-8"
        content_type += f"; charset={wrong if item.declared == 'wrong' else item.charset}"
    headers = [("Date", "Sun, 01 Mar 2026 00:00:00 GMT"), ("Server", "lighthouse/1.0"), ("Content-Type", content_type)]
    if item.packing in ("gzip", "gzip-chunked", "broken-gzip"):
        body = gzip.compress(body, mtime=0)
    if item.packing == "broken-gzip":
        body = body[: len(body) // 2] + b"\0" * 40
    if item.packing == "deflate":
        body = zlib.compress(body)
    if item.packing in ("gzip", "gzip-chunked", "broken-gzip", "lying-gzip"):
        headers.append(("Content-Encoding", "gzip"))
    if item.packing == "deflate":
        headers.append(("Content-Encoding", "deflate"))
    if item.status == 301:
        headers.append(("Location", f"https://{host_of('travel')}/"))
    payload = body
    if item.packing in ("chunked", "gzip-chunked", "broken-chunks"):
        headers.append(("Transfer-Encoding", "chunked"))
        body = chunked(body)
        if item.packing == "broken-chunks":
            body = body.replace(b"5dc\r\n", b"zz\r\n", 1)[:-5]
    else:
        headers.append(("Content-Length", str(len(body))))
    return http_response(item.status, headers, body), payload


def _ordered(name: str, items: list[Item]) -> list[Item]:
    """`items`, with a plain page at the place of the record that will be broken."""
    at = {_TRUNCATED_FILE: len(items) - 1, _WRONG_LENGTH_FILE: len(items) // 2}.get(name)
    if at is not None:
        plain = next(index for index, item in enumerate(items) if item.kind == "plain" and item.packing == "none")
        items[at], items[plain] = items[plain], items[at]
    return items


def _write_archive(folder: Path, name: str, items: Sequence[Item], number: int, truth: Truth) -> int:
    """Write one archive; returns the last record number used."""
    archive = Archive(packed=name.endswith(".gz"))
    info = warcinfo(name, number)
    counts = {"warcinfo": 1}
    archive.add(info)
    offsets = {}
    for index, item in enumerate(items):
        number += 1
        for record in _records(item, number, name):
            if name == _WRONG_LENGTH_FILE and index == len(items) // 2:
                record = replace(record, length=len(record.block) + 700)
                truth.add("errors", file=name, offset=archive.size, kind="wrong-content-length", uri=item.uri)
            if item.kind == "big" and record.type == "response":
                truth.add("errors", file=name, offset=archive.size, kind="too-large", uri=item.uri)
            counts[record.type] = counts.get(record.type, 0) + 1
            offsets[record.type] = archive.add(record)
    if name == _TRUNCATED_FILE:
        truth.add("errors", file=name, offset=offsets["response"], kind="truncated-gzip", uri=items[-1].uri)
        archive.cut(0.5)
    (folder / name).write_bytes(archive.to_bytes())
    truth.add("files", name=name, bytes=archive.size, records=counts)
    return number


def _records(item: Item, number: int, name: str) -> list[Record]:
    if item.wet:
        language = (("WARC-Identified-Content-Language", "eng"),)
        return [Record("conversion", item.uri, "text/plain", item.body, number, language)]
    response, payload = _http(item)
    return fetch_records(item.uri, response, payload, number, complete=name == _COMPLETE_FILE)
