"""What reading yields: documents, skips and errors, and the limits it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from manifests.config import Config

MIB = 1 << 20


class ReadingLimits(Config):
    """Bounds on what one record or file may cost; what is beyond is counted as `too-large` and not kept."""

    max_record_bytes: int = Field(default=16 * MIB, ge=1024, description="bytes of one page, after decompression")
    max_header_bytes: int = Field(default=64 << 10, ge=1024, description="bytes of one WARC or HTTP header")
    max_file_bytes: int = Field(default=2 * MIB, ge=1024, description="bytes of one file of a repository")
    max_files: int = Field(default=2_000_000, ge=1, description="files of one repository")
    verify_digests: bool = Field(
        default=False, description="drop pages that do not match their record's WARC-Block-Digest or -Payload-Digest"
    )


@dataclass(frozen=True, slots=True)
class ReadError:
    """An input record, or a stretch of a file, that could not be read.

    `offset` is the byte of the archive file at which the record (or its compressed member) starts, None for
    repositories, where `path` names the file instead. `reason` is a short kebab-case code, `detail` a sentence.
    """

    uri: str
    offset: int | None
    reason: str
    detail: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """One crawled document.

    `offset` is the byte of the archive file at which the record, or the compressed member that holds it, starts;
    `inner_offset` is the byte within that member (0 unless a member holds several records). `content_type` and
    `charset` are what the server's header declared. `body` is free of transfer and content encodings.
    `payload_digest` is the hex blake2b-128 of `body`. `truncated` says why `body` is less than the whole page, None if
    it is not: the record's WARC-Truncated (`length`, `time`, `disconnect`, `unspecified`), `segment` for the first part
    of a segmented record, `encoding` where a transfer or content encoding broke off. `refers_to` is the id of the
    record that this one was made from (of a WET record, the response).
    """

    record_id: str | None
    uri: str
    date: str | None
    kind: Literal["response", "conversion", "resource"]
    offset: int
    inner_offset: int
    status: int | None
    content_type: str | None
    charset: str | None
    body: bytes
    payload_digest: str
    truncated: str | None = None
    refers_to: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many intact records of an archive are no documents, by kind; yielded once, last."""

    uri: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """One file of a repository's tree: `blob` is its git object id, `size` the bytes of `content`."""

    path: str
    blob: str
    size: int
    content: bytes


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """An entry of a repository's tree that holds no text of its own: submodule, symlink or LFS pointer."""

    path: str
    reason: str
