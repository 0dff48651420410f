"""A web server on loopback that fails in the ways of real ones, as told beforehand, and counts what it was asked."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

ETAG = '"one"'
PIECE = 64 << 10


@dataclass
class Fault:
    """What the server does with one GET instead of answering it well."""

    status: int | None = None  # answer this, without a body
    headers: dict[str, str] = field(default_factory=dict)  # of the answer
    drop_after: int | None = None  # cut the connection after so many bytes of the body
    reset: bool = False  # by RST, not FIN
    no_range: bool = False  # answer 200 with the whole file
    no_length: bool = False  # neither Content-Length nor a total in Content-Range
    replace: bytes | None = None  # from now on the file is this one
    length: int | None = None  # a false Content-Length
    content_range: str | None = None  # a false one
    most: int | None = None  # send so many bytes of the range at most, and say so
    chunked: bool = False


@dataclass
class Site:
    """Files by path, the faults of each still to come, and the GET and HEAD requests so far."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    no_head: bool = False
    busy_after: int | None = None  # GETs that are answered before all others get 503
    sent: int = 0  # bytes of bodies
    agents: set[str] = field(default_factory=set)

    def add(self, path: str, content: bytes, *faults: Fault) -> str:
        """Serve `content` at `path`; each GET of it uses up one fault."""
        self.files[path], self.tags[path] = content, ETAG
        self.faults[path] = deque(faults)
        return f"{self.address}{path}"

    def ranges(self, path: str) -> list[str | None]:
        """The Range headers of the GETs of `path`."""
        return [asked_for for method, where, asked_for in self.asked if (method, where) == ("GET", path)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> Site:
        return self.server.site  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_: Any) -> None:
        pass

    def _path(self) -> str:
        self.site.agents.add(self.headers.get("User-Agent", ""))
        path = unquote(self.path.partition("?")[0])
        self.site.asked.append((self.command, path, self.headers.get("Range")))
        return path

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        path = self._path()
        if self.site.no_head:
            return self._refuse(405)
        if path not in self.site.files:
            return self._refuse(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.site.files[path])))
        self.send_header("ETag", self.site.tags[path])
        return self.end_headers()

    def do_GET(self) -> None:
        path, site = self._path(), self.site
        if path not in site.files:
            return self._refuse(404)
        if site.busy_after is not None and sum(method == "GET" for method, _, _ in site.asked) > site.busy_after:
            return self._refuse(503)
        fault = site.faults[path].popleft() if site.faults[path] else Fault()
        if fault.replace is not None:
            site.files[path], site.tags[path] = fault.replace, '"two"'
        if fault.status is not None:
            return self._refuse(fault.status, fault.headers)
        content = site.files[path]
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = 0, len(content)
        if found and not fault.no_range:
            start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else len(content), len(content))
            if start >= len(content):
                return self._refuse(416, {"Content-Range": f"bytes */{len(content)}"})
            end = min(end, start + fault.most) if fault.most else end
            self.send_response(206)
            total = "*" if fault.no_length else str(len(content))
            self.send_header("Content-Range", fault.content_range or f"bytes {start}-{end - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("ETag", site.tags[path])
        body = content[start:end]
        if fault.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif not fault.no_length:
            self.send_header("Content-Length", str(len(body) if fault.length is None else fault.length))
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.close_connection = True
        self.send_header("Connection", "close")
        self.end_headers()
        body = body if fault.drop_after is None else body[: fault.drop_after]
        for place in range(0, len(body), PIECE):
            self.wfile.write(body[place : place + PIECE])
            site.sent += len(body[place : place + PIECE])
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass  # a client that leaves is no fault of the test


@contextmanager
def site() -> Iterator[Site]:
    """A running server."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = Site(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server.site  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
