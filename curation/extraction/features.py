"""What the block model sees of each block: numbers from its text, its place, its ancestors and its neighbours.

No feature depends on a language, but for two learned tables: how often words of markup (`entry-content`, `sidebar`) and
words of text ("subscribe", "©") stand in main content. Everything is linear in the number of blocks and elements.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from curation.extraction.elements import HEADING_LEVEL, TAG
from curation.extraction.scan import (
    BARS,
    BREAKS,
    CAPITALS,
    CHARACTERS,
    COMMAS,
    COPYRIGHTS,
    DENSE,
    DIGITS,
    ENDS,
    LINKED,
    LINKS,
    MARKS,
    PRESSED,
    SPACES,
    Page,
    find,
)

_WITHIN = str.split(
    "article main nav header footer aside form figure blockquote dialog noscript details section li table ul"
)
_WITHIN_COUNT = len(_WITHIN)
_WITHIN_PLACE = np.full(256, -1, np.int64)
_WITHIN_PLACE[[TAG[name] for name in _WITHIN]] = range(_WITHIN_COUNT)
_ARTICLE, _MAIN = 0, 1
_LEVELS = (0, 1, 2, 3, 4, 6)
_LEVEL_ARRAY = np.array(_LEVELS, np.int64)
_WINDOWS = (3, 8, 20)
_P, _LI, _TD, _TH, _DT, _DD, _PRE = (TAG[name] for name in str.split("p li td th dt dd pre"))
PROSE_CHARACTERS = 80  # a block of at least so many, with an end of sentence and few links, is prose
CORE_SHARE = 0.6
LIKE_SIBLINGS = 3  # so many siblings with the same tag and class are a repeated template
_EMPTY = 1e-6

FEATURES = (
    *str.split("characters words link_share button_share digit_share capital_share mark_share ends commas word_length"),
    *str.split("dense_share links breaks bars copyrights last_character first_character"),
    *str.split("tag parent_tag grandparent_tag depth heading_level role"),
    *(f"within_{name}" for name in _WITHIN),
    "hidden",
    *str.split("markup_least markup_most markup_sum path_least path_most path_sum"),
    *str.split("parent_markup grandparent_markup"),
    *str.split("inline_sum inline_least inline_most words_mean words_least words_most title_overlap"),
    *str.split("place place_in_text index index_from_end"),
    *str.split("from_heading characters_from_heading steps_to_heading shared_with_heading"),
    *str.split("in_core from_core_start from_core_end core_share"),
    *(
        f"up{level}_{what}"
        for level in _LEVELS
        for what in ("characters", "link_share", "blocks", "block_characters", "ends", "share")
    ),
    *str.split("alike alike_characters alike_link_share alike_ends alike_share same_text same_text_before"),
    *str.split("repeated repeated_characters repeated_link_share repeated_index"),
    *(
        f"{side}{distance}_{what}"
        for side, distance in (("before", 2), ("before", 1), ("after", 1), ("after", 2))
        for what in ("characters", "link_share", "tag", "sibling", "words_mean")
    ),
    *(f"window{width}_{what}" for width in _WINDOWS for what in ("characters", "link_share", "ends")),
    *(
        f"section_{what}"
        for what in ("index", "level", "words_mean", "words_least", "characters", "link_share", "title_overlap")
    ),
    *str.split("next_section_characters next_section_link_share blocks_to_heading"),
    *str.split("page_characters page_link_share page_blocks page_prose_share"),
    *str.split("page_paragraph_share page_article_share"),
    *str.split("page_articles page_main_share page_headings page_repeated page_kind page_prose"),
)


class Tables(NamedTuple):
    """Learned log-odds of main content, relative to the average: of words in markup, of words in text, of tags."""

    markup_keys: NDArray[np.uint32]
    markup_values: NDArray[np.float32]
    word_keys: NDArray[np.uint32]
    word_values: NDArray[np.float32]
    tag_values: NDArray[np.float32]


class Context(NamedTuple):
    """What the features of single blocks are read from; one entry per element (E), block (B), or B + 1 for sums."""

    characters: NDArray[np.float64]  # sums up to a block: B + 1
    linked: NDArray[np.float64]
    ends: NDArray[np.float64]
    block_words: NDArray[np.float64]  # B
    markup: NDArray[np.float64]  # [E, 6]: least, most, sum; least, most and fading sum down the path
    within: NDArray[np.int16]  # [E, _WITHIN]: steps up to such an ancestor, from 1; 0 is none
    repeated: NDArray[np.float64]  # [E, 4]
    heading: NDArray[np.float64]  # [E, 2]: steps to, and share of text below, an ancestor that has the main heading
    alike: NDArray[np.float64]  # [B, 5]
    same_text: NDArray[np.int32]  # [B, 2]
    text: NDArray[np.float64]  # [B, 4]: mean, least, most of its words' log-odds; overlap with the title
    next_heading: NDArray[np.int32]  # B + 1
    last_heading: NDArray[np.int32]  # B; -1 before the first
    numbers: NDArray[np.float64]  # main heading, core's bounds, then the page's features


@numba.njit(cache=True, nogil=True)
def _odds(
    hashes: NDArray[np.uint32],
    start: int,
    end: int,
    keys: NDArray[np.uint32],
    values: NDArray[np.float32],
) -> tuple[float, float, float]:
    """Sum, least and most (0 at least and at most) of the log-odds of hashes."""
    total = least = most = 0.0
    for place in range(start, end):
        slot = find(keys, hashes[place])
        if slot >= 0:
            value = np.float64(values[slot])
            total += value
            least = min(least, value)
            most = max(most, value)
    return total, least, most


@numba.njit(cache=True, nogil=True)
def _slot(keys: NDArray[np.uint64], key: int) -> int:
    """The place of `key` in an open table, which gets it if it is new. 0 marks free places."""
    mask = np.uint64(len(keys) - 1)
    wanted = key | np.uint64(1)
    place = (wanted >> np.uint64(20)) & mask
    while keys[place] != 0 and keys[place] != wanted:
        place = (place + np.uint64(1)) & mask
    keys[place] = wanted
    return int(place)


@numba.njit(cache=True, nogil=True)
def context(page: Page, tables: Tables) -> Context:
    """Everything about a page that `rows` reads."""
    # One by one: a tuple of arrays that is read within the loops takes minutes to compile.
    counts = page.counts
    element_tag, element_parent, element_words = (
        page.element_tag,
        page.element_parent,
        page.element_words,
    )
    element_first, element_last, markup_words = (
        page.element_first,
        page.element_last,
        page.markup_words,
    )
    block_element, word_bounds, text_words = (
        page.block_element,
        page.block_words,
        page.words,
    )
    title, page_kind = page.title, page.kind
    markup_keys, markup_values, word_keys = (
        tables.markup_keys,
        tables.markup_values,
        tables.word_keys,
    )
    word_values = tables.word_values
    elements, blocks = len(element_tag), len(block_element)
    characters, linked = np.zeros(blocks + 1), np.zeros(blocks + 1)
    ends, prose = np.zeros(blocks + 1), np.zeros(blocks + 1)
    block_words = np.empty(blocks)
    for block in range(blocks):
        size, in_links = counts[block, CHARACTERS], counts[block, LINKED]
        is_prose = size > PROSE_CHARACTERS and counts[block, ENDS] > 0 and in_links * 3 < size
        characters[block + 1] = characters[block] + size
        linked[block + 1] = linked[block] + in_links
        ends[block + 1] = ends[block] + counts[block, ENDS]
        prose[block + 1] = prose[block] + (size if is_prose else 0)
        block_words[block] = counts[block, SPACES] + 1 + counts[block, DENSE] * 0.5
    total = characters[blocks] + _EMPTY

    table_size = 16
    while table_size < 2 * (elements + blocks):
        table_size *= 2
    markup = np.zeros((elements, 6))
    within = np.zeros((elements, _WITHIN_COUNT), np.int16)
    path = np.zeros(elements, np.uint64)
    group = np.zeros(elements, np.int64)
    order = np.zeros(elements, np.int32)
    keys = np.zeros(table_size, np.uint64)
    group_sums = np.zeros((table_size, 3))  # elements, characters, characters in links
    for element in range(elements):
        parent = element_parent[element]
        first_word, last_word = element_words[element], element_words[element + 1]
        total_odds, least, most = _odds(markup_words, first_word, last_word, markup_keys, markup_values)
        markup[element, 0], markup[element, 1], markup[element, 2] = (
            least,
            most,
            total_odds,
        )
        name = np.uint64(markup_words[first_word]) if last_word > first_word else np.uint64(7)
        own = np.uint64(element_tag[element]) * np.uint64(0x9E3779B97F4A7C15) + name
        key = own
        if parent >= 0:
            markup[element, 3] = min(least, markup[parent, 3])
            markup[element, 4] = max(most, markup[parent, 4])
            markup[element, 5] = total_odds + 0.7 * markup[parent, 5]
            for index in range(_WITHIN_COUNT):
                within[element, index] = within[parent, index] + (1 if within[parent, index] > 0 else 0)
            path[element] = (path[parent] ^ own) * np.uint64(0xFF51AFD7ED558CCD)
            key = (own + np.uint64(parent) * np.uint64(0xC4CEB9FE1A85EC53)) * np.uint64(0xFF51AFD7ED558CCD)
        else:
            markup[element, 3], markup[element, 4], markup[element, 5] = (
                least,
                most,
                total_odds,
            )
            path[element] = own
        index = _WITHIN_PLACE[element_tag[element]]
        if index >= 0:
            within[element, index] = 1
        first, last = element_first[element], element_last[element]
        if last <= first:
            group[element] = -1
            continue
        slot = _slot(keys, key)
        group[element] = slot
        order[element] = group_sums[slot, 0]
        group_sums[slot, 0] += 1
        group_sums[slot, 1] += characters[last] - characters[first]
        group_sums[slot, 2] += linked[last] - linked[first]
    repeated = np.zeros((elements, 4))
    most_repeated = 0.0
    for element in range(elements):
        parent, slot = element_parent[element], group[element]
        if parent >= 0:
            repeated[element] = repeated[parent]
        if slot >= 0 and group_sums[slot, 0] >= LIKE_SIBLINGS and group_sums[slot, 0] >= repeated[element, 0]:
            repeated[element, 0] = group_sums[slot, 0]
            repeated[element, 1] = group_sums[slot, 1] / group_sums[slot, 0]
            repeated[element, 2] = group_sums[slot, 2] / (group_sums[slot, 1] + _EMPTY)
            repeated[element, 3] = order[element]
            most_repeated = max(most_repeated, repeated[element, 0])

    keys[:] = 0
    text_keys = np.zeros(table_size, np.uint64)
    path_sums = np.zeros((table_size, 4))  # blocks, characters, characters in links, ends
    text_counts = np.zeros(table_size, np.int32)
    path_slots, text_slots = np.empty(blocks, np.int64), np.empty(blocks, np.int64)
    same_text = np.zeros((blocks, 2), np.int32)
    text = np.zeros((blocks, 4))
    for block in range(blocks):
        slot = _slot(keys, path[block_element[block]])
        path_slots[block] = slot
        path_sums[slot, 0] += 1
        path_sums[slot, 1] += counts[block, CHARACTERS]
        path_sums[slot, 2] += counts[block, LINKED]
        path_sums[slot, 3] += counts[block, ENDS]
        first_word, last_word = word_bounds[block, 0], word_bounds[block, 1]
        word_count = last_word - first_word
        hashed, in_title = np.uint64(1469598103934665603), 0
        for place in range(first_word, last_word):
            hashed = (hashed ^ np.uint64(text_words[place])) * np.uint64(1099511628211)
            for index in range(len(title)):
                if title[index] == text_words[place]:
                    in_title += 1
                    break
        slot = _slot(text_keys, hashed)
        text_slots[block] = slot
        same_text[block, 1] = text_counts[slot]
        text_counts[slot] += 1
        total_odds, least, most = _odds(text_words, first_word, last_word, word_keys, word_values)
        text[block, 0], text[block, 1], text[block, 2] = (
            total_odds / (word_count + 1),
            least,
            most,
        )
        overlap = in_title / word_count if word_count > 0 else 0.0
        text[block, 3] = overlap * (0.5 if word_count > len(title) * 2 + 4 else 1.0)
    alike = np.zeros((blocks, 5))
    for block in range(blocks):
        slot = path_slots[block]
        alike[block, 0] = path_sums[slot, 0]
        alike[block, 1] = path_sums[slot, 1] / path_sums[slot, 0]
        alike[block, 2] = path_sums[slot, 2] / (path_sums[slot, 1] + _EMPTY)
        alike[block, 3] = path_sums[slot, 3] / (path_sums[slot, 1] + _EMPTY) * 100
        alike[block, 4] = path_sums[slot, 1] / total
        same_text[block, 0] = text_counts[text_slots[block]]

    main_heading, best = -1, -1.0
    paragraphs = in_article = in_main = headings = 0.0
    last_heading = np.empty(blocks, np.int32)
    heading_before = -1
    for block in range(blocks):
        element = block_element[block]
        level = HEADING_LEVEL[element_tag[element]]
        last_heading[block] = heading_before
        if level > 0:
            heading_before = block
        headings += 1 if level == 1 else 0
        if 1 <= level <= 2:
            score = text[block, 3] * 2 + (1.0 if level == 1 else 0.0) - same_text[block, 1] * 0.1
            score -= 0.5 if counts[block, CHARACTERS] < 8 else 0.0
            if score > best + 1e-9:
                best, main_heading = score, block
        size = counts[block, CHARACTERS]
        paragraphs += size if element_tag[element] == _P else 0
        in_article += size if within[element, _ARTICLE] > 0 else 0
        in_main += size if within[element, _MAIN] > 0 else 0
    next_heading = np.full(blocks + 1, blocks, np.int32)
    for block in range(blocks - 1, -1, -1):
        is_heading = HEADING_LEVEL[element_tag[block_element[block]]] > 0
        next_heading[block] = block if is_heading else next_heading[block + 1]

    heading = np.zeros((elements, 2))
    has_heading = np.zeros(elements, np.bool_)
    above = block_element[main_heading] if main_heading >= 0 else -1
    while above >= 0:
        has_heading[above] = True
        above = element_parent[above]
    articles = 0
    core = -1
    for element in range(elements):
        first, last = element_first[element], element_last[element]
        parent = element_parent[element]
        articles += 1 if element_tag[element] == _WITHIN_ARTICLE else 0
        if has_heading[element]:
            heading[element, 1] = (characters[last] - characters[first]) / total
        elif parent >= 0:
            heading[element, 0] = heading[parent, 0] + 1
            heading[element, 1] = heading[parent, 1]
        else:
            heading[element, 1] = 1.0
        if prose[blocks] > 0 and prose[last] - prose[first] >= CORE_SHARE * prose[blocks]:
            core = element  # the last of them is the smallest
    numbers = np.array(
        [
            main_heading,
            element_first[core] if core >= 0 else 0,
            element_last[core] if core >= 0 else blocks,
            total,
            linked[blocks] / total,
            blocks,
            prose[blocks] / total,
            paragraphs / total,
            in_article / total,
            articles,
            in_main / total,
            headings,
            most_repeated,
            page_kind,
            prose[blocks],
        ],
        np.float64,
    )
    return Context(
        characters, linked, ends, block_words, markup, within, repeated, heading, alike, same_text, text, next_heading,
        last_heading, numbers,
    )  # fmt: skip


_WITHIN_ARTICLE = TAG["article"]
_PAGE_NUMBERS = 12


@numba.njit(cache=True, nogil=True)
def _last_kind(byte: int) -> int:
    if byte == 46 or byte == 33 or byte == 63 or byte == 34:
        return 3
    return 2 if byte == 58 else 1 if 48 <= byte <= 57 else 4 if byte >= 128 else 0


@numba.njit(cache=True, nogil=True)
def _first_kind(byte: int) -> int:
    return 0 if 65 <= byte <= 90 else 1 if 97 <= byte <= 122 else 2 if 48 <= byte <= 57 else 3 if byte >= 128 else 4


@numba.njit(cache=True, nogil=True)
def _role(tag: int) -> int:
    if tag == _LI:
        return 1
    if tag in (_TD, _TH):
        return 2
    if tag in (_DT, _DD):
        return 3
    return 4 if tag == _P else 5 if tag == _PRE else 0


@numba.njit(cache=True, nogil=True)
def rows(page: Page, about: Context, tables: Tables, start: int, out: NDArray[np.float32]) -> None:
    """The features of `len(out)` blocks from block `start`, in the order of `FEATURES`."""
    counts, numbers = page.counts, about.numbers
    page_text, element_tag, element_parent = (
        page.text,
        page.element_tag,
        page.element_parent,
    )
    element_depth, element_flags, element_first = (
        page.element_depth,
        page.element_flags,
        page.element_first,
    )
    element_last, inline_words, block_element = (
        page.element_last,
        page.inline_words,
        page.block_element,
    )
    block_start, block_end, block_inline = (
        page.block_start,
        page.block_end,
        page.block_inline,
    )
    characters, linked, end_sums = about.characters, about.linked, about.ends
    block_words, markup, within = about.block_words, about.markup, about.within
    repeated, to_heading, alike = about.repeated, about.heading, about.alike
    same_text, text_odds, next_heading = about.same_text, about.text, about.next_heading
    last_heading = about.last_heading
    markup_keys, markup_values, tag_values = (
        tables.markup_keys,
        tables.markup_values,
        tables.tag_values,
    )
    blocks = len(block_element)
    main_heading, core_start, core_end = (
        int(numbers[0]),
        int(numbers[1]),
        int(numbers[2]),
    )
    total = numbers[3]
    for place in range(len(out)):
        block = start + place
        row = out[place]
        element = block_element[block]
        parent = element_parent[element]
        grandparent = element_parent[parent] if parent >= 0 else -1
        tag = element_tag[element]
        size = counts[block, CHARACTERS] + _EMPTY
        row[0] = counts[block, CHARACTERS]
        row[1] = block_words[block]
        row[2] = counts[block, LINKED] / size
        row[3] = counts[block, PRESSED] / size
        row[4] = counts[block, DIGITS] / size
        row[5] = counts[block, CAPITALS] / size
        row[6] = counts[block, MARKS] / size
        row[7] = counts[block, ENDS]
        row[8] = counts[block, COMMAS]
        row[9] = counts[block, CHARACTERS] / block_words[block]
        row[10] = counts[block, DENSE] / size
        row[11] = counts[block, LINKS]
        row[12] = counts[block, BREAKS]
        row[13] = counts[block, BARS]
        row[14] = counts[block, COPYRIGHTS]
        row[15] = _last_kind(page_text[block_end[block] - 1])
        row[16] = _first_kind(page_text[block_start[block]])
        row[17] = tag_values[tag]
        row[18] = tag_values[element_tag[parent]] if parent >= 0 else 0
        row[19] = tag_values[element_tag[grandparent]] if grandparent >= 0 else 0
        row[20] = element_depth[element]
        row[21] = HEADING_LEVEL[tag]
        row[22] = _role(tag)
        f = 23
        for index in range(_WITHIN_COUNT):
            row[f + index] = within[element, index]
        f += _WITHIN_COUNT
        row[f] = element_flags[element]
        f += 1
        for index in range(6):
            row[f + index] = markup[element, index]
        row[f + 6] = markup[parent, 2] if parent >= 0 else 0
        row[f + 7] = markup[grandparent, 2] if grandparent >= 0 else 0
        f += 8
        row[f], row[f + 1], row[f + 2] = _odds(
            inline_words,
            block_inline[block, 0],
            block_inline[block, 1],
            markup_keys,
            markup_values,
        )
        f += 3
        for index in range(4):
            row[f + index] = text_odds[block, index]
        f += 4
        row[f] = block / blocks
        row[f + 1] = characters[block] / total
        row[f + 2] = block
        row[f + 3] = blocks - block
        f += 4
        if main_heading >= 0:
            row[f] = block - main_heading
            row[f + 1] = characters[block] - characters[main_heading]
            row[f + 2] = to_heading[element, 0]
            row[f + 3] = to_heading[element, 1]
        else:
            row[f], row[f + 1], row[f + 2], row[f + 3] = -999, -99999, -1, -1
        f += 4
        row[f] = 1 if core_start <= block < core_end else 0
        row[f + 1] = block - core_start
        row[f + 2] = block - core_end
        row[f + 3] = (core_end - core_start) / blocks
        f += 4
        above, level = element, 0
        for wanted in _LEVEL_ARRAY:
            while level < wanted and element_parent[above] >= 0:
                above = element_parent[above]
                level += 1
            level = wanted
            first, last = element_first[above], element_last[above]
            inside = characters[last] - characters[first]
            row[f] = inside
            row[f + 1] = (linked[last] - linked[first]) / (inside + _EMPTY)
            row[f + 2] = last - first
            row[f + 3] = inside / (last - first + _EMPTY)
            row[f + 4] = (end_sums[last] - end_sums[first]) / (inside + _EMPTY) * 100
            row[f + 5] = inside / total
            f += 6
        for index in range(5):
            row[f + index] = alike[block, index]
        row[f + 5] = same_text[block, 0]
        row[f + 6] = same_text[block, 1]
        f += 7
        for index in range(4):
            row[f + index] = repeated[element, index]
        f += 4
        for distance in (-2, -1, 1, 2):
            other = block + distance
            if 0 <= other < blocks:
                neighbour = block_element[other]
                row[f] = counts[other, CHARACTERS]
                row[f + 1] = counts[other, LINKED] / (counts[other, CHARACTERS] + _EMPTY)
                row[f + 2] = tag_values[element_tag[neighbour]]
                row[f + 3] = 1 if neighbour == element or element_parent[neighbour] == parent else 0
                row[f + 4] = text_odds[other, 0]
            else:
                row[f], row[f + 1], row[f + 2], row[f + 3], row[f + 4] = (
                    -1,
                    -1,
                    -1,
                    -1,
                    0,
                )
            f += 5
        for width in _WINDOWS:
            low, high = max(0, block - width), min(blocks, block + width + 1)
            inside = characters[high] - characters[low]
            row[f] = inside / (high - low)
            row[f + 1] = (linked[high] - linked[low]) / (inside + _EMPTY)
            row[f + 2] = (end_sums[high] - end_sums[low]) / (inside + _EMPTY) * 100
            f += 3
        before = last_heading[block]
        if before >= 0:
            end = next_heading[before + 1]
            inside = characters[end] - characters[before + 1]
            row[f] = block - before
            row[f + 1] = HEADING_LEVEL[element_tag[block_element[before]]]
            row[f + 2] = text_odds[before, 0]
            row[f + 3] = text_odds[before, 1]
            row[f + 4] = inside
            row[f + 5] = (linked[end] - linked[before + 1]) / (inside + _EMPTY)
            row[f + 6] = text_odds[before, 3]
        else:
            row[f : f + 7] = -1
        f += 7
        end = next_heading[block + 1]
        inside = characters[end] - characters[block + 1]
        row[f] = inside
        row[f + 1] = (linked[end] - linked[block + 1]) / (inside + _EMPTY)
        row[f + 2] = end - block
        f += 3
        for index in range(_PAGE_NUMBERS):
            row[f + index] = numbers[3 + index]


def features(page: Page, tables: Tables) -> NDArray[np.float32]:
    """The features of all blocks of a page: float32 [blocks, len(FEATURES)]."""
    out = np.empty((len(page.block_element), len(FEATURES)), np.float32)
    if len(out):
        rows(page, context(page, tables), tables, 0, out)
    return out
