"""HTML made safe to parse: bounded nesting, tags and attributes, without scripts and comments, in linear time.

Parsers and extractors take time quadratic in nesting depth and in the attributes of a tag, and much memory for long
attributes. Measured with resiliparse 2.0 before this pass: 10,000 nested <div> 1.6 s (and four times that for twice as
many), 100,000 attributes on one tag 16 s, one attribute of 50 MB 9.6 GB of memory. One compiled pass over the bytes,
which follows the tokeniser of the HTML standard (https://html.spec.whatwg.org/#tokenization), takes out what makes
them so:

- scripts, styles, comments, processing instructions and tags that only change the font, as no text depends on them
  (the latter are also what the standard copies into every following paragraph while they stay open);
- attributes of a tag beyond `MAX_ATTRIBUTE_BYTES` in all, or `MAX_ATTRIBUTES` in number;
- tags deeper than `MAX_DEPTH` open elements (browsers stop at 512), whose text stays;
- `<code>` where `MAX_CODE` of them are open, for the standard has every one reopened in each following paragraph;
- `<html>` and `<body>` after `MAX_ROOTS`, and attributes and unknown elements of new names after `MAX_NAMES`;
- cells and rows outside of tables, which parsers leave out, too;
- everything after `MAX_TAGS` tags or `max_bytes` bytes.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 256
MAX_TAGS = 200_000
MAX_CODE = 3
MAX_ROOTS = 8  # tags of <html> and <body>; each merges its attributes into the first
MAX_NAMES = 2000  # of attributes and of elements nobody knows; parsers look them up one after another
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_BYTES = 4096
MAX_NAME = 32  # longer names are of elements nobody knows

# Elements by what they mean for nesting. Those whose end tag may be left out, and that the parser then closes by
# itself, are not counted: each of them nests only within a counted one.
_UNCOUNTED = (
    "area base br col embed hr img input link meta param source track wbr frame keygen command basefont bgsound image "
    "p li dd dt td th tr tbody thead tfoot colgroup caption html head body"
)
_DROPPED = "b big em font i nobr s small strike strong tt u"  # formatting elements without `a` and `code`
_SILENT = "script style iframe noembed noframes"  # raw text that is never content
_RAW = "title textarea xmp"  # raw text that is
# An end tag does not reach an element of its name beyond one of these, so they must not be popped by it.
_BARRIERS = "table object applet marquee template button select svg math"
# An inline end tag does not reach beyond any block.
_BLOCKS = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form "
    "frameset h1 h2 h3 h4 h5 h6 header hgroup listing main menu nav ol pre search section summary ul"
)

_FORMATTING, _ORDINARY, _BLOCK, _BARRIER, _FREE, _NO_TEXT, _RAW_TEXT = range(7)


def _name_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value * 131 + byte) & 0xFFFFFFFF
    return value


def _table() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    kinds: dict[int, int] = {}
    for names, kind in (
        (_UNCOUNTED, _FREE),
        (_DROPPED, _FORMATTING),
        (_SILENT, _NO_TEXT),
        (_RAW, _RAW_TEXT),
        (_BARRIERS, _BARRIER),
        (_BLOCKS, _BLOCK),
    ):
        for name in names.split():
            kinds[_name_hash(name.encode())] = kind
    ordered = sorted(kinds)
    return np.array(ordered, np.uint32), np.array([kinds[key] for key in ordered], np.uint8)


_NAMES, _KINDS = _table()
_CODE, _FORM, _TABLE, _HTML, _BODY = (
    np.uint32(_name_hash(name)) for name in (b"code", b"form", b"table", b"html", b"body")
)
_CELLS = np.array(
    sorted(_name_hash(name) for name in b"td th tr tbody thead tfoot caption col colgroup".split()), np.uint32
)
_ELEMENT = np.uint32(0x9E3779B9)  # sets names of elements apart from those of attributes
_ADOPTIONS = 7  # the end tag of a formatting element gives up beyond so many blocks
_DOCTYPE = np.frombuffer(b"doctype", np.uint8)


def bounded(html: bytes, max_bytes: int) -> bytes:
    """`html` (UTF-8, or any encoding that extends ASCII byte by byte) within the module's bounds."""
    source = np.frombuffer(html[:max_bytes], np.uint8)
    out = np.empty(len(source), np.uint8)
    size = _bound(source, out, _NAMES, _KINDS)
    return out[:size].tobytes()


@numba.njit(cache=True, nogil=True)
def _is_space(byte: int) -> bool:
    return byte == 32 or (9 <= byte <= 13 and byte != 11)


@numba.njit(cache=True, nogil=True)
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122


@numba.njit(cache=True, nogil=True)
def _find_byte(source: NDArray[np.uint8], start: int, byte: int) -> int:
    for place in range(start, len(source)):
        if source[place] == byte:
            return place
    return len(source)


@numba.njit(cache=True, nogil=True)
def _comment_end(source: NDArray[np.uint8], start: int) -> int:
    """Just after the comment whose `<!--` ends at `start`; the end of input when it is never closed."""
    size = len(source)
    if start < size and source[start] == 62:
        return start + 1
    if start + 1 < size and source[start] == 45 and source[start + 1] == 62:
        return start + 2
    for place in range(start, size - 2):
        if source[place] == 45 and source[place + 1] == 45:
            if source[place + 2] == 62:
                return place + 3
            if source[place + 2] == 33 and place + 3 < size and source[place + 3] == 62:
                return place + 4
    return size


@numba.njit(cache=True, nogil=True)
def _raw_end(source: NDArray[np.uint8], start: int, name_start: int, name_end: int) -> int:
    """Where the `</name` begins that ends raw text; the end of input when there is none."""
    length = name_end - name_start
    for place in range(start, len(source) - length - 1):
        if source[place] == 60 and source[place + 1] == 47:
            same = True
            for index in range(length):
                if (source[place + 2 + index] | 32) != (source[name_start + index] | 32):
                    same = False
                    break
            after = place + 2 + length
            if same and (after == len(source) or _is_space(source[after]) or source[after] in (47, 62)):
                return place
    return len(source)


@numba.njit(cache=True, nogil=True)
def _is_known(names: NDArray[np.uint32], value: np.uint32, limits: NDArray[np.int64]) -> bool:
    """Whether a name was met before, or is one of the first `MAX_NAMES`; `limits[1]` counts them."""
    wanted = np.uint32(value | np.uint32(1))
    place = np.int64(wanted >> np.uint32(19))
    while names[place] != 0 and names[place] != wanted:
        place = (place + 1) & 8191
    if names[place] == wanted:
        return True
    if limits[1] >= MAX_NAMES:
        return False
    limits[1] += 1
    names[place] = wanted
    return True


@numba.njit(cache=True, nogil=True)
def _tag_end(source: NDArray[np.uint8], start: int, limits: NDArray[np.int64], known: NDArray[np.uint32]) -> int:
    """The `>` that ends the tag whose name ends at `start`, -1 if none; `limits[0]` gets where attributes may end."""
    size, place, count = len(source), start, 0
    keep, kept = start, True
    while True:
        while place < size and (_is_space(source[place]) or source[place] == 47):
            place += 1
        if place >= size:
            return -1
        if source[place] == 62:
            limits[0] = keep
            return place
        name = np.uint32(source[place] | 32)
        place += 1  # a name may begin with `=`
        while place < size and not (_is_space(source[place]) or source[place] in (47, 62, 61)):
            name = np.uint32(name * np.uint32(16777619) + np.uint32(source[place] | 32))
            place += 1
        after = place
        while after < size and _is_space(source[after]):
            after += 1
        if after < size and source[after] == 61:
            place = after + 1
            while place < size and _is_space(source[place]):
                place += 1
            if place < size and source[place] in (34, 39):
                place = _find_byte(source, place + 1, source[place]) + 1
            else:
                while place < size and not _is_space(source[place]) and source[place] != 62:
                    place += 1
        if place > size:
            return -1
        count += 1
        kept = kept and count <= MAX_ATTRIBUTES and place - start <= MAX_ATTRIBUTE_BYTES
        kept = kept and _is_known(known, np.uint32(name * np.uint32(2654435761)), limits)
        if kept:
            keep = place


@numba.njit(cache=True, nogil=True)
def _is_removed(stack: NDArray[np.uint32], kinds: NDArray[np.uint8], depth: int) -> bool:
    """Whether `</code>` takes a `<code>` from the elements that are reopened, by the standard's adoption agency."""
    blocks = 0
    for level in range(depth - 1, -1, -1):
        if stack[level] == _CODE:
            return blocks < _ADOPTIONS
        if kinds[level] == _BARRIER:
            return False
        blocks += kinds[level] == _BLOCK
    return True


@numba.njit(cache=True, nogil=True)
def _bound(
    source: NDArray[np.uint8], out: NDArray[np.uint8], names: NDArray[np.uint32], kinds: NDArray[np.uint8]
) -> int:
    size, place, written, tags, depth, codes = len(source), 0, 0, 0, 0, 0
    stack = np.empty(MAX_DEPTH, np.uint32)
    stack_kinds = np.empty(MAX_DEPTH, np.uint8)
    limits = np.zeros(2, np.int64)
    known = np.zeros(8192, np.uint32)
    roots = tables = 0
    while place < size:
        byte = source[place]
        if byte != 60 or place + 1 >= size:
            out[written] = byte
            written += 1
            place += 1
            continue
        following = source[place + 1]
        closing = following == 47 and place + 2 < size and _is_letter(source[place + 2])
        if following == 33 and place + 3 < size and source[place + 2] == 45 and source[place + 3] == 45:
            place = _comment_end(source, place + 4)
            continue
        if following == 33 or following == 63 or (following == 47 and not closing):
            end = min(_find_byte(source, place, 62) + 1, size)
            doctype = following == 33 and end - place < 512 and end - place > 9
            for index in range(7):
                doctype = doctype and (source[place + 2 + index] | 32) == _DOCTYPE[index]
            if doctype:
                for index in range(place, end):
                    out[written] = source[index]
                    written += 1
            place = end
            continue
        if not closing and not _is_letter(following):
            out[written] = byte
            written += 1
            place += 1
            continue
        name_start = place + 2 if closing else place + 1
        name_end = name_start
        value = np.uint32(0)
        while name_end < size and not (_is_space(source[name_end]) or source[name_end] in (47, 62)):
            letter = source[name_end]
            if 65 <= letter <= 90:
                letter |= 32
            value = np.uint32(value * np.uint32(131) + np.uint32(letter))
            name_end += 1
        end = _tag_end(source, name_end, limits, known)
        tags += 1
        if end < 0 or tags > MAX_TAGS:
            break
        kind = _ORDINARY
        slot = np.searchsorted(names, value)
        if slot < len(names) and names[slot] == value:
            kind = kinds[slot]
        unknown = kind == _ORDINARY and not (slot < len(names) and names[slot] == value)
        dropped = kind == _FORMATTING or name_end - name_start > MAX_NAME
        if unknown and not dropped:
            dropped = not _is_known(known, np.uint32((value ^ _ELEMENT) * np.uint32(2654435761)), limits)
        if not closing and kind == _FREE:
            if value in (_HTML, _BODY):
                roots += 1
                dropped = roots > MAX_ROOTS
            elif tables == 0:
                cell = np.searchsorted(_CELLS, value)
                dropped = bool(cell < len(_CELLS) and _CELLS[cell] == value)
        if dropped:
            place = end + 1
            continue
        if kind == _NO_TEXT:
            place = end + 1
            if not closing:
                place = _raw_end(source, place, name_start, name_end)
            continue
        emit = True
        if closing:
            if kind != _FREE and kind != _RAW_TEXT:
                if value == _CODE and codes > 0 and _is_removed(stack, stack_kinds, depth):
                    codes -= 1
                level = depth - 1
                while level >= 0 and stack[level] != value:
                    if stack_kinds[level] == _BARRIER or (kind == _ORDINARY and stack_kinds[level] == _BLOCK):
                        level = -1
                    level -= 1
                if level >= 0 and value == _FORM:  # the only one that leaves what is open within it open
                    depth -= 1
                    for index in range(level, depth):
                        stack[index], stack_kinds[index] = stack[index + 1], stack_kinds[index + 1]
                elif level >= 0:
                    for index in range(level, depth):
                        tables -= stack[index] == _TABLE
                    depth = level
        elif kind != _FREE and kind != _RAW_TEXT:
            if depth < MAX_DEPTH and (value != _CODE or codes < MAX_CODE):
                stack[depth] = value
                stack_kinds[depth] = kind
                depth += 1
                codes += value == _CODE
                tables += value == _TABLE
            else:
                emit = False
        if not emit:
            out[written] = 32
            written += 1
            place = end + 1
            continue
        last = name_end if closing else limits[0]
        for index in range(place, last):
            out[written] = source[index]
            written += 1
        if end > last and source[end - 1] == 47:  # `/>` closes elements of SVG and MathML
            out[written] = 47
            written += 1
        out[written] = 62
        written += 1
        place = end + 1
        if kind == _RAW_TEXT and not closing:
            stop = _raw_end(source, place, name_start, name_end)
            for index in range(place, stop):
                out[written] = source[index]
                written += 1
            place = stop
    return written
