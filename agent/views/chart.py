"""Charts of the last hours for a terminal: one column per hour, readable without colours."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from agent.views.timeline import Series, Timeline

ROWS = 5
"""Height of a chart in rows of text."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARK = "•"
MARGIN = 8
"""Width of the scale on the left, in cells."""
MAX_COLUMN_CELLS = 3
"""Maximum width of a column, in cells."""
COLOURS = {"faults": "red", "temperature": "yellow", "power": "green"}


def hours_that_fit(width: int) -> int:
    """Return the number of hours that a chart of `width` cells can show."""
    return max(width - MARGIN, 1)


def charts(timeline: Timeline, width: int) -> Iterator[Text]:
    """Yield one chart per series, and the time axis last."""
    cells = min(max(hours_that_fit(width) // max(len(timeline.starts), 1), 1), MAX_COLUMN_CELLS)
    for series in timeline.series:
        yield _chart(series, cells)
    yield _axis(timeline, cells)


def _chart(series: Series, cells: int) -> Text:
    """Draw one series: its first line as columns, and its second line, if it has one, as marks."""
    first, *others = series.lines
    values = series.lines[first]
    marks = series.lines[others[0]] if others else (None,) * len(values)
    top = max(value for value in (*values, *marks) if value is not None)
    legend = [f"{first} █ and {others[0]} {MARK}"] if others else []
    text = Text.assemble((series.title, "bold cyan"), (", ".join(["", *legend, *series.unit.split()]), "bright_black"))
    for row in range(ROWS - 1, -1, -1):
        scale = _number(top) if row == ROWS - 1 else "0" if row == 0 else ""
        text.append(f"\n{scale:>{MARGIN - 2}} {'┤' if scale else '│'}", style="bright_black")
        for value, mark in zip(values, marks, strict=True):
            block = _block(value, top, row)
            if block != EIGHTHS[-1] and mark is not None and row == min(int(mark / top * ROWS), ROWS - 1):
                text.append(MARK * cells, style="bright_blue")
            else:
                text.append(block * cells, style=COLOURS.get(first, "cyan"))
    return text


def _block(value: float | None, top: float, row: int) -> str:
    """Return the character of a column in one row; a value above 0 is always visible."""
    if value is None or top <= 0 or value <= 0:
        return " "
    eighths = max(round(value / top * ROWS * 8), 1) - row * 8
    return EIGHTHS[min(max(eighths, 0), 8)]


def _axis(timeline: Timeline, cells: int) -> Text:
    """Draw the labels of the time axis. Labels that would overlap or be cut off are omitted."""
    line = [" "] * (len(timeline.starts) * cells + MARGIN)
    free = 0
    for index, label in timeline.labels.items():
        start = MARGIN + index * cells
        if start >= free and start + len(label) <= len(line):
            line[start : start + len(label)] = label
            free = start + len(label) + 1
    return Text("".join(line).rstrip(), style="bright_black")


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}"
