"""Code parses after redaction as it did before: by the parsers that the standard library and PyYAML have.

`tests.benchmarks.parseable_code` measures the same over more files, in more languages.
"""

from __future__ import annotations

import ast
import json
import pathlib
import random
import subprocess
import tomllib
import warnings
import xml.etree.ElementTree

import pytest
import yaml

from curation.privacy import PrivacyConfig, scrub
from curation.privacy.pseudonyms import Keys
from tests.curation.privacy.planting import plant

KEYS = Keys(b"0123456789abcdef0123456789abcdef")
POLICIES = [PrivacyConfig(policy=name) for name in ("placeholder", "pseudonym", "fake")]
CONFIGS = pytest.mark.parametrize("config", POLICIES, ids=[config.policy for config in POLICIES])
TOKEN = "ghp_" + "aB3dEfGh1JkLmN0pQrStUvWxYz2468ACeg9x"
STANDARD_LIBRARY = pathlib.Path(random.__file__).parent
MODULES = ["random.py", "tomllib/_parser.py", "smtplib.py", "ftplib.py", "html/parser.py", "logging/handlers.py"]


def redacted(text, config):
    return scrub(text, kind="code", config=config, keys=KEYS, document="d").text


@CONFIGS
@pytest.mark.parametrize("module", MODULES)
def test_modules_of_python_parse(module, config):
    planted, values = plant((STANDARD_LIBRARY / module).read_text("utf-8"), "python")
    assert len(values) > 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        ast.parse(planted)
        ast.parse(redacted(planted, config))


@CONFIGS
def test_json_keeps_its_numbers_and_escapes(config):
    text = (
        '{"card": 4111111111111111, "ssn": 536323065, "mail": "\\u00e9ada@lovelace.org\\n", "account number": 12345678,'
        f'\n"urls": ["postgres://ada:hunter22@db.host.org/x", "https://h.org/?token={TOKEN}"], "k": "{TOKEN}"}}'
    )
    before, after = json.loads(text), json.loads(redacted(text, config))
    assert list(after) == list(before)
    assert [type(value) for value in after.values()] == [type(value) for value in before.values()]
    assert after["card"] != before["card"]
    assert "ada" not in json.dumps(after)


@CONFIGS
def test_yaml_keeps_its_shape(config):
    text = (
        f"mail: ada@lovelace.org\nhost: 86.231.85.193\nv6: 2a02:8108::7b1f:1\nkey: {TOKEN}\ncard: 4111111111111111\n"
        "list:\n  - ada@lovelace.org  # eve@lovelace.org\n  - {to: ada@lovelace.org, from: [86.231.85.193]}\n"
        "pem: |\n  -----BEGIN PRIVATE KEY-----\n  "
        + "MIIEpAIBAAKCAQEA7bq3" * 3
        + "\n  -----END PRIVATE KEY-----\nlast: 1\n"
    )
    before, after = yaml.safe_load(text), yaml.safe_load(redacted(text, config))
    assert list(after) == list(before)
    assert len(after["list"]) == 2
    assert isinstance(after["card"], int)
    assert isinstance(after["mail"], str)
    assert after["last"] == 1


@CONFIGS
def test_toml_and_ini_values_stay_values(config):
    text = f'mail = "ada@lovelace.org"\n"date of birth" = 1985-03-12\ncard = 4111111111111111\nkey = \'{TOKEN}\'\n'
    after = tomllib.loads(redacted(text, config))
    assert len(after) == 4
    assert after["date of birth"].isoformat() != "1985-03-12"


@CONFIGS
def test_markup_keeps_its_elements(config):
    text = (
        '<root mail="ada@lovelace.org"><!-- eve@lovelace.org --><to>ada@lovelace.org</to><card>4111111111111111</card>'
        f"<ip>86.231.85.193</ip><![CDATA[{TOKEN}]]></root>"
    )
    before, after = xml.etree.ElementTree.fromstring(text), xml.etree.ElementTree.fromstring(redacted(text, config))
    assert [element.tag for element in after.iter()] == [element.tag for element in before.iter()]
    assert after[0].text != "ada@lovelace.org"


@CONFIGS
def test_shell_words_stay_words(config):
    text = (
        f"export MAIL=ada@lovelace.org\nKEY={TOKEN}\nssh root@86.231.85.193 uptime\n"
        "curl https://ada:hunter22@host.org/x -d card=4111111111111111 && echo done\n"
    )
    done = subprocess.run(["bash", "-n"], input=redacted(text, config), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert ">" not in redacted(text, config)
