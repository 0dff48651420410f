"""Lines of block lists in the formats in use, as entries in normal form.

- plain: one domain, host or URL a line, `#` and `!` begin comments; `.example.com` and `*.example.com` are domains
- hosts files: `0.0.0.0 example.com www.example.com  # comment`
- adblock: `||example.com^`, alone or with an option that keeps it a rule for whole pages (`$document`, `$all`)

A line that is none of these is refused with the reason; the reader counts it and goes on.
"""

from __future__ import annotations

import re
from typing import Literal

from curation.urls.address import canonical_host, is_host_name, is_ip, split_url, without_www
from curation.urls.suffixes import is_public_suffix

Kind = Literal["domain", "host", "url", "word"]

_PLAIN_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9_][a-z0-9_-]{0,62}\.)+[a-z]{2,63}")
_ADBLOCK_MARKS = re.compile(r"#[@?$]{0,2}#")
_PAGE_OPTIONS = frozenset({"all", "document", "doc", "important"})
# What hosts files say about the machine itself.
_OWN = """
localhost localhost.localdomain local broadcasthost ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix
ip6-allnodes ip6-allrouters ip6-allhosts
"""
_OWN_NAMES = frozenset(_OWN.split())
_WORD = re.compile(r"[^\W_]+")


class BadLineError(ValueError):
    """A line that is no entry; the message says why in a few words."""


def parse_line(line: str, kind: Kind) -> list[str]:
    """The entries of a line: domains, hosts, URL prefixes (host without `www.` and what follows it), or a word.

    Raises:
        BadLineError: the line is no entry of this kind.
    """
    if kind == "domain" and _PLAIN_DOMAIN.fullmatch(line):  # the most frequent by far
        return [_not_a_suffix(line)]
    line = line.strip("\ufeff \t\r\n\f\v\0")
    if not line or line[0] in "#!" or line[:8].lower() == "[adblock":
        return []
    if kind == "word":
        return [_word(line)]
    if line.startswith("@@"):
        raise BadLineError("an adblock exception")
    if _ADBLOCK_MARKS.search(line):
        raise BadLineError("an adblock rule for elements")
    line = line.partition(" #")[0].partition("\t#")[0].strip()
    if line.startswith("||"):
        return [_entry(_adblock(line), kind)]
    words = line.split()
    if len(words) > 1 and is_ip(words[0].partition("%")[0]):
        names = (name for name in words[1:] if name.lower() not in _OWN_NAMES and not is_ip(name))
        return [_entry(name, kind) for name in names]
    if len(words) > 1:
        raise BadLineError("more than one word")
    if line.lower() in _OWN_NAMES:
        return []
    return [_entry(line, kind)]


def _adblock(line: str) -> str:
    rule, _, options = line[2:].partition("$")
    if not set(filter(None, options.lower().split(","))) <= _PAGE_OPTIONS:
        raise BadLineError("an adblock rule for parts of pages")
    rule = rule.removesuffix("|").removesuffix("*").removesuffix("^")
    if "^" in rule or "*" in rule:
        raise BadLineError("an adblock pattern")
    return rule


def _entry(text: str, kind: Kind) -> str:
    if kind == "url":
        return _url(text)
    everything_below = text.startswith((".", "*."))
    if everything_below:
        if kind == "host":
            raise BadLineError("a pattern, not a host")
        text = text.removeprefix("*").removeprefix(".")
    if "/" in text:
        address = split_url(text)
        if address is None or address[1] or "//" not in text:
            raise BadLineError("has a path, so it belongs in a list of URLs")
        host = address[0]
    else:
        host = canonical_host(text)
    if not is_host_name(host):
        raise BadLineError("not a domain")
    if kind == "domain" and not everything_below:
        return _not_a_suffix(host)
    if "." not in host and ":" not in host and not everything_below:
        raise BadLineError("not a domain")
    return host


def _not_a_suffix(host: str) -> str:
    if is_public_suffix(host):
        raise BadLineError(f"a public suffix (write .{host} to mean all of it)")
    if "." not in host and ":" not in host:
        raise BadLineError("not a domain")
    return host


def _url(text: str) -> str:
    address = split_url(text) or split_url("//" + text)
    if address is None or not is_host_name(address[0]):
        raise BadLineError("not a URL")
    host, rest = address
    if rest.endswith("/*"):
        rest = rest.removesuffix("/*")
    if "*" in rest or "^" in rest:
        raise BadLineError("a pattern, not a URL")
    if "." not in host and ":" not in host:
        raise BadLineError("not a URL")
    return without_www(host) + rest


def words_of(text: str) -> list[str]:
    """Runs of letters and digits of every script, in lower case."""
    return _WORD.findall(text.lower())


def _word(line: str) -> str:
    words = words_of(line)
    if len(words) != 1:
        raise BadLineError("not one word; in `block_subwords` it would match whatever separates its words")
    return words[0]


def parse_subword(line: str) -> list[str]:
    """The letters and digits of a line in lower case, as they are looked for anywhere in a URL.

    Raises:
        BadLineError: fewer than two of them.
    """
    line = line.strip("\ufeff \t\r\n\f\v\0")
    if not line or line[0] in "#!":
        return []
    joined = "".join(words_of(line))
    if len(joined) < 2 and joined.isascii():
        raise BadLineError("shorter than two letters, it would match nearly every URL")
    return [joined]
