"""Charts as SVG: text that any browser draws, in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from converters.report.corrupt import KINDS, UNITS
from converters.report.records import RECORDS
from converters.report.study import Judged

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

WIDTH, HEIGHT = 860, 430
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 46
SMALL_WIDTH, SMALL_HEIGHT = 250, 170
ERRORS = (20, 30, 50, 70, 100)
"""Of 10,000 images: where the chart of sizes has its lines."""
FEWEST = 15
"""Errors at the chart's upper edge."""
COLOURS = 5
"""Of nets, in the page's style; then they come again."""
SIZES = (1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 4_096_000)


def sizes(nets: Sequence[Judged]) -> str:
    """Bytes against accuracy, both so that a tenth more looks alike everywhere; published records in grey."""
    low, high = 500, max(6_000_000, *(2 * one.contender.bytes for one in nets))
    most = max(ERRORS[-1], *(len(one.misread) for one in nets))
    few, many = math.log(FEWEST), math.log(1.25 * most)

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(size / low) / math.log(high / low)

    def y(errors: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (math.log(max(errors, FEWEST)) - few) / (many - few)

    parts = [_size_axes(x, y)]
    for record in RECORDS:
        at = x(record.bytes), y(10_000 * (1 - record.accuracy))
        parts.append(_dot(at, "record", f"{record.name}: {record.bytes:,} bytes of weights, {record.accuracy:.2%}"))
    own = [(x(one.contender.bytes), y(len(one.misread)), one.contender.name, "own") for one in nets]
    for number, (one, place) in enumerate(zip(nets, own, strict=True)):
        told = f"{one.contender.name}: {one.contender.bytes:,} bytes, {one.verdict.accuracy:.2%}"
        parts.append(_dot(place[:2], f"net net{number % COLOURS}", told))
    others = [(x(one.bytes), y(10_000 * (1 - one.accuracy)), one.name, "record") for one in RECORDS]
    parts += _labels([*own, *others])
    return _svg(WIDTH, HEIGHT, "Bytes against accuracy", parts)


def corruptions(nets: Sequence[Judged]) -> str:
    """One small chart a kind: accuracy from untouched to the fifth strength, a line a net."""
    return "".join(f'<figure class="small">{_corruption(kind, nets)}</figure>' for kind in KINDS)


def legend(nets: Sequence[Judged]) -> str:
    """Which colour is which net's."""
    keys = (f'<span class="key net{i % COLOURS}">{escape(one.contender.name)}</span>' for i, one in enumerate(nets))
    return f'<p class="legend">{" ".join(keys)}</p>'


def _corruption(kind: str, nets: Sequence[Judged]) -> str:
    left, right, top, bottom = 34, 12, 26, 34
    strengths = KINDS[kind][1]
    lowest = min(min(one.corrupted[kind]) for one in nets)
    floor = min(0.9, math.floor(lowest * 10) / 10)

    def at(level: int, share: float) -> tuple[float, float]:
        height = SMALL_HEIGHT - top - bottom
        across = left + (SMALL_WIDTH - left - right) * level / len(strengths)
        return across, top + height * (1 - (share - floor) / (1 - floor))

    parts = [f'<text class="title" x="{left}" y="14">{escape(kind)}</text>']
    for share in (floor, (1 + floor) / 2, 1.0):
        y = at(0, share)[1]
        parts.append(f'<line class="grid" x1="{left}" x2="{SMALL_WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis" x="{left - 4}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for level, strength in enumerate(("0" if strengths[0] < strengths[-1] else "1", *(f"{s:g}" for s in strengths))):
        x, y = at(level, floor)
        parts.append(f'<text class="axis" x="{x:.1f}" y="{y + 13:.1f}" text-anchor="middle">{strength}</text>')
    middle = (left + SMALL_WIDTH - right) / 2
    parts.append(f'<text class="axis" x="{middle}" y="{SMALL_HEIGHT - 5}" text-anchor="middle">{UNITS[kind]}</text>')
    for number, one in enumerate(nets):
        points = [at(level, share) for level, share in enumerate(one.corrupted[kind])]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        told = f"{one.contender.name}: " + ", ".join(f"{share:.2%}" for share in one.corrupted[kind])
        parts.append(
            f'<polyline class="line net{number % COLOURS}" points="{path}"><title>{escape(told)}</title></polyline>'
        )
    return _svg(SMALL_WIDTH, SMALL_HEIGHT, f"Accuracy under {kind}", parts)


def _size_axes(x: Callable[[float], float], y: Callable[[float], float]) -> str:
    parts = []
    for errors in ERRORS:
        at = y(errors)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        label = f"{100 - errors / 100:.1f}%"
        parts.append(f'<text class="axis" x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for size in SIZES:
        at = x(size)
        label = f"{size // 1000} kB" if size < 1_000_000 else f"{size / 1_000_000:.0f} MB"
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="axis" x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{label}</text>')
    told = "whole file; of published nets (grey) the weights alone"
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{told}</text>'
    )
    return "".join(parts)


def _labels(points: Sequence[tuple[float, float, str, str]]) -> Iterator[str]:
    """Names of dots, each beside, under or over its own, wherever it meets no other name and no dot."""
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y, _, _ in points]
    for x, y, name, kind in points:
        width = (7.0 if kind == "own" else 6.0) * len(name)
        across = (x - width / 2, x - width + 9, x - 9)
        places = [(x + 9, y + 4), (x - 9 - width, y + 4), *((left, y + by) for left in across for by in (19, -11))]
        boxes = [(left, base - 10, left + width, base + 3) for left, base in places]
        free = [number for number, box in enumerate(boxes) if _is_free(box, taken)]
        chosen = free[0] if free else 0
        taken.append(boxes[chosen])
        left, base = places[chosen]
        yield f'<text class="{kind}" x="{left:.1f}" y="{base:.1f}">{escape(name)}</text>'


def _is_free(box: Box, taken: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    inside = left > LEFT and right < WIDTH - RIGHT / 2
    return inside and all(right < x1 or left > x2 or bottom < y1 or top > y2 for x1, y1, x2, y2 in taken)


def _dot(at: tuple[float, ...], kind: str, told: str) -> str:
    radius = 4 if kind == "record" else 6
    return (
        f'<circle class="{kind}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}"><title>{escape(told)}</title></circle>'
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return head + "".join(parts) + "</svg>"
