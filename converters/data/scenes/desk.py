"""What every layout begins with: digits and fonts that lie ready, a writer with a pen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from converters.data.labelled import LabelledGlyphs
from converters.data.scenes.lettering import Fonts
from converters.data.scenes.page import Ink, Page
from converters.data.scenes.writer import Writer, invent_writer

_INKS: dict[str, tuple[float, tuple[int, int, int]]] = {
    "blue": (0.28, (150, 60, 30)),
    "black": (0.3, (35, 30, 30)),
    "pencil": (0.17, (70, 70, 70)),
    "marker": (0.12, (20, 20, 20)),
    "red": (0.09, (45, 35, 190)),
    "green": (0.04, (60, 110, 30)),
}
"""How often, and what colour (BGR)."""


@dataclass(frozen=True, eq=False)
class Desk:
    """The sheet to write on, and what lies ready beside it."""

    page: Page
    digits: LabelledGlyphs
    fonts: Fonts
    dark: bool
    """A board: light on dark."""

    @property
    def rng(self) -> np.random.Generator:
        return self.page.rng


@dataclass(frozen=True, eq=False)
class Hand:
    """A writer with a pen in hand, and how high they write."""

    writer: Writer
    ink: Ink
    height_px: float

    @property
    def pen_px(self) -> float:
        return max(1.0, self.writer.pen * self.height_px)


def choose_height(desk: Desk, high: float = 110) -> float:
    """A height for digits that fits the sheet, mostly 16 to 60 pixels."""
    low, high = (15, min(high, 62)) if desk.rng.random() > 0.2 else (12, high)
    return float(min(np.exp(desk.rng.uniform(np.log(low), np.log(high))), 0.7 * desk.page.h))


def choose_ink(desk: Desk) -> Ink:
    """Ballpoint in blue, black, red or green, pencil, marker; on a board chalk."""
    rng = desk.rng
    if desk.dark:
        chalk = rng.uniform(170, 255) * rng.uniform(0.8, 1, 3)
        return Ink(chalk.astype(np.float32), rng.uniform(0.5, 0.95), rng.uniform(0, 0.5))
    kind = str(rng.choice(list(_INKS), p=[share for share, _ in _INKS.values()]))
    colour = np.array(_INKS[kind][1]) * rng.uniform(0.5, 1.25) + rng.normal(0, 12, 3) * (kind != "pencil")
    opacity = {"pencil": rng.uniform(0.25, 0.75), "marker": rng.uniform(0.85, 1)}.get(kind, rng.uniform(0.5, 0.95))
    grain = rng.uniform(0.05, 0.35) if kind == "pencil" else float(rng.choice([0, 0, 0.1]))
    return Ink(np.clip(colour, 0, 230).astype(np.float32), opacity, grain)


def take_pen(desk: Desk, height_px: float | None = None) -> Hand:
    """A new writer with a pen that suits the sheet."""
    height = height_px or choose_height(desk)
    writer, ink = invent_writer(desk.rng, desk.fonts, height), choose_ink(desk)
    if ink.opacity < 0.5:  # a faint line is a fine one
        writer = replace(writer, pen=min(writer.pen, 0.1))
    return Hand(writer, ink, height)
