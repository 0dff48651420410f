"""Files on web servers: one streamed answer a file, opened again by `Range` where it broke off.

One request for a whole file is what Common Crawl asks of its users: once it is let through, the file comes without
further checks of the rate (status.commoncrawl.org); fsspec's HTTP files are many small requests, and do not say
whether two of them met the same version.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests import exceptions
from urllib3.exceptions import HTTPError

from curation.reading.resume import Access, MissingError, RemoteError, TransientError, Version, retried

CONNECT_SECONDS = 20.0
SILENT_SECONDS = 60.0
HEADERS = {"User-Agent": "winnow (dataset curation)", "Accept-Encoding": "identity"}
TRANSIENT = (408, 429, 500, 502, 503, 504)
SKIP_BYTES = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_NO_RANGE = re.compile(r"bytes \*/(\d{1,19})")
_HASTY = "; Common Crawl answers so to clients that ask too often: wait, then run again with fewer workers"


class WebSource:
    """A file at an `http://` or `https://` address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open_at(self, offset: int, known: Version) -> tuple[Version, WebBody]:
        """Ask for the bytes from `offset` on; a server that sends the whole file instead has its start skipped."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        response = _request("GET", self._url, headers)
        try:
            start, end, version = _extent(response, offset)
            known.check(version)
            body = WebBody(response, end)
            while start < offset:
                block = body.read(min(offset - start, SKIP_BYTES))
                if not block:
                    raise TransientError(f"the answer ended at byte {start:,}, before the {offset:,} read already")
                start += len(block)
        except BaseException:
            response.close()
            raise
        return version, body


class WebBody:
    """The body of one answer, as it was sent: what is compressed in the file stays so."""

    def __init__(self, response: requests.Response, end: int | None) -> None:
        self._response = response
        self.end = end

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end."""
        try:
            return bytes(self._response.raw.read(size, decode_content=False))
        except (OSError, HTTPError) as error:
            raise TransientError(_reason(error)) from None

    def close(self) -> None:
        """Close the connection."""
        self._response.close()


def web_version(url: str, access: Access) -> Version:
    """Size and version of the file at `url`, by HEAD, or by GET where HEAD is refused or says nothing.

    Raises:
        RemoteError: it cannot be asked; MissingError when there is no such file.
    """
    return retried(url, access, lambda: _ask(url))


def _ask(url: str) -> Version:
    try:
        with _request("HEAD", url, {}) as response:
            version = _version(response.headers, _length(response.headers))
        if version.size:
            return version
    except MissingError:
        raise
    except RemoteError:
        pass  # 403, 405 or 501: signed addresses, and some servers, allow GET alone
    with _request("GET", url, {"Range": "bytes=0-0"}) as response:
        return _extent(response, 0)[2]


def _request(method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
    """The answer to a request, its body unread.

    Raises:
        TransientError: it failed and may work later.
        RemoteError: it will not work.
    """
    try:
        response = requests.request(
            method, url, headers={**HEADERS, **headers}, stream=True, timeout=(CONNECT_SECONDS, SILENT_SECONDS),
            allow_redirects=True,
        )  # fmt: skip
    except (exceptions.RequestException, HTTPError, OSError) as error:
        _unanswered(error)
    if response.status_code in (200, 206):
        return response
    with response:
        said = f"{response.status_code} {(response.reason or '')[:60]}".strip()
        if response.status_code in TRANSIENT:
            raise TransientError(said, retry_after=_retry_after(response.headers.get("Retry-After")))
        if response.status_code in (404, 410):
            raise MissingError(said)
        total = _NO_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code == 416 and total:
            raise RemoteError(f"it has only {int(total[1]):,} bytes now and had more when reading began")
        hasty = response.status_code == 403 and (urlsplit(url).hostname or "").endswith("commoncrawl.org")
        raise RemoteError(f"the server answers {said}{_HASTY if hasty else ''}")


def _extent(response: requests.Response, offset: int) -> tuple[int, int | None, Version]:
    """Offset of the first byte of the body, of its end, and the version of the file it is part of."""
    headers = response.headers
    if response.status_code == 200:
        length = _length(headers)
        return 0, length, _version(headers, length)
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if not found or int(found[1]) > offset or int(found[2]) < offset:
        shown = headers.get("Content-Range", "none")[:60]
        raise RemoteError(f"the server was asked for the bytes from {offset:,} on; its Content-Range is {shown}")
    total = None if found[3] == "*" else int(found[3])
    return int(found[1]), int(found[2]) + 1, _version(headers, total)


def _version(headers: Mapping[str, str], size: int | None) -> Version:
    return Version(size, headers.get("ETag", "")[:200], headers.get("Last-Modified", "")[:100])


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _retry_after(value: str | None) -> float | None:
    """Seconds of a `Retry-After` header, which is a number or a date; None for neither."""
    if not value:
        return None
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _unanswered(error: Exception) -> NoReturn:
    """Raise what an exception of `requests` means; its own text may hold a signed address."""
    wrong = (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema, exceptions.TooManyRedirects)
    if isinstance(error, wrong):
        raise RemoteError("too many redirects" if isinstance(error, wrong[-1]) else "no valid address") from None
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        raise RemoteError("the server's certificate cannot be verified") from None
    if isinstance(error, exceptions.ConnectTimeout):
        raise TransientError(f"no connection within {CONNECT_SECONDS:.0f} s", unreached=True) from None
    dropped = isinstance(error, exceptions.ReadTimeout | exceptions.ChunkedEncodingError) or "aborted" in str(error)
    raise TransientError(_reason(error), unreached=not dropped) from None


def _reason(error: BaseException) -> str:
    """The system's own words for what broke a connection, without any address."""
    found: Any = error
    for _ in range(10):
        if isinstance(found, TimeoutError | exceptions.Timeout):
            return f"no data for {SILENT_SECONDS:.0f} s"
        if isinstance(found, OSError) and found.strerror and not isinstance(found, exceptions.RequestException):
            return str(found.strerror).lower()
        inner = [item for item in (getattr(found, "reason", None), *found.args) if isinstance(item, BaseException)]
        following = inner[0] if inner else (found.__cause__ or found.__context__)
        if following is None:
            break
        found = following
    return "the connection was dropped" if isinstance(error, HTTPError) else f"no answer ({type(found).__name__})"
