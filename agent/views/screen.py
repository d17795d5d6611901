"""Paints a terminal's whole screen, but writes only the lines that changed: kind to a slow connection."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import Segment

Line = list[Segment]
REPAINT_EVERY = 50
"""After so many paintings all lines are written, should something else have written on the screen."""


class Screen:
    """What stands on a console's screen.

    Args:
        console: its size is asked for each painting, so it may change.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[Line] = []
        self._size = (0, 0)
        self._paintings = 0

    def paint(self, renderable: RenderableType) -> int:
        """Show it from the top left corner, cut to the screen.

        Returns:
            How many lines had to be written.
        """
        size = self._console.size
        options = self._console.options.update_dimensions(*size)
        lines = self._console.render_lines(renderable, options, pad=True)[: size.height]
        before = self._lines
        if size != self._size or self._paintings % REPAINT_EVERY == 0:
            before = []
        changed = {row: line for row, line in enumerate(lines) if row >= len(before) or line != before[row]}
        self._console.print(_At(changed), end="", crop=False, no_wrap=True)
        self._lines, self._size = lines, size
        self._paintings += 1
        return len(changed)


class _At:
    """Lines, each at its row."""

    def __init__(self, lines: dict[int, Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row, line in self._lines.items():
            yield Control.move_to(0, row)
            yield from line
