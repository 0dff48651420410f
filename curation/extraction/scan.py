"""Canonical HTML to elements and blocks of text, as arrays, in one compiled pass.

Canonical is what a parser writes out: every element closed, every value in double quotes, `&`, `<`, `>` and the
no-break space written as entities. A block is the text between two boundaries of block-level elements, or between two
line breaks in a row: about a paragraph, a heading, a list item, a table cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from curation.extraction.elements import (
    ARIA_HIDDEN,
    ATTRIBUTE_OF,
    ATTRIBUTES,
    BLOCK,
    HIDDEN,
    HREF,
    INLINE,
    KIND_OF,
    LABEL,
    META_CONTENT,
    META_PROPERTY,
    NAMES,
    OG_TYPE,
    OTHER_KIND,
    PAGE_KINDS,
    SILENT,
    STYLE,
    TAG,
    TAG_OF,
    VOID,
)

COUNTS = 15
(
    CHARACTERS, LINKED, PRESSED, DIGITS, CAPITALS, MARKS, ENDS, COMMAS, SPACES, DENSE, LINKS, BREAKS, BARS, COPYRIGHTS,
    LETTERS,
) = range(COUNTS)  # fmt: skip
"""Counts of a block: characters, those in links and in buttons, digits, capitals, punctuation marks, ends of sentences,
commas, spaces, characters of scripts without spaces, links, line breaks, `|` and `/` and `>`, copyright signs, letters.
"""

MAX_DEPTH = 1024
MAX_ELEMENT_WORDS = 24  # of its attributes
MAX_NAME = 40  # longer class names are made by machines
MAX_TITLE_WORDS = 64
IS_HIDDEN, IS_ARIA_HIDDEN = 1, 2

_FNV = np.uint32(2166136261)
_PRIME = np.uint32(16777619)
_WHOLE = np.uint32(0x5BD1E995)  # sets whole class names apart from the words in them
_OG_TYPE = np.uint32(OG_TYPE)
_BR, _HR, _A, _BUTTON, _HEAD, _TITLE, _PRE, _META, _LABEL, _BODY, _CUSTOM = (
    TAG[name] for name in str.split("br hr a button head title pre meta label body custom")
)
_HREF_LINK = 9  # on the stack: an `a` that leads somewhere
_NOT_SHOWN = (
    np.frombuffer(b"display:none", np.uint8),
    np.frombuffer(b"display: none", np.uint8),
)
_NONE_1, _NONE_2 = _NOT_SHOWN
_TRUE = np.frombuffer(b"true", np.uint8)


class Page(NamedTuple):
    """A page as arrays. Elements are the block-level ones, in document order; a subtree is a range of blocks."""

    text: NDArray[np.uint8]  # all blocks' text, UTF-8
    element_tag: NDArray[np.uint8]
    element_parent: NDArray[np.int32]  # -1 for the root
    element_depth: NDArray[np.int32]
    element_flags: NDArray[np.uint8]  # IS_HIDDEN, IS_ARIA_HIDDEN, its own or an ancestor's
    element_words: NDArray[np.int32]  # [elements + 1], bounds in `markup_words`
    element_first: NDArray[np.int32]  # its first block
    element_last: NDArray[np.int32]  # one past its last block
    markup_words: NDArray[np.uint32]  # hashes of the words in class, id, role, ... of elements
    inline_words: NDArray[np.uint32]  # the same of inline elements
    block_element: NDArray[np.int32]
    block_start: NDArray[np.int64]  # bounds in `text`
    block_end: NDArray[np.int64]
    counts: NDArray[np.int32]  # [blocks, COUNTS]
    block_inline: NDArray[np.int32]  # [blocks, 2], bounds in `inline_words`
    block_words: NDArray[np.int32]  # [blocks, 2], bounds in `words`
    words: NDArray[np.uint32]  # hashes of the text's words, in lower case (ASCII)
    title: NDArray[np.uint32]  # hashes of the words in <title>
    kind: int  # og:type, see elements.PAGE_KINDS; 0 where there is none

    def block_text(self, block: int) -> str:
        """The text of a block."""
        return self.text[self.block_start[block] : self.block_end[block]].tobytes().decode("utf-8", "replace")


def scan(html: bytes) -> Page:
    """The elements and blocks of a page. `html` is UTF-8 and canonical; anything else gives a page, too."""
    source = np.frombuffer(html, np.uint8)
    size = len(source)
    tags = int(np.count_nonzero(source == ord("<"))) + 2
    page = Page(
        text=np.empty(size + tags + 16, np.uint8),
        element_tag=np.empty(tags, np.uint8),
        element_parent=np.empty(tags, np.int32),
        element_depth=np.empty(tags, np.int32),
        element_flags=np.empty(tags, np.uint8),
        element_words=np.zeros(tags + 1, np.int32),
        element_first=np.empty(tags, np.int32),
        element_last=np.empty(tags, np.int32),
        markup_words=np.empty(size // 2 + 64, np.uint32),
        inline_words=np.empty(size // 2 + 64, np.uint32),
        block_element=np.empty(tags, np.int32),
        block_start=np.empty(tags, np.int64),
        block_end=np.empty(tags, np.int64),
        counts=np.empty((tags, COUNTS), np.int32),
        block_inline=np.empty((tags, 2), np.int32),
        block_words=np.empty((tags, 2), np.int32),
        words=np.empty(size // 2 + 64, np.uint32),
        title=np.empty(MAX_TITLE_WORDS, np.uint32),
        kind=0,
    )
    element_count, blocks, title, kind = _scan(source, page)
    e, b = slice(0, element_count), slice(0, blocks)
    return Page(
        page.text[: page.block_end[blocks - 1] if blocks else 0],
        page.element_tag[e],
        page.element_parent[e],
        page.element_depth[e],
        page.element_flags[e],
        page.element_words[: element_count + 1],
        page.element_first[e],
        page.element_last[e],
        page.markup_words[: page.element_words[element_count]],
        page.inline_words[: page.block_inline[blocks - 1, 1] if blocks else 0],
        page.block_element[b],
        page.block_start[b],
        page.block_end[b],
        page.counts[b],
        page.block_inline[b],
        page.block_words[b],
        page.words[: page.block_words[blocks - 1, 1] if blocks else 0],
        page.title[:title],
        0 if kind == 0 else PAGE_KINDS.get(int(kind), OTHER_KIND),
    )


@numba.njit(cache=True, nogil=True)
def find(keys: NDArray[np.uint32], key: int) -> int:
    """Where `key` is in the sorted `keys`, -1 where it is not."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1


@numba.njit(cache=True, nogil=True)
def _mix(value: np.uint32, byte: int) -> np.uint32:
    return np.uint32((value ^ np.uint32(byte)) * _PRIME)


@numba.njit(cache=True, nogil=True)
def _attribute_words(
    source: NDArray[np.uint8],
    start: int,
    end: int,
    kind: int,
    out: NDArray[np.uint32],
    count: int,
    limit: int,
) -> int:
    """Append the hashes of an attribute's words (`postBody` and `post-body` have two), and of names of several whole.

    Digits do not count, so that `item-17` and `item-18` are the same.
    """
    seed = _FNV ^ np.uint32(kind * 7919)
    word, whole, letters, parts, length = seed, seed ^ _WHOLE, 0, 0, 0
    before = np.uint8(32)
    for place in range(start, end + 1):
        byte = source[place] if place < end else np.uint8(32)
        capital = 65 <= byte <= 90
        small = byte | 32 if capital else byte
        letter = capital or 97 <= byte <= 122 or byte >= 128
        if letters > 0 and (not letter or (capital and 97 <= before <= 122)):
            if letters > 1 and count < limit:
                out[count] = word
                count += 1
            parts += 1
            word, letters = seed, 0
        if letter:
            word = _mix(word, small)
            letters += 1
        if byte == 32:
            if parts > 1 and length < MAX_NAME and count < limit:
                out[count] = whole
                count += 1
            whole, parts, length = seed ^ _WHOLE, 0, 0
        else:
            if not 48 <= byte <= 57:
                whole = _mix(whole, small)
            length += 1
        before = byte
    return count


@numba.njit(cache=True, nogil=True)
def _contains(source: NDArray[np.uint8], start: int, end: int, pattern: NDArray[np.uint8]) -> bool:
    for place in range(start, min(end, start + 1024) - len(pattern) + 1):
        same = True
        for index in range(len(pattern)):
            if source[place + index] | 32 != pattern[index] | 32:
                same = False
                break
        if same:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _count(counts: NDArray[np.int32], source: NDArray[np.uint8], byte: int, place: int) -> None:
    """Count the character that begins with `byte`; `place` is where its next byte is."""
    if byte < 128:
        if 48 <= byte <= 57:
            counts[DIGITS] += 1
        elif 65 <= byte <= 90:
            counts[CAPITALS] += 1
            counts[LETTERS] += 1
        elif 97 <= byte <= 122:
            counts[LETTERS] += 1
        elif byte == 46 or byte == 33 or byte == 63:
            counts[MARKS] += 1
            counts[ENDS] += 1
        elif byte == 44 or byte == 59:
            counts[MARKS] += 1
            counts[COMMAS] += 1
        elif byte == 124 or byte == 47 or byte == 62:
            counts[BARS] += 1
        else:
            counts[MARKS] += 1
        return
    second = source[place] if place < len(source) else np.uint8(0)
    third = source[place + 1] if place + 1 < len(source) else np.uint8(0)
    end = comma = False
    if byte == 0xC2 and second == 0xA9:
        counts[COPYRIGHTS] += 1
        return
    if byte == 0xE3 and second == 0x80:  # ideographic full stop and comma
        end, comma = third == 0x82, third == 0x81
    elif byte == 0xEF and second == 0xBC:  # full-width ! ? and ,
        end, comma = third == 0x81 or third == 0x9F, third == 0x8C
    elif byte == 0xE0 and second == 0xA5:  # danda
        end = third == 0xA4 or third == 0xA5
    elif byte == 0xDB or byte == 0xD8:  # Urdu full stop; Arabic question mark and comma
        end = (byte == 0xDB and second == 0x94) or (byte == 0xD8 and second == 0x9F)
        comma = byte == 0xD8 and second == 0x8C
    if end or comma:
        counts[MARKS] += 1
        counts[ENDS if end else COMMAS] += 1
    else:
        counts[LETTERS] += 1
    # Kana and Han, Thai and Lao
    if 0xE3 <= byte <= 0xE9 or (byte == 0xE0 and 0xB8 <= second <= 0xBB):
        counts[DENSE] += 1


@numba.njit(cache=True, nogil=True)
def _is_word_byte(byte: int) -> bool:
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte >= 128


@numba.njit(cache=True, nogil=True)
def _scan(source: NDArray[np.uint8], page: Page) -> tuple[int, int, int, np.uint32]:
    """Fill `page`; the numbers of elements, blocks and title words, and the hash of og:type."""
    size = len(source)
    # One by one: a tuple of arrays that is read within the loop takes minutes to compile.
    text, element_tag, element_parent = page.text, page.element_tag, page.element_parent
    element_depth, element_flags, element_words = (
        page.element_depth,
        page.element_flags,
        page.element_words,
    )
    element_first, element_last, markup_words = (
        page.element_first,
        page.element_last,
        page.markup_words,
    )
    inline_words, block_element, block_start = (
        page.inline_words,
        page.block_element,
        page.block_start,
    )
    block_end, block_counts, block_inline = (
        page.block_end,
        page.counts,
        page.block_inline,
    )
    block_words, text_words, title_words = page.block_words, page.words, page.title
    element_count = blocks = markup = inline = word_count = title_count = 0
    page_kind = np.uint32(0)
    stack_element = np.empty(MAX_DEPTH, np.int32)
    stack_tag = np.empty(MAX_DEPTH, np.uint8)
    stack_kind = np.empty(MAX_DEPTH, np.uint8)
    stack_name = np.empty(MAX_DEPTH, np.uint32)
    depth = links = buttons = layout = breaks = silent_from = 0
    silent = in_head = in_title = space = False
    current = -1
    counts = np.zeros(COUNTS, np.int32)
    out = start = inline_start = word_start = letters = 0
    word = _FNV
    place = 0
    while place <= size:
        byte = source[place] if place < size else np.uint8(60)
        if byte == 60:
            if place + 1 < size and source[place + 1] == 33:  # the doctype
                while place < size and source[place] != 62:
                    place += 1
                place += 1
                continue
            closing = place + 1 < size and source[place + 1] == 47
            after = place + 2 if closing else place + 1
            name, dashed = _FNV, False
            while after < size and source[after] != 32 and source[after] != 62 and source[after] != 47:
                dashed = dashed or source[after] == 45
                name = _mix(name, source[after])
                after += 1
            slot = find(NAMES, name)
            tag, kind = np.uint8(0), np.uint8(INLINE)
            if place >= size:
                tag, kind = np.uint8(_BODY), np.uint8(BLOCK)
            elif slot >= 0:
                tag, kind = TAG_OF[slot], KIND_OF[slot]
            elif dashed:  # custom elements nearly always stand for boxes
                tag, kind = np.uint8(_CUSTOM), np.uint8(BLOCK)
            is_break = tag == _BR
            shown = not silent and not in_head
            if letters > 0 and (kind == BLOCK or is_break):
                text_words[word_count] = word
                word_count += 1
                letters = 0
            if shown and (kind == BLOCK or tag == _HR or (is_break and breaks >= 1 and layout == 0)):
                while out > start and (text[out - 1] == 32 or text[out - 1] == 10):
                    out -= 1
                if out > start and counts[CHARACTERS] > 0 and current >= 0:
                    block_element[blocks] = current
                    block_start[blocks] = start
                    block_end[blocks] = out
                    for index in range(COUNTS):
                        block_counts[blocks, index] = counts[index]
                    block_inline[blocks, 0] = inline_start
                    block_inline[blocks, 1] = inline
                    block_words[blocks, 0] = word_start
                    block_words[blocks, 1] = word_count
                    blocks += 1
                else:
                    out, word_count = start, word_start
                start, inline_start, word_start, space = out, inline, word_count, False
                counts[:] = 0
                if not is_break:
                    breaks = 0
            if place >= size:
                break
            if is_break and shown:
                if out > start:
                    if text[out - 1] == 32:
                        out -= 1
                    text[out] = 10
                    out += 1
                    counts[BREAKS] += 1
                breaks += 1
                space = False
            flags = 0
            leads = is_type = False
            own_markup, own_inline = markup, inline
            while not closing and after < size and source[after] != 62:
                if source[after] == 32 or source[after] == 47:
                    after += 1
                    continue
                attribute_name = _FNV
                while after < size and source[after] != 61 and source[after] != 62 and source[after] != 32:
                    attribute_name = _mix(attribute_name, source[after])
                    after += 1
                value, value_end = after, after
                if after + 1 < size and source[after] == 61 and source[after + 1] == 34:
                    value = value_end = after + 2
                    while value_end < size and source[value_end] != 34:
                        value_end += 1
                    after = value_end + 1
                elif after < size and source[after] == 61:
                    after += 1
                slot = -1 if silent else find(ATTRIBUTES, attribute_name)
                if slot < 0:
                    continue
                attribute = ATTRIBUTE_OF[slot]
                if attribute <= LABEL:
                    if in_head:
                        pass
                    elif kind == BLOCK:
                        limit = own_markup + MAX_ELEMENT_WORDS
                        markup = _attribute_words(
                            source,
                            value,
                            value_end,
                            attribute,
                            markup_words,
                            markup,
                            limit,
                        )
                    else:
                        limit = own_inline + MAX_ELEMENT_WORDS
                        inline = _attribute_words(
                            source,
                            value,
                            value_end,
                            attribute,
                            inline_words,
                            inline,
                            limit,
                        )
                elif attribute == HIDDEN:
                    flags |= IS_HIDDEN
                elif attribute == ARIA_HIDDEN:
                    if _contains(source, value, value_end, _TRUE):
                        flags |= IS_ARIA_HIDDEN
                elif attribute == STYLE:
                    if _contains(source, value, value_end, _NONE_1) or _contains(source, value, value_end, _NONE_2):
                        flags |= IS_HIDDEN
                elif attribute == HREF:
                    leads = value_end > value
                elif tag == _META and (attribute == META_PROPERTY or is_type):
                    hashed = _FNV
                    for index in range(value, min(value_end, value + 60)):
                        hashed = _mix(hashed, source[index])
                    if attribute == META_PROPERTY:
                        is_type = hashed == _OG_TYPE
                    elif attribute == META_CONTENT:
                        page_kind = hashed
            while after < size and source[after] != 62:
                after += 1
            place = after + 1
            if closing:
                level = depth - 1
                while level >= 0 and stack_name[level] != name:
                    level -= 1
                while level >= 0 and depth > level:
                    depth -= 1
                    if stack_element[depth] >= 0:
                        element_last[stack_element[depth]] = blocks
                        current = element_parent[stack_element[depth]]
                    opened = stack_tag[depth]
                    if stack_kind[depth] == _HREF_LINK:
                        links -= 1
                    elif opened == _BUTTON:
                        buttons -= 1
                    elif opened == _PRE:
                        layout -= 1
                    elif opened == _TITLE:
                        in_title = False
                    elif opened == _HEAD:
                        in_head = False
                    if silent and depth == silent_from:
                        silent = False
                # Links and buttons side by side are set apart by style sheets where no space is between them.
                if tag in (_A, _BUTTON, _LABEL):
                    space = space or (out > start and layout == 0)
                continue
            if kind == VOID or depth >= MAX_DEPTH - 1:
                continue
            stack_tag[depth] = tag
            stack_name[depth] = name
            stack_element[depth] = -1
            stack_kind[depth] = kind
            if tag == _A and leads:
                links += 1
                stack_kind[depth] = _HREF_LINK
                counts[LINKS] += 0 if silent else 1
            elif tag == _BUTTON:
                buttons += 1
            elif tag == _PRE:
                layout += 1
            elif tag == _HEAD:
                in_head = True
            elif tag == _TITLE and in_head:
                in_title = True
            if kind == SILENT and not silent:
                silent, silent_from = True, depth
            if kind == BLOCK and not silent and not in_head:
                element = element_count
                element_count += 1
                element_tag[element] = tag
                element_parent[element] = current
                element_depth[element] = 0 if current < 0 else element_depth[current] + 1
                element_flags[element] = flags | (0 if current < 0 else element_flags[current])
                element_words[element] = own_markup
                element_words[element + 1] = markup
                element_first[element] = blocks
                element_last[element] = -1
                stack_element[depth] = element
                current = element
            elif tag in (_A, _BUTTON):
                space = space or (out > start and layout == 0)
            depth += 1
            continue
        if silent or (in_head and not in_title):
            while place < size and source[place] != 60:
                place += 1
            continue
        step = 1
        if byte == 38:
            step, byte = _entity(source, place)
        elif byte >= 0xC2:
            width = _ignorable(source, place, byte)
            if width > 0:
                place += width
                continue
            if byte == 0xC2 and place + 1 < size and source[place + 1] == 0xA0:
                step, byte = 2, np.uint8(32)
        place += step
        is_word = _is_word_byte(byte)
        if letters > 0 and (not is_word or (space and not in_title)):
            if in_title:
                if title_count < MAX_TITLE_WORDS:
                    title_words[title_count] = word
                    title_count += 1
            else:
                text_words[word_count] = word
                word_count += 1
            letters = 0
        if is_word:
            if letters == 0:
                word = _FNV
            word = _mix(word, byte | 32 if 65 <= byte <= 90 else byte)
            letters += 1
        if in_title:
            if letters > 0 and place < size and source[place] == 60:
                if title_count < MAX_TITLE_WORDS:
                    title_words[title_count] = word
                    title_count += 1
                letters = 0
            continue
        if byte == 32 or 9 <= byte <= 13:
            if layout == 0:
                space = space or out > start
            elif out > start or byte == 32 or byte == 9:
                text[out] = 10 if byte == 13 else byte
                out += 1
            continue
        breaks = 0
        if space:
            if out > start and text[out - 1] != 10 and text[out - 1] != 32:
                text[out] = 32
                out += 1
                counts[SPACES] += 1
            space = False
        text[out] = byte
        out += 1
        if byte & 0xC0 != 0x80:
            counts[CHARACTERS] += 1
            counts[LINKED] += 1 if links > 0 else 0
            counts[PRESSED] += 1 if buttons > 0 else 0
            _count(counts, source, byte, place)
    while depth > 0:
        depth -= 1
        if stack_element[depth] >= 0:
            element_last[stack_element[depth]] = blocks
    return element_count, blocks, title_count, page_kind


@numba.njit(cache=True, nogil=True)
def _entity(source: NDArray[np.uint8], place: int) -> tuple[int, np.uint8]:
    """Width and byte of the entity at `place`: those five that a canonical page has."""
    size = len(source)
    if place + 3 < size and source[place + 1] == 108 and source[place + 2] == 116:
        return 4, np.uint8(60)
    if place + 3 < size and source[place + 1] == 103 and source[place + 2] == 116:
        return 4, np.uint8(62)
    if place + 4 < size and source[place + 1] == 97 and source[place + 2] == 109 and source[place + 3] == 112:
        return 5, np.uint8(38)
    if place + 5 < size and source[place + 1] == 110 and source[place + 2] == 98 and source[place + 3] == 115:
        return 6, np.uint8(32)
    if place + 5 < size and source[place + 1] == 113 and source[place + 2] == 117 and source[place + 3] == 111:
        return 6, np.uint8(34)
    return 1, np.uint8(38)


@numba.njit(cache=True, nogil=True)
def _ignorable(source: NDArray[np.uint8], place: int, byte: int) -> int:
    """Width of a soft hyphen, zero-width space, direction mark or byte order mark at `place`; else 0."""
    size = len(source)
    if byte == 0xC2 and place + 1 < size and source[place + 1] == 0xAD:
        return 2
    if byte == 0xE2 and place + 2 < size and source[place + 1] == 0x80:
        return 3 if source[place + 2] == 0x8B or source[place + 2] == 0x8E or source[place + 2] == 0x8F else 0
    if byte == 0xEF and place + 2 < size and source[place + 1] == 0xBB and source[place + 2] == 0xBF:
        return 3
    return 0
