"""Which signals are measured together, by name alone: what a recipe can be checked with before models and compiled
code are loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from curation.quality.decisions import RuleSet

FAMILIES: tuple[str, ...] = (
    "fineweb",
    "c4_datatrove",
    "c4_tfds",
    "gopher_dolma",
    "gopher_dclm",
    "refinedweb_dclm",
    "refinedweb",
    "nemo",
)
"""Families in the order of their columns; all but `fineweb` are the part of a signal's name before the dot."""

EDITS: Mapping[str, str] = {
    "fineweb@datatrove": "fineweb",
    "c4@datatrove": "c4_datatrove",
    "c4@tfds": "c4_tfds",
    "refinedweb@dclm": "refinedweb_dclm",
    "refinedweb": "refinedweb",
}
"""The line edits that can be made, by name, and the family in whose pass they are."""

_OF_FINEWEB = frozenset(("gopher", "c4", "fineweb"))


def families_of(sets: Iterable[RuleSet]) -> tuple[str, ...]:
    """The families that these rule sets read, in order."""
    prefixes = {signal.partition(".")[0] for rules in sets for signal in rules.signals()}
    if not prefixes.isdisjoint(_OF_FINEWEB):
        prefixes.add("fineweb")
    return tuple(family for family in FAMILIES if family in prefixes)
