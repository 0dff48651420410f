"""Which rule of near-duplicates holds for which source: FineWeb's for pages and BigCode's for code in one build.

Documents of two rules have signatures of two kinds, so they are never compared: between them only ids and equal texts
tell copies. Bands are numbered over all rules (`first_level`), so that buckets of two rules never meet either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curation.dedup.config import MinHashConfig

NO_RULE = -1
"""The number of a source in which no near-duplicates are looked for."""


@dataclass(frozen=True)
class NearRules:
    """The different rules of a recipe, numbered by their place, and the number of each source's."""

    rules: tuple[MinHashConfig, ...]
    by_source: Mapping[str, int]
    other: int  # of sources that are not named

    @classmethod
    def of(cls, other: MinHashConfig | None, by_source: Mapping[str, MinHashConfig | None]) -> NearRules:
        """The rules of the sources that are named, and of all others; equal ones are one rule."""
        rules: list[MinHashConfig] = []

        def number(rule: MinHashConfig | None) -> int:
            if rule is None:
                return NO_RULE
            if rule not in rules:
                rules.append(rule)
            return rules.index(rule)

        first = number(other)
        named = {source: number(rule) for source, rule in sorted(by_source.items())}
        return cls(tuple(rules), named, first)

    def number(self, source: str) -> int:
        """The number of a source's rule; `NO_RULE` where none holds."""
        return self.by_source.get(source, self.other)

    def rule(self, source: str) -> MinHashConfig | None:
        """A source's rule."""
        number = self.number(source)
        return None if number == NO_RULE else self.rules[number]

    def threshold(self, source: str) -> float | None:
        """The least similarity of a copy in a source."""
        rule = self.rule(source)
        return rule.threshold if rule else None

    def first_level(self, source: str) -> int:
        """The number of the first band of a source's rule, over the bands of all rules; its others follow."""
        return sum(rule.bands_rows[0] for rule in self.rules[: max(0, self.number(source))])

    def of_level(self, level: int) -> tuple[MinHashConfig, int]:
        """The rule that a band belongs to by its number over all rules, and its number within the rule.

        Raises:
            ValueError: there are not so many bands.
        """
        band = level
        for rule in self.rules:
            if 0 <= band < rule.bands_rows[0]:
                return rule, band
            band -= rule.bands_rows[0]
        raise ValueError(f"no rule has a band number {level}")

    @property
    def most_bands(self) -> int:
        """The bands of the rule that has most of them; 0 without any rule."""
        return max((rule.bands_rows[0] for rule in self.rules), default=0)
