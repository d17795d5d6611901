"""One picture from beginning to end: a sheet, a layout on it, a camera above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.camera import photograph
from converters.data.scenes.desk import Desk, take_pen
from converters.data.scenes.fields import any_kind, draw_field
from converters.data.scenes.lettering import Fonts
from converters.data.scenes.notes import write_cheque, write_notes, write_nothing, write_sums
from converters.data.scenes.page import Page, Scene, crop
from converters.data.scenes.paper import blank, stain
from converters.data.scenes.tables import fill_form, fill_grid, fill_table
from converters.data.scenes.view import View, choose_view, enlarged, straight
from converters.data.scenes.words import number, print_lines
from converters.data.scenes.writing import scrawl, write_text

LAYOUTS: dict[str, tuple[Callable[[Desk], None], float]] = {
    "notes": (write_notes, 0.26),
    "cheque": (write_cheque, 0.18),
    "form": (fill_form, 0.16),
    "grid": (fill_grid, 0.12),
    "table": (fill_table, 0.08),
    "sums": (write_sums, 0.04),
    "nothing": (write_nothing, 0.16),
}
"""What is drawn, and how often."""
FIELDS = 0.25
"""How often one field of a form is drawn instead, which takes a tenth of the time."""
CROPPED = 0.25
"""How often a scene is cut to a small part, as people cut pictures; through letters and digits, too."""


@dataclass(frozen=True)
class Conditions:
    """What makes a picture hard."""

    turn_deg: float = 0.0
    shadow: bool = False
    """With a hard or soft edge."""
    show_through: bool = False
    """The writing on the back."""
    stained: bool = False
    """Rings of cups, and drops."""
    dark: bool = False
    """Light on dark."""
    half_dark: bool = False
    """A part of it the other way round."""
    print_beside: bool = False


def draw_scene(rng: np.random.Generator, digits: LabelledGlyphs, fonts: Fonts | None = None) -> Scene:
    """A scene to learn from: a part of a page, or a single field of a form.

    Args:
        rng: where chance comes from; the same state gives the same scene.
        digits: glyphs that may be used.
        fonts: fonts to letter with; OpenCV's where there are none.
    """
    if rng.random() < FIELDS:
        return draw_field(rng, any_kind(rng), digits, fonts).scene
    scene = _draw_part(rng, digits, fonts)
    return crop(rng, scene) if rng.random() < CROPPED else scene


def _draw_part(rng: np.random.Generator, digits: LabelledGlyphs, fonts: Fonts | None) -> Scene:
    """160 to 480 pixels a side, or up to 2.4 times as large in a finer camera's picture."""
    w, h = (int(v) for v in rng.integers(160, 481, 2))
    kind = str(rng.choice(list(LAYOUTS), p=[share for _, share in LAYOUTS.values()]))
    conditions = _any_conditions(rng)
    plain = conditions.turn_deg == 0 and rng.random() < 0.8
    view = straight(w, h) if plain else choose_view(rng, w, h, conditions.turn_deg)
    if rng.random() < 0.4:  # small pictures are enlarged before they are read, and noise with them; large ones are not
        view = enlarged(view, rng.uniform(1.2, 2.4))
    desk = Desk(blank(rng, view.page_size, dark=conditions.dark), digits, fonts or Fonts(), conditions.dark)
    return _draw(desk, kind, conditions, view)


def draw_page(
    rng: np.random.Generator,
    kind: str,
    digits: LabelledGlyphs,
    fonts: Fonts | None = None,
    conditions: Conditions | None = None,
) -> Scene:
    """A whole page of 0.3 to 3 megapixels, to judge with.

    Args:
        rng: where chance comes from; the same state gives the same page.
        kind: one of `LAYOUTS`.
        digits: glyphs that no net has learnt from.
        fonts: fonts to letter with; OpenCV's where there are none.
        conditions: what makes it hard; nothing much where there are none.
    """
    conditions = conditions or Conditions()
    w, h = (int(v) for v in rng.integers(700, 1001, 2))
    view = enlarged(choose_view(rng, w, h, conditions.turn_deg), float(np.exp(rng.uniform(np.log(0.75), np.log(1.8)))))
    desk = Desk(blank(rng, view.page_size, dark=conditions.dark), digits, fonts or Fonts(), conditions.dark)
    return _draw(desk, kind, conditions, view)


def _any_conditions(rng: np.random.Generator) -> Conditions:
    turn_deg = 0.0 if rng.random() < 0.5 else rng.uniform(-20, 20) if rng.random() < 0.4 else rng.normal(0, 2.5)
    return Conditions(
        turn_deg,
        shadow=rng.random() < 0.22,
        show_through=rng.random() < 0.15,
        stained=rng.random() < 0.1,
        dark=rng.random() < 0.1,
        half_dark=rng.random() < 0.04,
        print_beside=rng.random() < 0.1,
    )


def _draw(desk: Desk, kind: str, conditions: Conditions, view: View) -> Scene:
    if conditions.show_through:
        _show_through(desk)
    if conditions.stained:
        stain(desk.page)
    layout, _ = LAYOUTS[kind]
    layout(_beside_print(desk) if conditions.print_beside else desk)
    if conditions.half_dark:
        _invert_part(desk.page)
    return desk.page.show(view, photograph(desk.rng, desk.page.image, view, shadow=conditions.shadow))


def _beside_print(desk: Desk) -> Desk:
    """Print on the right or the lower part of the sheet; a desk with the rest of it."""
    page, share = desk.page, desk.rng.uniform(0.45, 0.8)
    x, y = round(share * page.w), round(share * page.h)
    if desk.rng.random() < 0.5:
        print_lines(desk, (x + 4, 0, page.w - x - 4, page.h))
        return replace(desk, page=replace(page, image=page.image[:, :x]))
    print_lines(desk, (4, y + 4, page.w - 4, page.h - y))
    return replace(desk, page=replace(page, image=page.image[:y]))


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
