"""Charset and kind of a response's body, found as browsers find them."""

from __future__ import annotations

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from curation.reading.http import media_type

PRESCAN_BYTES = 4096  # the standard asks for 1,024, browsers look further
DETECTION_BYTES = 128 << 10

HTML_TYPES = ("text/html", "application/xhtml+xml")
# What servers say when they do not know; browsers then look at the bytes.
UNDECIDED_TYPES = (
    None,
    "application/octet-stream",
    "unknown/unknown",
    "application/unknown",
    "*/*",
)
_HTML_START = re.compile(
    rb"\s{0,512}(?:<\?xml[^>]{0,256}>\s{0,64})?(?:<!--[^>]{0,512}-->\s{0,64})?"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|div|table|p|a|h1|script|style|link|center|font|span)[\s>/]",
    re.IGNORECASE,
)
_BINARY_STARTS = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"RIFF",
    b"\x00\x00\x01\x00",
)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]{1,2048})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""charset\s{0,16}=\s{0,16}["']?\s{0,16}([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""\s{0,8}<\?xml[^>]{1,256}?encoding\s{0,8}=\s{0,8}["']([A-Za-z0-9_.:-]{1,40})["']""")
# Names of the Encoding standard -> Python's codecs, where the standard means more than the name says. Codes such as
# `gb2312` and `iso-8859-1` are labels of the first column's names.
_CODECS = {
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "windows-874": "cp874",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "ibm866": "cp866",
    "iso-8859-8-i": "iso8859_8",
}
# Names that resiliparse gives the standard's encodings -> the standard's.
_STANDARD_NAMES = {
    "iso8859-11": "windows-874",
    "mac-roman": "macintosh",
    "cp866": "ibm866",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "euc_kr": "euc-kr",
    "euc_jp": "euc-jp",
    "iso2022_jp": "iso-2022-jp",
}
_EXTRA_LABELS = {
    "x-mac-cyrillic": "x-mac-cyrillic",
    "x-mac-ukrainian": "x-mac-cyrillic",
}


_SURROGATES = re.compile("[\ud800-\udfff]")


def is_html(content_type: str | None, body: bytes) -> bool:
    """Whether a response is a page: declared as HTML and not plainly something else, or undeclared and like HTML."""
    kind = media_type(content_type)[0]
    if kind in HTML_TYPES:
        return not body.startswith(_BINARY_STARTS)
    return kind in UNDECIDED_TYPES and _HTML_START.match(body[:2048]) is not None


def decode(body: bytes, charset: str | None) -> tuple[str, str]:
    """`body` as text, and the name of its encoding in the WHATWG Encoding standard.

    As browsers do: byte order mark, `charset` (of the HTTP header), `<meta>` or XML declaration near the start, else
    detection. Labels mean what the standard says (`gb2312` is GBK, `iso-8859-1` is windows-1252); unknown ones fall to
    detection. Bytes that cannot be decoded become U+FFFD; NUL and lone surrogates are removed. Never raises.
    """
    name, mark = _encoding(body, charset)
    text = body[mark:].decode(_CODECS.get(name, name), "replace").replace("\0", "")
    return text if _is_text(text) else _SURROGATES.sub("", text), name


def to_utf8(body: bytes, charset: str | None) -> bytes:
    """The text that `decode` gives, in UTF-8; `body` itself where it is that already, as nearly all pages are."""
    name, mark = _encoding(body, charset)
    if name == "utf-8" and b"\0" not in body:
        found = body[mark:]
        if found.isascii() or _is_utf8(found):
            return found
    return decode(body, charset)[0].encode()


def _encoding(body: bytes, charset: str | None) -> tuple[str, int]:
    """The standard's name for the encoding, and the length of the byte order mark."""
    name, mark = next(((name, len(bom)) for bom, name in _BOMS if body.startswith(bom)), ("", 0))
    return name or _named(charset) or _declared(body[:PRESCAN_BYTES]) or _detected(body), mark


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_text(text: str) -> bool:
    """Whether no lone surrogate is in it."""
    try:
        return text.isascii() or text.encode() != b""
    except UnicodeEncodeError:
        return False


def _named(label: str | None) -> str | None:
    """The standard's name for an encoding label, None for labels it does not know."""
    label = (label or "").strip().lower()
    if label in _EXTRA_LABELS:
        return _EXTRA_LABELS[label]
    known = map_encoding_to_html5(label, False) if label and label.isascii() else None
    if known is None:
        return None
    name = _STANDARD_NAMES.get(known, known)
    name = re.sub(r"^iso8859-", "iso-8859-", re.sub(r"^cp125", "windows-125", name))
    try:
        codecs.lookup(_CODECS.get(name, name))
    except LookupError:
        return None
    return name


def _declared(head: bytes) -> str | None:
    xml = _XML_ENCODING.match(head)
    labels = [xml.group(1)] if xml else []
    for meta in _META.finditer(_COMMENT.sub(b"", head)):
        if match := _META_CHARSET.search(meta.group(1)):
            labels.append(match.group(1))
    for label in labels:
        text = label.decode("ascii")
        if text.lower() == "x-user-defined":
            return "windows-1252"
        if name := _named(text):
            # The declaration was readable as ASCII, so UTF-16 it is not.
            return "utf-8" if name.startswith("utf-16") else name
    return None


def _detected(body: bytes) -> str:
    try:
        body.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(body) - 3:  # cut off within a character
            return "utf-8"
    sample = body[:DETECTION_BYTES]
    return _named(detect_encoding(sample)) or "windows-1252"
