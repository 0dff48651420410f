from __future__ import annotations

import ast
import json

import pytest

from curation.privacy import find, scrub

# Put together at run time, so that no scanner of repositories takes this file for a leak.
BODY = "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg"
LONG = BODY + "TzK9qWv7Lx5Rm4Pn" + BODY
HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0" * 2


def found(text, kind="code"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


TOKENS = {
    "aws": "AKIA" + "Q3EGWXYZ2NBVCRTU",
    "github": "ghp_" + BODY + "9x",
    "github oauth": "gho_" + BODY + "9x",
    "github fine-grained": "github_pat_" + "11ABCDEFG0" + BODY + "_" + BODY,
    "gitlab": "glpat-" + BODY[:20],
    "slack": "xoxb" + "-123456789012-1234567890123-" + BODY[:24],
    "stripe": "sk_live_" + BODY[:24],
    "google": "AIza" + BODY + "x",
    "openai": "sk-" + LONG[:48],
    "openai project": "sk-proj-" + LONG,
    "anthropic": "sk-ant-api03-" + LONG,
    "npm": "npm_" + BODY + "9x",
    "pypi": "pypi-AgEIcHlwaS5vcmcC" + LONG,
    "sendgrid": "SG." + BODY[:22] + "." + LONG[:43],
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + LONG[:43],
    "hugging face": "hf_" + BODY,
    "digitalocean": "dop_v1_" + HEX,
    "shopify": "shpat_" + HEX[:32],
    "twilio": "SK" + HEX[:32],
    "mailchimp": HEX[:32] + "-us12",
    "telegram": "123456789:AA" + BODY[:33],
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
@pytest.mark.parametrize("kind", ["code", "prose"])
def test_a_token_in_its_providers_format_is_found_whole(token, kind):
    assert found(f'KEY = "{token}"\n', kind) == [("SECRET", token)]
    assert found(token, kind) == [("SECRET", token)]


def test_secrets_in_context_are_found_without_it():
    value = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzzKEYabcd"
    assert found(f"aws_secret_access_key = {value}\n") == [("SECRET", value)]
    assert found(f'"SecretAccessKey": "{value}"') == [("SECRET", value)]
    hook = "T0AB12CD3/B0EF45GH6/" + BODY[:24]
    assert found(f"https://hooks.slack.com/services/{hook}") == [("SECRET", hook)]
    account = (LONG + LONG)[:86] + "=="
    assert found(f"AccountName=x;AccountKey={account};") == [("SECRET", account)]


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("postgres://ada:hunter22@db.internal:5432/x", "ada:hunter22"),
        ("https://:s3cr3tvalue@host.org/", ":s3cr3tvalue"),
        ("redis://ada:p%40ss1@10.0.0.1/0", "ada:p%40ss1"),
    ],
)
def test_credentials_in_a_url_are_found_and_the_host_stays(url, credentials):
    assert found(url) == [("SECRET", credentials)]
    assert scrub(url, kind="code").text == url.replace(credentials, "REDACTED_SECRET")


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "x" * 36,
        "sk-learn-contrib-category-encoders-and-more-words",
        "a task-" + BODY,
        "https://user:password@host.org/",
        "https://${USER}:${PASS}@host.org/",
        "https://host.org:8080/path",
        "sha1 secret key: " + "9f8e7d6c5b" * 4,
        "integrity sha512-" + LONG,
        '"resolved": "https://registry.host.org/a/-/a-1.0.0.tgz#' + HEX[:40] + '"',
        "550e8400-e29b-41d4-a716-446655440000",
        "eyJ is how every JSON token begins",
        'if line.startswith("-----BEGIN PRIVATE KEY-----"):\n    return body("-----END PRIVATE KEY-----")',
        "-----BEGIN PUBLIC KEY-----\n" + LONG + "\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\n" + LONG + "\n-----END CERTIFICATE-----",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text):
    assert [span for span in found(text) if span[0] == "SECRET"] == []


@pytest.mark.parametrize("label", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_a_private_key_block_is_found_with_both_its_lines(label):
    block = f"-----BEGIN {label}-----\n{LONG[:64]}\n{LONG[:64]}\n-----END {label}-----"
    assert found(f"before\n{block}\nafter") == [("SECRET", block)]


def test_a_private_key_that_is_cut_off_is_found_to_the_last_line_of_its_body():
    block = f"-----BEGIN RSA PRIVATE KEY-----\n{LONG[:64]}\n{LONG[:64]}"
    assert found(block + "\n\nNext paragraph.") == [("SECRET", block)]
    assert found(block) == [("SECRET", block)]


def test_python_stays_parseable_when_values_sit_in_string_literals():
    source = (
        f'KEY = "{TOKENS["stripe"]}"\nMAIL = \'ada@lovelace.org\'\nHOST = f"86.231.85.193:{{port}}"\n'
        f'PEM = ("-----BEGIN PRIVATE KEY-----\\n"\n       "{LONG[:64]}\\n"\n       "-----END PRIVATE KEY-----\\n")\n'
        'URL = "amqp://ada:hunter22@mq.internal/v"\n'
    )
    result = scrub(source, kind="code")
    assert result.counts == {"EMAIL": 1, "IP_ADDRESS": 1, "SECRET": 3}
    ast.parse(result.text)
    assert "ada" not in result.text
    assert LONG[:20] not in result.text


def test_json_stays_parseable():
    document = {"mail": "x\nada@lovelace.org", "key": TOKENS["google"], "ip": "86.231.85.193"}
    redacted = json.loads(scrub(json.dumps(document), kind="code").text)
    assert redacted == {"mail": "x\nREDACTED_EMAIL", "key": "REDACTED_SECRET", "ip": "REDACTED_IP_ADDRESS"}
