from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from agent.events import FrameEvent
from agent.views.picture import BRAILLE, HALF_BLOCK, Picture, few_colours, shrink
from agent.vision.page import Page

MakeEvent = Callable[..., FrameEvent]
MakeConsole = Callable[..., Console]


def draw(console: Console, event: FrameEvent, columns: int, rows: int) -> list[str]:
    assert event.image is not None
    assert isinstance(console.file, io.StringIO)
    console.print(Picture(event.image, event.page, columns, rows), end="")
    return console.file.getvalue().splitlines()


def test_with_many_colours_half_blocks_and_labels_are_drawn(make_event: MakeEvent, make_console: MakeConsole) -> None:
    lines = draw(make_console(160, 50), make_event("561247"), 120, 45)
    assert len(lines) == 45
    text = "\n".join(lines)
    assert HALF_BLOCK in text
    assert "\x1b[1;38;2;64;224;128;48;2;0;0;0m5\x1b[0m" in text
    assert "38;2;64;224;128;48;2;64;224;128" in text, "a digit's outline is drawn"


@pytest.mark.parametrize(("colours", "no_color"), [(None, False), ("standard", False), ("truecolor", True)])
def test_with_few_colours_braille_is_drawn(
    colours: str | None, no_color: bool, make_event: MakeEvent, make_console: MakeConsole
) -> None:
    lines = draw(make_console(80, 24, colours, no_color=no_color), make_event("561247"), 44, 15)
    text = "".join(lines)
    assert HALF_BLOCK not in text
    assert "38;" not in text
    assert sum(BRAILLE < ord(character) <= BRAILLE + 255 for character in text) > 30
    assert all(digit in text for digit in "561247")


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (2000, 10), (10, 2000), (37, 91)])
@pytest.mark.parametrize("space", [(1, 1), (44, 15), (120, 45)])
@pytest.mark.parametrize("colours", ["truecolor", None])
def test_any_picture_fits_into_any_space(
    size: tuple[int, int], space: tuple[int, int], colours: str | None, make_event: MakeEvent, make_console: MakeConsole
) -> None:
    columns, rows = space
    event = make_event(size=size)
    assert event.image is not None
    picture = Picture(event.image, event.page, columns, rows)
    lines = make_console(160, 50, colours).render_lines(picture, pad=False)
    assert 1 <= len(lines) <= rows
    assert {sum(cell_len(segment.text) for segment in line) for line in lines} == {picture.columns}
    assert picture.columns <= columns


def test_thin_dark_strokes_survive_shrinking() -> None:
    paper = np.full((480, 640, 3), 220, np.uint8)
    paper[:, 320:322] = 30
    small = few_colours(shrink(paper, 40, 30))
    assert small.shape == (30, 40, 3)
    assert int(small.min()) < 170, "the mean alone would leave 196"
    assert int(np.median(small)) > 200


def test_an_empty_page_draws_the_picture_alone(make_console: MakeConsole) -> None:
    picture = Picture(np.zeros((48, 64, 3), np.uint8), Page(64, 48, (), (), {}), 32, 12)
    assert len(make_console(80, 24).render_lines(picture)) == 12
