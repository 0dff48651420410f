"""Small SVG charts for the report: no script, no external resource, colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_HEIGHT = 92.0
_TOP = 20.0
_BOTTOM = 18.0
_LEAST_VISIBLE = 1.5
_TICK_APART = 46.0
_CHARACTER = 5.6  # width of one character of a label, roughly


@dataclass(frozen=True)
class Bar:
    """One bin: what it covers, in words, and how many documents of each class are in it."""

    label: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Mark:
    """A line at a position between bars: `position` 2 stands between the second and the third bar."""

    position: int
    label: str


def histogram(
    bars: Sequence[Bar], ticks: Sequence[tuple[int, str]], marks: Sequence[Mark], classes: Sequence[str], title: str
) -> Markup:
    """Stacked bars, one CSS class per part from the bottom up, with labelled lines drawn across.

    The height of a bar is the square root of its total, so that the few documents near a threshold can be seen
    beside the many far from it; the parts of a bar share its height in proportion. Exact counts are the bars' titles.
    """
    width = 320.0
    step = width / max(1, len(bars))
    peak = max((sum(bar.counts) for bar in bars), default=0)
    full = _TOP + _HEIGHT + _BOTTOM
    parts: list[Markup] = []
    for index, bar in enumerate(bars):
        parts.append(_bar(bar, index * step, step, peak, classes))
    base = _TOP + _HEIGHT
    parts.append(Markup('<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>').format(_n(width), _n(base), _n(base)))
    parts.extend(_ticks(ticks, step, width, base))
    parts.extend(_marks(marks, step, width, base))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _n(width), _n(full), title, Markup("").join(parts)
    )


def _bar(bar: Bar, x: float, step: float, peak: int, classes: Sequence[str]) -> Markup:
    total = sum(bar.counts)
    if not total:
        return Markup("")
    height = max(_LEAST_VISIBLE, _HEIGHT * (total / peak) ** 0.5)
    gap = min(1.0, step * 0.12)
    parts, top = [], _TOP + _HEIGHT
    for count, name in zip(bar.counts, classes, strict=True):
        if count:
            piece = height * count / total
            top -= piece
            parts.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                    name, _n(x + gap / 2), _n(top), _n(step - gap), _n(piece)
                )
            )
    said = ", ".join(f"{count:,} {name.replace('-', ' ')}" for count, name in zip(bar.counts, classes, strict=True))
    return Markup("<g><title>{}</title>{}</g>").format(f"{bar.label}: {said}", Markup("").join(parts))


def _ticks(ticks: Sequence[tuple[int, str]], step: float, width: float, base: float) -> list[Markup]:
    """Labels below the axis; one that would touch the one before it is left out."""
    drawn: list[Markup] = []
    free_from = 0.0
    for position, label in ticks:
        half = len(label) * _CHARACTER / 2
        x = min(max(position * step, half), width - half)
        if x - half < free_from:
            continue
        free_from = max(x + half + 6, x - half + _TICK_APART)
        drawn.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                _n(x), _n(base + 13), label
            )
        )
    return drawn


def _marks(marks: Sequence[Mark], step: float, width: float, base: float) -> list[Markup]:
    drawn: list[Markup] = []
    for index, mark in enumerate(marks):
        x = mark.position * step
        size = len(mark.label) * _CHARACTER
        middle = x if len(marks) == 1 else x - size / 2 if index == 0 else x + size / 2  # two labels part
        drawn.append(
            Markup('<line class="mark" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(_n(x), _n(_TOP - 5), _n(base))
        )
        drawn.append(
            Markup('<text class="mark-label" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                _n(min(max(middle, size / 2), width - size / 2)), _n(_TOP - 9), mark.label
            )
        )
    return drawn


def stacked_bar(parts: Sequence[tuple[str, float]], title: str) -> Markup:
    """One horizontal bar of (CSS class, share of the width from 0 to 1) parts; shares beyond 1 are cut off."""
    drawn, left = [], 0.0
    for name, share in parts:
        size = min(max(0.0, share), 1.0 - left)
        if size > 0:
            drawn.append(Markup('<i class="{}" style="width:{}%"></i>').format(name, _n(100 * size)))
            left += size
    return Markup('<span class="bar" role="img" aria-label="{0}" title="{0}">{1}</span>').format(
        title, Markup("").join(drawn)
    )


def _n(value: float) -> str:
    """At most two decimals, no trailing zeros: the same text on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"
