"""Whether what stands after `password =`, `api_key =` or `user =` is a value somebody uses, and how sure that is."""

from __future__ import annotations

import re

from curation.privacy.randomness import (
    DUMMY_WORDS,
    is_dummy,
    is_random,
    is_sequence,
    is_template,
    is_uuid,
    piece_length,
    word_set,
)

_HEX_DIGEST = re.compile(
    r"(?:0x)?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.IGNORECASE
)
_CRYPT = re.compile(
    r"\$[0-9a-z]{1,8}\$|\{[A-Z0-9-]{3,12}\}|pbkdf2|bcrypt|argon2|scrypt|sha(?:1|256|384|512)[-$:]|md5:", re.IGNORECASE
)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_REFERENCE = re.compile(
    r"[A-Za-z_$][\w$]*(?:(?:\.|->|::)[A-Za-z_$][\w$]*)+|[#.][A-Za-z][\w.-]*|@?[A-Za-z]*[/:]{1,2}[\w./:-]*|[a-z]+://.*"
    r"|[A-Za-z]+(?:[_-][A-Za-z]+)+(?:[_-]?[0-9]{1,2})?|[\w./-]+\.(?:json|ya?ml|txt|pem|key|php|py|js|ts|go|rb|java|html?|xml|crt)"
)  # `a.b.c`, a selector, a path, an URL, `snake_case_name`, a file
_ASCII = re.compile(r"[!-~]+")
_SYMBOL = re.compile(r"[^A-Za-z0-9]")
_NAME_LIKE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UI_WORDS = re.compile(
    r"passw|secret|token|field|input|label|button|login|user|invalid|required|must|error|confirm", re.IGNORECASE
)

SURE, LIKELY, POSSIBLE = 0.8, 0.65, 0.55


def password_score(value: str, form: str, *, prose: bool, loose: bool) -> float:
    """Confidence that `value` is a password somebody set; 0 for none.

    `loose` is set where less than an assignment ties it to the word password, `prose` where people write sentences.
    """
    if not 5 <= len(value) <= 128 or not _ASCII.fullmatch(value) or is_template(value) or is_sequence(value):
        return 0.0
    if _CRYPT.match(value) or _HEX_DIGEST.fullmatch(value) or is_uuid(value) or _REFERENCE.fullmatch(value):
        return 0.0
    digits = sum(map(str.isdigit, value))
    symbols = len(_SYMBOL.findall(value[1:-1]))
    letters = sum(map(str.isalpha, value))
    cases = any(map(str.isupper, value)) + any(map(str.islower, value))
    rich = (
        digits > 0
        and letters > 0
        and len(value) >= 7
        and (cases + 1 + (symbols + (value[-1:] in "!@#$%^&*?") > 0)) >= 3
    )
    if rich and not _is_stated_dummy(value):
        return LIKELY if loose or prose else SURE
    if is_dummy(value) or _UI_WORDS.search(value):
        return 0.0
    if form == "line" and _NAME_LIKE.fullmatch(value) and not prose and not _mixes(value):
        return 0.0
    if digits and letters and len(value) >= 8 and piece_length(value) <= 2.6:
        return SURE
    if loose:
        return 0.0
    if digits and letters and len(value) >= 6:
        return LIKELY if symbols or not prose else POSSIBLE
    if symbols >= 2 and letters and len(value) >= 8 and form != "quoted":
        return POSSIBLE if not prose else 0.0
    if prose or digits == len(value):
        return 0.0
    if form == "env" and letters == len(value) >= 8 and value.islower():
        return POSSIBLE
    return LIKELY if letters >= 10 and cases == 2 and piece_length(value) <= 2.2 else 0.0


def _mixes(value: str) -> bool:
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _is_stated_dummy(value: str) -> bool:
    """Whether a value of many kinds of characters still says that it is none: `Your-Password1`."""
    return (is_dummy(value) and not _SYMBOL.search(value.strip("_-."))) or re.search(
        r"example|placeholder|change.?me|your|redacted|dummy|sample|insert|replace|xxxx|fake|\.\.\.",
        value,
        re.IGNORECASE,
    ) is not None


def secret_score(value: str, form: str, *, prose: bool, strong: bool) -> float:
    """Confidence that `value` is a key or token; 0 for none. `strong`: the name says more than "token"."""
    least = 20 if prose and form != "inline" else 16
    if (
        not _ASCII.fullmatch(value)
        or is_template(value)
        or is_dummy(value)
        or _CRYPT.match(value)
        or _ADDRESS.fullmatch(value)
    ):
        return 0.0
    if is_uuid(value):
        return LIKELY if strong and len(set(value)) >= 8 else 0.0
    if _REFERENCE.fullmatch(value) and piece_length(value) > 2.6:
        return 0.0
    if len(value) >= least and is_random(value):
        return SURE
    short = (
        strong and not prose and 10 <= len(value) < 64 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    )
    if short and not is_sequence(value) and piece_length(value) <= 2.6 and not _UI_WORDS.search(value):
        return POSSIBLE
    return 0.0


_USER = re.compile(r"(?:[A-Za-z][A-Za-z0-9.-]{1,30}\\{1,2})?[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+){0,3}")
_NO_USER = word_set(
    """
    debezium manual sub string object str int integer bool boolean number varchar char uuid self ctx me you
    other author owner member members group staff people person customer bot daemon nobody www apache nginx
    httpd git svn hg build builder deploy deployer runner travis circleci ci node pi centos fedora debian
    ec2 azureuser opc core dbo hive hadoop spark airflow zookeeper logstash monitor backup replica
    replicator repl proxy sync postfix smtp sshd nagios zabbix prometheus sonar nexus gitlab github
    bitbucket slack twitter facebook google profile settings dashboard home index list show edit create
    update delete get set put post find add remove view form page button logout signin signup register
    success failed sudo su superuser manager operator developer editor viewer reader writer guest anonymous
    anyone everyone someone celery cassandra nacos hdfs solr consul etcd vault keycloak wordpress drupal
    magento joomla odoo redmine mailman agent request response session state props params args kwargs model
    entity record row col column field fields table type class func function const var let null nil
    undefined unknown other all any primary secondary read write alias handle nick nickname displayname
    fullname first last given family
    """
)
_USER_PARTS = re.compile(
    r"user|login|name|account|admin|test|passw|token|email|mail|auth|root|guest|demo|example|sample|default|service|"
    r"system|utilisat|identif|benutzer|nutzer|usuari|gebruik|utente|brug|uzytkown|kullanic|pengguna|server|client|your|some|foo|"
    r"bar|baz|null|none|true|false|id\Z|app\Z|api|db\Z|data", re.IGNORECASE
)  # fmt: skip


def username_score(value: str, form: str, *, prose: bool) -> float:
    """Confidence that `value` is the user name of a person; 0 for names of roles, services, types and fields."""
    if not 3 <= len(value) <= 48 or not _USER.fullmatch(value):
        return 0.0
    name = value.rpartition("\\")[2]
    lowered = name.lower()
    if any(
        part in DUMMY_WORDS or part in _NO_USER
        for part in re.split(r"[._-]|(?<=[a-z])(?=[0-9])", lowered)
        if len(part) > 1
    ):
        return 0.0
    if _USER_PARTS.search(name) or lowered != name or is_sequence(name) or len(set(name)) < 2:
        return 0.0
    if re.search(r"\.[a-z]{2,4}\Z", name) and name.count(".") == 1 and not prose and form != "quoted":
        return 0.0
    if prose and form not in ("inline", "quoted", "log"):
        return 0.0
    if form in ("line", "element") and "." in name:
        return POSSIBLE
    return LIKELY if form in ("log", "quoted", "inline", "env") else POSSIBLE
