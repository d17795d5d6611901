from __future__ import annotations

import ast
import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich import box
from rich._spinners import SPINNERS
from rich.console import Console
from rich.table import Table

from profiles.console_font import CONSOLE_FONT, for_console

ROOT = Path(__file__).parents[2]
CODE_PAGE_437 = {*bytes(range(128, 256)).decode("cp437"), *"•→←↑↓▲▼"}
"""What the kernel's own font has beside ASCII: drivers/video/fonts/font_8x16.c."""
LAT15_BLOCKS_AND_LINES = set("─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬█░▒■•·°±µ→←↑↓«»ßäöüé€")
"""The part of Debian's Lat15 fonts (console-setup-linux 1.221, all 29) that output may need."""
UNKNOWN = set("€éäöüß«»")
"""Letters that one of the two fonts may lack; no output of our own needs them."""


def shown(text: str) -> str:
    return text.translate(CONSOLE_FONT)


def has(character: str) -> bool:
    return character.isascii() or character in CODE_PAGE_437 & LAT15_BLOCKS_AND_LINES


def literals(path: Path) -> Iterator[str]:
    """Give the text of each literal of a file, without docstrings."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


@pytest.mark.parametrize(
    "package", ["agent/cli", "agent/views", "agent/choice", "agent/capture", "agent/live", "deploy"]
)
def test_the_console_can_show_each_character_of_the_code(package: str) -> None:
    lacking = {
        (path.name, character)
        for path in (ROOT / package).rglob("*.py")
        for text in literals(path)
        for character in shown(text)
        if not has(character)
    }
    assert not lacking


def test_the_console_can_show_all_that_rich_draws() -> None:
    console = Console(file=io.StringIO(), width=40, _environ={}, force_terminal=True)
    for style in (box.ROUNDED, box.HEAVY_HEAD, box.SIMPLE_HEAD, box.SQUARE):
        table = Table("a", "b", box=style, title="t")
        table.add_row("1", "2", end_section=True)
        table.add_row("3", "4")
        console.print(table)
    console.print("a long line that is cut", width=9, overflow="ellipsis", no_wrap=True)
    spinner = "".join(str(frame) for frame in SPINNERS["dots"]["frames"])  # type: ignore[attr-defined]
    output = console.file.getvalue() + spinner  # type: ignore[attr-defined]
    assert "…" in output
    assert not {character for character in shown(output) if not has(character)}


def test_braille_becomes_a_shade_and_every_character_stays_one_column() -> None:
    assert shown("\u2800\u2801\u28ff") == " ░█"
    assert {len(text) for text in CONSOLE_FONT.values()} == {1}


def test_only_a_terminal_is_replaced(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert for_console(file) is file
    memory = io.StringIO()
    assert for_console(memory) is memory


def test_what_is_written_to_a_console_is_replaced() -> None:
    person, terminal = pty.openpty()
    with for_console(os.fdopen(terminal, "w", encoding="utf-8")) as stream:
        print("╭─ 12 °C ▇…", file=stream)
        stream.flush()
        assert os.read(person, 100).decode() == "┌─ 12 °C █.\r\n"
    os.close(person)
