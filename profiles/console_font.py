"""The characters of Linux's text console, which has a font of 256 or 512 characters.

Only ASCII, Latin letters, single and double lines, full and shaded blocks and a few signs are both in the kernel's own
font (code page 437) and in Debian's `Lat15` fonts (package console-setup-linux). What a terminal window also has is
replaced here, one character by one, so that columns stay aligned.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TextIO

SHADES = " ░▒█"
"""Characters for cells, from dark to bright."""
BRAILLE = 0x2800
"""First of the 256 braille cells. Each of the lower eight bits is a dot."""
PLAIN = {
    "╭┏┍┎": "┌",
    "╮┓┑┒": "┐",
    "╰┗┕┖": "└",
    "╯┛┙┚": "┘",
    "━╸╺╴╶": "─",
    "┃╹╻╵╷": "│",
    "┣┡┠┢┝": "├",
    "┫┩┨┪┥": "┤",
    "┳┯┰": "┬",
    "┻┷┸": "┴",
    "╋╇┿╂╈": "┼",
    "▁▂▏▎": "░",
    "▃▄▅▀▌▐▍▋": "▒",
    "▆▇▊▉▓": "█",
    "●▶": "■",
    "…": ".",
    "–—−": "-",
    "×": "x",
    "“”": '"',
    "✓": "+",
    "✗": "x",
}


def _table() -> dict[int, str]:
    table = {ord(character): plain for characters, plain in PLAIN.items() for character in characters}
    for dots in range(256):
        table[BRAILLE + dots] = SHADES[-(-bin(dots).count("1") * 3 // 8)]
    return table


CONSOLE_FONT: Mapping[int, str] = _table()
"""Replacement of each character that the console's font lacks, for `str.translate`."""


class _ConsoleStream(io.TextIOWrapper):
    """A text stream to the console, which replaces what the font lacks."""

    def write(self, text: str) -> int:
        """Write a text, with the replacements."""
        return super().write(text.translate(CONSOLE_FONT))


def for_console(stream: TextIO) -> TextIO:
    """Return a stream that writes to the same terminal, if it is one; else the same stream."""
    if not (isinstance(stream, io.TextIOWrapper) and stream.isatty()):
        return stream
    encoding, errors = stream.encoding, stream.errors
    return _ConsoleStream(stream.detach(), encoding, errors, line_buffering=True)
