"""Chosen blocks to text: paragraphs a blank line apart, list items, rows and lines of verse each on a line."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from curation.extraction.elements import TAG
from curation.extraction.scan import CHARACTERS, Page

_LI, _OL, _TR, _TD, _TH, _DT, _DD = (TAG[name] for name in str.split("li ol tr td th dt dd"))
_NOTHING, _LINE, _PARAGRAPH, _CELL = range(4)
_BETWEEN = ("", "\n", "\n\n", " | ")
CELL_CHARACTERS = 200
_SEARCHED = 12  # elements above a block


def layout(page: Page, chosen: NDArray[np.bool_]) -> str:
    """The text of the chosen blocks, in the page's order.

    List items begin with `- ` or their number, cells of a row are set apart by ` | `, `<pre>` keeps its layout.
    """
    blocks = np.flatnonzero(chosen)
    if not len(blocks):
        return ""
    between, numbers = np.zeros(len(blocks), np.uint8), np.zeros(len(blocks), np.int32)
    _places(page, blocks, between, numbers)
    parts: list[str] = []
    text = page.text.tobytes()
    for index, block in enumerate(blocks.tolist()):
        parts.append(_BETWEEN[between[index]])
        number = numbers[index]
        if number:
            parts.append("- " if number < 0 else f"{number}. ")
        parts.append(text[page.block_start[block] : page.block_end[block]].decode("utf-8", "replace"))
    return "".join(parts)


@numba.njit(cache=True, nogil=True)
def _nearest(page: Page, element: int, tag: int) -> int:
    for _ in range(_SEARCHED):
        if element < 0:
            return -1
        if page.element_tag[element] == tag:
            return element
        element = page.element_parent[element]
    return -1


@numba.njit(cache=True, nogil=True)
def _cell_of(page: Page, element: int) -> int:
    cell: int = _nearest(page, element, _TD)
    header: int = _nearest(page, element, _TH)
    return max(cell, header)  # the deeper one


@numba.njit(cache=True, nogil=True)
def _is_small_cell(page: Page, cell: int) -> bool:
    first, last = page.element_first[cell], page.element_last[cell]
    return bool(last - first == 1 and page.counts[first, CHARACTERS] <= CELL_CHARACTERS)


@numba.njit(cache=True, nogil=True)
def _places(
    page: Page,
    blocks: NDArray[np.int64],
    between: NDArray[np.uint8],
    numbers: NDArray[np.int32],
) -> None:
    """What stands before each block: a separator, and -1 for a bullet or the number of an item."""
    items = np.zeros(len(page.element_tag), np.int32)  # of ordered lists: items numbered so far
    counted = np.zeros(len(page.element_tag), np.int32)  # of items: their number
    for element in range(len(page.element_tag)):
        parent = page.element_parent[element]
        if page.element_tag[element] == _LI and parent >= 0 and page.element_tag[parent] == _OL:
            items[parent] += 1
            counted[element] = items[parent]
    last_item = last_row = -1
    last_cell_small = False
    last_term = False
    for index in range(len(blocks)):
        block = blocks[index]
        element = page.block_element[block]
        tag = page.element_tag[element]
        item = _nearest(page, element, _LI)
        cell = _cell_of(page, element)
        row = _nearest(page, element, _TR)
        small = cell >= 0 and _is_small_cell(page, cell)
        term = tag in (_DT, _DD)
        if index > 0:
            if row >= 0 and row == last_row and small and last_cell_small:
                between[index] = _CELL
            elif (
                ((row >= 0 and last_row >= 0) and small and last_cell_small)
                or (item >= 0 and last_item >= 0)
                or (term and last_term)
            ):
                between[index] = _LINE
            else:
                between[index] = _PARAGRAPH
        if item >= 0 and page.element_first[item] == block:
            numbers[index] = counted[item] if counted[item] > 0 else -1
        last_item, last_row, last_cell_small, last_term = item, row, small, term
