"""Invented private data: e-mail addresses, telephone numbers, public IP addresses and card numbers, all fictitious.

Telephone numbers come from the ranges that regulators keep free for fiction where there is one (555-01xx, Ofcom's
drama numbers, the German, French, Australian and Swedish ones); card numbers pass the Luhn check under well-known
test prefixes; e-mail domains are names nobody would register, but not under `.example`, because scrubbers may pass
over reserved names.
"""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass

_DOMAINS = (
    "sarn-harbourmail.net",
    "post.velmar-isles.org",
    "sixislands-mail.com",
    "tidewater-guild.co.uk",
    "orla-inselpost.de",
)
_SENTENCES = (
    ("email", "If you would like to take part, please write to {email} before the end of the month."),
    ("email", "The editor can be reached under {email}, and every letter is answered."),
    ("phone", "For a room with a view of the harbour, call {phone} in the evening and ask for the landlady."),
    ("phone", "The keeper of the tower has a telephone ({phone}), but he hears it only when the bell is silent."),
    ("email phone", "Orders are taken by mail ({email}) or by telephone ({phone}) on every day of the week."),
    ("ip", "The weather station answers under the address {ip}, as long as the lamp on the roof is green."),
    ("ip", "Last night somebody from {ip} left forty messages in our guest book, all of them about goats."),
    ("card", "A guest had left a note with a card number on it, {card}, and we ask the owner to collect it."),
    ("card email", "The deposit was paid with the card {card}, and the receipt was sent to {email} on the same day."),
    ("phone ip", "The harbour office, telephone {phone}, runs a small server at {ip} with the tide tables."),
)  # fmt: skip


@dataclass(frozen=True)
class Private:
    """A sentence with private data, and the values in it by kind: email, phone, ip or card."""

    sentence: str
    values: tuple[tuple[str, str], ...]


def private_sentence(rng: random.Random, first_name: str, last_name: str, number: int) -> Private:
    """The `number`-th sentence with private data that no other sentence has."""
    kinds, pattern = _SENTENCES[number % len(_SENTENCES)]
    makers = {
        "email": lambda: make_email(rng, first_name, last_name, number),
        "phone": lambda: make_phone(rng),
        "ip": lambda: make_ip(rng),
        "card": lambda: make_card(rng),
    }
    values = tuple((kind, makers[kind]()) for kind in kinds.split())
    return Private(pattern.format_map(dict(values)), values)


def make_email(rng: random.Random, first_name: str, last_name: str, number: int) -> str:
    """An address in one of several common forms."""
    local = rng.choice(
        (
            f"{first_name}.{last_name}",
            f"{first_name[0]}{last_name}{number}",
            f"{last_name}+ferry",
            f"{first_name}_{last_name}-{number}",
        )
    ).lower()
    return f"{local}@{rng.choice(_DOMAINS)}"


def make_phone(rng: random.Random) -> str:
    """A number in an international or a national form."""
    two, three = rng.randrange(10, 100), rng.randrange(100, 1000)
    return rng.choice(
        (
            f"+1 212 555 01{two}",
            f"(415) 555-01{two}",
            f"+1-303-555-01{two}",
            f"+44 20 7946 0{three}",
            f"+44 113 496 0{three}",
            f"+49 30 23125 {three}",
            f"+33 1 99 00 {two} {rng.randrange(10, 100)}",
            f"+61 2 5550 {three}{rng.randrange(10)}",
            f"+46 8 465 004 {two}",
        )
    )


def make_ip(rng: random.Random) -> str:
    """A public IPv4 address; its owner, if any, has nothing to do with this text."""
    while True:
        address = ipaddress.IPv4Address(rng.randrange(1 << 24, 223 << 24))
        if address.is_global and not address.is_multicast:
            return str(address)


def make_card(rng: random.Random) -> str:
    """A card number under a test prefix that passes the Luhn check, with or without spaces."""
    prefix = rng.choice(("411111", "555555", "400000"))
    digits = prefix + "".join(str(rng.randrange(10)) for _ in range(9))
    digits += str(luhn_digit(digits))
    mark = rng.choice((" ", "-", ""))
    return mark.join(digits[at : at + 4] for at in range(0, 16, 4))


def luhn_digit(digits: str) -> int:
    """The check digit that makes `digits` followed by it pass the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
