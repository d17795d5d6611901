"""Charts of the last day or week as SVG, for screens of any width and both themes; the style sheet colours them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agent.views.plot import line_path, nice_top
from agent.views.timeline import Series, Timeline, Values
from agent.web.markup import Markup, fill, join

WIDTH, HEIGHT = 360, 132
"""Size of a chart in its own units; on a phone a unit is about a pixel."""
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 8, 20
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
MAX_LABELS = 5
"""Labels of the time axis."""


def chart(series: Series, timeline: Timeline) -> Markup:
    """Return a figure with one quantity: its name, its last value, and the hours as columns and lines."""
    lines = list(series.lines.items())
    highest = max((value for _, values in lines for value in values if value is not None), default=0.0)
    top = nice_top(highest, whole=not series.unit)
    legend = [
        fill(
            '<span><i class="key line{number}"></i>{name}{value}</span>',
            number=number,
            name=f"{name} " if len(lines) > 1 else "",
            value=_amount(_last(values), series.unit),
        )
        for number, (name, values) in enumerate(lines)
    ]
    drawn = [*_grid(top), *_time_labels(timeline.starts)]
    for number, (_, values) in enumerate(lines):
        drawn += _columns(values, top, timeline, series.unit) if number == 0 else [_line(values, top, number)]
    return fill(
        '<figure><figcaption><b>{title}</b><span class="legend">{legend}</span></figcaption><svg viewBox="0 0 {w} {h}" '
        'role="img" aria-label="{label}">{drawn}</svg></figure>',
        title=series.title.capitalize(),
        legend=join(legend),
        w=WIDTH,
        h=HEIGHT,
        label=f"{series.title} by the hour; the highest is {_amount(highest, series.unit)}",
        drawn=join(drawn),
    )


def _grid(top: float) -> Iterator[Markup]:
    for share in (0.0, 0.5, 1.0):
        y = TOP + PLOT_HEIGHT * (1 - share)
        yield fill('<path class="grid" d="M{x} {y}H{end}"/>', x=LEFT, y=f"{y:.1f}", end=WIDTH - RIGHT)
        text = f"{top * share:.3g}" if top < 1000 else f"{top * share:.0f}"
        yield _text(LEFT - 5, y + 3.5, text, "end")


def _time_labels(starts: Sequence[datetime]) -> Iterator[Markup]:
    is_long = len(starts) > 48
    wanted = [index for index, start in enumerate(starts) if start.hour % (24 if is_long else 6) == 0]
    for index in wanted[:: max(1, -(-len(wanted) // MAX_LABELS))]:
        x = _x(index, len(starts))
        yield fill('<path class="grid" d="M{x} {top}V{end}"/>', x=f"{x:.1f}", top=TOP, end=TOP + PLOT_HEIGHT)
        if x < WIDTH - 30:
            yield _text(x, HEIGHT - 5, f"{starts[index]:{'%d %b' if is_long else '%H:%M'}}", "start")


def _columns(values: Values, top: float, timeline: Timeline, unit: str) -> Iterator[Markup]:
    wide = PLOT_WIDTH / len(values)
    for index, value in enumerate(values):
        if value:
            high = max(PLOT_HEIGHT * value / top, 1.0)
            yield fill(
                '<rect class="line0" x="{x}" y="{y}" width="{w}" height="{h}"><title>{title}</title></rect>',
                x=f"{_x(index, len(values)) + 0.1 * wide:.1f}",
                y=f"{TOP + PLOT_HEIGHT - high:.1f}",
                w=f"{0.8 * wide:.1f}",
                h=f"{high:.1f}",
                title=f"{timeline.starts[index]:%a %H:%M}: {_amount(value, unit)}",
            )


def _line(values: Values, top: float, number: int) -> Markup:
    """Draw a line from hour to hour, with gaps at hours without a value."""
    half = PLOT_WIDTH / len(values) / 2
    points = [
        None if value is None else (_x(index, len(values)) + half, TOP + PLOT_HEIGHT * (1 - value / top))
        for index, value in enumerate(values)
    ]
    return fill('<path class="line line{number}" d="{path}"/>', number=number, path=line_path(points))


def _x(index: int, count: int) -> float:
    return LEFT + PLOT_WIDTH * index / count


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return fill(
        '<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>',
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        anchor=anchor,
        words=words,
    )


def _last(values: Values) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.3g} {unit}" if unit and value < 1000 else f"{value:.0f} {unit}".rstrip()
