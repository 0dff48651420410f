"""Addresses and private keys of cryptocurrencies, by their checksums."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from curation.privacy.context import words_before
from curation.privacy.keccak import keccak256
from curation.privacy.spans import CRYPTO_ADDRESS, SECRET, Span

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_BECH32 = {character: value for value, character in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_SUMS = (1, 0x2BC830A3)  # BIP 173 and BIP 350
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_ADDRESS_VERSIONS = frozenset({0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x41, 0x4C, 0x10})
"""Bitcoin, Litecoin, Dogecoin, Tron and Dash."""
_KEY_VERSIONS = frozenset({0x80, 0xB0, 0x9E})
_EXTENDED_KEYS = ("xprv", "yprv", "zprv")
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{26,112}\Z")
_WITNESS = re.compile(r"(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,71}\Z", re.IGNORECASE)
_ETHER = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_CONTEXT = re.compile(
    r"(?<![a-z<])(?:eth(?:er|ereum)?|wallet|crypto|usdt|usdc|erc-?20|metamask|address|donat|send|deposit)(?![a-z]{6})",
    re.IGNORECASE,
)


def find_crypto(text: str, runs: list[tuple[int, int]]) -> Iterator[Span]:
    """CRYPTO_ADDRESS spans, and SECRET ones for private keys, among the word runs of the text.

    Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Tron), Bech32 and the mixed case of Ethereum (EIP-55) carry
    checksums; an Ethereum address in one case needs a word such as "wallet" before it.
    """
    for start, end in runs:
        size = end - start
        if size < 26 or size > 112:
            continue
        value = text[start:end]
        if value[0] == "0":
            if size == 42 and _ETHER.match(value) and _is_ether(text, start, value[2:]):
                yield Span(CRYPTO_ADDRESS, start, end, 0.9)
        elif _WITNESS.match(value):
            if is_bech32(value):
                yield Span(CRYPTO_ADDRESS, start, end, 0.95)
        elif size <= 35 or size in (51, 52, 111):
            span_type = base58_type(value)
            if span_type:
                yield Span(span_type, start, end, 0.95)


def base58_type(value: str) -> str | None:
    """CRYPTO_ADDRESS or SECRET when `value` is a Base58Check address or private key."""
    if not _BASE58.match(value) or (len(value) == 111 and not value.startswith(_EXTENDED_KEYS)):
        return None
    number = 0
    for character in value:
        number = number * 58 + _VALUES[character]
    zeros = len(value) - len(value.lstrip("1"))
    decoded = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, check = decoded[:-4], decoded[-4:]
    if hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != check:
        return None
    if len(payload) == 21 and payload[0] in _ADDRESS_VERSIONS and any(payload[1:]):
        return CRYPTO_ADDRESS
    if len(payload) in (33, 34) and payload[0] in _KEY_VERSIONS:
        return SECRET
    return SECRET if len(payload) == 78 else None


def is_bech32(value: str) -> bool:
    """Whether the checksum of a segregated-witness address is right (BIP 173 and 350)."""
    if value.lower() != value and value.upper() != value:
        return False
    prefix, _, data = value.lower().rpartition("1")
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + [_BECH32[c] for c in data]
    total = 1
    for number in expanded:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ number
        for bit in range(5):
            total ^= _GENERATOR[bit] if top >> bit & 1 else 0
    return total in _BECH32_SUMS


def _is_ether(text: str, start: int, digits: str) -> bool:
    if len(set(digits)) < 8:
        return False  # the zero address, 0xdead...
    lowered = digits.lower()
    if digits in (lowered, digits.upper()):
        return _CONTEXT.search(words_before(text, start)) is not None
    nibbles = keccak256(lowered.encode("ascii")).hex()
    return all(c.isdigit() or c.isupper() == (nibble >= "8") for c, nibble in zip(digits, nibbles, strict=False))
