"""Sentence patterns with choices and slots: `[a|b] {slot} {~phrase}`, read from the files in `texts`."""

from __future__ import annotations

import functools
import importlib.resources
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.demo.world import shuffled

_TOKEN = re.compile(r"[\[\]|]|\{[^{}]*\}|[^\[\]|{}]+")
_SENTENCE_START = re.compile(r"(?:^|[.!?] |^\")[\"“]?[^\W\d_]")


@dataclass(frozen=True)
class Slot:
    """A place to be filled: a fact, or a phrase when `name` begins with ~."""

    name: str


@dataclass(frozen=True)
class Choice:
    """Alternatives, one of which is drawn."""

    options: tuple[Sequence, ...]


Sequence = tuple["str | Slot | Choice", ...]


@dataclass(frozen=True)
class Grammar:
    """Pools of parsed sentence patterns and pools of phrases, by name."""

    pools: dict[str, tuple[Sequence, ...]]
    phrases: dict[str, tuple[str, ...]]


def parse_pattern(text: str) -> Sequence:
    """The tree of one pattern; ValueError when brackets do not match."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise ValueError(f"stray brace in pattern: {text}")
    tree, end = _parse_sequence(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"unmatched bracket in pattern: {text}")
    return tree


def _parse_sequence(tokens: list[str], at: int) -> tuple[Sequence, int]:
    nodes: list[str | Slot | Choice] = []
    while at < len(tokens):
        token = tokens[at]
        if token == "[":
            options = []
            while True:
                option, at = _parse_sequence(tokens, at + 1)
                options.append(option)
                if at >= len(tokens):
                    raise ValueError("a choice is not closed")
                if tokens[at] == "]":
                    break
            nodes.append(Choice(tuple(options)))
        elif token in ("]", "|"):
            break
        elif token.startswith("{"):
            nodes.append(Slot(token[1:-1]))
        else:
            nodes.append(token)
        at += 1
    return tuple(nodes), at


@functools.cache
def load_grammar(language: str) -> Grammar:
    """The patterns of `texts/<language>.txt`."""
    text = importlib.resources.files("pipelines.demo.texts").joinpath(f"{language}.txt").read_text("utf-8")
    pools: dict[str, list[Sequence]] = {}
    phrases: dict[str, list[str]] = {}
    name, kind = "", ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith(("== ", "~~ ")):
            kind, name = line[:2], line[3:]
        elif kind == "==":
            pools.setdefault(name, []).append(parse_pattern(line))
        else:
            phrases.setdefault(name, []).append(line)
    return Grammar(
        {key: tuple(value) for key, value in pools.items()}, {key: tuple(value) for key, value in phrases.items()}
    )


@dataclass
class Writer:
    """Writes sentences for one page: no pattern twice, and no phrase twice before all others were used.

    `slot` gives the text of a fact slot; it is asked in reading order.
    """

    grammar: Grammar
    rng: random.Random
    slot: Callable[[str], str]
    used: set[tuple[str, int]] = field(default_factory=set)
    decks: dict[str, list[str]] = field(default_factory=dict)

    def sentence(self, pool: str) -> str | None:
        """A new sentence from `pool`, None when the page has used all of its patterns."""
        patterns = self.grammar.pools[pool]
        free = [index for index in range(len(patterns)) if (pool, index) not in self.used]
        if not free:
            return None
        index = self.rng.choice(free)
        self.used.add((pool, index))
        return capitalise(self._expand(patterns[index]))

    def _expand(self, tree: Sequence) -> str:
        return "".join(self._fill(node) for node in tree)

    def _fill(self, node: str | Slot | Choice) -> str:
        if isinstance(node, str):
            return node
        if isinstance(node, Choice):
            return self._expand(self.rng.choice(node.options))
        if not node.name.startswith("~"):
            return self.slot(node.name)
        name = node.name[1:]
        if not self.decks.get(name):
            self.decks[name] = shuffled(self.rng, self.grammar.phrases[name])
        return self.decks[name].pop()


def capitalise(text: str) -> str:
    """Capital letters at the beginning of sentences."""
    return _SENTENCE_START.sub(lambda found: found.group()[:-1] + found.group()[-1].upper(), text)
