"""The picture of `digit-agent bench`: what each candidate costs in time and in bytes, as SVG.

A panel a role. The line joins the candidates that none beats in both; the rest are dots without a name. A hollow dot
is below the accuracy that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from agent.bench import Bench, Contest, Row
from agent.choice.rank import figure
from agent.choice.variants import FORMAT_NAMES, place

WIDTH, PANEL = 820, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 56, 52
LINE_PX = 17
"""From one label to the next below it."""
NEAR_PX = 330
"""A label is so wide at most; a dot nearer to the right edge has it on its left."""
INK, FAINT, GRID, DOT, FRONT, WINNER = "#24292f", "#6e7781", "#e7eaee", "#b6bec9", "#0969da", "#1a7f37"


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis: `low` lies at `start` px, `high` at `end` px."""

    low: float
    high: float
    start: float
    end: float

    def px(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """1, 2 and 5 times the powers of ten that lie on it."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [m * 10.0**d for d in decades for m in (1, 2, 5) if self.low <= m * 10.0**d <= self.high]


def frontier(told: Bench) -> str:
    """The whole picture, one SVG document."""
    height = PANEL * len(told.contests)
    panels = "".join(
        f'<g transform="translate(0 {PANEL * i})">{"".join(_panel(told.title, contest))}</g>\n'
        for i, contest in enumerate(told.contests)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{panels}</svg>\n'
    )


def unbeaten(rows: Sequence[Row]) -> list[Row]:
    """Those that no other is both faster and smaller than, the fastest first; of equals the first."""
    best: list[Row] = []
    for row in sorted(rows, key=lambda row: (_us(row), _kb(row))):
        if not best or _kb(row) < _kb(best[-1]):
            best.append(row)
    return best


def _panel(title: str, contest: Contest) -> Iterator[str]:
    x = _scale([_us(row) for row in contest.rows], LEFT, WIDTH - RIGHT)
    y = _scale([_kb(row) for row in contest.rows], PANEL - BOTTOM, TOP)
    yield _text(LEFT, 24, f"{contest.role}s on {title}", "font-size='15' font-weight='600'")
    yield _text(LEFT, 42, "further left is faster, further down is smaller", f"fill='{FAINT}'")
    yield from _axes(x, y)
    front = unbeaten([row for row in contest.rows if row.fit] or contest.rows)
    points = " ".join(f"{x.px(_us(row)):.1f},{y.px(_kb(row)):.1f}" for row in front)
    yield f'<polyline points="{points}" fill="none" stroke="{FRONT}" stroke-width="1.5" stroke-opacity="0.6"/>'
    for row in contest.rows:
        colour = WINNER if row is contest.winner else FRONT if any(row is other for other in front) else DOT
        fill = colour if row.fit else "white"
        radius = 7 if row is contest.winner else 4.5
        yield (
            f'<circle cx="{x.px(_us(row)):.1f}" cy="{y.px(_kb(row)):.1f}" r="{radius}" fill="{fill}" '
            f'stroke="{colour}" stroke-width="1.5"><title>{escape(_name(row))}</title></circle>'
        )
    named = front if contest.winner is None or contest.winner in front else [*front, contest.winner]
    yield from _labels(named, contest.winner, x, y)


def _axes(x: Scale, y: Scale) -> Iterator[str]:
    for tick in x.ticks():
        at = x.px(tick)
        yield f'<path d="M{at:.1f} {TOP}V{PANEL - BOTTOM}" stroke="{GRID}"/>'
        yield _text(at, PANEL - BOTTOM + 18, figure(tick), f"fill='{FAINT}' text-anchor='middle'")
    for tick in y.ticks():
        at = y.px(tick)
        yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield _text(LEFT - 8, at + 4, figure(tick), f"fill='{FAINT}' text-anchor='end'")
    yield _text((LEFT + WIDTH - RIGHT) / 2, PANEL - 14, "µs a digit", f"fill='{FAINT}' text-anchor='middle'")
    middle = (TOP + PANEL - BOTTOM) / 2
    turned = f"fill='{FAINT}' text-anchor='middle' transform='rotate(-90 18 {middle})'"
    yield _text(18, middle, "kB of file", turned)


def _labels(rows: Sequence[Row], winner: Row | None, x: Scale, y: Scale) -> Iterator[str]:
    """The names, from top to bottom, each at least a line below the one before."""
    last = -math.inf
    for row in sorted(rows, key=lambda row: (y.px(_kb(row)), row is not winner)):
        at = x.px(_us(row))
        last = max(y.px(_kb(row)) - 8, last + LINE_PX)
        left = at > WIDTH - RIGHT - NEAR_PX
        colour = f"fill='{WINNER}' font-weight='600'" if row is winner else ""
        style = f"{colour} paint-order='stroke' stroke='white' stroke-width='4'"
        yield _text(
            at - 10 if left else at + 10, last, _name(row), f"{style} text-anchor='{'end' if left else 'start'}'"
        )


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    return Scale(min(values) / 1.3, max(values) * 1.3, start, end)


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'


def _us(row: Row) -> float:
    return row.measured.us_per_digit


def _kb(row: Row) -> float:
    return row.measured.candidate.artifact.bytes / 1000


def _name(row: Row) -> str:
    candidate, artifact = row.measured.candidate, row.measured.candidate.artifact
    threads = f", {candidate.threads} threads" if candidate.threads > 1 else ""
    right = f" · {artifact.accuracy.value:.2%}" if artifact.accuracy else ""
    runtime = place(candidate.runtime, candidate.provider)
    return f"{artifact.tier} {artifact.precision} {FORMAT_NAMES[artifact.format]}, {runtime}{threads}{right}"
