"""Passwords, secrets and user names after the name they are assigned to. Values are put together at run time."""

from __future__ import annotations

import ast
import json

import pytest

from curation.privacy import find, scrub

WORD = "k3J9" + "!sQ2x"
KEY = "k3J9sQ2x" + "Z7pL0aBcD4fG"


def found(text, kind="code"):
    return [(span.type, text[span.start : span.end]) for span in find(text, kind=kind)]


@pytest.mark.parametrize(
    "text",
    [
        'password = "{}"',
        "DB_PASSWORD: {}\n",
        "DB_PASSWORD={}\n",
        "export PGPASSWORD='{}'\n",
        'const password: string = "{}";',
        'password := "{}"',
        'String dbPassword = "{}";',
        'os.environ["DB_PASSWORD"] = "{}"',
        '{{"password":"{}"}}',
        '{{\\"password\\":\\"{}\\"}}',
        "'password' => '{}',",
        'define("DB_PASSWORD", "{}");',
        'setPassword("{}")',
        "<password>{}</password>",
        '{{"name": "DB_PASSWORD", "value": "{}"}}',
        "- name: DB_PASSWORD\n  value: {}\n",
        "Server=db;Password={};Timeout=5",
        "spring.datasource.password={}\n",
        "2024-05-03 INFO login password={} ok",
        "mysql -u ada -p{} shop",
        "sshpass -p {} ssh host",
        "tool --password {} run",
        "CREATE USER 'x' IDENTIFIED BY '{}'",
        "db.host:5432:shop:*:{}\n",
    ],
)
def test_a_password_is_found_without_its_quotes_and_delimiters(text):
    assert found(text.format(WORD)) == [("PASSWORD", WORD)]


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "{}"',
        "SECRET_KEY = '{}'",
        "authToken: '{}',",
        "X-Api-Key: {}\n",
        'export TOKEN="{}"',
        "client_secret={}\n",
        "Authorization: Bearer {}\n",
        "headers = {{'Authorization': 'token {}'}}",
    ],
)
@pytest.mark.parametrize("kind", ["code", "prose"])
def test_a_key_is_found_after_its_name(text, kind):
    assert found(text.format(KEY), kind) == [("SECRET", KEY)]


@pytest.mark.parametrize(
    "text",
    [
        'user = "mkowalski"',
        "user=mkowalski\n",
        "user: mkowalski\n",
        'username: "mkowalski"',
        "login as: mkowalski\n",
        "sshd[12]: Accepted password for mkowalski from 10.0.0.1 port 22",
        "sshd[12]: Failed password for invalid user mkowalski from 10.0.0.1 port 22",
        "session opened for user mkowalski by (uid=0)",
        "sudo: mkowalski : TTY=pts/0 ; PWD=/root",
        '10.0.0.1 - mkowalski [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0"',
    ],
)
def test_a_user_name_is_found_in_logs_and_configuration(text):
    assert found(text) == [("USERNAME", "mkowalski")]


def test_netrc_curl_and_basic_authorisation_give_both_names_and_passwords():
    assert found(f"machine h.org login ada password {WORD}") == [("USERNAME", "ada"), ("PASSWORD", WORD)]
    assert found(f"curl -u ada:{WORD} https://h.org") == [("USERNAME", "ada"), ("PASSWORD", WORD)]
    assert found("Authorization: Basic YWRhOmh1bnRlcjIy") == [("SECRET", "YWRhOmh1bnRlcjIy")]


@pytest.mark.parametrize(
    "text",
    [
        'password: "Passwort"',
        'password = "Contraseña"',
        '"password": "Mot de passe"',
        "username: identifiant\n",
        'username: "Benutzername"',
        'password = "changeme"',
        'password = "your-password1"',
        'password = "<password>"',
        'password = "${DB_PASSWORD}"',
        "PASSWORD=$DB_PASSWORD1\n",
        'password = "{{ vault_pw1 }}"',
        "password = os.environ['PW1']",
        "password = get_secret(1)",
        "password = config.password1",
        "f(password=password1, user=user1)",
        "password: string;",
        "password VARCHAR(64) NOT NULL",
        'password = "xxxxxxxx"',
        'password = "12345678"',
        'password = "5f4dcc3b5aa765d61d8327deb882cf99"',
        'password = "$2b$12$KIXQ1c9Yb0o4r3w2v1u0te"',
        'password_hash = "k3J9!sQ2x"',
        'password_field = "user_password_1"',
        'reset_password_url = "/account/reset/1a2b3c"',
        'csrf_token = "k3J9sQ2xZ7pL0aBcD4fG"',
        'next_page_token = "k3J9sQ2xZ7pL0aBcD4fG"',
        'public_key = "k3J9sQ2xZ7pL0aBcD4fG"',
        'eos_token = "<|endoftext|>"',
        'token = "0123456789abcdef0123456789abcdef"',
        'token_type = "Bearer"',
        'api_key = "YOUR_API_KEY_HERE"',
        'secret = "my-very-secret-token-value"',
        "Authorization: Bearer YOUR_TOKEN_HERE_PLEASE",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        '"resolved": "https://host.org/a.tgz#9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"',
        'integrity: "sha512-k3J9sQ2xZ7pL0aBcD4fGk3J9sQ2xZ7pL0aBcD4fG=="',
        'ETag: "9f8e7d6c5b4a39281706f5e4d3c2b1a0"',
        "key = 9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        'user = "admin"',
        "POSTGRES_USER=postgres\n",
        "user = request_user\n",
        'user: "string"',
        "const user: User = getUser()",
        "Accepted password for root from 10.0.0.1",
    ],
)
@pytest.mark.parametrize("kind", ["code", "prose"])
def test_words_templates_labels_and_hashes_are_left_alone(text, kind):
    assert found(text, kind) == []


@pytest.mark.parametrize(
    "text",
    [
        "Password: at least 12 characters.",
        "The secret: practise every day.",
        "User: Bob wrote on Monday",
        "Token: 0xdAC17F958D2ee523a2206206994597C13D831ec7",
        "Login: see page 4. Your password is required.",
    ],
)
def test_prose_that_speaks_of_passwords_is_left_alone(text):
    assert [span for span in found(text, "prose") if span[0] in ("SECRET", "PASSWORD", "USERNAME")] == []


def test_a_password_in_prose_needs_letters_and_digits():
    assert found("The Wi-Fi password is hunter22.", "prose") == [("PASSWORD", "hunter22")]
    assert found("The password is sunshine.", "prose") == []


def test_programs_and_data_stay_parseable():
    source = f'PASSWORD = "{WORD}"\nKEYS = {{"api_key": \'{KEY}\'}}\nlogin(user="mkowalski", password=b"{WORD}")\n'
    result = scrub(source, kind="code")
    assert result.counts == {"PASSWORD": 2, "SECRET": 1, "USERNAME": 1}
    ast.parse(result.text)
    document = json.dumps({"user": "mkowalski", "password": WORD, "nested": json.dumps({"token": KEY})})
    redacted = json.loads(scrub(document, kind="code").text)
    assert redacted["user"] == "REDACTED_USERNAME"
    assert redacted["password"] == "REDACTED_PASSWORD"
    assert json.loads(redacted["nested"]) == {"token": "REDACTED_SECRET"}
