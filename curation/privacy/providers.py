"""The formats in which providers publish their keys and tokens.

Sources: the providers' own documentation, and for the checksums GitHub's "Behind GitHub's new authentication token
formats" (2021) and npm's "Announcing npm's new access token format" (2021).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from curation.privacy.randomness import is_dummy_token
from curation.privacy.spans import SECRET, Span

MAX_TOKEN = 4096
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Format:
    """A token that begins with the letters `prefix` and goes on as `rest`; `check` tells a right checksum."""

    provider: str
    prefix: str
    rest: re.Pattern[str]
    check: Callable[[str], bool] | None = None


def crc_base62(token: str) -> bool:
    """Whether the last six characters are the CRC-32, in base 62, of what stands between prefix and them."""
    number, digits = zlib.crc32(token[token.index("_") + 1 : -6].encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return token[-6:] == digits.rjust(6, "0")


def _base32(token: str) -> bool:
    """AWS's key ids hold no 0, 1, 8 and 9."""
    return not set(token[4:]) & set("0189")


_CHECKS: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_"), crc_base62),
    **dict.fromkeys(("AKIA", "ASIA", "ABIA", "ACCA"), _base32),
}

# provider: "prefix|prefix rest", more than one with ", ". The rest is bounded by a character that is no letter or
# digit. No pattern holds a repeat within a repeat, so a match takes time linear in its own length.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("1password", "ops_", r"eyJ[A-Za-z0-9_-]{200,2000}"),
    ("1password", "A3-", r"[A-Z0-9]{6}-[A-Z0-9]{5,6}(?:-[A-Z0-9]{5}){3,4}"),
    ("adobe", "p8e-", r"[A-Za-z0-9]{32}"),
    ("age", "AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    ("airtable", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("alibaba", "LTAI", r"[A-Za-z0-9]{17,21}"),
    ("anthropic", "sk-ant-", r"[A-Za-z0-9]{2,12}-[A-Za-z0-9_-]{20,250}"),
    ("artifactory", "AKCp", r"[A-Za-z0-9]{60,75}"),
    ("atlassian", "ATATT3|ATCTT3|ATSTT3", r"[A-Za-z0-9_=-]{40,300}"),
    ("aws", "AKIA|ASIA|ABIA|ACCA", r"[A-Z0-9]{16}"),
    ("aws bedrock", "ABSK", r"[A-Za-z0-9+/]{80,269}={0,2}"),
    ("bitbucket", "ATBB", r"[A-Za-z0-9]{32}"),
    ("brevo", "xkeysib-|xsmtpsib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("buildkite", "bkua_|bkaj_|bkat_", r"[0-9a-f]{40}"),
    ("circleci", "CCIPAT_|CCIPRJ_", r"[A-Za-z0-9]{22}_[0-9a-f]{40}"),
    ("clickup", "pk_", r"[0-9]{6,10}_[A-Z0-9]{32}"),
    ("clojars", "CLOJARS_", r"[a-z0-9]{60}"),
    ("cloudflare", "v1", r"\.0-[0-9a-f]{24}-[0-9a-f]{146}"),
    ("contentful", "CFPAT-", r"[A-Za-z0-9_-]{43}"),
    ("crates.io", "cio", r"[A-Za-z0-9]{32}"),
    ("databricks", "dapi", r"[0-9a-f]{32}(?:-[0-9])?"),
    ("digitalocean", "dop_v1_|doo_v1_|dor_v1_", r"[0-9a-f]{64}"),
    ("docker hub", "dckr_pat_|dckr_oat_", r"[A-Za-z0-9_-]{27,60}"),
    ("doppler", "dp", r"\.(?:pt|ct|sa|scim|audit|st(?:\.[a-z0-9_-]{2,35})?)\.[A-Za-z0-9]{40,44}"),
    ("dropbox", "sl", r"\.[A-Za-z0-9_-]{1,4}[A-Za-z0-9_.-]{130,2000}"),
    ("duffel", "duffel_live_|duffel_test_", r"[A-Za-z0-9_=-]{43}"),
    ("dynatrace", "dt0c01|dt0s01|dt0s16", r"\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}"),
    ("easypost", "EZAK|EZTK", r"[A-Za-z0-9]{54}"),
    ("facebook", "EAA", r"[A-Za-z0-9]{80,400}"),
    ("figma", "figd_|figdr_|figo_|figoh_", r"[A-Za-z0-9_-]{38,60}"),
    ("firebase", "AAAA", r"[A-Za-z0-9_-]{7}:APA91[A-Za-z0-9_-]{129,160}"),
    ("fireworks", "fw_", r"[A-Za-z0-9]{22,24}"),
    ("flutterwave", "FLWSECK-|FLWSECK_TEST-", r"[0-9a-zA-Z]{32}-X"),
    ("fly.io", "fo1_", r"[A-Za-z0-9_-]{43}"),
    ("fly.io", "fm1r_|fm1a_|fm2_", r"[A-Za-z0-9+/]{80,2000}={0,3}"),
    ("github", "ghp_|gho_|ghu_|ghs_|ghr_", r"[A-Za-z0-9]{36,255}"),
    ("github", "github_pat_", r"[A-Za-z0-9_]{22,255}"),
    ("gitlab", "glpat-|gldt-|glrt-|glptt-|glcbt-|glsoat-|glft-|glimt-|glagent-|gloas-|glffct-|glwt-",
     r"[A-Za-z0-9_-]{20,300}(?:\.[0-9a-z]{2,9}){0,2}"),
    ("google", "AIza", r"[A-Za-z0-9_-]{35}"),
    ("google", "GOCSPX-", r"[A-Za-z0-9_-]{28}"),
    ("google", "ya29", r"\.[A-Za-z0-9_-]{20,2048}"),
    ("grafana", "glsa_", r"[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    ("grafana", "glc_", r"eyJ[A-Za-z0-9+/]{40,400}={0,3}"),
    ("groq", "gsk_", r"[A-Za-z0-9]{48,60}"),
    ("hashicorp vault", "hvs|hvb|hvr", r"\.[A-Za-z0-9_-]{24,300}"),
    ("heroku", "HRKU-", r"(?:" + _UUID + r"|AA[A-Za-z0-9_-]{50,70})"),
    ("honeycomb", "hcaik_|hcxik_|hcamk_", r"[A-Za-z0-9]{48,64}"),
    ("hubspot", "pat-na1-|pat-na2-|pat-eu1-|pat-ap1-", _UUID),
    ("hugging face", "hf_|api_org_", r"[A-Za-z0-9]{34,60}"),
    ("infracost", "ico-", r"[A-Za-z0-9]{32}"),
    ("intercom", "dG9rO", r"[A-Za-z0-9+/]{40,80}={0,2}"),
    ("klaviyo", "pk_", r"[0-9a-f]{34}"),
    ("langsmith", "lsv2_pt_|lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    ("launchdarkly", "sdk-|api-", _UUID),
    ("linear", "lin_api_|lin_oauth_|lin_wh_", r"[A-Za-z0-9]{40,64}"),
    ("linkedin", "WPL_AP1|WPL_AP0", r"\.[A-Za-z0-9]{16}\.[A-Za-z0-9+/]{6,10}={0,2}"),
    ("mailersend", "mlsn", r"\.[0-9a-f]{64}"),
    ("mailgun", "key-", r"[0-9a-z]{32}"),
    ("mandrill", "md-", r"[A-Za-z0-9_-]{22}"),
    ("mapbox", "sk", r"\.eyJ[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{20,30}"),
    ("mongodb atlas", "mdb_sa_sk_", r"[A-Za-z0-9_-]{40}"),
    ("neon", "napi_", r"[a-z0-9]{60,70}"),
    ("netlify", "nfp_|nfc_|nfo_|nfu_", r"[A-Za-z0-9]{36,60}"),
    ("new relic", "NRAK-", r"[A-Z0-9]{27}"),
    ("new relic", "NRAA-", r"[0-9a-f]{27}"),
    ("new relic", "NRJS-", r"[0-9a-f]{19}"),
    ("new relic", "NRII-", r"[A-Za-z0-9_-]{32}"),
    ("notion", "ntn_", r"[0-9]{11}[A-Za-z0-9]{35}"),
    ("notion", "secret_", r"[A-Za-z0-9]{43}"),
    ("npm", "npm_", r"[A-Za-z0-9]{36}"),
    ("nuget", "oy2", r"[a-z0-9]{43}"),
    ("nvidia", "nvapi-", r"[A-Za-z0-9_-]{60,70}"),
    ("openai", "sk-proj-|sk-svcacct-|sk-admin-|sk-None-", r"[A-Za-z0-9_-]{20,250}"),
    ("openai", "sk-", r"[A-Za-z0-9]{32,250}"),
    ("openrouter", "sk-or-v1-", r"[0-9a-f]{64}"),
    ("perplexity", "pplx-", r"[A-Za-z0-9]{48,56}"),
    ("pinecone", "pcsk_", r"[A-Za-z0-9_]{60,90}"),
    ("plaid", "access-sandbox-|access-development-|access-production-", _UUID),
    ("planetscale", "pscale_tkn_|pscale_pw_|pscale_oauth_", r"[A-Za-z0-9_.=-]{32,64}"),
    ("posthog", "phx_", r"[A-Za-z0-9]{40,60}"),
    ("postman", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("prefect", "pnu_|pnb_", r"[A-Za-z0-9]{36}"),
    ("pulumi", "pul-", r"[0-9a-f]{40}"),
    ("pypi", "pypi-AgE", r"[A-Za-z0-9_-]{50,1000}"),
    ("razorpay", "rzp_live_", r"[A-Za-z0-9]{14}"),
    ("readme", "rdme_", r"[a-z0-9]{70}"),
    ("render", "rnd_", r"[A-Za-z0-9]{28,40}"),
    ("replicate", "r8_", r"[A-Za-z0-9]{37}"),
    ("resend", "re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{20,28}"),
    ("rubygems", "rubygems_", r"[0-9a-f]{48}"),
    ("scaleway", "SCW", r"[A-Z0-9]{17}"),
    ("segment", "sgp_", r"[A-Za-z0-9]{64}"),
    ("sendgrid", "SG", r"\.[A-Za-z0-9_-]{16,24}\.[A-Za-z0-9_-]{40,44}"),
    ("sentry", "sntrys_", r"eyJ[A-Za-z0-9+/=_-]{80,800}"),
    ("sentry", "sntryu_|sntrya_", r"[0-9a-f]{64}"),
    ("shippo", "shippo_live_|shippo_test_", r"[0-9a-f]{40}"),
    ("shopify", "shpat_|shpss_|shpca_|shppa_|shptka_", r"[0-9a-fA-F]{32}"),
    ("slack", "xoxa-|xoxb-|xoxe-|xoxo-|xoxp-|xoxr-|xoxs-|xoxc-|xoxd-", r"[A-Za-z0-9%-]{10,250}"),
    ("slack", "xoxe.xoxp-|xoxe.xoxb-", r"[A-Za-z0-9-]{10,250}"),
    ("slack", "xapp-|xwfp-", r"[0-9]{1,13}-[A-Za-z0-9-]{10,250}"),
    ("sonar", "squ_|sqp_|sqa_", r"[0-9a-f]{40}"),
    ("square", "sq0atp-|sq0csp-|sq0idp-", r"[A-Za-z0-9_-]{22,60}"),
    ("square", "EAAA", r"[A-Za-z0-9_-]{60}"),
    ("stripe", "sk_live_|sk_test_|rk_live_|rk_test_|sk_org_", r"[A-Za-z0-9]{16,250}"),
    ("stripe", "whsec_", r"[A-Za-z0-9+/]{24,250}={0,2}"),
    ("elevenlabs", "sk_", r"[0-9a-f]{48}"),
    ("supabase", "sbp_", r"(?:oauth_|v0_)?[0-9a-f]{40}"),
    ("supabase", "sb_secret_", r"[A-Za-z0-9_-]{24,40}"),
    ("tailscale", "tskey-auth-|tskey-api-|tskey-client-|tskey-scim-|tskey-webhook-",
     r"[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}"),
    ("tavily", "tvly-", r"(?:dev-|prod-)?[A-Za-z0-9]{28,40}"),
    ("tencent", "AKID", r"[A-Za-z0-9]{32}"),
    ("trello", "ATTA", r"[0-9a-f]{64}[0-9A-F]{8}"),
    ("twilio", "SK", r"[0-9a-f]{32}"),
    ("twitter", "AAAAAAAAAAAAAAAAAAAAA", r"[A-Za-z0-9%]{60,200}"),
    ("typeform", "tfp_", r"[A-Za-z0-9_-]{38,60}"),
    ("xai", "xai-", r"[A-Za-z0-9]{70,90}"),
    ("jwt", "eyJ",
     rf"[A-Za-z0-9_-]{{8,{MAX_TOKEN}}}\.eyJ[A-Za-z0-9_-]{{8,{MAX_TOKEN}}}\.[A-Za-z0-9_-]{{16,{MAX_TOKEN}}}"),
)  # fmt: skip


def _formats() -> Iterator[Format]:
    for provider, prefixes, rest in _TABLE:
        for prefix in prefixes.split("|"):
            pattern = re.compile(re.escape(prefix) + rest + r"(?![A-Za-z0-9])")
            yield Format(provider, prefix, pattern, _CHECKS.get(prefix))


FORMATS: tuple[Format, ...] = tuple(_formats())
"""Every format that a prefix tells, in alphabetical order of the providers."""

PROVIDERS = tuple(sorted({item.provider for item in FORMATS}))
"""Who they are of."""

_HEAD = 2
_BY_HEAD: dict[str, tuple[Format, ...]] = {
    head: tuple(sorted((f for f in FORMATS if f.prefix[:_HEAD] == head), key=lambda f: -len(f.prefix)))
    for head in sorted({item.prefix[:_HEAD] for item in FORMATS})
}


def _trie(words: list[str]) -> str:
    """A pattern of these words that branches on one letter at a time, so that a mismatch costs one comparison."""
    if "" in words:  # the shorter prefix is reached first; the formats themselves are tried longest first
        return ""
    branches = []
    for letter in sorted({word[0] for word in words}):
        branches.append(re.escape(letter) + _trie([word[1:] for word in words if word[0] == letter]))
    return branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"


# A letter of an escape (`\n`) ends the word before it.
_JWT = "eyJ"
_START = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?=" + _trie(sorted({f.prefix for f in FORMATS if f.prefix != _JWT})) + ")"
)
# Prefixes with a dot stand outside the run that follows it.
_DOTTED = re.compile(
    r"(?<![A-Za-z0-9])(?:SG|hvs|hvb|hvr|ya29|v1|mlsn|sl|xoxe|dp\.[a-z]{2,5}|dp\.st\.[a-z0-9_-]{2,35})\.\Z"
)
_LOOK_BACK = 48


def find_tokens(text: str, start: int, end: int) -> Iterator[Span]:
    """Tokens with a prefix that begin in `text[start:end]`, a run of letters and digits, or right before it."""
    if start and text[start - 1] == ".":
        dotted = _DOTTED.search(text[max(0, start - _LOOK_BACK) : start])
        if dotted:
            yield from _token_at(text, max(0, start - _LOOK_BACK) + dotted.start())[1]
    # Signed tokens are long and may hold anything: only at the head of a run, so that none is read twice.
    reached, spans = _token_at(text, start) if text.startswith(_JWT, start) else (start, ())
    yield from spans
    for match in _START.finditer(text, start, end):
        if match.start() >= reached:
            reached, spans = _token_at(text, match.start())
            yield from spans


def _token_at(text: str, place: int) -> tuple[int, tuple[Span, ...]]:
    """How far a token at `place` reaches, and its span where it is no dummy."""
    for item in _BY_HEAD.get(text[place : place + _HEAD], ()):
        if text.startswith(item.prefix, place):
            match = item.rest.match(text, place)
            if match:
                dummy = is_dummy_token(match[0][len(item.prefix) :])
                span = Span(SECRET, place, match.end(), _score(item, match[0]))
                return match.end(), () if dummy else (span,)
    return place, ()


def _score(item: Format, token: str) -> float:
    """0.99 with a right checksum, 0.6 with a wrong one (keys of manuals and tests), 0.95 where there is none."""
    if item.check is None or (item.check is crc_base62 and len(token) != 40):
        return 0.95
    return 0.99 if item.check(token) else 0.6
