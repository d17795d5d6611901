"""Draw a full terminal screen, but write only the lines that changed, to save bandwidth on slow connections."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import Segment

Line = list[Segment]
REPAINT_EVERY = 50
"""Number of paintings after which all lines are written again, in case another program wrote on the screen."""


class Screen:
    """The lines on a console's screen.

    Args:
        console: the console to draw on; its size may change between two paintings.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[Line] = []
        self._size = (0, 0)
        self._paintings = 0

    def paint(self, renderable: RenderableType) -> int:
        """Draw a renderable from the top left corner, cut to the size of the screen.

        Returns:
            Number of lines that were written.
        """
        size = self._console.size
        options = self._console.options.update_dimensions(*size)
        lines = self._console.render_lines(renderable, options, pad=True)[: size.height]
        before = self._lines
        if size != self._size or self._paintings % REPAINT_EVERY == 0:
            before = []
        changed = {row: line for row, line in enumerate(lines) if row >= len(before) or line != before[row]}
        self._console.print(_PlacedLines(changed), end="", crop=False, no_wrap=True)
        self._lines, self._size = lines, size
        self._paintings += 1
        return len(changed)


class _PlacedLines:
    """Lines with the row of each."""

    def __init__(self, lines: dict[int, Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row, line in self._lines.items():
            yield Control.move_to(0, row)
            yield from line
