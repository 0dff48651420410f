"""Personal data and secrets: `find` spans, `redact` them, or `scrub` a text in one call.

Types: SECRET, CREDIT_CARD, EMAIL, IP_ADDRESS, PHONE_NUMBER. Cheap literal tests decide which detectors run, each
detector scans with one linear regular expression, and Python validates the candidates (check digits, number plans,
address ranges, context).
"""

from curation.privacy.scan import Kind, find
from curation.privacy.scrub import PrivacyConfig, Scrubbed, scrub
from curation.privacy.spans import PLACEHOLDERS, TYPES, Span, redact, resolve

__all__ = ["PLACEHOLDERS", "TYPES", "Kind", "PrivacyConfig", "Scrubbed", "Span", "find", "redact", "resolve", "scrub"]
