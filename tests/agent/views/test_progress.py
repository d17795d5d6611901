from __future__ import annotations

import io

from rich.console import Console

from agent.views.progress import PERIOD_S, progress


def test_off_a_terminal_the_first_message_is_a_line_and_later_ones_are_rare() -> None:
    now_s = [100.0]
    console = Console(file=io.StringIO(), width=40, _environ={})
    with progress(console, "measuring", lambda: now_s[0]) as show:
        show("one [b]")
        show("two")
        now_s[0] += PERIOD_S
        show("three, which is longer than the width of the console")
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "measuring: one [b]",
        "measuring: three, which is longer than the width of the console",
    ]


def test_work_without_a_message_writes_nothing() -> None:
    console = Console(file=io.StringIO(), _environ={})
    with progress(console, "measuring"):
        pass
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_on_a_terminal_one_line_changes() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=40, _environ={"TERM": "xterm"})
    with progress(console, "measuring") as show:
        show("one")
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert " one" in written
    assert "measuring: one" not in written
    assert written.endswith("\x1b[2K"), "the line is erased at the end"
