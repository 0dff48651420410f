"""IPv4 and IPv6 addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Literal

from curation.privacy.spans import IP_ADDRESS, PRIVATE_IP, Span

AddressKind = Literal["public", "private", "loopback", "documentation", "resolver", "special"]
"""`private` holds link-local and carrier-grade NAT too; `special` the unspecified, benchmark and multicast ranges."""

# Fixed here and not taken from `ipaddress.is_global`, whose answers change between Python releases.
_KINDS_V4: tuple[tuple[AddressKind, str], ...] = (
    ("private", "10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16"),
    ("loopback", "127.0.0.0/8"),
    ("documentation", "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"),
    ("special", "0.0.0.0/8 192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 224.0.0.0/3"),
)
_KINDS_V6: tuple[tuple[AddressKind, str], ...] = (
    ("loopback", "::1/128"),
    ("private", "fc00::/7 fe80::/9"),
    ("documentation", "2001:db8::/32 3fff::/20"),
    ("special", "::/96 ::ffff:0:0/96 64:ff9b::/96 100::/64 ff00::/8"),
)


def _ranges(kinds: tuple[tuple[AddressKind, str], ...]) -> tuple[tuple[int, int, AddressKind], ...]:
    """(first address, last address, kind) of each network; the first that holds an address names its kind."""
    return tuple(
        (int(network.network_address), int(network.broadcast_address), kind)
        for kind, names in kinds
        for network in map(ipaddress.ip_network, names.split())
    )


_RANGES_V4 = _ranges(_KINDS_V4)
_RANGES_V6 = _ranges(_KINDS_V6)

# BigCode's list of public DNS servers, and the IPv6 addresses of the largest three.
_PUBLIC_DNS = """
8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 76.76.19.19 76.223.122.150 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220
8.26.56.26 8.20.247.20 94.140.14.14 94.140.15.15
"""
_RESOLVERS_V4 = frozenset(_PUBLIC_DNS.split())
_RESOLVERS_V6 = frozenset(
    int(ipaddress.IPv6Address(address))
    for address in (
        "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001",
        "2620:fe::fe", "2620:fe::9",
    )
)  # fmt: skip

_V4 = re.compile(
    r"[0-9](?<![A-Za-z0-9_.].)[0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![A-Za-z0-9_]|\.[0-9])", re.ASCII
)
_INTRODUCING = """
v version versions ver release released build rev revision firmware driver update upgrade upgraded sdk api section
sections sec chapter clause paragraph figure fig table appendix article rule item step oid identifier \u00a7
"""
_VERSION_WORDS = frozenset(_INTRODUCING.split())
_LINKS = frozenset(["to", "from", "is", "of", "number", "no"])
_BETWEEN = " \t\n\"':=.([,#>"
_COMPARED = re.compile(r"[=<>~^]=[\s\"']{0,2}\Z")
_PRODUCT_BEFORE = re.compile(r"[A-Za-z_][/-]\Z")
_MAX_MAJOR = 30  # the first component of a version or section number is rarely larger
_MAX_SMALL = 20  # `Lucee 5.3.4.80`: of all addresses one in 2,000 begins with three numbers as small as this
_NETWORK_NEAR = re.compile(
    r"(?<![a-z])(?:ips?|ipv[46]|address(?:es)?|host(?:name|s)?|servers?|dns|name ?servers?|proxy|proxies|gateway|router"
    r"|ping|traceroute|peer|client|subnet|netmask|firewall|ssh|telnet|whois|blocked|banned)(?![a-z])|://",
    re.IGNORECASE,
)
_FILE_AFTER = re.compile(
    r"\.(?:jar|zip|t?gz|tar|exe|dll|msi|deb|rpm|apk|whl|so|dmg|pkg|nupkg)\b|-(?:alpha|beta|rc|snapshot)", re.IGNORECASE
)
_COLONS = re.compile(r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:")
_V6 = re.compile(
    r"[0-9A-Fa-f:](?<![A-Za-z0-9_:.].)(?:(?<=:):"
    r"|[0-9A-Fa-f]{0,3}:)(?:[0-9A-Fa-f]{0,4}:){1,7}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9_:])",
    re.ASCII,
)
_ALLOCATED = re.compile(
    r"(?:200[1-3]|24[0-9a-f]{2}|26[0-9a-f]{2}|28[0-9a-f]{2}|2a[0-9a-f]{2}|2c[0-9a-f]{2})\Z", re.IGNORECASE
)
_CONTEXT = 60


def address_kind(value: str) -> AddressKind:
    """What the IPv4 or IPv6 address `value` belongs to, by the IANA special-purpose registries (RFC 6890).

    Raises:
        ValueError: `value` is not an address.
    """
    address = ipaddress.ip_address(value)
    return _kind_v4(int(address), str(address)) if address.version == 4 else _kind_v6(int(address))


def _kind_v4(packed: int, value: str) -> AddressKind:
    if value in _RESOLVERS_V4:
        return "resolver"
    return next((kind for low, high, kind in _RANGES_V4 if low <= packed <= high), "public")


def _kind_v6(packed: int) -> AddressKind:
    if packed in _RESOLVERS_V6:
        return "resolver"
    return next((kind for low, high, kind in _RANGES_V6 if low <= packed <= high), "public")


_SPAN_TYPES: dict[AddressKind, str] = {"public": IP_ADDRESS, "private": PRIVATE_IP}
"""Loopback and documentation addresses, resolvers and multicast groups are nobody's."""


def find_ipv4(text: str) -> Iterator[Span]:
    """Public IPv4 addresses (IP_ADDRESS) and those of private networks (PRIVATE_IP); no others.

    Version and section numbers have the same shape: what a version word, a product name or `==` introduces, and
    what begins with three small numbers without a word of networking near, is not an address.
    """
    for match in _V4.finditer(text):
        value = match[0]
        octets = value.split(".")
        if any(len(octet) > 1 and octet[0] == "0" for octet in octets):
            continue
        numbers = [int(octet) for octet in octets]
        if max(numbers) > 255:
            continue
        packed = numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]
        span_type = _SPAN_TYPES.get(_kind_v4(packed, value))
        if span_type is None:
            continue
        start, end = match.span()
        before = text[max(0, start - _CONTEXT) : start]
        after = text[end : end + _CONTEXT]
        if _names_version(before[-40:]):
            continue
        if numbers[0] <= _MAX_MAJOR and _PRODUCT_BEFORE.search(before[-2:]):
            continue
        if _FILE_AFTER.match(after):
            continue
        if max(numbers) <= _MAX_MAJOR and _is_heading(before, after):
            continue
        if max(numbers[:3]) <= _MAX_SMALL and not _NETWORK_NEAR.search(before) and not _NETWORK_NEAR.search(after[:20]):
            continue
        yield Span(span_type, start, end, 0.9)


def _names_version(before: str) -> bool:
    """Whether `before` ends in "version", "release is", "section", `==` and the like."""
    stripped = before.rstrip(_BETWEEN)
    word = _last_word(stripped)
    if word in _LINKS:
        stripped = stripped[: -len(word)].rstrip(_BETWEEN)
        word = _last_word(stripped)
    return word in _VERSION_WORDS or _COMPARED.search(before, max(0, len(before) - 4)) is not None


def _last_word(text: str) -> str:
    """The letters that `text` ends in, in lower case; of camelCase the last part (`AssemblyVersion`)."""
    start = len(text)
    while start and (text[start - 1].isalpha() or text[start - 1] == "\u00a7"):
        start -= 1
        if text[start].isupper() and text[start + 1 : start + 2].islower():
            break
    return text[start:].lower()


def _is_heading(before: str, after: str) -> bool:
    """`3.2.10.4 Transport layer` at the start of a line."""
    line = before.rpartition("\n")[2]
    return not line.strip(" #*\t") and after[:1] in " \t" and after[1:2].isalpha()


def _is_plain(groups: list[str]) -> bool:
    """Whether no group has four digits, or a letter: `38:2::255:0:0` sets a colour of a terminal."""
    return all(len(group) < 4 and group.isdigit() for group in groups)


def may_hold_ipv6(text: str) -> bool:
    """Whether colons stand close enough together to belong to an address."""
    return "::" in text or (text.count(":") > 6 and _COLONS.search(text) is not None)


def find_ipv6(text: str) -> Iterator[Span]:
    """Public IPv6 addresses (IP_ADDRESS), unique-local and link-local ones (PRIVATE_IP); no others.

    `1::2` is a slice and `std::end` a name: a compressed address has three groups, or begins with an allocated
    prefix; eight groups of two digits are an EUI-64.
    """
    for match in _V6.finditer(text):
        value = match[0]
        if value.endswith(":") and not value.endswith("::"):
            continue
        groups = [group for group in value.split(":") if group]
        if "::" in value:
            if not (groups and _ALLOCATED.match(groups[0])) and (len(groups) < 3 or _is_plain(groups)):
                continue
        elif len(groups) != 8 or max(map(len, groups)) < 3:
            continue
        if not any(character.isdigit() for character in value):
            continue
        try:
            packed = int(ipaddress.IPv6Address(value))
        except ValueError:
            continue
        span_type = _SPAN_TYPES.get(_kind_v6(packed))
        if span_type:
            yield Span(span_type, match.start(), match.end(), 0.9)
