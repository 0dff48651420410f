"""Very small inputs, and builds of them within the test's own process."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pygit2

from pipelines.build import Build
from pipelines.progress import Progress
from pipelines.recipe import Recipe
from pipelines.runner import make_options
from pipelines.stages.publish import Published

SIGNATURE = pygit2.Signature("A", "a@example.org", 1_700_000_000, 0)
TALE = (
    "the old harbour keeps its lamps lit while small boats come home with rope salt fish and news from islands that "
    "lie beyond the grey water where people mend nets bake bread read letters and wait for spring to bring warm wind"
)
WORDS = TALE.split()


def prose(seed: int, sentences: int = 24) -> str:
    """English-looking text that is its own for each seed."""
    lines = []
    for line in range(sentences):
        words = [
            WORDS[(seed * 31 + line * 17 + place * (7 + seed % 11) + place * place) % len(WORDS)] for place in range(14)
        ]
        lines.append(f"In {1500 + seed % 400} {' '.join(words)} and that is the {line} thing of {seed}.")
    return "\n".join(lines)


def response(
    uri: str, text: str, *, date: str = "2026-05-01T00:00:00Z", status: int = 200, identity: str = ""
) -> bytes:
    """A WARC record of a page with one paragraph a line of `text`."""
    body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    html = f"<html><body><article>{body}</article></body></html>".encode()
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(html)}\r\n\r\n".encode()
    )
    named = identity or f"urn:test:{uri}"
    fields = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <{named}>\r\nWARC-Date: {date}\r\n"
        f"WARC-Target-URI: {uri}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(head) + len(html)}\r\n\r\n"
    )
    return fields.encode() + head + html + b"\r\n\r\n"


def information() -> bytes:
    """A `warcinfo` record, which is no page."""
    return b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-05-01T00:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


def write_pages(path: Path, seeds: Iterable[int]) -> Path:
    """An archive with one page for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(response(f"https://example.org/{seed}", prose(seed)) for seed in seeds))
    return path


def write_repository(path: Path, files: dict[str, str]) -> Path:
    """A git repository with one commit of these files."""
    repository = pygit2.init_repository(str(path))
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content, encoding="utf-8")
    repository.index.add_all()
    tree = repository.index.write_tree()
    repository.create_commit("HEAD", SIGNATURE, SIGNATURE, "all", tree, [])
    return path


def make(out: Path | str, archives: Iterable[Path | str] = (), **recipe: Any) -> Published:
    """Build these archives into `out`; other keys are the recipe's."""
    repositories = [str(path) for path in recipe.pop("repositories", ())]
    inputs = {"archives": [str(path) for path in archives], "repositories": repositories}
    document = {"inputs": inputs, "language": {"keep": []}, **recipe}
    logging.getLogger().setLevel(logging.ERROR)
    return Build(Recipe.model_validate(document), str(out), make_options([], 1), Progress(quiet=True)).run()
