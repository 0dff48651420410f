"""Telling values made by a machine from words, identifiers, test vectors and what manuals put in their place."""

from __future__ import annotations

import re
from itertools import pairwise
from math import log2

MIN_DISTINCT = 8


def word_set(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_EMULATOR = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1"  # the account key of Azure's storage emulator, the same for everybody
_DUMMY_PART = re.compile(
    r"example|placeholder|change[-_ ]?(?:me|this|it)|your|redacted|replace|insert|dummy|sample|fake|mock|x{4}|todo"
    r"|\*\*|\.\.\.|not[-_]?(?:a[-_]?)?(?:real|secret|secure|used)|undefined|abcdefg|bcdefgh|1234567|0{8}|deadbeef|cafebabe",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\$[{(A-Za-z_]|\{\{|\}\}|%[({]|%[sdrv](?![A-Za-z0-9])|%\w+%|<%|%>|#\{|\{[\w.:]{0,40}\}|<[A-Za-z_][^<>]{0,64}>|\A\[.*\]\Z|\A__\w+__\Z"
)
DUMMY_WORDS = word_set(
    """
    pass passwd password passphrase passcode pwd pw secret secrets secretkey token tokens key keys api
    apikey auth access accesskey accesstoken client private public bearer credential credentials test tests
    testing tester testpass unit foo bar baz qux foobar quux admin administrator root user users username
    guest demo default dev development prod production staging local localhost none null nil true false
    string text hidden empty blank value val data some any my the a an is it this that new old current wrong
    right correct incorrect bad good invalid valid strong weak hello world qwerty letmein welcome abc abcd
    abcde abcdef xyz asdf asdfgh zxcv super top open tiger aws host port region scott sesame opensesame
    required optional forgot reset confirm confirmation repeat temp temporary tmp initial system postgres
    mysql mongo mongodb redis rabbitmq mariadb oracle sa db database server service app application web site
    email mail name login account minio minioadmin elastic kibana grafana docker vagrant ubuntu django flask
    laravel spring wordpress jenkins keycloak rabbit kafka ldap ssh ftp smtp http https basic digest hash
    hashed encrypted plain plaintext random generated something anything whatever super-secret supersecret
    topsecret mysecret for of in on to and or not no yes with from by one two three first second third id
    number code pin word words please enter type field input label message error warning info here there
    """
)
"""What stands for a value without being one; a word that everybody uses protects nobody."""

_LEET = str.maketrans("013457@$!+", "oleastasit")
_LONGEST_WORD = max(map(len, DUMMY_WORDS))
_MOST_LETTERS = 48


def entropy(value: str) -> float:
    """Shannon's entropy of the characters of `value`, in bits a character."""
    counts = {character: value.count(character) for character in set(value)}
    return -sum(n / len(value) * log2(n / len(value)) for n in counts.values())


def piece_length(value: str) -> float:
    """Mean length of the runs of one kind (a word with or without capital, capitals, digits) in `value`.

    Random letters and digits change kind after some two characters, words and identifiers after four or five.
    """
    pieces = _PIECE.findall(value)
    return sum(map(len, pieces)) / len(pieces) if pieces else 0.0


def is_random(value: str) -> bool:
    """Whether `value`, of at least 16 characters, looks drawn by lot: no word, path, identifier or sequence."""
    letters = sum(map(str.isalpha, value))
    if len(value) < 16 or len(set(value)) < MIN_DISTINCT or not letters or is_sequence(value):
        return False
    digits = sum(map(str.isdigit, value))
    if len(value) >= 32 and _HEX.fullmatch(value):
        return min(digits, letters) >= 4 and entropy(value) >= 3.0
    if not digits:
        return letters >= 16 and piece_length(value) <= 2.3 and value.lower() != value
    return piece_length(value) <= 2.9 and entropy(value) >= 3.0


def is_sequence(value: str) -> bool:
    """Whether the characters mostly count up or down, as in `0123456789abcdef`, or one part is repeated."""
    if sum(abs(ord(a) - ord(b)) == 1 for a, b in pairwise(value)) * 2 >= len(value):
        return True
    return any(value[size:] == value[:-size] for size in range(1, min(9, len(value) // 2 + 1)))


def is_uuid(value: str) -> bool:
    """Whether `value` is a UUID and nothing else."""
    return _UUID.fullmatch(value) is not None


def is_template(value: str) -> bool:
    """Whether `value` is filled in later: `${VAR}`, `{{ x }}`, `%(x)s`, `<password>`, `[token]`."""
    return _TEMPLATE.search(value) is not None


def is_dummy_token(body: str) -> bool:
    """Whether a token, less its prefix, is the `xxxxxxxx` or `EXAMPLE` of a manual."""
    tail = body[-32:]
    if len(set(tail)) < min(MIN_DISTINCT, len(tail) // 2) or is_sequence(tail):
        return True
    if "EXAMPLE" in body or "xxxxx" in body.lower():
        return True
    return piece_length(body) >= 4.5 and len(body) < 64 and not _dense(body)


def _dense(body: str) -> bool:
    """Capitals or small letters with digits only, as in AWS's key ids: long runs of one kind are no words there."""
    return body.upper() == body or any(map(str.isdigit, body[1:-1]))


def is_dummy(value: str) -> bool:
    """Whether `value` is made of words that stand for a value: `changeme`, `my-secret`, `Passw0rd`, `test1234`."""
    if is_stock(value) or len(set(value)) <= 3:
        return True
    return _made_of_words("".join(filter(str.isalpha, value.lower().translate(_LEET))))


def is_stock(value: str) -> bool:
    """Whether `value` is `changeme`, `guest` or `my-secret`, with or without digits: what everybody uses."""
    return (
        value.startswith(_EMULATOR)
        or _DUMMY_PART.search(value) is not None
        or _made_of_words("".join(filter(str.isalpha, value.lower())))
    )


def _made_of_words(letters: str) -> bool:
    if not 0 < len(letters) <= _MOST_LETTERS:
        return False
    reached = [True] + [False] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            if reached[start] and letters[start:end] in DUMMY_WORDS:
                reached[end] = True
                break
    return reached[-1]
