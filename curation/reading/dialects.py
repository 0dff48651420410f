"""How a record's header looks in WARC (0.17 to 1.1) and in ARC (versions 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

Fields = dict[str, str]
LINE_ENDS = 4  # most bytes of line ends that tell a record's beginning

# Files that went through a text-mode transfer have two carriage returns a line.
_WARC_LINE = rb"WARC/\d{1,2}\.\d{1,3}[ \t]{0,8}\r{0,2}\n"
_WARC_BEGINS = re.compile(_WARC_LINE)
# A named field must follow, as a page about WARC may well have a line that is only the version.
_WARC_FIND = re.compile(rb"(?:\A|\n)(" + _WARC_LINE + rb"[A-Za-z][A-Za-z-]{0,63}[ \t]{0,8}:)")
_WARC_SWALLOWED = re.compile(rb"(?:\A|\n\r{0,2}\n)(" + _WARC_LINE + rb"[A-Za-z][A-Za-z-]{0,63}[ \t]{0,8}:)")
_HEADER_END = re.compile(rb"\n\r{0,2}\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_ARC_FIND = re.compile(rb"(?:\A|(?<=\n))[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\n]{1,8192}\n")
_ARC_DATE = re.compile(rb"\d{4,20}|null|-")
_ARC_NUMBER = re.compile(rb"-?\d{1,18}|[a-z]{1,8}")


class Dialect(Protocol):
    """What framing asks of an archive format. All of it is linear in the bytes given."""

    max_line: int  # bytes within which a record can be recognised

    def begins(self, data: bytes | bytearray) -> bool:
        """Whether a record begins with the first byte of `data`."""

    def find(self, data: bytes | bytearray, fresh: bool) -> int:
        """Where the first record begins that starts a line of `data`, -1 for none.

        `fresh` says whether the first byte starts a line.
        """

    def swallowed(self, data: bytes | bytearray, fresh: bool) -> int:
        """As `find`, for a record within the block of another; stricter."""

    def header_end(self, data: bytes | bytearray, start: int) -> int | None:
        """Length of the header `data` begins with, looked for from `start` on; None when it is not all there."""

    def fields(self, header: bytes) -> Fields:
        """The header's fields by lower-case name, of repeated ones the first."""

    def length(self, fields: Fields) -> int | None:
        """Bytes of the block, None when the header does not say."""


def unbracketed(value: str) -> str:
    """A URI or record id without the `<>` that WARC 1.0's grammar asks for, and that wget writes around URIs too."""
    return value.strip().removeprefix("<").removesuffix(">").strip()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\0", "").strip()


class _Warc:
    max_line = 256

    def begins(self, data: bytes | bytearray) -> bool:
        return _WARC_BEGINS.match(data) is not None

    def find(self, data: bytes | bytearray, fresh: bool) -> int:
        return self._search(_WARC_FIND, data, fresh)

    def swallowed(self, data: bytes | bytearray, fresh: bool) -> int:
        return self._search(_WARC_SWALLOWED, data, fresh)

    def _search(self, pattern: re.Pattern[bytes], data: bytes | bytearray, fresh: bool) -> int:
        # The regular expression alone takes ten times as long to come to the first candidate.
        candidate = data.find(b"WARC/")
        if candidate < 0:
            return -1
        match = pattern.search(data, max(candidate - LINE_ENDS, 0))
        if match and match.start(1) == 0 and not fresh:
            match = pattern.search(data, 1)
        return match.start(1) if match else -1

    def header_end(self, data: bytes | bytearray, start: int) -> int | None:
        match = _HEADER_END.search(data, start)
        return match.end() if match else None

    def fields(self, header: bytes) -> Fields:
        fields: Fields = {}
        for line in _FOLDED.sub(b" ", header).split(b"\n")[1:]:
            name, colon, value = line.partition(b":")
            if colon:
                fields.setdefault(_text(name).lower(), _text(value))
        return fields

    def length(self, fields: Fields) -> int | None:
        value = fields.get("content-length", "")
        return int(value) if _LENGTH.fullmatch(value) else None


class _Arc:
    max_line = 8192 + 64

    def begins(self, data: bytes | bytearray) -> bool:
        return next(self._lines(data, first_only=True), -1) == 0

    def find(self, data: bytes | bytearray, fresh: bool) -> int:
        return next((start for start in self._lines(data) if start or fresh), -1)

    def swallowed(self, data: bytes | bytearray, fresh: bool) -> int:
        return self.find(data, fresh)

    def _lines(self, data: bytes | bytearray, first_only: bool = False) -> Iterator[int]:
        if b":" not in data:
            return
        first = _ARC_FIND.match(data)
        for match in [first] if first_only and first else () if first_only else _ARC_FIND.finditer(data):
            if _arc_fields(match.group()):
                yield match.start()

    def header_end(self, data: bytes | bytearray, start: int) -> int | None:
        end = data.find(b"\n", start)
        return end + 1 if end >= 0 else None

    def fields(self, header: bytes) -> Fields:
        return _arc_fields(header)

    def length(self, fields: Fields) -> int | None:
        value = fields.get("content-length", "")
        return int(value) if _LENGTH.fullmatch(value) else None


def _arc_fields(line: bytes) -> Fields:
    """The fields of an ARC header line under WARC's names, empty when it is none.

    Version 1 has `URL address date type length`, version 2 `URL address date type result checksum location offset
    filename length`. URLs with spaces are common, so the fields are counted from the right.
    """
    parts = line.strip().split(b" ")
    if len(parts) < 5 or not _ARC_NUMBER.fullmatch(parts[-1]):
        return {}
    if _ARC_DATE.fullmatch(parts[-3]):
        date, media = parts[-3], parts[-2]
        url = b" ".join(parts[:-4])
    elif len(parts) >= 10 and _ARC_DATE.fullmatch(parts[-8]):
        date, media = parts[-8], parts[-7]
        url = b" ".join(parts[:-9])
    else:
        return {}
    return {
        "warc-type": "filedesc" if url.startswith(b"filedesc:") else "response",
        "warc-target-uri": _text(url),
        "warc-date": _text(date),
        "arc-content-type": _text(media),
        "content-length": _text(parts[-1]),
    }


WARC: Dialect = _Warc()
ARC: Dialect = _Arc()
