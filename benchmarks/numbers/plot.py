"""The risk-coverage curves as an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from benchmarks.numbers.answer import StringResult
from benchmarks.numbers.figures import as_arrays
from benchmarks.string_metrics import risk_curve

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 270, 16, 46
RISKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Horizontal grid lines: shares of wrong strings, on a logarithmic axis. Smaller shares are drawn at the lowest one."""
COLOURS = ("#111", "#c0392b", "#2471a3", "#1e8449", "#b9770e", "#7d3c98", "#148f77", "#839192", "#d35400", "#5d6d7e")
"""Colours of the curves; they repeat after the last one, dashed."""
STYLE = "text{font:12px sans-serif;fill:#333}line{stroke:#ddd}polyline{fill:none;stroke-width:1.6}"


def risk_coverage_plot(curves: Mapping[str, Sequence[StringResult]]) -> str:
    """Return an SVG picture with one curve for each name; the first one is thick."""
    parts = list(_axes())
    for number, (name, results) in enumerate(curves.items()):
        style = f'stroke="{COLOURS[number % len(COLOURS)]}"'
        style += ' stroke-dasharray="5 3"' if number >= len(COLOURS) else ""
        style += ' style="stroke-width:3"' if not number else ""
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _points(results))
        y = TOP + 10 + 20 * number
        key = f"{WIDTH - RIGHT + 16},{y} {WIDTH - RIGHT + 40},{y}"
        parts.append(f'<polyline {style} points="{points}"/><polyline {style} points="{key}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 46}" y="{y + 4}">{escape(name)} ({len(results)})</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    back = f'<style>{STYLE}</style><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return f"{head}<title>Share of wrong strings over coverage</title>{back}{''.join(parts)}</svg>\n"


def _points(results: Sequence[StringResult]) -> Iterator[tuple[float, float]]:
    accepted, wrong = risk_curve(*as_arrays(results))
    for count, errors in zip(accepted[1:].tolist(), wrong[1:].tolist(), strict=True):
        yield _x(count / len(results)), _y(errors / count)


def _axes() -> Iterator[str]:
    for risk in RISKS:
        y = _y(risk)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * risk:g} %</text>'
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{10 * tenth} %</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    label = "strings accepted, the most confident ones first; upwards: share of wrong ones among them"
    yield f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>'


def _x(coverage: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * coverage


def _y(risk: float) -> float:
    share = math.log(max(risk, RISKS[0]) / RISKS[0]) / math.log(RISKS[-1] / RISKS[0])
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
