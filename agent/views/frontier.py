"""The plot of `digit-agent bench`: time against file size of each variant, as SVG.

There is one panel per role. The line connects the Pareto frontier: the variants for which no other one is both faster
and smaller. Other variants are dots without a label. A hollow dot is below the required accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

from agent.bench import Bench, BenchRow, RoleBench
from agent.choice.rank import three_digits
from agent.choice.variants import FORMAT_NAMES, runtime_title
from profiles.foreign_text import show

WIDTH, PANEL = 820, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 56, 52
LINE_PX = 17
"""Height of a label, in pixels."""
CHARACTER_PX = 6.6
"""Width of a character of a label, in pixels. It is that of a wide font: readers have different ones."""
DOT_PX = 8
"""Distance from the centre of a dot that no label may come into, in pixels: the radius of the winner's dot, and air."""
INK, FAINT, GRID, DOT, FRONT, WINNER = "#24292f", "#6e7781", "#e7eaee", "#b6bec9", "#0969da", "#1a7f37"


Point = tuple[float, float]


class Rectangle(NamedTuple):
    """A place on the plot, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Rectangle) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic axis that maps `low` to `start` pixels and `high` to `end` pixels."""

    low: float
    high: float
    start: float
    end: float

    def px(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return 1, 2 and 5 times each power of ten, as far as they are on the axis."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [m * 10.0**d for d in decades for m in (1, 2, 5) if self.low <= m * 10.0**d <= self.high]


def frontier(result: Bench) -> str:
    """Return the plot as an SVG document."""
    height = PANEL * len(result.roles)
    panels = "".join(
        f'<g transform="translate(0 {PANEL * i})">{"".join(_panel(result.title, role_bench))}</g>\n'
        for i, role_bench in enumerate(result.roles)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{panels}</svg>\n'
    )


def pareto_front(rows: Sequence[BenchRow]) -> list[BenchRow]:
    """Return the Pareto frontier, fastest first: rows for which no other row is both faster and smaller.

    Of rows with the same time and size, only the first is kept.
    """
    best: list[BenchRow] = []
    for row in sorted(rows, key=lambda row: (_us(row), _kb(row))):
        if not best or _kb(row) < _kb(best[-1]):
            best.append(row)
    return best


def _panel(title: str, role_bench: RoleBench) -> Iterator[str]:
    x = _scale([_us(row) for row in role_bench.rows], LEFT, WIDTH - RIGHT)
    y = _scale([_kb(row) for row in role_bench.rows], PANEL - BOTTOM, TOP)
    yield _text(LEFT, 24, f"{role_bench.role}s on {title}", "font-size='15' font-weight='600'")
    yield _text(LEFT, 42, "further left is faster, further down is smaller", f"fill='{FAINT}'")
    yield from _axes(x, y)
    front = pareto_front([row for row in role_bench.rows if row.accurate] or role_bench.rows)
    points = " ".join(f"{x.px(_us(row)):.1f},{y.px(_kb(row)):.1f}" for row in front)
    yield f'<polyline points="{points}" fill="none" stroke="{FRONT}" stroke-width="1.5" stroke-opacity="0.6"/>'
    for row in role_bench.rows:
        colour = WINNER if row is role_bench.winner else FRONT if any(row is other for other in front) else DOT
        fill = colour if row.accurate else "white"
        radius = 7 if row is role_bench.winner else 4.5
        yield (
            f'<circle cx="{x.px(_us(row)):.1f}" cy="{y.px(_kb(row)):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{colour}" stroke-width="1.5"><title>{escape(_name(row))}</title></circle>'
        )
    labelled = front if role_bench.winner is None or role_bench.winner in front else [*front, role_bench.winner]
    dots = [(x.px(_us(row)), y.px(_kb(row))) for row in role_bench.rows]
    yield from _labels(labelled, role_bench.winner, dots, x, y)


def _axes(x: LogAxis, y: LogAxis) -> Iterator[str]:
    for tick in x.ticks():
        at = x.px(tick)
        yield f'<path d="M{at:.1f} {TOP}V{PANEL - BOTTOM}" stroke="{GRID}"/>'
        yield _text(at, PANEL - BOTTOM + 18, three_digits(tick), f"fill='{FAINT}' text-anchor='middle'")
    for tick in y.ticks():
        at = y.px(tick)
        yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield _text(LEFT - 8, at + 4, three_digits(tick), f"fill='{FAINT}' text-anchor='end'")
    yield _text((LEFT + WIDTH - RIGHT) / 2, PANEL - 14, "µs per digit", f"fill='{FAINT}' text-anchor='middle'")
    middle = (TOP + PANEL - BOTTOM) / 2
    turned = f"fill='{FAINT}' text-anchor='middle' transform='rotate(-90 18 {middle})'"
    yield _text(18, middle, "file size, kB", turned)


def _labels(
    rows: Sequence[BenchRow], winner: BenchRow | None, dots: Sequence[Point], x: LogAxis, y: LogAxis
) -> Iterator[str]:
    """Draw a label near the dot of each row, the winner's first, where it covers no dot and no other label.

    A label that does not stand beside its dot is connected to it by a line.
    """
    taken = [Rectangle(cx - DOT_PX, cy - DOT_PX, cx + DOT_PX, cy + DOT_PX) for cx, cy in dots]
    for row in sorted(rows, key=lambda row: row is not winner):
        dot, name = (x.px(_us(row)), y.px(_kb(row))), _name(row)
        places = [place for place in _places(dot, len(name) * CHARACTER_PX) if _fits(place)]
        place = next((one for one in places if not any(one.overlaps(other) for other in taken)), None)
        if place is None:
            continue  # the tooltip of the dot has the name, too
        taken.append(place)
        if not place.top < dot[1] < place.bottom:
            end = min(max(dot[0], place.left), place.right), (place.top + place.bottom) / 2
            yield f'<path d="M{dot[0]:.1f} {dot[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{FAINT}"/>'
        colour = f"fill='{WINNER}' font-weight='600'" if row is winner else ""
        yield _text(
            place.left, place.bottom - 4, name, f"{colour} paint-order='stroke' stroke='white' stroke-width='4'"
        )


def _places(dot: Point, width: float) -> Iterator[Rectangle]:
    """Yield the places of a label, the nearest first: right or left of the dot, then in lines above and below.

    A label that would not fit beside the dot is moved into the plot.
    """
    cx, cy = dot
    for line in range(PANEL // LINE_PX):
        for top in (cy - LINE_PX / 2 + line * LINE_PX, cy - LINE_PX / 2 - line * LINE_PX):
            for left in (cx + 10, cx - 10 - width, cx - width / 2):
                inside = max(LEFT + 1, min(left, WIDTH - RIGHT - width))
                yield Rectangle(inside, top, inside + width, top + LINE_PX)


def _fits(place: Rectangle) -> bool:
    return place.top > TOP and place.bottom < PANEL - BOTTOM


def _scale(values: Sequence[float], start: float, end: float) -> LogAxis:
    return LogAxis(min(values) / 1.3, max(values) * 1.3, start, end)


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'


def _us(row: BenchRow) -> float:
    return row.measurement.us_per_digit


def _kb(row: BenchRow) -> float:
    return row.measurement.variant.artifact.bytes / 1000


def _name(row: BenchRow) -> str:
    variant, artifact = row.measurement.variant, row.measurement.variant.artifact
    threads = f", {variant.threads} threads" if variant.threads > 1 else ""
    right = f" · {artifact.accuracy.value:.2%}" if artifact.accuracy else ""
    runtime = runtime_title(variant.runtime, variant.provider)
    return show(f"{artifact.tier} {artifact.precision} {FORMAT_NAMES[artifact.format]}, {runtime}{threads}{right}")
