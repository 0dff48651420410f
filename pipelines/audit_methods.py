"""Second looks at a text: methods that share no pattern, table or threshold with `curation.privacy.find`.

`exhaustive` needs nothing beyond Winnow's own dependencies: plain regular expressions for e-mail addresses, the
standard library for addresses of machines, the matcher of phonenumbers over the countries of a text's language, the
validators of python-stdnum, entropy (and detect-secrets where it is installed) for keys. `presidio` runs Microsoft
Presidio's recognisers. Both are slow, and both name more than is there: they are for looking, not for cutting.
"""

from __future__ import annotations

import importlib
import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, Protocol

import phonenumbers
import stdnum.iban
import stdnum.luhn

from manifests.errors import UsageError

MethodName = Literal["exhaustive", "presidio"]
METHODS: tuple[MethodName, ...] = ("exhaustive", "presidio")

WINDOW = 20_000
"""Characters looked at in one go, so that a library that is slow on long texts stays linear."""
OVERLAP = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """`text[start:end]` is taken for `type`; `why` names what took it for that; `score` is in (0, 1]."""

    type: str
    start: int
    end: int
    score: float
    why: str


class Method(Protocol):
    """A way to look at a text again."""

    def scan(self, text: str, language: str) -> list[Finding]:
        """Findings in `text`, sorted by place; they may overlap. `language` is an ISO 639 code or empty."""
        ...


def make_method(name: str, model: str | None = None) -> Method:
    """The method of that name; `model` is a spaCy model with which `presidio` also looks for names.

    Raises:
        UsageError: no such method, a model for a method that takes none, or what it needs is not installed.
    """
    if name not in METHODS:
        raise UsageError(f"--method {name}: there are {' and '.join(METHODS)}")
    if name == "presidio":
        return Presidio(model)
    if model is not None:
        raise UsageError("--model is for --method presidio: the other method uses no model")
    return Exhaustive()


def windows(text: str) -> Iterator[tuple[int, str]]:
    """(offset, piece) of pieces of at most WINDOW characters that overlap by OVERLAP."""
    step = WINDOW - OVERLAP
    for start in range(0, max(1, len(text) - OVERLAP), step):
        yield start, text[start : start + WINDOW]


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    """Each (type, start, end) once, by place; of values that a window cut in two the longest stays."""
    best: dict[tuple[str, int], Finding] = {}
    for finding in findings:
        key = (finding.type, finding.start)
        if key not in best or best[key].end < finding.end:
            best[key] = finding
    kept: list[Finding] = []
    reach: dict[str, int] = {}
    for finding in sorted(best.values(), key=lambda item: (item.start, -item.end, item.type)):
        if finding.end > reach.get(finding.type, 0):
            kept.append(finding)
            reach[finding.type] = finding.end
    return kept


# --- exhaustive ------------------------------------------------------------------------------------------------

_MAIL_LOCAL = re.compile(r"[^\s<>()\[\]\"',;:|{}@\\]{1,64}\Z")
_MAIL_DOMAIN = re.compile(r"@[^\s<>()\[\]\"',;:|{}@\\/?#]{1,190}?\.[^\W\d_]{2,24}(?![\w-])")
_DOCUMENTED_HOSTS = re.compile(
    r"(?:\A|[@.])(?:example\.(?:com|org|net|edu)|test|invalid|localhost|example)\Z", re.IGNORECASE
)
_QUAD = re.compile(r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])")
_COLONED = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{4,45}(?![\w:])")
_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,2}[0-9](?:[ ./\u00a0-]?[0-9A-Za-z]){6,33}(?![A-Za-z0-9])")
_CARD_RUN = re.compile(r"(?<![0-9A-Za-z.])[3-6][0-9](?:[ \u00a0-]?[0-9]){11,17}(?![0-9A-Za-z])")
_IBAN_RUN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/_=.-]{20,512}(?![A-Za-z0-9+/_=.-])")
_NAMES_SECRET = re.compile(r"(?:key|token|secret|passw|pwd|auth|credential|bearer)[^\n]{0,24}\Z", re.IGNORECASE)
_NAMES_IDENTITY = re.compile(
    r"(?:(?<![a-z])(?:ssn|social sec|tax|nif|dni|nie|cpf|cnp|pesel|bsn|nino|national id|identity|id card|passport"
    r"|personnummer|personal (?:code|id)|oib|egn|rut|curp|aadhaar|steuer|codice fiscale|fiscal)[^\n]{0,30})\Z",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(r"[0-9a-fA-F-]+\Z")

_PERSONAL_NUMBERS = (
    "us.ssn", "fr.nir", "es.dni", "es.nie", "it.codicefiscale", "nl.bsn", "be.nn", "pl.pesel", "se.personnummer",
    "fi.hetu", "dk.cpr", "no.fodselsnummer", "br.cpf", "cn.ric", "in_.aadhaar", "de.idnr", "ca.sin", "au.tfn", "ch.ssn",
    "ro.cnp", "bg.egn", "kr.rrn", "tr.tckimlik", "za.idnr", "cl.rut", "ee.ik", "hr.oib", "gr.amka", "ie.pps", "mx.curp",
)  # fmt: skip
"""Modules of python-stdnum for numbers of persons."""

_COUNTRIES = {
    "en": ("US", "GB", "AU", "IN", "IE"), "de": ("DE", "AT", "CH"), "fr": ("FR", "BE", "CH", "CA"),
    "es": ("ES", "MX", "AR", "CO", "CL"), "it": ("IT", "CH"), "pt": ("BR", "PT"), "nl": ("NL", "BE"), "pl": ("PL",),
    "sv": ("SE", "FI"), "da": ("DK",), "no": ("NO",), "nb": ("NO",), "nn": ("NO",),
    "fi": ("FI",), "ru": ("RU",), "uk": ("UA",), "cs": ("CZ",),
    "sk": ("SK",), "hu": ("HU",), "ro": ("RO",), "tr": ("TR",), "el": ("GR",), "he": ("IL",), "ar": ("EG", "SA", "AE"),
    "ja": ("JP",), "ko": ("KR",), "zh": ("CN", "TW"), "id": ("ID",), "vi": ("VN",), "th": ("TH",), "hi": ("IN",),
}  # fmt: skip
"""Countries whose national telephone numbers are tried, by the language of the text."""
_SECRET_PLUGINS = "detect_secrets.plugins"
MIN_ENTROPY = 4.0
"""Bits a character from which a token that a word such as "key" introduces is taken for a secret."""


class Exhaustive:
    """Every form that some library calls possible, whatever the words around it."""

    def __init__(self) -> None:
        self._numbers = [(name, importlib.import_module(f"stdnum.{name}")) for name in _PERSONAL_NUMBERS]
        self._detectors = _detect_secrets_plugins()

    def scan(self, text: str, language: str) -> list[Finding]:
        """See `Method.scan`."""
        found: list[Finding] = []
        for offset, piece in windows(text):
            for finder in (_mails, _machines, _accounts, self._persons, self._keys):
                found += (_moved(finding, offset) for finding in finder(piece))
            found += (_moved(finding, offset) for finding in _telephones(piece, language))
        return _sorted(found)

    def _persons(self, text: str) -> Iterator[Finding]:
        for match in _RUN.finditer(text):
            if not _NAMES_IDENTITY.search(text[max(0, match.start() - 48) : match.start()]):
                continue
            valid = [name for name, module in self._numbers if module.is_valid(match[0])]
            if valid:
                kind = "US_SSN" if valid[0] == "us.ssn" else "NATIONAL_ID"
                yield Finding(kind, *match.span(), 0.8, f"stdnum {', '.join(valid[:3])}")

    def _keys(self, text: str) -> Iterator[Finding]:
        for match in _TOKEN.finditer(text):
            value = match[0]
            if _HEXADECIMAL.match(value) or not _is_mixed(value):
                continue
            if entropy(value) >= MIN_ENTROPY and _NAMES_SECRET.search(text[max(0, match.start() - 40) : match.start()]):
                yield Finding("SECRET", *match.span(), 0.6, "entropy")
        if self._detectors:
            yield from self._detected(text)

    def _detected(self, text: str) -> Iterator[Finding]:
        """What the plugins of detect-secrets find, line by line."""
        start = 0
        for line in text.splitlines(keepends=True):
            for name, plugin in self._detectors if len(line) <= 2000 else ():
                for value in plugin.analyze_string(line.rstrip("\r\n")):
                    place = line.find(value) if value else -1
                    if place >= 0:
                        yield Finding(
                            "SECRET", start + place, start + place + len(value), 0.8, f"detect-secrets {name}"
                        )
            start += len(line)


def _moved(finding: Finding, offset: int) -> Finding:
    return Finding(finding.type, finding.start + offset, finding.end + offset, finding.score, finding.why)


def _mails(text: str) -> Iterator[Finding]:
    place = text.find("@")
    while place >= 0:
        local = _MAIL_LOCAL.search(text, max(0, place - 64), place)
        domain = _MAIL_DOMAIN.match(text, place)
        if local and domain and not _DOCUMENTED_HOSTS.search(domain[0]):
            yield Finding("EMAIL", local.start(), domain.end(), 0.7, "regular expression")
        place = text.find("@", place + 1)


def _machines(text: str) -> Iterator[Finding]:
    for pattern, sign in ((_QUAD, "."), (_COLONED, ":")):
        for match in pattern.finditer(text):
            if match[0].count(sign) < 2:
                continue
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if address.is_global and not address.is_multicast and (sign == "." or match[0].strip(":").count(":") > 2):
                yield Finding("IP_ADDRESS", *match.span(), 0.6, "ipaddress")


def _accounts(text: str) -> Iterator[Finding]:
    for match in _IBAN_RUN.finditer(text):
        if stdnum.iban.is_valid(match[0], check_country=False):
            yield Finding("IBAN", *match.span(), 0.9, "stdnum iban")
    for match in _CARD_RUN.finditer(text):
        if stdnum.luhn.is_valid(re.sub("[^0-9]", "", match[0])):
            grouped = match.end() - match.start() > 16
            yield Finding("CREDIT_CARD", *match.span(), 0.6 if grouped else 0.5, "stdnum luhn")


def _telephones(text: str, language: str) -> Iterator[Finding]:
    """Numbers that the matcher of phonenumbers calls valid in a country of the language, and possible after a `+`."""
    if not re.search(r"[0-9].{0,3}[0-9].{0,3}[0-9]", text):
        return
    leniency = phonenumbers.Leniency
    looks: list[tuple[str | None, int, str]] = [(None, leniency.POSSIBLE, "international")] if "+" in text else []
    looks += [(country, leniency.VALID, country) for country in _COUNTRIES.get(language, ("US",))]
    for country, strictness, why in looks:
        for match in phonenumbers.PhoneNumberMatcher(text, country, leniency=strictness, max_tries=2000):
            yield Finding("PHONE_NUMBER", match.start, match.end, 0.6, f"phonenumbers {why}")


def entropy(value: str) -> float:
    """Shannon entropy of the characters of `value`, in bits a character."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def _is_mixed(value: str) -> bool:
    """Whether capitals, small letters and digits all occur."""
    return value.lower() != value and value.upper() != value and any(character.isdigit() for character in value)


def _detect_secrets_plugins() -> list[tuple[str, Any]]:
    """The plugins of detect-secrets for keys of providers, where the package is installed."""
    names = {
        "aws": "AWSKeyDetector", "github_token": "GitHubTokenDetector", "jwt": "JwtTokenDetector",
        "private_key": "PrivateKeyDetector", "slack": "SlackDetector", "stripe": "StripeDetector",
        "twilio": "TwilioKeyDetector", "sendgrid": "SendGridDetector", "basic_auth": "BasicAuthDetector",
        "openai": "OpenAIDetector", "discord": "DiscordBotTokenDetector",
        "azure_storage_key": "AzureStorageKeyDetector",
    }  # fmt: skip
    found: list[tuple[str, Any]] = []
    for module, name in sorted(names.items()):
        try:
            plugin = getattr(importlib.import_module(f"{_SECRET_PLUGINS}.{module}"), name)
        except (ImportError, AttributeError):  # not installed, or a release without this plugin
            continue
        found.append((module, plugin()))
    return found


# --- presidio --------------------------------------------------------------------------------------------------

_PRESIDIO_TYPES = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE_NUMBER", "IP_ADDRESS": "IP_ADDRESS", "CREDIT_CARD": "CREDIT_CARD",
    "IBAN_CODE": "IBAN", "US_SSN": "US_SSN", "CRYPTO": "CRYPTO_ADDRESS", "MAC_ADDRESS": "MAC_ADDRESS",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE", "US_PASSPORT": "PASSPORT", "US_BANK_NUMBER": "BANK_ACCOUNT",
}  # fmt: skip
_PRESIDIO_LEFT = frozenset({"URL", "DATE_TIME", "NRP", "LOCATION", "ORGANIZATION"})
"""What is no personal data by itself."""
MIN_PRESIDIO = 0.4
"""Presidio's scores run from 0.01, where it takes any nine digits for a bank account."""


class Presidio:
    """Microsoft Presidio's pattern recognisers; with a spaCy model also names of persons."""

    def __init__(self, model: str | None) -> None:
        try:
            analyzer: ModuleType = importlib.import_module("presidio_analyzer")
            spacy: ModuleType = importlib.import_module("spacy")
            engine: Any = importlib.import_module("presidio_analyzer.nlp_engine").SpacyNlpEngine
        except ImportError as error:
            raise UsageError(
                f"--method presidio needs what is not installed ({error}): `pip install 'winnow[audit]'`, "
                "or use --method exhaustive"
            ) from error
        try:
            nlp: Any = spacy.load(model) if model else spacy.blank("en")
        except (OSError, ValueError) as error:
            raise UsageError(f"--model {model}: no spaCy model of that name is installed ({error})") from error
        _fetch_no_suffixes()
        self._analyzer = analyzer.AnalyzerEngine(
            registry=_registry(analyzer, with_names=model is not None), nlp_engine=_loaded(engine, nlp),
            supported_languages=["en"], log_decision_process=False,
        )  # fmt: skip

    def scan(self, text: str, language: str) -> list[Finding]:
        """See `Method.scan`; the recognisers are asked as for English, whatever the language."""
        found: list[Finding] = []
        for offset, piece in windows(text):
            for result in self._analyzer.analyze(piece, language="en", score_threshold=MIN_PRESIDIO):
                if result.entity_type not in _PRESIDIO_LEFT:
                    kind = _PRESIDIO_TYPES.get(result.entity_type, result.entity_type)
                    score = min(1.0, float(result.score))
                    found.append(Finding(kind, result.start + offset, result.end + offset, score, "presidio"))
        return _sorted(found)


def _registry(analyzer: Any, *, with_names: bool) -> Any:
    """All recognisers that need no service and no model, and spaCy's where there is a model."""
    registry = analyzer.RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    if not with_names:
        for name in [item.name for item in registry.recognizers if item.name == "SpacyRecognizer"]:
            registry.remove_recognizer(name)
    return registry


def _fetch_no_suffixes() -> None:
    """Make tldextract, which presidio's e-mail recogniser asks, use the list that it ships instead of fetching one."""
    tldextract = importlib.import_module("tldextract")
    module = importlib.import_module("tldextract.tldextract")
    module.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # type: ignore[attr-defined]


def _loaded(engine: Callable[..., Any], nlp: Any) -> Any:
    """Presidio's spaCy engine around a pipeline that is loaded already: it would download one otherwise."""
    made = engine(models=[{"lang_code": "en", "model_name": "blank"}])
    made.nlp = {"en": nlp}
    return made
