"""Names that somebody chose to do harm: no output gives them to the terminal, to Rich or to a journal as they are."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console, RenderableType

from agent.cli.doctor import _table as doctor_table
from agent.cli.read import as_text
from agent.doctor import Check
from agent.events import Counts, FrameEvent, RunInfo
from agent.summary import Summary
from agent.views.foreign import foreign
from agent.views.lines import JsonLines, PlainLines
from agent.views.summary import summary_table
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

HOSTILE = [
    "<3>forged",
    "a\nline.jpg",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "gpj.\u202egpj",
    "[/x]",
    "[bold]x",
    ":smile:",
]


def rendered(part: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(part)
    return out.getvalue()


def event(source: str) -> FrameEvent:
    reading = Reading("561", Box(1, 2, 3, 4), 0.9, ())
    return FrameEvent(0, source, None, Page(9, 9, (), (), {}), (reading,), {}, 0, Counts(1), None)


def is_harmless(text: str) -> bool:
    """Whether each line prints, and none begins with a priority for the journal."""
    return all(line.isprintable() and not line.startswith("<3>") for line in text.split("\n"))


@pytest.mark.parametrize("name", HOSTILE)
def test_lines_and_tables_show_a_name_on_one_line(name: str) -> None:
    out = io.StringIO()
    PlainLines(out).take(event(name))
    assert is_harmless(out.getvalue())
    assert out.getvalue().count("\n") == 1
    info = RunInfo(name, name, name, name, name, name)
    for part in (
        summary_table(info, Summary(1.0, Counts(), {}, None, None, None)),
        doctor_table([Check(name, "warn", name, name)]),
        foreign(name),
    ):
        assert is_harmless(rendered(part))
        assert name.strip("\n") in rendered(part) or not name.isprintable() or name.startswith("<")
    assert is_harmless(as_text(name, Page(9, 9, (), (), {})))


@pytest.mark.parametrize("name", HOSTILE)
def test_json_prints_and_keeps_the_name(name: str) -> None:
    out = io.StringIO()
    JsonLines(out).take(event(name))
    (line,) = out.getvalue().splitlines()
    assert line.isprintable()
    assert json.loads(line)["source"] == name
