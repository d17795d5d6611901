from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from agent.views.screen import REPAINT_EVERY, Screen

MakeConsole = Callable[..., Console]
CODES = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[\d;]*m|([^\x1b])")


@dataclass
class Terminal:
    """A simulated terminal that understands cursor movements and ignores colours."""

    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    row: int = 1
    column: int = 1

    def send(self, text: str) -> None:
        for row, column, character in CODES.findall(text):
            if row:
                self.row, self.column = int(row), int(column)
            elif character:
                assert character != "\n", "a line feed would scroll the screen"
                self.cells[self.row, self.column] = character
                self.column += 1

    def line(self, row: int) -> str:
        return "".join(self.cells[at] for at in sorted(self.cells) if at[0] == row).rstrip()


def flush(console: Console, terminal: Terminal) -> int:
    """Send the output of the console to the terminal, and return its length in characters."""
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    console.file.seek(0)
    console.file.truncate()
    terminal.send(text)
    return len(text)


def test_only_lines_that_changed_are_written(make_console: MakeConsole) -> None:
    console, terminal = make_console(20, 5), Terminal()
    screen = Screen(console)
    assert screen.paint(Text("one\ntwo\nthree")) == 5
    flush(console, terminal)
    assert [terminal.line(row) for row in range(1, 6)] == ["one", "two", "three", "", ""]

    assert screen.paint(Text("one\n2\nthree")) == 1
    assert flush(console, terminal) < 60
    assert [terminal.line(row) for row in range(1, 6)] == ["one", "2", "three", "", ""]

    assert screen.paint(Text("one\n2\nthree")) == 0
    assert flush(console, terminal) == 0


def test_after_a_resize_all_lines_are_written(make_console: MakeConsole) -> None:
    console, terminal = make_console(20, 5), Terminal()
    screen = Screen(console)
    screen.paint(Text("a line that is cut"))
    flush(console, terminal)
    console.size = (10, 3)
    assert screen.paint(Text("a line that is cut", no_wrap=True, overflow="crop")) == 3
    terminal = Terminal()
    flush(console, terminal)
    assert terminal.line(1) == "a line tha"


def test_all_lines_are_written_again_from_time_to_time(make_console: MakeConsole) -> None:
    screen = Screen(make_console(20, 5))
    written = [screen.paint(Text("the same")) for _ in range(REPAINT_EVERY + 1)]
    assert written == [5, *[0] * (REPAINT_EVERY - 1), 5]


def test_lines_below_the_screen_are_cut(make_console: MakeConsole) -> None:
    console, terminal = make_console(20, 3), Terminal()
    assert Screen(console).paint(Text("\n".join("abcdefg"))) == 3
    flush(console, terminal)
    assert max(row for row, _ in terminal.cells) == 3
