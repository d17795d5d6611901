"""The last hours as charts for a terminal: a column an hour, readable without colours."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from agent.views.timeline import Series, Timeline

ROWS = 5
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARK = "•"
MARGIN = 8
"""Cells for the scale on the left."""
COLUMN_CELLS = 3
"""A column is as wide as there is room for, and no wider."""
COLOURS = {"faults": "red", "temperature": "yellow", "power": "green"}


def hours_that_fit(width: int) -> int:
    """How many hours a chart of so many cells can show."""
    return max(width - MARGIN, 1)


def charts(week: Timeline, width: int) -> Iterator[Text]:
    """A chart for each series, and the time below the last one."""
    cells = min(max(hours_that_fit(width) // max(len(week.starts), 1), 1), COLUMN_CELLS)
    for series in week.series:
        yield _chart(series, cells)
    yield _axis(week, cells)


def _chart(series: Series, cells: int) -> Text:
    """Columns for the first line, and a mark where the second one is."""
    first, *others = series.lines
    values = series.lines[first]
    marks = series.lines[others[0]] if others else (None,) * len(values)
    top = max(value for value in (*values, *marks) if value is not None)
    what = [f"{first} █ and {others[0]} {MARK}"] if others else []
    text = Text.assemble((series.title, "bold cyan"), (", ".join(["", *what, *series.unit.split()]), "bright_black"))
    for row in range(ROWS - 1, -1, -1):
        scale = _number(top) if row == ROWS - 1 else "0" if row == 0 else ""
        text.append(f"\n{scale:>{MARGIN - 2}} {'┤' if scale else '│'}", style="bright_black")
        for value, mark in zip(values, marks, strict=True):
            column = _cell(value, top, row)
            if column != EIGHTHS[-1] and mark is not None and row == min(int(mark / top * ROWS), ROWS - 1):
                text.append(MARK * cells, style="bright_blue")
            else:
                text.append(column * cells, style=COLOURS.get(first, "cyan"))
    return text


def _cell(value: float | None, top: float, row: int) -> str:
    """A row's part of a column, in eighths; what is not nothing is seen."""
    if value is None or top <= 0 or value <= 0:
        return " "
    eighths = max(round(value / top * ROWS * 8), 1) - row * 8
    return EIGHTHS[min(max(eighths, 0), 8)]


def _axis(week: Timeline, cells: int) -> Text:
    line = [" "] * (len(week.starts) * cells + MARGIN)
    free = 0
    for place, label in week.labels.items():
        start = MARGIN + place * cells
        if start >= free and start + len(label) <= len(line):
            line[start : start + len(label)] = label
            free = start + len(label) + 1
    return Text("".join(line).rstrip(), style="bright_black")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"
