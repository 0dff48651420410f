"""Hardware (MAC) addresses."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from curation.privacy.spans import MAC_ADDRESS, Span

_PAIR = "[0-9A-Fa-f]{2}"
_END = r"(?![A-Za-z0-9_]|[:-][0-9A-Fa-f])"
# The separator comes first so that the scan runs at the speed of memchr; twenty pairs are a fingerprint.
_COLONS = re.compile(rf":(?<=(?<![A-Za-z0-9_:.-]){_PAIR}:)(?:{_PAIR}:){{4}}{_PAIR}{_END}")
_DASHES = re.compile(rf"-(?<=(?<![A-Za-z0-9_:.-]){_PAIR}-)(?:{_PAIR}-){{4}}{_PAIR}{_END}")
_DOTS = re.compile(
    r"\.(?<=(?<![A-Za-z0-9_:.-])[0-9A-Fa-f]{4}\.)[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![A-Za-z0-9_]|\.[0-9A-Fa-f])"
)
_CONTEXT = re.compile(
    r"(?<![a-z<])(?:mac|hw ?addr|hwaddr|ether(?:net)?|lladdr|bssid|ssid|wi-?fi|wlan|arp|physical address"
    r"|hardware address"
    r"|link/ether|bluetooth|ble|nic)(?![a-z])",
    re.IGNORECASE,
)
_NOBODYS = ("00005e0053", "01005e", "3333", "0180c2", "ffffff")
"""RFC 7042 documentation addresses, multicast groups, bridges and broadcast."""


def find_macs(text: str) -> Iterator[Span]:
    """MAC addresses as `00:1B:44:11:3A:B7`, `00-1B-44-11-3A-B7` and `001b.4411.3ab7`.

    Addresses made up for manuals (00:11:22:33:44:55) and those of nobody are left; digits alone, which may be a
    time, and Cisco's dotted form need a word of networking near.
    """
    for pattern, before in ((_COLONS, 2), (_DASHES, 2), (_DOTS, 4)):
        for match in pattern.finditer(text):
            start, end = match.start() - before, match.end()
            digits = re.sub("[^0-9a-f]", "", text[start:end].lower())
            if digits.startswith(_NOBODYS) or _is_made_up(digits):
                continue
            near = _CONTEXT.search(text, max(0, start - 60), start)
            if not near and (before == 4 or (digits.isdigit() and max(digits[0:12:2]) < "6")):
                continue
            yield Span(MAC_ADDRESS, start, end, 0.95 if near else 0.8)


def _is_made_up(digits: str) -> bool:
    """Whether the six bytes count up or down in equal steps, repeat, or spell `deadbeef`."""
    octets = [int(digits[i : i + 2], 16) for i in range(0, 12, 2)]
    steps = {(after - before) % 256 for before, after in itertools.pairwise(octets)}
    return len(steps) == 1 or len(set(octets)) < 3 or "deadbeef" in digits or digits in {"123456789abc", "0123456789ab"}
