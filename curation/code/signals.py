"""Numbers measured on source files, and the published thresholds on them."""

from __future__ import annotations

import math
import re

from resiliparse.extract.html2text import extract_plain_text

from curation.code.generated import is_generated, is_vendored
from curation.code.languages import is_data, language_of

CODE_SIGNALS = (
    "code.bytes",
    "code.characters",
    "code.lines",
    "code.max_line_length",
    "code.mean_line_length",
    "code.alphanumeric_share",
    "code.alpha_share",
    "code.generated",
    "code.vendored",
    "code.xml_declaration",
    "code.html_visible_share",
    "code.html_visible_characters",
    "code.data_characters",
)
"""Every key of `measure_code`, in this order."""

CODE_BIGCODE = "code@bigcode"
"""Name of the rule set `CODE_RULES`: the numbers of BigCode's `preprocessing/filtering.py`, of which line lengths
and alphanumeric share are also RedPajama-1's, after generated and vendored files."""

CODE_RULES: tuple[tuple[str, str, float | None, float | None], ...] = (
    ("code.generated", "code.generated", None, 0.0),
    ("code.vendored", "code.vendored", None, 0.0),
    ("code.max_line_length", "code.max_line_length", None, 1000.0),
    ("code.max_mean_line_length", "code.mean_line_length", None, 100.0),
    ("code.min_alphanumeric_share", "code.alphanumeric_share", 0.25, None),
    ("code.xml_declaration", "code.xml_declaration", None, 0.0),
    ("code.min_html_visible_share", "code.html_visible_share", 0.2, None),
    ("code.min_html_visible_characters", "code.html_visible_characters", 100.0, None),
    ("code.data_characters", "code.data_characters", 100.0, 5000.0),
)
"""(rule, signal, minimum, maximum), limits included; a rule does not apply where its signal is NaN."""

MAX_MARKUP = 1 << 20
XML_HEAD = 100

_ASCII_ALPHA = bytes(code for code in range(128) if chr(code).isalpha())
_ASCII_DIGIT = b"0123456789"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def measure_code(text: str, path: str) -> dict[str, float]:
    """The `CODE_SIGNALS` of a file.

    Lengths count characters; `code.mean_line_length` is the length of the file, line ends included, over its lines
    (RedPajama-1). `code.html_visible_*` are NaN for anything but HTML, and `code.data_characters` for anything but
    JSON and YAML. `code.generated` and `code.vendored` are 0 or 1. At most 1 Mi characters of HTML are looked at.
    """
    lines = text.splitlines()
    size = len(text)
    alpha, digits = _letters_and_digits(text)
    language = language_of(path, b"")
    visible_share, visible = _visible(text) if language == "HTML" else (math.nan, math.nan)
    return {
        "code.bytes": float(len(text.encode("utf-8", "surrogatepass"))),
        "code.characters": float(size),
        "code.lines": float(len(lines)),
        "code.max_line_length": float(max(map(len, lines), default=0)),
        "code.mean_line_length": size / len(lines) if lines else 0.0,
        "code.alphanumeric_share": (alpha + digits) / size if size else 0.0,
        "code.alpha_share": alpha / size if size else 0.0,
        "code.generated": float(is_generated(path, text) is not None),
        "code.vendored": float(is_vendored(path)),
        "code.xml_declaration": float("<?xml version=" in text[:XML_HEAD]),
        "code.html_visible_share": visible_share,
        "code.html_visible_characters": visible,
        "code.data_characters": float(size) if is_data(language) else math.nan,
    }


def _letters_and_digits(text: str) -> tuple[int, int]:
    """How many characters are letters, and how many others are alphanumeric, by `str.isalpha` and `str.isalnum`."""
    encoded = text.encode("ascii", "ignore")
    alpha = len(encoded) - len(encoded.translate(None, _ASCII_ALPHA))
    digits = len(encoded) - len(encoded.translate(None, _ASCII_DIGIT))
    if not text.isascii():
        other = "".join(_NOT_ASCII.findall(text))
        letters = sum(map(str.isalpha, other))
        alpha += letters
        digits += sum(map(str.isalnum, other)) - letters
    return alpha, digits


def _visible(text: str) -> tuple[float, float]:
    """Share and number of the characters of a page that a browser shows."""
    head = text[:MAX_MARKUP].encode("utf-8", "replace").decode()
    if not head:
        return 0.0, 0.0
    visible = len(extract_plain_text(head, preserve_formatting=False, main_content=False, alt_texts=False, links=False))
    return min(1.0, visible / len(head)), float(visible)
