"""One scene from beginning to end: a sheet, a layout on it, a camera above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.camera import photograph
from converters.data.scenes.desk import Desk, take_pen
from converters.data.scenes.lettering import Fonts
from converters.data.scenes.notes import write_cheque, write_notes, write_nothing, write_sums
from converters.data.scenes.page import Page, Scene
from converters.data.scenes.paper import blank
from converters.data.scenes.tables import fill_form, fill_grid, fill_table
from converters.data.scenes.view import choose_view
from converters.data.scenes.words import number
from converters.data.scenes.writing import scrawl, write_text

LAYOUTS: dict[Callable[[Desk], None], float] = {
    write_notes: 0.28,
    write_cheque: 0.2,
    fill_form: 0.16,
    fill_grid: 0.12,
    fill_table: 0.08,
    write_sums: 0.04,
    write_nothing: 0.12,
}
"""What is drawn, and how often."""


def draw_scene(rng: np.random.Generator, digits: LabelledGlyphs, fonts: Fonts | None = None) -> Scene:
    """A scene of 160 to 480 pixels a side.

    Args:
        rng: where chance comes from; the same state gives the same scene.
        digits: glyphs that may be used.
        fonts: fonts to letter with; OpenCV's where there are none.
    """
    w, h = (int(v) for v in rng.integers(160, 481, 2))
    view, dark = choose_view(rng, w, h), rng.random() < 0.1
    desk = Desk(blank(rng, view.page_size, dark=dark), digits, fonts or Fonts(), dark)
    if rng.random() < 0.15:
        _show_through(desk)
    layouts = list(LAYOUTS)
    layouts[int(rng.choice(len(layouts), p=list(LAYOUTS.values())))](desk)
    if rng.random() < 0.04:
        _invert_part(desk.page)
    return desk.page.show(view, photograph(rng, desk.page.image, view))


def _show_through(desk: Desk) -> None:
    """The writing on the back, mirrored and faint."""
    rng, page = desk.rng, desk.page
    back = replace(desk, page=Page(rng, np.full_like(page.image, 255)), dark=False)
    hand = take_pen(back)
    for baseline in np.arange(hand.height_px, page.h + hand.height_px, 1.6 * hand.height_px):
        at = (rng.uniform(0, 30), float(baseline))
        if rng.random() < 0.5:
            scrawl(back, hand, at)
        else:
            write_text(back, hand, f"{number(rng)} {number(rng)} {number(rng)}", at)
    seen = cv2.GaussianBlur(back.page.image[:, ::-1], (0, 0), rng.uniform(0.6, 2.5)).astype(np.float32) / 255
    page.image[:] = page.image * (1 - rng.uniform(0.05, 0.25) * (1 - seen))


def _invert_part(page: Page) -> None:
    """White on black and black on white in one picture."""
    x, y = (page.rng.uniform(0.2, 0.8, 2) * (page.w, page.h)).astype(int)
    part = page.image[:, x:] if page.rng.random() < 0.5 else page.image[y:]
    part[:] = 255 - part
