"""Normal forms of hosts and URLs, in which lists and crawled pages are compared.

A host is lower-case ASCII (IDNs in their `xn--` form, as UTS 46 has it and browsers do) without user, port or a
final dot. What follows the host is percent-decoded, lower-case, and without fragment or final separators: two URLs
that a list's author would call the same are equal, and case-sensitive paths that differ only in case are too.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote

import idna

MAX_URL = 4096
"""Characters of a URL that are looked at: what follows is no part of any sensible list entry."""

MAX_BOUNDARIES = 64
"""Prefixes of one URL that are looked up, besides all of it."""

MAX_HOST = 253

_PARTS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,30}:)?//(?:[^/?#]*@)?(\[[^\]/?#]*\]|[^/?#:]*)(?::[^/?#]*)?([^#]*)", re.IGNORECASE
)
_PLAIN_HOST = re.compile(r"[a-z0-9._-]{1,253}")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_BOUNDARY = re.compile(r"[/?&;]")
_SEPARATORS = "/?&;"


def split_url(url: str) -> tuple[str, str] | None:
    """The host of a URL and what follows it, both in normal form; None without a host.

    `HTTP://user@Example.COM:80/A%20b/?q#top` is `example.com` and `/a b/?q`. Never raises.
    """
    url = url[:MAX_URL]
    if "\\" in url:
        url = url.replace("\\", "/")
    match = _PARTS.match(url.strip())
    if match is None:
        return None
    host, rest = match.groups()
    host = canonical_host(host)
    if not host:
        return None
    if "%" in rest:
        rest = unquote(rest, errors="replace")
    return host, rest.lower().rstrip(_SEPARATORS)


def canonical_host(host: str) -> str:
    """A host in normal form; what is no host name comes back lower-case and is in no list."""
    host = host.lower()
    if host.endswith("."):
        host = host.rstrip(".")
    if _PLAIN_HOST.fullmatch(host):
        return host
    if ":" in host:
        return _ipv6(host)
    return _idna(unquote(host, errors="replace").lower().strip(" ."))


def _ipv6(host: str) -> str:
    address = host.removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return str(ipaddress.IPv6Address(address))
    except ValueError:
        return host


def _idna(host: str) -> str:
    if len(host) > MAX_HOST:
        return host[:MAX_HOST]
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        pass
    # Registered names that the strict rules refuse (emoji) are still names that browsers open.
    labels = unicodedata.normalize("NFKC", host).lower().replace("\u3002", ".").split(".")
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
        )
    except UnicodeError:
        return host


def unicode_host(host: str) -> str:
    """A host in normal form with its `xn--` labels as the letters they stand for."""
    if "xn--" not in host:
        return host
    labels = []
    for label in host.split("."):
        if label.startswith("xn--") and len(label) <= 63:
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except (UnicodeError, OverflowError, ValueError):
                pass
        labels.append(label)
    return ".".join(labels)


def is_host_name(host: str) -> bool:
    """Whether a host in normal form is well-formed: a name of one or more labels, or an IP address."""
    return _HOST_NAME.fullmatch(host) is not None or is_ip(host)


def is_ip(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address."""
    if not (text[-1:].isdigit() or ":" in text):
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def without_www(host: str) -> str:
    """A host without the `www.` that pages are reached with and without."""
    return host.removeprefix("www.")


def prefixes(rest: str) -> list[str]:
    """What follows a host, cut at each separator, shortest first: `/a/b?c` gives ``, `/a`, `/a/b` and `/a/b?c`.

    Only the first `MAX_BOUNDARIES` separators count; all of it is always last.
    """
    cuts = []
    for match in _BOUNDARY.finditer(rest):
        cuts.append(rest[: match.start()])
        if len(cuts) == MAX_BOUNDARIES:
            break
    cuts.append(rest)
    return cuts
