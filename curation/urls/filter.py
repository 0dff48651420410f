"""The URL filter: which of a batch of pages are turned away by their URL, and by which entry of which list.

The mechanisms are those of RefinedWeb and FineWeb (Penedo et al., 2023 and 2024): domains, URLs, hard words, soft
words of which two are needed, and sub-words; with what lets entries slip by in datatrove 0.10's `URLFilter` put right:
its URL lists compare whole URLs with the scheme, which UT1's lists have not, its domain lists know the registered
domain and the full host but nothing between, and its words are lower-case where those of the URL are not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curation.urls import lines, lists
from curation.urls.address import is_ip, prefixes, split_url, unicode_host, without_www
from curation.urls.automaton import Automaton
from curation.urls.config import UrlsConfig
from curation.urls.lists import ListReport
from curation.urls.table import MAX_SOURCES, KeyTable, key_of_text
from manifests.errors import UsageError

MAX_LABELS = 16
"""Labels of a host, from its end, that begin a domain to look up; beyond them only the whole host is."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a page is turned away: the rule, and the entry with the list it is in."""

    rule: str
    detail: str
    value: float | None = None
    threshold: float | None = None


@dataclass
class _Lists:
    """The tables of one kind of list (block, allow, only) and the names of the files they are made of."""

    names: list[str] = field(default_factory=list)
    domains: KeyTable = field(default_factory=lambda: KeyTable([]))
    hosts: KeyTable = field(default_factory=lambda: KeyTable([]))
    urls: KeyTable = field(default_factory=lambda: KeyTable([]))


@dataclass(frozen=True)
class _Batch:
    """Hashes of what the URLs of a batch can be found by; `owners` are their indices in the batch."""

    domains: NDArray[np.uint64]
    domain_owners: list[int]
    domain_names: list[str]
    hosts: NDArray[np.uint64]
    urls: NDArray[np.uint64]
    url_owners: list[int]
    url_names: list[str]


class UrlFilter:
    """The lists of a `urls` section, loaded.

    Raises:
        UsageError: a list cannot be read, or none of its lines is an entry.
    """

    def __init__(self, config: UrlsConfig) -> None:
        self._soft_words = config.soft_words
        self.reports: list[ListReport] = []
        self._url_hosts = array("Q")
        folders = config.block_folders
        self._block = self._load(
            [("block_domains", "domain", config.block_domains),
             ("block_folders", "domain", lists.ut1_files(folders, lists.UT1_DOMAINS, "block_folders"))],
            [("block_urls", "url", config.block_urls),
             ("block_folders", "url", lists.ut1_files(folders, lists.UT1_URLS, "block_folders"))],
            [("block_hosts", "host", config.block_hosts)],
        )  # fmt: skip
        self._allow = self._load(
            [("allow_domains", "domain", config.allow_domains)], [("allow_urls", "url", config.allow_urls)], []
        )
        self._only = self._load(
            [("only_domains", "domain", config.only_domains)], [("only_urls", "url", config.only_urls)], []
        )
        self._selects = bool(config.only_domains or config.only_urls)
        self._looks_up_urls = any(len(part.urls) for part in (self._block, self._allow, self._only))
        self._known_hosts = KeyTable([(0, self._url_hosts)])
        self._hard = self._words("block_words", config.block_words)
        self._soft = self._words("block_soft_words", config.block_soft_words)
        subwords = self._words("block_subwords", config.block_subwords, lines.parse_subword)
        self._subwords = sorted(subwords.items())
        try:
            self._automaton = Automaton([word.encode() for word, _ in self._subwords]) if subwords else None
        except ValueError as error:
            raise UsageError(f"urls.block_subwords: {error}") from None

    def remarks(self) -> list[str]:
        """A sentence for each list with lines that are no entries."""
        return [remark for report in self.reports if (remark := report.remark())]

    def _load(
        self,
        domains: Sequence[tuple[str, lines.Kind, Sequence[str]]],
        urls: Sequence[tuple[str, lines.Kind, Sequence[str]]],
        hosts: Sequence[tuple[str, lines.Kind, Sequence[str]]],
    ) -> _Lists:
        loaded = _Lists()
        loaded.domains = self._table(loaded, domains)
        loaded.urls = self._table(loaded, urls)
        loaded.hosts = self._table(loaded, hosts)
        return loaded

    def _table(self, loaded: _Lists, named: Sequence[tuple[str, lines.Kind, Sequence[str]]]) -> KeyTable:
        parts = []
        for option, kind, locations in named:
            for location in locations:
                if len(loaded.names) >= MAX_SOURCES:
                    raise UsageError(f"urls.{option}: more than {MAX_SOURCES:,} lists")
                keys, report = lists.read_keys(location, self._parser(kind), option)
                parts.append((len(loaded.names), keys))
                loaded.names.append(location)
                self.reports.append(report)
        return KeyTable(parts)

    def _parser(self, kind: lines.Kind) -> lists.Parse:
        if kind != "url":
            return lambda line: lines.parse_line(line, kind)

        def parse(line: str) -> list[str]:
            entries = lines.parse_line(line, kind)
            # Pages of hosts that no URL entry is of are looked up no further.
            self._url_hosts.extend(key_of_text(_host_of_entry(entry)) for entry in entries)
            return entries

        return parse

    def _words(
        self, option: str, locations: Sequence[str], parse: lists.Parse = lambda line: lines.parse_line(line, "word")
    ) -> dict[str, str]:
        """Word -> the first list that holds it."""
        words: dict[str, str] = {}
        for location in locations:
            entries, report = lists.read_entries(location, parse, option)
            self.reports.append(report)
            for word in entries:
                words.setdefault(word, location)
        return words

    def verdicts(self, urls: Sequence[str]) -> list[Blocked | None]:
        """For each URL why its page is turned away, None where it is not. Never raises on what a crawl holds."""
        addresses = [split_url(url) for url in urls]
        result: list[Blocked | None] = [None] * len(urls)
        batch = self._batch(addresses)
        if self._selects:
            listed = self._listed(self._only, batch)
            result = [None if index in listed else Blocked("url_not_listed", "") for index in range(len(urls))]
        blocked = self._blocked(batch, addresses, [index for index, found in enumerate(result) if found is None])
        allowed = self._listed(self._allow, batch)
        for index, found in blocked.items():
            if index not in allowed:
                result[index] = found
        return result

    def _batch(self, addresses: Sequence[tuple[str, str] | None]) -> _Batch:
        domain_keys, domain_owners, domain_names, host_keys = array("Q"), [], [], array("Q")
        for index, address in enumerate(addresses):
            if address is None:
                host_keys.append(0)
                continue
            names = _domains(address[0])
            domain_names += names
            domain_owners += [index] * len(names)
            hashes = [key_of_text(name) for name in names]
            domain_keys.extend(hashes)
            host_keys.append(hashes[0])
        url_keys, url_owners, url_names = array("Q"), [], []
        if self._looks_up_urls:
            bare = [without_www(address[0]) if address else "" for address in addresses]
            known = self._known_hosts.find(np.array([key_of_text(host) for host in bare], np.uint64))
            for index in np.flatnonzero(known >= 0).tolist():
                address = addresses[index]
                assert address is not None, "no entry has an empty host"
                names = [bare[index] + prefix for prefix in prefixes(address[1])]
                url_names += names
                url_owners += [index] * len(names)
                url_keys.extend(map(key_of_text, names))
        return _Batch(
            _hashes(domain_keys), domain_owners, domain_names, _hashes(host_keys),
            _hashes(url_keys), url_owners, url_names,
        )  # fmt: skip

    def _listed(self, loaded: _Lists, batch: _Batch) -> set[int]:
        """Which URLs of the batch the tables of `loaded` hold."""
        found = {batch.domain_owners[place] for place, _ in _hits(loaded.domains, batch.domains)}
        return found | {batch.url_owners[place] for place, _ in _hits(loaded.urls, batch.urls)}

    def _blocked(
        self, batch: _Batch, addresses: Sequence[tuple[str, str] | None], candidates: Sequence[int]
    ) -> dict[int, Blocked]:
        """What blocks those of `candidates` that something blocks: of several rules the first in the order of use."""
        found: dict[int, Blocked] = {}
        names = self._block.names
        for place, source in _hits(self._block.domains, batch.domains):
            entry = batch.domain_names[place]
            found.setdefault(batch.domain_owners[place], Blocked("url_domain", _detail(entry, names[source])))
        for index, source in _hits(self._block.hosts, batch.hosts):
            address = addresses[index]
            if address is not None:
                found.setdefault(index, Blocked("url_host", _detail(address[0], names[source])))
        for place, source in _hits(self._block.urls, batch.urls):
            entry = batch.url_names[place]
            found.setdefault(batch.url_owners[place], Blocked("url_prefix", _detail(entry, names[source])))
        if self._hard or self._soft or self._automaton:
            rest = [(index, address) for index in candidates if index not in found and (address := addresses[index])]
            for index, verdict in self._by_words(rest):
                found[index] = verdict
        wanted = set(candidates)
        return {index: verdict for index, verdict in found.items() if index in wanted}

    def _by_words(self, addresses: Sequence[tuple[int, tuple[str, str]]]) -> Iterator[tuple[int, Blocked]]:
        rest: list[tuple[int, bytes]] = []
        for index, (host, path) in addresses:
            words = lines.words_of(unicode_host(host) + path)
            different = set(words)
            hard = different & self._hard.keys()
            soft = different & self._soft.keys()
            if hard:
                word = min(hard)
                yield index, Blocked("url_word_hard", _detail(word, self._hard[word]))
            elif len(soft) >= self._soft_words:
                detail = ", ".join(_detail(word, self._soft[word]) for word in sorted(soft))
                yield index, Blocked("url_word_soft", detail, float(len(soft)), float(self._soft_words))
            elif self._automaton:
                rest.append((index, "".join(words).encode("utf-8", "replace")))
        if self._automaton and rest:
            for (index, _), place in zip(rest, self._automaton.search([text for _, text in rest]), strict=True):
                if place >= 0:
                    yield index, Blocked("url_subword", _detail(*self._subwords[place]))


def list_files(config: UrlsConfig) -> list[str]:
    """Every file that a `urls` section names, once, for the digest of what the stored documents depend on.

    Raises:
        UsageError: one of `block_folders` is missing or holds no list.
    """
    named = [
        *config.block_domains, *config.block_hosts, *config.block_urls, *config.block_words, *config.block_soft_words,
        *config.block_subwords, *config.allow_domains, *config.allow_urls, *config.only_domains, *config.only_urls,
        *lists.ut1_files(config.block_folders, lists.UT1_DOMAINS, "block_folders"),
        *lists.ut1_files(config.block_folders, lists.UT1_URLS, "block_folders"),
    ]  # fmt: skip
    return list(dict.fromkeys(name for name in named if not name.startswith(lists.INLINE)))


def _host_of_entry(entry: str) -> str:
    """The host that a URL entry begins with."""
    return min((entry.partition(mark)[0] for mark in "/?&;"), key=len)


def _domains(host: str) -> list[str]:
    """The host and every domain it is in, longest first: `a.b.example`, `b.example`, `example`."""
    names = [host]
    if is_ip(host):
        return names
    labels = host.split(".", host.count(".") - MAX_LABELS) if host.count(".") > MAX_LABELS else None
    rest = host if labels is None else labels[-1]
    if labels is not None:
        names.append(rest)
    place = rest.find(".")
    while place >= 0:
        names.append(rest[place + 1 :])
        place = rest.find(".", place + 1)
    return names


def _hits(table: KeyTable, keys: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """(place, list) of the keys that a table holds, in their order."""
    if len(table):
        found = table.find(keys)
        for place in np.flatnonzero(found >= 0).tolist():
            yield place, int(found[place])


def _hashes(keys: array[int]) -> NDArray[np.uint64]:
    return np.frombuffer(keys, np.uint64) if len(keys) else np.empty(0, np.uint64)


def _detail(entry: str, location: str) -> str:
    """How `winnow explain` names an entry: itself, and the list it is in."""
    return entry if location.startswith(lists.INLINE) else f"{entry} in {location}"
