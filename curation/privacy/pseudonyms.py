"""The secret that stand-ins are keyed by, and what is derived from it.

Names, numbers and addresses are few: a plain hash of one is undone by hashing all of them. Every stand-in therefore
depends on a secret, which is read from the environment or a file and never stored; a build's manifest holds its
fingerprint.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from curation.privacy.spans import (
    BANK_ACCOUNT,
    CREDIT_CARD,
    DRIVER_LICENSE,
    EMAIL,
    IBAN,
    IP_ADDRESS,
    MAC_ADDRESS,
    NATIONAL_ID,
    PASSPORT,
    PHONE_NUMBER,
    PRIVATE_IP,
    US_SSN,
)
from manifests.errors import UsageError
from manifests.files import read_bytes

Scope = Literal["document", "build"]

MIN_SECRET = 32
"""Characters of the shortest secret that is taken."""
LETTERS = "bcdfghjklmnpqrstvwxz"
"""What tags are made of: no vowels, so no words, and no digits, which would look like numbers of something."""
TAG_LENGTH: dict[Scope, int] = {"document": 8, "build": 12}
"""Letters of a tag: 34 bits keep the values of a document apart, 51 bits those of a build."""

HOW_TO = "make one with `openssl rand -hex 32`, keep it with your other passwords, and use the same for every build"

_NUMBERS = frozenset(
    (CREDIT_CARD, IBAN, US_SSN, NATIONAL_ID, MAC_ADDRESS, PASSPORT, DRIVER_LICENSE, BANK_ACCOUNT)
)  # fmt: skip
_NOT_WORD = re.compile(r"[\W_]+")
_NOT_DIGIT = re.compile(r"[^0-9]+")
_AT = re.compile(r"%40|&#64;|&commat;|\s*[\[({<]\s*(?:at|@)\s*[\])}>]\s*|\s+(?:at|@)\s+", re.IGNORECASE)
_DOT = re.compile(r"&#46;|\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keys:
    """Derives stand-ins from a secret, which is not shown and not stored."""

    secret: bytes = field(repr=False)
    scope: Scope = "document"

    @property
    def fingerprint(self) -> str:
        """8 hex digits by which two builds tell whether they used one secret; they say nothing about it."""
        return hmac.digest(self.secret, b"winnow privacy fingerprint", "sha256").hex()[:8]

    def of(self, document: str) -> bytes:
        """The key of one document: within the scope `build` the same for all."""
        name = b"build" if self.scope == "build" else b"document\0" + document.encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, name, "sha256")


class Draw:
    """Numbers that follow from a key, a type and a value, and from nothing else."""

    def __init__(self, key: bytes, span_type: str, value: str, attempt: int = 0) -> None:
        message = f"{span_type}\0{attempt}\0{canonical(span_type, value)}".encode("utf-8", "surrogatepass")
        self._seed = hmac.digest(key, message, "sha256")
        self._block = 0

    def below(self, bound: int) -> int:
        """The next number in [0, bound)."""
        self._block += 1
        digest = hashlib.blake2b(self._seed + self._block.to_bytes(4, "little"), digest_size=8).digest()
        return int.from_bytes(digest, "little") % bound

    def pick(self, options: str) -> str:
        """One character of `options`."""
        return options[self.below(len(options))]


def tag(key: bytes, span_type: str, value: str, length: int) -> str:
    """The letters that stand for a value: for the same value of one type under one key the same."""
    draw = Draw(key, span_type, value)
    return "".join(draw.pick(LETTERS) for _ in range(length))


def load_keys(scope: Scope, variable: str, file: str | None) -> Keys:
    """The keys of a secret that lies in `file`, or else in the environment variable `variable`.

    Raises:
        UsageError: it is not there, or shorter than `MIN_SECRET` characters; the message tells how to make one.
    """
    if file is not None:
        place = f"privacy.secret_file: {file}"
        try:
            secret = read_bytes(file).strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise UsageError(f"{place}: cannot be read ({reason}); {HOW_TO}") from None
    else:
        place = f"privacy.secret_env: the environment variable {variable}"
        found = os.environ.get(variable)
        if not found:
            raise UsageError(
                f"{place} is not set, and pseudonyms and fakes are keyed by a secret: {HOW_TO}; with a remote runner "
                "set it on the workers, or name a file that they can read in privacy.secret_file"
            )
        secret = found.strip().encode("utf-8", "surrogateescape")
    if len(secret) < MIN_SECRET:
        raise UsageError(f"{place} holds {len(secret)} characters, fewer than {MIN_SECRET}; {HOW_TO}")
    return Keys(secret, scope)


def canonical(span_type: str, value: str) -> str:
    """One spelling of a value: case, grouping and disguise of an address or number make no other of it."""
    if span_type in (IP_ADDRESS, PRIVATE_IP):
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            return value.lower()
    if span_type in _NUMBERS:
        return _NOT_WORD.sub("", value).upper()
    if span_type == PHONE_NUMBER:
        return _NOT_DIGIT.sub("", value).removeprefix("00")
    text = unicodedata.normalize("NFC", value)
    return _DOT.sub(".", _AT.sub("@", text)).casefold() if span_type == EMAIL else text
