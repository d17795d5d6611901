"""One scene from beginning to end: a sheet, a layout on it, a camera above it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.camera import photograph
from converters.data.scenes.desk import Desk, scrawl, take_pen, write_text, number
from converters.data.scenes.lettering import Fonts
from converters.data.scenes.notes import write_cheque, write_nothing, write_notes
from converters.data.scenes.page import Page, Scene
from converters.data.scenes.paper import blank
from converters.data.scenes.tables import fill_form, fill_grid, fill_table
from converters.data.scenes.view import choose_view

Layout = Callable[[np.random.Generator, Page, Desk], None]
LAYOUTS: dict[Layout, float] = {
    write_notes: 0.3,
    write_cheque: 0.2,
    fill_form: 0.16,
    fill_grid: 0.12,
    fill_table: 0.1,
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
    dark = rng.random() < 0.1
    desk = Desk(digits, fonts or Fonts(), dark)
    view = choose_view(rng, w, h)
    page = blank(rng, view.page_size, dark=dark)
    if rng.random() < 0.15:
        _show_through(rng, page, desk)
    layouts = list(LAYOUTS)
    layouts[int(rng.choice(len(layouts), p=list(LAYOUTS.values())))](rng, page, desk)
    if rng.random() < 0.04:
        _invert_part(rng, page)
    return page.show(view, photograph(rng, page.image, view))


def _show_through(rng: np.random.Generator, page: Page, desk: Desk) -> None:
    """The writing on the back, mirrored and faint."""
    back = Page(np.full_like(page.image, 255))
    hand = take_pen(rng, back, Desk(desk.digits, desk.fonts, dark=False))
    for baseline in np.arange(hand.height_px, page.h + hand.height_px, 1.6 * hand.height_px):
        at = (rng.uniform(0, 30), float(baseline))
        if rng.random() < 0.5:
            scrawl(rng, back, hand, at)
        else:
            write_text(rng, back, desk, hand, f"{number(rng)} {number(rng)} {number(rng)}", at)
    seen = cv2.GaussianBlur(back.image[:, ::-1], (0, 0), rng.uniform(0.6, 2.5)).astype(np.float32) / 255
    page.image[:] = page.image * (1 - rng.uniform(0.05, 0.25) * (1 - seen))


def _invert_part(rng: np.random.Generator, page: Page) -> None:
    """White on black and black on white in one picture."""
    x, y = (rng.uniform(0.2, 0.8, 2) * (page.w, page.h)).astype(int)
    part = page.image[:, x:] if rng.random() < 0.5 else page.image[y:]
    part[:] = 255 - part
