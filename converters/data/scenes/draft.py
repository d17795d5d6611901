"""What every layout draws with: the canvas, the glyphs, the fonts, and a random writer with a pen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from converters.data.labelled import LabelledImages
from converters.data.scenes.canvas import Canvas, InkStyle
from converters.data.scenes.fonts import Fonts
from converters.data.scenes.writer import Writer, random_writer

_INKS: dict[str, tuple[float, tuple[int, int, int]]] = {
    "blue": (0.28, (150, 60, 30)),
    "black": (0.3, (35, 30, 30)),
    "pencil": (0.17, (70, 70, 70)),
    "marker": (0.12, (20, 20, 20)),
    "red": (0.09, (45, 35, 190)),
    "green": (0.04, (60, 110, 30)),
}
"""Kinds of ink, each with its share of the writers and its colour (BGR, 0..255)."""


@dataclass(frozen=True, eq=False)
class SceneDraft:
    """A scene that is being drawn: the canvas, and the glyphs and fonts to draw with."""

    canvas: Canvas
    digits: LabelledImages
    fonts: Fonts
    dark: bool
    """Whether the ink is light and the background dark, as on a blackboard."""

    @property
    def rng(self) -> np.random.Generator:
        return self.canvas.rng


@dataclass(frozen=True, eq=False)
class WriterPen:
    """A writer, the ink of their pen, and the height of their digits."""

    writer: Writer
    ink: InkStyle
    height_px: float

    @property
    def width_px(self) -> float:
        return max(1.0, self.writer.pen_width * self.height_px)


def random_height(draft: SceneDraft, high: float = 110) -> float:
    """Return a random digit height in pixels that fits the canvas: 15 to 62 in 80 % of the cases.

    Args:
        draft: the scene.
        high: the largest height, in pixels.
    """
    low, high = (15, min(high, 62)) if draft.rng.random() > 0.2 else (12, high)
    return float(min(np.exp(draft.rng.uniform(np.log(low), np.log(high))), 0.7 * draft.canvas.h))


def random_ink(draft: SceneDraft) -> InkStyle:
    """Return a random ink: ballpoint in blue, black, red or green, pencil, or marker; chalk on a dark background."""
    rng = draft.rng
    if draft.dark:
        chalk = rng.uniform(170, 255) * rng.uniform(0.8, 1, 3)
        return InkStyle(chalk.astype(np.float32), rng.uniform(0.5, 0.95), rng.uniform(0, 0.5))
    kind = str(rng.choice(list(_INKS), p=[share for share, _ in _INKS.values()]))
    colour = np.array(_INKS[kind][1]) * rng.uniform(0.5, 1.25) + rng.normal(0, 12, 3) * (kind != "pencil")
    opacity = {"pencil": rng.uniform(0.25, 0.75), "marker": rng.uniform(0.85, 1)}.get(kind, rng.uniform(0.5, 0.95))
    grain = rng.uniform(0.05, 0.35) if kind == "pencil" else float(rng.choice([0, 0, 0.1]))
    return InkStyle(np.clip(colour, 0, 230).astype(np.float32), opacity, grain)


def random_pen(draft: SceneDraft, height_px: float | None = None) -> WriterPen:
    """Return a random writer with a random ink.

    Args:
        draft: the scene.
        height_px: height of the digits; random if None.
    """
    height = height_px or random_height(draft)
    writer, ink = random_writer(draft.rng, draft.fonts, height), random_ink(draft)
    if ink.opacity < 0.5:  # faint ink comes from a fine pen
        writer = replace(writer, pen_width=min(writer.pen_width, 0.1))
    return WriterPen(writer, ink, height)
