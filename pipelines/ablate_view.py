"""The page of an ablation: figures, differences with their intervals, learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipelines.ablate import caution, reading
from pipelines.curves import Line, interval_mark, line_chart
from pipelines.report import environment

HIDDEN_SHARE = 0.1
"""The first tenth of training is not drawn: its steep fall would flatten all that differs later."""


def render_ablation(results: Mapping[str, Any]) -> str:
    """One HTML page without scripts, drawn from `results.json` alone."""
    reach = max(max(abs(row["low"]), abs(row["high"])) for row in results["differences"]) or 1.0
    labels = [build["label"] for build in results["builds"]]
    context = {
        "results": results,
        "styles": {label: f"s{index % 6}" for index, label in enumerate(labels)},
        "differences": [
            (row, reading(row), interval_mark(row["low"], row["mean"], row["high"], reach))
            for row in results["differences"]
        ],
        "caution": caution(dict(results)),
        "charts": [(part["name"], _held_out_chart(results, labels, part["name"])) for part in results["held_out"]],
        "training": _training_chart(results, labels),
    }
    return environment().get_template("ablation.html.jinja").render(context)


def _held_out_chart(results: Mapping[str, Any], labels: list[str], name: str) -> Markup:
    return _chart(
        results, labels, lambda curve: curve["held_out"][name], f"bits per byte of {name} over the tokens trained on"
    )


def _training_chart(results: Mapping[str, Any], labels: list[str]) -> Markup:
    return _chart(results, labels, lambda curve: curve["training"], "training loss, nats per token")


def _chart(results: Mapping[str, Any], labels: list[str], points: Any, title: str) -> Markup:
    least = HIDDEN_SHARE * results["trained_tokens"]
    lines = []
    for curve in results["curves"]:
        shown = [(x, y) for x, y in points(curve) if x >= least]
        if shown:
            style = f"curve s{labels.index(curve['build']) % 6}"
            lines.append(Line(style, f"{curve['build']}, seed {curve['seed']}: {shown[-1][1]:.4f} at the end", shown))
    ends = [x for line in lines for x, _ in line.points]
    return line_chart(lines, (f"{min(ends):,.0f} tokens", f"{max(ends):,.0f}"), title)
