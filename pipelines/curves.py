"""Line charts and intervals as SVG, in the manner of `pipelines.charts`: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT = 420.0, 170.0
_LEFT, _TOP, _BOTTOM = 44.0, 8.0, 20.0
_ROWS = 4

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One curve: the CSS classes it is drawn with, what it is, in words, and its points in the order of x."""

    style: str
    title: str
    points: Sequence[Point]


def line_chart(lines: Sequence[Line], x_labels: tuple[str, str], title: str) -> Markup:
    """Curves over one pair of axes that fit them closely; `x_labels` stand at the least and the greatest x."""
    every = [point for line in lines for point in line.points]
    if not every:
        return Markup("")
    low_x, high_x = _range([x for x, _ in every])
    low_y, high_y = _range([y for _, y in every])

    def place(point: Point) -> str:
        x = _LEFT + (_WIDTH - _LEFT) * (point[0] - low_x) / (high_x - low_x)
        y = _TOP + _HEIGHT * (high_y - point[1]) / (high_y - low_y)
        return f"{_n(x)},{_n(y)}"

    parts = []
    for row in range(_ROWS + 1):
        value = high_y - (high_y - low_y) * row / _ROWS
        y = _n(_TOP + _HEIGHT * row / _ROWS)
        parts.append(Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_n(_LEFT), _n(_WIDTH), y, y))
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end" dy="3">{}</text>').format(_n(_LEFT - 5), y, f"{value:.3g}")
        )
    base = _n(_TOP + _HEIGHT + 14)
    parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_n(_LEFT), base, x_labels[0]))
    parts.append(Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_n(_WIDTH), base, x_labels[1]))
    parts += [
        Markup('<polyline class="{}" points="{}"><title>{}</title></polyline>').format(
            line.style, " ".join(map(place, line.points)), line.title
        )
        for line in lines
    ]
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _n(_WIDTH), _n(_TOP + _HEIGHT + _BOTTOM), title, Markup("").join(parts)
    )


def interval_mark(low: float, mean: float, high: float, reach: float) -> Markup:
    """An interval with its mean, beside a line at 0, on an axis from `-reach` to `reach` (> 0)."""
    width, height = 160.0, 16.0

    def place(value: float) -> str:
        return _n(width * (min(max(value / reach, -1.0), 1.0) + 1) / 2)

    return Markup(
        '<svg class="interval" viewBox="0 0 {w} {h}" role="img" aria-label="{title}"><title>{title}</title>'
        '<line class="mark" x1="{zero}" x2="{zero}" y1="0" y2="{h}"/>'
        '<line class="reach" x1="{low}" x2="{high}" y1="{mid}" y2="{mid}"/><circle cx="{mean}" cy="{mid}" r="3"/></svg>'
    ).format(
        w=_n(width), h=_n(height), mid=_n(height / 2), zero=place(0.0), low=place(low), high=place(high),
        mean=place(mean), title=f"{mean:+.4f}, from {low:+.4f} to {high:+.4f}",
    )  # fmt: skip


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
