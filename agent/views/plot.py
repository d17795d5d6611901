"""Plot the last hours as SVG, written directly because a board has no plotting library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from agent.views.timeline import Series, Timeline, Values
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 64, 16, 40, 32
PANEL, GAP = 110, 42
"""Height of a series, and of the gap between two, in pixels."""
LABEL = 36
"""Width of a time label, in pixels."""
INK, FAINT, GRID = "#222", "#666", "#ddd"
COLOURS = ("#0072b2", "#e69f00", "#d55e00")
"""Colours that colour-blind people can distinguish, by Okabe and Ito: https://jfly.uni-koeln.de/color/."""


def write_plot(timeline: Timeline, path: Path) -> None:
    """Write the plot to a file.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        write_atomic(path, draw(timeline).encode())
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another place") from error


def draw(timeline: Timeline) -> str:
    """Return the plot as SVG: one panel per series, and the time axis at the bottom."""
    height = TOP + max(len(timeline.series) * (PANEL + GAP) - GAP, 0) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, series in enumerate(timeline.series):
        parts += _panel(series, timeline, TOP + number * (PANEL + GAP))
    if not timeline.series:
        parts.append(_text(LEFT, TOP - 10, "nothing is logged yet", INK, "start"))
    for index, label in timeline.labels.items():
        if _x(index, timeline) + LABEL <= WIDTH:
            parts.append(_text(_x(index, timeline), height - 10, label, FAINT, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _panel(series: Series, timeline: Timeline, y: float) -> Iterator[str]:
    """Draw a series: its scale, its first line as columns, and its other lines."""
    highest = max(value for values in series.lines.values() for value in values if value is not None)
    top = nice_top(highest, whole=not series.unit)
    unit = f", {series.unit}" if series.unit else ""
    yield _text(LEFT, y - 10, f"{series.title}{unit}", INK, "start")
    if len(series.lines) > 1:
        for number, name in enumerate(series.lines):
            yield _text(WIDTH - RIGHT - 40 * (len(series.lines) - 1 - number), y - 10, name, COLOURS[number], "end")
    for share in (0.0, 0.5, 1.0):
        level = y + PANEL * (1 - share)
        yield f'<path d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield _text(LEFT - 6, level + 4, f"{top * share:.3g}" if top < 1000 else f"{top * share:.0f}", FAINT, "end")
    for index in timeline.labels:
        yield f'<path d="M{_x(index, timeline):.1f} {y}V{y + PANEL}" stroke="{GRID}"/>'
    for number, (name, values) in enumerate(series.lines.items()):
        if number == 0:
            yield from _columns(f"{name} {{:.4g}} {series.unit}".rstrip(), values, timeline, y=y, top=top)
        else:
            yield _line(values, timeline, COLOURS[number], y=y, top=top)


def nice_top(highest: float, *, whole: bool) -> float:
    """Return a round end of an axis that is at least `highest`; half of it is round too, and whole where counts are."""
    if highest <= 0:
        return 2.0 if whole else 1.0
    decade = 10.0 ** math.floor(math.log10(highest))
    top = next(step * decade for step in (1, 2, 4, 6, 8, 10) if step * decade >= highest)
    return max(top, 2.0) if whole else top


def _columns(tooltip: str, values: Values, timeline: Timeline, *, y: float, top: float) -> Iterator[str]:
    """Draw one column per hour, with its value as tooltip."""
    wide = (WIDTH - LEFT - RIGHT) / len(values)
    for index, value in enumerate(values):
        if value:
            high = max(PANEL * value / top, 1.0)
            title = escape(f"{timeline.starts[index]:%Y-%m-%d %H:%M}  {tooltip.format(value)}")
            yield (
                f'<rect x="{_x(index, timeline) + 0.08 * wide:.1f}" y="{y + PANEL - high:.1f}" '
                f'width="{0.84 * wide:.1f}" height="{high:.1f}" fill="{COLOURS[0]}"><title>{title}</title></rect>'
            )


def _line(values: Values, timeline: Timeline, colour: str, *, y: float, top: float) -> str:
    """Draw a line from hour to hour, with gaps at hours without a value."""
    half = (WIDTH - LEFT - RIGHT) / len(values) / 2
    points = [
        None if value is None else (_x(index, timeline) + half, y + PANEL * (1 - value / top))
        for index, value in enumerate(values)
    ]
    return f'<path d="{line_path(points)}" fill="none" stroke="{colour}" stroke-width="2" stroke-linecap="round"/>'


def line_path(points: Sequence[tuple[float, float] | None]) -> str:
    """Return the SVG path through points, with a gap at each None."""
    path, pen = "", "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        path += f"{pen}{point[0]:.1f} {point[1]:.1f}"
        path += "h0.1" if pen == "M" else ""  # a point between two gaps becomes a dot
        pen = "L"
    return path


def _x(index: int, timeline: Timeline) -> float:
    """Return the left edge of an hour, in pixels."""
    return LEFT + (WIDTH - LEFT - RIGHT) * index / len(timeline.starts)


def _text(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
