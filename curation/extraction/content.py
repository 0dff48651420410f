"""The main content of a page: one native parse, one compiled pass over its blocks, a small model of our own."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.html import HTMLTree

from curation.extraction.charset import to_utf8
from curation.extraction.choose import choose
from curation.extraction.elements import TAGS
from curation.extraction.features import FEATURES, Tables, context, rows
from curation.extraction.forest import Forest, load_arrays, log_odds
from curation.extraction.layout import layout
from curation.extraction.scan import DENSE, SPACES, Page, scan
from curation.reading.http import media_type
from curation.reading.markup import bounded
from manifests.errors import UsageError

MODEL_PATH = Path(__file__).parents[1] / "models" / "extraction.npz"
MAX_HTML_BYTES = 4 << 20
BLOCKS_AT_ONCE = 4096  # bounds the memory for features

_BLANK_LINES = re.compile(r"\n{3,}")


class BlockModel(NamedTuple):
    """What tells main content: boosted trees over the features of a block, and the tables those use."""

    tables: Tables
    forest: Forest


def extract_text(html: bytes, *, content_type: str | None = None, url: str | None = None) -> str:
    """The main content of a page as text: paragraphs, headings, list items, rows of tables, `<pre>` with its layout.

    `content_type` is the HTTP header's value, for its charset. `url` has no influence: the same page gives the same
    text wherever it lies. At most `MAX_HTML_BYTES` are read. Empty where there is no main content. Never raises.
    """
    return _text_of(_parse(to_utf8(html[:MAX_HTML_BYTES], media_type(content_type)[1])))


def extract_batch(pages: Iterable[tuple[bytes, str | None]]) -> list[str]:
    """`extract_text` of several pages, each with its Content-Type header or None."""
    return [extract_text(html, content_type=content_type) for html, content_type in pages]


def extract_decoded(html: str) -> str:
    """As `extract_text`, for a page that is decoded already."""
    return _text_of(parse(html))


def _text_of(page: Page) -> str:
    text = layout(page, choose(probabilities(page, shipped_model()), block_sizes(page)))
    # Line by line: a regular expression for spaces at the end would be quadratic.
    text = "\n".join([line.rstrip() for line in text.replace("\0", "").split("\n")])
    return (_BLANK_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n")


def parse(html: str) -> Page:
    """The blocks of a page."""
    return _parse(html.encode("utf-8", "replace"))


def _parse(html: bytes) -> Page:
    # What the parser writes out is canonical: the tree that browsers build, spelt in full.
    safe = bounded(html, MAX_HTML_BYTES).decode("utf-8", "replace")
    return scan(str(HTMLTree.parse(safe)).encode("utf-8", "replace"))


def block_sizes(page: Page) -> NDArray[np.float64]:
    """Words of each block, more or less: float64 [blocks]. Two characters of a script without spaces count as one."""
    return page.counts[:, SPACES] + 1.0 + page.counts[:, DENSE] * 0.5


def probabilities(page: Page, model: BlockModel) -> NDArray[np.float32]:
    """How likely each block is main content: float32 [blocks], 0 to 1."""
    blocks = len(page.block_element)
    out = np.empty(blocks, np.float32)
    if not blocks:
        return out
    about = context(page, model.tables)
    buffer = np.empty((min(blocks, BLOCKS_AT_ONCE), len(FEATURES)), np.float32)
    for start in range(0, blocks, BLOCKS_AT_ONCE):
        part = buffer[: min(BLOCKS_AT_ONCE, blocks - start)]
        rows(page, about, model.tables, start, part)
        log_odds(model.forest, part, out[start : start + len(part)])
    return np.asarray(1 / (1 + np.exp(-out)), np.float32)


def load_model(path: str | Path) -> BlockModel:
    """A block model from its `.npz` file.

    Raises:
        UsageError: it cannot be read, or was made for other features.
    """
    arrays = load_arrays(path)
    try:
        if arrays["features"].tolist() != list(FEATURES):
            raise ValueError("it was trained on other features; train it again")
        tables = Tables(
            arrays["markup_keys"].astype(np.uint32),
            arrays["markup_values"].astype(np.float32),
            arrays["word_keys"].astype(np.uint32),
            arrays["word_values"].astype(np.float32),
            arrays["tag_values"].astype(np.float32),
        )
        forest = Forest.read(arrays)
        if len(forest.feature) and not 0 <= forest.feature.min() <= forest.feature.max() < len(FEATURES):
            raise ValueError("a tree asks for a feature that there is not")
        if len(tables.tag_values) != len(TAGS):
            raise ValueError("it was trained on another list of elements; train it again")
    except (KeyError, ValueError) as error:
        raise UsageError(f"{path}: not a model of page blocks: {error}") from error
    return BlockModel(tables, forest)


@functools.cache
def shipped_model() -> BlockModel:
    """The model that ships, loaded once per process."""
    return load_model(MODEL_PATH)
