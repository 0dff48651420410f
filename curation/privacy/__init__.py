"""Personal data and secrets: `find` spans, `redact` them, or `scrub` a text in one call.

The types are listed in `spans.TYPES`. One compiled pass over the text (`survey`) tells which words and shapes it holds
and so which detectors run, each detector scans with linear regular expressions, and Python validates the candidates
(check digits, number plans, address ranges, context).
"""

from curation.privacy.addresses import AddressKind, address_kind
from curation.privacy.policies import redact
from curation.privacy.scan import Kind, find
from curation.privacy.scrub import PrivacyConfig, Scrubbed, scrub
from curation.privacy.spans import OPTIONAL_TYPES, PLACEHOLDERS, TYPES, Span, resolve

__all__ = [
    "OPTIONAL_TYPES",
    "PLACEHOLDERS",
    "TYPES",
    "AddressKind",
    "Kind",
    "PrivacyConfig",
    "Scrubbed",
    "Span",
    "address_kind",
    "find",
    "redact",
    "resolve",
    "scrub",
]
