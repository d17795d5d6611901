"""Charts in SVG, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from converters.report.corrupt import CORRUPTIONS, UNITS
from converters.report.results import NetResult

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

WIDTH, HEIGHT = 860, 430
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 46
SMALL_WIDTH, SMALL_HEIGHT = 250, 170
ERRORS = (20, 30, 50, 70, 100)
"""Horizontal grid lines of the size chart, as numbers of errors on 10,000 images."""
MIN_ERRORS = 15
"""Number of errors on 10,000 images at the upper edge of the size chart."""
COLOURS = 5
"""Number of colours for nets in the style sheet of the page. With more nets, colours repeat."""
SIZES = (1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 4_096_000)
"""Vertical grid lines of the size chart, in bytes."""


@dataclass(frozen=True)
class PublishedResult:
    """A published accuracy on MNIST's test images."""

    name: str
    bytes: int
    """Size of the weights alone, because the publications do not give the size of a file."""
    accuracy: float


PUBLISHED_RESULTS = (
    PublishedResult("697 parameters, int8", 697, 0.9900),
    PublishedResult("MIRACLE LeNet-5", 1_520, 0.9904),
    PublishedResult("MIRACLE LeNet-5", 3_030, 0.9931),
    PublishedResult("BitNetMCU CNN", 7_300, 0.9928),
    PublishedResult("BitNetMCU CNN", 9_300, 0.9944),
    PublishedResult("BitNetMCU 64 wide", 11_000, 0.9953),
    PublishedResult("BitNetMCU 96 wide", 13_000, 0.9958),
    PublishedResult("Deep Compression LeNet-5", 44_000, 0.9926),
    PublishedResult("M3, mean of 30 seeds, fp32", 4_480_000, 0.9970),
)
"""Published results that the chart of sizes shows for comparison.

MIRACLE: Havasi et al., 2019. BitNetMCU: github.com/cpldcpu/BitNetMCU. Deep Compression: Han et al., 2016. M3: An et
al., 2020. Many nets were selected on the test images. This raises their accuracy by about 0.07 percentage points.
"""


def size_chart(nets: Sequence[NetResult]) -> str:
    """Return a chart of accuracy over file size, with logarithmic axes; published results are grey."""
    low, high = 500, max(6_000_000, *(2 * one.net.bytes for one in nets))
    max_errors = max(ERRORS[-1], *(len(one.misread) for one in nets))
    log_top, log_bottom = math.log(MIN_ERRORS), math.log(1.25 * max_errors)

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(size / low) / math.log(high / low)

    def y(errors: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (math.log(max(errors, MIN_ERRORS)) - log_top) / (log_bottom - log_top)

    parts = [_size_axes(x, y)]
    for one in PUBLISHED_RESULTS:
        at = x(one.bytes), y(10_000 * (1 - one.accuracy))
        parts.append(_dot(at, "published", f"{one.name}: {one.bytes:,} bytes of weights, {one.accuracy:.2%}"))
    own = [(x(one.net.bytes), y(len(one.misread)), one.net.name, "own") for one in nets]
    for number, (result, place) in enumerate(zip(nets, own, strict=True)):
        tooltip = f"{result.net.name}: {result.net.bytes:,} bytes, {result.metrics.accuracy:.2%}"
        parts.append(_dot(place[:2], f"net net{number % COLOURS}", tooltip))
    others = [(x(one.bytes), y(10_000 * (1 - one.accuracy)), one.name, "published") for one in PUBLISHED_RESULTS]
    parts += _labels([*own, *others])
    return _svg(WIDTH, HEIGHT, "Accuracy over file size", parts)


def corruption_charts(nets: Sequence[NetResult]) -> str:
    """Return one small chart for each kind of corruption: accuracy over strength, one line for each net."""
    return "".join(f'<figure class="small">{_corruption_chart(kind, nets)}</figure>' for kind in CORRUPTIONS)


def legend(nets: Sequence[NetResult]) -> str:
    """Return the legend of the nets' colours."""
    keys = (f'<span class="key net{i % COLOURS}">{escape(one.net.name)}</span>' for i, one in enumerate(nets))
    return f'<p class="legend">{" ".join(keys)}</p>'


def _corruption_chart(kind: str, nets: Sequence[NetResult]) -> str:
    left, right, top, bottom = 34, 12, 26, 34
    strengths = CORRUPTIONS[kind][1]
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
        tooltip = f"{one.net.name}: " + ", ".join(f"{share:.2%}" for share in one.corrupted[kind])
        parts.append(
            f'<polyline class="line net{number % COLOURS}" points="{path}"><title>{escape(tooltip)}</title></polyline>'
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
    label = "size of the file; for published results (grey), size of the weights"
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>'
    )
    return "".join(parts)


def _labels(points: Sequence[tuple[float, float, str, str]]) -> Iterator[str]:
    """Yield a label for each dot, placed beside, below or above it where it overlaps no other label and no dot."""
    occupied = [(x - 6, y - 6, x + 6, y + 6) for x, y, _, _ in points]
    for x, y, name, kind in points:
        width = (7.0 if kind == "own" else 6.0) * len(name)
        across = (x - width / 2, x - width + 9, x - 9)
        places = [(x + 9, y + 4), (x - 9 - width, y + 4), *((left, y + by) for left in across for by in (19, -11))]
        boxes = [(left, base - 10, left + width, base + 3) for left, base in places]
        free = [number for number, box in enumerate(boxes) if _is_free(box, occupied)]
        chosen = free[0] if free else 0
        occupied.append(boxes[chosen])
        left, base = places[chosen]
        yield f'<text class="{kind}" x="{left:.1f}" y="{base:.1f}">{escape(name)}</text>'


def _is_free(box: Rectangle, occupied: Sequence[Rectangle]) -> bool:
    left, top, right, bottom = box
    inside = left > LEFT and right < WIDTH - RIGHT / 2
    return inside and all(right < x1 or left > x2 or bottom < y1 or top > y2 for x1, y1, x2, y2 in occupied)


def _dot(at: tuple[float, ...], kind: str, tooltip: str) -> str:
    radius = 4 if kind == "published" else 6
    circle = f'<circle class="{kind}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}">'
    return f"{circle}<title>{escape(tooltip)}</title></circle>"


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return head + "".join(parts) + "</svg>"
