"""What the name before a value says: `DB_PASSWORD`, `apiKey` and `user` say it, `password_hash` and `csrfToken` not."""

from __future__ import annotations

import re
from functools import lru_cache

from curation.privacy.providers import PROVIDERS
from curation.privacy.randomness import word_set
from curation.privacy.spans import PASSWORD, SECRET, USERNAME

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORDS = ("password", "passwd", "passwort", "pwd", "passphrase", "passw", "pass")
_FUSED_PASSWORDS = ("password", "passwd", "passphrase")
_FUSED_SECRETS = (
    "apikey", "secretkey", "accesskey", "privatekey", "authkey", "authtoken", "accesstoken", "apitoken", "apisecret",
    "clientsecret", "secret", "token", "authorization",
)  # fmt: skip
_KEY_OF = word_set(
    """
    api access secret private auth authentication authorization signing encryption encrypt master account
    service consumer app application license client shared session storage subscription admin deploy write
    webhook server integration ingest insights insert hmac jwt cookie crypto aes rsa primary secondary
    sending global api2 search rest
    """
) | frozenset(word for name in PROVIDERS for word in re.findall("[a-z]+", name) if len(word) > 2) | word_set(
    """
    heroku datadog algolia fastly okta twilio discord telegram azure gcp mailchimp cohere mistral deepl
    wandb
    """
)  # fmt: skip
_TAIL = word_set(
    """
    value string str default prod production dev development staging test live raw plain id2 env var
    """
)
_NOT = word_set(
    """
    hash hashed digest checksum sha sha1 sha256 sha512 md5 crc etag integrity file filename path dir
    directory field label name type url uri link href length len size min max minimum maximum regex regexp
    pattern policy placeholder hint prompt title message msg error errors confirm confirmation verify reset
    forgot forgotten change changed invalid wrong incorrect missing required expire expires expired expiry
    expiration ttl count index column class selector param parameter header format algorithm alg encoder
    public pub publishable csrf xsrf page next previous prev continuation cursor pagination pad eos bos unk
    mask sep cls special stop cache sort foreign translation locale i18n text description help tooltip icon
    schema enum id ids is has can should use show hide toggle enable enabled disable disabled strength rule
    rules score version kind mode state status anon anonymous site sitekey fingerprint commit revision rev
    blob tree thumbprint tokenizer tokenize lexer parser ast syntax arn symbol contract address ticker
    primitive primarykey event
    """
)
_USER_OF = word_set(
    """
    db database mysql postgres postgresql pg smtp mail imap pop ftp sftp ssh ldap redis mongo mongodb auth
    rabbitmq proxy http basic remote login sudo svn git r l unix os system jenkins docker registry amqp mqtt
    sql jdbc account nexus artifactory
    """
)
_LONGEST = 64


@lru_cache(maxsize=8192)
def role(name: str) -> str | None:
    """PASSWORD, SECRET or USERNAME where a value follows such a name, else None."""
    if len(name) > _LONGEST or name.startswith("--"):
        name = name[-_LONGEST:].lstrip("-")
    words = [word.lower() for word in _WORD.findall(name)]
    while words and (words[-1] in _TAIL or words[-1].isdigit()):
        words.pop()
    if not words:
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in ("user", "login", "username") or (last == "name" and before == "user"):
        return _user_role(words)
    if any(word in _NOT for word in words) or last.startswith(("csrf", "xsrf")):
        return None
    if last in _PASSWORDS or last.endswith(_FUSED_PASSWORDS):
        return PASSWORD if last != "pass" or len(words) <= 3 else None
    if last.endswith(_FUSED_SECRETS) or last in ("credential", "credentials", "auth"):
        return SECRET
    if last == "key" and (before in _KEY_OF or before.endswith(("secret", "api", "token"))):
        return SECRET
    return None


def is_strong(name: str) -> bool:
    """Whether a value of no more than a UUID's form is a secret after this name: `API_KEY`, `client_secret`."""
    squeezed = re.sub(r"[^a-z]", "", name.lower())
    return any(
        word in squeezed
        for word in ("apikey", "secret", "accesskey", "authkey", "apitoken", "accesstoken", "authtoken")
    )


def _user_role(words: list[str]) -> str | None:
    if words[-1] == "name":
        words = [*words[:-2], "username"]
    before = words[:-1]
    if words[-1] == "username":
        return None if any(word in _NOT for word in before) else USERNAME
    return USERNAME if not before or (len(before) <= 3 and before[-1] in _USER_OF) else None
