from __future__ import annotations

import json
import subprocess
import sys

import pytest

from profiles.foreign_text import show, show_cell, to_json

SHOWN = {
    "note.jpg": "note.jpg",
    "Zähler 3 µs, 電気.jpg": "Zähler 3 µs, 電気.jpg",
    "": "",
    "a\nline.jpg": r"a\nline.jpg",
    "\x1b[31mred\x1b[0m\x07": r"\x1b[31mred\x1b[0m\x07",
    "\x9b31mred": r"\x9b31mred",
    "gpj.\u202egpj": r"gpj.\u202egpj",
    "a\u2028b": r"a\u2028b",
    "\udcff.jpg": r"\udcff.jpg",
    "<3>forged": r"\x3c3>forged",
    "<31>forged": r"\x3c31>forged",
    "<b>": "<b>",
    "a <3> b": "a <3> b",
    "[/x] [bold]": "[/x] [bold]",
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.items())
def test_a_text_is_one_line_that_prints(text: str, shown: str) -> None:
    assert show(text) == shown
    assert show(shown) == shown
    assert show(text).isprintable()


CELLS: dict[object, object] = {
    '=HYPERLINK("http://x","y")': '\'=HYPERLINK("http://x","y")',
    "@SUM(1)": "'@SUM(1)",
    "+1+cmd|' /C calc'!A0": "'+1+cmd|' /C calc'!A0",
    "-2+3": "'-2+3",
    "\t=1": r"'\t=1",
    "-42": "-42",
    "+3.5": "+3.5",
    "561247": "561247",
    -42: -42,
    None: None,
}


@pytest.mark.parametrize(("value", "cell"), CELLS.items())
def test_a_cell_is_no_formula(value: object, cell: object) -> None:
    assert show_cell(value) == cell


@pytest.mark.parametrize("text", [*SHOWN, "\x00\x7f\x85\u200f\U000e0001", "\U0001f600"])
def test_json_prints_and_keeps_its_meaning(text: str) -> None:
    if text.isascii() or "\udcff" not in text:
        written = to_json({"source": text})
        assert written.isprintable()
        assert json.loads(written) == {"source": text}


def test_an_error_of_a_command_is_one_line() -> None:
    program = """
from profiles.errors import UsageError
from profiles.terminal import run_app

def load():
    raise UsageError("no picture \\x1b[2Ja\\n<3>forged")

run_app(load, "digit-agent")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "digit-agent: no picture \\x1b[2Ja\\n<3>forged\n")
