"""The errors of new writers over the number of corrections, as an SVG picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 620, 320
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 16, 46
COLOURS = ("#111", "#c0392b")
STYLE = "text{font:12px sans-serif;fill:#333}line{stroke:#ddd}polyline{fill:none;stroke-width:2}"


def errors_plot(counts: Sequence[int], curves: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG picture.

    Args:
        counts: numbers of corrections, rising.
        curves: share of errors after each number of corrections, 0..1, by name; at most two curves.
    """
    highest = max(max(shares) for shares in curves.values())
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if highest <= 6 * step)
    top = step * (int(highest / step) + 1)

    def x(count: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * count / counts[-1]

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / top

    parts = []
    for number in range(round(top / step) + 1):
        at = y(number * step)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{100 * number * step:g} %</text>')
    foot = f'y="{HEIGHT - BOTTOM + 16}" text-anchor="middle"'
    parts += [f'<text x="{x(count):.1f}" {foot}>{count}</text>' for count in counts]
    for (name, shares), colour in zip(curves.items(), COLOURS, strict=False):
        points = " ".join(f"{x(c):.1f},{y(s):.1f}" for c, s in zip(counts, shares, strict=True))
        parts.append(f'<polyline stroke="{colour}" points="{points}"/>')
        end = f'x="{x(counts[-1]) + 6:.1f}" y="{y(shares[-1]) + 4:.1f}"'
        parts.append(f'<text {end} style="fill:{colour}">{escape(name)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    label = "corrections; upwards: share of errors"
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    back = f'<style>{STYLE}</style><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return f"{head}<title>Errors over corrections</title>{back}{''.join(parts)}</svg>\n"
