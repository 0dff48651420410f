"""Personal data and secrets in what stands beside a text: addresses, titles, headers, messages.

All of it is written by the build, and some of it into the list of rejects. Stand-ins are those of code, which are words
and so leave an address an address. Numbers in addresses are names of pages; only what needs no context is looked for.
"""

from __future__ import annotations

import functools
import json
import re

from curation.privacy.policies import whole_escapes
from curation.privacy.scan import find_closed
from curation.privacy.scrub import PrivacyConfig
from curation.privacy.spans import CREDIT_CARD, EMAIL, IBAN, SECRET, US_SSN, Span, replace

_TYPES = (SECRET, EMAIL, IBAN, CREDIT_CARD, US_SSN)
_HIDDEN_SECRET = "REDACTED_SECRET"
# Everything before the last `@` of the authority, as browsers read it; `user:password@` mostly, a token alone too.
_USER = re.compile(r"(?<=://)[^/?#\s]{1,2000}@(?=[^/?#\s@])")
# What a parameter of such a name holds is a secret, however short.
_QUERY = re.compile(
    r"([?&;#](?:amp;)?(?:[A-Za-z0-9]{1,20}[_-]){0,4}(?:access_?token|auth_?token|token|api_?key|apikey|secret|passw(?:or)?d|passwd|pwd"
    r"|passphrase|ssn|card_?number|cvv|iban|signature|sig|credentials?|authorization|auth|jwt|bearer|session_?id|sid|phpsessid|jsessionid)=)"
    r"[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
_MAY_HOLD = re.compile(r"[@=]|%40|[A-Za-z0-9_-]{16}|[0-9]{3}[ -]?[0-9]", re.ASCII)


@functools.lru_cache(maxsize=1024)
def _shown(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in _TYPES if name == SECRET or name in types)


def hide_uri(uri: str, config: PrivacyConfig) -> str:
    """An address without users and passwords, values of parameters that are named like a secret, and what is found.

    Keys and tokens are always looked for, e-mail addresses, cards, IBANs and social security numbers where `config`
    looks for them. The same address always becomes the same; doing it twice is doing it once.
    """
    if not _MAY_HOLD.search(uri):
        return uri
    if "@" in uri and "://" in uri:
        uri = _USER.sub(f"{_HIDDEN_SECRET}@", uri)
    if "=" in uri:
        uri = _QUERY.sub(rf"\1{_HIDDEN_SECRET}", uri)
    return hide(uri, config)


def hide(text: str, config: PrivacyConfig) -> str:
    """A title, header or message without the keys, addresses and numbers that are found in it, as `hide_uri` says."""
    if not _MAY_HOLD.search(text):
        return text
    types = _shown(config.types)
    masks = {name: f"REDACTED_{name}" for name in types}
    spans = find_closed(text, kind="code", region=None, types=types, placeholders=masks)
    spans = [span for span in whole_escapes(text, spans) if not _is_hidden(text, span)]
    return replace(text, spans, lambda span: masks[span.type])[0] if spans else text


def hide_headers(headers: str, config: PrivacyConfig) -> str:
    """A JSON object of headers with every value as `hide_uri` leaves it."""
    found = json.loads(headers)
    return json.dumps(
        {name: hide_uri(value, config) if isinstance(value, str) else value for name, value in found.items()},
        sort_keys=True, ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip


def _is_hidden(text: str, span: Span) -> bool:
    return text.startswith("REDACTED_", span.start)
